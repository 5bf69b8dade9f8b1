"""What validation rows show of a run: at the target states for curves and gates, and by state for a heat map."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import TrainerCallback, TrainerControl, TrainerState

from switchgear.model.hidden_states import blocks_of
from switchgear.training.batches import Row, weigh
from switchgear.training.reading import Reader

DECIMALS = 5  # of a cosine in a list: there are hundreds


class Validation(TrainerCallback):
    """Has a step logged, and so validated, every `every` steps and at the end, wherever other logs fall.

    What has a value for each state goes into the trainer's history alone, and so into checkpoints and metrics:
    trackers draw numbers, and warn of lists.
    """

    def __init__(self, rows: Sequence[Row], every: int, read: Reader) -> None:
        harmful = [row for row in rows if any(row.reroute)]
        self.rows = {"harmful": harmful, "benign": [row for row in rows if not any(row.reroute)]}
        self.every, self.read = every, read
        self.by_state: dict[str, list[Any]] = {}  # of the log that is being written

    def due(self, state: TrainerState) -> bool:
        step: int = state.global_step
        return step % self.every == 0 or step == state.max_steps

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        control.should_log |= self.due(state)

    def figures(self, model: PeftModel) -> dict[str, float]:
        """Cosines and norms at the target states, and drift; what each state shows is kept for the history.

        Nothing where harmful or benign rows are missing.
        """
        if not all(self.rows.values()):
            return {}
        model.eval()  # until the next training step
        values: dict[str, float] = {}
        self.by_state = {"target_states": list(self.read.targets), "trained_blocks": trained_blocks(model)}
        for name, rows in self.rows.items():
            cosine, norm, moved = means(model, rows, self.read)
            at_targets = (float(figure[self.read.targets].mean()) for figure in (cosine, norm, moved))
            values[f"cosine_{name}"], values[f"norm_{name}"], drift = at_targets
            self.by_state[f"cosine_{name}_by_state"] = [round(value, DECIMALS) for value in cosine.tolist()]
        return values | {"retain_drift": drift}  # of the last, the benign rows

    def on_log(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        if self.by_state:
            state.log_history[-1] |= self.by_state
            self.by_state = {}


@torch.no_grad()
def means(model: PeftModel, rows: Sequence[Row], read: Reader) -> Float[Tensor, "figure state"]:
    """Of every state from 0 to the last that training reads: its cosine to the frozen one, its norm, and how far it
    moved as a share of the frozen norm; means over the rerouted tokens of harmful rows or the retained ones of others,
    each with its weight. (Under FSDP2, blocks that training never runs put the processes out of step.)

    One row is read at a time, because the states of both models are held until they are compared.
    """
    states = range(max(read.states) + 1)
    total, weight = torch.zeros(3, len(states)), 0.0
    for row in rows:
        layout = read.lay_out([row.ids]).to(model.device)
        weights = weigh([row.reroute if any(row.reroute) else row.retain], layout)[0].to(model.device)
        tokens = weights.nonzero()[:, 0]
        pairs = zip(*read.read_both(model, layout, states, tokens), strict=True)
        figures = torch.stack([_figures(adapted, frozen) @ weights[tokens] for adapted, frozen in pairs], dim=1)
        total += figures.cpu()
        weight += float(weights.sum())
    return total / weight


def trained_blocks(model: PeftModel) -> list[int]:
    """Counted from 0: block b makes state b + 1."""
    blocks = enumerate(blocks_of(model))
    return [index for index, block in blocks if any(weight.requires_grad for weight in block.parameters())]


def _figures(adapted: Float[Tensor, "token width"], frozen: Float[Tensor, "token width"]) -> Float[Tensor, "3 token"]:
    cosine, norm = cosine_similarity(adapted, frozen, dim=-1), adapted.norm(dim=-1)
    return torch.stack([cosine, norm, (adapted - frozen).norm(dim=-1) / frozen.norm(dim=-1)])
