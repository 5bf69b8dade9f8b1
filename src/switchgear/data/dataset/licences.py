"""What a licence, as a source states it, allows: to be read by people before anything is sold, and no legal advice."""

import re
from enum import StrEnum

_NON_COMMERCIAL = re.compile(
    r"\bNC\b|non-?commercial|not for commercial|research[- ]only|research purposes", re.IGNORECASE
)
_NONE = re.compile(r"\s*(none|not|no licence|unknown|unstated)\b|\s*$", re.IGNORECASE)


class Terms(StrEnum):
    OPEN = "no objection found"
    NON_COMMERCIAL = "not for commercial use"
    UNSTATED = "no licence stated"


def terms(licence: str) -> Terms:
    """By its words: `CC-BY-NC-SA-4.0` is not for commercial use. Where nothing is licensed, nothing is allowed."""
    if _NON_COMMERCIAL.search(licence):
        return Terms.NON_COMMERCIAL
    return Terms.UNSTATED if _NONE.match(licence) else Terms.OPEN
