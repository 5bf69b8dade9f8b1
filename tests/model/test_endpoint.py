"""A server that is scripted here: what is sent to it, and every way in which it can fail."""

import threading
import time

import pytest

from switchgear.errors import EndpointDownError, EndpointError, RecipeError
from switchgear.model import endpoint as module
from switchgear.model.endpoint import Endpoint, ask
from switchgear.recipe import EndpointRecipe
from tests.scripted_server import Request, Said, completion, serving

ASKED = [{"role": "user", "content": "Which bed is dry?"}]
SECRET = "key-of-the-garden-gate"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def endpoint(url: str, **fields: object) -> Endpoint:
    return Endpoint(EndpointRecipe.model_validate({"url": url, "model": "gardener", "attempts": 3} | fields))


def test_a_request_holds_model_messages_settings_and_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATE", SECRET)
    with serving(lambda _: completion("The roses.", finish="length")) as server:
        asked = endpoint(server.url + "/", key_variable="GATE", body={"top_k": 5, "top_p": None})
        reply = asked.chat(ASKED, temperature=0.5, top_p=0.9)
    assert (reply.message["content"], reply.finished, reply.revision) == ("The roses.", False, "fp1")
    [request] = server.requests
    assert request.body == {"model": "gardener", "messages": ASKED, "temperature": 0.5, "top_k": 5}
    assert request.headers["path"] == "/v1/chat/completions"
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(asked.recipe)


def test_no_key_is_sent_unless_a_variable_is_named_and_a_named_one_must_be_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GATE", raising=False)
    with serving(lambda _: completion("Yes.")) as server:
        endpoint(server.url).chat(ASKED)
        with pytest.raises(RecipeError, match="environment variable GATE, which is not set"):
            endpoint(server.url, key_variable="GATE")
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_tried_again(status: int):
    with serving(lambda r: completion("Yes.") if r.number == 2 else Said(status, "busy")) as server:
        assert endpoint(server.url).chat(ASKED).message["content"] == "Yes."
    assert len(server.requests) == 3


def test_what_does_not_pass_is_given_up_after_all_attempts():
    told = r"HTTP 500 \(Internal Server Error\)"
    with serving(lambda _: Said(500, "boom")) as server, pytest.raises(EndpointDownError, match=told) as raised:
        endpoint(server.url).chat(ASKED)
    assert len(server.requests) == 3
    assert "boom" not in str(raised.value)


@pytest.mark.parametrize(("status", "advice"), [(401, "key_variable"), (404, "`/v1`"), (422, "prefill")])
def test_what_no_request_would_pass_is_not_tried_again(status: int, advice: str):
    with serving(lambda _: Said(status, "no")) as server, pytest.raises(EndpointDownError, match=advice):
        endpoint(server.url).chat(ASKED)
    assert len(server.requests) == 1


def test_a_request_that_is_refused_for_itself_does_not_bring_the_server_down():
    with serving(lambda _: Said(400, "content filter")) as server, pytest.raises(EndpointError) as raised:
        endpoint(server.url).chat(ASKED)
    assert type(raised.value) is EndpointError
    assert len(server.requests) == 1


def test_a_server_that_takes_too_long_is_down():
    def slow(_: Request) -> Said:
        time.sleep(0.5)
        return completion("Late.")

    with serving(slow) as server, pytest.raises(EndpointDownError, match=r"cannot be reached .*Timeout"):
        endpoint(server.url, timeout=0.05, attempts=2).chat(ASKED)


def test_a_server_that_is_not_there_is_down():
    with serving(lambda _: completion("")) as server:
        pass
    with pytest.raises(EndpointDownError, match=r"cannot be reached .* Is the server running\?"):
        endpoint(server.url).chat(ASKED)


@pytest.mark.parametrize(
    "text", ["", "<html>secret</html>", "[]", "null", "{}", '{"choices": []}', '{"choices": [{"message": "secret"}]}']
)
def test_what_is_no_chat_completion_is_an_error_that_does_not_quote_it(text: str):
    with serving(lambda _: Said(200, text)) as server, pytest.raises(EndpointError, match="no chat") as raised:
        endpoint(server.url).chat(ASKED)
    assert "secret" not in str(raised.value)


def test_many_are_asked_at_a_time_and_come_back_in_order():
    meeting = threading.Barrier(3, timeout=5)

    def double(number: int) -> int:
        meeting.wait()  # passes only if three are under way
        if number == 2:
            raise EndpointError("no answer")
        return 2 * number

    first, second, failed = ask(double, range(3), at_a_time=3)
    assert (first, second, str(failed)) == (0, 2, "no answer")


def test_servers_that_answer_nothing_stop_the_work_and_those_that_answer_something_do_not():
    def down(number: int) -> int:
        if number:
            raise EndpointDownError("gone")
        return number

    assert ask(down, [], at_a_time=2) == []
    assert [type(result) for result in ask(down, [1, 0, 1], at_a_time=2)] == [EndpointDownError, int, EndpointDownError]
    with pytest.raises(EndpointDownError, match="gone"):
        ask(down, [1, 1], at_a_time=2)
