"""Greedy continuation and teacher-forced likelihood of contexts that were read once (see `prefix_cache`)."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from switchgear.model.decode_attention import decode_attention
from switchgear.model.layout import Ids
from switchgear.model.prefix_cache import Prefix

CROWDED = 0.75
"""Rows that have ended are taken out of the batch when no more than this share of it goes on."""


Stops = Callable[[Sequence[int], Sequence[Ids]], Sequence[bool]]
"""Called after every token with the rows that are in the batch and what each has written: which of them are over."""


@torch.inference_mode()
def generate(
    model: Any,
    prefix: Prefix,
    tokenizer: PreTrainedTokenizerBase,
    max_new_tokens: int,
    stops_at: Stops | None = None,
) -> list[Ids]:
    """Greedy continuation of each context, which has room for `max_new_tokens`; `stops_at` may end some before.

    Returns what was generated per row, end-of-turn token included, without padding.
    """
    ids, mask, cache = prefix.ids[:, -1:], prefix.mask, prefix.branch()
    stops = ends(model, tokenizer)
    generated: list[Ids] = [[] for _ in prefix.ids]
    stopped: set[int] = set()
    rows = list(range(len(generated)))  # of the batch; those that have ended stay until enough have
    last = torch.tensor([-1], device=ids.device)  # a slice would not be contiguous, and the vocabulary's weights copied
    with decode_attention(model):
        for _ in range(max_new_tokens):
            ids = _logits(model, ids, mask, cache, logits_to_keep=last).argmax(-1)
            for row, token in zip(rows, ids[:, 0].tolist(), strict=True):
                if row not in stopped:
                    generated[row].append(token)
            over = stops_at(rows, [generated[row] for row in rows]) if stops_at else [False] * len(rows)
            stopped |= {row for row, done in zip(rows, over, strict=True) if done or generated[row][-1] in stops}
            going = [place for place, row in enumerate(rows) if row not in stopped]
            if not going:
                break
            if len(going) <= CROWDED * len(rows):
                index = torch.tensor(going, device=ids.device)
                cache.batch_select_indices(index)
                ids, mask, rows = ids[index], mask[index], [rows[place] for place in going]
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    return generated


@torch.inference_mode()
def log_likelihoods(model: nn.Module, prefix: Prefix, continuations: Sequence[Ids]) -> list[Float[Tensor, " token"]]:
    """Natural log-probability of every token of one continuation per context, teacher-forced, in float32."""
    width = max(map(len, continuations))
    target = torch.tensor([row + [0] * (width - len(row)) for row in continuations], device=prefix.ids.device)
    ids = torch.cat([prefix.ids[:, -1:], target[:, :-1]], dim=1)
    mask = torch.cat([prefix.mask, torch.ones_like(target[:, :-1])], dim=1)
    logits = _logits(model, ids, mask, prefix.branch())
    logs = []
    for row, tokens in zip(logits, continuations, strict=True):  # one at a time: float32 takes memory
        chosen = torch.tensor(tokens, device=ids.device)[:, None]
        logs.append(row[: len(tokens)].float().log_softmax(-1).gather(-1, chosen)[:, 0].cpu())
    return logs


def _logits(
    model: Any, ids: Int[Tensor, "row new"], mask: Int[Tensor, "row position"], cache: Any, **options: Any
) -> Float[Tensor, "row some vocabulary"]:
    positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    logits: Tensor = model(
        input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, **options
    ).logits
    return logits


def ends(model: Any, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a turn: the tokenizer's, and those that the model was made to stop at."""
    stops = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *([stops] if isinstance(stops, int) else stops or [])}
