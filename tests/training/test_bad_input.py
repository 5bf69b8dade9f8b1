"""What data, models and machines may bring along, on the garden."""

import io
import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from switchgear.errors import ModelError, RecipeError, TemplateError
from switchgear.recipe import load
from switchgear.runs import Run, read_models, write_models
from switchgear.schema import Example, Role
from switchgear.training import memory, pools
from switchgear.training import train as stage
from switchgear.training.batches import Row
from tests.conftest import GPT2


def train(recipe: Path, *overrides: str) -> tuple[Run, str]:
    loaded = load(recipe, overrides)
    shown = io.StringIO()
    assert stage.train(loaded, Run(loaded.run), Console(file=shown, width=200))
    return Run(loaded.run), shown.getvalue()


def losses(run: Run) -> list[float]:
    return [json.loads(line)["loss"] for line in run.metrics.read_text().splitlines()]


def test_rows_longer_than_the_context_keep_their_continuation(garden: Path, tiny_chat_model: Path):
    model = shutil.copytree(tiny_chat_model, garden.parent / "short")
    config = AutoConfig.from_pretrained(model)
    config.max_position_embeddings = 64
    config.save_pretrained(model)
    run, shown = train(garden, f"model.name={model}")
    assert "train: 3 clean, 3 harmful, 3 resisted; 9 cut to 64 tokens\n" in shown
    gate = json.loads(run.gates.read_text())[0]
    assert (gate["gate"], gate["values"]["empty"]) == ("masks", 0)


def test_a_batch_of_one_row(garden: Path):
    batch = [f"train.batch.{kind}={count}" for kind, count in (("harmful", 1), ("clean", 0), ("resisted", 0))]
    run, _ = train(garden, *batch)
    assert all(torch.tensor(losses(run)).isfinite())


def test_a_harmful_row_that_a_retained_one_repeats_is_left_out_and_counted(garden: Path):
    path = Run(garden.parent / "run").dataset / "train.jsonl"
    rows = list(read_models(path, Example))
    twin = next(row for row in rows if row.role is Role.HARMFUL)
    benign = twin.model_copy(update={"id": "repeats", "role": Role.BENIGN, "trace": rows[0].trace})
    write_models(path, [*rows, benign])
    run, shown = train(garden)
    assert "1 of 3 harmful examples have no token with a loss, and are left out." in shown
    assert json.loads(run.gates.read_text())[0]["values"]["empty"] == pytest.approx(1 / 3)


def test_rows_without_a_loss_are_left_out_of_every_kind():
    console = Console(file=io.StringIO(), width=200)
    found = {"harmful": [Row([1], [0.0], [1.0]), Row([1], [1.0], [0.0])], "clean": [Row([], [], [])]}
    assert {kind: len(rows) for kind, rows in pools.with_loss(found, console).items()} == {"harmful": 1, "clean": 0}
    assert "1 of 1 clean examples" in console.file.getvalue()


def test_padding_with_the_end_of_turn_changes_nothing(garden: Path, trained: Path, tiny_chat_model: Path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_chat_model)
    assert tokenizer.pad_token_id is None
    tokenizer.pad_token = tokenizer.eos_token
    model = shutil.copytree(tiny_chat_model, garden.parent / "padded")
    tokenizer.save_pretrained(model)
    run, _ = train(garden, f"model.name={model}")
    assert run.metrics.read_text() == Run(trained.parent / "run").metrics.read_text()


def test_a_tokenizer_without_offsets_is_refused(garden: Path, monkeypatch: pytest.MonkeyPatch):
    real = stage.load_tokenizer

    def slow(recipe: Any) -> Any:
        tokenizer = real(recipe)
        monkeypatch.setattr(type(tokenizer), "is_fast", False)
        return tokenizer

    monkeypatch.setattr(stage, "load_tokenizer", slow)
    with pytest.raises(TemplateError, match="not a fast tokenizer"):
        train(garden)


def test_the_embedding_is_no_target_and_the_last_state_is(garden: Path):
    with pytest.raises(RecipeError, match="hidden state 0 of a model with 4 blocks"):
        train(garden, "train.target_layers=[0]")
    run, _ = train(garden, "train.target_layers=[4]")
    assert losses(run)[-1] < losses(run)[0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_weights_of_mixed_precision_train(garden: Path, tiny_chat_model: Path, dtype: str):
    model = AutoModelForCausalLM.from_pretrained(tiny_chat_model, dtype=torch.bfloat16)
    model.model.norm.float()
    model.model.layers[1].float()
    folder = shutil.copytree(tiny_chat_model, garden.parent / "mixed")
    model.save_pretrained(folder)
    run, _ = train(garden, f"model.name={folder}", f"model.dtype={dtype}")
    assert all(torch.tensor(losses(run)).isfinite())


def test_a_model_with_layer_norms_trains_in_bfloat16(garden: Path, tiny_chat_model: Path):
    folder = shutil.copytree(tiny_chat_model, garden.parent / "gpt2")
    words = AutoConfig.from_pretrained(tiny_chat_model).vocab_size
    config = AutoConfig.for_model("gpt2", **GPT2 | {"vocab_size": words})
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    run, shown = train(garden, f"model.name={folder}", "model.dtype=bfloat16", "train.gates.effect=warn")
    assert losses(run)[-1] < losses(run)[0]
    assert "warn" not in shown.split("step 1")[0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_whole_blocks_train_as_an_adapter_does(garden: Path, dtype: str):
    fields = ("train.adapter=full", "train.layers=[1,2]", "train.target_layers=[3]", "train.learning_rate=3e-3")
    run, _ = train(garden, *fields, f"model.dtype={dtype}", "train.steps=12")
    values = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert values[-1]["reroute"] < 0.9 * values[0]["reroute"]


@pytest.mark.parametrize("layers", [[3], [-1], [0, 9]])
def test_a_block_that_would_get_no_gradient_is_refused(garden: Path, layers: list[int]):
    with pytest.raises(RecipeError, match="would get no gradient"):
        train(garden, f"train.layers={layers}", "train.target_layers=[3]")


def test_out_of_memory_names_the_next_setting(garden: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(stage.BreakerTrainer, "compute_loss", full)
    with pytest.raises(ModelError, match=r"Next, try train.checkpointing=true, in another folder"):
        train(garden)


def test_settings_are_tried_in_the_order_of_what_they_cost(garden: Path):
    tried: list[str] = []
    for override, suggested in (
        ("train.batch.clean=4", "train.checkpointing=true"),
        ("train.checkpointing=true", "train.batch.clean=2 train.accumulate=2"),
        ("train.batch.clean=1", "render.max_tokens=512"),
        ("render.max_tokens=512", "model.quantization=4bit, or several GPUs with train.shard=true"),
        ("model.quantization=4bit", "a smaller model, or a GPU with more memory"),
    ):
        tried.append(override)
        assert memory.next_setting(load(garden, tried)) == suggested


def test_four_bits_need_bitsandbytes(garden: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("switchgear.model.quantization.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install bitsandbytes"):
        train(garden, "model.quantization=4bit")


@pytest.mark.skipif(not find_spec("bitsandbytes"), reason="bitsandbytes is not installed")
def test_a_base_of_four_bits_trains(garden: Path):
    run, _ = train(garden, "model.quantization=4bit")
    assert losses(run)[-1] < losses(run)[0]
