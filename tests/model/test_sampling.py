"""Sampling against a naive greedy loop, and by what a seed fixes."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from switchgear.model.load import load_model, load_tokenizer
from switchgear.model.sampling import revision, sample
from switchgear.recipe import ModelRecipe

TEXTS = ("Water the roses.", "The beans are dry, and so is the mint. Water them.", "Mint?")


@pytest.fixture
def loaded(tiny_chat_model: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    recipe = ModelRecipe(name=str(tiny_chat_model), dtype="float32")
    return load_model(recipe), load_tokenizer(recipe)


def draw(loaded: tuple[PreTrainedModel, PreTrainedTokenizerBase], **given: float) -> list[tuple[list[int], bool]]:
    model, tokenizer = loaded
    contexts = [tokenizer(text)["input_ids"] for text in TEXTS]
    settings = {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 12, "seed": 3} | given
    return sample(model, tokenizer, contexts, **settings)


@pytest.mark.parametrize("given", [{"temperature": 0.0}, {"top_p": 1e-6}])
def test_without_temperature_or_with_the_likeliest_token_alone_it_is_greedy(loaded, given: dict[str, float]):
    model, tokenizer = loaded
    contexts = [tokenizer(text)["input_ids"] for text in TEXTS]
    assert draw(loaded, **given) == [greedy(model, context, tokenizer.eos_token_id) for context in contexts]


@torch.no_grad()
def greedy(model: PreTrainedModel, context: list[int], end: int) -> tuple[list[int], bool]:
    """Twelve tokens or up to the end of the turn, every one from the whole text before it."""
    ids = list(context)
    for _ in range(12):
        ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
        if ids[-1] == end:
            return ids[len(context) : -1], True
    return ids[len(context) :], False


def test_a_seed_fixes_the_samples(loaded):
    first = draw(loaded)
    torch.rand(9)  # whatever was drawn before
    assert draw(loaded) == first
    assert draw(loaded, seed=4) != first


def test_a_row_ends_before_its_end_of_turn_and_tells_whether_it_was_reached(loaded):
    model, _ = loaded
    whole = draw(loaded)
    assert [finished for _, finished in whole] == [False] * len(TEXTS)
    model.generation_config.eos_token_id = [whole[0][0][5], 0]
    stop = whole[0][0].index(whole[0][0][5])
    assert draw(loaded)[0] == (whole[0][0][:stop], True)


def test_the_revision_of_a_folder_is_that_of_its_weights(loaded, tmp_path: Path):
    model, _ = loaded
    model.save_pretrained(tmp_path / "same")
    with torch.no_grad():
        model.get_input_embeddings().weight[0, 0] += 1
    model.save_pretrained(tmp_path / "other")
    folders = [str(tmp_path / name) for name in ("same", "same", "other")]
    first, again, other = (revision(load_model(ModelRecipe(name=folder, dtype="float32"))) for folder in folders)
    assert first == again != other
