"""tau-bench: whole dialogues of an airline's agent with a (simulated) customer, many tool calls each.

Address: github.com/sierra-research/tau-bench (MIT), `historical_trajectories/gpt-4o-airline.json`, at commit
59a200c6d575d595120f1cb70fea53cef0632f6b.

A row, abbreviated:
    {"task_id": 7, "trial": 0, "reward": 1.0, "info": {...},
     "traj": [
       {"role": "system", "content": "# Airline Agent Policy ..."},
       {"role": "user", "content": "Please cancel my flight."},
       {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function",
          "function": {"name": "get_user_details", "arguments": "{\\"user_id\\": \\"kim_1\\"}"}}]},
       {"role": "tool", "tool_call_id": "call_1", "name": "get_user_details", "content": "{...}"}, ...,
       {"role": "user", "content": "Thank you! ###STOP###"}]}

`reward: 1` means that the customer's task was solved: those dialogues are benign, the others are dropped.

Quirks: arguments are JSON in a string; `content` is null beside a call; what follows the agent's last turn (the
simulator's ###STOP###, or the result of handing over to a human) answers nothing and is left out. The file defines no
tools: they are inferred from all calls in it, with their arguments but without descriptions (they are described in the
code of the benchmark). A task's trials are one group, and so is the task of that number in tau2-bench.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from switchgear.data.labels.patterns import own_patterns
from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.openai import conversation, replies
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.texts import Origin, example
from switchgear.data.reading.tool_specs import inferred
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Message, Role, ToolSpec, Trace

ORIGIN = Origin("tau_bench", "MIT", benchmark="tau_bench")


class Dialogue(BaseModel):
    task_id: int
    trial: int
    reward: float
    messages: Annotated[tuple[Message, ...], BeforeValidator(conversation)] = Field(alias="traj")


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every dialogue, kept or dropped. Raises `DataError` for a file that is damaged or of another dataset."""
    checked(recipe, Options)
    for path in paths(recipe, ".json"):
        rows = list(shaped(tables.read(path), Dialogue))
        dialogues = [dialogue for row in rows if not isinstance(row, Drop) for dialogue in row[1:]]
        tools = inferred(call for d in dialogues for message in d.messages for call in message.tool_calls)
        for row in rows:
            yield row if isinstance(row, Drop) else _example(*row, path.stem, tools)


def _example(row: tables.Row, dialogue: Dialogue, file: str, tools: tuple[ToolSpec, ...]) -> Example | Drop:
    if dialogue.reward != 1:
        return Drop(reason="the customer's task was not solved", row=row.place)
    answers = replies(dialogue.messages)
    if not answers:
        return Drop(reason="the agent says nothing", row=row.place)
    domain = file.rpartition("-")[2]  # files are named <model>-<domain>.json
    messages = dialogue.messages[: answers[-1] + 1]
    return example(
        ORIGIN,
        row,
        Role.BENIGN,
        messages,
        id=f"{ORIGIN.name}/{file}/{dialogue.task_id}-{dialogue.trial}",
        trace=Trace.CLEAN,
        tools=tools,
        expectation=Expectation(expected=own_patterns(messages, range(len(messages)))),
        group=f"tau/{domain}/{dialogue.task_id}",
        tags={"suite": domain},
    )
