"""The proxy as an ASGI application: requests go to the server as they are, answers come back as far as they hold.

What is asked and answered is neither logged nor kept, and stands in no error.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from switchgear.deploy.proxy.answers import FIELD, Json, guarded
from switchgear.deploy.proxy.failures import ProxyError, failed, no_completion, shown, unreachable
from switchgear.deploy.proxy.stream import Deadline, chunks, limited, watched
from switchgear.deploy.trips import REFUSAL

HEADER = "x-switchgear-guard"
"""Of every answer: `passed` or `tripped` if it is whole, `watching` if it is streamed: then its last chunk tells."""


@dataclass(frozen=True)
class Limits:
    """Bytes of a request and of an answer; seconds to connect, between two pieces of either, and for a whole answer."""

    request_bytes: int = 4 * 2**20
    answer_bytes: int = 32 * 2**20
    connect: float = 10.0
    pause: float = 120.0
    whole: float = 900.0


def build(
    upstream: str,
    limits: Limits | None = None,
    instead: str = REFUSAL,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """The application in front of the server at `upstream`, whose address ends with the version (`/v1`).

    `instead` is said in the place of what is stopped. `transport` is for tests.
    """
    proxy = _Proxy(upstream.rstrip("/"), limits or Limits(), instead, transport)
    routes = [
        Route("/v1/models", proxy.models, methods=["GET"]),
        Route("/v1/chat/completions", proxy.chat, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=proxy.lifespan, exception_handlers={ProxyError: shown, Exception: failed})


class _Proxy:
    def __init__(self, upstream: str, limits: Limits, instead: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self.upstream, self.limits, self.instead = upstream, limits, instead
        timeout = httpx.Timeout(limits.pause, connect=limits.connect)
        self.client = httpx.AsyncClient(timeout=timeout, transport=transport, follow_redirects=False)

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with self.client:
            yield

    async def models(self, request: Request) -> Response:
        response = await self._send("GET", "/models", request)
        return await self._passed_on(response)

    async def chat(self, request: Request) -> Response:
        body = await self._body(request)
        response = await self._send("POST", "/chat/completions", request, body)
        if not response.is_success:
            return await self._passed_on(response)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            asked = json.loads(body).get("n")
            count = asked if isinstance(asked, int) else 1
            return StreamingResponse(
                self._stream(response, count), media_type="text/event-stream", headers={HEADER: "watching"}
            )
        return self._guarded(await self._whole(response))

    def _guarded(self, completion: Json) -> Response:
        try:
            pairs = [guarded(choice, self.instead) for choice in completion["choices"]]
        except (LookupError, TypeError, AttributeError) as error:
            raise no_completion() from error
        trips = [trip for _, trip in pairs if trip]
        told = {FIELD: {"tripped": True, **trips[0].model_dump()}} if trips else {}
        headers = {HEADER: "tripped" if trips else "passed"}
        return JSONResponse({**completion, "choices": [choice for choice, _ in pairs], **told}, headers=headers)

    async def _stream(self, response: httpx.Response, count: int) -> AsyncIterator[str]:
        """Server-sent events. A failure is an event of its own: the status is long sent."""
        try:
            deadline = Deadline(self.limits.whole)
            async for chunk in watched(chunks(response, self.limits.answer_bytes, deadline), count, self.instead):
                yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
            yield "data: [DONE]\n\n"
        except ProxyError as failure:
            yield f"data: {json.dumps(failure.body)}\n\n"
        except httpx.HTTPError as error:
            yield f"data: {json.dumps(unreachable(error).body)}\n\n"
        finally:
            await response.aclose()

    async def _body(self, request: Request) -> bytes:
        """The request, checked as far as to be sent on: JSON, of bounded size, and not from a web page's form."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise ProxyError(415, "Send the request as application/json.")
        body = b""
        try:
            async with asyncio.timeout(self.limits.pause):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self.limits.request_bytes:
                        raise ProxyError(413, f"A request may have {self.limits.request_bytes} bytes.")
            if not isinstance(json.loads(body), dict):
                raise ProxyError(400, "A request is a JSON object.")
        except TimeoutError as error:
            raise ProxyError(408, "The request did not arrive in time.") from error
        except (ValueError, RecursionError) as error:
            raise ProxyError(400, "The request is not JSON.") from error
        return body

    async def _send(self, method: str, path: str, request: Request, body: bytes | None = None) -> httpx.Response:
        headers = {"accept-encoding": "identity", "content-type": "application/json"}
        if key := request.headers.get("authorization"):
            headers["authorization"] = key
        outgoing = self.client.build_request(method, self.upstream + path, content=body, headers=headers)
        try:
            async with asyncio.timeout(self.limits.whole):
                return await self.client.send(outgoing, stream=True)
        except (httpx.HTTPError, TimeoutError) as error:
            raise unreachable(error) from error

    async def _whole(self, response: httpx.Response) -> Json:
        try:
            async with asyncio.timeout(self.limits.whole):
                body = b"".join([piece async for piece in limited(response, self.limits.answer_bytes)])
            found: Any = json.loads(body)
        except (httpx.HTTPError, TimeoutError) as error:
            raise unreachable(error) from error
        except (ValueError, RecursionError) as error:
            raise no_completion() from error
        finally:
            await response.aclose()
        if not isinstance(found, dict):
            raise no_completion()
        return found

    async def _passed_on(self, response: httpx.Response) -> Response:
        """An answer that is no completion: a list of models, or the server's own error with its status."""
        try:
            body = await self._whole(response)
        except ProxyError as failure:
            if response.is_success:
                raise
            raise ProxyError(response.status_code, f"The server answered HTTP {response.status_code}.") from failure
        again = response.headers.get("retry-after")
        return JSONResponse(body, response.status_code, headers={"retry-after": again} if again else None)
