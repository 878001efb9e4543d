"""The report's sections on buyers and on what is bought together: planted facts are found."""

import datetime
import random

import pytest

import crm_core as crm
from crm_core._report.money import Currency
from crm_core._report.sections import buyers, together
from crm_core._report.sections.ask import Ask
from crm_core._report.sections.shop import Missing, shop_of
from crm_core._report.sections.voice import Voice

DAY = datetime.date(2026, 11, 30)
VOICES = [Voice("en", Currency("JPY", 0)), Voice("ja", Currency("JPY", 0))]
COLUMNS = ("order_id", "customer_id", "ordered_at", "product", "amount", "payment", "status")


@pytest.fixture(scope="module")
def rows():
    """Women come back twice as often as men; invoices are cancelled; tea goes with a pot."""
    draw = random.Random(3)
    found, people = [], []
    for at in range(900):
        name, sex = f"c{at}", draw.choice(["f", "m"])
        people.append((name, sex, draw.choice("abc")))
        if draw.random() < 0.25:
            continue  # registered, and has not bought
        day = datetime.date(2025, 12, 1) + datetime.timedelta(draw.randrange(330))
        while day <= DAY:
            order = f"N{len(found)}"
            items = {draw.choice(["tea", "rice", "nori", "miso"])}
            if "tea" in items and draw.random() < 0.5:
                items.add("pot")
            if draw.random() < 0.2:
                items.add(draw.choice(["pot", "rice", "nori", "miso"]))
            payment = draw.choice(["card", "card", "invoice"])
            cancelled = payment == "invoice" and draw.random() < 0.3
            status = "cancelled" if cancelled else "completed"
            found += [(order, name, day, item, 900, payment, status) for item in sorted(items)]
            if draw.random() > (0.5 if sex == "f" else 0.25):
                break
            day += datetime.timedelta(draw.randrange(10, 80))
    return found, people


@pytest.fixture(scope="module")
def shop(rows):
    lines, people = rows
    table = dict(zip(("id", "sex", "group"), zip(*people, strict=True), strict=True))
    orders = crm.Orders(
        dict(zip(COLUMNS, zip(*lines, strict=True), strict=True)),
        currency="JPY",
        order_id="order_id",
        product="product",
        status="status",
        dimensions=["payment"],
        customers=crm.Customers(table, "id", dimensions=["sex", "group"]),
    )
    made = shop_of(Ask(orders, DAY, {"churn_days": 200}), {})
    assert made is not None
    return made


def test_a_planted_difference_is_the_title_and_none_is_not(shop):
    found = buyers.find(shop, ["sex", "group", "payment"])
    by_name = {one.name: one for one in found.attributes}
    assert [one.of_orders for one in found.attributes] == [False, False, True]
    assert {row["value"] for row in by_name["sex"].apart} == {"f", "m"}
    assert not by_name["group"].apart
    for voice in VOICES:
        title = buyers.show(found, voice).title
        assert title.startswith(("sex f", "sex m", "sex「f」", "sex「m」"))
        alike = buyers.show(buyers.find(shop, ["group"]), voice)
        assert "group" in alike.title and "%" not in alike.title


def test_rates_are_those_of_the_rows(shop, rows):
    """Customers are compared by the payment of the first order, cancellations by the order's."""
    lines, people = rows
    counted = [line for line in lines if line[6] == "completed"]
    first = {}
    for line in sorted(counted, key=lambda line: (line[2], line[0])):
        first.setdefault(line[1], line[5])
    (payment,) = buyers.find(shop, ["payment"]).attributes
    placed = {(line[0], line[5], line[6]) for line in lines}
    for row in payment.rows:
        assert row["buyers"] == list(first.values()).count(row["value"])
        of = [status for _, name, status in placed if name == row["value"]]
        raw = of.count("cancelled") / len(of)
        assert abs(row["cancel_rate_shrunk"] - raw) < 0.02
    (sex,) = buyers.find(shop, ["sex"]).attributes
    for row in sex.rows:
        of = {name for name, one, _ in people if one == row["value"]}
        assert row["buyers"] == len(of & {*first}) and row["registered"] == len(of)
    assert len(buyers.show(buyers.Buyers([sex]), VOICES[0]).grids[0].headings) == 8
    assert len(buyers.show(buyers.Buyers([payment]), VOICES[0]).grids[0].headings) == 7


def test_the_dots_stand_where_the_rates_are(shop):
    grid = buyers.show(buyers.find(shop, ["sex"]), VOICES[0]).grids[0]
    assert sorted(grid.dots) == [(0, 3), (1, 3)]
    for (at, _), svg in grid.dots.items():
        assert grid.rows[at][2] in svg  # what a screen reader says


def test_pairs_are_counted_as_in_the_orders(shop, rows):
    found = together.find(shop, True)
    lines, _ = rows
    since = DAY - datetime.timedelta(363)
    baskets = {}
    for order, _, day, item, _, _, status in lines:
        if status == "completed" and day >= since:
            baskets.setdefault(order, set()).add(item)
    best = found.rows[0]
    assert (best["first"], best["second"]) == ("pot", "tea") or best["first"] == "tea"
    assert found.baskets == len(baskets)
    with_first = [one for one in baskets.values() if best["first"] in one]
    both = [one for one in with_first if best["second"] in one]
    with_second = [one for one in baskets.values() if best["second"] in one]
    assert (best["both"], best["alone"]) == (len(both), len(with_first) - len(both))
    assert best["share"] == pytest.approx(len(both) / len(with_first))
    expected = len(with_first) * len(with_second) / len(baskets)
    assert best["more"] == pytest.approx(len(both) - expected)
    assert best["share"] >= len(both) / len(with_second)
    for voice in VOICES:
        section = together.show(found, voice)
        assert "tea" in section.title and "pot" in section.title
        assert len(section.grids[0].rows) == len(found.rows)
        none = together.show(together.Together([], 10, 3), voice)
        assert not none.grids and "tea" not in none.title


def test_without_columns_or_pairs_there_is_no_section(shop):
    assert buyers.find(shop, []) == Missing("attributes")
    assert buyers.find(shop, ["product"]) == Missing("attributes")  # of lines
    assert together.find(shop, False) == Missing("product")
    single = {"customer_id": ["a"] * 9, "ordered_at": [DAY] * 9, "amount": [1] * 9}
    single["product"] = list("xyzxyzxyz")
    orders = crm.Orders(single, currency="JPY", product="product")
    alone = shop_of(Ask(orders, DAY, {}), {})
    assert alone is not None
    assert together.find(alone, True) == Missing("pairs")
    for voice in VOICES:
        assert voice.missing(Missing("pairs")) and voice.missing(Missing("attributes"))
