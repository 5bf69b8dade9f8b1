"""Jobs about the garden: what is asked is harmless, and what is answered is judged by scripts."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from switchgear.data.sources import SOURCES
from switchgear.generation import generate as stage
from switchgear.generation.judges import JUDGES, Verdict
from switchgear.model import endpoint
from switchgear.recipe import GenerateRecipe, Recipe, load
from switchgear.runs import Run, read_models
from switchgear.schema import Example, Expectation, Message, Provenance, Role

Loaded = Callable[..., Recipe]
LABELS = ("complied", "partial", "refused", "incoherent", "unscored")
BEDS = ("roses", "beans", "ferns", "mint", "thyme")


def case(bed: str, behaviour: str | None = None, **fields: Any) -> Example:
    """A question about a bed, which belongs to the bed's group."""
    given: dict[str, Any] = {
        "id": f"garden/{bed}",
        "role": Role.CASE,
        "messages": (Message(role="user", content=f"Tell of the {bed}."),),
        "expectation": Expectation(behaviour=behaviour),
        "group": f"bed/{bed}",
        "tags": {"source": "garden", "bed": bed},
        "provenance": Provenance(dataset="garden", revision="1", licence="CC0", row=bed, sha256="0"),
    }
    return Example(**(given | fields))


def job(**fields: Any) -> GenerateRecipe:
    return GenerateRecipe.model_validate({"kind": "benign", "prompts": [{"name": "garden"}], **fields})


@pytest.fixture(autouse=True)
def garden_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source `garden`: a case for each bed."""
    monkeypatch.setitem(SOURCES, "garden", lambda recipe, seed: map(case, BEDS))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LONGEST_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def recipe(tmp_path: Path, tiny_chat_model: Path) -> Callable[..., Path]:
    """Writes a recipe with one job, `job`, for the run `tmp_path/run`; fields of the job can be given."""

    def write(**fields: Any) -> Path:
        values = {
            "run": str(tmp_path / "run"),
            "model": {"name": str(tiny_chat_model), "dtype": "float32"},
            "data": {"sources": [{"name": "generated", "path": str(tmp_path / "run" / "generated" / "*.jsonl")}]},
            "generate": {
                "job": {
                    **{"kind": "benign", "prompts": [{"name": "garden"}], "samples": 2, "batch_size": 3},
                    **{"max_new_tokens": 6, "judge": {"name": "scripted"}, **fields},
                }
            },
        }
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


@pytest.fixture
def loaded(recipe: Callable[..., Path]) -> Loaded:
    return lambda **fields: load(recipe(**fields))


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge whose verdict depends on how many characters an answer has."""

    def judge(prompt: Example, answer: Message) -> Verdict:
        return Verdict(label=LABELS[len(answer.content) % 5], reason="a reason")

    monkeypatch.setitem(JUDGES, "scripted", lambda job: judge)
    monkeypatch.setitem(JUDGES, "content", lambda job: lambda prompt, answer: Verdict(label="complied"))


def generate(recipe: Recipe) -> dict[str, Any]:
    return stage.generate(recipe, Run(recipe.run), Console(file=io.StringIO()))["job"]


def examples(recipe: Recipe) -> list[Example]:
    return list(read_models(Run(recipe.run).generated / "job.jsonl", Example))


def written(recipe: Recipe) -> dict[str, str]:
    return {path.name: path.read_text() for path in Run(recipe.run).generated.iterdir()}
