"""Do they come back, how soon, and what have they been worth? Retention, cohorts, acquisition.

Every function takes orders and a date and gives a `Table`; what is not given is left to the
library's defaults, which are written out in the table's definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table
from ._types import AsOf, GroupScope, OrderScope, Scope, Where

if TYPE_CHECKING:
    from ._types import Date


def purchase_counts(
    orders: Orders,
    as_of: AsOf = None,
    *,
    up_to: int | None = None,
    churn_days: int | None = None,
    cumulative: Literal["everyone", "survivors"] | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[GroupScope],
) -> Table:
    """Of those who bought k times, how many bought again (継続・離脱分析).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        up_to: The greatest k (default 24).
        churn_days: Days without a purchase from which a customer counts as churned (default 180).
        cumulative: Whose mean `cumulative_ltv` is: everyone's (default), or of those who got to k.
        origin: Where histories begin: the first order that this filter lets through, such as
            ``{"product": "A"}`` (指定商品初回購入). Default: the first order.
        kinds: Only orders of these kinds, such as ``["sub_first", "sub_renewal"]``.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_boundary; see `Scope`.

    Returns:
        One row per k: k, reach, continued, churned, pending (reach is always the sum of the three),
        continue_rate (継続率) with continue_rate_low and continue_rate_high, churn_rate (離脱率)
        with churn_rate_low and churn_rate_high, survival_rate (残存率) with survival_rate_low and
        survival_rate_high, mean_order_value, cumulative_ltv, median_days (of those who came back),
        km_median_days (Kaplan-Meier, those still waiting included).

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {
        "up_to": up_to,
        "churn_days": churn_days,
        "cumulative": cumulative,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("purchase_counts", orders, as_of, {**options, **scope})


def repeat_rate(
    orders: Orders,
    as_of: AsOf = None,
    *,
    to: int | None = None,
    within: int | str | None = None,
    method: Literal["kaplan_meier", "matured", "ratio"] | None = None,
    cohort_window: int | str | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """The share who make the next purchase (F2転換率).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        to: The purchase that is or is not made (default 2: F2).
        within: Days since the one before (default 90).
        method: The estimator: everybody, those still waiting censored (default); those who had the
            whole time; or everybody as if they had had it, which is low for new customers.
        cohort_window: Only those who made the one before within so many days of their first.
        origin: Where histories begin: the first order that this filter lets through.
        kinds: Only orders of these kinds.
        confidence: Confidence of the interval (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`. A purchase is a day with orders by default.

    Returns:
        customers, repeated, repeat_rate, repeat_rate_low, repeat_rate_high; null where nobody was
        watched so long. With Kaplan-Meier the rate is not the quotient of the two counts.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {
        "to": to,
        "within": within,
        "method": method,
        "cohort_window": cohort_window,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("repeat_rate", orders, as_of, {**options, **scope})


def lead_times(
    orders: Orders,
    as_of: AsOf = None,
    *,
    to: int | None = None,
    step: int | str | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """How many days pass from one purchase to the next (リードタイム): a histogram.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        to: The purchase that is waited for (default 2).
        step: Width of a step, days (default 30).
        origin: Where histories begin: the first order that this filter lets through.
        kinds: Only orders of these kinds.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`. A purchase is a day with orders by default.

    Returns:
        One row per step: from_days, until_days (not included), customers, share (of those who came
        back), cumulative_rate (Kaplan-Meier, of all), cumulative_rate_low, cumulative_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {"to": to, "step": step, "origin": origin, "kinds": kinds, "confidence": confidence}
    return call("lead_times", orders, as_of, {**options, **scope})


def lead_time_quantiles(
    orders: Orders,
    as_of: AsOf = None,
    *,
    to: int | None = None,
    quantiles: Sequence[float] | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """The day by which a share of customers had bought again (リードタイム分位点).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        to: The purchase that is waited for (default 2).
        quantiles: The shares (default 0.1, 0.25, 0.5, 0.75, 0.9).
        origin: Where histories begin: the first order that this filter lets through.
        kinds: Only orders of these kinds.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`. A purchase is a day with orders by default.

    Returns:
        One row per share: quantile, days, days_low, days_high, by Kaplan-Meier; null where so many
        never come back.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {
        "to": to,
        "quantiles": quantiles,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("lead_time_quantiles", orders, as_of, {**options, **scope})


def cohorts(
    orders: Orders,
    as_of: AsOf = None,
    *,
    rows: str | None = None,
    step: int | str | None = None,
    up_to: int | None = None,
    cells: Literal["complete", "members", "mean_cumulative"] | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """What each cohort has been worth, and how many still buy (コホート, LTV推移).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        rows: What a cohort is: "month" of the first order (default), "week", "quarter", "year",
            "all", or a column: "channel", "product", "first_shop", any dimension.
        step: Days of a step (default 30), or "month" for calendar months.
        up_to: The longest elapsed time, in days or months (default 720 days or 24 months).
        cells: What becomes of cells for which not everybody is old enough: left out (default for
            periods), shown of whoever is old enough, or by the mean cumulative function (default
            for rows that span periods).
        origin: Where histories begin: the first order that this filter lets through, such as
            ``{"product": "A"}``.
        kinds: Only orders of these kinds.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per cell: cohort (a date, or the column's value), elapsed, cohort_customers,
        customers (watched so long), complete, revenue, cumulative_ltv (per customer), orders,
        orders_per_customer, repeated, repeat_rate, repeat_rate_low, repeat_rate_high, active,
        active_rate, active_rate_low, active_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
    """
    options = {
        "rows": rows,
        "step": step,
        "up_to": up_to,
        "cells": cells,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("cohorts", orders, as_of, {**options, **scope})


def purchase_flow(
    orders: Orders,
    as_of: AsOf = None,
    *,
    of: str | None = None,
    up_to: int | None = None,
    top: int | None = None,
    churn_days: int | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[GroupScope],
) -> Table:
    """From each purchase to the next (購入商品遷移): the links of a Sankey diagram.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        of: The column whose values are nodes (default "product"); of several products of one order
            that of the line with the greatest amount.
        up_to: The last purchase that is a node (default 5).
        top: How many values are nodes of their own (default 10); the rest is "(other)".
        churn_days: Days without a purchase from which a customer counts as churned (default 180).
        origin: Where histories begin: the first order that this filter lets through.
        kinds: Only orders of these kinds.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_boundary; see `Scope`.

    Returns:
        One row per link: k, source, target (a value, or "(churned)", or "(pending)"), outcome,
        source_customers, customers, transition_rate, transition_rate_low, transition_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
        SchemaError: The orders have no such column.
    """
    options = {
        "of": of,
        "up_to": up_to,
        "top": top,
        "churn_days": churn_days,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("purchase_flow", orders, as_of, {**options, **scope})


def first_product(
    orders: Orders,
    as_of: AsOf = None,
    *,
    of: str | None = None,
    within: int | str | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """What customers have been worth by the product that they bought first (初回購入商品別LTV).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        of: The column that customers are grouped by (default "product").
        within: The time in which a second purchase counts for `repeat_rate`, days (default 90).
        origin: Where histories begin: the first order that this filter lets through.
        kinds: Only orders of these kinds.
        confidence: Confidence of the interval (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per product: first, customers, orders, revenue, first_order_value, repeat_rate,
        repeat_rate_low, repeat_rate_high, ltv_30, ltv_90, ltv_180, ltv_360 (mean cumulative revenue
        per customer; null where nobody was watched so long).

    Raises:
        OptionError: An option is unknown or out of range.
        SchemaError: The orders have no such column.
    """
    options = {
        "of": of,
        "within": within,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("first_product", orders, as_of, {**options, **scope})


def acquisition(
    orders: Orders,
    as_of: AsOf = None,
    *,
    by: Sequence[str] | None = None,
    costs: Mapping[Any, float] | Sequence[Mapping[str, Any]] | None = None,
    acquired_from: Date | None = None,
    acquired_to: Date | None = None,
    margin: float | None = None,
    within: int | str | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[OrderScope],
) -> Table:
    """What each channel's customers cost and have been worth (集客・広告効果).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        by: The columns whose values customers are acquired by, at their first order (default
            ``["channel"]``). They come first, under their own names.
        costs: What was spent, in major units: ``{"ads": 120_000}`` by the one value of `by`, or
            mappings such as ``{"channel": "ads", "cost": 120_000, "date": "2026-01-31"}``. Equal
            values add up; a channel without customers has a row too.
        acquired_from: The first day of acquisition. Default: the first of all.
        acquired_to: The last day of acquisition. Default: `as_of`.
        margin: Margin as a share of revenue. Default: from the orders' own costs, if given.
        within: The time in which a second purchase counts for `repeat_rate`, days (default 90).
        origin: Where histories begin: the first order that this filter lets through.
        kinds: Only orders of these kinds.
        confidence: Confidence of the interval (default 0.95).
        **scope: What analyses share: where, customers, policy, basis, refunds, occasion,
            churn_boundary; see `Scope`.

    Returns:
        One row per channel: channel, customers, orders, revenue, margin, cost, cac (顧客獲得単価),
        roas, roi_revenue ((revenue - cost) / cost), roi_margin ((margin - cost) / cost),
        payback_day (回収日数: the age at which the mean cumulative margin reaches the CAC),
        payback_revenue_day, repeat_rate, repeat_rate_low, repeat_rate_high, ltv_30, ltv_90,
        ltv_180, ltv_360.

    Raises:
        OptionError: An option is unknown or out of range.
        SchemaError: The orders have no such column.
    """
    options = {
        "by": by,
        "costs": costs,
        "acquired_from": acquired_from,
        "acquired_to": acquired_to,
        "margin": margin,
        "within": within,
        "origin": origin,
        "kinds": kinds,
        "confidence": confidence,
    }
    return call("acquisition", orders, as_of, {**options, **scope})
