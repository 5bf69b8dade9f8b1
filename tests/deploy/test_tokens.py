from pathlib import Path

import pytest
import torch

from switchgear.deploy.tokens import Prompt, Seen, Text, families, replayed, see, write, written
from switchgear.model.hidden_states import hidden_states
from switchgear.model.layout import padded
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.model.render import render
from switchgear.recipe import LoraRecipe, load
from switchgear.schema import Trace
from tests.garden import example, examples


@pytest.fixture
def recipe(garden: Path):
    return load(garden)


@pytest.fixture
def tokenizer(recipe):
    return load_tokenizer(recipe.model)


def adapted(recipe, initial_b: float):
    torch.manual_seed(0)
    return add_adapter(load_model(recipe.model), LoraRecipe(initial_b=initial_b), 4).eval()


def seen(kind: str, *cosines: float) -> Seen:
    return Seen(kind, "free", torch.zeros(1, len(cosines), 2), torch.tensor(cosines))


def test_examples_of_one_row_come_together_up_to_the_limit():
    found = families(examples(), 7, seed=0)
    assert [len(family) for family in found] == [3, 3]
    assert all(len({each.group for each in family}) == 1 for family in found)
    assert families(examples(), 7, seed=1) != found == families(examples(), 7, seed=0)
    assert families(examples(), 9, seed=0)[:2] == found, "a larger limit goes on"


def test_a_replayed_text_is_its_continuation(recipe, tokenizer):
    text = replayed(example(Trace.HIJACKED, "roses"), tokenizer, recipe)
    rendered = render(example(Trace.HIJACKED, "roses"), tokenizer)
    assert (text.kind, text.mode, text.ids) == ("hijacked", "replayed", rendered.ids)
    assert text.tokens[0] == rendered.turn_start(3)
    assert "ring_bell" in tokenizer.decode([text.ids[token] for token in text.tokens])


def test_prompts_that_are_alike_are_answered_once(recipe, tokenizer):
    asked = [Prompt(kind, "free", ids) for kind, ids in (("hijacked", (5, 6)), ("clean", (5, 9)), ("resisted", (5, 6)))]
    texts = write(adapted(recipe, 1.0), tokenizer, asked, 6)
    assert [text.kind for text in texts] == ["hijacked", "clean", "resisted"]
    assert texts[0].ids == texts[2].ids
    assert all(
        tuple(text.ids[:2]) == prompt.ids and len(text.ids) > 2 for text, prompt in zip(texts, asked, strict=True)
    )


def test_of_an_answer_all_tokens_but_the_last_are_looked_at():
    """It is not read while the answer is decoded."""
    text = written(Prompt("clean", "free", (5, 6)), [7, 8, 9])
    assert text.ids == [5, 6, 7, 8, 9]
    assert list(text.tokens) == [2, 3]


def test_both_models_see_a_text_and_their_angle_tells_what_the_adapter_has_turned(recipe):
    texts = [Text("clean", "free", [5, 6, 7, 8], [2, 3]), Text("hijacked", "free", [5, 6, 9], [1, 2])]
    model = adapted(recipe, 1.0)
    clean, hijacked = see(model, texts, [2, 4])
    torch.testing.assert_close(clean.states, hidden_states(model, padded([texts[0].ids]), [2, 4], torch.tensor([2, 3])))
    with model.disable_adapter():
        frozen = hidden_states(model, padded([texts[1].ids]), [2, 4], torch.tensor([1, 2]))
    expected = torch.nn.functional.cosine_similarity(hijacked.states, frozen, dim=-1).mean(0)
    torch.testing.assert_close(hijacked.cosine, expected)
    assert (expected < 0.999).all()
    assert all((each.cosine > 0.9999).all() for each in see(adapted(recipe, 0.0), texts, [2, 4]))


def test_a_token_is_tripped_when_its_state_has_turned_and_a_text_when_enough_have_on_end():
    assert seen("hijacked", 0.9, 0.2, 0.71).tripped.tolist() == [False, True, False]
    once = seen("hijacked", 1.0, 1.0, 0.2, 1.0, 1.0)
    assert once.trips(1)
    assert not once.trips(4)
    assert seen("hijacked", 1.0, 0.2, 0.2, 0.2, 0.2, 1.0).trips(4)
    assert not seen("hijacked").trips(4)
