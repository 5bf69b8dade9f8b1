"""A conversation as token ids with named, verified spans."""

import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import Any

from switchgear.errors import TemplateError
from switchgear.model import spans as characters
from switchgear.model.conversation import SpanName, tool_dicts
from switchgear.model.cutting import NOTHING_CUT, Cut, Kept, count, kept
from switchgear.model.marking import Rendering
from switchgear.model.messages import turns
from switchgear.model.spans import CharSpan
from switchgear.model.template import label
from switchgear.model.tool_format import tool_format
from switchgear.schema import Example


@dataclass(frozen=True)
class Span:
    """Tokens `start` to `end` (exclusive) are `name` of message `message`."""

    name: SpanName
    message: int
    start: int
    end: int


@dataclass(frozen=True)
class Rendered:
    """A conversation as a model reads it.

    Attributes:
        ids: token ids.
        text: what they encode (data neutralised).
        ends: for each token, where in `text` it ends; tokens that share a character end together.
        spans: in order of their start, the enclosing one first.
        cut: what was left out to shorten it.
        unwritten_thinking: messages whose thinking the template leaves out, always or once it is in the past.
    """

    ids: list[int]
    text: str
    ends: list[int]
    spans: tuple[Span, ...]
    cut: Cut = NOTHING_CUT
    unwritten_thinking: tuple[int, ...] = ()

    def turn_start(self, message: int) -> int:
        """The token at which assistant message `message` starts: `ids[:turn_start]` is its context."""
        starts = [span.start for span in self.spans if span.name is SpanName.TURN and span.message == message]
        if not starts:
            raise ValueError(f"message {message} has no generated part in this rendering")
        return min(starts)


def render(example: Example, tokenizer: Any, max_tokens: int | None = None) -> Rendered:
    """`example` in the tokenizer's own chat template, tokenised as a whole, without added special tokens.

    With `max_tokens`, a longer one is cut in the context (see `cutting.kept`); the continuation is kept.

    Raises:
        TemplateError: no chat template, a template that refuses the conversation, or spans that do not verify.
    """
    text, found = characters.find(rendering(example, tokenizer))
    ids, begins, ends = _tokens(tokenizer, text)
    spans = tuple(_on_tokens(span, ids, begins, ends, text, tokenizer) for span in found)
    written = {span.message for span in spans if span.name is SpanName.THINKING}
    thought = {index for index, message in enumerate(example.messages) if message.thinking.strip()}
    whole = Rendered(ids, text, ends, spans, unwritten_thinking=tuple(sorted(thought - written)))
    if max_tokens is None or len(ids) <= max_tokens:
        return whole
    continuation = [(s.start, s.end) for s in spans if s.name is SpanName.TURN and s.message in example.continuation]
    keep = kept(len(ids), continuation, max_tokens)
    return replace(_cut(whole, keep), cut=count(keep, len(ids), continuation))


def rendering(example: Example, tokenizer: Any) -> Rendering:
    """`example` in the form that the tokenizer's template takes."""
    form = tool_format(tokenizer)
    tools = tool_dicts(example.tools, tokenizer) if form.native else []
    return Rendering(tokenizer, form, turns(example, tokenizer, form), tools)


def _tokens(tokenizer: Any, text: str) -> tuple[list[int], list[int], list[int]]:
    """Ids, and where each token begins and ends in `text`: white space that offsets leave out belongs to the next."""
    if not tokenizer.is_fast:
        raise TemplateError(
            f"{label(tokenizer)} is not a fast tokenizer: it cannot tell which characters a token covers."
        )
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    begins, ends, last = [], [], 0
    for start, end in encoded["offset_mapping"]:
        begins.append(min(start, last))
        last = max(end, last)
        ends.append(last)
    return list(encoded["input_ids"]), begins, ends


def _on_tokens(span: CharSpan, ids: list[int], begins: list[int], ends: list[int], text: str, tokenizer: Any) -> Span:
    """The tokens of a character span: all that hold one of its characters, except control tokens that only reach in."""
    first = bisect_right(ends, span.start)
    last = bisect_left(begins, span.end)
    special = set(tokenizer.all_special_ids)
    while first < last and begins[first] < span.start and ids[first] in special:
        first += 1
    while first < last and ends[last - 1] > span.end and ids[last - 1] in special:
        last -= 1
    source = text[span.start : span.end]
    written = tokenizer.decode(ids[first:last], skip_special_tokens=False, clean_up_tokenization_spaces=False)
    beyond = max(span.start - begins[first], 0) + max(ends[last - 1] - span.end, 0) if first < last else 0
    if first == last or not _holds(written, source, beyond):
        raise TemplateError(
            f"The {span.name} of message {span.message} cannot be verified: the {last - first} tokens of "
            f"{label(tokenizer)} that cover its {len(source)} characters do not decode to them."
        )
    return Span(span.name, span.message, first, last)


def _holds(written: str, source: str, beyond: int) -> bool:
    """Whether `written` is `source` with at most `beyond` more characters, in a form that tokenizers normalise to.

    Outer white space may be missing: control tokens swallow it and decoders drop it. A character of which a token holds
    only some bytes decodes to at most three replacement characters.
    """
    for form in ("NFC", "NFKC"):
        whole, part = (unicodedata.normalize(form, text) for text in (written, source))
        for outer, inner in ((whole, part), (whole.strip(), part.strip())):
            if inner in outer and len(outer) - len(inner) <= 3 * beyond:
                return True
    return False


def _cut(whole: Rendered, keep: Kept) -> Rendered:
    """`whole` without the tokens that are not kept; spans are moved and clipped."""
    edges = [0, *whole.ends]
    head, start, end = edges[keep.head], edges[keep.start], edges[keep.end]
    moved = [replace(span, start=keep.before(span.start), end=keep.before(span.end)) for span in whole.spans]
    return replace(
        whole,
        ids=whole.ids[: keep.head] + whole.ids[keep.start : keep.end],
        text=whole.text[:head] + whole.text[start:end],
        ends=whole.ends[: keep.head] + [at - start + head for at in whole.ends[keep.start : keep.end]],
        spans=tuple(span for span in moved if span.start < span.end),
    )
