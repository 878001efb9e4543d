"""Retention: purchase counts, repeat rates, lead times, cohorts, flows and channels.

Rates have intervals and counts. Options that are not given have the library's defaults, which are
in the table's definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, ChannelScope, Date, Length, Scope, Where


def purchase_counts(
    orders: Orders,
    as_of: AsOf = None,
    *,
    up_to: int | None = None,
    cumulative: Literal["everyone", "survivors"] | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Of the customers with k purchases, how many bought again (継続・離脱分析).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        up_to: The greatest k, 1 to 1,000 (default 24); there are fewer rows if no customer has so
            many purchases.
        cumulative: The customers over whom `cumulative_ltv` is averaged: "everyone" (default), or
            "survivors" with at least k purchases, which rises faster because it leaves out
            customers who stopped.
        origin: The filter that chooses the origin: a history begins at the first order that it
            keeps, such as ``{"product": "A"}``. Default: the first order.
        kinds: Only orders of these kinds, such as subscription orders. Default: all that count.
        confidence: Confidence of the intervals (default 0.95).
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days (default 180), churn_boundary; see `Scope`.

    Returns:
        One row per k: k, reach (customers with at least k purchases), continued, churned, pending
        (no further purchase, but not churned yet), continue_rate (継続率), continue_rate_low,
        continue_rate_high, churn_rate (離脱率), churn_rate_low, churn_rate_high, survival_rate
        (残存率), survival_rate_low, survival_rate_high, mean_order_value, cumulative_ltv,
        median_days (to the next purchase, over customers who made it), km_median_days (over all).

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> counts = crm.purchase_counts(orders, up_to=3).to_dict()
        >>> counts["k"]
        [1, 2, 3]
        >>> counts["continued"][0] == counts["reach"][1]
        True
    """
    options = {
        "up_to": up_to,
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
    within: Length | None = None,
    method: Literal["kaplan_meier", "matured", "ratio"] | None = None,
    cohort_window: Length | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """The share of customers who make the next purchase within a time (F2転換率).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        to: The number of the purchase whose rate is estimated, 2 to 1,000 (default 2).
        within: Time since the previous purchase (default 90 days; a number is days).
        method: The estimator: all customers, open waits censored ("kaplan_meier", default);
            customers observed for the whole time ("matured"); all customers as if observed for the
            whole time ("ratio", the vendors' number, which is low for new customers).
        cohort_window: Only customers who made the previous purchase within this time after their
            first. A number is days.
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row, or one for each part of `by`: customers (with the previous purchase), repeated,
        repeat_rate, repeat_rate_low, repeat_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.

    Source:
        Kaplan, Meier (1958), *JASA* 53 ("kaplan_meier"); Wilson (1927) for the intervals of
        the other methods.

    Example:
        >>> crm.repeat_rate(orders, within=180, by=["channel"]).columns[:4]
        ['channel', 'customers', 'repeated', 'repeat_rate']
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
    step: Length | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Histogram of the days from one purchase to the next (リードタイム).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        to: The number of the purchase that ends the wait, 2 to 1,000 (default 2).
        step: Width of a step (default 30 days; a number is days).
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per step: from_days, until_days, customers (whose wait ended in the step), share (of
        all ended waits), cumulative_rate (over all customers, Kaplan-Meier), cumulative_rate_low,
        cumulative_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> steps = crm.lead_times(orders, step=60)
        >>> steps["from_days"][:3].tolist()
        [0, 60, 120]
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
    """The day by which a share of customers has bought again (リードタイム分位点).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        to: The number of the purchase that ends the wait, 2 to 1,000 (default 2).
        quantiles: The shares (default 0.1, 0.25, 0.5, 0.75, 0.9).
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per share: quantile, days (null if the share is never reached), days_low, days_high.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> crm.lead_time_quantiles(orders, quantiles=[0.25, 0.5])["quantile"].tolist()
        [0.25, 0.5]
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
    step: Length | None = None,
    up_to: int | None = None,
    cells: Literal["complete", "members", "mean_cumulative"] | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Revenue, orders and repeat rate of each cohort by time since the first order (LTV推移).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        rows: The cohorts: "month" (default), "day", "week", "quarter" or "year" of the origin,
            "all", or the name of a column.
        step: The step of elapsed time: days (default 30; a number is days), or a clock "hour", a
            calendar "week" (from Monday), "month", "quarter" or "year".
        up_to: The longest elapsed time (default 720 days, 168 hours, 52 weeks, 24 months, 12
            quarters or 10 years).
        cells: The rule for cells up to which not all customers are observed: left out ("complete"),
            with the customers observed so long ("members"), or at each age with the customers
            observed so long ("mean_cumulative"). Default: complete for periods, else
            mean_cumulative.
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per cell: cohort, elapsed, cohort_customers, customers (observed so long), complete,
        revenue, cumulative_ltv, orders, orders_per_customer, repeated, repeat_rate,
        repeat_rate_low, repeat_rate_high, active (with a purchase in the last step), active_rate,
        active_rate_low, active_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.

    Source:
        Nelson, W. B. (2003). *Recurrent Events Data Analysis* ("mean_cumulative").

    Example:
        >>> table = crm.cohorts(orders, rows="quarter", step=90, up_to=180)
        >>> sorted(set(table["elapsed"].tolist()))
        [0, 90, 180]
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
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """From the k-th purchase to the next: the links of a Sankey diagram (購入商品遷移).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        of: The column whose values are nodes: product (default), category, channel, any dimension.
        up_to: The last purchase that is a node, 2 to 50 (default 5).
        top: The number of values with their own nodes, 1 to 100 (default 10); the rest is
            "(other)".
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days (default 180), churn_boundary; see `Scope`.

    Returns:
        One row per link: k, source, target (the next value, "(churned)" or "(pending)"), outcome
        (continued 継続, churned 離脱, pending 継続待ち), source_customers, customers,
        transition_rate, transition_rate_low, transition_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> flow = crm.purchase_flow(orders, of="channel", up_to=2).to_dict()
        >>> sorted(set(flow["outcome"]))
        ['churned', 'continued', 'pending']
    """
    options = {
        "of": of,
        "up_to": up_to,
        "top": top,
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
    within: Length | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Repeat rate and value of customers by their first product (初回購入商品別LTV).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        of: The column that customers are grouped by (default product).
        within: The time in which a second purchase counts for `repeat_rate` (default 90 days; a
            number is days).
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per value: first, customers, orders, revenue, first_order_value, repeat_rate,
        repeat_rate_low, repeat_rate_high, and LTV by age: ltv_30, ltv_90, ltv_180, ltv_360 (null if
        no customer was observed so long).

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> crm.first_product(orders, of="channel").columns[:4]
        ['first', 'customers', 'orders', 'revenue']
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
    costs: Mapping[str, float] | Sequence[Mapping[str, Any]] | None = None,
    acquired_from: Date | None = None,
    acquired_to: Date | None = None,
    margin: float | None = None,
    within: Length | None = None,
    origin: Where | None = None,
    kinds: Sequence[str] | None = None,
    confidence: float | None = None,
    **scope: Unpack[ChannelScope],
) -> Table:
    """Cost and value of the customers that each channel brought (集客・広告効果).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        by: The columns whose values at the origin group the customers. Default: channel.
        costs: The costs in major units: ``{"ads": 120000}`` by value of the only column of `by`, or
            a list of ``{"channel": "ads", "cost": 120000, "date": "2026-01-31"}``. Default: no
            costs.
        acquired_from: The first day of acquisition. Default: no limit.
        acquired_to: The last day of acquisition. Default: `as_of`.
        margin: Margin as a share of revenue. Default: from the orders' own costs, if they have
            them.
        within: The time in which a second purchase counts for `repeat_rate` (default 90 days; a
            number is days).
        origin, kinds, confidence: As for `purchase_counts`.
        **scope: Keys of the scope: where, customers, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `Scope`.

    Returns:
        One row per channel, also channels with costs and no customers: channel (the columns of
        `by`), customers, orders, revenue, margin (粗利; null if unknown), cost, cac (顧客獲得単価),
        roas, roi_revenue, roi_margin, payback_day (first age at which the mean cumulative margin
        reaches the CAC; null if not reached yet), payback_revenue_day, repeat_rate,
        repeat_rate_low, repeat_rate_high, and LTV by age: ltv_30, ltv_90, ltv_180, ltv_360.

    Raises:
        OptionError: An option is unknown or out of range, or costs name no value of `by`.

    Example:
        >>> table = crm.acquisition(orders, costs={"ads": 120_000}).to_dict()
        >>> dict(zip(table["channel"], table["cost"]))["ads"]
        120000.0
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
