"""A finished run as the other stages leave it: synthetic, harmless, the same on every call."""

import json
import random
from itertools import product
from pathlib import Path
from typing import Any

from switchgear.data.dataset.card import describe
from switchgear.data.dataset.facts import facts
from switchgear.evaluation.attacks.summary import summarise as summarise_attacks
from switchgear.evaluation.rejudge import summarise as summarise_judged
from switchgear.evaluation.rows import MODELS, MODES
from switchgear.evaluation.summary import summarise
from switchgear.runs import Run, write_json, write_models
from switchgear.schema import Example, Trace
from tests.report.answers import KINDS, attack_row, example, likelihood_rows, row
from tests.report.figures import judged, tasks

BUDGETS = (0, 10, 20, 40)
JUDGES = ("rules", "rubric=hf/judge")


def write_run(root: Path, cases: int) -> Run:
    """A finished run with `cases` evaluated cases, each in every mode and with both models."""
    run, chance = Run(root), random.Random(0)
    examples = [example(index) for index in range(cases)]
    rows = [row(chance, *of) for of in product(range(cases), MODES, MODELS)]
    likelihood = [each for index in range(cases) for each in likelihood_rows(chance, index)]
    write_models(run.dataset / "holdout.jsonl", examples)
    write_json(run.dataset / "card.json", _card(examples))
    hijacked = range(KINDS.index(Trace.HIJACKED), cases, 3)
    attacked = [attack_row(chance, *of) for of in product(hijacked, MODELS, BUDGETS, range(2))]
    verdicts = [judged(chance, each, judge) for each in rows if each.error is None for judge in JUDGES]
    write_json(run.summary, {**summarise(rows, likelihood), "attacks": summarise_attacks(attacked), **tasks()})
    write_models(run.attacks, attacked)
    write_models(run.evaluation / "verdicts.jsonl", verdicts)
    write_json(run.evaluation / "judged.json", summarise_judged(verdicts))
    write_json(run.gates, _gates())
    write_models(run.rows, rows)
    run.metrics.write_text("".join(json.dumps(_metric(step)) + "\n" for step in range(0, 151, 5)), encoding="utf-8")
    run.recipe.write_text(
        "run: runs/kitchen-agent\nseed: 7\nmodel:\n  name: smollm2-135m-instruct\ntrain:\n  steps: 150\n",
        encoding="utf-8",
    )
    write_json(
        run.provenance,
        {
            "command": ["/somewhere/bin/switchgear", "run", "recipes/kitchen agent.yaml", "train.steps=150"],
            "python": "3.12.4",
            "platform": "Linux-x86_64",
            "packages": {"switchgear": "0.1.0", "torch": "2.13.0", "vllm": None},
            "git_commit": "0" * 40,
            "seed": 7,
            "data": {"traces/kitchen.jsonl": "ab" * 32},
            "wall_seconds": {"prepare": 3.2, "train": 1843.0, "evaluate": 512.4},
        },
    )
    return run


def _metric(step: int) -> dict[str, Any]:
    late = max(0.0, min(1.0, (step - 15) / 30))
    line: dict[str, Any] = {
        "step": step,
        "reroute": 0.99 - 0.93 * late,
        "retain": 0.01 + 0.6 * late * (1 - step / 190),
        "loss": 5 - 4.2 * late,
        "reroute_coefficient": 5 * (1 - step / 300),
        "retain_coefficient": 5 * step / 300,
        "grad_norm": 0.4 + late,
        "learning_rate": 1e-4,
    }
    if step % 20 == 0:
        line |= {"cosine_harmful": 1 - 1.05 * late, "cosine_benign": 1 - 0.06 * late, "retain_drift": 0.2 * late}
        line |= {"norm_harmful": 136 + 150 * late, "norm_benign": 136 + 6 * late}
        turned = [max(0, state - 8) / 12 if state <= 20 else 0.9 for state in range(31)]
        line |= {"target_states": [20], "trained_blocks": list(range(8, 20))}
        line |= {"cosine_harmful_by_state": [1 - 1.05 * late * each for each in turned]}
        line |= {"cosine_benign_by_state": [1 - 0.06 * late * each for each in turned]}
    return line


def _gates() -> list[dict[str, Any]]:
    return [
        {
            "gate": "masks",
            "when": "before",
            "passed": True,
            "saw": "18211 of 60210 tokens of 40 harmful examples are rerouted",
            "values": {"harmful_tokens": 18211, "benign_tokens": 40120},
        },
        {
            "gate": "plateau",
            "when": "during",
            "passed": True,
            "saw": "reroute loss 0.990 -> 0.061 by step 60",
            "values": {"step": 25},
        },
        {
            "gate": "retain drift",
            "when": "during",
            "passed": False,
            "saw": "benign validation states moved by 61% of their norm",
            "values": {},
        },
    ]


def _card(examples: list[Example]) -> dict[str, Any]:
    source = {
        "name": "kitchen_traces",
        "licences": ["Apache-2.0"],
        "read": len(examples) + 25,
        "kept": describe([facts(each) for each in examples])["role"],
        "dropped": {"no messages": 12},
        "quarantined": {"label contradicts trace": 8},
        "over_limit": 5,
    }
    return {
        "seed": 7,
        "sources": [source],
        "splits": {"train": describe([]), "holdout": describe([facts(each) for each in examples])},
    }
