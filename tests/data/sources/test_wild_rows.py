"""Rows that are broken in any way are kept or dropped with a reason: never lost, and never a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.data.sources import SOURCES
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop

CALL = {"id": "c", "function": {"name": "water", "arguments": '{"bed": "roses"}'}}
ASK = {"role": "user", "content": "Water the roses."}
GOOD: dict[str, dict[str, Any]] = {
    "attackqa": {"id": "a", "source": "attack_qa", "prompt": "Why?", "trace": "Because.", "meta_technique": "T1"},
    "bfcl": {
        "id": "a",
        "question": [[ASK]],
        "function": [{"name": "water", "parameters": {"type": "dict", "properties": {}, "required": []}}],
    },
    "tau2_bench": {
        "id": "a",
        "user_scenario": {"instructions": "Water the roses."},
        "evaluation_criteria": {"actions": [{"name": "water", "arguments": {"bed": "roses"}}]},
    },
    "tau_bench": {
        "task_id": 1,
        "trial": 1,
        "reward": 1,
        "traj": [ASK, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
    },
    "webarena": {
        "task_id": 1,
        "intent": "Find tea",
        "intent_template_id": 1,
        "start_url": "__SHOP__",
        "sites": ["shop"],
        "eval": {"reference_answers": None},
    },
    "weblinx": dict.fromkeys(("demo", "turn", "action_history", "utterances", "candidates", "viewport"), "a")
    | {"action": 'load(url="b")', "clean_html": "c"},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def changed(value: Any, data: st.DataObject) -> Any:
    """`value` with one part of it, at any depth, replaced by anything."""
    if not value or not isinstance(value, dict | list) or data.draw(st.booleans()):
        return data.draw(json_values)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = data.draw(st.sampled_from(keys))
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(value[key], data)
    return copy


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_row_that_is_broken_anywhere_is_kept_or_dropped(tmp_path: Path, name: str, data: st.DataObject) -> None:
    good = GOOD[name]
    key = data.draw(st.sampled_from(list(good)))
    odd = good | {key: changed(good[key], data)}
    path = tmp_path / "library" / "tasks.json"
    (path.parent / "possible_answer").mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([good, odd]))
    path.with_name("policy.md").write_text("Be kind.")
    (path.parent / "possible_answer" / path.name).write_text(
        json.dumps({"id": "a", "ground_truth": [{"water": {"bed": ["roses"]}}]})
    )
    first, second = SOURCES[name](SourceRecipe(name=name, path=path), 0)
    assert not isinstance(first, Drop)
    assert second.reason if isinstance(second, Drop) else second.model_dump_json()
