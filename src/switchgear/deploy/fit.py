"""Fitting the guard of a trained run: the probe on its training set, the threshold on its validation set."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from switchgear.deploy import probe as probes
from switchgear.deploy.guard import Guard, Settings, fingerprint, highest
from switchgear.deploy.probe import Probe
from switchgear.deploy.tokens import Continuation, families, read
from switchgear.errors import DataError
from switchgear.intervals import Rate, wilson
from switchgear.model.hidden_states import blocks_of, target_indices
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.recipe import Recipe
from switchgear.runs import Run, read_models
from switchgear.schema import Example
from switchgear.terminal import percent, table

WINDOW = 4
"""Tokens that have to agree: one alone is off now and then in any answer."""
EVEN_ODDS = 0.0
"""Where the threshold starts, in log-odds: below it a token is more likely benign, however rare such tokens are."""


def fit(recipe: Recipe, run: Run, console: Console, examples: int, false_trips: float) -> Guard:
    """Writes `run.guard`, and returns it.

    `examples` of training and, at most as many, of validation are read. At most a share `false_trips` of the benign
    continuations of validation may trip.

    Raises:
        RunError: no dataset, or no adapter. DataError: no continuation of one of the kinds that are needed.
    """
    tokenizer = load_tokenizer(recipe.model)
    model = load_adapter(load_model(recipe.model), run.need(run.adapter, "train"))
    states = target_indices(recipe.train.target_layers, len(blocks_of(model)))
    found: dict[str, list[Continuation]] = {}
    for split in ("train", "validation"):
        path = run.need(run.dataset / f"{split}.jsonl", "prepare")
        chosen = families(read_models(path, Example), examples, recipe.seed)
        steps = track(chosen, f"read {split}", console=console, disable=not console.is_terminal)
        found[split] = [each for family in steps for each in read(model, tokenizer, family, recipe, states)]
    probe = fit_probe(found["train"])
    threshold = threshold_of(probe, found["validation"], false_trips)
    guard = Guard(
        probe,
        Settings(
            adapter=fingerprint(run),
            states=tuple(states),
            window=WINDOW,
            threshold=threshold,
            false_trips=false_trips,
            fitted_on=dict(Counter(each.kind for each in found["train"])),
            validation=trips_by_kind(probe, found["validation"], threshold),
        ),
    )
    guard.save(run.guard)
    return guard


def fit_probe(continuations: Sequence[Continuation]) -> Probe:
    """On all their tokens. Raises `DataError` if all, or none, are harmful."""
    if not continuations:
        raise DataError("The training set holds no continuation to fit a probe on. Prepare it again.")
    harmful = [torch.full((each.states.shape[1],), each.harmful) for each in continuations]
    return probes.fit(torch.cat([each.states for each in continuations], dim=1), torch.cat(harmful))


def threshold_of(probe: Probe, continuations: Sequence[Continuation], false_trips: float) -> float:
    """The lowest from even odds up at which at most the share `false_trips` of the benign continuations trips.

    Raises:
        DataError: there is no benign continuation.
    """
    peaks = sorted((_peak(probe, each) for each in continuations if not each.harmful), reverse=True)
    if not peaks:
        raise DataError("The validation set holds no benign continuation to choose a threshold on.")
    return max(EVEN_ODDS, peaks[int(false_trips * len(peaks))])


def trips_by_kind(probe: Probe, continuations: Sequence[Continuation], threshold: float) -> dict[str, Rate]:
    """How many continuations of each kind trip at some token of theirs."""
    tripped: dict[str, list[bool]] = defaultdict(list)
    for each in continuations:
        tripped[each.kind].append(_peak(probe, each) > threshold)
    return {kind: wilson(sum(each), len(each)) for kind, each in sorted(tripped.items())}


def _peak(probe: Probe, continuation: Continuation) -> float:
    return highest(probe(continuation.states).tolist(), WINDOW)


def validation_table(settings: Settings) -> Table:
    shown = table("Trace", "Fitted on", "n", "Tripped")
    for kind, rate in settings.validation.items():
        shown.add_row(kind, str(settings.fitted_on.get(kind, 0)), str(rate.n), percent(rate.model_dump()))
    return shown
