import json
from pathlib import Path

import pytest

from switchgear.data.contamination import benchmarks
from switchgear.data.contamination.benchmarks import ORIGINS, build, bundled
from switchgear.data.contamination.fingerprints import fingerprint
from switchgear.errors import DataError, RecipeError


def test_all_benchmarks_are_bundled_with_where_they_are_from_in_little_space() -> None:
    counts = {benchmark.name: len(benchmark.prompts) for benchmark in bundled()}
    assert counts == {"agentharm": 468, "harmbench": 237, "jailbreakbench": 369, "xstest": 451}
    assert all(benchmark.revision == ORIGINS[benchmark.name].revision for benchmark in bundled())
    assert Path(benchmarks.__file__).with_name(benchmarks.FILE).stat().st_size < 500_000


def test_what_is_allowed_is_left_out_and_an_unknown_name_is_an_error() -> None:
    assert [benchmark.name for benchmark in bundled(["xstest", "agentharm"])] == ["harmbench", "jailbreakbench"]
    with pytest.raises(RecipeError, match=r"allow_benchmarks: Unknown benchmark 'xtest'. Did you mean 'xstest'\?"):
        bundled(["xtest"])


def test_a_benchmark_is_built_from_its_files_without_its_text(tmp_path: Path) -> None:
    rows = [{"behavior": "Hum a short tune!"}, {"behavior": "hum a short tune"}, {"behavior": "Whistle."}, {}]
    (tmp_path / "harmbench_test.json").write_text(json.dumps({"data": rows}))
    built = build("harmbench", tmp_path)
    assert built.prompts == {
        "harmbench_test.json:1/behavior": fingerprint("hum a short tune"),
        "harmbench_test.json:3/behavior": fingerprint("whistle"),
    }
    assert benchmarks.Benchmark.model_validate_json(built.model_dump_json()) == built
    assert "tune" not in built.model_dump_json()


def test_missing_files_are_an_error_that_says_where_they_are_published(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no \*\.csv in .*github.com/paul-rottger"):
        build("xstest", tmp_path)


@pytest.mark.parametrize("name", ORIGINS)
def test_what_is_bundled_is_what_the_files_give(shared_data: Path, name: str) -> None:
    assert build(name, shared_data / name) in bundled()
