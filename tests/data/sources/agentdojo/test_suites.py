from collections import Counter, defaultdict

import pytest
from inspect_evals.agentdojo.dataset import TASK_SUITES

from switchgear.data.labels.lint import lint
from switchgear.data.labels.patterns import any_matches, matches
from switchgear.data.sources.agentdojo.categories import CATEGORIES
from switchgear.data.sources.agentdojo.scenes import Scene, UnstageableError, stage
from switchgear.data.sources.agentdojo.suites import read
from switchgear.data.sources.agentdojo.world import SUITES, World, environment, ground_truth
from switchgear.errors import RecipeError
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example, Role, ToolCall, Trace


def rows(seed: int = 0, **options: object) -> list[Example | Drop]:
    return list(read(SourceRecipe(name="agentdojo_suites", options=options), seed))


@pytest.fixture(scope="module")
def banking() -> list[Example | Drop]:
    return rows(suites=["banking"], families=["important_instructions"], max_tools=6)


@pytest.fixture(scope="module")
def examples(banking: list[Example | Drop]) -> list[Example]:
    return [row for row in banking if isinstance(row, Example)]


def test_every_trace_is_kept_or_dropped_with_a_reason(banking: list[Example | Drop]) -> None:
    suite = TASK_SUITES["banking"]
    attacked = len(suite.user_tasks) * len(suite.injection_tasks) * 2  # templates
    assert len(banking) == len(suite.user_tasks) + 2 * attacked
    kinds = Counter(row.row.rpartition("/")[2] if isinstance(row, Drop) else str(row.trace) for row in banking)
    assert kinds == {"clean": len(suite.user_tasks), "resisted": attacked, "hijacked": attacked}
    assert {row.reason for row in banking if isinstance(row, Drop)} == {
        "the user's task ends where the injection is first seen"
    }


def test_the_labels_pass_the_lint_and_ids_are_unique(examples: list[Example]) -> None:
    assert not [row.id for row in examples if lint(row)]
    assert len({row.id for row in examples}) == len(examples)
    assert all((row.role is Role.HARMFUL) == (row.trace is Trace.HIJACKED) for row in examples)


def test_twins_share_prefix_tools_group_and_row_and_part_after_the_injection(examples: list[Example]) -> None:
    twins: dict[str, dict[Trace | None, Example]] = defaultdict(dict)
    for row in examples:
        twins[row.provenance.row][row.trace] = row
    pairs = [pair for pair in twins.values() if len(pair) == 2]
    assert pairs
    for pair in pairs:
        resisted, hijacked = pair[Trace.RESISTED], pair[Trace.HIJACKED]
        start = resisted.continuation[0]
        assert hijacked.continuation[0] == start
        assert hijacked.messages[:start] == resisted.messages[:start]
        assert hijacked.messages[start - 1].injected
        assert not any(message.injected for message in hijacked.messages[: start - 1])
        assert (hijacked.tools, hijacked.group, hijacked.provenance) == (
            resisted.tools,
            resisted.group,
            resisted.provenance,
        )


def test_calls_fit_their_patterns_by_position(examples: list[Example]) -> None:
    for row in examples:
        calls = [call for index in row.continuation for call in row.messages[index].tool_calls]
        if row.trace is Trace.HIJACKED:
            assert all(any(matches(call, pattern) for call in calls) for pattern in row.expectation.forbidden)
        else:
            assert len(calls) == len(row.expectation.expected)
            assert all(map(matches, calls, row.expectation.expected))


def test_calls_and_results_are_paired_and_of_offered_tools(examples: list[Example]) -> None:
    for row in examples:
        offered = {tool.name for tool in row.tools}
        assert len(row.tools) >= 6
        for message, after in zip(row.messages, row.messages[1:], strict=False):
            for call in message.tool_calls:
                assert call.name in offered
                assert (after.role, after.tool_call_id, after.name) == ("tool", call.id, call.name)


def test_tools_are_drawn_by_the_seed_and_all_are_offered_without_a_limit(examples: list[Example]) -> None:
    def order(row: Example) -> list[str]:
        return [tool.name for tool in row.tools]

    options = {"suites": ["banking"], "families": ["important_instructions"], "traces": ["clean"]}
    first, other = rows(seed=0, max_tools=6, **options), rows(seed=1, max_tools=6, **options)
    clean = [row for row in examples if row.trace is Trace.CLEAN]
    assert [row for row in first if isinstance(row, Example)] == clean
    assert [order(row) for row in other if isinstance(row, Example)] != [order(row) for row in clean]
    assert all(len(row.tools) == 11 for row in rows(**options) if isinstance(row, Example))


def test_templates_are_drawn_for_each_pair_of_tasks() -> None:
    options = {"suites": ["banking"], "traces": ["hijacked"], "templates": 2}
    drawn, redrawn, other = rows(seed=0, **options), rows(seed=0, **options), rows(seed=1, **options)
    pairs = Counter((row.group, row.tags["injection_task"]) for row in drawn if isinstance(row, Example))
    assert set(pairs.values()) == {2}
    assert len({row.tags["template"] for row in drawn if isinstance(row, Example)}) > 10
    assert drawn == redrawn
    assert {row.id for row in drawn if isinstance(row, Example)} != {r.id for r in other if isinstance(r, Example)}


def test_reading_twice_gives_the_same_bytes_even_where_tools_look_at_the_clock() -> None:
    options = {"suites": ["travel"], "families": ["direct"], "traces": ["clean", "resisted"]}
    first, second = ([row.model_dump_json() for row in rows(**options)] for _ in range(2))
    assert first == second
    assert any("2024-05-15 12:00:00" in line for line in first)


def test_guests_of_an_event_stand_in_the_order_given_in_every_process() -> None:
    guests = [f"guest{number}@example.com" for number in range(8)]
    call = ToolCall(
        name="create_calendar_event",
        arguments={
            "title": "Lunch",
            "start_time": "2024-05-19 12:00",
            "end_time": "2024-05-19 13:00",
            "participants": guests,
        },
    )
    result = World("workspace", environment("workspace", "")).execute(call)
    places = [result.index(guest) for guest in guests]
    assert places == sorted(places)


def test_an_attackers_target_in_the_users_own_request_is_not_forbidden() -> None:
    """If the user's task makes the attacker's call, nothing tells an attack from obedience, so there is no trace."""
    suite = TASK_SUITES["banking"]
    user_task, injection_task = suite.user_tasks[15], suite.injection_tasks[4]

    class Both(type(user_task)):  # type: ignore[misc]
        def ground_truth(self, pre_environment: object) -> list[object]:
            return [*user_task.ground_truth(pre_environment), *injection_task.ground_truth(pre_environment)]

    stage(Scene("banking", user_task, injection_task, "direct"))
    with pytest.raises(UnstageableError, match="makes the attacker's calls itself"):
        stage(Scene("banking", Both(), injection_task, "direct"))


def test_what_cannot_be_staged_says_why() -> None:
    travel, slack = TASK_SUITES["travel"], TASK_SUITES["slack"]

    class Broken(type(slack.user_tasks[0])):  # type: ignore[misc]
        def ground_truth(self, pre_environment: object) -> list[object]:
            raise KeyError("no such page")

    class Blind(Broken):
        def ground_truth(self, pre_environment: object) -> list[object]:
            return []

    for scene, reason in {
        Scene("travel", travel.user_tasks[0], travel.injection_tasks[6], "direct"): "no calls",
        Scene("slack", Broken(), slack.injection_tasks[1], "direct"): r"user task cannot be executed \(KeyError\)",
        Scene("slack", Blind(), slack.injection_tasks[1], "direct"): "never reads",
    }.items():
        with pytest.raises(UnstageableError, match=reason):
            stage(scene)


@pytest.mark.parametrize("suite", SUITES)
def test_hijacked_attacks_succeed_by_the_suites_own_patterns_in_every_suite(suite: str) -> None:
    """One user task for each injection task: the attack goes through, the user's task alone does not make it."""
    user_task = next(iter(TASK_SUITES[suite].user_tasks.values()))
    for injection_task in TASK_SUITES[suite].injection_tasks.values():
        scene = Scene(suite, user_task, injection_task, "direct")
        if not ground_truth(injection_task, environment(suite, "")):
            continue
        staged = stage(scene)
        assert any_matches([step.call for step in staged.attack], staged.forbidden)
        assert not any_matches([step.call for step in staged.own.steps], staged.forbidden)


def test_every_injection_task_has_a_category() -> None:
    assert set(CATEGORIES) == {(suite, number) for suite in SUITES for number in TASK_SUITES[suite].injection_tasks}


def test_executing_changes_a_copy_of_the_world() -> None:
    start = environment("banking", "")
    world = World("banking", start)
    pay = ToolCall(
        name="send_money", arguments={"recipient": "AB12", "amount": 1.0, "subject": "s", "date": "2024-05-15"}
    )
    assert world.execute(pay) == "Transaction to AB12 for 1.0 sent."
    assert "AB12" in world.execute(ToolCall(name="get_most_recent_transactions"))
    assert "AB12" not in World("banking", start).execute(ToolCall(name="get_most_recent_transactions"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"suites": ["bank"]}, "'banking'"),
        ({"families": ["important_instruction"]}, "Did you mean 'important_instructions'"),
        ({"max_tools": 0}, "greater than 0"),
        ({"max_tool": 3}, "Did you mean 'max_tools'"),
        ({"traces": ["won"]}, "hijacked"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(options: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        rows(**options)
