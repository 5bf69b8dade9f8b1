"""One kill of each stage; `python -m benchmarks.kills --times 20` is the whole of it."""

import pytest

from benchmarks.kills.__main__ import HEAD, line, run
from benchmarks.kills.world import STAGES


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_stage_that_is_killed_and_begun_again_leaves_the_same_files():
    results = run(times=2, stages=list(STAGES))
    assert [(result.stage, result.kills, result.equal) for result in results] == [(stage, 2, 2) for stage in STAGES]
    table = "\n".join([HEAD, *map(line, results)])
    assert table.count("| 2 | 2 | none |") == 4
