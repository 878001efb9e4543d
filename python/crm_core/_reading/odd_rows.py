"""Rows that may be no lines of their own: totals and charges among the items, sets beside their
parts, and rows that stand in the file twice.

Nothing here changes a value except `--repeated-rows drop`; messages contain the sums.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, layouts, statuses
from .columns import few_texts, is_text, numbers, shown, taken, trimmed
from .groups import Flags, Groups
from .layouts import fold
from .messages import say
from .settings import Note, Rows

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading

_SHARE_OF_NOTE = 0.02  # more repeated rows than this are a warning, and two at least


def repeated(table: pa.Table, key: str, second: str) -> Flags:
    """Which rows are equal to an earlier one in every column of the file.

    Args:
        table: The rows.
        key: A column with nearly distinct values; a row without a value in it repeats none.
        second: Another one.
    """
    plain = [name for name in table.column_names if not pa.types.is_nested(table[name].type)]
    out = np.zeros(table.num_rows, np.bool_)
    if key not in plain or second not in plain:
        return out
    at = groups.sharing(table[key], table[second])
    if not len(at):
        return out
    alike = _taken(table, at)
    codes = Groups.of(alike[key], *(alike[name] for name in plain if name != key))
    first = codes.firsts()
    again = codes.known & (codes.each(first, -1) != np.arange(len(at)))
    out[at[again]] = True
    return out


def without_repeated(reading: Reading, key: str, second: str) -> None:
    """Rows that are in the file twice count, are left out, or are refused, by the user's option.

    `key` and `second` are as for `repeated`.
    """
    how = reading.settings.repeated_rows
    if not reading.table.num_rows:
        return
    again = repeated(reading.table, key, second)
    count = int(np.count_nonzero(again))
    if not count:
        return
    first = int(np.flatnonzero(again)[0])
    if how == "error":
        raise Problem(
            f"{count} rows are equal to an earlier row in every column, the first is "
            f"{reading.rows.name(first)}",
            f"{say.repeated_rows:drop} takes each once, {say.repeated_rows:keep} counts them all.",
        )
    values = {"rows": count, "row": reading.rows.name(first)}
    if how == "drop":
        keep = np.flatnonzero(~again)
        before = reading.rows.kept
        kept = keep.tolist() if before is None else [before[at] for at in keep.tolist()]
        reading.rows = Rows(reading.rows.parts, kept)
        reading.table = _taken(reading.table, keep)
        reading.notes.append(Note("rows_left_out", values))
    elif how is None and count >= max(2, _SHARE_OF_NOTE * reading.table.num_rows):
        reading.warnings.append(Note("rows_twice", values))
    else:
        code = "rows_twice_kept" if how == "keep" else "rows_twice"
        reading.notes.append(Note(code, values))


def _taken(table: pa.Table, rows: Any) -> pa.Table:
    """Some rows."""
    at = pa.array(rows)
    return pa.table({name: taken(table[name], at) for name in table.column_names})


def of_items(reading: OrderReading, names: Sequence[str]) -> None:
    """Rows whose item is a total or a charge, and parts of a set; amounts are read."""
    if reading.arguments["amount_is"] == "order" or reading.keys is None:
        return
    worth = _worth(reading)
    if reading.settings.amount_is is None:
        _sums_of_others(reading, worth)
    _lines_again(reading, worth)
    _negative_pieces(reading, worth)
    known = layouts.words()
    charges = known["charges"]["words"]
    looks = [("totals_among", known["totals"]["words"], reading.warnings, name) for name in names]
    looks += [("charges_among", charges, reading.notes, name) for name in names]
    kinds = [name for name in reading.unread if name not in names]
    kinds = [name for name in kinds if few_texts(reading.table[name])]
    looks += [("charges_among", charges, reading.warnings, name) for name in kinds]
    discounts = known["discounts"]["words"]
    looks += [("discounts_among", discounts, reading.warnings, name) for name in [*names, *kinds]]
    seen: dict[str, tuple[pa.ChunkedArray, pa.Array] | None] = {}
    for code, words, listed, name in looks:
        if reading.settings.ignores(name):
            continue
        if name not in seen:
            plain = _texts(reading.table[name])
            seen[name] = None if plain is None else (plain, pc.unique(plain).cast(pa.string()))
        column = seen[name]
        if column is None:
            continue
        here, word = _saying(*column, words, within=code == "discounts_among")
        if here is not None and code == "discounts_among":
            here = here & (np.nan_to_num(worth) > 0)
        amount = 0 if here is None else amount_meaning.rounded(worth[here & ~np.isnan(worth)])
        if here is not None and amount:
            rows = int(np.count_nonzero(here))
            values = {"column": name, "rows": rows, "word": word, "amount": f"{amount:,}"}
            told = code
            if code == "discounts_among":
                total = amount_meaning.rounded(worth[~np.isnan(worth)])
                values |= {"total": f"{total:,}", "less": f"{total - 2 * amount:,}"}
                alone, _ = _saying(*column, words, within=False)
                if alone is None or not np.array_equal(alone & here, here):
                    values["word"] = _word_in(word, words)
                    told = "discounts_within"
            listed.append(Note(told, values))
    for name in reading.unread:
        if not reading.settings.ignores(name) and any(
            part in name.lower() for part in known["smells"]["parent"]
        ):
            _parts(reading, name, worth)


def _sums_of_others(reading: OrderReading, worth: Any) -> None:
    """Asks if one row of each order is the sum of its others: an order together with its items."""
    keys = reading.keys
    if keys is None:
        return
    here = keys.known & ~np.isnan(worth)
    sums = np.zeros(keys.size)
    np.add.at(sums, keys.codes[here], worth[here])
    most = np.zeros(keys.size)
    np.maximum.at(most, keys.codes[here], worth[here])
    several = keys.counts(here) > 1
    doubled = several & (most > 0) & (np.abs(sums - 2.0 * most) <= 0.011)
    large = doubled & (keys.counts(here) > 2)
    found = int(np.count_nonzero(doubled))
    of = int(np.count_nonzero(several))
    if not np.any(large) or of - found > groups.few_of(found):
        return
    total = amount_meaning.rounded(worth[here])
    without = amount_meaning.rounded(np.append(worth[here], -most[doubled]))
    raise Problem(
        f"in {found} of {of} orders of several rows one row of "
        f'"{reading.arguments["amount"]}" is the sum of the others: are they an order beside its '
        f"items (total {without:,}), or lines (total {total:,})?",
        f"Leave the rows of whole orders out of the file, or say {say.amount_is:line}.",
    )


def _lines_again(reading: OrderReading, worth: Any) -> None:
    """Lines that stand twice by their own number, as a join with payments leaves them."""
    keys = reading.keys
    for name in reading.unread:
        there = name in reading.table.column_names and not reading.settings.ignores(name)
        text = None
        if there and statuses.speaks_of("line_id", name):
            text = shown(reading.table[name])
        if text is None or keys is None or text.null_count:
            continue
        number = pa.chunked_array([pa.array(np.nan_to_num(worth))])
        order = pa.chunked_array([pa.array(keys.codes, mask=~keys.known)])
        lines = Groups.of(order, text)
        if lines.size == keys.size and keys.size < len(text):
            continue  # the same on all rows of an order
        alike = Groups.of(order, text, number)
        first = np.zeros(len(text), np.bool_)
        first[alike.firsts()] = True
        again = alike.known & ~first
        others = alike.size - lines.size  # lines of one number that differ
        if np.any(again) and others <= groups.few_of(int(np.count_nonzero(again))):
            amount = amount_meaning.rounded(np.nan_to_num(worth))
            once = amount_meaning.rounded(np.nan_to_num(worth)[~again])
            values = {"column": name, "rows": int(np.count_nonzero(again))}
            values |= {"own": f"{amount:,}", "once": f"{once:,}"}
            reading.warnings.append(Note("lines_again", values))
            return


def _negative_pieces(reading: OrderReading, worth: Any) -> None:
    """Returns whose quantity alone is below zero."""
    if reading.arguments["amount_is"] == "unit":
        return
    known = {fold(one) for one in layouts.words()["headings"]["orders"]["quantity"]}
    ignored = {fold(name) for name in reading.settings.ignore}
    for name in reading.table.column_names:
        pieces = None
        if fold(name) in known - ignored:
            pieces = numbers(reading.table[name], reading.settings.decimal)
        if pieces is None:
            continue
        found = groups.values(pieces)
        here = found.valid & (found.floats < 0) & (np.nan_to_num(worth) > 0)
        if np.any(here):
            amount = amount_meaning.rounded(worth[here])
            values = {"column": name, "rows": int(np.count_nonzero(here)), "amount": f"{amount:,}"}
            reading.warnings.append(Note("negative_pieces", values))


def _parts(reading: OrderReading, name: str, worth: Any) -> None:
    """A set together with its parts: both may have amounts."""
    text = _texts(reading.table[name])
    if text is None:
        return
    here = groups.valid(text) & ~np.isnan(worth) & (worth != 0)
    if 0 < np.count_nonzero(here) < len(here):
        amount = amount_meaning.rounded(worth[here])
        values = {"column": name, "rows": int(np.count_nonzero(here)), "amount": f"{amount:,}"}
        reading.warnings.append(Note("parts_of_sets", values))


def _worth(reading: OrderReading) -> Any:
    worth = reading.floats("amount")
    if reading.arguments["amount_is"] == "unit":
        worth = worth * reading.floats("quantity")
    return worth


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    return trimmed(column) if is_text(column.type) else shown(column)


def _saying(
    text: pa.ChunkedArray, found: pa.Array, words: Sequence[str], within: bool
) -> tuple[Flags | None, str]:
    """Which rows hold one of the words, alone or within a short text, and the first such text.

    `found` are the distinct texts.
    """
    low = pc.utf8_lower(pc.utf8_trim(found, " :：*=-"))
    wanted = pa.array(sorted({word.lower() for word in words}), pa.string())
    here_too = pc.is_in(low, value_set=wanted)
    if within:
        here_too = pc.or_(here_too, _with_word(low, words))
    told = found.filter(here_too)
    if not len(told):
        return None, ""
    here = groups.flags(pc.is_in(text.cast(pa.string()), value_set=told))
    return here, str(told[0].as_py())


def _with_word(low: pa.Array, words: Sequence[str]) -> pa.Array:
    """Texts with a word of a discount in them; what is bought, such as a gift voucher, is none."""
    latin = "|".join(re.escape(word) for word in words if word.isascii())
    wide = "|".join(re.escape(word) for word in words if not word.isascii())
    bought = layouts.words()["discounts"]["bought"]
    spent = layouts.words()["discounts"]["spent"]
    here = pc.match_substring_regex(low, rf"(^|[^a-z])({latin})([^a-z]|$)|{wide}")
    of_gifts = pc.match_substring_regex(low, "|".join(map(re.escape, bought)))
    used = pc.match_substring_regex(low, "|".join(map(re.escape, spent)))
    short = pc.less_equal(pc.utf8_length(low), 40)
    return pc.and_(pc.and_(here, short), pc.or_(pc.invert(of_gifts), used))


def _word_in(text: str, words: Sequence[str]) -> str:
    """The known word in a text, whose rest a message does not show."""
    low = text.lower()
    return max((word for word in words if word.lower() in low), key=len, default="")
