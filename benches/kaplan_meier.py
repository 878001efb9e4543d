"""Kaplan-Meier on a million gaps, beside lifelines: the same curve from the same gaps.

Both take turns in one process of one thread; what is printed are medians of CPU time. lifelines is
handed the finished durations; crm starts from the orders and finds the gaps itself. Its first call
on new orders also arranges them by customer, and is printed beside. The curves are compared before
anything is timed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from lifelines import KaplanMeierFitter

import crm_core as crm

DAY = 86_400_000_000
DAYS = 1_000


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


def cpu(run: Callable[[], Any]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Compare, then time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gaps", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    crm.set_threads(1)
    data, durations, events = shop(args.gaps)
    end = np.datetime_as_string(np.datetime64(DAYS, "D"))

    def new() -> crm.Orders:
        return crm.Orders(data, currency="JPY")

    def ours(orders: crm.Orders) -> crm.Table:
        return crm.kaplan_meier(orders, end, weight="gap")

    def theirs() -> KaplanMeierFitter:
        return KaplanMeierFitter().fit(durations, events)

    orders = new()
    curve, peer = ours(orders), theirs()
    expected = peer.survival_function_["KM_estimate"].loc[curve["days"]].to_numpy()
    worst = float(np.abs(curve["survival_rate"] - expected).max())
    assert worst < 1e-8, worst
    print(f"Kaplan-Meier, {durations.size:,} gaps of {orders.n_customers:,} customers")
    print(f"  largest difference of the curves {worst:.1e}")
    times: dict[str, list[float]] = {"crm": [], "crm, first call": [], "lifelines": []}
    for _ in range(args.runs):
        fresh = new()
        times["crm, first call"].append(cpu(lambda fresh=fresh: ours(fresh)))
        times["crm"].append(cpu(lambda: ours(orders)))
        times["lifelines"].append(cpu(theirs))
    medians = {name: statistics.median(of) for name, of in times.items()}
    for name, seconds in medians.items():
        ratio = medians["lifelines"] / seconds
        print(f"  {name:16} {1e3 * seconds:9.1f} ms CPU   lifelines takes {ratio:6.1f} times that")


if __name__ == "__main__":
    main()
