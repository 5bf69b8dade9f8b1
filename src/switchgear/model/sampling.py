"""Sampled continuations of many contexts at once, reproducible by seed, and what the model is called that made them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerBase

from switchgear.errors import ModelError
from switchgear.model.generate import ends
from switchgear.runs import sha256


@torch.inference_mode()
def sample(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    contexts: Sequence[list[int]],
    *,
    temperature: float,
    top_p: float,
    max_new_tokens: int,
    seed: int,
) -> list[tuple[list[int], bool]]:
    """For each context, what was generated without its end-of-turn token, and whether that was reached.

    A temperature of 0 is greedy. Draws come from torch's global generator, which is seeded: the same contexts in the
    same batch give the same samples on the same machine.

    Raises:
        ModelError: memory does not suffice for the batch.
    """
    width = max(map(len, contexts))
    pad, stops = tokenizer.pad_token_id, ends(model, tokenizer)
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in contexts], device=model.device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in contexts], device=model.device)
    drawn = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0}
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        pad_token_id=pad,
        eos_token_id=sorted(stops),
        **(drawn if temperature > 0 else {"do_sample": False}),
    )
    torch.manual_seed(seed)
    try:
        written = model.generate(ids, attention_mask=mask, generation_config=settings)[:, width:].tolist()
    except torch.OutOfMemoryError as error:
        raise ModelError(f"No memory for {len(contexts)} answers at a time: lower the job's `batch_size`.") from error
    return [_through(row, stops) for row in written]


def revision(model: Any) -> str:
    """The commit of a model of the hub; of one in a folder, a digest of its weights. "" if there is neither."""
    folder = Path(model.name_or_path)
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]) if folder.is_dir() else []
    if weights:
        return f"sha256 {hashlib.sha256(''.join(map(sha256, weights)).encode()).hexdigest()[:16]}"
    return str(getattr(model.config, "_commit_hash", None) or "")


def _through(row: list[int], stops: set[int]) -> tuple[list[int], bool]:
    stop = next((index for index, token in enumerate(row) if token in stops), None)
    return row[:stop], stop is not None
