"""Latent adversarial training: reroute against an attacker who moves the states below (Sheshadri et al. 2024,
arXiv 2407.15549, with rerouting in place of their losses)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from switchgear.recipe import LatentAttackRecipe

States = Float[Tensor, "token width"]


@dataclass(frozen=True)
class Ball:
    """All changes of a token's state up to `radii`, one for each token, in L2."""

    radii: Float[Tensor, " token"]

    def project(self, change: States) -> States:
        lengths: Tensor = change.norm(dim=-1)
        return change * (self.radii / lengths.clamp_min(1e-12)).clamp(max=1)[:, None]

    def strongest(self, gain: Callable[[States], Tensor], width: int, steps: int) -> States:
        """The change in the ball that raises `gain` most, by `steps` of signed gradient from no change.

        Two radii are walked in all, so that the border is reached and walked along. The best change seen is returned:
        it is never worse than none.
        """
        stride = 2 * self.radii[:, None] / steps / width**0.5
        change = torch.zeros(len(self.radii), width, device=self.radii.device)
        best, highest = change, -torch.inf
        for step in range(steps + 1):
            change.requires_grad_()
            value = gain(change)
            if float(value.detach()) > highest:
                best, highest = change.detach(), float(value.detach())
            if step < steps:
                (gradient,) = torch.autograd.grad(value, change)
                change = self.project(change.detach() + stride * gradient.sign())
        return best


def attacked_state(recipe: LatentAttackRecipe, depth: int) -> int:
    """The hidden state that the attacker moves, in a model of `depth` blocks."""
    return max(round(recipe.depth * depth), 1)
