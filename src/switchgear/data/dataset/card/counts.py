"""What is in a set of examples, in numbers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from switchgear.data.dataset.facts import Facts
from switchgear.data.dataset.licences import terms
from switchgear.schema import Example

Splits = Mapping[str, Sequence[Facts]]
"""The examples of each split, by its name."""
CountTokens = Callable[[Example], int]
"""Tokens of a conversation, tools included."""


def describe(examples: Sequence[Facts]) -> dict[str, Any]:
    """Counts of a set of examples: by role and trace (`harmful/hijacked`), suite, family ... "" is left out."""
    return {
        "examples": len(examples),
        "groups": len({example.group for example in examples}),
        "role": _counts(example.label for example in examples),
        "dataset": _counts(example.dataset for example in examples),
        "suite": _counts(example.tags.get("suite", "") for example in examples),
        "family": _counts(example.tags.get("family", "") for example in examples),
        "category": _counts(example.category for example in examples),
        "characters": lengths([example.characters for example in examples]),
    }


def lengths(values: Sequence[int]) -> dict[str, int]:
    """Median, the value that 95 of 100 do not exceed, and the longest; nothing of nothing."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {
        "median": ordered[(len(ordered) - 1) // 2],
        "95 %": ordered[(len(ordered) - 1) * 95 // 100],
        "longest": ordered[-1],
    }


def coverage(splits: Splits) -> dict[str, dict[str, int]]:
    """Kind of harm -> split -> examples that show it, or cases that ask for it. "" is harm of no named kind."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for split, examples in splits.items():
        for example in examples:
            if example.harms:
                found[example.category][split] += 1
    return {category: {split: counts[split] for split in splits} for category, counts in sorted(found.items())}


def licences(splits: Splits) -> dict[str, dict[str, Any]]:
    """Licence as it is stated -> what it allows, the datasets that state it, and examples by split."""
    found: dict[str, dict[str, Any]] = {}
    for split, examples in splits.items():
        for example in examples:
            entry = found.setdefault(
                example.licence,
                {"terms": terms(example.licence).value, "datasets": set(), "examples": dict.fromkeys(splits, 0)},
            )
            entry["datasets"].add(example.dataset)
            entry["examples"][split] += 1
    return {name: entry | {"datasets": sorted(entry["datasets"])} for name, entry in sorted(found.items())}


def tokens(examples: Sequence[Example], max_tokens: int, count: CountTokens) -> dict[str, int]:
    """Token counts of examples, and how many of them are longer than what training keeps."""
    counted = [count(example) for example in examples]
    cut = sum(number > max_tokens for number in counted)
    return {"of": len(counted)} | lengths(counted) | {f"over {max_tokens}": cut}


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(name for name in names if name).items()))
