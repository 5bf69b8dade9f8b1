"""Text files that a recipe names, and short names for texts."""

import hashlib
from pathlib import Path

from switchgear.errors import DataError


def read(path: Path | None) -> str:
    """The text of a file, without surrounding space; "" where none is named. Raises `DataError`."""
    try:
        return path.read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, which the recipe names, cannot be read as text ({type(error).__name__}).") from error


def digest(*texts: str) -> str:
    """Of one or several texts; 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(texts).encode(errors="surrogatepass")).hexdigest()
