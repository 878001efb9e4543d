"""Behaviour on the site: sessions, exits, funnels, abandoned carts, paths between pages.

Every function takes events and a moment and gives a `Table`. Options that are not given have the
library's defaults, which are in the table's definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._events import Events
from ._library import call
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, Dates, EventScope, EventWhere, Length, PageScope


def sessions(
    events: Events,
    as_of: AsOf = None,
    *,
    timeout: Length | None = None,
    split_at_midnight: bool | None = None,
    split_on_campaign: bool | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """Sessions (セッション): time, entry and exit page, channel, conversion.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        split_at_midnight: Whether midnight in the shop's zone ends a session.
        split_on_campaign: Whether a change of campaign ends a session.
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per session: visitor_id, session, started_at, ended_at, views, entry_page,
        exit_page, channel, converted, duration_seconds, events, campaign, referrer, customer_id;
        columns of data that the events lack are left out.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Source:
        Thirty minutes, and the rules of midnight and campaign, are conventions of Google Analytics.

    Example:
        >>> visits = crm.sessions(events)
        >>> int(visits["events"].sum()) == len(events)
        True
    """
    options = {
        "timeout": timeout,
        "split_at_midnight": split_at_midnight,
        "split_on_campaign": split_on_campaign,
    }
    return call("sessions", events, as_of, {**options, **scope})


def page_exits(
    events: Events,
    as_of: AsOf = None,
    *,
    timeout: Length | None = None,
    split_at_midnight: bool | None = None,
    split_on_campaign: bool | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """Exits by page (ページ別離脱率・直帰率), intervals clustered by visitor.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        timeout, split_at_midnight, split_on_campaign: As for `sessions`.
        **scope: Keys of the scope: where, by; see `PageScope`.

    Returns:
        One row per page: page, views, sessions, entries, exits, exit_rate, exit_rate_low,
        exit_rate_high, exit_rate_sessions, exit_rate_sessions_low, exit_rate_sessions_high,
        bounces, bounce_rate, bounce_rate_low, bounce_rate_high, timed_views, mean_seconds, and
        mean_<measure>.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> crm.page_exits(events).columns[:5]
        ['page', 'views', 'sessions', 'entries', 'exits']
    """
    options = {
        "timeout": timeout,
        "split_at_midnight": split_at_midnight,
        "split_on_campaign": split_on_campaign,
    }
    return call("page_exits", events, as_of, {**options, **scope})


def funnel(
    events: Events,
    as_of: AsOf = None,
    *,
    steps: Sequence[str | Mapping[str, Any]],
    window: Length | None = None,
    mode: Literal["ordered", "strict", "unordered", "first_then_any", "any_k"] | None = None,
    per: Literal["visitor", "session", "customer"] | None = None,
    exclude: Sequence[Mapping[str, Any]] | None = None,
    exclude_scope: Literal["chain", "unit"] | None = None,
    strict_increase: bool | None = None,
    reuse: bool | None = None,
    count: Literal["units", "episodes"] | None = None,
    entered: Mapping[Literal["from", "to"], Date] | None = None,
    series: Literal["day", "week", "month", "quarter", "year"] | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """How many units take a list of steps within a time (ファネル分析), and where the others stop.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        steps: Up to 32 steps: a kind, as the log's word or as its meaning in `kinds`, or conditions
            such as ``{"kind": "view", "page": "/"}`` with further keys `name`, `optional`, and
            `min_gap` and `max_gap` (time since the step before). A step that no event of the log
            meets is refused, unless it is optional.
        window: Time from the first to the last step, inclusive (default "7d"; a number is days).
        mode: "ordered" (default, any events between the steps), "strict" (no events between),
            "unordered", "first_then_any" (the first step first, the others in any order), or
            "any_k" (any k of the steps).
        per: The unit that takes the steps.
        exclude: Events that are forbidden between steps: conditions, with further keys `after_step`
            and `before_step`. Next to an optional step that was skipped they are forbidden between
            the neighbouring filled steps.
        exclude_scope: What an excluded event ends: the "chain" it comes between (default), or the
            whole "unit", which is then in no step.
        strict_increase: Whether time must pass from step to step. Default: no.
        reuse: Whether one event may fill several steps. Default: no.
        count: "units" once each (default), or all their "episodes".
        entered: The days on which the first step may happen, ``{"from": ..., "to": ...}``.
        series: Count by the "day", "week", "month", "quarter" or "year" in which the chain started.
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        **scope: Keys of the scope: where, by; see `PageScope`.

    Returns:
        One row per step: entered (with `series`), step, name, reached, dropped, still_open, rate
        (without units still open), rate_low, rate_high, median_seconds, p90_seconds,
        median_seconds_from_start.

    Raises:
        OptionError: An option is unknown or out of range, or no event of the log meets a step.

    Example:
        >>> import crm_core as crm
        >>> log = {
        ...     "visitor_id": [1, 1, 2],
        ...     "occurred_at": ["2026-03-01T10:00", "2026-03-01T10:05", "2026-03-01T11:00"],
        ...     "kind": ["view", "purchase", "view"],
        ... }
        >>> events = crm.Events(log, timezone="UTC")
        >>> crm.funnel(events, steps=["view", "purchase"])["reached"].tolist()
        [2, 1]
    """
    options = {
        "steps": steps,
        "window": window,
        "mode": mode,
        "per": per,
        "exclude": exclude,
        "exclude_scope": exclude_scope,
        "strict_increase": strict_increase,
        "reuse": reuse,
        "count": count,
        "entered": entered,
        "series": series,
        "timeout": timeout,
    }
    return call("funnel", events, as_of, {**options, **scope})


def sequences(
    events: Events,
    as_of: AsOf = None,
    *,
    steps: Sequence[str | Mapping[str, Any]],
    window: Length | None = None,
    per: Literal["visitor", "session", "customer"] | None = None,
    exclude: Sequence[Mapping[str, Any]] | None = None,
    ignore_others: bool | None = None,
    timeout: Length | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """Which units took a list of steps in order (行動シーケンス), and how often.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        steps: Up to 32 steps: a kind, as the log's word or as its meaning in `kinds`, or conditions
            such as ``{"kind": "view", "page": "/"}`` with further keys `adjacent` (no event since
            the step before), `min_gap` and `max_gap` (time since the step before, inclusive). A
            step that no event of the log meets is refused.
        window: Time from the first to the last step, inclusive (default any; a number is days).
        per: The unit that takes the steps: the "visitor" (default), a "session" or the "customer".
        exclude: Events that are forbidden between steps: conditions, with further keys `after_step`
            and `before_step`.
        ignore_others: Whether events that meet no step and no exclusion are ignored, so that they
            may lie between adjacent steps. Default: no.
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per unit that has events: visitor_id (with ``per="customer"`` customer_id), session
        (with ``per="session"``), matched (bool), matches (int32, without overlap),
        first_started_at, first_ended_at, last_ended_at.

    Raises:
        OptionError: An option is unknown or out of range, or no event of the log meets a step.

    Source:
        ClickHouse documentation, `sequenceMatch` and `sequenceCount`. There ``(?1)(?2)`` is a
        second step that is `adjacent`, with `ignore_others`.

    Example:
        >>> log = {
        ...     "visitor_id": [1, 1, 1, 1, 2],
        ...     "occurred_at": [f"2026-03-01T10:0{i}" for i in range(5)],
        ...     "kind": ["view", "search", "purchase", "view", "view"],
        ... }
        >>> events = crm.Events(log, timezone="UTC")
        >>> crm.sequences(events, steps=["view", "purchase"])["matches"].tolist()
        [1, 0]
        >>> at_once = {"kind": "purchase", "adjacent": True}
        >>> crm.sequences(events, steps=["view", at_once])["matches"].tolist()
        [0, 0]
    """
    options = {
        "steps": steps,
        "window": window,
        "per": per,
        "exclude": exclude,
        "ignore_others": ignore_others,
        "timeout": timeout,
    }
    return call("sequences", events, as_of, {**options, **scope})


def sequence_totals(
    events: Events,
    as_of: AsOf = None,
    *,
    steps: Sequence[str | Mapping[str, Any]],
    window: Length | None = None,
    per: Literal["visitor", "session", "customer"] | None = None,
    exclude: Sequence[Mapping[str, Any]] | None = None,
    ignore_others: bool | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """How many units took a list of steps in order, how often and how fast (行動シーケンス集計).

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        steps, window, per, exclude, ignore_others, timeout: As for `sequences`.
        **scope: Keys of the scope: where, by; see `PageScope`.

    Returns:
        One row, or one for each part of `by`: units (with events), matched_units, match_rate,
        match_rate_low, match_rate_high, matches (without overlap), median_seconds and p90_seconds
        (first to last event of a match).

    Raises:
        OptionError: An option is unknown or out of range, or no event of the log meets a step.

    Example:
        >>> totals = crm.sequence_totals(events, steps=["view", "purchase"], by=["first_channel"])
        >>> totals.columns[:4]
        ['first_channel', 'units', 'matched_units', 'match_rate']
    """
    options = {
        "steps": steps,
        "window": window,
        "per": per,
        "exclude": exclude,
        "ignore_others": ignore_others,
        "timeout": timeout,
    }
    return call("sequence_totals", events, as_of, {**options, **scope})


def cart_abandonment(
    events: Events,
    as_of: AsOf = None,
    *,
    window: Length | None = None,
    recovery: Length | None = None,
    by: Sequence[str] | None = None,
    **scope: Unpack[EventWhere],
) -> Table:
    """Cart abandonment (カゴ落ち): rate, stage, value lost and recovered.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        window: Inactivity after which a cart is abandoned (default "60min"; a number is days).
        recovery: Time in which an order recovers an abandoned cart (default "7d"; a number is
            days).
        by: Columns to break down by: product, hour, or any category of events. They come first.
        **scope: where; see `EventWhere`.

    Returns:
        One row, or one for each part of `by`: carts, abandoned, recovered, abandonment_rate,
        abandonment_rate_low, abandonment_rate_high, ordered, emptied, abandoned_cart,
        abandoned_checkout, abandoned_payment, value_lost, value_recovered.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> carts = crm.cart_abandonment(events).to_dict()
        >>> carts["carts"][0] == carts["ordered"][0] + carts["emptied"][0] + carts["abandoned"][0]
        True
    """
    options = {"window": window, "recovery": recovery, "by": by}
    return call("cart_abandonment", events, as_of, {**options, **scope})


def cart_follow_ups(
    events: Events,
    as_of: Dates,
    *,
    window: Length | None = None,
    max_age: Length | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """Abandoned carts to follow up (カゴ落ちフォロー), and reasons not to write to visitors.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`.
        window: Inactivity after which a cart is abandoned (default "60min"; a number is days).
        max_age: Carts whose last activity is longer ago are not listed (default "3d"; a number is
            days).
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per cart: visitor_id, customer_id, cart, started_at, last_activity_at, abandoned_at,
        stage, products, quantity, amount, suppressed_by (null for carts to follow up).

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> carts = crm.cart_follow_ups(events, "2026-03-01", max_age="30d")
        >>> carts.columns[:3]
        ['visitor_id', 'customer_id', 'cart']
    """
    options = {"window": window, "max_age": max_age}
    return call("cart_follow_ups", events, as_of, {**options, **scope})


def cart_items(
    events: Events,
    as_of: Dates,
    *,
    window: Length | None = None,
    max_age: Length | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """The products in the carts to follow up (カゴ落ち商品).

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`.
        window, max_age: As for `cart_follow_ups`.
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per product: visitor_id, cart, product, quantity, amount, added_at, suppressed_by.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> crm.cart_items(events, "2026-03-01", max_age="30d").columns[:4]
        ['visitor_id', 'cart', 'product', 'quantity']
    """
    options = {"window": window, "max_age": max_age}
    return call("cart_items", events, as_of, {**options, **scope})


def browse_rates(
    events: Events,
    as_of: AsOf = None,
    *,
    wait: Length | None = None,
    recovery: Length | None = None,
    by: Sequence[str] | None = None,
    **scope: Unpack[EventWhere],
) -> Table:
    """The share of product views that are not followed by a cart or order (閲覧落ち率).

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        wait: Time without cart, checkout or order after the view (default "24h"; a number is days).
        recovery: Time in which an order recovers an abandoned browse (default "7d"; a number is
            days).
        by: Columns to break down by: product, hour, or any category of events. They come first.
        **scope: where; see `EventWhere`.

    Returns:
        One row, or one for each part of `by`: browses, abandoned_browses, recovered_browses,
        browse_abandonment_rate, browse_abandonment_rate_low, browse_abandonment_rate_high,
        carted_browses, ordered_browses.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> rates = crm.browse_rates(events, by=["channel"])
        >>> rates.columns[:4]
        ['channel', 'browses', 'abandoned_browses', 'recovered_browses']
    """
    options = {"wait": wait, "recovery": recovery, "by": by}
    return call("browse_rates", events, as_of, {**options, **scope})


def browse_abandonment(
    events: Events,
    as_of: Dates,
    *,
    wait: Length | None = None,
    recent_order: Length | None = None,
    reentry: Length | None = None,
    max_age: Length | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """Visitors who viewed products and put none in the cart (閲覧落ち).

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`.
        wait: Time without cart, checkout or order after the view (default "24h"; a number is days).
        recent_order: Visitors who ordered within this time are suppressed (default "10d"; a number
            is days).
        reentry: Time until a visitor may enter again (default "14d"; a number is days).
        max_age: Entries longer ago are not listed (default "3d"; a number is days).
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per visitor: visitor_id, customer_id, product, viewed_at, abandoned_at,
        product_views, suppressed_by (null for visitors to follow up).

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> crm.browse_abandonment(events, "2026-03-01").columns[:4]
        ['visitor_id', 'customer_id', 'product', 'viewed_at']
    """
    options = {"wait": wait, "recent_order": recent_order, "reentry": reentry, "max_age": max_age}
    return call("browse_abandonment", events, as_of, {**options, **scope})


def transitions(
    events: Events,
    as_of: AsOf = None,
    *,
    of: Literal["page", "product", "kind"] | None = None,
    order: int | None = None,
    steps: int | None = None,
    collapse_repeats: bool | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """Counts of transitions between pages, products or kinds (ページ遷移).

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        of: What the nodes of a path are (default "page").
        order: 1 (default), or 2 to count transitions by the previous node too.
        steps: Count by position in the session, up to this position: the data of a Sankey diagram.
        collapse_repeats: Whether repeats of a node in a row count once.
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        **scope: Keys of the scope: where, by; see `PageScope`.

    Returns:
        One row per transition: step (with `steps`), before (of order 2), source, target, count,
        probability; "(start)" and "(end)" are nodes.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> log = {
        ...     "visitor_id": [1, 1, 2],
        ...     "occurred_at": ["2026-03-01T10:00", "2026-03-01T10:05", "2026-03-01T11:00"],
        ...     "kind": ["view", "view", "view"],
        ...     "page": ["/", "/cart", "/"],
        ... }
        >>> pages = crm.transitions(crm.Events(log, page="page", timezone="UTC")).to_dict()
        >>> list(zip(pages["source"], pages["target"], pages["count"]))
        [('(start)', '/', 2), ('/', '/cart', 1), ('/', '(end)', 1), ('/cart', '(end)', 1)]
    """
    options = {
        "of": of,
        "order": order,
        "steps": steps,
        "collapse_repeats": collapse_repeats,
        "timeout": timeout,
    }
    return call("transitions", events, as_of, {**options, **scope})


def top_paths(
    events: Events,
    as_of: AsOf = None,
    *,
    of: Literal["page", "product", "kind"] | None = None,
    length: int | None = None,
    limit: int | None = None,
    collapse_repeats: bool | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """The most frequent paths of sessions (主要経路), and their conversion rates.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        of: What the nodes of a path are (default "page").
        length: Nodes of a path, 1 to 10 (default 5).
        limit: Paths to list (default 20).
        collapse_repeats: Whether repeats of a node in a row count once (default True).
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        **scope: Keys of the scope: where, by; see `PageScope`.

    Returns:
        One row per path: rank, path, sessions, share, conversions, conversion_rate,
        conversion_rate_low, conversion_rate_high.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> crm.top_paths(events, length=2, limit=3)["rank"].tolist()
        [1, 2, 3]
    """
    options = {
        "of": of,
        "length": length,
        "limit": limit,
        "collapse_repeats": collapse_repeats,
        "timeout": timeout,
    }
    return call("top_paths", events, as_of, {**options, **scope})


def page_influence(
    events: Events,
    as_of: AsOf = None,
    *,
    of: Literal["page", "product", "kind"] | None = None,
    max_pages: int | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """The probability of a purchase from each page (ページ別購入確率), and its removal effect.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        of: What the nodes of a path are (default "page").
        max_pages: The number of nodes with their own rows (default 200); the rest is "(other)".
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        **scope: Keys of the scope: where, by; see `PageScope`.

    Returns:
        One row per page: page, views, purchase_probability, visit_probability, removal_effect.

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Source:
        Kemeny, Snell (1960), *Finite Markov Chains*, ch. 3; Anderl et al. (2016), *IJRM* 33 (the
        removal effect).

    Example:
        >>> influence = crm.page_influence(events)
        >>> influence["page"][0], float(influence["visit_probability"][0])
        ('(start)', 1.0)
    """
    options = {"of": of, "max_pages": max_pages, "timeout": timeout}
    return call("page_influence", events, as_of, {**options, **scope})


def visits_after_purchase(
    events: Events,
    as_of: AsOf = None,
    *,
    per: Literal["visitor", "customer"] | None = None,
    timeout: Length | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """Buyers, and the days since their last visit after the purchase (購入後の来訪).

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        per: Visitors (default), or customers with all their visitors.
        timeout: Inactivity after which the next event opens a new session (default "30min"; a
            number is days).
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per buyer: visitor_id or customer_id, last_purchase_at, visits, last_visit_at,
        days_since_visit (null without a later visit).

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Example:
        >>> crm.visits_after_purchase(events).columns
        ['visitor_id', 'last_purchase_at', 'visits', 'last_visit_at', 'days_since_visit']
    """
    options = {"per": per, "timeout": timeout}
    return call("visits_after_purchase", events, as_of, {**options, **scope})


def purchase_intent(
    events: Events,
    as_of: Dates,
    *,
    half_life: Length | None = None,
    horizon: Length | None = None,
    weights: Mapping[str, float] | None = None,
    min_purchases: int | None = None,
    **scope: Unpack[EventScope],
) -> Table:
    """The probability that each visitor buys soon (購入意向スコア), from recent behaviour.

    Args:
        events: The events.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`.
        half_life: Time in which an event loses half of its weight (default "7d"; a number is days).
        horizon: Time in which the purchase is predicted (default "7d"; a number is days).
        weights: The weight of each kind.
        min_purchases: Buyers (and others) that the calibration needs (default 100).
        **scope: Keys of the scope: where, customers, by; see `EventScope`.

    Returns:
        One row per visitor: visitor_id, customer_id, last_event_at, score, purchase_probability
        (null without enough history).

    Raises:
        OptionError: An option is unknown or out of range, or a kind that is needed is missing.

    Source:
        Ayer et al. (1955), *Annals of Mathematical Statistics* 26 (the monotone calibration).

    Example:
        >>> scores = crm.purchase_intent(events, "2026-03-01", half_life="7d", weights={"add": 5})
        >>> scores.columns
        ['visitor_id', 'customer_id', 'last_event_at', 'score', 'purchase_probability']
    """
    options = {
        "half_life": half_life,
        "horizon": horizon,
        "weights": weights,
        "min_purchases": min_purchases,
    }
    return call("purchase_intent", events, as_of, {**options, **scope})
