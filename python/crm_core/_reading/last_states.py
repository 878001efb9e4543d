"""Rows of one order that follow one another: its states by their days, its versions.

`--keep-last COLUMN` reads of each order the rows with the last value in the column. Without it
nothing is left out, and `marked_rows` says what both readings come to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .._problem import Misuse, Problem
from . import marked_rows
from .columns import shown, trimmed
from .groups import Groups
from .headings import find
from .messages import say
from .settings import Note, Rows

if TYPE_CHECKING:
    from .order_reading import OrderReading


def keep(reading: OrderReading) -> None:
    """Leaves out rows that another one of their order follows.

    Raises:
        Misuse: There is no order number.
        Problem: The column holds neither numbers, versions nor days.
    """
    said = reading.settings.keep_last
    if not said:
        return
    name = find(said, reading.table.column_names, f"{say.keep_last}")
    if "order_id" not in reading.chosen:
        raise Misuse(
            f"{say.keep_last:{name}} takes the last rows of each order, and no column is the "
            "order's number",
            f"{say.order_id} names it.",
        )
    columns = [trimmed(reading.table[reading.chosen["order_id"].value])]
    if "shop" in reading.chosen:
        columns.append(trimmed(reading.table[reading.chosen["shop"].value]))
    text = shown(reading.table[name])
    rank = None if text is None else marked_rows.rank_of(reading, name)
    if rank is None or any(pa.types.is_nested(one.type) for one in columns):
        raise Problem(
            f"column {name}: not days, numbers or versions, so that none of its values is the last",
            f"{say.keep_last} takes a column of which the values follow one another.",
        )
    orders = Groups.of(*columns)
    if marked_rows.is_of_lines(name):
        orders = marked_rows.same_rows(reading, orders)
    _, newest, some = orders.ends(rank)
    last = orders.each(newest, 0)
    # An order without any value keeps its rows.
    some_of = np.asarray(orders.each(some, False), np.bool_)
    here = ~orders.known | ~some_of | (rank.valid & (rank.numbers == last))
    if np.all(here):
        return
    at = np.flatnonzero(here).tolist()
    before = reading.rows.kept
    reading.rows = Rows(reading.rows.parts, at if before is None else [before[i] for i in at])
    told = {"column": name, "rows": int(np.count_nonzero(~here))}
    told["orders"] = orders.touched(np.asarray(~here, np.bool_))
    reading.table = reading.table.filter(pa.array(here))
    reading.notes.append(Note("kept_last", told))
