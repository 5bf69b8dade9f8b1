from pathlib import Path

import pytest
from inspect_ai import eval as evaluate

from switchgear.evaluation.inspect.engine import Engine, load
from switchgear.evaluation.inspect.logs import rates
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.recipe import LoraRecipe, ModelRecipe, claim
from switchgear.recipe import load as load_recipe
from switchgear.runs import Run
from tests.garden import save_recipe


@pytest.fixture(scope="session")
def engine(tiny_chat_model: Path) -> Engine:
    """The tiny chat model in memory, with a strong random adapter."""
    recipe = ModelRecipe(name=str(tiny_chat_model), dtype="float32")
    return Engine(add_adapter(load_model(recipe), LoraRecipe(initial_b=0.5), 4), load_tokenizer(recipe), batch_size=4)


@pytest.fixture
def run(tmp_path: Path, tiny_chat_model: Path, engine: Engine) -> Run:
    """A garden run with a prepared dataset and that adapter."""
    folder = claim(load_recipe(save_recipe(tmp_path, tiny_chat_model)))
    engine.model.save_pretrained(folder.adapter)
    load.cache_clear()
    return folder


@pytest.fixture
def measured(tmp_path):
    """Runs a task on a model; returns the log and its rates by measure."""

    def run_task(task, model, **options):
        [log] = evaluate(task, model=model, log_dir=str(tmp_path / "logs"), display="none", **options)
        assert log.status == "success", log.error
        return log, {line["measure"]: line for line in rates(log)}

    return run_task
