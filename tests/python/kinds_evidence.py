"""How straight P(alive) and P(30 days) are with two kinds of customers; are kinds invented?

    .venv/bin/python tests/python/kinds_evidence.py --shops 20 --customers 5000

Nothing here is shared with the library. In the world of two kinds three customers in ten buy by the
month and hardly leave, the others are irregular and leave often. The other worlds have one kind,
of which no model is right either. Printed are bins of what was said beside what came, over all
shops, and in how many shops how many kinds were found. docs/evidence.md has what it printed.
"""

import argparse
import collections

import numpy as np

import crm_core as crm

DAY0 = np.datetime64("2021-01-01")
LENGTH = 1095
ONE_KIND = ("gamma", "mixed", "log-normal", "rates", "never leave", "mixed loyalty")


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--shops", type=int, default=20)
    read.add_argument("--customers", type=int, default=5000)
    asked = read.parse_args()
    said, came = [], []
    for seed in range(asked.shops):
        shop = people("two kinds", asked.customers, seed)
        table = told(shop)
        names = ("probability_alive", "probability_within")
        said.append([np.array(table[name], float) for name in names])
        nexts = np.array([later for _, later in shop])
        came.append([nexts < np.inf, nexts <= LENGTH + 30])
    for place, name in enumerate(("P(alive)", "P(30 days)")):
        print_bins(name, *(np.concatenate([one[place] for one in both]) for both in (said, came)))
    print("| world | shops by number of kinds |")
    print("|---|---|")
    for world in ONE_KIND:
        found = collections.Counter()
        for seed in range(asked.shops):
            model = told(people(world, asked.customers, seed)).notes["learned"]["gap_model"]
            found[len(model.get("kinds", [0]))] += 1
        print(f"| {world} | {dict(found)} |", flush=True)


def print_bins(name, said, came):
    print(f"| {name} | customers | said | came |")
    print("|---|---|---|---|")
    bins = np.minimum((10 * said).astype(int), 9)
    for place in range(10):
        of = bins == place
        if of.any():
            cells = f"{of.sum()} | {said[of].mean():.3f} | {came[of].mean():.3f}"
            print(f"| .{place} | {cells} |", flush=True)


def people(world, customers, seed):
    return [customer(np.random.default_rng([seed, who]), world) for who in range(customers)]


def customer(rng, world):
    """Days of purchases up to the end, and the day of the next one; infinite without."""
    typical, variation = 40 * np.exp(0.6 * rng.normal()), rng.choice([0.3, 0.5, 0.7, 1.0])
    leaves, gamma = 0.15, world in ("gamma", "rates") or (world == "mixed" and rng.random() < 0.5)
    if world == "two kinds":
        typical, variation = 60 * np.exp(0.6 * rng.normal()), 0.79
        if rng.random() < 0.3:
            typical, variation, leaves = 30.0, 0.15, 0.03
    elif world == "log-normal":
        variation = 0.79
    elif world == "rates":
        typical = 40 / rng.gamma(2.8, 1 / 2.8)
    elif world == "never leave":
        leaves = 0.0
    elif world == "mixed loyalty":
        leaves = rng.beta(0.8, 4)
    days = [int(rng.integers(LENGTH))]
    while rng.random() >= leaves:
        if gamma:
            shape = 1 / variation**2
            gap = typical * rng.gamma(shape) / shape
        else:
            gap = typical * np.exp(np.sqrt(np.log1p(variation**2)) * rng.normal())
        day = days[-1] + max(1, round(gap))
        if day > LENGTH:
            return days, day
        days.append(day)
    return days, np.inf


def told(shop):
    who = np.concatenate([np.full(len(days), at) for at, (days, _) in enumerate(shop)])
    days = np.concatenate([days for days, _ in shop])
    orders = crm.Orders(
        {
            "customer_id": who,
            "ordered_at": (DAY0 + days).astype("datetime64[us]"),
            "amount": np.full(len(who), 1_000),
        },
        currency="JPY",
    )
    return crm.cycle(orders, str(DAY0 + LENGTH), within=30, seasonality="none")


if __name__ == "__main__":
    main()
