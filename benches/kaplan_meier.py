"""Kaplan-Meier on a million gaps beside lifelines, the same work on both sides.

- From the orders: crm builds `crm.Orders` and finds the gaps; for lifelines polars and pandas find
  them, and the faster of the two counts. crm's curve is also timed on orders that are there
  already, whose gaps no other analysis has asked for yet, and again.
- From finished durations: `crm.survival_curve` of a frame (polars, whose columns are read where
  they are, and a dict of numpy arrays, which are copied) beside `KaplanMeierFitter().fit` of two
  arrays.

All take turns in one process of one thread; what is printed are medians of CPU time, and ratios of
the peer's to crm's. crm clusters the intervals by customer where it has customers, which lifelines
does not. The curves are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from lifelines import KaplanMeierFitter

import crm_core as crm

DAY = 86_400_000_000
DAYS = 1_000
END = np.datetime_as_string(np.datetime64(DAYS, "D"))


def shop(gaps: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Orders of a simulated shop with about so many gaps, open ones included; durations, events."""
    rng = np.random.default_rng(11)
    customers = gaps // 12  # who have 12 each on average, the open one included
    first = rng.integers(0, DAYS // 2, customers)
    who = np.repeat(np.arange(customers), 40)
    typical = np.repeat(np.exp(rng.normal(4.4, 0.7, customers)), 40)
    gap = np.maximum(1, np.round(typical * rng.gamma(2.0, 0.5, who.size))).astype(np.int64)
    gap[::40] = 0
    day = np.repeat(first, 40) + np.concatenate(
        [np.cumsum(part) for part in gap.reshape(customers, 40)]
    )
    kept = day <= DAYS
    who, day = who[kept], day[kept]
    last = np.append(who[1:] != who[:-1], True)
    durations = np.where(last, DAYS - day, np.append(day[1:], 0) - day)
    order = np.argsort(day, kind="stable")
    data = pa.table(
        {
            "customer_id": pa.array(who[order]),
            "ordered_at": pa.array(day[order] * DAY, pa.timestamp("us", "UTC")),
            "amount": pa.array(np.full(who.size, 1_000)),
        }
    )
    return data, durations, ~last


def by_polars(data: pa.Table) -> KaplanMeierFitter:
    """Gaps by polars, a purchase day each, then lifelines."""
    day = pl.col("ordered_at").cast(pl.Date).cast(pl.Int32).alias("day")
    who = pl.col("customer_id")
    days = pl.from_arrow(data).lazy().select(who, day).sort("customer_id", "day")
    seen = (who.shift(-1) == who).fill_null(False)
    gap = (
        pl.when(seen)
        .then(pl.col("day").shift(-1) - pl.col("day"))
        .otherwise(DAYS - pl.col("day"))
        .alias("gap")
    )
    gaps = days.select(gap, seen.alias("seen")).filter(pl.col("gap") > 0).collect()
    return KaplanMeierFitter().fit(gaps["gap"].to_numpy(), gaps["seen"].to_numpy())


def by_pandas(data: pd.DataFrame) -> KaplanMeierFitter:
    """Gaps by pandas, then lifelines."""
    naive = data["ordered_at"].dt.tz_localize(None).to_numpy()
    days = data.assign(day=naive.astype("datetime64[D]").astype("int64"))
    days = days.sort_values(["customer_id", "day"])
    gaps = days.groupby("customer_id", sort=False)["day"].diff()
    gaps = gaps[gaps > 0]
    still = DAYS - days.groupby("customer_id", sort=False)["day"].last()
    seen = np.repeat([True, False], [len(gaps), len(still)])
    return KaplanMeierFitter().fit(np.concatenate([gaps, still]), seen)


def cpu(run: Callable[[], Any]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Compare, then time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gaps", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    crm.set_threads(1)
    data, durations, events = shop(args.gaps)
    in_pandas = data.to_pandas()
    arrays = {"duration": durations, "observed": events}
    frame = pl.DataFrame(arrays)

    def new() -> crm.Orders:
        return crm.Orders(data, currency="JPY")

    def ours(orders: crm.Orders) -> crm.Table:
        return crm.kaplan_meier(orders, END, weight="gap")

    def theirs() -> KaplanMeierFitter:
        return KaplanMeierFitter().fit(durations, events)

    orders = new()
    curves = [ours(orders), crm.survival_curve(frame)]
    for curve in curves:
        for peer in (theirs(), by_polars(data), by_pandas(in_pandas)):
            days = curve[curve.columns[0]]
            steps = peer.survival_function_["KM_estimate"].loc[days[days > 0]].to_numpy()
            worst = float(np.abs(curve["survival_rate"][days > 0] - steps).max())
            assert worst < 1e-8, worst
    work: dict[str, dict[str, Callable[[], Any]]] = {
        "from orders": {
            "crm": lambda: ours(new()),
            "polars + lifelines": lambda: by_polars(data),
            "pandas + lifelines": lambda: by_pandas(in_pandas),
        },
        "from orders that crm has": {
            "crm, first look": lambda: None,
            "crm": lambda: ours(orders),
        },
        "from durations": {
            "crm, polars": lambda: crm.survival_curve(frame),
            "crm, numpy": lambda: crm.survival_curve(arrays),
            "lifelines": theirs,
        },
    }
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(args.runs):
        for what, sides in work.items():
            for side, run in sides.items():
                if side == "crm, first look":
                    fresh = new()
                    run = lambda fresh=fresh: ours(fresh)  # noqa: E731
                times.setdefault((what, side), []).append(cpu(run))
    print(f"Kaplan-Meier, {durations.size:,} gaps of {orders.n_customers:,} customers")
    medians = {key: statistics.median(of) for key, of in times.items()}
    peer = {
        what: min(s for (w, side), s in medians.items() if w == what and "lifelines" in side)
        for what in ("from orders", "from durations")
    }
    peer["from orders that crm has"] = peer["from orders"]
    for (what, side), seconds in medians.items():
        ratio = f"   lifelines takes {peer[what] / seconds:5.1f} times that"
        ratio = "" if "lifelines" in side else ratio
        print(f"  {what:25} {side:19} {1e3 * seconds:8.1f} ms CPU{ratio}")


if __name__ == "__main__":
    main()
