"""Tables that are no orders and have headings like them: customers, products, payouts, totals of
days, summaries of sessions, abandoned carts, refunds.

The headings of each are in `layouts/words.toml` (`other_table`). A file is refused as such a table
where the user has not named the columns of customer, date and amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from .._problem import Problem
from . import layouts, statuses
from .columns import distinct, few_texts, shown
from .groups import Groups
from .headings import REQUIRED, find, names_of
from .layouts import fold
from .messages import option, say

_SAID = {
    "customers": "customers (one row a customer)",
    "products": "products or an inventory",
    "payouts": "payouts",
    "totals": "totals by day",
    "sessions": "summaries of sessions",
    "carts": "abandoned carts",
    "refunds": "refunds",
    "quotes": "quotes or drafts",
}
_INSTEAD = {
    "customers": f" A table of customers goes beside the orders: {say.customers}.",
    "sessions": " The analyses of visits read a log with one row an event.",
    "refunds": f" Refunds are read as a column of the orders: {say.refunded}.",
}


def refuse(
    headings: Sequence[str], table: pa.Table, given: Mapping[str, str | None], layout: object
) -> None:
    """Refuses a table that is no orders.

    Args:
        headings: The file's headings.
        table: Its rows.
        given: What the user said, by role. Where customer, date and amount are named, the rows
            are orders.
        layout: The layout of the file, which vouches for its rows.

    Raises:
        Problem: The headings, and the rows if these decide, are of another table.
    """
    if layout is not None or all(given.get(role) for role in REQUIRED):
        return
    if name := _log(headings, table):
        raise Problem(
            f'the file looks like a log of events, and not of orders: "{name}" says which rows are '
            "views of a page",
            "A log of events is read as one; for orders leave only purchases in the file.",
        )
    for kind in layouts.words()["other_table"]:
        told = _told(kind, headings, table, given)
        if told:
            options = " ".join(
                option(role, _column(role, headings, given) or "...") for role in REQUIRED
            )
            named = ", ".join(f'"{name}"' for name in told[:5])
            raise Problem(
                f"the file looks like a table of {_SAID[kind['what']]}, and not of orders: it has "
                f"{', '.join([named, *_rows(kind)])}",
                f"If each row is an order or a line all the same, name the columns: {options}."
                + _INSTEAD.get(kind["what"], ""),
            )


def _log(headings: Sequence[str], table: pa.Table) -> str:
    """The column of the kinds of events, if some are views."""
    words = layouts.words()
    kinds = set(map(fold, words["headings"]["events"]["kind"]))
    views = {fold(one) for key in ("view", "product_view") for one in words["kinds"][key]}
    for name in headings:
        column = shown(table[name]) if fold(name) in kinds and few_texts(table[name]) else None
        if column is not None and any(fold(text) in views for text in distinct(column)):
            return name
    return ""


def _has(table: pa.Table, name: str) -> bool:
    """Whether a column has values; one that only some of several files have counts as such."""
    return name not in table.column_names or table[name].null_count < table.num_rows


def _told(
    kind: Mapping[str, Any],
    headings: Sequence[str],
    table: pa.Table,
    given: Mapping[str, str | None],
) -> list[str]:
    """The headings that show a kind of table, or nothing if it is another."""
    for role in kind.get("without", ()):
        name = _column(role, headings, given)
        if name is not None and _has(table, name):
            return []
    if layouts.column(kind.get("unless", ()), headings):
        return []
    words = set(map(fold, kind["words"]))
    told = [name for name in headings if fold(name) in words]
    if kind.get("filled"):
        told = [name for name in told if name in table.column_names and _filled(table[name])]
    if len(told) < kind["least"]:
        return []
    one = _column(kind["one_row"], headings, given) if "one_row" in kind else None
    column = None if one is None or one not in table.column_names else shown(table[one])
    if column is not None and not _distinct(column):
        return []
    return told


def _filled(column: pa.ChunkedArray) -> bool:
    """Whether every row has a value, and none of them means no."""
    text = shown(column)
    if text is None or text.null_count:
        return False
    return not any(map(statuses.says_no, distinct(text)))


def _distinct(column: pa.ChunkedArray) -> bool:
    """Whether no value is in two rows."""
    start = column.slice(0, 1_000)  # of a large file the start tells, most often
    return all(Groups.of(some).size == len(some) - some.null_count for some in (start, column))


def _column(role: str, headings: Sequence[str], given: Mapping[str, str | None]) -> str | None:
    said = given.get(role)
    if said == "":
        return None
    return find(said, headings, role, Problem) if said else layouts.column(names_of(role), headings)


def _rows(kind: Mapping[str, Any]) -> list[str]:
    """The further evidence, in words."""
    said = {"order_id": "no order number", "customer_id": "no customer"}
    told = [said[role] for role in kind.get("without", ())]
    return [*told, *(["each customer once"] if "one_row" in kind else [])]
