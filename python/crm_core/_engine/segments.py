"""Ranks and scores of customers, from the cuts that the rounds have found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._orders import Orders
from .._segmentation import rfm
from . import ranks
from .kernels import refuse

if TYPE_CHECKING:
    import pyarrow as pa

    Ints = np.ndarray[Any, np.dtype[np.int64]]

AXES = ("recency", "frequency", "monetary")
_SIGNLESS = 2**63 - 1


def axis(table: pa.Table, axis: str, monetary: str, scale: int) -> Ints:
    """An axis of `rfm` as whole numbers that ascend with the score."""
    if axis == "recency":
        return -np.asarray(table["recency_days"].combine_chunks(), dtype="i8")
    orders = np.asarray(table["orders"].combine_chunks(), dtype="i8")
    if axis == "frequency":
        return orders
    revenue = np.asarray(ranks.whole_money(table["revenue"]), dtype="i8")
    if monetary == "revenue":
        return revenue
    # The mean order value, one rounding; the bits of floats as numbers that ascend with them.
    exact = (np.abs(revenue) < 2**53).all()
    pairs = zip(revenue.tolist(), orders.tolist(), strict=True)
    means = revenue / (orders * scale) if exact else np.array([r / (n * scale) for r, n in pairs])
    bits = np.asarray(means + 0.0, dtype="f8").view("i8")
    keys: Ints = np.where(bits < 0, bits ^ _SIGNLESS, bits)
    return keys


def flat_cuts(levels: int, only: int) -> list[int | None]:
    """The cuts of an axis on which all customers are equal: they score in the middle."""
    middle = -(-levels // 2)
    return [only] * (middle - 1) + [None] * (levels - middle)


def scored(
    table: pa.Table,
    keys: Mapping[str, Callable[[pa.Table], Ints]],
    cuts: Mapping[str, list[int | None]],
    segment_of: list[str | None],
) -> pa.Table:
    """The rows of a partition with the scores of the whole shop."""
    import pyarrow as pa

    levels = len(cuts["recency"]) + 1
    scores = {}
    for name, key in keys.items():
        cells = key(table)
        score = np.ones(len(table), np.int32)
        for one in cuts[name]:
            if one is not None:
                score += (cells >= one).astype(np.int32)
        scores[name] = score
    r, f, m = (scores[name] for name in AXES)
    cell = ((r - 1) * levels + f - 1) * levels + m - 1
    names = pa.array(segment_of, pa.string()).take(pa.array(cell))
    for name, column in (("r", r), ("f", f), ("m", m), ("segment", names)):
        table = table.set_column(table.column_names.index(name), name, pa.array(column))
    return table


def cells(currency: str, scale: int, options: Mapping[str, Any]) -> list[str | None]:
    """The segment of every cell (r, f, m) of the grid, which the analysis itself gives of one
    customer for each.
    """
    levels, grid = options["levels"], options["grid"]
    if levels == 2 and grid is not None:
        raise refuse("levels", "3 to 10 beside a grid")
    if levels == 2:
        return [None] * 8
    who: list[int] = []
    days: list[str] = []
    amounts: list[int] = []
    for place in range(levels**3):
        r, f, m = place // levels**2, place // levels % levels, place % levels
        bought = [100 * (m + 1) - f] + [1] * f
        who += [place] * len(bought)
        amounts += bought
        days += [f"2001-01-{11 - (levels - 1 - r):02}"] * len(bought)
    orders = Orders(
        {"customer_id": who, "ordered_at": days, "amount": amounts},
        currency=currency,
        amount_unit="minor",
        date_format="%Y-%m-%d",
    )
    steps = range(2, levels + 1)
    cuts = {
        "recency": [levels - step for step in steps],
        "frequency": list(steps),
        "monetary": [100 * step / scale for step in steps],
    }
    found = rfm(orders, "2001-01-11", mode="threshold", cuts=cuts, grid=grid)
    segment: list[str | None] = found.to_dict()["segment"]
    return segment


def ranked(
    table: pa.Table,
    task: str,
    key: Callable[[pa.Table], Ints],
    before: Mapping[str, list[int]],
    customers: int,
    total: int,
    options: Mapping[str, Any],
) -> pa.Table:
    """The rows of some buckets with what follows from their ranks in the whole shop."""
    import pyarrow as pa

    rows, rank, ahead, first = ranks.in_rank_order(table, key, before)
    if task == "alerts":
        return _set(rows, "priority", pa.array(rank + 1, pa.int32()))
    if task == "likely_buyers":
        rows = _set(rows, "rank", pa.array(rank + 1, pa.int32()))
        limit = options.get("limit")
        return rows if limit is None else rows.filter(pa.array(rank < limit))
    place = np.maximum.accumulate(first) if options["tie_safe"] else np.arange(len(rank))
    if task == "decile":
        groups = 1 + options["groups"] * rank // max(customers, 1)
        return _set(rows, "decile", pa.array(groups[place], pa.int32()))
    revenue = np.asarray(ranks.whole_money(rows["revenue"]), dtype="i8")
    classes = np.zeros(len(rows), "i8")
    for share in (options["a_share"], options["b_share"]):
        # In ten-thousandths: Σ before ≥ limit · total / 10,000, in whole numbers.
        limit = _half_up(share * 10_000)
        classes += ahead >= -(-limit * total // 10_000)
    classes = np.where(revenue > 0, classes[place], 2)
    return _set(rows, "abc", pa.array(np.array(["A", "B", "C"], object)[classes], pa.string()))


def _half_up(value: float) -> int:
    """A number above 0 to the nearest whole one, halves up, as C's `round`."""
    return int(np.floor(value + 0.5))


def _set(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)
