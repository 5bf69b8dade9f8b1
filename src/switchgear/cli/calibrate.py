"""The command `calibrate`: a judge against people's labels."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from switchgear.cli.app import app, console
from switchgear.errors import RecipeError
from switchgear.runs import write_json


@app.command(
    epilog="Example: switchgear calibrate rubric=hf/models/judge --limit 50. Labels of your own: switchgear calibrate "
    "rules --data answers.csv --column completion=answer --label 2_full_refusal=refused"
)
def calibrate(
    judge: Annotated[str, typer.Argument(metavar="JUDGE", help="NAME or NAME=MODEL, as `rubric=hf/FOLDER`.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="pyrit-refusal, pyrit-objective, pyrit-harm, or a table of your own. Default: all of PyRIT."),
    ] = None,
    pyrit: Annotated[Path | None, typer.Option(help="PyRIT's folder scorer_evals, if it is not installed.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="NAME=COLUMN", help="Where prompt, completion or label is in a table.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="LABEL=OUTCOME", help="What a table's label means; nothing: leave out.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many answers of each set, at random.")] = None,
    seed: Annotated[int, typer.Option(help="Of that draw.")] = 0,
    cascade: Annotated[bool, typer.Option(help="Let rules settle what they are sure of, as in evaluation.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for one answer.")] = 120,
    concurrency: Annotated[int, typer.Option(min=1, help="Answers at a time; of a local model, its batch.")] = 8,
    base_url: Annotated[str | None, typer.Option(help="Of the judge's server.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A text file in place of our own words.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for figures and verdicts.")] = Path("calibration"),
) -> None:
    """Measure a judge, or the rules, on answers that people have labelled."""
    from switchgear.evaluation.calibrate import calibrate as measure
    from switchgear.evaluation.calibrate import calibration_table, file_of
    from switchgear.evaluation.judges import judge_of, named
    from switchgear.evaluation.judges.store import Store
    from switchgear.evaluation.labels import PYRIT, draw
    from switchgear.evaluation.labels import pyrit as of_pyrit
    from switchgear.evaluation.labels import table as of_table

    columns, labels = _mapping("--column", column), _mapping("--label", label)
    sets = {
        name: draw(of_pyrit(name, pyrit) if name in PYRIT else of_table(Path(name), columns, labels), limit, seed)
        for name in data or PYRIT
    }
    given = {"timeout": timeout, "concurrency": concurrency, "base_url": base_url, "policy": policy}
    asked = judge_of(named(judge).model_copy(update=given), allow_code=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(asked.title, total=sum(map(len, sets.values())))
        found = measure(asked, sets, Store(out / "verdict-store.jsonl"), cascade, lambda: progress.advance(task))
    path = file_of(out, asked)
    write_json(path, found)
    console.print(calibration_table(found))
    console.print(f"In percent, with 95% intervals. All figures: {path}", soft_wrap=True)


def _mapping(option: str, given: list[str] | None) -> dict[str, str]:
    if wrong := [each for each in given or () if "=" not in each]:
        raise RecipeError(f"{option} {wrong[0]!r}: write NAME=VALUE.")
    return dict(each.split("=", 1) for each in given or ())
