"""Any dataset of conversations or of pairs: JSON, JSONL, CSV or Parquet files, or a dataset of the hub.

What is known of the data is said in the options: what it is for, its name, licence and category, and which of its
fields is which. A row is one of

    {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "...", "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "...", "arguments": "{...}"}}]}], "tools": [...]}

in the form of OpenAI's chat API (arguments as JSON or as a dictionary, content as text, null or text parts), or

    {"user_prompt": "...", "harmful_completion": "...", "text": "...", "cb_token_mask": [0, 0, 1, 1]}
    {"user_prompt": "...", "benign_completion": "...", "text": "...", "retain_token_mask": {"start": 2, "end": 4}}

the minimal form, that `pairs` writes. A row with both completions gives twins. A row of pairs tells by
its fields what it is for (`role: refusal` makes its benign completion one); of conversations the recipe must say it. A
prompt without a completion, as each line of a .txt file is, is a case if the role is `case`, else a drop: never a
harmful example. A token mask is honoured where it means the completion; `token_masks` says when that
can be told.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from switchgear.data.reading.hub import HubOptions, rows
from switchgear.data.reading.options import checked
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import Origin, chat, example, exchange, question
from switchgear.data.reading.token_masks import objection
from switchgear.errors import RecipeError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Role

FieldName = Literal[
    "messages", "tools", "user_prompt", "harmful_completion", "benign_completion", "text", "cb_token_mask",
    "retain_token_mask", "role", "category", "group", "source",
]  # fmt: skip
ROLES = {role.value: role for role in Role}
COMPLETIONS = {
    "harmful_completion": ("cb_token_mask", (Role.HARMFUL,)),
    "benign_completion": ("retain_token_mask", (Role.BENIGN, Role.REFUSAL)),
}
"""Field -> the field of its mask, and what the pair may be for; the first by default."""


class ChatOptions(HubOptions):
    dataset: str = "chat"
    """The dataset's name, in ids and in the provenance."""
    licence: str = "not stated"
    role: Role | None = None
    """What the rows are for, where a row does not say it."""
    behaviour: Literal["comply", "refuse"] | None = None
    """What a good answer to them does, for cases."""
    category: str = ""
    """The harm, where a row does not say it; `switchgear.data.labels.taxonomy` has the names that reports compare."""
    tags: dict[str, str] = Field(default_factory=dict)
    """What a holdout can select by; `benchmark: name` for prompts of a benchmark."""
    fields: dict[FieldName, str] = Field(default_factory=dict)
    """Our name of a field -> the dataset's name: `user_prompt: instruction`."""
    continuation: Literal["all", "last"] = "all"
    """Of a conversation: all that the assistant says, or its last message alone."""

    @property
    def origin(self) -> Origin:
        return Origin(self.dataset, self.licence)


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """The examples of every row; two of a row with two completions.

    Raises:
        RecipeError: options that are not known, or conversations without a role.
        DataError: files that are missing or damaged, or a hub that cannot be reached.
    """
    options = checked(recipe, ChatOptions)
    for row in rows(recipe, options):
        renamed = {ours: row.value.get(theirs) for ours, theirs in options.fields.items()}
        yield from _examples(row._replace(value=row.value | renamed), options)


def _examples(row: Row, options: ChatOptions) -> list[Example | Drop]:
    stated = row.text("role") or options.role
    role = ROLES.get(stated) if stated else None
    if stated and role is None:
        return [Drop(reason=f"its role is none of {', '.join(ROLES)}", row=row.place)]
    if row.value.get("messages") is not None:
        return [_conversation(row, role, options)]
    given = [name for name in COMPLETIONS if row.text(name)]
    if not row.text("user_prompt"):
        return [Drop(reason="neither messages nor a prompt", row=row.place)]
    if role is Role.CASE:
        return [example(options.origin, row, role, question(row.text("user_prompt")), **_labels(row, options))]
    if not given:
        return [Drop(reason="no completion: a prompt alone is no example to train on", row=row.place)]
    return [_pair(row, name, role, options, twin=len(given) > 1) for name in given]


def _conversation(row: Row, role: Role | None, options: ChatOptions) -> Example | Drop:
    if role is None:
        raise RecipeError(
            f"Source chat: {row.place} is a conversation, which does not tell what it is for. Set the option `role` "
            f"({', '.join(ROLES)}), or name the field that tells it: `fields: {{role: ...}}`."
        )
    made = chat(options.origin, row, role, **_labels(row, options))
    if isinstance(made, Example) and options.continuation == "last":
        return made.model_copy(update={"continuation": made.continuation[-1:]})
    return made


def _pair(row: Row, name: str, role: Role | None, options: ChatOptions, twin: bool) -> Example | Drop:
    mask_name, roles = COMPLETIONS[name]
    prompt, completion, mask = row.text("user_prompt"), row.text(name), row.value.get(mask_name)
    if role and role not in roles and not twin:
        return Drop(reason=f"its role is {role}, but it has a {name}", row=row.place)
    if mask is not None and (reason := objection(mask, row.text("text"), prompt, completion)):
        return Drop(reason=reason, row=row.place)
    used = role if role in roles else roles[0]
    messages = exchange(prompt, completion)
    return example(options.origin, row, used, messages, twin=used if twin else "", **_labels(row, options))


def _labels(row: Row, options: ChatOptions) -> dict[str, Any]:
    group = row.value.get("group")
    return {
        "category": row.text("category") or options.category,
        "expectation": Expectation(behaviour=options.behaviour),
        "tags": {"subset": row.text("source")} | options.tags,
        **({"group": f"{options.dataset}/{group}"} if group is not None else {}),
    }
