"""A run folder to report on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from switchgear.runs import Run
from tests.report.kitchen import write_run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    return lambda cases=30, name="kitchen-agent": write_run(tmp_path / "runs" / name, cases)
