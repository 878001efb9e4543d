"""Rows whose amount contradicts what stands beside it, and rows that may count twice.

Prices and pieces, lines of no piece, returns with two signs, parts of an order, numbers of several
shops, orders that nobody paid.

Each is said with the totals of both readings. Headings are in `layouts/words.toml` (`row_columns`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, coded, groups, headings, layouts, money_columns, states, statuses
from .columns import distinct, few_texts, numbers, shown
from .groups import Flags, Groups, Values
from .layouts import fold
from .marked_rows import some_of
from .settings import Note

if TYPE_CHECKING:
    from .amount_meaning import Floats
    from .order_reading import OrderReading

_EVEN = 0.005  # of a cent that was rounded
_KINDS = 6  # of rows: heads, lines, payments


def said(reading: OrderReading) -> None:
    """Warnings; `reading` has orders, dates, amounts and money."""
    if not reading.table.num_rows:
        return
    pieces = _pieces(reading)
    if pieces is not None:
        _no_pieces(reading, *pieces)
        _two_signs(reading, *pieces)
    if reading.layout is None:
        if pieces is not None:
            _price_beside(reading, *pieces)
        _parents(reading)
        _shops(reading)
        _kinds_of_rows(reading)


def unpaid(reading: OrderReading) -> None:
    """Orders that count although a column of states says that nobody has paid them."""
    if reading.layout is not None:
        return
    explained = {layouts.fold_word(word) for word in reading.settings.status_map}
    counted = np.ones(reading.table.num_rows, np.bool_)
    if "status" in reading.arguments:
        state = reading.table[reading.arguments["status"]]
        counted = ~groups.flags(pc.is_in(state, value_set=pa.array(statuses.STOPS, pa.string())))
    for name, column in reading.of_states.items():
        words = [
            word
            for word in distinct(column)
            if statuses.is_owed(name, word) and layouts.fold_word(word) not in explained
        ]
        here = groups.flags(pc.is_in(column, value_set=pa.array(words, pa.string())))
        rows = pa.chunked_array([pa.array(here & counted)])
        orders = states.orders_in(reading.keys, rows)
        if not words or not orders:
            continue
        found, keys = money_columns.worth(reading)
        own = amount_meaning.total(some_of(found, counted), keys)
        amount = amount_meaning.total(some_of(found, here & counted), keys)
        told = {"column": name, "words": ", ".join(words[:5]), "word": words[0], "orders": orders}
        told |= {"own": f"{own:,}", "without": f"{own - amount:,}"}
        reading.warnings.append(Note("unpaid_count", told))


def replaced(reading: OrderReading) -> None:
    """Orders in whose place another one stands by a column, and that count beside it."""
    counted = np.ones(reading.table.num_rows, np.bool_)
    if "status" in reading.arguments:
        state = reading.table[reading.arguments["status"]]
        counted = ~groups.flags(pc.is_in(state, value_set=pa.array(statuses.STOPS, pa.string())))
    for name in money_columns.unread(reading):
        text = shown(reading.table[name]) if statuses.is_replaced(name) else None
        if text is None:
            continue
        words = pc.unique(text).drop_null().to_pylist()
        told_by = [word for word in words if not statuses.says_no(word)]
        here = groups.flags(pc.is_in(text, value_set=pa.array(told_by, pa.string()))) & counted
        if not np.any(here):
            continue
        found, keys = money_columns.worth(reading)
        own = amount_meaning.total(some_of(found, counted), keys)
        rest = amount_meaning.total(some_of(found, counted & ~here), keys)
        orders = states.orders_in(reading.keys, pa.chunked_array([pa.array(here)]))
        told = {"column": name, "orders": orders, "own": f"{own:,}", "without": f"{rest:,}"}
        reading.warnings.append(Note("replaced_count", told))


def _pieces(reading: OrderReading) -> tuple[str, Floats] | None:
    """The column of pieces, read or not."""
    kind = reading.arguments["amount_is"]
    if kind == "unit":
        return reading.arguments["quantity"], reading.floats("quantity")
    if kind == "order":
        return None
    known = set(map(fold, headings.names_of("quantity")))
    for name in reading.table.column_names:
        if fold(name) in known and not reading.settings.ignores(name):
            found = numbers(reading.table[name], reading.settings.decimal)
            if found is not None:
                return name, money_columns.floats(groups.values(found))
    return None


def _kinds_of_rows(reading: OrderReading) -> None:
    """Rows of several kinds that each come to all of the order: heads beside lines and payments."""
    if reading.keys is None or reading.arguments["amount_is"] == "order":
        return
    found, _ = money_columns.worth(reading)
    money = np.where(found.valid, found.floats, 0.0)
    for name in money_columns.unread(reading):
        column = shown(reading.table[name])
        if column is None or not few_texts(column) or len(distinct(column)) > _KINDS:
            continue
        # A blank cell is a kind, too: a head is marked, and its lines are not.
        kinds = Groups.of(pc.fill_null(column, "")).codes
        sums = [
            reading.keys.sums(
                Values(np.where(kinds == kind, money, 0.0), np.ones_like(kinds, bool))
            )
            for kind in np.unique(kinds)
        ]
        sums = [one for one in sums if np.any(one != 0)]
        orders = len(sums[0]) if sums else 0
        if len(sums) < 2 or orders < 2:
            continue
        same = np.all([np.abs(one - sums[0]) <= _EVEN for one in sums[1:]], axis=0)
        # Of orders of one line each, halves that are equal are chance.
        if np.all(same):
            told = {"column": name, "kinds": len(sums), "orders": orders}
            told |= {"own": f"{np.sum(money):,.10g}", "once": f"{np.sum(sums[0]):,.10g}"}
            reading.warnings.append(Note("kinds_of_rows", told))
            return


def _no_pieces(reading: OrderReading, name: str, pieces: Floats) -> None:
    """Lines of 0 pieces that have money."""
    if reading.arguments["amount_is"] == "unit":
        return  # they come to nothing
    found, keys = money_columns.worth(reading)
    here = (pieces == 0) & found.valid & (found.floats != 0)
    if np.any(here):
        own = amount_meaning.total(found, keys)
        told = {"column": name, "rows": int(np.count_nonzero(here)), "own": f"{own:,}"}
        told["without"] = f"{own - amount_meaning.total(some_of(found, here), keys):,}"
        reading.warnings.append(Note("no_pieces", told))


def _two_signs(reading: OrderReading, name: str, pieces: Floats) -> None:
    """Returns whose pieces and price are both below zero, so that they come to a sale."""
    if reading.arguments["amount_is"] != "unit":
        return
    price = money_columns.amounts(reading)
    here = (pieces < 0) & (price < 0)
    if np.any(here):
        worth = money_columns.values(price * pieces)
        less = money_columns.values(np.where(here, -price * pieces, price * pieces))
        told = {"column": reading.arguments["amount"], "quantity": name}
        told |= {"rows": str(int(np.count_nonzero(here)))}
        told |= {"own": f"{amount_meaning.total(worth):,}"}
        told |= {"less": f"{amount_meaning.total(less):,}"}
        reading.warnings.append(Note("two_signs", told))


def _price_beside(reading: OrderReading, name: str, pieces: Floats) -> None:
    """A price that times the pieces is not the amount, in rows where nothing else explains it."""
    if reading.arguments["amount_is"] == "unit" or len(reading.chosen.keys() & {"discount"}):
        return
    for price in money_columns.unread(reading):
        if headings.amount_kind(price) not in ("unit", "price", "item_price"):
            continue
        money = money_columns.some_money(reading, price)
        if money is None:
            continue
        amounts = money_columns.amounts(reading)
        times = money * pieces
        known = ~np.isnan(times) & ~np.isnan(amounts) & (pieces != 0)
        apart = known & (np.abs(times - amounts) > _EVEN * np.maximum(1.0, np.abs(pieces)))
        if not np.any(apart) or _explained(reading, price, times - amounts, apart):
            continue
        told = {"column": reading.arguments["amount"], "price": price, "quantity": name}
        told |= {
            "rows": str(int(np.count_nonzero(apart))),
            "all": str(int(np.count_nonzero(known))),
        }
        told |= {
            "own": f"{money_columns.total(amounts):,}",
            "times": f"{money_columns.total(times):,}",
        }
        reading.warnings.append(Note("price_apart", told))
        return


def _explained(reading: OrderReading, price: str, gap: Floats, apart: Flags) -> bool:
    """Whether another column of money is what lies between, as a discount or a tax is."""
    for name in reading.table.column_names:
        if name in (price, reading.arguments["amount"]):
            continue
        other = money_columns.some_money(reading, name)
        if other is None:
            continue
        # Amounts and shares of a price both explain, whatever their sign.
        alike = np.abs(np.abs(gap) - np.abs(other)) <= 0.011
        if np.mean(alike[apart]) >= 0.9:
            return True
    return False


def _parents(reading: OrderReading) -> None:
    """A column with numbers of other orders of the file, of which these are parts."""
    own = reading.arguments.get("order_id")
    keys = reading.keys
    column = shown(reading.table[own]) if own else None
    if keys is None or column is None:
        return
    rules = layouts.words()["row_columns"]
    known = set(map(fold, rules["parents"]))
    parts_known = rules["numbers"]
    for name in money_columns.unread(reading):
        by_name = fold(name) in known
        low = layouts.low(name)
        by_cells = any(part in low for part in parts_known)
        by_cells &= not any(part in low for part in rules["not_numbers"])
        text = None
        by_cells = by_cells and not (statuses.is_replaced(name) or statuses.smell(name))
        if by_name or by_cells:
            text = shown(reading.table[name])
        if text is None:
            continue
        other = groups.flags(pc.invert(pc.equal(text, column)))
        there = groups.flags(pc.is_in(text, value_set=coded.words(column)))
        here = other & there
        # Without a known heading all cells have to be numbers of orders.
        if not np.any(here) or (not by_name and not np.all(there | ~groups.valid(text))):
            continue
        found, of = money_columns.worth(reading)
        total = amount_meaning.total(found, of)
        parts = amount_meaning.total(some_of(found, here), of)
        whole = pc.unique(text.filter(pa.array(here)))
        above = groups.flags(pc.is_in(column, value_set=whole))
        parents = amount_meaning.total(some_of(found, above & ~here), of)
        told = {"column": name, "orders": keys.touched(here), "own": f"{total:,}"}
        told |= {"parts": f"{parts:,}", "parents": f"{parents:,}"}
        told |= {"without": f"{total - parts:,}", "rest": f"{total - parents:,}"}
        reading.warnings.append(Note("parts_of_orders", told))


def _shops(reading: OrderReading) -> None:
    """A column of shops that differs within order numbers: each shop may count its own."""
    keys = reading.keys
    if keys is None or "shop" in reading.arguments:
        return
    known = set(map(fold, layouts.words()["row_columns"]["shops"]))
    for name in money_columns.unread(reading):
        text = shown(reading.table[name]) if fold(name) in known else None
        if text is None or not few_texts(text):
            continue
        codes = Groups.of(text).codes
        low, high, _ = keys.ends(groups.Values(codes, codes >= 0))
        orders = int(np.count_nonzero(low != high))
        if orders:
            of = pa.chunked_array([pa.array(keys.codes, mask=~keys.known)])
            told = {"column": name, "orders": orders, "own": keys.size}
            told |= {"more": Groups.of(of, text).size, "number": reading.arguments["order_id"]}
            reading.warnings.append(Note("numbers_of_shops", told))
            return
