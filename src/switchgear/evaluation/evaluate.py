"""The evaluation stage: frozen and adapted model on identical held-out cases, scored by what they do."""

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from rich.console import Console
from rich.progress import track
from torch import Tensor

from switchgear.errors import DataError
from switchgear.evaluation.questions import Question, batches, question
from switchgear.evaluation.rows import MODELS, LikelihoodRow, Mode, Model, Row
from switchgear.evaluation.scorers import score
from switchgear.evaluation.summary import summarise
from switchgear.evaluation.tasks import cases, sample
from switchgear.model.calls import parse_calls
from switchgear.model.decode_attention import decode_attention
from switchgear.model.generate import generate, log_likelihoods
from switchgear.model.layout import Ids
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.model.prefix_cache import Prefix, prefill
from switchgear.recipe import EvaluateRecipe, Recipe
from switchgear.runs import Run, append_model, read_models, resume_models, sha256, write_json, write_models
from switchgear.schema import Example

TOGETHER = 8


class Answers(BaseModel):
    """All that one model does in one batch of cases: one line of the file that a cut-off run resumes from."""

    rows: list[Row]
    likelihoods: list[LikelihoodRow]


def evaluate(recipe: Recipe, run: Run, console: Console) -> dict[str, Any]:
    """Writes rows, likelihoods and summary of both models on the holdout, and returns the summary.

    Raises:
        RunError: no dataset, or no adapter. DataError: the holdout has no case.
    """
    holdout = run.need(run.dataset / "holdout.jsonl", "prepare")
    adapter = run.need(run.adapter, "train")
    tokenizer = load_tokenizer(recipe.model)
    chosen = sample(cases(read_models(holdout, Example)), recipe.evaluate.limit, recipe.seed)
    if not chosen:
        raise DataError(
            f"{holdout} holds no trace with a decision to replay. Hold out a suite or a family in data.holdout."
        )
    model = load_adapter(load_model(recipe.model), adapter)
    respondent = Respondent(model, tokenizer, recipe.evaluate)
    questions = [question(case, tokenizer, recipe.render.max_tokens, recipe.evaluate.modes) for case in chosen]
    work = [(name, batch) for batch in batches(questions, recipe.evaluate.batch_size) for name in MODELS]

    partial = run.evaluation / f"{_key(recipe, holdout, adapter)}.partial.jsonl"
    answers = resume_models(partial, Answers)
    for name, batch in track(work[len(answers) :], "evaluate", console=console, disable=not console.is_terminal):
        answers.append(respondent.answer(name, batch))
        append_model(partial, answers[-1])
        if not console.is_terminal and len(answers) % 20 == 0:
            console.print(f"evaluate: {len(answers)} of {len(work)} batches")

    rows = [row for answer in answers for row in answer.rows]
    likelihoods = [row for answer in answers for row in answer.likelihoods]
    summary = summarise(rows, likelihoods, recipe.seed)
    write_models(run.rows, rows)
    write_models(run.likelihoods, likelihoods)
    write_json(run.summary, summary)
    partial.unlink()
    return summary


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

    def _texts(self, prefix: Prefix) -> list[str]:
        with decode_attention(self.model):
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


def _key(recipe: Recipe, holdout: Path, adapter: Path) -> str:
    """What the answers depend on: those of another adapter, holdout or recipe are not resumed from."""
    parts = (recipe.model_dump_json(), sha256(holdout), sha256(adapter / "adapter_model.safetensors"))
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
