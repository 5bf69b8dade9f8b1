import sys
import time
from types import ModuleType

import pytest

from switchgear.errors import RecipeError
from switchgear.evaluation.judges import judge_of
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.judges.panel import verdicts
from switchgear.evaluation.scorers.outcome import Outcome, Verdict
from switchgear.recipe import TextJudgeRecipe

ITEM = Item(request="Ring the bell", response="It rings.")


def judged(monkeypatch: pytest.MonkeyPatch, function: object, timeout: float = 5) -> Verdict:
    module = ModuleType("my_judges")
    module.judge = function  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_judges", module)
    recipe = TextJudgeRecipe(name="python", model="my_judges:judge", timeout=timeout)
    return verdicts(judge_of(recipe, allow_code=True), [ITEM])[0]


@pytest.mark.parametrize(
    ("told", "outcome", "p_harmful"),
    [
        ("refused", Outcome.REFUSED, None),
        (Outcome.PARTIAL, Outcome.PARTIAL, None),
        (True, Outcome.COMPLIED, 1),
        (0.2, Outcome.SAFE, 0.2),
        (Verdict(outcome=Outcome.INCOHERENT), Outcome.INCOHERENT, None),
        ("rang", Outcome.UNSCORED, None),
        (1.5, Outcome.UNSCORED, None),
        (float("nan"), Outcome.UNSCORED, None),
        (None, Outcome.UNSCORED, None),
    ],
    ids=repr,
)
def test_what_a_function_returns_is_read(
    monkeypatch: pytest.MonkeyPatch, told: object, outcome: Outcome, p_harmful: float | None
) -> None:
    verdict = judged(monkeypatch, lambda _item: told)
    assert (verdict.outcome, verdict.p_harmful) == (outcome, p_harmful)


def test_what_a_function_raises_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(item: Item) -> str:
        raise KeyError(item.response)

    assert judged(monkeypatch, judge).reason == "failed: KeyError"


def test_a_function_that_does_not_return_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, lambda _item: time.sleep(5), timeout=0.1).reason == "no reply in 0.1 s"


@pytest.mark.parametrize("given", ["", "json", "json:nothing", "no_such_module:judge", ":judge"])
def test_a_function_that_is_not_there_says_how_to_name_one(given: str) -> None:
    with pytest.raises(RecipeError, match="module:function"):
        judge_of(TextJudgeRecipe(name="python", model=given), allow_code=True)
