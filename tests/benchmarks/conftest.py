"""Makes the repository root importable, however pytest was started: benchmarks are no part of the package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
