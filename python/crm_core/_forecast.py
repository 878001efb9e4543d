"""Forecast of the revenue of today's customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, ScopeWithoutOccasion


def base_forecast(
    orders: Orders,
    as_of: AsOf = None,
    *,
    years: int | None = None,
    interval: float | None = None,
    draws: int | None = None,
    seed: int | None = None,
    money: float | Mapping[str, float] | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Orders and revenue of today's customers in the next years, without new customers (新CPM,
    年商倍率).

    There are two methods: a model of each customer, and the transitions between CPM segments in the
    year before. The first rows are the forecast of a year ago, beside the actual numbers.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        years: Years of 365 days ahead (default 5).
        interval: The probability that the outcome lies between the low and the high column, if the
            method is right (default 0.8).
        draws: Draws for these columns (default 100).
        seed: Seed of the draws (default 0).
        money: Revenue below which a customer is steady, in major units or as
            ``{"mean_order_values": 7}``. Default: 70,000 yen; 7 mean order values elsewhere.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per origin, method and year: origin, method, year, until, customers, active (of
        these, customers not churned by `churn_days` at the end of the year), active_low,
        active_high, retention_rate (of customers active at the origin), retention_rate_low,
        retention_rate_high, reactivation_rate (of customers churned at the origin),
        reactivation_rate_low, reactivation_rate_high, expected_orders, expected_orders_low,
        expected_orders_high (purchase days), expected_revenue, expected_revenue_low,
        expected_revenue_high, revenue_multiple (revenue up to the end of the year, divided by the
        revenue of the year before the origin), actual_active, actual_orders, actual_revenue. If a
        method has no forecast its cells are null, and ``notes["without_forecast"]`` has the origin,
        the method and the reason: no_repeat_customer, too_few_repeat_customers (the model needs
        two), no_customers_a_year_before (transitions need the year before the origin),
        segments_not_seen_a_year_before (transitions need all of today's segments in that year).

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> forecast = crm.base_forecast(orders, years=2, draws=20)
        >>> sorted(set(forecast["method"].tolist()))
        ['markov', 'model']
    """
    options = {
        "years": years,
        "interval": interval,
        "draws": draws,
        "seed": seed,
        "money": money,
    }
    return call("base_forecast", orders, as_of, {**options, **scope})
