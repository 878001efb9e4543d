"""Survival curves of gaps between purchases and of other durations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call, frame
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Scope, ScopeWithoutOccasion


def kaplan_meier(
    orders: Orders,
    as_of: AsOf = None,
    *,
    weight: Literal["customer", "gap"] | None = None,
    gap: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Share of purchase gaps longer than t days (購入間隔の生存曲線).

    The open gap of each customer counts as censored.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        weight: What has weight 1: each customer (default), or each gap; frequent buyers have more
            gaps.
        gap: Only the gap of this number; 1 is from the first purchase to the second. Default: all.
        confidence: Confidence of the intervals (default 0.95).
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per distinct gap, in days: days, at_risk, events, survival_rate, survival_rate_low,
        survival_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.

    Source:
        Kaplan, Meier (1958), *JASA* 53; standard errors clustered by customer: Williams (1995),
        *Lifetime Data Analysis* 1.

    Example:
        >>> curve = crm.kaplan_meier(orders, weight="gap")
        >>> bool((curve["survival_rate"][1:] <= curve["survival_rate"][:-1]).all())
        True
    """
    options = {"weight": weight, "gap": gap, "confidence": confidence}
    return call("kaplan_meier", orders, as_of, {**options, **scope})


def purchase_gaps(
    orders: Orders,
    as_of: AsOf = None,
    **scope: Unpack[Scope],
) -> Table:
    """Each gap between purchases of each customer, the open one too (購入間隔一覧).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per gap: customer_id, gap (1 is from the first purchase to the second), days, ended
        (false for the open gap, of which a customer has one, up to `as_of`).

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> gaps = crm.purchase_gaps(orders)
        >>> int((~gaps["ended"]).sum()) == len(crm.summary(orders))
        True
    """
    return call("purchase_gaps", orders, as_of, {**scope})


def gap_fits(
    orders: Orders,
    as_of: AsOf = None,
    *,
    weight: Literal["customer", "gap"] | None = None,
    gap: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Weibull and log-normal distributions fitted to the purchase gaps (購入間隔の分布).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        weight, gap, confidence: As for `kaplan_meier`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per distribution and parameter: family, parameter, value, standard_error,
        log_likelihood, aic, median_days, status.

    Raises:
        OptionError: An option is unknown or out of range.

    Source:
        Lawless, J. F. (2003). *Statistical Models and Methods for Lifetime Data*, 2nd ed., ch. 5.

    Example:
        >>> sorted(set(crm.gap_fits(orders)["family"].tolist()))
        ['log_normal', 'weibull']
    """
    options = {"weight": weight, "gap": gap, "confidence": confidence}
    return call("gap_fits", orders, as_of, {**options, **scope})


def survival_curve(
    data: Any,
    *,
    confidence: float | None = None,
    interval: Literal["log_log", "log", "plain"] | None = None,
    quantiles: Sequence[float] | None = None,
) -> Table:
    """Kaplan-Meier curve of given durations: contracts, carts, tickets (生存曲線).

    For purchase gaps, clustered by customer, use `kaplan_meier`.

    Args:
        data: A frame with a column `duration` (at least 0, in any unit); `observed`, true if it
            ended in the event and false if it is still open (without this column all ended);
            `entry`, when observation began (late entry, default 0); `weight`, the number of such
            rows (default 1).
        confidence: Confidence of the intervals (default 0.95).
        interval: The scale of the intervals: "log_log" (default), "log" or "plain".
        quantiles: Shares that have had the event, for the notes `quantiles` and
            `quantile_intervals` (default 0.1, 0.25, 0.5, 0.75, 0.9).

    Returns:
        One row per distinct duration: duration, at_risk, events, survival_rate, survival_rate_low,
        survival_rate_high. The notes have quantiles and their intervals.

    Raises:
        OptionError: An option is out of range.
        SchemaError: There is no column `duration`, or it is not numeric.
        DataError: A duration is negative or missing.

    Example:
        >>> import crm_core as crm
        >>> contracts = {"duration": [3, 5, 5, 8], "observed": [True, True, False, False]}
        >>> crm.survival_curve(contracts)["survival_rate"].tolist()
        [0.75, 0.5, 0.5]

    Source:
        Kaplan, Meier (1958), *JASA* 53.
    """
    chosen = (
        data if isinstance(data, Table) else frame(data, "duration", "observed", "entry", "weight")
    )
    options = {"confidence": confidence, "interval": interval, "quantiles": quantiles}
    return call("survival_curve", chosen, None, options)
