"""The command `report`: one page from a run, or from several."""

from pathlib import Path
from typing import Annotated

import typer

from switchgear.cli.app import app, console, opened
from switchgear.errors import RecipeError
from switchgear.runs import Run


@app.command(
    epilog="Example: switchgear report recipes/demo.yaml --logs. Several runs in one page: switchgear report runs/a "
    "runs/b"
)
def report(
    path: Annotated[Path, typer.Argument(metavar="RECIPE|RUN", help="A YAML recipe, or the folder of a run.")],
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE|RUN]...", help="Overrides of a recipe; or more folders, to compare runs."),
    ] = None,
    logs: Annotated[
        bool, typer.Option("--logs", help="Also bundle Inspect's viewer with the logs of evaluate.tasks.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The folder for a comparison.")] = Path("comparison"),
) -> None:
    """Write one self-contained page from a run, or one that compares several; its table also as Markdown and CSV."""
    if path.is_dir() and more:
        _compare([path, *map(Path, more)], logs, out)
        return
    from switchgear.cli.views import token_views
    from switchgear.report.build import build

    run = Run(path) if path.is_dir() else opened(path, more)[1]
    console.print(f"Report: {build(run, token_views(run))}")
    if logs:
        from switchgear.evaluation.inspect.battery import bundle

        console.print(f"Logs: python -m http.server --directory {bundle(run)}", soft_wrap=True)


def _compare(folders: list[Path], logs: bool, out: Path) -> None:
    from switchgear.report.comparison import compare

    if logs:
        raise RecipeError("--logs is of one run: give each run's folder alone.")
    console.print(f"Report: {compare([Run(folder) for folder in folders], out)}")
