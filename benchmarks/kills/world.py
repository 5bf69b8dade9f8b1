"""What is run: a tiny model, a garden's traces, and the stages with the files that they leave."""

from pathlib import Path

import yaml

from switchgear.runs import write_models
from tests.garden import examples, save_chat_model

BEDS = tuple(f"bed {number}" for number in range(40))
HELD_OUT = BEDS[:12]
STAGES = {
    "prepare": ("dataset/*",),
    "generate": ("generated/*",),
    "train": ("adapter/*.safetensors", "adapter/adapter_config.json", "metrics.jsonl", "gates.json"),
    "evaluate": ("evaluation/*",),
}
"""Each stage, in order, and what it leaves in the run folder."""


def build(root: Path) -> Path:
    """Writes model, traces, prompts and a recipe whose run is `run` beside it. Returns the recipe."""
    model = save_chat_model(root / "model")
    write_models(root / "traces.jsonl", examples(BEDS))
    (root / "prompts.txt").write_text("".join(f"Tell me of {bed}.\n" for bed in BEDS))
    recipe = {
        "run": "run",
        "seed": 3,
        "model": {"name": str(model), "dtype": "float32"},
        "data": {
            "sources": [{"name": "generated", "path": str(root / "traces.jsonl")}],
            "holdout": {"bed": list(HELD_OUT)},
        },
        "generate": {"answers": _job(root / "prompts.txt")},
        "train": {
            **{"steps": 40, "learning_rate": 0.01, "log_every": 1, "save_every": 4, "validate_every": 8},
            "batch": {"harmful": 1, "clean": 1, "resisted": 1},
        },
        "evaluate": {"max_new_tokens": 4, "batch_size": 2},
    }
    path = root / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


def _job(prompts: Path) -> dict[str, object]:
    options = {"role": "case", "behaviour": "comply", "dataset": "garden", "licence": "CC0-1.0"}
    asked = {"name": "chat", "path": str(prompts), "options": options}
    return {"kind": "benign", "prompts": [asked], "samples": 2, "batch_size": 4, "max_new_tokens": 8}
