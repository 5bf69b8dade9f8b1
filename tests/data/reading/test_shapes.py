import pytest
from pydantic import BaseModel

from switchgear.data.reading.shapes import shaped
from switchgear.data.reading.tables import Row
from switchgear.errors import DataError
from switchgear.schema import Drop


class Note(BaseModel):
    text: str


def row(number: int, **value: object) -> Row:
    return Row(f"notes.json:{number}", number, value, "", "")


def test_a_row_of_another_shape_is_dropped_with_its_fields_named_and_not_quoted() -> None:
    good, bad = shaped([row(1, text="hello"), row(2, text=["secret"])], Note)
    assert good == (row(1, text="hello"), Note(text="hello"))
    assert bad == Drop(reason="not of this dataset's shape (wrong: text)", row="notes.json:2")


def test_rows_that_all_have_another_shape_are_an_error_that_does_not_quote_them() -> None:
    with pytest.raises(DataError, match=r"notes.json:2 \(wrong: text\)") as caught:
        list(shaped([row(1, other="secret"), row(2, other="secret")], Note))
    assert "secret" not in str(caught.value)


def test_no_rows_are_no_error() -> None:
    assert list(shaped([], Note)) == []
