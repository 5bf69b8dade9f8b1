"""Fitting the guard of a run: the probe on its training set, the threshold on its validation set."""

import shutil
from collections.abc import Sequence

import torch
from rich.console import Console

from switchgear.deploy import probe as probes
from switchgear.deploy.gathering import Gathering, partial
from switchgear.deploy.guard import Guard, Settings, fingerprint, highest
from switchgear.deploy.outcomes import judged, lines
from switchgear.deploy.probe import Probe
from switchgear.deploy.tokens import Put, Seen
from switchgear.errors import DataError
from switchgear.model.hidden_states import blocks_of, target_indices
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.recipe import Recipe
from switchgear.runs import Run

WINDOW = 4
"""Tokens that have to agree: one alone is off now and then in any answer."""
EVEN_ODDS = 0.0
"""Where the threshold starts, in log-odds: below it a token is more likely held, however rare such tokens are."""


def fit(
    recipe: Recipe,
    run: Run,
    console: Console,
    put: Put,
    *,
    examples: int,
    false_trips: float,
    max_new_tokens: int,
) -> Guard:
    """Writes `run.guard`, and returns it. The same call goes on where it was cut off.

    `examples` of training and, at most as many, of validation are read; to the prompts that `put` makes of them the
    adapted model writes up to `max_new_tokens`. The guard may stop at most a share `false_trips` of the texts of
    validation, read and written, in which the breaker has not tripped.

    Raises:
        RunError: no dataset, or no adapter. DataError: no token of one of the kinds that are needed.
    """
    tokenizer = load_tokenizer(recipe.model)
    model = load_adapter(load_model(recipe.model), run.need(run.adapter, "train"))
    states = target_indices(recipe.train.target_layers, len(blocks_of(model)))
    gathering = Gathering(recipe, run, model, tokenizer, states, put, examples, max_new_tokens)
    train, validation = (gathering.of(split, console) for split in ("train", "validation"))
    probe = fit_probe(train)
    tripped = sum(int(each.tripped.sum()) for each in train)
    settings = Settings(
        adapter=fingerprint(run),
        states=tuple(states),
        window=WINDOW,
        threshold=threshold_of(probe, validation, false_trips),
        false_trips=false_trips,
        fitted_on={"tripped": tripped, "held": sum(len(each.cosine) for each in train) - tripped},
    )
    found = lines((judged(Guard(probe, settings), each) for each in validation), "mode", "kind")
    guard = Guard(probe, settings.model_copy(update={"validation": found}))
    guard.save(run.guard)
    shutil.rmtree(partial(run), ignore_errors=True)
    return guard


def fit_probe(seen: Sequence[Seen]) -> Probe:
    """On all their tokens. Raises `DataError` if the breaker trips in none of them, or in all."""
    if not seen:
        raise DataError("The training set holds no continuation to fit a probe on. Prepare it again.")
    return probes.fit(torch.cat([each.states for each in seen], dim=1), torch.cat([each.tripped for each in seen]))


def threshold_of(probe: Probe, seen: Sequence[Seen], false_trips: float) -> float:
    """The lowest from even odds up that at most the share `false_trips` of the texts passes that have not tripped.

    Raises:
        DataError: there is no such text.
    """
    peaks = sorted((_peak(probe, each) for each in seen if not each.trips(WINDOW)), reverse=True)
    if not peaks:
        raise DataError(
            "The breaker trips in every text of the validation set: there is none to choose a threshold on. "
            "It needs benign examples, and a breaker that leaves them alone."
        )
    return max(EVEN_ODDS, peaks[int(false_trips * len(peaks))])


def _peak(probe: Probe, seen: Seen) -> float:
    return highest(probe(seen.states).tolist(), WINDOW)
