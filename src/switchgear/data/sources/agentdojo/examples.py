"""What becomes of a recorded run that was judged: an example, or a drop."""

import hashlib
from typing import NamedTuple

from switchgear.data.labels.patterns import own_pattern, own_patterns
from switchgear.data.sources.agentdojo.categories import CATEGORIES
from switchgear.data.sources.agentdojo.recordings import Entry
from switchgear.data.sources.agentdojo.records import Record, tool_names
from switchgear.data.sources.agentdojo.verdicts import RecordedRun
from switchgear.data.sources.agentdojo.world import tools
from switchgear.schema import CallPattern, Drop, Example, Expectation, Provenance, Role, ToolSpec, Trace

SOURCE = "agentdojo_runs"


class Judged(NamedTuple):
    """A run as it was read, its record, its trace, and what was made of it."""

    entry: Entry
    record: Record
    run: RecordedRun
    outcome: Trace | str


def example(row: Judged) -> Example | Drop:
    """The example of a run that is of use, or a drop with the reason why it is of none."""
    entry, run, metadata = row.entry, row.run, row.record.metadata
    if not isinstance(row.outcome, Trace):
        return Drop(reason=row.outcome, row=entry.row)
    hijacked = row.outcome is Trace.HIJACKED
    continuation = run.attacks if hijacked else run.answers
    return Example(
        id=f"{SOURCE}/{entry.name}",
        role=Role.HARMFUL if hijacked else Role.BENIGN,
        trace=row.outcome,
        messages=run.messages,
        tools=_offered(row.record, run),
        continuation=continuation,
        expectation=Expectation(
            expected=_expected(run, continuation, hijacked), forbidden=run.forbidden if run.seen else ()
        ),
        category=CATEGORIES[metadata.suite_name, _number(metadata.injection_task_id)] if run.seen else "",
        group=f"{metadata.suite_name}/{metadata.user_task_id}",
        tags=_tags(row.record, run),
        provenance=Provenance(
            dataset=SOURCE,
            revision=entry.revision,
            licence="none stated (AgentDojo: MIT)",
            row=entry.row,
            sha256=hashlib.sha256(entry.text.encode()).hexdigest(),
        ),
    )


def _expected(run: RecordedRun, continuation: tuple[int, ...], hijacked: bool) -> tuple[CallPattern, ...]:
    """The calls of the continuation; of a hijacked run, those of the user's task that had not been made before."""
    if not hijacked:
        return own_patterns(run.messages, continuation)
    before = run.messages[: continuation[0]]
    made = [(call.name, call.arguments) for message in before for call in message.tool_calls]
    left = (call for call in run.own_calls if (call.name, call.arguments) not in made)
    context = "\n".join(message.content for message in before)
    return tuple(own_pattern(call, context) for call in left)


def _offered(record: Record, run: RecordedRun) -> tuple[ToolSpec, ...]:
    """The suite's tools; behind a tool filter, those it let through or that were called."""
    allowed = tool_names(record)
    called = {call.name for message in run.messages for call in message.tool_calls}
    return tuple(
        tool
        for tool in tools(record.metadata.suite_name)
        if allowed is None or tool.name in allowed or tool.name in called
    )


def _tags(record: Record, run: RecordedRun) -> dict[str, str]:
    metadata = record.metadata
    tags = {"source": SOURCE, "suite": metadata.suite_name, "user_task": metadata.user_task_id, "model": metadata.model}
    if run.seen:
        family = metadata.attack_type or "unknown"
        tags |= {"injection_task": metadata.injection_task_id or "", "family": family, "template": f"{family}/recorded"}
    return tags | ({"defence": record.defence} if record.defence else {})


def _number(task_id: str | None) -> int:
    return int((task_id or "").rpartition("_")[2])
