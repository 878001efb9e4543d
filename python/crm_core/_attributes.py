"""Who buys what: attributes of customers and orders, two of them crossed, and their products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, AttributeScope, BuyerScope, Length, ScopeWithoutChurn


def attributes(
    orders: Orders,
    as_of: AsOf = None,
    *,
    by: Sequence[str] | None = None,
    within: Length | None = None,
    confidence: float | None = None,
    **scope: Unpack[AttributeScope],
) -> Table:
    """Which customers buy, buy again and cancel, by any attribute (属性別分析).

    Each rate has its interval, and a shrunk estimate that draws a value with few customers towards
    all: a prefecture of three customers does not lead the list. Sort by the shrunk rates.

    Args:
        orders: The orders, with a customers table for `purchase_rate`.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        by: The columns whose values are the rows: of the customers table, `first_` columns, or
            columns of orders (default ["channel"]). A missing value is a value of its own.
        within: The time in which a second purchase counts for `repeat_rate` (default "90d").
        confidence: Confidence of the intervals (default 0.95).
        **scope: Keys of the scope: where, customers, policy, basis, refunds, occasion; see
            `AttributeScope`.

    Returns:
        One row per value: the columns of `by` (default channel), registered (customers of the
        customers table; null without one and in columns of orders), buyers, purchase_rate,
        purchase_rate_low, purchase_rate_high, purchase_rate_shrunk, purchase_rate_shrunk_low,
        purchase_rate_shrunk_high, index (100 is the purchase rate of all), repeaters (buyers with
        two purchases or more), repeat_rate (Kaplan-Meier), repeat_rate_low, repeat_rate_high,
        repeat_rate_shrunk, repeat_rate_shrunk_low, repeat_rate_shrunk_high, placed (orders,
        cancelled ones included), cancelled, cancel_rate, cancel_rate_low, cancel_rate_high,
        cancel_rate_shrunk, cancel_rate_shrunk_low, cancel_rate_shrunk_high, orders, revenue,
        mean_order_value, revenue_per_buyer, share (of the revenue). Orders without a customer are
        left out.

    Raises:
        SchemaError: A column is missing.
        OptionError: An option is unknown or out of range, or a column of `by` is of lines.

    Source:
        Kleinman (1973), *JASA* 68; Gelman (2006), *Bayesian Analysis* 1.

    Example:
        >>> table = crm.attributes(orders, by=["channel"])
        >>> best = table.sort("repeat_rate_shrunk", descending=True)
        >>> sum(table.to_dict()["share"])
        1.0
    """
    options = {"by": by, "within": within, "confidence": confidence}
    return call("attributes", orders, as_of, {**options, **scope})


def cross(
    orders: Orders,
    as_of: AsOf = None,
    *,
    rows: str | None = None,
    columns: str | None = None,
    value: Literal["orders", "customers", "revenue"] | None = None,
    **scope: Unpack[ScopeWithoutChurn],
) -> Table:
    """Two attributes against each other (クロス集計).

    The notes have the test of independence: chi_squared, df, p, cramers_v.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        rows: The column of the rows: any column of customers, orders or lines (default "channel").
        columns: The column of the columns (default "kind").
        value: What shares and expectations are of: "orders" (default), "customers" or "revenue".
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds; see
            `ScopeWithoutChurn`.

    Returns:
        One row per combination, also those without orders: row, column, customers, orders, revenue,
        row_share, column_share, expected (if both were independent), residual (standardised; beyond
        ±2 is rarely chance).

    Raises:
        SchemaError: A column is missing.
        OptionError: An option is unknown, or both columns are one.

    Example:
        >>> table = crm.cross(orders, rows="channel", columns="first_channel").to_dict()
        >>> {*table["row"]} == {*table["column"]}
        True
    """
    options = {"rows": rows, "columns": columns, "value": value}
    return call("cross", orders, as_of, {**options, **scope})


def attribute_products(
    orders: Orders,
    as_of: AsOf = None,
    *,
    by: Sequence[str] | None = None,
    level: str | None = None,
    min_count: int | None = None,
    free: bool | None = None,
    **scope: Unpack[BuyerScope],
) -> Table:
    """Products that the customers of an attribute buy more than others (属性別特徴商品).

    Args:
        orders: The orders, with products.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        by: The columns whose values are the groups, as for `attributes` (default ["channel"]).
        level: The column of items: "product" (default), "category", or any column of lines or
            orders with ids or texts.
        min_count: The least number of buyers of the item in the group (default 5).
        free: Whether items whose amounts add up to 0 (gifts, samples) count. Default: no.
        **scope: Keys of the scope: where, customers, policy; see `BuyerScope`.

    Returns:
        One row per group and item: the columns of `by` (default channel), product, buyers, share
        (of the group's buyers), share_elsewhere, index (100 is average), log_odds (drawn towards 0
        for rare items), z. Ordered by group, then z.

    Raises:
        SchemaError: A column is missing.
        OptionError: An option is unknown or out of range.

    Source:
        Monroe, Colaresi, Quinn (2008), *Political Analysis* 16.

    Example:
        >>> table = crm.attribute_products(orders, by=["first_channel"], level="channel").to_dict()
        >>> min(table["buyers"]) >= 5
        True
    """
    options = {"by": by, "level": level, "min_count": min_count, "free": free}
    return call("attribute_products", orders, as_of, {**options, **scope})
