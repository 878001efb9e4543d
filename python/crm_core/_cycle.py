"""Who is late, and who is about to buy? Purchase cycles, alerts, and how right they were before.

A date in the past gives what could be known then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call, frame
from ._orders import Orders
from ._request import document
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, Dates, Learned, LearnScope, Length, Scope, ScopeWithoutOccasion

    Seasonality = Mapping[int | Date, float]


def cycle(
    orders: Orders,
    as_of: Dates,
    *,
    within: Length | None = None,
    return_within: Length | None = None,
    method: Literal["mean", "median", "last_gap", "fixed", "late_mean", "same_day"] | None = None,
    per: str | None = None,
    seasonality: Seasonality | None = None,
    learned: Learned | None = None,
    lost_by_churn_days: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """When each customer is expected next, and how late they are (最新予測購入日).

    A shop with few completed gaps has taught little: then dates are wide, as they should be.
    `probability_within` and `probability_alive` lean on priors there, and in a young shop (on a
    mean chance of 27 % to leave after a purchase). In simulated shops of 10 to 30 gaps they were up
    to a quarter too low (.276 said where .372 bought), while dates held.

    Dates are given a return, whenever that is: half of those who ever return have done so by
    `predicted_date`. Slow returners count in, so among customers who came within a few weeks it is
    late, and a rule of thumb may look better there. To plan for a period, or to compare dates with
    what came in one, say it: `return_within`.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        within: Horizon of `probability_within` (default 30 days; a number is days).
        return_within: The four dates are given a return in this time from `as_of` (null where that
            has less than one chance in a million). Default: given a return whenever. Not beside
            `method`, which has no law. A number is days.
        method: A rule of thumb instead of the model, for comparison; it gives dates only. Not
            beside `return_within`.
        per: What a row is about: "customer" (default); a column of orders or lines such as
            "product" (each customer with each of its values, 補充); or a column of customers, such
            as their company, rolled up from the orders of all who have it. Orders without a value,
            or with lines of none, are counted in ``notes["orders_without_value"]``.
        seasonality: Factors of the shop's demand by month (1 to 12) and by date: time runs so much
            faster on such days. ``{12: 2, 1: 0.5, "2026-11-27": 3}``; what is not said is 1.
        learned: What `learn` has given: of customers and with a seasonality of its own, so neither
            `per` nor `seasonality` can stand beside it. Default: fitted to these orders.
        lost_by_churn_days: Whether `churn_days` of silence make a customer lost whatever their own
            cycle. Default: no.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id (with `per`: also its column, or that instead and
        `customers`, how many it rolls up), gaps, last_date, predicted_date (by then half of those
        who return have returned), date_p10, date_p80, date_p90, probability_within,
        probability_alive, overdue_probability, level (ok 正常, due 購入時期, late 遅れ, churn_risk
        離脱傾向, lost 離脱).

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Source:
        Morris (1983), *JASA* 78; Platzer, Reutterer (2016), *Marketing Science* 35; Batislam,
        Denizel, Filiztekin (2007), *IJRM* 24: leaving after any order.

    Example:
        >>> table = crm.cycle(orders, "2025-06-30", within="2w")
        >>> dates = table["predicted_date"]
        >>> bool((table["date_p10"] <= dates).all() and (dates <= table["date_p90"]).all())
        True
    """
    options = {
        "within": within,
        "return_within": return_within,
        "method": method,
        "per": per,
        "seasonality": seasonality,
        "learned": document(learned),
        "lost_by_churn_days": lost_by_churn_days,
    }
    return call("cycle", orders, as_of, {**options, **scope})


def alerts(
    orders: Orders,
    as_of: Dates,
    *,
    since: Date | None = None,
    levels: Sequence[Literal["due", "late", "churn_risk", "lost"]] | None = None,
    lost_by_churn_days: bool | None = None,
    per: str | None = None,
    seasonality: Seasonality | None = None,
    learned: Learned | None = None,
    subscription_cycles: float | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers whose silence is longer than their cycle (離脱通知).

    Dates do not move until an order arrives where `learned` is the same from run to run, a document
    that is made anew once a month, say. Without it each run learns the shop anew.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        since: Only what changed after this day: the difference to a run as of that day. Without
            `learned` the shop is learnt anew each day, which may also lower a level: where gaps are
            few, a level that was reached after this day and lowered again by `as_of` is in neither
            run. Default: everybody who stands at a level asked for.
        levels: Levels asked for (default ``["churn_risk"]``). Who stands at lost is left out, and
            counted in ``notes["lost_left_out"]``, unless lost is among them.
        lost_by_churn_days: Whether `churn_days` of silence make a customer lost whatever their own
            cycle. Default: no.
        per, seasonality, learned: As for `cycle`.
        subscription_cycles: Cycles without a subscription order (kind sub_first or sub_renewal)
            after which a subscription (定期) counts as ended. The cycle is the median of the gaps
            after which the customer has renewed (of an even number the lower of the middle two);
            without a renewal, the median of all such gaps, or 31 days. Default 2: one delivery may
            be skipped.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per alert: alert_key (the same until the level changes or an order arrives),
        customer_id (with `per`: also its column, or that instead and `customers`), change, level,
        reached_on, last_date, silent_days, usual_gap_days, overdue_probability, expected_revenue
        (of the next 180 days), priority, reason_code, reason, reason_ja, next_level,
        next_level_date, counterfactual, counterfactual_ja (what comes next unless an order
        arrives), suppressed_by (why not to write to this customer now: opted_out, order_pending if
        the last order is pending, subscription_open if a subscription runs, whatever one-off orders
        came since).

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Example:
        >>> alerts = crm.alerts(orders, "2025-06-30", levels=["late", "churn_risk"])
        >>> sorted(set(alerts["level"].tolist()))
        ['churn_risk', 'late']
    """
    options = {
        "since": since,
        "levels": levels,
        "lost_by_churn_days": lost_by_churn_days,
        "per": per,
        "seasonality": seasonality,
        "learned": document(learned),
        "subscription_cycles": subscription_cycles,
    }
    return call("alerts", orders, as_of, {**options, **scope})


def likely_buyers(
    orders: Orders,
    as_of: Dates,
    *,
    within: Length | None = None,
    limit: int | None = None,
    per: str | None = None,
    seasonality: Seasonality | None = None,
    learned: Learned | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers ranked by what they are expected to spend soon (購入確度の高い顧客).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        within: How far to look (default 14 days; a number is days).
        limit: Only this many of those asked for, the best. Default: all.
        per, seasonality, learned: As for `cycle`.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer, by ascending id: customer_id (with `per`: also its column, or that
        instead and `customers`), rank (by expected revenue, 1 first, in the whole shop, also where
        `customers` of the scope asks for some), probability_within, expected_orders,
        expected_revenue, last_date, usual_gap_days, level.

    Raises:
        OptionError: An option is unknown or out of range, or `as_of` is missing.

    Example:
        >>> best = crm.likely_buyers(orders, "2025-06-30", within=14, limit=3)
        >>> sorted(best["rank"].tolist())
        [1, 2, 3]
    """
    options = {
        "within": within,
        "limit": limit,
        "per": per,
        "seasonality": seasonality,
        "learned": document(learned),
    }
    return call("likely_buyers", orders, as_of, {**options, **scope})


def learn(
    orders: Orders,
    as_of: AsOf,
    *,
    seasonality: Seasonality | None = None,
    **scope: Unpack[LearnScope],
) -> Table:
    """What the shop has taught, to be applied to anyone later (店舗の学習結果).

    Hand it as `learned=` to `rfm`, `cycle`, `alerts`, `likely_buyers` or `customer`: the table, or
    the document in its notes, ``learn(...).notes["learned"]``, a few kilobytes to store as JSON.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen. None is the date of the last
            order.
        seasonality: Factors of the shop's demand by month (1 to 12) and by date, which become part
            of what is learnt; see `cycle`.
        **scope: What analyses share: where, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `Scope`. `customers` is refused: `where` chooses whose orders teach.

    Returns:
        One row per number of the document: part, name, value.

    Raises:
        OptionError: An option is unknown or out of range.

    Example:
        >>> import json, crm_core as crm
        >>> shop = crm.simulate_orders(200, seed=7)
        >>> orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")
        >>> text = json.dumps(crm.learn(orders, "2025-06-30").notes["learned"])
        >>> len(text) < 5000
        True
    """
    return call("learn", orders, as_of, {"seasonality": seasonality, **scope})


def customer(
    orders: Orders,
    as_of: Dates,
    *,
    learned: Learned | None = None,
    within: Length | None = None,
    return_within: Length | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """All that can be said of a customer, with what the shop has taught (顧客カルテ).

    A call takes 0.3 to 0.4 ms for one customer, up to 0.8 ms where the document is of a shop of few
    gaps, and 0.02 ms for each of many.

    Args:
        orders: The orders of one customer, or of several.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. It must be given.
        learned: What `learn` has given. Default: the orders are a whole shop, which is learnt
            first.
        within: Horizon of `probability_within` (default 30 days; a number is days).
        return_within: The four dates are given a return in this time from `as_of`, as in `cycle`.
            Default: given a return whenever. A number is days.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id, first_date, last_date, orders, revenue, recency_days, r,
        f, m, rfm_segment, cpm_segment, cpm_state, gaps, predicted_date, date_p10, date_p80,
        date_p90, probability_within, probability_alive, overdue_probability, level, reached_on,
        reason_code, reason, reason_ja, next_level, next_level_date, counterfactual,
        counterfactual_ja, expected_purchases, expected_spend, clv (of the next 365 days, discounted
        by 10 % a year). What the document has no part for is null. The value is that of the model
        of purchases, whose chance of having left is its own: a customer lost by their cycle may
        have some.

    Raises:
        OptionError: An option is unknown or out of range, `as_of` is missing, or `learned` is of
            another currency or basis.

    Example:
        >>> learned = crm.learn(orders, "2025-06-30")
        >>> data = {"customer_id": ["a", "a"], "amount": [5_000, 7_000],
        ...         "ordered_at": ["2025-01-05", "2025-03-01"]}
        >>> one = crm.Orders(data, currency="JPY", timezone="Asia/Tokyo")
        >>> crm.customer(one, "2025-06-30", learned=learned)["recency_days"].tolist()
        [121]
    """
    options = {
        "learned": document(learned),
        "within": within,
        "return_within": return_within,
    }
    return call("customer", orders, as_of, {**options, **scope})


def backtest(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    follow: Length | None = None,
    seasonality: Seasonality | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Dates and probabilities predicted at earlier dates against what came (予測の検証).

    Nothing after an origin is seen. Rules of thumb stand beside the model, judged on the same
    customers: those who returned in the follow-up. That group holds early returners only, so the
    row to set beside the rules is ``model_followed``: the `predicted_date` of `cycle` with
    `return_within` the follow-up. On CDNOW it is below every rule at each origin. Method ``model``
    is the `predicted_date` without it, the median of all returns whenever they come, which is late
    for that group unless the follow-up is long (a year, say).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        origins: How many dates to predict from, at most (default 6); those before the first order
            are left out.
        step: Time between them (default 30 days; a number is days).
        within: Horizon of the probability (default 30 days; a number is days).
        follow: How long customers are followed after each origin. Default: to `as_of`, at least
            `within`. A number is days.
        seasonality: Factors of the shop's demand by month (1 to 12) and by date, as for `cycle`:
            what is judged is what `cycle` would have said with them.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and method: origin, method, customers, returned, mae_days,
        median_error_days, coverage_50, coverage_80, coverage_90, log_score, brier,
        calibration_slope, recalibrated_slope (after a logistic recalibration on earlier origins),
        expected_rate, observed_rate.

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon asked about.

    Source:
        Cox (1958), *Biometrika* 45 (calibration slope); Gneiting, Raftery (2007), *JASA* 102
        (scores).

    Example:
        >>> tested = crm.backtest(orders, origins=1, within=60)
        >>> "model_followed" in tested["method"].tolist()
        True
    """
    options = {
        "origins": origins,
        "step": step,
        "within": within,
        "follow": follow,
        "seasonality": seasonality,
    }
    return call("backtest", orders, as_of, {**options, **scope})


def backtest_calibration(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    follow: Length | None = None,
    seasonality: Seasonality | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Of those told 30 %, how many bought? The calibration table of `backtest` (予測確率の較正表).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        origins, step, within: As for `backtest`.
        follow: Moves the last origin back to that many days before `as_of`, so that the origins are
            those of a `backtest` with the same options. A number is days.
        seasonality: As for `backtest`.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and tenth of the probability: origin, probability_from, probability_to,
        customers, bought, expected_rate, observed_rate, observed_rate_low, observed_rate_high.

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon asked about.

    Example:
        >>> table = crm.backtest_calibration(orders, origins=1, within=60)
        >>> bool((table["bought"] <= table["customers"]).all())
        True
    """
    options = {
        "origins": origins,
        "step": step,
        "within": within,
        "follow": follow,
        "seasonality": seasonality,
    }
    return call("backtest_calibration", orders, as_of, {**options, **scope})


def backtest_alerts(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    follow: Length | None = None,
    k: Sequence[int] | None = None,
    seasonality: Seasonality | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Alerts at earlier dates against who did not come back (離脱通知の検証).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        origins: How many dates to judge at, at most (default 6); those before the first order are
            left out.
        step: Time between them (default 30 days; a number is days).
        follow: How long customers are followed: without an order in that time they are gone.
            Default: to `as_of`, at least 30 days. A number is days.
        k: Lengths of the lists that are cut at k (default ``[10, 100, 1000]``).
        seasonality: Factors of the shop's demand by month (1 to 12) and by date, as for `alerts`:
            what is judged is what `alerts` would have said with them.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per origin and rule, of lists per k: origin, rule, k, customers, gone, flagged,
        precision_rate, precision_rate_low, precision_rate_high (gone among the flagged),
        recall_rate, recall_rate_low, recall_rate_high (flagged among the gone), false_alarm_rate,
        false_alarm_rate_low, false_alarm_rate_high (flagged among those who returned), lead_days
        (how long before `churn_days` true alerts come).

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon asked about.

    Example:
        >>> crm.backtest_alerts(orders, origins=1, follow=90, k=[10]).columns[:4]
        ['origin', 'rule', 'k', 'customers']
    """
    options = {
        "origins": origins,
        "step": step,
        "follow": follow,
        "k": k,
        "seasonality": seasonality,
    }
    return call("backtest_alerts", orders, as_of, {**options, **scope})


def backtest_clv(
    orders: Orders,
    as_of: AsOf = None,
    *,
    origins: int | None = None,
    step: Length | None = None,
    within: Length | None = None,
    models: Sequence[Literal["nbd", "bg_nbd", "mbg_nbd", "bg_cnbd_k", "mbg_cnbd_k", "pareto_nbd"]]
    | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Purchases and revenue predicted at earlier dates against what came (LTV予測の検証).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        origins: How many dates to predict from, at most (default 6); those before the first order
            are left out.
        step: Time between them (default 30 days; a number is days).
        within: Time predicted from each (default 90 days; a number is days).
        models: Models of purchases (default ``["mbg_nbd"]``); spend is Gamma-Gamma.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per origin and method, the simple rules same_again, own_rate and shop_mean included:
        origin, method, customers, expected_purchases, actual_purchases, purchases_error_rate,
        mae_purchases, expected_revenue, actual_revenue, revenue_error_rate, mae_revenue,
        top_decile_share (of the revenue that came, from the tenth with most expected).

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon asked about.

    Example:
        >>> tested = crm.backtest_clv(orders, origins=1, within=90)
        >>> sorted(tested["method"].tolist())
        ['mbg_nbd', 'own_rate', 'same_again', 'shop_mean']
    """
    options = {"origins": origins, "step": step, "within": within, "models": models}
    return call("backtest_clv", orders, as_of, {**options, **scope})


def threshold_sweep(
    orders: Orders,
    as_of: AsOf = None,
    *,
    days: Sequence[int] | None = None,
    levels: Sequence[float] | None = None,
    follow: Length | None = None,
    margin: Length | None = None,
    seasonality: Seasonality | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Thresholds of churn side by side: how many each flags, who came back anyway (離脱基準の比較).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        days: Days of silence to try (default 60, 90, 120, 150, 180, 240, 300, 360).
        levels: Overdue probabilities to try (default 0.5, 0.8, 0.9, 0.95, 0.99).
        follow: How long customers are followed; the judgement is that many days before `as_of`
            (default 90 days; a number is days).
        margin: How near to the line is near (default 7 days; a number is days).
        seasonality: Factors of the shop's demand by month (1 to 12) and by date, as for `cycle`.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per threshold: origin, rule, threshold, customers, flagged, returned, returned_rate,
        returned_rate_low, returned_rate_high, others_returned_rate, others_returned_rate_low,
        others_returned_rate_high, near (those who change sides within `margin` days of silence),
        near_rate, near_rate_low, near_rate_high, near_returned_rate, near_returned_rate_low,
        near_returned_rate_high. Intervals are Wilson's, at 95 %.

    Raises:
        OptionError: An option is unknown or out of range.
        DataError: The history is shorter than the horizon asked about.

    Example:
        >>> sweep = crm.threshold_sweep(orders, days=[90, 180], levels=[])
        >>> sweep["threshold"].tolist()
        [90.0, 180.0]
    """
    options = {
        "days": days,
        "levels": levels,
        "follow": follow,
        "margin": margin,
        "seasonality": seasonality,
    }
    return call("threshold_sweep", orders, as_of, {**options, **scope})


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
    """What today's customers will bring in the next years, without new ones (新CPM, 年商倍率).

    Two methods side by side: a model of each customer, and the moves between CPM segments of the
    year before. The first rows are the forecast of a year ago, beside what came.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        years: Years of 365 days ahead (default 5).
        interval: Probability that the outcome lies between the low and the high column, if the
            method is right (default 0.8).
        draws: Draws for them (default 100).
        seed: Seed of the draws (default 0).
        money: Revenue below which a customer is steady, in major units or as
            ``{"mean_order_values": 7}``. Default: 70,000 yen; 7 mean order values elsewhere.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per origin, method and year: origin, method, year, until, customers, active (of
        them, those not churned by `churn_days` at the end of the year), active_low, active_high,
        retention_rate (of those active at the origin),
        retention_rate_low, retention_rate_high, reactivation_rate (of those churned then),
        reactivation_rate_low, reactivation_rate_high, expected_orders, expected_orders_low,
        expected_orders_high (purchase days), expected_revenue,
        expected_revenue_low, expected_revenue_high, revenue_multiple (revenue up to the end of the
        year by that of the year before the origin), actual_active, actual_orders, actual_revenue.
        Where a method has no forecast its cells are null, and ``notes["without_forecast"]`` has the
        origin, the method and the reason: no_repeat_customer, too_few_repeat_customers (the model
        needs two), no_customers_a_year_before (the moves between segments need a year before the
        origin), segments_not_seen_a_year_before (and one in which the segments of today were
        there).

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

    The open gap of each customer is censored.

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        weight: What weighs 1: each customer (default), or each gap, of which frequent buyers have
            more.
        gap: Only the gap of this number, 1 being from the first purchase to the second. Default:
            all.
        confidence: Confidence of the intervals (default 0.95).
        **scope: What analyses share: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per gap that occurs, in days: days, at_risk, events, survival_rate,
        survival_rate_low, survival_rate_high.

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


def gap_fits(
    orders: Orders,
    as_of: AsOf = None,
    *,
    weight: Literal["customer", "gap"] | None = None,
    gap: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[ScopeWithoutOccasion],
) -> Table:
    """Weibull and log-normal laws of the purchase gaps (購入間隔の分布).

    Args:
        orders: The orders.
        as_of: The civil date, inclusive, up to which orders are seen; a list of dates gives a first
            column `as_of`. Default: the last order's date of the whole import.
        weight, gap, confidence: As for `kaplan_meier`.
        **scope: What analyses share: where, customers, by, policy, basis, refunds, churn_days,
            churn_boundary; see `ScopeWithoutOccasion`.

    Returns:
        One row per law and parameter: family, parameter, value, standard_error, log_likelihood,
        aic, median_days, status.

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
    """Kaplan-Meier of durations that are there already: contracts, carts, tickets (生存曲線).

    Purchase gaps are found, and clustered by customer, by `kaplan_meier`.

    Args:
        data: A frame with a column `duration` (at least 0, in any unit); `observed`, true where it
            ended in the event and false where it is still open (without it all ended); `entry`,
            when observation began (late entry, default 0); `weight`, how many such rows one stands
            for (default 1).
        confidence: Confidence of the intervals (default 0.95).
        interval: The scale of the intervals: "log_log" (default), "log" or "plain".
        quantiles: Shares that have had the event, for the notes `quantiles` and
            `quantile_intervals` (default 0.1, 0.25, 0.5, 0.75, 0.9).

    Returns:
        One row per duration that occurs: duration, at_risk, events, survival_rate,
        survival_rate_low, survival_rate_high. The notes have quantiles and their intervals.

    Raises:
        OptionError: An option is out of range.
        SchemaError: There is no column `duration`, or it holds no numbers.
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
