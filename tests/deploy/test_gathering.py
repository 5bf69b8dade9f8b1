import shutil
from pathlib import Path

import pytest
import torch
from rich.console import Console

from switchgear.deploy import gathering
from switchgear.deploy.gathering import Gathering, load, save
from switchgear.deploy.tokens import Prompt, Seen
from switchgear.errors import DataError
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.recipe import load as load_recipe
from switchgear.runs import Run
from switchgear.schema import Example

QUIET = Console(quiet=True)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    shutil.copytree(trained.parent / "run", tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture
def gathered(run: Run):
    recipe = load_recipe(run.recipe)
    model, tokenizer = load_adapter(load_model(recipe.model), run.adapter), load_tokenizer(recipe.model)

    def go(examples: int = 9) -> list[Seen]:
        return Gathering(recipe, run, model, tokenizer, [3], put, examples, 4).of("train", QUIET)

    return go


def put(example: Example, *_: object) -> list[Prompt]:
    return [Prompt(str(example.trace), "free", (5, 6, 7))]


def same(one: list[Seen], other: list[Seen]) -> bool:
    return len(one) == len(other) and all(
        (a.kind, a.mode) == (b.kind, b.mode) and torch.equal(a.states, b.states) and torch.equal(a.cosine, b.cosine)
        for a, b in zip(one, other, strict=True)
    )


def test_every_context_is_read_and_written_in(gathered):
    assert [(each.kind, each.mode) for each in gathered(3)] == [
        *((kind, "replayed") for kind in ("clean", "resisted", "hijacked")),
        *((kind, "free") for kind in ("clean", "resisted", "hijacked")),
    ]


def test_a_call_that_is_cut_off_goes_on_where_it_was_and_ends_the_same(gathered, run: Run, monkeypatch):
    undisturbed = gathered()
    shutil.rmtree(gathering.partial(run))

    see, seen = gathering.see, []

    def cut_off(*arguments):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(arguments)
        return see(*arguments)

    monkeypatch.setattr(gathering, "see", cut_off)
    with pytest.raises(KeyboardInterrupt):
        gathered()
    monkeypatch.setattr(gathering, "see", lambda *arguments: seen.append(arguments) or see(*arguments))
    assert same(gathered(), undisturbed)
    assert len(seen) == 3, "each family is read once"


def test_more_examples_go_on_from_fewer(gathered, monkeypatch):
    fewer = gathered(6)
    monkeypatch.setattr(gathering, "see", lambda *_: pytest.fail("read again"))
    assert same(gathered(6), fewer)
    monkeypatch.undo()
    assert same(gathered(9)[: len(fewer)], fewer)


def test_directions_are_kept_and_a_damaged_file_is_named(tmp_path: Path):
    states = torch.tensor([[[3.0, 4.0], [0.0, -2.0]]])
    save(
        tmp_path / "1",
        [Seen("clean", "free", states, torch.tensor([0.5, 1.0])), Seen("clean", "free", states[:, :0], torch.ones(0))],
    )
    one, none = load(tmp_path / "1")
    torch.testing.assert_close(one.states, torch.tensor([[[0.6, 0.8], [0.0, -1.0]]]), rtol=0, atol=1e-3)
    assert (one.kind, one.mode, one.cosine.tolist()) == ("clean", "free", [0.5, 1.0])
    assert none.states.shape == (1, 0, 2)
    (tmp_path / "1" / "seen").write_bytes(b"half")
    with pytest.raises(DataError, match="fit again"):
        load(tmp_path / "1")
