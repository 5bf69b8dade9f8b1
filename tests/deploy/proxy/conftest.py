"""A fake server behind the proxy, in this process."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

pytest.importorskip("starlette", reason="the proxy needs switchgear[proxy]")
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from switchgear.deploy.proxy.app import Limits, build

SOUP = "Sure. " + "}{)(*&^%$#@!~<>?/|" * 8
PROSE = "The roses want water in the morning, the ferns in the evening, and the mint whenever it likes."


class Upstream:
    """Answers every chat request with `answer`, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer: Callable[[], Response] = lambda: JSONResponse(completion(PROSE))
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.sent = 0

    async def chat(self, request: Request) -> Response:
        self.requests.append(await request.json())
        self.keys.append(request.headers.get("authorization"))
        return self.answer()

    async def models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "garden"}]})

    def streams(self, *chunks: dict[str, Any] | str) -> None:
        async def events() -> AsyncIterator[str]:
            for chunk in chunks:
                self.sent += 1
                yield f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n"
            yield "data: [DONE]\n\n"

        self.answer = lambda: StreamingResponse(events(), media_type="text/event-stream")


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def client(upstream: Upstream):
    routes = [Route("/v1/chat/completions", upstream.chat, methods=["POST"]), Route("/v1/models", upstream.models)]
    app = build(
        "http://upstream/v1",
        Limits(request_bytes=2000, answer_bytes=20_000),
        transport=httpx.ASGITransport(Starlette(routes=routes)),
    )
    with TestClient(app) as client:
        yield client


def completion(content: str | None, *arguments: str, finish: str = "stop") -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if arguments:
        message["tool_calls"] = [
            {"id": f"call{number}", "type": "function", "function": {"name": "water", "arguments": text}}
            for number, text in enumerate(arguments)
        ]
    return {
        "id": "1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
    }


def call(arguments: str, **named: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": named["name"]} if named else {})}
    return {"tool_calls": [{"index": 0, "type": "function", "function": function}]}
