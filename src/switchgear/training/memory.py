"""What to change when a step does not fit into memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from switchgear.errors import ModelError
from switchgear.recipe import Recipe

SHORT = 512  # tokens; below, rows lose too much of their context


@contextmanager
def fitting(recipe: Recipe) -> Iterator[None]:
    """Turns running out of memory into a `ModelError` that names the next setting to try."""
    try:
        yield
    except RuntimeError as error:  # OutOfMemoryError is one; the allocator of a CPU raises it bare
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        raise ModelError(
            f"Out of memory in training. Next, try {next_setting(recipe)}, in another folder (run=...): "
            "a run keeps the recipe that it was begun with."
        ) from error


def next_setting(recipe: Recipe) -> str:
    """Overrides that need less memory, those first that change the outcome least."""
    train = recipe.train
    if not train.checkpointing:
        return "train.checkpointing=true"
    counts = {kind: count for kind, count in train.batch.model_dump().items() if count}
    if max(counts.values()) > 1:
        halved = " ".join(f"train.batch.{kind}={(count + 1) // 2}" for kind, count in counts.items() if count > 1)
        return f"{halved} train.accumulate={2 * train.accumulate}"
    if recipe.render.max_tokens > SHORT:
        return f"render.max_tokens={max(SHORT, recipe.render.max_tokens // 2)}"
    if recipe.model.quantization is None:
        return "model.quantization=4bit, or several GPUs with train.shard=true"
    return "a smaller model, or a GPU with more memory"
