"""A template and what it shows become one self-contained page, in which nothing but our own script can run."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from switchgear.report import text
from switchgear.report.charts.intervals import difference_chart, interval_chart, share_chart, single_chart

HERE = Path(__file__).parent
STYLES = ("page", "tables", "charts", "cases", "narrow")
SCRIPTS = ("elements", "tokens", "cases")
FILTERS = ("number", "signed", "percent", "points", "interval", "p_value", "title", "comparator", "duration")
CHARTS = (difference_chart, interval_chart, share_chart, single_chart)


def render(template: str, page: dict[str, Any]) -> str:
    """The page as HTML. Every value is escaped, and only our own style and script, known by their hash, may work."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=_finalize,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters.update({name: getattr(text, name) for name in FILTERS})
    environment.globals.update({chart.__name__: chart for chart in CHARTS})
    style, script = _joined("styles", STYLES, "css"), _joined("scripts", SCRIPTS, "js")
    return environment.get_template(template).render(
        page, style=Markup(style), style_hash=_hash(style), script=Markup(script), script_hash=_hash(script)
    )


def _joined(folder: str, names: Sequence[str], ending: str) -> str:
    return "".join((HERE / folder / f"{name}.{ending}").read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    """As a content security policy names what may be in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _finalize(value: object) -> object:
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
