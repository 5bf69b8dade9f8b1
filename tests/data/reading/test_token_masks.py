import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.reading.token_masks import objection

PROMPT, COMPLETION = "Name a colour", "Blue is one of many."
TEXT = f"<user>{PROMPT}<assistant>{COMPLETION}<end>"
ELSEWHERE = "its token mask selects something else than the completion, which only its tokenizer can place"


@pytest.mark.parametrize(
    "mask",
    [
        [0] * 6 + [1] * 7,
        [0] * 6 + [1] * 6 + [0],
        {"start": 6, "end": 13},
        [{"start": 6, "end": 13}],
        [{"start": 8, "end": 13}, {"start": 6, "end": 8}],
    ],
)
def test_a_run_behind_the_prompt_as_long_as_the_completion_means_the_completion(mask: object) -> None:
    assert objection(mask, TEXT, PROMPT, COMPLETION) is None


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ([0] * 13, "its token mask selects nothing"),
        ([], "its token mask selects nothing"),
        ([0] * 9 + [1] * 3, ELSEWHERE),  # fewer tokens than words: a part of it
        ([0] * 2 + [1] * 11, ELSEWHERE),  # from within the prompt on
        ([1] * 13, ELSEWHERE),
        ([0] * 6 + [1] * 6 + [0] + [1], ELSEWHERE),  # the completion, and something else
        ([{"start": 6, "end": 12}, {"start": 13, "end": 14}], ELSEWHERE),
        ({"start": 6, "end": 60}, ELSEWHERE),  # more tokens than bytes
        ({"start": 13, "end": 6}, "its token mask is neither a list of 0 and 1 nor runs with a start and an end"),
        ("0011", "its token mask is neither a list of 0 and 1 nor runs with a start and an end"),
        ([0, 2], "its token mask is neither a list of 0 and 1 nor runs with a start and an end"),
    ],
)
def test_any_other_mask_is_objected_to(mask: object, reason: str) -> None:
    assert objection(mask, TEXT, PROMPT, COMPLETION) == reason


def test_a_mask_is_of_no_use_without_its_text() -> None:
    mask = [0] * 6 + [1] * 7
    assert objection(mask, "", PROMPT, COMPLETION) == "its token mask is over a text without the completion"


@given(bits=st.lists(st.integers(0, 1), max_size=30))
def test_bits_and_the_runs_of_them_are_judged_alike(bits: list[int]) -> None:
    runs = [{"start": index, "end": index + 1} for index, bit in enumerate(bits) if bit]
    assert objection(bits, TEXT, PROMPT, COMPLETION) == objection(runs, TEXT, PROMPT, COMPLETION)
