"""The rows that are timed: chat of the usual lengths, and agent traces with all their tools."""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from benchmarks.step.models import AUTHORS
from switchgear.data.sources import SOURCES
from switchgear.model.render import render
from switchgear.recipe import BatchRecipe, SourceRecipe, TrainRecipe
from switchgear.schema import Example, Role, Trace
from switchgear.training.batches import Draws, Row, row, uncontested

HALF = 512
"""Tokens that the authors give a harmful row's request, and as many for its response; a retained row has both."""
MEAN, SIGMA = 250, 0.7
"""Of the lengths of made-up chat rows, which are lognormal."""
CHAT_OPTIONS = {"xstest": {"use": "compliance"}}


@dataclass(frozen=True)
class Sample(Row):
    """A row, and where its response starts."""

    request: int = 0


@dataclass(frozen=True)
class Workload:
    """Rows of one step, harmful ones first. `baseline` is the implementation that they are timed beside."""

    name: str
    rows: list[Row]
    recipe: TrainRecipe
    baseline: str
    about: str

    def split(self) -> tuple[list[Row], list[Row]]:
        return [row for row in self.rows if any(row.reroute)], [row for row in self.rows if not any(row.reroute)]

    def middling(self, harmful: int = 1, retained: int = 1) -> "Workload":
        """The rows whose lengths are nearest to the mean."""
        mean = statistics.mean(lengths(self.rows))
        one, other = (sorted(rows, key=lambda row: abs(len(row.ids) - mean)) for rows in self.split())
        return replace(self, rows=[*one[:harmful], *other[:retained]])


@dataclass(frozen=True)
class Wanted:
    """How many rows of which, and how long agent traces may be. `chat` is SOURCE:FILE."""

    harmful: int = 3
    retained: int = 3
    tokens: int = 2048
    chat: str | None = None
    seed: int = 0


def chat(wanted: Wanted, tokenizer: PreTrainedTokenizerBase) -> Workload:
    """Rows that fit the authors' 512 + 512 tokens. The loss does not care who is harmful: the first rows are."""
    source, _, path = (wanted.chat or "").partition(":")
    found = _answers(source, path, wanted, tokenizer) if source else _made(wanted, tokenizer)
    about = f"{source} of {Path(path).name}" if source else "made of texts of task suites, lengths lognormal"
    chosen = random.Random(wanted.seed).sample(found, wanted.harmful + wanted.retained)
    rows = [_authors(sample, harmful=index < wanted.harmful) for index, sample in enumerate(chosen)]
    return Workload("chat", rows, AUTHORS, "reference", about)


def agentdojo(wanted: Wanted, tokenizer: PreTrainedTokenizerBase) -> Workload:
    """Drawn independently of each other from two suites: no twins but by chance."""
    examples = list(_suites(wanted.seed))
    draw, recipe = random.Random(wanted.seed), TrainRecipe()
    hijacked, other = ([e for e in examples if (e.role is Role.HARMFUL) is harmful] for harmful in (True, False))
    harmful, retained = (
        [row(example, render(example, tokenizer, wanted.tokens), recipe) for example in draw.sample(some, count)]
        for some, count in ((hijacked, wanted.harmful), (other, wanted.retained))
    )
    rows = [*uncontested(harmful, retained), *retained]
    return Workload("agentdojo", rows, recipe, "predecessor", "banking and slack with all tools, no twins drawn")


def synthetic_agents(wanted: Wanted, tokenizer: PreTrainedTokenizerBase) -> Workload:
    """Drawn as training draws them: resisted twins beside the hijacked rows, and clean rows."""
    recipe = TrainRecipe()
    pools: dict[str, list[Row]] = {}
    for example in _examples(SourceRecipe(name="synthetic_agents", options={"worlds": 100}), wanted.seed):
        made = row(example, render(example, tokenizer, wanted.tokens), recipe)
        pools.setdefault(example.kind, []).append(made)
    clean = wanted.retained // 3
    batch = BatchRecipe(harmful=wanted.harmful, clean=clean, resisted=wanted.retained - clean)
    drawn = Draws(pools, batch, 1, wanted.seed)[0]
    harmful, retained = drawn[: wanted.harmful], drawn[wanted.harmful :]
    rows = [*uncontested(harmful, retained), *retained]
    return Workload("synthetic_agents", rows, recipe, "predecessor", "drawn as in training, with twins")


WORKLOADS: dict[str, Callable[[Wanted, PreTrainedTokenizerBase], Workload]] = {
    "chat": chat,
    "agentdojo": agentdojo,
    "synthetic_agents": synthetic_agents,
}


def _suites(seed: int) -> Iterator[Example]:
    options = {"suites": ["banking", "slack"], "templates": 1}
    return _examples(SourceRecipe(name="agentdojo_suites", options=options), seed)


def _examples(recipe: SourceRecipe, seed: int) -> Iterator[Example]:
    return (found for found in SOURCES[recipe.name](recipe, seed) if isinstance(found, Example))


def _answers(source: str, path: str, wanted: Wanted, tokenizer: PreTrainedTokenizerBase) -> list[Sample]:
    options: dict[str, Any] = CHAT_OPTIONS.get(source, {})
    samples = []
    for example in _examples(SourceRecipe(name=source, path=Path(path), options=options), wanted.seed):
        if example.continuation:
            rendered = render(example, tokenizer)
            samples.append(Sample(rendered.ids, [], [], request=rendered.turn_start(example.continuation[0])))
    return [s for s in samples if s.request <= HALF and len(s.ids) - s.request <= HALF]


def _made(wanted: Wanted, tokenizer: PreTrainedTokenizerBase) -> list[Sample]:
    clean = (example for example in _suites(wanted.seed) if example.trace is Trace.CLEAN)
    text = "\n".join(message.content for example in clean for message in example.messages)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    draw, samples = random.Random(wanted.seed), []
    for _ in range(wanted.harmful + wanted.retained):
        length = min(max(int(draw.lognormvariate(log(MEAN) - SIGMA**2 / 2, SIGMA)), 16), 2 * HALF)
        start = draw.randrange(max(len(ids) - length, 1))
        samples.append(Sample(ids[start : start + length], [], [], request=max(length // 4, length - HALF)))
    return samples


def _authors(sample: Sample, harmful: bool) -> Sample:
    """All tokens of a harmful row are rerouted, all of another are retained."""
    size = len(sample.ids)
    return replace(sample, reroute=[float(harmful)] * size, retain=[float(not harmful)] * size)


def lengths(rows: Sequence[Row]) -> list[int]:
    return [len(row.ids) for row in rows]
