"""Columns of money and of rows that an outside reader has misread: discounts, totals, subtotals.

Every file is of a few rows whose sums are redone by hand.
"""

import pytest
from test_meaning import frame, noted, totals, warned

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


# ---- totals that repeat, and subtotals -----------------------------------------------------------

DAYS = """
customer_id,order_date,item,order_total
a,2026-01-03,x,30
a,2026-01-03,y,30
b,2026-01-04,x,10
c,2026-01-04,x,25
c,2026-01-04,z,25
"""


def said_of(text, **options):
    return warned(crm.read_orders(frame(text), **{"currency": "USD", **options}))


def test_equal_totals_of_one_day_are_said():
    said = said_of(DAYS)
    assert (
        '"order_total" is the same on several rows' in said
        and "(2 times; it differs 0 times)" in said
    )
    assert "come to 65, as counted to 120" in said  # 30 + 10 + 25
    assert not said_of(DAYS, amount_is="line")
    alone = DAYS.replace("c,2026-01-04,z,25", "d,2026-01-04,z,25")
    assert "come to 90, as counted to 120" in said_of(alone)
    assert not said_of(DAYS.replace("order_total", "amount"))
    apart = DAYS.replace("y,30", "y,31").replace("z,25", "z,26")
    assert "as counted" not in said_of(apart)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (["a,03,10", "a,05,20", "a,05,30", "b,04,5", "b,06,6", "b,06,11"], "same customer"),
        (["a,03,10", "b,03,20", "c,03,30", "b,04,5", "c,04,6", "d,04,11"], "same day or month"),
        (["a,03,10", "a,05,20", ",05,30", "b,04,5", "b,06,6", ",06,11"], "without a customer"),
        (["a,03,10", "b,09,20", "Jan total,31,30", "b,04,5", "c,06,6", "Feb total,28,11"], "word"),
        (["a,03,10", "a,05,20", "a 計 小計,05,30", "b,04,5", "b,06,6", "b 小計,06,11"], "word"),
    ],
)
def test_subtotals_among_the_rows_are_said_with_both_totals(rows, what):
    text = "\n".join(["customer_id,order_day,amount", *rows])
    text = text.replace(",0", ",2026-01-0").replace(",31,", ",2026-01-31,")
    text = text.replace(",28,", ",2026-02-28,")
    said = said_of(text)
    assert what in said and "come to 82, without them to 41" in said
    off = text.replace(",11", ",12").replace(",30", ",29")
    assert "without them" not in said_of(off)


def test_months_of_subtotals_are_said():
    rows = ["a,01-03,10", "b,01-09,20", "z,01-31,30", "b,02-04,5", "c,02-06,6", "z,02-28,11"]
    text = "customer_id,order_day,amount\n" + "\n".join(rows).replace(",0", ",2026-0")
    assert "same day or month" in said_of(text)


def test_a_customer_called_by_a_word_for_a_total_is_said():
    rows = ["a,2026-01-03,10", "合計,2026-01-04,40", *(f"c{at},2026-01-05,1" for at in range(6))]
    said = said_of("\n".join(["customer_id,order_day,amount", *rows]))
    assert "have a word for a total" in said and "come to 56, without them to 16" in said
    assert not said_of("\n".join(["customer_id,order_day,amount", *rows[:1], *rows[2:]]))


def test_sums_by_chance_are_no_subtotals():
    rows = ["a,2026-01-03,10", "a,2026-01-04,20", "a,2026-01-05,30", "b,2026-01-06,5"]
    assert not said_of("\n".join(["customer_id,order_day,amount", *rows]))


# ---- rows that are left out, and words that nothing explains -------------------------------------


def test_rows_that_are_left_out_are_said_with_their_money():
    rows = ["1,a,soon,10", "2,b,2026-01-03,20", "3,c,,5", "4,d,soon,x"]
    said = said_of("\n".join([HEAD, *rows]), bad_rows="drop")
    assert '2 rows have a date in "order_date" that cannot be read' in said
    assert "come to 10, without 1 rows whose amount cannot be read either" in said
    assert '1 rows have no value in "order_date"' in said and "come to 5" in said
    assert '1 cells of "total" could not be read' in said and "not known" in said


def test_money_that_cannot_be_read_is_not_said_to_take_its_row_along():
    rows = ["1,a,2026-01-03,10,x", "2,b,2026-01-03,20,1"]
    text = "\n".join([f"{HEAD},discount", *rows])
    found = crm.read_orders(frame(text), currency="USD", discount="discount", bad_rows="drop")
    assert totals(found) == {"a": 10, "b": 19} and "their rows count" in warned(found)
    assert "left out" not in warned(found) + noted(found)


def test_words_that_nothing_explains_are_said_among_several():
    rows = [f"{at},c{at},2026-01-03,10" for at in range(1, 14)]
    cells = ["sale"] * 8 + ["pickup"] * 4 + ["glorp"]
    said = noted(read("type", cells, rows=rows))
    assert '"type" has words that nothing explains' in said and "pickup" in said
    assert "in 5 rows" in said and "come to 130 with them and to 80 without" in said
    assert "nothing explains" not in noted(read("type", ["sale"] * 8 + ["returned"] * 5, rows=rows))
