"""Helpers that orders, customers and events share."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import OptionError
from ._input import whole_numbers
from ._request import plain

if TYPE_CHECKING:
    from ._reading.understanding import Understanding

_EPOCH = datetime.date(1970, 1, 1).toordinal()


def ids(columns: Any, names: Sequence[str | None]) -> Any:
    """Converts ids back to integers that pandas converted to floats because one is missing."""
    if not isinstance(columns, list):
        return columns
    return [(name, whole_numbers(column) if name in names else column) for name, column in columns]


def column_names(option: str, names: Sequence[str]) -> list[str]:
    """Names of columns as a list; a single text is refused, because it would be read letter by
    letter.
    """
    if isinstance(names, str):
        raise OptionError(f"option `{option}`: expected a list of column names, found one text")
    return list(names)


def listed(people: Iterable[int | str]) -> str:
    """Ids as a JSON array; a single text is refused, because it would be read letter by letter."""
    if isinstance(people, str):
        raise TypeError("ids: expected a list of ids, not one text")
    import json

    return json.dumps(plain("ids", list(people)), ensure_ascii=False)


def only_bytes(saved: object) -> bytes:
    """A saved state; anything but bytes is refused."""
    if not isinstance(saved, bytes):
        raise TypeError(f"saved: expected bytes, not {type(saved).__name__}")
    return saved


def day(days: int | None) -> datetime.date | None:
    """A day of the native module, which counts days since 1970-01-01, as a date."""
    return None if days is None else datetime.date.fromordinal(days + _EPOCH)


def far_years(first: datetime.date | None, last: datetime.date | None) -> list[str]:
    """Warnings about years that another calendar may have written."""
    said = []
    if last is not None and last.year > 2300:
        said.append(
            f"the dates go to the year {last.year}: years of the Buddhist era are read by "
            '`read_orders` with date_format="buddhist"'
        )
    if first is not None and first.year < 1600:
        said.append(
            f"the dates begin in the year {first.year}: years of the Persian calendar are read by "
            '`read_orders` with date_format="persian"'
        )
    return said


def doubts(understanding: Understanding | None) -> str:
    """How many warnings there were of reading, for `repr`."""
    count = len(understanding.warnings) if understanding is not None else 0
    return f", {count} warning{'s' * (count > 1)} in .understanding" if count else ""
