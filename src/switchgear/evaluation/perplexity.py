"""How likely a text is under a model, on its own: word salad has the characters of prose, but no model expects it."""

from collections.abc import Sequence
from typing import Any

from switchgear.model.generate import log_likelihoods
from switchgear.model.prefix_cache import prefill

GIVEN = 2  # tokens that the rest is read after, as a context
FEWEST = 30  # tokens that are measured; of fewer, rare names decide: plain sentences of 14 tokens reach 417
MOST = 64


def perplexities(model: Any, tokenizer: Any, texts: Sequence[str], batch_size: int) -> dict[str, float]:
    """exp of the mean negative log-likelihood per token, over at most `MOST` tokens, under `model` as it stands.

    A text of fewer than `FEWEST` and the given tokens is left out.
    """
    tokens = {text: tokenizer(text, add_special_tokens=False)["input_ids"][: GIVEN + MOST] for text in texts}
    asked = sorted((text for text in tokens if len(tokens[text]) >= GIVEN + FEWEST), key=lambda text: len(tokens[text]))
    found: dict[str, float] = {}
    for start in range(0, len(asked), batch_size):
        some = asked[start : start + batch_size]
        contexts = prefill(model, [tokens[text][:GIVEN] for text in some], MOST)
        logs = log_likelihoods(model, contexts, [tokens[text][GIVEN:] for text in some])
        found |= {text: float((-log.mean()).exp()) for text, log in zip(some, logs, strict=True)}
    return found
