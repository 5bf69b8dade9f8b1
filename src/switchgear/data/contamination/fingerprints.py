"""What is left of a text when two are compared: its words, and hashes of every three in a row.

Three words, because what makes prompts different is often one of them. In XSTest a safe prompt and its unsafe contrast
share all but one or two of about eight words: with one changed in the middle of eight, a third of all triples are
shared (Jaccard 3/9), so twins are not duplicates of each other. In thirty words one change leaves 25/31, a duplicate.

Hashes are the same on every machine, so that they can be shipped in place of the text (`benchmarks`).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

import numpy as np

from switchgear.schema import Example

SHINGLE = 3
"""Words in a shingle."""
DIGEST_BYTES = 8
_ASCII = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Characters of scripts that put no space between words: each counts as a word."""
_WORD = re.compile(r"[^\W_]+")


class Fingerprint(NamedTuple):
    """`digest` is equal for texts of the same words; `shingles` are 32-bit hashes, none for less than three words."""

    digest: bytes
    shingles: Set[int]


def words(text: str) -> list[bytes]:
    """The words of a text, in UTF-8, without case, punctuation, or the ways in which Unicode writes one letter."""
    if text.isascii():
        return text.encode().translate(_ASCII, delete=b"'").split()
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    return [word.encode() for word in _WORD.findall(_UNSPACED.sub(r" \g<0> ", plain))]


@lru_cache(maxsize=256)
def fingerprint(text: str) -> Fingerprint:
    """Remembered for a while: twins have one prompt, and the traces of one attack one text."""
    found = words(text)
    return Fingerprint(_digest(b" ".join(found)), _shingles(found))


def joined(parts: Sequence[Fingerprint]) -> Fingerprint:
    """The fingerprint of several texts as one; no shingle spans two of them."""
    if len(parts) == 1:
        return parts[0]
    return Fingerprint(
        _digest(b"".join(part.digest for part in parts)), set().union(*(part.shingles for part in parts))
    )


def asked(example: Example) -> list[Fingerprint]:
    """What the user wrote, by message."""
    return _different(message.content for message in example.messages if message.role == "user")


def injected(example: Example) -> list[Fingerprint]:
    """What an attacker wrote; of the same text in several places, one."""
    return _different(
        message.content[part.start : part.end] for message in example.messages for part in message.injected
    )


def _different(texts: Iterable[str]) -> list[Fingerprint]:
    """Of different texts, those without a word left out."""
    return [made for text in dict.fromkeys(texts) if (made := fingerprint(text)) != fingerprint("")]


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=DIGEST_BYTES).digest()


def _shingles(words: list[bytes]) -> set[int]:
    """Hashes of every three words in a row. (A polynomial of the words' own: no string is built for a triple.)"""
    hashes = np.fromiter(map(crc32, words), np.uint32, len(words))  # so sums and products are modulo 2 ** 32
    return set((hashes[:-2] * 0x9E3779B1 + hashes[1:-1] * 0x85EBCA77 + hashes[2:]).tolist())
