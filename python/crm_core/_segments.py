"""Segments: customers who meet conditions on orders, the customers table and any analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from ._conditions import Tree
from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Scope, SegmentScope


def segment(
    orders: Orders,
    as_of: AsOf = None,
    *,
    where: Tree | None = None,
    explain: bool | None = None,
    **scope: Unpack[SegmentScope],
) -> Table:
    """Customers who meet conditions (条件による顧客抽出).

    The conditions may name orders, the customers table, and columns of any analysis with one row
    per customer; each analysis runs once. A condition on a field without a value does not hold,
    unless it asks for that.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        where: The conditions: a `Condition` made with `field`, or the same as a mapping. Default:
            everyone.
        explain: Whether all customers have a row, with the condition that decided. Default: no.
        **scope: Keys of the scope: customers, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `SegmentScope`.

    Returns:
        One row per customer of the segment: customer_id, and the fields under their names; with
        `explain` one row per customer with selected and decided_by, the path of the condition that
        was evaluated last.

    Raises:
        OptionError: A field, an operator or a value that there is not; the error names its path.

    Example:
        >>> good = crm.field("rfm.segment").isin(["champions", "loyal"])
        >>> quiet = crm.field("orders.count", days=60) == 0
        >>> crm.segment(orders, "2025-06-30", where=good & quiet).columns
        ['customer_id', 'rfm.segment', 'orders.count_60d']
    """
    options = {"where": where, "explain": explain}
    return call("segment", orders, as_of, {**options, **scope})


def segment_sizes(
    orders: Orders,
    as_of: AsOf = None,
    *,
    segments: Mapping[str, Tree] | None = None,
    overlaps: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers and revenue of several segments, or of their overlaps (抽出条件ごとの顧客数).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        segments: The conditions of each segment by its name, up to 64. Default: everyone.
        overlaps: Whether a row is a combination of segments, with the customers who are in exactly
            these. Default: no.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per segment, or per combination that occurs: segment, customers, revenue.

    Raises:
        OptionError: A field, an operator or a value that there is not; the error names its path.

    Example:
        >>> often = crm.field("orders.count") >= 5
        >>> lately = crm.field("orders.last_date") > "-90d"
        >>> both = {"often": often, "lately": lately}
        >>> sizes = crm.segment_sizes(orders, segments=both, overlaps=True)
        >>> sizes.to_dict()["segment"]
        ['lately', 'often', 'lately & often']
    """
    options = {"segments": segments, "overlaps": overlaps}
    return call("segment_sizes", orders, as_of, {**options, **scope})


def segment_sweep(
    orders: Orders,
    as_of: AsOf = None,
    *,
    where: Tree | None = None,
    vary: str | None = None,
    values: Sequence[float] | None = None,
    **scope: Unpack[SegmentScope],
) -> Table:
    """Size of a segment as one of its values moves (抽出条件の値ごとの顧客数).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        where: The conditions, as of `segment`. Default: customers with one order or more.
        vary: The path of the number in the conditions that moves: ``"all.1.ge"``,
            ``"all.0.days"``, ``"ge.quantile"``. Default: ``"ge"``.
        values: The values that it takes. Default: 1 to 5.
        **scope: Keys of the scope: customers, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `SegmentScope`.

    Returns:
        One row per value: value, customers, revenue.

    Raises:
        OptionError: A path without a number; the error lists the paths that there are.

    Example:
        >>> often = crm.field("orders.count", days=365) >= 2
        >>> sizes = crm.segment_sweep(orders, where=often, vary="days", values=[30, 90, 365])
        >>> sizes["value"].tolist()
        [30.0, 90.0, 365.0]
    """
    options = {"where": where, "vary": vary, "values": values}
    return call("segment_sweep", orders, as_of, {**options, **scope})


def segment_history(
    orders: Orders,
    as_of: AsOf = None,
    *,
    where: Tree | None = None,
    step: Literal["day", "week", "month", "quarter", "year"] | None = None,
    **scope: Unpack[SegmentScope],
) -> Table:
    """Customers who entered a segment, left it and stayed in it (抽出条件の顧客数の推移).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`: a history. Default: the date of the last order of the whole import.
        where: The conditions, as of `segment`. Default: everyone.
        step: How far before `as_of` the earlier date is (default a month); ends of months are
            compared with ends of months.
        **scope: Keys of the scope: customers, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `SegmentScope`.

    Returns:
        One row: since (the earlier date), customers, entered, left, stayed, revenue.

    Raises:
        OptionError: A field, an operator or a value that there is not; the error names its path.

    Example:
        >>> lost = crm.field("cpm.state") == "churned"
        >>> months = crm.month_ends("2025-04-01", "2025-06-30")
        >>> history = crm.segment_history(orders, months, where=lost)
        >>> (history["customers"] == history["entered"] + history["stayed"]).all()
        np.True_
    """
    options = {"where": where, "step": step}
    return call("segment_history", orders, as_of, {**options, **scope})
