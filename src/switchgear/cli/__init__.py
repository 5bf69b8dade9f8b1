"""The command line: parse, call one function, print. Every stage reads the same recipe and writes its run folder."""

import sys

from rich.console import Console

from switchgear.cli import calibrate as _calibrate  # noqa: F401  registers its command
from switchgear.cli import chat as _chat  # noqa: F401  registers its command
from switchgear.cli import doctor as _doctor  # noqa: F401  registers its command
from switchgear.cli import evaluate as _evaluate  # noqa: F401  registers its command
from switchgear.cli import export as _export  # noqa: F401  registers its command
from switchgear.cli import generate as _generate  # noqa: F401  registers its command
from switchgear.cli import guard as _guard  # noqa: F401  registers its commands
from switchgear.cli import proxy as _proxy  # noqa: F401  registers its command
from switchgear.cli import rates as _rates  # noqa: F401  registers its command
from switchgear.cli import rejudge as _rejudge  # noqa: F401  registers its command
from switchgear.cli import schema as _schema  # noqa: F401  registers its command
from switchgear.cli import stages as _stages  # noqa: F401  registers its commands
from switchgear.cli import sweep as _sweep  # noqa: F401  registers its command
from switchgear.cli.app import app
from switchgear.errors import SwitchgearError


def main() -> None:
    """Entry point. Errors of ours are one message on standard error and an exit code; others keep their traceback."""
    try:
        app()
    except SwitchgearError as error:
        message = f"{type(error).__name__}: {error}"
        Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
