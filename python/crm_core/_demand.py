"""How much will be sold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from datetime import date

    from ._types import AsOf, DemandScope


def demand(
    orders: Orders,
    as_of: AsOf = None,
    *,
    horizon: int | None = None,
    per: str | None = None,
    measure: Literal["orders", "quantity", "revenue"] | None = None,
    frequency: Literal["day", "week", "month"] | None = None,
    calendar: Mapping[str | date, float] | None = None,
    split: Literal["none", "new_repeat"] | None = None,
    bottom_up: bool | None = None,
    **scope: Unpack[DemandScope],
) -> Table:
    """How much will be sold in the next days, weeks or months (需要予測).

    A series has one value per period of the shop's civil calendar. Its method is chosen by the
    errors of forecasts from earlier dates, and the intervals are quantiles of these errors. A
    period that is not over at `as_of` is left out and is the first one that is forecast.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        horizon: Periods ahead, 1 to 400 (default 28).
        per: What a series is of: "shop" (default), "product", "category" or any other column.
        measure: What is forecast: orders (default), units ("quantity", a column of whole numbers
            among the `dimensions`), or revenue in major units.
        frequency: The length of a period (default "day"); weeks begin on Monday.
        calendar: Factors of demand of known days by date: 0 for a closed day, 1.5 for a sale of
            half as much again. Past days count as well as days to come.
        split: "new_repeat" forecasts first orders of customers apart from later ones.
        bottom_up: Whether the sum of all series is a series too, "(all)".
        **scope: Keys of the scope: where, by, policy, basis, refunds; see `DemandScope`.

    Returns:
        One row per series and period: series, part (with `split`), period (its first day),
        expected, low_80 and high_80, low_95 and high_95 (null where too few errors are known),
        method, error (MASE of the method at earlier dates, of intermittent series RMSSE; below 1
        is better than repeating the last season). The notes count series, methods, rows without an
        interval and days of `calendar` outside of all periods; of days `a_year_ago_known` says
        whether errors at this time of the year are known.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range.

    Source:
        Hyndman and others (2008), *Forecasting with Exponential Smoothing*; Fiorucci and others
        (2016), *International Journal of Forecasting* 32.

    Example:
        >>> days = [f"2026-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
        >>> orders = crm.Orders(
        ...     {"customer_id": [1] * 84, "ordered_at": days, "amount": [500] * 84}, currency="JPY"
        ... )
        >>> crm.demand(orders, horizon=2).to_dict()["expected"]
        [1.0, 1.0]
    """
    options = {
        "horizon": horizon,
        "per": per,
        "measure": measure,
        "frequency": frequency,
        "calendar": calendar,
        "split": split,
        "bottom_up": bottom_up,
    }
    return call("demand", orders, as_of, {**options, **scope})
