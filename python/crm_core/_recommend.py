"""What is bought next, and what to recommend to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._library import call
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, BasketScope, Length, RecommendMethod


def next_products(
    orders: Orders,
    as_of: AsOf = None,
    *,
    from_product: Any = None,
    order: int | None = None,
    within: Length | None = None,
    level: str | None = None,
    free: bool | None = None,
    min_count: int | None = None,
    max_basket: int | None = None,
    confidence: float | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """What the buyers of a product buy in their next order (次回購入商品).

    Each customer counts once for a product: from their first order with it, or from their
    `order`-th. Customers who may still order are open as in Kaplan-Meier, and no failure. An order
    of returned lines and gifts only is no next order.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        from_product: The product that was bought, a value of `level`. Default: all, each with its
            rows.
        order: Follow customers from their order of this number (1 is the first), if it holds
            `from_product`. Default: from their first order with it.
        within: The time in which a next order counts (default 90 days; a number is days).
        level: The column of items, as for `pairs` (default "product").
        free: As for `pairs`.
        min_count: The least number of buyers whose next order holds the product (default 5).
        max_basket: Customers with an order of more items are left out and counted (default 200).
        confidence: Confidence of the intervals (default 0.95).
        **scope: Keys of the scope: where, customers (whose orders count), by, policy; see
            `BasketScope`.

    Returns:
        One row per product and next product: from_product, product, is_repeat (the same product
        again; that row is first), buyers, followed (buyers whose next order comes in time and holds
        the product), next_rate with its interval next_rate_low and next_rate_high (null where
        nobody was followed long enough), lift (share of the product in the next orders of the
        buyers / of all), median_days (to the next order). Ordered by next_rate. The notes count
        what was left out.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range, or no order has `from_product`.

    Source:
        Aalen, Johansen (1978), *Scandinavian Journal of Statistics* 5.

    Example:
        >>> orders = crm.Orders(
        ...     {"customer_id": [1, 1, 2, 2, 3], "product": ["tea", "cup", "tea", "pot", "tea"],
        ...      "ordered_at": ["2026-01-01", "2026-01-11", "2026-01-01", "2026-02-01",
        ...                     "2026-06-01"],
        ...      "amount": [500, 900, 500, 3000, 500]},
        ...     currency="JPY", product="product",
        ... )
        >>> crm.next_products(orders, from_product="tea", min_count=1).to_dict()["product"]
        ['cup', 'pot']
    """
    options = {
        "from_product": from_product,
        "order": order,
        "within": within,
        "level": level,
        "free": free,
        "min_count": min_count,
        "max_basket": max_basket,
        "confidence": confidence,
    }
    return call("next_products", orders, as_of, {**options, **scope})


def recommend(
    orders: Orders,
    as_of: AsOf = None,
    *,
    k: int | None = None,
    method: RecommendMethod | None = None,
    exclude: Literal["bought", "none"] | None = None,
    candidates: Sequence[Any] | None = None,
    level: str | None = None,
    free: bool | None = None,
    half_life: Length | None = None,
    shrinkage: float | None = None,
    min_count: int | None = None,
    neighbours: int | None = None,
    max_basket: int | None = None,
    period: Length | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """For each customer the products to recommend, best first, with the reason (おすすめ商品).

    Methods: "item_cosine" (default) recommends what is bought by those who bought the same,
    "transition" what follows the last order, "popular" what most customers bought lately, "due"
    what the customer will have used up, "bought" what the customer bought often and lately, "blend"
    a mixture of all these but "due", with the weights that would have guessed the last purchases
    best. Lists that are too short are filled up with popular products. Equal scores are ordered by
    id.
    `backtest_recommend` shows which method is right for a shop.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included; nothing later is seen. A list of
            dates adds a first column `as_of`. Default: the date of the last order of the whole
            import.
        k: Products of each customer (default 10).
        method: What recommends.
        exclude: What is not recommended: what the customer has bought ("bought", default) or
            nothing ("none", default and needed with the methods "due" and "bought").
        candidates: The products that may be recommended (in stock, released). Those that nobody has
            bought are counted in the notes. Default: all.
        level: The column of items, as for `pairs` (default "product").
        free: As for `pairs`.
        half_life: The time after which a purchase counts half (default 90 days; a number is days).
        shrinkage: Customers or orders with both items at which a score is half (default 5).
        min_count: The least number of customers or orders with both items (default 2).
        neighbours: Similar or next items of each item that are used (default 50).
        max_basket: Customers of more items get lists, but are left out of what is learned, and
            counted (default 1,000).
        period: Of "blend": the time before the date whose purchases choose the weights (default 28
            days; a number is days). The weights are in the notes.
        **scope: Keys of the scope: where, customers (whose lists are shown; the lists stay the
            same), by, policy; see `BasketScope`.

    Returns:
        `k` rows per customer, fewer only where no more products may be recommended (counted in the
        notes): customer_id, rank, product, score, reason_code ("bought_with", "bought_next",
        "popular", "due", "bought_before"), reason_item (the product bought before that is the
        reason), usual_days (between two purchases, of products that are due).

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range.

    Source:
        Sarwar and others (2001), *WWW*; Bell, Koren (2007), *ICDM*.

    Example:
        >>> orders = crm.Orders(
        ...     {"customer_id": [1, 1, 2, 2, 3], "product": ["tea", "cup", "tea", "cup", "tea"],
        ...      "ordered_at": ["2026-01-01"] * 5, "amount": [500, 900, 500, 900, 500]},
        ...     currency="JPY", product="product",
        ... )
        >>> crm.recommend(orders, k=1).select("customer_id", "product", "reason_item").to_dict()
        {'customer_id': [3], 'product': ['cup'], 'reason_item': ['tea']}
    """
    options = {
        "k": k,
        "method": method,
        "exclude": exclude,
        "candidates": candidates,
        "level": level,
        "free": free,
        "half_life": half_life,
        "shrinkage": shrinkage,
        "min_count": min_count,
        "neighbours": neighbours,
        "max_basket": max_basket,
        "period": period,
    }
    return call("recommend", orders, as_of, {**options, **scope})


def backtest_recommend(
    orders: Orders,
    as_of: AsOf = None,
    *,
    k: int | None = None,
    horizon: Length | None = None,
    methods: Sequence[RecommendMethod] | None = None,
    exclude: Literal["bought", "none"] | None = None,
    confidence: float | None = None,
    candidates: Sequence[Any] | None = None,
    level: str | None = None,
    free: bool | None = None,
    half_life: Length | None = None,
    shrinkage: float | None = None,
    min_count: int | None = None,
    neighbours: int | None = None,
    max_basket: int | None = None,
    period: Length | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """Lists of an earlier date compared with what customers then bought (おすすめ商品の検証).

    The lists are those of `recommend` at `as_of` less `horizon`: no later order is seen. Popular
    products are always compared, because a method is worth its effort only if it beats them; the
    note `better_than_popular` has the methods that do (p below 0.05).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        k: Products of each list (default 10).
        horizon: The time before `as_of` in which purchases are to be guessed (default 28 days; a
            number is days).
        methods: The methods; "popular" is always there. Default: "item_cosine", "transition" and
            "blend"; with exclude="none" also "due" and "bought".
        exclude: "bought": products that a customer has are neither recommended nor to be guessed;
            "none": all products. Default: "bought"; if `methods` has "due" or "bought", "none".
        confidence: Confidence of the intervals (default 0.95).
        candidates, level, free, half_life: As for `recommend`.
        shrinkage, min_count, neighbours, max_basket, period: As for `recommend`.
        **scope: Keys of the scope: where, customers (whose purchases are guessed), by, policy; see
            `BasketScope`.

    Returns:
        One row per method: method, k, customers (with a purchase to be guessed), hit_rate (share of
        customers with a hit) with hit_rate_low and hit_rate_high, recall (of what they bought),
        ndcg (hits high up in the list count more) with ndcg_low and ndcg_high, coverage (share of
        the products that are in any list), new_share (share of the lists that is new to the
        customer), p (of the difference of ndcg to popular, paired by customer).

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: The history is shorter than the horizon.
        OptionError: An option is unknown or out of range.

    Source:
        Järvelin, Kekäläinen (2002), *ACM Transactions on Information Systems* 20.

    Example:
        >>> shop = crm.simulate_orders(200, seed=7)
        >>> orders = crm.Orders(
        ...     shop, currency="JPY", order_id="order_id", product="product", guests="drop"
        ... )
        >>> crm.backtest_recommend(orders, k=3, horizon="90d").to_dict()["method"]
        ['item_cosine', 'transition', 'popular', 'blend']
    """
    options = {
        "k": k,
        "horizon": horizon,
        "methods": methods,
        "exclude": exclude,
        "confidence": confidence,
        "candidates": candidates,
        "level": level,
        "free": free,
        "half_life": half_life,
        "shrinkage": shrinkage,
        "min_count": min_count,
        "neighbours": neighbours,
        "max_basket": max_basket,
        "period": period,
    }
    return call("backtest_recommend", orders, as_of, {**options, **scope})
