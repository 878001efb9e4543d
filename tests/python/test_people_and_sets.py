"""Who is meant by an id of a log, nested parameters, sets without a column that tells them, rows
that correct others.

The totals are sums of the rows written here.
"""

import json

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm

LOG = {
    "event": ["page_view"] * 4 + ["purchase", "page_view"],
    "timestamp": [f"2024-01-05T1{at}:00:00Z" for at in range(6)],
    "page": ["/", "/a", "/", "/b", "/", "/"],
}
PEOPLE = ["a", "a", "b", "c", "b", "d"]


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "EUR", **options})


# ---- logs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nobody", ["0", "guest", "(not set)", "null", "anonymous", "-"])
def test_a_word_for_nobody_is_no_visitor_without_a_word(nobody):
    log = {"user_id": [nobody, nobody, nobody, "u1", nobody, "u2"], **LOG}
    events = crm.read_events(log)
    assert repr(events).startswith("<crm_core.Events, 6 events of 3 visitors")
    told = warned(events)
    assert f"stands {nobody} in 4 events" in told


@pytest.mark.parametrize("heading", ["cookie", "client_id", "browser_id", "訪問者ID"])
def test_visitors_are_not_joined_by_a_word_for_nobody(heading):
    log = {"user_id": ["guest", "u1", "guest", "guest", "guest", "guest"], heading: PEOPLE, **LOG}
    events = crm.read_events(log)
    assert "6 events of 4 visitors" in repr(events)
    assert "these values mean no customer: guest" in noted(events)
    assert set(crm.sessions(events).to_dict()["customer_id"]) == {None, "u1"}


def test_the_customer_0_of_many_events_is_warned_of():
    log = {"user_id": ["0", "u1", "0", "0", "0", "0"], "cookie": PEOPLE, **LOG}
    assert 'The id 0 of "user_id" has more events' in warned(crm.read_events(log))
    few = {"user_id": ["0", "u1", None, "u1", None, None], "cookie": PEOPLE, **LOG}
    assert not crm.read_events(few).understanding.warnings


def test_visitors_that_are_nearly_another_one_are_told():
    for near in ("A", "a ", "0a"):
        log = {"visitor_id": [near, "a", "b", "b", "b", "b"], **LOG}
        told = warned(crm.read_events(log))
        assert ("1 ids of" in told) == (near == "A"), near  # blanks around an id are cut
    log = {"visitor_id": ["1.0", "1", "02", "2", "3", "30"], **LOG}
    assert '2 ids of "visitor_id"' in warned(crm.read_events(log))


def test_an_order_in_several_purchases_is_told_with_both_totals():
    log = {
        "visitor_id": ["a", "a", "b", "b", "c"],
        "event": ["purchase"] * 4 + ["page_view"],
        "timestamp": [f"2024-01-05T1{at}:00:00Z" for at in range(5)],
        "order_id": ["1", "1", "2", "3", None],
        "revenue": ["25", "25", "10", "7", None],
    }
    told = warned(crm.read_events(log, currency="JPY"))
    assert "1 orders have the same amount" in told and "to 67, once an order to 42" in told
    items = {**log, "revenue": ["20", "5", "10", "7", None]}  # of the items of an order
    assert not crm.read_events(items, currency="JPY").understanding.warnings


def test_nested_parameters_of_google_analytics_are_columns(tmp_path):
    def row(time, kind, who, customer=None, **parameters):
        listed = [
            {"key": key, "value": {"string_value": None, "int_value": None} | value}
            for key, value in parameters.items()
        ]
        return {
            "event_date": "20240105",
            "event_timestamp": str(1_704_448_800_000_000 + time * 1_000_000),
            "event_name": kind,
            "event_params": listed,
            "user_pseudo_id": who,
            "user_id": customer,
        }

    rows = [
        row(0, "page_view", "p1", page_location={"string_value": "https://shop.example/a"}),
        row(9, "page_view", "p1", ga_session_id={"int_value": "7"}),
        row(20, "purchase", "p1", "u1", transaction_id={"string_value": "T1"}),
        row(30, "page_view", "p2", page_location={"string_value": "https://shop.example/a"}),
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    events = crm.read_events(path)
    found = crm.page_exits(events).to_dict()
    assert dict(zip(found["page"], found["views"], strict=True))["https://shop.example/a"] == 2
    chosen = {one.role: one.value for one in events.understanding.choices}
    assert (chosen["page"], chosen["order_id"]) == ("page_location", "transaction_id")
    assert not any("not read" in one for one in events.understanding.notes)


# ---- orders --------------------------------------------------------------------------------------

SETS = """order_id,customer_id,ordered_at,product,amount
1,a,2024-01-05,Gift box,3000
1,a,2024-01-05,Tea,1000
1,a,2024-01-05,Cup,1500
2,b,2024-01-06,Tea,1000
3,c,2024-01-07,Gift box,3000
3,c,2024-01-07,Tea,1000
3,c,2024-01-07,Cup,1500
4,a,2024-02-05,Gift box,3000
4,a,2024-02-05,Tea,1000
4,a,2024-02-05,Cup,1500
"""


def test_a_set_beside_its_parts_is_told_without_a_column_of_types():
    orders = read(SETS)
    assert sum(totals(orders).values()) == 17_500
    told = warned(orders)
    assert "In all 3 orders" in told and "(the first in row 0)" in told
    assert "all rows come to 17,500, without 6 rows of parts to 10,000" in told
    assert not read(SETS, ignore=["product"]).understanding.warnings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("4,a,2024-02-05,Cup,1500\n", ""),  # one order is without a part
        ("3000", "9000"),  # the parts cost too little
        ("Cup,1500", "Shipping,1500"),  # a charge is no part
    ],
)
def test_products_that_stand_together_by_chance_are_no_set(old, new):
    told = read(SETS.replace(old, new)).understanding.warnings
    assert not any("other products" in one for one in told)


def test_rows_that_may_correct_others_are_told_with_each_total():
    text = """customer_id,ordered_at,total
a,2024-01-05 10:00,120.00
b,2024-01-06 11:00,80.00
a,2024-01-05 10:00,100.00
c,2024-01-07 12:00,60.00
d,2024-01-08 12:00,70.00
d,2024-01-08 12:00,65.00
e,2024-01-09 12:00,70.00
"""
    told = warned(read(text))
    assert "as an order each (7) they come to 565" in told
    assert "they are 5 orders" in told and "all come to 375" in told
    items = text.replace("total", "total,product").replace(".00\n", ".00,x\n")
    items = items.replace("120.00,x", "120.00,y").replace("65.00,x", "65.00,y")
    assert "corrects" not in warned(read(items))


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("Is draft", ("false", "true", "false")),
        ("下書き", ("", "1", "")),
        ("Replaced by", ("", "3", "")),
        ("superseded_at", ("", "2024-01-09", "")),
    ],
)
def test_orders_that_another_one_replaces_are_warned_of(heading, cells):
    rows = [f"{at},{who},2024-01-0{at},{at}0.00" for at, who in ((1, "a"), (2, "b"), (3, "a"))]
    text = "\n".join(f"{row},{cell}" for row, cell in zip(rows, cells, strict=True))
    orders = read(f"order_id,customer_id,ordered_at,total,{heading}\n{text}")
    assert sum(totals(orders).values()) == 60
    said = warned(orders)
    both = "20 of 60" in said or "come to 60, without these to 40" in said
    assert f'"{heading}"' in said and both


def test_a_heading_of_the_state_is_known_without_the_order():
    orders = read("""注文番号,注文日,会員番号,合計金額,状況
1,2024-01-05,a,1250,発送済
2,2024-01-06,b,100,キャンセル
""")
    assert sum(totals(orders).values()) == 1250


def test_fees_of_a_marketplace_among_the_lines_are_warned_of():
    orders = read("""order_id,customer_id,ordered_at,amount-type,amount
1,a,2024-01-05,ItemPrice,28.00
1,a,2024-01-05,ItemFees,-4.00
2,b,2024-01-06,ItemPrice,5.00
2,b,2024-01-06,ItemFees,-1.00
""")
    assert sum(totals(orders).values()) == 28
    assert '"ItemFees"' in warned(orders) and "come to -5" in warned(orders)
