"""A trie where it is exact; padded rows, with the reason, where it is not."""

import pytest
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from switchgear.model import layout, trie_attention
from switchgear.model.layout import trie
from switchgear.model.packing import layout_for

ROWS = [[5, 6, 7, 8, 9, 10, 11, 12], [5, 6, 7, 30]]


def test_rows_are_read_as_a_trie_where_that_is_exact(tiny_model: PreTrainedModel):
    assert layout_for(tiny_model, ROWS, 3, 0) == (trie, "")


def test_a_window_that_a_row_does_not_fit_into_is_named():
    config = AutoConfig.for_model(
        "mistral",
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=6,
    )
    chosen, reason = layout_for(AutoModelForCausalLM.from_config(config), ROWS, 2, 0)
    assert reason == "its attention slides over 6 tokens, and the longest row has 8"
    assert chosen(ROWS).ids.shape == (2, 8)


def test_states_that_come_out_differently_are_noticed(tiny_llama: PreTrainedModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layout, "causal_mask", lambda own, path, device: None)
    chosen, reason = layout_for(tiny_llama, ROWS, 2, 0)
    assert reason.startswith("its states come out differently there")
    assert not chosen(ROWS).nodes


def test_attention_that_takes_no_nodes_is_noticed(tiny_llama: PreTrainedModel, monkeypatch: pytest.MonkeyPatch):
    def stubborn(*_: object, **__: object) -> None:
        raise TypeError

    monkeypatch.setitem(trie_attention.AttentionInterface._global_mapping, trie_attention.NAME, stubborn)
    assert layout_for(tiny_llama, ROWS, 2, 0)[1] == "its attention cannot be replaced (TypeError)"
