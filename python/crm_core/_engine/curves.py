"""Kaplan-Meier curves and Wilson's interval of counts that were added up over partitions.

The formulas and symbols are those of `num/survival.rs`, `num/cluster_variance.rs` and
`num/ratio.rs`, whose functions read rows of customers; here the rows are elsewhere.
"""

from __future__ import annotations

import dataclasses
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Ints = np.ndarray[Any, np.dtype[np.int64]]


def z_of(confidence: float) -> float:
    """The normal quantile of a confidence level: 1.96 at 95 %."""
    return statistics.NormalDist().inv_cdf(0.5 + 0.5 * confidence)


def wilson(share: Floats, trials: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Wilson's interval; NaN without trials."""
    z = z_of(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = z * z / trials
        centre = share + 0.5 * spread
        half = z * np.sqrt(share * (1 - share) / trials + 0.25 * spread / trials)
        low = np.where(share == 0, 0.0, np.maximum((centre - half) / (1 + spread), 0))
        high = np.where(share == 1, 1.0, np.minimum((centre + half) / (1 + spread), 1))
    return low, high


def ratio(part: Ints, of: Ints, confidence: float) -> tuple[Floats, Floats, Floats]:
    """A share and its interval; NaN, which is null, where there is nothing to share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(of > 0, part / of, np.nan)
    low, high = wilson(share, np.asarray(of, dtype="f8"), confidence)
    return share, low, high


@dataclasses.dataclass
class Curve:
    """The curve by distinct duration; V starts as Greenwood's, which is H."""

    times: Ints
    at_risk: Floats
    events: Floats
    survival: Floats
    ln_variance: Floats
    subjects: float

    @staticmethod
    def of(times: Ints, events: Floats, censored: Floats, subjects: float | None = None) -> Curve:
        """The curve of tallies in ascending order of time.

        S(t) = Π (1 − d/n), V = Σ d/(n (n − d)), n summed from the end.
        """
        at_risk = np.cumsum((events + censored)[::-1])[::-1]
        # n − d is what comes later and what is censored now.
        later = np.append(at_risk[1:], 0.0) + censored
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(events > 0, later / at_risk, 1.0)
            term = np.where((events > 0) & (later > 0), events / (at_risk * later), 0.0)
        total = float(events.sum() + censored.sum())
        return Curve(
            times,
            at_risk,
            events,
            np.cumprod(factor, dtype="f8"),
            np.cumsum(term),
            total if subjects is None else subjects,
        )

    def intervals(self, confidence: float) -> tuple[Floats, Floats]:
        """The interval of S at each time, on the log-log scale: S^exp(±z √V / ln S)."""
        z = z_of(confidence)
        with np.errstate(divide="ignore", invalid="ignore"):
            ln_s = np.log(self.survival)
            reach = z * np.sqrt(self.ln_variance)
            low = np.maximum(np.exp(ln_s * np.exp(-reach / ln_s)), 0)
            high = np.minimum(np.exp(ln_s * np.exp(reach / ln_s)), 1)
        edge = (self.survival <= 0) | (self.survival >= 1)
        trials = np.full(len(self.survival), self.subjects)
        flat_low, flat_high = wilson(np.clip(self.survival, 0, 1), trials, confidence)
        return np.where(edge, flat_low, low), np.where(edge, flat_high, high)

    def ended_by(self, t: int, confidence: float) -> tuple[float, float, float]:
        """1 − S(t) and its interval; NaN where nobody was observed so long."""
        after = int(np.searchsorted(self.times, t, "right"))
        if np.searchsorted(self.times, t, "left") >= len(self.times):
            return (np.nan,) * 3
        if after == 0:
            low, high = wilson(np.ones(1), np.full(1, self.subjects), confidence)
            return 0.0, 1 - float(high[0]), 1 - float(low[0])
        low, high = self.intervals(confidence)
        survival = float(self.survival[after - 1])
        return 1 - survival, 1 - float(high[after - 1]), 1 - float(low[after - 1])

    def median(self) -> float:
        """The first time by which half have had the event; NaN if the curve stays above."""
        reached = np.flatnonzero(self.survival <= 0.5 * (1 + 1e-12))
        return float(self.times[reached[0]]) if len(reached) else np.nan


def tally(days: Ints, ended: Any, weight: Floats) -> tuple[Ints, Floats, Floats]:
    """Events and censorings by distinct day."""
    times, place = np.unique(days, return_inverse=True)
    events, censored = np.zeros(len(times)), np.zeros(len(times))
    np.add.at(events, place[ended], weight[ended])
    np.add.at(censored, place[~ended], weight[~ended])
    return times, events, censored


def weights_of(gaps: pa.Table, weight: str) -> Floats:
    """The weight of each gap: 1, or 1 shared among the gaps of a customer."""
    if weight == "gap":
        return np.ones(len(gaps))
    _starts, lengths = runs(gaps)
    return np.repeat(1.0 / lengths, lengths)


def runs(gaps: pa.Table) -> tuple[Ints, Ints]:
    """Where each customer's gaps begin, and how many there are: each begins with gap 1."""
    starts = np.flatnonzero(np.asarray(gaps["gap"]) == 1)
    lengths = np.diff(np.append(starts, len(gaps)))
    return starts, lengths


def squares(gaps: pa.Table, weight: str, times: Ints, h: Floats, after_event: Floats) -> pa.Table:
    """A partition's part of the variance clustered by customer: the differences, by step, of
    Σ A², Σ 2AB and Σ B² (see cluster_variance.rs), and the number of customers in the first row.

    `after_event` is H − 1/(n − d).
    """
    import pyarrow as pa

    starts, lengths = runs(gaps)
    days, ended = np.asarray(gaps["days"], dtype="i8"), np.asarray(gaps["ended"])
    customer = np.repeat(np.arange(len(starts)), lengths)
    w = weights_of(gaps, weight)
    # Within a customer by day, events before the open gap.
    order = np.lexsort((~ended, days, customer))
    step = np.searchsorted(times, days[order])
    a_row = w[order] * np.where(ended[order], after_event[step], h[step])
    # Summed over all customers in extended precision, then less what was before the customer.
    so_far = np.cumsum(a_row, dtype=np.longdouble)
    before_it = np.concatenate([[np.longdouble(0)], so_far])[starts]
    a = (so_far - np.repeat(before_it, lengths)).astype("f8")
    nth = np.arange(len(order)) - np.repeat(starts, lengths)
    b = w * (np.repeat(lengths, lengths) - 1 - nth)
    # A state holds from its last row of a step on.
    last_of_step = np.ones(len(order), bool)
    same_customer = customer[1:] == customer[:-1]
    last_of_step[:-1] = ~same_customer | (step[1:] != step[:-1])
    state = np.stack([a * a, 2 * a * b, b * b], axis=1)[last_of_step]
    who, where = customer[last_of_step], step[last_of_step]
    first = np.ones(len(who), bool)
    first[1:] = who[1:] != who[:-1]
    before = np.zeros_like(state)
    before[1:] = np.where(first[1:, None], 0.0, state[:-1])
    # Before its first row a customer is at risk with all its weight.
    at_start = first & (where > 0)
    whole = (w[starts] * lengths)[who]
    before[at_start, 2] = whole[at_start] ** 2
    differences = np.zeros((len(times), 3))
    np.add.at(differences, where, state - before)
    if len(times):
        differences[0, 2] += float((whole[at_start] ** 2).sum())
    columns = {name: differences[:, at] for at, name in enumerate(("aa", "ab", "bb"))}
    customers = np.zeros(len(times), "i8")
    customers[:1] = len(starts)
    return pa.table({**columns, "customers": customers})


def clustered(curve: Curve, parts: list[pa.Table]) -> Curve:
    """The curve with the variance of its customers: V = Σ A² + H Σ 2AB + H² Σ B²."""
    sums = [np.cumsum(sum(np.asarray(one[name]) for one in parts)) for name in ("aa", "ab", "bb")]
    h = curve.ln_variance
    variance = np.maximum(sums[0] + h * (sums[1] + h * sums[2]), 0)
    customers = float(sum(np.asarray(one["customers"]).sum() for one in parts))
    return dataclasses.replace(curve, ln_variance=variance, subjects=customers)
