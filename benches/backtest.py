"""A backtest of twelve origins beside twelve fits: what judging costs over predicting.

A prediction is `cycle` on the origin's day: one fit of the gap model and one prediction per
customer. Both take turns in one process of one thread; medians of CPU time.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
from kaplan_meier import DAYS, cpu, shop

import crm_core as crm


def main() -> None:
    """Time both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gaps", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    crm.set_threads(1)
    data, _, _ = shop(args.gaps)
    orders = crm.Orders(data, currency="JPY")
    days = [np.datetime64(DAYS - 30 * back, "D") for back in range(1, 13)]
    origins = [str(day) for day in days]
    end = str(np.datetime64(DAYS, "D"))
    times: dict[str, list[float]] = {"12 predictions": [], "backtest": []}
    for _ in range(args.runs):
        times["12 predictions"].append(
            cpu(lambda: [crm.cycle(orders, origin) for origin in origins])
        )
        times["backtest"].append(cpu(lambda: crm.backtest(orders, end, origins=12)))
    print(f"Backtest of 12 origins, {args.gaps:,} gaps of {orders.n_customers:,} customers")
    for name, of in times.items():
        print(f"  {name:16} {statistics.median(of):7.2f} s CPU")


if __name__ == "__main__":
    main()
