"""The objectives as their equations state them, row by row and token by token over `output_hidden_states`.

`adapted` and `frozen` are lists of states (row, position, width), weights are (row, position), and harmful rows are
those with a token to reroute.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from switchgear.recipe import TrainRecipe
from tests.reference.rerouting import reroute_loss

States = list[Tensor]


def cosine(one: Tensor, other: Tensor) -> Tensor:
    return one @ other / (one.norm() * other.norm())


def tokens(weights: Tensor) -> Iterator[tuple[int, int, Tensor]]:
    for row, position in weights.nonzero().tolist():
        yield row, position, weights[row, position]


def mean(values: list[Tensor]) -> Tensor:
    return sum(values, torch.zeros(())) / max(len(values), 1)


def row_mean(states: Tensor, weights: Tensor, row: int) -> Tensor:
    return sum(weights[row, p] * states[row, p] for p in range(weights.shape[1])) / weights[row].sum()


def split(reroute: Tensor, retain: Tensor) -> tuple[list[int], list[int]]:
    harmful = [row for row in range(len(reroute)) if reroute[row].any()]
    return harmful, [row for row in range(len(retain)) if row not in harmful and retain[row].any()]


class Reference:
    """Reroute and retain term of every objective, for one batch."""

    def __init__(
        self, adapted: States, frozen: States, reroute: Tensor, retain: Tensor, targets: list[int], recipe: TrainRecipe
    ) -> None:
        self.adapted, self.frozen, self.reroute, self.retain = adapted, frozen, reroute, retain
        self.targets, self.recipe, self.options = targets, recipe, recipe.options
        self.reminded: States = []

    def over_rerouted(self, each: object) -> Tensor:
        """Weighted mean over targets and rerouted tokens of `each(h, h0, state, row, position)`."""
        total = torch.zeros(())
        for state in self.targets:
            for row, position, weight in tokens(self.reroute):
                h, h0 = self.adapted[state][row, position], self.frozen[state][row, position]
                total = total + weight * each(h, h0, state, row, position)
        return total / self.reroute.sum() / len(self.targets)

    def over_kept(self, each: object) -> Tensor:
        total = torch.zeros(())
        for state in self.targets:
            for row, position, weight in tokens(self.retain):
                total = total + weight * each(self.adapted[state][row, position], self.frozen[state][row, position])
        return total / self.retain.sum() / len(self.targets)

    def kept_mean(self, state: int, unit: bool = False) -> Tensor:
        total = torch.zeros(self.frozen[state].shape[-1])
        for row, position, weight in tokens(self.retain):
            h0 = self.frozen[state][row, position]
            total = total + weight * (h0 / h0.norm() if unit else h0)
        return total / self.retain.sum()

    def harmful_means(self, states: States, state: int) -> list[Tensor]:
        return [row_mean(states[state], self.reroute, row) for row in split(self.reroute, self.retain)[0]]

    def pairs(self) -> list[Tensor]:
        found = []
        for state in self.targets:
            means = self.harmful_means(self.adapted, state)
            found += [cosine(a, b) for i, a in enumerate(means) for j, b in enumerate(means) if i != j]
        return found

    def rr(self) -> Tensor:
        if not self.recipe.center:
            assert bool((self.reroute <= 1).all())
            return reroute_loss(self.adapted, self.frozen, self.reroute, self.targets, self.recipe.margin)
        middle = {state: self.kept_mean(state) for state in self.targets}
        return self.over_rerouted(
            lambda h, h0, state, *_: torch.relu(cosine(h - middle[state], h0 - middle[state]) - self.recipe.margin)
        )

    def rr_orthogonal(self) -> Tensor:
        return self.rr() + self.options.rr_orthogonal_weight * mean([torch.relu(pair) for pair in self.pairs()])

    def rmu(self) -> Tensor:
        width = self.adapted[0].shape[-1]
        drawn = torch.rand(width, generator=torch.Generator().manual_seed(0))
        vector = self.options.rmu_scale * drawn / drawn.norm()
        if self.options.rmu_relative:
            return self.over_rerouted(lambda h, h0, *_: (h - h0.norm() * vector).norm() ** 2 / h0.norm() ** 2)
        return self.over_rerouted(lambda h, h0, *_: (h - vector).norm() ** 2 / width)

    def repbend(self) -> Tensor:
        near = self.over_rerouted(
            lambda h, h0, *_: torch.relu(self.options.repbend_bound - (h - h0).norm() / h0.norm())
        )
        return near + self.options.repbend_similarity * mean([1 - pair for pair in self.pairs()])

    def x_boundary(self) -> Tensor:
        benign = {state: self.kept_mean(state, unit=True) for state in self.targets}
        apart = self.over_rerouted(lambda h, h0, state, *_: torch.relu(cosine(h, benign[state])))
        return self.rr() + self.options.x_boundary_weight * apart

    def refusal_target(self) -> Tensor:
        def distance(h: Tensor, h0: Tensor, state: int, row: int, position: int) -> Tensor:
            target = self.reminded[state][row, position]
            return (h - target).norm() / target.norm()

        return self.over_rerouted(distance)

    def triplet(self) -> Tensor:
        losses = []
        for state in self.targets:
            after, before = (self.harmful_means(states, state) for states in (self.adapted, self.frozen))
            for p, p0 in zip(after, before, strict=True):
                gap = self.distance(p, mean(after), p0) - self.distance(p, p0, p0)
                losses.append(torch.relu(gap + self.options.triplet_harmful_margin))
        return mean(losses)

    def triplet_retain(self) -> Tensor:
        losses = []
        for state in self.targets:
            gathered = mean(self.harmful_means(self.adapted, state))
            for row in split(self.reroute, self.retain)[1]:
                p, p0 = (row_mean(states[state], self.retain, row) for states in (self.adapted, self.frozen))
                gap = self.distance(p, p0, p0) - self.distance(p, gathered, p0)
                losses.append(torch.relu(gap + self.options.triplet_benign_margin))
        return mean(losses)

    def distance(self, one: Tensor, other: Tensor, frozen: Tensor) -> Tensor:
        return ((one - other).norm() / frozen.norm() + 1 - cosine(one, other)) / 2

    def relative_squared(self) -> Tensor:
        return self.over_kept(lambda h, h0: ((h - h0).norm() / h0.norm()) ** 2)

    def squared(self) -> Tensor:
        return self.over_kept(lambda h, h0: (h - h0).norm() ** 2 / len(h))

    def relative(self) -> Tensor:
        return self.over_kept(lambda h, h0: (h - h0).norm() / h0.norm())


def divergence(adapted: Tensor, frozen: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """T^2 mean over answers of KL(frozen || adapted), from logits (row, position, word)."""
    total = torch.zeros(())
    for row, position, weight in tokens(answers):
        p = (frozen[row, position] / temperature).softmax(-1)
        q = (adapted[row, position] / temperature).softmax(-1)
        total = total + weight * (p * (p.log() - q.log())).sum()
    return temperature**2 * total / answers.sum()
