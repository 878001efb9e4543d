"""Which money is the amount, and what it holds already: cents, net amounts, debits, fees, dates."""

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm

HEAD = "order_id,customer_id,order_date"


def read(heading, cells, **options):
    rows = [f"{at},c{at},2026-01-0{at},{cell}" for at, cell in enumerate(cells, 1)]
    text = "\n".join([f"{HEAD},{heading}", *rows])
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


def total(orders):
    return round(sum(totals(orders).values()), 2)


def refused(*arguments, **options):
    with pytest.raises(crm.DataError) as caught:
        read(*arguments, **options)
    return f"{caught.value} {caught.value.hint}"


# ---- cents ---------------------------------------------------------------------------------------


def test_whole_numbers_that_may_be_cents_are_said_with_both_totals():
    cents = ["1999", "4550", "899"]
    said = warned(read("total", cents))
    assert 'All 3 amounts of "total" are whole numbers' in said
    assert "come to 7,448, or to 74.48 if they are cents" in said
    assert total(read("total", cents, amount_unit="minor")) == 74.48
    assert not warned(read("total", cents, amount_unit="minor"))
    assert not warned(read("total", cents, amount_unit="major"))


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["1999", "4550", "899"], {"currency": "JPY"}),
        (["1999.00", "4550.00", "899.00"], {}),
        (["1999", "4550", "899.50"], {}),
        (["$1999", "$4550", "$899"], {}),
        (["1500", "2000", "350"], {}),  # prices in whole units are multiples of ten most often
        (["19", "45", "8"], {}),
    ],
)
def test_amounts_that_are_no_cents(cells, options):
    assert "cents" not in warned(read("total", cells, **options))


# ---- what the amount holds -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "other"),
    [
        ("返金後金額", "返金額"),
        ("純売上", "返金額"),
        ("Final total", "Refunded amount"),
        ("net", "refund amount"),
        ("total after refunds", "refunded_amount"),
    ],
)
def test_refunds_of_a_net_amount_are_asked_about(heading, other):
    cells = ["20,0", "20,10", "15,0"]
    head = f"{heading},{other}"
    said = refused(head, cells, amount=heading)
    assert f'is "{heading}" after refunds (total 55)' in said and "(total 45)" in said
    assert total(read(head, cells, amount=heading, ignore=[other])) == 55
    assert total(read(head, cells, amount=heading, refunded=other)) == 45
    assert total(read(head, ["20,0", "20,0", "15,0"], amount=heading)) == 55


@pytest.mark.parametrize("amount", ["Debit", "Soll", "借方"])
def test_debits_and_credits_are_one_amount(amount):
    credit = {"Debit": "Credit", "Soll": "Haben", "借方": "貸方"}[amount]
    said = refused(f"{amount},{credit}", ["20,", ",5", "15,"], amount=amount)
    assert f'"{amount}" (total 35) and "{credit}" (total 5); less it they come to 30' in said
    assert total(read(f"{amount},{credit}", ["20,", "5,", "15,"], amount=amount)) == 40


@pytest.mark.parametrize(
    ("heads", "other"),
    [
        ("subtotal,shipping,total", "subtotal"),
        ("amount,x,total", "amount"),
        ("金額,x,合計", "金額"),
        ("sales,x,total", "sales"),
    ],
)
def test_the_amount_that_is_not_taken_is_said(heads, other):
    found = read(heads, ["20,5,25", "30,5,35", "12.50,5,17.50"])
    assert total(found) == 77.5
    assert f'"{other}" comes to 62.5' in noted(found)


def test_charges_beside_the_amount_are_said():
    said = noted(read("total,shipping,tax", ["25,5,2", "35,5,3", "17.50,5,1"]))
    assert '"shipping" (15), "tax" (6) is neither added nor taken off' in said
    assert "neither" not in noted(read("total,shipping", ["25,0", "35,0"]))


def test_a_payout_may_be_what_is_left_after_fees():
    cells = ["18,-2", "27,-3", "9,-1"]
    said = warned(read("Payout,Marketplace fee", cells, amount="Payout"))
    assert '"Payout" (54) may be what is left after fees: "Marketplace fee" (-6)' in said


def test_a_rate_of_the_list_price_is_said_with_both_totals():
    cells = ["2,1000,80", "1,3000,70", "1,1000,80"]
    said = warned(read("数量,単価,掛率", cells, currency="JPY"))
    assert "come to 6,000 as they are and to 4,500 times the rate" in said
    assert "in percent" in warned(read("line_total,disc %", ["10,5", "20,10"]))


def test_a_date_that_is_the_same_in_all_rows_is_said():
    text = "order_id,date,customer_id,total,created\n" + "\n".join(
        f"{at},2025-12-01,c{at},10,2025-0{at}-05" for at in (1, 2, 3)
    )
    found = crm.read_orders(frame(text), currency="USD")
    assert '"date" is the same day in all rows' in warned(found)
    assert not warned(crm.read_orders(frame(text), currency="USD", ordered_at="created"))
    assert not warned(crm.read_orders(frame(text), currency="USD", ordered_at="date"))
