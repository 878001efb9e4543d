"""Differences between two periods, each with an interval of 95 %.

Totals (revenue of a period) are resampled over customers, means over the days on which customers
came; counts and rates have closed forms. "Up" and "down" are said only where the interval of the
difference excludes 0.

Sources: Wilson 1927 for the interval of a share; Newcombe 1998, Statistics in Medicine 17, method
10, for the difference of two rates from their own intervals; Chamandy et al. 2012 (Google) for
bootstrap with Poisson weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Verdict = Literal["up", "down", "unclear", "too_few"]
Floats = npt.NDArray[Any]

FEWEST = 30  # customers of a period below which nothing is compared
_DRAWS = 999
_GROUPS = 4_000  # customers are resampled in at most so many groups
_Z = 1.959963984540054  # 97.5 % of the normal distribution


@dataclass(frozen=True)
class Change:
    """A number of two periods.

    Attributes:
        now: The number of this period.
        before: The number of the period it is compared with.
        low: The lower end of the interval of `now - before`; None if there is too little to say.
        high: The upper end.
        ratio_low: The lower end of the interval of `now / before - 1`; None if `before` is not
            positive.
        ratio_high: The upper end.
    """

    now: float
    before: float
    low: float | None = None
    high: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None

    @property
    def difference(self) -> float:
        """How much more it is now."""
        return self.now - self.before

    @property
    def ratio(self) -> float | None:
        """How much more it is now, as a share of before."""
        return self.now / self.before - 1 if self.before > 0 else None

    @property
    def verdict(self) -> Verdict:
        """What may be said."""
        if self.low is None or self.high is None:
            return "too_few"
        if self.low > 0:
            return "up"
        return "down" if self.high < 0 else "unclear"

    @property
    def weight(self) -> float:
        """How large the move is beside the uncertainty: the difference in half widths."""
        if self.low is None or self.high is None or self.high <= self.low:
            return 0.0
        return abs(self.difference) / ((self.high - self.low) / 2)


def of_totals(now: Floats, before: Floats, extra: tuple[float, float] = (0.0, 0.0)) -> Change:
    """Two sums over customers; a value for each customer of a period.

    Args:
        now: What each customer of this period brought.
        before: What each customer of the other period brought.
        extra: What the two periods have besides, of no customer (guests, refunds alone).
    """
    total = (float(now.sum()) + extra[0], float(before.sum()) + extra[1])
    if min(len(now), len(before)) < FEWEST:
        return Change(*total)
    draw = np.random.Generator(np.random.PCG64(0))
    sums = [_resampled(draw, one) + more for one, more in zip((now, before), extra, strict=True)]
    return _change(*total, *sums)


def of_means(now: tuple[Floats, Floats], before: tuple[Floats, Floats]) -> Change:
    """Two means over customers, from the sums and the customers of each day of first orders."""
    means = [float(sums.sum() / max(count.sum(), 1)) for sums, count in (now, before)]
    if min(now[1].sum(), before[1].sum()) < FEWEST or min(len(now[0]), len(before[0])) < FEWEST:
        return Change(*means)
    draw = np.random.Generator(np.random.PCG64(0))
    drawn = []
    for sums, count in (now, before):
        weights = draw.poisson(1.0, (_DRAWS, len(sums)))
        drawn.append((weights @ sums) / np.maximum(weights @ count, 1))
    return _change(means[0], means[1], drawn[0], drawn[1])


def of_counts(now: int, before: int) -> Change:
    """Two numbers of customers who came independently of one another (Poisson)."""
    if min(now, before) < FEWEST:
        return Change(now, before)
    wide = _Z * math.sqrt(now + before)
    factor = math.exp(_Z * math.sqrt(1 / now + 1 / before))
    ratio = now / before
    return Change(
        now,
        before,
        now - before - wide,
        now - before + wide,
        ratio / factor - 1,
        ratio * factor - 1,
    )


def of_rates(now: Rate, before: Rate, among: int = 1) -> Change:
    """Two shares, from their own intervals (Newcombe's method 10).

    Args:
        now: The one.
        before: The other.
        among: Of how many comparisons this is told because it is the largest: the interval is as
            much wider as makes all of them hold together with 95 % (Bonferroni).
    """
    if min(now.customers, before.customers) < FEWEST:
        return Change(now.value, before.value)
    wider = NormalDist().inv_cdf(1 - 0.025 / among) / _Z
    difference = now.value - before.value
    low = difference - wider * math.hypot(now.value - now.low, before.high - before.value)
    high = difference + wider * math.hypot(now.high - now.value, before.value - before.low)
    return Change(now.value, before.value, low, high)


def of_best_and_worst(best: Rate, worst: Rate, count: int) -> Change:
    """The best and the worst of some shares: the largest of the differences of all pairs."""
    return of_rates(best, worst, among=max(count * (count - 1) // 2, 1))


@dataclass(frozen=True)
class Rate:
    """A share of customers with its interval."""

    value: float
    low: float
    high: float
    customers: int


def wilson(hits: int, customers: int) -> Rate:
    """A share with Wilson's interval of 95 %, of customers or sessions; of none it is 0 to 1."""
    if not customers:
        return Rate(0.0, 0.0, 1.0, 0)
    share, weight = hits / customers, _Z * _Z / customers
    middle = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / customers + weight / (4 * customers)) / (1 + weight)
    return Rate(share, max(middle - half, 0.0), min(middle + half, 1.0), customers)


def _resampled(draw: np.random.Generator, values: Floats) -> Floats:
    """Sums over customers, each of whom is drawn as often as a Poisson variable of mean 1 says."""
    if len(values) > _GROUPS:
        values = np.bincount(np.arange(len(values)) % _GROUPS, values, _GROUPS)
    drawn: Floats = draw.poisson(1.0, (_DRAWS, len(values))) @ values
    return drawn


def _change(now: float, before: float, drawn: Floats, drawn_before: Floats) -> Change:
    low, high = np.quantile(drawn - drawn_before, (0.025, 0.975))
    ratios: tuple[float | None, float | None] = (None, None)
    if before > 0 and (drawn_before > 0).all():
        at = np.quantile(drawn / drawn_before - 1, (0.025, 0.975))
        ratios = (float(at[0]), float(at[1]))
    return Change(now, before, float(low), float(high), *ratios)
