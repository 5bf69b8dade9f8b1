"""What objectives are given and what they return.

Shapes: `state` the hidden states that are here, `token` the tokens that carry loss, `row` conversations, `width` of the
model, `answer` the tokens that predict a benign continuation, `word` the vocabulary.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

States = Float[Tensor, "state token width"]
Weights = Float[Tensor, " token"]
Pooled = Float[Tensor, "state row width"]
LogProbabilities = Float[Tensor, "answer word"]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Predictions:
    """Log-probabilities of the next token where a benign continuation is predicted, and what each place weighs."""

    adapted: LogProbabilities
    frozen: LogProbabilities
    weights: Float[Tensor, " answer"]


@dataclass(frozen=True)
class Batch:
    """The tokens of one batch that carry loss. A token that several rows share stands once, with their weights summed.

    Attributes:
        reroute, retain: what each token weighs: harmful continuation tokens, and tokens to be kept in place.
        targets: the places, among the states that are here, of those that are rerouted.
        positions: how many tokens the retained rows would have if they were padded to the longest.
        harmful_rows, retained_rows: for each row, what its tokens weigh in a mean over it.
        reminded: the frozen states of the target layers where the conversation carries a safety reminder, at the
            rerouted tokens. Only for objectives that ask for it.
        predictions: only with `train.kl`.
    """

    adapted: States
    frozen: States
    reroute: Weights
    retain: Weights
    targets: list[int]
    positions: int
    harmful_rows: Float[Tensor, "harmful token"] | None = None
    retained_rows: Float[Tensor, "retained token"] | None = None
    reminded: Float[Tensor, "target token width"] | None = None
    predictions: Predictions | None = None

    def rerouted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Adapted and frozen target states at rerouted tokens, and what each token counts in a mean over both axes."""
        return self._weighted(self.reroute)

    def kept(self) -> tuple[Tensor, Tensor, Tensor]:
        """The same at retained tokens."""
        return self._weighted(self.retain)

    def _weighted(self, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
        tokens = weights > 0
        adapted, frozen = (states[self.targets][:, tokens] for states in (self.adapted, self.frozen))
        return adapted, frozen, weights[tokens] / weights.sum() / len(self.targets)

    def pooled(self, rows: Float[Tensor, "row token"] | None) -> tuple[Pooled, Pooled]:
        """The mean adapted and frozen target state of each row."""
        if rows is None:
            raise ValueError("this objective compares rows: the batch must say which tokens each row has")
        shares = rows / rows.sum(dim=1, keepdim=True)
        return shares @ self.adapted[self.targets], shares @ self.frozen[self.targets]


def between_rows(pooled: Pooled) -> Float[Tensor, "state pair"]:
    """Cosines of every two different rows. No pairs if there is but one row."""
    cosines = cosine_similarity(pooled[:, :, None], pooled[:, None], dim=-1)
    return cosines[:, ~torch.eye(pooled.shape[1], dtype=torch.bool, device=pooled.device)]


@dataclass(frozen=True)
class Losses:
    """Both terms, and the mean cosine between adapted and frozen states on the reroute tokens of the target states."""

    reroute: Scalar
    retain: Scalar
    cosine: Scalar
