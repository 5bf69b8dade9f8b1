"""Training examples token by token, for the report: only the model's room can render them."""

from itertools import islice
from typing import Any

from switchgear import recipe as recipes
from switchgear.cli.app import console
from switchgear.errors import ModelError, RecipeError, TemplateError
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Role

LOOKED_AT = 500  # examples from the start of the training set, in search of one of each kind


def token_views(run: Run) -> list[dict[str, Any]]:
    """The first example of each kind with its spans and loss mask, as `switchgear.report.build.build` takes them.

    None, and a line that says why, if the model's tokenizer is not here.
    """
    from switchgear.model.load import load_tokenizer
    from switchgear.model.preview import to_data
    from switchgear.model.render import render
    from switchgear.training.batches import rerouted

    path = run.dataset / "train.jsonl"
    if not path.exists() or not run.recipe.exists():
        return []
    try:
        recipe = recipes.load(run.recipe)
        tokenizer = load_tokenizer(recipe.model)
    except (ModelError, RecipeError, TemplateError) as error:
        console.print(f"No token view: {error}", markup=False, highlight=False)
        return []
    views = []
    for example in _one_of_each_kind(run):
        rendered = render(example, tokenizer, recipe.render.max_tokens)
        harmful = example.role is Role.HARMFUL
        weights = rerouted(example, rendered, recipe.train) if harmful else [1.0] * len(rendered.ids)
        data = to_data(rendered, [weight > 0 for weight in weights])
        views.append({"title": f"{example.kind}: {example.id}", "harmful": example.kind != "clean", **data})
    return views


def _one_of_each_kind(run: Run) -> list[Example]:
    found: dict[str, Example] = {}
    for example in islice(read_models(run.dataset / "train.jsonl", Example), LOOKED_AT):
        found.setdefault(example.kind, example)
    return sorted(found.values(), key=lambda example: example.role is not Role.HARMFUL)
