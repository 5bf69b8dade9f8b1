"""Loss masks: which tokens of a harmful continuation are rerouted. Adding one is one function and one line in MASKS."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from switchgear.errors import RecipeError, unknown
from switchgear.model.conversation import SpanName
from switchgear.model.render import Rendered, Span
from switchgear.schema import Example

Mask = Callable[[Rendered, Example], list[bool]]


def inside(name: SpanName) -> Mask:
    """The tokens inside spans of that name."""

    def mask(rendered: Rendered, example: Example) -> list[bool]:
        return _chosen(rendered, _spans(rendered, example, name))

    return mask


def after_opening(rendered: Rendered, example: Example) -> list[bool]:
    """From a call's first name token to the end of its turn; all of a turn that makes no call.

    The opening of a call is the same whatever is called: it tells nothing harmful from benign.
    """
    names = {span.message: span.start for span in reversed(_spans(rendered, example, SpanName.TOOL_NAME))}
    turns = _spans(rendered, example, SpanName.TURN)
    return _chosen(rendered, [replace(turn, start=names.get(turn.message, turn.start)) for turn in turns])


def after_injection(rendered: Rendered, example: Example) -> list[bool]:
    """The turns after the first message with an injection, also where that message was cut; none without one."""
    read = next((i for i, message in enumerate(example.messages) if message.injected), len(example.messages))
    return _chosen(rendered, [turn for turn in _spans(rendered, example, SpanName.TURN) if turn.message > read])


def without_thinking(rendered: Rendered, example: Example) -> list[bool]:
    """Turns without what is thought in them; the markers around it, which are the template's, stay."""
    turns, thoughts = (inside(name)(rendered, example) for name in (SpanName.TURN, SpanName.THINKING))
    return [turn and not thought for turn, thought in zip(turns, thoughts, strict=True)]


MASKS: dict[str, Mask] = {
    "assistant": inside(SpanName.TURN),
    "after_opening": after_opening,
    "after_injection": after_injection,
    "without_thinking": without_thinking,
    "thinking": inside(SpanName.THINKING),
    "text": inside(SpanName.TEXT),
    "tool_call": inside(SpanName.TOOL_CALL),
    "tool_name": inside(SpanName.TOOL_NAME),
    "tool_arguments": inside(SpanName.TOOL_ARGUMENTS),
}


def loss_mask(name: str, rendered: Rendered, example: Example) -> list[bool]:
    """True for each token of the continuation that the mask chooses. Raises `RecipeError` for an unknown name."""
    if name not in MASKS:
        raise RecipeError(unknown("mask", name, MASKS))
    return MASKS[name](rendered, example)


def loss_weights(policy: str | Mapping[str, int | float], rendered: Rendered, example: Example) -> list[float]:
    """The weight of each token in the loss: 0 outside the continuation.

    A policy is one mask, which weighs 1, or weights by mask, of which the last that chooses a token counts:
    `{"assistant": 1, "thinking": 0, "tool_arguments": 2}`.

    Raises:
        RecipeError: an unknown mask, or a weight that is negative, infinite or not a number.
    """
    weights = [0.0] * len(rendered.ids)
    for name, weight in ({policy: 1.0} if isinstance(policy, str) else policy).items():
        if not 0 <= weight < math.inf:
            raise RecipeError(f"The weight of mask {name!r} is {weight}. Give 0 or a positive number.")
        chosen = loss_mask(name, rendered, example)
        weights = [float(weight) if hit else before for hit, before in zip(chosen, weights, strict=True)]
    return weights


def _spans(rendered: Rendered, example: Example, name: SpanName) -> list[Span]:
    return [span for span in rendered.spans if span.name is name and span.message in example.continuation]


def _chosen(rendered: Rendered, spans: list[Span]) -> list[bool]:
    chosen = [False] * len(rendered.ids)
    for span in spans:
        chosen[span.start : span.end] = [True] * (span.end - span.start)
    return chosen
