"""The command under a real launcher: two processes, one run folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.recipe import load
from switchgear.runs import Run
from switchgear.training.train import train
from tests.garden import save_recipe
from tests.training.several import figures

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "switchgear"]


def test_two_processes_write_one_run_that_equals_that_of_one(tmp_path: Path, tiny_chat_model: Path):
    alone = load(save_recipe(tmp_path / "one", tiny_chat_model, accumulate=2))
    train(alone, Run(alone.run), Console(quiet=True))
    both = save_recipe(tmp_path / "two", tiny_chat_model, shard=True)
    done = subprocess.run([*LAUNCH, "train", both], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("step 6/6") == 1

    one, two = Run(tmp_path / "one" / "run"), Run(tmp_path / "two" / "run")
    for left, right in zip(*(run.metrics.read_text().splitlines() for run in (one, two)), strict=True):
        assert figures(json.loads(left)) == pytest.approx(figures(json.loads(right)), rel=1e-4, abs=1e-5)
    left, right = (json.loads(run.gates.read_text()) for run in (one, two))
    assert [gate["gate"] for gate in left] == [gate["gate"] for gate in right]
    for before, after in zip(left, right, strict=True):
        assert before["values"] == pytest.approx(after["values"], rel=1e-3)
    signed = [(run.adapter / "base_fingerprint.json").read_text() for run in (one, two)]
    assert signed[0] == signed[1]
