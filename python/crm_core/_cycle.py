"""Who is late, and who is about to buy? Purchase cycles, alerts, and how right they were before.

A date in the past gives what could be known then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, Length, Scope


def cycle(
    orders: Orders,
    as_of: AsOf,
    *,
    within: Length | None = None,
    method: Literal["mean", "median", "last_gap", "fixed", "late_mean"] | None = None,
    learned: Mapping[str, Any] | None = None,
    lost_by_churn_days: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """When each customer is expected next, and how late they are (最新予測購入日).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        within: Horizon of `probability_within` (default 30 days).
        method: A rule of thumb instead of the model, for comparison; it gives dates only.
        learned: The gap model in the notes of an earlier table (``notes["gap_model"]``). Default:
            fitted to these orders.
        lost_by_churn_days: Whether `churn_days` of silence make a customer lost whatever their own
            cycle. Default: no.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id, gaps, last_date, predicted_date (by then half of those
        who return have returned), date_p10, date_p80, date_p90, probability_within,
        probability_alive, overdue_probability, level (ok 正常, due 購入時期, late 遅れ, churn_risk
        離脱傾向, lost 離脱).

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.
    """
    options = {
        "within": within,
        "method": method,
        "learned": learned,
        "lost_by_churn_days": lost_by_churn_days,
    }
    return call("cycle", orders, as_of, {**options, **scope})


def alerts(
    orders: Orders,
    as_of: AsOf,
    *,
    since: Date | None = None,
    levels: Sequence[Literal["due", "late", "churn_risk", "lost"]] | None = None,
    learned: Mapping[str, Any] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers whose silence is longer than their cycle (離脱通知).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        since: Only what changed after this day, up to `as_of`. Default: everybody who stands at a
            level asked for.
        levels: Levels asked for (default ``["churn_risk"]``).
        learned: The gap model in the notes of an earlier table (``notes["gap_model"]``). Default:
            fitted to these orders.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per alert: alert_key (the same until an order arrives), customer_id, change, level,
        reached_on, last_date, silent_days, usual_gap_days, overdue_probability, expected_revenue
        (of the next 180 days), priority, reason_code, reason, reason_ja, next_level,
        next_level_date, suppressed_by (why not to write to this customer now).

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.
    """
    options = {"since": since, "levels": levels, "learned": learned}
    return call("alerts", orders, as_of, {**options, **scope})


def likely_buyers(
    orders: Orders,
    as_of: AsOf,
    *,
    within: Length | None = None,
    limit: int | None = None,
    learned: Mapping[str, Any] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers ranked by what they are expected to spend soon (購入確度の高い顧客).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        within: How far to look (default 14 days).
        limit: Only this many, the best. Default: all.
        learned: The gap model in the notes of an earlier table (``notes["gap_model"]``). Default:
            fitted to these orders.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id, rank, probability_within, expected_orders,
        expected_revenue, last_date, usual_gap_days, level.

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.
    """
    options = {"within": within, "limit": limit, "learned": learned}
    return call("likely_buyers", orders, as_of, {**options, **scope})


def backtest(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Predictions at earlier dates against what came (予測の検証).

    Rules of thumb stand beside the model.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        origins: How many dates to predict from (default 6).
        step: Days between them (default 30).
        within: Horizon of the probability, and the least follow-up (default 30 days).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and method: origin, method, customers, returned, mae_days,
        median_error_days, coverage_50, coverage_80, coverage_90, brier, calibration_slope,
        expected_rate, observed_rate, log_score, flagged, precision_rate, precision_rate_low,
        precision_rate_high, recall_rate, recall_rate_low, recall_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {"origins": origins, "step": step, "within": within}
    return call("backtest", orders, as_of, {**options, **scope})


def kaplan_meier(
    orders: Orders,
    as_of: AsOf = None,
    *,
    weight: Literal["customer", "gap"] | None = None,
    gap: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Share of purchase gaps longer than t days (購入間隔の生存曲線).

    The open gap of each customer is censored.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        weight: What weighs 1: each customer (default), or each gap, of which frequent buyers have
            more.
        gap: Only the gap of this number, 1 being from the first purchase to the second. Default:
            all.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per day with an event: days, at_risk, events, survival_rate, survival_rate_low,
        survival_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {"weight": weight, "gap": gap, "confidence": confidence}
    return call("kaplan_meier", orders, as_of, {**options, **scope})


def gap_fits(
    orders: Orders,
    as_of: AsOf = None,
    *,
    weight: Literal["customer", "gap"] | None = None,
    gap: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Weibull and log-normal laws of the purchase gaps (購入間隔の分布).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        weight: What weighs 1: each customer (default), or each gap, of which frequent buyers have
            more.
        gap: Only the gap of this number, 1 being from the first purchase to the second. Default:
            all.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per law and parameter: family, parameter, value, standard_error, log_likelihood,
        aic, median_days, status.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {"weight": weight, "gap": gap, "confidence": confidence}
    return call("gap_fits", orders, as_of, {**options, **scope})
