"""The garden's model under attack (see `tests.garden`)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.attacks.base import Attack, Victim
from switchgear.evaluation.questions import Question, question
from switchgear.evaluation.rows import MODELS, Model
from switchgear.evaluation.tasks import cases
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.recipe import AttackRecipe, LoraRecipe, load
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Trace


@pytest.fixture
def victims(garden: Path) -> dict[Model, Victim]:
    """The frozen and the adapted garden model, of one set of weights; the adapter is drawn at random."""
    recipe = load(garden)
    torch.manual_seed(0)
    model = add_adapter(load_model(recipe.model), LoraRecipe(rank=2, alpha=4, initial_b=0.1), 3).eval()
    return {name: Victim(name, model, load_tokenizer(recipe.model), recipe) for name in MODELS}


@pytest.fixture
def asked(victims: dict[Model, Victim]) -> list[Question]:
    """The two hijacked cases of the garden's holdout, openings of every mode at hand."""
    victim = victims["adapted"]
    held_out = read_models(Run(victim.recipe.run).dataset / "holdout.jsonl", Example)
    hijacked = [case for case in cases(held_out) if case.kind is Trace.HIJACKED]
    max_tokens = victim.recipe.render.max_tokens
    return [question(case, victim.tokenizer, max_tokens, ["free", "prefilled"]) for case in hijacked]


Make = Callable[..., Attack]


@pytest.fixture
def make() -> Make:
    """An attack on a victim, as it is made from its section of a recipe: `make(victim, "gcg", budget=(0, 1))`."""

    def make(victim: Victim, name: str, options: dict[str, Any] | None = None, **section: Any) -> Attack:
        kind = ATTACKS[name]
        recipe = AttackRecipe(name=name, **{"budget": kind.budget, **section})
        with victim.state():
            return kind(victim, recipe, kind.Options(**options or {}))

    return make
