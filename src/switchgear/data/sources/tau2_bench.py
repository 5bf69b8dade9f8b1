"""tau2-bench: tasks of customers with an agent's policy, and the calls that solve them. No dialogues.

Address: github.com/sierra-research/tau2-bench (MIT), `data/tau2/domains/<domain>/tasks.json` with
`policy.md` beside it, at commit a2c024725189473d2d7cea3a5cfdbcc67478e41f. `path`: a file, or the domains' folder.

A row, abbreviated:
    {"id": "3",
     "user_scenario": {"persona": null, "instructions": {"reason_for_call": "You want to cancel order #1.",
        "known_info": "You are Kim Lee in zip code 12345.", "unknown_info": null, "task_instructions": "Be brief."}},
     "evaluation_criteria": {"actions": [
        {"name": "find_user", "arguments": {"last_name": "Lee", "zip": "12345"}, "requestor": "assistant"}, ...]}}

The policy is the system message, and the scenario stands for what the customer says. What the calls return is recorded
nowhere, so only the first gold call can follow. If its arguments can all be copied from the scenario, it is a benign
continuation, and expected. If they cannot (the agent must look something up or ask first), the row is a case to comply
with, of which no call is expected.

Dropped: a task without a call of the agent's (`requestor` may be the `user`, who has tools in telecom), one whose first
call hands over to a human (a refusal is as right), and one that continues a recorded dialogue.

Quirks: instructions are an object, or a string (mock); ids start at 0 in every domain, so the domain stands before
them; no tools come with the tasks, so they are inferred from the domain's gold calls. (The repository's tools-data.json
describes tools for a web page: it has the arguments of 10 of the 33 that are called.)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from switchgear.data.labels.patterns import own_pattern, texts
from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.texts import COMPLY, Origin, example, question
from switchgear.data.reading.tool_specs import inferred
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Message, Role, ToolCall, ToolSpec, Trace

ORIGIN = Origin("tau2_bench", "MIT", benchmark="tau2_bench")
HAND_OVER = "transfer_to_human_agents"


class Action(BaseModel):
    name: str = Field(min_length=1)
    arguments: dict[str, Any]
    requestor: str = "assistant"


class Criteria(BaseModel):
    actions: list[Action] | None = None


class Instructions(BaseModel):
    reason_for_call: str
    known_info: str | None = None
    unknown_info: str | None = None
    task_instructions: str | None = None


class Scenario(BaseModel):
    instructions: Instructions | str


class State(BaseModel):
    message_history: list[Any] | None = None


class Task(BaseModel):
    id: str
    user_scenario: Scenario
    evaluation_criteria: Criteria
    initial_state: State | None = None

    @property
    def calls(self) -> list[ToolCall]:
        """The gold calls of the agent."""
        actions = [action for action in self.evaluation_criteria.actions or () if action.requestor == "assistant"]
        return [
            ToolCall(name=action.name, arguments=action.arguments, id=f"call_{number}")
            for number, action in enumerate(actions)
        ]

    @property
    def request(self) -> str:
        given = self.user_scenario.instructions
        if isinstance(given, str):
            return given
        parts = (given.reason_for_call, given.known_info, given.unknown_info, given.task_instructions)
        return "\n\n".join(part.strip() for part in parts if part)


class Domain(NamedTuple):
    name: str
    policy: str
    tools: tuple[ToolSpec, ...]


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every task of every domain, as a benign example, a case, or dropped with a reason.

    Raises:
        DataError: a file that is missing, damaged or of another dataset, or tasks without their policy beside them.
    """
    checked(recipe, Options)
    for path in paths(recipe, "/tasks*.json"):
        rows = list(shaped(tables.read(path), Task))
        calls = [call for row in rows if not isinstance(row, Drop) for call in row[1].calls]
        domain = Domain(path.parent.name, _policy(path), inferred(calls))
        for row in rows:
            yield row if isinstance(row, Drop) else _example(*row, domain)


def _policy(path: Path) -> str:
    policy = path.with_name("policy.md")
    if not policy.is_file():
        raise DataError(f"{path}: the agent's policy is wanted beside it, as {policy.name}.")
    return policy.read_text(encoding="utf-8", errors="replace")


def _example(row: tables.Row, task: Task, domain: Domain) -> Example | Drop:
    row = row._replace(place=f"{domain.name}/{row.place}")
    first = next(iter(task.calls), None)
    if first is None:
        return Drop(reason="the agent makes no call", row=row.place)
    if first.name == HAND_OVER:
        return Drop(reason="the agent hands over to a human", row=row.place)
    if task.initial_state and task.initial_state.message_history:
        return Drop(reason="continues a recorded dialogue", row=row.place)
    context = (Message(role="system", content=domain.policy), *question(task.request))
    pattern = own_pattern(first, task.request)
    told = len(pattern.arguments) == sum(len(texts(value)) for value in first.arguments.values())
    return example(
        ORIGIN,
        row,
        Role.BENIGN if told else Role.CASE,
        (*context, Message(role="assistant", tool_calls=(first,))) if told else context,
        id=f"{ORIGIN.name}/{domain.name}/{task.id}",
        trace=Trace.CLEAN if told else None,
        tools=domain.tools,
        expectation=Expectation(expected=(pattern,)) if told else COMPLY,
        group=f"tau/{domain.name}/{task.id}",
        tags={"suite": domain.name},
    )
