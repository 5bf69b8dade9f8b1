"""Which objective, which mask, which depth: recipes compared on one dataset, one trainer and one set of held-out cases.

Each table of `tables/` is a list of cells, and each cell a few overrides of `base.yaml`. What is done is kept as JSON
and skipped, so that the same command goes on where it was cut off.

examples:
  python -m benchmarks.effectiveness objectives --seeds 1 2 3 --threads 1
  python -m benchmarks.effectiveness objectives --cells rr rr_margin
  python -m benchmarks.effectiveness table objectives      # Markdown, from the JSON alone
  python -m benchmarks.effectiveness plot objectives --out docs/images/objectives.svg
"""

import argparse
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.effectiveness.cells import HERE, TABLES, cells
from switchgear.runs import replacing

SMOLLM2 = "smollm2-135m-instruct"


def measure(given: argparse.Namespace) -> None:
    from benchmarks.effectiveness.bench import Bench

    if given.threads:
        torch.set_num_threads(given.threads)
    console = Console(width=110)
    bench = Bench(given.model, given.work / _short(given.model), _results(given), console)
    for seed in given.seeds:
        for cell in cells(given.table, given.cells):
            console.rule(f"{cell.table}: {cell.name}, seed {seed}")
            bench.run(cell, seed)


def table(given: argparse.Namespace) -> None:
    from benchmarks.effectiveness.markdown import markdown

    print(markdown(_results(given), given.table))


def plot(given: argparse.Namespace) -> None:
    from benchmarks.effectiveness.pareto import pareto

    with replacing(given.out or Path("docs/images") / f"effectiveness-{given.table}-{_short(given.model)}.svg") as file:
        file.write(pareto(_results(given), given.table))


def _results(given: argparse.Namespace) -> Path:
    return Path(given.results) / _short(given.model)


def _short(model: str) -> str:
    return Path(model).name


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m benchmarks.effectiveness", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(required=True, metavar="{table,plot," + ",".join(TABLES) + "}")
    for name in TABLES:
        add = _command(commands, name, measure, f"run the cells of tables/{name}.yaml")
        add.set_defaults(table=name)
        add.add_argument("--cells", nargs="+", help="of the table; without it, all")
        add.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
        add.add_argument("--threads", type=int)
        add.add_argument("--work", type=Path, default=Path("runs/effectiveness"), help="run folders, disposable")
    for name, does, text in (("table", table, "print a table as Markdown"), ("plot", plot, "draw a table as SVG")):
        add = _command(commands, name, does, text)
        add.add_argument("table", choices=TABLES)
        add.add_argument("--out", type=Path)
    return made


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, does: object, text: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=text)
    made.set_defaults(does=does)
    made.add_argument("--model", default=SMOLLM2, help="folder, hub id or embedded model")
    made.add_argument("--results", type=Path, default=HERE / "results")
    return made


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    given.does(given)


if __name__ == "__main__":
    main()
