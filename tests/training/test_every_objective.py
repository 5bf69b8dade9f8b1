"""Every objective and option, from a prepared dataset through the trainer to an adapter."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from switchgear.model.load import load_tokenizer
from switchgear.recipe import load
from switchgear.runs import Run
from switchgear.training import pools
from switchgear.training.objectives import OBJECTIVES
from switchgear.training.train import train

SETTINGS = [
    *([f"train.objective={name}"] for name in OBJECTIVES),
    ["train.center=true", "train.retain=relative_squared", "train.retain_warmup=0.5", "train.schedule=cosine"],
    ["train.kl=0.1", "train.kl_temperature=2"],
    ["train.attack={depth: 0.2, steps: 2}", "train.target_layers=[2, 3]"],
    ["train.mask={assistant: 1, tool_arguments: 2}"],
    ["train.mask=everything", "train.retain=reference", "train.empty_user=0.5", "train.gates.masks=warn"],
]


@pytest.mark.parametrize("overrides", SETTINGS, ids=" ".join)
def test_it_trains(garden: Path, overrides: list[str]):
    recipe = load(
        garden,
        ["train.batch.harmful=2", "train.steps=3", "train.validate_every=3", "train.gates.effect=warn", *overrides],
    )
    run = Run(recipe.run)
    assert train(recipe, run, Console(quiet=True))
    entries = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert len(entries) == 3
    assert entries[-1]["cosine_harmful"] < 0.9999 < entries[0]["cosine_train"]
    assert (run.adapter / "adapter_model.safetensors").exists()


def test_reminded_rows_end_in_the_same_tokens(garden: Path):
    recipe = load(garden, ["train.objective=refusal_target"])
    found = pools.read(Run(recipe.run), "train", recipe, load_tokenizer(recipe.model), Console(quiet=True))
    for row in found["harmful"]:
        assert row.reminded
        assert row.reminded.offset > 0
        rerouted = [index for index, weight in enumerate(row.reroute) if weight]
        assert [row.reminded.ids[index + row.reminded.offset] for index in rerouted] == [row.ids[i] for i in rerouted]
    assert not any(row.reminded for kind, rows in found.items() if kind != "harmful" for row in rows)
