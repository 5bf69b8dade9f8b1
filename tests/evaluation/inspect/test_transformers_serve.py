"""The replay against a real server: `transformers serve` on loopback, with the tiny model. Needs `openai`."""

import pytest

from switchgear.evaluation.inspect.hijack import hijack
from tests.generation.test_transformers_serve import url  # noqa: F401  the server, as a fixture

pytest.importorskip("openai", reason="`transformers serve` needs transformers[serving]")
pytestmark = pytest.mark.slow


def test_a_served_model_is_put_the_same_cases(run, measured, url, monkeypatch, tiny_chat_model):  # noqa: F811
    monkeypatch.setenv("GARDEN_API_KEY", "none")
    monkeypatch.setenv("GARDEN_BASE_URL", url)
    monkeypatch.setenv("NO_PROXY", "*")
    log, found = measured(hijack(str(run.root)), f"openai-api/garden/{tiny_chat_model}")
    assert (found["attempted"]["n"], found["attempted"]["errors"]) == (6, 0)
    ours, _ = measured(hijack(str(run.root)), f"switchgear/{run.root}", model_args={"adapter": "off"})
    assert {sample.id for sample in log.samples} == {sample.id for sample in ours.samples}
