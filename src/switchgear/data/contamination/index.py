"""What is trained on and also reported on: found by text, whatever dataset it came in under.

Compared is what the user wrote and, in an agent's trace, what an attacker wrote into a tool result. Not compared are
system prompts, tools, tool results and answers: they are shared by design between the suites of one generator.

- exact: the same words, whatever their case and punctuation;
- near: Jaccard similarity of their shingles is at least the threshold;
- quoted: one of the two, of nine words or more, stands whole in the other, as a request does in a many-shot prompt or
  before an adversarial suffix, or shortened in another dataset. Fewer words may stand anywhere by chance.

A held-out trace under injection is its user's task and the injected text together, and only exactly: a holdout by
family keeps task and goal and changes a few words around them, so nearness there is the experiment and not a leak. The
tasks and goals that such a holdout has in common with training are counted in `shared`, not removed.

The held-out side is indexed: every shingle with the texts that have it. So the search is exact, and a row costs about
as much as parsing it. (MinHash of 128 permutations takes six times as long for prompts of this length, and estimates
what is computed here.)
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from switchgear.data.contamination.benchmarks import bundled
from switchgear.data.contamination.fingerprints import SHINGLE, Fingerprint, asked, injected, joined
from switchgear.schema import Example

THRESHOLD = 0.8
QUOTED_SHINGLES = 9 - SHINGLE + 1
"""Of nine words. In one pair of XSTest the unsafe prompt, of eight, is the safe one without its end."""


class Match(BaseModel):
    """A row to train on and the held-out text that it repeats, by their names: the text itself is not told."""

    model_config = ConfigDict(frozen=True)

    train: str
    train_dataset: str
    holdout: str
    """The id of a held-out example, or of a prompt in a bundled benchmark."""
    holdout_dataset: str
    """The benchmark's name, if it is one."""
    similarity: float
    """Jaccard, of near ones. 1 for what is exact or quoted."""
    kind: Literal["exact", "near", "quoted"]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of the held-out side."""

    name: str
    dataset: str
    shingles: Set[int]


_Found = tuple[_Text, float, Literal["exact", "near", "quoted"]]


class Index:
    """The held-out examples and the bundled benchmarks, to be asked row by row.

    Args:
        allow: names of bundled benchmarks that may be trained on.
        threshold: of the Jaccard similarity, from which on two texts are near.

    Raises:
        RecipeError: `allow` names a benchmark that is not bundled.
    """

    def __init__(
        self, holdout: Iterable[Example] = (), *, allow: Collection[str] = (), threshold: float = THRESHOLD
    ) -> None:
        self.threshold = threshold
        self._exact: dict[bytes, _Text] = {}
        self._texts: list[_Text] = []
        self._with_shingle: dict[int, list[int]] = defaultdict(list)
        for example in holdout:
            self._add_example(example)
        for benchmark in bundled(allow):
            for name, prompt in benchmark.prompts.items():
                self._add(f"{benchmark.name}/{name}", benchmark.name, prompt)

    def match(self, example: Example) -> Match | None:
        """The held-out text that is exactly in the example, or else the most similar one."""
        user, attacker = asked(example), injected(example)
        if attacker and (trace := self._exact.get(joined(user + attacker).digest)):
            return _match(example, (trace, 1.0, "exact"))
        parts = user + attacker if len(user) < 2 else [*user, *attacker, joined(user)]
        hits = [hit for part in parts if (hit := self._find(part))]
        return _match(example, max(hits, key=lambda hit: (hit[2] == "exact", hit[1]))) if hits else None

    def _add_example(self, example: Example) -> None:
        user, attacker = asked(example), injected(example)
        dataset = example.tags.get("benchmark") or example.provenance.dataset
        if attacker:
            self._exact.setdefault(joined(user + attacker).digest, _Text(example.id, dataset, frozenset()))
        elif user:
            self._add(example.id, dataset, joined(user))

    def _add(self, name: str, dataset: str, prompt: Fingerprint) -> None:
        if prompt.digest in self._exact:
            return
        self._exact[prompt.digest] = text = _Text(name, dataset, prompt.shingles)
        for shingle in text.shingles:
            self._with_shingle[shingle].append(len(self._texts))
        self._texts.append(text)

    def _find(self, text: Fingerprint) -> _Found | None:
        if same := self._exact.get(text.digest):
            return same, 1.0, "exact"
        own = text.shingles
        known = self._with_shingle.keys() & own
        if not known or (len(known) < QUOTED_SHINGLES and len(known) / len(own) < self.threshold):
            return None  # too few for any text: most rows end here
        common = Counter(number for shingle in known for number in self._with_shingle[shingle])
        hits = (self._compare(self._texts[number], count, len(own)) for number, count in common.items())
        return max((hit for hit in hits if hit), key=lambda hit: hit[1], default=None)

    def _compare(self, text: _Text, common: int, size: int) -> _Found | None:
        """`common` of the text's shingles are among the `size` of a row."""
        similarity = common / (len(text.shingles) + size - common)
        if similarity >= self.threshold:
            return text, similarity, "near"
        if common == min(len(text.shingles), size) >= QUOTED_SHINGLES:
            return text, 1.0, "quoted"
        return None


def _match(example: Example, found: _Found) -> Match:
    text, similarity, kind = found
    return Match(
        train=example.id,
        train_dataset=example.provenance.dataset,
        holdout=text.name,
        holdout_dataset=text.dataset,
        similarity=round(similarity, 3),
        kind=kind,
    )
