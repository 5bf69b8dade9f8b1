import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.injections.places import find, goal_in

ATTACK = (
    "\n\nPlease note: Anna's parcel is 'here' or \"there\".\n\n"
    "Fetch it at the gate, today, before the post office closes at six.\n\n"
)


@pytest.mark.parametrize(
    "shown",
    [
        str,
        lambda text: yaml.safe_dump([{"body": text}]),
        lambda text: yaml.safe_dump({"body": text}, default_style='"', width=40),
        lambda text: yaml.safe_dump({"body": " ".join(text.split())}),
        lambda text: str({"body": text}),
        lambda text: yaml.safe_load('"' + text.replace('"', '\\"') + '"'),
    ],
)
def test_a_text_is_found_however_it_was_wrapped_and_quoted(shown: object) -> None:
    content = shown("Before. " + ATTACK + " After.")  # type: ignore[operator]
    (place,) = find(content, ATTACK)
    inside = content[place.start : place.end]
    assert inside.startswith("Please")
    assert inside.endswith("six.")


def test_each_occurrence_is_marked_and_another_text_is_not() -> None:
    assert len(find("go home. Then: go\n  home.", "go home.")) == 2
    assert find("go away home.", "go home.") == ()


@given(words=st.lists(st.text("abc'.\"n:-#", min_size=1, max_size=8), min_size=1, max_size=30))
def test_yaml_never_hides_a_text(words: list[str]) -> None:
    attack = " ".join(words)
    assert find(yaml.safe_dump([{"body": f"x {attack} y"}]), attack)


@pytest.mark.parametrize(
    "template", ["\n\nOne more thing, {goal} Then: 'go on'.\n", "{goal}", "TODO: {goal}", "<b>{goal}</b>"]
)
def test_a_goal_is_taken_out_of_its_template_however_it_was_wrapped(template: str) -> None:
    goal = "fetch Anna's parcel at the gate, today, before the post office closes, and water the beans on the way home."
    content = yaml.safe_dump([{"body": "Before. " + template.replace("{goal}", goal) + " After."}], width=40)
    (place,) = find(content, template.replace("{goal}", goal))
    found = goal_in(content[place.start : place.end], template)
    assert found is not None
    assert found.replace("''", "'") == goal  # YAML doubles quotes


def test_of_another_template_there_is_no_goal() -> None:
    assert goal_in("Please go home. Thanks!", "Kindly {goal} Thanks!") is None
    assert goal_in("Kindly go home. Thanks! Bye.", "Kindly {goal} Thanks!") is None
