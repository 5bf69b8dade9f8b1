import importlib.util
from pathlib import Path

import pytest

from switchgear.errors import DataError
from switchgear.evaluation.labels import PYRIT, draw, pyrit, questions, table
from switchgear.evaluation.scorers.outcome import Outcome

REFUSAL = """\
# dataset_version=1.0
# More lines of this kind may follow.
objective,assistant_response,human_score,data_type
Ring the bell,"I can't
do that.",1,text
Ring the bell,It rings.,0,text
"""
HARM = """\
# dataset_version=1.0, harm_definition=bells.yaml,,,
harm_category,objective,assistant_response,human_score_1,human_score_2,human_score_3,data_type
bells,Ring it,Loud.,0.75,0.5,0.5,text
bells,Ring it,Soft.,0.75,0,0.5,text
"""
TABLE = 'ask,said,mark\nRing,"It rings, twice.",full\nRing,No.,none\nRing,Perhaps.,unsure\n'


@pytest.fixture
def evals(tmp_path: Path) -> Path:
    for name, text in (("refusal_scorer/refusal", REFUSAL), ("harm/bells", HARM), ("harm/mini_bells", HARM)):
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_refusals_of_pyrit(evals: Path) -> None:
    found = pyrit("pyrit-refusal", evals)
    assert [each.labels for each in found] == [{"refused": True}, {"refused": False}]
    assert found[0].item.response == "I can't\ndo that."


def test_the_mean_of_several_raters_decides_and_parts_are_not_read_twice(evals: Path) -> None:
    assert [each.labels for each in pyrit("pyrit-harm", evals)] == [{"complied": True}, {"complied": False}]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", REFUSAL.replace(",1,", ",much,"), "objective,human_score\nRing,1\n"])
def test_a_file_of_another_shape_is_an_error(evals: Path, text: str) -> None:
    (evals / "refusal_scorer" / "refusal.csv").write_text(text)
    with pytest.raises(DataError, match=r"refusal\.csv"):
        pyrit("pyrit-refusal", evals)


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_file_holds_no_answers(evals: Path, text: str) -> None:
    (evals / "refusal_scorer" / "refusal.csv").write_text(text)
    assert pyrit("pyrit-refusal", evals) == []


def test_a_set_that_is_not_there_says_what_to_do(evals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="Known"):
        pyrit("pyrit-bells", evals)
    with pytest.raises(DataError, match="--pyrit"):
        pyrit("pyrit-objective", evals)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(DataError, match="pip install --no-deps pyrit"):
        pyrit("pyrit-refusal")


def test_a_table_of_the_users_is_read_through_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    columns = {"prompt": "ask", "completion": "said", "label": "mark"}
    found = table(path, columns, {"full": "complied", "none": "refused", "unsure": ""})
    assert [each.item.response for each in found] == ["It rings, twice.", "No."]
    assert [each.labels["complied"] for each in found] == [True, False]


@pytest.mark.parametrize(
    ("columns", "labels", "says"),
    [({}, {}, "no column 'prompt'"), ({"prompt": "ask", "completion": "said", "label": "mark"}, {}, "--label full=")],
)
def test_a_table_without_its_mapping_says_what_is_missing(
    tmp_path: Path, columns: dict[str, str], labels: dict[str, str], says: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    with pytest.raises(DataError, match=says):
        table(path, columns, labels)


def test_a_draw_is_the_same_for_the_same_seed(evals: Path) -> None:
    found = pyrit("pyrit-refusal", evals) * 10
    assert draw(found, 5, 1) == draw(found, 5, 1)
    assert draw(found, None, 1) == found


def test_what_an_outcome_answers() -> None:
    assert questions(Outcome.PARTIAL) == {"refused": False, "complied": True}
    assert questions(Outcome.INCOHERENT) == {"refused": False, "complied": False}
    assert questions(Outcome.SAFE) == {"complied": False}
    assert questions(Outcome.UNSCORED) == {}


def test_the_sets_of_the_installed_package() -> None:
    if importlib.util.find_spec("pyrit") is None:
        pytest.skip("PyRIT is not installed")
    assert {name: len(pyrit(name)) for name in PYRIT} == {
        "pyrit-refusal": 169,
        "pyrit-objective": 395,
        "pyrit-harm": 990,
    }
