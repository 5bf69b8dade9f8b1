"""Judges that a recipe can name."""

from switchgear.schema import Example, Message


def by_length(prompt: Example, answer: Message) -> str:
    return "complied" if len(answer.content) > 9 else "refused"


def broken(prompt: Example, answer: Message) -> str:
    raise ValueError(answer.content)


def of_another_mind(prompt: Example, answer: Message) -> str:
    return "rather rude"
