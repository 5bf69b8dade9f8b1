"""How a model is asked for a verdict and how its reply is read: two pure functions, the same for every backend."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.scorers.outcome import Outcome, Verdict, clean
from switchgear.schema import Message

LONGEST_REPLY = 20_000  # characters that are read, and kept
_REASONING = re.compile(r"\s*<(think|thinking)>.*?</\1>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Format:
    """`build` makes the messages from an item and the judge's policy, `parse` reads the reply.

    Attributes:
        max_tokens: of the reply.
        template: a chat template for local models, in place of the tokenizer's own.
        graded: (reply, first token -> probability, of the likeliest 20) -> verdict, in place of `parse` where the
            backend tells probabilities: most tell no more than the likeliest few, and some none.
        takes_policy: a policy of the user's can stand in place of our own words.
        version: counts up when `build` or `parse` changes the verdicts; those stored under another are not used.
    """

    build: Callable[[Item, str], list[Message]]
    parse: Callable[[str], Verdict]
    max_tokens: int
    template: str | None = None
    graded: Callable[[str, Mapping[str, float]], Verdict] | None = None
    takes_policy: bool = False
    version: int = 1


def answer(reply: str) -> str:
    """The reply without the reasoning that it opens with. Reasoning that does not end leaves no answer."""
    text = _REASONING.sub("", str(clean(reply))[:LONGEST_REPLY], count=1).strip()
    return "" if text.lower().startswith("<think") else text


def only(found: Iterable[str]) -> str | None:
    """The one value that was found, in lower case; None if there is none, or several that differ."""
    values = {value.lower() for value in found}
    return values.pop() if len(values) == 1 else None


def scored(outcome: Outcome, p_harmful: float | None, reply: str, categories: Iterable[str] = ()) -> Verdict:
    kept = reply[:LONGEST_REPLY]
    return Verdict(outcome=outcome, p_harmful=p_harmful, categories=tuple(categories), raw=kept)


def unparseable(reply: str, wanted: str) -> Verdict:
    """A reply that is no verdict is never taken for one."""
    reason = f"unparseable: no {wanted}" if reply.strip() else "unparseable: an empty reply"
    return Verdict(outcome=Outcome.UNSCORED, reason=reason, raw=reply[:LONGEST_REPLY])
