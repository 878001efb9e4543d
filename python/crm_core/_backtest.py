"""Backtests: predictions, alerts and values at earlier dates, compared with what happened.

Predictions use no order after their origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Length, Scope, ScopeWithoutOccasion, Seasonality


def backtest(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    follow: Length | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Dates and probabilities predicted at earlier dates, compared with purchases (予測の検証).

    Predictions use no order after their origin. Rules of thumb are compared on the same customers:
    those who returned in the follow-up. This group has early returners only, so compare the rules
    with ``model_followed``: the `predicted_date` of `cycle` with `return_within` = the follow-up.
    Method ``model`` is the `predicted_date` without it, the median of all returns at any time,
    which is late for that group unless the follow-up is long (for example a year).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        origins: The number of origins, at most (default 6); origins before the first order are left
            out.
        step: Time between origins (default 30 days; a number is days).
        within: Horizon of the probability (default 30 days; a number is days).
        follow: How long customers are followed after each origin. Default: to `as_of`, at least
            `within`. A number is days.
        seasonality: As for `cycle`: with "auto" each origin has the seasons that were known then.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and method: origin, method, customers, returned, mae_days,
        median_error_days, coverage_50, coverage_80, coverage_90, log_score, brier,
        calibration_slope, recalibrated_slope (after a logistic recalibration on earlier origins),
        expected_rate, observed_rate.

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon.

    Source:
        Cox (1958), *Biometrika* 45 (calibration slope); Gneiting, Raftery (2007), *JASA* 102
        (scores).

    Example:
        >>> tested = crm.backtest(orders, origins=1, within=60)
        >>> "model_followed" in tested["method"].tolist()
        True
    """
    options = {
        "origins": origins,
        "step": step,
        "within": within,
        "follow": follow,
        "seasonality": seasonality,
    }
    return call("backtest", orders, as_of, {**options, **scope})


def backtest_calibration(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    follow: Length | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Predicted and observed rates: the calibration table of `backtest` (予測確率の較正表).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        origins, step, within: As for `backtest`.
        follow: The last origin is this long before `as_of`, so that the origins are those of a
            `backtest` with the same options. A number is days.
        seasonality: As for `backtest`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and tenth of the probability: origin, probability_from, probability_to,
        customers, bought, expected_rate, observed_rate, observed_rate_low, observed_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon.

    Example:
        >>> table = crm.backtest_calibration(orders, origins=1, within=60)
        >>> bool((table["bought"] <= table["customers"]).all())
        True
    """
    options = {
        "origins": origins,
        "step": step,
        "within": within,
        "follow": follow,
        "seasonality": seasonality,
    }
    return call("backtest_calibration", orders, as_of, {**options, **scope})


def backtest_alerts(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    follow: Length | None = None,
    k: Sequence[int] | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Alerts at earlier dates, compared with customers who did not return (離脱通知の検証).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        origins: The number of origins, at most (default 6); origins before the first order are left
            out.
        step: Time between origins (default 30 days; a number is days).
        follow: How long customers are followed after each origin; a customer without an order in
            that time is gone. Default: to `as_of`, at least 30 days. A number is days.
        k: Lengths of the lists that are cut at k (default ``[10, 100, 1000]``).
        seasonality: As for `alerts`: with "auto" each origin has the seasons that were known then.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and rule, for lists one per k: origin, rule, k, customers, gone, flagged,
        precision_rate, precision_rate_low, precision_rate_high (gone among the flagged),
        recall_rate, recall_rate_low, recall_rate_high (flagged among the gone), false_alarm_rate,
        false_alarm_rate_low, false_alarm_rate_high (flagged among the returned), lead_days (how
        long before `churn_days` true alerts come).

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon.

    Example:
        >>> crm.backtest_alerts(orders, origins=1, follow=90, k=[10]).columns[:4]
        ['origin', 'rule', 'k', 'customers']
    """
    options = {
        "origins": origins,
        "step": step,
        "follow": follow,
        "k": k,
        "seasonality": seasonality,
    }
    return call("backtest_alerts", orders, as_of, {**options, **scope})


def backtest_clv(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    models: Sequence[
        Literal["auto", "nbd", "bg_nbd", "mbg_nbd", "bg_cnbd_k", "mbg_cnbd_k", "pareto_nbd"]
    ]
    | None = None,
    interval: float | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Purchases and revenue predicted at earlier dates, compared with actual ones (LTV予測の検証).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        origins: The number of origins, at most (default 6); origins before the first order are left
            out.
        step: Time between origins (default 30 days; a number is days).
        within: Time predicted from each origin (default 90 days; a number is days).
        models: Models of purchases (default ``["auto"]``: the one that the data known at the origin
            choose, by likelihood; the note `chosen` has it for each); spend is Gamma-Gamma.
        interval: Probability of the intervals (default 0.8). Those of sums have in them how wrong
            the same method was at earlier origins that were over by then.
        seasonality: How time runs for the models, as for `cycle`: by default at the pace of the
            seasons that were known at the origin.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per origin and method, the simple rules same_again, own_rate and shop_mean included:
        origin, method, customers, expected_purchases, actual_purchases, purchases_error_rate,
        mae_purchases, expected_revenue, actual_revenue, revenue_error_rate, mae_revenue,
        top_decile_share (of the actual revenue, from the tenth with the greatest expected revenue),
        expected_purchases_low, expected_purchases_high, expected_revenue_low,
        expected_revenue_high, purchases_covered and revenue_covered (whether the actual number lies
        in the interval), coverage_purchases (share of single customers whose purchases lie in the
        interval that the model gives each; purchases are whole, so it may be more than `interval`).

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon.

    Example:
        >>> tested = crm.backtest_clv(orders, origins=1, within=90)
        >>> sorted(tested["method"].tolist())
        ['auto', 'own_rate', 'same_again', 'shop_mean']
    """
    options = {
        "origins": origins,
        "step": step,
        "within": within,
        "models": models,
        "interval": interval,
        "seasonality": seasonality,
    }
    return call("backtest_clv", orders, as_of, {**options, **scope})


def threshold_sweep(
    orders: Orders,
    as_of: AsOf = None,
    *,
    days: Sequence[int] | None = None,
    levels: Sequence[float] | None = None,
    follow: Length | None = None,
    margin: Length | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Comparison of churn thresholds: how many customers each flags, and how many of them returned
    (離脱基準の比較).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        days: Days without an order to try (default 60, 90, 120, 150, 180, 240, 300, 360).
        levels: Overdue probabilities to try (default 0.5, 0.8, 0.9, 0.95, 0.99).
        follow: How long customers are followed; the judgement is that many days before `as_of`
            (default 90 days; a number is days).
        margin: How near to the line is near (default 7 days; a number is days).
        seasonality: As for `cycle`: with "auto" each origin has the seasons that were known then.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per threshold: origin, rule, threshold, customers, flagged, returned, returned_rate,
        returned_rate_low, returned_rate_high, others_returned_rate, others_returned_rate_low,
        others_returned_rate_high, near (customers who cross the threshold within `margin` days),
        near_rate, near_rate_low, near_rate_high, near_returned_rate, near_returned_rate_low,
        near_returned_rate_high. Intervals are Wilson's, at 95 %.

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon.

    Example:
        >>> sweep = crm.threshold_sweep(orders, days=[90, 180], levels=[])
        >>> sweep["threshold"].tolist()
        [90.0, 180.0]
    """
    options = {
        "days": days,
        "levels": levels,
        "follow": follow,
        "margin": margin,
        "seasonality": seasonality,
    }
    return call("threshold_sweep", orders, as_of, {**options, **scope})
