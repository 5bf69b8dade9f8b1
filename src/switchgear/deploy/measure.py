"""What a guard is worth on held-out cases: what it stops, what it stops wrongly, how soon, and what it costs.

replayed: the trace's own continuation is read as if the model had been made to write it, and the probe alone watches.
In the other modes the adapted model writes to the end while the whole guard watches and stops nothing, so that it is
known what each answer would have done, and whether the breaker has tripped in it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from switchgear.deploy.guard import Guard
from switchgear.deploy.outcomes import Outcome, judged, lines
from switchgear.deploy.tokens import Prompt, families, replayed, see, written
from switchgear.deploy.watch import watching
from switchgear.errors import DataError
from switchgear.model.generate import generate
from switchgear.model.layout import Ids
from switchgear.model.load import load_adapter, load_model
from switchgear.model.prefix_cache import prefill
from switchgear.recipe import Recipe
from switchgear.runs import Run, write_json
from switchgear.schema import Example
from switchgear.terminal import steps

Figures = dict[str, Any]


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
    tokenizer: Any,
    examples: Sequence[Example],
    prompts: Sequence[Prompt],
    replays: int,
) -> Figures:
    """Replays at most `replays` examples, has the prompts answered, and writes `evaluation.json` beside the guard.

    Raises:
        RunError: no adapter, or no guard. DataError: nothing to measure on.
    """
    guard = Guard.load(run)
    if not examples and not prompts:
        raise DataError(f"{run.dataset} holds nothing out to measure a guard on. Hold out a suite or a family.")
    model = load_adapter(load_model(recipe.model), run.adapter)
    outcomes: list[Outcome] = []
    clock = Clock()
    for family in steps(families(examples, replays, recipe.seed), "replay", console):
        texts = [replayed(example, tokenizer, recipe) for example in family]
        outcomes += [judged(guard, each) for each in see(model, texts, guard.settings.states)]
    size, ordered = recipe.evaluate.batch_size, sorted(prompts, key=lambda prompt: prompt.ids)
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    for batch in steps(batches, "answer, in batches", console):
        outcomes += answer(guard, model, tokenizer, batch, recipe.evaluate.max_new_tokens, clock)
    figures = {
        "guard": guard.settings.model_dump(mode="json"),
        "rates": lines(outcomes, "mode", "kind"),
        "outcomes": lines((each for each in outcomes if each.does), "does", "kind"),
        "clock": clock.figures,
    }
    write_json(run.guard / "evaluation.json", figures)
    return figures


def answer(
    guard: Guard, model: Any, tokenizer: Any, batch: Sequence[Prompt], max_new_tokens: int, clock: Clock
) -> Iterator[Outcome]:
    """What the adapted model writes, greedily, and when the guard would have stopped it."""
    prefix = prefill(model, [list(prompt.ids) for prompt in batch], max_new_tokens)
    with watching(guard, model, tokenizer) as watch:

        def timed(rows: Sequence[int], answers: Sequence[Ids]) -> list[bool]:
            began = time.perf_counter()
            watch.stops(rows, answers)
            clock.guard += time.perf_counter() - began
            clock.steps += 1
            return [False] * len(rows)

        began = time.perf_counter()
        answers = generate(model, prefix, tokenizer, max_new_tokens, timed)
        clock.total += time.perf_counter() - began
    texts = [written(prompt, ids) for prompt, ids in zip(batch, answers, strict=True)]
    seen = see(model, texts, guard.settings.states)
    for row, (prompt, ids) in enumerate(zip(batch, answers, strict=True)):
        trip = watch.trips.get(row)
        yield Outcome(
            kind=prompt.kind,
            mode=prompt.mode,
            stopped=trip is not None,
            reason=trip.reason if trip else "",
            tokens=trip.written if trip else len(ids),
            breaker=seen[row].trips(guard.settings.window),
            does=prompt.outcome(ids),
        )
