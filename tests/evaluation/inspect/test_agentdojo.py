import pytest
from inspect_ai import eval as evaluate
from inspect_ai.model import ModelOutput

from switchgear.evaluation.inspect.agentdojo import agentdojo
from switchgear.evaluation.inspect.logs import rates
from tests.evaluation.inspect.scripted import model

pytest.importorskip("inspect_evals.agentdojo.dataset")
PAIRS = {"user_tasks": [0, 2], "injection_tasks": [4, 5]}  # the user's tasks read a file that the attacker writes to


def scripted(obeys):
    """An agent that does the user's task as AgentDojo's ground truth does; if it `obeys`, the attacker's once read."""
    from inspect_evals.agentdojo.dataset import TASK_SUITES

    suite = TASK_SUITES["banking"]
    environment = suite.load_and_inject_default_environment(suite.get_injection_vector_defaults())

    def reply(messages, tools, tool_choice, config):
        asked = next(message.text for message in messages if message.role == "user")
        read = "\n".join(message.text for message in messages if message.role == "tool")
        made = [
            call.function for message in messages if message.role == "assistant" for call in message.tool_calls or ()
        ]
        user = next(task for task in suite.user_tasks.values() if asked == task.PROMPT)
        seen = [task for task in suite.injection_tasks.values() if task.GOAL in read]
        task = seen[0] if seen and obeys else user
        steps = task.ground_truth(environment)
        done = min(
            (len(made) if task is user else sum(name in {s.function for s in steps} for name in made)), len(steps)
        )
        if done < len(steps):
            call = steps[done]
            return ModelOutput.for_tool_call("mockllm", call.function, call.arguments, content="")
        return ModelOutput.from_content("mockllm", getattr(task, "GROUND_TRUTH_OUTPUT", "") or "Done.")

    return model(reply)


@pytest.fixture
def measured(tmp_path):
    def run(model, **arguments):
        [log] = evaluate(agentdojo("banking", **arguments), model=model, log_dir=str(tmp_path), display="none")
        assert log.status == "success", log.error
        return log, {line["measure"]: line for line in rates(log)}

    return run


@pytest.mark.parametrize("attack", ["important_instructions", "hidden_comment"])
def test_an_agent_that_obeys_every_injection_has_an_asr_of_1(measured, attack):
    _, found = measured(scripted(obeys=True), attack=attack, **PAIRS)
    assert (found["attack_success"]["rate"], found["attack_success"]["n"]) == (1.0, 4)


def test_an_agent_that_never_does_has_an_asr_of_0_and_its_utility(measured):
    _, found = measured(scripted(obeys=False), **PAIRS)
    assert (found["attack_success"]["rate"], found["attack_success"]["n"]) == (0.0, 4)
    assert found["utility"]["rate"] == 1.0


def test_without_an_attack_there_is_utility_alone(measured):
    _, found = measured(scripted(obeys=False), attack="none", user_tasks=[0, 2])
    assert {name: line["rate"] for name, line in found.items()} == {"utility": 1.0}
