"""What goes wrong in the proxy, in the shape in which OpenAI's clients read errors. Contents stand in none of them."""

from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class ProxyError(Exception):
    """An answer with this status instead of a completion."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": str(self), "type": kind, "param": None, "code": self.status}}


def unreachable(error: Exception) -> ProxyError:
    """The server behind the proxy is not there, or too slow."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return ProxyError(504, "The server behind the proxy did not answer in time.")
    return ProxyError(502, f"The server behind the proxy cannot be reached ({type(error).__name__}).")


def no_completion() -> ProxyError:
    return ProxyError(502, "The server behind the proxy answered with something that is no chat completion.")


async def shown(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProxyError)
    return JSONResponse(error.body, error.status)


async def failed(_request: Request, error: Exception) -> Response:
    """A mistake of ours: its kind alone, since its text may quote what was asked."""
    failure = ProxyError(500, f"The proxy failed ({type(error).__name__}).")
    return JSONResponse(failure.body, failure.status)
