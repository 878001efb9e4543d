"""The shop model, and its application to single customers.

`learn` fits everything once; `customer` applies it to the orders of one customer or of several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ._library import call
from ._orders import Orders
from ._request import document
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Dates, Learned, LearnScope, Length, Scope, Seasonality


def learn(
    orders: Orders,
    as_of: AsOf,
    *,
    seasonality: Seasonality | None = None,
    **scope: Unpack[LearnScope],
) -> Table:
    """Fits the shop's parameters and returns them as one document, for later use with any customer
    (店舗の学習結果).

    Pass it as `learned=` to `rfm`, `cycle`, `alerts`, `likely_buyers` or `customer`: the table
    itself, or the document in its notes, ``learn(...).notes["learned"]``, a few kilobytes of JSON.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. None is the date of the last
            order.
        seasonality: Factors of the shop's demand by month (1 to 12) and by date, which become part
            of the document; see `cycle`.
        **scope: Keys of the scope: where, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `Scope`. `customers` is refused: `where` chooses the orders to which
            the model is fitted.

    Returns:
        One row per number in the document: part, name, value.

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
    """All results about one customer, from the shop model (顧客カルテ).

    A call is fast enough for a page view (docs/evidence.md, Speed).

    Args:
        orders: The orders of one customer, or of several.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Required.
        learned: A document made by `learn`. Default: `orders` is the whole shop, to which the
            models are fitted first.
        within: Horizon of `probability_within` (default 30 days; a number is days).
        return_within: The four dates are conditional on a return within this time from `as_of`, as
            in `cycle`. Default: conditional on a return at any time. A number is days.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per customer: customer_id, first_date, last_date, orders, revenue, recency_days, r,
        f, m, rfm_segment, cpm_segment, cpm_state, gaps, predicted_date, date_p10, date_p80,
        date_p90, probability_within, probability_alive, overdue_probability, level, reached_on,
        reason_code, reason, reason_ja, next_level, next_level_date, counterfactual,
        counterfactual_ja, expected_purchases, expected_spend, clv (of the next 365 days, discounted
        by 10 % a year). Columns for which the document has no part are null. The value comes from
        the model of purchases with its own probability of having left, so a customer who is lost by
        their cycle may have a value above 0.

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
