import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.labels.lint import lint
from switchgear.data.sources.weblinx import parse_action, read
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, Trace


def step(action: str = 'click(uid="e7-4a")', turn: str = "6", **fields: str) -> dict[str, str]:
    return {
        "demo": "tea",
        "turn": turn,
        "action": action,
        "action_history": 'say(speaker="navigator", utterance="Hi")</s><s>[INST] say(speaker="instructor")',
        "utterances": "[00:05] Find tea ;",
        "candidates": "(uid = e7-4a) [[tag]] input",
        "clean_html": "(html(body(input)))",
        "viewport": "746h x 1536w",
    } | fields


def rows(folder: Path, *steps: object) -> list[Example | Drop]:
    path = folder / "weblinx.json"
    path.write_text(json.dumps(steps))
    return list(read(SourceRecipe(name="weblinx", path=path), seed=0))


def test_a_step_is_a_benign_call_after_the_page_and_what_was_said_and_done(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, step())
    assert isinstance(example, Example)
    assert (example.role, example.trace, example.continuation) == (Role.BENIGN, Trace.CLEAN, (1,))
    user, answer = example.messages
    assert user.content.startswith("Page: (html(body(input)))\n\nViewport: 746h x 1536w\n\nElements: (uid = e7-4a)")
    (call,) = answer.tool_calls
    assert (call.name, call.arguments) == ("click", {"uid": "e7-4a"})
    assert example.expectation.expected[0].arguments[0].value == "e7-4a"
    assert call.name in {tool.name for tool in example.tools}
    assert example.group == "weblinx/tea"
    assert lint(example) is None


def test_the_marks_of_another_models_prompt_become_line_breaks(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, step())
    assert isinstance(example, Example)
    assert 'utterance="Hi")\nsay(speaker="instructor"' in example.messages[0].content


def test_a_row_that_holds_the_whole_prompt_in_one_field_gives_that_prompt(tmp_path: Path) -> None:
    prompt = 'You browse.\n<</SYS>>\n\n[/INST] click(uid="a")</s><s>[INST] Choose.[/INST]'
    nothing = dict.fromkeys(("action_history", "utterances", "candidates", "viewport"), "None")
    (example,) = rows(tmp_path, step('say(speaker="navigator", utterance="Done.")', clean_html=prompt, **nothing))
    assert isinstance(example, Example)
    assert example.messages[0].content == 'Page: You browse.\nclick(uid="a")\nChoose.'
    assert example.messages[1].tool_calls[0].arguments == {"speaker": "navigator", "utterance": "Done."}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ('click(uid="elsewhere")', "the action is on an element that is not shown"),
        ("click(uid=None)", "the action cannot be read"),
        ('click(uid="e7-4a", "twice")', "the action cannot be read"),
        ("click()", "the action cannot be read"),
        ('dance(uid="e7-4a")', "the action cannot be read"),
        ('say(speaker="navigator", utterance="An "odd" quote")', "the action cannot be read"),
    ],
)
def test_other_steps_are_dropped_with_a_reason(tmp_path: Path, action: str, reason: str) -> None:
    _, row = rows(tmp_path, step(), step(action, turn="7"))
    assert isinstance(row, Drop)
    assert row.reason == reason


def test_numbers_stay_numbers() -> None:
    call = parse_action("scroll(x=0, y=-900)")
    assert call is not None
    assert call.arguments == {"x": 0, "y": -900}


@given(text=st.text(max_size=60), uid=st.text(max_size=9))
def test_any_text_is_a_call_or_none_and_what_was_written_is_read(text: str, uid: str) -> None:
    assert parse_action(text) is None or "(" in text
    call = parse_action(f"click(uid={uid!r})")
    assert call is not None
    assert call.arguments == {"uid": uid}


def test_the_published_file(shared_data: Path) -> None:
    path = shared_data / "weblinx" / "weblinx_sample.json"
    found = list(read(SourceRecipe(name="weblinx", path=path), seed=0))
    kept = [row for row in found if isinstance(row, Example)]
    assert (len(found), len(kept)) == (100, 86)
    assert not any(
        mark in row.messages[0].content for row in kept for mark in ("[INST]", "[/INST]", "</s>", "<</SYS>>")
    )
