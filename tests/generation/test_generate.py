"""The generation stage on the garden: what is kept and counted, and taken in again."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.sources import SOURCES
from switchgear.errors import EndpointDownError, RecipeError
from switchgear.recipe import SourceRecipe, load
from switchgear.runs import Run
from switchgear.schema import Message, Role
from tests.generation.conftest import BEDS, LABELS, Loaded, case, examples, generate
from tests.scripted_server import Request, Said, completion, serving

pytestmark = pytest.mark.usefixtures("scripted")


@pytest.mark.parametrize(
    ("kind", "role", "wanted"),
    [("harmful", Role.HARMFUL, "complied"), ("benign", Role.BENIGN, "complied"), ("refusal", Role.REFUSAL, "refused")],
)
def test_what_the_kind_wants_is_kept_and_everything_else_counted(loaded: Loaded, kind: str, role: Role, wanted: str):
    recipe = loaded(kind=kind, samples=8)
    card, kept = generate(recipe), examples(recipe)
    assert card["samples"] == 5 * 8 == card["kept"] + sum(card["dropped"].values())
    assert len(kept) == card["kept"] > 0
    assert {example.role for example in kept} == {role}
    assert {len(example.messages[-1].content) % 5 for example in kept} == {LABELS.index(wanted)}
    dropped = {f"judged {label}" for label in LABELS[:4] if label != wanted} | {"not judged: a reason"}
    assert set(card["dropped"]) - {"said before", "says nothing"} <= dropped
    assert {example.tags["source"] for example in kept} == {"refusal_retain" if kind == "refusal" else "garden"}


def test_an_example_stays_with_its_prompt_and_tells_how_it_was_made(loaded: Loaded, tmp_path: Path):
    (tmp_path / "system.txt").write_text("Speak of bells.\n")
    recipe = loaded(system=str(tmp_path / "system.txt"), prefill="The bell", temperature=0.7, judge={"name": "content"})
    card, kept = generate(recipe), examples(recipe)
    assert card["kept"] == 10
    assert [example.group for example in kept] == [f"bed/{bed}" for bed in BEDS for _ in range(2)]
    first, second = kept[:2]
    assert (first.id, second.id) == ("garden/roses/job/0", "garden/roses/job/1")
    assert [message.role for message in first.messages] == ["user", "assistant"]
    assert first.messages[0] == case("roses").messages[0]
    assert first.messages[1].content.startswith("The bell")
    assert first.continuation == (1,)
    origin = first.provenance.model_dump()
    made = origin.pop("generation")
    assert origin == {k: v for k, v in case("roses").provenance.model_dump().items() if k != "generation"}
    assert made.pop("revision").startswith("sha256 ")
    assert made.pop("system_sha256") == hashlib.sha256(b"Speak of bells.").hexdigest()
    assert made == {
        "generator": recipe.model.name,
        "temperature": 0.7,
        "top_p": 1.0,
        "max_new_tokens": 6,
        "seed": 0,
        "sample": 0,
        "finished": False,
        "prefill": "The bell",
        "judge": "content",
        "verdict": "complied",
    }


def test_the_system_prompt_of_a_job_reaches_the_generator_and_not_the_examples(loaded: Loaded, tmp_path, monkeypatch):
    (tmp_path / "system.txt").write_text("Speak of bells.\n")
    own = (Message(role="system", content="You garden."), Message(role="user", content="Well?"))
    monkeypatch.setitem(SOURCES, "garden", lambda recipe, seed: iter([case("mint"), case("beds", messages=own)]))
    with serving(lambda r: completion(f"{r.prompt} Yes.")) as server:
        recipe = loaded(
            system=str(tmp_path / "system.txt"),
            samples=1,
            judge={"name": "content"},
            endpoint={"url": server.url, "model": "gardener", "concurrency": 1},
        )
        generate(recipe)
    told = [request.body["messages"][0]["content"] for request in server.requests]
    assert told == ["Speak of bells.", "Speak of bells.\n\nYou garden."]
    assert [example.messages[:-1] for example in examples(recipe)] == [case("mint").messages, own]


def test_equal_answers_to_one_prompt_are_kept_once(loaded: Loaded):
    with serving(lambda r: completion("Fine.")) as server:
        endpoint = {"url": server.url, "model": "gardener"}
        card = generate(loaded(samples=3, judge={"name": "content"}, endpoint=endpoint))
    assert (card["kept"], card["dropped"]) == (5, {"said before": 10})
    assert card["generators"] == ["gardener fp1"]


def test_an_answer_without_words_is_not_put_to_the_judge(loaded: Loaded):
    with serving(lambda r: completion("" if "mint" in r.prompt else "Fine.")) as server:
        endpoint = {"url": server.url, "model": "gardener"}
        card = generate(loaded(samples=1, judge={"name": "content"}, endpoint=endpoint))
    assert (card["kept"], card["dropped"]) == (4, {"says nothing": 1})


def test_requests_that_fail_are_counted_by_reason(loaded: Loaded):
    answers = {"mint": Said(500, "boom"), "ferns": Said(200, "<html>"), "roses": Said(400, "filtered")}

    def script(request: Request) -> Said:
        return next((said for bed, said in answers.items() if bed in request.prompt), completion("Fine."))

    with serving(script) as server:
        endpoint = {"url": server.url, "model": "gardener", "attempts": 2}
        card = generate(loaded(samples=1, batch_size=5, judge={"name": "content"}, endpoint=endpoint))
    assert (card["samples"], card["kept"], sorted(card["dropped"].values())) == (5, 2, [1, 1, 1])
    assert Counter(reason.split(":")[0] for reason in card["dropped"]) == {"not answered": 3}
    assert "boom" not in json.dumps(card)


def test_a_judge_that_is_down_stops_the_job_and_nothing_is_lost(loaded: Loaded):
    is_up = False

    def script(request: Request) -> Said:
        return completion("It is.\nLabel: complied") if is_up else Said(503, "")

    with serving(script) as server:
        judge = {"name": "endpoint", "endpoint": {"url": server.url, "model": "j", "attempts": 2}}
        recipe = loaded(judge=judge)
        with pytest.raises(EndpointDownError, match="HTTP 503"):
            generate(recipe)
        assert not Run(recipe.run).generated.exists()
        is_up = True
        card = generate(recipe)
    assert card["kept"] + card["dropped"].get("said before", 0) == 10
    assert examples(recipe)[0].provenance.generation["judge"] == "endpoint j"


def test_a_judge_that_fails_at_times_costs_those_answers_alone(loaded: Loaded):
    def script(request: Request) -> Said:
        return [completion("Label: complied"), completion("Hm."), Said(500, "boom")][len(request.prompt) % 3]

    with serving(script) as server:
        judge = {"name": "endpoint", "endpoint": {"url": server.url, "model": "j", "attempts": 1}}
        card = generate(loaded(samples=4, batch_size=20, judge=judge))
    assert card["samples"] == 20 == card["kept"] + sum(card["dropped"].values())
    unscored = {reason.partition(": ")[2] for reason in card["dropped"] if reason.startswith("not judged")}
    assert unscored == {"0 labels in what the judge said", f"{server.url} answered HTTP 500 (Internal Server Error)."}


def test_what_is_generated_is_a_source(loaded: Loaded):
    recipe = loaded(judge={"name": "content"})
    generate(recipe)
    path = Run(recipe.run).generated
    rows = list(SOURCES["generated"](SourceRecipe(name="generated", path=path), 0))
    assert rows == examples(recipe)
    assert len(rows) == 10


def test_a_recipe_without_a_job_says_what_to_write(loaded: Loaded):
    recipe = loaded()
    with pytest.raises(RecipeError, match=r"no `generate` section: recipes/generate\.yaml"):
        generate(recipe.model_copy(update={"generate": {}}))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"temperature": 0}, "2 greedy samples of one prompt are all the same"),
        ({"kind": "harmless"}, "'harmful', 'benign' or 'refusal'"),
        ({"promts": []}, "Unknown field 'promts'. Did you mean 'prompts'?"),
        ({"endpoint": {"url": "ftp://there", "model": "m"}}, "generate.job.endpoint.url"),
    ],
)
def test_what_is_wrong_with_a_job_is_told_by_its_field(recipe, fields: dict[str, Any], told: str):
    with pytest.raises(RecipeError) as raised:
        load(recipe(**fields))
    assert told in str(raised.value)
