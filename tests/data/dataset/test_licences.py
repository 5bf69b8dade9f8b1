import pytest

from switchgear.data.dataset.licences import Terms, terms


@pytest.mark.parametrize(
    ("licence", "found"),
    [
        ("MIT", Terms.OPEN),
        ("CC-BY-4.0", Terms.OPEN),
        ("Apache-2.0 (repository)", Terms.OPEN),
        ("MIT, for safety work only", Terms.OPEN),
        ("CC-BY-NC-SA-4.0 (its copy also says MIT): not for commercial use", Terms.NON_COMMERCIAL),
        ("cc by-nc 4.0", Terms.NON_COMMERCIAL),
        ("Noncommercial research", Terms.NON_COMMERCIAL),
        ("not stated", Terms.UNSTATED),
        ("none stated (AgentDojo: MIT)", Terms.UNSTATED),
        ("", Terms.UNSTATED),
    ],
)
def test_a_licence_is_told_by_its_words(licence: str, found: Terms) -> None:
    assert terms(licence) is found
