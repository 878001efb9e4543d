"""Orders that are not paid, or in part, by a column of money that is owed or paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, groups, layouts, money_columns, statuses
from .columns import numbers, shown
from .layouts import fold
from .marked_rows import some_of
from .settings import Note

if TYPE_CHECKING:
    from .amount_meaning import Floats
    from .order_reading import OrderReading

_EVEN = 0.011


def said(reading: OrderReading) -> None:
    """Warnings; `reading` has orders, states and amounts."""
    if reading.layout is not None or not reading.table.num_rows:
        return
    found, keys = money_columns.worth(reading)
    amounts = money_columns.floats(found)
    counted = np.ones(len(amounts), np.bool_)
    if "status" in reading.arguments:
        state = reading.table[reading.arguments["status"]]
        counted = ~groups.flags(pc.is_in(state, value_set=pa.array(statuses.STOPS, pa.string())))
    for name, owed in _columns(reading, amounts):
        here = counted & (np.nan_to_num(owed) > _EVEN) & (np.nan_to_num(amounts) > 0)
        if not np.any(here) or np.any(owed > amounts + _EVEN):
            continue  # a balance of the customer, or another total
        if np.all(here[counted]) and np.allclose(owed[here], amounts[here]):
            continue  # what every order comes to, whether it is paid or not
        own = amount_meaning.total(some_of(found, counted), keys)
        amount = amount_meaning.total(some_of(found, here), keys)
        off = money_columns.values(np.where(here, owed, 0.0))
        left = own - amount_meaning.total(some_of(off, counted), keys)
        orders = int(np.count_nonzero(here)) if keys is None else keys.touched(here)
        told = {"column": name, "orders": orders, "own": f"{own:,}", "less": f"{left:,}"}
        reading.warnings.append(Note("owed", told | {"without": f"{own - amount:,}"}))


def _columns(reading: OrderReading, amounts: Floats) -> Iterator[tuple[str, Floats]]:
    """Columns of money that is owed, and what is owed where a column has what was paid."""
    known = layouts.words()["row_columns"]
    due, paid = set(map(fold, known["due"])), set(map(fold, known["paid"]))
    for name in money_columns.unread(reading):
        if _is_share(name, paid):
            share = _share(reading, name)
            if share is not None:
                yield name, amounts * (1.0 - np.nan_to_num(share))
            continue
        if fold(name) not in due | paid:
            continue
        money = money_columns.money(reading, name)
        if money is None:
            continue
        if fold(name) in due:
            yield name, money
        elif np.any(np.nan_to_num(money) > 0):
            given = np.nan_to_num(money)
            # A part may be paid by points; an order of which nothing is paid is open.
            yield name, np.where(given == 0, amounts, 0.0)


def _is_share(heading: str, paid: set[str]) -> bool:
    """Whether a heading is of the share that is paid: `paid_percent`, `% paid`, 入金率."""
    low = layouts.low(heading)
    parts = [part for part in layouts.smells("percent") if part in low]
    for part in parts:
        rest = fold(low.replace(part, ""))
        if rest in paid or f"{rest}額" in paid:
            return True
    return False


def _share(reading: OrderReading, name: str) -> Floats | None:
    """Shares of a column of percents, or of shares of 1; nothing of other numbers."""
    column = shown(reading.table[name])
    if column is None:
        return None
    found = numbers(pc.replace_substring_regex(column, r"\s*[%％]$", ""), reading.settings.decimal)
    if found is None:
        return None
    share = money_columns.floats(groups.values(found))
    known = share[~np.isnan(share)]
    if not len(known) or np.any(known < 0) or np.max(known) > 100:
        return None
    return share if np.max(known) <= 1 else share / 100.0
