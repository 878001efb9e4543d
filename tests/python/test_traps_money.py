"""Columns of money and of rows that an outside reader has misread: discounts, totals, subtotals.

Every file is of a few rows whose sums are redone by hand.
"""

import pytest
from test_meaning import frame, totals, warned

import crm_core as crm

HEAD = "order_id,customer_id,order_date,total"
LINES = HEAD.replace("total", "line_total")
ROWS = ["1,a,2026-01-03,10", "2,b,2026-01-04,20", "3,c,2026-01-05,30", "4,d,2026-01-06,40"]


def read(heading, cells, head=HEAD, rows=ROWS, **options):
    lines = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)]
    text = "\n".join([f"{head},{heading}", *lines])
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


def refused(*arguments, **options):
    with pytest.raises(crm.DataError) as caught:
        read(*arguments, **options)
    return f"{caught.value} {caught.value.hint}"


# ---- discounts that are shares -------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells", [["10%", "0%", "5%", "0%"], ["10 %", "", "5 %", ""], ["10％"] * 4]
)
def test_a_discount_with_percent_signs_is_no_money(cells):
    said = refused("discount", cells, discount="discount")
    assert 'discount "discount" holds cells with a percent sign' in said
    assert "in percent" in warned(read("discount", cells, head=LINES))


def test_a_discount_that_is_a_rate_by_its_heading_is_no_money():
    said = refused("discount_rate", [10, 0, 15, 0], discount="discount_rate")
    assert "a rate by its heading" in said and 'ignore=["discount_rate"]' in said
    money = read("discount_rate", [1, 0, 2, 0], discount="discount_rate", ignore=["discount_rate"])
    assert sum(totals(money).values()) == 97


def test_a_discount_of_fractions_is_asked_about_with_all_totals():
    cells = ["0.1", "0", "0.05", "0"]
    said = refused("discount", cells, discount="discount")
    # 10 × 0.9 + 20 + 30 × 0.95 + 40 = 97.5; as money 100 − 0.15.
    assert "money (total 99.85) or a share of the amount (total 97.5; 100 without it)" in said
    money = read("discount", cells, discount="discount", ignore=["discount"])
    assert sum(totals(money).values()) == pytest.approx(99.85)
    said = warned(read("discount", cells, head=LINES))
    assert "to 100 as they are and to 97.5" in said and "discount=" not in said
    assert not warned(read("discount", cells, head=LINES, ignore=["discount"]))


def test_small_discounts_of_small_amounts_are_money():
    small = [row.rpartition(",")[0] + ",3.00" for row in ROWS]
    found = read("discount", ["0.50", "0", "0.25", "0"], rows=small, discount="discount")
    assert sum(totals(found).values()) == 11.25


@pytest.mark.parametrize(
    ("shares", "rest", "total"),
    [
        (["10", "0", "5", "50"], ["9", "20", "28.5", "20"], "77.5"),
        (["0.1", "0", "0.05", "0.5"], ["9", "20", "28.5", "20"], "77.5"),
        (["33", "0", "0", "0"], ["7", "20", "30", "40"], "97"),  # rounded to whole units
    ],
)
def test_an_amount_less_a_share_is_said(shares, rest, total):
    cells = [f"{share},{left}" for share, left in zip(shares, rest, strict=True)]
    said = warned(read("discount,x", cells))
    assert '"x" is "total" less the share "discount"' in said
    assert f"(100); after it they come to {total}:" in said


def test_an_amount_less_a_discount_and_with_charges_is_said():
    cells = ["1,5,14", "0,5,25", "2,0,28", "0,0,40"]
    said = warned(read("discount,shipping,x", cells))
    assert '"x" is "total" less "discount" and with "shipping"' in said and "come to 107" in said
    cells = ["1,5,1,15", "0,5,2,27", "2,0,3,31", "0,0,4,44"]
    assert 'with "shipping", "tax"' in warned(read("discount,shipping,tax,x", cells))
    off = [cell.replace("14", "13") for cell in ["1,5,14", "0,5,25", "2,0,28", "0,0,40"]]
    assert "less" not in warned(read("discount,shipping,x", off))


# ---- columns that change what a row means --------------------------------------------------------


@pytest.mark.parametrize("heading", ["fx_rate", "Exchange Rate", "為替レート", "Wechselkurs"])
def test_a_rate_of_exchange_is_said_with_both_totals(heading):
    said = warned(read(heading, [1, "1.1", 1, "0.9"]))
    assert f'"{heading}" is a rate of exchange' in said
    assert "come to 100 as they are, and to 98 times the rate" in said  # 10 + 22 + 30 + 36
    assert not warned(read(heading, [1, 1, 1, 1]))
    assert not warned(read(heading, [1, "1.1", 1, "0.9"], ignore=[heading]))


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("tax_included", ["yes", "no", "yes", "no"]),
        ("prices_include_tax", ["true", "false", "true", "false"]),
        ("税込区分", ["税込", "税抜", "税込", "税抜"]),
        ("内税外税", ["内税", "外税", "内税", "外税"]),
        ("tax_mode", ["incl", "excl", "incl", "excl"]),
    ],
)
def test_amounts_with_and_without_tax_are_said(heading, cells):
    said = warned(read(heading, cells))
    assert f'By "{heading}"' in said and "not in 2 rows (60 of 100)" in said
    assert not warned(read(heading, [cells[0]] * 4))
    assert not warned(read(heading, cells, ignore=[heading]))
    taxes = ["1", "2", "3", "4"]
    both = [f"{cell},{tax}" for cell, tax in zip(cells, taxes, strict=True)]
    assert 'with "tax" added to those the total is 106' in warned(read(f"{heading},tax", both))


@pytest.mark.parametrize("words", [["課税", "非課税"], ["10%", "8%"]])
def test_kinds_of_tax_say_nothing_of_what_is_contained(words):
    assert not warned(read("税区分", words * 2))


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("is_duplicate", ["0", "1", "0", "0"]),
        ("重複フラグ", ["", "1", "", ""]),
        ("test_mode", ["false", "true", "false", "false"]),
        ("deleted_at", ["", "2026-02-01", "", ""]),
    ],
)
def test_flags_of_rows_that_may_not_count_are_said_with_what_they_come_to(heading, cells):
    said = warned(read(heading, cells))
    assert f'"{heading}" is set in 1 orders that count (20 of 100)' in said
    assert sum(totals(read(heading, cells, cancelled_at=heading)).values()) == 80


def test_a_flag_of_the_latest_row_is_said_and_its_hint_works():
    said = warned(read("is_latest", [1, 0, 1, 1]))
    assert '"is_latest" says 0 in 1 orders that count (20 of 100)' in said
    given = {"status": "is_latest", "status_map": {"0": "cancelled", "1": "completed"}}
    assert 'status_map={"0": "cancelled", "1": "completed"}' in said
    assert sum(totals(read("is_latest", [1, 0, 1, 1], **given)).values()) == 80


TWICE = ["1,a,2026-01-03,10", "1,a,2026-01-03,12", *ROWS[2:]]


@pytest.mark.parametrize(
    ("heading", "older", "newer"),
    [
        ("version", 1, 2), ("version", 9, 10), ("revision", 1, 2),
        ("snapshot_date", "2026-02-01", "2026-02-02"),
        ("出力日時", "2026/2/9 1:00", "2026/2/10 1:00"),
        ("updated_at", "2026-02-01T09:00:00", "2026-02-01T10:00:00"),
    ],
)  # fmt: skip
def test_an_order_in_several_states_is_said_with_both_totals(heading, older, newer):
    for head in (HEAD, LINES):
        said = warned(read(heading, [older, newer, older, older], head=head, rows=TWICE))
        assert f'1 orders stand in the file in several states, which "{heading}" tells' in said
        assert "all rows come to 92, the last state of each order alone to 82" in said
        # The later row may stand first.
        turned = [TWICE[1], TWICE[0], *TWICE[2:]]
        said = warned(read(heading, [newer, older, older, older], head=head, rows=turned))
        assert "alone to 82" in said
        apart = read(heading, [older, newer, older, older], head=head)
        assert "several states" not in warned(apart)


def test_lines_of_several_items_and_days_are_no_states():
    lines = [f"{row},x{at}" for at, row in enumerate(TWICE)]
    head = f"{LINES},sku"
    days = ["2026-02-01", "2026-02-02", "2026-02-01", "2026-02-01"]
    assert "several states" not in warned(read("updated_at", days, head=head, rows=lines))
    same = [f"{row},x" for row in TWICE]
    assert "alone to 82" in warned(read("updated_at", days, head=head, rows=same))


def test_snapshots_without_an_order_number_are_compared_row_by_row():
    text = """
customer_id,order_date,amount,export_date
a,2026-01-03,10,2026-02-01
b,2026-01-04,20,2026-02-01
a,2026-01-03,10,2026-02-02
b,2026-01-04,20,2026-02-02
c,2026-02-01,5,2026-02-02
"""
    said = warned(crm.read_orders(frame(text), currency="USD"))
    assert "all rows come to 65, the last state of each order alone to 35" in said
