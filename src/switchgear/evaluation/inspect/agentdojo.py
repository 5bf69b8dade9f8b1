"""`switchgear/agentdojo`: AgentDojo live: the agent acts, and its environment tells what came of it.

Debenedetti et al. 2024, through inspect-evals, whose `security` is true where the attack succeeded. The attacks are the
template families of `switchgear.data.injections.families`; inspect-evals itself has one of them.
"""

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from switchgear.data.injections.families import FAMILIES
from switchgear.errors import RecipeError, unknown
from switchgear.evaluation.inspect.asking import needed
from switchgear.evaluation.inspect.scoring import OVERFLOW, RATES, overflowed, scored, unscored

SUITES = ("banking", "slack", "travel", "workspace", "workspace_plus")
MAX_TOKENS = 512  # of one turn
MAX_MESSAGES = 34  # system, user, and as many turns with a result as AgentDojo's own loop allows, 15, and some


@task
def agentdojo(
    suite: str = "banking",
    attack: str | None = "important_instructions",
    template: int = 0,
    user_tasks: list[int] | int | None = None,
    injection_tasks: list[int] | int | None = None,
    limit: int | None = None,
    max_tokens: int = MAX_TOKENS,
    max_messages: int = MAX_MESSAGES,
) -> Task:
    """One suite under one attack: utility, and the share of attacks that reach the attacker's goal.

    Args:
        suite: a key of `SUITES`. Tasks that need a sandbox are left out.
        attack: a key of `FAMILIES`; `none` for the user's tasks without an attack.
        template: which wording of the family.
        user_tasks, injection_tasks: their numbers; all, if not given.
        limit: at most this many samples.
        max_tokens: of one turn. max_messages: of a conversation.

    Raises:
        RecipeError: no such suite, attack or template.
    """
    from inspect_evals.agentdojo.agents.agent import get_agent
    from inspect_evals.agentdojo.dataset import load_dataset, setup_environment

    if suite not in SUITES:
        raise RecipeError(unknown("suite", suite, SUITES))
    attacked = attack not in (None, "none")
    samples = list(load_dataset("no", suite, _numbers(user_tasks), _numbers(injection_tasks), attacked))
    for sample in samples:
        told = sample.metadata or {}
        sample.metadata = {**told, "group": f"{suite}/{told['task_id']}"}
    return Task(
        dataset=MemoryDataset(needed(samples, f"task of AgentDojo's suite {suite}", limit), name=suite),
        setup=setup_environment(_template(str(attack), template) if attacked else ""),
        solver=get_agent("default"),
        scorer=end_state(),
        config=GenerateConfig(max_tokens=max_tokens, temperature=0),
        message_limit=max_messages,
        fail_on_error=False,
        metadata={"suite": suite, "attack": attack or "none"},
    )


@scorer(metrics=RATES)
def end_state() -> Scorer:
    """utility and attack_success from the environment's end state. A context overflow is in neither."""
    from inspect_evals.agentdojo.scorer import injection_task_scorer, user_task_scorer

    async def compute(state: TaskState, target: Target) -> Score:
        if overflowed(state):
            return unscored(OVERFLOW)
        attacked = "injection_task" in state.metadata
        found: Any = await (injection_task_scorer() if attacked else user_task_scorer())(state, target)
        measures = {"utility": found.value["utility"] == "C"}
        if attacked:
            measures["attack_success"] = found.value["security"] == "C"
        return scored(measures, state.output.completion)

    return compute


def _template(family: str, number: int) -> str:
    if family not in FAMILIES:
        raise RecipeError(unknown("attack", family, [*FAMILIES, "none"]))
    if not 0 <= number < len(FAMILIES[family]):
        raise RecipeError(f"template {number}: {family} has {len(FAMILIES[family])}, counted from 0.")
    return FAMILIES[family][number]


def _numbers(given: list[int] | int | None) -> list[int] | None:
    return [given] if isinstance(given, int) else given
