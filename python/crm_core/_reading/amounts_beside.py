"""Amounts and rows of which nothing tells whether they count: both totals are said.

Other columns of money paid, an amount less a discount, rows of an unknown kind, a last row that is
the sum of the others, and totals repeated on the rows of one purchase without an order number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, headings, joined_rows, layouts, money_columns, statuses
from .columns import distinct, few_texts, shown
from .groups import Values
from .layouts import fold, fold_word
from .messages import say
from .said import Said, is_known
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_NEARLY_ALL = 0.95
_OUTER = 3  # rows at either end, one of which may be the sum of the others
_SOME_ROWS = 10
_MANY_ROWS = 20
_FEW_EMPTY = 0.1
_MOST_EMPTY = 0.8
_NUMBER = re.compile(r"\d+")
_MINORITY = 0.34
_FEW_CODES = 4
_SHORT = re.compile(r"\d{1,2}|[A-Z]{1,3}")
_CODE = re.compile(r"\d{1,2}")
_FEW_WORDS = 12  # a column of more is one of names


def is_paid_amount(heading: str) -> bool:
    """Whether a heading speaks of money paid, due or left after discounts."""
    if statuses.speaks_of("percent", heading) or statuses.is_paid_on(heading):
        return False
    known = layouts.smells("charged")
    low = layouts.low(heading)
    # "porto" begins no word of "importo".
    if any(
        re.search(rf"(?<![a-z]){re.escape(part)}", low) for part in layouts.smells("parts_of_total")
    ):
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
    _spread(reading, name)
    _minority(reading, amounts)
    _ways(reading, name)
    _outer_sum(reading, name, amounts)
    joined_rows.said(reading)


def _numbered(reading: OrderReading, name: str, amounts: Values) -> None:
    """Columns that are the amount's heading with another number: an order spread over one row."""
    # "net 19%" and "net 7%", amount_1 and amount_2, amount and amount2
    plain = _NUMBER.sub("#", name)
    bare = {plain, f"{plain}#", f"{plain}_#", f"{plain} #"}
    others = [
        one
        for one in money_columns.unread(reading)
        if _NUMBER.sub("#", one) in bare and one != name
    ]
    money = [found for one in others if (found := money_columns.money(reading, one)) is not None]
    if money:
        own = money_columns.total(np.where(amounts.valid, amounts.floats, np.nan))
        total = own + sum(money_columns.total(one) for one in money)
        said = {
            "column": name,
            "own": f"{own:,}",
            "other": ", ".join(others),
            "total": f"{total:,}",
        }
        reading.warnings.append(Note("numbered_amounts", said))


def _spread(reading: OrderReading, name: str) -> None:
    """Amounts in several columns, such as cash and card: the amount is empty where others are not.

    Raises:
        Problem: Cells of the amount are blank, and other columns of money fill their rows.
    """
    amounts = money_columns.amounts(reading)
    empty = np.nan_to_num(amounts) == 0
    if not np.any(empty) or np.mean(empty) < _FEW_EMPTY or np.all(empty):
        return
    if reading.keys is not None and reading.arguments["amount_is"] == "order":
        return  # a total stands on one line
    taken: dict[str, Any] = {}
    filled = np.zeros(len(empty), np.bool_)
    for one in money_columns.unread(reading):
        money = money_columns.some_money(reading, one)
        if money is None or not _may_be_spread(one):
            continue
        here = np.nan_to_num(money) != 0
        if np.mean(empty[here]) >= _NEARLY_ALL:
            taken[one] = money
            filled |= here
    if not taken or np.count_nonzero(empty & filled) < _MOST_EMPTY * np.count_nonzero(empty):
        return
    own = money_columns.total(amounts)
    total = own + sum(money_columns.total(money) for money in taken.values())
    others = ", ".join(f'"{one}"' for one in taken)
    if np.any(np.isnan(amounts)) and reading.settings.bad_rows != "drop":
        raise Problem(
            f'amounts stand in several columns: "{name}" ({own:,}) is blank where {others} are '
            f"not, and together they come to {total:,}",
            "Write them as one column in the file; "
            + " ".join(f"{say.ignore:{one}}" for one in taken)
            + " says that the others are no amounts.",
        )
    told = {"column": name, "own": f"{own:,}", "others": others, "total": f"{total:,}"}
    reading.warnings.append(Note("spread_amounts", told))


def _may_be_spread(heading: str) -> bool:
    """Whether a column may hold a part of the amounts, by its heading."""
    return not (statuses.smell(heading) or statuses.speaks_of("percent", heading))


def _minority(reading: OrderReading, amounts: Values) -> None:
    """Rows with unknown words that few rows have, in a column of kinds."""
    known = set(map(fold, layouts.words()["other_status"]["kinds"]))
    codes = set(map(fold, layouts.words()["other_status"]["kinds_of_codes"]))
    keys = reading.keys if reading.arguments["amount_is"] == "order" else None
    for name in money_columns.unread(reading):
        if fold(name) not in known | codes or not few_texts(reading.table[name]):
            continue
        column = shown(reading.table[name])
        words = [] if column is None else distinct(column)
        if column is None or not 2 <= len(words) <= _FEW_WORDS:
            continue
        if len(words) > _FEW_CODES and all(map(str.isdecimal, words)):
            continue  # a number of the order, most often
        if fold(name) in codes and not all(_CODE.fullmatch(word) for word in words):
            continue
        counts = {word: pc.sum(pc.equal(column, word)).as_py() or 0 for word in words}
        most = max(words, key=lambda word: (counts[word], word))
        limit = (0.5 if len(words) == 2 else _MINORITY) * sum(counts.values())
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
        of_channels = layouts.words()["other_status"]["codes_of_channels"]
        codes_only = all(_SHORT.fullmatch(word) for word in words)
        harmless = any(fold_word(word) in of_channels for word in words)
        listed = reading.warnings if codes_only and not harmless else reading.notes
        listed.append(Note(code, values))


def _ways(reading: OrderReading, name: str) -> None:
    """An amount of one way to pay beside those of others, or of a payout beside the price."""
    own = money_columns.total(money_columns.amounts(reading))
    tenders = layouts.words()["row_columns"]["tenders"]
    others: dict[str, Any] = {}
    payout = any(part in layouts.low(name) for part in layouts.words()["row_columns"]["payouts"])
    for one in money_columns.unread(reading):
        if _tender(name, tenders) and _tender(one, tenders) not in ("", _tender(name, tenders)):
            money = money_columns.some_money(reading, one)
            if money is not None:
                others[one] = money
        elif payout and headings.amount_kind(one):
            money = money_columns.some_money(reading, one)
            total = None if money is None else money_columns.counted(reading, money)
            if total is not None and total > own:
                told = {"column": name, "own": f"{own:,}", "other": one, "total": f"{total:,}"}
                reading.warnings.append(Note("payout_taken", told))
                return
    if others:
        total = own + sum(money_columns.total(money) for money in others.values())
        quoted = ", ".join(f'"{one}"' for one in others)
        told = {"column": name, "own": f"{own:,}", "others": quoted, "total": f"{total:,}"}
        reading.warnings.append(Note("part_of_payments", told))


def _tender(heading: str, tenders: Sequence[str]) -> str:
    """The way to pay that a heading names."""
    words = set(re.split(r"[^\w]+", layouts.low(heading)))
    low = layouts.low(heading)
    found = (
        one
        for one in map(layouts.low, tenders)
        if (one in words if one.isascii() and " " not in one else one in low)
    )
    return next(found, "")


def _outer_sum(reading: OrderReading, name: str, amounts: Values) -> None:
    """A row at either end that is the sum of the others, with a customer and a date of its own.

    A row behind it is an order or, where it is as large, a second sum, such as one with the tax.
    """
    own = np.where(amounts.valid, amounts.floats, 0.0)
    for money, last in ((own, True), (own[::-1], False)):
        for outer in range(1, _OUTER + 1):
            rest, ends = money[:-outer], money[-outer:]
            whole = float(np.sum(rest))
            # Few rows come to the first one by chance, too; a total stands below what it sums.
            if len(rest) < (3 if outer == 1 and last else _SOME_ROWS) or whole <= 0:
                break
            # A sum that was rounded, or made before a line was corrected, is far above any row.
            far = len(rest) >= _MANY_ROWS and whole >= 3 * float(np.max(rest))
            near = np.abs(ends - whole) <= (0.005 * whole if far else 0.011)
            if not np.any(near):
                continue
            sums = near | (far & (ends > 0.5 * whole))
            at = len(rest) + int(np.argmax(near))
            at = at if last else len(own) - 1 - at
            values = {
                "column": name,
                "row": reading.rows.name(at),
                "rows": int(np.count_nonzero(sums)),
                "own": f"{money_columns.total(own):,}",
                "rest": f"{money_columns.total(np.append(rest, ends[~sums])):,}",
            }
            reading.warnings.append(Note("outer_sum", values))
            return
