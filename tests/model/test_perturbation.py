import torch
from transformers import PreTrainedModel

from switchgear.model.hidden_states import blocks_of, hidden_states
from switchgear.model.layout import trie
from switchgear.model.perturbation import perturbed


def test_a_change_is_seen_in_its_state_and_by_what_follows_and_is_gone_afterwards(tiny_model: PreTrainedModel):
    layout = trie([[5, 6, 7, 8], [5, 6, 9]])  # tokens 5 6 7 8 9, where 7 8 and 9 do not see each other
    tokens, moved = torch.arange(5), torch.tensor([2])
    change = torch.arange(32.0)[None] / 10  # a constant would be lost in a LayerNorm
    states = [1, 2, 3, 4]
    before = hidden_states(tiny_model, layout, states, tokens)
    with perturbed(tiny_model, 2, moved, change):
        during = hidden_states(tiny_model, layout, states, tokens)
    after = hidden_states(tiny_model, layout, states, tokens)

    torch.testing.assert_close(during[1, 2], before[1, 2] + change[0])
    changed = (during - before).abs().amax(dim=-1) > 1e-6
    assert changed.tolist() == [
        [False] * 5,
        [False, False, True, False, False],
        [False, False, True, True, False],
        [False, False, True, True, False],
    ]
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert not any(block._forward_hooks for block in blocks_of(tiny_model))
