"""Summaries of each customer and of each month.

Options that are not given have the library's defaults, which are in the table's definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, ScopeWithoutOccasion, Seasonality


def summary(
    orders: Orders,
    as_of: AsOf = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Orders, revenue and gaps of each customer (顧客サマリー).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer: customer_id, first_date, last_date, orders, purchase_days, revenue,
        mean_order_value, tenure_days (在籍日数), recency_days, gap_count, gap_mean, gap_sd,
        gap_min, gap_max, gap_log_sum, cancelled_orders, cancel_rate.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> data = {"customer_id": [1, 1], "amount": [500, 700],
        ...         "ordered_at": ["2026-01-05", "2026-03-01"]}
        >>> crm.summary(crm.Orders(data, currency="JPY")).to_dict()["tenure_days"]
        [55]
    """
    return call("summary", orders, as_of, scope)


def clv_summary(
    orders: Orders,
    as_of: AsOf = None,
    *,
    unit: Literal["day", "week", "calendar_week", "month"] | None = None,
    calibration_end: Date | None = None,
    seasonality: Seasonality | Literal["auto", "none"] | None = None,
    covariates: Sequence[str] | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """The summary to which models of predicted value are fitted (LTV予測用サマリー).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        unit: The unit of time (default "day"); it is part of the table's definition. A "week" is
            seven days. With "calendar_week" (from Monday) or "month", several purchases in one
            period count once, and times are whole weeks or months of the calendar.
        calibration_end: The last day of the calibration period; with a calendar unit, the last day
            of a week or month. Adds the holdout columns.
        seasonality: The factors of demand (季節性) at whose pace the time of a model runs that is
            fitted to this summary. "auto" (default): those that `seasonality` finds in the orders
            up to the end of calibration, where they are more than chance; "none": time runs evenly;
            or factors of your own, see `cycle`. Recency and T stay by the calendar.
        covariates: Columns of customers to add, for a fit with covariates (顧客属性): of the
            customers table (sex, age), or `first_` columns (first_channel). Default: none.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer: customer_id, frequency (repeat purchase days), recency (first to last
        purchase), T (first purchase to the end), monetary_value (mean revenue per repeat purchase
        day; null at frequency 0), ln_gaps (sum of the logarithms of the gaps, for models of regular
        gaps), own_ln_gaps (the same in the time of the seasons; not with "none" or a unit of the
        calendar); with `calibration_end` holdout_frequency, holdout_duration and
        holdout_monetary_value; then the columns of `covariates`. The note `seasons` has the
        factors, why there are some or none, and the last day of their data.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> summary = crm.clv_summary(orders, unit="week", calibration_end="2025-06-30")
        >>> summary.columns[-3:]
        ['holdout_frequency', 'holdout_duration', 'holdout_monetary_value']
    """
    options = {
        "unit": unit,
        "calibration_end": calibration_end,
        "seasonality": seasonality,
        "covariates": covariates,
    }
    return call("clv_summary", orders, as_of, {**options, **scope})


def monthly(
    orders: Orders,
    as_of: AsOf = None,
    *,
    period: Literal["day", "week", "month", "quarter", "year"] | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Revenue by month, of new and repeat customers (月次推移).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        period: The period. Default: month.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per period: month (its first day), customers, orders, revenue, new_customers,
        new_revenue, repeat_customers, repeat_revenue, guest_orders, guest_revenue.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> years = crm.monthly(orders, period="year")
        >>> [str(day) for day in years["month"]]
        ['2023-01-01', '2024-01-01', '2025-01-01']
    """
    options = {
        "period": period,
    }
    return call("monthly", orders, as_of, {**options, **scope})
