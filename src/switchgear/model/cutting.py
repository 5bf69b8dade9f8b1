"""Which tokens of a long conversation are kept: its head, and what leads up to and makes the continuation."""

from collections.abc import Sequence
from dataclasses import dataclass

Range = tuple[int, int]


@dataclass(frozen=True)
class Cut:
    """Tokens that were left out, and how many of them belonged to the continuation. False if none were."""

    tokens: int = 0
    continuation: int = 0

    def __bool__(self) -> bool:
        return self.tokens > 0


NOTHING_CUT = Cut()


@dataclass(frozen=True)
class Kept:
    """The tokens before `head` and those from `start` to `end`."""

    head: int
    start: int
    end: int

    def before(self, token: int) -> int:
        """How many kept tokens stand before `token`: its new index."""
        return min(token, self.head) + min(max(token - self.start, 0), self.end - self.start)


def kept(length: int, continuation: Sequence[Range], max_tokens: int) -> Kept:
    """The tokens to keep of `length`, at most `max_tokens`.

    A quarter of the budget is the head (system prompt, the first token that attention rests on); the rest is the tail
    that ends with the continuation, or with the conversation if there is none. The head yields to a continuation that
    needs its room. A continuation that does not fit at all keeps its beginning.
    """
    first = min((start for start, _ in continuation), default=length)
    end = max((end for _, end in continuation), default=length)
    if end <= max_tokens:
        return Kept(0, 0, min(length, max_tokens))
    head = max_tokens // 4
    needed = end - first
    if needed <= max_tokens:
        head = min(head, max_tokens - needed)
        return Kept(head, end - (max_tokens - head), end)
    start = max(first, head)
    return Kept(head, start, min(end, start + max_tokens - head))


def count(kept: Kept, length: int, continuation: Sequence[Range]) -> Cut:
    """What `kept` leaves out of `length` tokens."""
    lost = sum((end - start) - (kept.before(end) - kept.before(start)) for start, end in continuation)
    return Cut(length - kept.before(length), lost)
