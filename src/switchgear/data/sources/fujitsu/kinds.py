"""Fujitsu's red-team benchmark of agents that retrieve: poisoned documents (B1), jailbreaks (B3), tool flips (B4).

Address: huggingface.co/datasets/Fujitsu/agentic-rag-redteam-bench (gated), as copied by Git LFS in
github.com/memo-ozdincer/harmful-agents-meta-dataset, `data/fujitsu/*.jsonl`, at commit
6626fb4f693880dffbea6b76f260d0b9c37ab669. Licence: CC-BY-4.0, as that repository says. Written from the published lists
of fields: the files themselves were not at hand.

Rows, abbreviated; which of the three a row is, its fields tell:
    B1 {"id": "1", "adversarial_goal": "...", "attack_category": "...", "attack_mechanism": "...",
        "attack_subtype": "...", "poison_content": "...", "benign_content": "...", "user_query": "...",
        "target_rag_component": "...", "target_llm_output": "...", "judge_assessment": {"assessment": "Success"}}
    B3 the same without the contents; `user_query` is the jailbreak itself
    B4 {"attack_id": "1", "category": "...", "subtype": "...", "benign_query": "...", "malicious_injection": "...",
        "combined_query": "...", "expected_tool": "search", "simulated_tool": "delete", "success": true,
        "judge_note": "...", "models_used": "..."}

B1: the poison is the injected part of what was retrieved. The output is harmful if the judge says `Success`; else the
row is a case. B3: harmful on `Success`; else a refusal if the output is one, or a case. B4: hijacked if `success` and
another tool than expected was chosen, resisted if neither, clean if nothing was injected; the tools' arguments are not
recorded. A label that contradicts the choice is dropped.

Quirks: `malicious_injection` may be ""; `judge_assessment` an object, its JSON, or the word alone; a poisoned answer is
no call, so B1 has no trace; the published rows are said to be successes only.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.data.reading.openai import wrong_fields
from switchgear.data.reading.options import Options, checked
from switchgear.data.sources.fujitsu.texts import Jailbreak, Poisoning, jailbreak, poisoning
from switchgear.data.sources.fujitsu.tool_flips import ToolFlip, tool_flip
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example


class Kind(NamedTuple):
    """A kind of row, told by a field that the kinds after it lack."""

    field: str
    shape: type[BaseModel]
    make: Callable[[tables.Row, Any], Example | Drop]


KINDS = {
    "B4": Kind("malicious_injection", ToolFlip, tool_flip),
    "B1": Kind("poison_content", Poisoning, poisoning),
    "B3": Kind("user_query", Jailbreak, jailbreak),
}


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every row of every file, kept or dropped with a reason.

    Raises:
        DataError: a file that is missing, damaged, a Git-LFS pointer, or of another dataset.
    """
    checked(recipe, Options)
    for path in paths(recipe, ".jsonl"):
        known = False
        for row in tables.read(path):
            kind = next((kind for kind in KINDS.values() if kind.field in row.value), None)
            known = known or kind is not None
            yield _made(row, kind) if kind else Drop(reason=f"of none of the kinds {', '.join(KINDS)}", row=row.place)
        if not known:
            fields = ", ".join(kind.field for kind in KINDS.values())
            raise DataError(f"{path}: no row has one of the fields {fields}. Is it a file of another dataset?")


def _made(row: tables.Row, kind: Kind) -> Example | Drop:
    try:
        return kind.make(row, kind.shape.model_validate(row.value))
    except ValidationError as error:
        return Drop(reason=f"not of this dataset's shape (wrong: {wrong_fields(error)})", row=row.place)
