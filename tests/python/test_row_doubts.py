"""Rows whose amount contradicts what stands beside it, and rows that may count twice.

Every file has few rows, whose totals are redone by hand.
"""

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


def revenue(orders):
    return pytest.approx(float(sum(totals(orders).values())))


UNPAID = """Order,Date,Customer,Total,Payment Status
1,2024-01-05,a,10.50,{paid}
2,2024-01-13,b,20.25,{unpaid}
"""


@pytest.mark.parametrize(
    ("paid", "unpaid"), [("Paid", "Unpaid"), ("入金済", "未入金"), ("paid", "awaiting payment")]
)
def test_orders_that_nobody_paid_are_said(paid, unpaid):
    text = UNPAID.format(paid=paid, unpaid=unpaid)
    said = warned(read(text))
    assert f'"Payment Status" says {unpaid} in 1 orders, which count' in said
    assert "come to 30.75, without these to 10.5" in said
    settled = read(text, status_map={unpaid: "pending"})
    assert "which count" not in warned(settled)
    assert revenue(settled) == 30.75
    assert revenue(read(text, status_map={unpaid: "cancelled"})) == 10.50


PRICES = """Order ID,Date,Customer,Item,Qty,Unit Price,Line Total{more}
1,2024-03-10,a,x,2,10.50,{first}
1,2024-03-10,a,y,3,9.00,{second}
2,2024-03-11,b,x,1,10.50,10.50{none}
"""


def test_a_price_times_its_pieces_that_is_not_the_amount_is_said():
    text = PRICES.format(more="", first="10.50", second="9.00", none="")
    said = warned(read(text))
    assert '"Unit Price" times "Qty" is not "Line Total" in 2 of 3 rows' in said
    assert "come to 30 as they are, the prices times the pieces to 58.5" in said
    assert revenue(read(text, amount="Unit Price", amount_is="unit")) == 58.50
    assert "is not" not in warned(read(text, ignore=["Unit Price"]))


def test_a_price_that_is_the_amount_or_explained_by_a_tax_is_not_said():
    equal = PRICES.format(more="", first="21.00", second="27.00", none="")
    assert "times" not in warned(read(equal))
    taxed = PRICES.format(more=",Tax", first="23.10,2.10", second="29.70,2.70", none=",0")
    assert "times" not in warned(read(taxed))


def test_lines_of_no_piece_that_have_money_are_said():
    text = PRICES.format(more="", first="21.00", second="27.00", none="").replace("x,1,", "x,0,")
    said = warned(read(text))
    assert '1 rows have 0 in "Qty" and an amount: all rows come to 58.5' in said
    assert "without these to 48.0" in said


def test_returns_with_two_signs_are_said():
    text = (
        "InvoiceNo,Date,Customer,Item,Quantity,UnitPrice\n1,2024-03-10,a,x,2,10.5\n"
        "2,2024-03-12,a,x,-2,-10.5\n3,2024-03-12,b,x,1,5.5\n"
    )
    # 21 + 21 + 5.5, and 21 − 21 + 5.5
    assert "come to 47.5, and to 5.5 if these rows are returns" in warned(read(text))
    assert "below zero, so" not in warned(read(text.replace("-2,-10.5", "-2,10.5")))


@pytest.mark.parametrize("heading", ["Parent ID", "親注文番号", "Original order"])
def test_parts_of_orders_beside_the_whole_are_said(heading):
    text = (
        f"Order ID,{heading},Date,Customer,Total\n100,,2024-03-10,a,30.5\n"
        "101,100,2024-03-10,a,10.25\n102,100,2024-03-10,a,20.25\n103,,2024-03-11,b,5.5\n"
    )
    said = warned(read(text))
    assert f'"{heading}" names other orders of the file in 2 orders' in said
    assert "come to 66.50, without the parts to 36.00" in said
    alone = text.replace("101,100", "101,").replace("102,100", "102,")
    assert "names other orders" not in warned(read(alone))


@pytest.mark.parametrize("heading", ["Store", "店舗名"])
def test_numbers_of_several_shops_are_said(heading):
    text = (
        f"{heading},Order No,Date,Customer,Item,Line Total\nX,1,2024-01-05,a,p,10.5\n"
        "Y,1,2024-01-05,a,q,20.5\nX,2,2024-01-06,b,p,10.5\n"
    )
    said = warned(read(text))
    assert f'several values of "{heading}": 2 orders as they are, 3 if' in said
    apart = read(text, shop=heading)
    assert "several values" not in warned(apart)
    assert len(apart) == 3 and revenue(apart) == 41.5


def test_whole_amounts_beside_moments_in_seconds_may_be_cents():
    rows = [(1704448800, "a", 2900), (1704535200, "b", 9900), (1704621600, "b", 2900)]
    text = "created,customer,amount\n" + "\n".join(f"{t},{c},{m}" for t, c, m in rows)
    assert "come to 15,700, or to 157.00 if they are cents" in warned(read(text))
    assert revenue(read(text, amount_unit="minor")) == 157
    dated = text.replace("1704448800", "2024-01-05").replace("1704535200", "2024-01-06")
    dated = dated.replace("1704621600", "2024-01-07")
    assert "cents" not in warned(read(dated))
    assert "or to 157.00 if they are cents" in noted(read(dated))


def test_whole_amounts_beside_small_codes_of_currencies_may_be_cents():
    text = (
        "id,created,customer,amount,currency\nch_1,2024-01-05,a,1999,usd\n"
        "ch_2,2024-01-06,b,599,usd\n"
    )
    assert "come to 2,598, or to 25.98 if they are cents" in warned(crm.read_orders(frame(text)))
    large = text.replace("usd", "USD")
    assert "cents" not in warned(crm.read_orders(frame(large)))


KINDS = """Order No,Kind,Date,Customer,Amount
1,Sale,2022-01-05,a,100.50
2,Refund,2022-02-05,a,20.50
3,Chargeback,2022-02-07,a,30.50
"""


@pytest.mark.parametrize(
    ("sale", "first", "second"),
    [("Sale", "Refund", "Chargeback"), ("売上", "返品", "赤伝"), ("売上", "返品", "返金")],
)
def test_an_option_for_one_word_does_not_silence_the_others(sale, first, second):
    text = KINDS.replace("Sale", sale).replace("Refund", first).replace("Chargeback", second)
    said = warned(read(text))
    assert first in said and second in said and "in 2 orders that count" in said
    half = read(text, refund_rows={"Kind": [first]})
    assert revenue(half) == 110.50
    assert f'"Kind" says {second} in 1 orders that count (30.5 of 110.5)' in warned(half)
    whole = read(text, refund_rows={"Kind": [first, second]})
    assert revenue(whole) == 49.50 and "that count" not in warned(whole)


HEADS = """Date,Receipt,Line Type,Customer,Total
2024-01-05,1,Sale,a,33.00
2024-01-05,1,Sale Line,a,11.00
2024-01-05,1,Sale Line,a,22.00
2024-01-05,1,Payment,a,{paid}
2024-01-16,2,Sale,b,11.00
2024-01-16,2,Sale Line,b,11.00
2024-01-16,2,Payment,b,11.00
"""


def test_heads_beside_lines_and_payments_are_said():
    asked = {"order_id": "Receipt", "amount_is": "line"}
    said = warned(read(HEADS.format(paid="33.00"), **asked))
    assert 'By "Line Type" there are 3 kinds of rows' in said
    assert "All rows come to 132, one kind to 44" in said
    marked = HEADS.format(paid="33.00").replace("Sale Line", "").replace("Payment", "")
    assert "kinds of rows" not in warned(read(marked, **asked))
    assert "kinds of rows" not in warned(read(HEADS.format(paid="30.00"), **asked))


def test_a_head_that_is_marked_is_said():
    """As ERP systems mark the main line of an order, and leave the cell of its lines blank."""
    text = """Main,Document,Date,Name,Item,Amount
*,SO1,2024-01-05,a,,150.00
,SO1,2024-01-05,a,x,100.00
,SO1,2024-01-05,a,y,50.00
*,SO2,2024-01-25,b,,80.00
,SO2,2024-01-25,b,x,80.00
"""
    said = warned(read(text, order_id="Document", customer_id="Name", amount_is="line"))
    assert "in each of 2 orders" in said and "All rows come to 460, one kind to 230" in said


@pytest.mark.parametrize("heading", ["Refund %", "Refund rate"])
def test_a_percentage_of_refund_is_no_money(heading):
    text = f"""Order,Date,Customer,Total,{heading}
1,2024-01-05,a,1000.50,0
2,2024-01-16,b,50.25,100
3,2024-01-17,a,30.00,50
"""
    assert f'"{heading}" holds percentages in 2 orders' in warned(read(text))
    with pytest.raises(crm.DataError, match=r"the refund .* holds a rate by its heading"):
        read(text, refunded=heading)


def test_no_discount_is_advised_that_is_off_already():
    text = """Sale ID,Date,Customer,Subtotal,Discounts,Tax,Total
1,2024-01-05,a,100.00,10.00,9.00,{first}
2,2024-01-16,b,50.00,0.00,5.00,55.00
"""
    assert "Discounts" not in noted(read(text.format(first="99.00")))
    assert "Discounts" in noted(read(text.format(first="109.00"))) + warned(
        read(text.format(first="109.00"))
    )


def test_the_advice_for_a_column_of_cancellations_works_as_printed():
    text = "注文番号,会員ID,注文日,金額,取消\n1,a,2024-01-05,100,\n2,b,2024-01-16,50,取消\n"
    said = warned(read(text, currency="JPY"))
    assert "says 取消 in 1 orders that count (50 of 150)" in said and 'status="取消"' in said
    assert revenue(read(text, currency="JPY", status="取消")) == 100


@pytest.mark.parametrize(
    "text",
    [
        "Hanako Yamada,Tokyo,Gift,Regular\nTaro Sato,Osaka,Book,Regular\n",
        "ORD-A77;Hanako Yamada;5 Jan 2024;USD 100\nORD-A78;Taro Sato;16 Jan 2024;USD 50\n",
    ],
)
def test_the_first_customer_of_a_file_without_headings_is_not_shown(text, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text(text)
    with pytest.raises(crm.DataError) as error:
        crm.read_orders(file, currency="USD")
    shown = str(error.value) + str(getattr(error.value, "hint", ""))
    assert "has no headings" in shown or "no heading is known" in shown
    assert not any(one in shown for one in ("Hanako", "A77", "Jan", "100", "Gift"))


def test_headings_of_an_unknown_language_are_named(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("Zorp;Blix;Quux\nk1;2024-01-05;10,50\nk2;2024-01-16;20,50\n")
    with pytest.raises(crm.DataError, match='"Zorp", "Blix", "Quux"'):
        crm.read_orders(file, currency="USD")


def test_the_first_of_four_orders_may_be_as_large_as_the_others():
    text = """Order ID,Date,Customer,Total
1,2024-01-05,a,100.50
2,2024-01-16,b,50.25
3,2024-01-17,a,20.25
4,2024-01-18,c,30.00
"""
    assert "sum of the others" not in warned(read(text))
