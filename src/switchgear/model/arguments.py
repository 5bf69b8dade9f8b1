"""Where a template wrote the arguments of a call: as JSON, or in any other way that keeps their strings."""

import json
import re
from typing import Any

from switchgear.model.conversation import Call
from switchgear.model.marker import Label, Place
from switchgear.model.marking import Located


def find_arguments(located: Located, at: tuple[int, int], call: Call, start: int, limit: int) -> Place | None:
    """The arguments of call `at` (turn, number) between `start` and `limit`.

    JSON that reads back as the arguments; else what stands from the first key to the last value, if all are there in
    order. None if there are no arguments and the template writes nothing for that.

    Raises:
        TemplateError: a key or value that the template drops or changes.
    """
    text, places = located.text[:limit], located.places
    keys = (places.get(("key", *at, key)) for key in call.arguments)
    first = min((place[0] for place in keys if place), default=limit)
    for opening in re.compile(r'[{"]').finditer(text, start, first):
        if end := _reads_back(text, opening.start(), call.arguments):
            return opening.start(), end
    if not call.arguments:
        return None
    last = _end(text, start, call.arguments, at, places)
    if last is None or first >= last:
        raise located.rendering.unverified(f"it drops or changes an argument of a call to {call.name!r}")
    return first, last


def spells(written: str, source: str) -> bool:
    """Whether `written` is `source`, as it is or escaped for a string of JSON or Python."""
    python = source.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    json_forms = (json.dumps(source)[1:-1], json.dumps(source, ensure_ascii=False)[1:-1])
    return written in (source, *json_forms, repr(source)[1:-1], python)


def _reads_back(text: str, place: int, arguments: dict[str, Any]) -> int:
    """The end of the JSON at `place` if it is `arguments`, or a string that holds them; else 0."""
    try:
        value, end = json.JSONDecoder().raw_decode(text, place)
        if isinstance(value, str):
            value = json.loads(value)
    except (ValueError, RecursionError):
        return 0
    return int(end) if value == arguments else 0


def _end(text: str, cursor: int, value: Any, at: Label, places: dict[Label, Place]) -> int | None:
    """Where the last leaf of `value` ends, if all are found: keys and strings at their marks, others after `cursor`."""
    if isinstance(value, dict | list) and value:
        last = cursor
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key and isinstance(key, str):
                place = places.get(("key", *at, key))
                cursor = place[1] if place else len(text)
            end = _end(text, cursor, item, (*at, key), places) if cursor < len(text) else None
            if end is None:
                return None
            cursor, last = end, max(end, last)
        return last
    if value == "":
        return cursor
    if isinstance(value, str):
        place = places.get(("leaf", *at))
        return place[1] if place and place[0] >= cursor and spells(text[slice(*place)], value) else None
    found = [(text.find(spelling, cursor), len(spelling)) for spelling in (json.dumps(value), str(value))]
    return min((place + length for place, length in found if place >= 0), default=None)
