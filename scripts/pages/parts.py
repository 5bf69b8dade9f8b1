"""What else a recipe or a row names: attack families, attacks, scorers and judges, from their docstrings."""

import sys
from collections.abc import Iterable
from typing import Any

from scripts.pages.markdown import docstring, first_paragraph, markdown
from switchgear.data.injections.families import FAMILIES
from switchgear.evaluation.judges import FORMATS, JUDGES
from switchgear.evaluation.scorers import SCORERS
from switchgear.generation.judges import JUDGES as JUDGES_OF_JOBS

HEAD = """\
# Scorers, judges and attack families

Parts that go by a name, in the words of their own docstrings. The others have pages of their own:
[sources](sources.md), [objectives, retain terms and schedules](../objectives.md),
[masks](../choosing.md#which-tokens-are-rerouted), [gates](../scaling.md#gates).
"""
SCORERS_HEAD = """
## Scorers

Each is a question about one answer, and a column of `evaluation/rows.jsonl`. An answer to which the question does not
apply is left out of the rate.

| `scorer` | true where |
|---|---|
"""
JUDGES_HEAD = """
## Judges

What `evaluate.judges`, `switchgear rejudge` and `switchgear calibrate` can name.
"""
JOBS_HEAD = """
## Judges of generated answers

What `generate.JOB.judge` can name.

| `judge` | how it tells |
|---|---|
"""
FAMILIES_HEAD = """
## Attack families

What the option `families` of a source can name: wordings into which an attacker's goal is put. Hold a family out
(`data.holdout.family`) to see whether the breaker learned more than its words.
"""


def page() -> str:
    scorers, of_jobs = _table(SCORERS.items()), _table(JUDGES_OF_JOBS.items())
    judges = "".join(_judge(name) for name in sorted(JUDGES))
    families = "".join(_family(name, wordings) for name, wordings in FAMILIES.items())
    return HEAD + SCORERS_HEAD + scorers + JUDGES_HEAD + judges + JOBS_HEAD + of_jobs + FAMILIES_HEAD + families


def _table(parts: Iterable[tuple[str, Any]]) -> str:
    return "".join(f"| `{name}` | {first_paragraph(docstring(part))} |\n" for name, part in parts)


def _judge(name: str) -> str:
    function = FORMATS[name].parse if name in FORMATS else JUDGES[name]
    return f"\n### `{name}` {{#judge-{name}}}\n\n{markdown(docstring(sys.modules[function.__module__]))}\n"


def _family(name: str, wordings: tuple[str, ...]) -> str:
    shown = "".join(f"\n```text\n{wording.strip()}\n```\n" for wording in wordings)
    return f"\n### `{name}` {{#family-{name}}}\n{shown}"
