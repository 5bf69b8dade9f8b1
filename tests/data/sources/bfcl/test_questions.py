import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from switchgear.data.labels.lint import lint
from switchgear.data.labels.patterns import matches
from switchgear.data.sources.bfcl.questions import read
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, Trace

PLAY = {
    "name": "radio.play",
    "description": "Play music.",
    "parameters": {
        "type": "dict",
        "properties": {"artist": {"type": "string"}, "speed": {"type": "float"}},
        "required": ["artist"],
    },
}
GOLD = {"radio.play": {"artist": ["Bach", "J. S. Bach"], "speed": [1.0, ""]}}


def question(identifier: str = "q_0", text: str = "Play Bach.", **fields: Any) -> dict[str, Any]:
    return {"id": identifier, "question": [[{"role": "user", "content": text}]], "function": [PLAY]} | fields


def answer(*calls: dict[str, Any], identifier: str = "q_0") -> dict[str, Any]:
    return {"id": identifier, "ground_truth": list(calls)}


def write(path: Path, *values: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values))


def rows(folder: Path, questions: list[Any], answers: list[Any], category: str = "parallel") -> list[Example | Drop]:
    name = f"BFCL_v4_{category}.json"
    write(folder / name, *questions)
    if answers:
        write(folder / "possible_answer" / name, *answers)
    return list(read(SourceRecipe(name="bfcl", path=folder), seed=0))


def test_a_question_is_benign_and_its_calls_are_made_in_one_message(tmp_path: Path) -> None:
    other = {"radio.play": {"artist": ["Ravel"], "speed": ["", 1.0]}}
    (example,) = rows(tmp_path, [question()], [answer(GOLD, other)])
    assert isinstance(example, Example)
    assert (example.role, example.trace, example.continuation) == (Role.BENIGN, Trace.CLEAN, (1,))
    calls = example.messages[1].tool_calls
    assert [(call.name, call.arguments) for call in calls] == [
        ("radio.play", {"artist": "Bach", "speed": 1.0}),
        ("radio.play", {"artist": "Ravel"}),
    ]
    assert len({call.id for call in calls}) == 2
    assert all(matches(call, wanted) for call, wanted in zip(calls, example.expectation.expected, strict=True))
    assert example.tools[0].parameters["properties"]["speed"] == {"type": "number"}
    assert example.tags["suite"] == "parallel"
    assert lint(example) is None


def test_where_no_tool_fits_the_case_expects_neither_a_call_nor_a_refusal_nor_none(tmp_path: Path) -> None:
    (example,) = rows(tmp_path, [question()], [], category="irrelevance")
    assert isinstance(example, Example)
    assert (example.role, example.trace) == (Role.CASE, None)
    assert (example.expectation.expected, example.expectation.forbidden, example.expectation.behaviour) == (
        (),
        (),
        None,
    )
    assert example.tags["calls"] == "none"


@pytest.mark.parametrize(
    ("given", "answers", "reason"),
    [
        (question(question=[[{"role": "user", "content": "a"}]] * 2), [answer(GOLD)], "has several turns"),
        (question(), [answer(GOLD, identifier="q_9")], "has no answer"),
        (question(), [answer()], "has no answer"),
        (question(), [answer({"radio.stop": {}})], "the answer calls a tool that is not offered"),
        (question(function=[]), [answer(GOLD)], "not of this dataset's shape (wrong: function)"),
        (
            question(question=[[{"role": "narrator"}]]),
            [answer(GOLD)],
            "not of this dataset's shape (wrong: question.role)",
        ),
    ],
)
def test_other_questions_are_dropped_with_a_reason(
    tmp_path: Path, given: dict[str, Any], answers: list[Any], reason: str
) -> None:
    good, row = rows(tmp_path, [question("q_1"), given], [answer(GOLD, identifier="q_1"), *answers])
    assert isinstance(good, Example)
    assert isinstance(row, Drop)
    assert row.reason == reason


def test_questions_without_their_answers_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"possible_answer/BFCL_v4_parallel\.json"):
        rows(tmp_path, [question()], [])


def test_the_published_files(shared_data: Path) -> None:
    found = list(read(SourceRecipe(name="bfcl", path=shared_data / "bfcl"), seed=0))
    kept = [row for row in found if isinstance(row, Example)]
    assert len(found) == len(kept) == 1040
    assert Counter((row.role, row.tags["suite"]) for row in kept) == {
        (Role.BENIGN, "multiple"): 200,
        (Role.BENIGN, "parallel"): 200,
        (Role.BENIGN, "simple_python"): 400,
        (Role.CASE, "irrelevance"): 240,
    }
    answered = [
        (call, p)
        for row in kept
        if row.continuation
        for call, p in zip(row.messages[-1].tool_calls, row.expectation.expected, strict=True)
    ]
    assert all(matches(call, wanted) for call, wanted in answered)
