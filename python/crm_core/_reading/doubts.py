"""Doubtful content of orders, reported with the numbers of both readings.

Nothing here changes a value. There is a question if nothing decides and the totals differ widely, a
warning if the choice is likely but may be wrong, and a note if a user might ask about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import (
    amount_meaning,
    amounts_beside,
    discounts,
    groups,
    headings,
    ids,
    items,
    kept_rows,
    layouts,
    likely,
    money_columns,
    statuses,
)
from .columns import is_text, numbers, shown
from .groups import Groups, Values
from .layouts import fold
from .messages import say
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading

_MONTH = 31 * 86_400_000_000
_FEW_IDS = 3  # a shop of so few customers has few orders
_ROWS_OF_FEW = 20
_MOST_KNOWN = 0.7
_TAKEN_ONCE = ("total_heading", "once")


def of_amounts(reading: OrderReading) -> None:
    """Notes and warnings on the amounts; `reading` has orders, dates, amounts and money."""
    if not reading.table.num_rows:
        return
    keys = reading.keys
    name = reading.arguments["amount"]
    amounts = groups.values(reading.plain_amounts(name))
    kind = reading.arguments["amount_is"]
    if keys is not None:
        if kind == "order" and reading.meaning.reason in _TAKEN_ONCE:
            _repeated_totals(reading, name, amounts, keys)
        _numbers_that_restart(reading, keys)
    _refunds_above(reading, _of_order(reading, amounts, kind))
    if reading.layout is None:
        discounts.said(reading)
        _other_totals(reading, name, amounts, kind)
        _other_ids(reading)
        amounts_beside.said(reading)


def quantity_unused(
    reading: Reading,
    columns: amount_meaning.Columns,
    found: amount_meaning.Meaning,
    words: str,
) -> None:
    """A quantity and an amount that may be of one piece or of all."""
    quantity = columns.quantity
    if quantity is None or words not in ("row", "") or found.kind == "unit":
        return
    pieces = np.where(quantity.valid, quantity.floats, 1.0)
    if not np.any(pieces != 1.0) or any(one.true for one in found.checks):
        return
    totals = amount_meaning.readings(columns)
    totals = {found.kind: totals[found.kind], "unit": totals["unit"]}
    unit, line = amount_meaning.by_product(columns)
    if unit.true and not line.true:
        raise amount_meaning.asked(
            columns.name,
            {"line": totals[found.kind], "unit": totals["unit"]},
            "a product costs the same whatever its quantity, as a price would",
        )
    if not line.true:
        values = {"column": columns.name, "own": totals[found.kind], "unit": totals["unit"]}
        reading.warnings.append(Note("quantity_unused", values))


def _of_order(reading: Reading, amounts: Values, kind: str) -> tuple[Any, Groups]:
    """What each order comes to, before refunds, and the orders."""
    keys = reading.keys
    if keys is None:
        keys = Groups(np.arange(reading.table.num_rows, dtype=np.int32), reading.table.num_rows)
    if kind == "order":
        first = keys.firsts(amounts.valid)
        worth = np.where(amounts.valid, amounts.floats, 0.0)
        return np.where(first >= 0, worth[first], 0.0), keys
    worth = amounts.floats
    if kind == "unit":
        worth = worth * reading.floats("quantity")
    return keys.sums(Values(worth, amounts.valid & ~np.isnan(worth))), keys


def _repeated_totals(reading: OrderReading, name: str, amounts: Values, keys: Groups) -> None:
    """A total on several rows that only its heading shows to be the order's."""
    totals = {
        "line": amount_meaning.total(amounts),
        "order": amount_meaning.total(amounts, keys),
    }
    if totals["line"] == totals["order"]:
        return
    values = {"column": name, "once": totals["order"], "each": totals["line"]}
    orders = int(np.count_nonzero(keys.counts(amounts.valid) > 1))
    if any(_differs(reading, keys, one) for one in items.of(reading)):
        # In few orders lines may cost the same by chance.
        listed = reading.notes if orders >= 5 else reading.warnings
        listed.append(Note("taken_once", values))
    elif _is_payment(name):
        raise amount_meaning.asked(
            name, totals, "an order with several rows may be one that was paid in parts"
        )
    else:
        reading.warnings.append(Note("repeated_totals", {**values, "orders": orders}))


def _differs(reading: OrderReading, keys: Groups, name: str) -> bool:
    """Whether a column has several values in some order."""
    column = reading.table[name]
    if pa.types.is_nested(column.type):
        return False
    if is_text(column.type):
        codes = Groups.of(column).codes
        found = Values(codes, codes >= 0)
    elif pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        found = groups.values(column)
    else:
        text = shown(column)
        codes = Groups.of(text).codes if text is not None else np.zeros(len(column), np.int32)
        found = Values(codes, codes >= 0)
    low, high, _ = keys.ends(found)
    return bool(np.any(low != high))


def _is_payment(name: str) -> bool:
    return statuses.speaks_of("payment", name)


def _numbers_that_restart(reading: OrderReading, keys: Groups) -> None:
    """Order numbers on rows of several customers, or on days far apart."""
    number = reading.arguments["order_id"]
    customer = reading.table[reading.arguments["customer_id"]]
    if reading.settings.bad_rows == "error" and not pa.types.is_nested(customer.type):
        codes = Groups.of(customer).codes
        low, high, _ = keys.ends(Values(codes, codes >= 0))
        orders = int(np.count_nonzero(low != high))
        if orders:
            numbers_of = shown(reading.table[number])
            if numbers_of is not None and (rounded := ids.rounded(numbers_of)):
                raise Problem(
                    f"{rounded} numbers of {number} were rounded by a spreadsheet, such as "
                    "1.23E+11, and different orders have become one",
                    "Export the file anew without opening it there.",
                )
            first = keys.firsts()[np.flatnonzero(low != high)]
            at = int(first.min())
            raise Problem(
                f"{orders} numbers of {number} stand on rows of different customers, the first in "
                f"{reading.rows.name(at)}",
                f"Where numbers restart in each shop or year, {say.shop} names the column that "
                "tells them apart; "
                + (
                    "where they restart each day, as they seem to here, write day and number in "
                    "one column; "
                    if _restart_daily(reading, keys, codes)
                    else ""
                )
                + f'{say.order_id:""} makes each row an order; {say.bad_rows:drop} leaves such '
                "rows out.",
            )
    days = reading.table[reading.arguments["ordered_at"]]
    if not pa.types.is_timestamp(days.type) and not pa.types.is_date(days.type):
        return
    micros = groups.values(
        days.cast(pa.timestamp("us", getattr(days.type, "tz", None))).cast(pa.int64())
    )
    low, high, _ = keys.ends(micros)
    orders = int(np.count_nonzero(high - low > _MONTH))
    if orders:
        reading.warnings.append(Note("far_apart", {"column": number, "orders": orders}))


def _restart_daily(reading: OrderReading, keys: Groups, customers: Any) -> bool:
    """Whether order numbers of several customers are of one each, day by day."""
    days = reading.table[reading.arguments["ordered_at"]]
    if not pa.types.is_timestamp(days.type) and not pa.types.is_date(days.type):
        return False
    number = pa.chunked_array([pa.array(keys.codes, mask=~keys.known)])
    by_day = Groups.of(number, reading.on_the_clock(days).cast(pa.date32(), safe=False))
    low, high, _ = by_day.ends(Values(customers, customers >= 0))
    return not np.any(low != high)


def _refunds_above(reading: OrderReading, orders: tuple[Any, Groups]) -> None:
    if "refunded" not in reading.arguments:
        return
    worth, _ = orders
    above = int(np.count_nonzero(_paid_back(reading, orders) > np.maximum(worth, 0.0) + 0.005))
    if above:
        name = reading.arguments["refunded"]
        reading.notes.append(Note("refunds_above", {"column": name, "orders": above}))


def _paid_back(reading: Reading, orders: tuple[Any, Groups]) -> Any:
    """What each order has in the column of refunds."""
    money = groups.values(reading.plain_amounts(reading.arguments["refunded"]))
    if reading.arguments["amount_is"] == "order":  # it is on each of the order's rows
        return _of_order(reading, money, "order")[0]
    return orders[1].sums(Values(money.floats, money.valid))


def refunds_missing(reading: Reading, name: str, rows: pa.ChunkedArray, word: str) -> None:
    """Orders that are refunded in part, without an amount of the refund.

    Args:
        reading: The orders, with their amounts.
        name: The status column.
        rows: The rows with such a state.
        word: The word.
    """
    here = groups.flags(rows)
    orders = _of_order(reading, _amounts(reading), reading.arguments["amount_is"])
    of = orders[1].counts(here) > 0
    code = "partial_refunds"
    if "refunded" in reading.arguments:
        of, code = of & (_paid_back(reading, orders) == 0), "partial_blank"
    if np.any(of):
        values = {"column": name, "orders": int(np.count_nonzero(of)), "word": word}
        values["money"] = reading.arguments.get("refunded", "")
        reading.warnings.append(Note(code, values))


def refunded_in_part(
    reading: Reading, name: str, rows: pa.ChunkedArray, word: str, meaning: str
) -> None:
    """Orders with a refunded state and a smaller refunded amount.

    Args:
        reading: The orders, with their amounts.
        name: The status column.
        rows: The rows with such a state.
        word: The word.
        meaning: What it means.
    """
    here = groups.flags(rows)
    kind = reading.arguments["amount_is"]
    amounts = _amounts(reading)
    money = groups.values(reading.plain_amounts(reading.arguments["refunded"]))
    if kind != "order":  # of an order with several states the lines that are given back
        amounts = Values(amounts.numbers, amounts.valid & here, amounts.scale)
        money = Values(money.numbers, money.valid & here, money.scale)
    worth, keys = _of_order(reading, amounts, kind)
    back = _of_order(reading, money, "order" if kind == "order" else "line")[0]
    part = (keys.counts(here) > 0) & (back > 0.005) & (back < worth - 0.005)
    if not np.any(part):
        return
    whole, taken = amount_meaning.rounded(worth[part]), amount_meaning.rounded(back[part])
    values = {
        "column": name,
        "orders": int(np.count_nonzero(part)),
        "word": word,
        "meaning": meaning,
        "money": reading.arguments["refunded"],
        "whole": f"{whole:,}",
        "part": f"{taken:,}",
        "rest": f"{whole - taken:,}",
    }
    reading.warnings.append(Note("refunded_in_part", values))


def _amounts(reading: Reading) -> Values:
    return groups.values(reading.plain_amounts(reading.arguments["amount"]))


def below_zero(reading: OrderReading) -> None:
    """Orders that come to less than zero: refunds by their sign, unless their state stops them."""
    worth, keys = _of_order(reading, _amounts(reading), reading.arguments["amount_is"])
    meaning = np.zeros(len(keys.codes), np.bool_)
    stopped = meaning
    if "status" in reading.arguments:
        state = reading.table[reading.arguments["status"]]
        meaning = groups.flags(pc.is_in(state, pa.array(["refunded", "returned"])))
        stopped = groups.flags(pc.is_in(state, pa.array(statuses.STOPS)))
    if {"refunded", "returned"} & {*reading.settings.status_map.values()}:
        meaning = np.zeros_like(meaning)  # the user has said that they do not count
    for code, rows, listed in (
        ("below_zero", ~stopped, reading.notes),
        ("below_zero_stopped", meaning, reading.warnings),
    ):
        below = (worth < 0) & (keys.counts(rows) > 0)
        if count := int(np.count_nonzero(below)):
            amount = amount_meaning.rounded(worth[below])
            values = {"orders": count, "amount": f"{amount:,}"}
            values["column"] = reading.arguments["amount"]
            values["status"] = reading.arguments.get("status", "")
            listed.append(Note(code, values))
    kept_rows.only_below(reading, ~stopped)


def _other_totals(reading: OrderReading, name: str, amounts: Values, kind: str) -> None:
    """Other columns that could be the amount, and come to another sum."""
    own = amount_meaning.total(amounts, reading.keys if kind == "order" else None)
    if kind == "unit":
        worth, _ = _of_order(reading, amounts, kind)
        own = amount_meaning.rounded(worth)
    wanted = ("order", "subtotal", "line", "row")
    for one in reading.unread:
        paid = amounts_beside.is_paid_amount(one) and not statuses.is_discount(one)
        kind_of = headings.amount_kind(one) or headings.amount_kind(one.partition("(")[0])
        of_pieces = kind == "unit" and kind_of in ("unit", "price", "item_price")
        known = kind_of in wanted or paid or of_pieces or likely.may_be_total(one)
        if not (known or _is_changed(one)) or one in reading.dimensions:
            continue
        found = numbers(reading.table[one], reading.settings.decimal)
        if found is None:
            continue
        values = groups.values(found)
        if of_pieces or (kind == "unit" and statuses.speaks_of("price", one)):
            money = money_columns.floats(values) * reading.floats("quantity")
            values = money_columns.values(money)
        of_order = kind_of == "order" or (paid and kind == "order")
        once = of_order and reading.keys is not None
        total = amount_meaning.total(values, reading.keys if once else None)
        if abs(float(total) - float(own)) > 0.005 * max(1, len(found)) ** 0.5:
            said = {"column": name, "own": f"{own:,}", "other": one, "total": f"{total:,}"}
            less = _less_in_some(reading, one, amounts, values)
            if less:
                reading.warnings.append(Note("amount_changed", said | {"rows": str(less)}))
            elif known:
                net = reading.chosen["amount"].reason != "given" and _is_net_of(name, one)
                listed = reading.warnings if net and total > own else reading.notes
                listed.append(
                    Note("net_taken" if listed is reading.warnings else "other_total", said)
                )


def _is_net_of(heading: str, other: str) -> bool:
    """Whether a heading is of an amount without the tax that another one contains."""
    rules = layouts.words()["row_columns"]
    low, low_other = layouts.low(heading), layouts.low(other)
    of_both = [word for word in rules["excluded"] if layouts.holds(low_other, word)]
    return (
        any(layouts.holds(low, word) for word in rules["excluded"])
        and any(layouts.holds(low_other, word) for word in rules["included"])
        and not of_both
    )


def _is_changed(heading: str) -> bool:
    """Whether a heading is of an amount after changes of the order."""
    low, parts = layouts.low(heading), layouts.words()["row_columns"]["changed_amounts"]
    return any(layouts.low(part) in low for part in parts)


def _less_in_some(reading: OrderReading, name: str, amounts: Values, values: Values) -> int:
    """In how many rows an amount after changes is less than the amount, and else equal."""
    if "refunded" in reading.arguments or reading.settings.ignores(name) or not _is_changed(name):
        return 0
    known = amounts.valid & values.valid
    if "status" in reading.chosen:  # of an order that was cancelled nothing may be left
        known &= values.numbers != 0
    gap = amounts.floats[known] - values.floats[known]
    less = int(np.count_nonzero(gap > 0.005))
    return less if np.all(gap > -0.005) and less <= len(gap) / 2 else 0


def _other_ids(reading: OrderReading) -> None:
    """Other columns that could be the customer, with other ids."""
    choice = reading.chosen["customer_id"]
    if choice.reason == "given":
        return
    known = set(map(fold, headings.names_of("customer_id")))
    own = reading.table[choice.value]
    if pa.types.is_nested(own.type):
        return
    count = Groups.of(own).size
    rows = int(np.count_nonzero(groups.valid(own)))
    if 0 < count <= _FEW_IDS and rows >= _ROWS_OF_FEW * count:
        told = {"column": choice.value, "ids": count, "rows": rows}
        reading.warnings.append(Note("few_customers", told))
    for one in reading.unread:
        column = shown(reading.table[one]) if fold(one) in known else None
        if column is None or column.null_count == len(column):
            continue
        other = Groups.of(column).size
        if other != count:
            values = {"column": choice.value, "ids": count, "other": one, "others": other}
            guests = rows < _MOST_KNOWN * np.count_nonzero(groups.valid(column))
            listed = reading.warnings if guests else reading.notes
            listed.append(Note("other_ids", values))
