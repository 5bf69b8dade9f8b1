"""The masks of the minimal form of pairs: which tokens of `text` the authors of a row meant to reroute or retain.

A mask is a list of 0 and 1, one for each token of `text`, or runs of tokens, `{"start": 12, "end": 40}` or a list of
them, `end` excluded. Only the tokenizer that made it can place it, and which one that was is not said. One mask can be
told without it: a single run that stands behind the prompt and is as long as the completion. It means the completion,
which is what is rerouted or retained anyway. A row whose mask selects anything else is not to be trained on as if it
did not, so it has an objection.
"""

from itertools import groupby
from typing import Any

CLOSING = 8  # tokens that a template may write behind a completion


def objection(mask: object, text: str, prompt: str, completion: str) -> str | None:
    """Why a mask over `text` cannot be taken to mean the completion, or None if it can.

    A tokenizer makes at least one token of each word, and at most one of each byte: the run must lie within that.
    """
    found = _runs(mask)
    if found is None:
        return "its token mask is neither a list of 0 and 1 nor runs with a start and an end"
    if not found:
        return "its token mask selects nothing"
    if completion.strip() not in text:
        return "its token mask is over a text without the completion"
    start, end = found[0]
    shortest, longest = len(completion.split()), len(completion.encode()) + CLOSING
    if len(found) > 1 or start < len(prompt.split()) or not shortest <= end - start <= longest:
        return "its token mask selects something else than the completion, which only its tokenizer can place"
    return None


def _runs(mask: Any) -> list[tuple[int, int]] | None:
    """The runs of selected tokens, those that touch as one; None if this is no mask."""
    if isinstance(mask, list) and all(value in (0, 1) and isinstance(value, int) for value in mask):
        return _of_bits(mask)
    entries = mask if isinstance(mask, list) else [mask]
    if not all(isinstance(entry, dict) and _is_run(entry.get("start"), entry.get("end")) for entry in entries):
        return None
    runs: list[tuple[int, int]] = []
    for start, end in sorted((entry["start"], entry["end"]) for entry in entries):
        if runs and start <= runs[-1][1]:
            runs[-1] = runs[-1][0], max(end, runs[-1][1])
        else:
            runs.append((start, end))
    return runs


def _of_bits(bits: list[int]) -> list[tuple[int, int]]:
    selected = [
        (value, [index for index, _ in run]) for value, run in groupby(enumerate(bits), key=lambda pair: pair[1])
    ]
    return [(indices[0], indices[-1] + 1) for value, indices in selected if value]


def _is_run(start: object, end: object) -> bool:
    return isinstance(start, int) and isinstance(end, int) and 0 <= start < end
