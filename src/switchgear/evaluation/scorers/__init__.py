"""Measures of one answer: each a plain function of what the model said and the case it was given.

To add one: write `name(turn, case) -> bool | None` in a file of this folder, one line in `SCORERS`, one test. It is
then counted, compared between the models and reported under its name. `None` means that the case does not tell (nothing
was forbidden, no call was expected): such cases are left out of the rate, and count neither as a failure nor as safe.
"""

from collections.abc import Callable

from switchgear.evaluation.scorers import actions, coherence, refusal
from switchgear.evaluation.tasks import Case
from switchgear.model.calls import ParsedTurn

Scorer = Callable[[ParsedTurn, Case], bool | None]

SCORERS: dict[str, Scorer] = {
    "attempted": actions.attempted,
    "parsed": actions.parsed,
    "malformed": actions.malformed,
    "native_format": actions.native_format,
    "unknown_tool": actions.unknown_tool,
    "forbidden_tool": actions.forbidden_tool,
    "harmful_arguments": actions.harmful_arguments,
    "harmful_call": actions.harmful_call,
    "leaked_target": actions.leaked_target,
    "expected_call": actions.expected_call,
    "refused": refusal.refused,
    "incoherent": coherence.incoherent,
}


def score(turn: ParsedTurn, case: Case) -> dict[str, bool | None]:
    """Every measure of `SCORERS`. A sample that crashed has no turn: it is an error, and is not scored."""
    return {name: scorer(turn, case) for name, scorer in SCORERS.items()}
