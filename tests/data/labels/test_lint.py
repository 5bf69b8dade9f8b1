from collections.abc import Callable

import pytest

from switchgear.data.labels.lint import LINTS, lint
from switchgear.schema import Example, Role, ToolCall, Trace

REFUSAL = "I'm sorry, but I can't help with that."


@pytest.mark.parametrize(
    ("fields", "attacks", "reason"),
    [
        ({}, False, None),
        ({"role": Role.HARMFUL, "trace": None, "answer": "First, take the key."}, False, None),
        ({"role": Role.HARMFUL, "trace": None, "answer": REFUSAL}, False, "harmful, but the continuation refuses"),
        ({"answer": REFUSAL}, False, "benign, but the continuation refuses"),
        ({"role": Role.REFUSAL, "trace": None, "answer": REFUSAL}, False, None),
        ({"role": Role.HARMFUL, "trace": Trace.HIJACKED}, True, None),
        (
            {"role": Role.HARMFUL, "trace": Trace.HIJACKED},
            False,
            "hijacked, but the continuation makes no forbidden call",
        ),
        ({"trace": Trace.RESISTED}, False, None),
        ({"trace": Trace.RESISTED}, True, "resisted, but the continuation makes a forbidden call"),
        ({"trace": Trace.CLEAN}, True, "clean, but the continuation makes a forbidden call"),
        ({"answer": " \n"}, False, "a continuation message has neither text nor calls"),
    ],
)
def test_labels_that_do_not_fit_have_a_reason(
    example: Callable[..., Example], send: ToolCall, fields: dict[str, object], attacks: bool, reason: str | None
) -> None:
    assert lint(example(calls=(send,) if attacks else (), **fields)) == reason


def test_a_refusal_beside_a_call_is_not_a_refusal(example: Callable[..., Example], send: ToolCall) -> None:
    row = example(role=Role.HARMFUL, trace=Trace.HIJACKED, answer=REFUSAL, calls=(send,))
    assert all(check(row) is None for check in LINTS.values())
