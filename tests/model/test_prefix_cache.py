"""What a prefix costs, and what it holds."""

import pytest
import torch
from transformers import PreTrainedModel

from switchgear.model.prefix_cache import prefill


@pytest.fixture
def fed(tiny_llama: PreTrainedModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of tokens of every forward pass of the tiny model."""
    counts: list[int] = []
    real = tiny_llama.forward
    monkeypatch.setattr(
        tiny_llama, "forward", lambda **given: counts.append(given["input_ids"].shape[1]) or real(**given)
    )
    return counts


def test_what_contexts_begin_with_is_read_once(tiny_llama: PreTrainedModel, fed: list[int]):
    prefill(tiny_llama, [[9, 9, 5], [1, 2, 3, 4, 5], [1, 2, 3, 7, 8, 9], [1, 2, 3, 4, 6]], 0)
    assert fed == [4, 2, 2]  # 1 2 3 4; the last differs in what is not read; 7 8; 9 9


def test_keys_and_values_are_those_of_each_context_read_alone(tiny_llama: PreTrainedModel):
    contexts = [[1, 2, 3, 4, 5], [1, 2, 8], [1, 2, 3, 4, 5], [7, 6, 5, 4, 3, 2]]
    prefix = prefill(tiny_llama, contexts, 3).select([1, 3, 0], 2)
    for row, context in enumerate((contexts[1], contexts[3], contexts[0])):
        alone = tiny_llama(torch.tensor([context[:-1]]), use_cache=True).past_key_values
        assert prefix.ids[row, prefix.mask[row].bool()].tolist() == context
        for layer, expected in zip(prefix.layers, alone.layers, strict=True):
            for found, wanted in zip(layer, (expected.keys[0], expected.values[0]), strict=True):
                torch.testing.assert_close(found[row, :, 6 - len(context) : 5], wanted, rtol=1e-4, atol=1e-5)
