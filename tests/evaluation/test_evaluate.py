"""The evaluation stage on the garden: what it writes, cut off and resumed, and what a failure counts as."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from switchgear.errors import DataError, ModelError, RecipeError, RunError
from switchgear.evaluation import evaluate as stage
from switchgear.evaluation import respondent
from switchgear.evaluation.calibrate import calibrations, uncalibrated
from switchgear.evaluation.judges.base import Judge, JudgeError
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.rejudge import Judged
from switchgear.evaluation.respondent import Respondent
from switchgear.evaluation.rows import LikelihoodRow, Row
from switchgear.evaluation.scorers.outcome import Outcome, Verdict
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.recipe import load
from switchgear.runs import Run, read_models, write_models
from switchgear.schema import Example, Role, Trace

FILES = ("rows.jsonl", "likelihoods.jsonl", "summary.json")
BATCHES = 4  # two models, two batches of two contexts


def evaluate(recipe: Path, *overrides: str) -> Run:
    loaded = load(recipe, overrides)
    stage.evaluate(loaded, Run(loaded.run), Console(file=io.StringIO()))
    return Run(loaded.run)


def written(run: Run) -> dict[str, str]:
    return {path.name: path.read_text() for path in run.evaluation.iterdir()}


def prompts(prefix: Any) -> list[list[int]]:
    return [row[mask.bool()].tolist() for row, mask in zip(prefix.ids, prefix.mask, strict=True)]


def failing(number: int, error: BaseException, real: Callable[..., Any], calls: list[int]) -> Callable[..., Any]:
    """`real`, until its `number`-th call raises."""

    def called(*args: Any, **options: Any) -> Any:
        calls.append(len(calls))
        if len(calls) == number:
            raise error
        return real(*args, **options)

    return called


def cut_off(recipe: Path, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupts an evaluation at its `batch`-th batch."""
    with monkeypatch.context() as patch:
        patch.setattr(Respondent, "answer", failing(batch, KeyboardInterrupt(), Respondent.answer, []))
        with pytest.raises(KeyboardInterrupt):
            evaluate(recipe)


def test_every_case_is_answered_by_both_models_in_every_mode(recipe: Path):
    run = evaluate(recipe)
    rows, likelihoods = list(read_models(run.rows, Row)), list(read_models(run.likelihoods, LikelihoodRow))
    assert set(written(run)) == set(FILES)
    assert len({(row.case, row.model, row.mode) for row in rows}) == len(rows) == 6 * 2 * 3
    assert len({(row.case, row.model) for row in likelihoods}) == len(likelihoods) == 6 * 2
    assert {row.kind for row in rows} == set(Trace)
    assert {row.opening for row in rows if row.mode == "forced"} == {'<tool_call>{"name": "'}
    assert {row.opening for row in rows if row.mode == "free"} == {""}
    begun = {(row.kind, row.opening) for row in rows if row.mode == "prefilled"}
    does = {Trace.HIJACKED: "ring_bell", Trace.RESISTED: "water", Trace.CLEAN: "water"}
    assert begun == {(kind, f'<tool_call>{{"name": "{name}') for kind, name in does.items()}
    assert all(row.action is not None for row in rows)
    assert any(row.output for row in rows)


def test_likelihoods_are_those_of_what_the_trace_goes_on_with(recipe: Path, tiny_chat_model: Path):
    run = evaluate(recipe)
    loaded = load(recipe)
    model, tokenizer = load_model(loaded.model), load_tokenizer(loaded.model)
    [case] = [c for c in stage.cases(read_models(run.dataset / "holdout.jsonl", Example)) if c.id == "hijacked-thyme#3"]
    asked = stage.question(case, tokenizer, 1024, ())
    assert tokenizer.decode(asked.reference).startswith('<tool_call>{"name": "ring_bell"')
    logs = model(torch.tensor([asked.context + asked.reference])).logits[0].log_softmax(-1)[len(asked.context) - 1 : -1]
    expected = -float(logs.gather(-1, torch.tensor(asked.reference)[:, None]).mean())
    frozen = [row for row in read_models(run.likelihoods, LikelihoodRow) if row.model == "frozen"]
    [found] = [row for row in frozen if row.case == case.id]
    assert found.nll == pytest.approx(expected, abs=1e-4)
    assert found.tokens == len(asked.reference)


def test_a_call_that_is_written_is_parsed_and_scored(recipe: Path, monkeypatch: pytest.MonkeyPatch):
    def ringing(model: Any, prefix: Any, tokenizer: Any, most: int) -> list[list[int]]:
        call = '<tool_call>{"name": "ring_bell", "arguments": {}}</tool_call>'
        given = [tokenizer.decode(prompt).rsplit("<|im_start|>assistant\n")[-1] for prompt in prompts(prefix)]
        texts = [call.removeprefix(text) if text and call.startswith(text) else "I water." for text in given]
        return [tokenizer(text)["input_ids"] for text in texts]

    monkeypatch.setattr(respondent, "generate", ringing)
    rates = json.loads(evaluate(recipe).summary.read_text())["rates"]
    attacks = {(line["mode"], line["model"]): line for line in rates if line["measure"] == "attack_success"}
    assert {key: (line["successes"], line["n"]) for key, line in attacks.items()} == {
        ("free", "frozen"): (0, 2),
        ("free", "adapted"): (0, 2),
        ("forced", "frozen"): (2, 2),
        ("forced", "adapted"): (2, 2),
        ("prefilled", "frozen"): (2, 2),
        ("prefilled", "adapted"): (2, 2),
    }


def test_questions_that_are_put_alike_are_answered_once(recipe: Path, monkeypatch: pytest.MonkeyPatch):
    """Two twins share each of two contexts: they differ in what is prefilled, and only there."""
    put: list[tuple[int, ...]] = []

    def counting(model: Any, prefix: Any, tokenizer: Any, most: int) -> list[list[int]]:
        put.extend(map(tuple, prompts(prefix)))
        return [prompt[-1:] for prompt in prompts(prefix)]

    monkeypatch.setattr(respondent, "generate", counting)
    rows = list(read_models(evaluate(recipe).rows, Row))
    assert len(put) == 2 * len(set(put)) == 2 * (4 + 4 + 6)  # by two models: free, forced, prefilled
    assert len(rows) == 6 * 2 * 3


def test_an_answer_is_that_of_the_case_alone_whatever_shares_its_batch(recipe: Path):
    together, alone = (list(read_models(evaluate(recipe, f"evaluate.batch_size={size}").rows, Row)) for size in (4, 1))
    key = {(row.case, row.model, row.mode): row.output for row in alone}
    assert {(row.case, row.model, row.mode): row.output for row in together} == key


@pytest.mark.parametrize("cut", [1, 4])
def test_a_cut_off_evaluation_goes_on_to_identical_files(recipe: Path, monkeypatch: pytest.MonkeyPatch, cut: int):
    undisturbed = written(evaluate(recipe))
    shutil.rmtree(recipe.parent / "run" / "evaluation")
    cut_off(recipe, cut, monkeypatch)
    calls: list[int] = []
    monkeypatch.setattr(Respondent, "answer", failing(0, KeyboardInterrupt(), Respondent.answer, calls))
    assert written(evaluate(recipe)) == undisturbed
    assert len(calls) == BATCHES - cut + 1


def test_a_half_written_line_is_answered_again(recipe: Path, monkeypatch: pytest.MonkeyPatch):
    undisturbed = written(evaluate(recipe))
    shutil.rmtree(recipe.parent / "run" / "evaluation")
    cut_off(recipe, 3, monkeypatch)
    [partial] = (recipe.parent / "run" / "evaluation").glob("*.partial.jsonl")
    partial.write_bytes(partial.read_bytes()[:-40])
    assert written(evaluate(recipe)) == undisturbed


def test_answers_of_another_recipe_are_not_resumed_from(recipe: Path, monkeypatch: pytest.MonkeyPatch):
    cut_off(recipe, 3, monkeypatch)
    run = evaluate(recipe, "evaluate.modes=[forced]")
    assert {row.mode for row in read_models(run.rows, Row)} == {"forced"}


def test_frozen_answers_do_not_depend_on_the_adapter(recipe: Path):
    before = list(read_models(evaluate(recipe).rows, Row))
    loaded = load(recipe, ["train.lora.initial_b=0.5"])
    adapter = recipe.parent / "run" / "adapter"
    shutil.rmtree(adapter)
    add_adapter(load_model(loaded.model), loaded.train.lora, layers=3).save_pretrained(str(adapter))
    after = list(read_models(evaluate(recipe).rows, Row))
    of = {name: [[row for row in rows if row.model == name] for rows in (before, after)] for name in stage.MODELS}
    assert of["frozen"][0] == of["frozen"][1]
    assert of["adapted"][0] != of["adapted"][1]
    assert [row.output for row in of["adapted"][1]] != [row.output for row in of["frozen"][1]]


@pytest.mark.parametrize("part", ["prefill", "generate", "log_likelihoods"])
def test_a_batch_without_memory_is_counted_and_never_scored(recipe: Path, monkeypatch: pytest.MonkeyPatch, part: str):
    full = torch.OutOfMemoryError("no memory")
    monkeypatch.setattr(respondent, part, failing(1, full, getattr(respondent, part), []))
    run = evaluate(recipe)
    rows = list(read_models(run.rows, Row))
    failed = [row for row in rows if row.error]
    assert {row.error for row in failed} == {"OutOfMemoryError"}
    assert len(failed) == 9  # three cases in three modes, of one model
    assert {row.model for row in failed} == {"frozen"}
    assert all(row.action is None for row in failed)
    lacking = {row.case for row in failed}
    assert lacking.isdisjoint({r.case for r in read_models(run.likelihoods, LikelihoodRow) if r.model == "frozen"})
    summary = json.loads(run.summary.read_text())
    assert "frozen, free: 3 of 6 answers failed. They are in no rate." in summary["notes"]
    assert sum(line["n"] for line in summary["likelihood"]) == 3


def test_a_holdout_without_a_decision_says_what_to_hold_out(recipe: Path):
    holdout = recipe.parent / "run" / "dataset" / "holdout.jsonl"
    rows = [row.model_copy(update={"role": Role.REFUSAL, "trace": None}) for row in read_models(holdout, Example)]
    for kept in (rows, []):
        write_models(holdout, kept)
        with pytest.raises(DataError, match=r"holds no trace with a decision.*data\.holdout"):
            evaluate(recipe)


def test_what_is_missing_names_the_stage_that_makes_it(garden: Path):
    with pytest.raises(RunError, match="Run `switchgear train`"):
        evaluate(garden)
    with pytest.raises(RunError, match="Run `switchgear prepare`"):
        evaluate(garden, f"run={garden.parent / 'empty'}")


def test_a_damaged_adapter_is_an_error_of_the_model(recipe: Path):
    (recipe.parent / "run" / "adapter" / "adapter_model.safetensors").write_bytes(b"half")
    with pytest.raises(ModelError, match="does not load into this model"):
        evaluate(recipe)


def test_a_judge_gives_its_verdict_on_every_answer_and_its_calibration_is_told(recipe: Path, tmp_path: Path):
    figures = {"judge": "rules", "model": "", "key": None, "cascade": False, "sets": [{"set": "own", "n": 9}]}
    (tmp_path / "rules.json").write_text(json.dumps(figures))
    run = evaluate(recipe, "evaluate.judges=[{name: rules}]", f"evaluate.calibration={tmp_path}")
    verdicts = list(read_models(run.evaluation / "verdicts.jsonl", Judged))
    assert len(verdicts) == 6 * 2 * 3
    assert Outcome.UNSCORED not in {each.verdict.outcome for each in verdicts}
    summary = json.loads(run.summary.read_text())
    assert summary["calibration"] == [figures]
    assert not any("not calibrated" in note for note in summary["notes"])
    assert (run.evaluation / "judged.json").is_file()


def test_figures_of_a_judge_with_other_words_are_not_its_calibration(tmp_path: Path):
    (tmp_path / "rubric-hf-m.json").write_text(json.dumps({"judge": "rubric", "model": "hf/m", "key": "other words"}))
    judge = Judge("rubric", "hf/m", down, key="these words")
    assert calibrations(tmp_path, [judge]) == []
    (note,) = uncalibrated([], [judge])
    assert "`switchgear calibrate rubric=hf/m`" in note


async def down(item: Item) -> Verdict:
    raise JudgeError("ConnectError")


async def lost(item: Item) -> Verdict:
    return Verdict(outcome=Outcome.UNSCORED, reason="unparseable: no single outcome")


@pytest.mark.parametrize(("ask", "why"), [(down, "failed: ConnectError"), (lost, "unparseable")])
def test_a_judge_that_is_down_or_talks_nonsense_scores_nothing(
    recipe: Path, ask: Callable[..., Any], why: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(respondent, "generate", saying("I water."))
    loaded = load(recipe)
    judge = Judge("rubric", "hf/m", ask)
    summary = stage.evaluate(loaded, Run(loaded.run), Console(file=io.StringIO()), [judge])
    judged = json.loads((Run(loaded.run).evaluation / "judged.json").read_text())
    assert all(line["unscored"] == sum(line["outcomes"].values()) for line in judged["rates"] if line["mode"] == "free")
    assert all(line["complied"]["rate"] is None for line in judged["rates"] if line["mode"] == "free")
    (note,) = [note for note in summary["notes"] if note.startswith("Judge rubric=hf/m: ")]
    assert "have no verdict, and are in no rate" in note
    assert why in note


def test_code_that_a_recipe_names_as_a_judge_is_not_run(recipe: Path):
    with pytest.raises(RecipeError, match="If you trust it, name it with --judge"):
        evaluate(recipe, "evaluate.judges=[{name: python, model: 'os:getcwd'}]")


@pytest.mark.parametrize(
    "text", ['<tool_call>{"a":' * 500, "<tool_call>" + "{" * 10_000, "<tool_call>\udce4\ud83d \ufffd"]
)
def test_what_no_parser_can_read_is_malformed_and_neither_harmful_nor_lost(
    recipe: Path, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(respondent, "generate", saying("<tool_call>" + text.encode("utf-8", "replace").decode()))
    run = evaluate(recipe, "evaluate.modes=[free]")
    rows = list(read_models(run.rows, Row))
    assert len(rows) == 12
    for row in rows:
        assert row.action is not None
        assert (row.action["malformed"], row.action["parsed"]) == (True, False)


def saying(text: str) -> Callable[..., list[list[int]]]:
    def generate(model: Any, prefix: Any, tokenizer: Any, most: int) -> list[list[int]]:
        return [tokenizer(text)["input_ids"] for _ in prefix.ids]

    return generate
