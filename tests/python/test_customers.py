"""`customers` says whom an answer is about; what the shop teaches comes from everybody."""

from typing import Any

import pytest
from shops import DAY, by_id, regulars

import crm_core as crm

ROWS = regulars(90)
CHANNELS = ["ads" if int(row[0][1:]) % 3 else "shop" for row in ROWS]
ADS: dict[str, Any] = {"first_channel": "ads"}


@pytest.fixture(scope="module")
def orders() -> crm.Orders:
    users = sorted({row[0] for row in ROWS})
    company = [f"co{int(user[1:]) % 25:02}" for user in users]
    customers = crm.Customers({"customer_id": users, "company": company}, dimensions=["company"])
    data = {
        "customer_id": [row[0] for row in ROWS],
        "ordered_at": [row[1] for row in ROWS],
        "amount": [row[2] for row in ROWS],
        "channel": CHANNELS,
    }
    return crm.Orders(data, currency="JPY", channel="channel", customers=customers)


@pytest.mark.parametrize("task", ["kaplan_meier", "gap_fits"])
def test_curves_are_of_the_gaps_of_those_customers(task: str, orders: crm.Orders) -> None:
    asked = crm.run(task, orders, {"as_of": str(DAY), "customers": ADS})
    alone = crm.run(task, orders, {"as_of": str(DAY), "where": ADS})
    everybody = crm.run(task, orders, {"as_of": str(DAY)})
    assert asked.to_dict() == alone.to_dict() != everybody.to_dict()
    assert asked.notes == alone.notes


def test_what_the_shop_teaches_is_of_everybody(orders: crm.Orders) -> None:
    with pytest.raises(crm.OptionError, match="unknown option `customers`; valid are"):
        crm.learn(orders, DAY, customers=ADS)
    assert "customers" not in crm.learn(orders, DAY).definition["scope"]
    document = crm.learn(orders, DAY).notes["learned"]
    for analysis in (crm.cycle, crm.alerts, crm.likely_buyers):
        learned = analysis(orders, DAY, customers=ADS).notes["learned"]
        assert learned["gap_model"] == document["gap_model"]
    whole = by_id(crm.customer(orders, DAY))
    some = by_id(crm.customer(orders, DAY, customers=ADS))
    assert some == {who: whole[who] for who in some} and 0 < len(some) < len(whole)


@pytest.mark.parametrize("analysis", [crm.cycle, crm.alerts, crm.likely_buyers])
def test_companies_asked_for_have_the_numbers_they_have_among_all(
    analysis: Any, orders: crm.Orders
) -> None:
    def rows(table: crm.Table) -> dict[str, tuple[Any, ...]]:
        columns = table.to_dict()
        return dict(zip(columns["company"], zip(*columns.values(), strict=True), strict=True))

    user = {"customer_id": [f"c{k:03}" for k in range(3, 20)]}
    all_rows = rows(analysis(orders, DAY, per="company"))
    asked = rows(analysis(orders, DAY, per="company", customers=user))
    companies = {f"co{k:02}" for k in range(3, 20)}
    assert asked == {name: row for name, row in all_rows.items() if name in companies}
    assert asked


def test_the_best_are_the_best_of_those_asked_for(orders: crm.Orders) -> None:
    whole = by_id(crm.likely_buyers(orders, DAY, customers=ADS))
    best = by_id(crm.likely_buyers(orders, DAY, customers=ADS, limit=5))
    ranks = sorted(row["rank"] for row in whole.values())
    assert sorted(row["rank"] for row in best.values()) == ranks[:5]
    assert ranks != list(range(1, len(ranks) + 1)), "ranks are those among all"


def test_tracking_is_of_those_customers_with_the_model_of_all(orders: crm.Orders) -> None:
    asked = crm.run("clv_tracking", orders, {"as_of": str(DAY), "customers": ADS})
    everybody = crm.run("clv_tracking", orders, {"as_of": str(DAY)})
    fit = everybody.notes["fit"]
    alone = crm.run("clv_tracking", orders, {"as_of": str(DAY), "where": ADS, "fit": fit})
    assert asked.to_dict() == alone.to_dict() != everybody.to_dict()
    # A model that is given says nothing of seasons that were looked for.
    assert asked.notes["seasons"]["seasonality"] == {}
    assert {**asked.notes, "seasons": None} == {**alone.notes, "seasons": None}
