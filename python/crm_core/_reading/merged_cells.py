"""Cells that are blank below a filled one, as merged cells of a spreadsheet leave them.

Nothing is filled unless the user says so: a blank may also be a guest, a booking or a total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .._problem import Misuse, Problem
from . import amount_meaning, groups, marked_rows, money_columns, subtotals
from .columns import replaced, trimmed
from .headings import REQUIRED, find
from .messages import option, say
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading


def fill(reading: OrderReading) -> None:
    """Fills the columns down that the user names; rows of totals and bookings stay refused."""
    for said in reading.settings.fill_down:
        name = find(said, reading.table.column_names, option("fill_down"))
        column = trimmed(reading.table[name])
        if pa.types.is_nested(column.type):
            raise Misuse(f"{option('fill_down', name)}: the column holds lists")
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        there = groups.valid(column)
        if np.all(there):
            raise Misuse(f"{option('fill_down', name)} has no effect: no cell is blank")
        for row in reading.rows.starts():
            if row < len(there) and not there[row]:
                raise Problem(
                    f"{reading.rows.name(row)}, column {name}: no value, and none above it in "
                    "the file"
                )
        if "order_id" in reading.chosen and reading.chosen["order_id"].value == name:
            subtotals.refuse_between(reading, ~there)
            _refuse_bookings(reading, ~there)
            _refuse_of_others(reading, ~there)
        source = np.maximum.accumulate(np.where(there, np.arange(len(there)), 0))
        reading.table = replaced(reading.table, name, column.take(pa.array(source)))
        rows = int(np.count_nonzero(~there))
        reading.notes.append(Note("filled_down", {"column": name, "rows": rows}))


def refuse(reading: OrderReading, name: str, keys: pa.ChunkedArray) -> None:
    """Blank numbers of orders below a filled one."""
    there = groups.valid(keys)
    below = np.flatnonzero(~there[1:] & np.logical_or.accumulate(there)[:-1]) + 1
    if reading.settings.bad_rows != "error" or not len(below):
        return
    subtotals.refuse_between(reading, ~there)
    _refuse_bookings(reading, ~there)
    _refuse_of_others(reading, ~there)
    raise Problem(
        f"{reading.rows.name(int(below[0]))}, column {name}: no value, expected an order id",
        f"{len(below)} blank cells stand below a filled one, as those of merged cells do: "
        f"{say.fill_down:{name}} gives them the value above, which makes their rows lines of the "
        "same order.",
    )


def _refuse_bookings(reading: OrderReading, blank: groups.Flags) -> None:
    """Rows with a date and an amount, and neither a number nor a customer: no merged cells."""
    columns = {role: reading.table[reading.chosen[role].value] for role in REQUIRED}
    here = blank & ~groups.valid(trimmed(columns["customer_id"]))
    here &= groups.valid(trimmed(columns["ordered_at"]))
    here &= groups.valid(trimmed(columns["amount"]))
    if np.any(here):
        raise Problem(
            f"{np.count_nonzero(here)} rows have a date and an amount, and neither an order "
            f"number nor a customer, the first is {reading.rows.name(int(np.argmax(here)))}: they "
            "are no lines of the order above, but bookings such as payouts",
            f"Leave them out of the file; {say.bad_rows:drop} leaves such rows out, and says "
            "what they come to.",
        )


def _refuse_of_others(reading: OrderReading, blank: groups.Flags) -> None:
    """Rows without a number that have a customer and a date, and not those of the row above."""
    source = np.maximum.accumulate(np.where(blank, 0, np.arange(len(blank))))
    filled, other = blank.copy(), np.zeros_like(blank)
    for role in ("customer_id", "ordered_at"):
        column = trimmed(reading.table[reading.chosen[role].value])
        if pa.types.is_nested(column.type):
            return
        codes = groups.Groups.of(column).codes
        filled &= codes >= 0
        other |= codes != codes[source]
    here = filled & other
    if np.any(here):
        raise Problem(
            f"{np.count_nonzero(here)} rows have a customer, a date and no order number, the first "
            f"is {reading.rows.name(int(np.argmax(here)))}: they are no lines of the order above, "
            "which is another customer's or of another time",
            f'{say.order_id:""} makes each row an order; {say.bad_rows:drop} leaves such rows out, '
            "and says what they come to.",
        )


def grouped_customers(reading: OrderReading, customer: pa.ChunkedArray) -> None:
    """Blank cells below a customer who stands in one row only."""
    here = groups.valid(customer)
    ids_of = groups.Groups.of(customer)
    alone = ids_of.size >= 2 and ids_of.size == int(np.count_nonzero(here))
    blank = int(np.count_nonzero(~here))
    if here[0] and alone and blank >= 2 and blank * 3 >= len(here):
        values, keys = money_columns.worth(reading)
        amount = amount_meaning.total(marked_rows.some_of(values, ~here), keys)
        told = {"column": reading.arguments["customer_id"], "amount": f"{amount:,}"}
        told |= {"rows": str(blank)}
        reading.warnings.append(Note("customers_grouped", told))
