import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.contamination.fingerprints import fingerprint, joined, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  Don't STOP--me, now!\n", ["dont", "stop", "me", "now"]),
        ("snake_case and 3.5%", ["snake", "case", "and", "3", "5"]),
        ("Don’t “stop”…", ["dont", "stop"]),
        ("ＦＵＬＬ width, Straße", ["full", "width", "strasse"]),
        ("我喜欢 tea", ["我", "喜", "欢", "tea"]),
        ("?!", []),
        ("\ud800 half a pair", ["half", "a", "pair"]),
    ],
)
def test_words_are_without_case_and_punctuation(text: str, found: list[str]) -> None:
    assert words(text) == [word.encode() for word in found]


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_is_split_as_any_other(text: str) -> None:
    assert words(text) == words(f"{text} \u00e9")[:-1]


@given(st.text())
def test_any_text_has_a_fingerprint_that_its_spelling_does_not_change(text: str) -> None:
    assert fingerprint(text) == fingerprint(f"\t{unicodedata.normalize('NFC', text)} ...")


def test_a_text_of_n_words_has_n_minus_2_shingles() -> None:
    assert [len(fingerprint("one two three four five"[:end]).shingles) for end in (0, 7, 13, 23)] == [0, 0, 1, 3]


def test_hashes_are_the_same_on_every_machine() -> None:
    assert fingerprint("We like tea").digest.hex() == "756c4f46bfaf950b"
    assert fingerprint("We like tea").shingles == {481424176}


def test_texts_are_joined_in_their_order_without_shingles_across() -> None:
    first, second = fingerprint("we like green tea"), fingerprint("they like black tea")
    both = joined([first, second])
    assert both.shingles == first.shingles | second.shingles
    assert both.digest not in (first.digest, second.digest, joined([second, first]).digest)
    assert joined([first]) == first
