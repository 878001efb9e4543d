"""Checks that hold for nearly all rows: one odd row among many hides no warning.

The sums of the files are made here, apart from the reader.
"""

import re
from decimal import Decimal

import pyarrow as pa
import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core import _cli


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "EUR", **options})


def refused(text, **options):
    with pytest.raises(crm.DataError) as caught:
        read(text, **options)
    return f"{caught.value} {caught.value.hint}"


def revenue(orders):
    return float(sum(totals(orders).values()))


def shown(number):
    """An amount as messages show it: 1234.50 is 1,234.5."""
    return f"{Decimal(number).normalize() + 0:,}"


# ---- totals that repeat, cents, sums among the rows ----------------------------------------------

TOTALS = [Decimal(1000 + 37 * at) / 100 for at in range(1, 31)]  # 10.37, 10.74, ... 21.10
HEAD = "Vorgang,Customer ID,Date,Product,Total"
TWICE = [
    f"{at},c{at},2026-01-{at:02d} 10:{at:02d},{product},{total}"
    for at, total in enumerate(TOTALS, 1)
    for product in ("Lamp", "Mug")
]
ONCE = sum(TOTALS)


@pytest.mark.parametrize(
    ("more", "once", "each", "apart"),
    [
        ([], ONCE, 2 * ONCE, 0),
        (["99,z,2026-02-01 09:00,Vase,-5"], ONCE - 5, 2 * ONCE - 5, 0),
        (["99,z,2026-02-01 09:00,Vase,0"], ONCE, 2 * ONCE, 0),
        # A line that somebody corrected: its first row is the order's total then.
        (
            ["98,z,2026-02-01 09:00,Vase,40", "98,z,2026-02-01 09:00,Mug,41.5"],
            ONCE + 40,
            2 * ONCE + Decimal("81.5"),
            1,
        ),
    ],
)
def test_one_odd_row_does_not_hide_totals_that_repeat(more, once, each, apart):
    said = warned(read("\n".join([HEAD, *TWICE, *more])))
    assert f"(30 times; it differs {apart} times)" in said
    assert f"come to {shown(once)}, as counted to {shown(each)}" in said


@pytest.mark.parametrize(("more", "whole"), [("12.5", 30), ("-1999", 31), ("0", 30)])
def test_one_odd_amount_does_not_hide_cents(more, whole):
    cents = [1999 + 137 * at for at in range(30)]
    rows = [f"{at},c{at},2026-01-05,{amount}" for at, amount in enumerate([*cents, more], 1)]
    said = warned(read("\n".join(["order,customer,date,total", *rows])))
    of = 30 if more == "0" else 31  # a zero is in no unit
    assert f'{whole} of the {of} amounts of "total" are whole numbers' in said
    own = sum(cents) + Decimal(more)
    assert f"come to {shown(own)}, or to {float(own) / 100:,.2f}" in said


PLAIN = [Decimal(500 + 113 * at) / 100 for at in range(1, 31)]


@pytest.mark.parametrize(
    ("before", "behind", "sums"),
    [
        ([], [sum(PLAIN)], 1),
        ([sum(PLAIN)], [], 1),
        ([], [sum(PLAIN), Decimal("7.50")], 1),
        ([], [sum(PLAIN) + Decimal("0.01")], 1),
        ([], [(sum(PLAIN) / Decimal("1.19")).quantize(Decimal("0.01")), sum(PLAIN)], 2),
    ],
)
def test_a_sum_at_either_end_is_said_with_both_totals(before, behind, sums):
    amounts = [*before, *PLAIN, *behind]
    rows = [f"{at},c{at % 7},2026-01-05,{amount}" for at, amount in enumerate(amounts, 1)]
    said = warned(read("\n".join(["order,customer,date,total", *rows])))
    rest = sum(PLAIN) + sum(one for one in behind if one == Decimal("7.50"))
    assert f"{sums} rows at an end of the file" in said
    assert f"come to {shown(sum(amounts))}, without to {shown(rest)}" in said


def test_orders_without_a_sum_are_no_sums():
    rows = [f"{at},c{at % 7},2026-01-05,{amount}" for at, amount in enumerate(PLAIN, 1)]
    assert not warned(read("\n".join(["order,customer,date,total", *rows])))


def test_a_day_whose_sum_is_a_cent_off_is_a_subtotal():
    days = [(Decimal("10.10"), Decimal("20.25")), (Decimal("5.05"), Decimal("6.30"))] * 3
    rows = []
    for at, (one, two) in enumerate(days, 1):
        off = Decimal("0.01") if at == 2 else 0
        rows += [f"c{at},2026-01-{at:02d},{amount}" for amount in (one, two, one + two + off)]
    said = warned(read("\n".join(["customer,date,total", *rows])))
    # 3 × (30.35 + 11.35) = 125.10, twice 250.20, and a cent
    assert "come to 250.21, without them to 125.1" in said


# ---- the line of `crm run` -----------------------------------------------------------------------

COUNTED = """Order ID,Customer ID,Date,Total,Status
1,a,2026-01-05,100.50,paid
2,b,2026-01-06,50.25,cancelled
3,a,2026-01-09,-20.00,paid
4,,2026-01-09,7.00,paid
5,c,2026-01-09,9.00,test
"""


def test_the_line_of_the_command_is_the_reconciliation(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text(COUNTED)
    assert _cli.main(["run", "summary", str(path), "--currency", "EUR"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    # 100.50 − 20.00 of customer a, and 7.00 of a guest
    assert "1 orders of 1 customers count, and 1 of guests: €87.50 in all." in told
    table = crm.read_orders(str(path), currency="EUR").reconciliation.to_dict()
    money = dict(zip(table["reason"], table["amount"], strict=True))
    assert float(money["counted"] + money["guest"] + money["refund"]) == 87.5


# ---- totals so far, dates of an export, versions -------------------------------------------------


def growing(odd):
    """Twelve customers with four orders of 10, 20, 30 and 40 each, as totals so far."""
    rows = []
    for customer in range(12):
        so_far = 0
        for at in range(4):
            so_far += 10 * (at + 1)
            paid = 5 if odd and (customer, at) == (3, 2) else so_far
            rows.append(f"c{customer},2026-0{at + 1}-{customer + 1:02d},{paid}.50")
    return "\n".join(["customer,date,total", *rows])


def test_a_total_so_far_is_said_with_both_totals():
    # 10 + 30 + 60 + 100 = 200 and 4 × 0.50 each, of which the last is 100.50
    said = warned(read(growing(odd=False)))
    assert "(36 of 36 times, of 12 customers with three orders and more)" in said
    assert "come to 2,424, as totals so far to 1,206" in said
    assert "(35 of 36 times" in warned(read(growing(odd=True)))


def test_equal_or_falling_amounts_are_no_totals_so_far():
    rows = [f"c{at % 12},2026-0{at // 12 + 1}-05,{20 + at * 7 % 31}" for at in range(48)]
    assert "so far" not in warned(read("\n".join(["customer,date,total", *rows])))
    rows = [f"c{at % 12},2026-0{at // 12 + 1}-05,19.90" for at in range(48)]
    assert "so far" not in warned(read("\n".join(["customer,date,total", *rows])))


def test_the_day_of_an_export_in_nearly_all_rows_is_said():
    days = [f"2026-03-{1 + at % 28:02d}" for at in range(40)]
    rows = [f"{at},c{at % 9},2026-06-01,{10 + at}.50,{day}" for at, day in enumerate(days)]
    rows[5] = rows[5].replace("2026-06-01", "2026-05-30")
    text = "\n".join(["order_id,customer_id,Date,total,Ordered", *rows])
    said = warned(read(text))
    assert '"Date" is the same day in 39 of 40 rows' in said and '"Ordered"' in said


@pytest.mark.parametrize(
    ("heading", "old", "new"),
    [("version", "v1", "v2"), ("version", "1", "2"), ("valid_to", "2026-01-09", "")],
)
def test_versions_are_said_in_any_form(heading, old, new):
    rows = [
        f"1,a,2026-01-05,100.50,{old}",
        f"1,a,2026-01-05,80.50,{new}",
        f"2,b,2026-01-06,50.25,{new}",
        f"3,c,2026-01-06,30,{old}",
        f"3,c,2026-01-06,35,{new}",
    ]
    said = warned(read("\n".join([f"order_id,customer_id,date,total,{heading}", *rows])))
    # 100.50 + 80.50 + 50.25 + 30 + 35 = 296.25; the last states: 80.50 + 50.25 + 35 = 165.75
    assert "296.25" in said and "165.75" in said and f'"{heading}" tells apart' in said


# ---- rows that are no lines ----------------------------------------------------------------------


@pytest.mark.parametrize("total", [",,,30.00", ",a,2026-01-31,30.00"])
def test_a_sum_without_a_number_is_a_row_of_totals(total):
    text = f"order_id,customer_id,date,total\n1,a,2026-01-05,10.00\n2,b,2026-01-06,20.00\n{total}"
    said = refused(text + "\n3,a,2026-02-05,5.00")
    assert "a row of totals is no order" in said and "merged" not in said
    left = read(text + "\n3,a,2026-02-05,5.00", bad_rows="drop")
    assert revenue(left) == 35


def test_a_payout_among_orders_is_no_merged_cell():
    text = """order_id,customer_id,date,amount,type
1,a,2026-01-05,10.00,Sale
,,2026-01-06,-9.10,Payout
2,b,2026-01-07,20.00,Sale
"""
    said = refused(text)
    assert "1 rows have a date and an amount, and neither" in said and "merged" not in said


def test_a_blank_row_of_a_frame_is_left_out_as_that_of_a_file():
    table = pa.table(
        {
            "order_id": ["1", "2", None],
            "customer_id": ["a", "b", None],
            "date": ["2026-01-05", "2026-01-06", None],
            "total": [10.5, 20.5, float("nan")],
        }
    )
    assert revenue(crm.read_orders(table, currency="EUR")) == 31


def test_unknown_words_of_a_payment_are_said_with_both_totals():
    text = """order_id,customer_id,date,total,Payment status
1,a,2026-01-05,10.00,paid
2,b,2026-01-06,20.50,clearing
3,c,2026-01-07,5.25,paid
"""
    said = warned(read(text))
    assert "in 1 orders" in said and "come to 35.75, without these to 15.25" in said


def test_a_blank_price_of_a_pending_order_is_no_bad_row():
    text = """order_id,customer_id,date,total,status
1,a,2026-01-05,10.00,completed
2,b,2026-01-06,,pending
3,c,2026-01-07,,cancelled
"""
    found = read(text)
    assert revenue(found) == 10
    assert '1 blank cells of "total" are of orders that are pending' in warned(found)
    assert '1 blank cells of "total" are of orders that do not count' in noted(found)


@pytest.mark.parametrize("reader", [crm.read_orders, crm.read_events])
def test_one_column_is_no_table(reader):
    pandas = pytest.importorskip("pandas")
    for one in (pandas.Series([1, 2]), pa.array([1, 2]), pa.chunked_array([[1]])):
        with pytest.raises(crm.DataError, match="is one column, not a table"):
            reader(one)


# ---- events --------------------------------------------------------------------------------------

VIEWS = """visitor_id,timestamp,url
v1,2026-01-05 10:00:00,/a
v1,2026-01-05 10:01:00,/b
v2,2026-01-06 11:00:00,/a
"""


def test_a_log_of_views_needs_no_kind():
    with pytest.raises(crm.DataError) as caught:
        crm.read_events(frame(VIEWS))
    assert 'kind="" says that all are views' in caught.value.hint
    events = crm.read_events(frame(VIEWS), kind="")
    sessions = crm.run("sessions", events, {}).to_dict()
    assert len(next(iter(sessions.values()))) > 0
    exits = crm.run("page_exits", events, {}).to_dict()
    assert dict(zip(exits["page"], exits["views"], strict=True)) == {"/a": 2, "/b": 1}


@pytest.mark.parametrize(
    ("address", "told"),
    [("/a?email=q7q%40x.example", True), ("/a?token=s3", True), ("/a?page=2", False)],
)
def test_mail_addresses_in_pages_are_warned_of_and_not_shown(address, told):
    events = crm.read_events(frame(VIEWS + f"v3,2026-01-07 09:00:00,{address}"), kind="")
    said = " ".join(events.understanding.warnings)
    assert ("hold a mail address" in said) == told
    assert not re.search(r"q7q|s3", said)


def test_a_server_log_is_named(tmp_path):
    path = tmp_path / "access.log"
    line = '10.0.0.1 - - [05/Jan/2026:10:00:00 +0100] "GET /a HTTP/1.1" 200 512 "-" "Mozilla/5.0"'
    path.write_text(f"{line}\n{line}\n")
    with pytest.raises(crm.DataError, match="is the log of a web server, which is not read"):
        crm.read_events(str(path))
