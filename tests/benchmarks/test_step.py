"""The benchmark compares steps that compute the same, counts operations as by hand, and writes what it found."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks.step import tables
from benchmarks.step.__main__ import main
from benchmarks.step.ablation import VARIANTS, Ablated, ablated
from benchmarks.step.measure import plan
from benchmarks.step.memory import WITH, WITHOUT, peak
from benchmarks.step.models import AUTHORS, Setting
from benchmarks.step.naive import Padded, place
from benchmarks.step.ours import KERNELS, packed
from benchmarks.step.steps import Steps, names
from benchmarks.step.timing import gradient, timed
from benchmarks.step.work import Shape, minimum, naive, needed
from benchmarks.step.workloads import Sample, Workload
from switchgear.model.hidden_states import trunk_of
from switchgear.recipe import TrainRecipe
from switchgear.training.batches import Row

SHARED = list(range(10, 30))


def conversations(recipe: TrainRecipe) -> list[Row]:
    """Two harmful rows and a retained one that begin alike. The beginning is retained, or a row has one use."""
    rows: list[Row] = [Sample([*SHARED, *range(start, start + 12)], [], [], request=20) for start in (40, 60, 80)]
    for harmful, row in zip((True, True, False), rows, strict=True):
        whole = recipe is AUTHORS
        row.reroute.extend([float(harmful and (whole or index >= 20)) for index in range(32)])
        row.retain.extend([float(not harmful or (not whole and index < 20)) for index in range(32)])
    return rows


@pytest.fixture
def steps(tiny_chat_model: Path) -> Steps:
    return Steps(Setting(str(tiny_chat_model), targets=(1, 3)), torch.float32)


@pytest.mark.parametrize(("baseline", "recipe"), [("reference", AUTHORS), ("predecessor", TrainRecipe())])
def test_our_steps_have_the_loss_and_the_gradients_of_the_baseline(
    steps: Steps, baseline: str, recipe: TrainRecipe
) -> None:
    workload = Workload("test", conversations(recipe), recipe, baseline, "")
    theirs = steps(baseline)
    _, expected = timed(theirs, workload)
    wanted = gradient(theirs.model)
    assert wanted.norm() > 0
    for name in names(["float32", "onednn"]):
        ours = steps(name)
        _, loss = timed(ours, workload)
        assert float(loss) == pytest.approx(float(expected), rel=1e-5), name
        assert (gradient(ours.model) - wanted).norm() < 1e-5 * wanted.norm(), name


def test_packed_rows_stand_one_after_the_other_and_share_nothing() -> None:
    layout = packed([[5, 6, 7], [5, 6]])
    assert layout.ids.tolist() == [[5, 6, 7, 5, 6]]
    assert layout.positions.tolist() == [[0, 1, 2, 0, 1]]
    assert layout.places == [[0, 1, 2], [3, 4]]
    assert [(node.start, node.end, node.above) for node in layout.nodes] == [(0, 3, ()), (3, 5, ())]


def test_request_and_response_meet_in_one_column() -> None:
    rows = [Row([7, 8, 9], [0.0, 1.0, 1.0], [0.0] * 3), Row([5, 6], [1.0] * 2, [0.0] * 2)]
    placed: Padded = place(rows, [1, 0], 2, 3, torch.device("cpu"))
    assert placed.ids.tolist() == [[0, 7, 8, 9, 0], [0, 0, 5, 6, 0]]
    assert placed.mask.tolist() == [[0, 1, 1, 1, 0], [0, 0, 1, 1, 0]]
    assert placed.reroute.tolist() == [[0, 0, 1, 1, 0], [0, 0, 1, 1, 0]]


def test_a_row_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"1 \+ 3 tokens does not fit into 2 \+ 2"):
        place([Row([1, 2, 3, 4], [1.0] * 4, [0.0] * 4)], [1], 2, 2, torch.device("cpu"))


def test_operations_are_counted_as_by_hand() -> None:
    shape = Shape(products=((3, 2),), adapter=1, heads=2, head=100, blocks=5, last=2)
    rows = [[1, 2, 3], [1, 2, 4]]  # 6 tokens with 12 keys; in a trie 4 with 1 + 2 + 3 + 3 = 9
    assert minimum(shape, rows, "packed") == 2 * (3 * 2 * 7 * 6 + 4 * 4 * 2 * 12)
    assert minimum(shape, rows, "trie") == 2 * (3 * 2 * 7 * 4 + 4 * 4 * 2 * 9)
    harmful, kept = (Row(ids, [float(k == 0)] * 3, [float(k)] * 3) for k, ids in enumerate(rows))
    per_block = 3 * 2 * 7 * 3 + 4 * 4 * 2 * 6
    for recipe, blocks in ((TrainRecipe(), 4), (AUTHORS, 5)):  # two rows of two blocks, and one of one more
        assert needed(shape, Workload("", [harmful, kept], recipe, "", ""), "packed") == blocks * per_block
    assert naive(shape, 2, 10, 5) == 5 * (4 * 2 * 6 * 20 + 5 * 4 * 2 * 200) + 2 * 2 * 100 * 20


def test_rounds_that_fit_go_to_those_with_fewest() -> None:
    assert plan({"short": 10, "long": 100}, most=5, limit=145) == {"short": 4, "long": 1}
    assert plan({"short": 10, "long": 100}, most=3, limit=1) == {"short": 1, "long": 1}


def test_a_step_on_long_padding_takes_more_memory_than_ours(tiny_chat_model: Path) -> None:
    workload = Workload("test", conversations(AUTHORS), AUTHORS, "reference", "")
    setting = Setting(str(tiny_chat_model), threads=1)
    theirs, ours = (peak(name, workload, setting, torch.float32, True) for name in ("reference", "trie/float32"))
    assert ours
    assert theirs
    assert 0 < ours < theirs


def test_memory_is_compared_like_for_like() -> None:
    found = {"reference": {WITH: 1000.0, WITHOUT: None}, "trie/float32": {WITH: 80.0, WITHOUT: 400.0}}
    agents = {"predecessor": {WITH: 4000.0}, "trie/float32": found["trie/float32"]}
    [table] = tables.memory({"chat": found, "agents": agents})
    columns = [list(column.cells) for column in table.columns]
    assert columns[2:] == [
        ["1,000", "80", "4,000", "80"],
        ["1.000", "0.080", "1.000", "0.020"],
        ["killed", "400", "not tried", "400"],
        ["", "", "", ""],
    ]


def test_command_measures_and_writes(
    tiny_chat_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.step.scaling.LENGTHS", (8, 16))
    out = tmp_path / "results.json"
    given = ["--model", str(tiny_chat_model), "--rows", "1+2", "--tokens", "200", "--repeats", "2", "--out", str(out)]
    main([*given, "--workloads", "synthetic_agents", "--parts", "steps", "scaling", "--kernels", "float32"])
    found = json.loads(out.read_text())
    steps = found["steps"]["synthetic_agents"]["steps"]
    assert set(steps) == {"predecessor", "padded/float32", "packed/float32", "trie/float32"}
    assert all(step["gradient_error"] < 1e-3 for step in steps.values())
    assert len(steps["trie/float32"]["all_seconds"]) == 2
    assert len(found["scaling"]["trie/float32"]["points"]) == 6
    assert "takes about" in capsys.readouterr().out


def test_a_stopped_benchmark_goes_on_where_it_was(
    tiny_chat_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.step.scaling.LENGTHS", (8, 16))
    out = tmp_path / "results.json"
    given = ["--model", str(tiny_chat_model), "--rows", "1+1", "--repeats", "1", "--kernels", "float32"]
    given += ["--workloads", "synthetic_agents", "--parts", "ablation", "scaling", "--out", str(out)]

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("benchmarks.step.measure.scaling", stopped)
        with pytest.raises(KeyboardInterrupt):
            main(given)
    before = json.loads(out.read_text())
    assert set(before) == {"about", "ablation"}
    main(given)
    assert "which has ablation of synthetic_agents" in capsys.readouterr().out
    after = json.loads(out.read_text())
    assert after["ablation"] == before["ablation"]
    assert set(after) == {"about", "ablation", "scaling"}
    with pytest.raises(SystemExit, match="is of other settings"):
        main([*given, "--seed", "1"])


def test_without_a_technique_loss_and_gradients_are_the_same(steps: Steps) -> None:
    model = steps.model(torch.float32)
    workload = ablated(Workload("test", conversations(TrainRecipe()), TrainRecipe(), "", ""))
    wanted = None
    for name, variant in VARIANTS.items():
        step = Ablated(model, [1, 3], KERNELS["float32"], variant)
        _, loss = timed(step, workload)
        wanted = wanted or (float(loss), gradient(model))
        assert float(loss) == pytest.approx(wanted[0], rel=1e-5), name
        assert (gradient(model) - wanted[1]).norm() < 1e-5 * wanted[1].norm(), name


def test_the_variants_do_what_they_say(steps: Steps) -> None:
    model = steps.model(torch.float32)
    workload = ablated(Workload("test", conversations(TrainRecipe()), TrainRecipe(), "", ""))
    trunk, ran, said = trunk_of(model), [], []
    trunk.layers[-1].register_forward_hook(lambda *_: ran.append(1))
    model.get_base_model().lm_head.register_forward_hook(lambda *_: said.append(1))
    counts = {}
    for name, variant in VARIANTS.items():
        ran.clear()
        said.clear()
        timed(Ablated(model, [1, 3], KERNELS["float32"], variant), workload)
        counts[name] = len(ran), len(said)
    assert counts["all techniques"] == (0, 0)
    assert counts["all blocks, not up to the last target"] == (2, 0)
    assert counts["with the head (not the trunk alone)"] == (0, 2)


@pytest.mark.parametrize("rows", ["3", "0+1", "a+b"])
def test_rows_that_make_no_sense_are_refused(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rows", rows])
    assert "HARMFUL+RETAINED" in capsys.readouterr().err
