"""Segmentation: scores, portfolios and groups of customers.

Every function takes orders and a date and gives a `Table`. Options that are not given have the
library's defaults, which are in the table's definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._request import document
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, Learned, Scope, ScopeWithoutOccasion


def rfm(
    orders: Orders,
    as_of: AsOf = None,
    *,
    mode: Literal["quantile", "threshold", "frozen"] | None = None,
    levels: int | None = None,
    ties: Literal["lower", "mid", "upper"] | None = None,
    monetary: Literal["revenue", "mean_order_value"] | None = None,
    window_days: int | None = None,
    preset: Literal["uchide_repeat", "uchide_general"] | None = None,
    cuts: Mapping[str, Sequence[float | None]] | None = None,
    learned: Learned | None = None,
    grid: Sequence[Mapping[str, Any]] | None = None,
    prospects: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """RFM scores (RFM分析): how recently, how often and for how much each customer bought.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        mode: How scores are computed: by rank ("quantile"), by fixed cuts ("threshold"), or by cuts
            computed at another date ("frozen": the `cuts` in the notes of an earlier table).
            Default: "threshold" with `cuts` or a `preset`, "frozen" with `learned`, else
            "quantile".
        levels: Score levels per axis, 2 to 10 (default 5). The best customers score ``levels``.
        ties: The rank that equal customers share (default "lower"). Their scores are always equal.
        monetary: The monetary axis. Default: revenue.
        window_days: Only orders of this many last days, `as_of` included. Default: all history.
        preset: Cuts of threshold mode by name (うちでのこづち); for yen.
        cuts: For each axis (recency, frequency, monetary) the values from which scores 2, 3, …
            begin; money in major units.
        learned: A document made by `learn`, whose cuts are applied.
        grid: A grid of your own instead of the eleven segments: ``{"segment": name, "r": (lo, hi),
            "f": ..., "m": ..., "f_plus_m": ...}``. A grid with overlaps or gaps is refused.
        prospects: Whether each customer of the customers table without an order has a row. Default:
            no.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id, recency_days, orders, revenue, r, f, m, segment. The cuts
        that were used are in the notes.

    Raises:
        OptionError: An option is unknown or out of range.

    Source:
        Hughes, A. M. (1994). *Strategic Database Marketing* (quintiles).

    Example:
        >>> scores = crm.rfm(orders, "2025-06-30")
        >>> sorted(set(scores["r"].tolist()))
        [1, 2, 3, 4, 5]
        >>> scores.notes["cuts"].keys() >= {"recency", "frequency", "monetary"}
        True
    """
    options = {
        "mode": mode,
        "levels": levels,
        "ties": ties,
        "monetary": monetary,
        "window_days": window_days,
        "preset": preset,
        "cuts": cuts,
        "learned": document(learned),
        "grid": grid,
        "prospects": prospects,
    }
    return call("rfm", orders, as_of, {**options, **scope})


def rfm_segments(
    orders: Orders,
    as_of: AsOf = None,
    *,
    mode: Literal["quantile", "threshold", "frozen"] | None = None,
    levels: int | None = None,
    ties: Literal["lower", "mid", "upper"] | None = None,
    monetary: Literal["revenue", "mean_order_value"] | None = None,
    window_days: int | None = None,
    preset: Literal["uchide_repeat", "uchide_general"] | None = None,
    cuts: Mapping[str, Sequence[float | None]] | None = None,
    learned: Learned | None = None,
    grid: Sequence[Mapping[str, Any]] | None = None,
    prospects: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers and revenue of each RFM segment (RFMセグメント).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        mode, levels, ties, monetary, window_days, preset, cuts, learned, grid, prospects: As for
            `rfm`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per segment: segment, customers, revenue, customer_share, revenue_share.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> segments = crm.rfm_segments(orders, ["2025-05-31", "2025-06-30"])
        >>> segments.columns
        ['as_of', 'segment', 'customers', 'revenue', 'customer_share', 'revenue_share']
    """
    options = {
        "mode": mode,
        "levels": levels,
        "ties": ties,
        "monetary": monetary,
        "window_days": window_days,
        "preset": preset,
        "cuts": cuts,
        "learned": document(learned),
        "grid": grid,
        "prospects": prospects,
    }
    return call("rfm_segments", orders, as_of, {**options, **scope})


def rfm_cross(
    orders: Orders,
    as_of: AsOf = None,
    *,
    rows: Literal["r", "f", "m"] | None = None,
    columns: Literal["r", "f", "m"] | None = None,
    slice: bool | None = None,
    rfm: Mapping[str, Any] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """The RFM cross table (RFMクロス集計): customers and revenue by two score axes.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        rows: The axis of rows. Default: recency.
        columns: The axis of columns. Default: frequency.
        slice: Whether to slice by the third axis. Default: no.
        rfm: How customers are scored: the options of the function `rfm`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per cell, empty ones included, best scores first: the axes (r, f, m), customers,
        revenue, customer_share, revenue_share.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> len(crm.rfm_cross(orders, rows="r", columns="f", rfm={"levels": 3}))
        9
    """
    options = {
        "rows": rows,
        "columns": columns,
        "slice": slice,
        "rfm": rfm,
    }
    return call("rfm_cross", orders, as_of, {**options, **scope})


def cpm(
    orders: Orders,
    as_of: AsOf = None,
    *,
    toddler_days: int | None = None,
    trend_days: int | None = None,
    money: float | Mapping[str, float] | None = None,
    boundary: Literal["exclusive", "inclusive"] | None = None,
    preset: Literal["ltv_lab", "ltv_lab_120"] | None = None,
    prospects: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """The customer portfolio (顧客ポートフォリオ, CPM分析): segment and state of each customer.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        toddler_days: Tenure in days below which a customer is a toddler (よちよち). Default 90.
        trend_days: Tenure in days below which a big customer is a trend (流行). Default 210.
        money: Revenue below which a customer is steady (コツコツ), in major units, or
            ``{"mean_order_values": n}``. Default: 70,000 yen; 7 mean order values in other
            currencies.
        boundary: Whether a customer exactly on a boundary is in the higher segment ("exclusive",
            the default) or in the lower ("inclusive").
        preset: Churn days by a vendor's convention, 240 or 120, instead of the scope's.
        prospects: Whether to include customers without an order that counts (見込み, トライアル).
            Default: yes.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id, segment, state (active 現役, churned 離脱), orders,
        tenure_days, revenue, recency_days, days_until_churn (null once churned), and the distances
        to the boundaries: toddler_distance_days, trend_distance_days, money_distance.

    Raises:
        OptionError: An option is unknown or out of range.
        OptionError: A currency other than yen without `money`.

    Example:
        >>> portfolio = crm.cpm(orders, money=50_000)
        >>> sorted(set(portfolio["state"].tolist()))
        ['active', 'churned']
    """
    options = {
        "toddler_days": toddler_days,
        "trend_days": trend_days,
        "money": money,
        "boundary": boundary,
        "preset": preset,
        "prospects": prospects,
    }
    return call("cpm", orders, as_of, {**options, **scope})


def cpm_segments(
    orders: Orders,
    as_of: AsOf = None,
    *,
    toddler_days: int | None = None,
    trend_days: int | None = None,
    money: float | Mapping[str, float] | None = None,
    boundary: Literal["exclusive", "inclusive"] | None = None,
    preset: Literal["ltv_lab", "ltv_lab_120"] | None = None,
    prospects: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers and revenue of each CPM segment and state (CPM分析).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        toddler_days, trend_days, money, boundary, preset, prospects: As for `cpm`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per segment and state: segment, state, customers, revenue, customer_share,
        revenue_share, mean_tenure_days.

    Raises:
        OptionError: An option is unknown or out of range.
        OptionError: A currency other than yen without `money`.

    Example:
        >>> segments = crm.cpm_segments(orders)
        >>> int(segments["customers"].sum()) == len(crm.cpm(orders))
        True
    """
    options = {
        "toddler_days": toddler_days,
        "trend_days": trend_days,
        "money": money,
        "boundary": boundary,
        "preset": preset,
        "prospects": prospects,
    }
    return call("cpm_segments", orders, as_of, {**options, **scope})


def decile(
    orders: Orders,
    as_of: AsOf = None,
    *,
    groups: int | None = None,
    tie_safe: bool | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Customers in ten groups by revenue (デシル分析), the best in group 1.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        groups: The number of groups, 2 to 100. Default 10.
        tie_safe: Whether customers of equal revenue have the same group. Default: no.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer: customer_id, revenue, decile.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> sorted(set(crm.decile(orders, groups=4)["decile"].tolist()))
        [1, 2, 3, 4]
    """
    options = {"groups": groups, "tie_safe": tie_safe}
    return call("decile", orders, as_of, {**options, **scope})


def abc(
    orders: Orders,
    as_of: AsOf = None,
    *,
    a_share: float | None = None,
    b_share: float | None = None,
    tie_safe: bool | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Customers in classes A, B, C by their share of revenue (ABC分析).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        a_share: A customer is in A while the share before the customer is below this. Default 0.7.
        b_share: A customer is in B while the share before the customer is below this. Default 0.9.
        tie_safe: Whether customers of equal revenue have the same class. Default: no.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer: customer_id, revenue, abc.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> sorted(set(crm.abc(orders)["abc"].tolist()))
        ['A', 'B', 'C']
    """
    options = {"a_share": a_share, "b_share": b_share, "tie_safe": tie_safe}
    return call("abc", orders, as_of, {**options, **scope})


def lorenz(
    orders: Orders,
    as_of: AsOf = None,
    *,
    points: int | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Concentration of revenue: Lorenz curve (ローレンツ曲線) and Gini coefficient (ジニ係数).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        points: Steps of the curve, 1 to 10,000. Default 100.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per point: share_customers, share_revenue, gini (the same in every row). All are
        null if a customer's revenue is negative or the sum is zero.

    Raises:
        OptionError: An option is unknown or out of range.

    Source:
        Gini, C. (1912), in the form of Dixon et al. (1987), *Ecology* 68(5).

    Example:
        >>> crm.lorenz(orders, points=4).columns
        ['share_customers', 'share_revenue', 'gini']
    """
    return call("lorenz", orders, as_of, {"points": points, **scope})


def movement(
    orders: Orders,
    as_of: AsOf = None,
    *,
    since: Date | None = None,
    scheme: Literal["cpm", "rfm"] | None = None,
    cpm: Mapping[str, Any] | None = None,
    rfm: Mapping[str, Any] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers who moved between segments from one date to another (セグメント移動).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        since: The earlier date. Required.
        scheme: The segmentation. Default: "cpm".
        cpm: Options of the function `cpm`.
        rfm: Options of the function `rfm`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per flow: source, target, kind (step up 引上げ, step down, churn 離脱, reactivation
        復帰), customers, revenue.

    Raises:
        OptionError: An option is unknown or out of range, or `since` is missing.

    Example:
        >>> moves = crm.movement(orders, "2025-06-30", since="2025-03-31")
        >>> moves.columns
        ['source', 'target', 'kind', 'customers', 'revenue']
    """
    options = {"since": since, "scheme": scheme, "cpm": cpm, "rfm": rfm}
    return call("movement", orders, as_of, {**options, **scope})
