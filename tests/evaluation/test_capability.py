"""Pairing of lm-eval's questions. lm-eval itself is run where it is installed."""

import importlib.util
import json
from pathlib import Path

import pytest

from switchgear.errors import DataError, RecipeError
from switchgear.evaluation import capability as module
from switchgear.evaluation.capability import capability, check_installed, paired, read
from switchgear.evaluation.statistics import mcnemar
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.recipe import CapabilityRecipe, LoraRecipe, ModelRecipe

TASK = """\
task: garden_colours
dataset_path: json
dataset_kwargs: {{data_files: {{test: {path}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: [red, green, blue]
doc_to_target: label
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""
needs_lm_eval = pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="lm-eval is not installed")


def test_the_same_questions_are_paired_and_those_that_differ_are_named():
    frozen = {str(i): 1.0 for i in range(10)} | {"only here": 0.0}
    line = paired(frozen, {str(i): float(i >= 6) for i in range(10)})
    assert (line["n"], line["frozen"], line["adapted"]) == (10, 1.0, 0.4)
    assert line["discordant"] == list("012345")
    assert line["p_value"] == mcnemar(6, 0)
    assert line["difference"] == pytest.approx(-0.6)
    assert line["low"] < -0.6 < line["high"] < 0


def test_scores_that_are_no_yes_or_no_have_an_interval_and_no_test():
    line = paired({"a": 0.5, "b": 0.25, "c": 1.0}, {"a": 0.5, "b": 0.75, "c": 1.0})
    assert (line["n"], line["p_value"], line["discordant"]) == (3, None, ["b"])
    assert line["difference"] == pytest.approx(0.5 / 3)
    assert 0 <= line["low"] <= line["difference"] <= line["high"]


def test_scores_are_read_by_task_metric_and_filter():
    question = {"doc_id": 3, "filter": "none", "metrics": ["acc", "note"], "acc": 1.0, "note": "green"}
    assert read({"colours": [question]}) == {("colours", "acc", "none"): {"3": 1.0}}


def test_without_lm_eval_the_recipe_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r"pip install 'switchgear\[capability\]'"):
        check_installed()


@needs_lm_eval
def test_a_local_task_is_run_offline_on_both_models(
    tmp_path: Path, tiny_chat_model: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "colours.jsonl"
    data.write_text("".join(json.dumps({"question": f"What is {i}?", "label": i % 3}) + "\n" for i in range(6)))
    (tmp_path / "colours.yaml").write_text(TASK.format(path=data))
    recipe = ModelRecipe(name=str(tiny_chat_model), dtype="float32")
    model, tokenizer = add_adapter(load_model(recipe), LoraRecipe(initial_b=0.5), 4), load_tokenizer(recipe)
    (line,) = capability(CapabilityRecipe(tasks=("garden_colours",), include_path=tmp_path), model, tokenizer)
    assert (line["task"], line["metric"], line["n"]) == ("garden_colours", "acc", 6)
    with pytest.raises(DataError, match="no_such_task cannot be run"):
        capability(CapabilityRecipe(tasks=("no_such_task",), include_path=tmp_path), model, tokenizer)
