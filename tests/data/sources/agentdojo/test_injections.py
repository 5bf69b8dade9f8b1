import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.sources.agentdojo.injections import find

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
