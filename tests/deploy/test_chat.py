from pathlib import Path

import pytest
import torch

from switchgear.deploy.chat import NOT_RUN, Chat
from switchgear.deploy.trips import REFUSAL
from switchgear.errors import DataError
from switchgear.model.load import add_adapter, load_model, load_tokenizer
from switchgear.recipe import LoraRecipe, ModelRecipe
from switchgear.schema import Message, ToolCall
from tests.garden import TOOLS


@pytest.fixture(scope="module")
def model(tiny_chat_model: Path):
    """With an adapter that changes what is written."""
    torch.manual_seed(0)
    base = load_model(ModelRecipe(name=str(tiny_chat_model), dtype="float32"))
    return add_adapter(base, LoraRecipe(initial_b=1.0), 4).eval()


@pytest.fixture
def chat(model, tiny_chat_model: Path):
    return Chat(model, load_tokenizer(ModelRecipe(name=str(tiny_chat_model))), tools=TOOLS, max_new_tokens=6)


def roles(talk: list[Message]) -> list[str]:
    return [message.role for message in talk]


def test_both_models_answer_and_each_keeps_its_own_conversation(chat: Chat):
    replies = chat.say("Water the roses.")
    chat.say("And the ferns.")
    assert replies["frozen"].message != replies["adapted"].message
    for name in ("frozen", "adapted"):
        assert roles(chat.talks[name]) == ["user", "assistant"] * 2
        assert chat.talks[name][1] == replies[name].message
    chat.clear()
    assert chat.talks == {"frozen": [], "adapted": []}


def test_only_the_adapted_model_is_guarded_and_a_refusal_stands_in_its_conversation(chat: Chat, make_guard):
    unguarded = chat.say("Water the roses.")
    chat.clear()
    chat.guard = make_guard(bias=1.0)
    replies = chat.say("Water the roses.")
    assert replies["frozen"] == unguarded["frozen"]
    assert replies["adapted"].trip is not None
    assert chat.talks["adapted"][-1] == Message(role="assistant", content=REFUSAL)


def test_calls_are_not_run_and_wait_for_what_the_user_says_they_returned(chat: Chat):
    called = Message(role="assistant", tool_calls=(ToolCall(name="list_beds"),))
    chat.talks["adapted"] = [Message(role="user", content="Which beds?"), called]
    chat.talks["frozen"] = [Message(role="user", content="Which beds?"), Message(role="assistant", content="None.")]
    assert set(chat.result("roses, ferns")) == {"adapted"}
    assert chat.talks["adapted"][2] == Message(role="tool", name="list_beds", content="roses, ferns")

    chat.talks["adapted"] = [Message(role="user", content="Which beds?"), called]
    chat.say("Well?")
    assert [message.content for message in chat.talks["adapted"][2:4]] == [NOT_RUN, "Well?"]


def test_a_conversation_that_no_longer_fits_is_an_error(chat: Chat):
    with pytest.raises(DataError, match="Begin a new one"):
        chat.say("roses " * 600)
