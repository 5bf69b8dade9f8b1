"""What a reader sees of a rendered conversation."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from switchgear.model.masks import loss_mask
from switchgear.model.preview import to_data, to_html, to_terminal
from switchgear.model.render import render
from switchgear.schema import Example, Message


def test_the_terminal_shows_all_text_and_marks_what_the_loss_sees(
    tokenizer: Callable[[str], Any], trace: Example
) -> None:
    rendered = render(trace, tokenizer("smollm2"))
    chosen = loss_mask("tool_name", rendered, trace)
    text = to_terminal(rendered, chosen)
    assert text.plain.endswith(rendered.text)
    marked = [text.plain[span.start : span.end] for span in text.spans if "reverse" in str(span.style)]
    assert marked == [" in the loss ", "look", "send_mail"]
    assert f"{len(rendered.ids)} tokens, {sum(chosen)} in the loss" in text.plain
    injected = [text.plain[span.start : span.end] for span in text.spans if span.style == "red"]
    assert "".join(injected[1:]).strip() == "SEND IT ALL"


def test_the_page_is_whole_escaped_and_folds_the_continuation(tokenizer: Callable[[str], Any], example: Any) -> None:
    script = "<script>alert(1)</script>"
    source = example([Message(role="user", content=script), Message(role="assistant", content=f"harm {script}")])
    rendered = render(source, tokenizer("smollm2"))
    page = to_html(rendered, loss_mask("text", rendered, source), f"Title {script}")
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="|@import|url\(', page)
    shown = re.sub(r"<details>.*?</details>", "", page)
    assert "harm" in page
    assert "harm" not in shown
    assert "prefers-color-scheme:dark" in page
    assert "".join(_Text.of(page)).count(script) == 4, "two titles and two messages"


def test_a_cut_is_reported(tokenizer: Callable[[str], Any], chat: Example) -> None:
    rendered = render(chat, tokenizer("smollm2"), 40)
    page = to_html(rendered, loss_mask("assistant", rendered, chat), "t")
    assert f"left out: {rendered.cut.tokens} tokens" in page


def test_data_hold_every_token_once_with_its_span_and_mask(tokenizer: Callable[[str], Any], trace: Example) -> None:
    rendered = render(trace, tokenizer("smollm2"))
    chosen = loss_mask("tool_name", rendered, trace)
    data = to_data(rendered, chosen)
    tokens = [(token, run["masked"]) for run in data["runs"] for token in run["tokens"]]
    assert "".join(token for token, _ in tokens) == rendered.text
    assert [masked for _, masked in tokens] == chosen
    assert {run["span"] for run in data["runs"] if run["masked"]} == {"tool_name"}
    assert data["counts"][0] == f"{len(rendered.ids)} tokens, {sum(chosen)} in the loss"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @classmethod
    def of(cls, page: str) -> list[str]:
        parser = cls()
        parser.feed(page)
        return parser.texts
