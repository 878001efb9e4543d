"""Rows at the end of a file that are totals of the others, or remarks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from . import layouts
from .columns import shown
from .layouts import fold_word

_LAST = 5


def no_order(table: pa.Table, columns: Mapping[str, str]) -> tuple[int, str, str] | None:
    """The first of the last rows that is no order, the column that shows it, and what it is.

    Args:
        table: The rows.
        columns: The heading of each role.
    """
    rows = table.num_rows
    for row in range(max(rows - _LAST, 0), rows):
        cells = {
            name: str(value).strip()
            for name in table.column_names
            for value in [table[name][row].as_py()]
            if value is not None and str(value).strip()
        }
        customer, *others = (
            cells.get(columns[role], "") for role in ("customer_id", "ordered_at", "amount")
        )
        of_total = [name for name, cell in cells.items() if _is_total(cell)]
        if of_total and customer in ("", *(cells[name] for name in of_total)):
            return row, of_total[0], "a row of totals"
        if cells and not customer and not any(others) and _is_remark(cells, columns):
            return row, next(iter(cells)), "a remark without a customer, a date and an amount"
    return None


def headings_again(table: pa.Table, columns: Mapping[str, str]) -> tuple[list[int], bool]:
    """Rows whose cells of customer, date and amount are headings, and whether each is its own.

    They are where exports were put one after the other.
    """
    names = pa.array([name.strip() for name in table.column_names], pa.string())
    here: Any = None
    own = True
    for role in ("customer_id", "ordered_at", "amount"):
        text = shown(table[columns[role]])
        if text is None:
            return [], True
        told = pc.is_in(text, value_set=names)
        here = told if here is None else pc.and_(here, told)
        if pc.any(told).as_py():
            own = own and pc.all(pc.equal(text.filter(told), columns[role].strip())).as_py() is True
        if not pc.any(here).as_py():
            break
    return pc.indices_nonzero(here).to_pylist(), own


def _is_total(cell: str) -> bool:
    words = {fold_word(word) for word in layouts.words()["totals"]["words"]}
    plain = fold_word(cell.strip(" :：*=-"))
    endings = layouts.words()["totals"]["endings"]
    return any(plain.removesuffix(end) in words for end in ("", *endings))


def _is_remark(cells: Mapping[str, str], columns: Mapping[str, str]) -> bool:
    """One text alone, or a text in the column of order numbers."""
    text = cells.get(columns.get("order_id", ""), "")
    return len(cells) == 1 or re.search(r"\s|[※*:：。]", text) is not None
