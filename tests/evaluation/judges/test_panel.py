"""Scripted judges: down, slow, forgetful, cut off. None of them makes a score out of a failure."""

import asyncio
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.evaluation.judges.base import Judge, JudgeError
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.judges.panel import PATIENCE, verdicts
from switchgear.evaluation.judges.store import Store
from switchgear.evaluation.scorers.outcome import Outcome, Verdict
from switchgear.schema import ToolCall

COMPLIED = Verdict(outcome=Outcome.COMPLIED)
REFUSAL = "I'm sorry, but I can't help with that."


def item(response: str = "The bell rings.", **fields: object) -> Item:
    return Item.model_validate({"request": "Ring the bell", "response": response, **fields})


def items(count: int) -> list[Item]:
    return [item(f"The bell rings {number} times.") for number in range(count)]


@pytest.fixture
def scripted() -> Callable[..., tuple[Judge, Counter[str]]]:
    def make(behaviour: Callable[[Item], Verdict], seconds: float = 0, **fields: object) -> tuple[Judge, Counter[str]]:
        asked: Counter[str] = Counter()

        async def ask(shown: Item) -> Verdict:
            asked[shown.response] += 1
            await asyncio.sleep(seconds)
            return behaviour(shown)

        return Judge("scripted", "", ask, **{"key": "1", "timeout": 5, **fields}), asked  # type: ignore[arg-type]

    return make


def down(_item: Item) -> Verdict:
    raise JudgeError("ConnectError")


def test_verdicts_come_in_the_order_of_the_items(scripted) -> None:
    judge, _ = scripted(lambda shown: Verdict(outcome=Outcome.COMPLIED, raw=shown.response), concurrency=3)
    shown = items(10)
    assert [verdict.raw for verdict in verdicts(judge, shown)] == [each.response for each in shown]


def test_a_judge_that_is_down_scores_nothing_and_is_not_asked_forever(scripted) -> None:
    judge, asked = scripted(down, concurrency=1)
    given = verdicts(judge, items(40))
    assert {verdict.outcome for verdict in given} == {Outcome.UNSCORED}
    assert asked.total() == PATIENCE
    assert Counter(verdict.reason.split(":")[0] for verdict in given) == {"failed": 5, "not asked": 35}


def test_a_judge_that_fails_now_and_then_goes_on(scripted) -> None:
    judge, asked = scripted(lambda shown: COMPLIED if " 3 " in shown.response else down(shown), concurrency=1)
    given = verdicts(judge, items(8))
    assert given[3].outcome is Outcome.COMPLIED
    assert asked.total() == 8


def test_a_slow_judge_is_cut_off_in_time(scripted) -> None:
    judge, _ = scripted(lambda _: COMPLIED, seconds=30, timeout=0.05, concurrency=4)
    began = time.monotonic()
    given = verdicts(judge, items(20))
    assert time.monotonic() - began < 3
    assert {verdict.outcome for verdict in given} == {Outcome.UNSCORED}
    assert given[0].reason == "no reply in 0.05 s"


def test_failures_are_asked_again_and_verdicts_are_not(scripted, tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    judge, _ = scripted(lambda shown: down(shown) if " 1 " in shown.response else COMPLIED)
    verdicts(judge, items(3), Store(path))
    mended, again = scripted(lambda _: COMPLIED)
    assert [verdict.outcome for verdict in verdicts(mended, items(3), Store(path))] == [Outcome.COMPLIED] * 3
    assert list(again) == ["The bell rings 1 times."]


def test_a_reply_without_sense_is_stored_as_such(scripted, tmp_path: Path) -> None:
    unread = Verdict(outcome=Outcome.UNSCORED, reason="unparseable: no outcome")
    judge, asked = scripted(lambda _: unread)
    for _ in range(2):
        assert verdicts(judge, [item()], Store(tmp_path / "store.jsonl")) == [unread]
    assert asked.total() == 1


@pytest.mark.parametrize(
    ("key", "shown"), [("2", item()), ("1", item("Other.")), ("1", item(transcript="[user]\nRing"))], ids=str
)
def test_another_judge_or_another_answer_is_asked_anew(scripted, tmp_path: Path, key: str, shown: Item) -> None:
    judge, _ = scripted(lambda _: COMPLIED)
    verdicts(judge, [item()], Store(tmp_path / "store.jsonl"))
    other, asked = scripted(lambda _: COMPLIED, key=key)
    verdicts(other, [shown], Store(tmp_path / "store.jsonl"))
    assert asked.total() == 1


def test_a_judge_without_a_key_is_not_stored(scripted, tmp_path: Path) -> None:
    judge, asked = scripted(lambda _: COMPLIED, key=None)
    for _ in range(2):
        verdicts(judge, [item()], Store(tmp_path / "store.jsonl"))
    assert asked.total() == 2
    assert not (tmp_path / "store.jsonl").exists()


def test_equal_answers_are_asked_about_once(scripted) -> None:
    judge, asked = scripted(lambda _: COMPLIED)
    assert verdicts(judge, [item(), item(), item()]) == [COMPLIED] * 3
    assert asked.total() == 1


def test_a_cascade_asks_only_about_what_rules_do_not_settle(scripted) -> None:
    judge, asked = scripted(lambda _: COMPLIED)
    called = item(REFUSAL, calls=(ToolCall(name="ring"),))
    shown = [item(REFUSAL), item("bell " * 200), item("Rung.", perplexity=1e5), item("Rung."), called]
    given = verdicts(judge, shown, cascade=True)
    expected = ["refused", "incoherent", "incoherent", "complied", "complied"]
    assert [verdict.outcome for verdict in given] == expected
    assert sorted(asked) == sorted([REFUSAL, "Rung."])


def test_a_kill_in_the_middle_loses_no_verdict_that_was_given(scripted, tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    script = f"""
        import asyncio, os, signal
        from pathlib import Path
        from switchgear.evaluation.judges.base import Judge
        from switchgear.evaluation.judges.items import Item
        from switchgear.evaluation.judges.panel import verdicts
        from switchgear.evaluation.judges.store import Store
        from switchgear.evaluation.scorers.outcome import Outcome, Verdict
        path = Path({str(path)!r})
        async def ask(item):
            if " 4 " in item.response:
                with path.open("a") as file:
                    file.write('{{"key": "half a li')
                os.kill(os.getpid(), signal.SIGKILL)
            return Verdict(outcome=Outcome.COMPLIED)
        shown = [Item(request="Ring the bell", response=f"The bell rings {{n}} times.") for n in range(6)]
        verdicts(Judge("scripted", "", ask, key="1", concurrency=1), shown, Store(path))
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=60, check=False)
    assert ended.returncode == -9
    judge, asked = scripted(lambda _: COMPLIED)
    assert verdicts(judge, items(6), Store(path)) == [COMPLIED] * 6
    assert sorted(asked) == ["The bell rings 4 times.", "The bell rings 5 times."]
