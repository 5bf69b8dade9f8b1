"""A streamed completion: server-sent events in, chunks out, each choice watched on its own."""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx

from switchgear.deploy.proxy.answers import FIELD, Choice, Json
from switchgear.deploy.proxy.failures import ProxyError, no_completion


class Deadline:
    """The time at which an answer has to be whole."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def check(self) -> None:
        if time.monotonic() > self.end:
            raise ProxyError(504, "The answer took longer than the proxy allows.")


async def limited(response: httpx.Response, most: int) -> AsyncGenerator[bytes]:
    """The bytes of an answer. Raises `ProxyError` when they are more than `most`."""
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > most:
            raise ProxyError(502, f"The answer is longer than {most} bytes.")
        yield piece


async def chunks(response: httpx.Response, most: int, deadline: Deadline) -> AsyncIterator[Json]:
    """The JSON of each event up to `[DONE]`. Raises `ProxyError` if one has none, or it goes on for too long."""
    rest = b""
    async with aclosing(limited(response, most)) as pieces:
        async for piece in pieces:
            deadline.check()
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                name, _, data = line.strip().partition(b":")
                if name != b"data" or not data.strip():
                    continue
                if data.strip() == b"[DONE]":
                    return
                yield _object(data)


async def watched(given: AsyncIterator[Json], count: int, instead: str) -> AsyncIterator[Json]:
    """The chunks, as far as their choices hold. Once all `count` are over after a trip, the server is heard no more."""
    choices: dict[int, Choice] = {}
    async for chunk in given:
        try:
            passed = _grown(chunk, choices, instead)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise no_completion() from error
        for part in passed:
            yield part
        over = sum(choice.finished for choice in choices.values())
        if over >= count and any(choice.trip for choice in choices.values()):
            return


def _grown(chunk: Json, choices: dict[int, Choice], instead: str) -> list[Json]:
    """A chunk for each piece that is passed on; one without choices (the usage, or a server's error) as it is."""
    pieces = chunk.get("choices")
    if not pieces:
        return [chunk]
    passed = []
    for piece in pieces:
        choice = choices.setdefault(piece.get("index", 0), Choice(piece.get("index", 0), instead))
        was = choice.trip
        for part in choice.grow(piece):
            trip = choice.trip if choice.trip is not was else None
            told = {FIELD: {"tripped": True, **trip.model_dump()}} if trip else {}
            passed.append({**chunk, "choices": [part], **told})
    return passed


def _object(data: bytes) -> Json:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise no_completion() from error
    if not isinstance(found, dict):
        raise no_completion()
    return found
