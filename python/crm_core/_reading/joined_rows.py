"""Rows of one purchase that no order number joins: each of them would be an order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, groups, headings, items, layouts, money_columns
from .columns import distinct, numbers, shown
from .groups import Groups, Values
from .settings import Note
from .understanding import looks

if TYPE_CHECKING:
    from .order_reading import OrderReading

_NEARLY_ALL = 0.95
_DAY = 86_400_000_000
_PART = r"^(.+?)[-_/](\d{1,2})$"
_SAMPLE = 1_000


def said(reading: OrderReading) -> None:
    """Warnings on totals that repeat, and on an order number whose heading is not known."""
    name = reading.arguments["amount"]
    amounts = groups.values(reading.plain_amounts(name))
    joining, orders = _joining(reading)
    ignored = joining and reading.settings.ignores(joining)
    joining = "" if ignored else joining
    if _repeated(reading, name, amounts, joining):
        return
    if joining:
        told = {"column": joining, "rows": len(amounts.valid), "orders": orders}
        reading.warnings.append(Note("order_number_unread", told))
    elif not ignored and (moments := _moments(reading)) is not None:
        found, own = moments
        if found.size < own:
            told = {"rows": own - found.size, "own": own, "orders": found.size}
            code = "parts_of_numbers" if "order_id" in reading.arguments else "same_moment"
            told["column"] = reading.arguments.get("order_id", "")
            others = [one for one in items.of(reading) if one != name]
            alone = not any(_differs_within(reading.table[one], found) for one in others)
            if code == "same_moment" and alone:
                code = "corrected"
                last = np.zeros(len(found.codes), np.bool_)
                last[len(last) - 1 - Groups(found.codes[::-1], found.size).firsts()] = True
                values, _ = money_columns.worth(reading)
                kept = Values(values.numbers, values.valid & (last | ~found.known), values.scale)
                told["each"] = f"{amount_meaning.total(values):,}"
                told["last"] = f"{amount_meaning.total(kept):,}"
            reading.warnings.append(Note(code, told))


def _moments(reading: OrderReading) -> tuple[Groups, int] | None:
    """Rows of one customer and moment as orders, and how many orders there are as counted.

    Without an order number, or with one whose last part counts lines: `1001-1`, `1001-2`.
    """
    if reading.settings.columns.get("order_id") == "" or reading.settings.amount_is is not None:
        return None
    customer = reading.table[reading.arguments["customer_id"]]
    days = reading.table[reading.arguments["ordered_at"]]
    if pa.types.is_nested(customer.type) or not pa.types.is_timestamp(days.type):
        return None
    micros = days.cast(pa.timestamp("us", getattr(days.type, "tz", None))).cast(pa.int64())
    clock = pc.not_equal(pc.subtract(micros, pc.multiply(pc.divide(micros, _DAY), _DAY)), 0)
    texts = shown(customer)
    told = pc.sum(clock).as_py() or 0
    if texts is None or len(clock) - told > groups.few_of(told):
        return None
    if "order_id" not in reading.arguments:
        return Groups.of(texts, micros), len(texts) - texts.null_count
    number = shown(reading.table[reading.arguments["order_id"]])
    if number is None or reading.keys is None:
        return None
    parts = pc.match_substring_regex(number, _PART)
    if (pc.sum(parts).as_py() or 0) < _NEARLY_ALL * len(number):
        return None
    bare = pc.replace_substring_regex(number, pattern=_PART, replacement=r"\1")
    return Groups.of(bare, texts, micros), reading.keys.size


def _joining(reading: OrderReading) -> tuple[str, int]:
    """A column of numbers that joins rows of one customer and time, and how many orders it has.

    One that the user ignores comes last.
    """
    if "order_id" in reading.arguments or reading.settings.columns.get("order_id") == "":
        return "", 0
    customer = reading.table[reading.arguments["customer_id"]]
    days = reading.table[reading.arguments["ordered_at"]]
    if pa.types.is_nested(customer.type):
        return "", 0
    times = shown(days)
    if times is None:
        return "", 0
    pairs = Groups.of(times, customer).codes
    candidates = layouts.words()["candidates"]
    known = (*candidates["order_id"], *candidates["orders"])
    for name in sorted(reading.unread, key=reading.settings.ignores):
        low = name.lower()
        wanted = any(re.search(rf"(?<![a-z]){re.escape(part)}(?![a-z])", low) for part in known)
        there = name in reading.table.column_names and name not in reading.dimensions
        if not wanted or not there or not _are_numbers(reading, name):
            continue
        text = shown(reading.table[name])
        keys = None if text is None else Groups.of(text)
        blank = 0 if keys is None else int(np.count_nonzero(~keys.known))
        if keys is None or keys.size < 2 or blank > groups.few_of(len(keys.codes) - blank):
            continue
        low_pair, high_pair, _ = keys.ends(Values(pairs, pairs >= 0))
        apart = int(np.count_nonzero(low_pair != high_pair))
        several = int(np.count_nonzero((keys.rows > 1) & (low_pair == high_pair)))
        if several >= 2 and apart <= groups.few_of(several):
            return name, keys.size + blank
    return "", 0


def _are_numbers(reading: OrderReading, name: str) -> bool:
    """Whether all cells have a digit and are neither dates nor amounts with fractions."""
    column = reading.table[name]
    start = shown(column.slice(0, _SAMPLE))
    if start is None or looks(column) == "dates":
        return False
    found = distinct(start)
    money = numbers(column, reading.settings.decimal)
    whole = money is None or pc.all(pc.equal(money, pc.floor(money))).as_py() is not False
    return bool(found) and whole and all(any(map(str.isdigit, one)) for one in found)


def _repeated(reading: OrderReading, name: str, amounts: Values, joining: str) -> bool:
    """An order's total on several rows that no order number joins."""
    kind = headings.amount_kind(name)
    if reading.settings.amount_is is not None or kind not in ("order", "row"):
        return False
    customer = reading.table[reading.arguments["customer_id"]]
    days = reading.table[reading.arguments["ordered_at"]]
    if pa.types.is_nested(customer.type) or not pa.types.is_timestamp(days.type):
        return False
    if "order_id" in reading.arguments:
        number = shown(reading.table[reading.arguments["order_id"]])
        if number is None or len(number) == 0:
            return False
        parts = pc.match_substring_regex(number, _PART)
        if (pc.sum(parts).as_py() or 0) < _NEARLY_ALL * len(number):
            return False
        bare = pc.replace_substring_regex(number, pattern=_PART, replacement=r"\1")
        keys = Groups.of(bare, customer)
    else:
        micros = days.cast(pa.timestamp("us", getattr(days.type, "tz", None))).cast(pa.int64())
        clock = pc.not_equal(pc.subtract(micros, pc.multiply(pc.divide(micros, _DAY), _DAY)), 0)
        texts = shown(customer)
        if texts is None:
            return False
        if not pc.any(clock).as_py():
            if kind == "row":
                return False
            return _repeated_on_days(reading, name, amounts, Groups.of(texts, micros), joining)
        # A day without a time of day may have several purchases.
        keys = Groups.of(pc.if_else(clock, texts, None), micros)
    paid = amounts.valid & (amounts.floats > 0)  # what is given back stands beside
    low, high, some = keys.ends(amounts, paid)
    several = some & (keys.counts(paid) > 1)
    orders = int(np.count_nonzero(several & (low == high)))
    apart = int(np.count_nonzero(several & (low != high)))
    if not orders or apart > groups.few_of(orders):
        return False
    if kind == "row" and orders < 2:
        return False
    each = amount_meaning.total(amounts)
    once = amount_meaning.total(amounts, keys)
    _told(reading, name, (orders, apart, each, once), joining)
    return True


def _repeated_on_days(
    reading: OrderReading, name: str, amounts: Values, days: Groups, joining: str
) -> bool:
    """Equal totals of one customer and day, on rows that differ: the lines of one order.

    A customer may also have ordered twice on one day, so most of such days have equal totals only.
    """
    number = pa.chunked_array([pa.array(np.where(amounts.valid, amounts.floats, np.nan))])
    day = pa.chunked_array([pa.array(days.codes, mask=~days.known)])
    keys = Groups.of(day, number)
    alike = keys.counts(amounts.valid) > 1
    orders = int(np.count_nonzero(alike))
    low, high, some = days.ends(amounts)
    several = some & (days.counts(amounts.valid) > 1)
    apart = int(np.count_nonzero(several & (low != high)))
    if not orders or apart > 0.5 * np.count_nonzero(several):
        return False
    if orders < 2 and not any(
        _differs_within(reading.table[one], keys) for one in items.of(reading)
    ):
        return False
    each = amount_meaning.total(amounts)
    once = amount_meaning.total(amounts, keys)
    _told(reading, name, (orders, apart, each, once), joining)
    return True


def _told(reading: OrderReading, name: str, found: tuple[int, int, Any, Any], joining: str) -> None:
    orders, apart, each, once = found
    values = {"column": name, "orders": orders, "each": f"{each:,}", "once": f"{once:,}"}
    values["apart"] = apart
    code = "total_again_by" if joining else "total_again"
    reading.warnings.append(Note(code, {**values, "other": joining}))


def _differs_within(column: pa.ChunkedArray, keys: Groups) -> bool:
    text = shown(column)
    if text is None:
        return False
    codes = Groups.of(text).codes
    low, high, _ = keys.ends(Values(codes, codes >= 0))
    return bool(np.any(low != high))
