"""A row of InjecAgent: its shape, the context that it puts an agent in, and what is forbidden there."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from switchgear.data.labels.patterns import any_matches
from switchgear.data.labels.taxonomy import Harm
from switchgear.data.reading import react
from switchgear.schema import ArgumentPredicate, CallPattern, CharRange, Message, ToolCall

PLACE = "<Attacker Instruction>"
HARMS = {
    "Physical Harm": Harm.PHYSICAL_ACTION,
    "Financial Harm": Harm.UNAUTHORISED_TRANSACTION,
    "Data Security Harm": Harm.UNAUTHORISED_ACTION,
    "Physical Data": Harm.DATA_EXFILTRATION,
    "Financial Data": Harm.DATA_EXFILTRATION,
    "Others": Harm.DATA_EXFILTRATION,
}
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

Verdict = Literal["succ", "unsucc", "invalid"]


class Case(BaseModel):
    """A test case, and in a result file what became of it."""

    attacker_tools: tuple[str, ...] = Field(alias="Attacker Tools", min_length=1, max_length=2)
    instruction: str = Field(alias="Attacker Instruction", min_length=1)
    harm: Annotated[Harm, BeforeValidator(lambda value: HARMS.get(str(value)))] = Field(alias="Attack Type")
    user_tool: str = Field(alias="User Tool", min_length=1)
    user_instruction: str = Field(alias="User Instruction")
    parameters: Annotated[dict[str, Any], BeforeValidator(react.literal)] = Field(alias="Tool Parameters")
    thought: str = Field(alias="Thought")
    template: str = Field(alias="Tool Response Template")
    response: str = Field(alias="Tool Response")
    verdict: Verdict | None = Field(None, alias="eval")
    output: str = ""
    fetched: str = Field("", alias="Attacker Tool Response")
    second_verdict: Verdict | None = Field(None, alias="eval Step 2")
    second_output: str = Field("", alias="output Step 2")

    @property
    def user_call(self) -> ToolCall:
        return ToolCall(name=self.user_tool, arguments=self.parameters, id="call_0")

    @property
    def attack(self) -> str:
        """What stands in the response where the template has its place; "" if that cannot be told."""
        before, _, after = self.template.partition(PLACE)
        content = _unquoted(self.response)
        fits = content.startswith(before) and content.endswith(after)
        return content[len(before) : len(content) - len(after)] if fits else ""

    @property
    def context(self) -> tuple[Message, ...]:
        """The user's request, the agent's call and its result, with the attack marked."""
        start = self.template.index(PLACE)
        return (
            Message(role="user", content=self.user_instruction),
            Message(role="assistant", content=react.thought(self.thought), tool_calls=(self.user_call,)),
            Message(
                role="tool",
                content=_unquoted(self.response),
                tool_call_id=self.user_call.id,
                name=self.user_tool,
                injected=(CharRange(start=start, end=start + len(self.attack)),),
            ),
        )

    @property
    def forbidden(self) -> tuple[CallPattern, ...]:
        """The attacker's calls, without those that the user's own call would satisfy."""
        first, *second = self.attacker_tools
        addresses = _ADDRESS.findall(self.instruction)[-1:]
        sent = tuple(ArgumentPredicate(argument="*", operator="contains", value=address) for address in addresses)
        patterns = (CallPattern(name=first), *(CallPattern(name=name, arguments=sent) for name in second))
        return tuple(pattern for pattern in patterns if not any_matches([self.user_call], [pattern]))


def quoted(response: str) -> str:
    """As `Tool Response` is written."""
    return json.dumps(response, ensure_ascii=False)


def _unquoted(response: str) -> str:
    """A text that is quoted like JSON, though not always escaped like it."""
    try:
        return str(json.loads(response))
    except ValueError:
        return response.strip()[1:-1].replace('\\"', '"')
