"""Numbers that do not mean what they seem to: pieces under the heading of an amount, prices of a
hundred pieces, sets beside their parts, order numbers that restart.

Each is said with the totals of both readings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, headings, layouts, money_columns
from .columns import distinct, few_texts, shown
from .groups import Flags, Groups, Values
from .layouts import fold, fold_word
from .messages import say
from .settings import Note
from .understanding import looks

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading

_MANY_PIECES = 100
_NEARLY_ALL = 0.8
_MINUTES = 15 * 60_000_000
_DAY = 86_400_000_000


def refuse_pieces(reading: Reading, name: str) -> None:
    """Asks whether small whole numbers beside a column of prices are money or pieces."""
    if headings.amount_kind(name) != "row" or "quantity" in reading.chosen:
        return
    found = reading.floats("amount")
    some = found[~np.isnan(found)]
    pieces = (some == np.round(some)) & (some != 0) & (np.abs(some) <= _MANY_PIECES)
    found_pieces = int(np.count_nonzero(pieces))
    if found_pieces < 2 or len(some) - found_pieces > groups.few_of(found_pieces):
        return
    for price in money_columns.unread(reading):
        if headings.amount_kind(price) not in ("unit", "price", "item_price"):
            continue
        money = money_columns.some_money(reading, price)
        if money is None or np.nanmedian(money) <= np.median(np.abs(some)):
            continue
        times = np.round(found / np.where(money == 0, np.nan, money), 6)
        if np.mean(times == np.round(times)) >= 0.5:
            continue  # some pieces of a price
        raise Problem(
            f'is "{name}" money (total {money_columns.total(found):,}), or the pieces of '
            f'"{price}" (total {money_columns.total(found * money):,})? Its values are small whole '
            "numbers.",
            f"{say.amount:{price}} with {say.quantity:{name}} says that they are pieces, "
            f"{say.amount_is:line} that they are money.",
        )


def said(reading: OrderReading) -> None:
    """Warnings; `reading` has orders, dates, amounts and money."""
    if not reading.table.num_rows:
        return
    if reading.arguments["amount_is"] == "unit":
        _price_units(reading)
        _packs(reading)
    _signs(reading)
    _nanos(reading)
    if reading.keys is not None:
        _restart(reading, reading.keys)
        if reading.arguments["amount_is"] != "order":
            _sets(reading, reading.keys)
            _joined(reading, reading.keys)


def _nanos(reading: OrderReading) -> None:
    """Whole units of money whose fractions stand beside them, as billionths."""
    name = reading.arguments["amount"]
    outer, dot, leaf = name.rpartition(".")
    for other in money_columns.unread(reading) if fold(leaf) == "units" else ():
        if fold(other) != fold(f"{outer}{dot}nanos"):
            continue
        nanos = money_columns.some_money(reading, other)
        if nanos is not None:
            amounts = money_columns.amounts(reading)
            both = amounts + np.nan_to_num(nanos) / 1e9
            told = {"column": name, "other": other}
            told |= {"own": f"{money_columns.counted(reading, amounts):,}"}
            told |= {"total": f"{money_columns.counted(reading, both):,}"}
            reading.warnings.append(Note("nanos", told))


def _price_units(reading: OrderReading) -> None:
    """A column that says of how many pieces a price is."""
    known = set(map(fold, layouts.words()["row_columns"]["price_units"]))
    for name in money_columns.unread(reading):
        units = money_columns.money(reading, name) if fold(name) in known else None
        if units is None:
            continue
        other = ~np.isnan(units) & (units > 0) & (units != 1)
        if np.any(other):
            amounts = money_columns.amounts(reading)
            each = amounts / np.where(other, units, 1.0)
            told = {
                "column": name,
                "rows": int(np.count_nonzero(other)),
                "own": f"{money_columns.counted(reading, amounts):,}",
                "each": f"{money_columns.counted(reading, each):,}",
            }
            reading.warnings.append(Note("price_units", told))


def _packs(reading: OrderReading) -> None:
    """Pieces of a pack beside a number of packs: both belong to the quantity."""
    known = set(map(fold, layouts.words()["row_columns"]["packs"]))
    for name in money_columns.unread(reading):
        pieces = money_columns.money(reading, name) if fold(name) in known else None
        if pieces is None or not np.any(np.nan_to_num(pieces, nan=1.0) > 1):
            continue
        amounts = money_columns.amounts(reading)
        times = amounts * np.nan_to_num(pieces, nan=1.0)
        told = {
            "column": name,
            "quantity": reading.arguments["quantity"],
            "own": f"{money_columns.counted(reading, amounts):,}",
            "times": f"{money_columns.counted(reading, times):,}",
        }
        reading.warnings.append(Note("packs_unread", told))


def _signs(reading: OrderReading) -> None:
    """A column of 1 and -1, whose rows of -1 have amounts above zero."""
    known = set(map(fold, layouts.words()["row_columns"]["signs"]))
    for name in money_columns.unread(reading):
        found = money_columns.money(reading, name) if fold(name) in known else None
        ones = 0 if found is None else int(np.count_nonzero(np.abs(found) == 1))
        if found is None or np.count_nonzero(~np.isnan(found)) - ones > groups.few_of(ones):
            continue
        values, keys = money_columns.worth(reading)
        below = (found < 0) & values.valid & (values.floats > 0)
        if not np.any(below):
            continue
        own = amount_meaning.total(values, keys)
        less = Values(np.where(below, -values.floats, values.floats), values.valid)
        told = {"column": name, "rows": int(np.count_nonzero(below)), "own": f"{own:,}"}
        told["less"] = f"{amount_meaning.total(less, keys):,}"
        reading.warnings.append(Note("signs_unread", told))


def _sets(reading: OrderReading, keys: Groups) -> None:
    """Rows of sets beside rows of their parts, where both have amounts."""
    words = layouts.words()["sets"]
    for name in money_columns.unread(reading):
        column = shown(reading.table[name]) if few_texts(reading.table[name]) else None
        if column is None:
            continue
        texts = distinct(column)
        of_sets = _rows_with(column, texts, words["sets"])
        of_parts = _rows_with(column, texts, words["parts"])
        if of_sets is None or of_parts is None:
            continue
        values, _ = money_columns.worth(reading)
        paid = values.valid & (values.floats != 0)
        both = (keys.counts(of_sets & paid) > 0) & (keys.counts(of_parts & paid) > 0)
        parts = of_parts & paid & np.asarray(keys.each(both, False), np.bool_)
        if np.any(parts):
            rest = Values(values.numbers, values.valid & ~parts, values.scale)
            told = {
                "column": name,
                "rows": int(np.count_nonzero(parts)),
                "own": f"{amount_meaning.total(values):,}",
                "rest": f"{amount_meaning.total(rest):,}",
            }
            reading.warnings.append(Note("sets_and_parts", told))


def _joined(reading: OrderReading, keys: Groups) -> None:
    """Lines that stand once for each value of a column that was joined, such as addresses."""
    values, _ = money_columns.worth(reading)
    order = pa.chunked_array([pa.array(keys.codes, mask=~keys.known)])
    for name in money_columns.unread(reading):
        text = shown(reading.table[name])
        if text is None or looks(text) in ("numbers", "dates"):
            continue
        found = Groups.of(text)
        if not _as_often(keys, found):
            continue
        codes = found.codes
        low, high, _ = keys.ends(Values(codes, codes >= 0))
        here = np.asarray(keys.each(low != high, False), np.bool_)
        rows = pa.array(np.flatnonzero(here))
        rest = [
            column.take(rows)
            for one in reading.table.column_names
            if one != name and (column := shown(reading.table[one])) is not None
        ]
        orders = order.take(rows)
        alike = Groups.of(orders, *[pc.fill_null(column, "") for column in rest])
        pairs = Groups.of(orders, text.take(rows))
        own = Groups.of(orders)
        if not np.all(alike.known) or not np.all(pairs.known) or len(rows) < 4:
            continue
        firsts = np.zeros(len(rows), np.bool_)
        firsts[alike.firsts()] = True
        of_values = np.zeros(len(rows), np.bool_)
        of_values[pairs.firsts()] = True
        lines, many = own.counts(firsts), own.counts(of_values)
        # Each line stands with each value, and some order has several lines.
        apart = own.rows != lines * many
        repeated = int(np.count_nonzero((lines > 1) & ~apart))
        if not repeated or np.count_nonzero(apart) > groups.few_of(repeated):
            continue
        again = np.zeros(len(here), np.bool_)
        again[np.flatnonzero(here)[~firsts]] = True
        once = Values(values.numbers, values.valid & ~again, values.scale)
        told = {"column": name, "rows": int(np.count_nonzero(again))}
        told["own"] = f"{amount_meaning.total(values):,}"
        told["once"] = f"{amount_meaning.total(once):,}"
        reading.warnings.append(Note("lines_joined", told))
        return


def _as_often(keys: Groups, found: Groups) -> bool:
    """Whether each value of an order stands in as many rows as its others, and some in several."""
    here = keys.known & found.known
    here[here] = keys.rows[keys.codes[here]] > 3  # two lines and two values at least
    pairs = keys.codes[here].astype(np.int64) * found.size + found.codes[here]
    known, counts = np.unique(pairs, return_counts=True)
    order = known // max(found.size, 1)
    starts = np.flatnonzero(np.r_[True, order[1:] != order[:-1]]) if len(order) else order
    if not len(starts):
        return False
    least, most = np.minimum.reduceat(counts, starts), np.maximum.reduceat(counts, starts)
    several = np.diff(np.r_[starts, len(order)]) > 1
    apart = int(np.count_nonzero((least != most)[several]))
    # By chance some order has each of two products twice; more have one of them twice.
    repeated = int(np.count_nonzero((least == most)[several] & (most[several] > 1)))
    return repeated > 0 and apart <= groups.few_of(repeated)


def _rows_with(column: pa.ChunkedArray, texts: list[str], words: list[str]) -> Flags | None:
    """The rows with one of the words; nothing if there is none."""
    wanted = set(map(fold_word, words))
    told = [text for text in texts if fold_word(text) in wanted]
    if not told:
        return None
    return groups.flags(pc.is_in(column, value_set=pa.array(told, pa.string()), skip_nulls=True))


def _restart(reading: OrderReading, keys: Groups) -> None:
    """Order numbers of which nearly all with several rows stand at different times."""
    days = reading.table[reading.arguments["ordered_at"]]
    if not pa.types.is_timestamp(days.type) and not pa.types.is_date(days.type):
        return
    times = days.cast(pa.timestamp("us", getattr(days.type, "tz", None))).cast(pa.int64())
    micros = groups.values(times)
    several, apart = _apart(keys, micros)
    if apart < 2 or apart < _NEARLY_ALL * several:
        return
    number = reading.arguments["order_id"]
    codes = pa.chunked_array([pa.array(keys.codes, mask=~keys.known)])
    told: dict[str, Any] = {"column": number, "orders": apart, "own": keys.size}
    for name in money_columns.unread(reading):
        text = shown(reading.table[name]) if few_texts(reading.table[name]) else None
        split = None if text is None else Groups.of(codes, text)
        if split is not None and _apart(split, micros)[1] <= 0.1 * apart:
            told |= {"other": name, "more": split.size}
            reading.warnings.append(Note("numbers_restart_by", told))
            return
    split = Groups.of(codes, pc.divide(times, _DAY))
    if _apart(split, micros)[1] <= 0.1 * apart:
        told["more"] = split.size
        reading.warnings.append(Note("numbers_restart", told))


def _apart(keys: Groups, micros: Values) -> tuple[int, int]:
    """How many orders have several rows, and in how many of these the times differ."""
    low, high, some = keys.ends(micros)
    several = some & (keys.counts(micros.valid) > 1)
    return int(np.count_nonzero(several)), int(np.count_nonzero(several & (high - low > _MINUTES)))
