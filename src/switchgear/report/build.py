"""One run folder in, one self-contained page out. Reads files only; a stage that left no file is shown as not run."""

import base64
import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import yaml
from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from switchgear.errors import DataError
from switchgear.report import charts, text, verdict
from switchgear.report.cases import browser
from switchgear.report.curves import panels
from switchgear.report.rates import category_tables, likelihood_reach, likelihood_rows, ordered, rate_tables
from switchgear.runs import Run, read_json, read_models, replacing
from switchgear.schema import Example

HERE = Path(__file__).parent
FILTERS = ("number", "signed", "percent", "points", "interval", "p_value", "title")


def build(run: Run) -> Path:
    """Write `run.report` and return its path.

    Raises:
        RunError: nothing in the folder to report on, or the page cannot be written.
        DataError: a file of the run that is damaged; it names the file and the line, never the text.
    """
    if not any(path.exists() for path in (run.recipe, run.dataset, run.metrics, run.gates, run.summary)):
        run.need(run.recipe, "run")
    page = render(contents(run))
    with replacing(run.report) as file:
        file.write(page)
    return run.report


def contents(run: Run) -> dict[str, Any]:
    """Everything the template shows, by name. None or empty where a stage was not run."""
    summary, rows = _object(run.summary), _lines(run.rows)
    questions = verdict.questions(summary.get("verdict", []))
    metrics, card, provenance = _lines(run.metrics), _object(run.dataset / "card.json"), _object(run.provenance)
    return {
        "name": run.root.resolve().name,
        "facts": _facts(run, provenance),
        "headline": verdict.headline(summary.get("verdict", [])),
        "findings": verdict.findings(questions),
        "attacks": verdict.attacks(rows) if rows else None,
        "questions": questions,
        "summary": summary,
        "rate_tables": rate_tables(summary),
        "category_tables": category_tables(summary),
        "likelihood": likelihood_rows(summary),
        "reach": likelihood_reach(summary),
        "panels": panels(metrics) if metrics else [],
        "metrics": metrics,
        "metric_names": ordered((name for line in metrics for name in line), ("step",)),
        "gates": read_json(run.gates) if run.gates.exists() else [],
        "browser": browser(rows, _examples(run)) if rows else None,
        "card": card,
        "card_text": json.dumps(card, indent=2, ensure_ascii=False),
        "recipe": run.recipe.read_text(encoding="utf-8") if run.recipe.exists() else None,
        "provenance": provenance,
        "command": _command(provenance.get("command")),
    }


def render(page: dict[str, Any]) -> str:
    """The page as HTML. Every value is escaped, and only the script of the page itself is allowed to run."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_finalize,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters.update({name: getattr(text, name) for name in FILTERS})
    environment.globals.update(interval_chart=charts.interval_chart, difference_chart=charts.difference_chart)
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("style.css", "browser.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("template.html").render(
        page, style=Markup(style), script=Markup(script), script_hash=f"sha256-{digest}"
    )


def _finalize(value: object) -> object:
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _examples(run: Run) -> list[Example]:
    path = run.dataset / "holdout.jsonl"
    return list(read_models(path, Example)) if path.exists() else []


def _object(path: Path) -> dict[str, Any]:
    value = read_json(path) if path.exists() else {}
    if not isinstance(value, dict):
        raise DataError(f"{path} holds a {type(value).__name__}, not an object. Run the stage that writes it again.")
    return value


def _lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file, none if there is no file."""
    if not path.exists():
        return []
    found = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                found.append(dict(json.loads(line)))
            except (ValueError, TypeError) as error:
                raise DataError(f"{path}:{number} is not a JSON object. Run the stage that writes it again.") from error
    return found


def _facts(run: Run, provenance: dict[str, Any]) -> list[str]:
    """What the report is about: run, model, seed and version, those that are known."""
    recipe = yaml.safe_load(run.recipe.read_text(encoding="utf-8")) if run.recipe.exists() else {}
    known = {
        "run": run.root.resolve().name,
        "model": recipe.get("model", {}).get("name"),
        "objective": recipe.get("train", {}).get("objective"),
        "seed": recipe.get("seed"),
        "switchgear": provenance.get("packages", {}).get("switchgear"),
    }
    return [f"{name} {value}" for name, value in known.items() if value is not None]


def _command(arguments: list[str] | None) -> str | None:
    """The command as it can be typed again: the program by its name, not by where it was installed."""
    return shlex.join([Path(arguments[0]).name, *arguments[1:]]) if arguments else None
