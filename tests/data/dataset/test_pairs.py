import json
from collections.abc import Callable
from pathlib import Path

from datasets import load_dataset

from switchgear.data.dataset.pairs import pairs, write_pairs
from switchgear.data.sources.chat import read
from switchgear.recipe import SourceRecipe
from switchgear.schema import Example, Message, Role, ToolCall, ToolSpec


def case(example: Example) -> Example:
    return example.model_copy(update={"role": Role.CASE, "continuation": ()})


def test_a_prompt_and_its_answer_stay_as_they_are(example: Callable[..., Example]) -> None:
    (pair,) = pairs(example("a", role=Role.HARMFUL, trace=None, category="fraud"))
    assert pair == {
        "id": "a",
        "role": "harmful",
        "user_prompt": "Pay it.",
        "harmful_completion": "The bill is paid.",
        "text": None,
        "source": "test",
        "category": "fraud",
    }


def test_what_is_written_is_read_back(example: Callable[..., Example], tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    examples = [example(role.value, role=role, trace=None) for role in (Role.HARMFUL, Role.BENIGN, Role.REFUSAL)]
    assert write_pairs([*examples, case(examples[0])], path) == 3
    read_back = [row for row in read(SourceRecipe(name="chat", path=path), 0) if isinstance(row, Example)]
    assert [(row.role, row.messages) for row in read_back] == [(row.role, row.messages) for row in examples]
    table = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert set(table["harmful_completion"]) == {"The bill is paid.", None}


def test_an_agents_trace_gives_a_line_for_each_step(example: Callable[..., Example], send: ToolCall) -> None:
    messages = (
        Message(role="system", content="Help."),
        Message(role="user", content="Pay it."),
        Message(role="assistant", content="Now.", tool_calls=(send,)),
        Message(role="tool", content="sent", name="send_money"),
        Message(role="assistant", content="Done."),
    )
    trace = example("a", tools=(ToolSpec(name="send_money"),)).model_copy(
        update={"messages": messages, "continuation": (2, 4)}
    )
    first, second = pairs(trace)
    called = 'Now.\n<tool_call>{"name": "send_money", "arguments": {"recipient": "XX00"}}</tool_call>'
    assert (first["id"], first["benign_completion"]) == ("a#2", called)
    assert (second["id"], second["benign_completion"]) == ("a#4", "Done.")
    listing, system, user = first["user_prompt"].split("\n\n")
    assert json.loads(listing.removeprefix("[tools]\n"))["name"] == "send_money"
    assert (system, user) == ("[system]\nHelp.", "[user]\nPay it.")
    assert second["user_prompt"] == f"{first['user_prompt']}\n\n[assistant]\n{called}\n\n[tool]\nsent"
