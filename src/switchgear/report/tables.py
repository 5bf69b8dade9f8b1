"""The table of models and attacks as Markdown and CSV, to be pasted into a paper or read by a script."""

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from switchgear.report.columns import Column, Line
from switchgear.report.text import NO_DATA, interval, is_number, percent, visible
from switchgear.runs import replacing


def markdown(lines: Sequence[Line], heads: Sequence[Column]) -> str:
    """Rows are models, columns attacks and costs; a cell holds the rate, its 95% interval and n."""
    rows = [["model", *(column.name for column in heads)], ["---", *("--:" for _ in heads)]]
    rows += [[line.label, *(_cell(line, column) for column in heads)] for line in lines]
    return "".join(f"| {' | '.join(map(_escaped, row))} |\n" for row in rows)


def comma_separated(lines: Sequence[Line], heads: Sequence[Column]) -> str:
    """The same with four columns for each: the rate, its interval and n, as shares; empty where there is no figure."""
    parts = ("rate", "low", "high", "n")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["model", *(visible(f"{column.name} {part}") for column in heads for part in parts)])
    for line in lines:
        records = [line.cells.get(column.name, {}) for column in heads]
        values = [record.get(part) for record in records for part in parts]
        writer.writerow([visible(line.label), *(value if is_number(value) else "" for value in values)])
    return written.getvalue()


def write(folder: Path, lines: Sequence[Line], heads: Sequence[Column]) -> None:
    """table.md and table.csv in `folder`. Nothing where there is nothing to compare."""
    if not lines:
        return
    for name, text in {"table.md": markdown(lines, heads), "table.csv": comma_separated(lines, heads)}.items():
        with replacing(folder / name) as file:
            file.write(text)


def _cell(line: Line, column: Column) -> str:
    record = line.cells.get(column.name, {})
    if not is_number(record.get("rate")):
        return NO_DATA
    return f"{percent(record['rate'])} ({interval(record)}, n = {record.get('n')})"


def _escaped(text: str) -> str:
    """As text of a cell: no HTML, no new column, no new line."""
    return escape(visible(text), quote=False).replace("|", "\\|").replace("\n", " ")
