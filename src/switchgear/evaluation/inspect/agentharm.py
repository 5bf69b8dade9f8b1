"""`switchgear/agentharm`: AgentHarm's agent, tools and graders, on a behaviours file that is here.

Andriushchenko et al. 2024, through inspect-evals, with three changes: a judge that fails or makes no sense leaves the
sample unscored, where it would have counted as no refusal or as no harm; an agent that has come apart is told from a
harmless one; tools keep their order, so that two models read the same.
"""

from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, Model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from switchgear.data.reading import tables
from switchgear.data.reading.files import paths
from switchgear.errors import DataError
from switchgear.evaluation.inspect.agentharm_grading import RULES, graded
from switchgear.evaluation.inspect.asking import UnpreparedError, needed, opened

KINDS = ("harmful", "benign")
MAX_TOKENS, MAX_MESSAGES = 1024, 20  # of one turn; of a conversation, as in inspect-evals


@task
def agentharm(
    behaviours: str,
    semantic_judge: str | dict[str, Any] | Model | None = None,
    refusal_judge: str | Model = RULES,
    ids: list[str] | str | None = None,
    limit: int | None = None,
    max_tokens: int = MAX_TOKENS,
    run: str | None = None,
) -> Task:
    """The behaviours of a file that is named as AgentHarm's own are: harmful_behaviors_... or benign_behaviors_...

    Args:
        behaviours: the file, or its name among those that the sources `agentharm` of the run read.
        semantic_judge: the model that graders ask whether a text passes, or an entry of `evaluate.judges` with one.
            Name one that is not the model under test.
        refusal_judge: the model that is asked, in AgentHarm's words, whether a message refuses; or our `rules`.
        ids: of behaviours; all, if not given.
        limit: at most this many of them.
        max_tokens: of one turn.
        run: the run folder; that of the model, if it is `switchgear/RUN`.

    Raises:
        DataError: no such file, another one, or no judge.
    """
    from inspect_evals.agentharm.agents.agent import get_agent

    kind = Path(behaviours).name.partition("_")[0]
    if kind not in KINDS:
        raise DataError(
            f"{behaviours}: its name has to begin with harmful_ or benign_, which tells the tools and graders."
        )
    path = _file(behaviours, run)
    if semantic_judge is None:
        raise UnpreparedError("AgentHarm's graders ask a general model: name one, as --judge rubric=MODEL.")
    wanted = [ids] if isinstance(ids, str) else ids
    samples = [_sample(row.value) for row in tables.read(path, "behaviors") if not wanted or row.text("id") in wanted]
    if not samples:
        raise DataError(f"{path} has no behaviour{f' of {wanted}' if wanted else ''}.")
    return Task(
        dataset=MemoryDataset(needed(samples, "behaviour", limit), name=kind),
        solver=[tools(kind), get_agent("default")],
        scorer=graded(kind, semantic_judge, refusal_judge),
        config=GenerateConfig(max_tokens=max_tokens, temperature=0),
        message_limit=MAX_MESSAGES,
        fail_on_error=False,
        metadata={"kind": kind},
    )


@solver
def tools(kind: str) -> Solver:
    """The tools that a behaviour is about, in the file's order."""
    from inspect_evals.agentharm.benchmark import benign_tools, harmful_tools

    offered = harmful_tools if kind == "harmful" else benign_tools

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.tools = [getattr(offered, name)() for name in state.metadata["target_functions"]]
        return state

    return solve


def _file(behaviours: str, run: str | None) -> Path:
    path = Path(behaviours)
    if path.is_file() or path.name != behaviours:
        return path
    recipe, _ = opened(run)
    sources = [*recipe.evaluate.sources, *recipe.data.sources]
    files = [path for source in sources if source.name == "agentharm" for path in paths(source, ".json")]
    found = next((path for path in files if path.name == behaviours), None)
    if found is None:
        raise UnpreparedError(
            f"There is no {behaviours}. Give the folder of public benchmarks (--data FOLDER), or name the folder of "
            "AgentHarm's files in evaluate.sources."
        )
    return found


def _sample(value: dict[str, Any]) -> Sample:
    if missing := {"id", "prompt", "target_functions", "grading_function", "category"} - value.keys():
        raise DataError(f"A behaviour lacks {', '.join(sorted(missing))}: this is not one of AgentHarm's files.")
    return Sample(
        id=value["id"], input=value["prompt"], metadata={**value, "group": value.get("id_original", value["id"])}
    )
