"""WebLINX: single steps of a person who browses the web for another, with the page as text.

Address: github.com/memo-ozdincer/harmful-agents-meta-dataset, `data/processed/weblinx_sample.json` (100 steps of 7
demonstrations), at commit 6626fb4f693880dffbea6b76f260d0b9c37ab669. Its notes say MIT and CC-BY-NC-SA-4.0; WebLINX is
published under the latter, so it is NOT for commercial use. Paper: Lù et al. 2024.

A row, abbreviated; all fields are strings:
    {"demo": "abc", "turn": "6", "action": "click(uid=\\"67e2\\")", "viewport": "746h x 1536w",
     "action_history": "say(speaker=\\"navigator\\", utterance=\\"Hi\\")</s><s>[INST] say(...",
     "utterances": "[00:05] Hello ;", "candidates": "(uid = 67e2) [[tag]] input ...", "clean_html": "(html(body(..."}

The page and all that was said and done go into one user message, and the step is a call. The history is not split into
turns: its quotes are not escaped, it is cut to the last five turns, and no call in it has a result.

Quirks: the history has the marks of a Llama-2 prompt, which become line breaks; a row whose step is `say` holds the
whole prompt in `clean_html` and "None" elsewhere; a step on an element that the page as shown does not have cannot be
known, and is dropped.
"""

import ast
import re
from collections.abc import Iterator

from pydantic import BaseModel

from switchgear.data.labels.patterns import own_pattern
from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.texts import Origin, example, question
from switchgear.data.reading.tool_specs import inferred
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Message, Role, ToolCall, Trace

ORIGIN = Origin("weblinx", "CC-BY-NC-SA-4.0 (its copy also says MIT): not for commercial use")
ARGUMENTS: dict[str, dict[str, type]] = {
    "change": {"value": str, "uid": str},
    "click": {"uid": str},
    "load": {"url": str},
    "say": {"speaker": str, "utterance": str},
    "scroll": {"x": int, "y": int},
    "submit": {"uid": str},
    "text_input": {"text": str, "uid": str},
}
"""The actions that the prompt of WebLINX lists."""
TOOLS = inferred(
    ToolCall(name=name, arguments={argument: kind() for argument, kind in arguments.items()})
    for name, arguments in ARGUMENTS.items()
)
_MARKS = re.compile(r"\s*(?:(?:</?s>|\[/?INST\]|<</?SYS>>)\s*)+")


class Step(BaseModel):
    demo: str
    turn: str
    action: str
    action_history: str
    utterances: str
    candidates: str
    clean_html: str
    viewport: str

    @property
    def request(self) -> str:
        parts = {
            "Page": self.clean_html,
            "Viewport": self.viewport,
            "Elements": self.candidates,
            "Said": self.utterances,
            "Done": self.action_history,
        }
        text = "\n\n".join(f"{title}: {part}" for title, part in parts.items() if part != "None")
        return _MARKS.sub("\n", text).strip()


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every step, kept or dropped. Raises `DataError` for a file that is damaged or of another dataset."""
    checked(recipe, Options)
    for path in paths(recipe, ".json"):
        for row in shaped(tables.read(path), Step):
            yield row if isinstance(row, Drop) else _example(*row)


def _example(row: tables.Row, step: Step) -> Example | Drop:
    call = parse_action(step.action)
    if call is None:
        return Drop(reason="the action cannot be read", row=row.place)
    if call.arguments.get("uid", "") not in step.request:
        return Drop(reason="the action is on an element that is not shown", row=row.place)
    return example(
        ORIGIN,
        row,
        Role.BENIGN,
        (*question(step.request), Message(role="assistant", tool_calls=(call,))),
        id=f"{ORIGIN.name}/{step.demo}/{step.turn}",
        trace=Trace.CLEAN,
        tools=TOOLS,
        expectation=Expectation(expected=(own_pattern(call, step.request),)),
        group=f"{ORIGIN.name}/{step.demo}",
    )


def parse_action(action: str) -> ToolCall | None:
    """The call that `click(uid="67e2")` writes; None if it is not a known action with exactly its arguments."""
    try:
        written = ast.parse(action.strip(), mode="eval").body
        if not (isinstance(written, ast.Call) and isinstance(written.func, ast.Name)) or written.args:
            return None
        name, arguments = written.func.id, {str(word.arg): ast.literal_eval(word.value) for word in written.keywords}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    if {argument: type(value) for argument, value in arguments.items()} != ARGUMENTS.get(name):
        return None
    return ToolCall(name=name, arguments=arguments, id="call_0")
