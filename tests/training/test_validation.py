"""What validation rows show, against loops over `output_hidden_states`, and where it goes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import PreTrainedModel, TrainerCallback

from switchgear.model.layout import padded, trie
from switchgear.model.load import add_adapter
from switchgear.recipe import LoraRecipe, TrainRecipe
from switchgear.training.batches import Row
from switchgear.training.reading import Reader
from switchgear.training.records import MetricsCallback
from switchgear.training.validation import Validation
from tests.conftest import build_tiny
from tests.reference.rerouting import hidden_states
from tests.training.test_trainer import trainer

TARGETS = [2, 3]
HARMFUL = [
    Row([5, 6, 7, 8, 9], [0.0, 0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0, 0.0]),
    Row([5, 6, 10, 11], [0.0, 0.0, 2.0, 0.0], [1.0, 1.0, 0.0, 0.0]),
]
BENIGN = [Row([5, 6, 7, 12], [0.0] * 4, [0.25, 0.25, 0.5, 1.0]), Row([13, 14, 15], [0.0] * 3, [0.5, 0.5, 1.0])]
LISTS = ["cosine_benign_by_state", "cosine_harmful_by_state", "target_states", "trained_blocks"]


def adapted(base: PreTrainedModel, layers: list[int] | int = 3) -> PeftModel:
    torch.manual_seed(0)
    return add_adapter(base, LoraRecipe(initial_b=0.05), layers)


def validation(model: PeftModel, lay_out: Any = trie) -> Validation:
    return Validation([*HARMFUL, *BENIGN], every=1, read=Reader(TrainRecipe(), model, TARGETS, lay_out))


@torch.no_grad()
def states_of(model: PeftModel, row: Row) -> tuple[Tensor, Tensor]:
    """Adapted and frozen, as transformers gives them: every state of every token."""
    ids = torch.tensor([row.ids])
    seen = torch.cat(hidden_states(model, ids, torch.ones_like(ids)))
    with model.disable_adapter():
        return seen, torch.cat(hidden_states(model, ids, torch.ones_like(ids)))


def mean(model: PeftModel, rows: list[Row], state: int, figure: Any) -> float:
    """Of one state's figure, token by token, over those that weigh."""
    total = weight = 0.0
    for row in rows:
        seen, frozen = states_of(model, row)
        for token, weighs in enumerate(row.reroute if any(row.reroute) else row.retain):
            total += weighs * float(figure(seen[state, token], frozen[state, token]))
            weight += weighs
    return total / weight


def cosine(one: Tensor, other: Tensor) -> Tensor:
    return cosine_similarity(one, other, dim=0)


def moved(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).norm() / other.norm()


@pytest.mark.parametrize("lay_out", [trie, padded])
def test_every_state_has_the_mean_cosine_of_the_tokens_that_weigh(tiny_model: PreTrainedModel, lay_out: Any):
    model = adapted(tiny_model)
    seen = validation(model, lay_out)
    seen.figures(model)
    for kind, rows in (("harmful", HARMFUL), ("benign", BENIGN)):
        found = seen.by_state[f"cosine_{kind}_by_state"]
        assert found == pytest.approx([mean(model, rows, state, cosine) for state in range(4)], abs=2e-5)
        assert found[0] == 1.0
        assert found[3] < 0.999


def test_curves_are_means_over_the_target_states(tiny_llama: PreTrainedModel):
    model = adapted(tiny_llama)
    seen = validation(model)
    figures = seen.figures(model)
    for kind, rows in (("harmful", HARMFUL), ("benign", BENIGN)):
        for name, figure in (("cosine", cosine), ("norm", lambda one, _: one.norm())):
            naive = sum(mean(model, rows, target, figure) for target in TARGETS) / 2
            assert figures[f"{name}_{kind}"] == pytest.approx(naive, abs=1e-5)
    drift = sum(mean(model, BENIGN, target, moved) for target in TARGETS) / 2
    assert figures["retain_drift"] == pytest.approx(drift, abs=1e-5)


def test_blocks_that_are_trained_and_states_that_are_rerouted_are_told(tiny_llama: PreTrainedModel):
    model = adapted(tiny_llama, layers=[1, 2])
    seen = validation(model)
    seen.figures(model)
    assert (seen.by_state["target_states"], seen.by_state["trained_blocks"]) == (TARGETS, [1, 2])
    assert seen.by_state["cosine_harmful_by_state"][:2] == [1.0, 1.0]
    assert seen.by_state["cosine_harmful_by_state"][2] < 1.0


def test_dropout_is_off_while_validation_rows_are_read(tiny_llama: PreTrainedModel):
    model = add_adapter(tiny_llama, LoraRecipe(initial_b=0.05, dropout=0.5), 3)
    seen = validation(model.train())
    assert seen.figures(model) == seen.figures(model.train())


def test_lists_are_kept_with_the_metrics_and_trackers_get_numbers_alone(tmp_path: Path):
    tracked: list[Any] = []

    class Tracker(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **_):
            tracked.extend(logs.values())

    made = trainer(tmp_path, Tracker(), MetricsCallback(tmp_path / "metrics.jsonl"), steps=4, validate_every=2)
    made.train()
    assert tracked
    assert all(isinstance(value, int | float) for value in tracked)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    with_lists = {line["step"]: [name for name, value in line.items() if isinstance(value, list)] for line in lines}
    assert with_lists == {1: [], 2: LISTS, 3: [], 4: LISTS}
    assert len(lines[-1]["cosine_harmful_by_state"]) == len(lines[-1]["cosine_benign_by_state"]) == 4


def test_nothing_is_told_where_a_kind_of_row_is_missing():
    model = adapted(build_tiny("llama"))
    read = Reader(TrainRecipe(), model, TARGETS, trie)
    assert Validation(HARMFUL, every=1, read=read).figures(model) == {}
