"""Dates of birth and cut numbers of the customers table, computed a second time by pandas."""

from __future__ import annotations

import pickle
import random
from datetime import date, timedelta
from typing import Any

import pytest

import crm_core as crm

pd = pytest.importorskip("pandas")
DAY = "2026-03-01"


def age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def band(years: int) -> str | None:
    if years < 0:
        return None
    ten = years // 10 * 10
    return "100 or more" if ten >= 100 else f"{ten}-{ten + 9}"


def shop(seed: int = 3) -> tuple[Any, Any, crm.Orders]:
    rng = random.Random(seed)
    people, bought = [], []
    for n in range(300):
        born = date(1920, 1, 1) + timedelta(days=rng.randrange(106 * 365 + 27))
        born = rng.choice([born, date(2004, 2, 29), date(1986, 3, 1), date(1986, 3, 2)])
        height = rng.choice([None, 149.9, 150.0, 159.5, 160.0, 171.25, 200.0])
        people.append((f"c{n}", None if n % 11 == 0 else born, height, n % 5))
        bought += [
            (f"c{n}", date(2026, 1, 1) + timedelta(days=rng.randrange(60)), 1_000 * (n % 7 + 1))
            for _ in range(rng.randrange(3))
        ]
    table = pd.DataFrame(people, columns=["id", "born", "height", "kids"])
    orders = pd.DataFrame(bought, columns=["customer_id", "ordered_at", "amount"])
    customers = crm.Customers(
        table, "id", birth_date="born", bins={"height": [150, 160, 171.25], "kids": [2]}
    )
    return table, orders, crm.Orders(orders, currency="JPY", customers=customers)


def expected(of: Any, bought: Any) -> list[tuple[Any, int, int, int]]:
    """Value, registered, buyers, revenue; in the order of first values, missing last."""
    table, rows = pd.DataFrame({"id": of[0], "value": of[1]}), []
    spent = bought.groupby("customer_id")["amount"].sum()
    for value in [*of[2], None]:
        chosen = table[table["value"].isna() if value is None else table["value"] == value]
        has = spent.reindex(chosen["id"]).dropna()
        if len(chosen):
            rows.append((value, len(chosen), len(has), int(has.sum())))
    return rows


def found(result: crm.Table, name: str) -> list[tuple[Any, int, int, int]]:
    cells = result.to_dict()
    columns = [cells[column] for column in (name, "registered", "buyers", "revenue")]
    return [(v, r, b, int(m)) for v, r, b, m in zip(*columns, strict=True)]


@pytest.mark.parametrize("seed", [3, 4])
def test_attributes_by_age_month_and_bands(seed: int) -> None:
    table, bought, orders = shop(seed)
    today = date.fromisoformat(DAY)
    born = [None if pd.isna(b) else b for b in table["born"]]
    ages = [None if b is None else band(age(b, today)) for b in born]
    order = [*(f"{n}-{n + 9}" for n in range(0, 100, 10)), "100 or more"]
    result = crm.attributes(orders, DAY, by=["age_band"])
    assert found(result, "age_band") == expected((table["id"], ages, order), bought)
    months = [None if b is None else b.month for b in born]
    result = crm.attributes(orders, DAY, by=["birth_month"])
    assert found(result, "birth_month") == expected((table["id"], months, range(1, 13)), bought)
    cut = pd.cut(
        table["height"].astype(float),
        [-float("inf"), 150, 160, 171.25, float("inf")],
        right=False,
        labels=(labels := ["under 150", "150 to 160", "160 to 171.25", "171.25 or more"]),
    )
    cut = [None if pd.isna(v) else v for v in cut]
    result = crm.attributes(orders, DAY, by=["height"])
    assert found(result, "height") == expected((table["id"], cut, labels), bought)
    kids = ["under 2" if n < 2 else "2 or more" for n in table["kids"]]
    result = crm.attributes(orders, DAY, by=["kids"])
    rows = expected((table["id"], kids, ["under 2", "2 or more"]), bought)
    assert found(result, "kids") == rows


def test_ages_change_with_the_date() -> None:
    orders = crm.Orders(
        {"customer_id": [1, 2], "ordered_at": ["2023-02-01"] * 2, "amount": [1, 2]},
        currency="JPY",
        customers=crm.Customers(
            {"id": [1, 2], "born": ["2004-02-29", "2003-03-01"]}, "id", birth_date="born"
        ),
    )
    bands = {
        "2023-02-28": ["10-19", "10-19"],
        "2023-03-01": ["10-19", "20-29"],
        "2024-02-29": ["20-29", "20-29"],
    }
    for day, of in bands.items():
        shown = crm.summary(orders, day, customers={"age_band": "20-29"}).to_dict()["customer_id"]
        assert shown == [at + 1 for at in range(2) if of[at] == "20-29"]
    # Somebody born on 29 February is 20 on 29 February 2024, and 21 on 1 March 2025.
    both = crm.attributes(orders, ["2024-02-28", "2024-02-29"], by=["age_band"]).to_dict()
    assert both["age_band"] == ["10-19", "20-29", "20-29"]
    with pytest.raises(crm.OptionError, match=r"as_of.*ages change"):
        crm.summary(orders, ["2024-02-28", "2024-02-29"], by=["age_band"])
    crossed = crm.cross(orders, "2024-02-29", rows="age_band", columns="birth_month").to_dict()
    assert [str(month) for month in crossed["column"]] == ["2", "3"]
    # Before birth there is no age.
    early = crm.attributes(orders, "2000-01-01", by=["age_band"]).to_dict()
    assert early["age_band"] == [None]


def test_filters_states_and_birthdays() -> None:
    table, _, orders = shop()
    kept = crm.Orders.from_bytes(orders.to_bytes())
    copied = pickle.loads(pickle.dumps(orders))
    for by in ("age_band", "birth_month", "height"):
        rows = crm.attributes(orders, DAY, by=[by]).to_dict()
        assert rows == crm.attributes(kept, DAY, by=[by]).to_dict()
        assert rows == crm.attributes(copied, DAY, by=[by]).to_dict()
    tall = crm.summary(orders, DAY, where={"height": "160 to 171.25"}).to_dict()["customer_id"]
    is_tall = set(table[table["height"].between(160, 171.25, inclusive="left")]["id"])
    assert tall and set(tall) <= is_tall
    due = crm.candidates(orders, DAY, triggers=[{"trigger": "birthday"}]).to_dict()
    named = [{"trigger": "birthday", "column": "birth_date"}]
    assert (
        due["customer_id"] == crm.candidates(orders, DAY, triggers=named).to_dict()["customer_id"]
    )
    born = dict(zip(table["id"], table["born"], strict=True))
    days = {(born[one].month, born[one].day) for one in due["customer_id"]}
    assert days <= {(3, d) for d in range(1, 10)} and days


def test_what_is_refused() -> None:
    table = {"id": [1, 2], "born": ["1990-01-02", None], "height": ["150", "tall"]}
    with pytest.raises(crm.DataError, match=r"column `height`, row 1: expected a number") as error:
        crm.Customers(table, "id", bins={"height": [150]})
    assert "tall" not in str(error.value)
    for bounds in ([], [2, 1], [1, 1], [float("inf")], list(range(201)), 150, "150", None):
        with pytest.raises(crm.OptionError, match="bins"):
            crm.Customers(table, "id", bins={"height": bounds})
    for bins in (["height"], "height", 150):
        with pytest.raises(crm.OptionError, match="bins"):
            crm.Customers(table, "id", bins=bins)
    with pytest.raises(crm.SchemaError):
        crm.Customers(table, "id", bins={"weight": [1]})
    table["age_band"] = ["a", "b"]
    with pytest.raises(crm.OptionError, match="other names"):
        crm.Customers(table, "id", birth_date="born", dimensions=["age_band"])
    orders = crm.Orders(
        {"customer_id": [1], "ordered_at": ["2026-01-01"], "amount": [1]},
        currency="JPY",
        customers=crm.Customers(table, "id"),
    )
    with pytest.raises(crm.SchemaError, match="age_band"):
        crm.attributes(orders, by=["age_band"])
    with pytest.raises(crm.OptionError, match="date of birth"):
        crm.candidates(orders, DAY, triggers=[{"trigger": "birthday"}])
