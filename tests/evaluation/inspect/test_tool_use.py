import pytest
from inspect_ai.model import ModelOutput
from inspect_ai.tool import ToolCall as InspectCall

from switchgear.data.sources.bfcl.answers import pattern
from switchgear.errors import DataError
from switchgear.evaluation.inspect.tool_use import measures, right_calls, tool_use
from switchgear.model.calls import ParsedTurn
from switchgear.runs import write_models
from switchgear.schema import Example, Expectation, Message, Provenance, Role, ToolCall, ToolSpec, Trace
from tests.evaluation.inspect.scripted import model

SCHEMA = {
    "type": "object",
    "properties": {"bed": {"type": "string"}, "litres": {"type": "number"}},
    "required": ["bed"],
}
TOOLS = (ToolSpec(name="water", parameters=SCHEMA), ToolSpec(name="look"))
ROSES = pattern("water", {"bed": ["roses", "rose bed"], "litres": [5.0, ""]})
FERNS = pattern("water", {"bed": ["ferns"], "litres": [2]})


def asked(name="both", expected=(ROSES, FERNS), **fields):
    calls = (ToolCall(name="water", arguments={"bed": "roses"}),)
    defaults = {
        "role": Role.BENIGN,
        "trace": Trace.CLEAN,
        "messages": (Message(role="user", content=name), Message(role="assistant", tool_calls=calls)),
        "continuation": (1,),
        "expectation": Expectation(expected=expected),
    }
    place = Provenance(dataset="bfcl", revision="1", licence="CC0", row=name, sha256="0")
    return Example(id=name, tools=TOOLS, group=name, provenance=place, **defaults | fields)


def turn(*calls, attempted=None):
    made = tuple(ToolCall(name="water", arguments=arguments) for arguments in calls)
    return ParsedTurn("", made, len(made) if attempted is None else attempted)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (turn({"bed": "roses"}, {"bed": "ferns", "litres": 2.0}), True),
        (turn({"bed": "ferns", "litres": 2}, {"bed": "Rose bed", "litres": 5}), True),
        (turn({"bed": "roses"}), False),
        (turn({"bed": "roses"}, {"bed": "roses"}), False),
        (turn({"bed": "roses"}, {"bed": "ferns", "litres": 3}), False),
        (turn({"bed": "roses", "colour": "red"}, {"bed": "ferns", "litres": 2}), False),
        (turn({"bed": "roses"}, {"bed": "ferns", "litres": 2}, {"bed": "ferns", "litres": 2}), False),
        (turn({"bed": "roses"}, {"bed": "ferns", "litres": 2}, attempted=3), False),
    ],
    ids=["in order", "otherwise", "one missing", "twice", "value", "unknown argument", "one more", "malformed"],
)
def test_right_calls_are_all_that_is_expected_and_no_other(answer, right):
    assert right_calls(answer, asked()) is right


def test_where_no_tool_fits_no_call_is_wanted():
    fields = {"role": Role.CASE, "trace": None, "continuation": (), "tags": {"calls": "none"}, "expected": ()}
    question = asked("none", **fields | {"messages": (Message(role="user", content="Sing."),)})
    assert measures(turn(), question)["no_call"] is True
    assert measures(turn(attempted=1), question)["no_call"] is False
    assert measures(turn(), question)["right_calls"] is None


def test_a_model_is_measured_on_the_questions_of_a_run(run, measured):
    write_models(run.dataset / "holdout.jsonl", [asked("one", expected=(ROSES,)), asked("both")])

    def reply(messages, tools, tool_choice, config):
        assert {tool.name for tool in tools} == {"water", "look"}
        assert [message.role for message in messages] == ["user"]
        output = ModelOutput.from_content("mockllm", "")
        output.message.tool_calls = [InspectCall(id="1", function="water", arguments={"bed": "roses"})]
        return output

    _, found = measured(tool_use(str(run.root)), model(reply))
    assert (found["right_calls"]["successes"], found["right_calls"]["n"]) == (1, 2)


def test_a_run_without_such_questions_is_refused(run):
    with pytest.raises(DataError, match="no question of bfcl"):
        tool_use(str(run.root))
