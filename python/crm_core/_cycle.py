"""Purchase cycles: next purchases, alerts and likely buyers.

With a date in the past, results use only orders up to that date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._request import document
from ._table import Table

if TYPE_CHECKING:
    from ._types import Date, Dates, Learned, Length, Scope, Seasonality


def cycle(
    orders: Orders,
    as_of: Dates,
    *,
    within: Length | None = None,
    return_within: Length | None = None,
    method: Literal["mean", "median", "last_gap", "fixed", "late_mean", "same_day"] | None = None,
    per: str | None = None,
    seasonality: Seasonality | None = None,
    learned: Learned | None = None,
    lost_by_churn_days: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """The predicted next purchase of each customer, and how overdue it is (最新予測購入日).

    With few completed gaps the parameters are uncertain, and the intervals of dates are wide. With
    few gaps, and in a young shop, `probability_within` and `probability_alive` depend on priors
    (among them a mean probability of 27 % of leaving after a purchase) and can be too low.

    Dates are conditional on a return at any time: by `predicted_date`, half of the customers who
    ever return have returned. This includes slow customers, so for customers who return within a
    few weeks the date is late, and a rule of thumb may look better for them. To plan for a period,
    or to compare dates with purchases in a period, set `return_within`.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Required.
        within: Horizon of `probability_within` (default 30 days; a number is days).
        return_within: The four dates are conditional on a return within this time from `as_of`
            (null if its probability is below one in a million). Default: conditional on a return at
            any time. Not accepted with `method`, which has no distribution. A number is days.
        method: A rule of thumb instead of the model, for comparison; it gives dates only. Not
            accepted with `return_within`.
        per: What a row is: a "customer" (default); with a column of orders or lines such as
            "product", a customer with one of its values (補充); with a column of customers, such as
            their company, a value with the orders of all its customers. Orders without a value, or
            with lines without one, are counted in ``notes["orders_without_value"]``.
        seasonality: Factors of the shop's demand by month (1 to 12) and by date: time runs faster
            by this factor on such days. ``{12: 2, 1: 0.5, "2026-11-27": 3}``; other factors are 1.
        learned: A document made by `learn`. It is for customers and has its own seasonality, so it
            cannot be combined with `per` or `seasonality`. Default: the model is fitted to these
            orders.
        lost_by_churn_days: Whether a customer is lost after `churn_days` without an order, whatever
            their own cycle. Default: no.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id (with `per`: also its column; or, for a column of
        customers, that column instead and `customers`, how many have the value), gaps, last_date,
        predicted_date (half of those who return have returned by then), date_p10, date_p80,
        date_p90, probability_within, probability_alive, overdue_probability, level (ok 正常, due
        購入時期, late 遅れ, churn_risk 離脱傾向, lost 離脱). If the orders end more than 30 days
        before `as_of`, ``notes["data_end"]`` has the number of days: customers may only look
        inactive.

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Source:
        Morris (1983), *JASA* 78; Platzer, Reutterer (2016), *Marketing Science* 35; Batislam,
        Denizel, Filiztekin (2007), *IJRM* 24 (dropout after any order).

    Example:
        >>> table = crm.cycle(orders, "2025-06-30", within="2w")
        >>> dates = table["predicted_date"]
        >>> bool((table["date_p10"] <= dates).all() and (dates <= table["date_p90"]).all())
        True
    """
    options = {
        "within": within,
        "return_within": return_within,
        "method": method,
        "per": per,
        "seasonality": seasonality,
        "learned": document(learned),
        "lost_by_churn_days": lost_by_churn_days,
    }
    return call("cycle", orders, as_of, {**options, **scope})


def alerts(
    orders: Orders,
    as_of: Dates,
    *,
    since: Date | None = None,
    levels: Sequence[Literal["due", "late", "churn_risk", "lost"]] | None = None,
    lost_by_churn_days: bool | None = None,
    per: str | None = None,
    seasonality: Seasonality | None = None,
    learned: Learned | None = None,
    subscription_cycles: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers without an order for longer than their purchase cycle (離脱通知).

    With the same `learned` document in each run (made for example once a month), dates do not
    change until a new order. Without it each run fits the model again.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Required.
        since: Only changes after this day: the difference to a run as of that day. Without
            `learned` the model is fitted again each day, which can also lower a level; a level that
            was reached after this day and lowered by `as_of` is then in neither run. Default: all
            customers at a requested level.
        levels: The requested levels (default ``["churn_risk"]``). Customers at lost are left out
            and counted in ``notes["lost_left_out"]``, unless lost is requested.
        lost_by_churn_days: Whether a customer is lost after `churn_days` without an order, whatever
            their own cycle. Default: no.
        per, seasonality, learned: As for `cycle`.
        subscription_cycles: Cycles without a subscription order (kind sub_first or sub_renewal)
            after which a subscription (定期) counts as ended. The cycle is the median of the
            customer's renewal gaps (of an even number the lower of the middle two); without a
            renewal, the median of all renewal gaps in the shop, or 31 days. Default 2: one delivery
            may be skipped.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per alert: alert_key (the same until the level changes or an order arrives),
        customer_id (with `per` as in `cycle`: also its column, or that instead and `customers`),
        change, level, reached_on, last_date, silent_days, usual_gap_days, overdue_probability,
        expected_revenue (of the next 180 days), priority, reason_code, reason, reason_ja,
        next_level, next_level_date, counterfactual, counterfactual_ja (the next level unless an
        order arrives), suppressed_by (the reason not to write to this customer now: opted_out,
        order_pending if the last order is pending, subscription_open if a subscription is open,
        whatever one-off orders came since). If the orders end more than 30 days before `as_of`,
        ``notes["data_end"]`` has the number of days: customers may only look inactive.

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Example:
        >>> alerts = crm.alerts(orders, "2025-06-30", levels=["late", "churn_risk"])
        >>> sorted(set(alerts["level"].tolist()))
        ['churn_risk', 'late']
    """
    options = {
        "since": since,
        "levels": levels,
        "lost_by_churn_days": lost_by_churn_days,
        "per": per,
        "seasonality": seasonality,
        "learned": document(learned),
        "subscription_cycles": subscription_cycles,
    }
    return call("alerts", orders, as_of, {**options, **scope})


def likely_buyers(
    orders: Orders,
    as_of: Dates,
    *,
    within: Length | None = None,
    limit: int | None = None,
    per: str | None = None,
    seasonality: Seasonality | None = None,
    learned: Learned | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers ranked by expected revenue in the next days (購入確度の高い顧客).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Required.
        within: The horizon (default 14 days; a number is days).
        limit: Only this many rows, the best among the chosen customers. Default: all.
        per, seasonality, learned: As for `cycle`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer, by ascending id: customer_id (with `per`: also its column, or that
        instead and `customers`), rank (by expected revenue, 1 first, among all customers of the
        shop, also if `customers` of the scope chooses some), probability_within, expected_orders,
        expected_revenue, last_date, usual_gap_days, level.

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Example:
        >>> best = crm.likely_buyers(orders, "2025-06-30", within=14, limit=3)
        >>> sorted(best["rank"].tolist())
        [1, 2, 3]
    """
    options = {
        "within": within,
        "limit": limit,
        "per": per,
        "seasonality": seasonality,
        "learned": document(learned),
    }
    return call("likely_buyers", orders, as_of, {**options, **scope})
