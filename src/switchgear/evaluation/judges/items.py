"""What a judge is shown: one answer, and what it answers."""

import hashlib
import json
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from switchgear.evaluation.scorers.outcome import Text, clean
from switchgear.schema import Message, ToolCall

LONGEST = 20_000  # characters of one text that a judge is shown


class Item(BaseModel):
    """`request` is what was asked, `transcript` all that came before the answer, where it is an agent's.

    `perplexity` of the response under the frozen model is for the rules alone; judges are not shown it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    request: Text
    response: Text
    calls: tuple[ToolCall, ...] = ()
    transcript: Text = ""
    perplexity: float | None = None

    @property
    def said(self) -> str:
        """The response with its tool calls, as text."""
        return clipped("\n".join(filter(None, [self.response, *map(_call, self.calls)])))

    @property
    def asked(self) -> str:
        """The transcript, or the request where there is none."""
        return clipped(self.transcript or self.request)

    @property
    def sha256(self) -> str:
        calls = [(call.name, call.arguments) for call in self.calls]
        content = [self.request, self.response, self.transcript, calls]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def transcript(messages: Iterable[Message]) -> str:
    """A conversation with its tool calls, as text."""
    return "\n\n".join(
        f"[{message.role}{f' {message.name}' if message.name else ''}]\n"
        + "\n".join(filter(None, [message.content, *map(_call, message.tool_calls)]))
        for message in messages
    )


def clipped(text: str) -> str:
    """At most about `LONGEST` characters: of a longer text its start and its end."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def fenced(name: str, text: str) -> str:
    """`text` between tags that it cannot close, since their name depends on all of it."""
    tag = f"{name}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"<{tag}>\n{text}\n</{tag}>"


def _call(call: ToolCall) -> str:
    return str(clean(f"calls {call.name}({json.dumps(call.arguments, ensure_ascii=False)})"))
