"""Rows of a table, each checked against the shape that its source expects."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from switchgear.data.reading.openai import wrong_fields
from switchgear.data.reading.tables import Row
from switchgear.errors import DataError
from switchgear.schema import Drop

Shape = TypeVar("Shape", bound=BaseModel)


def shaped(rows: Iterable[Row], shape: type[Shape]) -> Iterator[tuple[Row, Shape] | Drop]:
    """Each row with the `shape` made of it, or a drop that names its wrong fields.

    Raises:
        DataError: there are rows, and none has the shape.
    """
    fitting, wrong = 0, ""
    for row in rows:
        try:
            value = shape.model_validate(row.value)
        except ValidationError as error:
            wrong = f"{row.place} (wrong: {wrong_fields(error)})"
            yield Drop(reason=f"not of this dataset's shape (wrong: {wrong_fields(error)})", row=row.place)
        else:
            fitting += 1
            yield row, value
    if wrong and not fitting:
        raise DataError(f"No row is of this dataset's shape, to the last, {wrong}. Is it a file of another one?")
