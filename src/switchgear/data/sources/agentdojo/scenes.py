"""A scene: a user's task, and in most an attack on it. Staged, it holds all that its traces are made of."""

import hashlib
import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from switchgear.data.injections.families import FAMILIES, fill
from switchgear.data.injections.forbidden import attack_patterns
from switchgear.data.sources.agentdojo.categories import CATEGORIES
from switchgear.data.sources.agentdojo.traces import Played, Step, play
from switchgear.data.sources.agentdojo.world import World, environment, ground_truth, tools
from switchgear.schema import CallPattern, Provenance, ToolSpec

SOURCE = "agentdojo_suites"


class UnstageableError(Exception):
    """The reason why a scene gives no trace."""


@dataclass(frozen=True)
class Scene:
    """One row: a user task of a suite, an injection task (or none) and the family and number of the attack template."""

    suite: str
    user_task: Any
    injection_task: Any = None
    family: str = ""
    variant: int = 0

    @property
    def group(self) -> str:
        return f"{self.suite}/user_task_{self.user_task.ID}"

    @property
    def row(self) -> str:
        if not self.injection_task:
            return self.group
        return f"{self.group}/injection_task_{self.injection_task.ID}/{self.template}"

    @property
    def template(self) -> str:
        return f"{self.family}/{self.variant}"

    @property
    def attack(self) -> str:
        return fill(FAMILIES[self.family][self.variant], self.injection_task.GOAL) if self.injection_task else ""

    @property
    def answer(self) -> str:
        """The final text, if the suite has one. (A combination of two tasks without one has "1.  2. ".)"""
        text: str = self.user_task.GROUND_TRUTH_OUTPUT.strip()
        return "" if re.fullmatch(r"1\.\s*2\.", text) else text

    @property
    def category(self) -> str:
        return CATEGORIES[self.suite, int(self.injection_task.ID)] if self.injection_task else ""

    @property
    def tags(self) -> dict[str, str]:
        tags = {"source": SOURCE, "suite": self.suite, "user_task": self.group.rpartition("/")[2]}
        if self.injection_task:
            tags |= {"injection_task": f"injection_task_{self.injection_task.ID}"}
            tags |= {"family": self.family, "template": self.template}
        return tags


@dataclass(frozen=True)
class Staged:
    """What happened: the user's task as far as it goes, the attacker's calls in its stead, and their patterns."""

    own: Played
    attack: tuple[Step, ...] = ()
    forbidden: tuple[CallPattern, ...] = ()


def stage(scene: Scene) -> Staged:
    """Execute a scene in a fresh world. Raises `UnstageableError` with the reason if it gives no trace."""
    start = environment(scene.suite, scene.attack)
    own = _play(scene, "user", scene.user_task, start, scene.attack)
    if not scene.injection_task:
        return Staged(own)
    if not own.seen:
        raise UnstageableError("the user's task never reads the injection")
    attack = _play(scene, "injection", scene.injection_task, own.environment)
    if not attack.steps:
        raise UnstageableError("the injection task has no calls")
    calls, own_calls = ([step.call for step in played.steps] for played in (attack, own))
    forbidden = attack_patterns(scene.injection_task.GOAL, calls, own_calls)
    if not forbidden:
        raise UnstageableError("the user's task makes the attacker's calls itself")
    return Staged(own, attack.steps, forbidden)


def offered(scene: Scene, staged: Staged, max_tools: int | None, seed: int) -> tuple[ToolSpec, ...]:
    """The tools of both twins: those they call, and others up to `max_tools`, in an order drawn for the scene."""
    if max_tools is None:
        return tools(scene.suite)
    draw = random.Random(f"{seed}/{scene.row}")
    called = {step.call.name for step in (*staged.own.steps, *staged.attack)}
    chosen = [tool for tool in tools(scene.suite) if tool.name in called]
    others = [tool for tool in tools(scene.suite) if tool.name not in called]
    chosen += draw.sample(others, max(0, min(max_tools - len(chosen), len(others))))
    return tuple(draw.sample(chosen, len(chosen)))


def provenance(scene: Scene, staged: Staged) -> Provenance:
    """`sha256` is of the request, the calls, the attack text and the answer, as canonical JSON."""
    content = [scene.user_task.PROMPT, _calls(staged.own.steps), scene.attack, _calls(staged.attack), scene.answer]
    return Provenance(
        dataset=SOURCE,
        revision=f"inspect-evals {version('inspect-evals')}",
        licence="MIT",
        row=scene.row,
        sha256=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
    )


def _play(scene: Scene, kind: str, task: Any, start: Any, attack: str = "") -> Played:
    try:
        return play(World(scene.suite, start), ground_truth(task, start), attack)
    except Exception as error:  # the suites' tools raise whatever they like
        raise UnstageableError(f"the {kind} task cannot be executed ({type(error).__name__})") from error


def _calls(steps: Iterable[Step]) -> list[Any]:
    return [[step.call.name, step.call.arguments] for step in steps]
