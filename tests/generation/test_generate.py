"""The generation stage on the garden: what is kept and counted, cut off and resumed, and taken in again."""

import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from switchgear.data.sources import SOURCES
from switchgear.errors import EndpointDownError, RecipeError
from switchgear.generation import generate as stage
from switchgear.generation.judges import JUDGES, Verdict
from switchgear.model import sampling
from switchgear.recipe import Recipe, SourceRecipe, load
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Message, Role
from tests.generation.conftest import BEDS, case
from tests.scripted_server import Request, Said, completion, serving

Loaded = Callable[..., Recipe]
LABELS = ("complied", "partial", "refused", "incoherent", "unscored")
BATCHES = 4  # five beds, two samples of each, three at a time


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge whose verdict depends on how many characters an answer has."""

    def judge(prompt: Example, answer: Message) -> Verdict:
        return Verdict(label=LABELS[len(answer.content) % 5], reason="a reason")

    monkeypatch.setitem(JUDGES, "scripted", lambda job: judge)
    monkeypatch.setitem(JUDGES, "content", lambda job: lambda prompt, answer: Verdict(label="complied"))


def generate(recipe: Recipe) -> dict[str, Any]:
    return stage.generate(recipe, Run(recipe.run), Console(file=io.StringIO()))["job"]


def examples(recipe: Recipe) -> list[Example]:
    return list(read_models(Run(recipe.run).generated / "job.jsonl", Example))


def written(recipe: Recipe) -> dict[str, str]:
    return {path.name: path.read_text() for path in Run(recipe.run).generated.iterdir()}


def cut_off(recipe: Recipe, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupts a job at its `batch`-th batch, from 1."""
    real, calls = stage.attempts, []

    def interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == batch:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(stage, "attempts", interrupted)
        with pytest.raises(KeyboardInterrupt):
            generate(recipe)


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


def test_the_seed_fixes_the_file(loaded: Loaded):
    recipe = loaded()
    generate(recipe)
    first = written(recipe)
    shutil.rmtree(Run(recipe.run).generated)
    generate(recipe)
    assert written(recipe) == first
    assert set(first) == {"job.jsonl", "job.card.json"}
    generate(recipe.model_copy(update={"seed": 1}))
    assert written(recipe)["job.jsonl"] != first["job.jsonl"]


@pytest.mark.parametrize("batch", range(1, BATCHES + 1))
def test_a_job_that_is_cut_off_goes_on_to_the_same_files(loaded: Loaded, batch: int, monkeypatch: pytest.MonkeyPatch):
    recipe = loaded()
    generate(recipe)
    undisturbed = written(recipe)
    shutil.rmtree(Run(recipe.run).generated)
    cut_off(recipe, batch, monkeypatch)
    drawn: list[int] = []
    real = sampling.sample
    counted = lambda *given, **options: drawn.append(1) or real(*given, **options)  # noqa: E731
    monkeypatch.setattr("switchgear.generation.generators.sample", counted)
    generate(recipe)
    assert written(recipe) == undisturbed
    assert len(drawn) == BATCHES - batch + 1


def test_a_half_written_line_is_sampled_again(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    recipe = loaded()
    generate(recipe)
    undisturbed = written(recipe)
    shutil.rmtree(Run(recipe.run).generated)
    cut_off(recipe, 3, monkeypatch)
    [partial] = Run(recipe.run).generated.glob("*.partial.jsonl")
    partial.write_bytes(partial.read_bytes()[:-30])
    generate(recipe)
    assert written(recipe) == undisturbed


def test_what_is_done_is_not_done_again_unless_something_that_matters_has_changed(loaded: Loaded, monkeypatch):
    recipe = loaded()
    card = generate(recipe)
    monkeypatch.setattr(stage, "Local", None)  # cannot be called
    assert generate(recipe) == card
    for changed in ({"samples": 3}, {"prefill": "Well"}, {"judge": {"name": "content"}}):
        with pytest.raises(TypeError):
            generate(loaded(**changed))
    path = Run(recipe.run).generated / "job.jsonl"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(TypeError):
        generate(recipe)


def test_how_patient_we_are_with_a_server_does_not_matter(loaded: Loaded):
    with serving(lambda r: completion(f"On {r.prompt}")) as server:
        endpoint = {"url": server.url, "model": "gardener"}
        first = generate(loaded(endpoint=endpoint))
        asked = len(server.requests)
        assert generate(loaded(endpoint=endpoint | {"timeout": 7, "concurrency": 1})) == first
    assert len(server.requests) == asked


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


def test_a_process_that_is_killed_goes_on_to_the_same_file(recipe: Callable[..., Path], tmp_path: Path):
    (tmp_path / "prompts.txt").write_text("".join(f"Tell of the {bed}.\n" for bed in BEDS))
    options = {"role": "case", "dataset": "mine"}
    prompts = [{"name": "chat", "path": str(tmp_path / "prompts.txt"), "options": options}]
    path = recipe(prompts=prompts, batch_size=1, samples=8, max_new_tokens=40, judge={"name": "rules"})
    folder = Run(load(path).run).generated
    code = "from switchgear.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "generate", path])
    while process.poll() is None and not list(folder.glob("*.partial.jsonl")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    [partial] = folder.glob("*.partial.jsonl")
    assert 0 < partial.read_text().count("\n") < 40
    generate(load(path))
    resumed = written(load(path))
    shutil.rmtree(folder)
    generate(load(path))
    assert written(load(path)) == resumed
