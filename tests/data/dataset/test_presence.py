from pathlib import Path

import pytest

from switchgear.data.dataset.presence import absent, present
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe


def source(path: Path | str | None) -> SourceRecipe:
    return SourceRecipe(name="chat", path=path)


def test_what_cannot_be_read_here_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    (tmp_path / "lfs").mkdir()
    (tmp_path / "lfs" / "rows.jsonl").write_text("version https://git-lfs.github.com/spec/v1\n")
    paths = [tmp_path / "rows.jsonl", tmp_path / "gone.jsonl", tmp_path / "lfs/*.jsonl", tmp_path / "none" / "*"]
    here, skipped = present(source(path) for path in paths)
    assert [each.path for each in here] == paths[:1]
    assert [(each["path"], each["why"]) for each in skipped] == [
        (str(paths[1]), "no such file"),
        (str(paths[2]), "Git-LFS pointers, not the data"),
        (str(paths[3]), "no such file"),
    ]


def test_what_is_not_read_from_disk_is_never_absent() -> None:
    assert absent(source(None)) is None
    assert absent(source("owner/name")) is None
    assert absent(SourceRecipe(name="weblinx", path="data/weblinx")) == "no such file"


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No source is here: .*gone.jsonl"):
        present([source(tmp_path / "gone.jsonl")])
