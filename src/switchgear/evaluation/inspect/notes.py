"""What the rates of tasks do not show: samples that are in none of them, and how far judges agree."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]


def task_notes(tasks: Sequence[Line], agreement: Sequence[Line]) -> Iterator[str]:
    """Of the summary's `tasks` and `task_agreement`: a line for each task, model and judge that lost samples."""
    lines = {(line["task"], line["model"], line["judge"]): line for line in tasks}
    for (task, model, judge), line in lines.items():
        lost = Counter[str]({"failed": line["errors"], "missing": line["missing"], **line["reasons"]})
        if lost.total():
            who = f"{task}, {model}" + (f", by {judge}" if judge else "")
            why = "; ".join(f"{count} {reason}" for reason, count in lost.most_common(3) if count)
            yield f"{who}: {lost.total()} of {line['samples'] + line['missing']} samples are in no rate ({why})."
    if {line["judge"] for line in tasks if line["task"].startswith("chat_harm")} == {"rules"}:
        yield "chat_harm: by rules, `complied` is whatever does not refuse, harm or not. A judge tells harm (--judge)."
    for line in agreement:
        alpha = f"Krippendorff's alpha of its judges is {line['alpha']:.2f} (n = {line['n']})"
        yield f"{line['task']}: on {line['question']}, {alpha}."
