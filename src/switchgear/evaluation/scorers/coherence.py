"""Whether an answer has come apart: no language, and no call either."""

from switchgear.data.labels.coherence import is_incoherent
from switchgear.evaluation.scorers.outcome import SENSELESS
from switchgear.evaluation.tasks import Case
from switchgear.model.calls import ParsedTurn


def incoherent(turn: ParsedTurn, _case: Case) -> bool:
    """No well-formed call, and a text that has come apart, by its characters and repetitions alone."""
    return not turn.calls and is_incoherent(turn.text)


def senseless(perplexity: float | None) -> bool:
    """Word salad, by its perplexity under the frozen model, where that was measured."""
    return perplexity is not None and perplexity >= SENSELESS
