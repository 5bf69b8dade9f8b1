"""Verdicts that were given: a JSON line each, by the hash of all that they depend on. A kill loses at most one."""

import hashlib
from pathlib import Path

from pydantic import BaseModel

from switchgear.evaluation.judges.base import Judge
from switchgear.evaluation.judges.items import Item
from switchgear.evaluation.scorers.outcome import Verdict
from switchgear.runs import append_model, resume_models


class Stored(BaseModel):
    key: str
    verdict: Verdict


class Store:
    """Without a path, nothing is kept. A judge without a key is asked anew each time."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.known = {each.key: each.verdict for each in resume_models(path, Stored)} if path else {}

    def get(self, judge: Judge, item: Item) -> Verdict | None:
        return self.known.get(_key(judge, item)) if judge.key else None

    def put(self, judge: Judge, item: Item, verdict: Verdict) -> None:
        if judge.key is None:
            return
        self.known[_key(judge, item)] = verdict
        if self.path:
            append_model(self.path, Stored(key=_key(judge, item), verdict=verdict))


def _key(judge: Judge, item: Item) -> str:
    return hashlib.sha256(f"{judge.key}/{item.sha256}".encode()).hexdigest()
