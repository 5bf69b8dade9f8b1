"""An OpenAI-compatible server on loopback that answers what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Request(NamedTuple):
    """`number` counts the requests of this server, from 0."""

    number: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def prompt(self) -> str:
        """What the user said last."""
        return str([message for message in self.body["messages"] if message["role"] == "user"][-1]["content"])


class Said(NamedTuple):
    status: int
    text: str


Script = Callable[[Request], Said]


class Server(NamedTuple):
    url: str
    requests: list[Request]


def completion(content: str, finish: str = "stop", **message: Any) -> Said:
    """A well-formed chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return Said(200, json.dumps({"choices": [choice], "system_fingerprint": "fp1"}))


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    requests: list[Request] = []
    counting = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with counting:
                requests.append(Request(len(requests), body, {"path": self.path, **self.headers}))
                request = requests[-1]
            said = script(request)
            with suppress(BrokenPipeError):  # who asked did not wait
                self.send_response(said.status)
                self.end_headers()
                self.wfile.write(said.text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}/v1", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
