"""The command `chat`: frozen and adapted model side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from switchgear.cli.app import RunPath, app, console, opened_run
from switchgear.data.reading.openai import tools as tools_of
from switchgear.data.reading.openai import wrong_fields
from switchgear.errors import DataError, SwitchgearError
from switchgear.runs import read_json
from switchgear.schema import ToolSpec

if TYPE_CHECKING:
    from switchgear.deploy.chat import Chat, Model, Reply

HELP = "/result TEXT: what the tools returned · /new: begin again · /quit"


@app.command(epilog='Example: switchgear chat runs/demo --tools tools.json. For scripts: --once "What is on my list?"')
def chat(
    folder: RunPath,
    once: Annotated[str | None, typer.Option(help="One message: print both answers, and end.")] = None,
    tools: Annotated[
        Path | None, typer.Option(help="A JSON list of tools in OpenAI's form. Their calls are shown, never run.")
    ] = None,
    system: Annotated[str, typer.Option(help="The system message.")] = "",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Of one answer.")] = 200,
    guard: Annotated[bool, typer.Option(help="Stop the adapted model when it trips, if a guard is fitted.")] = True,
) -> None:
    """Talk to the frozen and the adapted model side by side."""
    from switchgear.deploy.chat import opened

    recipe, run = opened_run(folder)
    offered = _tools(tools) if tools else ()
    talk = opened(recipe, run, guarded=guard, tools=offered, system=system, max_new_tokens=max_new_tokens)
    if once is not None:
        console.print(_side_by_side(talk.say(once)))
        return
    console.print(f"{'Guarded. ' if talk.guard else ''}{HELP}", style="dim", highlight=False)
    while (line := _line()) not in (None, "/quit"):
        try:
            _turn(talk, line or "")
        except SwitchgearError as error:  # the conversation is no longer what it can read: another may be
            console.print(str(error), style="red", markup=False, highlight=False)


def _turn(talk: "Chat", line: str) -> None:
    command, _, rest = line.partition(" ")
    if command == "/new":
        talk.clear()
    elif command == "/result":
        replies = talk.result(rest)
        console.print(_side_by_side(replies) if replies else "No call waits for a result.")
    elif command.startswith("/"):
        console.print(HELP, style="dim", highlight=False)
    elif line.strip():
        console.print(_side_by_side(talk.say(line)))


def _line() -> str | None:
    try:
        return console.input("[bold]> [/]")
    except (EOFError, KeyboardInterrupt):
        return None


def _side_by_side(replies: "dict[Model, Reply]") -> Table:
    shown = Table(*replies, expand=True, show_lines=False)
    for column in shown.columns:
        column.ratio = 1
    shown.add_row(*map(_shown, replies.values()))
    return shown


def _shown(reply: "Reply") -> Text:
    """What a model says and calls, as plain characters: what it writes must not steer the terminal."""
    text = Text(_plain(reply.message.content))
    for call in reply.message.tool_calls:
        text.append(_plain(f"\n{call.name}({json.dumps(call.arguments, ensure_ascii=False)})"), "cyan")
    if reply.trip:
        text.append(f"\nguard: {reply.trip.reason}, after {reply.trip.written} tokens", "yellow")
    return text


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def _tools(path: Path) -> tuple[ToolSpec, ...]:
    try:
        return tools_of(read_json(path))
    except ValidationError as error:
        raise DataError(f"{path} is no list of tools in OpenAI's form (wrong: {wrong_fields(error)}).") from error
