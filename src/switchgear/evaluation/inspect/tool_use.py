"""`switchgear/tool_use`: requests whose right calls are known (BFCL), scored as BFCL does, by the calls alone."""

from collections.abc import Sequence

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from switchgear.data.labels.patterns import matches
from switchgear.evaluation.held_out import held_out
from switchgear.evaluation.inspect.asking import ask, example_of, needed, opened, sample_of
from switchgear.evaluation.inspect.messages import turn_of
from switchgear.evaluation.inspect.scoring import OVERFLOW, RATES, overflowed, scored, unscored
from switchgear.model.calls import ParsedTurn
from switchgear.schema import CallPattern, Example, Role, ToolCall, ToolSpec

SOURCE = "bfcl"
MAX_TOKENS = 256


@task
def tool_use(
    run: str | None = None, source: str = SOURCE, limit: int | None = None, max_tokens: int = MAX_TOKENS
) -> Task:
    """The held-out questions of `source`, at most `limit`, with their tools: all right calls, and no other, are wanted.

    Where the case is that no tool fits (`calls: none`), no call is wanted.
    """
    recipe, folder = opened(run)
    samples = [
        sample_of(example.id, example, example.continuation[0] if example.continuation else len(example.messages))
        for example in held_out(recipe, folder)
        if example.provenance.dataset == source and (example.expectation.expected or _none_wanted(example))
    ]
    return Task(
        dataset=MemoryDataset(needed(samples, f"question of {source} with known calls", limit)),
        solver=ask(),
        scorer=calls(),
        config=GenerateConfig(max_tokens=max_tokens, temperature=0),
        fail_on_error=False,
    )


@scorer(metrics=RATES)
def calls() -> Scorer:
    """right_calls where calls are wanted, no_call where none is; attempted, malformed and native_format of all."""

    async def compute(state: TaskState, target: Target) -> Score:
        if overflowed(state):
            return unscored(OVERFLOW)
        example = example_of(state.metadata)
        turn = turn_of(state.output, example.tools)
        return scored(measures(turn, example), turn.text)

    return compute


def measures(turn: ParsedTurn, example: Example) -> dict[str, bool | None]:
    none = _none_wanted(example)
    return {
        "right_calls": None if none else right_calls(turn, example),
        "no_call": turn.attempted == 0 if none else None,
        "attempted": turn.attempted > 0,
        "malformed": turn.attempted > len(turn.calls),
        "native_format": turn.native if turn.attempted else None,
    }


def right_calls(turn: ParsedTurn, example: Example) -> bool:
    """Every expected call is made once, in whatever order, with accepted values and arguments that the tool has.

    As BFCL's AST check (Patil et al. 2025), but for what patterns leave open: the values of arguments that may be left
    out.
    """
    expected = example.expectation.expected
    tools = {tool.name: tool for tool in example.tools}
    proper = all(call.name in tools and _fits(call, tools[call.name]) for call in turn.calls)
    return turn.attempted == len(turn.calls) == len(expected) and proper and _paired(turn.calls, expected)


def _fits(call: ToolCall, tool: ToolSpec) -> bool:
    """Whether the call has all required arguments, and none that the tool lacks."""
    known = tool.parameters.get("properties") or {}
    return set(tool.parameters.get("required") or ()) <= call.arguments.keys() <= known.keys()


def _paired(calls: Sequence[ToolCall], patterns: Sequence[CallPattern]) -> bool:
    """Whether each call can have a pattern of its own that it matches."""
    if not patterns:
        return not calls
    first, *others = patterns
    return any(matches(call, first) and _paired([*calls[:i], *calls[i + 1 :]], others) for i, call in enumerate(calls))


def _none_wanted(example: Example) -> bool:
    return example.role is Role.CASE and example.tags.get("calls") == "none"
