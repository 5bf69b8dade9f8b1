"""The rows of each kind that a run draws from, and those that it watches."""

from collections import defaultdict
from collections.abc import Callable
from itertools import zip_longest

from rich.console import Console
from rich.progress import track
from transformers import PreTrainedTokenizerBase

from switchgear.errors import DataError
from switchgear.model.load import context_length
from switchgear.model.render import Rendered, render
from switchgear.recipe import BatchRecipe, Recipe, TrainRecipe
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Role
from switchgear.training.batches import Row, remind, row, uncontested
from switchgear.training.objectives import objective
from switchgear.training.variants import emptied, reminded

WATCHED_ROWS = 4
"""Harmful and benign validation rows each: enough for a curve, cheap enough to be read often."""

ROOM = 64
"""Tokens that a system message takes, beside its text."""

Pools = dict[str, list[Row]]
Make = Callable[[Example, Rendered], Row]


def read(
    run: Run,
    split: str,
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerBase,
    console: Console,
    make: Make | None = None,
) -> Pools:
    """The rows of a split by kind; what is longer than `render.max_tokens`, or than the model's context, is cut.

    `make`: the row of a rendered example, in place of the one that a breaker's losses look at.
    """
    path = run.need(run.dataset / f"{split}.jsonl", "prepare")
    longest = min(recipe.render.max_tokens, context_length(recipe.model) or recipe.render.max_tokens)
    pools: Pools = defaultdict(list)
    make = make or _weighed(recipe.train, tokenizer, longest)
    cut = shortened = 0
    examples = list(read_models(path, Example))
    for example in track(examples, f"render {split}", console=console, disable=not console.is_terminal):
        example = emptied(example, recipe.train.empty_user, recipe.seed)
        rendered = render(example, tokenizer, longest)
        cut += bool(rendered.cut)
        shortened += bool(rendered.cut.continuation)
        pools[example.kind].append(make(example, rendered))
    counts = ", ".join(f"{len(rows)} {kind}" for kind, rows in sorted(pools.items()))
    console.print(f"{split}: {counts}; {cut} cut to {longest} tokens" + _in_continuation(shortened))
    return pools


def _weighed(recipe: TrainRecipe, tokenizer: PreTrainedTokenizerBase, longest: int) -> Make:
    """As the losses of the recipe look at them; `refusal_target` at harmful ones under its reminder as well."""
    reminds = objective(recipe.objective).reminder

    def made(example: Example, rendered: Rendered) -> Row:
        plain = row(example, rendered, recipe)
        if not reminds or example.role is not Role.HARMFUL:
            return plain
        return remind(plain, _reminded(example, recipe, tokenizer, longest))

    return made


def _reminded(example: Example, recipe: TrainRecipe, tokenizer: PreTrainedTokenizerBase, longest: int) -> Row:
    """Its row under the reminder, with as much more room as that takes at most."""
    reminder = recipe.options.refusal_target_reminder
    other = reminded(example, reminder)
    return row(other, render(other, tokenizer, longest + ROOM + len(reminder)), recipe)


def _in_continuation(shortened: int) -> str:
    return f", {shortened} of them in the continuation, which alone is longer" if shortened else ""


def contested(pools: Pools) -> list[Row]:
    """The harmful rows, rerouted only where no retained row says the same."""
    return uncontested(pools["harmful"], [row for kind, rows in pools.items() if kind != "harmful" for row in rows])


def with_loss(pools: Pools, console: Console) -> Pools:
    """Without rows in which no token counts: harmful ones with nothing to reroute, others with nothing to retain."""
    kept = {
        kind: [row for row in rows if any(row.reroute if kind == "harmful" else row.retain)]
        for kind, rows in pools.items()
    }
    for kind, rows in pools.items():
        if left_out := len(rows) - len(kept[kind]):
            console.print(f"{left_out} of {len(rows)} {kind} examples have no token with a loss, and are left out.")
    return kept


def check(pools: Pools, batch: BatchRecipe) -> None:
    """Raises `DataError` if a kind that is drawn has no row."""
    for kind, count in batch.model_dump().items():
        if count and not pools.get(kind):
            known = ", ".join(f"{len(rows)} {name}" for name, rows in pools.items() if rows)
            raise DataError(
                f"train.batch.{kind}={count}, but the training set holds no {kind} example ({known}). "
                f"Add a source that has them, or set train.batch.{kind}=0."
            )


def watched(pools: Pools) -> tuple[list[Row], list[Row]]:
    """The first harmful rows, and as many benign ones of all kinds in turn. Empty if either is missing."""
    harmful = [row for row in pools.get("harmful", ()) if any(row.reroute)][:WATCHED_ROWS]
    kinds = (pools.get(kind, ()) for kind in ("resisted", "clean", "refusal"))
    benign = [row for turn in zip_longest(*kinds) for row in turn if row and any(row.retain)][:WATCHED_ROWS]
    return (harmful, benign) if harmful and benign else ([], [])
