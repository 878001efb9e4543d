"""Exact ranks and cuts over all partitions, in rounds of small tables.

A key is a whole number that ascends with the value. Each partition sorts its keys and sends every
n-th of them: these are the edges (round 1). It counts its keys below and up to each edge (round 2).
A cut lies between two neighbouring edges; the distinct keys between them, with their counts, decide
it (round 3). Ranks of all customers: the edges part them into buckets, a bucket is one partition of
a second shuffle, and what comes before it is known from the counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Ints = np.ndarray[Any, np.dtype[np.int64]]

EDGES = 4096
"""Edges of a round: a bracket has about n / 4,096 customers, its table is below a megabyte for 500
million."""

Holds = Callable[["Ints", "Ints"], "np.ndarray[Any, np.dtype[np.bool_]]"]
"""Whether a value is at or above a cut, from the customers below it and up to it; monotone."""


def sketch(table: pa.Table, key: Callable[[pa.Table], Ints]) -> pa.Table:
    """Every n-th key of a partition, and its greatest."""
    import numpy as np
    import pyarrow as pa

    keys = np.sort(key(table))
    step = max(1, len(keys) // EDGES)
    chosen = keys[::step] if len(keys) else keys
    last = keys[-1:] if len(keys) else keys
    return pa.table({"edge": np.unique(np.concatenate([chosen, last]))})


def edges_of(sketches: list[pa.Table], at_most: int = EDGES) -> Ints:
    """The edges of all partitions, thinned out; the least and the greatest key stay."""
    import numpy as np

    every = [np.asarray(one["edge"], dtype="i8") for one in sketches]
    edges: Ints = np.sort(np.concatenate(every)) if every else np.empty(0, "i8")
    if len(edges) > at_most:
        places = np.linspace(0, len(edges) - 1, at_most).astype("i8")
        edges = edges[places]
    return np.unique(edges)


def counts(table: pa.Table, key: Callable[[pa.Table], Ints], edges: Ints) -> pa.Table:
    """The customers of a partition below each edge, and up to it."""
    import numpy as np
    import pyarrow as pa

    keys = np.sort(key(table))
    return pa.table(
        {
            "below": np.searchsorted(keys, edges, "left").astype("i8"),
            "upto": np.searchsorted(keys, edges, "right").astype("i8"),
        }
    )


def between(
    table: pa.Table, key: Callable[[pa.Table], Ints], brackets: list[tuple[int, int]]
) -> pa.Table:
    """The distinct keys of a partition strictly inside of the brackets, with their counts."""
    import numpy as np
    import pyarrow as pa

    keys = key(table)
    inside = np.zeros(len(keys), bool)
    for low, high in brackets:
        inside |= (keys > low) & (keys < high)
    values, times = np.unique(keys[inside], return_counts=True)
    return pa.table({"key": values, "count": times.astype("i8")})


def added(tables: list[pa.Table]) -> dict[str, Ints]:
    """Columns of equal length, added up over partitions."""
    import numpy as np

    names = tables[0].column_names
    return {
        name: np.sum([np.asarray(one[name], dtype="i8") for one in tables], axis=0)
        for name in names
    }


def bracket(edges: Ints, counted: dict[str, Ints], holds: Holds) -> tuple[int, int] | None:
    """The neighbouring edges between which a cut lies, the upper one included; None if no value
    holds. Both are the least key if it holds.
    """
    import numpy as np

    true = np.flatnonzero(holds(counted["below"], counted["upto"]))
    if len(true) == 0:
        return None
    at = int(true[0])
    return int(edges[max(at - 1, 0)]), int(edges[at])


def cut(
    edges: Ints,
    counted: dict[str, Ints],
    found: tuple[int, int] | None,
    inside: list[pa.Table],
    holds: Holds,
) -> int | None:
    """The least key that holds, from the distinct keys inside of its bracket."""
    import numpy as np

    if found is None:
        return None
    low, high = found
    keys = np.concatenate([np.asarray(one["key"], dtype="i8") for one in inside])
    times = np.concatenate([np.asarray(one["count"], dtype="i8") for one in inside])
    chosen = (keys > low) & (keys < high)
    values, places = np.unique(keys[chosen], return_inverse=True)
    if len(values) == 0:
        return high
    each = np.zeros(len(values), "i8")
    np.add.at(each, places, times[chosen])
    upto = counted["upto"][np.searchsorted(edges, low)] + np.cumsum(each)
    true = np.flatnonzero(holds(upto - each, upto))
    return int(values[true[0]]) if len(true) else high


def quantile_holds(n: int, levels: int, level: int, ties: str) -> Holds:
    """Whether a value scores at least `level` of `levels`: the formulas of `rfm` (see rfm.rs)."""

    def holds(below: Ints, upto: Ints) -> Any:
        if ties == "lower":
            return 1 + levels * below // n >= level
        if ties == "mid":
            return 1 + levels * (below + upto - 1) // (2 * n) >= level
        return 1 + levels * (upto - 1) // n >= level

    return holds


def sums(
    table: pa.Table, key: Callable[[pa.Table], Ints], edges: Ints, amounts: str | None
) -> pa.Table:
    """The customers of each bucket of a partition, and what a column comes to in it."""
    import numpy as np
    import pyarrow as pa

    bucket = bucket_of(key(table), edges)
    size = len(edges) + 1
    customers = np.bincount(bucket, minlength=size).astype("i8")
    total = np.zeros(size, "i8")
    if amounts is not None:
        worth = np.maximum(np.asarray(whole_money(table[amounts]), dtype="i8"), 0)
        np.add.at(total, bucket, worth)
    return pa.table({"customers": customers, "total": total})


def bucket_of(keys: Ints, edges: Ints) -> Ints:
    """The bucket of each key: equal keys are in the same."""
    import numpy as np

    found: Ints = np.searchsorted(edges, keys, "right")
    return found


def with_bucket(table: pa.Table, key: Callable[[pa.Table], Ints], edges: Ints) -> pa.Table:
    """The table with a column of buckets."""
    import numpy as np
    import pyarrow as pa

    bucket = bucket_of(key(table), edges).astype(np.int32)
    return table.append_column("bucket", pa.array(bucket))


def whole_money(column: pa.ChunkedArray) -> Any:
    """Money as minor units: decimals without their point."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_decimal(column.type):
        return np.asarray(column, dtype="i8")
    parts = []
    for chunk in column.chunks:
        # The low half of the 128 bits is the number, because money has 64.
        raw = np.frombuffer(chunk.buffers()[1], "i8")
        parts.append(raw[2 * chunk.offset : 2 * (chunk.offset + len(chunk)) : 2])
    return np.concatenate(parts) if parts else np.empty(0, "i8")


def descending(table: pa.Table, column: str) -> Ints:
    """The key of a column of money that ranks the greatest first."""
    import numpy as np

    key: Ints = np.invert(np.asarray(whole_money(table[column]), dtype="i8"))
    return key


def in_rank_order(
    table: pa.Table, key: Callable[[pa.Table], Ints], before: Mapping[str, list[int]]
) -> tuple[pa.Table, Ints, Ints, Ints]:
    """The rows of some buckets by key and id. Of each its rank from 0, the sum of positive revenue
    before it, and its place if its key is the first of its kind, else 0.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ranked = table.append_column("__key", pa.array(key(table)))
    order = pc.sort_indices(
        ranked, sort_keys=[("__key", "ascending"), ("customer_id", "ascending")]
    )
    ranked = ranked.take(order).combine_chunks()
    keys = np.asarray(ranked["__key"].combine_chunks(), dtype="i8")
    bucket = np.asarray(ranked["bucket"].combine_chunks(), dtype="i8")
    ranked = ranked.drop_columns(["__key", "bucket"])
    n = len(bucket)
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    own = np.repeat(starts, np.diff(np.append(starts, n)))
    rank = np.asarray(before["customers"], dtype="i8")[bucket] + np.arange(n) - own
    ahead = np.zeros(n, "i8")
    if "revenue" in ranked.column_names:
        worth = np.maximum(np.asarray(whole_money(ranked["revenue"]), dtype="i8"), 0)
        so_far = np.cumsum(worth) - worth
        ahead = np.asarray(before["total"], dtype="i8")[bucket] + so_far - so_far[own]
    new = np.diff(keys, prepend=keys[:1] - 1) != 0 if n else np.empty(0, bool)
    return ranked, rank, ahead, np.where(new, np.arange(n), 0)
