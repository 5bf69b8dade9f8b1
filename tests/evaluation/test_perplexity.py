from pathlib import Path

import pytest
import torch

from switchgear.evaluation.perplexity import FEWEST, GIVEN, perplexities
from switchgear.evaluation.respondent import _measured
from switchgear.evaluation.rows import Row
from switchgear.model.load import load_model, load_tokenizer
from switchgear.recipe import ModelRecipe

TEXTS = [
    "Water the roses, and then water the beans as well. " * 4,
    "The ferns are dry, the mint is dry, thyme is not. " * 5,
]


def test_it_is_that_of_each_text_alone_under_the_model(tiny_chat_model: Path):
    recipe = ModelRecipe(name=str(tiny_chat_model), dtype="float32")
    model, tokenizer = load_model(recipe), load_tokenizer(recipe)
    found = perplexities(model, tokenizer, TEXTS, batch_size=2)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"][: GIVEN + 64]
        logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        told = [float(logs[place - 1, ids[place]]) for place in range(GIVEN, len(ids))]
        assert found[text] == pytest.approx(float(torch.tensor(told).mean().neg().exp()), rel=1e-4)


def test_a_text_of_few_tokens_has_none(tiny_chat_model: Path):
    recipe = ModelRecipe(name=str(tiny_chat_model), dtype="float32")
    tokenizer = load_tokenizer(recipe)
    short = tokenizer.decode(tokenizer(TEXTS[0])["input_ids"][: GIVEN + FEWEST - 2])
    assert perplexities(load_model(recipe), tokenizer, [short, ""], batch_size=2) == {}


@pytest.mark.parametrize(("perplexity", "incoherent"), [(None, False), (299.0, False), (300.0, True)])
def test_word_salad_is_incoherent_by_its_perplexity(perplexity: float | None, incoherent: bool):
    row = Row(
        **{"case": "a#1", "kind": "clean", "model": "adapted", "group": "a", "example": "a", "message": 1},
        **{"mode": "free", "action": {"incoherent": False, "refused": False}},
    )
    measured = _measured(row, perplexity)
    assert measured.action == {"incoherent": incoherent, "refused": False}
    assert measured.perplexity == perplexity
