"""Greedy continuation and teacher-forced likelihood of many branches from one prefilled context.

A context is read once; free generation, forced generation and the likelihood of given continuations all branch from
a copy of its key-value cache.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedTokenizerBase

Ids = list[int]


@dataclass(frozen=True)
class Prefix:
    """A batch of contexts, padded on the left, whose cache holds all but the last token of each."""

    ids: Int[Tensor, "row position"]
    mask: Int[Tensor, "row position"]
    cache: Any

    def branch(self) -> Any:
        return copy.deepcopy(self.cache)

    def select(self, rows: Sequence[int]) -> "Prefix":
        """The prefix of some of the rows, in that order."""
        index = torch.tensor(rows, device=self.ids.device)
        cache = self.branch()
        cache.batch_select_indices(index)
        return Prefix(self.ids[index], self.mask[index], cache)


@torch.inference_mode()
def prefill(model: nn.Module, contexts: Sequence[Ids], pad: int) -> Prefix:
    """Reads contexts of at least 2 tokens each into a cache; no logits are computed for them."""
    width = max(map(len, contexts))
    device = next(model.parameters()).device
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in contexts], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in contexts], device=device)
    cache = DynamicCache()
    model(
        input_ids=ids[:, :-1],
        attention_mask=mask[:, :-1],
        position_ids=_positions(mask)[:, :-1],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return Prefix(ids, mask, cache)


@torch.inference_mode()
def generate(
    model: Any, prefix: Prefix, tokenizer: PreTrainedTokenizerBase, openings: Sequence[Ids], max_new_tokens: int
) -> list[Ids]:
    """Greedy continuations of each context, begun with its opening; all openings have one length, which may be 0.

    Returns what was generated per row, end-of-turn token included, without the opening and without padding.
    """
    cache, mask, ends = prefix.branch(), prefix.mask, _ends(model, tokenizer)
    given = torch.tensor(openings, dtype=mask.dtype, device=mask.device)
    step = torch.cat([prefix.ids[:, -1:], given], dim=1)
    mask = torch.cat([mask, torch.ones_like(given)], dim=1)
    generated: list[Ids] = [[] for _ in prefix.ids]
    running = [True] * len(generated)
    for _ in range(max_new_tokens):
        positions = _positions(mask)[:, -step.shape[1] :]
        logits = model(
            input_ids=step,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        step = logits[:, -1:].argmax(-1)
        for row, token in enumerate(step[:, 0].tolist()):
            if running[row]:
                generated[row].append(token)
                running[row] = token not in ends
        if not any(running):
            break
        mask = torch.cat([mask, torch.ones_like(step)], dim=1)
    return generated


@torch.inference_mode()
def log_likelihoods(model: nn.Module, prefix: Prefix, continuations: Sequence[Ids]) -> list[Float[Tensor, " token"]]:
    """Natural log-probability of every token of one continuation per context, teacher-forced, in float32."""
    width = max(map(len, continuations))
    device = prefix.ids.device
    target = torch.tensor([row + [0] * (width - len(row)) for row in continuations], device=device)
    ids = torch.cat([prefix.ids[:, -1:], target[:, :-1]], dim=1)
    mask = torch.cat([prefix.mask, torch.ones_like(target[:, :-1])], dim=1)
    positions = _positions(mask)[:, -width:]
    logits = model(
        input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=prefix.branch(), use_cache=True
    ).logits
    chosen = logits.float().log_softmax(-1).gather(-1, target[..., None])[..., 0]
    return [row[: len(tokens)].cpu() for row, tokens in zip(chosen, continuations, strict=True)]


def _positions(mask: Int[Tensor, "row position"]) -> Int[Tensor, "row position"]:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def _ends(model: Any, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    ends = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *([ends] if isinstance(ends, int) else ends or [])}
