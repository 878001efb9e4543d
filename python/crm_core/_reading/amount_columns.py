"""Doubts about which column of money is the amount, and what it contains already.

Amounts that may be cents, amounts after refunds beside a column of refunds, debits beside credits,
and charges of which nothing says whether the amount contains them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, headings, layouts, likely, money_columns, statuses
from .amount_meaning import Floats
from .columns import distinct, numbers, shown
from .groups import Values
from .layouts import Layout, fold
from .messages import say
from .money_columns import worth
from .settings import Note
from .understanding import looks

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading

_NEARLY_ALL = 0.95
_LEAST_CENTS = 100  # the median of amounts that may be cents
_FEW_DAYS = 3
_ROWS_OF_DAYS = 30  # of so few days
_FEW_BROKEN = 0.02  # amounts with decimals among cents
_ROWS_FOR_ONE = 20
_ODD_ENDS = 1 / 3  # of amounts that are no multiples of ten


def refuse_debits(reading: OrderReading) -> None:
    """Refuses debits as the amount where credits stand in another column; nothing is read yet."""
    name = reading.chosen["amount"].value
    pairs = layouts.words()["row_columns"]["debits"]
    for debit, credit in (*pairs, *(pair[::-1] for pair in pairs)):
        if fold(name) != fold(debit):
            continue
        other = layouts.column([credit], reading.table.column_names)
        money = None if other is None else money_columns.money(reading, other)
        own = money_columns.money(reading, name)
        if other is None or money is None or own is None or reading.settings.ignores(other):
            continue
        if np.any(np.nan_to_num(money) != 0):
            paid, back = money_columns.total(own), money_columns.total(money)
            raise Problem(
                f'amounts stand in two columns: "{name}" (total {paid:,}) and "{other}" (total '
                f"{back:,}); less it they come to {paid - back:,}",
                "Write them as one column in the file, what is given back below zero; "
                f"{say.ignore:{other}} leaves it out.",
            )


def refuse_net(reading: OrderReading) -> None:
    """Asks whether refunds come off amounts whose heading says that they are off already."""
    choice = reading.chosen.get("refunded")
    name = reading.chosen["amount"].value
    if choice is None or reading.layout is not None or choice.reason == "given":
        return
    known = map(layouts.low, layouts.words()["row_columns"]["after_refunds"])
    low = layouts.low(name)
    if not any(re.search(rf"(?<![a-z]){re.escape(part)}(?![a-z])", low) for part in known):
        return
    off = np.abs(np.nan_to_num(reading.floats("refunded")))
    if not np.any(off != 0):
        return
    values, keys = worth(reading)
    own = amount_meaning.total(values, keys)
    less = amount_meaning.total(Values(values.floats - off, values.valid), keys)
    raise Problem(
        f'is "{name}" after refunds (total {own:,}), or does "{choice.value}" still come off it '
        f"(total {less:,})? Its heading speaks of a net amount.",
        f"{say.ignore:{choice.value}} says that they are off already, "
        f"{say.refunded:{choice.value}} takes them off.",
    )


def price_alone(
    reading: Reading, columns: amount_meaning.Columns, found: amount_meaning.Meaning
) -> None:
    """A note on a price that no sum has confirmed, with the total that it comes to as a line's."""
    price = headings.amount_kind(columns.name) == "price"
    if found.kind != "unit" or not price or any(one.true for one in found.checks):
        return
    totals = amount_meaning.readings(columns)
    if totals["unit"] != totals["line"]:
        said = {"column": columns.name, "own": f"{totals['unit']:,}", "line": f"{totals['line']:,}"}
        reading.notes.append(Note("price_unchecked", said))


def price_without_pieces(reading: Reading, name: str) -> None:
    """A price that counts as one piece a row, beside a column that may be the quantity."""
    pieces = likely.Seen(reading.table.select(reading.unread)).propose("quantity")
    found = None if pieces is None else numbers(reading.table[pieces], reading.settings.decimal)
    if found is None or pieces is None or reading.settings.ignores(pieces):
        return
    amounts = groups.values(reading.plain_amounts(name))
    times = amounts.floats * np.nan_to_num(groups.values(found).floats)
    said = {
        "column": name,
        "other": pieces,
        "own": f"{amount_meaning.total(amounts):,}",
        "times": f"{money_columns.total(np.where(amounts.valid, times, np.nan)):,}",
    }
    reading.warnings.append(Note("pieces_unread", said))


def without_amounts(reading: OrderReading) -> None:
    """The warning about rows that `--bad-rows drop` leaves out for a blank amount."""
    name = reading.arguments["amount"]
    if reading.settings.bad_rows != "drop":
        return
    blank = ~groups.valid(reading.table[name])
    blank[reading.unread_cells.get(name, [])] = False
    if reading.arguments["amount_is"] == "order" and reading.keys is not None:
        filled = reading.keys.counts(groups.valid(reading.table[name])) > 0
        blank &= ~np.asarray(reading.keys.each(filled, False), np.bool_)
    if np.any(blank):
        said = {"column": name, "rows": int(np.count_nonzero(blank))}
        reading.warnings.append(Note("amounts_blank", said))


def said(reading: OrderReading) -> None:
    """Notes and warnings; `reading` has orders, amounts and money, and its currency."""
    _cents(reading)
    _nothing(reading)
    without_amounts(reading)
    if not reading._of_layout("amount"):
        _charges(reading)
    if reading.layout is not None:
        _not_of_layout(reading, reading.layout)


def without_columns(reading: OrderReading, layout: Layout) -> None:
    """A warning about columns of the layout that the file lacks, without which totals differ."""
    headings_ = reading.sources[0].headings
    lacking = [
        layout.roles[role][0]
        for role in ("order_id", "status", "refunded", "discount")
        if layout.roles.get(role)
        and role not in reading.chosen
        and reading.settings.columns.get(role) is None
        and layouts.column(layout.roles[role], headings_) is None
    ]
    counted = {"completed", "pending"}
    if set(layout.status.values()) <= counted or "status" in reading.chosen:
        # A status says that there are no refunds; of those that there are it does not say how much.
        idle = ["discount"] if "status" in reading.chosen else ["status"]
        if "status" in reading.chosen and not _speaks_of_refunds(reading):
            idle.append("refunded")
        lacking = [
            one
            for one in lacking
            if one not in {layout.roles[r][0] for r in idle if r in layout.roles}
        ]
    if lacking:
        names = ", ".join(f'"{name}"' for name in lacking)
        reading.warnings.append(Note("layout_lacks", {"columns": names, "layout": layout.name}))


def _speaks_of_refunds(reading: OrderReading) -> bool:
    """Whether a state of the file is one of money that was given back."""
    column = shown(reading.table[reading.chosen["status"].value])
    words = () if column is None else distinct(column)
    return any(statuses.speaks_of("refunded", word) for word in words)


def _not_of_layout(reading: OrderReading, layout: Layout) -> None:
    """An amount of another column than the layout's, which the file lacks."""
    choice = reading.chosen["amount"]
    if reading._of_layout("amount") or choice.reason == "given" or not layout.roles.get("amount"):
        return
    found, keys = worth(reading)
    told = {"wanted": layout.roles["amount"][0], "layout": layout.name, "column": choice.value}
    told["own"] = f"{amount_meaning.total(found, keys):,}"
    reading.warnings.append(Note("layout_amount", told))


def _cents(reading: OrderReading) -> None:
    """Whole numbers in a currency of two decimals that do not look like whole units."""
    name = reading.arguments["amount"]
    code = reading.arguments["currency"]
    of_cents = layouts.words()["row_columns"]["of_cents"]
    if reading.settings.amount_unit or code in money_columns.WHOLE or reading._of_layout("amount"):
        return
    if reading.said_in_amounts or reading.dollars:
        return
    amounts = groups.values(reading.plain_amounts(name))
    some = np.abs(amounts.floats[amounts.valid & (amounts.numbers != 0)])
    broken = int(np.count_nonzero(some != np.round(some)))
    if not len(some) or reading.decimals or broken > _few_broken(len(some)):
        return
    # Systems that write a moment as a number of seconds write money as one of cents.
    # They write codes of currencies in small letters, too.
    of_machine = str(reading.facts.get("date_form")).startswith("epoch") or reading.small_codes
    # An object of an amount and its currency is an interface's, as are amounts deep in one.
    said = [one for one in reading.extra if one.role == "currency" and one.reason == "column"]
    of_machine |= "." in name and bool(said)
    if np.median(some) < _LEAST_CENTS:
        return
    odd = len(some) >= 3 and np.mean(some % 100 != 0) >= _ODD_ENDS
    if not (of_machine or odd or (code in of_cents and not broken)):
        return
    odd = odd and np.mean(some % 10 != 0) >= _ODD_ENDS
    likely_cents = code in of_cents and (of_machine or odd)
    listed = reading.warnings if likely_cents else reading.notes
    values, keys = worth(reading)
    total = amount_meaning.total(values, keys)
    told = {
        "column": name,
        "rows": len(some) - broken,
        "all": len(some),
        "own": f"{total:,}",
        "cents": f"{float(total) / 100:,.2f}",
    }
    listed.append(Note("may_be_cents", told))


def _few_broken(rows: int) -> float:
    """How many of so many cents may have decimals: somebody has typed them."""
    return max(_FEW_BROKEN * rows, 1 if rows >= _ROWS_FOR_ONE else 0)


def _nothing(reading: OrderReading) -> None:
    """Orders that all come to nothing: rows of tender beside the items, or cells without values."""
    amounts = groups.values(reading.plain_amounts(reading.arguments["amount"]))
    values, keys = worth(reading)
    money = np.where(values.valid, values.floats, 0.0)
    if len(money) < 2 or not np.any(amounts.valid):
        return
    if reading.keys is not None and keys is None:
        here = reading.keys.known
        sums = np.zeros(reading.keys.size)
        np.add.at(sums, reading.keys.codes[here], money[here])
    else:
        sums = money
    if np.all(np.abs(sums) <= 0.005):
        paid = money_columns.total(np.where(money > 0, money, 0.0))
        told = {"column": reading.arguments["amount"], "orders": len(sums), "paid": f"{paid:,}"}
        reading.warnings.append(Note("all_nothing", told))


def _charges(reading: OrderReading) -> None:
    """Shipping, tax and fees that are not read beside the amount."""
    values, keys = worth(reading)
    own = amount_meaning.total(values, keys)
    parts = layouts.smells("parts_of_total")
    told: list[str] = []
    charges: list[Floats] = []
    below = 0
    for name in money_columns.unread(reading):
        low = layouts.low(name)
        known = any(re.search(rf"(?<![a-z]){re.escape(part)}", low) for part in parts)
        if not known or statuses.speaks_of("percent", name):
            continue
        money = money_columns.some_money(reading, name)
        if money is None:
            continue
        total = amount_meaning.total(money_columns.values(money), keys)
        told.append(f'"{name}" ({total:,})')
        charges.append(money)
        below += total < 0
    if not told:
        return
    payout = any(
        part in reading.arguments["amount"].lower()
        for part in layouts.words()["row_columns"]["payouts"]
    )
    after = below == len(told) and not _before_fees(reading, charges)
    code = "fees_taken_off" if payout or after else "charges_beside"
    listed = reading.warnings if code == "fees_taken_off" else reading.notes
    said = {"column": reading.arguments["amount"], "own": f"{own:,}", "charges": ", ".join(told)}
    listed.append(Note(code, said))


def _before_fees(reading: OrderReading, charges: Sequence[Floats]) -> bool:
    """Whether another column is the amount with these charges, below zero, taken off."""
    left = money_columns.amounts(reading) + sum(np.nan_to_num(one) for one in charges)
    for name in money_columns.unread(reading):
        money = money_columns.some_money(reading, name)
        if money is not None and np.mean(np.abs(money - left) < 0.011) >= _NEARLY_ALL:
            return True
    return False


def constant_date(reading: OrderReading) -> None:
    """A date that is the same in nearly all rows, beside a column of dates that varies."""
    choice = reading.chosen["ordered_at"]
    column = reading.table[choice.value]
    if len(column) < 3 or choice.reason == "given":
        return
    days, most = _days(column)
    few = len(column) >= _ROWS_OF_DAYS and 1 < days <= _FEW_DAYS
    filled = len(column) - column.null_count
    same = filled > 0 and filled - most <= groups.few_of(most)
    if not few and not same:
        return
    known = set(map(fold, headings.names_of("ordered_at")))
    for name in money_columns.unread(reading):
        other = reading.table[name]
        text = shown(other)
        least = max(2, 10 * days) if not same else 2
        if text is None or len(pc.unique(text.drop_null())) < least:
            continue
        if (fold(name) in known or few) and looks(other) == "dates":
            said = {"column": choice.value, "other": name, "days": days}
            said |= {"rows": most, "all": filled}
            reading.warnings.append(Note("constant_date" if same else "few_days", said))
            return


def _days(column: pa.ChunkedArray) -> tuple[int, int]:
    """How many different days there are, and how many rows the most frequent one has."""
    if pa.types.is_timestamp(column.type):
        column = pc.floor_temporal(column, unit="day")
    counts = pc.struct_field(pc.value_counts(column.drop_null()), "counts")
    return len(counts), pc.max(counts).as_py() or 0
