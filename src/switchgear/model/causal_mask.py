"""The mask of queries that follow a path of keys, in the form that the fastest attention of a device takes."""

import torch
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right


def causal_mask(own: int, path: int, device: torch.device) -> Tensor | None:
    """For `own` queries on `path + own` keys: all of the path, and of their own those up to itself.

    None without a path, where plain causal attention is the same. On a CPU a bool tensor (own, path + own). On a GPU a
    `CausalBias`, which says only where the diagonal is: flash kernels take no tensor.
    """
    if not path:
        return None
    if device.type == "cpu":
        return torch.ones(own, path + own, dtype=torch.bool).tril(path)
    return causal_lower_right(own, path + own)
