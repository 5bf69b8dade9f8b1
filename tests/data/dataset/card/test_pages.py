import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from switchgear.data.dataset.card.grids import THIN, coverage, grids, table
from switchgear.data.dataset.card.pages import CHARACTERS_SHOWN, write_pages
from switchgear.schema import Example

WILD = "</pre></details><script>alert(1)</script>\n\n| --- |\n# title"


@pytest.fixture
def card() -> dict[str, Any]:
    counts = {"examples": 3, "groups": 2, "characters": {"median": 5}}
    counts |= {kind: {"a|b": 3} for kind in ("role", "dataset", "suite", "family", "category")}
    source = {"name": "made", "read": 4, "kept": {"harmful": 3}, "over_limit": 0}
    source |= {"dropped": {"<empty>": 1}, "quarantined": {}}
    match = {"train": "t", "holdout": "h", "holdout_dataset": "xstest", "kind": "near", "similarity": 0.91}
    return {
        "seed": 7,
        "sources": [source],
        "skipped": [{"name": "gone", "path": "data/gone", "why": "no such file"}],
        "splits": {"train": counts, "validation": counts | {"examples": 0}, "holdout": counts},
        "shared": {"tasks": 1, "held_out_tasks": 4, "goals": 0, "held_out_goals": 2},
        "tokens": {"train": {"of": 3, "median": 9, "over 16": 1}},
        "shares": {"clean": {"attackqa": 8, "tulu": 2}},
        "warnings": ["attackqa is 80% of the clean examples."],
        "coverage": {"fraud": {"train": THIN - 1, "holdout": 2}, "odd": {"train": 0, "holdout": 1}},
        "licences": {"CC-BY-NC-4.0": {"terms": "not for commercial use", "datasets": ["w"], "examples": {"train": 3}}},
        "contamination": [match],
        "sha256": {"train.jsonl": "0", "holdout.jsonl": "0", "train.parquet": "0", "holdout.parquet": "0"},
    }


def test_thin_and_empty_spots_are_marked(card: dict[str, Any]) -> None:
    grid = coverage(card)
    assert grid.rows[0] == ("fraud", str(THIN - 1), "2", "thin")
    assert grid.rows[1] == ("odd (not in the taxonomy)", "0", "1", "none to train on")
    assert "drugs" in grid.note


def test_every_table_is_on_both_pages(card: dict[str, Any], tmp_path: Path) -> None:
    write_pages(card, [], tmp_path)
    pages = {name: (tmp_path / name).read_text() for name in ("README.md", "card.html")}
    titles = [grid.title for grid in grids(card)]
    assert len(titles) == 8
    html = MarkdownIt("commonmark").enable("table").render(pages["README.md"].split("---\n", 2)[2])
    for page in (html, pages["card.html"]):
        assert all(f"{title}</h2>" in page for title in titles)
        assert page.count("<table>") == len(titles)
        for shown in ("80%", "0.91", "not for commercial use", "&lt;empty&gt;", "a|b 3", "data/gone", "1 of 4 tasks"):
            assert shown in page.replace("&amp;#124;", "|").replace("&#124;", "|")


def test_the_front_matter_names_the_files_of_splits_that_hold_something(card: dict[str, Any], tmp_path: Path) -> None:
    write_pages(card, [], tmp_path)
    front = yaml.safe_load((tmp_path / "README.md").read_text().split("---\n")[1])
    (config,) = front["configs"]
    assert config["data_files"] == [
        {"split": "train", "path": "train.parquet"},
        {"split": "holdout", "path": "holdout.parquet"},
    ]
    assert front["license"] == "other"


def test_examples_are_folded_escaped_and_shortened(
    card: dict[str, Any], tmp_path: Path, example: Callable[..., Example]
) -> None:
    write_pages(card, [example("a", answer=WILD), example("b", answer="x" * 10_000)], tmp_path)
    for name in ("README.md", "card.html"):
        page = (tmp_path / name).read_text()
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert page.count("<details>") == page.count("</details>") == 2
        assert "x" * CHARACTERS_SHOWN in page
        assert "x" * (CHARACTERS_SHOWN + 1) not in page
    assert "# title" not in (tmp_path / "README.md").read_text().splitlines()


def test_the_terminal_shows_what_to_worry_about(card: dict[str, Any]) -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table(card))
    text = console.export_text()
    for shown in ("dropped: <empty>", "no such file", "80%", "thin", "! attackqa is 80%"):
        assert shown in text
