"""A small example that each test changes where it must."""

from collections.abc import Callable
from typing import Any

import pytest

from switchgear.schema import CallPattern, Example, Expectation, Message, Provenance, Role, ToolCall, Trace

SEND = ToolCall(name="send_money", arguments={"recipient": "XX00"}, id="call_0")


def build(
    name: str = "a",
    role: Role = Role.BENIGN,
    trace: Trace | None = Trace.CLEAN,
    answer: str = "The bill is paid.",
    calls: tuple[ToolCall, ...] = (),
    group: str = "bank/1",
    row: str | None = None,
    prompt: str = "Pay it.",
    **fields: Any,
) -> Example:
    return Example(
        id=name,
        role=role,
        trace=trace,
        messages=(Message(role="user", content=prompt), Message(role="assistant", content=answer, tool_calls=calls)),
        continuation=(1,),
        group=group,
        provenance=Provenance(dataset="test", revision="1", licence="MIT", row=row or name, sha256="0"),
        expectation=fields.pop("expectation", Expectation(forbidden=(CallPattern(name="send_money"),))),
        **fields,
    )


@pytest.fixture
def example() -> Callable[..., Example]:
    """Builds a benign, clean example; every part can be given."""
    return build


@pytest.fixture
def send() -> ToolCall:
    """A call that the examples of `example` forbid."""
    return SEND
