"""Attacks on the model itself: what is changed, by how much, and that all is as before."""

import pytest
import torch

from switchgear.errors import DataError, RunError
from switchgear.evaluation.attacks import finetune
from switchgear.evaluation.attacks.finetune import drawing_order, next_token_loss
from switchgear.evaluation.attacks.representation import mean_states
from switchgear.evaluation.attacks.training_rows import TrainingRow, training_rows
from switchgear.model.hidden_states import hidden_states
from switchgear.model.layout import padded
from switchgear.model.tampering import adapter_weights
from switchgear.recipe import Recipe
from switchgear.schema import Role

IDS = torch.tensor([[5, 6, 7, 8]])


def run_attack(attack, batch):
    with attack.victim.state():
        return list(attack(batch))


def logits(victim):
    with victim.state(), torch.no_grad():
        return victim.model(input_ids=IDS).logits


def every(attack, level):
    """What the model makes of some tokens while it is changed."""
    with attack.victim.state(), attack.changed(level), torch.no_grad():
        return attack.victim.model(input_ids=IDS).logits


@pytest.fixture
def unchanged(victims):
    """Both models are to the bit what they were, once the test is over."""
    before = {name: logits(victim) for name, victim in victims.items()}
    yield
    for name, victim in victims.items():
        assert torch.equal(logits(victim), before[name])


@pytest.mark.parametrize("name", ["adapter_scaling", "finetune", "representation"])
def test_each_case_is_tried_once_at_each_level_and_at_none_answers_as_without_attack(
    name, victims, asked, make, unchanged
):
    victim = victims["adapted"]
    found = run_attack(make(victim, name, budget=(0, 1), mode="prefilled"), asked)
    assert [(each.question.case.id, each.budget) for each in found] == [
        (question.case.id, level) for level in (0, 1) for question in asked
    ]
    plain = victim.answers([[*question.context, *question.openings["prefilled"]] for question in asked])
    assert [each.output for each in found[:2]] == plain
    assert found[0].opening == victim.tokenizer.decode(asked[0].openings["prefilled"])


def test_an_adapter_that_is_taken_away_is_the_frozen_model(victims, make, unchanged):
    attack = make(victims["adapted"], "adapter_scaling")
    torch.testing.assert_close(every(attack, 1.0), logits(victims["frozen"]))
    assert torch.equal(every(attack, 0.0), logits(victims["adapted"]))


def test_the_frozen_model_has_no_adapter_to_take_away(victims, asked, make):
    assert run_attack(make(victims["frozen"], "adapter_scaling"), asked) == []


@pytest.mark.parametrize("model", ["frozen", "adapted"])
@pytest.mark.parametrize("rows", ["harmful", "benign"])
def test_training_on_makes_its_rows_likelier_and_starts_from_the_model(model, rows, victims, make, unchanged):
    victim = victims[model]
    options = {"rows": rows, "learning_rate": 0.01, "rows_per_step": 2}
    attack = make(victim, "finetune", options, budget=(0, 4, 8))
    torch.testing.assert_close(every(attack, 0), logits(victim))
    losses = []
    for level in (0, 4, 8):
        with victim.state(), attack.changed(level), torch.no_grad():
            losses.append(sum(next_token_loss(victim.model, row) for row in training_rows(victim, Role(rows), 9)))
    assert losses[0] > losses[1] > losses[2]


def test_training_is_the_same_for_the_same_seed(victims, make):
    one, other = (make(victims["adapted"], "finetune", budget=(2,)).snapshots[2] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_training_that_fails_leaves_the_adapter_as_it_was(victims, make, unchanged, monkeypatch):
    def fails(model, row):
        raise RuntimeError

    weights = adapter_weights(victims["adapted"].model)
    monkeypatch.setattr(finetune, "next_token_loss", fails)
    with pytest.raises(RuntimeError):
        make(victims["adapted"], "finetune", budget=(2,))
    assert all(torch.equal(a, b) for a, b in zip(weights, adapter_weights(victims["adapted"].model), strict=True))


def test_rows_are_drawn_like_cards():
    order = drawing_order(rows=3, draws=7, seed=0)
    assert sorted(order[:3]) == sorted(order[3:6]) == [0, 1, 2]
    assert len(order) == 7
    assert order == drawing_order(rows=3, draws=7, seed=0) != drawing_order(rows=3, draws=7, seed=2)


def test_the_loss_is_that_of_the_continuation_alone(victims):
    model = victims["frozen"].model
    row = TrainingRow([5, 6, 7, 8], [2, 3])
    logs = model(input_ids=torch.tensor([row.ids])).logits[0].log_softmax(-1)
    expected = -(logs[1, 7] + logs[2, 8]) / 2
    torch.testing.assert_close(next_token_loss(model, row), expected)


def test_a_state_is_averaged_over_the_continuation_of_each_row(victims):
    model = victims["adapted"].model
    rows = [TrainingRow([5, 6, 7, 8], [2, 3]), TrainingRow([9, 5], [1])]
    states = hidden_states(model, padded([[5, 6, 7, 8]]), [1, 3], torch.tensor([2, 3]))
    means = mean_states(model, rows, [1, 3])
    assert means.shape == (2, 2, 32)
    torch.testing.assert_close(means[:, 0], states.mean(dim=1))


def test_strength_1_puts_states_at_the_level_of_benign_ones(victims, make, unchanged):
    victim = victims["adapted"]
    attack = make(victim, "representation")
    assert list(attack.directions) == [1, 2, 3]
    layout, tokens = padded(IDS.tolist()), torch.arange(4)
    with attack.changed(1.0):
        states = hidden_states(victim.model, layout, [1, 2, 3], tokens)
    for state, direction in zip(states, attack.directions.values(), strict=True):
        torch.testing.assert_close(state @ direction.unit, direction.level.expand(4), rtol=1e-4, atol=1e-4)


def test_the_trip_leads_from_frozen_to_adapted_states(victims, make, unchanged):
    attack = make(victims["adapted"], "representation", {"direction": "trip", "states": "targets"})
    rows = training_rows(victims["adapted"], Role.HARMFUL, 24)
    states = list(attack.directions)
    adapted = mean_states(victims["adapted"].model, rows, states).mean(dim=1)
    with victims["frozen"].state():
        frozen = mean_states(victims["frozen"].model, rows, states).mean(dim=1)
    assert states == [1, 3]
    for after, before, direction in zip(adapted, frozen, attack.directions.values(), strict=True):
        torch.testing.assert_close(after - before, direction.unit * (after - before).norm(), rtol=1e-3, atol=1e-5)


def test_the_frozen_model_does_not_trip(victims, asked, make):
    assert run_attack(make(victims["frozen"], "representation", {"direction": "trip"}, budget=(1,)), asked) == []
    assert len(run_attack(make(victims["frozen"], "representation", budget=(1,)), asked)) == 2


def elsewhere(victim, run):
    values = victim.recipe.model_dump() | {"run": run}
    return type(victim)(victim.name, victim.model, victim.tokenizer, Recipe.model_validate(values))


def test_without_training_rows_the_message_says_what_to_do(victims, make, tmp_path):
    victim = elsewhere(victims["adapted"], tmp_path)
    with pytest.raises(RunError, match="switchgear prepare"):
        make(victim, "representation")
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "train.jsonl").write_text("")
    with pytest.raises(DataError, match="no harmful example"):
        make(victim, "finetune")
