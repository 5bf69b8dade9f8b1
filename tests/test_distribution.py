"""Wheel and sdist: they hold what the package reads at run time, and nothing that is not ours to ship."""

import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CODE = {".py", ".pyc"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (find_spec("build") and find_spec("hatchling")):
        pytest.skip("build or hatchling is not installed")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def data_files() -> set[str]:
    """What stands beside the code: templates, styles, vocabularies."""
    source = ROOT / "src" / "switchgear"
    files = (path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(Path("switchgear") / path.relative_to(source)) for path in files if path.suffix not in CODE}


def test_the_wheel_holds_every_data_file_and_the_package_alone(built: Path):
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert data_files()
    assert not data_files() - names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"switchgear"}


def test_the_wheel_has_the_command_the_entry_points_and_the_licence(built: Path):
    [wheel] = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    [points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "switchgear = switchgear.cli:main" in archive.read(points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


def test_the_sdist_builds_from_itself_and_brings_docs_and_recipes(built: Path):
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "recipes/demo.yaml", "docs/index.md", "CITATION.cff"} <= names
    assert not [name for name in names if name.startswith(("runs/", ".venv/", "site/"))]


def test_citation_and_package_agree_on_the_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]
    assert f'version = "{cited}"' in (ROOT / "pyproject.toml").read_text()
