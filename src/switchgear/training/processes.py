"""Several processes, each with its share of the micro-batches: what they average, agree on, and hold in parts.

The model is never wrapped. Losses are read inside the trunk, past the `forward` that a wrapper would watch, and what is
trained is small: its gradients are averaged in one message at the end of a step, together with the step's figures.
"""

from collections.abc import Sequence

import torch
from accelerate import PartialState
from accelerate.utils import reduce
from peft import PeftModel
from torch import Tensor
from torch.distributed.fsdp import fully_shard

from switchgear.model.hidden_states import blocks_of, trunk_of


def average(parts: Sequence[Tensor]) -> list[Tensor]:
    """The mean over all processes of each tensor, in float32, in one message. Every process must call it."""
    if PartialState().num_processes == 1:
        return list(parts)
    flat = reduce(torch.cat([part.float().flatten() for part in parts]), "mean")
    chunks = flat.split([part.numel() for part in parts])
    return [chunk.view_as(part) for chunk, part in zip(chunks, parts, strict=True)]


def any_process(flag: bool) -> bool:
    """Whether one of the processes says so. Every process must call it."""
    return bool(average([torch.tensor(float(flag), device=PartialState().device)])[0])


def shard(model: PeftModel) -> None:
    """Splits the weights of every block over the processes; a block is gathered while it runs (FSDP2).

    What is trained stays whole on each of them, and so does what is outside the blocks: embedding, norm and head.
    """
    in_blocks = {id(weight) for weight in blocks_of(model).parameters()}
    trained = {weight for weight in model.parameters() if weight.requires_grad}
    for block in blocks_of(model):
        fully_shard(block, ignored_params=trained)
    outside = {weight for weight in model.parameters() if id(weight) not in in_blocks}
    fully_shard(trunk_of(model), ignored_params=trained | outside)
