"""What an adapter does to what the model says."""

from collections.abc import Sequence

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import kl_div

from switchgear.training.batches import Row


@torch.no_grad()
def divergence(model: PeftModel, rows: Sequence[Row]) -> float:
    """Mean KL(frozen || adapted) of the next-token distribution, nats per token, with the weights of the row's loss."""
    total, count = 0.0, 0.0
    for row in rows:
        ids = torch.tensor([row.ids], device=model.device)
        weights = row.reroute if any(row.reroute) else row.retain
        weight = torch.tensor(weights, dtype=torch.float32, device=model.device)[1:]
        adapted = _predictions(model, ids)
        with model.disable_adapter():
            frozen = _predictions(model, ids)
        divergence = kl_div(adapted, frozen, log_target=True, reduction="none").sum(-1)
        total += float(divergence @ weight)
        count += float(weight.sum())
    return total / count


def _predictions(model: PeftModel, ids: Tensor) -> Tensor:
    """Log-probabilities. What is trained is in float32, whatever the rest is in: autocast brings them together."""
    low = model.dtype in (torch.bfloat16, torch.float16)
    with torch.autocast(ids.device.type, dtype=model.dtype if low else torch.bfloat16, enabled=low):
        logits: Tensor = model(ids).logits[0, :-1]
    return logits.float().log_softmax(-1)
