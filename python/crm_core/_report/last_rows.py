"""Rows at the end of a file that are totals of the others, or remarks."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from . import layouts
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


def _is_total(cell: str) -> bool:
    words = {fold_word(word) for word in layouts.words()["totals"]["words"]}
    plain = fold_word(cell.strip(" :：*=-"))
    return any(plain.removesuffix(end) in words for end in ("", "行", "額"))


def _is_remark(cells: Mapping[str, str], columns: Mapping[str, str]) -> bool:
    """One text alone, or a text in the column of order numbers."""
    text = cells.get(columns.get("order_id", ""), "")
    return len(cells) == 1 or re.search(r"\s|[※*:：。]", text) is not None
