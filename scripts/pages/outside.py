"""A hook of MkDocs: links from docs/ to files beside it work where the repository is read, and the site lacks them.

There they become the file's name. One that leads to no file stays as it is, and so fails the build.
"""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    return LINK.sub(_named, markdown) if "/" not in page.file.src_uri else markdown


def _named(link: re.Match[str]) -> str:
    text, path = link.groups()
    if not (ROOT / path).exists():
        return link[0]
    return f"`{path}`" if text.strip("`") == path else f"{text} (`{path}`)"
