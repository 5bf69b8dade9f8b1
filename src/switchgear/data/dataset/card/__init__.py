"""The card of a dataset: what is in it and why, for the terminal, as a page, and as the README of its folder."""

from switchgear.data.dataset.card.counts import describe
from switchgear.data.dataset.card.grids import table

__all__ = ["describe", "table"]
