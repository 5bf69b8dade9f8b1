"""What Inspect finds by name: the model `switchgear/...`, the tasks, and the scorers that logs are scored with."""

from inspect_ai.model import ModelAPI, modelapi

from switchgear.evaluation.inspect.agentdojo import agentdojo, end_state
from switchgear.evaluation.inspect.agentharm import agentharm
from switchgear.evaluation.inspect.agentharm_grading import graded
from switchgear.evaluation.inspect.answers import chat_harm, outcome, over_refusal
from switchgear.evaluation.inspect.hijack import actions, hijack
from switchgear.evaluation.inspect.tool_use import calls, tool_use

__all__ = [
    "actions",
    "agentdojo",
    "agentharm",
    "calls",
    "chat_harm",
    "end_state",
    "graded",
    "hijack",
    "outcome",
    "over_refusal",
    "switchgear",
    "tool_use",
]


@modelapi(name="switchgear")
def switchgear() -> type[ModelAPI]:
    """Imported when it is asked for: the tasks serve other models too, and need no torch."""
    from switchgear.evaluation.inspect.provider import SwitchgearAPI

    return SwitchgearAPI
