"""What all charts share: scales, round ticks, and elements in which everything is escaped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from switchgear.report.text import visible

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """A linear map from `low..high` (data) to `start..stop` (pixels or per cent)."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 2)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in `count` or so even steps that enclose `low <= 0 <= high`."""
    high = high if high - low > 1e-12 else low + 1
    magnitude = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude * count >= (high - low) * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element with everything in it visible and escaped; `class_` is `class`, `aria_label` is `aria-label`."""
    named = {key.rstrip("_").replace("_", "-"): _shown(value) for key, value in attributes.items()}
    written = [Markup(' {}="{}"').format(*each) for each in named.items()]
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup("").join(written), Markup("").join(map(_shown, children)))


def upright(kind: str, x: object, top: float, bottom: float) -> Markup:
    return tag("line", class_=kind, x1=x, x2=x, y1=top, y2=bottom)


def level(kind: str, y: object, left: float, right: float) -> Markup:
    return tag("line", class_=kind, x1=left, x2=right, y1=y, y2=y)


def path(kind: str, points: Sequence[Point]) -> Markup:
    return tag("polyline", class_=kind, points=joined(points))


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def joined(points: Sequence[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
