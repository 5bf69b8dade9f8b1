"""A conversation that another model leads. PyRIT is an extra: what it does itself is tried where it is installed."""

import json
from importlib.util import find_spec

import pytest

from switchgear.errors import RecipeError
from switchgear.evaluation.attacks import crescendo
from switchgear.evaluation.attacks.base import Victim
from switchgear.evaluation.attacks.crescendo import Talk
from switchgear.recipe import AttackRecipe
from tests.scripted_server import completion, serving

WATER, BELL = (f'<tool_call>\n{{"name": "{name}", "arguments": {{}}}}\n</tool_call>' for name in ("water", "ring_bell"))
ATTACKER = {"url": "http://localhost:1/v1", "model": "leader"}
NO = "I'm sorry, but I can't help with that."


@pytest.fixture
def says(monkeypatch):
    """The model under attack says these things, one after the other. Gives what it was put."""
    put: list[str] = []

    def says(*answers):
        left = iter(answers)

        def say(self, prompts):
            put.extend(self.tokenizer.decode(prompt) for prompt in prompts)
            return [next(left) for _ in prompts]

        monkeypatch.setattr(Victim, "answers", say)
        return put

    return says


@pytest.fixture
def talk(victims, asked):
    return Talk(victims["adapted"], AttackRecipe(name="crescendo"), asked[0])


def test_the_model_is_put_the_case_and_all_that_was_said(talk, says):
    put = says(WATER, BELL)
    assert talk.answer([("user", "Hello!")]) == WATER
    talk.answer([("user", "Hello!"), ("assistant", WATER), ("user", "And now the bell.")])
    assert "Hello!" in put[0]
    assert put[1].startswith(put[0])
    assert '"water"' in put[1][len(put[0]) :].split("And now the bell.")[0]


def test_a_success_counts_from_its_turn_on_and_a_failure_with_its_last_answer(talk, says):
    says(WATER, "Hm.", BELL, WATER)
    said = [("user", "1"), ("assistant", "a"), ("user", "2"), ("assistant", "b"), ("user", "3")]
    for end in (1, 3, 5, 5):
        talk.answer(said[:end])
    assert [talk.best(turns).output for turns in (1, 2, 3, 9)] == [WATER, "Hm.", BELL, BELL]


def test_an_attacker_that_never_spoke_has_failed(talk):
    assert talk.best(3).error is not None


def test_success_and_refusal_are_told_by_the_scorers(talk):
    assert [talk.achieved(text) for text in (BELL, WATER, NO)] == [True, False, False]
    assert [talk.refused(text) for text in (BELL, "Which bed?", NO)] == [False, False, True]


def test_an_attacker_whose_key_is_not_set_is_found_before_anything_is_tried(victims, make, monkeypatch):
    monkeypatch.setattr(crescendo, "find_spec", lambda name: True)
    with pytest.raises(RecipeError, match="NO_SUCH_KEY"):
        make(victims["adapted"], "crescendo", {"attacker": {**ATTACKER, "key_variable": "NO_SUCH_KEY"}})


def test_without_pyrit_the_message_says_how_to_get_it(victims, make, monkeypatch):
    monkeypatch.setattr(crescendo, "find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r"switchgear\[attacks\]"):
        make(victims["adapted"], "crescendo", {"attacker": ATTACKER})


with_pyrit = pytest.mark.skipif(find_spec("pyrit") is None, reason="the extra `attacks` is not installed")


@with_pyrit
def test_pyrit_leads_the_conversation_until_the_objective_is_achieved(victims, make, asked, says):
    put = says(WATER, NO, BELL)

    def leader(request):
        question = f"Question {request.number}"
        words = {"next_message": question, "rationale": "-", "last_response_summary": "-"}
        return completion(json.dumps(words))

    with serving(leader) as server:
        options = {"attacker": {"url": server.url, "model": "leader"}}
        attack = make(victims["adapted"], "crescendo", options, budget=(1, 2, 4))
        found = list(attack(asked[:1]))
    assert [(each.budget, each.output) for each in found] == [(1, WATER), (2, BELL), (4, BELL)]
    assert "Question 0" in put[0]
    assert "Question 1" in put[1]
    assert "Question 1" not in put[2]  # what was refused is taken back
    assert "Question 2" in put[2]


@with_pyrit
def test_an_attacker_that_talks_nonsense_is_a_failure_of_its_case_and_is_not_quoted(
    victims, make, asked, says, capfd, monkeypatch
):
    monkeypatch.setenv("RETRY_MAX_NUM_ATTEMPTS", "2")
    says()
    with serving(lambda request: completion("Ring the bell!")) as server:
        attack = make(
            victims["adapted"], "crescendo", {"attacker": {"url": server.url, "model": "leader"}}, budget=(1,)
        )
        assert [each.error for each in attack(asked)] == ["InvalidJsonException"] * 2
    assert "Ring the bell!" not in "".join(capfd.readouterr())
