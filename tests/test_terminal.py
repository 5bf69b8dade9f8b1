import io

from rich.console import Console

from switchgear.terminal import steps


def test_a_log_gets_a_line_after_every_ten():
    console = Console(file=io.StringIO(), width=80)
    assert list(steps(range(25), "read", console)) == list(range(25))
    assert console.file.getvalue().splitlines() == ["read: 10 of 25", "read: 20 of 25"]


def test_what_was_done_before_is_counted_and_not_done_again():
    console = Console(file=io.StringIO(), width=80)
    assert list(steps(range(6), "ask", console, done=2, every=2, unit=" batches")) == [2, 3, 4, 5]
    assert console.file.getvalue().splitlines() == ["ask: 4 of 6 batches", "ask: 6 of 6 batches"]
