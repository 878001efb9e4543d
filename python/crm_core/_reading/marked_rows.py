"""Columns that change what a row's amount means, and are not read: rates of exchange, flags of tax
that is contained, versions and snapshots of one order.

Each is said with the totals of both readings. Their headings are in `layouts/words.toml`
(`row_columns`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, dates, groups, headings, items, layouts, odd_rows, statuses
from .columns import distinct, few_texts, numbers, shown
from .groups import Flags, Groups, Values
from .layouts import fold, fold_word
from .money_columns import worth
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading


_VERSION = r"^[A-Za-z]{1,8}[. _-]{0,2}(\d+)$"


def said(reading: OrderReading) -> None:
    """All warnings of this module; `reading` has orders, dates, amounts and money."""
    if not reading.table.num_rows:
        return
    for name in _unread(reading, "rates"):
        _rate(reading, name)
    for name in _unread(reading, "tax_flags"):
        _tax(reading, name)
    for kind in ("versions", "updates", "ends"):
        for name in _unread(reading, kind):
            if _version(reading, name, of_lines=kind == "updates"):
                return


def some_of(values: Values, rows: Flags) -> Values:
    """The values of some rows; the others have none."""
    return Values(values.numbers, values.valid & rows, values.scale)


def _unread(reading: Reading, kind: str) -> Iterator[str]:
    known = set(map(fold, layouts.words()["row_columns"][kind]))
    left_out = {fold(one) for one in reading.settings.ignore}
    if reading.layout is not None:
        left_out |= {fold(one) for one in reading.layout.headings}
    for name in reading.unread:
        there = name in reading.table.column_names and name not in reading.dimensions
        if there and fold(name) in known - left_out:
            yield name


def _rate(reading: OrderReading, name: str) -> None:
    """A rate of exchange that is not 1 in all rows."""
    found = numbers(reading.table[name], reading.settings.decimal)
    if found is None:
        return
    rate = groups.values(found)
    other = rate.valid & (rate.floats != 1.0) & (rate.floats != 0.0)
    if not np.any(other):
        return
    values, keys = worth(reading)
    times = Values(values.floats * np.where(other, rate.floats, 1.0), values.valid)
    told = {
        "column": name,
        "rows": int(np.count_nonzero(other)),
        "own": f"{amount_meaning.total(values, keys):,}",
        "times": f"{amount_meaning.total(times, keys):,}",
    }
    reading.warnings.append(Note("rate_unused", told))


def _tax(reading: OrderReading, name: str) -> None:
    """A flag by which some amounts contain the tax and others do not."""
    column = shown(reading.table[name])
    if column is None or not few_texts(column):
        return
    known = layouts.words()["row_columns"]
    without = [word for word in distinct(column) if _means(word, known["excluded"], no=True)]
    within = [word for word in distinct(column) if _means(word, known["included"], no=False)]
    if not without or not within:
        return
    here = groups.flags(pc.is_in(column, value_set=pa.array(without, pa.string())))
    values, keys = worth(reading)
    told = {
        "column": name,
        "rows": int(np.count_nonzero(here)),
        "own": f"{amount_meaning.total(values, keys):,}",
        "without": f"{amount_meaning.total(some_of(values, here), keys):,}",
    }
    code = "tax_mixed"
    for tax in reading.table.column_names:
        money = None
        if fold(tax) in map(fold, known["taxes"]):
            money = numbers(reading.table[tax], reading.settings.decimal)
        if money is not None:
            more = np.where(here, np.nan_to_num(groups.values(money).floats), 0.0)
            added = Values(values.floats + more, values.valid)
            told |= {"tax": tax, "added": f"{amount_meaning.total(added, keys):,}"}
            code = "tax_mixed_added"
            break
    reading.warnings.append(Note(code, told))


def _means(word: str, words: list[str], no: bool) -> bool:
    flag = statuses.says_no(word) if no else statuses.says_yes(word)
    return flag or fold_word(word) in map(fold_word, words)


def _version(reading: OrderReading, name: str, of_lines: bool) -> bool:
    """Rows of one order in several versions, or in the exports of several days."""
    text = shown(reading.table[name])
    if text is None or (reading.keys is None and of_lines):
        return False
    if reading.keys is not None:  # dates are parsed only where they differ within an order
        codes = Groups.of(text).codes
        few, many, _ = same_rows(reading, reading.keys).ends(
            Values(codes, np.ones(len(codes), np.bool_))
        )
        if not np.any(few != many):
            return False
    rank = rank_of(reading, name)
    if rank is None:
        return False
    values, keys = worth(reading)
    if reading.keys is None:
        last = ~_again(reading, name)
        orders = int(np.count_nonzero(~last))
    else:
        rows = same_rows(reading, reading.keys)
        low, high, _ = rows.ends(rank)
        versions = low != high
        if not np.any(versions):
            return False
        orders = reading.keys.touched(np.asarray(rows.each(versions, False), np.bool_))
        whole = rows if of_lines else reading.keys
        newest = whole.each(whole.ends(rank)[1], 0)
        last = ~rank.valid | ~whole.known | (rank.numbers == newest)
    if not orders:
        return False
    told = {
        "column": name,
        "orders": orders,
        "own": f"{amount_meaning.total(values, keys):,}",
        "last": f"{amount_meaning.total(some_of(values, last), keys):,}",
    }
    # Of totals that are taken once an order, the first state may be the last one.
    listed = reading.notes if told["own"] == told["last"] else reading.warnings
    code = "versions_count" if reading.keys is not None else "versions_alone"
    listed.append(Note(code, told))
    return True


def rank_of(reading: Reading, name: str) -> Values | None:
    """The order of a column's versions or days, of which a blank end is the last."""
    rank = _ranked(reading, name)
    return None if rank is None else _open_last(name, rank)


def _ranked(reading: Reading, name: str) -> Values | None:
    """The order of a column's versions or days; nothing if all rows have the same."""
    column = reading.table[name]
    text = shown(column)
    least = 1 if _is_end(name) and text is not None and text.null_count else 2
    if text is None or len(distinct(text)) < least:
        return None
    found = numbers(column, reading.settings.decimal)
    if found is None and (pc.sum(pc.match_substring_regex(text, _VERSION)).as_py() or 0):
        bare = pc.replace_substring_regex(text, pattern=_VERSION, replacement=r"\1")
        found = numbers(bare, reading.settings.decimal)  # v1, rev. 2
    if found is not None:
        return groups.values(found)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return groups.values(column.cast(pa.timestamp("us")).cast(pa.int64()))
    read = dates.parse(text)
    if (read.unread or read.readings) and reading.settings.date_format:
        read = dates.parse(text, reading.settings.date_format)
    if read.unread or read.readings:
        return None
    return groups.values(read.wall.cast(pa.timestamp("us")).cast(pa.int64()))


def _is_end(heading: str) -> bool:
    """Whether a column is the end of a state's time, which is blank for the state that holds."""
    return fold(heading) in set(map(fold, layouts.words()["row_columns"]["ends"]))


def _open_last(name: str, rank: Values) -> Values:
    """The ranks, with the blank end of a state's time as the last."""
    if not _is_end(name):
        return rank
    numbers_of = np.where(rank.valid, rank.numbers, np.iinfo(np.int64).max)
    return Values(numbers_of.astype(np.int64), np.ones_like(rank.valid))


def days_of(reading: Reading) -> Iterator[str]:
    """Columns of versions and of days of a change, which may say which row of an order is last."""
    for kind in ("updates", "versions", "ends"):
        yield from _unread(reading, kind)


def is_of_lines(heading: str) -> bool:
    """Whether a column is the day of a change, which the rows of each item may have."""
    return fold(heading) in set(map(fold, layouts.words()["row_columns"]["updates"]))


def same_rows(reading: Reading, keys: Groups) -> Groups:
    """Rows of one order about the same item."""
    columns = [pa.chunked_array([pa.array(keys.codes, mask=~keys.known)])]
    for name in items.of(reading):
        of_number = headings.amount_kind(name) or fold(name) in map(
            fold, headings.names_of("quantity")
        )
        text = None if of_number else shown(reading.table[name])
        if text is not None:
            columns.append(text)
    for name in reading.unread:
        line = statuses.speaks_of("line_number", name) and name in reading.table.column_names
        text = shown(reading.table[name]) if line else None
        if text is not None:
            columns.append(text)
    return Groups.of(*columns)


def _again(reading: OrderReading, name: str) -> Flags:
    """Rows that are equal to an earlier one but for this column."""
    key = reading.chosen["customer_id"].value
    return odd_rows.repeated(
        reading.table.drop_columns([name]), key, reading.chosen["amount"].value
    )
