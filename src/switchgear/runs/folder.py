"""What stands where in a run folder."""

from dataclasses import dataclass
from pathlib import Path

from switchgear.errors import RunError


@dataclass(frozen=True)
class Run:
    """Paths inside one run folder. Nothing is created until it is written."""

    root: Path

    @property
    def recipe(self) -> Path:
        return self.root / "recipe.yaml"

    @property
    def provenance(self) -> Path:
        return self.root / "provenance.json"

    @property
    def dataset(self) -> Path:
        """train.jsonl, validation.jsonl, holdout.jsonl and the same as Parquet; README.md, card.html, card.json"""
        return self.root / "dataset"

    @property
    def shards(self) -> Path:
        """What was read so far. Gone once the dataset is whole."""
        return self.root / "shards"

    @property
    def generated(self) -> Path:
        """For each job NAME: NAME.jsonl, NAME.card.json"""
        return self.root / "generated"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def adapter(self) -> Path:
        return self.root / "adapter"

    @property
    def metrics(self) -> Path:
        """One JSON line per logged optimiser step."""
        return self.root / "metrics.jsonl"

    @property
    def gates(self) -> Path:
        return self.root / "gates.json"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    @property
    def rows(self) -> Path:
        """One JSON line per case, model and mode."""
        return self.evaluation / "rows.jsonl"

    @property
    def likelihoods(self) -> Path:
        """One JSON line per case and model."""
        return self.evaluation / "likelihoods.jsonl"

    @property
    def attacks(self) -> Path:
        """One JSON line per attack, budget, attempt, case and model."""
        return self.evaluation / "attacks.jsonl"

    @property
    def summary(self) -> Path:
        return self.evaluation / "summary.json"

    @property
    def guard(self) -> Path:
        """The probe that stops an answer when the breaker trips, and how it was measured."""
        return self.root / "guard"

    @property
    def report(self) -> Path:
        return self.root / "report.html"

    def need(self, path: Path, stage: str) -> Path:
        """`path`, or a `RunError` that names the stage that writes it."""
        if not path.exists():
            raise RunError(f"{path} does not exist. Run `switchgear {stage}` with the same recipe first.")
        return path
