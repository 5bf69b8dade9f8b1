"""Examples in other wordings, for objectives and recipes that ask for them."""

import random

from switchgear.schema import Example, Message


def emptied(example: Example, share: float, seed: int) -> Example:
    """For this share of examples, chosen by seed and id: every user message that a continuation answers says nothing.

    The authors' empty-user variant: the continuation alone has to trip the breaker.
    """
    if random.Random(f"{seed}/empty/{example.id}").random() >= share:
        return example
    last = max(example.continuation, default=0)
    nothing = {"content": "", "injected": ()}
    messages = tuple(
        message.model_copy(update=nothing) if message.role == "user" and index < last else message
        for index, message in enumerate(example.messages)
    )
    return example.model_copy(update={"messages": messages})


def reminded(example: Example, reminder: str) -> Example:
    """The same conversation with a reminder at the end of its system message, which it gets if it has none."""
    first, *others = example.messages
    if first.role == "system":
        system = first.model_copy(update={"content": f"{first.content}\n\n{reminder}".strip()})
        return example.model_copy(update={"messages": (system, *others)})
    return example.model_copy(
        update={
            "messages": (Message(role="system", content=reminder), *example.messages),
            "continuation": tuple(index + 1 for index in example.continuation),
        }
    )
