"""Perks: tiers, entitlements, points, coupons and referrals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call, chosen, frame
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, CouponScope, Date, Length, ScopeWithoutOccasion, Where


def entitlements(
    orders: Orders,
    as_of: AsOf = None,
    *,
    rules: Sequence[Mapping[str, Any]] | None = None,
    used: str | None = None,
    tiers: Sequence[Mapping[str, Any]] | None = None,
    measure: Literal["amount", "orders"] | None = None,
    window: Length | None = None,
    review: Literal["monthly", "yearly", "anniversary", "never"] | None = None,
    review_month: int | None = None,
    grace: Length | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """What customers have earned by rules, used, and can still use (特典).

    A rule is a mapping with `name` and one of `orders` (so many orders), `amount` (so much money,
    major units), `nth` (the n-th order) and `tier` (a tier of `tiers`). Further keys: `where` (the
    orders and lines that count, as in the scope), `window` (days within which it is to be reached),
    `repeat` (earned again and again), `valid` (days for which it can be used) and `code` (what the
    column `used` says; default: the name).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        rules: The rules. They have no default.
        used: The column of orders that says which perk an order used. Default: none, not known.
        tiers: The tiers that rules name, as for `tiers`. Default: none.
        measure, window, review, review_month, grace: As for `tiers`, of the tiers.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer and rule: customer_id, perk, perks_earned, earned_on (the last),
        perks_used and perks_expired (null without `used`), perks_usable, usable_until (the last day
        on which all of these can be used), to_next_amount, to_next_orders, message and message_ja
        (what can be used, else what is missing).

    Raises:
        SchemaError: A column that the orders do not have.
        OptionError: A rule contradicts itself; the error names its path.

    Example:
        >>> rules = [{"name": "gift", "orders": 5, "repeat": True}]
        >>> crm.entitlements(orders, "2025-06-30", rules=rules).to_dict()["message_ja"][0]
        'あと3回の購入でgift'
    """
    options = {"rules": None if rules is None else list(rules), "used": used}
    tier_rules = _tier_rules(tiers, measure, window, review, review_month, grace)
    return call("entitlements", orders, as_of, {**options, **tier_rules, **scope})


def tiers(
    orders: Orders,
    as_of: AsOf = None,
    *,
    tiers: Sequence[Mapping[str, Any]] | None = None,
    measure: Literal["amount", "orders"] | None = None,
    window: Length | None = None,
    review: Literal["monthly", "yearly", "anniversary", "never"] | None = None,
    review_month: int | None = None,
    grace: Length | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """The tier of each customer, what is missing to the next, and when it is lost (会員ランク).

    A customer rises on the day on which the orders of the window reach a tier, and can fall at a
    review only.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        tiers: The tiers, lowest first, each a mapping with `name` and `from`, the least amount in
            major units or number of orders. They have no default.
        measure: What `from` is: "amount" (default) or "orders".
        window: The days whose orders are seen (default 365).
        review: When customers can fall: on the first day of each month ("monthly"), of one month
            ("yearly", default), when the tier was reached a year ago, two years ago and so on
            ("anniversary"), or not at all ("never").
        review_month: The month of a yearly review (default 1).
        grace: Days after a review for which a tier is kept (default 0).
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer with an order: customer_id, tier (null below the lowest), tier_since,
        reached_by (up or down), window_amount, window_orders, next_tier, missing_amount,
        missing_orders, review_at (when it can be lost), falls_at and falls_to (when it is lost
        without a further order, and the tier after that). The notes count customers by tier.

    Raises:
        OptionError: Tiers that do not ascend, or options that contradict each other.

    Example:
        >>> ranks = [{"name": "silver", "from": 10_000}, {"name": "gold", "from": 50_000}]
        >>> found = crm.tiers(orders, "2025-06-30", tiers=ranks)
        >>> [one["tier"] for one in found.notes["customers_by_tier"]]
        [None, 'silver', 'gold']
    """
    rules = _tier_rules(tiers, measure, window, review, review_month, grace)
    return call("tiers", orders, as_of, {**rules, **scope})


def tier_forecast(
    orders: Orders,
    as_of: AsOf = None,
    *,
    horizon: Length | None = None,
    tiers: Sequence[Mapping[str, Any]] | None = None,
    measure: Literal["amount", "orders"] | None = None,
    window: Length | None = None,
    review: Literal["monthly", "yearly", "anniversary", "never"] | None = None,
    review_month: int | None = None,
    grace: Length | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Which customers fall or rise until a day, and what they would need (会員ランクの見込み).

    The outlook takes the customer's own pace: what was bought in the window, evenly. It is no
    model and has no probability.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        horizon: Days ahead (default 90).
        tiers, measure, window, review, review_month, grace: As for `tiers`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer with an order: customer_id, tier, forecast_on (the day ahead), outlook
        (rises, falls, at_risk: falls without an order but not at the pace, stays), window_amount,
        window_orders, amount_left and orders_left (of these, still in the window on that day),
        keep_amount and keep_orders (needed to keep the tier), next_tier, rise_amount and
        rise_orders (needed for it), falls_at (null if after that day).

    Raises:
        OptionError: Tiers that do not ascend, or options that contradict each other.

    Example:
        >>> ranks = [{"name": "silver", "from": 10_000}, {"name": "gold", "from": 50_000}]
        >>> ahead = crm.tier_forecast(orders, "2025-12-01", horizon=31, tiers=ranks)
        >>> sorted(set(ahead.to_dict()["outlook"]))
        ['at_risk', 'falls', 'rises', 'stays']
    """
    rules = _tier_rules(tiers, measure, window, review, review_month, grace)
    return call("tier_forecast", orders, as_of, {"horizon": horizon, **rules, **scope})


def _tier_rules(
    tiers: Sequence[Mapping[str, Any]] | None,
    measure: str | None,
    window: Length | None,
    review: str | None,
    review_month: int | None,
    grace: Length | None,
) -> dict[str, Any]:
    """The tiers and when customers move."""
    return {
        "tiers": None if tiers is None else list(tiers),
        "measure": measure,
        "window": window,
        "review": review,
        "review_month": review_month,
        "grace": grace,
    }


def points(
    orders: Any,
    as_of: AsOf = None,
    *,
    points: int | None = None,
    per: float | None = None,
    rounding: Literal["floor", "nearest", "ceil"] | None = None,
    valid: Length | None = None,
    used: str | None = None,
    overdraw: Literal["error", "count"] | None = None,
    until: Date | None = None,
    value: float | None = None,
    currency: str | None = None,
    soon: Length | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Points earned, used, expired and left, and what the shop owes (ポイント).

    Points are used and expire in the order in which they were earned (FIFO).

    Args:
        orders: The orders; or a frame with a row per movement: customer_id, occurred_at (a date or
            a time), kind (earned, used, expired, adjusted; in capitals or not, or in Japanese),
            points, and expires_at (the last day on which earned points can be used).
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import. Not for a
            frame.
        points: Points for each `per` of an order's amount (default 1).
        per: The amount, major units, for which they are earned (default 100).
        rounding: How parts of a point of an order are rounded: "floor" (default), "nearest" (halves
            up) or "ceil".
        valid: Days for which earned points can be used. Default: for ever.
        used: The column of orders with the points that an order used. Default: none are used.
        overdraw: A movement that takes more points than there are is an error ("error", default),
            or counted, with a balance below 0 ("count").
        until: Of a frame: the last day whose movements count. Default: the last movement's.
        value: What a point is worth, major units (default 1).
        currency: Of a frame: the currency of `value`, which it needs.
        soon: Days after the date within which points are shown as expiring (default 30). Only of
            points that can expire: with `valid`, or a column expires_at.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per customer: customer_id, points_earned, points_used, points_expired,
        points_adjusted (below 0 what refunds at their own date took back), point_balance (earned +
        adjusted − used − expired), points_expiring, next_expiry, liability (the balance's value).
        The notes have the totals, and count movements that took too much.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: A cell is no movement, or takes more points than there are.
        OptionError: An option is out of range, or says nothing about these data.

    Example:
        >>> moves = {
        ...     "customer_id": ["anne", "anne"],
        ...     "occurred_at": ["2026-01-05", "2026-02-01"],
        ...     "kind": ["earned", "used"],
        ...     "points": [300, 120],
        ... }
        >>> float(crm.points(moves, currency="JPY")["liability"][0])
        180.0
    """
    rules = _point_rules(points, per, rounding, valid, used, overdraw, until)
    options = {"value": value, "currency": currency, "soon": soon}
    return call("points", _movements(orders), as_of, {**rules, **options, **scope})


def point_movements(
    orders: Any,
    as_of: AsOf = None,
    *,
    points: int | None = None,
    per: float | None = None,
    rounding: Literal["floor", "nearest", "ceil"] | None = None,
    valid: Length | None = None,
    used: str | None = None,
    overdraw: Literal["error", "count"] | None = None,
    until: Date | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """The statement of each customer's points, with what expired (ポイント履歴).

    Args:
        orders: The orders, or a frame of movements, as for `points`.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import. Not for a
            frame.
        points, per, rounding, valid, used, overdraw, until: As for `points`.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per movement, by customer and time: customer_id, moved_on, movement (earned, used,
        expired, adjusted), point_change, balance_after.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: A cell is no movement, or takes more points than there are.
        OptionError: An option is out of range, or says nothing about these data.

    Example:
        >>> moves = {
        ...     "customer_id": ["anne", "anne"],
        ...     "occurred_at": ["2026-01-05", "2026-02-01"],
        ...     "kind": ["earned", "used"],
        ...     "points": [300, 120],
        ...     "expires_at": ["2026-01-31", None],
        ... }
        >>> crm.point_movements(moves, overdraw="count").to_dict()["point_change"]
        [300, -300, -120]
    """
    rules = _point_rules(points, per, rounding, valid, used, overdraw, until)
    return call("point_movements", _movements(orders), as_of, {**rules, **scope})


def _point_rules(
    points: int | None,
    per: float | None,
    rounding: str | None,
    valid: Length | None,
    used: str | None,
    overdraw: str | None,
    until: Date | None,
) -> dict[str, Any]:
    """How points are earned and used."""
    return {
        "points": points,
        "per": per,
        "rounding": rounding,
        "valid": valid,
        "used": used,
        "overdraw": overdraw,
        "until": None if until is None else str(until)[:10],
    }


def coupon_effect(
    orders: Orders,
    as_of: AsOf = None,
    *,
    coupon: str | None = None,
    periods: Mapping[str, Sequence[Date]] | None = None,
    held_out: Where | None = None,
    offered: Where | None = None,
    confidence: float | None = None,
    **scope: Unpack[CouponScope],
) -> Table:
    """What coupons brought and cost, and which share would have bought anyway (クーポン効果).

    With people who were held out by chance, the share is their rate of buyers over that of the
    people who were offered the coupon. Without them, it is the mean probability that redeemers buy
    within the coupon's time by their own purchase cycle until the day before: a prediction, and
    rather too low, because who redeems is often about to buy.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        coupon: The column of orders with the coupon (default "coupon"); null or blank for none.
        periods: The first and the last day of coupons, by name; what was redeemed at other times
            is left out and counted. Default: of the first and of the last redemption.
        held_out: Conditions on columns of customers: who was held out by chance. Default: none.
        offered: Conditions on columns of customers: who was offered the coupons; together with
            `held_out`. Default: none.
        confidence: Confidence level of the interval (default 0.95).
        **scope: Keys of the scope: where, policy; see `CouponScope`.

    Returns:
        One row per coupon: coupon, starts_on, ends_on, redeemed (orders), redeemers (customers),
        new_redeemers (whose first order it was), revenue, discount_given, anyway_by (held_out or
        own_cycle), anyway_known (customers the share is of), anyway_share (with anyway_share_low
        and anyway_share_high, null by the own cycle).

    Raises:
        SchemaError: A column that the orders do not have.
        OptionError: More than 100 coupons, or an option that contradicts another.

    Example:
        >>> crm.coupon_effect(orders, "2025-06-30", coupon="channel").columns[:3]
        ['coupon', 'starts_on', 'ends_on']
    """
    options = {
        "coupon": coupon,
        "periods": None
        if periods is None
        else {name: [str(day)[:10] for day in days] for name, days in periods.items()},
        "held_out": held_out,
        "offered": offered,
        "confidence": confidence,
    }
    return call("coupon_effect", orders, as_of, {**options, **scope})


def referrals(
    orders: Orders,
    as_of: AsOf = None,
    *,
    referred_by: str | None = None,
    referrer_reward: float | None = None,
    referred_reward: float | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Who brought whom, what referred customers are worth, and the rewards (紹介).

    Referred customers are not chosen by chance, so a difference from the others is no effect of
    the programme.

    Args:
        orders: The orders, with a customers table.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        referred_by: The column of customers with the referrer's id, of the customers table, or
            `first_<column>` of the first order (default "referred_by").
        referrer_reward: What the referrer gets, major units (default 0).
        referred_reward: What the referred customer gets, major units (default 0).
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per referred customer: customer_id, referred_by, referral_flag (self, circular or
        unknown, which bring no reward), accepted (registered, or with an order), first_order_on,
        value_90, value_180 and value_365 (null until the days are over), others_90, others_180 and
        others_365 (mean of customers without a referrer of the same first month), referrer_reward,
        referred_reward. The notes count pairs by flag and add up the rewards.

    Raises:
        SchemaError: A column that the customers do not have.
        OptionError: A column of orders, or a reward between two minor units.

    Example:
        >>> people = {"id": ["a", "b"], "referred_by": [None, "a"]}
        >>> bought = {"customer_id": ["a", "b"], "ordered_at": ["2026-01-05"] * 2, "amount": [9, 7]}
        >>> members = crm.Customers(people, "id", dimensions=["referred_by"])
        >>> shop = crm.Orders(bought, currency="JPY", customers=members)
        >>> crm.referrals(shop, referrer_reward=500).notes["reward_cost"]
        500.0
    """
    options = {
        "referred_by": referred_by,
        "referrer_reward": referrer_reward,
        "referred_reward": referred_reward,
    }
    return call("referrals", orders, as_of, {**options, **scope})


def _movements(data: Any) -> Any:
    """Orders as they are; of a frame, the columns of movements."""
    if isinstance(data, Orders):
        return data
    frame(data, "customer_id")
    return chosen(data, ("customer_id", "occurred_at", "kind", "points", "expires_at"))
