"""How often a title of the report says "up" or "down" of a shop in which nothing changes.

    .venv/bin/python tests/python/title_evidence.py --shops 200

Each shop has a constant rate of new customers, purchases at random (a Poisson process of its own
rate for each customer, who leaves at a constant hazard) and amounts of one distribution. It has
seven years, so that in the last two it is in balance. Every verdict that the
report gives is counted: revenue, new, repeat and active customers, F2, LTV, the twelve months, each
channel, and the difference of the best and the worst channel and first product.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections import Counter

import numpy as np
import pandas as pd

import crm_core as crm
from crm_core._report.money import Currency
from crm_core._report.sections import again, ltv, months, products, size
from crm_core._report.sections.ask import Ask
from crm_core._report.sections.change import of_rates
from crm_core._report.sections.parts import Section
from crm_core._report.sections.shop import Missing, shop_of
from crm_core._report.sections.voice import Voice

LAST = datetime.date(2026, 11, 28)
_YEARS = 7
_NEW = 1.6  # customers a day
_CHANNELS, _PRODUCTS = ("app", "shop", "mall"), ("serum", "drink", "trial")


def orders(seed: int) -> crm.Orders:
    """A shop in which nothing changes."""
    draw = np.random.default_rng(seed)
    days = 365 * _YEARS
    count = draw.poisson(_NEW * days)
    first = draw.uniform(0, days, count)
    end = np.minimum(first + draw.exponential(220, count), days)
    more = draw.poisson(draw.gamma(1.2, 1 / 70, count) * (end - first))
    who = np.repeat(np.arange(count), more + 1)
    at = np.repeat(first, more + 1)
    later = np.ones(len(who), bool)
    later[np.cumsum(more + 1) - more - 1] = False
    at[later] += draw.uniform(0, 1, later.sum()) * (end - first)[who[later]]
    scale = draw.lognormal(8.3, 0.5, count)[who]
    start = np.datetime64(LAST) - (days - 1)
    columns = {
        "customer_id": who,
        "ordered_at": start + at.astype("timedelta64[D]"),
        "amount": draw.gamma(4, scale / 4).astype(np.int64) + 1,
        "channel": np.array(_CHANNELS)[draw.integers(0, 3, count)[who]],
        "product": np.array(_PRODUCTS)[draw.integers(0, 3, len(who))],
    }
    return crm.Orders(pd.DataFrame(columns), currency="JPY", channel="channel", product="product")


def verdicts(shop_orders: crm.Orders) -> Counter[tuple[str, str]]:
    """What the report says of each number."""
    shop = shop_of(Ask(shop_orders, LAST, {}), {})
    assert shop is not None
    size._expected = lambda shop, table: Missing("forecast")  # it has no verdict, and is slow
    found = size.find(shop)
    named = dict(zip(("revenue", "new", "repeat", "active", "F2"), found.changes, strict=False))
    of_ltv, of_months, channels = ltv.find(shop), months.find(shop), again.find(shop, True)
    if isinstance(of_ltv, ltv.Ltv) and of_ltv.change is not None:
        named["LTV"] = of_ltv.change
    if isinstance(of_months, months.Months) and of_months.year is not None:
        named["twelve months"] = of_months.year
    said = Counter((name, change.verdict) for name, change in named.items())
    if isinstance(channels, again.Sources):
        for one in channels.sources:
            if one.before is not None:
                said["a channel", of_rates(one.now, one.before).verdict] += 1
        apart = again.show(channels, Voice("en", Currency("JPY", 0)))
        said["channels apart", _apart(apart, "come back most")] += 1
    of_goods = products.show(products.find(shop, True), Voice("en", Currency("JPY", 0)))
    said["products apart", _apart(of_goods, "comes back most")] += 1
    return said


def _apart(section: Section, words: str) -> str:
    return "up" if words in section.title else "unclear"


def false_shares(shops: int) -> dict[str, tuple[int, int]]:
    """For each kind of title how many were false, and how many there were."""
    every: Counter[tuple[str, str]] = Counter()
    for seed in range(shops):
        every += verdicts(orders(seed))
    names = sorted({name for name, _ in every})
    return {
        name: (
            every[name, "up"] + every[name, "down"],
            sum(count for (of, verdict), count in every.items() if of == name
                and verdict != "too_few"),
        )
        for name in names
    }  # fmt: skip


def main() -> None:
    """Prints the shares; fails if more than 5 % are false in all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=200)
    shops = parser.parse_args().shops
    found = false_shares(shops)
    for name, (false, titles) in found.items():
        print(f"{name:16} {false:4} of {titles:4}  {false / titles:6.1%}")
    false, titles = (sum(one[at] for one in found.values()) for at in (0, 1))
    print(f"{'together':16} {false:4} of {titles:4}  {false / titles:6.1%}")
    sys.exit(false > 0.05 * titles)


if __name__ == "__main__":
    main()
