"""Rows within a file that sum up the rows above them: subtotals of a customer, a day or a month.

A row is a subtotal by arithmetic, in nearly all groups of a file. Its label alone decides only
where the customer's cell is a word for a total. Nothing is left out; both totals are said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, coded, groups, layouts
from .columns import few_texts, numbers, shown
from .groups import Flags, Groups
from .layouts import fold_word
from .marked_rows import some_of
from .messages import say
from .money_columns import worth
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_LEAST = 2  # subtotals; one alone is `last_is_sum`, or chance
_EQUAL = 0.011  # one cent of rounding


def said(reading: OrderReading) -> None:
    """The warning about subtotals; `reading` has customers, dates and amounts."""
    customer = shown(reading.table[reading.arguments["customer_id"]])
    if customer is None or len(customer) < 2 * _LEAST:
        return
    values, keys = worth(reading)
    money = np.where(values.valid, values.floats, 0.0)
    found = _labelled(reading, customer, money) or _blank(customer, money)
    if found is None and reading.keys is None:
        found = _last_of_runs(reading, customer, money)
    if found is None:
        return
    code, rows = found
    told = {
        "column": reading.arguments["amount"],
        "customer": reading.arguments["customer_id"],
        "rows": int(np.count_nonzero(rows)),
        "row": reading.rows.name(int(np.argmax(rows))),
        "own": f"{amount_meaning.total(values, keys):,}",
        "rest": f"{amount_meaning.total(some_of(values, ~rows), keys):,}",
    }
    reading.warnings.append(Note(code, told))


def refuse_between(reading: OrderReading, blank: Flags) -> None:
    """Refuses rows without an order number that sum up the others; amounts are not read yet."""
    name = reading.chosen["amount"].value
    found = numbers(reading.table[name], reading.settings.decimal)
    if found is None:
        return
    money = groups.values(found)
    here = blank & money.valid & (money.floats != 0)
    if _sum_up(here, np.where(money.valid, money.floats, 0.0), least=1):
        count = int(np.count_nonzero(here))
        raise Problem(
            f"{reading.rows.name(int(np.argmax(here)))}, column {name}: a row of totals is no "
            f"order ({count} rows without a number are the sum of the rows above or below them)",
            f"Leave such rows out of the file; {say.bad_rows:drop} leaves them out, too.",
        )


def _labelled(
    reading: OrderReading, customer: pa.ChunkedArray, money: Any
) -> tuple[str, Flags] | None:
    """Rows with a word for a total: as the customer, or in a text where they sum up the others."""
    plain = _with_word(customer, exact=True)
    if plain is not None and not reading.settings.ignores(reading.arguments["customer_id"]):
        return "subtotals_word", plain
    columns = [customer]
    # Items of orders with a number are looked at by `odd_rows`.
    for name in reading.unread if reading.keys is None else ():
        there = name in reading.table.column_names and not reading.settings.ignores(name)
        if there and few_texts(reading.table[name]) and (text := shown(reading.table[name])):
            columns.append(text)
    for column in columns:
        here = _with_word(column, exact=False)
        if here is not None and _sum_up(here, money, least=1):
            return "subtotals_word", here
    return None


def _blank(customer: pa.ChunkedArray, money: Any) -> tuple[str, Flags] | None:
    """Rows without a customer that sum up the others."""
    here = ~groups.valid(customer)
    return ("subtotals_blank", here) if _sum_up(here, money, _LEAST) else None


def _last_of_runs(
    reading: OrderReading, customer: pa.ChunkedArray, money: Any
) -> tuple[str, Flags] | None:
    """The last rows of each customer, day or month, where these stand together."""
    codes = Groups.of(customer).codes
    days = reading.table[reading.arguments["ordered_at"]]
    kinds = [("subtotals_customer", codes)]
    if pa.types.is_timestamp(days.type) or pa.types.is_date(days.type):
        clock = reading.on_the_clock(days)
        for unit in ("day", "month"):
            floor = pc.floor_temporal(clock, unit=unit).cast(pa.timestamp("us")).cast(pa.int64())
            kinds.append(("subtotals_period", groups.values(floor).numbers))
    for code, key in kinds:
        ends = np.append(key[1:] != key[:-1], True)
        lengths = np.diff(np.flatnonzero(np.insert(ends, 0, True)))
        several = int(np.count_nonzero(lengths > 2))
        alone = int(np.count_nonzero(lengths < 2))
        if several < _LEAST or alone > groups.few_of(len(lengths)):
            continue
        for rows in (ends, np.insert(key[1:] != key[:-1], 0, True)):
            if _sum_up(rows, money, _LEAST):
                return code, rows
    return None


def _sum_up(rows: Flags, money: Any, least: int) -> bool:
    """Whether nearly all of these rows are the sums of the rows since the one before them, or up to
    the one behind them.
    """
    at = np.flatnonzero(rows)
    if len(at) < least or len(at) == len(rows):
        return False
    if at[0] == 0:
        return not rows[-1] and _sum_up(rows[::-1], money[::-1], least)
    before = np.concatenate([[0.0], np.cumsum(np.where(rows, 0.0, money))])
    sums = np.diff(before[np.concatenate([[0], at])])
    near = (np.abs(sums - money[at]) <= _EQUAL + 1e-12 * before[at]) & (money[at] != 0)
    apart = int(np.count_nonzero(~near))
    return apart == 0 or (len(at) > apart + 1 and apart <= groups.few_of(len(at) - apart))


def _with_word(column: pa.ChunkedArray, exact: bool) -> Flags | None:
    """The rows whose text is a word for a total, or holds one; None if there are none."""
    known = layouts.words()["totals"]
    if exact:
        words = {fold_word(word) for word in known["words"]}
        pattern = None
    else:
        parts = "|".join(map(re.escape, known["parts"]))
        pattern = re.compile(rf"(?<![a-z])(?:{parts})(?![a-z])", re.I)
    texts = coded.words(column)
    told = [
        text
        for text in texts.filter(_may_be(texts, [*known["words"], *known["parts"]])).to_pylist()
        if (pattern.search(text) if pattern else fold_word(text.strip(" :：*=-")) in words)
    ]
    if not told:
        return None
    here = groups.flags(pc.is_in(column, value_set=pa.array(told, pa.string())))
    return None if np.all(here) else here


def _may_be(texts: pa.Array, words: list[str]) -> pa.Array:
    """Texts with one of the words in them, so that few of many customers are looked at."""
    starts = sorted({word[:4].lower() for word in words})
    pattern = "|".join(map(re.escape, starts))
    return pc.match_substring_regex(texts, pattern, ignore_case=True)
