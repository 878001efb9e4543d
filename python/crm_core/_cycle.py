"""Who is late, and who is about to buy? Purchase cycles and alerts.

A date in the past gives what could be known then.
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
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    learned: Learned | None = None,
    lost_by_churn_days: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """When each customer is expected next, and how late they are (最新予測購入日).

    With few completed gaps the parameters are uncertain, and the dates' intervals are wide.
    `probability_within` and `probability_alive` lean on priors there, and in a young shop (on a
    mean chance of 27 % to leave after a purchase). In simulated shops of 10 to 30 gaps they were up
    to a quarter too low (.276 said where .372 bought), while dates held.

    Dates are given a return, whenever that is: half of those who ever return have done so by
    `predicted_date`. Slow returners count in, so among customers who came within a few weeks it is
    late, and a rule of thumb may look better there. To plan for a period, or to compare dates with
    what came in one, say it: `return_within`.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        within: Horizon of `probability_within` (default 30 days; a number is days).
        return_within: The four dates are given a return in this time from `as_of` (null where that
            has less than one chance in a million). Default: given a return whenever. Not beside
            `method`, which has no law. A number is days.
        method: A rule of thumb instead of the model, for comparison; it gives dates only. Not
            beside `return_within`.
        per: What a row is about: "customer" (default); a column of orders or lines such as
            "product" (each customer with each of its values, 補充); or a column of customers, such
            as their company, rolled up from the orders of all who have it. Orders without a value,
            or with lines of none, are counted in ``notes["orders_without_value"]``.
        seasonality: How time runs (季節性). "auto" (default): at the pace of the seasons that
            `seasonality` finds in the orders up to the date, where they are more than chance;
            ``notes["seasons"]`` says what was found. "none": evenly. Or the factors of the shop's
            demand by month (1 to 12), weekday ("mon") and date, ``{12: 2, 1: 0.5, "2026-11-27":
            3}``; what is not said is 1.
        learned: What `learn` has given: of customers and with a seasonality of its own, so neither
            `per` nor factors can stand beside it. Default: fitted to these orders.
        lost_by_churn_days: Whether `churn_days` of silence make a customer lost whatever their own
            cycle. Default: no.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id (with `per`: also its column, or that instead and
        `customers`, how many it rolls up), gaps, last_date, predicted_date (by then half of those
        who return have returned), date_p10, date_p80, date_p90, probability_within,
        probability_alive, overdue_probability, level (ok 正常, due 購入時期, late 遅れ, churn_risk
        離脱傾向, lost 離脱). Where the orders end more than 30 days before `as_of`,
        ``notes["data_end"]`` says how many: customers may only look silent.

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Source:
        Morris (1983), *JASA* 78; Platzer, Reutterer (2016), *Marketing Science* 35; Batislam,
        Denizel, Filiztekin (2007), *IJRM* 24: leaving after any order.

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
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    learned: Learned | None = None,
    subscription_cycles: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers whose silence is longer than their cycle (離脱通知).

    Dates do not move until an order arrives where `learned` is the same from run to run, a document
    that is made anew once a month, say. Without it each run learns the shop anew.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        since: Only what changed after this day: the difference to a run as of that day. Without
            `learned` the shop is learnt anew each day, which may also lower a level: where gaps are
            few, a level that was reached after this day and lowered again by `as_of` is in neither
            run. Default: everybody who stands at a level asked for.
        levels: Levels asked for (default ``["churn_risk"]``). Who stands at lost is left out, and
            counted in ``notes["lost_left_out"]``, unless lost is among them.
        lost_by_churn_days: Whether `churn_days` of silence make a customer lost whatever their own
            cycle. Default: no.
        per, seasonality, learned: As for `cycle`.
        subscription_cycles: Cycles without a subscription order (kind sub_first or sub_renewal)
            after which a subscription (定期) counts as ended. The cycle is the median of the gaps
            after which the customer has renewed (of an even number the lower of the middle two);
            without a renewal, the median of all such gaps, or 31 days. Default 2: one delivery may
            be skipped.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per alert: alert_key (the same until the level changes or an order arrives),
        customer_id (with `per`: also its column, or that instead and `customers`), change, level,
        reached_on, last_date, silent_days, usual_gap_days, overdue_probability, expected_revenue
        (of the next 180 days), priority, reason_code, reason, reason_ja, next_level,
        next_level_date, counterfactual, counterfactual_ja (what comes next unless an order
        arrives), suppressed_by (why not to write to this customer now: opted_out, order_pending if
        the last order is pending, subscription_open if a subscription runs, whatever one-off orders
        came since). Where the orders end more than 30 days before `as_of`, ``notes["data_end"]``
        says how many: customers may only look silent.

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
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    learned: Learned | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers ranked by what they are expected to spend soon (購入確度の高い顧客).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        within: How far to look (default 14 days; a number is days).
        limit: Only this many of those asked for, the best. Default: all.
        per, seasonality, learned: As for `cycle`.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer, by ascending id: customer_id (with `per`: also its column, or that
        instead and `customers`), rank (by expected revenue, 1 first, in the whole shop, also where
        `customers` of the scope asks for some), probability_within, expected_orders,
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
