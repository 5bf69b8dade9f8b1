"""Steps of agents that write their calls as text (ReAct, https://arxiv.org/abs/2210.03629), as messages of ours."""

import ast
import json
import re
from typing import Any

from switchgear.schema import Message, ToolCall

_OBSERVATION = re.compile(r"^[ \t]*Observation[ \t]*:", re.MULTILINE)
_ACTION = re.compile(r"\bAction[ \t]*:[ \t]*(\S+)[ \t]*\n\s*Action Input[ \t]*:")
_ANSWER = re.compile(r"\bFinal Answer[ \t]*:")
_NEXT = re.compile(r"^[ \t]*(?:Thought|Action)[ \t]*:", re.MULTILINE)
_THOUGHT = re.compile(r"\s*Thought[ \t]*:")


def step(text: str, call_id: str = "") -> Message | None:
    """The agent's own part of `text`: a thought, and a call or a final answer, whichever comes first.

    What follows an `Observation:` is a tool's result that the model made up; what follows an answer is no part of it.
    None if there is neither a call with arguments that can be read (JSON or a Python literal) nor an answer.
    """
    own = _OBSERVATION.split(text, maxsplit=1)[0]
    action, answer = _ACTION.search(own), _ANSWER.search(own)
    if action and not (answer and answer.start() < action.start()):
        arguments = _arguments(own[action.end() :].strip())
        if arguments is None:
            return None
        call = ToolCall(name=action[1], arguments=arguments, id=call_id)
        return Message(role="assistant", content=thought(own[: action.start()]), tool_calls=(call,))
    told = _NEXT.split(own[answer.end() :], maxsplit=1)[0].strip() if answer else ""
    if answer and told:
        parts = (thought(own[: answer.start()]), told)
        return Message(role="assistant", content="\n\n".join(filter(None, parts)))
    return None


def thought(text: str) -> str:
    """A thought without its label."""
    return _THOUGHT.sub("", text, count=1).strip()


def _arguments(text: str) -> dict[str, Any] | None:
    """The object that `text` starts with; remarks may follow it."""
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        value = literal(text[: text.rfind("}") + 1])
    return value if isinstance(value, dict) else None


def literal(text: str) -> Any:
    """The value of a Python literal that JSON has too; None if it is none."""
    try:
        return json.loads(json.dumps(ast.literal_eval(text)))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
