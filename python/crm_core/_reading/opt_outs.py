"""Who wants no messages: columns of a customers' file that say so, by their headings and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from .._problem import Problem
from . import layouts
from .columns import cut, shown
from .layouts import fold, fold_word
from .messages import say

_DATE = re.compile(r"^\d{4}\s?[-/.年]\s?\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|^\d{8}$")


@dataclass(frozen=True)
class OptOuts:
    """Who has opted out, by the columns that were read.

    Attributes:
        columns: Their headings.
        cells: One truth value per row; of several columns, whether one says it.
        unread: Columns that look like it and hold other words: a heading, and in how many rows.
    """

    columns: list[str]
    cells: pa.Array | None
    unread: list[tuple[str, int]]


def wants(heading: str) -> bool | None:
    """Whether a yes in a column is a wish for messages, or for none; None for other columns."""
    words, text = layouts.words()["opt_outs"], fold(heading)
    if any(fold(part) in text for part in words["refuses"]):
        return False
    if any(fold(part) in text for part in words["accepts"]):
        stopped = any(fold(part) in text for part in words["stops"])
        return None if any(fold(part) in text for part in words["counts"]) else not stopped
    return None


def looks(headings: Sequence[str]) -> list[str]:
    """The headings of columns that say who wants no messages, or who wants some."""
    return [name for name in headings if wants(name) is not None]


def opt_outs(table: pa.Table, given: str | None) -> OptOuts:
    """Reads the columns of a customers' file.

    Args:
        table: The file's columns, those of `looks` and the given one.
        given: The column that the user named; an empty text is none.
    """
    names = looks(table.column_names) if given is None else [given] if given else []
    columns, unread, cells = [], [], None
    for name in names:
        read, other = _read(table[name], bool(wants(name)))
        if other and given is not None:
            raise Problem(
                f'the column "{cut(name)}" does not say who has opted out: {other:,} of its cells '
                "are neither yes nor no",
                f"Name another column with {say.opted_out} COLUMN.",
            )
        if other:
            unread.append((name, other))
            continue
        columns.append(name)
        cells = read if cells is None else [a or b for a, b in zip(cells, read, strict=True)]
    return OptOuts(columns, None if cells is None else pa.array(cells, pa.bool_()), unread)


def _read(column: pa.ChunkedArray, wanted: bool) -> tuple[list[bool], int]:
    """Whether each row has opted out, and the number of cells that say neither yes nor no."""
    words = layouts.words()
    own, smells = words["opt_outs"], words["smells"]
    out, stays = ({fold_word(one) for one in own[key]} for key in ("out", "in"))
    yes = {fold_word(one) for one in (*smells["yes"], *own["yes"])}
    no = {fold_word(one) for one in (*smells["no"], *own["no"])}

    def means(text: str | None) -> bool | None:
        word = fold_word(text or "")
        word = word.removesuffix(".0") if word in ("0.0", "1.0") else word
        if word in out or word in stays:
            return word in out
        if word in yes or _DATE.match((text or "").strip()):
            return not wanted
        return wanted if word in no else None

    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return [valid != wanted for valid in column.is_valid().to_pylist()], 0
    if pa.types.is_boolean(column.type):
        return [bool(cell) != wanted for cell in column.to_pylist()], 0
    text = shown(column)
    cells: list[Any] = [None] * len(column) if text is None else text.to_pylist()
    known = {cell: means(cell) for cell in set(cells)}
    other = sum(known[cell] is None for cell in cells)
    return [bool(known[cell]) for cell in cells], other
