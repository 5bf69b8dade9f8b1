from typing import Any

from switchgear.report.rates import (
    category_tables,
    likelihood_reach,
    likelihood_rows,
    ordered,
    rate_tables,
    task_tables,
)


def rate(measure: str, model: str, kind: str = "hijacked", mode: str = "free") -> dict[str, Any]:
    return {"kind": kind, "mode": mode, "measure": measure, "model": model, "rate": 0.5, "n": 2, "successes": 1}


def test_models_stand_side_by_side_and_the_form_of_calls_apart() -> None:
    rates = [rate("malformed", "frozen"), rate("attack_success", "adapted"), rate("attack_success", "frozen")]
    difference = {"kind": "hijacked", "mode": "free", "measure": "attack_success", "difference": 0.0}
    (table,) = rate_tables({"rates": rates, "differences": [difference]})
    (row,) = table["rows"]
    assert row == {"label": "Attack success", "frozen": rates[2], "adapted": rates[1], "difference": difference}
    (form,) = table["form"]
    assert (form["label"], form["adapted"]) == ("Malformed", None)


def test_what_neither_model_ever_did_is_named_and_not_drawn() -> None:
    never = [rate("refused", model) | {"rate": 0} for model in ("frozen", "adapted")]
    unknown = [rate("incoherent", "frozen") | {"rate": 0}, rate("incoherent", "adapted") | {"rate": None}]
    (table,) = rate_tables({"rates": never + unknown})
    assert (table["never"], [row["label"] for row in table["rows"]]) == (["Refused"], ["Incoherent"])


def test_tables_go_from_the_hardest_attack_to_clean_tasks() -> None:
    modes = ("free", "forced", "prefilled")
    rates = [rate("refused", "frozen", kind, mode) for kind in ("clean", "hijacked") for mode in modes]
    titles = [table["title"] for table in rate_tables({"rates": rates})]
    expected = [f"{kind}, {mode}" for kind in ("Hijacked", "Clean") for mode in ("prefilled", "forced", "free")]
    assert titles == expected


def test_the_worst_category_comes_first() -> None:
    records = [
        {"category": name, "mode": "free", "model": "adapted", "rate": share}
        for name, share in (("a", 0.1), ("b", None), ("", 0.4))
    ]
    (table,) = category_tables({"categories": records})
    assert [row["label"] for row in table["rows"]] == ["No category", "A", "B"]


def test_the_likelihood_axis_holds_every_interval() -> None:
    assert likelihood_reach({"likelihood": [{"difference": 1.0, "low": -1.7, "high": 1.2}, {"low": None}]}) == 2.0
    assert likelihood_reach({}) == 0.5


def test_tasks_have_a_table_each_with_both_models_and_their_difference() -> None:
    names = {"task": "over_refusal", "measure": "refused"}
    rates = [{**names, "model": model, "rate": 0.5} for model in ("frozen", "adapted")]
    form = {**names, "measure": "native_format", "model": "frozen"}
    (table,) = task_tables({"tasks": [*rates, form], "task_differences": [{**names, "difference": 0.0}]})
    (row,) = table["rows"]
    assert (table["title"], row["label"]) == ("Over refusal", "Refused")
    assert (row["frozen"], row["adapted"], row["difference"]["difference"]) == (*rates, 0.0)
    assert task_tables({}) == []


def test_likelihoods_start_with_what_should_have_become_unlikely() -> None:
    rows = likelihood_rows({"likelihood": [{"kind": "clean"}, {"kind": "hijacked"}]})
    assert [row["kind"] for row in rows] == ["hijacked", "clean"]


def test_unknown_names_come_last() -> None:
    assert ordered(["new", "b", "a", "b"], ["b", "a"]) == ["b", "a", "new"]
