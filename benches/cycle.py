"""Purchase cycles: a shop of a million customers fitted and scored, and one customer shown alone.

CPU time of the whole process, one thread and two, medians over the runs; that the two give the same
bits is looked at. The shop: customers arrive over 1,000 days, each buys at gamma gaps of their own
typical length (log-normal, median 40 days) and regularity (variation .3, .5, .7 or 1) and leaves
after an order with probability .03. The ids are dense integers.

One customer: their orders as a page has them, rows in Python, with a learned document of JSON; the
round trip builds `crm.Orders` and runs `crm.customer`. In C the same is `examples/c/customer.c`, with a number of pages.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import time

import numpy as np

DAYS = 1_000
EPOCH = np.datetime64("2022-01-01")


def shop(customers: int) -> tuple[np.ndarray, np.ndarray]:
    """Customers and days of all orders, in the order of customers."""
    rng = np.random.default_rng(20260402)
    typical = np.exp(np.log(40) + 0.6 * rng.normal(size=customers))
    shape = 1 / np.array([0.3, 0.5, 0.7, 1.0])[rng.integers(4, size=customers)] ** 2
    who, day = np.arange(customers), np.floor(DAYS * rng.random(customers))
    all_who, all_days = [], []
    while len(who):
        all_who.append(who)
        all_days.append(day)
        stay = rng.random(len(who)) >= 0.03
        who, day = who[stay], day[stay]
        gap = np.maximum(1, np.round(typical[who] * rng.gamma(shape[who]) / shape[who]))
        day = day + gap
        who, day = who[day <= DAYS], day[day <= DAYS]
    who, day = np.concatenate(all_who), np.concatenate(all_days)
    order = np.argsort(day, kind="stable")
    return who[order], day[order].astype(np.int64)


def whole(customers: int, runs: int) -> None:
    """The whole shop."""
    import crm_core as crm

    who, day = shop(customers)
    data = {
        "customer_id": who,
        "ordered_at": (EPOCH + day).astype("datetime64[us]"),
        "amount": 1_000 + who % 7 * 100,
    }
    as_of = (EPOCH + DAYS).item().isoformat()
    bits = []
    for threads in (1, 2):
        crm.set_threads(threads)
        orders = crm.Orders(data, currency="JPY")
        spent: dict[str, list[float]] = {}
        for turn in range(runs + 1):
            for name in ("cycle", "likely_buyers", "alerts", "learn"):
                cpu = time.process_time()
                table = getattr(crm, name)(orders, as_of)
                if turn:  # the first is for warming up, and builds the index of orders
                    spent.setdefault(name, []).append(time.process_time() - cpu)
                if name == "cycle" and not turn:
                    bits.append(hash(table["probability_within"].tobytes()))
                    gaps = int(np.sum(table["gaps"]))
        line = "  ".join(f"{name} {statistics.median(s):5.2f}" for name, s in spent.items())
        print(f"{customers:,} customers, {gaps:,} gaps, {threads} thr, CPU s:  {line}", flush=True)
    assert bits[0] == bits[1], "threads change the result"


def one(runs: int) -> None:
    """One customer."""
    import crm_core as crm

    who, day = shop(20_000)
    as_of = (EPOCH + DAYS).item()
    days = (EPOCH + day).astype("datetime64[us]")
    orders = crm.Orders(
        {"customer_id": who, "ordered_at": days, "amount": 1_000 + who % 7 * 100}, currency="JPY"
    )
    text = json.dumps(crm.learn(orders, as_of).notes["learned"])
    learned = json.loads(text)
    own = who == np.argmax(np.bincount(who) == 10)
    dates: list[datetime.date] = [d.date() for d in days[own].tolist()]
    ids, amounts = ["c1"] * len(dates), [1_000] * len(dates)
    steps: dict[str, list[float]] = {"orders": [], "customer": []}
    for _ in range(runs):
        began = time.perf_counter()
        page = crm.Orders(
            {"customer_id": ids, "ordered_at": dates, "amount": amounts}, currency="JPY"
        )
        built = time.perf_counter()
        crm.customer(page, as_of, learned=learned)
        done = time.perf_counter()
        steps["orders"].append(built - began)
        steps["customer"].append(done - built)
    micro = {name: 1e6 * statistics.median(times) for name, times in steps.items()}
    print(
        f"one customer of {len(dates)} orders, document of {len(text):,} bytes: building orders "
        f"{micro['orders']:.0f} µs, customer {micro['customer']:.0f} µs (Python, median)"
    )


def main() -> None:
    """Measures both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    args, _ = parser.parse_known_args()
    one(2_000)
    whole(args.customers // 10 if args.quick else args.customers, args.runs)


if __name__ == "__main__":
    main()
