"""A trie holds every distinct prefix once, and its states are those of the rows read one by one."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedModel

from switchgear.model.hidden_states import hidden_states, trunk_of
from switchgear.model.layout import Node, padded, trie

ROWS = [[5, 6, 7, 8, 9], [5, 6, 7, 30], [5, 6, 7, 30, 31, 32], [5, 6, 7], [40, 41], [5, 6, 7, 8, 9]]


def test_shared_prefixes_stand_once():
    layout = trie([[1, 2, 3], [1, 2, 4, 5], [9]])
    assert layout.ids.tolist() == [[1, 2, 3, 4, 5, 9]]
    assert layout.positions.tolist() == [[0, 1, 2, 2, 3, 0]]
    assert layout.places == [[0, 1, 2], [0, 1, 3, 4], [5]]
    assert layout.nodes == (Node(0, 2, ()), Node(2, 3, ((0, 2),)), Node(3, 5, ((0, 2),)), Node(5, 6, ()))


def test_padding_is_on_the_right():
    layout = padded([[7, 7, 7], [5]], pad_id=9)
    assert layout.ids.tolist() == [[7, 7, 7], [5, 9, 9]]
    assert layout.places == [[0, 1, 2], [3]]


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=8))
def test_every_row_is_found_again_and_no_prefix_stands_twice(rows: list[list[int]]):
    layout = trie(rows)
    assert [layout.ids[0, places].tolist() for places in layout.places] == rows
    assert [layout.positions[0, places].tolist() for places in layout.places] == [list(range(len(r))) for r in rows]
    assert layout.ids.numel() == len({tuple(row[: end + 1]) for row in rows for end in range(len(row))})


def test_states_in_a_trie_are_those_of_rows_alone(tiny_model: PreTrainedModel):
    layout = trie(ROWS)
    for row, places in zip(ROWS, layout.places, strict=True):
        alone = hidden_states(tiny_model, padded([row]), [2, 4], torch.arange(len(row)))
        within = hidden_states(tiny_model, layout, [2, 4], torch.tensor(places))
        torch.testing.assert_close(within, alone, rtol=1e-5, atol=1e-5)


def test_attention_is_the_model_s_own_again_afterwards(tiny_llama: PreTrainedModel):
    before = trunk_of(tiny_llama).config._attn_implementation
    hidden_states(tiny_llama, trie(ROWS), [1], torch.arange(3))
    assert trunk_of(tiny_llama).config._attn_implementation == before
