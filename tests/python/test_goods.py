"""Baskets from Python: every form of data, and what plain Python and scipy find."""

import itertools
from collections import Counter, defaultdict
from typing import Any

import pytest

import crm_core as crm

BASKETS = {"basket_id": [1, 1, 2, 2, 3], "item": ["tea", "cup", "tea", "cup", "pot"]}


def lines() -> dict[str, list[Any]]:
    """A simulated shop's lines, each a sale."""
    shop = crm.simulate_orders(400, seed=11).to_dict()
    rows = [row for row in range(len(shop["amount"])) if shop["amount"][row] > 0]
    names = ("order_id", "customer_id", "ordered_at", "product", "amount")
    return {name: [shop[name][row] for row in rows] for name in names}


def test_pairs_are_those_of_plain_python() -> None:
    stats = pytest.importorskip("scipy.stats")
    shop = lines()
    orders = crm.Orders(shop, currency="JPY", order_id="order_id", product="product", guests="keep")
    baskets = defaultdict(set)
    for order, product in zip(shop["order_id"], shop["product"], strict=True):
        baskets[order].add(product)
    single = Counter(itertools.chain.from_iterable(baskets.values()))
    both = Counter(
        pair for items in baskets.values() for pair in itertools.combinations(sorted(items), 2)
    )
    n = len(baskets)
    table = crm.pairs(orders)
    found = table.to_dict()
    pairs = list(zip(found["a"], found["b"], strict=True))
    assert {*pairs} == {pair for pair, count in both.items() if count >= 5} and pairs
    expected = []
    for at, (a, b) in enumerate(pairs):
        x, y, z = single[a], single[b], both[a, b]
        assert [found[name][at] for name in ("n_a", "n_b", "n_ab")] == [x, y, z]
        tail = stats.hypergeom.sf(z - 1, n, x, y)
        assert found["p"][at] == pytest.approx(tail, rel=1e-9)
        assert found["lift"][at] == pytest.approx(z * n / (x * y), rel=1e-12)
        expected.append(tail)
    able = sum(count >= 5 for count in single.values())
    tests = able * (able - 1) // 2
    assert table.notes["tests"] == tests and table.notes["baskets"] == n
    padded = [*expected, *[1.0] * (tests - len(expected))]
    adjusted = stats.false_discovery_control(padded)[: len(expected)]
    assert found["q"] == pytest.approx(list(adjusted), rel=1e-9)
    frame = {"basket_id": shop["order_id"], "item": shop["product"]}
    assert crm.pairs(frame).to_dict() == found


def test_frames_come_in_any_form() -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    expected = crm.rules(BASKETS, min_count=2).to_dict()
    assert expected["consequent"] == ["tea", "cup"]
    words = {"basket_id": list("xxyyz"), "item": BASKETS["item"]}
    more = {**BASKETS, "price": [1.0] * 5}
    for data in (words, more, pandas.DataFrame(BASKETS), polars.DataFrame(words)):
        assert crm.rules(data, min_count=2).to_dict() == expected
    numbers = crm.itemsets({"basket_id": [1, 1], "item": [10, 9]}, min_count=1).to_dict()
    assert numbers["items"] == ["9", "10", "9 + 10"]
    assert crm.pairs({"basket_id": [1, 1], "item": [10, 9]}, min_count=1).to_dict()["a"] == [9]


def test_what_cannot_be_read_is_named() -> None:
    with pytest.raises(crm.SchemaError, match="basket_id"):
        crm.pairs({"basket": [1], "item": ["a"]})
    with pytest.raises(crm.DataError, match="item"):
        crm.pairs({"basket_id": [1, 2], "item": ["a", None]})
    with pytest.raises(crm.OptionError, match="min_count"):
        crm.pairs(BASKETS, min_count=0)
    with pytest.raises(crm.OptionError, match="level"):
        crm.pairs(BASKETS, level="category")
    shop = {"customer_id": ["a"], "ordered_at": ["2026-01-01"], "amount": [5]}
    with pytest.raises(crm.SchemaError, match="product"):
        crm.pairs(crm.Orders(shop, currency="JPY"))
