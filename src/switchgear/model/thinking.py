"""Under which key a chat template takes an assistant's thinking, found by a small probe: never by the model's name."""

from functools import lru_cache
from typing import Any

from switchgear.errors import TemplateError
from switchgear.model.template import apply, call_message

KEYS = ("reasoning_content", "thinking", "reasoning")
USER = {"role": "user", "content": "probe_user"}


def thinking_key(tokenizer: Any) -> str | None:
    """The key, or None for a template that writes no thinking. Derived once per template."""
    return _thinking_key(tokenizer, str(tokenizer.chat_template))


@lru_cache(maxsize=32)
def _thinking_key(tokenizer: Any, template: str) -> str | None:
    return next((key for key in KEYS if _writes(tokenizer, key)), None)


def _writes(tokenizer: Any, key: str) -> bool:
    """Whether the thinking of a last message is written before its content, or before its call."""
    said = {"role": "assistant", "content": "probe_does"}
    for message in (said, call_message([("probe_does", {}, "call00001")])):
        try:
            text = apply(tokenizer, [USER, message | {key: "probe_thought"}])
        except TemplateError:
            continue
        if 0 <= text.find("probe_thought") < text.find("probe_does"):
            return True
    return False
