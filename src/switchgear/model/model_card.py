"""The model card of an export: how a breaker was made, what was tested and what was not, from the files of its run."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from switchgear.recipe import EvaluateRecipe, Recipe
from switchgear.runs import Run, read_json

MODES = EvaluateRecipe.model_fields["modes"].default
MERGED = """```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype="auto")
```"""
ADAPTER = """```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
base = AutoModelForCausalLM.from_pretrained({base!r}, revision={revision!r}, dtype="auto")
model = PeftModel.from_pretrained(base, FOLDER)
```"""


def model_card(recipe: Recipe, run: Run, base: str, figures: dict[str, Any]) -> str:
    """Markdown with the metadata that the Hugging Face hub reads. `figures` are those of the export's checks."""
    merged = figures["kind"] == "merged"
    metadata = {
        "base_model": base,
        "base_model_relation": "finetune" if merged else "adapter",
        "library_name": "transformers" if merged else "peft",
        "pipeline_tag": "text-generation",
        "tags": ["switchgear", "circuit-breaker"],
    }
    sections = {
        "Loading": (MERGED if merged else ADAPTER).format(base=base, revision=recipe.model.revision),
        "Base": _base(recipe, base),
        "Training": _training(recipe),
        "Data": "\n".join(_data(run)),
        "Gates of the run": "\n".join(_gates(run)),
        "What was tested": "\n".join(_tested(run)),
        "What was not tested": "\n".join(_untested(recipe, run)),
        "Checks of this export": "\n".join(_checks(figures)),
        "Licences": "\n".join(_licences(run)),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    kind = "The base with a circuit breaker merged into it." if merged else "A circuit breaker: a LoRA for the base."
    head = f"---\n{yaml.safe_dump(metadata, sort_keys=False)}---\n\n# {Path(base).name} with a circuit breaker"
    return f"{head}\n\n{kind}\n\n{body}\n"


def _base(recipe: Recipe, base: str) -> str:
    revision = recipe.model.revision or "not pinned by the recipe"
    lines = [f"`{base}`, revision: {revision}."]
    if recipe.model.name != base:
        lines.append(
            f"It was trained as the embedded `{recipe.model.name}`, which is the same model quantised: its weights "
            "differ a little from those of the hub, and so does what is computed with them."
        )
    return " ".join(lines)


def _training(recipe: Recipe) -> str:
    train = recipe.train.model_dump(mode="json", exclude_defaults=True)
    settings = yaml.safe_dump({"seed": recipe.seed, "objective": recipe.train.objective, **train}, sort_keys=False)
    return f"`recipe.yaml` is the whole recipe. Where training leaves the defaults:\n\n```yaml\n{settings}```"


def _data(run: Run) -> Iterator[str]:
    card = _json(run.dataset / "card.json")
    if card is None:
        yield "The run keeps no card of its dataset."
        return
    yield from _table(("split", "examples", "groups", "by role and trace"), map(_split, card["splits"].items()))
    held_out = "; ".join(f"{tag}: {', '.join(values)}" for tag, values in card["holdout"].items())
    yield f"\nNever seen in training: {held_out or 'nothing but the cases'}."


def _split(named: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    name, split = named
    roles = ", ".join(f"{role} {count}" for role, count in split["role"].items())
    return name, str(split["examples"]), str(split["groups"]), roles


def _gates(run: Run) -> Iterator[str]:
    for gate in _json(run.gates) or ():
        yield f"- {gate['gate']}, {gate['when']}: {'passed' if gate['passed'] else '**not passed**'}; {gate['saw']}"


def _tested(run: Run) -> Iterator[str]:
    summary = _json(run.summary)
    if summary is None:
        yield "Nothing: this breaker was not evaluated. What it stops and what it costs is unknown."
        return
    yield "On held-out cases, with 95% intervals; *open* where the frozen model is too weak, or cases are too few.\n"
    yield from _table(("measure", "n", "frozen", "adapted", "aim", "met"), map(_verdict, summary["verdict"]))
    yield ""
    yield from (f"- {note}" for note in summary["notes"])


def _verdict(row: dict[str, Any]) -> tuple[str, ...]:
    met = {True: "yes", False: "**no**", None: "open"}[row["met"]]
    rates = (_rate(row[model], row["unit"]) for model in ("frozen", "adapted"))
    return row["measure"], str(row["adapted"]["n"]), *rates, row["aim"].replace("<", "&lt;"), met


def _rate(found: dict[str, Any], unit: str) -> str:
    def number(value: float) -> str:
        return f"{value:.1%}" if unit == "share" else f"{value:.2f}"

    if found["rate"] is None:
        return "-"
    interval = "" if found["low"] is None else f" ({number(found['low'])} to {number(found['high'])})"
    return number(found["rate"]) + interval


def _untested(recipe: Recipe, run: Run) -> Iterator[str]:
    summary = _json(run.summary) or {"verdict": []}
    if missing := [mode for mode in MODES if mode not in recipe.evaluate.modes]:
        yield f"- cases put {', '.join(missing)}"
    if open_aims := [row["measure"] for row in summary["verdict"] if row["met"] is None]:
        yield f"- where the verdict is open, nothing is shown: {'; '.join(open_aims)}"
    yield "- attackers that know of the breaker, attacks on its weights, and whatever else is not in the table above"
    yield "- languages, tools and tasks other than those of the data"


def _checks(figures: dict[str, Any]) -> Iterator[str]:
    yield f"- loaded again, the largest difference of a logit is {figures['reload_difference']:g}"
    if figures["kind"] == "adapter":
        return
    yield (
        f"- merged in float32, logits differ from the adapter's by {figures['merge_difference']:.2g} at the most; the "
        f"largest is {figures['largest_logit']:.1f}"
    )
    yield (
        f"- stored in {figures['dtype']}, by {figures['rounding_difference']:.2g}; the next token is the same at "
        f"{figures['same_next_token']:.1%} of the positions, and {figures['weights_moved']:.1%} of the adapted weights "
        "are others than the base's: smaller differences are lost in rounding"
    )


def _licences(run: Run) -> Iterator[str]:
    yield "- the base: see its own page; what is made from it is bound by that licence"
    sources = (_json(run.dataset / "card.json") or {"sources": ()})["sources"]
    yield from dict.fromkeys(map(_licence, sources))  # a source may be read more than once


def _licence(source: dict[str, Any]) -> str:
    licences, revisions = (", ".join(source[key]) or "not stated" for key in ("licences", "revisions"))
    return f"- data, `{source['name']}` ({revisions}): {licences}"


def _table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (headers, ("---",) * len(headers), *rows):
        yield f"| {' | '.join(row)} |"


def _json(path: Path) -> Any:
    return read_json(path) if path.exists() else None
