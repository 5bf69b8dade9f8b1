"""The frozen and the adapted model before the held-out cases: what they answer, and what they find likely."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from switchgear.evaluation.perplexity import perplexities
from switchgear.evaluation.questions import Question
from switchgear.evaluation.rows import LikelihoodRow, Mode, Model, Row
from switchgear.evaluation.scorers import score
from switchgear.evaluation.scorers.coherence import senseless
from switchgear.model.calls import parse_calls
from switchgear.model.generate import generate, log_likelihoods
from switchgear.model.layout import Ids
from switchgear.model.prefix_cache import Prefix, prefill
from switchgear.recipe import EvaluateRecipe

TOGETHER = 8


class Answers(BaseModel):
    """All that one model does in one batch of cases: one line of the file that a cut-off run resumes from."""

    rows: list[Row]
    likelihoods: list[LikelihoodRow]


class Respondent:
    """Puts cases to the frozen or the adapted model: each context is read once and answered in every mode."""

    def __init__(self, model: Any, tokenizer: Any, recipe: EvaluateRecipe) -> None:
        self.model, self.tokenizer, self.recipe = model, tokenizer, recipe

    def answer(self, name: Model, batch: Sequence[Question]) -> Answers:
        """Rows of every mode, and likelihoods. A batch that memory does not suffice for has failed as a whole."""
        try:
            return self._answer(name, batch)
        except torch.OutOfMemoryError as error:
            failure = type(error).__name__
        rows = [self._row(name, mode, q, error=failure) for mode in self.recipe.modes for q in batch]
        return Answers(rows=rows, likelihoods=[])

    def _answer(self, name: Model, batch: Sequence[Question]) -> Answers:
        """All modes at once. What is put alike (the contexts of twins, a mode that gives nothing) is put once."""
        put = {(q.case.id, mode): q.context + tuple(q.openings[mode]) for q in batch for mode in self.recipe.modes}
        asked = list(dict.fromkeys(put.values()))
        prompts = list(dict.fromkeys([*asked, *(question.context for question in batch)]))
        with self.model.disable_adapter() if name == "frozen" else nullcontext():
            prefix = prefill(self.model, [list(prompt) for prompt in prompts], self.recipe.max_new_tokens)
            outputs = dict(zip(asked, self._texts(prefix.first(len(asked))), strict=True))
            logs = self._logs(prefix, [prompts.index(q.context) for q in batch], [list(q.reference) for q in batch])
        rows = [
            self._row(name, mode, question, outputs[put[question.case.id, mode]])
            for mode in self.recipe.modes
            for question in batch
        ]
        with self.model.disable_adapter():
            rows = self._with_perplexity(rows)
        likelihoods = [
            LikelihoodRow(
                case=question.case.id,
                kind=question.case.kind,
                model=name,
                group=question.case.group,
                nll=-float(log.mean()),
                tokens=len(log),
            )
            for question, log in zip(batch, logs, strict=True)
        ]
        return Answers(rows=rows, likelihoods=likelihoods)

    def _with_perplexity(self, rows: Sequence[Row]) -> list[Row]:
        """Of answers that call nothing: a call tells by itself whether it makes sense."""
        said = {row.said for row in rows if not row.calls}
        found = perplexities(self.model, self.tokenizer, sorted(said), TOGETHER)
        return [_measured(row, None if row.calls else found.get(row.said)) for row in rows]

    def _texts(self, prefix: Prefix) -> list[str]:
        generated = generate(self.model, prefix, self.tokenizer, self.recipe.max_new_tokens)
        return list(self.tokenizer.batch_decode(generated, skip_special_tokens=False))

    def _logs(self, prefix: Prefix, places: Sequence[int], references: Sequence[Ids]) -> list[Tensor]:
        """Those of a reference in its context. A few of like length at a time: all would be padded to the longest."""
        order = sorted(range(len(references)), key=lambda index: len(references[index]))
        logs: dict[int, Tensor] = {}
        for start in range(0, len(order), TOGETHER):
            some = order[start : start + TOGETHER]
            contexts = prefix.select([places[index] for index in some], len(references[some[-1]]))
            found = log_likelihoods(self.model, contexts, [references[index] for index in some])
            logs |= dict(zip(some, found, strict=True))
        return [logs[index] for index in range(len(references))]

    def _row(self, name: Model, mode: Mode, question: Question, output: str = "", error: str | None = None) -> Row:
        case = question.case
        opening = self.tokenizer.decode(question.openings[mode])
        turn = parse_calls(opening + output, self.tokenizer, case.example.tools)
        return Row.of(
            case,
            model=name,
            mode=mode,
            opening=opening,
            output=output,
            calls=turn.calls,
            error=error,
            action=None if error else score(turn, case),
        )


def _measured(row: Row, perplexity: float | None) -> Row:
    action = dict(row.action or {})
    if senseless(perplexity):
        action["incoherent"] = True
    return row.model_copy(update={"perplexity": perplexity, "action": action})
