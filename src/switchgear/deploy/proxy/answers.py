"""One choice of a chat completion, whole or in pieces: passed on as long as it holds together. Pure functions of JSON.

Text is passed on once it has been looked at. The pieces of tool calls are kept until the server has finished them: a
client cannot run half a call, and must not run one that the guard stops.
"""

import json
from typing import Any

from switchgear.deploy.trips import REFUSAL, Reason, Trip, comes_apart

Json = dict[str, Any]
TEXTS = ("content", "reasoning_content", "reasoning")
EVERY = 32
"""Characters between two looks at a growing text."""
FIELD = "switchgear"
"""Where in a completion or a chunk a trip is told: `{"tripped": true, "reason": "incoherent", "written": 96}`."""


class Choice:
    """A choice as it grows. `trip` says why it was stopped; `finished` that no more of it is passed on."""

    def __init__(self, index: int, instead: str = REFUSAL) -> None:
        self.index, self.instead = index, instead
        self.trip: Trip | None = None
        self.finished = False
        self._text, self._seen = "", 0
        self._calls: dict[int, str] = {}
        self._kept: list[Json] = []

    def grow(self, piece: Json) -> list[Json]:
        """What to pass on of the next piece, in order."""
        if self.finished:
            return []
        delta, reason = dict(piece.get("delta") or {}), piece.get("finish_reason")
        self._text += "".join(part for name in TEXTS if isinstance(part := delta.get(name), str))
        if calls := delta.pop("tool_calls", None):
            self._keep(calls)
        if why := self._wrong(reason):
            return [self._stopped(why)]
        self.finished = reason is not None
        if not self.finished:
            return [piece | {"delta": delta}] if delta else []
        kept = [{"index": self.index, "delta": {"tool_calls": [call]}, "finish_reason": None} for call in self._kept]
        return [*kept, piece | {"delta": delta}]

    def _keep(self, calls: list[Json]) -> None:
        self._kept += calls
        for call in calls:
            number = call.get("index") or 0
            written = (call.get("function") or {}).get("arguments") or ""
            self._calls[number] = self._calls.get(number, "") + str(written)

    def _wrong(self, reason: str | None) -> Reason | None:
        size = len(self._text) + sum(map(len, self._calls.values()))
        if reason is None and size < self._seen + EVERY:
            return None
        self._seen = size
        return wrong(self._text, list(self._calls.values()), reason)

    def _stopped(self, why: Reason) -> Json:
        self.finished = True
        self.trip = Trip(reason=why, written=len(self._text) + sum(map(len, self._calls.values())))
        said = f"\n\n{self.instead}" if self._text else self.instead
        return {"index": self.index, "delta": {"content": said}, "finish_reason": "content_filter"}


def guarded(choice: Json, instead: str = REFUSAL) -> tuple[Json, Trip | None]:
    """A whole choice, or the refusal in its place."""
    message = choice.get("message") or {}
    text = "".join(part for name in TEXTS if isinstance(part := message.get(name), str))
    functions = [call.get("function") or {} for call in message.get("tool_calls") or ()]
    written = [str(function.get("arguments") or "") for function in functions]
    why = wrong(text, written, choice.get("finish_reason") or "stop")
    if why is None:
        return choice, None
    said: Json = {"role": "assistant", "content": instead, **({"tool_calls": []} if functions else {})}
    stopped = {"index": choice.get("index", 0), "message": said, "finish_reason": "content_filter"}
    return stopped, Trip(reason=why, written=len(text) + sum(map(len, written)))


def wrong(text: str, calls: list[str], finish_reason: str | None) -> Reason | None:
    """Why an answer is to be stopped, whose calls have these arguments. Those that ended by length may be cut."""
    if comes_apart(text) or any(map(comes_apart, calls)):
        return "incoherent"
    ended = finish_reason not in (None, "length")
    return "malformed call" if ended and not all(map(_is_object, calls)) else None


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments or "{}"), dict)
    except (ValueError, RecursionError):
        return False
