"""Training examples as the model reads them: each token, the span it is in, and whether the loss sees it."""

from collections.abc import Mapping, Sequence
from typing import Any

from switchgear.report.text import visible

Record = Mapping[str, Any]


def token_views(views: Sequence[Record]) -> list[dict[str, Any]]:
    """The same with all text made visible, ready for the page's data.

    A view has `title`, `harmful`, `counts` (lines of text) and `runs` of like tokens: `span`, `masked` (in the loss)
    and `tokens` (their texts).
    """
    return [
        {
            "title": visible(str(view["title"])),
            "harmful": bool(view["harmful"]),
            "counts": [visible(line) for line in view["counts"]],
            "runs": [
                [visible(run["span"]), bool(run["masked"]), [visible(token) for token in run["tokens"]]]
                for run in view["runs"]
            ],
        }
        for view in views
    ]
