"""Lists within the rows of JSON and Parquet: read where they are the amounts, else named."""

import json

import pyarrow as pa
import pytest
from test_meaning import noted, totals, warned

import crm_core as crm

BASE = {"order_id": "1", "customer_id": "a", "created_at": "2024-01-05"}
REFUNDS = [{"id": 1, "transactions": [{"amount": "3.00", "kind": "refund"}]}]


def read(tmp_path, *rows, name="orders.jsonl", **options):
    path = tmp_path / name
    lines = [json.dumps(row) for row in rows]
    path.write_text("[" + ",".join(lines) + "]" if name.endswith(".json") else "\n".join(lines))
    return crm.read_orders(path, **{"currency": "USD", **options})


def test_lists_that_are_not_read_are_named_with_their_fields(tmp_path):
    items = [{"sku": "x", "price": "9.00", "tax_lines": [{"price": "1.00"}]}]
    found = read(tmp_path, BASE | {"total_price": "10.00", "line_items": items, "refunds": []})
    assert totals(found) == {"a": 10} and not warned(found)
    assert "line_items (price, tax_lines.price, sku), refunds" in noted(found)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"refunds": [{"kind": "refund", "by": "x"}]}, "refunds, refund"),
        ({"transactions": [{"amount": "3.00", "kind": "refund"}]}, "refund"),
        ({"lines": [{"sku": "x"}, {"sku": "y", "status": "キャンセル"}]}, "キャンセル"),
        ({"fulfillments": [{"parts": [{"returned_qty": 2}]}]}, "parts.returned_qty"),
        ({"log": ["paid", "cancelled"]}, "cancelled"),
    ],
)
def test_lists_that_speak_of_refunds_are_warned_of(tmp_path, more, words):
    row = BASE | {"total_price": "10.00"} | more
    other = BASE | {"order_id": "2", "total_price": "5.00"}
    name = next(iter(more))
    for kind in ("orders.json", "orders.jsonl"):
        found = read(tmp_path, row, other, name=kind)
        assert totals(found) == {"a": 15}
        assert f'"{name}" within 1 rows' in warned(found) and f"({words})" in warned(found)
        assert not warned(read(tmp_path, row, other, name=kind, ignore=[name]))
        with pytest.raises(crm.DataError, match="speaks of refunds"):
            read(tmp_path, row, other, name=kind, strict=True)


def test_columns_of_lists_are_looked_at_in_frames_and_parquet(tmp_path):
    import pyarrow.parquet as pq

    table = pa.table(
        {**{name: [cell, cell] for name, cell in BASE.items()}, "total": [10.0, 10.0],
         "refunds": [[], [{"by": "x", "kind": "refund"}]], "tags": [["vip"], None]}
    )  # fmt: skip
    pq.write_table(table, tmp_path / "orders.parquet")
    for data in (table, tmp_path / "orders.parquet"):
        found = crm.read_orders(data, currency="USD", amount_is="order")
        assert '"refunds" within 1 rows' in warned(found)
        assert "refunds (by, kind), tags" in noted(found)


def test_items_are_rows_where_the_order_has_no_amount(tmp_path):
    items = [{"sku": "x", "price": "10.00", "quantity": 2}, {"sku": "y", "price": 5, "quantity": 1}]
    rows = [BASE | {"items": items}, BASE | {"order_id": "2", "items": items[1:], "note": "n"}]
    for name in ("orders.json", "orders.jsonl"):
        found = read(tmp_path, *rows, name=name)
        assert totals(found) == {"a": 30} and len(found) == 2
        assert 'each element of "items" is a row: 3 of 2 orders' in noted(found)
    with_id = {"id": "7", "user_id": "a", "date": "2024-01-05", "lines": [{"id": 1, "amount": 4}]}
    empty = {"id": "8", "user_id": "a", "date": "2024-01-05", "lines": []}
    found = read(tmp_path, with_id, with_id | {"id": "9"}, empty, bad_rows="drop")
    assert totals(found) == {"a": 8}


def test_states_and_totals_of_items_are_of_lines(tmp_path):
    items = [{"name": "x", "total": 5}, {"name": "y", "total": 5, "status": "cancelled"}]
    found = read(tmp_path, BASE | {"items": items, "discounts": [{"amount": 1}]})
    assert totals(found) == {"a": 5} and '"discounts" holds amounts too' in warned(found)
    items[1]["status"] = "shipped"
    assert totals(read(tmp_path, BASE | {"items": items})) == {"a": 10}
    with pytest.raises(crm.DataError, match="looks like amount") as caught:
        read(tmp_path, BASE | {"x": [{"amount": 1}], "y": [{"amount": 2}]})
    assert "Lists within rows are not read: x (amount), y (amount)" in caught.value.hint


def test_one_object_with_a_list_of_orders_on_one_line(tmp_path):
    path = tmp_path / "orders.json"
    orders = [BASE | {"total": 5, "refunds": []}, BASE | {"order_id": "2", "total": 7}]
    path.write_text(json.dumps({"count": 2, "orders": orders}))
    assert totals(crm.read_orders(path, currency="USD")) == {"a": 12}
    path.write_text(json.dumps(BASE | {"total": 5, "items": [{"price": 5}]}))
    assert totals(crm.read_orders(path, currency="USD")) == {"a": 5}


def test_objects_within_rows_are_columns_with_a_dot(tmp_path):
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    rows = [{"order_id": "1", "created_at": "2024-01-05", "total": 5, "customer": {"id": "a"}}]
    found = crm.read_orders(rows, customer_id="customer.id", currency="USD")
    assert totals(found) == {"a": 5}
    table = pa.Table.from_pylist([rows[0] | {"customer": {"id": "a", "status": "cancelled"}}])
    (tmp_path / "parts").mkdir()
    for name in ("orders.parquet", "parts/1.parquet"):
        pq.write_table(table, tmp_path / name)
    feather.write_feather(table, tmp_path / "orders.arrow")
    for data in (table, *(tmp_path / name for name in ("orders.parquet", "parts", "orders.arrow"))):
        found = crm.read_orders(data, customer_id="customer.id", currency="USD")
        assert totals(found) == {"a": 5} and '"customer.status" says cancelled' in warned(found)


def test_items_of_events_stay_lists(tmp_path):
    path = tmp_path / "log.jsonl"
    event = {"event_name": "purchase", "event_timestamp": "2024-01-05T10:00:00",
             "user_pseudo_id": "a", "order_id": "1", "items": [{"price": 1}]}  # fmt: skip
    path.write_text(json.dumps(event))
    events = crm.read_events(path)
    assert len(events) == 1 and "items (price)" in noted(events)
    path.write_text(json.dumps(event | {"params": [{"key": "cancelled"}]}))
    assert not warned(crm.read_events(path, strict=True))
