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
    assert '3 of the 3 amounts of "total" are whole numbers' in said
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
    assert '"date" is the same day in 3 of 3 rows' in warned(found)
    assert not warned(crm.read_orders(frame(text), currency="USD", ordered_at="created"))
    assert not warned(crm.read_orders(frame(text), currency="USD", ordered_at="date"))


# ---- layouts, codes and currencies ---------------------------------------------------------------


@pytest.mark.parametrize("none", ["0000/00/00", "0000-00-00", "00.00.0000", "0000/00/00 00:00"])
def test_days_of_zeros_cancel_nothing(none):
    cells = [f"{cell},{day}" for cell, day in zip("123", [none, none, "2026-01-09"], strict=True)]
    assert total(read("total,取消日", cells)) == 3


def test_a_column_that_stops_every_order_is_warned_of():
    found = read("total,取消日", ["1,2026-01-09", "2,2026-01-09", "3,2026-01-09"])
    assert '3 orders do not count, or not with all lines, by "取消日"' in warned(found)


def test_codes_are_no_money():
    said = warned(read("total,キャンセル区分", ["10,1", "20,2", "30,1"]))
    assert '"キャンセル区分" holds codes' in said and "refunded" not in said
    given = {"status": "キャンセル区分", "status_map": {"1": "completed", "2": "cancelled"}}
    assert total(read("total,キャンセル区分", ["10,1", "20,2", "30,1"], **given)) == 40


@pytest.mark.parametrize("cell", ["Hanako Yamada", "Guest Bob Miller", "hanako@x.example"])
def test_what_is_no_currency_is_described_and_not_shown(cell):
    for options in ({"currency": "USD"}, {"currency": None}):
        said = refused("total,currency", ["10,USD", f"20,{cell}"], **options)
        assert "row 1, column currency: not a currency" in said
        assert cell.lower() not in said.lower() and cell.upper() not in said
    found = read("total,currency", ["10,USD", f"20,{cell}"], ignore=["currency"])
    assert total(found) == 30


def test_the_amount_in_the_wanted_currency_is_proposed():
    cells = ["10,9", "20,18"]
    said = refused("Total USD,Total EUR", cells, currency="EUR")
    assert 'amount="Total EUR" reads the amounts in EUR' in said and "ignore" not in said
    assert total(read("Total USD,Total EUR", cells, currency="EUR", amount="Total EUR")) == 27
    assert '"total (base)" comes to 27' in noted(read("total,total (base)", cells))


def test_a_price_that_no_sum_confirms_is_noted_with_both_totals():
    found = read("数量,価格", ["2,10", "1,30"], currency="JPY")
    assert "(50)" in noted(found) and "as the amount of a line it comes to 40" in noted(found)
    assert total(read("数量,価格", ["2,10", "1,30"], currency="JPY", amount_is="line")) == 40


def test_rows_without_an_amount_are_counted():
    found = read("total", ["10", "", "20"], bad_rows="drop")
    assert '1 rows have no value in "total" and are left out' in warned(found)


def test_customers_named_once_above_blank_cells_are_said():
    text = "顧客番号,注文番号,注文日,金額\n" + "\n".join(
        [
            "C1,1,2025-01-05,2000",
            ",2,2025-01-06,3000",
            ",3,2025-01-07,1000",
            "C2,4,2025-01-08,500",
            ",5,2025-01-09,700",
        ]
    )
    said = warned(crm.read_orders(frame(text)))
    assert "3 rows without a customer" in said and "(4,700)" in said and "merged cells" in said
    assert not warned(crm.read_orders(frame(text), guests="keep"))


def test_the_first_line_of_a_server_log_is_not_shown(tmp_path):
    path = tmp_path / "access.log"
    line = '10.0.0.4 - - [01/Mar/2025:11:01:00 +0900] "GET /p/3 HTTP/1.1" 200 512 "-" "Mozilla"'
    path.write_text(f"{line}\n{line}\n")
    for read_any in (crm.read_events, crm.read_orders):
        with pytest.raises(crm.DataError) as caught:
            read_any(path)
        assert "10.0.0.4" not in f"{caught.value}{caught.value.hint}"


# ---- numbers of orders and pieces under unknown headings -----------------------------------------

LINES = """
doc ref no,date,customer_id,item,amount
R-1001,2025-01-05 10:00:01,a,A,10
R-1001,2025-01-05 10:00:01,a,B,5
R-1002,2025-01-06 11:30:00,b,A,10
R-1002,2025-01-06 11:30:00,b,B,5
R-1003,2025-01-07 11:30:00,a,B,5
"""


def test_an_order_number_under_an_unknown_heading_is_proposed():
    said = warned(crm.read_orders(frame(LINES), currency="USD"))
    assert '"doc ref no" is the same on rows of one customer and time' in said
    assert "there are 3 orders, without it each of the 5 rows is one" in said
    found = crm.read_orders(frame(LINES), currency="USD", order_id="doc ref no")
    assert len(found) == 3 and not warned(found)
    assert not warned(crm.read_orders(frame(LINES), currency="USD", order_id=""))
    assert not warned(crm.read_orders(frame(LINES), currency="USD", ignore=["doc ref no"]))
    names = LINES.replace("doc ref no", "name").replace("R-100", "Bob")
    said = warned(crm.read_orders(frame(names), currency="USD"))
    assert '"name"' not in said and "2 rows have the customer and the time of another row" in said
    guest = names + "Bob4,2025-01-08 10:00:00,,A,5\n"
    said = warned(crm.read_orders(frame(guest), currency="USD", guests="keep"))
    assert "2 rows have the customer and the time of another row" in said


def test_the_number_that_joins_repeated_totals_is_named():
    text = LINES.replace("amount", "order_total").replace(",A,10", ",A,15").replace(",B,5", ",B,15")
    said = warned(crm.read_orders(frame(text), currency="USD"))
    assert '"doc ref no" joins' in said and "come to 45, as counted to 75" in said


def test_a_price_without_a_quantity_proposes_the_column_of_pieces():
    cells = ["3,10", "1,20", "2,5"]
    said = refused("Stückelung x,Einzelpreis", cells)
    assert "price of one piece" in said
    said = refused("pcs,Einzelpreis", cells)
    assert 'for example quantity="pcs"' in said
    assert total(read("pcs,Einzelpreis", cells, quantity="pcs")) == 60
    said = warned(read("pcs,Einzelpreis", cells, amount="Einzelpreis"))
    assert "each row counts as one piece (35)" in said and "it comes to 60" in said
    assert not warned(read("pcs,Einzelpreis", cells, amount="Einzelpreis", ignore=["pcs"]))


def test_a_larger_total_under_an_unknown_heading_is_noted():
    found = read("Netto,Invoice total", ["10,11.9", "20,23.8"])
    assert '"Invoice total" comes to 35.70' in noted(found) or "35.7" in noted(found)


# ---- rows of payment, joins, and words under headings of states ----------------------------------


def test_orders_that_all_come_to_nothing_are_said():
    text = "order_id,date,customer_id,item,line_total\n" + "\n".join(
        f"{at},2026-01-05,a,{item},{amount}"
        for at in (1, 2)
        for item, amount in (("tea", 20), ("mug", 10), ("VISA", -30))
    )
    said = warned(crm.read_orders(frame(text), currency="USD"))
    assert "All 2 orders come to 0" in said and "(the rows above zero to 60)" in said
    assert "come to 0" in warned(read("total", ["0", "0"]))
    assert "come to 0" not in warned(read("total", ["0", "5"]))


def test_lines_that_a_join_has_doubled_are_said():
    head = "order_id,line id,date,customer_id,sku,line_total,payment"
    rows = ["1,1-1,2025-01-05,a,A,10.00,cash", "1,1-1,2025-01-05,a,A,10.00,card"]
    rows += ["1,1-2,2025-01-05,a,B,10.00,cash", "2,2-1,2025-01-06,b,A,10.00,cash"]
    said = warned(crm.read_orders(frame("\n".join([head, *rows])), currency="USD"))
    assert '1 rows repeat a line of their order by "line id"' in said
    assert "all rows come to 40, each line once to 30" in said
    once = "\n".join([head, rows[0], *rows[2:]])
    assert "repeat a line" not in warned(crm.read_orders(frame(once), currency="USD"))


@pytest.mark.parametrize(
    "heads", ["net 19%,net 7%", "10%対象額,8%対象額", "amount_1,amount_2", "amount,amount2"]
)
def test_an_amount_in_several_columns_is_said(heads):
    first = heads.split(",")[0]
    said = warned(read(heads, ["10,1", "0,20"], amount=first))
    assert f'"{first}" alone is taken as the amount (10)' in said and "total is 31" in said


@pytest.mark.parametrize("heading", ["Zustand", "phase", "result", "flag", "financial", "stage"])
def test_unknown_words_under_headings_of_states_are_noted(heading):
    cells = [f"10,{word}" for word in ("fine", "fine", "fine", "zzz")]
    assert "(40)" in noted(read(f"total,{heading}", cells)) or "40 with" in noted(
        read(f"total,{heading}", cells)
    )


@pytest.mark.parametrize(
    "heading", ["Gutschrift", "credit memo amount", "devolución", "退貨金額", "write-off", "補償額"]
)
def test_more_columns_of_refunds_are_said(heading):
    assert f'"{heading}"' in warned(read(f"total,{heading}", ["10.00,0", "20.00,5.50"]))


@pytest.mark.parametrize("heading", ["Nachlass", "Skonto", "store credit", "特典額", "rebate"])
def test_more_columns_of_discounts_are_said(heading):
    assert f'"{heading}"' in warned(read(f"line_total,{heading}", ["10.00,0", "20.00,5.50"]))


@pytest.mark.parametrize("heading", ["解約日", "rejected at", "failed_at", "closed at", "却下日"])
def test_more_days_of_cancellation_are_said(heading):
    said = warned(read(f"total,{heading}", ["10,", "20,2026-01-09"]))
    assert f'"{heading}" is set in 1 orders' in said


def test_numbers_of_other_orders_are_no_money():
    rows = ["10001,a,2026-01-03,150,", "10002,a,2026-01-05,150,10001", "10003,b,2026-01-05,20,"]
    text = "\n".join([f"{HEAD},total,exchange for", *rows])
    said = warned(crm.read_orders(frame(text), currency="USD"))
    assert '"exchange for" names another order in 1 orders that count (150 of 320)' in said
    assert "taken off the total is 20" in said
    assert "holds amounts" not in said


def test_warnings_are_in_the_understanding_and_counted_in_the_repr():
    found = read("total,deleted_at", ["10,", "20,2026-01-09"])
    assert "1 warning in .understanding" in repr(found)
    assert len(found.understanding.warnings) == 1 and not found.notes
    assert "warning" not in repr(read("total", ["10", "20"]))


def test_orders_in_both_parts_of_concat_are_counted():
    first = read("line_total", ["10", "20"], order_id="order_id")
    assert first.concat(first).notes[0].startswith("2 orders are in both parts of concat")
    assert first.concat(first).notes[0].endswith("so that 30.00 USD count twice")
    assert sum(totals(first.concat(first)).values()) == 60
    other = crm.read_orders(frame(f"{HEAD},line_total\n9,x,2026-01-09,5"), currency="USD")
    assert not first.concat(other).notes
    # Of two orders of each part one is in both: what it comes to is not known here.
    part = crm.read_orders(
        frame(f"{HEAD},line_total\n1,c1,2026-01-01,10\n9,x,2026-01-09,5"), currency="USD"
    )
    assert first.concat(part).notes == [
        "1 orders are in both parts of concat: each has the lines of both"
    ]


def test_the_example_of_a_date_is_the_orders():
    text = "会員ID,出荷日,入金日,登録日時,更新日時,合計\n" + ",".join(
        ["a", *["2026-01-05"] * 4, "10"]
    )
    with pytest.raises(crm.DataError) as caught:
        crm.read_orders(frame(text))
    assert 'for example ordered_at="登録日時"' in caught.value.hint
