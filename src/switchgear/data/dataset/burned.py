"""Benchmarks that mean nothing any more: trained on, and reported on."""

from collections.abc import Collection, Iterable

from switchgear.data.dataset.facts import Facts
from switchgear.errors import DataError
from switchgear.schema import Role


def check_burned(train: Iterable[Facts], holdout: Iterable[Facts], *, allow: Collection[str] = ()) -> None:
    """Raises `DataError` if a benchmark is trained on, or may be by `allow`, and reported on: it is burned.

    It is reported on if its cases are held out. Other examples of it are a split that the recipe makes on purpose, by
    a tag; but not of a bundled benchmark, which `allow` must name before it is trained on at all. A row that came in
    under another dataset's name bears no tag; it too is only trained on where `allow` says so.
    """
    trained = {example.benchmark for example in train} | set(allow)
    held_out = {(example.benchmark, example.role) for example in holdout}
    reported = {name for name, role in held_out if name and (role == Role.CASE or name in allow)}
    if burned := sorted(trained & reported):
        raise DataError(
            f"Trained on and held out at once: {', '.join(burned)}. After training on a benchmark its score means "
            "nothing. Leave it out of the sources to train on and of `data.allow_benchmarks`, or do not hold it out."
        )
