"""Prepared examples as Inspect's samples, put to any model: one answer each, no tool is run.

A sample carries its example, so that a stored log can be scored again without the dataset.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, GenerateConfig, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from switchgear import recipe as recipes
from switchgear.errors import DataError, RecipeError
from switchgear.evaluation.held_out import shuffled
from switchgear.evaluation.inspect.messages import to_inspect, tool_infos
from switchgear.recipe import Recipe
from switchgear.runs import Run
from switchgear.schema import Example

GO_ON = GenerateConfig(extra_body={"continue_final_message": True, "add_generation_prompt": False})
"""How vLLM is told to go on with the assistant's last message, which our own provider always does."""


def opened(run: str | None) -> tuple[Recipe, Run]:
    """A run folder and its recipe; without a name, those of the model under test.

    Raises:
        RecipeError: no name, and the model is not `switchgear/RUN`. RunError: no dataset.
    """
    folder = Run(Path(run or _model_under_test()))
    if not folder.recipe.is_file():
        raise RecipeError(
            f"{folder.root} is not a run folder. Name the one whose held-out cases are to be put: -T run=..."
        )
    return recipes.load(folder.recipe), folder


class UnpreparedError(DataError):
    """A task without a case, or without the judge that it needs: in a suite it is skipped, and the summary says so."""


def needed(samples: list[Sample], wanted: str, limit: int | None = None) -> list[Sample]:
    """At most `limit` of them, the same on every machine.

    Raises:
        UnpreparedError: there are none: an empty task would have no rate, and look like a result.
    """
    if not samples:
        raise UnpreparedError(
            f"The holdout has no {wanted}. Give the folder of public benchmarks (--data FOLDER), name a source in "
            "evaluate.sources, or prepare a dataset that holds some out."
        )
    chosen = {sample.id for sample in sorted(samples, key=lambda sample: shuffled(str(sample.id), 0))[:limit]}
    return [sample for sample in samples if sample.id in chosen]


def sample_of(name: str, example: Example, message: int, opening: str = "") -> Sample:
    """What comes in the place of `example.messages[message]`, given all before it; `opening` begins the answer."""
    return Sample(
        id=name,
        input=to_inspect(example.messages[:message]),
        metadata={
            "example": example.model_dump(mode="json"),
            "message": message,
            "group": example.group,
            "opening": opening,
        },
    )


def example_of(metadata: Mapping[str, Any]) -> Example:
    return Example.model_validate(metadata["example"])


@solver
def ask(forced: bool = False) -> Solver:
    """One answer, begun with the sample's opening, or `forced` to be a call."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        tools = tool_infos(example_of(state.metadata).tools)
        begun = [ChatMessageAssistant(content=text)] if (text := state.metadata["opening"]) else []
        state.output = await get_model().generate(
            [*state.messages, *begun],
            tools=tools,
            tool_choice="any" if forced else "auto",
            config=GO_ON if begun else GenerateConfig(),
        )
        state.messages.append(state.output.message)
        return state

    return solve


def _model_under_test() -> str:
    try:
        model = get_model()
    except Exception as error:  # Inspect says in its own way that there is none
        raise RecipeError("Name a run folder: -T run=...") from error
    provider, _, name = str(model).partition("/")
    if provider != "switchgear":
        raise RecipeError(f"The model {model} is no run. Name the run whose held-out cases are to be put: -T run=...")
    return name
