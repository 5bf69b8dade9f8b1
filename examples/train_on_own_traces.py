"""A breaker from your own agent's traces, without a recipe file.

python examples/train_on_own_traces.py MODEL TRACES RUN [KEY=VALUE ...]

TRACES holds JSONL files in the form of the source `agent_traces` (docs/own-agent.md); rows tagged `set: held_out` are
kept for evaluation.
"""

import sys
from pathlib import Path

import yaml
from rich.console import Console

from switchgear.data.dataset.prepare import prepare
from switchgear.recipe import claim, load
from switchgear.training.train import train

model, traces, run_folder = sys.argv[1:4]
values = {
    "run": run_folder,
    "model": {"name": model},
    "data": {
        "sources": [{"name": "agent_traces", "path": traces, "options": {"licence": "mine"}}],
        "holdout": {"set": ["held_out"]},
    },
    "train": {"mask": "after_opening", "retain": "relative_squared", "retain_weight": 2, "schedule": "constant"},
}
recipe_file = Path(f"{run_folder}.yaml")
recipe_file.write_text(yaml.safe_dump(values), encoding="utf-8")

recipe, console = load(recipe_file, sys.argv[4:]), Console()
run = claim(recipe)
prepare(recipe, run, console)
train(recipe, run, console)
console.print(f"Adapter: {run.adapter}. Next: switchgear evaluate {recipe_file}")
