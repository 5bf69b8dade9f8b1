"""The authors' training, conversations first: requests emptied, whole rows rerouted, their losses and schedule."""

from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch.nn.utils.rnn import pad_sequence

from switchgear.model.layout import trie
from switchgear.model.load import load_tokenizer
from switchgear.recipe import load
from switchgear.runs import Run, read_models
from switchgear.schema import Example
from switchgear.training import pools
from switchgear.training.batches import Draws
from switchgear.training.reading import Reader
from switchgear.training.start import prepared
from switchgear.training.trainer import BreakerTrainer
from tests.reference import rerouting

AUTHORS = ["train.retain=reference", "train.mask=everything", "train.alpha=10", "train.lora.initial_b=0.05"]


@pytest.mark.parametrize("done", [0, 3, 5])
def test_a_step_with_empty_requests_is_the_authors(garden: Path, tmp_path: Path, done: int):
    recipe = load(garden, [*AUTHORS, "train.empty_user=1", "train.target_layers=[1, 2]"])
    tokenizer, run = load_tokenizer(recipe.model), Run(recipe.run)
    found = pools.read(run, "train", recipe, tokenizer, Console(quiet=True))
    start = prepared(recipe)
    read = Reader(recipe.train, start.model, start.targets, trie)
    trainer = BreakerTrainer(start.model, recipe, Draws(found, recipe.train.batch, 6, 0), [], read, tmp_path)
    trainer.state.max_steps, trainer.state.global_step = 6, done
    harmful, kept = found["harmful"][:2], found["resisted"][:2]
    loss = trainer.compute_loss(start.model, {"rows": [*harmful, *kept]})

    batches = [pad_sequence([torch.tensor(row.ids) for row in rows], True, 0) for rows in (harmful, kept)]
    masks = [pad_sequence([torch.ones(len(row.ids)) for row in rows], True, 0) for rows in (harmful, kept)]
    with rerouting.ending_after(start.model, 3):
        adapted = [rerouting.hidden_states(start.model, *pair) for pair in zip(batches, masks, strict=True)]
        with torch.no_grad(), start.model.disable_adapter():
            frozen = [rerouting.hidden_states(start.model, *pair) for pair in zip(batches, masks, strict=True)]
    reroute = rerouting.reroute_loss(adapted[0], frozen[0], masks[0], [1, 2], 0.0)
    retain = rerouting.retain_reference(adapted[1], frozen[1], masks[1])
    progress = (done + 1) / 6
    expected = 10 * (1 - progress / 2) * reroute + 10 * progress / 2 * retain
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)


def test_the_rows_say_nothing_where_the_user_did(garden: Path):
    recipe = load(garden, [*AUTHORS, "train.empty_user=1"])
    tokenizer, run = load_tokenizer(recipe.model), Run(recipe.run)
    found = pools.read(run, "train", recipe, tokenizer, Console(quiet=True))
    asked = [example.messages[0].content for example in read_models(run.dataset / "train.jsonl", Example)]
    texts = [tokenizer.decode(row.ids) for rows in found.values() for row in rows]
    assert len(texts) == len(asked)
    assert not any(request in text for request in asked for text in texts)
