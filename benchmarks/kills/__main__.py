import argparse
import os
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from benchmarks.kills.trials import Result, finish, trials
from benchmarks.kills.world import STAGES, build

HEAD = "| stage | undisturbed | killed | same result | differing files |\n|---|--:|--:|--:|---|"


def run(times: int, stages: list[str], seed: int = 0) -> list[Result]:
    """Every stage once undisturbed, and the named ones killed `times` times each."""
    import switchgear.evaluation.evaluate
    import switchgear.generation.generate
    import switchgear.training.train  # noqa: F401  the forks are not to import it each

    results = []
    with tempfile.TemporaryDirectory(prefix="switchgear-kills-") as scratch:
        root = Path(scratch)
        recipe = build(root)
        before = root / "0"
        before.mkdir()
        for number, stage in enumerate(STAGES, start=1):
            after = shutil.copytree(before, root / str(number))
            seconds = finish(stage, recipe, after)
            if stage in stages:
                results.append(trials(stage, recipe, before, after, times, seconds, seed))
            before = after
            if not {*stages} - {each.stage for each in results}:
                break
    return results


def line(result: Result) -> str:
    differing = ", ".join(result.differing) or "none"
    return f"| {result.stage} | {result.seconds:.1f} s | {result.kills} | {result.equal} | {differing} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description="kill -9, and go on.")
    parser.add_argument("--times", type=int, default=20, help="kills of each stage")
    parser.add_argument("--stage", choices=list(STAGES), action="append", help="only this one; give it again for more")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    print(HEAD)
    for result in run(given.times, given.stage or list(STAGES), given.seed):
        print(line(result))
