"""From rows to a batch: both models read them once, and only the states are kept that the recipe's losses look at."""

from collections.abc import Callable, Sequence

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import cosine_similarity

from switchgear.errors import RecipeError, unknown
from switchgear.model.hidden_states import Both, ReadBoth, blocks_of, both_states, final_norm, hidden_states
from switchgear.model.layout import Layout
from switchgear.model.perturbation import perturbed
from switchgear.model.predictions import logits
from switchgear.recipe import TrainRecipe
from switchgear.training.attack import Ball, attacked_state
from switchgear.training.batches import Row, weigh
from switchgear.training.objectives import ALL_STATES, RETAIN, Batch, Predictions, objective

LayOut = Callable[[Sequence[list[int]]], Layout]


def states_read(recipe: TrainRecipe, targets: Sequence[int], depth: int) -> list[int]:
    """The hidden states that the losses look at. Raises `RecipeError` for an unknown retain loss.

    The authors' retain loss looks at all of a model that ends one block above the last target, with the final norm.
    """
    if recipe.retain not in RETAIN:
        raise RecipeError(unknown("retain loss", recipe.retain, RETAIN))
    return list(range(min(max(targets) + 1, depth) + 1)) if recipe.retain in ALL_STATES else list(targets)


class Reader:
    """Reads rows with the adapted and the frozen model.

    The trunk runs up to the last state that is looked at; with `kl` up to the final norm, and the head on the tokens
    that predict a benign continuation. With `attack` an attacker has moved the adapted states, while gradients are on:
    validation reads without one.

    Raises:
        RecipeError: an unknown retain loss, or an attack that is not below the targets.
    """

    def __init__(
        self,
        recipe: TrainRecipe,
        model: PeftModel,
        targets: list[int],
        lay_out: LayOut,
        read_both: ReadBoth = both_states,
    ) -> None:
        self.recipe, self.lay_out, self.read_both = recipe, lay_out, read_both
        self.targets, self.depth = targets, len(blocks_of(model))
        self.states = states_read(recipe, targets, self.depth)
        self.ends_early = recipe.retain in ALL_STATES and self.states[-1] < self.depth
        self.reminds = objective(recipe.objective).reminder
        if recipe.attack and attacked_state(recipe.attack, self.depth) >= min(targets):
            raise RecipeError(
                f"train.attack.depth={recipe.attack.depth} is hidden state {attacked_state(recipe.attack, self.depth)} "
                f"of {self.depth}; it must lie below the first target, {min(targets)}. Lower it, or raise "
                "train.target_layers."
            )

    def __call__(self, model: PeftModel, rows: Sequence[Row]) -> Batch:
        layout = self.lay_out([row.ids for row in rows])
        weights = (weigh([getattr(row, name) for row in rows], layout) for name in ("reroute", "retain", "answers"))
        layout, (reroute, retain, answers) = layout.to(model.device), (table.to(model.device) for table in weights)
        tokens = (reroute + retain + answers).sum(dim=0).nonzero()[:, 0]
        reroute, retain, answers = (table[:, tokens] for table in (reroute, retain, answers))
        harmful = reroute.any(dim=1)
        predicts = bool(answers.any())
        states = sorted({*self.states, self.depth}) if predicts else self.states
        adapted, frozen = self._both(model, layout, states, tokens, reroute.sum(dim=0), retain.sum(dim=0))
        if self.ends_early:
            adapted = self._ended(model, adapted)
            frozen = self._ended(model, frozen)
        kept = [len(row.ids) for row in rows if any(row.retain)]
        return Batch(
            adapted=adapted[: len(self.states)],
            frozen=frozen[: len(self.states)],
            reroute=reroute.sum(dim=0),
            retain=retain.sum(dim=0),
            targets=[self.states.index(target) for target in self.targets],
            positions=len(kept) * max(kept, default=0),
            harmful_rows=reroute[harmful],
            retained_rows=retain[~harmful],
            reminded=self._reminded(model, rows, layout, tokens) if self.reminds else None,
            predictions=_predictions(model, adapted[-1], frozen[-1], answers.sum(dim=0)) if predicts else None,
        )

    def _both(
        self, model: PeftModel, layout: Layout, states: list[int], tokens: Tensor, reroute: Tensor, retain: Tensor
    ) -> Both:
        attacked = (reroute > 0) & (retain == 0)  # no retained row passes through these
        if self.recipe.attack is None or not torch.is_grad_enabled() or not attacked.any():
            return self.read_both(model, layout, states, tokens, self.recipe.checkpointing)
        below, moved = attacked_state(self.recipe.attack, self.depth), tokens[attacked]
        with torch.no_grad(), model.disable_adapter():
            frozen = hidden_states(model, layout, [below, *self.targets], moved)
            result = hidden_states(model, layout, states, tokens)

        def likeness(change: Tensor) -> Tensor:
            """To the frozen states, of the tokens that the attacker moves."""
            with perturbed(model, below, moved, change):
                adapted = hidden_states(model, layout, self.targets, moved, self.recipe.checkpointing)
            return cosine_similarity(adapted, frozen[1:], dim=-1).mean()

        ball = Ball(self.recipe.attack.radius * frozen[0].norm(dim=-1))
        change = ball.strongest(likeness, frozen.shape[-1], self.recipe.attack.steps)
        with perturbed(model, below, moved, change):
            return hidden_states(model, layout, states, tokens, self.recipe.checkpointing), result

    def _ended(self, model: PeftModel, states: Tensor) -> Tensor:
        """The states of a model that ends with the last of `self.states`: that one comes after the final norm."""
        last = len(self.states) - 1
        before_norm = states[last : last + 1].clone()  # of a view, the graph would keep all states
        return torch.cat([states[:last], final_norm(model, before_norm), states[last + 1 :]])

    def _reminded(self, model: PeftModel, rows: Sequence[Row], layout: Layout, tokens: Tensor) -> Tensor:
        """Frozen target states of the rerouted tokens under the reminder; zeros at all others."""
        harmful = [(row, places) for row, places in zip(rows, layout.places, strict=True) if row.reminded]
        states = torch.zeros(len(self.targets), len(tokens), model.get_input_embeddings().weight.shape[1])
        if not harmful:
            return states.to(model.device)
        reminded = self.lay_out([row.reminded.ids for row, _ in harmful if row.reminded])
        twin = {
            place: other[index + row.reminded.offset]
            for (row, places), other in zip(harmful, reminded.places, strict=True)
            for index, place in enumerate(places)
            if row.reminded and row.reroute[index]
        }
        found = [index for index, token in enumerate(tokens.tolist()) if token in twin]
        places = torch.tensor([twin[int(tokens[index])] for index in found], device=model.device)
        with torch.no_grad(), model.disable_adapter():
            read = hidden_states(model, reminded.to(model.device), self.targets, places)
        return states.to(read).index_copy(1, torch.tensor(found, device=model.device), read)


def _predictions(model: PeftModel, adapted: Tensor, frozen: Tensor, answers: Tensor) -> Predictions:
    chosen = answers > 0
    with torch.no_grad():
        before = logits(model, frozen[chosen]).log_softmax(-1)
    return Predictions(logits(model, adapted[chosen]).log_softmax(-1), before, answers[chosen])
