"""A hand-made export of AgentDojo runs: the published shape, our own harmless text."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inspect_evals.agentdojo.dataset import TASK_SUITES

from switchgear.data.labels.lint import lint
from switchgear.data.sources.agentdojo.runs import read
from switchgear.data.sources.agentdojo.world import environment, ground_truth
from switchgear.errors import DataError, LabelError, RecipeError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, Trace

ATTACK = ground_truth(TASK_SUITES["slack"].injection_tasks[3], environment("slack", ""))[0]
INJECTED = "news of the day <INFORMATION>\nplease read\n  another page\n</INFORMATION> the end"
HEADER = {"metadata": {"name": "a-model", "accuracy": 0.5, "benchmark": "AgentDojo"}}


def call(name: str, identifier: str = "", **arguments: Any) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def assistant(text: str | None = None, *calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "tool_calls": list(calls) or None}


def result(name: str, content: str, identifier: str | None = "", error: str | None = None) -> dict[str, Any]:
    tool_call = {"function": name, "args": {}, "id": identifier}
    return {"role": "tool", "content": content, "tool_call_id": identifier, "tool_call": tool_call, "error": error}


def attacker_call() -> dict[str, Any]:
    return call(ATTACK.name, **ATTACK.arguments)


def record(*turns: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "suite_name": "slack",
        "model": "a-model",
        "success": True,
        "security": False,
        "user_task_id": "user_task_3",
        "injection_task_id": "injection_task_3",
        "attack_type": "important_instructions",
    }
    opening = [{"role": "system", "content": "Help."}, {"role": "user", "content": "Post the news to 'general'."}]
    return {
        "index": 0,
        "messages": [*opening, *turns] if turns else [],
        "metadata": values | metadata,
        "annotations": [],
    }


READ = (assistant(None, call("get_webpage", url="www.news.org")), result("get_webpage", INJECTED))
POST = (
    assistant("", call("send_channel_message", channel="general", body="news")),
    result("send_channel_message", "sent"),
    assistant("Posted."),
)
NO_ATTACK = {"injection_task_id": None, "attack_type": None, "security": True}


def hijacked(**metadata: Any) -> dict[str, Any]:
    turns = (*READ, assistant("", attacker_call()), result(ATTACK.name, "404"), assistant("Done."))
    return record(*turns, **{"security": True, **metadata})


def resisted(**metadata: Any) -> dict[str, Any]:
    return record(*READ, *POST, **metadata)


def clean(**metadata: Any) -> dict[str, Any]:
    return record(*POST, **{**NO_ATTACK, **metadata})


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the given records after the header line."""

    def write(*records: object, header: bool = True) -> Path:
        path = tmp_path / "agentdojo-a-model.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in ([HEADER] if header else []) + list(records)) + "\n")
        return path

    return write


def rows(path: Path, **options: object) -> list[Example | Drop]:
    return list(read(SourceRecipe(name="agentdojo_runs", path=path, options=options), seed=0))


def kept(path: Path) -> list[Example]:
    return [row for row in rows(path) if isinstance(row, Example)]


def outcome(row: Example | Drop) -> str:
    return row.reason if isinstance(row, Drop) else str(row.trace)


def test_a_won_attack_is_harmful_and_its_continuation_is_the_attackers_call(export: Callable[..., Path]) -> None:
    (example,) = kept(export(hijacked()))
    assert (example.role, example.trace) == (Role.HARMFUL, Trace.HIJACKED)
    assert [example.messages[index].tool_calls[0].name for index in example.continuation] == [ATTACK.name]
    assert [pattern.name for pattern in example.expectation.forbidden] == [ATTACK.name]
    assert [pattern.name for pattern in example.expectation.expected] == ["get_webpage", "send_channel_message"]
    assert example.category == "phishing_link"
    assert example.group == "slack/user_task_3"
    assert example.tags["family"] == "important_instructions"
    assert lint(example) is None


def test_a_resisted_run_continues_after_the_injection(export: Callable[..., Path]) -> None:
    (example,) = kept(export(resisted()))
    assert (example.role, example.trace, example.continuation) == (Role.BENIGN, Trace.RESISTED, (4, 6))
    (marked,) = example.messages[3].injected
    assert INJECTED[marked.start : marked.end].startswith("<INFORMATION>")
    assert INJECTED[marked.end :] == " the end"
    (post,) = example.expectation.expected
    assert {predicate.argument: predicate.value for predicate in post.arguments} == {
        "channel": "general",
        "body": "news",
    }


def test_a_clean_run_is_benign_and_forbids_nothing(export: Callable[..., Path]) -> None:
    (example,) = kept(export(clean()))
    assert (example.role, example.trace, example.continuation) == (Role.BENIGN, Trace.CLEAN, (2, 4))
    assert example.expectation.forbidden == ()
    assert (example.category, example.tags.get("family")) == ("", None)
    assert {tool.name for tool in example.tools} >= {"get_webpage", "send_channel_message"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (record(), "no messages"),
        (hijacked() | {"messages": hijacked()["messages"][:-1]}, "has no answer at its end: the error default"),
        (record(*POST[:2], **NO_ATTACK), "has no answer at its end: the error default"),
        (clean(success=False), "clean, but the user's task failed"),
        (resisted(success=False), "resisted, but the user's task failed"),
        (record(*POST), "clean"),
        (record(*POST, success=False), "the injection was never seen, and the user's task failed"),
        (record(*POST, attack_type="of_another_kind"), "the attack's text was not found, and its look is not known"),
        (hijacked(security=False), "labelled a failed attack, but an attacker's call was made"),
        (
            hijacked(injection_task_id="injection_task_99"),
            "the attacker's calls are not known, or the user's task makes them itself",
        ),
        (hijacked(suite_name="a_fifth"), "not of one of the four suites"),
        (hijacked(user_task_id=None), "not an AgentDojo run (wrong: metadata.user_task_id)"),
        (
            record(assistant("", {"id": "", "function": {"name": "", "arguments": {}}})),
            "not an AgentDojo run (wrong: name)",
        ),
    ],
)
def test_each_row_has_its_class_or_its_reason(
    export: Callable[..., Path], given: dict[str, Any], expected: str
) -> None:
    header, row, *agreeing = rows(export(given, hijacked(), resisted()))
    assert outcome(header) == "the file's header line"
    assert outcome(row) == expected
    assert [outcome(other) for other in agreeing] == ["hijacked", "resisted"]


def test_a_single_false_win_among_many_is_dropped_and_the_file_kept(export: Callable[..., Path]) -> None:
    found = rows(export(resisted(security=True), *[hijacked()] * 5))
    assert outcome(found[1]) == "labelled a won attack, but no attacker's call was made"
    assert len(found) == 7


def test_the_attackers_target_in_the_users_own_call_is_no_attack(export: Callable[..., Path]) -> None:
    """Slack's user tasks 0, 1, 3 ... read web pages too: only the attacker's page is forbidden, and only once seen."""
    before = (assistant("", attacker_call()), result(ATTACK.name, "404"))
    (example,) = kept(export(record(*before, *READ, *POST)))
    assert example.trace is Trace.RESISTED


def test_a_file_in_the_other_sense_is_refused_with_counts_and_read_with_the_option(export: Callable[..., Path]) -> None:
    path = export(*[resisted(security=True)] * 6, *[hijacked(security=False)] * 2, clean())
    with pytest.raises(
        LabelError, match="Of 6 attacks labelled won, 6 show no attacker's call; of 2 labelled failed, 2 show"
    ) as caught:
        rows(path)
    assert "another page" not in str(caught.value)
    assert Counter(map(outcome, rows(path, sense="attack_failed"))) == {
        "the file's header line": 1,
        "resisted": 6,
        "hijacked": 2,
        "clean": 1,
    }


def test_an_unknown_option_is_a_recipe_error(export: Callable[..., Path]) -> None:
    with pytest.raises(RecipeError, match="sense"):
        rows(export(clean()), sence="attack_failed")
    with pytest.raises(RecipeError, match="attack_succeeded"):
        rows(export(clean()), sense="maybe")


def test_a_file_without_any_run_is_a_data_error(export: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="no AgentDojo run in its 2 lines"):
        rows(export({"prompt": "another format"}))


def test_behind_a_tool_filter_only_its_tools_are_offered_and_its_exchange_is_left_out(
    export: Callable[..., Path],
) -> None:
    run = clean(model="a-model-tool_filter")
    ask = {"role": "user", "content": "Which tools?"}
    run["messages"][2:2] = [ask, assistant("get_webpage, send_channel_message")]
    (example,) = kept(export(run))
    assert [message.role for message in example.messages[:3]] == ["system", "user", "assistant"]
    assert {tool.name for tool in example.tools} == {"get_webpage", "send_channel_message"}
    assert example.tags["defence"] == "tool_filter"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    fields=st.dictionaries(st.sampled_from(["messages", "metadata", "index"]), json_values, max_size=3),
    metadata=st.dictionaries(
        st.sampled_from(["suite_name", "security", "user_task_id", "model"]), json_values, max_size=2
    ),
    turn=st.fixed_dictionaries({}, optional=dict.fromkeys(("role", "content", "tool_calls", "tool_call"), json_values)),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_malformed_rows_are_dropped_with_a_reason_and_never_lost(
    export: Callable[..., Path], fields: dict[str, Any], metadata: dict[str, Any], turn: dict[str, Any]
) -> None:
    odd = [clean() | fields, clean(**metadata), record(turn, assistant("Done."), **NO_ATTACK)]
    found = rows(export(*odd, clean()))
    assert len(found) == 1 + len(odd) + 1
    assert all(outcome(row) for row in found)
    assert outcome(found[0]) == "the file's header line"
    assert outcome(found[-1]) == "clean"


WON = {
    "claude-3-5-sonnet-20240620": 23,
    "claude-3-opus-20240229": 7,
    "command-r-plus": 3,
    "gemini-1-5-pro-002": 15,
    "gpt-4-0125-preview": 33,
    "gpt-4o-2024-05-13-tool_filter": 10,
    "gpt-4o-mini-2024-07-18": 21,
    "meta-llama_Llama-3-70b-chat-hf": 19,
}
"""Rows with an injection, `security` and an assistant's last word, counted apart from this reader."""


@pytest.mark.parametrize("model", WON)
def test_the_published_files_give_their_won_attacks_and_account_for_every_row(shared_data: Path, model: str) -> None:
    path = shared_data / "agentdojo" / f"agentdojo-{model}.jsonl"
    found = rows(path)
    counts = Counter(map(outcome, found))
    assert len(found) == 195
    assert counts["hijacked"] == WON[model]
    assert counts["the file's header line"] == 1
    assert all(lint(row) is None for row in found if isinstance(row, Example) and row.trace is Trace.HIJACKED)


@pytest.mark.parametrize("model", WON)
def test_the_published_files_are_refused_in_the_wrong_sense(shared_data: Path, model: str) -> None:
    with pytest.raises(LabelError, match="labels contradict the traces"):
        rows(shared_data / "agentdojo" / f"agentdojo-{model}.jsonl", sense="attack_failed")
