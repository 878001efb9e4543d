"""Columns of money beside the amount: which are not read, their numbers, and sums of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import amount_meaning, groups
from .amount_meaning import Floats, rounded
from .columns import numbers
from .groups import Groups, Values

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading

#: Currencies whose amounts are written without decimals.
WHOLE = frozenset(
    (
        *("JPY", "KRW", "VND", "CLP", "IDR", "PYG", "ISK", "HUF", "UGX", "XOF", "XAF", "RWF"),
        *("XPF", "KMF"),
    )
)


def unread(reading: Reading) -> Iterator[str]:
    """The columns that are neither read nor ignored."""
    for name in reading.unread:
        there = name in reading.table.column_names and name not in reading.dimensions
        if there and not reading.settings.ignores(name):
            yield name


def money(reading: Reading, name: str) -> Floats | None:
    """A column as numbers, not a number where it is blank; nothing if it holds other texts."""
    found = numbers(reading.table[name], reading.settings.decimal)
    return None if found is None else floats(groups.values(found))


def some_money(reading: Reading, name: str) -> Floats | None:
    """The same, and nothing if all of it is zero."""
    found = money(reading, name)
    return found if found is not None and np.any(np.nan_to_num(found) != 0) else None


def floats(found: Values) -> Floats:
    """Numbers, not a number where there is none."""
    return np.where(found.valid, found.floats, np.nan)


def amounts(reading: Reading) -> Floats:
    """The amounts as they stand in the rows."""
    return reading.floats("amount")


def values(found: Floats) -> Values:
    """The same numbers, with which of them there are."""
    return Values(found, ~np.isnan(found))


def worth(reading: Reading) -> tuple[Values, Groups | None]:
    """What each row comes to, and the orders if it is the order's on each of its rows."""
    found = groups.values(reading.plain_amounts(reading.arguments["amount"]))
    kind = reading.arguments["amount_is"]
    if kind == "unit":
        return values(floats(found) * reading.floats("quantity")), None
    return found, reading.keys if kind == "order" else None


def counted(reading: OrderReading, found: Floats) -> Any:
    """The sum of other amounts as the amounts are: once an order, or times the pieces."""
    if reading.arguments["amount_is"] == "unit":
        found = found * reading.floats("quantity")
    keys = reading.keys if reading.arguments["amount_is"] == "order" else None
    return amount_meaning.total(values(found), keys)


def total(found: Floats) -> Any:
    """The sum of all rows."""
    return rounded(found)
