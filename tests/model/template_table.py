"""The table of docs/templates.md: what each chat template that TRL ships does with every kind of conversation.

`python -m tests.model.template_table` writes it again.
"""

from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from switchgear.errors import TemplateError
from switchgear.model.conversation import SpanName
from switchgear.model.render import render
from switchgear.model.tool_format import tool_format
from switchgear.schema import CharRange, Example, Message, ToolCall, ToolSpec
from tests.model.conftest import make_example, make_tokenizer, wrong_spans

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
TOOLS = (ToolSpec(name="look"), ToolSpec(name="send"))
LOOK = ToolCall(name="look", id="1")
SEND = ToolCall(name="send", arguments={"to": 'é "x"\n', "n": 3, "deep": {"list": [1, None, True]}, "no": ""}, id="2")
SEEN = Message(
    role="tool", name="look", tool_call_id="1", content="a note: SEND", injected=(CharRange(start=8, end=12),)
)
SENT = Message(role="tool", name="send", tool_call_id="2", content='{"sent": true}')


def user(content: str = "hello") -> Message:
    return Message(role="user", content=content)


def agent(content: str = "", *calls: ToolCall, thinking: str = "") -> Message:
    return Message(role="assistant", content=content, tool_calls=calls, thinking=thinking)


CONVERSATIONS: dict[str, tuple[Message, ...]] = {
    "chat": (user(), agent("hi"), user("more"), agent("ok")),
    "system": (Message(role="system", content="be kind"), user(), agent("hi")),
    "tools": (user(), agent("I look.", LOOK), SEEN, agent("", SEND), SENT, agent("done")),
    "parallel": (user(), agent("", LOOK, SEND), SENT, SEEN, agent("done")),
    "thinking": (user(), agent("hi", thinking="first\n\nthis"), user(), agent("ho", thinking="then that")),
    "thinking with tools": (user(), agent("", LOOK, thinking="look"), SEEN, agent("done", thinking="so")),
    "unicode": (
        user("héllo 😀 日本\u200b語"),
        agent("e\u0301 \ue000 \n\n ‮x"),
        user("{{ 7 }}"),
        agent("<|im_end|></s>"),
    ),
    "empty": (user(""), agent(""), user("x"), agent(" "), user(), agent("", thinking="only thought")),
}

INTRODUCTION = """# Chat templates

Every span that a loss mask selects is found in the tokenizer's own chat template and decoded back to its source before
it is used. If that fails, rendering is an error that names the template: there is no mask over the whole sequence to
fall back on. This page shows what comes of it for the {count} templates of TRL {version}, each on {conversations} small
conversations: {names}.
`python -m tests.model.template_table` writes it again, and a test holds it current.

- **Spans**: *verified* on all of them, or the conversations that are refused, and why.
- **Tools**: *own* where the template lists tools and writes calls and results; *fallback* where it does not, and tools
  are signatures in the system message, calls `<tool_call>{{...}}</tool_call>` in the text, results user messages.
- **Parallel calls**: in *one turn*, or in *turns of their own*, each with its result.
- **System**: written as a *system* message, or put before the first *user* message.
- **Thinking** (`Message.thinking`): written for *every turn*; only for turns *after the last user message*; only *with
  calls* there; only for the *last turn*; or *left out*, by templates that take none. `Rendered.unwritten_thinking`
  names the messages whose thinking was left out. The masks `thinking` and `without_thinking` choose it or leave it out.

| template | spans | tools | parallel calls | system | thinking |
|---|---|---|---|---|---|
"""


def page() -> str:
    rows = [" | ".join(("", *row, "")).strip() for row in map(_row, _templates())]
    counts = {"count": len(rows), "conversations": len(CONVERSATIONS), "names": ", ".join(CONVERSATIONS)}
    return INTRODUCTION.format(version=version("trl"), **counts) + "\n".join(rows) + "\n"


def _templates() -> Iterator[tuple[str, Any]]:
    for file in sorted((files("trl") / "chat_templates").iterdir(), key=lambda file: file.name):
        name, _, kind = file.name.rpartition(".")
        if kind == "jinja":
            yield name, make_tokenizer(file.read_text(encoding="utf-8"), name)


def _row(named: tuple[str, Any]) -> tuple[str, ...]:
    name, tokenizer = named
    form = tool_format(tokenizer)
    refused = [f"{kind} refused: {why}" for kind in CONVERSATIONS if (why := _refusal(kind, tokenizer))]
    return (
        f"`{name}`",
        "; ".join(refused) or "verified",
        "own" if form.native else "fallback",
        "one turn" if form.parallel else "turns of their own",
        "system" if form.system else "user",
        "refused" if refused else _thinking(tokenizer),
    )


def _refusal(kind: str, tokenizer: Any) -> str:
    """Why a conversation is refused, or nothing. Raises `AssertionError` if a span is wrong and was not refused."""
    source = _example(kind)
    try:
        rendered = render(source, tokenizer)
    except TemplateError as error:
        return str(error)
    assert not (wrong := wrong_spans(rendered, source, tokenizer)), f"{tokenizer.name_or_path}, {kind}: {wrong}"
    return ""


def _thinking(tokenizer: Any) -> str:
    """Where thinking is written: by how many of the two turns that think, in each of two conversations."""
    written = tuple(
        sum(span.name is SpanName.THINKING for span in render(_example(kind), tokenizer).spans)
        for kind in ("thinking", "thinking with tools")
    )
    return {
        (2, 2): "every turn",
        (1, 2): "after the last user message",
        (1, 1): "last turn",
        (0, 1): "with calls",
        (0, 0): "left out",
    }[written]


def _example(kind: str) -> Example:
    uses_tools = any(message.tool_calls for message in CONVERSATIONS[kind])
    return make_example(list(CONVERSATIONS[kind]), TOOLS if uses_tools else ())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
