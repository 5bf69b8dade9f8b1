"""The command `proxy`: a guard in front of any OpenAI-compatible server."""

from typing import Annotated

import typer

from switchgear.cli.app import app, console
from switchgear.errors import RecipeError


@app.command(
    epilog="Example: switchgear proxy http://127.0.0.1:8000/v1 --port 8100, and clients ask http://127.0.0.1:8100/v1"
)
def proxy(
    upstream: Annotated[str, typer.Argument(metavar="URL", help="Of the server; it ends with the version: .../v1")],
    host: Annotated[str, typer.Option(help="Where to listen. The default takes requests of this machine alone.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8100,
    pause: Annotated[float, typer.Option(min=1, help="Seconds to wait for the next piece of an answer.")] = 120,
    whole: Annotated[float, typer.Option(min=1, help="Seconds for a whole answer.")] = 900,
    max_request: Annotated[float, typer.Option(min=0.01, help="MiB of a request.")] = 4,
    max_answer: Annotated[float, typer.Option(min=0.01, help="MiB of an answer.")] = 32,
    at_a_time: Annotated[int, typer.Option(min=1, help="Requests; more are turned away.")] = 64,
) -> None:
    """Stop answers that come apart, and calls that are malformed, in front of a server. Needs the extra `proxy`."""
    if not upstream.startswith(("http://", "https://")):
        raise RecipeError(f"{upstream!r} is no address. Give the server's, such as http://127.0.0.1:8000/v1.")
    try:
        import uvicorn

        from switchgear.deploy.proxy.app import Limits, build
    except ImportError as error:
        raise RecipeError("The proxy needs two more packages: pip install 'switchgear[proxy]'") from error

    limits = Limits(int(max_request * 2**20), int(max_answer * 2**20), pause=pause, whole=whole)
    console.print(f"Guarding {upstream} at http://{host}:{port}/v1. Ctrl-C stops.", soft_wrap=True)
    uvicorn.run(
        build(upstream, limits),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        limit_concurrency=at_a_time,
        timeout_graceful_shutdown=5,
    )
