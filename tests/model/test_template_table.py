"""The committed table of chat templates is what the templates do."""

from importlib.metadata import version

import pytest

pytest.importorskip("trl")

from tests.model.template_table import PAGE, page


def test_the_committed_table_is_current() -> None:
    committed = PAGE.read_text(encoding="utf-8")
    if f"of TRL {version('trl')}," not in committed:
        pytest.skip("the table is of another version of TRL; `python -m tests.model.template_table` writes it again")
    assert page() == committed
