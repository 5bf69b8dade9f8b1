"""An objective of your own: one function of states, one line that gives it a name.

python examples/add_objective.py RECIPE [KEY=VALUE ...]

Here: harmful states are to be at a right angle to the frozen ones, and not only no nearer than that (as `rr` has it).
In the package it would be a file of `switchgear/training/objectives/` and a line in `OBJECTIVES`.
"""

import sys
from pathlib import Path

from rich.console import Console
from torch.nn.functional import cosine_similarity

from switchgear.recipe import TrainRecipe, claim, load
from switchgear.training.objectives import OBJECTIVES, Batch, Objective
from switchgear.training.objectives.batch import Scalar
from switchgear.training.train import train


def right_angle(batch: Batch, recipe: TrainRecipe) -> Scalar:
    """`mean cos(h, h0)^2` over targets and tokens."""
    adapted, frozen, share = batch.rerouted()
    return (cosine_similarity(adapted, frozen, dim=-1).square() * share).sum()


OBJECTIVES["right_angle"] = Objective(right_angle)

recipe = load(Path(sys.argv[1]), ["train.objective=right_angle", *sys.argv[2:]])
train(recipe, claim(recipe), Console())
