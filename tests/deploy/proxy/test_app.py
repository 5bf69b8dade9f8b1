import json
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient

from switchgear.deploy.proxy.app import HEADER, Limits, build
from switchgear.deploy.trips import REFUSAL
from tests.deploy.proxy.conftest import PROSE, SOUP, call, chunk, completion

ASKED = {"model": "garden", "messages": [{"role": "user", "content": "What do they want?"}]}


def ask(client: TestClient, **fields: Any) -> httpx.Response:
    headers = {"authorization": "Bearer key"}
    return client.post("/v1/chat/completions", json={**ASKED, **fields}, headers=headers)


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of a stream that has been ended as it should."""
    *lines, last = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert last == "[DONE]"
    return [json.loads(line) for line in lines]


def said(chunks: list[dict[str, Any]]) -> str:
    return "".join(part["delta"].get("content") or "" for each in chunks for part in each["choices"])


def test_a_sound_answer_and_the_models_come_through_as_they_are(client, upstream):
    response = ask(client, temperature=0.5)
    assert response.json() == completion(PROSE)
    assert response.headers[HEADER] == "passed"
    assert upstream.requests == [{**ASKED, "temperature": 0.5}]
    assert upstream.keys == ["Bearer key"]
    assert client.get("/v1/models").json()["data"] == [{"id": "garden"}]


def test_an_answer_that_comes_apart_becomes_a_refusal_that_says_so(client, upstream):
    upstream.answer = lambda: JSONResponse(completion(SOUP))
    response = ask(client)
    (choice,) = response.json()["choices"]
    assert choice["message"] == {"role": "assistant", "content": REFUSAL}
    assert choice["finish_reason"] == "content_filter"
    assert response.json()["switchgear"] == {"tripped": True, "reason": "incoherent", "written": len(SOUP)}
    assert response.headers[HEADER] == "tripped"
    assert "@!~" not in response.text


def test_a_malformed_call_becomes_an_empty_list_of_calls(client, upstream):
    upstream.answer = lambda: JSONResponse(completion(None, '{"bed": "ro', finish="tool_calls"))
    response = ask(client)
    assert response.json()["choices"][0]["message"] == {"role": "assistant", "content": REFUSAL, "tool_calls": []}
    assert response.json()["switchgear"]["reason"] == "malformed call"


def test_a_well_formed_call_and_one_that_was_cut_by_length_are_left_alone(client, upstream):
    for answer in (
        completion(None, '{"bed": "roses"}', "", finish="tool_calls"),
        completion(None, '{"bed": "ro', finish="length"),
    ):
        upstream.answer = lambda answer=answer: JSONResponse(answer)
        assert ask(client).json() == answer


def test_a_sound_stream_comes_through_piece_by_piece(client, upstream):
    given = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": word}) for word in PROSE.split(" "))]
    given += [chunk({}, "stop"), {"id": "1", "choices": [], "usage": {"total_tokens": 9}}]
    upstream.streams(*given)
    response = ask(client, stream=True)
    assert response.headers[HEADER] == "watching"
    assert events(response) == given


def test_a_stream_that_comes_apart_is_ended_by_a_refusal(client, upstream):
    upstream.streams(*(chunk({"content": SOUP[at : at + 6]}) for at in range(0, len(SOUP), 6)), chunk({}, "stop"))
    chunks = events(ask(client, stream=True))
    assert said(chunks).endswith(f"\n\n{REFUSAL}")
    assert len(said(chunks)) < 64 + len(REFUSAL)
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert chunks[-1]["switchgear"]["reason"] == "incoherent"
    assert not any("switchgear" in each for each in chunks[:-1])


def test_the_pieces_of_a_call_are_kept_until_it_is_whole_and_dropped_if_it_never_is(client, upstream):
    pieces = [chunk(call("", name="water")), chunk(call('{"bed": ')), chunk(call('"roses"}'))]
    upstream.streams(*pieces, chunk({}, "tool_calls"))
    assert events(ask(client, stream=True)) == [*pieces, chunk({}, "tool_calls")]

    upstream.streams(*pieces[:2], chunk({}, "tool_calls"))
    chunks = events(ask(client, stream=True))
    assert [each["choices"][0]["delta"] for each in chunks] == [{"content": REFUSAL}]
    assert chunks[0]["switchgear"]["reason"] == "malformed call"


def test_one_of_two_choices_is_stopped_and_the_other_goes_on(client, upstream):
    upstream.streams(chunk({"content": SOUP}, index=0), chunk({"content": PROSE}, index=1), chunk({}, "stop", index=1))
    chunks = events(ask(client, stream=True, n=2))
    assert [(each["choices"][0]["index"], each["choices"][0]["finish_reason"]) for each in chunks] == [
        (0, "content_filter"),
        (1, None),
        (1, "stop"),
    ]


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_an_error_of_the_server_is_passed_on(client, upstream, status: int):
    theirs = {"error": {"message": "no", "type": "theirs"}}
    upstream.answer = lambda: JSONResponse(theirs, status, headers={"retry-after": "7"})
    response = ask(client)
    assert (response.status_code, response.json(), response.headers["retry-after"]) == (status, theirs, "7")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Response("<html>no</html>", 503), 503),
        (Response("no json"), 502),
        (JSONResponse(["no object"]), 502),
        (JSONResponse({"choices": "none"}), 502),
        (JSONResponse({"choices": [{"message": "text"}]}), 502),
        (JSONResponse(completion("x" * 30_000)), 502),
    ],
)
def test_nonsense_from_the_server_is_an_error_that_quotes_none_of_it(client, upstream, answer: Response, status: int):
    upstream.answer = lambda: answer
    response = ask(client)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert not any(theirs in response.text for theirs in ("<html>", "no json", "xxx"))


@pytest.mark.parametrize(
    "given", ["no json", "[1]", {"choices": [7]}, {"choices": [{"index": 0, "delta": {"tool_calls": [7]}}]}]
)
def test_nonsense_in_a_stream_is_an_event_with_an_error(client, upstream, given: Any):
    upstream.streams(chunk({"content": "The roses"}), given)
    *_, last = ask(client, stream=True).text.strip().split("\n\n")
    assert "no chat completion" in json.loads(last.removeprefix("data: "))["error"]["message"]


def test_a_stream_that_is_too_long_is_cut(client, upstream):
    upstream.streams(*(chunk({"content": word}) for word in PROSE.split(" ") * 20))
    assert "longer than 20000 bytes" in ask(client, stream=True).text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}" + b" " * 3000, "application/json", 413),
        (b"{nonsense", "application/json", 400),
        (b"[" * 1500, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_a_bad_request_does_not_reach_the_server(client, upstream, body: bytes, kind: str, status: int):
    response = client.post("/v1/chat/completions", content=body, headers={"content-type": kind})
    assert (response.status_code, response.json()["error"]["code"]) == (status, status)
    assert upstream.requests == []


@pytest.mark.parametrize(("error", "status"), [(httpx.ConnectError("secret"), 502), (httpx.ReadTimeout("secret"), 504)])
def test_a_server_that_is_not_there_or_too_slow_is_a_gateway_error(error: Exception, status: int):
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with TestClient(build("http://upstream/v1", transport=httpx.MockTransport(fail))) as client:
        response = ask(client)
    assert response.status_code == status
    assert "secret" not in response.text


def test_a_server_that_hangs_is_given_up_after_the_time_for_a_whole_answer():
    import asyncio

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        raise AssertionError

    with TestClient(build("http://upstream/v1", Limits(whole=0.05), transport=httpx.MockTransport(hang))) as client:
        assert ask(client).status_code == 504


def test_nothing_that_is_asked_or_answered_is_logged(client, upstream, caplog, capfd):
    caplog.set_level("DEBUG", logger="switchgear")
    upstream.answer = lambda: JSONResponse(completion(SOUP))
    ask(client)
    out, err = capfd.readouterr()
    logged = caplog.text + out + err
    assert "What do they want" not in logged
    assert "@!~" not in logged
