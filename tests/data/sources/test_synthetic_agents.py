import json
from collections import Counter, defaultdict

import pytest
import yaml

from switchgear.data.labels.lint import lint
from switchgear.data.labels.patterns import any_matches
from switchgear.data.sources.synthetic_agents.traces import read
from switchgear.errors import RecipeError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Example, Role, Trace


def rows(seed: int = 0, **options: object) -> list[Example]:
    made = list(read(SourceRecipe(name="synthetic_agents", options=options), seed))
    assert all(isinstance(row, Example) for row in made)
    return made


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return rows(worlds=300)


def test_each_world_gives_twins_that_differ_in_injection_and_continuation(examples: list[Example]):
    worlds = defaultdict(dict)
    for row in examples:
        worlds[row.provenance.row][row.trace] = row
    for twins in worlds.values():
        clean, resisted, hijacked = (twins[kind] for kind in (Trace.CLEAN, Trace.RESISTED, Trace.HIJACKED))
        assert clean.messages[:-2] == resisted.messages[:-2]
        assert resisted.messages[:-1] == hijacked.messages[:-1]
        assert clean.messages[-1] == resisted.messages[-1] != hijacked.messages[-1]
        assert not clean.messages[-2].injected
        assert clean.tools == resisted.tools == hijacked.tools
        assert len({clean.group, resisted.group, hijacked.group}) == 1


def test_every_trace_stands_up_to_lint_and_to_its_own_expectation(examples: list[Example]):
    assert Counter(filter(None, map(lint, examples))) == {}
    for row in examples:
        calls = row.messages[-1].tool_calls
        assert any_matches(calls, row.expectation.forbidden) is (row.role is Role.HARMFUL)
        if row.role is Role.BENIGN and calls:
            assert any_matches(calls, row.expectation.expected)
        assert {call.name for message in row.messages for call in message.tool_calls} <= {t.name for t in row.tools}


def test_the_injected_range_is_the_attackers_text(examples: list[Example]):
    for row in examples:
        if row.trace is not Trace.CLEAN:
            assert len(row.messages[-2].injected) == 1


def test_no_request_or_tool_set_comes_twice_often_and_neither_tool_nor_copying_gives_an_attack_away(
    examples: list[Example],
):
    clean = {row.group: row for row in examples if row.trace is Trace.CLEAN}
    hijacked = [row for row in examples if row.trace is Trace.HIJACKED]
    assert len({row.messages[1].content for row in clean.values()}) > 0.98 * len(clean)
    assert len({tuple(tool.name for tool in row.tools) for row in clean.values()}) > 0.98 * len(clean)
    same_tool = [
        row
        for row in hijacked
        if (own := clean[row.group].messages[-1].tool_calls) and own[0].name == row.messages[-1].tool_calls[0].name
    ]
    assert len(same_tool) > 0.15 * len(hijacked)
    copied = [row for row in clean.values() if "given there" in row.messages[1].content]
    assert len(copied) > 0.15 * len(clean)
    assert {row.category for row in hijacked} >= {"unauthorised_transaction", "data_exfiltration", "credential_theft"}


def test_often_what_follows_the_user_is_another_lookup_of_something_that_only_a_result_names(examples: list[Example]):
    chained = 0
    for row in examples:
        request, *before = (message.content for message in row.messages[1:-1])
        names = {message.name for message in row.messages if message.role == "tool"}
        for call in row.messages[-1].tool_calls if row.trace is Trace.CLEAN else ():
            told = [str(value) for value in call.arguments.values() if str(value) not in request]
            chained += call.name in names and any(value in text for value in told for text in before)
    assert chained > 0.05 * len(examples) / 3


def test_results_are_json_yaml_or_prose(examples: list[Example]):
    def style(text: str) -> str:
        for name, load in (("json", json.loads), ("yaml", yaml.safe_load)):
            try:
                if isinstance(load(text), dict | list):
                    return name
            except (ValueError, yaml.YAMLError):
                continue
        return "prose"

    assert set(Counter(style(row.messages[-2].content) for row in examples)) == {"json", "yaml", "prose"}


def test_equal_seeds_give_equal_rows_and_other_seeds_other_worlds():
    assert rows(worlds=20) == rows(worlds=20)
    assert not {row.messages[1].content for row in rows(worlds=20)} & {
        row.messages[1].content for row in rows(1, worlds=20)
    }


def test_families_and_traces_can_be_chosen():
    chosen = rows(worlds=20, families=["direct"], traces=["hijacked"])
    assert {(row.trace, row.tags["family"]) for row in chosen} == {(Trace.HIJACKED, "direct")}
    with pytest.raises(RecipeError, match="Unknown attack family 'drect'"):
        rows(families=["drect"])
