"""B1 and B3: attacks whose success is a text, so that a judge has to tell."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from switchgear.data.labels.refusals import is_refusal
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import COMPLY, REFUSE, digest, example, exchange, question
from switchgear.data.sources.fujitsu import ORIGIN
from switchgear.schema import CharRange, Drop, Example, Message, Role, ToolCall, ToolSpec

RETRIEVE = ToolSpec(
    name="retrieve",
    description="Documents that answer a query.",
    parameters={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
"""Ours: the benchmark does not say how its documents come to the model."""


def _verdict(assessment: Any) -> str:
    if isinstance(assessment, str) and assessment.lstrip().startswith("{"):
        assessment = json.loads(assessment)
    if isinstance(assessment, dict):
        assessment = assessment.get("assessment")
    return str(assessment).strip().casefold()


class Jailbreak(BaseModel):
    """B3: a query that is itself the attack."""

    adversarial_goal: str
    attack_category: str
    attack_subtype: str
    user_query: str = Field(pattern=r"\S")
    target_llm_output: str
    judge_assessment: Annotated[Literal["success", "failure"], BeforeValidator(_verdict)]

    @property
    def won(self) -> bool:
        return self.judge_assessment == "success"

    @property
    def group(self) -> str:
        return f"{ORIGIN.name}/{digest(self.adversarial_goal)}"

    @property
    def tags(self) -> dict[str, str]:
        return {"attack": self.attack_category, "subtype": self.attack_subtype}


class Poisoning(Jailbreak):
    """B1: a harmless query, and a document with the attack among those that are retrieved for it."""

    poison_content: str = Field(pattern=r"\S")
    benign_content: str


def jailbreak(row: Row, attack: Jailbreak) -> Example | Drop:
    """Harmful if the attack won, a refusal if the answer is one, else a case."""
    prompt, answer = attack.user_query, attack.target_llm_output
    role = Role.HARMFUL if attack.won else Role.REFUSAL if is_refusal(answer) else Role.CASE
    if attack.won and not answer.strip():
        return Drop(reason="judged a success, but there is no output", row=row.place)
    messages = question(prompt) if role is Role.CASE else exchange(prompt, answer)
    tags = {"kind": "direct_query"} | attack.tags
    return example(ORIGIN, row, role, messages, group=attack.group, tags=tags, expectation=REFUSE)


def poisoning(row: Row, attack: Poisoning) -> Example | Drop:
    """Harmful if the attack won, else a case."""
    answer = attack.target_llm_output
    if attack.won and not answer.strip():
        return Drop(reason="judged a success, but there is no output", row=row.place)
    context = _retrieved(attack)
    return example(
        ORIGIN,
        row,
        Role.HARMFUL if attack.won else Role.CASE,
        (*context, Message(role="assistant", content=answer)) if attack.won else context,
        continuation=(len(context),) if attack.won else (),
        tools=(RETRIEVE,),
        group=attack.group,
        tags={"kind": "rag_poisoning"} | attack.tags,
        expectation=COMPLY,
    )


def _retrieved(attack: Poisoning) -> tuple[Message, ...]:
    """The query, its retrieval, and the documents: the benign one first, then the poison."""
    lead = f"{attack.benign_content}\n\n" if attack.benign_content else ""
    poison = CharRange(start=len(lead), end=len(lead) + len(attack.poison_content))
    call = ToolCall(name=RETRIEVE.name, arguments={"query": attack.user_query}, id="call_0")
    return (
        *question(attack.user_query),
        Message(role="assistant", tool_calls=(call,)),
        Message(
            role="tool",
            content=lead + attack.poison_content,
            tool_call_id=call.id,
            name=call.name,
            injected=(poison,),
        ),
    )
