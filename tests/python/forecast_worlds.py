"""Shops of which no model of the library is right, to judge forecasts of totals.

Nothing here is shared with the library. A customer has their own pace and spread of log-normal or
gamma gaps in a time that runs as the shop's demand does, and leaves with a chance after each
purchase or at a day of their own. Demand and arrivals differ by world.
"""

import numpy as np

DAY0 = np.datetime64("2019-01-01")
SEASON = np.array([0.5, 0.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 2.5, 2.5])
MILD = np.array([0.9, 0.85, 1.1, 1.0, 0.95, 1.05, 1.1, 0.8, 0.95, 1.0, 1.1, 1.3])

WORLDS = {
    "even": {},
    "seasonal": {"season": SEASON},
    "growing": {"growth": 0.5, "season": MILD},
    "shrinking": {"growth": -0.5, "season": MILD},
    "two kinds": {"season": SEASON, "two_kinds": True},
    "closed months": {"season": MILD, "closed": True},
    "slower each year": {"season": MILD, "slower": 0.25},
    "drifting demand": {"season": MILD, "drift": 0.06},
    "lifetimes": {"season": MILD, "lifetimes": True},
    "dearer each year": {"season": SEASON, "prices": 0.10},
    "log begins late": {"season": MILD, "hidden": 2},
}


def shop(world, customers, seed, years=5):
    """Customers, days from `DAY0` and amounts of a world's shop; a customer has a day once."""
    of = WORLDS[world]
    rng = np.random.default_rng([seed, list(WORLDS).index(world)])
    hidden = 365 * of.get("hidden", 0)
    length = hidden + 365 * years
    days = np.arange(length)
    month = (DAY0 - hidden + days).astype("datetime64[M]").astype(int)
    season = of.get("season", np.ones(12))
    pace = (season / season.mean())[month % 12]
    if "drift" in of:
        walk = np.cumsum(of["drift"] * rng.normal(size=month[-1] - month[0] + 1))
        pace = pace * np.exp(walk - walk.mean())[month - month[0]]
    if of.get("closed"):
        # A closed month in the past, and one that went viral.
        for factor in (0.05, 3.0):
            at = rng.integers(6, 12 * (years - 1))
            pace = np.where(month - month[0] == at, pace * factor, pace)
    arrivals = pace * np.exp(of.get("growth", 0.0) * days / 365)
    pace = pace * np.exp(-of.get("slower", 0.0) * days / 365)
    own = np.concatenate([[0.0], np.cumsum(pace)])
    first = rng.choice(length, size=customers, p=arrivals / arrivals.sum())
    usual = np.log(60) + 0.6 * rng.normal(size=customers)
    spread, leaves = np.full(customers, 0.7), np.full(customers, 0.15)
    if of.get("two_kinds"):
        monthly = rng.random(customers) < 0.3
        usual[monthly], spread[monthly], leaves[monthly] = np.log(30), 0.15, 0.03
    end = np.full(customers, own[-1])
    if of.get("lifetimes"):
        leaves[:] = 0.0
        shape = rng.gamma(2.0, 1.0, customers)
        end = np.minimum(end, own[first] + rng.exponential(700.0 / np.maximum(shape, 0.05)))
    now = own[first] + rng.random(customers) * pace[first]
    who, rows = np.arange(customers), []
    while len(who):
        keep = now < end[who]
        who, now = who[keep], now[keep]
        rows.append(np.column_stack([who, np.searchsorted(own, now, side="right") - 1]))
        stays = rng.random(len(who)) >= leaves[who]
        who, now = who[stays], now[stays]
        if of.get("lifetimes"):
            gap = rng.gamma(1.5, 1.0, len(who)) / 1.5 * np.exp(usual[who] + 0.25)
        else:
            gap = np.exp(usual[who] + spread[who] * rng.normal(size=len(who)))
        now = now + gap
    found = np.unique(np.concatenate(rows), axis=0)
    found = found[found[:, 1] >= hidden] - [0, hidden]
    worth = 8 + 0.4 * rng.normal(size=customers)
    amounts = np.exp(worth[found[:, 0]] + 0.5 * rng.normal(size=len(found)))
    amounts *= np.exp(of.get("prices", 0.0) * found[:, 1] / 365)
    return found[:, 0], found[:, 1], np.maximum(1, amounts).astype(int)
