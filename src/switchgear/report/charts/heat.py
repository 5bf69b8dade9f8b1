"""A heat map of hidden states over the steps of a run: where the adapted model has turned away from the frozen one."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from switchgear.report.charts.svg import Scale, joined, tag, ticks
from switchgear.report.text import is_number, number

WIDTH, HEIGHT = 420, 282
LEFT, RIGHT, TOP, BOTTOM = 46, 404, 32, 242  # of the map
LEGEND = (1.0, 0.75, 0.5, 0.25, 0.0)


def heat_map(
    title: str, columns: Mapping[float, Mapping[int, Any]], targets: Collection[int], trained: Collection[int]
) -> Markup:
    """Cosines by step and hidden state, 0 at the bottom: no colour at 1, full colour from 0 on.

    Args:
        columns: step to cosine by state. A column reaches back to the one before it. What is not a
            finite number is grey.
        targets: states with an arrow beside them.
        trained: states with a bar beside them.
    """
    places = sorted(step for step in columns if step > 0)
    states = sorted({state for cosines in columns.values() for state in cosines})
    if not (places and states):
        return tag("p", "no data", class_="none")
    across, up = Scale(0, places[-1], LEFT, RIGHT), Scale(-0.5, states[-1] + 0.5, BOTTOM, TOP)
    marks = [
        *(
            _cell(step, state, cosine, (across(before), across(step)), (up(state + 0.5), up(state - 0.5)))
            for before, step in pairwise([0, *places])
            for state, cosine in columns[step].items()
        ),
        tag("rect", class_="frame", x=LEFT, y=TOP, width=RIGHT - LEFT, height=BOTTOM - TOP),
        *_axes(across, up, places[-1], states[-1]),
        *(_bar(LEFT - 6, up(state + 0.5), up(state - 0.5)) for state in trained if state in states),
        *(_arrow(RIGHT + 3, up(state)) for state in targets if state in states),
        *_legend(),
    ]
    spoken = _spoken(title, places[-1], columns[places[-1]], targets)
    return tag("svg", *marks, class_="lines heat", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=spoken)


def _cell(step: float, state: int, cosine: Any, xs: tuple[float, float], ys: tuple[float, float]) -> Markup:
    told = tag("title", f"step {number(step)} · state {state} · cosine {number(cosine)}")
    place = {"x": xs[0], "y": ys[0], "width": round(xs[1] - xs[0], 2), "height": round(ys[1] - ys[0], 2)}
    if not is_number(cosine):
        return tag("rect", told, class_="cell missing", **place)
    return tag("rect", told, class_="cell", fill_opacity=_strength(cosine), **place)


def _strength(cosine: float) -> float:
    return round(min(1.0, max(0.0, 1 - cosine)), 2)


def _axes(across: Scale, up: Scale, last: float, top: int) -> list[Markup]:
    steps = [step for step in ticks(0, last) if step <= last]
    states = [state for state in ticks(0, top) if state <= top and state == int(state)]
    middle = (TOP + BOTTOM) / 2
    return [
        *(tag("text", number(step), class_="middle", x=across(step), y=BOTTOM + 17) for step in steps),
        *(tag("text", number(state), class_="end", x=LEFT - 10, y=up(state) + 4) for state in states),
        tag("text", "step", class_="middle", x=(LEFT + RIGHT) / 2, y=BOTTOM + 35),
        tag("text", "hidden state", class_="middle", transform=f"translate(11 {middle}) rotate(-90)"),
    ]


def _bar(x: float, top: float, bottom: float) -> Markup:
    return tag("rect", class_="trained", x=x, y=top, width=4, height=round(bottom - top, 2))


def _arrow(x: float, y: float) -> Markup:
    return tag("polygon", class_="target", points=joined([(x, y), (x + 9, y - 5), (x + 9, y + 5)]))


def _legend() -> list[Markup]:
    start, wide = LEFT + 58, 15
    end = start + wide * len(LEGEND)
    box = {"y": 4, "height": 11}
    return [
        tag("text", "cosine 1", x=LEFT, y=14),
        *(
            tag("rect", class_="cell", fill_opacity=_strength(cosine), x=start + wide * at, width=wide, **box)
            for at, cosine in enumerate(LEGEND)
        ),
        tag("rect", class_="frame", x=start, width=end - start, **box),
        tag("text", "0 or less", x=end + 7, y=14),
        _bar(end + 72, 4, 15),
        tag("text", "trained", x=end + 81, y=14),
        _arrow(end + 138, 9.5),
        tag("text", "target", x=end + 152, y=14),
    ]


def _spoken(title: str, step: float, cosines: Mapping[int, Any], targets: Collection[int]) -> str:
    known = {state: cosine for state, cosine in cosines.items() if is_number(cosine)}
    if not known:
        return f"{title}. No data at step {number(step)}"
    lowest = min(known, key=lambda state: known[state])
    told = [f"lowest {number(known[lowest])} at hidden state {lowest}"]
    told += [f"{number(known[state])} at target state {state}" for state in targets if state in known]
    return f"{title}. Cosine at step {number(step)}: {', '.join(told)}"
