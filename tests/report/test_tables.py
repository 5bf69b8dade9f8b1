import csv
import io

from switchgear.report.columns import Column, Line
from switchgear.report.tables import comma_separated, markdown

HEADS = [Column("replay, free", True, 0), Column("gcg | <9>", True, 0)]
RATE = {"rate": 0.25, "low": 0.1, "high": 0.5, "n": 8}
LINES = [
    Line("small (frozen)", "frozen", None, {"replay, free": RATE}),
    Line("run|1\n", "adapted", 1, {"gcg | <9>": RATE}),
]


def test_markdown_has_a_row_per_model_and_a_cell_per_attack() -> None:
    assert markdown(LINES, HEADS).splitlines() == [
        "| model | replay, free | gcg \\| &lt;9&gt; |",
        "| --- | --: | --: |",
        "| small (frozen) | 25% (10–50%, n = 8) | no data |",
        "| run\\|1  | no data | 25% (10–50%, n = 8) |",
    ]


def test_csv_reads_back_as_shares_and_is_empty_where_there_is_no_figure() -> None:
    first, second = csv.DictReader(io.StringIO(comma_separated(LINES, HEADS)))
    assert (first["model"], first["replay, free rate"], first["replay, free n"]) == ("small (frozen)", "0.25", "8")
    assert (first["gcg | <9> rate"], second["model"], second["gcg | <9> high"]) == ("", "run|1\n", "0.5")
