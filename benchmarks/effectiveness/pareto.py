"""What a breaker stops against what it costs, as SVG: better is further down and further left."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from benchmarks.effectiveness.pooled import ATTACKED, BENIGN, Figure, Pooled, read
from switchgear.report.charts.svg import Scale, tag, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, LINE = 900, 460, 60, 560, 30, 400, 18
COLOURS = ("#3366cc", "#dc3912", "#ff9900", "#109618", "#990099", "#0099c6", "#dd4477", "#66aa00", "#b82e2e", "#316395")
FROZEN = "#555555"


@dataclass(frozen=True)
class Mark:
    """One cell: what it costs across, what still succeeds up, both with intervals."""

    name: str
    cost: Figure
    attack: Figure
    colour: str


def pareto(results: Path, table: str) -> Markup:
    """Attack success (up, per cent) against the rise of nats per token on benign cases (across), for each cell."""
    found = [cell for cell in read(results, table) if cell.trained]
    frozen = Pooled("frozen", found[0].frozen, [])
    marks = [Mark("frozen", Figure(0, 0, 0, 0), _attack(frozen), FROZEN)]
    marks += [
        Mark(cell.name, cell.change("nll", BENIGN), _attack(cell), COLOURS[number % len(COLOURS)])
        for number, cell in enumerate(found)
    ]
    columns = ticks(min(0.0, *(_low(mark.cost) for mark in marks)), max(_high(mark.cost) for mark in marks))
    rows = ticks(0, max(_high(mark.attack) for mark in marks))
    across, up = Scale(columns[0], columns[-1], LEFT, RIGHT), Scale(rows[0], rows[-1], BOTTOM, TOP)
    parts = [*_axes(across, up, columns, rows)]
    for number, mark in enumerate(marks):
        parts += [*_mark(number, mark, across, up), *_name(number, mark)]
    return _svg(parts)


def _attack(cell: Pooled) -> Figure:
    return cell.rate("prefilled/harmful_call", ATTACKED)


def _low(figure: Figure) -> float:
    return next(value for value in (figure.low, figure.value, 0.0) if value is not None)


def _high(figure: Figure) -> float:
    return next(value for value in (figure.high, figure.value, 0.0) if value is not None)


def _axes(across: Scale, up: Scale, columns: Sequence[float], rows: Sequence[float]) -> list[Markup]:
    parts = [
        _line(LEFT, up(y), RIGHT, up(y), "#dddddd") + _text(LEFT - 8, up(y) + 4, f"{100 * y:g}%", "end") for y in rows
    ]
    parts += [
        _line(across(x), TOP, across(x), BOTTOM, "#eeeeee") + _text(across(x), BOTTOM + 18, f"{x:g}", "middle")
        for x in columns
    ]
    parts.append(_text((LEFT + RIGHT) / 2, BOTTOM + 42, "cost: rise of nats per token on benign cases", "middle"))
    parts.append(_text(LEFT, TOP - 12, "attack success, call prefilled up to the attacker's value", "start"))
    return parts


def _mark(number: int, mark: Mark, across: Scale, up: Scale) -> list[Markup]:
    if mark.cost.value is None or mark.attack.value is None:
        return []
    x, y = across(mark.cost.value), up(mark.attack.value)
    return [
        _line(across(_low(mark.cost)), y, across(_high(mark.cost)), y, mark.colour, 0.45),
        _line(x, up(_low(mark.attack)), x, up(_high(mark.attack)), mark.colour, 0.45),
        *_dot(x, y, number, mark),
    ]


def _name(number: int, mark: Mark) -> list[Markup]:
    """In the legend beside the plot: marks lie too close for names."""
    y = TOP + LINE * number
    return [
        *_dot(RIGHT + 40, y, number, mark),
        _text(RIGHT + 55, y + 4, mark.name, "start"),
    ]


def _dot(x: float, y: float, number: int, mark: Mark) -> list[Markup]:
    inside = tag("text", str(number), x=x, y=y + 3.5, text_anchor="middle", font_size=10, fill="white")
    return [tag("circle", cx=x, cy=y, r=8, fill=mark.colour), inside]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, opacity: float = 1) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_opacity=opacity, stroke_width=1.5)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor=anchor, fill="#333333")


def _svg(parts: Sequence[Markup]) -> Markup:
    background = tag("rect", width="100%", height="100%", fill="white")
    about = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    return tag("svg", background, *parts, **about, font_family="sans-serif", font_size=12)
