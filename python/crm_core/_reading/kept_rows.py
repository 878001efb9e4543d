"""Rows of statements that are no orders: payouts, fees, and payments that the shop itself makes.

A layout says which they are. They are left out and counted, with what they come to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, groups, ids, layouts, money_columns, states
from .columns import distinct, numbers, shown
from .groups import Flags, Groups, Values
from .layouts import fold_word
from .said import Said
from .settings import Note, Rows

if TYPE_CHECKING:
    from .order_reading import OrderReading

_MUCH = 0.2  # of the others' money: refunds of earlier orders come to less


def keep(reading: OrderReading) -> None:
    """Leaves out what the layout says to be no order."""
    layout = reading.layout
    for wanted, values in (layout.keep if layout is not None else {}).items():
        name = layouts.column([wanted], reading.table.column_names)
        column = shown(reading.table[name]) if name else None
        if name is None or column is None:
            continue
        wanted_words = {fold_word(value) for value in values}
        kept = [text for text in distinct(column) if fold_word(text) in wanted_words]
        here = groups.flags(pc.is_in(column, value_set=pa.array(kept, pa.string())))
        here |= _declared(reading)
        if not np.all(here):
            money = _money(reading)
            back = _gives_back(column) & ~here
            told = {"column": name, "rows": int(np.count_nonzero(~here))}
            told["amount"] = _sum(money, ~here & ~back)
            reading.notes.append(Note("left_out", told))
            _refunds_left_out(reading, name, money, back)
            _only(reading, here)
    if layout is not None and layout.only_received:
        _received(reading, layout.only_received)


def _received(reading: OrderReading, wanted: str) -> None:
    """Leaves out amounts below zero: what the shop pays, and what it gives back."""
    money = _money(reading)
    if money is None:
        return
    below = money.valid & (money.floats < 0) & ~_declared(reading)
    name = layouts.column([wanted], reading.table.column_names)
    column = shown(reading.table[name]) if name else None
    back = below & _gives_back(column) if column is not None else np.zeros_like(below)
    own = below & ~back
    amount = reading.chosen["amount"].value
    if np.any(own):
        told = {"column": amount, "rows": int(np.count_nonzero(own)), "amount": _sum(money, own)}
        reading.notes.append(Note("own_payments", told))
    if name is not None:
        _refunds_left_out(reading, name, money, back)
    if np.any(below):
        _only(reading, ~below)


def _refunds_left_out(reading: OrderReading, name: str, money: Values | None, rows: Flags) -> None:
    """Rows of refunds among those that are left out, and what they come to."""
    if money is None or not np.any(rows):
        return
    told = {"column": name, "rows": int(np.count_nonzero(rows)), "amount": _sum(money, rows)}
    column = shown(reading.table[name])
    if column is None or (reading.layout is not None and reading.layout.only_received):
        # Such rows name the shop as the customer, so they can be no one's refunds.
        reading.warnings.append(Note("refunds_left_out", told))
        return
    said = Said(column, reading.rows.name)
    told["word"] = said.option(distinct(column.filter(pa.array(rows)))[0])
    reading.warnings.append(Note("refunds_left_out_by", told))


def _declared(reading: OrderReading) -> Flags:
    """Rows that the user declares to be refunds: they count, whatever the layout says."""
    here = np.zeros(reading.table.num_rows, np.bool_)
    for said, words in reading.settings.refund_rows.items():
        name = layouts.column([said], reading.table.column_names)
        column = shown(reading.table[name]) if name else None
        wanted = {fold_word(word) for word in words}
        if column is not None:
            told = [text for text in distinct(column) if fold_word(text) in wanted]
            here |= groups.flags(pc.is_in(column, value_set=pa.array(told, pa.string())))
    return here


def _gives_back(column: pa.ChunkedArray) -> Flags:
    told = [text for text in distinct(column) if states.speaks_of_return(text)]
    return groups.flags(pc.is_in(column, value_set=pa.array(told, pa.string())))


def _money(reading: OrderReading) -> Values | None:
    found = numbers(reading.table[reading.chosen["amount"].value], reading.settings.decimal)
    return None if found is None else groups.values(found)


def _sum(money: Values | None, rows: Flags) -> str:
    if money is None:
        return "?"
    return f"{amount_meaning.rounded(money.floats[rows & money.valid]):,}"


def _only(reading: OrderReading, here: Flags) -> None:
    """Leaves other rows out of the table, and remembers the places of these."""
    at = np.flatnonzero(here).tolist()
    before = reading.rows.kept
    reading.rows = Rows(reading.rows.parts, at if before is None else [before[i] for i in at])
    reading.table = reading.table.filter(pa.array(here))


def only_below(reading: OrderReading, counted: Flags) -> None:
    """Customers of whom all rows are below zero: they are in the total and in no table.

    Args:
        reading: The orders, with their amounts.
        counted: Rows whose state does not stop them.
    """
    column = reading.table[reading.arguments["customer_id"]]
    found, keys = money_columns.worth(reading)
    if keys is not None:  # an order's total counts once
        first = np.zeros_like(counted)
        first[keys.firsts(found.valid & counted)] = True
        counted = counted & (first | ~keys.known)
    if pa.types.is_nested(column.type):
        return
    people = Groups.of(column)
    here = counted & found.valid & people.known
    if not np.any(here & (found.floats < 0)):
        return
    _, high, some = people.ends(found, here)
    below = some & (high < 0)
    rows = here & np.asarray(people.each(below, False), np.bool_)
    if not np.any(rows):
        return
    told = {"column": reading.arguments["customer_id"], "customers": int(np.count_nonzero(below))}
    told |= {"rows": int(np.count_nonzero(rows)), "amount": _sum(found, rows)}
    told["own"] = f"{amount_meaning.total(found, keys):,}"
    rest = Values(found.numbers, found.valid & ~rows, found.scale)
    told["rest"] = f"{amount_meaning.total(rest, keys):,}"
    receiver = _receiver(reading, column, rows, here & ~rows)
    if receiver:
        reading.warnings.append(Note("shop_as_customer", {**told, "other": receiver}))
        return
    much = -float(np.sum(found.floats[rows])) > _MUCH * float(np.sum(rest.floats[rest.valid]))
    (reading.warnings if much else reading.notes).append(Note("only_below_zero", told))


def _receiver(reading: OrderReading, own: pa.ChunkedArray, rows: Flags, others: Flags) -> str:
    """The column that holds the customers of these rows in the others: it is the shop that pays."""
    payers = ids.words_in(own, pa.array(rows))
    for name in money_columns.unread(reading):
        column = shown(reading.table[name])
        if column is None or not ids.is_mail(column):
            continue
        if pc.any(pc.is_in(payers, value_set=ids.words_in(column, pa.array(others)))).as_py():
            return name
    return ""
