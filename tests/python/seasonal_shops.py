"""Shops with and without seasons, and a second, slower computation of their factors.

Nothing here is shared with the library: gaps are log-normal around each customer's own pace, in a
time that runs with the season, customers leave by chance, and the factors are computed with dense
matrices.
"""

import itertools
import math

import numpy as np

DAY0 = np.datetime64("2021-01-01")
SEASON = np.array([0.5, 0.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 2.5, 2.5])
AGES = (1, 31, 61, 91, 181, 366, 731, 10**9)
MONTH_DAYS = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
TAUS = (0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0)
SIGMAS = (0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.22, 0.32)
RHOS = (0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15)


def shop(customers, seed, seasonal, growing=False, years=3, two_kinds=False):
    """Customers and days (from 2021-01-01) of purchases, each day once.

    Of two kinds, three in ten buy by the month and hardly leave, and the others are irregular.
    """
    rng = np.random.default_rng(seed)
    days = np.arange(365 * years)
    months = (DAY0 + days).astype("datetime64[M]").astype(int) % 12
    pace = SEASON[months] / SEASON.mean() if seasonal else np.ones(len(days))
    own = np.concatenate([[0.0], np.cumsum(pace)])
    arrivals = pace * np.exp(days / 365 * 0.6) if growing else pace
    rows = []
    firsts = rng.choice(len(days), size=customers, p=arrivals / arrivals.sum())
    for customer, first in enumerate(firsts):
        usual, spread, leaves = math.log(60) + 0.6 * rng.normal(), 0.7, 0.15
        if two_kinds and rng.random() < 0.3:
            usual, spread, leaves = math.log(30), 0.15, 0.03
        now, last = own[first] + rng.random() * pace[first], -1
        while now < own[-1]:
            day = int(np.searchsorted(own, now, side="right")) - 1
            if day != last:
                rows.append((customer, day))
            last = day
            if rng.random() < leaves:
                break
            now += math.exp(usual + spread * rng.normal())
    found = np.array(sorted(set(rows)))
    return found[:, 0], found[:, 1]


def factors(customers, days, as_of):
    """Months (factor, standard deviation of its logarithm), p, weekdays; by dense matrices."""
    first_day, at_risk, bought = _counts(customers, days, as_of)
    months, weekdays = _levels(first_day, at_risk, bought)
    z = np.array([math.log((count + 0.5) / (expected + 0.5)) for _, count, expected in months])
    v = np.array([1 / (max(count, expected / 4) + 0.5) for _, count, expected in months])
    of_year = np.array([month % 12 for month, _, _ in months])
    best, parts = [-math.inf, -math.inf], []
    for tau in TAUS:
        for sigma in SIGMAS:
            for rho in RHOS:
                likelihood, mean, covariance = _posterior(z, v, of_year, tau, sigma, rho)
                best[tau > 0] = max(best[tau > 0], likelihood)
                parts.append((likelihood, mean, covariance))
    top = max(best)
    kept = [one for one in parts if one[0] >= top - 7]
    weights = np.array([math.exp(one[0] - top) for one in kept])
    weights /= weights.sum()
    mean = sum(w * one[1] for w, one in zip(weights, kept, strict=True))
    second = sum(
        w * (one[2] + np.outer(one[1], one[1])) for w, one in zip(weights, kept, strict=True)
    )
    sd = np.sqrt(np.diag(second - np.outer(mean, mean)))
    share = MONTH_DAYS / MONTH_DAYS.sum()
    ratio = 2 * (best[1] - best[0])
    p = 0.5 * math.erfc(math.sqrt(ratio / 2)) if ratio > 0 else 1.0
    return np.exp(mean) / (share @ np.exp(mean)), sd, p, weekdays


def _counts(customers, days, as_of):
    """Customers at risk and their purchases, by day and age, one customer at a time."""
    first = {}
    for customer, day in zip(customers, days, strict=True):
        first[customer] = min(day, first.get(customer, day))
    began = min(first.values()) + 30
    length = as_of - began + 1
    at_risk = np.zeros((length, len(AGES) - 1))
    bought = np.zeros((length, len(AGES) - 1))
    for day in first.values():
        for age, (low, high) in enumerate(itertools.pairwise(AGES)):
            since, until = max(day + low, began), min(day + high, as_of + 1)
            if since < until:
                at_risk[since - began : until - began, age] += 1
    for customer, day in zip(customers, days, strict=True):
        old = day - first[customer]
        if old > 0 and began <= day <= as_of:
            bought[day - began, sum(old >= low for low in AGES) - 1] += 1
    return began, at_risk, bought


def _levels(first_day, at_risk, bought):
    """By month, by weekday: what was counted, and what was expected at a level of 1."""
    dates = DAY0 + first_day + np.arange(len(at_risk))
    months = dates.astype("datetime64[M]").astype(int)
    weekday = (dates.astype("datetime64[D]").astype(int) + 3) % 7
    places = months - months[0]
    m, w = np.ones(places[-1] + 1), np.ones(7)
    sums = bought.sum(1)
    for _ in range(40):
        expected = ((m[places] * w[weekday])[:, None] * at_risk).sum(0)
        rates = np.divide(bought.sum(0), expected, out=np.zeros(7), where=expected > 0)
        base = at_risk @ rates
        of_month = [
            (months[0] + at, sums[places == at].sum(), (w[weekday] * base)[places == at].sum())
            for at in range(len(m))
        ]
        m = np.array([(count + 0.5) / (expected + 0.5) for _, count, expected in of_month])
        of_weekday = [
            (sums[weekday == at].sum(), (m[places] * base)[weekday == at].sum()) for at in range(7)
        ]
        w = np.array([(count + 0.5) / (expected + 0.5) for count, expected in of_weekday])
        w /= w.mean()
    return of_month, of_weekday


def _posterior(z, v, of_year, tau, sigma, rho):
    n = np.arange(len(z))
    one_of = (of_year[:, None] == np.arange(12)).astype(float)
    covariance = np.diag(v + sigma**2) + tau**2 * one_of @ one_of.T
    covariance += rho**2 * np.minimum(n[:, None], n)
    sides = np.column_stack([np.ones(len(z)), (n - n.mean()) / 12])
    inverse = np.linalg.inv(covariance)
    of_sides = sides.T @ inverse @ sides
    left = inverse - inverse @ sides @ np.linalg.solve(of_sides, sides.T @ inverse)
    likelihood = -0.5 * (
        np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(of_sides)[1] + z @ left @ z
    )
    mean = tau**2 * one_of.T @ left @ z
    spread = tau**2 * np.eye(12) - tau**4 * one_of.T @ left @ one_of
    centre = np.eye(12) - MONTH_DAYS / MONTH_DAYS.sum()
    return likelihood, centre @ mean, centre @ spread @ centre.T
