"""Against a real server: `transformers serve` on loopback, with the tiny model. Needs `transformers[serving]`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from switchgear.errors import EndpointDownError
from switchgear.generation.generate import generate
from switchgear.runs import Run, read_models
from switchgear.schema import Example
from tests.generation.conftest import BEDS

pytest.importorskip("openai", reason="`transformers serve` needs transformers[serving]")
pytestmark = pytest.mark.slow
SAMPLING = '{"do_sample": true}'  # the server's default is the model's own, which is greedy


@pytest.fixture(scope="module")
def url(tiny_chat_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve"]
    given = [str(tiny_chat_model), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("w") as file:
        process = subprocess.Popen([*command, *given], stdout=file, stderr=file, env=os.environ | {"NO_PROXY": "*"})
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise TimeoutError(log.read_text())


def job(url: str, model: Path, **fields: Any) -> dict[str, Any]:
    endpoint = {"url": url, "model": str(model), "body": {"generation_config": SAMPLING}, "attempts": 1}
    return {"endpoint": endpoint, "judge": {"name": "rules"}, **fields}


def test_a_real_server_answers_and_every_sample_is_accounted_for(url: str, loaded: Any, tiny_chat_model: Path):
    recipe = loaded(**job(url, tiny_chat_model, max_new_tokens=16))
    card = generate(recipe, Run(recipe.run), Console(quiet=True))["job"]
    assert card["samples"] == 2 * len(BEDS) == card["kept"] + sum(card["dropped"].values())
    assert not any(reason.startswith("not answered") for reason in card["dropped"]), card["dropped"]
    kept = list(read_models(Run(recipe.run).generated / "job.jsonl", Example))
    assert kept
    assert len({example.messages[-1].content for example in kept}) > 1
    assert {example.provenance.generation["generator"] for example in kept} == {str(tiny_chat_model)}


def test_a_prefill_that_a_real_server_cannot_continue_is_told(url: str, loaded: Any, tiny_chat_model: Path):
    recipe = loaded(**job(url, tiny_chat_model, prefill="The bell"))
    with pytest.raises(EndpointDownError, match=r"HTTP 422 .* continue a `prefill`"):
        generate(recipe, Run(recipe.run), Console(quiet=True))
