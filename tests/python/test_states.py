"""Saved orders: bytes, pickle, other processes."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

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
