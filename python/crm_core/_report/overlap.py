"""Orders that are in two files, because the periods of two exports overlap.

An order that several files have with the same lines counts once. Within one file nothing is left
out: two equal lines of an order are two lines. An order that two files have with different lines is
either two states of one order (it was paid or returned between the exports), or two parts of it, or
two orders of one number: only the user knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

# What becomes of an order with different lines in several files.
DIFFERING = ("error", "last", "add")
_Lines = list[tuple[object, ...]]


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
    """

    parts: list[pa.Table]
    kept: list[pa.Array | None]
    orders: int = 0
    rows: int = 0
    differing: int = 0
    first: tuple[int, int] | None = None
    alike: int = 0


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
    differing = 0
    for key, of_files in _shared_orders(whole, keys, columns).items():
        seen: list[_Lines] = []
        for at, lines in of_files.items():
            if lines in seen:
                repeated[at].append(key)
            else:
                seen.append(lines)
        if len(seen) > 1:
            differing += 1
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
    return Overlap(whole, every, sum(map(len, repeated)), rows, differing, first)


def _within(keys: pa.ChunkedArray, names: Sequence[object]) -> pa.ChunkedArray:
    return pc.is_in(keys, value_set=pa.array(names, keys.type))


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
    for at, (part, key) in enumerate(zip(parts, keys, strict=True)):
        within = pc.is_in(key, value_set=shared)
        few = part.filter(within)
        lines = zip(*(_plain(few[name]).to_pylist() for name in columns), strict=True)
        for name, line in zip(key.filter(within).to_pylist(), lines, strict=True):
            found.setdefault(name, {}).setdefault(at, []).append(line)
    for of_files in found.values():
        for lines_of_one in of_files.values():
            lines_of_one.sort(key=repr)
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
