import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.errors import DataError
from switchgear.model.layout import trie
from switchgear.model.masks import loss_mask
from switchgear.model.render import Rendered, render
from switchgear.recipe import BatchRecipe, TrainRecipe
from switchgear.schema import Example, Trace
from switchgear.training.batches import Draws, Row, remind, rerouted, uncontested, weigh
from switchgear.training.batches import row as row_of
from tests.garden import example
from tests.model.conftest import SMOLLM2, make_tokenizer

TOKENIZER = make_tokenizer(SMOLLM2, "garden")


def garden(trace: Trace) -> tuple[Example, Rendered]:
    one = example(trace, "roses")
    return one, render(one, TOKENIZER)


def row(token: int, size: int = 2, origin: str = "") -> Row:
    return Row([token] * size, [0.0] * size, [1.0] * size, origin)


def test_every_example_is_dealt_once_before_any_comes_again():
    draws = Draws({"harmful": [row(n) for n in range(5)]}, BatchRecipe(harmful=2, clean=0, resisted=0), 10, seed=3)
    dealt = [part.ids[0] for index in range(10) for part in draws[index]]
    assert [sorted(dealt[start : start + 5]) for start in (0, 5, 10, 15)] == [[0, 1, 2, 3, 4]] * 4


def test_a_draw_depends_on_seed_and_number_alone():
    pools = {"harmful": [row(n) for n in range(50)], "clean": [row(n) for n in range(50)]}
    batch = BatchRecipe(harmful=2, clean=1, resisted=0)
    assert Draws(pools, batch, 9, 0)[7] == Draws(pools, batch, 100, 0)[7]
    assert Draws(pools, batch, 9, 0)[7] != Draws(pools, batch, 9, 1)[7]


def test_weights_of_a_shared_token_are_summed():
    rows = [Row([1, 2, 3], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]), Row([1, 2, 4], [0.0] * 3, [1.0] * 3)]
    layout = trie([row.ids for row in rows])
    assert weigh([row.reroute for row in rows], layout).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]
    assert weigh([row.retain for row in rows], layout).sum(dim=0).tolist() == [1.5, 1.5, 0, 1]
    assert weigh([[], [0.0, 2.0]], layout).tolist() == [[0, 0, 0, 0], [0, 2, 0, 0]]


@pytest.mark.parametrize("kind", ["resisted", "clean"])
def test_retained_rows_are_the_twins_of_the_harmful_ones(kind: str):
    pools = {
        "harmful": [row(n, origin=f"row {n}") for n in range(8)],
        kind: [row(10 + n, origin=f"row {n}") for n in range(1, 8)],
    }
    draws = Draws(pools, BatchRecipe(**{"harmful": 1, "clean": 0, "resisted": 0, kind: 1}), 8, seed=0)
    drawn = [(harmful.ids[0], twin.ids[0]) for harmful, twin in map(draws.__getitem__, range(8))]
    assert all(twin == harmful + 10 for harmful, twin in drawn if harmful)
    assert next(twin > 10 for harmful, twin in drawn if not harmful)  # it has no twin: another is dealt


def test_harmful_tokens_whose_whole_prefix_is_retained_are_not_rerouted():
    harmful = [Row([1, 2, 3, 4], [0.0, 1.0, 1.0, 1.0], []), Row([7, 8], [1.0, 1.0], [])]
    retained = [Row([1, 2, 5], [], []), Row([1, 2, 3], [], [])]
    assert [part.reroute for part in uncontested(harmful, retained)] == [[0, 0, 0, 1], [1, 1]]


IDS = st.lists(st.integers(0, 2), min_size=1, max_size=6)


@given(st.lists(IDS, min_size=1, max_size=6), st.lists(IDS, max_size=6))
def test_what_is_contested_is_what_pairwise_comparison_says(harmful: list[list[int]], retained: list[list[int]]):
    rows = [[Row(ids, [1.0] * len(ids), []) for ids in kind] for kind in (harmful, retained)]
    for row in uncontested(*rows):
        prefixes = {tuple(ids[:end]) for ids in retained for end in range(len(ids) + 1)}
        assert row.reroute == [float(tuple(row.ids[: end + 1]) not in prefixes) for end in range(len(row.ids))]


@pytest.mark.parametrize("count", [0, 3])
def test_kinds_that_are_not_drawn_need_no_pool(count: int):
    draws = Draws({"harmful": [row(1)], "clean": [row(2)]}, BatchRecipe(clean=count, resisted=0), 1, 0)
    assert len(draws[0]) == 2 + count


def test_a_mask_of_weights_reroutes_by_weight():
    harmful, rendered = garden(Trace.HIJACKED)
    weights = rerouted(harmful, rendered, TrainRecipe(mask={"assistant": 1, "tool_arguments": 2}))
    assert set(weights) == {0, 1, 2}
    made = row_of(harmful, rendered, TrainRecipe(mask={"tool_call": 0.5}))
    assert set(made.reroute) == {0, 0.5}
    assert sum(made.retain) == pytest.approx(1)


def test_the_authors_mask_covers_whole_harmful_rows_and_no_others():
    recipe = TrainRecipe(mask="everything", retain="reference")
    harmful, rendered = garden(Trace.HIJACKED)
    made = row_of(harmful, rendered, recipe)
    assert set(made.reroute) == {1}
    assert set(made.retain) == {0}
    assert len(made.ids) == len(rendered.ids)
    kept = row_of(*garden(Trace.RESISTED), recipe)
    assert set(kept.reroute) == {0}
    assert set(kept.retain) == {1}


def test_the_authors_mask_is_refused_with_another_retain_loss():
    with pytest.raises(ValueError, match="reroutes whole conversations, requests included"):
        TrainRecipe(mask="everything")


def test_answers_are_the_tokens_before_those_of_a_benign_continuation():
    resisted, rendered = garden(Trace.RESISTED)
    made = row_of(resisted, rendered, TrainRecipe(kl=1))
    continuation = loss_mask("assistant", rendered, resisted)
    assert made.answers[:-1] == [float(chosen) for chosen in continuation[1 : len(made.ids)]]
    assert made.answers[rendered.turn_start(3) - 1] == 1
    assert row_of(resisted, rendered, TrainRecipe()).answers == []
    assert row_of(*garden(Trace.HIJACKED), TrainRecipe(kl=1)).answers == []


def test_a_reminded_row_says_where_each_rerouted_token_stands_under_the_reminder():
    plain = Row([1, 2, 3, 4], [0.0, 0.0, 1.0, 1.0], [])
    found = remind(plain, Row([9, 9, 1, 2, 3, 4, 5], [0.0] * 4 + [1.0] * 3, [])).reminded
    assert found is not None
    assert [found.ids[index + found.offset] for index in (2, 3)] == [3, 4]
    with pytest.raises(DataError, match="has other tokens under the reminder"):
        remind(plain, Row([9, 1, 2, 3, 5], [0.0] * 3 + [1.0] * 2, []))
