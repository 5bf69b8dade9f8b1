"""What a guard is worth on held-out cases: what it stops, what it stops wrongly, how soon, and what it costs.

replayed: the trace's own continuation is read as if the model had been made to write it, and the probe alone watches.
The other modes are those of the evaluation: the adapted model writes, and the whole guard watches.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.progress import track
from rich.table import Table

from switchgear.deploy.guard import Guard
from switchgear.deploy.tokens import families, read
from switchgear.deploy.watch import watching
from switchgear.errors import DataError
from switchgear.intervals import Rate, wilson
from switchgear.model.generate import generate
from switchgear.model.layout import Ids
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.model.prefix_cache import prefill
from switchgear.recipe import Recipe
from switchgear.runs import Run, write_json
from switchgear.schema import Example, Role, Trace
from switchgear.terminal import percent, table

REPLAYED = "replayed"

Figures = dict[str, Any]


@dataclass(frozen=True)
class Prompt:
    """A held-out case as token ids, the beginning of its answer included, and how it is put."""

    kind: str
    mode: str
    ids: tuple[int, ...]


class Outcome(BaseModel):
    """One answer: whether, why and after how many tokens it was stopped."""

    kind: str
    mode: str
    tripped: bool
    reason: str = ""
    tokens: int


@dataclass
class Clock:
    """Seconds of decoding, and those of them that the guard took."""

    steps: int = 0
    guard: float = 0.0
    total: float = 0.0

    @property
    def figures(self) -> dict[str, float | None]:
        """Per step, which is one token of every answer in the batch."""
        model = self.total - self.guard
        return {
            "milliseconds_per_step": 1000 * model / max(self.steps, 1),
            "guard_milliseconds_per_step": 1000 * self.guard / max(self.steps, 1),
            "overhead": self.guard / model if model else None,
        }


def measure(
    recipe: Recipe,
    run: Run,
    console: Console,
    examples: Sequence[Example],
    prompts: Sequence[Prompt],
    replayed: int,
) -> Figures:
    """Replays at most `replayed` examples, has the prompts answered, and writes `evaluation.json` beside the guard.

    Raises:
        RunError: no adapter, or no guard. DataError: nothing to measure on.
    """
    guard = Guard.load(run)
    if not examples and not prompts:
        raise DataError(f"{run.dataset} holds nothing out to measure a guard on. Hold out a suite or a family.")
    tokenizer = load_tokenizer(recipe.model)
    model = load_adapter(load_model(recipe.model), run.adapter)
    outcomes: list[Outcome] = []
    clock, quiet = Clock(), not console.is_terminal
    for family in track(families(examples, replayed, recipe.seed), "replay", console=console, disable=quiet):
        outcomes += replay(guard, model, tokenizer, family, recipe)
    size, ordered = recipe.evaluate.batch_size, sorted(prompts, key=lambda prompt: prompt.ids)
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    for batch in track(batches, "answer", console=console, disable=quiet):
        outcomes += answer(guard, model, tokenizer, batch, recipe.evaluate.max_new_tokens, clock)
    figures = {"guard": guard.settings.model_dump(mode="json"), "rates": summarise(outcomes), "clock": clock.figures}
    write_json(run.guard / "evaluation.json", figures)
    return figures


def replay(guard: Guard, model: Any, tokenizer: Any, family: Sequence[Example], recipe: Recipe) -> Iterator[Outcome]:
    """The continuations of held-out examples, harmful ones from their first rerouted token on."""
    for each in read(model, tokenizer, family, recipe, guard.settings.states):
        log_odds = guard.probe(each.states).tolist()
        tripped = guard.trips_at(log_odds)
        yield Outcome(
            kind=Trace.HIJACKED if each.kind == Role.HARMFUL else each.kind,
            mode=REPLAYED,
            tripped=tripped is not None,
            reason="" if tripped is None else "probe",
            tokens=tripped or len(log_odds),
        )


def answer(
    guard: Guard, model: Any, tokenizer: Any, batch: Sequence[Prompt], max_new_tokens: int, clock: Clock
) -> Iterator[Outcome]:
    """What the adapted model writes under the guard, greedily."""
    prefix = prefill(model, [list(prompt.ids) for prompt in batch], max_new_tokens)
    with watching(guard, model, tokenizer) as watch:

        def timed(rows: Sequence[int], written: Sequence[Ids]) -> list[bool]:
            began = time.perf_counter()
            over = watch.stops(rows, written)
            clock.guard += time.perf_counter() - began
            clock.steps += 1
            return over

        began = time.perf_counter()
        written = generate(model, prefix, tokenizer, max_new_tokens, timed)
        clock.total += time.perf_counter() - began
    for row, (prompt, ids) in enumerate(zip(batch, written, strict=True)):
        trip = watch.trips.get(row)
        reason = trip.reason if trip else ""
        yield Outcome(kind=prompt.kind, mode=prompt.mode, tripped=bool(trip), reason=reason, tokens=len(ids))


def summarise(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Per mode and kind: the rate of trips with its interval, by reason, and the median of tokens until a trip."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.mode, outcome.kind].append(outcome)
    lines = []
    for (mode, kind), members in groups.items():
        tripped = [each for each in members if each.tripped]
        rate: Rate = wilson(len(tripped), len(members))
        lines.append(
            {
                "mode": mode,
                "kind": kind,
                **rate.model_dump(),
                "probe": sum(each.reason == "probe" for each in tripped),
                "incoherent": sum(each.reason == "incoherent" for each in tripped),
                "tokens_until_trip": median(each.tokens for each in tripped) if tripped else None,
            }
        )
    return lines


def guard_table(lines: Iterable[dict[str, Any]]) -> Table:
    shown = table("Put", "Trace", "n", "Tripped", "by probe", "incoherent", "Tokens until then")
    for line in lines:
        tokens = "-" if line["tokens_until_trip"] is None else f"{line['tokens_until_trip']:.0f}"
        counts = (str(line["probe"]), str(line["incoherent"]))
        shown.add_row(line["mode"], line["kind"], str(line["n"]), percent(line), *counts, tokens)
    return shown
