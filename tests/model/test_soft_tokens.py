"""Free vectors in rows: the same model, read another way."""

import pytest
import torch
from torch import Tensor

from switchgear.model.generate import generate
from switchgear.model.prefix_cache import prefill
from switchgear.model.soft_tokens import SoftRow, SoftTokens
from tests.conftest import build_tiny
from tests.model.test_generate import ending_with

LONG = SoftRow(prompt=list(range(20, 40)), start=8, end=12, target=[50, 51, 52])
SHORT = SoftRow(prompt=[60, 61, 62, 63, 64, 65], start=2, end=4, target=[70])
EARLY = SoftRow(prompt=[80, 81, 82, 83, 84, 85, 86], start=1, end=3, target=[90, 91, 92, 93])
ENDS = ending_with(2)
BATCHES = {"long": [LONG], "two": [LONG, SHORT], "early": [EARLY, LONG, SHORT]}


def loss(model, row: SoftRow) -> Tensor:
    """Nats per token of the target, from one forward of everything."""
    logits = model(torch.tensor([row.prompt + row.target])).logits[0, len(row.prompt) - 1 : -1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(row.target))


@pytest.mark.parametrize("rows", BATCHES.values(), ids=BATCHES)
def test_losses_of_words_are_those_of_the_model(tiny_model, rows):
    soft = SoftTokens(tiny_model, rows, room=4)
    expected = torch.stack([loss(tiny_model, row) for row in rows])
    torch.testing.assert_close(soft.losses(soft.initial()), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("rows", BATCHES.values(), ids=BATCHES)
def test_answers_to_words_are_those_of_the_model(tiny_llama, rows):
    soft = SoftTokens(tiny_llama, rows, room=5)
    found = generate(tiny_llama, soft.prefix(soft.initial()), ENDS, 5)
    assert found == [generate(tiny_llama, prefill(tiny_llama, [row.prompt], 5), ENDS, 5)[0] for row in rows]


def test_a_gradient_is_the_slope_of_the_rows_own_loss(tiny_llama):
    soft = SoftTokens(tiny_llama, [LONG, SHORT], room=1)
    vectors = soft.initial()
    losses, gradient = soft.gradient(vectors)
    step = torch.zeros_like(vectors)
    step[1, 1, 5] = 1e-2
    slope = (soft.losses(vectors + step) - soft.losses(vectors - step)) / 2e-2
    assert slope[1].item() == pytest.approx(gradient[1, 1, 5].item(), abs=1e-3)
    assert slope[0].item() == 0
    assert torch.equal(losses, soft.losses(vectors))


def test_other_words_are_as_if_they_stood_there(tiny_llama):
    other = SoftRow([*LONG.prompt[:8], 100, 101, 102, 103, *LONG.prompt[12:]], 8, 12, LONG.target)
    vectors = SoftTokens(tiny_llama, [other], room=1).initial()
    found = SoftTokens(tiny_llama, [LONG], room=1).losses(vectors)
    assert found[0].item() == pytest.approx(loss(tiny_llama, other).item(), abs=1e-5)
    assert abs(found[0].item() - loss(tiny_llama, LONG).item()) > 1e-3


def test_answers_do_not_disturb_what_is_read_next(tiny_llama):
    soft = SoftTokens(tiny_llama, [LONG, SHORT], room=3)
    vectors = soft.initial()
    before = soft.losses(vectors)
    first = generate(tiny_llama, soft.prefix(vectors), ENDS, 3)
    generate(tiny_llama, soft.prefix(vectors + 1), ENDS, 3)
    assert generate(tiny_llama, soft.prefix(vectors), ENDS, 3) == first
    assert torch.equal(soft.losses(vectors), before)


def test_noise_is_a_rows_own_and_padding_stays_zero(tiny_llama):
    soft = SoftTokens(tiny_llama, [LONG, SHORT], room=1)
    noise = soft.noise([1, 2])
    assert torch.equal(noise[1, :2], SoftTokens(tiny_llama, [SHORT], room=1).noise([2])[0])
    assert not noise[1, 2:].any()
    assert not soft.initial()[1, 2:].any()
    sizes = soft.root_mean_square(soft.initial())
    words = tiny_llama.get_input_embeddings()(torch.tensor(SHORT.prompt[2:4]))
    assert sizes[1].item() == pytest.approx(words.square().mean().sqrt().item())


def test_steps_down_the_gradient_make_the_target_likelier():
    model = build_tiny("llama")
    model.get_output_embeddings().weight.mul_(20)  # random weights are sure of nothing: all words are as likely
    soft = SoftTokens(model, [LONG, SHORT], room=1)
    vectors = soft.initial()
    start, size = soft.losses(vectors), soft.root_mean_square(vectors)
    for _ in range(40):
        vectors = vectors - 0.05 * size * soft.gradient(vectors)[1].sign()
    assert (soft.losses(vectors) < start - 1).all()
