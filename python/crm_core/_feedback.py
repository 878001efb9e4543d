"""Feedback: what customers answered and complained of, and what they did then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ._library import call, frame, listed
from ._orders import Orders
from ._request import date
from ._table import Table

if TYPE_CHECKING:
    from ._types import Date, Dates, FeedbackScope

_COMPLAINTS = ("customer_id", "order_id", "answered_at", "shop")


def survey(
    data: Any,
    *,
    by: str | None = None,
    promoter: float | None = None,
    detractor: float | None = None,
    top: float | None = None,
    scale: Sequence[float] | None = None,
    min_n: int | None = None,
    confidence: float | None = None,
) -> Table:
    """Answers to a survey: mean, top box and net promoter score (アンケート集計・NPS).

    Args:
        data: A frame with a row per answer: score, question if there are several, and the column
            in `by`. A row without a score is no answer.
        by: A column whose values make groups. Default: none.
        promoter: The least score of a promoter (default 9).
        detractor: The greatest score of a detractor (default 6).
        top: The least score of the top box (default 9).
        scale: The least and the greatest score that can be given (default [0, 10]).
        min_n: Groups of fewer answers show only their number (default 10).
        confidence: Confidence level of the intervals (default 0.95).

    Returns:
        One row per question and group: question (if there is such a column), group (with `by`),
        answers, response_rate, mean_score (with mean_score_low and mean_score_high), top_share
        (with top_share_low and top_share_high), promoters, passives, detractors, nps (with nps_low
        and nps_high).

    Raises:
        SchemaError: No column `score`, or not of numbers.
        DataError: A score outside `scale`.
        OptionError: An option is out of range.

    Source:
        Reichheld (2003), *The one number you need to grow*, Harvard Business Review.

    Example:
        >>> answers = {"score": [10] * 60 + [8] * 25 + [3] * 15}
        >>> row = crm.survey(answers)
        >>> float(row["nps"][0]), round(float(row["nps_low"][0]), 4)
        (45.0, 30.4976)
    """
    options = {
        "by": by,
        "promoter": promoter,
        "detractor": detractor,
        "top": top,
        "scale": None if scale is None else list(scale),
        "min_n": min_n,
        "confidence": confidence,
    }
    groups = () if by is None else (by,)
    return call("survey", frame(data, "score", "question", *groups), None, options)


def reviews(
    data: Any,
    *,
    prior_weight: float | None = None,
    until: Date | None = None,
    recent_days: int | None = None,
    bad: float | None = None,
    scale: Sequence[float] | None = None,
    confidence: float | None = None,
) -> Table:
    """Reviews of each product, drawn towards the shop's mean (レビュー集計).

    A product of one review of 5 does not lead the list: its Bayesian average is
    ``(C * mean + n * own) / (C + n)``, where C reviews of the shop's mean are added. C is estimated
    from how much products differ, or given.

    Args:
        data: A frame with a row per review: product, score and, if there is such a column,
            reviewed_at. A row without a score is not counted.
        prior_weight: C, above 0. Default: estimated from the reviews.
        until: The date up to which reviews count. Default: all.
        recent_days: Days before `until`, or before the last review, that are recent (default 90).
        bad: The greatest score of a bad review (default 2).
        scale: The least and the greatest score that can be given (default [1, 5]).
        confidence: Confidence level of the intervals (default 0.95).

    Returns:
        One row per product: product, reviews, mean_score, bayesian_average (with
        bayesian_average_low and bayesian_average_high), bad_share (with bad_share_low and
        bad_share_high), and with reviewed_at recent_reviews and trend, the mean of recent less that
        of earlier reviews (with trend_low and trend_high).

    Raises:
        SchemaError: No column `product` or `score`, or not of names and numbers.
        DataError: A score outside `scale`, a review without a product.
        OptionError: An option is out of range.

    Source:
        Gelman and others (2013), *Bayesian Data Analysis*, section 5.4; Bühlmann and Straub (1970).

    Example:
        >>> rows = {"product": ["a"] + ["b"] * 50 + ["c"] * 50 + ["d"] * 50,
        ...         "score": [5] + [5, 5, 5, 2, 5] * 10 + [5, 3, 4, 2, 5] * 20}
        >>> table = crm.reviews(rows).to_dict()
        >>> table["mean_score"]
        [5.0, 4.4, 3.8, 3.8]
        >>> table["bayesian_average"][0] < table["bayesian_average"][1]
        True
    """
    options = {
        "prior_weight": prior_weight,
        "until": None if until is None else date("until", until),
        "recent_days": recent_days,
        "bad": bad,
        "scale": None if scale is None else list(scale),
        "confidence": confidence,
    }
    return call("reviews", frame(data, "product", "score", "reviewed_at"), None, options)


def satisfaction_churn(
    orders: Orders,
    as_of: Dates | None = None,
    *,
    answers: Any = None,
    within: int | None = None,
    bands: Sequence[float] | None = None,
    confidence: float | None = None,
    **scope: Unpack[FeedbackScope],
) -> Table:
    """Churn and revenue after an answer to a survey, by band of scores (満足度と離脱).

    Of each customer the last answer counts that is at least `within` days ago and came after an
    order.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order.
        answers: A frame with a row per answer: customer_id, answered_at, score. It must be given. A
            time without a zone is on the clocks of the shop.
        within: Days after the answer in which purchases count (default 90).
        bands: The greatest scores of all bands but the last (default [6, 8]: 0 to 6, 7 and 8, 9 and
            10).
        confidence: Confidence level of the intervals (default 0.95).
        **scope: Keys of the scope: where, policy, basis, refunds; see `FeedbackScope`.

    Returns:
        One row per band with an answer: band, score_above, score_up_to, customers, churn_rate, the
        share without an order in these days (with churn_rate_low and churn_rate_high),
        revenue_per_customer in major units (with revenue_per_customer_low and
        revenue_per_customer_high). Notes count answers that did not count.

    Raises:
        DataError: A cell of the answers that cannot be read.
        OptionError: No answers, a column that is not read, an option out of range.

    Example:
        >>> who = crm.summary(orders, "2025-01-31").to_dict()["customer_id"][:40]
        >>> answers = {"customer_id": who, "answered_at": ["2025-02-01"] * 40,
        ...            "score": [3, 9] * 20}
        >>> crm.satisfaction_churn(orders, "2025-06-30", answers=answers).to_dict()["customers"]
        [20, 20]
    """
    needed = ("customer_id", "answered_at", "score")
    options = {
        "answers": None if answers is None else listed(answers, needed),
        "within": within,
        "bands": None if bands is None else list(bands),
        "confidence": confidence,
    }
    return call("satisfaction_churn", orders, as_of, {**options, **scope})


def complaints(
    orders: Orders,
    as_of: Dates | None = None,
    *,
    complaints: Any = None,
    by: str | None = None,
    since: Date | None = None,
    in_time: int | str | None = None,
    recurrence_days: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[FeedbackScope],
) -> Table:
    """Complaints per 100 orders, how many come again, how soon they are answered (クレーム分析).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders and complaints count, included. A list of dates
            adds a first column `as_of`. Default: the date of the last order.
        complaints: A frame with a row per complaint: occurred_at, and if there are such columns
            customer_id, order_id, shop (whose order it is, if shops have the same order ids),
            answered_at (null: not answered) and the column in `by`. It must be given. A time
            without a zone is on the clocks of the shop.
        by: A column of the orders (product, category, channel, shop, a dimension) or of the
            complaints whose values make groups. A complaint with an order_id has the value of its
            order if it has none of its own. Default: none.
        since: Orders and complaints before this day do not count. Default: the day of the first
            complaint.
        in_time: The time in which a complaint is to be answered, as days or "36h" (default 1 day).
        recurrence_days: Days within which another complaint is a recurrence (default 90).
        confidence: Confidence level of the intervals (default 0.95).
        **scope: Keys of the scope: where, policy, basis, refunds; see `FeedbackScope`.

    Returns:
        One row per group: group (only with `by`), complaints, orders, complaints_per_100_orders
        (with complaints_per_100_orders_low and complaints_per_100_orders_high), customers (known
        ones with a complaint), recurrence_rate (with recurrence_rate_low and recurrence_rate_high),
        answered, median_hours, in_time_rate (with in_time_rate_low and in_time_rate_high). Notes
        count complaints of customers and orders that the orders do not have, of orders of other
        customers, and of ids that several orders have.

    Raises:
        DataError: A cell of the complaints that cannot be read.
        OptionError: No complaints, a column that is not read, an option out of range.

    Example:
        >>> rows = {"customer_id": ["C0000049", "C0000049"],
        ...         "occurred_at": ["2025-03-01T10:00", "2025-04-02T09:00"],
        ...         "answered_at": ["2025-03-01T16:00", None]}
        >>> table = crm.complaints(orders, "2025-06-30", complaints=rows, in_time="12h").to_dict()
        >>> table["complaints"], table["in_time_rate"]
        ([2], [0.5])
    """
    own = () if by is None or by in _COMPLAINTS else (by,)
    options = {
        "complaints": None
        if complaints is None
        else listed(complaints, ("occurred_at",), *_COMPLAINTS, *own),
        "by": by,
        "since": None if since is None else date("since", since),
        "in_time": in_time,
        "recurrence_days": recurrence_days,
        "confidence": confidence,
    }
    return call("complaints", orders, as_of, {**options, **scope})


def complaint_cost(
    orders: Orders,
    as_of: Dates | None = None,
    *,
    complaints: Any = None,
    within: int | None = None,
    in_time: int | str | None = None,
    matches: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[FeedbackScope],
) -> Table:
    """What complaints cost: purchases after them beside similar customers (クレームの損失).

    The first complaint of each customer is compared with the customers who were nearest in recency,
    orders and revenue on that day and had not complained up to then. The intervals are those of
    Abadie and Imbens (2006) for matching.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders and complaints count, included. A list of dates
            adds a first column `as_of`. Default: the date of the last order.
        complaints: A frame with a row per complaint, as for `complaints`: occurred_at, and if there
            are such columns customer_id, order_id, shop and answered_at. It must be given.
        within: Days after the complaint in which purchases count (default 90).
        in_time: The time in which a complaint is to be answered, as days or "36h" (default 1 day).
        matches: Similar customers for each complaint, 1 to 100 (default 5).
        confidence: Confidence level of the intervals (default 0.95).
        **scope: Keys of the scope: where, policy, basis, refunds; see `FeedbackScope`.

    Returns:
        A row of all complaints, and one each of those answered in time and late: answer, customers,
        repeat_rate (with repeat_rate_low and repeat_rate_high), matched_repeat_rate,
        repeat_rate_difference (with repeat_rate_difference_low and repeat_rate_difference_high),
        revenue_per_customer and matched_revenue_per_customer in major units, revenue_difference
        (with revenue_difference_low and revenue_difference_high), revenue_lost of all these
        customers together (with revenue_lost_low and revenue_lost_high). The note `imbalance` says
        how alike the similar customers are.

    Raises:
        DataError: A cell of the complaints that cannot be read.
        OptionError: No complaints, a column that is not read, an option out of range.

    Source:
        Li, Propert and Rosenbaum (2001), *Balanced risk set matching*, JASA 96; Abadie and Imbens
        (2006), Econometrica 74.

    Example:
        >>> who = crm.summary(orders, "2025-01-31").to_dict()["customer_id"][:40]
        >>> rows = {"customer_id": who, "occurred_at": ["2025-02-01"] * 40}
        >>> table = crm.complaint_cost(orders, "2025-06-30", complaints=rows).to_dict()
        >>> table["answer"], table["customers"]
        (['all', 'late'], [40, 40])
    """
    options = {
        "complaints": None
        if complaints is None
        else listed(complaints, ("occurred_at",), *_COMPLAINTS),
        "within": within,
        "in_time": in_time,
        "matches": matches,
        "confidence": confidence,
    }
    return call("complaint_cost", orders, as_of, {**options, **scope})
