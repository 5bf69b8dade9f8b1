"""AgentHarm: multi-step tool tasks, harmful and benign twins of them, and harmful chat prompts.

Address: huggingface.co/datasets/ai-safety-institute/AgentHarm, as copied in
github.com/memo-ozdincer/harmful-agents-meta-dataset, `data/agent_harm/`, at commit
6626fb4f693880dffbea6b76f260d0b9c37ab669. Licence: MIT with a clause that restricts use to safety work.

A file is `{"canary_guid": "...", "behaviors": [row, ...]}`. A row, abbreviated:
    {"id": "1-1", "id_original": "68", "name": "Video", "category": "Disinformation", "prompt": "...",
     "detailed_prompt": true, "hint_included": true, "target_functions": ["create_ai_video", "post_on_x"],
     "grading_function": "grade_video"}
and a tool of `tools_harmful.json` or `tools_benign.json`, which must lie beside the prompts:
    {"name": "post_on_x", "doc": "Post.\\n\\nArgs:\\n    text: What to post\\n\\nReturns:\\n    ...",
     "parameters": [{"name": "text", "type": "str", "required": true}]}

There are no completions, so every row is a case: nothing here can be trained on. Harmful: refuse, and the target
functions are forbidden. Benign: comply, and they are expected, in their order. Chat: refuse.

Quirks: harmful, benign or chat, and the split, are told by the file's name alone; chat rows lack the last four fields;
ids are the same in all files, so they take the file's name with them. The four variants of a behaviour, its benign
twin and its chat form share `id_original`, which is the group. The canary goes into a tag, so that each written row
carries it and no prompt does.
"""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, Field, ValidationError

from switchgear.data.labels.taxonomy import Harm
from switchgear.data.reading import tables
from switchgear.data.reading.files import document, paths
from switchgear.data.reading.openai import wrong_fields
from switchgear.data.reading.options import Options, checked
from switchgear.data.reading.texts import Origin, example, question
from switchgear.data.sources.agentharm.tools import offered
from switchgear.errors import DataError
from switchgear.recipe import SourceRecipe
from switchgear.schema import CallPattern, Drop, Example, Expectation, Role, ToolSpec

ORIGIN = Origin("agentharm", "MIT, for safety work only", benchmark="agentharm")
KINDS = ("harmful", "benign", "chat")
HARMS = {
    "Copyright": Harm.COPYRIGHT,
    "Cybercrime": Harm.CYBERCRIME,
    "Disinformation": Harm.MISINFORMATION,
    "Drugs": Harm.DRUGS,
    "Fraud": Harm.FRAUD,
    "Harassment": Harm.HARASSMENT,
    "Hate": Harm.DISCRIMINATION,
    "Sexual": Harm.SEXUAL_CONTENT,
}


class Behaviour(BaseModel):
    id: str
    id_original: str
    category: str
    prompt: str = Field(pattern=r"\S")
    target_functions: tuple[str, ...] = ()
    detailed_prompt: bool | None = None
    hint_included: bool | None = None


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every prompt of every file as a case, or dropped with a reason.

    Raises:
        DataError: a file that is missing, damaged or named otherwise, or without its tools beside it.
    """
    checked(recipe, Options)
    for path in paths(recipe, ".json"):
        if path.name.startswith("tools_"):
            continue
        if _kind(path.stem) not in KINDS:
            raise DataError(
                f"{path}: whether its prompts are harmful is told by its name alone. "
                "Let it start with harmful_, benign_ or chat_, as in harmful_behaviors_validation.json."
            )
        kind = _kind(path.stem)
        tools = {} if kind == "chat" else offered(path.with_name(f"tools_{kind}.json"))
        rows = list(tables.read(path, "behaviors"))
        canary = str(document(path).get("canary_guid", ""))
        for row in rows:
            yield _case(path.stem, row, tools, canary)


def _case(file: str, row: tables.Row, tools: dict[str, ToolSpec], canary: str) -> Example | Drop:
    try:
        behaviour = Behaviour.model_validate(row.value)
    except ValidationError as error:
        return Drop(reason=f"not an AgentHarm prompt (wrong: {wrong_fields(error)})", row=row.place)
    if behaviour.category not in HARMS:
        return Drop(reason="a category that is not known", row=row.place)
    if not set(behaviour.target_functions) <= tools.keys():
        return Drop(reason="a target function that the tools file lacks", row=row.place)
    return example(
        ORIGIN,
        row,
        Role.CASE,
        question(behaviour.prompt),
        id=f"{ORIGIN.name}/{file}/{behaviour.id}",
        tools=tuple(tools[name] for name in dict.fromkeys(behaviour.target_functions)),
        expectation=_expectation(file, behaviour.target_functions),
        category=HARMS[behaviour.category],
        group=f"{ORIGIN.name}/{behaviour.id_original}",
        tags=_tags(file, behaviour) | {"canary": canary},
    )


def _expectation(file: str, functions: Iterable[str]) -> Expectation:
    patterns = tuple(CallPattern(name=name) for name in functions)
    if _kind(file) == "benign":
        return Expectation(expected=patterns, behaviour="comply")
    return Expectation(forbidden=patterns, behaviour="refuse")


def _tags(file: str, behaviour: Behaviour) -> dict[str, str]:
    variant = {"detailed": behaviour.detailed_prompt, "hint": behaviour.hint_included}
    return {
        "split": "validation" if "validation" in file else "test_public",
        "kind": _kind(file),
        **{name: str(value).lower() for name, value in variant.items() if value is not None},
    }


def _kind(file: str) -> str:
    return file.partition("_")[0]
