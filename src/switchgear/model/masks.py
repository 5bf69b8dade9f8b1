"""Loss masks: which tokens of a harmful continuation are rerouted. Adding one is one function and one line in MASKS."""

from collections.abc import Callable

from switchgear.errors import RecipeError, unknown
from switchgear.model.conversation import SpanName
from switchgear.model.render import Rendered, Span
from switchgear.schema import Example

Mask = Callable[[Rendered, Example], list[bool]]


def inside(name: SpanName) -> Mask:
    """The tokens inside spans of that name."""

    def mask(rendered: Rendered, example: Example) -> list[bool]:
        return _chosen(rendered, [(span.start, span.end) for span in _spans(rendered, example, name)])

    return mask


def after_opening(rendered: Rendered, example: Example) -> list[bool]:
    """From a call's first name token to the end of its turn; all of a turn that makes no call.

    The opening of a call is the same whatever is called: it tells nothing harmful from benign.
    """
    names = {span.message: span.start for span in reversed(_spans(rendered, example, SpanName.TOOL_NAME))}
    turns = _spans(rendered, example, SpanName.TURN)
    return _chosen(rendered, [(names.get(turn.message, turn.start), turn.end) for turn in turns])


MASKS: dict[str, Mask] = {
    "assistant": inside(SpanName.TURN),
    "after_opening": after_opening,
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


def _spans(rendered: Rendered, example: Example, name: SpanName) -> list[Span]:
    return [span for span in rendered.spans if span.name is name and span.message in example.continuation]


def _chosen(rendered: Rendered, ranges: list[tuple[int, int]]) -> list[bool]:
    chosen = [False] * len(rendered.ids)
    for start, end in ranges:
        chosen[start:end] = [True] * (end - start)
    return chosen
