"""Strings that the tokenizer turns into control tokens, and how data is kept from spelling them.

Data that spells `<|im_end|>` would close its own turn and open another. `neutralise` puts a zero-width space after the
first character of every such string: a reader sees the same text, the tokenizer sees plain text, and taking the spaces
out again gives the source back.
"""

import re
from functools import lru_cache
from typing import Any

BREAK = "\u200b"  # zero-width space


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """Special tokens, and added tokens that the chat template writes (`<tool_call>` of Qwen); longest first.

    Other added tokens (`<table>`, runs of spaces) are ordinary vocabulary. A token of one character cannot be broken.
    """
    return _tokens(tokenizer, len(tokenizer), str(tokenizer.chat_template))


def special_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The tokens flagged as special, which is what ends a turn; longest first."""
    return _tokens(tokenizer, len(tokenizer), "")


@lru_cache(maxsize=32)
def pattern(tokens: tuple[str, ...]) -> re.Pattern[str]:
    """Matches any of `tokens`, which are longest first; nothing if there are none."""
    return re.compile("|".join(map(re.escape, tokens)) or "(?!)")


def neutralise(text: str, tokenizer: Any) -> str:
    """`text` with a zero-width space inside every string that the tokenizer would turn into a control token."""
    return insert(text, dict.fromkeys(breaks(text, tokenizer), BREAK))


def neutralise_all(value: Any, tokenizer: Any) -> Any:
    """`neutralise` on every string in a JSON value, keys included."""
    if isinstance(value, str):
        return neutralise(value, tokenizer)
    if isinstance(value, dict):
        return {neutralise(key, tokenizer): neutralise_all(item, tokenizer) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [neutralise_all(item, tokenizer) for item in value]
    return value


def breaks(text: str, tokenizer: Any) -> list[int]:
    """Places in `text` where `neutralise` inserts, in order. A lookahead also finds tokens that overlap."""
    return [match.start() + 1 for match in _lookahead(control_tokens(tokenizer)).finditer(text)]


def insert(text: str, at: dict[int, str]) -> str:
    """`text` with each string of `at` inserted before the character with that index."""
    pieces, done = [], 0
    for place in sorted(at):
        pieces += [text[done:place], at[place]]
        done = place
    return "".join([*pieces, text[done:]])


@lru_cache(maxsize=32)
def _tokens(tokenizer: Any, size: int, template: str) -> tuple[str, ...]:
    """`size` is part of the cache's key: a token may be added later."""
    added = tokenizer.added_tokens_decoder.values()
    spelled = {token.content for token in added if token.special or token.content in template}
    breakable = (token for token in spelled if len(token) > 1 and token.strip() and BREAK not in token)
    return tuple(sorted(breakable, key=lambda token: (-len(token), token)))


@lru_cache(maxsize=32)
def _lookahead(tokens: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"(?={pattern(tokens).pattern})")
