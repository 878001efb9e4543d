"""Differences between two periods, and what the report may say of them."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from crm_core._report.sections import change
from crm_core._report.sections.change import Change, Rate


def wilson(hits, n, z=1.959964):
    """Wilson 1927."""
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Rate(p, middle - half, middle + half, n)


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_a_difference_of_rates_has_newcombes_interval(a, b, low, high, monkeypatch):
    monkeypatch.setattr(change, "FEWEST", 1)
    found = change.of_rates(wilson(*a), wilson(*b))
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("count", "pairs"), [(1, 1), (2, 1), (3, 3), (5, 10)])
def test_the_best_and_the_worst_are_compared_as_one_of_all_pairs(count, pairs):
    """Bonferroni: each of the differences holds with 1 - 0.05 / pairs."""
    best, worst = wilson(90, 200), wilson(60, 200)
    found, two = change.of_best_and_worst(best, worst, count), change.of_rates(best, worst)
    wider = NormalDist().inv_cdf(1 - 0.025 / pairs) / NormalDist().inv_cdf(0.975)
    for end in ("low", "high"):
        assert getattr(found, end) - 0.15 == pytest.approx(wider * (getattr(two, end) - 0.15))


@pytest.mark.parametrize(("hits", "n"), [(81, 263), (1, 29), (0, 20), (40, 40)])
def test_the_ends_of_a_share_are_those_that_the_share_just_does_not_refute(hits, n):
    """Wilson 1927: at an end p the share is 1.96 standard errors of p away."""
    found = change.wilson(hits, n)
    for end in (found.low, found.high):
        error = math.sqrt(max(end * (1 - end), 0) / n)
        assert abs(hits / n - end) == pytest.approx(1.959964 * error, abs=1e-6)
    assert found.low <= hits / n <= found.high
    assert (change.wilson(0, 0).low, change.wilson(0, 0).high) == (0.0, 1.0)


def test_a_difference_of_totals_is_as_uncertain_as_independent_customers_make_it():
    """The variance of a sum over a Poisson number of customers is the sum of the squares."""
    draw = np.random.default_rng(3)
    now, before = draw.gamma(2.0, 3000.0, 4000), draw.gamma(2.0, 3000.0, 3000)
    found = change.of_totals(now, before)
    half = 1.96 * math.sqrt((now**2).sum() + (before**2).sum())
    middle = now.sum() - before.sum()
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), rel=0.03)
    assert found.verdict == "up"
    assert found.ratio == pytest.approx(now.sum() / before.sum() - 1)
    assert found == change.of_totals(now, before)


def test_what_no_customer_brought_is_in_both_sums_without_uncertainty():
    some = np.full(100, 10.0)
    found = change.of_totals(some, some, (500.0, 100.0))
    assert (found.now, found.before) == (1500.0, 1100.0)
    assert found.difference == 400.0


def test_a_difference_of_means_is_resampled_by_day():
    """Equal days: the standard error of a mean over days."""
    draw = np.random.default_rng(5)
    count = np.full(180, 20.0)
    a, b = draw.normal(100, 10, 180), draw.normal(90, 10, 180)
    found = change.of_means((a * count, count), (b * count, count))
    half = 1.96 * math.sqrt(a.var() / 180 + b.var() / 180)
    assert found.now == pytest.approx(a.mean()) and found.before == pytest.approx(b.mean())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_counts_are_compared_as_poisson_numbers():
    found = change.of_counts(400, 300)
    assert (found.low, found.high) == pytest.approx((100 - 51.857, 100 + 51.857), abs=0.01)
    factor = math.exp(1.959964 * math.sqrt(1 / 400 + 1 / 300))
    assert found.ratio_high == pytest.approx(400 / 300 * factor - 1)
    assert change.of_counts(29, 300).verdict == "too_few"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1, 3, "up"),
        (-3, -1, "down"),
        (-1, 3, "unclear"),
        (0, 3, "unclear"),
        (None, None, "too_few"),
    ],
)
def test_up_and_down_are_said_only_if_the_interval_excludes_zero(low, high, verdict):
    assert Change(10, 9, low, high).verdict == verdict


def without_change(kind, draw):
    """A verdict of two periods, or of several groups, between which nothing differs."""
    if kind == "totals":
        values = [draw.gamma(2.0, 3000.0, draw.poisson(300)) for _ in range(2)]
        return change.of_totals(*values).verdict
    if kind == "counts":
        return change.of_counts(*(int(one) for one in draw.poisson(300, 2))).verdict
    if kind == "means":
        count = draw.poisson(5, (2, 180)) + 1.0
        sums = draw.gamma(2.0 * count, 3000.0)
        return change.of_means(*zip(sums, count, strict=True)).verdict
    rates = [change.wilson(int(draw.binomial(400, 0.3)), 400) for _ in range(5)]
    if kind == "rates":
        return change.of_rates(*rates[:2]).verdict
    rates.sort(key=lambda one: -one.value)
    return change.of_best_and_worst(rates[0], rates[-1], len(rates)).verdict


@pytest.mark.parametrize("kind", ["totals", "counts", "means", "rates", "the best and the worst"])
def test_of_200_shops_without_change_few_are_said_to_change(kind):
    """5 % are meant to be; of 200 more than 18 are so with a probability of 1 %. Whole shops:
    title_evidence.py.
    """
    draw = np.random.default_rng(11)
    verdicts = [without_change(kind, draw) for _ in range(200)]
    assert sum(one in ("up", "down") for one in verdicts) <= 18
