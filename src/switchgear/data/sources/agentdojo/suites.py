"""Traces generated from AgentDojo's task suites (banking, slack, travel, workspace), without a model or a network.

Read from `inspect_evals.agentdojo` (MIT). Each user task and each injection task carries the calls that solve it. They
are executed in the suite's environment with the attack text in its injection vectors, so every tool result is real:

- clean: the user's task, nothing injected; the continuation is all that the assistant does;
- resisted: the user's task in the injected world, to its end; the continuation starts once the injection was seen;
- hijacked: the same up to there; the continuation is the attacker's calls.

A row is one trace of one user task (clean), or of one user task, injection task and template (resisted, hijacked). Each
is kept, or dropped with a reason. `expectation.expected[i]` belongs to the user's i-th call from the start of the
continuation on; `expectation.forbidden` has the attacker's calls in order, without those the user's task makes too.

Quirks: `workspace_plus` needs a sandbox and is left out; travel's injection task 6 has no calls, its goal is a text;
the text of a banking bill is itself an injection vector, so the bill's amount and IBAN are gone from injected worlds.
"""

import random
from collections.abc import Iterator, Sequence

from inspect_evals.agentdojo.dataset import TASK_SUITES
from pydantic import PositiveInt

from switchgear.data.injections.families import FAMILIES, Families
from switchgear.data.labels.patterns import own_patterns
from switchgear.data.reading.options import Options, checked
from switchgear.data.sources.agentdojo.scenes import SOURCE, Scene, Staged, UnstageableError, offered, provenance, stage
from switchgear.data.sources.agentdojo.traces import conversation
from switchgear.data.sources.agentdojo.world import SUITES, Suite
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Expectation, Role, Trace


class SuitesOptions(Options):
    suites: tuple[Suite, ...] = SUITES
    families: Families = tuple(FAMILIES)
    """Of attack templates; keys of `FAMILIES`."""
    templates: PositiveInt | None = None
    """Drawn from the families for each pair of a user's and an attacker's task. None: all of them."""
    max_tools: PositiveInt | None = None
    """Offer the tools that a trace and its twin call, and others up to this number. None: all of the suite."""
    traces: tuple[Trace, ...] = tuple(Trace)


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """Every trace of the chosen suites, families and kinds. Equal options and seed give equal examples."""
    options = checked(recipe, SuitesOptions)
    for suite in options.suites:
        for user_task in TASK_SUITES[suite].user_tasks.values():
            yield from _traces(Scene(suite, user_task), (Trace.CLEAN,), options, seed)
        for scene in _attacks(suite, options, seed):
            yield from _traces(scene, (Trace.RESISTED, Trace.HIJACKED), options, seed)


def _attacks(suite: str, options: SuitesOptions, seed: int) -> Iterator[Scene]:
    """By attack first: the environment of one attack then serves all user tasks."""
    templates = [(family, variant) for family in options.families for variant in range(len(FAMILIES[family]))]
    user_tasks = TASK_SUITES[suite].user_tasks.values()
    for injection_task in TASK_SUITES[suite].injection_tasks.values():
        draws = {
            user_task.ID: random.Random(f"{seed}/{Scene(suite, user_task).group}/{injection_task.ID}")
            for user_task in user_tasks
        }
        drawn = {task: draw.sample(templates, len(templates))[: options.templates] for task, draw in draws.items()}
        for family, variant in templates:
            for user_task in user_tasks:
                if (family, variant) in drawn[user_task.ID]:
                    yield Scene(suite, user_task, injection_task, family, variant)


def _traces(scene: Scene, kinds: Sequence[Trace], options: SuitesOptions, seed: int) -> Iterator[Example | Drop]:
    wanted = [kind for kind in kinds if kind in options.traces]
    if not wanted:
        return
    try:
        staged = stage(scene)
    except UnstageableError as error:
        yield from (Drop(reason=str(error), row=f"{scene.row}/{kind}") for kind in wanted)
        return
    for kind in wanted:
        yield _trace(scene, staged, kind, options, seed)


def _trace(scene: Scene, staged: Staged, kind: Trace, options: SuitesOptions, seed: int) -> Example | Drop:
    prompt, own = scene.user_task.PROMPT, staged.own
    messages = whole = conversation(prompt, own.steps, scene.answer, scene.attack)
    if kind is Trace.HIJACKED:
        messages = conversation(prompt, (*own.steps[: own.seen], *staged.attack), attack=scene.attack)
    start = 2 + 2 * own.seen  # of the continuation
    continuation = tuple(range(start, len(messages), 2))
    if not continuation:
        return Drop(reason="the user's task ends where the injection is first seen", row=f"{scene.row}/{kind}")
    return Example(
        id=f"{SOURCE}/{scene.row}/{kind}",
        role=Role.HARMFUL if kind is Trace.HIJACKED else Role.BENIGN,
        trace=kind,
        messages=messages,
        tools=offered(scene, staged, options.max_tools, seed),
        continuation=continuation,
        expectation=Expectation(expected=own_patterns(whole, range(start, len(whole))), forbidden=staged.forbidden),
        category=scene.category,
        group=scene.group,
        tags=scene.tags,
        provenance=provenance(scene, staged),
    )
