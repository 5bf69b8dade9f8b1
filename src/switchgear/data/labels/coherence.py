"""Whether a text has come apart: said nothing, looped, or turned into symbols. Measured on its characters alone.

Thresholds were set on 7,186 texts that are fine (agents' prose and calls, tool results, code, templates, dialogue, ten
scripts), of which 6 are called incoherent, and on a small model with its middle layers pushed in one direction, which
then loops (9 of 9 found). With noise in those layers it writes word salad instead, which has the characters of prose
(1 of 12 found): this file cannot see that. The likelihood of the real continuation does.
"""

import re
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import dataclass

WINDOW = 400  # characters at the end of a text: a loop, once entered, is not left, and shares stay comparable
SHORTEST = 24  # characters; a shorter answer ("Yes.", "{}", "...") has too few for a share to mean anything
FEWEST_WORDS = 12


@dataclass(frozen=True)
class Features:
    """Of the last `WINDOW` characters, without surrounding space. All but the first are 0 for an empty text."""

    characters: int
    repeated: float  # share of three words in a row that were there before
    compression: float  # bytes over deflated bytes
    symbols: float  # share of visible characters, runs of one counted once, that are no letters, marks or digits
    unprintable: float  # share of visible characters that are control, unassigned or replacement characters


def features(text: str) -> Features:
    text = text.strip()[-WINDOW:]
    if not text:
        return Features(characters=0, repeated=0, compression=0, symbols=0, unprintable=0)
    visible = "".join(text.split())
    return Features(
        characters=len(text),
        repeated=_repeated(re.findall(r"[^\W\d]\w*", text)),
        compression=len(text.encode(errors="replace")) / len(_deflated(text)),
        symbols=_share(re.sub(r"(.)\1+", r"\1", visible), _is_symbol),  # a ruled line is one symbol
        unprintable=_share(visible, _is_unprintable),
    )


def is_incoherent(text: str) -> bool:
    """True for an empty text, a loop, or a soup of symbols or broken characters; a short text only if it is empty."""
    seen = features(text)
    if seen.characters < SHORTEST:
        return seen.characters == 0
    return seen.repeated >= 0.5 or seen.compression >= 4 or seen.symbols >= 0.7 or seen.unprintable >= 0.1


def _repeated(words: list[str]) -> float:
    threes = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(threes)) / len(threes) if len(words) >= FEWEST_WORDS else 0.0


def _share(text: str, test: Callable[[str], bool]) -> float:
    return sum(map(test, text)) / len(text)


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character)[0] not in "LMN"


def _is_unprintable(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")


def _deflated(text: str) -> bytes:
    deflate = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)  # raw: no header to weigh on short texts
    return deflate.compress(text.encode(errors="replace")) + deflate.flush()
