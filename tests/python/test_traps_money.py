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
