from collections.abc import Callable
from pathlib import Path

from datasets import load_dataset

from switchgear.data.dataset import columns
from switchgear.data.dataset.columns import write_parquet
from switchgear.runs import write_models
from switchgear.schema import CharRange, Example, Expectation, Message, ToolCall, ToolSpec


def rows(example: Callable[..., Example]) -> list[Example]:
    """Two that have nothing in common but their shape."""
    plain = example("a", trace=None, expectation=Expectation(behaviour="refuse"))
    messages = (
        Message(role="user", content="Pay it."),
        Message(role="assistant", tool_calls=(ToolCall(name="pay", arguments={"n": [1, {"deep": None}]}, id="c"),)),
        Message(role="tool", content="é \U0001f33f", injected=(CharRange(start=0, end=1),)),
    )
    tools = (ToolSpec(name="pay"), ToolSpec(name="look", parameters={"type": "object", "properties": {"q": {}}}))
    other = example("b", tags={"suite": "bank"}).model_copy(update={"messages": messages, "tools": tools})
    return [plain, other]


def read_back(path: Path) -> list[Example]:
    table = load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))
    given = [row | {"tags": {name: value for name, value in row["tags"].items() if value}} for row in table]
    return [Example.model_validate(row) for row in given]


def test_datasets_reads_the_same_examples(tmp_path: Path, example: Callable[..., Example]) -> None:
    examples = rows(example)
    write_models(tmp_path / "rows.jsonl", examples)
    write_parquet(tmp_path / "rows.jsonl", tmp_path / "rows.parquet", {"suite"})
    assert read_back(tmp_path / "rows.parquet") == examples


def test_a_line_that_is_longer_than_a_block_is_converted(
    tmp_path: Path, example: Callable[..., Example], monkeypatch
) -> None:
    monkeypatch.setattr(columns, "BLOCK", 1000)
    examples = [example(str(n), answer="x" * (5000 if n == 7 else 10)) for n in range(30)]
    write_models(tmp_path / "rows.jsonl", examples)
    write_parquet(tmp_path / "rows.jsonl", tmp_path / "rows.parquet", set())
    assert read_back(tmp_path / "rows.parquet") == examples
