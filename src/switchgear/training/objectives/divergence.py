"""KL add-on: benign continuations keep their next-token distributions, and not their states alone."""

from torch.nn.functional import kl_div

from switchgear.training.objectives.batch import Predictions, Scalar


def divergence(predictions: Predictions, temperature: float = 1.0) -> Scalar:
    """`T^2 weighted mean over answers of KL(frozen || adapted)` of distributions softened by `T`, in nats per token.

    The term of RepBend (Yousefpour et al. 2025, arXiv 2504.01550; T = 2) and of RRFA. The `T^2` keeps the size of its
    gradient (Hinton et al. 2015).
    """
    adapted, frozen = ((part / temperature).log_softmax(-1) for part in (predictions.adapted, predictions.frozen))
    each = kl_div(adapted, frozen, log_target=True, reduction="none").sum(-1)
    mean: Scalar = each @ predictions.weights / predictions.weights.sum()
    return temperature**2 * mean
