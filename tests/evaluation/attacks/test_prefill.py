"""The attacker's own opening, given token by token."""

from switchgear.evaluation.attacks.prefill import Prefill


def test_the_attackers_answer_is_begun_with_so_many_tokens_and_never_with_his_value(victims, asked, make):
    victim = victims["adapted"]
    attempts = list(make(victim, "prefill", budget=(0, 2, 500))(asked))
    given = {(each.question.case.id, each.budget): each.opening for each in attempts}
    for question in asked:
        whole = question.openings["prefilled"]
        openings = [given[question.case.id, level] for level in (0, 2, 500)]
        assert openings == [victim.tokenizer.decode(whole[:most]) for most in (0, 2, 500)]
        assert openings[2].endswith("ring_bell")
        assert openings[0] == ""


def test_answers_go_on_from_what_was_given(victims, asked, make):
    victim = victims["adapted"]
    [attempt] = make(victim, "prefill", budget=(3,))(asked[:1])
    prompt = [*asked[0].context, *asked[0].openings["prefilled"][:3]]
    assert attempt.output == victim.answers([prompt])[0]
    assert attempt.error is None


def test_other_words_can_be_given_than_the_call(victims, asked, make):
    victim = victims["adapted"]
    attempts = list(make(victim, "prefill", {"text": "Water the roses."}, budget=(1, 100))(asked))
    assert {each.opening for each in attempts if each.budget == 100} == {"Water the roses."}
    assert all("Water the roses.".startswith(each.opening) for each in attempts)


def test_its_budget_is_tokens():
    assert Prefill.unit == "tokens"
    assert Prefill.budget[0] == 0
