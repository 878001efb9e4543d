"""Attributes, crossed attributes and their products, computed a second time in plain Python."""

import datetime
import math
import random
from collections import defaultdict
from typing import Any

import pytest

import crm_core as crm

DAY = datetime.date(2026, 6, 30)


def shop() -> tuple[list[dict[str, Any]], dict[int, str | None]]:
    """Orders of 120 of 160 registered customers in five prefectures, and one who is in no table."""
    rng = random.Random(4)
    names = ["tokyo", "osaka", "aichi", "oki", None]
    where = {i: rng.choices(names, [50, 30, 15, 1, 4])[0] for i in range(160)}
    rows = []
    for customer in [*range(120), 999]:
        day = DAY - datetime.timedelta(rng.randrange(500))
        while day <= DAY + datetime.timedelta(20):
            rows.append(
                {
                    "customer_id": customer,
                    "ordered_at": day,
                    "amount": rng.randrange(500, 5000),
                    "status": rng.choices(
                        ["completed", "cancelled", "returned", "test"], [80, 12, 5, 3]
                    )[0],
                    "channel": rng.choice(["ads", "search"]),
                    "product": rng.choice(["tea", "cup", "pot"]),
                }
            )
            day += datetime.timedelta(int(rng.expovariate(1 / 120)))
    return rows, where


def orders_of(rows: list[dict[str, Any]], where: dict[int, str | None]) -> crm.Orders:
    customers = crm.Customers(
        {"id": list(where), "pref": list(where.values())}, "id", dimensions=["pref"]
    )
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return crm.Orders(
        columns,
        currency="JPY",
        status="status",
        channel="channel",
        product="product",
        customers=customers,
    )


def in_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["ordered_at"] <= DAY]


def kaplan_meier(waits: list[tuple[int, bool]], within: int) -> float | None:
    """The share with an end by `within`; none where nobody was observed so long."""
    left = 1.0
    for day in sorted({days for days, ended in waits if ended and days <= within}):
        at_risk = sum(days >= day for days, _ in waits)
        left *= 1 - sum(ended and days == day for days, ended in waits) / at_risk
    longest = max((days for days, _ in waits), default=0)
    return 1 - left if waits and longest >= within else None


def test_rates_of_customers_and_of_orders() -> None:
    rows, where = shop()
    orders = orders_of(rows, where)
    for by in ("pref", "channel"):
        table = crm.attributes(orders, DAY, by=[by])
        found = table.to_dict()
        groups = defaultdict(list)
        for row in in_time(rows):
            groups[row["channel"] if by == "channel" else where.get(row["customer_id"])].append(row)
        registered = defaultdict(int)
        for pref in where.values() if by == "pref" else ():
            registered[pref] += 1
        assert {*found[by]} == {*groups, *registered}
        for at, value in enumerate(found[by]):
            mine = groups[value]
            sold = [row for row in mine if row["status"] == "completed"]
            days = defaultdict(set)
            for row in sold:
                days[row["customer_id"]].add(row["ordered_at"])
            placed = [row for row in mine if row["status"] != "test"]
            cancelled = [row for row in placed if row["status"] == "cancelled"]
            expected = {
                "buyers": len(days),
                "repeaters": sum(len(d) > 1 for d in days.values()),
                "placed": len(placed),
                "cancelled": len(cancelled),
                "orders": len(sold),
                "revenue": sum(row["amount"] for row in sold),
                "registered": registered[value] if by == "pref" else None,
            }
            assert {name: found[name][at] for name in expected} == expected
            if placed:
                assert found["cancel_rate"][at] == pytest.approx(len(cancelled) / len(placed))
            waits = []
            for d in days.values():
                first, *later = sorted(d)
                waits.append((((later or [DAY])[0] - first).days, bool(later)))
            rate = kaplan_meier(waits, 90)
            assert found["repeat_rate"][at] == (rate if rate is None else pytest.approx(rate))
            if by == "pref" and registered[value]:
                buyers = len({*days} & {*where})
                assert found["purchase_rate"][at] == pytest.approx(buyers / registered[value])
        assert sum(share or 0 for share in found["share"]) == pytest.approx(1)
    # Everybody draws a small prefecture nearer.
    table = crm.attributes(orders, DAY, by=["pref"]).to_dict()
    at = min(range(4), key=lambda at: table["registered"][at])
    whole = 120 / 160
    off = abs(table["purchase_rate"][at] - whole)
    assert abs(table["purchase_rate_shrunk"][at] - whole) < off


def test_what_cannot_be_a_group_is_named() -> None:
    rows, where = shop()
    orders = orders_of(rows, where)
    with pytest.raises(crm.SchemaError, match="pref"):
        crm.attributes(orders, by=["prefs"])
    with pytest.raises(crm.OptionError, match="by"):
        crm.attributes(orders, by=[])
    with pytest.raises(crm.OptionError, match="within"):
        crm.attributes(orders, within="36h")
    with pytest.raises(crm.OptionError, match="columns"):
        crm.cross(orders, rows="channel", columns="channel")
    with pytest.raises(crm.OptionError, match="min_count"):
        crm.attribute_products(orders, min_count=0)


def test_two_attributes_beside_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rows, where = shop()
    table = crm.cross(orders_of(rows, where), DAY, rows="pref", columns="product")
    found = table.to_dict()
    counts = defaultdict(int)
    for row in in_time(rows):
        if row["status"] == "completed":
            pref = where.get(row["customer_id"]) or "(none)"
            counts[pref, row["product"]] += 1
    names = [*sorted({pref for pref, _ in counts} - {"(none)"}), "(none)"]
    products = ["cup", "pot", "tea"]
    keys = [(pref, product) for pref in names for product in products]
    assert list(zip(found["row"], found["column"], strict=True)) == keys
    assert found["orders"] == [counts[key] for key in keys]
    wide = [[counts[pref, product] for product in products] for pref in names]
    test = stats.chi2_contingency(wide, correction=False)
    assert table.notes["chi_squared"] == pytest.approx(test.statistic)
    assert table.notes["p"] == pytest.approx(test.pvalue)
    assert table.notes["df"] == test.dof
    assert found["expected"] == pytest.approx([*test.expected_freq.flatten()])
    v = stats.contingency.association(wide, method="cramer")
    assert table.notes["cramers_v"] == pytest.approx(v)
    n = sum(counts.values())
    for at, (pref, product) in enumerate(keys):
        r = sum(counts[pref, other] for other in products) / n
        c = sum(counts[other, product] for other in names) / n
        residual = (counts[pref, product] - n * r * c) / math.sqrt(n * r * c * (1 - r) * (1 - c))
        assert found["residual"][at] == pytest.approx(residual)
        assert found["row_share"][at] == pytest.approx(counts[pref, product] / (n * r))


def test_products_of_a_channel() -> None:
    rows, where = shop()
    found = crm.attribute_products(orders_of(rows, where), DAY, min_count=1).to_dict()
    bought, buyers = defaultdict(set), defaultdict(set)
    for row in in_time(rows):
        if row["status"] == "completed":
            bought[row["channel"], row["product"]].add(row["customer_id"])
            buyers[row["channel"]].add(row["customer_id"])
    n = {c: sum(len(b) for (ch, _), b in bought.items() if ch == c) for c in ("ads", "search")}
    prior = sum(n.values()) / 2
    seen = zip(found["channel"], found["product"], strict=True)
    for at, (channel, product) in enumerate(seen):
        other = {"ads": "search", "search": "ads"}[channel]
        y, z = len(bought[channel, product]), len(bought[other, product])
        assert found["buyers"][at] == y
        assert found["share"][at] == pytest.approx(y / len(buyers[channel]))
        assert found["share_elsewhere"][at] == pytest.approx(z / len(buyers[other]))
        a = prior * (y + z) / sum(n.values())
        here = (y + a) / (n[channel] + prior - y - a)
        there = (z + a) / (n[other] + prior - z - a)
        odds = math.log(here / there)
        assert found["log_odds"][at] == pytest.approx(odds)
        assert found["z"][at] == pytest.approx(odds / math.sqrt(1 / (y + a) + 1 / (z + a)))
        whole = (y + z) / (len(buyers[channel]) + len(buyers[other]))
        assert found["index"][at] == pytest.approx(100 * y / len(buyers[channel]) / whole)
    assert len(found["z"]) == 6
