"""An example as the messages that its template takes.

One source message may become several (a template that takes one call at a time), and several may become one (tool
results in the fallback format). All text is neutralised before any template sees it.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from switchgear.model import fallback
from switchgear.model.control_tokens import neutralise, neutralise_all
from switchgear.model.conversation import Call, Turn, joined, plain
from switchgear.model.tool_format import ToolFormat
from switchgear.schema import Example, Message

WORDLESS: dict[str, Any] = {"content": "", "thinking": ""}  # what is left of a message once its words are written


def turns(example: Example, tokenizer: Any, form: ToolFormat) -> list[Turn]:
    """The messages of `example` in the form that the template takes."""
    written = list(_native(example, tokenizer, form) if form.native else fallback.turns(example, tokenizer))
    return written if form.system else _fold_system(written)


def _native(example: Example, tokenizer: Any, form: ToolFormat) -> Iterator[Turn]:
    """Calls get ids of nine characters, which is what the strictest templates want; results carry their call's."""
    count = 0
    waiting: dict[str, Call] = {}  # calls without a result yet, by the source's id
    for index, message in _split(example.messages, form):
        turn = plain(message, index, tokenizer)
        if message.role == "tool":
            call = waiting.pop(_answered(message, list(waiting)), None)
            yield replace(turn, call_id=call.id, name=call.name) if call else replace(turn, name=message.name)
            continue
        calls = []
        for source in message.tool_calls:
            count += 1
            arguments = neutralise_all(source.arguments, tokenizer)
            calls.append(Call(neutralise(source.name, tokenizer), arguments, f"call{count:05d}"))
            waiting[source.id or calls[-1].id] = calls[-1]
        yield replace(turn, calls=tuple(calls))


def _split(messages: tuple[Message, ...], form: ToolFormat) -> Iterator[tuple[int, Message]]:
    """Source messages with their indices, cut up where the template takes no text beside a call or one call at a time.

    A call's result then follows it directly.
    """
    queue = deque(enumerate(messages))
    while queue:
        index, message = queue.popleft()
        if message.tool_calls and message.content and not form.text_and_calls:
            yield index, message.model_copy(update={"tool_calls": ()})
            message = message.model_copy(update=WORDLESS)
        if form.parallel or len(message.tool_calls) < 2:
            yield index, message
            continue
        results = []
        while queue and queue[0][1].role == "tool":
            results.append(queue.popleft())
        for call in message.tool_calls:
            yield index, message.model_copy(update={"tool_calls": (call,)})
            message = message.model_copy(update=WORDLESS)
            answer = next((r for r in results if r[1].tool_call_id == call.id), results[0] if results else None)
            if answer:
                results.remove(answer)
                yield answer
        yield from results


def _answered(result: Message, waiting: list[str]) -> str:
    """The id of the waiting call that a result answers: its own, else the oldest."""
    return result.tool_call_id if result.tool_call_id in waiting else next(iter(waiting), "")


def _fold_system(written: list[Turn]) -> list[Turn]:
    """The system message at the head of the first user message, for templates that refuse the role."""
    if written[0].role != "system":
        return written
    system, *rest = written
    if rest and rest[0].role == "user":
        return [replace(joined(system, rest[0], "\n\n"), role="user"), *rest[1:]]
    return [replace(system, role="user"), *rest]
