"""Public benchmarks in a folder, laid out as for `recipes/full.yaml`, as entries of `evaluate.sources`."""

import json
from pathlib import Path

from switchgear.errors import RecipeError

PLACES = {
    "agentharm": "agentharm/*.json",
    "bfcl": "bfcl/BFCL_v4_*.json",
    "harmbench": "harmbench/*.json",
    "jailbreakbench": "jailbreakbench/*/*/*.json",
    "xstest": "xstest/xstest_prompts.csv",
}
"""Source -> its files, below that folder."""


def sources(folder: Path) -> str:
    """`evaluate.sources` as an override: those that the folder has. Raises `RecipeError` if it has none of them."""
    found = [{"name": name, "path": str(folder / place)} for name, place in PLACES.items() if any(folder.glob(place))]
    if not found:
        raise RecipeError(
            f"--data {folder}: there is none of {', '.join(PLACES.values())} in it. docs/evaluation.md says where they "
            "are published."
        )
    return f"evaluate.sources={json.dumps(found)}"
