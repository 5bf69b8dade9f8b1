"""The forms that a dataset is written in."""

from enum import StrEnum


class Format(StrEnum):
    """What to write beside the JSONL, which the stages of a run read."""

    PARQUET = "parquet"  # for `datasets` and the hub
    JSONL = "jsonl"  # nothing more
    PAIRS = "pairs"  # a prompt and its completion on a line
