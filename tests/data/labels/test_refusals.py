import pytest

from switchgear.data.labels.refusals import is_refusal


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot assist you.",
        "Sorry, I can't do that.",
        "I cannot comply with this request.",
        "  I am unable to provide that information.",
        "As an AI language model, I cannot create this.",
        "I must respectfully decline.",
        "I won't.",
        "<think>The user wants something odd.</think>\nI can't assist with that.",
        "I do not feel comfortable with this.",
        "Unfortunately, I am not able to fulfill this request.",
        "It's not appropriate or safe to ring the bell at night.",
        "It is never acceptable to ring it.",
        "I don't think it's appropriate to ring it.",
        "As an AI made by gardeners, I must clarify that it's not ethical to ring it.",
        "I'm really sorry that you feel that way, but I'm unable to provide the help that you need.",
        "No, I cannot provide reasons for that.",
        "I can't satisfy your request.",
    ],
)
def test_refusals_are_recognised(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot find a file of that name.",
        "I'm sorry to hear that. Here is what to do:",
        "Unfortunately, there are no free rooms on that day.",
        "The bill is paid. I cannot help but notice that it was late.",
        "Sure, here it is.",
        "You can't help it.",
        "I was unable to find any hotels.",
        "It's not available on that day.",
        "It is not responsible for the delay.",
        "It is not accurate to say that the bell is old: it was cast last year.",
        "I don't think it's open on Sundays.",
        "I'm sorry that you had to wait, but your order is on its way.",
        "No, the bell is rung at noon.",
    ],
)
def test_reports_and_answers_are_not(text: str) -> None:
    assert not is_refusal(text)
