"""The tokenizer's chat template: applied, with errors that name it."""

from functools import lru_cache
from typing import Any

from switchgear.errors import TemplateError

Chat = list[dict[str, Any]]  # messages as `apply_chat_template` takes them


def apply(tokenizer: Any, chat: Chat, tools: list[dict[str, Any]] | None = None, *, prompt: bool = False) -> str:
    """`chat` as the template writes it, with a generation prompt if asked.

    Raises:
        TemplateError: there is no template, or it refuses this conversation; its own reason is given.
    """
    if not tokenizer.chat_template:
        raise TemplateError(
            f"{label(tokenizer)} has no chat template. Use the instruction-tuned model, or set "
            "`tokenizer.chat_template` to the Jinja template that the model was trained with and save the tokenizer."
        )
    if _takes_parts(tokenizer, str(tokenizer.chat_template)):
        chat = [message | {"content": [{"type": "text", "text": message["content"]}]} for message in chat]
    try:
        return str(
            tokenizer.apply_chat_template(chat, tools=tools or None, tokenize=False, add_generation_prompt=prompt)
        )
    except Exception as error:  # a template is a program from elsewhere: it can raise anything
        roles = ", ".join(message["role"] + "+calls" * ("tool_calls" in message) for message in chat)
        reason = f"{type(error).__name__}: {error}"[:300]
        raise TemplateError(f"The chat template of {label(tokenizer)} refuses messages [{roles}]. {reason}") from error


@lru_cache(maxsize=32)
def _takes_parts(tokenizer: Any, template: str) -> bool:
    """Whether the template reads contents as lists of parts alone, as templates for images may."""
    for content in ("probe", [{"type": "text", "text": "probe"}]):
        try:
            text = tokenizer.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        except Exception:  # see `apply`
            continue
        if "probe" in text and "'type'" not in text:  # a list that is written as a list is not read
            return isinstance(content, list)
    return False


def label(tokenizer: Any) -> str:
    return str(getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__)


def call_message(calls: list[tuple[str, dict[str, Any] | str, str]], content: str = "") -> dict[str, Any]:
    """An assistant message with (name, arguments, id) calls."""
    functions = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for name, arguments, id_ in calls
    ]
    return {"role": "assistant", "content": content, "tool_calls": functions}


def common_prefix(left: str, right: str) -> str:
    length = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return left[:length]


def common_suffix(left: str, right: str) -> str:
    return common_prefix(left[::-1], right[::-1])[::-1]
