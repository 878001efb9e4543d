"""Orders that are in two files, because the periods of two exports overlap.

An order that several files have with the same lines counts once. Within one file nothing is left
out: two equal lines of an order are two lines. An order that two files have with different lines is
either two states of one order (it was paid or returned between the exports), or two parts of it, or
two orders of one number: only the user knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amounts, dates
from .columns import shown

# What becomes of an order with different lines in several files.
DIFFERING = ("error", "last", "add")
_Lines = list[str]


@dataclass(frozen=True)
class Overlap:
    """What the files have in common.

    Attributes:
        parts: The rows of each file that count.
        kept: For each file the remaining rows, from 0; None if all remain.
        orders: Orders that were left out of a file because another one has the same lines.
        rows: Their rows.
        differing: Orders that several files have with different lines.
        first: A row of the first of them, as a file (from 0) and a row of it.
        alike: Without an order number: rows that an earlier file has, too.
        keys: The differing orders.
        columns: The columns in which they differ.
    """

    parts: list[pa.Table]
    kept: list[pa.Array | None]
    orders: int = 0
    rows: int = 0
    differing: int = 0
    first: tuple[int, int] | None = None
    alike: int = 0
    keys: pa.Array | None = None
    columns: Sequence[str] = ()


def drop_repeated(
    parts: Sequence[pa.Table], order_key: Sequence[str], last: bool = False
) -> Overlap:
    """Leave out what another file has.

    Args:
        parts: The rows of each file, with the same columns of the same types.
        order_key: The columns that make an order; none if there is no order number.
        last: Take orders that differ from the last file that has them.
    """
    whole = list(parts)
    every: list[pa.Array | None] = [None] * len(whole)
    if len(whole) < 2:
        return Overlap(whole, every)
    columns = [
        name for name in whole[0].column_names if not pa.types.is_nested(whole[0][name].type)
    ]
    if not order_key:
        return Overlap(whole, every, alike=_alike(whole, columns))
    keys = [_key(part, order_key) for part in whole]
    repeated: list[list[object]] = [[] for _ in whole]
    older: list[list[object]] = [[] for _ in whole]
    first: tuple[int, int] | None = None
    differing: list[object] = []
    for key, of_files in _shared_orders(whole, keys, columns).items():
        seen: list[_Lines] = []
        for at, lines in of_files.items():
            if lines in seen:
                repeated[at].append(key)
            else:
                seen.append(lines)
        if len(seen) > 1:
            differing.append(key)
            at = max(of_files)
            first = first or (at, pc.index(keys[at], key).as_py())
            if last:
                for at in of_files:
                    if key in repeated[at]:
                        repeated[at].remove(key)
                    if at != max(of_files):
                        older[at].append(key)
    rows = 0
    for at, names in enumerate(repeated):
        if names or older[at]:
            rows += pc.sum(_within(keys[at], names)).as_py()
            stays = pc.invert(_within(keys[at], [*names, *older[at]]))
            every[at] = pc.indices_nonzero(stays)
            whole[at] = whole[at].filter(stays)
    orders = sum(map(len, repeated))
    if not differing:
        return Overlap(whole, every, orders, rows)
    told = pa.array(differing, keys[0].type)
    named = _differing_columns(parts, keys, columns, told)
    return Overlap(whole, every, orders, rows, len(differing), first, 0, told, named)


def _within(keys: pa.ChunkedArray, names: Any) -> pa.ChunkedArray:
    return pc.is_in(keys, value_set=pa.array(names, keys.type), skip_nulls=True)


def _key(part: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """One value for each order; null without an order number."""
    number, *others = (_plain(part[name]) for name in columns)
    if not others:
        return number
    texts = [pc.fill_null(one.cast(pa.string()), "") for one in others]
    return pc.binary_join_element_wise(number.cast(pa.string()), *texts, "\0")


def _shared_orders(
    parts: Sequence[pa.Table], keys: Sequence[pa.ChunkedArray], columns: Sequence[str]
) -> Mapping[object, dict[int, _Lines]]:
    """The sorted lines of each order that several files have, by file."""
    names = [pc.unique(key).drop_null() for key in keys]
    counted = pc.value_counts(pa.chunked_array(names, keys[0].type))
    shared = counted.filter(pc.greater(counted.field("counts"), 1)).field("values")
    found: dict[object, dict[int, _Lines]] = {}
    if not len(shared):
        return found
    at, of, texts = _within_orders(parts, keys, columns, shared)
    lines = pc.binary_join_element_wise(*texts.values(), "\0").to_pylist()
    for file, name, line in zip(at.tolist(), of.to_pylist(), lines, strict=True):
        found.setdefault(name, {}).setdefault(file, []).append(line)
    for of_files in found.values():
        for lines_of_one in of_files.values():
            lines_of_one.sort()
    return found


def _within_orders(
    parts: Sequence[pa.Table],
    keys: Sequence[pa.ChunkedArray],
    columns: Sequence[str],
    orders: pa.Array,
) -> tuple[Any, pa.ChunkedArray, dict[str, pa.ChunkedArray]]:
    """The rows of some orders in all files: the file, the order, and each column as it is compared.

    Files write alike what is the same: 20.00 is 20.0, 2024/1/5 is 2024-01-05.
    """
    here = [_within(key, orders) for key in keys]
    few = [part.filter(rows) for part, rows in zip(parts, here, strict=True)]
    at = np.repeat(np.arange(len(parts)), [one.num_rows for one in few])
    of = pa.chunked_array(
        [chunk for key, rows in zip(keys, here, strict=True) for chunk in key.filter(rows).chunks],
        keys[0].type,
    )
    texts = {}
    for name in columns:
        cells = [_plain(one[name]).cast(pa.string()) for one in few]
        joined = pa.chunked_array([chunk for one in cells for chunk in one.chunks], pa.string())
        texts[name] = pc.fill_null(_comparable(joined), "\1")
    return at, of, texts


def _comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts of numbers and dates in one form; others without blanks around them."""
    text = shown(column)
    if text is None:
        return column
    known = pc.unique(text.drop_null())
    if not len(known) or pc.any(pc.match_substring_regex(known, r"^0\d|^\d{12,}$")).as_py():
        return text
    read = amounts.parse(text)
    if not read.unread and not read.ambiguous:
        return read.values.cast(pa.float64()).cast(pa.string())
    of_days = dates.parse(text)
    if (
        not of_days.unread
        and not of_days.readings
        and not of_days.offsets.is_valid().to_numpy().any()
    ):
        return of_days.wall.cast(pa.string())
    return text


def _differing_columns(
    parts: Sequence[pa.Table],
    keys: Sequence[pa.ChunkedArray],
    columns: Sequence[str],
    orders: pa.Array,
) -> list[str]:
    """The columns in which files have different values for an order."""
    at, of, texts = _within_orders(parts, keys, columns, orders)
    names = of.to_pylist()
    found = []
    for column, cells in texts.items():
        values: dict[object, dict[int, list[str]]] = {}
        for file, name, cell in zip(at.tolist(), names, cells.to_pylist(), strict=True):
            values.setdefault(name, {}).setdefault(file, []).append(cell)
        of_orders = [[sorted(one) for one in files.values()] for files in values.values()]
        if any(one != other[0] for other in of_orders for one in other):
            found.append(column)
    return found


def _alike(parts: Sequence[pa.Table], columns: Sequence[str]) -> int:
    """Rows that an earlier file has, too."""
    names = [f"c{place}" for place in range(len(columns))]
    texts = [
        # A join matches no nulls.
        pa.table(
            [pc.fill_null(_plain(part[name]).cast(pa.string()), "\0") for name in columns],
            names=names,
        )
        for part in parts
    ]
    return sum(
        texts[at]
        .append_column("row", pa.array(range(parts[at].num_rows), pa.int64()))
        .join(
            pa.concat_tables(texts[:at]).group_by(names).aggregate([]), names, join_type="left semi"
        )
        .num_rows
        for at in range(1, len(parts))
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column
