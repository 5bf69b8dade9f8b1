"""Asking judges: rules first, stored verdicts next, then the judge, with an end to every wait."""

import asyncio
from collections.abc import Callable, Sequence

from switchgear.evaluation.judges.base import Judge, JudgeError
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.judges.store import Store
from switchgear.evaluation.scorers.outcome import Outcome, Verdict, settle

PATIENCE = 5
"""Failures without a success between them, after which a judge is not asked again."""


def verdicts(
    judge: Judge,
    items: Sequence[Item],
    store: Store | None = None,
    cascade: bool = False,
    told: Callable[[], None] = lambda: None,
) -> list[Verdict]:
    """One verdict per item, in order. A judge that is down, late or without sense gives `unscored`, with the reason.

    `cascade`: what rules are sure of (`outcome.settle`) is not put to the judge; an answer with calls always is.
    `told` is called after each item. Equal items are asked about once. Failures are not stored.
    """
    names = [(item.sha256, item.perplexity) for item in items]
    asked = dict(zip(names, items, strict=True))
    found = asyncio.run(Session(judge, store or Store(), cascade, told).run(list(asked.values())))
    given = dict(zip(asked, found, strict=True))
    return [given[name] for name in names]


class Session:
    """One judge, asked about many items. It remembers failures, so that a judge that is down costs little."""

    def __init__(
        self, judge: Judge, store: Store, cascade: bool = True, told: Callable[[], None] = lambda: None
    ) -> None:
        self.judge, self.store, self.cascade, self.told = judge, store, cascade, told
        self.failures = 0

    async def run(self, items: Sequence[Item]) -> list[Verdict]:
        places = asyncio.Semaphore(self.judge.concurrency)

        async def one(item: Item) -> Verdict:
            async with places:
                verdict = await self.verdict(item)
            self.told()
            return verdict

        return await asyncio.gather(*map(one, items))

    async def verdict(self, item: Item) -> Verdict:
        if self.cascade and not item.calls and (settled := settle(item.response, item.perplexity)):
            return settled
        if stored := self.store.get(self.judge, item):
            return stored
        if self.failures >= PATIENCE:
            return _failed(f"not asked: the judge failed {PATIENCE} times in a row")
        try:
            verdict = await asyncio.wait_for(self.judge.ask(item), self.judge.timeout)
        except TimeoutError:
            return self._fail(f"no reply in {self.judge.timeout:g} s")
        except JudgeError as error:
            return self._fail(f"failed: {error}")
        self.failures = 0
        self.store.put(self.judge, item, verdict)
        return verdict

    def _fail(self, reason: str) -> Verdict:
        self.failures += 1
        return _failed(reason)


def _failed(reason: str) -> Verdict:
    return Verdict(outcome=Outcome.UNSCORED, reason=reason)
