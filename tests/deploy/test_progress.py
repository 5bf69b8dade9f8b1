import io

from rich.console import Console

from switchgear.deploy.progress import steps


def test_a_log_gets_a_line_after_every_ten():
    console = Console(file=io.StringIO(), width=80)
    assert list(steps(range(25), "read", console)) == list(range(25))
    assert console.file.getvalue().splitlines() == ["read: 10 of 25", "read: 20 of 25"]
