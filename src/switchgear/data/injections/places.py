"""Finding an injected text inside a tool result.

The text does not come back as it was put in: YAML folds it on the way in, and the tool's own YAML or Python repr wraps,
quotes and escapes it on the way out. So words are matched, and whatever such a format puts between or before them.
"""

import re
from functools import lru_cache

from switchgear.schema import CharRange

_GAP = r"(?:\s|\\n?)+"  # blanks, escaped line ends, and the backslash of a folded line
_QUOTES = {"'": r"(?:''|\\?')", '"': r'\\?"'}


def find(content: str, attack: str) -> tuple[CharRange, ...]:
    """Each place in `content` where the words of `attack` stand in a row."""
    return spans(content, _pattern(attack))


def goal_in(content: str, template: str) -> str | None:
    """What stands at `{goal}` of an attack template in `content`, each gap as one blank; None if it is not there."""
    pattern = _pattern(template).pattern.replace(re.escape("{goal}"), "(?P<goal>.+?)", 1)
    found = re.search(pattern + r"\Z", content.strip(), re.DOTALL)
    return re.sub(_GAP, " ", found["goal"]).strip() if found else None


def spans(content: str, pattern: re.Pattern[str]) -> tuple[CharRange, ...]:
    return tuple(CharRange(start=match.start(), end=match.end()) for match in pattern.finditer(content))


@lru_cache(maxsize=1024)
def _pattern(attack: str) -> re.Pattern[str]:
    words = ("".join(_QUOTES.get(character, re.escape(character)) for character in word) for word in attack.split())
    return re.compile(_GAP.join(words))
