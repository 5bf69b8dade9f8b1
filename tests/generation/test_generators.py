"""Who answers: a tiny model here, or a scripted server."""

import json
from pathlib import Path
from typing import Any

import pytest

from switchgear.errors import EndpointDownError
from switchgear.generation.generators import Answer, Local, Served
from switchgear.recipe import EndpointRecipe
from switchgear.schema import Message, ToolCall, ToolSpec
from tests.generation.conftest import BEDS, case, job
from tests.scripted_server import Request, Said, completion, serving

CASES = [case(bed) for bed in BEDS]
WATER = ToolSpec(name="water", description="Water a bed.")
PAST = (
    Message(role="system", content="You garden."),
    Message(role="user", content="Water the mint."),
    Message(role="assistant", tool_calls=(ToolCall(name="water", arguments={"bed": "mint"}, id="c1"),)),
    Message(role="tool", content="done", tool_call_id="c1", name="water"),
)


@pytest.fixture
def local(loaded: Any) -> Local:
    return Local(loaded())


def contents(answers: list[Answer]) -> list[str]:
    return [answer.message.content if answer.message else "" for answer in answers]


def test_the_local_model_answers_every_prompt_and_begins_with_the_prefill(local: Local, tiny_chat_model: Path):
    answers = local(CASES, job(max_new_tokens=6, prefill="The old bell "), seed=1)
    assert all(content.startswith("The old bell ") for content in contents(answers))
    assert len(set(contents(answers))) > 1
    assert {answer.generator for answer in answers} == {str(tiny_chat_model)}
    assert {answer.revision[:7] for answer in answers} == {"sha256 "}
    assert {answer.finished for answer in answers} == {False}


def test_a_prefill_stands_after_the_generation_prompt(local: Local, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []

    def sample(model: Any, tokenizer: Any, contexts: list[list[int]], **_: Any) -> list[tuple[list[int], bool]]:
        read.extend(tokenizer.decode(context) for context in contexts)
        return [([], True)] * len(contexts)

    monkeypatch.setattr("switchgear.generation.generators.sample", sample)
    local(CASES[:1], job(prefill="The old bell"), seed=1)
    assert read[0].endswith("Tell of the roses.<|im_end|>\n<|im_start|>assistant\nThe old bell")


def test_the_seed_alone_makes_samples_differ(local: Local):
    first, again, other = (contents(local(CASES, job(max_new_tokens=6), seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_prompt_that_is_too_long_fails_and_the_others_are_answered(loaded: Any):
    long = case("hedge", messages=(Message(role="user", content="hedge " * 600),))
    first, failed, last = Local(loaded())([CASES[0], long, CASES[1]], job(max_new_tokens=4), seed=0)
    assert failed.failure == "longer than 1024 tokens"
    assert failed.message is None
    assert all(contents([first, last]))
    [alone] = Local(loaded())([long], job(max_new_tokens=4), seed=0)
    assert alone == failed


@pytest.mark.parametrize(
    ("written", "calls", "failure"),
    [
        ('I do.<tool_call>{"name": "water", "arguments": {"bed": "mint"}}</tool_call>', ["water"], ""),
        ('<tool_call>{"name": "water", "argu', [], "a call that cannot be read"),
    ],
)
def test_calls_are_read_where_tools_are_offered(
    local: Local, written: str, calls: list[str], failure: str, monkeypatch: pytest.MonkeyPatch
):
    ids = local.tokenizer(written, add_special_tokens=False)["input_ids"]
    monkeypatch.setattr("switchgear.generation.generators.sample", lambda *_, **__: [(ids, True)] * 2)
    with_tools, without = local([case("mint", tools=(WATER,)), case("mint")], job(), seed=0)
    assert with_tools.failure == failure
    assert [call.name for call in with_tools.message.tool_calls] == calls if calls else with_tools.message is None
    assert without.message.tool_calls == ()
    assert without.message.content == written


def served(script: Any, *prompts: Any, attempts: int = 1, **fields: Any) -> tuple[list[Answer], list[Request]]:
    with serving(script) as server:
        recipe = EndpointRecipe(url=server.url, model="gardener", attempts=attempts)
        return Served(recipe)(prompts or CASES, job(**fields), seed=7), server.requests


def test_a_served_model_is_asked_with_the_settings_and_a_seed_for_each_answer():
    answers, requests = served(lambda r: completion(f"On {r.prompt}", finish="length"), temperature=0.5, top_p=0.9)
    assert contents(answers) == [f"On Tell of the {bed}." for bed in BEDS]
    assert {(a.generator, a.revision, a.finished) for a in answers} == {("gardener", "fp1", False)}
    settings = [{key: value for key, value in r.body.items() if key not in ("messages", "seed")} for r in requests]
    assert settings == [{"model": "gardener", "temperature": 0.5, "top_p": 0.9, "max_tokens": 256}] * len(BEDS)
    assert {r.prompt: r.body["seed"] for r in requests} == {f"Tell of the {bed}.": 7 + n for n, bed in enumerate(BEDS)}


def test_a_served_model_is_given_the_whole_conversation_and_its_calls_are_read_back():
    call = {"id": "x", "type": "function", "function": {"name": "water", "arguments": '{"bed": "mint"}'}}
    prompt = case("mint", messages=PAST, tools=(WATER,))
    [answer], [request] = served(lambda _: completion("", finish="tool_calls", tool_calls=[call]), prompt)
    assert answer.message.tool_calls == (ToolCall(name="water", arguments={"bed": "mint"}, id="x"),)
    system, user, assistant, tool = request.body["messages"]
    assert (system["content"], user["content"]) == ("You garden.", "Water the mint.")
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"bed": "mint"}
    assert assistant["tool_calls"][0]["id"] == tool["tool_call_id"] == "c1"
    [offered] = request.body["tools"]
    assert offered["function"] == {
        "name": "water",
        "description": "Water a bed.",
        "parameters": {"type": "object", "properties": {}},
    }


def test_a_served_model_is_asked_to_go_on_from_the_prefill():
    [answer], [request] = served(lambda _: completion(" roses are red."), CASES[0], prefill="Sure, the")
    assert answer.message.content == "Sure, the roses are red."
    assert request.body["messages"][-1] == {"role": "assistant", "content": "Sure, the"}
    assert (request.body["continue_final_message"], request.body["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize("said", [Said(400, "filtered"), Said(500, "boom"), Said(200, "nonsense"), completion(7)])
def test_what_is_not_answered_is_a_failure_of_that_prompt_alone(said: Said):
    answers, _ = served(lambda r: said if "mint" in r.prompt else completion("Fine."))
    [failed] = [answer for answer in answers if answer.failure]
    assert (failed.message, answers.index(failed)) == (None, BEDS.index("mint"))
    assert not any(word in failed.failure for word in ("filtered", "boom", "nonsense"))


def test_a_server_that_answers_nothing_stops_the_work():
    with pytest.raises(EndpointDownError, match="HTTP 503"):
        served(lambda _: Said(503, ""))


def test_an_address_with_a_password_in_it_is_refused():
    with pytest.raises(ValueError, match="should match pattern"):
        EndpointRecipe(url="http://me:password@there/v1", model="gardener")
