"""Inspect tasks in a run: on a tiny chat model with an adapter, and prompts of plants' care."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.errors import DataError, RecipeError, RunError
from switchgear.evaluation.inspect.battery import battery, bundle, log_folder, plan
from switchgear.evaluation.inspect.engine import Engine
from switchgear.recipe import Recipe, load, save
from switchgear.runs import Run, append_model, write_models
from switchgear.schema import Example, Expectation, Message, Provenance, Role

PLANTS = ("moss", "mint", "ferns", "leeks")


def prompt(plant: str, behaviour: str) -> Example:
    return Example(
        id=f"{behaviour}-{plant}",
        role=Role.CASE,
        messages=(Message(role="user", content=f"How do I treat the {plant} behind the old shed?"),),
        expectation=Expectation(behaviour=behaviour),
        group=plant,
        provenance=Provenance(dataset="plants", revision="1", licence="CC0", row=plant, sha256="0"),
    )


@pytest.fixture
def prompts(run: Run) -> Run:
    """A run with its recipe, whose holdout has four requests to answer and none to refuse."""
    for plant in PLANTS:
        append_model(run.dataset / "holdout.jsonl", prompt(plant, "comply"))
    return run


def recipe_of(run: Run, *overrides: str) -> Recipe:
    return load(run.recipe, [f"run={run.root}", *overrides])


def asking(*tasks: dict[str, object]) -> str:
    return f"evaluate.tasks={json.dumps(tasks)}"


def answered(recipe: Recipe, run: Run) -> dict[str, list[dict[str, object]]]:
    return battery(plan(recipe, run), run, Console(file=io.StringIO()))


OVER_REFUSAL = {"name": "over_refusal", "options": {"source": "plants", "max_tokens": 8}}


def test_both_models_answer_the_same_samples_and_what_has_no_data_is_skipped_by_name(prompts: Run):
    recipe = recipe_of(prompts, asking(OVER_REFUSAL, {"name": "chat_harm", "options": {"source": "plants"}}))
    found = answered(recipe, prompts)
    rates = {(line["measure"], line["model"]): line for line in found["tasks"]}
    assert {line["task"] for line in found["tasks"]} == {"over_refusal(source=plants, max_tokens=8)"}
    assert {model for _, model in rates} == {"frozen", "adapted"}
    assert all(rates["incoherent", model]["samples"] == 4 for model in ("frozen", "adapted"))
    (difference,) = [line for line in found["task_differences"] if line["measure"] == "incoherent"]
    assert difference["n"] == rates["incoherent", "frozen"]["n"] == 4
    (skipped,) = found["skipped"]
    assert skipped["name"] == "chat_harm(source=plants)"
    assert "no case to refuse from plants" in skipped["why"]


def test_what_was_answered_is_not_asked_again_but_of_another_adapter_it_is(
    prompts: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    real = Engine._answers
    monkeypatch.setattr(Engine, "_answers", lambda self, some: asked.append(len(some)) or real(self, some))
    recipe = recipe_of(prompts, asking(OVER_REFUSAL))
    first = answered(recipe, prompts)
    assert sum(asked) == 2 * len(PLANTS)
    assert answered(recipe, prompts) == first
    assert sum(asked) == 2 * len(PLANTS)
    before = log_folder(prompts)
    weights = prompts.adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert log_folder(prompts) != before


def test_a_limit_takes_the_same_samples_each_time(prompts: Run):
    limited = recipe_of(prompts, asking({"name": "over_refusal", "options": {"limit": 2}}))
    chosen = [[sample.id for sample in plan(limited, prompts).tasks[0].dataset] for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 2


def test_prompts_of_another_source_are_put_unless_they_were_trained_on(prompts: Run, tmp_path: Path):
    path = tmp_path / "prompts.csv"
    lines = [f"{i},How do I keep the {plant} fresh for a week?,homonyms,safe,," for i, plant in enumerate(PLANTS)]
    path.write_text("\n".join(["id,prompt,type,label,focus,note", *lines]))
    known = prompt("mint", "comply").model_copy(
        update={
            "role": Role.BENIGN,
            "messages": (
                Message(role="user", content="How do I keep the mint fresh for a week?"),
                Message(role="assistant", content="In a glass of water."),
            ),
            "continuation": (1,),
            "expectation": Expectation(),
        }
    )
    write_models(prompts.dataset / "train.jsonl", [known])
    given = f"evaluate.sources={json.dumps([{'name': 'xstest', 'path': str(path)}])}"
    recipe = recipe_of(prompts, given, asking({"name": "over_refusal", "options": {"source": "xstest"}}))
    save(recipe, prompts.recipe)
    texts = [sample.input[-1].text for sample in plan(recipe, prompts).tasks[0].dataset]
    assert len(texts) == 3
    assert not any("mint" in text for text in texts)


def test_a_source_without_its_file_is_an_error_and_not_a_skip(prompts: Run):
    given = f"evaluate.sources={json.dumps([{'name': 'xstest', 'path': 'no/such.csv'}])}"
    recipe = recipe_of(prompts, given, asking(OVER_REFUSAL))
    save(recipe, prompts.recipe)
    with pytest.raises(DataError):
        plan(recipe, prompts)


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"name": "over_refusals"}, "Unknown task 'over_refusals'. Did you mean 'over_refusal'"),
        ({"name": "over_refusal", "options": {"colour": "red"}}, "unexpected keyword argument 'colour'"),
        ({"name": "agentdojo", "options": {"suite": "garden"}}, "Unknown suite 'garden'"),
    ],
)
def test_a_task_that_cannot_be_is_told_before_anything_runs(prompts: Run, task: dict[str, object], told: str):
    with pytest.raises(RecipeError, match=told):
        plan(recipe_of(prompts, asking(task)), prompts)


def test_the_viewer_is_bundled_with_the_logs(prompts: Run):
    with pytest.raises(RunError, match="evaluate --suite"):
        bundle(prompts)
    answered(recipe_of(prompts, asking(OVER_REFUSAL)), prompts)
    folder = bundle(prompts)
    assert (folder / "index.html").is_file()
    assert len(list(folder.rglob("*.eval"))) == 2
