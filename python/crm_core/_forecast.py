"""What moves demand, and what will today's customers and new ones bring?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, ScopeWithoutOccasion, Seasonality, ShopScope


def seasonality(
    orders: Orders,
    as_of: AsOf = None,
    *,
    events: Mapping[Date, str] | None = None,
    interval: float | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """By how much months, weekdays and named days move demand, and whether it is chance (季節指数).

    Repeat purchases of each day are compared with what the customers at risk on that day would make
    without seasons: growth of the shop does not count as season. Months of the year need 18 months
    of orders, weekdays eight weeks.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        events: Names of days, past and to come, ``{"2025-11-28": "black_friday", "2026-11-27":
            "black_friday"}``: days of one name share a factor.
        interval: Probability of the intervals (default 0.8).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per factor: kind (month, weekday, event, trend), key (1 to 12, mon to sun, the name,
        year), factor, factor_low, factor_high. ``notes["seasonality"]`` is the document that
        `seasonality=` of `cycle` and others takes, with the factors that are more than chance;
        ``notes["months"]`` and ``notes["weekdays"]`` say why it is or is not in there: used,
        too_short, too_few_purchases, no_difference, not_better; ``notes["unlike"]`` has months that
        no season explains, and that were left out.

    Raises:
        OptionError: A key of `events` is no date; an option is out of range.

    Example:
        >>> import crm_core as crm
        >>> shop = crm.simulate_orders(200, seed=7)
        >>> orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")
        >>> found = crm.seasonality(orders)
        >>> sorted(set(found["kind"].tolist()))[-1]
        'weekday'
    """
    options = {"events": events, "interval": interval}
    return call("seasonality", orders, as_of, {**options, **scope})


def base_forecast(
    orders: Orders,
    as_of: AsOf = None,
    *,
    years: int | None = None,
    interval: float | None = None,
    draws: int | None = None,
    seed: int | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
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
        interval: Probability that the outcome lies between the low and the high column (default
            0.8). Those of orders and revenue have in them how wrong forecasts of a year were that
            the method `model` made at earlier origins of this shop, and a part of the mean error
            moves that method; ``notes["shared_error"]``. A shop without earlier origins gets
            typical intervals; ``notes["interval_not_measured"]``.
        draws: Draws for them (default 100).
        seed: Seed of the draws (default 0).
        seasonality: How time runs for the method `model`, as for `cycle`: by default at the pace of
            the seasons that were known at the origin.
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
        expected_revenue_high, revenue_multiple (revenue up to the end of the year by that of the
        year before the origin), actual_active, actual_orders, actual_revenue. Where a method has no
        forecast its cells are null, and ``notes["without_forecast"]`` has the origin, the method
        and the reason: no_repeat_customer, too_few_repeat_customers (the model needs two),
        no_customers_a_year_before (the moves between segments need a year before the origin),
        segments_not_seen_a_year_before (more than a twentieth of the customers are in segments that
        were empty then). ``notes["missed"]`` lists the forecasts of a year ago whose interval does
        not contain the outcome.

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
        "seasonality": seasonality,
        "money": money,
    }
    return call("base_forecast", orders, as_of, {**options, **scope})


def shop_forecast(
    orders: Orders,
    as_of: AsOf = None,
    *,
    months: int | None = None,
    interval: float | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    **scope: Unpack[ShopScope],
) -> Table:
    """Orders and revenue of the next months, of today's customers and of new ones (売上予測).

    Today's customers are forecast one by one, as by `base_forecast`; the number of new customers is
    predicted from its own level, damped trend and season, and they are assumed to buy as earlier
    new customers did. The same forecast is made at up to eight earlier dates: a part of their mean
    error moves the forecast, and the rest makes the intervals.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        months: Months of the calendar ahead (default 12, at most 60); the first is what is left of
            this month, if anything is.
        interval: Probability that the outcome lies between the low and the high column (default
            0.8).
        seasonality: How time runs, as for `cycle`: by default at the pace of the seasons that were
            known at the date.
        **scope: What analyses share: where, by, policy, basis, refunds, churn_days, churn_boundary;
            see `ShopScope`.

    Returns:
        One row per month and part (existing: customers with an order up to `as_of`; new; total),
        and three without a month for all months together: month (its first day that is forecast),
        days, part, orders (purchase days), revenue, orders_low, orders_high, revenue_low,
        revenue_high. ``notes["past"]`` has the same forecast at earlier dates: `origin`, `orders`
        and `revenue` of all months (actual ÷ forecast), and whether the intervals contained them
        (`orders_held`, `revenue_held`); ``notes["shift"]`` the logarithms by which they move the
        forecast. Without earlier dates the interval is a typical one
        (``notes["interval_not_measured"]``), and with less than a year of orders there is none
        (``notes["without_interval"]``). Where there is no forecast the cells are null and
        ``notes["without_forecast"]`` says why: no_repeat_customer, too_few_repeat_customers,
        too_short (less than three months of orders).

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> forecast = crm.shop_forecast(orders, "2025-12-31", months=3)
        >>> forecast["part"].tolist()[:3]
        ['existing', 'new', 'total']
        >>> len(forecast)
        12
    """
    options = {"months": months, "interval": interval, "seasonality": seasonality}
    return call("shop_forecast", orders, as_of, {**options, **scope})
