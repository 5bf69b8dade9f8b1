"""Whole blocks as an adapter: frozen and adapted states, on disk and back, merged."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from switchgear.model.fingerprint import check_base, fingerprint, write
from switchgear.model.full_blocks import add_full_blocks
from switchgear.model.hidden_states import both_states
from switchgear.model.layout import padded, trie
from switchgear.model.load import load_adapter
from tests.conftest import TINY, build_tiny

ROWS = [[3, 4, 5, 6], [3, 4, 7, 8, 9]]


def test_the_frozen_states_stay_and_only_the_chosen_blocks_are_trained(tiny_model: PreTrainedModel):
    adapted = add_full_blocks(tiny_model, [1, 2])
    states, frozen = both_states(adapted, padded(ROWS), [1, 2, 3], torch.arange(4))
    moved = (states - frozen).norm(dim=-1).mean(dim=-1)
    assert moved[0] == 0
    assert moved[1] > 0
    states.sum().backward()
    trained = [(name, weight) for name, weight in adapted.named_parameters() if weight.requires_grad]
    assert {name.split("modules_to_save")[0].split(".")[-2] for name, _ in trained} == {"1", "2"}
    assert any(weight.grad is not None and weight.grad.any() for _, weight in trained)


def test_a_trie_gives_the_same_states(tiny_llama: PreTrainedModel):
    adapted = add_full_blocks(tiny_llama, [0, 1])
    laid = [padded(ROWS), trie(ROWS)]
    found = [both_states(adapted, each, [2], torch.tensor(each.places[1]))[0] for each in laid]
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("architecture", TINY)
def test_what_is_saved_loads_and_merges_to_the_same_logits(architecture: str, tmp_path: Path):
    frozen = build_tiny(architecture)
    digest = fingerprint(frozen)
    adapted = add_full_blocks(frozen, [1]).eval()
    adapted.save_pretrained(str(tmp_path))
    write(tmp_path, digest, "tiny")
    check_base(tmp_path, build_tiny(architecture))
    loaded = load_adapter(build_tiny(architecture), tmp_path)
    ids = torch.arange(3, 20)[None]
    assert torch.equal(loaded(ids).logits, adapted(ids).logits)
    with loaded.disable_adapter():
        assert not torch.equal(loaded(ids).logits, adapted(ids).logits)
    assert torch.equal(loaded.merge_and_unload()(ids).logits, adapted(ids).logits)
