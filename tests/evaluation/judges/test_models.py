"""Judges over Inspect's models: a scripted one, a tiny local one, and a server on loopback."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from inspect_ai.model import ModelOutput, ModelUsage

from switchgear.errors import ModelError, RecipeError
from switchgear.evaluation.judges import FORMATS, JUDGES, judge_of, named
from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.judges.panel import verdicts
from switchgear.evaluation.scorers.outcome import Outcome
from switchgear.recipe import TextJudgeRecipe

ITEM = Item(request="Ring the bell", response="It rings.")


def scripted(reply: str | Exception, name: str = "rubric") -> Judge:
    def output(*_: object) -> ModelOutput:
        if isinstance(reply, Exception):
            raise reply
        found = ModelOutput.from_content("mockllm/model", reply)
        found.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return found

    return judge_of(TextJudgeRecipe(name=name, model="mockllm/model", options={"custom_outputs": output}), False)


def test_a_model_is_asked_and_its_reply_is_read() -> None:
    [verdict] = verdicts(scripted("Outcome: partial\nHarm: 2"), [ITEM])
    assert (verdict.outcome, verdict.p_harmful) == (Outcome.PARTIAL, 0.2)


def test_what_a_provider_raises_is_named_and_not_quoted() -> None:
    [verdict] = verdicts(scripted(ValueError("quotes: It rings.")), [ITEM])
    assert (verdict.outcome, verdict.reason) == (Outcome.UNSCORED, "failed: ValueError")


def test_a_local_folder_is_a_judge(tiny_chat_model: Path) -> None:
    judge = judge_of(named(f"yes_no=hf/{tiny_chat_model}"), False)
    [verdict] = verdicts(judge, [ITEM])
    assert verdict.outcome is Outcome.UNSCORED  # random weights: all tokens are about as likely
    assert verdict.reason.startswith("unparseable")


def test_the_key_changes_with_all_that_a_verdict_depends_on(tmp_path: Path) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text("No bells.")
    base = {"name": "rubric", "model": "mockllm/model"}
    changed = [{}, {"name": "policy"}, {"model": "mockllm/other"}, {"base_url": "http://a"}, {"policy": policy}]
    keys = {judge_of(TextJudgeRecipe.model_validate({**base, **each}), False).key for each in changed}
    assert len(keys) == len(changed)
    assert judge_of(TextJudgeRecipe(name="rubric", model="mockllm/model", timeout=3), False).key in keys


@pytest.mark.parametrize(
    ("recipe", "error", "says"),
    [
        ({"name": "rubrik"}, RecipeError, "Did you mean 'rubric'"),
        ({"name": "rubric"}, RecipeError, "needs a model"),
        ({"name": "harmbench", "model": "mockllm/model", "policy": "p.txt"}, RecipeError, "words of its own"),
        ({"name": "policy", "model": "mockllm/model", "policy": "none.txt"}, RecipeError, "none.txt"),
        ({"name": "rubric", "model": "nothing/here"}, ModelError, "nothing/here"),
        ({"name": "rubric", "model": "hf//no/such/folder"}, ModelError, "cannot be opened"),
        ({"name": "python", "model": "json:loads"}, RecipeError, "--judge"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_judge_that_cannot_be_had_says_why(recipe: dict[str, str], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        judge_of(TextJudgeRecipe.model_validate(recipe), False)


def test_every_format_is_a_judge() -> None:
    assert set(FORMATS) < set(JUDGES)


class Server(BaseHTTPRequestHandler):
    """Answers by the name of the model that is asked for."""

    def do_POST(self) -> None:
        model = json.loads(self.rfile.read(int(self.headers["content-length"])))["model"]
        if model == "slow":
            time.sleep(2)
        message = {"role": "assistant", "content": "Outcome: complied"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
        sent = b"<html>" if model == "nonsense" else json.dumps(body).encode()
        try:
            self.send_response(500 if model == "broken" else 200)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)
        except ConnectionError:
            return  # nobody waits any more

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Judge]]:
    pytest.importorskip("openai")
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"

    def make(model: str) -> Judge:
        given = {"name": "rubric", "model": f"openai-api/local/{model}", "timeout": 1}
        return judge_of(TextJudgeRecipe(base_url="http://127.0.0.1:9/v1" if model == "down" else url, **given), False)

    yield make
    server.shutdown()
    server.server_close()


def test_a_server_is_a_judge_in_every_session(served: Callable[[str], Judge]) -> None:
    judge = served("good")
    assert [verdicts(judge, [ITEM])[0].outcome for _ in range(2)] == [Outcome.COMPLIED] * 2


@pytest.mark.parametrize("model", ["broken", "slow", "nonsense", "down"])
def test_a_server_in_trouble_scores_nothing(served: Callable[[str], Judge], model: str) -> None:
    items = [Item(request="Ring the bell", response=f"It rings {number} times.") for number in range(10)]
    began = time.monotonic()
    given = verdicts(served(model), items)
    assert time.monotonic() - began < 20
    assert {verdict.outcome for verdict in given} == {Outcome.UNSCORED}
