"""How long the answers of an evaluation take, beside the `hf` provider of Inspect, and whether they are the same.

    python benchmarks/generate.py RUN [--model MODEL] [--cases 40] [--batch-size 16] [--out results.json]

RUN is the folder of a run whose dataset is prepared; with an adapter in it, the adapted model answers. Prompts are what
the evaluation puts: held-out contexts in every mode. Both sides share one model in one process, and take turns batch by
batch. Of the provider only the time of its batches counts, not that of its queue.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from inspect_ai.model import ChatMessageUser, GenerateConfig
from inspect_ai.model._providers.hf import HuggingFaceAPI
from rich.console import Console
from rich.progress import track

from switchgear.evaluation.questions import Question, batches, question
from switchgear.evaluation.tasks import cases, sample
from switchgear.model.generate import generate
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.model.prefix_cache import Ids, prefill
from switchgear.recipe import Recipe, load
from switchgear.runs import Run, read_models
from switchgear.schema import Example

AS_IT_IS = "{{ messages[0]['content'] }}"
"""A chat template, so that the provider puts the very text that we put."""


def ours(model: Any, tokenizer: Any, prompts: Sequence[Ids], most: int) -> tuple[list[str], float]:
    began = time.perf_counter()
    generated = generate(model, prefill(model, prompts, most), tokenizer, most)
    texts = tokenizer.batch_decode(generated, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return texts, time.perf_counter() - began


async def theirs(provider: HuggingFaceAPI, prompts: Sequence[str], most: int, size: int) -> tuple[list[str], float]:
    texts, seconds = [], 0.0
    for start in range(0, len(prompts), size):
        part = prompts[start : start + size]
        config = GenerateConfig(max_tokens=most, max_connections=len(part))  # so that its queue does not wait for more
        asked = [provider.generate([ChatMessageUser(content=text)], [], "none", config) for text in part]
        outputs = await asyncio.gather(*asked)
        texts += [output.completion for output in outputs]
        seconds += max(output.time or 0.0 for output in outputs)
    return texts, seconds


def measure(recipe: Recipe, most: int, count: int, size: int, console: Console) -> dict[str, Any]:
    run = Run(recipe.run)
    tokenizer, model = load_tokenizer(recipe.model), load_model(recipe.model)
    adapted = run.adapter.exists()
    answering = load_adapter(model, run.adapter) if adapted else model
    provider = _provider(recipe.model.name, answering)
    chosen = sample(cases(read_models(run.dataset / "holdout.jsonl", Example)), count, recipe.seed)
    questions = [question(case, tokenizer, recipe.render.max_tokens, recipe.evaluate.modes) for case in chosen]
    seconds, same, generations, retokenised = [0.0, 0.0], 0, 0, 0
    for turn, batch in enumerate(track(batches(questions, size), "generate", console=console)):
        every = _prompts(batch)
        prompts = [ids for ids in every if _ids(provider.tokenizer, tokenizer.decode(ids)) == ids]
        retokenised += len(every) - len(prompts)
        texts = [tokenizer.decode(ids) for ids in prompts]
        sides: list[tuple[list[str], float]] = [([], 0.0), ([], 0.0)]
        for side in (0, 1) if turn % 2 else (1, 0):
            sides[side] = (
                asyncio.run(theirs(provider, texts, most, size)) if side else ours(answering, tokenizer, prompts, most)
            )
        seconds = [total + side[1] for total, side in zip(seconds, sides, strict=True)]
        same += sum(one.strip() == other.strip() for one, other in zip(sides[0][0], sides[1][0], strict=True))
        generations += len(prompts)
    return {
        "model": "adapted" if adapted else "frozen",
        "dtype": str(next(model.parameters()).dtype),
        "threads": torch.get_num_threads(),
        "generations": generations,
        "left_out_as_retokenised": retokenised,
        "max_new_tokens": most,
        "batch_size": size,
        "seconds": seconds[0],
        "provider_seconds": seconds[1],
        "times_faster": seconds[1] / seconds[0],
        "identical": same,
    }


def _provider(name: str, model: Any) -> HuggingFaceAPI:
    options = {"add_special_tokens": False}
    provider = HuggingFaceAPI(name, do_sample=False, chat_template=AS_IT_IS, tokenizer_call_args=options)
    provider.model = model
    return provider


def _prompts(batch: Sequence[Question]) -> list[Ids]:
    put = dict.fromkeys(q.context + tuple(opening) for q in batch for opening in q.openings.values())
    return [list(prompt) for prompt in put]


def _ids(tokenizer: Any, text: str) -> Ids:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", help="a folder or hub id in the place of the run's model")
    parser.add_argument(
        "--dtype", help="float32 or bfloat16, in the place of the run's", choices=["float32", "bfloat16"]
    )
    parser.add_argument("--cases", type=int, default=40, help="of each kind; 40 make more than 300 generations")
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("generate-benchmark.json"))
    given = parser.parse_args()
    overrides = [f"run={given.run}"]
    overrides += [f"model.name={given.model}"] if given.model else []
    overrides += [f"model.dtype={given.dtype}"] if given.dtype else []
    console = Console()
    found = measure(
        load(given.run / "recipe.yaml", overrides), given.max_new_tokens, given.cases, given.batch_size, console
    )
    console.print(found)
    given.out.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
