"""The tokens to fit a guard on, gathered family by family: what is done is a file, and is not done again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.nn.functional import normalize

from switchgear.deploy.guard import fingerprint
from switchgear.deploy.tokens import Put, Seen, families, replayed, see, write
from switchgear.errors import DataError
from switchgear.recipe import Recipe
from switchgear.runs import Run, read_models, replacing_folder, sha256
from switchgear.schema import Example
from switchgear.terminal import steps


@dataclass(frozen=True)
class Gathering:
    """Of a trained run: in the contexts of `examples` of a split the model reads on, and writes what `put` asks for."""

    recipe: Recipe
    run: Run
    model: Any
    tokenizer: Any
    states: Sequence[int]
    put: Put
    examples: int
    max_new_tokens: int

    def of(self, split: str, console: Console) -> list[Seen]:
        """Raises `RunError` without a dataset, `DataError` if what a former call left behind is damaged."""
        dataset = self.run.need(self.run.dataset / f"{split}.jsonl", "prepare")
        chosen = families(read_models(dataset, Example), self.examples, self.recipe.seed)
        folder = partial(self.run) / f"{split}-{self._key(dataset)}"
        places = [folder / str(number) for number in range(len(chosen))]
        for place, family in steps(list(zip(places, chosen, strict=True)), f"contexts of {split}", console):
            if not place.exists():
                save(place, self._see(family))
        return [each for place in places for each in load(place)]

    def _see(self, family: Sequence[Example]) -> list[Seen]:
        texts = [replayed(example, self.tokenizer, self.recipe) for example in family]
        if prompts := [prompt for example in family for prompt in self.put(example, self.tokenizer, self.recipe)]:
            texts += write(self.model, self.tokenizer, prompts, self.max_new_tokens)
        return see(self.model, texts, self.states)

    def _key(self, dataset: Path) -> str:
        """Of all that the tokens of a family depend on, but not of how many families: more of them go on."""
        recipe = self.recipe.model_dump_json(
            include={"seed": True, "model": True, "render": True, "evaluate": {"modes"}}
        )
        asked = [recipe, fingerprint(self.run), sha256(dataset), str([*self.states, self.max_new_tokens])]
        return hashlib.sha256("".join(asked).encode()).hexdigest()[:16]


def partial(run: Run) -> Path:
    """What was gathered so far. Gone once the guard is fitted."""
    return run.root / "guard.partial"


def save(folder: Path, seen: Sequence[Seen]) -> None:
    """As directions in half precision: a probe looks at no lengths."""
    tensors = {f"{index} states": normalize(each.states, dim=-1).half() for index, each in enumerate(seen)}
    tensors |= {f"{index} cosine": each.cosine for index, each in enumerate(seen)}
    with replacing_folder(folder) as fresh:
        kinds = json.dumps([(each.kind, each.mode) for each in seen])
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, fresh / "seen", {"kinds": kinds})


def load(folder: Path) -> list[Seen]:
    """Raises `DataError` if the file is damaged."""
    try:
        with safe_open(folder / "seen", framework="pt") as file:
            return [
                Seen(kind, mode, file.get_tensor(f"{index} states").float(), file.get_tensor(f"{index} cosine"))
                for index, (kind, mode) in enumerate(json.loads(file.metadata()["kinds"]))
            ]
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"{folder} is damaged ({type(error).__name__}). Remove {folder.parent} and fit again."
        ) from error
