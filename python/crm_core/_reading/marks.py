"""Marks of rows that were not read: codes of a state that nothing explains, and logs of changes.

A database that is copied by its changes has a row for every state of an order, and one for its
deletion. Words and headings are in `layouts/marks.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import (
    amount_meaning,
    groups,
    headings,
    layouts,
    marked_rows,
    messages,
    money_columns,
    statuses,
)
from .columns import cut, distinct, few_texts, numbers, shown, taken, trimmed
from .groups import Groups, Values
from .layouts import fold, fold_word
from .messages import say
from .said import Said
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .state_reading import StateReading

_CODE = re.compile(r"[^\W_]{1,4}")
_MOST_CODES = 8


def refuse_changes(reading: OrderReading) -> None:
    """Asks which rows of a log of changes are orders.

    `--keep-last` reads the last state of each order, and `--status` says which were deleted.
    """
    for name in money_columns.unread(reading):
        column = _changes(reading, name)
        if column is None or fold(name) in map(fold, reading.settings.statuses):
            continue
        rules = layouts.words()["changes"]
        words = distinct(column)
        gone = [word for word in words if fold_word(word) in rules["deleted"]]
        before = [word for word in words if fold_word(word) in rules["before"]]
        keys = Groups.of(trimmed(reading.table[reading.chosen["order_id"].value]))
        several = int(np.count_nonzero(keys.rows > 1))
        if not gone and not before and (not several or reading.settings.keep_last):
            continue
        left_out = groups.flags(pc.is_in(column, value_set=pa.array(gone + before, pa.string())))
        last = np.zeros(len(keys.codes), np.bool_)
        last[len(last) - 1 - Groups(keys.codes[::-1], keys.size).firsts()] = True
        money = numbers(reading.table[reading.chosen["amount"].value], reading.settings.decimal)
        if money is None:
            continue
        values = groups.values(money)
        rest = marked_rows.some_of(values, last & ~left_out)
        stops = dict.fromkeys([*gone, *before], "cancelled")
        others = dict.fromkeys((word for word in words if word not in stops), "completed")
        pairs = messages.pairs({**stops, **others})
        deleted = f", without {int(np.count_nonzero(left_out))} deleted ones," if stops else ""
        raise Problem(
            f'the rows of the file are changes of orders, as "{name}" says: all rows come to '
            f"{amount_meaning.total(values):,}, the last row of each order{deleted} to "
            f"{amount_meaning.total(rest):,}",
            f"{say.keep_last} names the column of the time of the change, whose last row counts. "
            + (
                f"{say.status:{name}} with {say.status_map:{pairs}} leaves deleted orders out. "
                if stops
                else ""
            )
            + f"{say.ignore:{name}} says that every row counts.",
        )


def is_change(reading: StateReading, name: str) -> bool:
    """Whether a column says of each row what was changed."""
    return _changes(reading, name) is not None


def _changes(reading: StateReading, name: str) -> pa.ChunkedArray | None:
    """The kinds of changes of a column, or nothing."""
    rules = layouts.words()["changes"]
    if "order_id" not in reading.chosen or fold(name) not in map(fold, rules["headings"]):
        return None
    column = shown(reading.table[name]) if few_texts(reading.table[name]) else None
    known = {word for kind in ("deleted", "before", "written") for word in rules[kind]}
    if column is None or not {fold_word(word) for word in distinct(column)} <= known:
        return None
    return column


def codes(reading: OrderReading) -> None:
    """Codes such as C and X under the heading of a state; `reading` has orders and amounts."""
    for name in money_columns.unread(reading):
        column = shown(reading.table[name]) if few_texts(reading.table[name]) else None
        if column is not None and (bad := _codes(name, distinct(column))) is not None:
            _codes_told(reading, name, column, bad)


def _codes(name: str, words: Sequence[str]) -> list[str] | None:
    """The codes of a column that may be of orders that do not count; nothing of other columns."""
    rules = layouts.words()["state_codes"]
    of_state = fold(name) in map(fold, rules["headings"])
    if not (of_state or statuses.is_kind(name)) or not 2 <= len(words) <= _MOST_CODES:
        return None
    bad = [word for word in words if fold_word(word) in rules["bad"]]
    if not all(map(_CODE.fullmatch, words)) or len(bad) == len(words):
        return None
    if not bad and not (of_state and all(len(word) == 1 for word in words)):
        return None
    known = statuses.general()
    said_by_words = all(
        fold_word(word) in known or statuses.refusals(name, words) for word in bad or words
    )
    return None if said_by_words else bad


def _codes_told(
    reading: OrderReading, name: str, column: pa.ChunkedArray, bad: Sequence[str]
) -> None:
    """The warning, with what the rarest of the codes would take away."""
    words = distinct(column)
    said = Said(column, reading.rows.name)
    counts = {word: pc.sum(pc.equal(column, word)).as_py() or 0 for word in words}
    rarest = min(bad or words, key=lambda word: (counts[word], word))
    here = groups.flags(pc.equal(column, rarest))
    found, keys = money_columns.worth(reading)
    own = amount_meaning.total(found, keys)
    without = amount_meaning.total(marked_rows.some_of(found, ~here), keys)
    shown_word = cut(rarest) if rarest in bad else said.option(rarest)
    told: dict[str, Any] = {"column": name, "words": ", ".join(map(said, sorted(words)[:5]))}
    told |= {"word": shown_word, "rows": counts[rarest]}
    told |= {"own": f"{own:,}", "without": f"{without:,}"}
    known = statuses.general()
    rest = {
        said.option(one): known.get(fold_word(one), "completed") for one in words if one != rarest
    }
    told["pairs"] = messages.pairs({shown_word: "cancelled", **rest})
    reading.warnings.append(Note("codes_unread", told))


def _is_product(orders: Groups, lines: Groups, values: Groups, least: int) -> bool:
    """Whether orders have each line once for each value; one of them `least` lines and two values.

    One line that is there twice may be two lines, unless a column says which products they are.
    """
    of = orders.codes
    n_orders = len(orders.rows)
    n_lines = np.bincount(of[lines.firsts()], minlength=n_orders)
    n_values = np.bincount(of[values.firsts()], minlength=n_orders)
    is_repeated = orders.rows > n_lines
    is_product = orders.rows == n_lines * n_values
    enough = (n_lines >= least) & (n_values > 1)
    return bool(np.any(is_repeated & enough) and np.all(is_product[is_repeated]))


def alike_but_for(reading: OrderReading) -> None:
    """Lines that stand once for each value of one column, as a join with tags leaves them."""
    keys = reading.keys
    if keys is None or reading.arguments["amount_is"] == "order":
        return
    joined = _may_be_joined(reading)
    found, _ = money_columns.worth(reading)
    rows = _of_equal_money(keys, found) if joined else np.zeros(0, np.int64)
    if not len(rows):
        return
    at = pa.array(rows)
    order = pa.chunked_array([pa.array(keys.codes[rows])])
    part = {name: shown(taken(reading.table[name], at)) for name in reading.table.column_names}
    texts = {name: pc.fill_null(text, "") for name, text in part.items() if text is not None}
    products = set(map(fold, headings.names_of("product")))
    items = {name for name in texts if fold(name) in products}
    for name in joined:
        if name not in texts:
            continue
        alike = Groups.of(order, *(text for one, text in texts.items() if one != name))
        least = 1 if items - {name} else 2
        if not _is_product(Groups.of(order), alike, Groups.of(order, texts[name]), least):
            continue
        first = np.zeros(len(rows), np.bool_)
        first[alike.firsts()] = True
        again = np.zeros(len(keys.codes), np.bool_)
        again[rows[~first]] = True
        once = Values(found.numbers, found.valid & ~again, found.scale)
        own, less = amount_meaning.total(found), amount_meaning.total(once)
        if own != less:
            told = {"column": name, "rows": int(np.count_nonzero(again))}
            told |= {"own": f"{own:,}", "once": f"{less:,}"}
            reading.warnings.append(Note("lines_joined", told))
            return


def _may_be_joined(reading: OrderReading) -> list[str]:
    """Columns of few words that are not of a line's options or number."""
    options = layouts.words()["row_columns"]["of_options"]
    return [
        name
        for name in money_columns.unread(reading)
        if few_texts(reading.table[name])
        and not any(part in layouts.low(name) for part in options)
        and not statuses.speaks_of("line_number", name)
    ]


def _of_equal_money(keys: Groups, found: Values) -> npt.NDArray[np.int64]:
    """The rows of orders in which two rows have the same money."""
    rows = np.flatnonzero(keys.known & (keys.each(keys.rows, 0) > 1))
    if not len(rows):
        return rows
    money = Groups.of(
        pa.chunked_array([pa.array(keys.codes[rows])]),
        pa.chunked_array([pa.array(np.nan_to_num(found.floats[rows]))]),
    )
    twice = rows[money.each(money.rows, 0) > 1]
    return rows[np.isin(keys.codes[rows], keys.codes[twice])]
