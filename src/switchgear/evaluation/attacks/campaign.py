"""One attack on all its cases and both models, batch by batch, so that it can be cut off and go on."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from switchgear.errors import DataError, RecipeError, RunError, SwitchgearError
from switchgear.evaluation.attacks import ATTACKS
from switchgear.evaluation.attacks.base import Attack, Attempt, Victim
from switchgear.evaluation.attacks.rows import AttackRow
from switchgear.evaluation.questions import Question, batches
from switchgear.evaluation.rows import MODELS, Model
from switchgear.evaluation.scorers import score
from switchgear.model.calls import parse_calls
from switchgear.recipe import AttackRecipe
from switchgear.runs import Run, resumed, sha256


class Tried(BaseModel):
    """What became of one batch of cases: one line of the file that a cut-off attack goes on from."""

    rows: list[AttackRow]


class Campaign:
    """`recipe` is filled in. The attack is made for a model when it is first needed, and kept for all its batches."""

    def __init__(
        self, recipe: AttackRecipe, options: Any, victims: Mapping[Model, Victim], questions: Sequence[Question]
    ) -> None:
        self.recipe, self.options, self.victims, self.questions = recipe, options, victims, questions
        self.kind = ATTACKS[recipe.name]
        self.made: dict[Model, Attack] = {}

    def rows(self, run: Run, console: Console) -> list[AttackRow]:
        """Those of before a cut, and the rest."""
        work = [(name, batch) for name in MODELS for batch in batches(self.questions, self.recipe.batch_size)]
        title = f"attack {self.recipe.title}"
        done = resumed(self.partial(run), Tried, work, lambda each: Tried(rows=self.attacked(*each)), title, console)
        return [row for tried in done for row in tried.rows]

    def partial(self, run: Run) -> Path:
        """Its name tells what the attempts depend on: those of another adapter, holdout or recipe are not resumed."""
        whole = next(iter(self.victims.values())).recipe
        parts = [self.recipe.model_dump_json(), str(whole.seed), whole.model.model_dump_json()]
        parts += [whole.render.model_dump_json(), str(whole.evaluate.max_new_tokens)]
        parts += [sha256(run.dataset / "holdout.jsonl"), sha256(run.adapter / "adapter_model.safetensors")]
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        return run.evaluation / f"attack-{key}.partial.jsonl"

    def attacked(self, name: Model, batch: Sequence[Question]) -> list[AttackRow]:
        """All attempts on a batch, scored; or, if the attack fails, one failed attempt of every case at every level.

        Raises:
            RecipeError, DataError, RunError: what the attack needs is not there.
        """
        try:
            with self.victims[name].state():
                if name not in self.made:
                    self.made = {name: self.kind(self.victims[name], self.recipe, self.options)}
                attempts = list(self.made[name](batch))
        except (RecipeError, DataError, RunError):  # to be mended by the user
            raise
        except Exception as error:  # whatever breaks in an attack is no success, and no proof of safety either
            failure = str(error) if isinstance(error, SwitchgearError) else type(error).__name__
            attempts = [Attempt(q, level, error=failure) for q in batch for level in self.recipe.budget]
        return [self._row(name, attempt) for attempt in attempts]

    def _row(self, name: Model, attempt: Attempt) -> AttackRow:
        case, failed = attempt.question.case, attempt.error is not None
        turn = parse_calls(attempt.opening + attempt.output, self.victims[name].tokenizer, case.example.tools)
        return AttackRow.of(
            case,
            model=name,
            mode=self.recipe.mode,
            opening=attempt.opening,
            output=attempt.output,
            calls=turn.calls,
            error=attempt.error,
            action=None if failed else score(turn, case),
            attack=self.recipe.title,
            unit=self.kind.unit,
            budget=attempt.budget,
            attempt=attempt.index,
            nll=attempt.nll,
            label=attempt.label,
        )
