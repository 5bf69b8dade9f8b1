"""The command line on the garden: every command, every exit code, and every way to be cut off."""

import errno
import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from switchgear import cli, errors
from switchgear.data.sources import SOURCES
from switchgear.errors import SwitchgearError
from switchgear.evaluation import evaluate as evaluation
from switchgear.runs import Run, write_models
from switchgear.schema import Example, Trace
from tests.garden import NOTE, examples, save_recipe

COMMANDS = ("prepare", "preview", "train", "evaluate", "report", "run", "sweep")
COMMANDS += ("export", "generate", "calibrate", "rejudge", "rates", "chat", "proxy", "doctor", "schema")
OTHERS = {"calibrate": ("JUDGE", "rubric="), "sweep": ("SWEEP", "recipes/"), "rates": ("LOG", "logs/")} | {
    "chat": ("RUN", "runs/"),
    "proxy": ("URL", "http://"),
    "schema": ("schema", "> recipe.schema.json"),
}
"""Commands that take no recipe: what they take, and what their example gives."""
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SwitchgearError)]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def switchgear(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the entry point in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["switchgear", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return Outcome(stopped.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers the garden as a source."""
    monkeypatch.setitem(SOURCES, "garden", lambda recipe, seed: examples())


def curve(recipe: Path) -> str:
    return Run(recipe.parent / "run").metrics.read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str):
    result = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    argument, given = OTHERS.get(command, ("RECIPE", "recipes/"))
    assert argument in result.output
    assert f"Example: switchgear {command} {given}" in result.output


def test_the_help_names_every_command_and_exit_code():
    result = CliRunner().invoke(cli.app, ["--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert set(COMMANDS) == {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert all(command in result.output for command in COMMANDS)
    assert all(re.search(rf"\b{kind.exit_code} ", result.output) for kind in CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_is_one_message_and_its_exit_code(kind: type[SwitchgearError], switchgear: Command, monkeypatch):
    def fail(*_: object) -> None:
        raise kind("what was given [red], what is allowed, " + "what to do next " * 9)

    monkeypatch.setattr("switchgear.recipe.load", fail)
    code, out, err = switchgear("train", "any.yaml")
    assert code == kind.exit_code != 0
    assert out == ""
    assert err.startswith(f"{kind.__name__}: what was given [red], what is allowed, what to do next")
    assert len(err.splitlines()) == 1


def test_all_stages_run_one_after_another_and_what_is_done_is_kept(
    switchgear: Command, garden: Path, source: None, tmp_path: Path
):
    run = Run(tmp_path / "run")
    shutil.rmtree(run.dataset)
    code, out, err = switchgear("run", garden)
    assert (code, "Traceback" in err) == (0, False)
    assert f"Report: {run.report}" in out.replace("\n", "")
    before = json.loads(run.provenance.read_text())
    assert set(before["wall_seconds"]) == set(before["peak_memory_bytes"]) == {"prepare", "train", "evaluate"}
    splits = ("train", "validation", "holdout")
    assert set(before["data"]) == {f"{split}.{kind}" for split in splits for kind in ("jsonl", "parquet")}

    adapter = run.adapter.stat().st_mtime_ns
    code, out, _ = switchgear("run", garden, "evaluate.limit=1")
    assert code == 0
    assert "Already trained" in out
    assert "prepare:" not in out
    assert run.adapter.stat().st_mtime_ns == adapter
    assert json.loads(run.provenance.read_text())["wall_seconds"]["train"] >= before["wall_seconds"]["train"]


def test_export_writes_an_adapter_or_a_merged_model_and_says_what_was_checked(
    switchgear: Command, trained: Path, tmp_path: Path
):
    run = shutil.copytree(Run(trained.parent / "run").root, tmp_path / "run")
    code, out, err = switchgear("export", trained, f"run={run}")
    assert (code, "Traceback" in err) == (0, False)
    assert "reload difference: 0" in out
    assert (run / "export" / "adapter" / "adapter_model.safetensors").exists()

    code, out, _ = switchgear(
        "export", trained, f"run={run}", "--merged", "--dtype", "bfloat16", "--to", tmp_path / "out"
    )
    assert code == 0
    assert "dtype: bfloat16" in out
    assert {"model.safetensors", "README.md", "tokenizer.json"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_export_needs_an_adapter_and_an_empty_place(switchgear: Command, garden: Path, trained: Path, tmp_path: Path):
    code, _, err = switchgear("export", garden)
    assert (code, "switchgear train" in err) == (6, True)
    run = shutil.copytree(trained.parent / "run", tmp_path / "copy")
    code, _, err = switchgear("export", trained, f"run={run}", "--to", tmp_path)
    assert (code, "is there already" in err) == (6, True)
    code, _, err = switchgear("export", trained, "--max-shard-size", "many")
    assert (code, "like 5GB" in err) == (2, True)


def test_preview_shows_the_example_and_writes_the_same_as_a_page(switchgear: Command, garden: Path, tmp_path: Path):
    page = tmp_path / "pages" / "preview.html"
    code, out, _ = switchgear("preview", garden, "--trace", "resisted", "--number", "1", "--html", page)
    assert code == 0
    assert "beans are dry. Ring the old bell now." in out
    assert "in the loss" in out
    assert '{"bed": "beans"}' in " ".join(out.split())
    text = page.read_text()
    assert "resisted-beans" in text
    assert "<tool_call>" not in text
    code, _, err = switchgear("preview", garden, "--html", tmp_path)
    assert (code, "could not be written" in err) == (6, True)


def no_template(root: Path) -> None:
    (root / "model" / "chat_template.jinja").unlink()


def damaged_line(root: Path) -> None:
    path = root / "run" / "dataset" / "train.jsonl"
    path.write_text(path.read_text()[:-100])


def not_text(root: Path) -> None:
    (root / "run" / "dataset" / "train.jsonl").write_bytes(bytes(range(256)))


def no_dataset(root: Path) -> None:
    shutil.rmtree(root / "run" / "dataset")


def no_hijacked(root: Path) -> None:
    kept = [example for example in examples() if example.trace is not Trace.HIJACKED]
    write_models(root / "run" / "dataset" / "train.jsonl", kept)


def a_file(root: Path) -> None:
    shutil.rmtree(root / "run")
    (root / "run").touch()


def nothing(root: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("command", "overrides", "spoil", "code", "told"),
    [
        ("train", ["train.stepz=3"], nothing, 2, "Unknown field 'stepz'. Did you mean 'steps'?"),
        ("train", ["train.target_layers=[9]"], nothing, 2, "Allowed: whole numbers from 1 to 4"),
        ("train", ["train.mask=all"], nothing, 2, "Unknown mask 'all'"),
        ("prepare", [], nothing, 2, "Unknown source 'garden'"),
        ("preview", ["--trace", "tamed"], nothing, 2, "'tamed' is not one of"),
        ("preview", ["--number", "3"], nothing, 3, "holds 3 hijacked examples, counted from 0"),
        ("train", [], damaged_line, 3, "train.jsonl:9 is not a Example"),
        ("preview", [], not_text, 3, "train.jsonl:1 is not a Example"),
        ("train", [], no_hijacked, 3, "the training set holds no harmful example"),
        ("train", [], no_template, 4, "TemplateError"),
        ("train", ["model.name=no/such-model"], nothing, 4, "Give a folder, a hub id, or an embedded model"),
        ("train", ["train.learning_rate=1e-9"], nothing, 5, "The adapter changes nothing"),
        ("train", [], no_dataset, 6, "Run `switchgear prepare`"),
        ("evaluate", [], nothing, 6, "Run `switchgear train`"),
        ("train", [], a_file, 6, "could not be written"),
    ],
)
def test_what_goes_wrong_is_told_with_its_exit_code_and_never_the_data(
    command: str,
    overrides: list[str],
    spoil: Callable[[Path], None],
    code: int,
    told: str,
    switchgear: Command,
    tiny_chat_model: Path,
    tmp_path: Path,
):
    model = shutil.copytree(tiny_chat_model, tmp_path / "model")
    recipe = save_recipe(tmp_path, model)
    spoil(tmp_path)
    found, _, err = switchgear(command, recipe, *overrides)
    assert told in err
    assert found == code
    assert "Traceback" not in err
    assert NOTE not in err
    assert "ring_bell" not in err


def test_labels_that_contradict_their_traces_are_an_error_of_the_data(switchgear: Command, garden: Path, monkeypatch):
    def obedient(recipe: object, seed: int) -> Iterator[Example]:
        """Every trace called hijacked, though no call of the attacker's is in it."""
        for number, example in enumerate(examples()):
            if example.trace is Trace.RESISTED:
                yield example.model_copy(update={"id": str(number), "role": "harmful", "trace": Trace.HIJACKED})

    monkeypatch.setitem(SOURCES, "garden", obedient)
    code, _, err = switchgear("prepare", garden)
    assert code == 3
    assert "LabelError: Source garden: 6 of 6 examples contradict their labels" in err
    assert NOTE not in err


@pytest.mark.parametrize("text", ["", "[]", "run: [", "\0"])
def test_what_is_no_recipe_is_a_recipe_error(text: str, switchgear: Command, tmp_path: Path):
    (tmp_path / "recipe.yaml").write_text(text)
    assert switchgear("train", tmp_path / "recipe.yaml").code == 2
    assert switchgear("train", tmp_path / "none.yaml").code == 2
    assert switchgear("train", tmp_path).code == 2


def test_two_recipes_do_not_share_a_folder(switchgear: Command, garden: Path):
    switchgear("preview", garden)
    code, _, err = switchgear("train", garden, "train.steps=7", "seed=1")
    assert code == 6
    assert "train.steps: 6 there, 7 now" in err
    assert "seed: 0 there, 1 now" in err
    assert "run=..." in err


def test_ctrl_c_outside_training_is_exit_code_130_without_a_traceback(switchgear: Command, trained: Path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "evaluate", interrupted)
    code, _, err = switchgear("evaluate", trained)
    assert code == 130
    assert "Traceback" not in err


def test_a_disk_that_is_full_in_the_middle_of_a_write_loses_nothing(
    switchgear: Command, garden: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
):
    real, calls = os.fsync, []

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) == 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        code, _, err = switchgear("train", garden)
    assert code == 6
    assert "No space left on device" in err
    assert not list(garden.parent.rglob("*.partial"))
    assert switchgear("train", garden).code == 0
    assert curve(garden) == curve(trained)


@pytest.mark.parametrize("most", [60_000, 150_000])  # less than the adapter, less than the optimiser's state
def test_a_checkpoint_that_does_not_fit_is_told_and_training_goes_on_later(
    most: int, switchgear: Command, garden: Path, trained: Path
):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        code, _, err = switchgear("train", garden)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 6
    assert "Traceback" not in err
    assert "could not be written" in err
    assert switchgear("train", garden).code == 0
    assert curve(garden) == curve(trained)


def begin_training(recipe: Path, steps: int) -> subprocess.Popen[str]:
    """A process of its own that trains and has logged that many steps."""
    code = "from switchgear.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "train", recipe], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    metrics = Run(recipe.parent / "run").metrics
    while process.poll() is None and not (metrics.exists() and metrics.read_text().count("\n") >= steps):
        time.sleep(0.01)
    return process


def test_a_process_that_is_stopped_in_training_resumes_to_the_same_curve(
    switchgear: Command, tiny_chat_model: Path, tmp_path: Path
):
    whole = save_recipe(tmp_path / "whole", tiny_chat_model, steps=24)
    assert switchgear("train", whole).code == 0
    for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        cut = save_recipe(tmp_path / number.name, tiny_chat_model, steps=24)
        process = begin_training(cut, steps=3)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, err
        assert "Traceback" not in err
        assert ("`switchgear train` goes on from there" in out) == (number == signal.SIGINT)
        assert 3 <= curve(cut).count("\n") < 24
        assert switchgear("train", cut).code == 0
        assert curve(cut).count("\n") == 24
        assert curve(cut) == curve(whole)
