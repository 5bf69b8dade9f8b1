"""The card as two pages: README.md, which the hub and `datasets` understand, and card.html for people."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from switchgear.data.dataset.card.grids import grids, lines
from switchgear.runs import replacing
from switchgear.schema import Example, Message

ROWS_SHOWN = 200
CHARACTERS_SHOWN = 1500
"""Of a message. The whole stands in the data files."""
_PAGES = {"README.md": "page.md.jinja", "card.html": "page.html.jinja"}


def write_pages(card: Mapping[str, Any], examples: Sequence[Example], folder: Path) -> None:
    """Write README.md and card.html into the folder of the dataset."""
    environment = Environment(
        loader=PackageLoader("switchgear.data.dataset.card", "."),
        autoescape=select_autoescape(["html.jinja"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": _cell, "folded": _folded}
    content = {
        "card": card,
        "grids": [(grid, list(lines(grid, ROWS_SHOWN))) for grid in grids(card)],
        "examples": [(each, [_shown(message) for message in each.messages]) for each in examples],
        "front": yaml.safe_dump(_front_matter(card), sort_keys=False, allow_unicode=True),
    }
    for name, template in _PAGES.items():
        with replacing(folder / name) as file:
            file.write(environment.get_template(template).render(content))


def _front_matter(card: Mapping[str, Any]) -> dict[str, Any]:
    """What the hub's viewer reads. The licence is `other`, for rows are under those of their sources."""
    suffix = "parquet" if any(name.endswith(".parquet") for name in card["sha256"]) else "jsonl"
    written = (split for split in card["splits"] if f"{split}.{suffix}" in card["sha256"])
    files = [{"split": split, "path": f"{split}.{suffix}"} for split in written if card["splits"][split]["examples"]]
    return {
        "license": "other",
        "license_name": "see-licences",
        "tags": ["safety", "circuit-breakers", "not-for-all-audiences"],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _shown(message: Message) -> tuple[str, str]:
    """Who speaks, and what is said and called."""
    calls = (f"{call.name}({json.dumps(call.arguments, ensure_ascii=False)})" for call in message.tool_calls)
    text = "\n".join(filter(None, [message.content, *calls]))
    return message.role, text if len(text) <= CHARACTERS_SHOWN else f"{text[:CHARACTERS_SHOWN]} [...]"


def _cell(text: str) -> str:
    """Text in a cell of a Markdown table."""
    return escape(text, quote=False).replace("|", "&#124;").replace("\n", " ")


def _folded(text: str) -> str:
    """Text in a <pre> of a Markdown page, where a blank line would end the block of HTML."""
    return escape(text, quote=False).replace("\r", "").replace("\n", "&#10;")
