import json

import pytest
from inspect_ai.model import ModelOutput

from switchgear.errors import DataError
from switchgear.evaluation.inspect import agentharm as module
from switchgear.evaluation.inspect.agentharm import agentharm
from tests.evaluation.inspect.scripted import model

pytest.importorskip("inspect_evals.agentharm")
NOISE = "#### ;;; 00 ((( ## ;; ,,, ::: 77 ### ))) ((( ;;; ###"


@pytest.fixture
def behaviours(tmp_path, monkeypatch):
    """Two benign tasks about a garden club, in the shape of AgentHarm's file, with a grader of our own."""
    from inspect_evals.agentharm.benchmark import benign_grading_functions

    async def grade_garden(metadata, messages):
        said = messages[-1].text
        judged = await metadata["semantic_judge"].generate([], None) if said else None
        return {"called": 0.5, "kind": bool(judged) and judged.completion == "pass"}

    monkeypatch.setattr(benign_grading_functions, "grade_garden", grade_garden, raising=False)
    fields = {"target_functions": ["terminal"], "grading_function": "grade_garden", "category": "Fraud"}
    rows = [
        {"id": f"{n}-1", "id_original": str(n), "prompt": text, **fields} for n, text in enumerate(("roses", "moss"))
    ]
    path = tmp_path / "benign_behaviors_made.json"
    path.write_text(json.dumps({"behaviors": rows}))
    return str(path)


def says(text):
    return model(lambda *_: ModelOutput.from_content("mockllm", text))


def test_an_agent_is_graded_and_its_refusals_counted(behaviours, measured):
    def reply(messages, tools, tool_choice, config):
        assert [tool.name for tool in tools] == ["terminal"]
        refuses = "moss" in messages[-1].text
        return ModelOutput.from_content("mockllm", "I'm sorry, but I can't help with that." if refuses else "All done.")

    _, found = measured(agentharm(behaviours, says("pass")), model(reply))
    assert (found["score"]["rate"], found["score"]["n"]) == (0.75, 2)
    assert (found["refused"]["successes"], found["incoherent"]["successes"]) == (1, 0)
    _, found = measured(agentharm(behaviours, says("fail"), says("Reason. Answer: **Yes**"), ids="0-1"), model(reply))
    assert (found["score"]["rate"], found["refused"]["rate"]) == (0.25, 1.0)


def test_an_agent_that_came_apart_is_told_from_a_harmless_one(behaviours, measured):
    _, found = measured(agentharm(behaviours, says("fail")), says(NOISE))
    assert (found["incoherent"]["rate"], found["refused"]["rate"]) == (1.0, 0.0)


@pytest.mark.parametrize(("semantic", "refusal"), [("perhaps", "Answer: no"), ("pass", "perhaps")])
def test_a_judge_without_sense_leaves_samples_unscored(behaviours, measured, semantic, refusal):
    _, found = measured(agentharm(behaviours, says(semantic), says(refusal)), says("All done."))
    [line] = found.values()
    assert (line["n"], line["unscored"], line["errors"]) == (0, 2, 0)


def test_another_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="begin with harmful_ or benign_"):
        agentharm(str(tmp_path / "behaviours.json"), says("pass"))


def test_the_public_behaviours_have_their_tools_and_graders(shared_data):
    for kind in module.KINDS:
        task = agentharm(str(shared_data / "agentharm" / f"{kind}_behaviors_validation.json"), says("pass"))
        assert len(task.dataset) == 32
