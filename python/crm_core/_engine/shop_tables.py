"""Tables of the whole shop from tables of its partitions.

Customers are whole in a partition, so counts and sums of money add up. Shares, means and intervals
follow from the sums, by the formulas of the analyses; medians and curves from tables of gaps.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._errors import DataError
from .curves import Curve, ratio

if TYPE_CHECKING:
    import pyarrow as pa

    Ints = np.ndarray[Any, np.dtype[np.int64]]
    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Columns = dict[str, Any]


def added_up(tables: list[pa.Table], keys: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """Rows of equal keys added up; keys ascend, null last, in the order of the key columns.

    Raises:
        DataError: A sum that does not fit into 64 bits.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    every = pa.concat_tables([one.select([*keys, *columns]) for one in tables])
    if not keys:
        every = every.append_column("__all", pa.nulls(len(every), pa.int8()))
    names = list(keys) or ["__all"]
    groups = every.group_by(names).aggregate([(name, "sum") for name in columns])
    for name in columns:
        if pa.types.is_integer(every[name].type) and len(groups):
            # The sum of the same numbers as floats shows whether 64 bits were enough.
            about = every.set_column(
                every.column_names.index(name), name, every[name].cast(pa.float64(), safe=False)
            )
            rough = about.group_by(names).aggregate([(name, "sum")])[f"{name}_sum"]
            if pc.max(pc.abs(rough)).as_py() > 9.2e18:
                raise DataError(f"column `{name}`: the sum over partitions is too large")
    groups = groups.rename_columns(
        [name.removesuffix("_sum") if name not in names else name for name in groups.column_names]
    )
    if len(keys):
        groups = groups.sort_by([(key, "ascending") for key in keys])
    return groups.select([*keys, *columns])


def ints(table: pa.Table, name: str) -> Ints:
    """A column of whole numbers."""
    found: Ints = np.asarray(table[name].combine_chunks(), dtype="i8")
    return found


def split(table: pa.Table, prefix: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], pa.Table]]:
    """The rows of each group of a table that is sorted by its group columns."""
    if not prefix:
        yield (), table
        return
    cells = list(zip(*(table[name].to_pylist() for name in prefix), strict=True))
    start = 0
    for at in range(1, len(cells) + 1):
        if at == len(cells) or cells[at] != cells[start]:
            yield cells[start], table.slice(start, at - start)
            start = at


def by_group(
    table: pa.Table,
    prefix: Sequence[str],
    make: Callable[[pa.Table], Columns],
) -> Columns:
    """The columns that a function makes of each group, one under the other, groups before them."""
    parts: list[Columns] = []
    for group, rows in split(table, prefix):
        made = make(rows)
        height = len(next(iter(made.values())))
        named = {name: [cell] * height for name, cell in zip(prefix, group, strict=True)}
        parts.append({**named, **made})
    if not parts:
        return {}
    return {name: [c for part in parts for c in list(part[name])] for name in parts[0]}


def mean(minor: Any, count: Any, scale: int) -> Floats:
    """Minor units per head in major units, rounded once (money.rs, `mean`); NaN for nobody."""
    whole = [int(one) for one in minor]
    heads = [int(one) * scale for one in count]
    pairs = zip(whole, heads, strict=True)
    # Python divides whole numbers with one rounding, whatever their size.
    return np.array([part / of if of else np.nan for part, of in pairs], dtype="f8")


def sums_of(means: Any, count: Any, scale: int) -> list[int]:
    """The sums of minor units that gave means in major units: whole, so exact below 2^52."""
    return [
        round(one * number * scale) if number else 0
        for one, number in zip(
            (0.0 if m is None else m for m in means.to_pylist()), count.to_pylist(), strict=True
        )
    ]


def share_columns(name: str, part: Ints, of: Ints, confidence: float) -> Columns:
    """A rate with its interval."""
    value, low, high = ratio(part, of, confidence)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


# ---- months --------------------------------------------------------------------------------------

MONTHLY = [
    "customers",
    "orders",
    "revenue",
    "new_customers",
    "new_revenue",
    "repeat_customers",
    "repeat_revenue",
    "guest_orders",
    "guest_revenue",
]


def next_start(day: datetime.date, period: str) -> datetime.date:
    """The first day of the period after that of a first day."""
    if period in ("day", "week"):
        return day + datetime.timedelta(days=1 if period == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    ahead = day.year * 12 + day.month - 1 + months
    return datetime.date(ahead // 12, ahead % 12 + 1, 1)


def monthly(tables: list[pa.Table], prefix: Sequence[str], period: str) -> Columns:
    """Months added up, with the empty ones between the first and the last."""
    table = added_up(tables, [*prefix, "month"], MONTHLY)

    def filled(rows: pa.Table) -> Columns:
        cells = {name: rows[name].to_pylist() for name in ["month", *MONTHLY]}
        used = [
            at
            for at, of in enumerate(zip(cells["orders"], cells["revenue"], strict=True))
            if of != (0, 0)
        ]
        if not used:
            return {name: [] for name in cells}
        known = dict(zip(cells["month"], range(len(rows)), strict=True))
        day, last = cells["month"][used[0]], cells["month"][used[-1]]
        made: Columns = {name: [] for name in cells}
        while day <= last:
            at = known.get(day)
            made["month"].append(day)
            for name in MONTHLY:
                made[name].append(0 if at is None else cells[name][at])
            day = next_start(day, period)
        return made

    return by_group(table, prefix, filled)


# ---- portfolio -----------------------------------------------------------------------------------


def cpm_segments(tables: list[pa.Table], prefix: Sequence[str]) -> Columns:
    """Segments and states added up, in the order of the analysis."""
    import pyarrow as pa

    keys = ["segment", "state"]
    order: list[tuple[Any, ...]] = []
    with_tenure = []
    for table in tables:
        for pair in zip(*(table[key].to_pylist() for key in keys), strict=True):
            if pair not in order:
                order.append(pair)
        tenure = sums_of(table["mean_tenure_days"], table["customers"], 1)
        with_tenure.append(table.append_column("tenure", pa.array(tenure, pa.int64())))
    # Those without orders come last, in every partition.
    order.sort(key=lambda pair: pair[1] is None)
    table = added_up(with_tenure, [*prefix, *keys], ["customers", "revenue", "tenure"])

    def made(rows: pa.Table) -> Columns:
        cells = rows.to_pydict()
        known = {
            pair: at for at, pair in enumerate(zip(cells["segment"], cells["state"], strict=True))
        }
        places = [known[pair] for pair in order if pair in known]
        chosen = {name: [cells[name][at] for at in places] for name in cells}
        customers, revenue = chosen["customers"], chosen["revenue"]
        people, total = sum(customers), sum(revenue)
        shared = total > 0 and min(revenue) >= 0
        tenures = zip(chosen["tenure"], customers, chosen["state"], strict=True)
        return {
            "segment": chosen["segment"],
            "state": chosen["state"],
            "customers": customers,
            "revenue": revenue,
            "customer_share": [one / people if people else None for one in customers],
            "revenue_share": [one / total if shared else None for one in revenue],
            "mean_tenure_days": [
                days / number if number and state is not None else None
                for days, number, state in tenures
            ],
        }

    return by_group(table, prefix, made)


# ---- purchases by number -------------------------------------------------------------------------


def purchase_counts(
    tables: list[pa.Table],
    gaps: list[pa.Table],
    prefix: Sequence[str],
    *,
    survivors: bool,
    confidence: float,
    scale: int,
) -> Columns:
    """Customers by number of purchases; the medians come from the counted gaps."""
    import pyarrow as pa

    summed = []
    for table in tables:
        revenue = sums_of(table["mean_order_value"], table["reach"], scale)
        first = sums_of(table["cumulative_ltv"], table["reach"], scale)
        table = table.append_column("__revenue", pa.array(revenue, pa.int64()))
        summed.append(table.append_column("__first", pa.array(first, pa.int64())))
    counts = ["reach", "continued", "churned", "pending"]
    table = added_up(summed, [*prefix, "k"], [*counts, "__revenue", "__first"])
    waits = gaps_added(gaps, [*prefix, "gap"])
    by_number = dict(split(waits, [*prefix, "gap"]))

    def made(rows: pa.Table, group: tuple[Any, ...]) -> Columns:
        k, reach = ints(rows, "k"), ints(rows, "reach")
        first = np.full(len(reach), reach[0] if len(reach) else 0)
        money = [int(one) for one in rows["__revenue"].to_pylist()]
        so_far = [sum(money[: at + 1]) for at in range(len(money))]
        ltv = mean(rows["__first"].to_pylist(), reach, scale) if survivors else mean(
            so_far, first, scale)  # fmt: skip
        curves = [_curve(by_number.get((*group, int(one)))) for one in k]
        return {
            "k": k,
            **{name: ints(rows, name) for name in counts},
            **share_columns("continue_rate", ints(rows, "continued"), reach, confidence),
            **share_columns("churn_rate", ints(rows, "churned"), reach, confidence),
            **share_columns("survival_rate", reach, first, confidence),
            "mean_order_value": mean(money, reach, scale),
            "cumulative_ltv": ltv,
            "median_days": [_median_ended(curve) for curve in curves],
            "km_median_days": [np.nan if curve is None else curve.median() for curve in curves],
        }

    parts = [
        {**dict(zip(prefix, ([g] * len(rows) for g in group), strict=True)), **made(rows, group)}
        for group, rows in split(table, prefix)
        if len(rows)
    ]
    if not parts:
        return {}
    return {name: [c for part in parts for c in list(part[name])] for name in parts[0]}


def gaps_added(tables: list[pa.Table], keys: Sequence[str]) -> pa.Table:
    """Counted gaps of all partitions, by key and day."""
    return added_up(tables, [*keys, "days", "ended"], ["weight"])


def tallies(rows: pa.Table) -> tuple[Ints, Floats, Floats]:
    """Events and censorings by day of gaps that were added up."""
    days, ended = ints(rows, "days"), np.asarray(rows["ended"].combine_chunks())
    weight = np.asarray(rows["weight"].combine_chunks(), dtype="f8")
    times, place = np.unique(days, return_inverse=True)
    events, censored = np.zeros(len(times)), np.zeros(len(times))
    np.add.at(events, place[ended], weight[ended])
    np.add.at(censored, place[~ended], weight[~ended])
    return times, events, censored


def _curve(rows: pa.Table | None) -> Curve | None:
    return None if rows is None else Curve.of(*tallies(rows))


def _median_ended(curve: Curve | None) -> float:
    """The median of the gaps that ended; the mean of the middle two if their number is even."""
    if curve is None:
        return np.nan
    n = int(curve.events.sum())
    if n == 0:
        return np.nan
    upto = np.cumsum(curve.events)
    low, high = (
        curve.times[np.searchsorted(upto, rank, "right")] for rank in ((n - 1) // 2, n // 2)
    )
    return float(low + high) / 2


# ---- rates of repeat purchases -------------------------------------------------------------------


def repeat_rate(
    tables: list[pa.Table],
    gaps: list[pa.Table],
    prefix: Sequence[str],
    *,
    method: str,
    within: int,
    confidence: float,
) -> Columns:
    """The rate from counts, or from the curve of the gaps."""
    table = added_up(tables, prefix, ["customers", "repeated"])
    by_group_of_gaps = {}
    if method == "kaplan_meier":
        by_group_of_gaps = dict(split(gaps_added(gaps, prefix), prefix))
    customers, repeated = ints(table, "customers"), ints(table, "repeated")
    rates = share_columns("repeat_rate", repeated, customers, confidence)
    if method == "kaplan_meier":
        rows = []
        for group, _ in split(table, prefix):
            found = by_group_of_gaps.get(group)
            curve = None if found is None or len(found) == 0 else Curve.of(*tallies(found))
            rows.append((np.nan,) * 3 if curve is None else curve.ended_by(within, confidence))
        rates = {name: [row[at] for row in rows] for at, name in enumerate(rates)}
    groups = {name: table[name].to_pylist() for name in prefix}
    return {**groups, "customers": customers, "repeated": repeated, **rates}


# ---- cohorts -------------------------------------------------------------------------------------

CELLS = ["customers", "revenue", "orders", "repeated", "active"]


def cohorts(
    tables: list[pa.Table],
    keys: Sequence[str],
    *,
    confidence: float,
    scale: int,
) -> Columns:
    """Cells of the rules complete and members, added up."""
    import pyarrow as pa

    closed = [
        one.append_column("__closed", pa.array(
            [int(c) for c in one["complete"].to_pylist()], pa.int64()))
        for one in tables
    ]  # fmt: skip
    table = added_up(closed, [*keys, "elapsed"], [*CELLS, "cohort_customers", "__closed"])

    def made(rows: pa.Table) -> Columns:
        elapsed = ints(rows, "elapsed")
        # Every customer is in the first cell, also of partitions without the later ones.
        members = np.full(len(rows), ints(rows, "cohort_customers")[elapsed == 0].sum())
        customers, revenue = ints(rows, "customers"), ints(rows, "revenue")
        orders = ints(rows, "orders")
        # A partition flags its cell where the period is over; one partition is enough to know.
        complete = (customers == members) & (ints(rows, "__closed") > 0)
        return {
            "elapsed": elapsed,
            "cohort_customers": members,
            "customers": customers,
            "complete": complete,
            "revenue": revenue,
            "cumulative_ltv": mean(revenue, customers, scale),
            "orders": orders,
            "orders_per_customer": orders / customers,
            "repeated": ints(rows, "repeated"),
            **share_columns("repeat_rate", ints(rows, "repeated"), customers, confidence),
            "active": ints(rows, "active"),
            **share_columns("active_rate", ints(rows, "active"), customers, confidence),
        }

    return by_group(table, keys, made)


def increments(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Totals by day of age as what each day adds, so that partitions observed for different times
    can be added up.
    """
    import pyarrow as pa

    parts = []
    for _, rows in split(table, keys):
        made = {name: rows[name] for name in [*keys, "elapsed", "customers"]}
        for name in ("revenue", "orders"):
            made[name] = pa.array(np.diff(ints(rows, name), prepend=0))
        parts.append(pa.table(made))
    if parts:
        return pa.concat_tables(parts)
    return table.select([*keys, "elapsed", "customers", "revenue", "orders"])


def mean_cumulative(
    ages: list[pa.Table],
    cells: list[pa.Table],
    gaps: list[pa.Table],
    keys: Sequence[str],
    *,
    confidence: float,
    scale: int,
) -> Columns:
    """Cells of the rule mean_cumulative: means by day of age, and the cells' days of them."""
    by_age = dict(
        split(added_up(ages, [*keys, "elapsed"], ["customers", "revenue", "orders"]), keys)
    )
    waits = dict(split(gaps_added(gaps, keys), keys))
    shown = added_up(cells, [*keys, "elapsed"], ["customers", "active", "cohort_customers"])
    parts: list[Columns] = []
    for group, rows in split(shown, keys):
        days, elapsed = by_age[group], ints(rows, "elapsed")
        watched = ints(days, "customers")
        revenue, orders = ints(days, "revenue"), ints(days, "orders")
        ltv = np.cumsum(mean(revenue, watched, scale))
        customers, active = ints(rows, "customers"), ints(rows, "active")
        curve = Curve.of(*tallies(waits[group]))
        upto = np.concatenate([[0], np.cumsum(curve.events)])
        repeated = upto[np.searchsorted(curve.times, elapsed, "right")].astype("i8")
        rates = [curve.ended_by(int(t), confidence) for t in elapsed]
        members = np.full(len(rows), ints(rows, "cohort_customers")[elapsed == 0].sum())
        named = {name: [cell] * len(rows) for name, cell in zip(keys, group, strict=True)}
        parts.append(
            {
                **named,
                "elapsed": elapsed,
                "cohort_customers": members,
                "customers": customers,
                "complete": customers == members,
                "revenue": np.cumsum(revenue)[elapsed],
                "cumulative_ltv": ltv[elapsed],
                "orders": np.cumsum(orders)[elapsed],
                "orders_per_customer": np.cumsum(orders / watched)[elapsed],
                "repeated": repeated,
                **{
                    name: [rate[at] for rate in rates]
                    for at, name in enumerate(
                        ("repeat_rate", "repeat_rate_low", "repeat_rate_high")
                    )
                },
                "active": active,
                **share_columns("active_rate", active, customers, confidence),
            }
        )
    if not parts:
        return {}
    return {name: [c for part in parts for c in list(part[name])] for name in parts[0]}


# ---- gaps ----------------------------------------------------------------------------------------


def kaplan_meier(
    curves: dict[tuple[Any, ...], Curve], prefix: Sequence[str], confidence: float
) -> Columns:
    """The curves of groups as a table."""
    parts: list[Columns] = []
    for group, curve in curves.items():
        low, high = curve.intervals(confidence)
        named = {name: [cell] * len(low) for name, cell in zip(prefix, group, strict=True)}
        parts.append(
            {
                **named,
                "days": curve.times,
                "at_risk": curve.at_risk,
                "events": curve.events,
                "survival_rate": curve.survival,
                "survival_rate_low": low,
                "survival_rate_high": high,
            }
        )
    if not parts:
        return {}
    return {name: [c for part in parts for c in list(part[name])] for name in parts[0]}
