"""Whether an answer has come apart: no language, and no call either."""

from switchgear.data.labels.coherence import is_incoherent
from switchgear.evaluation.tasks import Case
from switchgear.model.calls import ParsedTurn


def incoherent(turn: ParsedTurn, _case: Case) -> bool:
    """No well-formed call, and a text that has come apart."""
    return not turn.calls and is_incoherent(turn.text)
