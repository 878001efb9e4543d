"""Amounts and rows of which nothing tells whether they count: both totals are said.

Other columns of money paid, an amount less a discount, rows of an unknown kind, a last row that is
the sum of the others, and totals repeated on the rows of one purchase without an order number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, doubts, groups, headings, layouts, statuses
from .columns import distinct, few_texts, numbers, shown
from .groups import Groups, Values
from .layouts import fold
from .said import Said, is_known
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_NEARLY_ALL = 0.95
_MINORITY = 0.34
_FEW_WORDS = 12  # a column of more is one of names
_DAY = 86_400_000_000
_PART = r"^(.+?)[-_/](\d{1,2})$"


def is_paid_amount(heading: str) -> bool:
    """Whether a heading speaks of money paid, due or left after discounts."""
    if statuses.speaks_of("percent", heading) or statuses.is_paid_on(heading):
        return False
    smells = layouts.words()["smells"]
    known = smells["charged"]
    low = heading.lower().replace("_", " ")
    # "porto" begins no word of "importo".
    if any(re.search(rf"(?<![a-z]){re.escape(part)}", low) for part in smells["parts_of_total"]):
        return False
    words = set(re.split(r"[^a-z]+", low))
    return any(
        part in words if part.isascii() and " " not in part else part in low for part in known
    )


def said(reading: OrderReading) -> None:
    """All notes of this module; `reading` has orders, dates, amounts and money."""
    name = reading.arguments["amount"]
    amounts = groups.values(reading.plain_amounts(name))
    _numbered(reading, name, amounts)
    _minority(reading, amounts)
    _last_is_sum(reading, name, amounts)
    _repeated(reading, name, amounts)


def _unread(reading: OrderReading) -> list[str]:
    ignored = {fold(one) for one in reading.settings.ignore}
    return [
        one
        for one in reading.unread
        if fold(one) not in ignored
        and one not in reading.dimensions
        and one in reading.table.column_names
    ]


def _money(reading: OrderReading, name: str) -> Any:
    found = numbers(reading.table[name], reading.settings.decimal)
    if found is None:
        return None
    values = groups.values(found)
    return np.where(values.valid, values.floats, np.nan)


def _numbered(reading: OrderReading, name: str, amounts: Values) -> None:
    """Columns that are the amount's heading with another number: an order spread over one row."""
    base = re.escape(re.sub(r"[_ ]?\d+$", "", name))
    others = [one for one in _unread(reading) if re.fullmatch(rf"{base}[_ ]?\d+", one)]
    money = [found for one in others if (found := _money(reading, one)) is not None]
    if money:
        own = _sum(np.where(amounts.valid, amounts.floats, np.nan))
        total = own + sum(_sum(one) for one in money)
        said = {
            "column": name,
            "own": f"{own:,}",
            "other": ", ".join(others),
            "total": f"{total:,}",
        }
        reading.warnings.append(Note("numbered_amounts", said))


def _minority(reading: OrderReading, amounts: Values) -> None:
    """Rows with unknown words that few rows have, in a column of kinds."""
    known = set(map(fold, layouts.words()["other_status"]["kinds"]))
    keys = reading.keys if reading.arguments["amount_is"] == "order" else None
    for name in _unread(reading):
        if fold(name) not in known or not few_texts(reading.table[name]):
            continue
        column = shown(reading.table[name])
        words = [] if column is None else distinct(column)
        if column is None or not 2 <= len(words) <= _FEW_WORDS:
            continue
        counts = {word: pc.sum(pc.equal(column, word)).as_py() or 0 for word in words}
        most = max(words, key=lambda word: (counts[word], word))
        limit = _MINORITY * sum(counts.values())
        few = [
            word
            for word in sorted(words, key=lambda word: (counts[word], word))
            if word != most and counts[word] <= limit and not is_known(word)
        ]
        if not few:
            continue
        here = groups.flags(pc.is_in(column, value_set=pa.array(few, pa.string())))
        rest = Values(amounts.numbers, amounts.valid & ~here, amounts.scale)
        said_word = Said(column, reading.rows.name)
        shown_words = ", ".join(said_word(word) for word in few[:5])
        values = {
            "column": name,
            "word": shown_words + (" ..." if len(few) > 5 else ""),
            "rows": int(np.count_nonzero(here)),
            "own": f"{amount_meaning.total(amounts, keys):,}",
            "rest": f"{amount_meaning.total(rest, keys):,}",
        }
        code = "minority_word" if len(words) == 2 else "minority_words"
        reading.notes.append(Note(code, values))


def _last_is_sum(reading: OrderReading, name: str, amounts: Values) -> None:
    """A last row that is the sum of all others, with a customer and a date of its own."""
    own = np.where(amounts.valid, amounts.floats, 0.0)
    if len(own) < 4 or own[-1] <= 0 or abs(float(np.sum(own[:-1])) - float(own[-1])) > 0.005:
        return
    values = {
        "column": name,
        "row": reading.rows.name(len(own) - 1),
        "own": f"{_sum(own):,}",
        "rest": f"{_sum(own[:-1]):,}",
    }
    reading.warnings.append(Note("last_is_sum", values))


def _repeated(reading: OrderReading, name: str, amounts: Values) -> None:
    """An order's total on several rows that no order number joins."""
    if reading.settings.amount_is is not None or headings.amount_kind(name) != "order":
        return
    customer = reading.table[reading.arguments["customer_id"]]
    days = reading.table[reading.arguments["ordered_at"]]
    if pa.types.is_nested(customer.type) or not pa.types.is_timestamp(days.type):
        return
    if "order_id" in reading.arguments:
        number = shown(reading.table[reading.arguments["order_id"]])
        if number is None or len(number) == 0:
            return
        parts = pc.match_substring_regex(number, _PART)
        if (pc.sum(parts).as_py() or 0) < _NEARLY_ALL * len(number):
            return
        bare = pc.replace_substring_regex(number, pattern=_PART, replacement=r"\1")
        keys = Groups.of(bare, customer)
    else:
        micros = days.cast(pa.timestamp("us", getattr(days.type, "tz", None))).cast(pa.int64())
        clock = pc.not_equal(pc.subtract(micros, pc.multiply(pc.divide(micros, _DAY), _DAY)), 0)
        texts = shown(customer)
        if texts is None:
            return
        if not pc.any(clock).as_py():
            _repeated_on_days(reading, name, amounts, Groups.of(texts, micros))
            return
        # A day without a time of day may have several purchases.
        keys = Groups.of(pc.if_else(clock, texts, None), micros)
    low, high, some = keys.ends(amounts)
    alike = some & (low == high) & (keys.counts(amounts.valid) > 1)
    orders = int(np.count_nonzero(alike))
    if not orders or np.any(some & (low != high) & (keys.counts(amounts.valid) > 1)):
        return
    each = amount_meaning.total(amounts)
    once = amount_meaning.total(amounts, keys)
    values = {"column": name, "orders": orders, "each": f"{each:,}", "once": f"{once:,}"}
    reading.warnings.append(Note("total_again", values))


def _repeated_on_days(reading: OrderReading, name: str, amounts: Values, days: Groups) -> None:
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
    if not orders or np.count_nonzero(several & (low != high)) > 0.5 * np.count_nonzero(several):
        return
    if orders < 2 and not any(
        _differs_within(reading.table[one], keys) for one in doubts.of_items(reading)
    ):
        return
    each = amount_meaning.total(amounts)
    once = amount_meaning.total(amounts, keys)
    values = {"column": name, "orders": orders, "each": f"{each:,}", "once": f"{once:,}"}
    reading.warnings.append(Note("total_again", values))


def _differs_within(column: pa.ChunkedArray, keys: Groups) -> bool:
    text = shown(column)
    if text is None:
        return False
    codes = Groups.of(text).codes
    low, high, _ = keys.ends(Values(codes, codes >= 0))
    return bool(np.any(low != high))


def _sum(numbers_: Any) -> Any:
    return amount_meaning.rounded(np.nan_to_num(np.asarray(numbers_)))
