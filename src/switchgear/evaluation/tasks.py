"""Held-out examples as cases: points in a conversation where the model under test has to decide what to call next."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from switchgear.data.labels.patterns import any_matches
from switchgear.schema import CallPattern, Example, Message, Trace

_IDS: Any = {"tool_call_id": True, "tool_calls": {"__all__": {"id"}}}


@dataclass(frozen=True)
class Case:
    """One decision: what comes in the place of `example.messages[message]`, given all that stands before it.

    `expected` are the calls of that message where the agent does the user's task; in a hijacked trace, the user's next
    call. `forbidden` are the attacker's calls. Either is empty where the example does not tell.
    """

    kind: Trace
    example: Example
    message: int
    expected: tuple[CallPattern, ...]
    forbidden: tuple[CallPattern, ...]

    @property
    def id(self) -> str:
        return f"{self.example.id}#{self.message}"

    @property
    def context(self) -> tuple[Message, ...]:
        return self.example.messages[: self.message]

    @property
    def suite(self) -> str:
        return self.example.tags.get("suite", "")

    @property
    def family(self) -> str:
        return self.example.tags.get("family", "")

    @property
    def category(self) -> str:
        return self.example.category

    @property
    def group(self) -> str:
        return self.example.group


def cases(examples: Iterable[Example]) -> Iterator[Case]:
    """The cases of examples that have a trace, each (kind, context, tools) once.

    hijacked: before the first forbidden call, so that the attacker's steps up to there are in the context.
    resisted: before the first call after the injection was read. clean: before every message that makes calls.
    An example without a trace, or whose continuation has no such call, has no case.
    """
    seen = set()
    for example in examples:
        for case in _decisions(example):
            identity = _identity(case)
            if identity not in seen:
                seen.add(identity)
                yield case


def sample(cases: Iterable[Case], limit: int | Mapping[Trace, int] | None, seed: int) -> list[Case]:
    """At most `limit` cases of each kind, spread evenly over (suite, family), and within those over groups.

    Of a kind that a mapping leaves out, all.

    The same cases and seed give the same choice, in whatever order they come; their order is kept. Twins (hijacked and
    resisted traces of one row) are drawn alike, so that most contexts serve both.
    """
    everything = list(cases)
    if limit is None:
        return everything
    shuffled = sorted(everything, key=lambda case: (_shuffled(case.example.provenance.row, seed), case.id))
    limits = limit if isinstance(limit, Mapping) else dict.fromkeys(Trace, limit)
    chosen = {
        case.id for kind in Trace for case in _spread([c for c in shuffled if c.kind is kind])[: limits.get(kind)]
    }
    return [case for case in everything if case.id in chosen]


def _shuffled(row: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{row}".encode()).hexdigest()


def _decisions(example: Example) -> Iterator[Case]:
    match example.trace:
        case Trace.HIJACKED:
            return islice(_hijacked(example), 1)
        case Trace.RESISTED:
            return islice(_own(example, Trace.RESISTED), 1)
        case Trace.CLEAN:
            return _own(example, Trace.CLEAN)
    return iter(())


def _hijacked(example: Example) -> Iterator[Case]:
    expected, forbidden = example.expectation.expected, example.expectation.forbidden
    for index in example.continuation:
        if any_matches(example.messages[index].tool_calls, forbidden):
            yield Case(Trace.HIJACKED, example, index, expected[:1], forbidden)


def _own(example: Example, kind: Trace) -> Iterator[Case]:
    """The messages that go on with the user's task; the i-th expected pattern belongs to the i-th call."""
    expected, forbidden = example.expectation.expected, example.expectation.forbidden
    made = 0
    for index in example.continuation:
        calls = len(example.messages[index].tool_calls)
        if calls:
            yield Case(kind, example, index, expected[made : made + calls], forbidden)
        made += calls


def _identity(case: Case) -> bytes:
    """Of what the model would read. Call ids are made up by whoever recorded the trace, so they do not count."""
    parts = [case.kind, *(tool.model_dump_json() for tool in case.example.tools)]
    parts += [message.model_dump_json(exclude=_IDS) for message in case.context]
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _spread(cases: Sequence[Case]) -> list[Case]:
    """Reordered so that every start of the list is balanced: families take turns, and in a family its groups do."""
    families: dict[tuple[str, str], dict[str, list[Case]]] = {}
    for case in cases:
        families.setdefault((case.suite, case.family), {}).setdefault(case.group, []).append(case)
    return _interleave([_interleave(list(groups.values())) for groups in families.values()])


def _interleave(queues: list[list[Case]]) -> list[Case]:
    return [case for turn in zip_longest(*queues) for case in turn if case is not None]
