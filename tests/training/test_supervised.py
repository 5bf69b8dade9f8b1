"""What is learnt are all turns of the assistant, and nothing else; reading twins at once changes nothing."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch.nn.functional import cross_entropy

from switchgear.model import hidden_states as model_states
from switchgear.model.layout import trie
from switchgear.model.load import add_adapter, load_adapter, load_model, load_tokenizer
from switchgear.model.render import render
from switchgear.recipe import LoraRecipe, ModelRecipe, claim, load
from switchgear.runs import read_models
from switchgear.schema import Example, Trace
from switchgear.training import pools
from switchgear.training.batches import Row
from switchgear.training.supervised import lesson, next_token_loss, supervise
from tests.garden import example, save_recipe


@pytest.fixture
def model(tiny_chat_model: Path) -> ModelRecipe:
    return ModelRecipe(name=str(tiny_chat_model), dtype="float32")


def read(example: Example, tokenizer: Any) -> Row:
    return lesson(example, render(example, tokenizer))


def test_every_turn_of_the_assistant_is_learnt_through_its_end(model: ModelRecipe):
    tokenizer = load_tokenizer(model)
    row = read(example(Trace.HIJACKED, "mint"), tokenizer)
    learnt = tokenizer.decode([row.ids[at + 1] for at, weight in enumerate(row.answers) if weight])
    first, second, rest = learnt.split("<|im_end|>")
    assert (first, rest) == ('<tool_call>{"name": "list_beds", "arguments": {}}</tool_call>', "")
    assert second == '<tool_call>{"name": "ring_bell", "arguments": {"bed": "mint"}}</tool_call>'


def test_the_loss_of_twins_is_that_of_their_rows_read_alone(model: ModelRecipe):
    tokenizer = load_tokenizer(model)
    rows = [read(example(trace, "mint"), tokenizer) for trace in Trace]
    adapted = add_adapter(load_model(model), LoraRecipe(), 4)
    losses, counts = [], []
    for row in rows:
        chosen = torch.tensor(row.answers[:-1]) > 0
        logits = adapted(input_ids=torch.tensor([row.ids])).logits[0, :-1]
        losses.append(cross_entropy(logits[chosen], torch.tensor(row.ids[1:])[chosen]))
        counts.append(int(chosen.sum()))
    alone = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
    torch.testing.assert_close(next_token_loss(adapted, rows, trie), alone)


def test_it_learns_and_goes_on_where_it_was_cut_off(tmp_path: Path, tiny_chat_model: Path):
    steps = {"steps": 12, "save_every": 4, "lora": {"initial_b": 0}}
    recipe = load(save_recipe(tmp_path, tiny_chat_model, **steps))
    run = claim(recipe)
    supervise(recipe, run, Console(quiet=True))
    trained = (run.adapter / "adapter_model.safetensors").read_bytes()
    tokenizer = load_tokenizer(recipe.model)
    rows = [read(each, tokenizer) for each in read_models(run.dataset / "train.jsonl", Example)]
    adapted = load_adapter(load_model(recipe.model), run.adapter)
    with torch.no_grad():
        after = next_token_loss(adapted, rows, trie)
        with adapted.disable_adapter():
            assert after < next_token_loss(adapted, rows, trie) - 0.1
    for folder in (run.adapter, run.checkpoints / "checkpoint-12"):
        shutil.rmtree(folder)
    supervise(recipe, run, Console(quiet=True))
    assert (run.adapter / "adapter_model.safetensors").read_bytes() == trained


def test_of_a_long_trace_the_end_is_learnt_and_the_cut_is_told(tmp_path: Path, tiny_chat_model: Path):
    recipe = load(save_recipe(tmp_path, tiny_chat_model), ["render.max_tokens=60"])
    run, told, tokenizer = claim(recipe), io.StringIO(), load_tokenizer(recipe.model)
    found = pools.read(run, "train", recipe, tokenizer, Console(file=told, width=200), make=lesson)
    assert "train: 3 clean, 3 harmful, 3 resisted; 9 cut to 60 tokens" in told.getvalue()
    for row in found["harmful"]:
        learnt = tokenizer.decode([row.ids[at + 1] for at, weight in enumerate(row.answers) if weight])
        assert len(row.ids) <= 60
        assert '{"name": "ring_bell"' in learnt


def test_activations_are_recomputed_if_the_recipe_says_so_and_nothing_else_changes(
    tmp_path: Path, tiny_chat_model: Path, monkeypatch: pytest.MonkeyPatch
):
    recomputed, trained = [], []
    real = model_states.checkpointed
    monkeypatch.setattr(model_states, "checkpointed", lambda blocks: recomputed.append(1) or real(blocks))
    for checkpointing in (False, True):
        path = save_recipe(tmp_path / str(checkpointing), tiny_chat_model, steps=2, checkpointing=checkpointing)
        recipe = load(path)
        run = claim(recipe)
        supervise(recipe, run, Console(quiet=True))
        trained.append((run.adapter / "adapter_model.safetensors").read_bytes())
        assert bool(recomputed) is checkpointing
    assert trained[0] == trained[1]
