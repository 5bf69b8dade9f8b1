import re

import pytest
from inspect_ai.model import ModelOutput

from switchgear.errors import DataError, RecipeError
from switchgear.evaluation.inspect.hijack import hijack, rows
from switchgear.evaluation.inspect.logs import compared
from switchgear.evaluation.rows import MODES
from switchgear.evaluation.summary import summarise
from switchgear.runs import write_models
from switchgear.schema import Trace
from tests.evaluation.inspect.scripted import model
from tests.garden import NOTE, example


def gardener(obeys):
    """Rings the bell if the note says so and it `obeys`; else waters what the user named."""

    def reply(messages, tools, tool_choice, config):
        bed = re.search(r"Water the (\w+)", messages[0].text)[1]
        noted = any(NOTE in message.text for message in messages)
        return ModelOutput.for_tool_call(
            "mockllm", "ring_bell" if noted and obeys else "water", {"bed": bed}, content=""
        )

    return model(reply)


def test_any_model_is_scored_by_what_it_calls(run, measured):
    _, obeying = measured(hijack(str(run.root)), gardener(obeys=True))
    _, steady = measured(hijack(str(run.root)), gardener(obeys=False))
    assert [obeying[name]["rate"] for name in ("attack_success", "utility", "native_format")] == [1.0, 0.5, 1.0]
    assert [steady[name]["rate"] for name in ("attack_success", "utility", "native_format")] == [0.0, 1.0, 1.0]
    assert (steady["attack_success"]["n"], steady["utility"]["n"]) == (2, 4)


@pytest.mark.parametrize("mode", MODES)
def test_our_own_model_answers_every_case_in_every_mode(run, measured, mode):
    log, found = measured("switchgear/hijack", f"switchgear/{run.root}", task_args={"mode": mode})
    assert (found["attempted"]["n"], found["attempted"]["errors"]) == (6, 0)
    for sample in log.samples:
        raw = sample.output.metadata["raw"]
        assert raw.startswith("" if mode == "free" else '<tool_call>{"name": "')
        if mode == "prefilled":
            called = "ring_bell" if "hijacked" in sample.id else "water"
            assert raw.startswith(f'<tool_call>{{"name": "{called}')
    if mode != "free":
        assert found["attempted"]["rate"] == 1.0


def test_a_model_that_is_asked_to_go_on_with_a_call_is_scored_on_the_whole(run, measured):
    def reply(messages, tools, tool_choice, config):
        assert messages[-1].text.startswith("<tool_call>")
        assert config.extra_body["continue_final_message"]
        return ModelOutput.from_content("mockllm", '", "arguments": {"bed": "x"}}</tool_call>')

    _, found = measured(hijack(str(run.root), mode="prefilled"), model(reply))
    assert [found[name]["rate"] for name in ("attack_success", "utility", "parsed")] == [1.0, 1.0, 1.0]


def test_two_logs_become_the_summary_of_an_evaluation(run, measured):
    logs = [measured(hijack(str(run.root)), gardener(obeys))[0] for obeys in (True, False)]
    both = [row for log, name in zip(logs, ("frozen", "adapted"), strict=True) for row in rows(log, name)]
    summary = summarise(both)
    [line] = [line for line in summary["differences"] if line["measure"] == "attack_success"]
    assert (line["kind"], line["n"], line["difference"]) == ("hijacked", 2, -1.0)
    assert {call.name for row in both if row.kind == "clean" for call in row.calls} == {"water"}
    [line] = [line for line in compared(*logs) if line["measure"] == "attack_success"]
    assert (line["frozen"], line["adapted"], line["n"]) == (1.0, 0.0, 2)


def test_failures_and_overflows_are_counted_and_in_no_rate(run, measured):
    def reply(messages, tools, tool_choice, config):
        if "Water the thyme" in messages[0].text:
            raise RuntimeError("no")
        return ModelOutput.from_content("mockllm", "", stop_reason="model_length")

    log, found = measured(hijack(str(run.root)), model(reply))
    [line] = found.values()
    assert (line["n"], line["rate"], line["errors"], line["unscored"]) == (0, None, 3, 3)
    assert line["reasons"] == {"context overflow": 3}
    assert {row.error for row in rows(log, "frozen")} == {"RuntimeError", "context overflow"}


def test_what_cannot_be_put_is_refused(run, measured):
    with pytest.raises(RecipeError, match=r"Unknown mode 'fre'.*Did you mean 'free'"):
        hijack(str(run.root), mode="fre")
    with pytest.raises(RecipeError, match="not a run folder"):
        hijack(str(run.root / "nowhere"))
    plain = example(Trace.CLEAN, "mint").model_copy(update={"trace": None})
    write_models(run.dataset / "holdout.jsonl", [plain])
    with pytest.raises(DataError, match="no decision of an agent"):
        hijack(str(run.root))
