"""Purchase cycles of products and of companies."""

import datetime
import random
import statistics
from typing import Any

from shops import DAY, START, Rows, build, by_id, days, regulars

import crm_core as crm


def supplies(seed: int = 3) -> tuple[Rows, list[str], dict[tuple[str, str], datetime.date]]:
    """A shop whose products are used up at paces of their own, and what is bought after `DAY`."""
    rng = random.Random(seed)
    rows: Rows = []
    products: list[str] = []
    then: dict[tuple[str, str], datetime.date] = {}
    for k in range(500):
        for product, pace in (("milk", 10), ("tea", 40), ("lamp", 160)):
            if rng.random() < 0.5:
                continue
            typical = pace * rng.lognormvariate(0, 0.25)
            at = rng.randrange(0, 905)
            while True:
                day = START + datetime.timedelta(at)
                if day > DAY:
                    then[f"c{k}", product] = day
                    break
                rows.append((f"c{k}", day, 500))
                products.append(product)
                if rng.random() < 0.05:
                    break
                at += max(1, round(typical * rng.gammavariate(9, 1 / 9)))
    return rows, products, then


def test_products_have_paces_of_their_own() -> None:
    rows, products, then = supplies()
    ours = crm.cycle(build(rows, product=products), DAY, per="product").to_dict()
    assert list(ours)[:2] == ["customer_id", "product"]
    pairs = list(zip(ours["customer_id"], ours["product"], strict=True))
    assert pairs == sorted(set(pairs)) and len(pairs) > 600
    of_pair: dict[tuple[str, str], set[datetime.date]] = {}
    for row, product in zip(rows, products, strict=True):
        of_pair.setdefault((row[0], product), set()).add(row[1])
    assert pairs == sorted(of_pair)
    assert ours["last_date"] == [max(of_pair[pair]) for pair in pairs]
    assert ours["gaps"] == [len(of_pair[pair]) - 1 for pair in pairs]

    # Against the same pairs as if they were customers, without a pace of their product.
    apart = [(f"{row[0]}|{product}", *row[1:]) for row, product in zip(rows, products, strict=True)]
    plain = by_id(crm.cycle(build(apart), DAY))

    def error(predicted: list[Any], chosen: list[int]) -> float:
        off = [abs((predicted[i] - then[pairs[i]]).days) for i in chosen]
        return statistics.mean(off)

    returners = [i for i, pair in enumerate(pairs) if pair in then]
    fresh = [i for i in returners if ours["gaps"][i] <= 1]
    others = [plain["|".join(pair)]["predicted_date"] for pair in pairs]
    assert len(fresh) > 20
    assert error(ours["predicted_date"], returners) < error(others, returners)
    assert error(ours["predicted_date"], fresh) < 0.8 * error(others, fresh)

    buyers = crm.likely_buyers(build(rows, product=products), DAY, per="product", limit=10)
    assert len(buyers) == 10 and buyers.columns[:3] == ["customer_id", "product", "rank"]
    levels = ["churn_risk", "lost"]
    alerts = crm.alerts(build(rows, product=products), DAY, per="product", levels=levels)
    keys = alerts.to_dict()["alert_key"]
    assert len(set(keys)) == len(keys) > 20


def test_a_slow_product_of_a_young_shop_is_slow() -> None:
    """Four months after the opening few have come back to what is bought every five months."""
    draw = random.Random(1)
    rows, coming = [], {}
    for customer in range(400):
        for product, mean in (("coffee", 20), ("filter", 150)):
            day = draw.randrange(121)
            while day <= 120:
                rows.append((f"c{customer}", START + datetime.timedelta(day), product))
                day += max(1, round(mean * draw.gammavariate(4, 0.25)))
            coming[f"c{customer}", product] = START + datetime.timedelta(day)
    as_of = START + datetime.timedelta(120)
    orders = crm.Orders(
        {
            "customer_id": [row[0] for row in rows],
            "ordered_at": [row[1] for row in rows],
            "amount": [1] * len(rows),
            "product": [row[2] for row in rows],
        },
        currency="JPY",
        product="product",
    )
    table = crm.cycle(orders, as_of, per="product").to_dict()
    soon = as_of + datetime.timedelta(30)
    for product, most_late in (("coffee", 0.15), ("filter", 0.27)):
        of = [row for row, value in enumerate(table["product"]) if value == product]
        day = [coming[table["customer_id"][row], product] for row in of]
        said = statistics.mean(table["probability_within"][row] for row in of)
        bought = statistics.mean(when <= soon for when in day)
        late = [when > table["date_p90"][row] for row, when in zip(of, day, strict=True)]
        # By completed gaps alone 36 % were to buy filters, and every other came after its date_p90.
        assert abs(said - bought) < 0.09, (product, said, bought)
        assert statistics.mean(late) < most_late, product


def test_lines_of_an_order_are_of_their_products() -> None:
    at = days(0, 0, 30, 60, 60, 90)
    data = {
        "customer_id": ["a"] * 6,
        "order_id": [1, 1, 2, 3, 3, 4],
        "ordered_at": at,
        "amount": [100, 900, 100, 100, 900, 100],
        "product": ["milk", "lamp", "milk", "milk", "lamp", "milk"],
    }
    orders = crm.Orders(data, currency="JPY", order_id="order_id", product="product")
    table = crm.likely_buyers(orders, days(100)[0], per="product").to_dict()
    assert table["product"] == ["lamp", "milk"]
    assert table["last_date"] == [at[4], at[5]]
    assert table["usual_gap_days"] == [60, 30]
    first = crm.cycle(orders, days(40)[0], per="product", where={"product": "milk"}).to_dict()
    assert (first["product"], first["gaps"]) == (["milk"], [1])


def test_companies_are_their_users_together() -> None:
    rows = regulars(90)
    users = sorted({row[0] for row in rows})
    company = {user: f"co{int(user[1:]) % 25}" for user in users[:80]}
    table = {"customer_id": users, "company": [company.get(user) for user in users]}
    customers = crm.Customers(table, dimensions=["company"])
    columns = list(zip(*rows, strict=True))
    data = dict(zip(("customer_id", "ordered_at", "amount"), map(list, columns), strict=True))
    orders = crm.Orders(data, currency="JPY", customers=customers)

    merged = [(company[row[0]], *row[1:]) for row in rows if row[0] in company]
    for analysis in (crm.cycle, crm.likely_buyers, crm.alerts):
        ours = analysis(orders, DAY, per="company").to_dict()
        expected = analysis(build(merged), DAY).to_dict()
        assert ours.pop("company") == expected.pop("customer_id")
        # A company's alert is never taken for that of a customer of its name.
        keys = {*ours.pop("alert_key", []), *expected.pop("alert_key", [])}
        assert len(keys) == (2 * len(ours["level"]) if analysis is crm.alerts else 0)
        rolled_up = ours.pop("customers")
        if analysis is crm.cycle:
            active = {(company[r[0]], r[0]) for r in rows if r[0] in company and r[1] <= DAY}
            counts = [sum(c == name for c, _ in active) for name in sorted(set(company.values()))]
            assert rolled_up == counts
        assert ours == expected
    shown = crm.cycle(orders, DAY, per="company", customers={"customer_id": "c003"}).to_dict()
    assert shown["company"] == [company["c003"]]


def test_what_changed_of_companies_is_the_difference_of_two_runs() -> None:
    """Also where the users chosen came to a company after the day before."""
    rows = regulars(90)
    users = sorted({row[0] for row in rows})
    company = [f"co{int(user[1:]) % 25:02}" for user in users]
    customers = crm.Customers({"customer_id": users, "company": company}, dimensions=["company"])
    columns = list(zip(*rows, strict=True))
    data = dict(zip(("customer_id", "ordered_at", "amount"), map(list, columns), strict=True))
    orders = crm.Orders(data, currency="JPY", customers=customers)
    changed = 0
    for chosen in (users, users[::3]):
        options: dict[str, Any] = {
            "per": "company",
            "levels": ["due"],
            "customers": {"customer_id": chosen},
        }
        for k in range(100, 900, 200):
            since, day = START + datetime.timedelta(k), START + datetime.timedelta(k + 10)
            before, now = (crm.alerts(orders, at, **options).to_dict() for at in (since, day))
            last = dict(zip(before["company"], before["last_date"], strict=True))
            expected = [
                name
                for name, at in zip(now["company"], now["last_date"], strict=True)
                if last.get(name) != at
            ]
            told = crm.alerts(orders, day, since=since, **options).to_dict()
            reached = zip(told["company"], told["change"], strict=True)
            assert [name for name, change in reached if change == "reached"] == expected
            changed += len(expected)
    assert changed > 20


def test_what_has_no_value_is_counted() -> None:
    """Orders of which a line has no product, and orders of customers without a company."""
    data = {
        "customer_id": ["a"] * 6 + ["b", "b", "b", "c"],
        "order_id": [1, 1, 1, 1, 1, 2, 3, 4, 5, 6],
        "ordered_at": days(0, 0, 0, 0, 0, 30, 0, 30, 60, 10),
        "amount": [100, 900, 200, 300, 50, 100, 100, 0, 100, 100],
        "line": ["product"] * 4 + ["shipping"] + ["product"] * 5,
        "product": ["milk", "lamp", None, None, None, "milk", None, None, "milk", "milk"],
    }
    companies = {"customer_id": ["a", "b", "c"], "company": ["x", None, None]}
    orders = crm.Orders(
        data,
        currency="JPY",
        order_id="order_id",
        line_kind="line",
        product="product",
        customers=crm.Customers(companies, dimensions=["company"]),
    )
    late = START + datetime.timedelta(70)
    # Orders 1 and 3; order 4 is of nothing.
    for task in (crm.cycle, crm.alerts, crm.likely_buyers):
        assert task(orders, late, per="product").notes["orders_without_value"] == 2
    assert crm.cycle(orders, START, per="product").notes["orders_without_value"] == 2
    some = crm.cycle(orders, late, per="product", customers={"customer_id": ["b", "c"]})
    assert some.notes["orders_without_value"] == 1
    # Orders 3, 5 and 6.
    assert crm.cycle(orders, late, per="company").notes["orders_without_value"] == 3
    assert "orders_without_value" not in crm.cycle(orders, late).notes
