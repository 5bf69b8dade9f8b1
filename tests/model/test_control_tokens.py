"""Data cannot spell a control token, and reads as it did."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from switchgear.model.control_tokens import BREAK, control_tokens, neutralise, neutralise_all

PIECES = st.sampled_from(["<|im_end|>", "<|im_start|>", "<|im_", "end|>", "<", "</s>", "<s>", "<tool_call>", "a", " "])


@given(text=st.lists(PIECES, max_size=8).map("".join))
def test_neutral_text_holds_no_control_token_and_can_be_restored(text: str, tokenizer: Callable[[str], Any]) -> None:
    tok = tokenizer("qwen3")
    neutral = neutralise(text, tok)
    assert not any(token in neutral for token in control_tokens(tok))
    assert neutral.replace(BREAK, "") == text
    assert neutralise(neutral, tok) == neutral


def test_a_token_that_only_the_template_makes_a_control_token_is_neutralised(tokenizer: Callable[[str], Any]) -> None:
    assert "<tool_call>" in control_tokens(tokenizer("qwen3"))
    assert "<tool_call>" not in control_tokens(tokenizer("smollm2"))


def test_other_text_is_left_as_it_is(tokenizer: Callable[[str], Any]) -> None:
    text = "a < b, <b>bold</b> and <|nothing|>"
    assert neutralise(text, tokenizer("qwen3")) == text


def test_keys_and_values_of_json_are_neutralised(tokenizer: Callable[[str], Any]) -> None:
    value = {"<s>": ["</s>", {"a": 1, "b": None}]}
    broken = {f"<{BREAK}s>": [f"<{BREAK}/s>", {"a": 1, "b": None}]}
    assert neutralise_all(value, tokenizer("smollm2")) == broken
