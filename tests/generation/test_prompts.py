"""Which rows of which sources are put to a model, and that every other one is counted."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from switchgear.data.sources import SOURCES
from switchgear.errors import DataError, RecipeError
from switchgear.generation.prompts import prompts
from switchgear.schema import Drop, Example, Message, Role
from tests.generation.conftest import case, job

ANSWERED = case(
    "leeks",
    id="garden/leeks",
    role=Role.BENIGN,
    messages=(Message(role="user", content="Leeks?"), Message(role="assistant", content="Fine.")),
    continuation=(1,),
)
ROWS = (case("roses"), case("beans", "comply"), case("ferns", "refuse"), ANSWERED, Drop(reason="no prompt", row="9"))


def offer(monkeypatch: pytest.MonkeyPatch, *rows: Example | Drop) -> None:
    monkeypatch.setitem(SOURCES, "garden", lambda recipe, seed: iter(rows))


@pytest.mark.parametrize(
    ("kind", "beds", "left_out"),
    [
        ("harmful", ["roses", "ferns"], "a prompt to comply"),
        ("refusal", ["roses", "ferns"], "a prompt to comply"),
        ("benign", ["roses", "beans"], "a prompt to refuse"),
    ],
)
def test_a_kind_takes_the_cases_that_ask_for_it(kind: str, beds: list[str], left_out: str, monkeypatch):
    offer(monkeypatch, *ROWS)
    cases, skipped = prompts(job(kind=kind), seed=0)
    assert [each.tags["bed"] for each in cases] == beds
    assert skipped == {left_out: 1, "has an answer: benign": 1, "no prompt": 1}


def test_limit_and_length_of_a_source_hold_and_every_row_is_counted(monkeypatch):
    offer(monkeypatch, *map(case, ("roses", "beans", "ferns", "mint", "marigolds")))
    chosen = {"name": "garden", "limit": 2, "max_characters": 18}
    cases, skipped = prompts(job(prompts=[chosen]), seed=0)
    assert len(cases) == 2
    assert skipped == {"longer than 18 characters": 1, "over the limit": 2}
    assert [prompts(job(prompts=[chosen]), seed=0).cases == cases for _ in range(2)] == [True, True]


def test_prompts_of_a_text_file_are_cases_line_by_line(tmp_path: Path):
    path = tmp_path / "prompts.txt"
    path.write_text("Are the roses dry?\n\n  \nWater the béans.\n", encoding="utf-8")
    options = {"role": "case", "dataset": "mine", "licence": "CC0-1.0"}
    cases, skipped = prompts(job(prompts=[{"name": "chat", "path": path, "options": options}]), seed=0)
    assert [(each.id, each.messages[0].content) for each in cases] == [
        ("mine/prompts.txt:1", "Are the roses dry?"),
        ("mine/prompts.txt:4", "Water the béans."),
    ]
    assert not skipped


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], r"no prompt for harmful answers in garden \(nothing was read\)"),
        ([case("beans", "comply"), ANSWERED], "1 a prompt to comply; 1 has an answer: benign"),
        ([case("mint"), case("mint")], "read twice"),
    ],
)
def test_what_leaves_nothing_to_ask_is_told_with_the_reasons(rows: Iterable[Example], told: str, monkeypatch):
    offer(monkeypatch, *rows)
    with pytest.raises(DataError, match=told):
        prompts(job(kind="harmful"), seed=0)


def test_an_unknown_source_names_the_known_ones():
    with pytest.raises(RecipeError, match=r"Unknown source 'gardn'\. Did you mean 'garden'"):
        prompts(job(prompts=[{"name": "gardn"}]), seed=0)
