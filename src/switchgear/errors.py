"""Every error a user can meet. Each says what was given, what is allowed, and what to do next.

Messages never quote harmful text: they name files, lines, fields and counts.
Each class also inherits the standard-library class it specialises, so `except ValueError` keeps working.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SwitchgearError(Exception):
    """Base of all errors raised on purpose. `exit_code` is what the command line returns."""

    exit_code = 1


class RecipeError(SwitchgearError, ValueError):
    """A recipe, an override or a command-line value that cannot be used."""

    exit_code = 2


class DataError(SwitchgearError, ValueError):
    """A data file that is missing, unreadable, of another format, or empty."""

    exit_code = 3


class LabelError(DataError):
    """A data file whose labels contradict its own traces."""


class TemplateError(SwitchgearError, ValueError):
    """A chat template whose spans cannot be verified, or a tokenizer without one."""

    exit_code = 4


class ModelError(SwitchgearError, ValueError):
    """A model that cannot be loaded, or an architecture that is not understood."""

    exit_code = 4


class EndpointError(ModelError):
    """A request that a served model gave no usable answer to."""


class EndpointDownError(EndpointError):
    """A server that cannot be reached, or that will take no request as they are made: a key, an address, a field."""


class GateError(SwitchgearError, RuntimeError):
    """A run that was stopped because it would not have produced a working breaker."""

    exit_code = 5


class RunError(SwitchgearError, OSError):
    """A run folder that lacks what a stage needs, or holds something that would be lost."""

    exit_code = 6


def unknown(kind: str, given: str, known: Iterable[str]) -> str:
    """The message for a name that is not in a registry: `Unknown objective 'r'. Did you mean 'rr'? Known: ...`."""
    names = sorted(known)
    near = get_close_matches(given, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown {kind} {given!r}.{hint} Known: {', '.join(names) or 'none'}."
