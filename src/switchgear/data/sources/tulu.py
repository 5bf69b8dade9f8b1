"""Tülu: the mixture that Tülu models were tuned on, and what such models answered in a human evaluation.

Address: the hub dataset allenai/tulu-3-sft-mixture (ODC-BY-1.0; parts have other licences), which is read without a
`path`; or github.com/allenai/open-instruct, `human_eval/data/eval_instances_tulu_1.jsonl` at commit
e6c3044aa6201c8bfa4573c1b03142af599e730d (996 rows; repository Apache-2.0).

A row of the mixture, and of the evaluation:
    {"id": "...", "messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}], "source": "ai2/..."}
    {"id": "vicuna_12", "prompt": "...", "completions": [{"model": "tulu_65B", "completion": "..."}, {...}]}

All that the assistant says is benign. The evaluation compares the 65B model with three others, so its answer to each of
the 332 prompts stands there three times: it is kept once. All answers to a prompt are one group.
"""

from collections.abc import Iterator
from typing import Any

from switchgear.data.reading.hub import HubOptions, rows
from switchgear.data.reading.options import checked
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import Origin, chat, digest, example, exchange
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role

MIXTURE = Origin("tulu", "ODC-BY-1.0 (parts differ)")
EVALUATION = Origin("tulu", "Apache-2.0 (repository)")


class TuluOptions(HubOptions):
    hub: str = "allenai/tulu-3-sft-mixture"


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """A benign example for each conversation of the mixture, or each answer of the evaluation.

    Raises:
        RecipeError: options that are not known.
        DataError: files that are missing or damaged, or a hub that cannot be reached.
    """
    seen: set[tuple[str, str]] = set()
    for row in rows(recipe, checked(recipe, TuluOptions)):
        if "completions" not in row.value:
            yield chat(MIXTURE, row, tags={"subset": row.text("source")})
            continue
        answers = row.value["completions"]
        if not isinstance(answers, list) or not answers or not row.text("prompt"):
            yield Drop(reason="no prompt, or no completions", row=row.place)
            continue
        for number, answer in enumerate(answers):
            yield _answer(row._replace(place=f"{row.place}/{number}"), answer, seen)


def _answer(row: Row, answer: Any, seen: set[tuple[str, str]]) -> Example | Drop:
    """One model's answer to a prompt, unless it is among those `seen`."""
    prompt = row.text("prompt")
    given = row._replace(value=answer if isinstance(answer, dict) else {})
    completion = given.text("completion")
    if not completion:
        return Drop(reason="no completion", row=row.place)
    if (prompt, completion) in seen:
        return Drop(reason="an answer that was there before", row=row.place)
    seen.add((prompt, completion))
    return example(
        EVALUATION,
        row,
        Role.BENIGN,
        exchange(prompt, completion),
        group=f"tulu/{digest(prompt)}",
        tags={"model": given.text("model")},
    )
