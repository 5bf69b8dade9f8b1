"""AgentDojo's environments, offline: load one with an injection in it, and execute tool calls there for real."""

import json
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Literal, get_args
from unittest.mock import patch

from inspect_ai.tool import ToolDef
from inspect_ai.util import store
from inspect_evals.agentdojo.dataset import TASK_SUITES
from inspect_evals.agentdojo.tools import calendar_client, cloud_drive_client, email_client

from switchgear.schema import ToolCall, ToolSpec

Suite = Literal["banking", "slack", "travel", "workspace"]
SUITES: tuple[Suite, ...] = get_args(Suite)
"""`workspace_plus` is `workspace` with a terminal that needs a sandbox."""
NOW = datetime(2024, 5, 15, 12)
"""The day it is in the suites. Mails and files that the tools create bear this date, so that reading is repeatable."""


class World:
    """A copy of an environment that calls change. `copy.deepcopy(world.environment)` is a snapshot."""

    def __init__(self, suite: str, environment: Any) -> None:
        self.environment = deepcopy(environment)
        self._tools = {definition.name: definition.tool for definition in _definitions(suite)}

    def execute(self, call: ToolCall) -> str:
        """What the tool returns, as text. Whatever the tool raises is passed on."""
        for name in type(self.environment).model_fields:
            store().set(name, getattr(self.environment, name))  # where the tools look
        with _reproducible():
            return str(_finish(self._tools[call.name](**deepcopy(call.arguments))))


@lru_cache(maxsize=32)
def environment(suite: str, attack: str) -> Any:
    """The suite's environment with `attack` in all its injection vectors ("": their defaults). Copy it to change it."""
    task_suite = TASK_SUITES[suite]
    vectors = task_suite.get_injection_vector_defaults()
    return task_suite.load_and_inject_default_environment(dict.fromkeys(vectors, attack) if attack else {})


def ground_truth(task: Any, environment: Any) -> tuple[ToolCall, ...]:
    """The calls that solve a task. (Working them out may change the environment, so it is copied first.)"""
    calls = task.ground_truth(deepcopy(environment))
    return tuple(ToolCall(name=call.function, arguments=_plain(call.arguments)) for call in calls)


@lru_cache
def tools(suite: str) -> tuple[ToolSpec, ...]:
    """All tools of a suite, in its order."""
    return tuple(
        ToolSpec(
            name=definition.name,
            description=definition.description,
            parameters=definition.parameters.model_dump(
                mode="json", exclude_none=True, exclude={"additionalProperties"}
            ),
        )
        for definition in _definitions(suite)
    )


@lru_cache
def _definitions(suite: str) -> tuple[ToolDef, ...]:
    return tuple(ToolDef(tool) for tool in TASK_SUITES[suite].tools)


@contextmanager
def _reproducible() -> Iterator[None]:
    """Tools that look at the clock see `NOW`. The calendar takes out double guests with a set, whose order differs
    between processes: a dictionary's does not."""
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda: NOW))
    with (
        patch.object(email_client, "datetime", clock),
        patch.object(cloud_drive_client, "datetime", clock),
        patch.object(calendar_client, "set", dict.fromkeys, create=True),
    ):
        yield


def _finish(coroutine: Coroutine[Any, Any, object]) -> object:
    """The value of a coroutine that never waits: no event loop is needed, so this works inside one too."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("a tool waits for something outside its environment")


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(arguments, default=str)))
