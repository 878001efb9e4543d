"""What is bought together: pairs, itemsets and rules of baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

from . import _native
from ._library import call, chosen, names_of
from ._orders import Orders
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, BasketScope


def pairs(
    orders: Any,
    as_of: AsOf = None,
    *,
    level: str | None = None,
    min_count: int | None = None,
    basket: Literal["order", "day", "customer"] | None = None,
    free: bool | None = None,
    max_basket: int | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """Items that are in one basket more often than by chance, two by two (併売分析).

    An item is in an order if the amounts of its lines add up to more than 0, so returned lines,
    gifts and samples are not. The lift alone puts two coincidences first: rows are ordered by q,
    then lift, then ids.

    Args:
        orders: The orders; or a frame with a row per item of a basket, `basket_id` and `item`.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        level: The column of items: "product" (default), "category", or any column of lines or
            orders with ids or texts.
        min_count: The least number of baskets with both items (default 5).
        basket: What a basket is: an order ("order", default), all orders of a customer on one day
            ("day"), or all orders of a customer ("customer"). An order without a customer is a
            basket of its own.
        free: Whether items whose amounts add up to 0 (gifts, samples) are in the basket. Default:
            no.
        max_basket: Baskets of more items are left out and counted (default 200).
        **scope: Keys of the scope: where, customers (whose baskets count), by, policy; see
            `BasketScope`.

    Returns:
        One row per pair: a, b, n_a, n_b, n_ab (baskets), support, confidence_ab, confidence_ba,
        lift, leverage, conviction (null if A is never without B), zhang, cosine, jaccard,
        kulczynski, p (Fisher's exact test, one-sided), q (Benjamini and Hochberg, over all pairs of
        items of `min_count` baskets). The notes count baskets and what was left out.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: An id of a frame is null.
        OptionError: An option is unknown or out of range.

    Source:
        Brin and others (1997), *SIGMOD*; Benjamini, Hochberg (1995), *JRSS B* 57.

    Example:
        >>> baskets = {"basket_id": [1, 1, 2, 2, 3], "item": ["tea", "cup", "tea", "cup", "pot"]}
        >>> found = crm.pairs(baskets, min_count=2).to_dict()
        >>> found["a"], found["b"], found["lift"]
        (['cup'], ['tea'], [1.5])
    """
    options = {
        "level": level,
        "min_count": min_count,
        "basket": basket,
        "free": free,
        "max_basket": max_basket,
    }
    return call("pairs", _baskets(orders), as_of, {**options, **scope})


def itemsets(
    orders: Any,
    as_of: AsOf = None,
    *,
    level: str | None = None,
    min_support: float | None = None,
    min_count: int | None = None,
    max_length: int | None = None,
    basket: Literal["order", "day", "customer"] | None = None,
    free: bool | None = None,
    max_basket: int | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """Sets of items that are together in many baskets (頻出アイテムセット).

    Every set is found, and its count is exact. Many items that are often together make very many
    sets: then raise `min_support`, or limit `max_length`.

    Args:
        orders: The orders; or a frame with a row per item of a basket, `basket_id` and `item`.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        level: The column of items, as for `pairs` (default "product").
        min_support: The least share of baskets with all items. Default: none if `min_count` is
            given, else 0.01.
        min_count: The least number of baskets with all items. Default: none.
        max_length: The most items of a set. Default: all sizes.
        basket, free, max_basket: As for `pairs`.
        **scope: Keys of the scope: where, customers (whose baskets count), by, policy; see
            `BasketScope`.

    Returns:
        One row per set: items (joined by " + "; a name with " + " or a quotation mark in it is in
        quotation marks), size, n (baskets with all items), support. Ordered by n, then size, then
        ids. The notes count baskets and what was left out.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: An id of a frame is null.
        OptionError: An option is unknown or out of range.

    Example:
        >>> baskets = {"basket_id": [1, 1, 2, 2, 3], "item": ["tea", "cup", "tea", "cup", "pot"]}
        >>> crm.itemsets(baskets, min_count=2).to_dict()["items"]
        ['cup', 'tea', 'cup + tea']
    """
    options = {
        "level": level,
        "min_support": min_support,
        "min_count": min_count,
        "max_length": max_length,
        "basket": basket,
        "free": free,
        "max_basket": max_basket,
    }
    return call("itemsets", _baskets(orders), as_of, {**options, **scope})


def rules(
    orders: Any,
    as_of: AsOf = None,
    *,
    level: str | None = None,
    min_support: float | None = None,
    min_count: int | None = None,
    min_confidence: float | None = None,
    max_length: int | None = None,
    max_consequent: int | None = None,
    basket: Literal["order", "day", "customer"] | None = None,
    free: bool | None = None,
    max_basket: int | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """Rules: baskets with these items also have that one (アソシエーション分析).

    Args:
        orders: The orders; or a frame with a row per item of a basket, `basket_id` and `item`.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        level: The column of items, as for `pairs` (default "product").
        min_support: The least share of baskets with all items of a rule. Default: none if
            `min_count` is given, else 0.01.
        min_count: The least number of baskets with all items of a rule. Default: none.
        min_confidence: The least confidence (default 0.1).
        max_length: The most items of antecedent and consequent together. Default: all sizes.
        max_consequent: The most items of a consequent, 1 (default) to 5.
        basket, free, max_basket: As for `pairs`.
        **scope: Keys of the scope: where, customers (whose baskets count), by, policy; see
            `BasketScope`.

    Returns:
        One row per rule: antecedent, consequent (items as in `itemsets`), n (baskets with all),
        n_antecedent, n_consequent, support, confidence, lift, leverage, conviction (null if the
        rule never fails), zhang, cosine, jaccard, kulczynski, p (Fisher's exact test, one-sided), q
        (Benjamini and Hochberg, over all rules of the frequent itemsets). Ordered by q, then lift,
        then ids. The notes count baskets and what was left out.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: An id of a frame is null.
        OptionError: An option is unknown or out of range.

    Source:
        Brin and others (1997), *SIGMOD*; Yan and others (2009), *Applied Artificial Intelligence*
        23 (Zhang's measure).

    Example:
        >>> baskets = {"basket_id": [1, 1, 2, 2, 3], "item": ["tea", "cup", "tea", "cup", "pot"]}
        >>> found = crm.rules(baskets, min_count=2).to_dict()
        >>> list(zip(found["antecedent"], found["consequent"], found["confidence"], strict=True))
        [('cup', 'tea', 1.0), ('tea', 'cup', 1.0)]
    """
    options = {
        "level": level,
        "min_support": min_support,
        "min_count": min_count,
        "min_confidence": min_confidence,
        "max_length": max_length,
        "max_consequent": max_consequent,
        "basket": basket,
        "free": free,
        "max_basket": max_basket,
    }
    return call("rules", _baskets(orders), as_of, {**options, **scope})


def similar_items(
    orders: Any,
    as_of: AsOf = None,
    *,
    level: str | None = None,
    k: int | None = None,
    shrinkage: float | None = None,
    min_count: int | None = None,
    basket: Literal["order", "day", "customer"] | None = None,
    free: bool | None = None,
    max_basket: int | None = None,
    **scope: Unpack[BasketScope],
) -> Table:
    """For each product those that the same customers buy, for a product page (関連商品).

    Args:
        orders: The orders; or a frame with a row per item of a basket, `basket_id` and `item`.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        level: The column of items, as for `pairs` (default "product").
        k: Similar items of each item (default 10).
        shrinkage: Baskets with both at which the score is half the cosine (default 5).
        min_count: The least number of baskets with both items (default 2).
        basket: What a basket is, as for `pairs`. Default: "customer"; of a frame, its baskets.
        free: As for `pairs`.
        max_basket: Baskets of more items are left out and counted (default 1,000).
        **scope: Keys of the scope: where, customers (whose baskets count), by, policy; see
            `BasketScope`.

    Returns:
        Up to `k` rows per item: product, rank, similar, score (the cosine of the baskets, drawn
        towards 0 where few have both), n (baskets with both). The notes count items without any.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        DataError: An id of a frame is null.
        OptionError: An option is unknown or out of range.

    Source:
        Sarwar and others (2001), *WWW*; Bell, Koren (2007), *ICDM*.

    Example:
        >>> baskets = {"basket_id": [1, 1, 2, 2, 3], "item": ["tea", "cup", "tea", "cup", "pot"]}
        >>> crm.similar_items(baskets).to_dict()["similar"]
        ['tea', 'cup']
    """
    options = {
        "level": level,
        "k": k,
        "shrinkage": shrinkage,
        "min_count": min_count,
        "basket": basket,
        "free": free,
        "max_basket": max_basket,
    }
    return call("similar_items", _baskets(orders), as_of, {**options, **scope})


def _baskets(data: Any) -> Any:
    """Orders as they are; of a frame, the two columns of baskets."""
    if isinstance(data, Orders):
        return data
    names = names_of(data)
    for name in ("basket_id", "item"):
        if name not in names:
            _native.missing_column(name, names)
    return chosen(data, ("basket_id", "item"))
