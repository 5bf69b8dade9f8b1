"""Generated in one go, cut off, or killed and begun again: the same files."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switchgear.generation import generate as stage
from switchgear.model import sampling
from switchgear.recipe import Recipe, load
from switchgear.runs import Run
from tests.generation.conftest import BEDS, Loaded, generate, written
from tests.scripted_server import completion, serving

pytestmark = pytest.mark.usefixtures("scripted")
BATCHES = 4  # five beds, two samples of each, three at a time


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
