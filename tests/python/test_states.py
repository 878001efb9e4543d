"""Saved data: bytes, pickle, other processes; orders that come again; people forgotten."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import crm_core as crm


@pytest.fixture
def orders() -> crm.Orders:
    return crm.Orders(
        crm.simulate_orders(200, seed=3),
        currency="JPY",
        timezone="Asia/Tokyo",
        order_id="order_id",
        status="status",
        kind="kind",
        discount="discount",
        refunded="refunded",
        channel="channel",
        guests="keep",
    )


def same(one: crm.Orders, other: crm.Orders) -> bool:
    return all(
        crm.run(name, one, {"as_of": "2025-06-30"}).to_dict()
        == crm.run(name, other, {"as_of": "2025-06-30"}).to_dict()
        for name in ("summary", "rfm", "cohorts", "repeat_rate")
    )


def test_saved_orders_give_the_same(orders: crm.Orders) -> None:
    saved = orders.to_bytes()
    again = crm.Orders.from_bytes(saved)
    assert repr(again) == repr(orders) and again.understanding is None
    assert same(orders, again)
    assert again.to_bytes() == saved


def test_pickle_keeps_how_a_file_was_read(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "customer_id,order_date,total,remark\na,2026-01-05,12.50,x\nb,2026-01-13,3.00,y\n"
    )
    orders = crm.read_orders(tmp_path / "orders.csv", currency="USD")
    again = pickle.loads(pickle.dumps(orders))
    assert orders.understanding is not None
    assert str(again.understanding) == str(orders.understanding)
    assert repr(again) == repr(orders)


def test_another_process_reads_them(orders: crm.Orders, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(orders.to_bytes())
    program = (
        "import sys, crm_core as crm; "
        "orders = crm.Orders.from_bytes(open(sys.argv[1], 'rb').read()); "
        "print(repr(orders))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "state")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == repr(orders)


def test_what_is_no_state_is_refused(orders: crm.Orders) -> None:
    saved = orders.to_bytes()
    for wrong in (b"", b"PK", saved[:-1], saved + b" ", saved[:99] + b"!" + saved[100:]):
        with pytest.raises(crm.DataError, match="saved state: "):
            crm.Orders.from_bytes(wrong)
    with pytest.raises(TypeError, match="expected bytes"):
        crm.Orders.from_bytes("CRMSTATE")  # type: ignore[arg-type]
    with pytest.raises(crm.OptionError, match="view with a filter"):
        orders.view(where={"channel": "web"}).to_bytes()
    whole = orders.view(policy={"zero_value": False})
    assert same(whole, crm.Orders.from_bytes(whole.to_bytes()))


def test_people_are_forgotten(orders: crm.Orders) -> None:
    table = crm.summary(orders, as_of="2025-06-30").to_dict()
    gone = [table["customer_id"][0], table["customer_id"][5]]
    rest = orders.forget([*gone, gone[0], "nobody"])
    assert rest.receipt is not None and orders.receipt is None
    assert (rest.receipt["customers"], rest.receipt["unknown"]) == (2, 1)
    assert len(rest) == len(orders) - rest.receipt["orders"]
    left = crm.summary(rest, as_of="2025-06-30").to_dict()
    keep = [i for i, who in enumerate(table["customer_id"]) if who not in gone]
    assert left == {name: [column[i] for i in keep] for name, column in table.items()}
    with pytest.raises(TypeError, match="list of ids"):
        orders.forget("1")
    with pytest.raises(crm.OptionError, match="ids of the type that came in, text"):
        orders.forget([1])
    with pytest.raises(crm.OptionError, match="view with a filter"):
        orders.view(where={"channel": "web"}).forget(["nobody"])


DAY = {"customer_id": ["a", "b"], "ordered_at": ["2026-01-05", "2026-01-06"], "amount": [500, 70]}


def held(**more: object) -> crm.Orders:
    return crm.Orders({**DAY, "id": ["o1", "o2"], **more}, currency="JPY", order_id="id")


def revenue(orders: crm.Orders) -> list[float]:
    return list(crm.summary(orders)["revenue"])


def test_an_order_that_comes_again_is_refused_or_replaced() -> None:
    orders = held()
    with pytest.raises(crm.DataError, match="the order is there already") as caught:
        orders.append({**DAY, "id": ["o3", "o2"]})
    assert (caught.value.row, caught.value.column) == (1, "id")
    assert "on_repeat=" in str(caught.value.hint)
    changed = {"customer_id": ["b"], "ordered_at": ["2026-01-06"], "amount": [7], "id": ["o2"]}
    for on_repeat, expected in {"replace": [500, 7], "first": [500, 70], "add": [500, 77]}.items():
        now = orders.append(changed, on_repeat=on_repeat)  # type: ignore[arg-type]
        assert revenue(now) == expected and revenue(orders) == [500, 70]
        assert now.receipt is not None and now.receipt["repeated"] == 1
        assert now.receipt["rows_left_out"] == (0 if on_repeat == "add" else 1)
    of_orders = orders.append(held(amount=[1, 2]), on_repeat="replace")
    assert revenue(of_orders) == [1, 2]
    assert orders.append(pd.DataFrame({**DAY, "id": ["o3", "o4"]})).receipt == {
        "orders": 2,
        "repeated": 0,
        "rows": 2,
        "rows_left_out": 0,
    }
    with pytest.raises(crm.OptionError, match="on_repeat"):
        orders.append(changed, on_repeat="last")  # type: ignore[arg-type]
    with pytest.raises(crm.OptionError, match="order_id"):
        crm.Orders(DAY, currency="JPY").append(DAY, on_repeat="first")
    assert revenue(crm.Orders(DAY, currency="JPY").append(DAY)) == [1000, 140]
    with pytest.raises(crm.SchemaError, match="`id`"):
        orders.append(DAY)


@pytest.fixture
def events() -> crm.Events:
    return crm.Events(
        crm.simulate_events(80, seed=3),
        customer_id="customer_id",
        page="page",
        product="product",
        timezone="Asia/Tokyo",
        kinds={"add_to_cart": "add"},
    )


def same_events(one: crm.Events, other: crm.Events) -> bool:
    asked = {"as_of": "2026-03-31"}
    return repr(one) == repr(other) and all(
        crm.run(name, one, asked).to_dict() == crm.run(name, other, asked).to_dict()
        for name in ("sessions", "page_exits", "cart_abandonment")
    )


def test_saved_events_give_the_same(events: crm.Events) -> None:
    again = crm.Events.from_bytes(events.to_bytes())
    assert same_events(again, events) and again.to_bytes() == events.to_bytes()
    assert again.understanding is None and again._kinds == events._kinds
    assert same_events(pickle.loads(pickle.dumps(events)), events)
    assert copy.deepcopy(events) is events and copy.copy(events) is events
    with pytest.raises(crm.DataError, match="it holds events, not orders"):
        crm.Orders.from_bytes(events.to_bytes())
    with pytest.raises(TypeError, match="expected bytes"):
        crm.Events.from_bytes(None)  # type: ignore[arg-type]
    with pytest.raises(crm.OptionError, match="a whole log, not a view"):
        events.view({"kind": "view"}).to_bytes()


def test_pickled_events_keep_how_a_file_was_read(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "visitor_id,occurred_at,event\n"
        "v,2026-01-05 10:00:00,page_view\nv,2026-01-05 10:01:00,purchase\n"
    )
    events = crm.read_events(tmp_path / "log.csv")
    again = pickle.loads(pickle.dumps(events))
    assert events.understanding is not None
    assert str(again.understanding) == str(events.understanding)
    assert again._kinds == events._kinds


def test_visitors_and_customers_are_forgotten(events: crm.Events) -> None:
    found = crm.sessions(events, as_of="2026-03-31").to_dict()["visitor_id"]
    rest = events.forget([found[0], found[0], -7], whose="visitor")
    assert rest.receipt is not None and events.receipt is None
    assert (rest.receipt["found"], rest.receipt["unknown"]) == (1, 1)
    assert len(rest) == len(events) - rest.receipt["events"]
    left = crm.sessions(rest, as_of="2026-03-31").to_dict()["visitor_id"]
    assert left == [visitor for visitor in found if visitor != found[0]]
    with pytest.raises(TypeError, match="list of ids"):
        events.forget("1")
    with pytest.raises(crm.OptionError, match="ids of the type that came in"):
        events.forget(["1"])
    with pytest.raises(crm.OptionError, match="whose"):
        events.forget([1], whose="shop")  # type: ignore[arg-type]


def test_customers_tables_are_saved_and_forget() -> None:
    table = crm.Customers(
        {"id": ["a", "b", "c"], "rank": ["gold", "tin", "tin"]}, "id", dimensions=["rank"]
    )
    again = pickle.loads(pickle.dumps(table))
    orders = [crm.Orders(DAY, currency="JPY", customers=one) for one in (table, again)]
    ranked = [crm.summary(one, where={"rank": "gold"}).to_dict() for one in orders]
    assert ranked[0] == ranked[1] and ranked[0]["revenue"][0] == 500
    assert copy.copy(table) is table and copy.deepcopy(table) is table
    rest = table.forget(["c", "nobody"])
    assert (len(rest), rest.receipt) == (2, {"customers": 1, "unknown": 1})
    assert (len(table), table.receipt) == (3, None)
    with pytest.raises(crm.DataError, match="saved state"):
        crm.Customers.from_bytes(b"CRMSTATE")


def test_a_customer_s_orders_are_found_among_all(orders: crm.Orders) -> None:
    table = crm.summary(orders, as_of="2025-06-30")
    who = table.to_dict()["customer_id"][7]
    alone = orders.of_customers([who, who, "nobody"])
    assert (
        crm.summary(alone, as_of="2025-06-30").to_dict() == table.filter(customer_id=who).to_dict()
    )
    assert alone.last_date == orders.last_date and alone.currency == "JPY"
    assert len(orders.of_customers([])) == 0
    with pytest.raises(crm.OptionError, match="ids of the type that came in, text"):
        orders.of_customers([7])
    with pytest.raises(crm.OptionError, match="view with a filter"):
        orders.view({"channel": "web"}).of_customers([who])
    # The same after parts were appended, before and after they are put together.
    days = [held(id=[f"a{i}", f"b{i}"]) for i in range(70)]
    growing = days[0]
    for day in days[1:]:
        growing = growing.append(day)
    assert revenue(growing.of_customers(["b"])) == [70 * 70]
    assert revenue(growing) == [70 * 500, 70 * 70] and len(growing) == 140
    assert revenue(growing.of_customers(["b"])) == [70 * 70]
