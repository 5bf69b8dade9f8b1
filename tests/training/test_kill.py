"""kill -9 at any moment, again and again: the run that comes of it is the undisturbed one, bit by bit."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.recipe import load
from switchgear.runs import Run
from switchgear.training.train import train
from tests.garden import save_recipe

FIELDS = {"steps": 40, "log_every": 3, "save_every": 2, "accumulate": 2}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_a_run_comes_to_the_same_bits(tmp_path: Path, tiny_chat_model: Path, seed: int):
    whole = load(save_recipe(tmp_path / "whole", tiny_chat_model, **FIELDS))
    train(whole, Run(whole.run), Console(quiet=True))
    cut = save_recipe(tmp_path / "cut", tiny_chat_model, **FIELDS)
    run, moment, kills = Run(tmp_path / "cut" / "run"), random.Random(seed), 0
    while not run.adapter.exists():
        process = subprocess.Popen([sys.executable, "-m", "switchgear", "train", cut], stdout=subprocess.DEVNULL)
        before = set(run.checkpoints.glob("*"))
        while process.poll() is None and set(run.checkpoints.glob("*")) == before:
            time.sleep(0.01)
        time.sleep(moment.random())
        if process.poll() is None and kills < 4:
            process.kill()
            kills += 1
        process.wait(timeout=200)
    assert kills
    weights = "adapter_model.safetensors"
    assert (run.adapter / weights).read_bytes() == (Run(whole.run).adapter / weights).read_bytes()
    assert run.metrics.read_text() == Run(whole.run).metrics.read_text()
