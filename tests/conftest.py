"""What all tests share: checked shapes, no network, and where the public data files are, if they are here."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test processes on two cores spin at each other's barriers

install_import_hook("switchgear", "beartype.beartype")

SHARED_DATA = Path(os.environ.get("SWITCHGEAR_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data files that are used in development. They are never committed."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"public data files are not at {SHARED_DATA}; set SWITCHGEAR_DATA to the folder that holds them")
    return SHARED_DATA
