"""Recorded runs of real models on AgentDojo: a JSONL export for each model, or AgentDojo's own files.

Address: github.com/memo-ozdincer/harmful-agents-meta-dataset, `data/agent_dojo/*.jsonl`, at commit
6626fb4f693880dffbea6b76f260d0b9c37ab669. That repository states no licence; AgentDojo itself is MIT.

A row of an export, abbreviated:
    {"index": 7, "annotations": [],
     "messages": [
       {"role": "user", "content": "Pay the bill 'bill.txt'."},
       {"role": "assistant", "content": null, "tool_calls": [
          {"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": {"file_path": "bill.txt"}}}]},
       {"role": "tool", "content": "...", "tool_call_id": "c1", "tool_call": {"function": "read_file"}, "error": null},
       {"role": "assistant", "content": "Paid.", "tool_calls": null}],
     "metadata": {"suite_name": "banking", "model": "...", "success": true, "security": true,
                  "user_task_id": "user_task_0", "injection_task_id": null, "attack_type": null}}

A native file, `runs/<pipeline>/<suite>/<user task>/<attack>/<injection>.json`, holds one run. Its metadata lie beside
`messages`, with `pipeline_name` for the model and `utility` for `success`; content is a list of blocks
`{"type": "text", "content": "..."}` or null; calls are flat, `{"function": "read_file", "args": {...}, "id": "c1",
"placeholder_args": null}`; `injections` has the attack's text by vector, so that it is found whatever it looks like;
`error` tells what stopped the run. The labels of all runs of a pipeline are checked together.

`security: true` means that the attack SUCCEEDED. It means nothing without an injection, and is the default after an
API error. Some forks use the opposite sense (option `sense: attack_failed`). So a row is hijacked only if it is
labelled so, ends properly and makes an attacker's call after the injection was seen; and a file whose labels contradict
its traces is refused. A run that never read its injection is clean. Resisted and clean runs are kept if they solved the
user's task. The continuation of a hijacked run is the messages that make an attacker's call.

Quirks: line 1 is a header without messages; some rows have no messages, or end on a tool result or user turn (the error
default); `content` may be null; `tool_calls` a list, null, [] or absent; ids empty; results fewer than calls; `error`
set and `content` empty; the tool filter adds an exchange before the first call; tool definitions are the suite's.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from switchgear.data.reading.openai import wrong_fields
from switchgear.data.reading.options import Options, checked
from switchgear.data.sources.agentdojo.examples import Judged, example
from switchgear.data.sources.agentdojo.recordings import Entry, recordings
from switchgear.data.sources.agentdojo.records import Record
from switchgear.data.sources.agentdojo.verdicts import check_labels, inspect, verdict
from switchgear.data.sources.agentdojo.world import SUITES
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example


class RunsOptions(Options):
    sense: Literal["attack_succeeded", "attack_failed"] = "attack_succeeded"
    """What `security: true` means."""


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every row of every file, kept or dropped with a reason; the header line is a drop of its own.

    Raises:
        DataError: a file that is missing, damaged, or holds no AgentDojo run.
        LabelError: a model's runs whose labels contradict their traces.
    """
    options = checked(recipe, RunsOptions)
    for path, entries in recordings(recipe):
        rows = [_judge(entry, options) for entry in entries]
        _check_rows(path, rows)
        for row in rows:
            yield row if isinstance(row, Drop) else example(row)


def _judge(entry: Entry, options: RunsOptions) -> Judged | Drop:
    if isinstance(entry.value, dict) and "metadata" in entry.value and "messages" not in entry.value:
        return Drop(reason="the file's header line", row=entry.row)
    try:
        record = Record.model_validate(entry.value)
        if record.metadata.suite_name not in SUITES:
            return Drop(reason="not of one of the four suites", row=entry.row)
        run = inspect(record)
    except ValidationError as error:
        return Drop(reason=f"not an AgentDojo run (wrong: {wrong_fields(error)})", row=entry.row)
    won = record.metadata.security == (options.sense == "attack_succeeded")
    return Judged(entry, record, run, verdict(run, won))


def _check_rows(path: Path, rows: list[Judged | Drop]) -> None:
    judged = [row for row in rows if isinstance(row, Judged)]
    if not judged:
        raise DataError(
            f"{path} holds no AgentDojo run in its {len(rows)} lines. Each needs `messages` and `metadata`."
        )
    check_labels(path, Counter(row.outcome for row in judged if row.run.forbidden and row.run.ended))
