"""Numbers that do not mean what they seem to, and rows that a quote would swallow.

Every file is of a few rows whose sums are redone by hand.
"""

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "EUR", **options})


def refused(text, **options):
    with pytest.raises(crm.DataError) as caught:
        read(text, **options)
    return f"{caught.value} {caught.value.hint}"


def revenue(orders):
    return float(sum(totals(orders).values()))


# ---- what an amount is ---------------------------------------------------------------------------

PIECES = """Order ID,Customer ID,Order date,Product,Price,Amount
1,a,2026-01-05,Lamp,39.90,1
1,a,2026-01-05,Bulb,4.50,3
2,b,2026-01-09,Lamp,39.90,2
3,a,2026-02-11,Shade,12.00,1
"""


def test_small_whole_numbers_beside_a_price_are_asked_about():
    # 39.90 + 3 × 4.50 + 2 × 39.90 + 12 = 145.20
    said = refused(PIECES)
    assert 'is "Amount" money (total 7), or the pieces of "Price" (total 145.2)?' in said
    assert 'amount="Price" with quantity="Amount"' in said
    assert revenue(read(PIECES, amount="Price", quantity="Amount")) == pytest.approx(145.20)
    assert revenue(read(PIECES, amount_is="line")) == 7


def test_amounts_that_are_some_pieces_of_a_price_are_money():
    text = "Order ID,Customer ID,Order date,Price,Amount\n1,a,2026-01-05,5,10\n2,b,2026-01-09,20,60"
    assert revenue(read(text, amount_unit="major")) == 70


PER_HUNDRED = """Auftragsnummer,Kundennummer,Auftragsdatum,Artikel,Menge,Preis,Preiseinheit
1,a,2026-01-05,Schraube,200,4.90,100
1,a,2026-01-05,Dübel,100,3.50,100
2,b,2026-01-19,Schraube,500,4.90,100
"""


def test_a_price_of_a_hundred_pieces_is_said():
    # 200 × 4.90 + 100 × 3.50 + 500 × 4.90 = 3,780; of one piece 37.80.
    said = warned(read(PER_HUNDRED))
    assert '"Preiseinheit" says of how many pieces' in said and "come to 3,780" in said
    assert "and to 37.8 with the price of one piece" in said
    assert "Preiseinheit" not in warned(read(PER_HUNDRED, ignore=["Preiseinheit"]))
    assert "Preiseinheit" not in warned(read(PER_HUNDRED.replace(",100\n", ",1\n")))


def test_packs_and_the_pieces_of_a_pack_are_said():
    text = """order,customer,date,sku,Cases,Units per case,Unit price
1,a,2026-01-05,S,2,24,1.50
2,b,2026-01-06,T,1,12,2.50
"""
    # 2 × 1.50 + 1 × 2.50 = 5.50; 48 × 1.50 + 12 × 2.50 = 102
    said = warned(read(text, quantity="Cases"))
    assert 'by "Cases" (5.5)' in said and "by both the amounts come to 102" in said
    # 24 × 1.50 + 12 × 2.50 = 66
    assert 'by "Units per case" (66)' in warned(read(text, quantity="Units per case"))


SPREAD = """Order ID,Customer ID,Order date,Cash,Card,Gift card
1,a,2026-01-05,10.50,,
2,b,2026-01-06,,20.50,
3,a,2026-01-07,,,5.00
4,a,2026-01-08,7.00,,
"""


def test_amounts_in_several_columns_are_said_with_their_sum():
    said = refused(SPREAD, amount="Cash")
    assert '"Cash" (17.5) is blank where "Card", "Gift card" are not' in said
    assert "together they come to 43" in said
    zeros = SPREAD.replace(",,\n", ",0,0\n").replace(",,", ",0,").replace(",\n", ",0\n")
    said = warned(read(zeros, amount="Cash"))
    assert 'Only "Cash" is taken as the amount (17.5)' in said and "come to 43" in said
    assert "Only" not in warned(read(zeros, amount="Cash", ignore=["Card", "Gift card"]))


def test_an_amount_of_another_column_than_the_layouts_is_said():
    text = (
        "Name,Email,Financial Status,Fulfillment Status,Currency,Subtotal,Shipping,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Accepts Marketing\n"
        "#1,a@x.jp,paid,fulfilled,EUR,50.00,4.90,2026-01-05 10:00:00,1,Lamp,50.00,no\n"
        "#2,b@x.jp,paid,fulfilled,EUR,30.00,4.90,2026-01-06 10:00:00,3,Mug,10.00,no\n"
    )
    found = read(text, currency=None)
    assert found.understanding.layout == "shopify_orders"
    assert '"Total", the amount of the layout Shopify' in warned(found)
    assert '"Subtotal" is taken instead (80)' in warned(found)
    assert '"Shipping" (9.8)' in noted(found)
    confirmed = read(text, currency=None, amount="Subtotal", amount_is="order")
    assert "taken instead" not in warned(confirmed)


# ---- which rows count ----------------------------------------------------------------------------

SETS = """Order ID,Customer ID,Order date,SKU,Product type,Qty,Unit price
1,a,2026-01-05,SHIRT,configurable,1,29.90
1,a,2026-01-05,SHIRT-M,simple,1,29.90
2,b,2026-01-09,SHIRT,configurable,2,29.90
2,b,2026-01-09,SHIRT-L,simple,2,29.90
3,a,2026-02-11,MUG,simple,1,15.00
"""


def test_sets_and_their_parts_are_said_with_both_totals():
    # 4 × 29.90 + 2 × 29.90 ... = 6 × 29.90 + 15 = 194.40; without the parts 3 × 29.90 + 15 = 104.70
    said = warned(read(SETS))
    assert "all rows come to 194.4, without 2 rows of parts to 104.7" in said
    assert "parts" not in warned(read(SETS, ignore=["Product type"]))


@pytest.mark.parametrize("word", ["Budget", "Forecast", "予算", "Anzahlungsrechnung", "前受金"])
def test_rows_of_a_plan_or_a_down_payment_are_said(word):
    text = f"""Order ID,Customer ID,Order date,Amount,Scenario
1,a,2026-01-05,100.50,Actual
2,b,2026-01-09,50.25,{word}
4,b,2026-02-14,20.00,Actual
"""
    said = warned(read(text))
    assert f"says {word} in 1 orders that count (50.25 of 170.75)" in said
    assert "refund_rows" not in said  # they are no money that is given back


RECEIPTS = """Receipt No,Customer,Date,Amount
1,a,2026-01-05 09:10,12.50
2,b,2026-01-05 09:31,8.00
1,a,2026-01-06 09:05,7.30
2,b,2026-01-06 09:44,15.00
3,c,2026-01-07 09:20,9.90
"""


def test_numbers_that_restart_each_day_are_said_with_both_counts():
    said = warned(read(RECEIPTS))
    assert '2 numbers of "Receipt No" stand on rows of different days' in said
    assert "(3 orders)" in said and "there are 5" in said
    same_time = RECEIPTS.replace("06 09:05", "05 09:10").replace("06 09:44", "05 09:31")
    assert "stand on rows" not in warned(read(same_time))


def test_numbers_that_restart_in_each_register_name_it():
    text = """Receipt No,Register,Customer,Date,Amount
1,A,a,2026-01-05 09:10,12.50
1,B,a,2026-01-05 10:10,2.50
2,A,b,2026-01-05 11:10,12.50
2,B,b,2026-01-05 13:10,2.50
3,A,b,2026-01-05 17:10,1.00
"""
    said = warned(read(text))
    assert '(3 orders); "Register" tells them apart (5 orders): shop="Register"' in said
    assert sum(crm.summary(read(text, shop="Register")).to_dict()["orders"]) == 5


def test_a_column_of_signs_is_said_and_its_hint_works():
    text = """Order ID,Customer ID,Order date,Amount,Sign
1,a,2026-01-05,100.50,1
2,b,2026-01-09,50.25,1
3,b,2026-01-11,50.25,-1
"""
    said = warned(read(text))
    assert "to 201 as they are, and to 100.5" in said and 'refund_rows={"Sign": "-1"}' in said
    assert revenue(read(text, refund_rows={"Sign": "-1"})) == 100.5


@pytest.mark.parametrize(
    "text",
    ["Discount 10%", "Rabatt 10 %", "Gutschein SOMMER", "10%OFFクーポン", "Loyalty discount"],
)
def test_discounts_with_a_code_or_a_rate_are_said_without_their_text(text):
    rows = f"""Order,Customer,Date,Product,Line total
1,a,2026-01-05,Lamp,40.90
1,a,2026-01-05,{text},4.09
2,b,2026-01-09,Mug,12.50
"""
    said = warned(read(rows))
    assert "the total is 57.49, with these rows taken off 49.31" in said
    assert text not in said and "refund_rows" not in said


@pytest.mark.parametrize("text", ["Gift voucher", "Geschenkgutschein", "クーポンブック"])
def test_a_voucher_that_is_bought_is_no_discount(text):
    rows = f"""Order,Customer,Date,Product,Line total
1,a,2026-01-05,Lamp,40.90
1,a,2026-01-05,{text},25.00
2,b,2026-01-09,Mug,12.50
"""
    assert "discount" not in warned(read(rows))


def test_the_number_of_a_reversed_order_is_no_money():
    text = """Rechnungsnummer,Kundennummer,Rechnungsdatum,Rechnungsbetrag,Storno zu
10001,a,2026-01-05,100.00,
10002,b,2026-01-06,50.00,
10003,b,2026-01-07,50.00,10002
10004,b,2026-01-07,30.50,
"""
    said = warned(read(text))
    assert "names another order in 1 orders that count (50 of 230.5)" in said
    assert "taken off the total is 130.5" in said and "refunded=" not in said


def test_quotes_are_no_orders():
    text = "Quote No,Customer,Date,Amount,Valid until\nQ1,a,2026-01-05,100.50,2026-02-05\n"
    assert "looks like a table of quotes" in refused(text)


# ---- customers and dates -------------------------------------------------------------------------


def test_a_column_of_very_few_customers_is_asked_about():
    rows = [f"{at},Shop GmbH,2026-01-{at:02d},10.50" for at in range(1, 25)]
    text = "\n".join(["Order,Customer,Date,Total", *rows])
    assert '"Customer" has 1 ids in 24 rows' in warned(read(text))
    assert "ids in" not in warned(read(text, customer_id="Customer"))
    assert "ids in" not in warned(read("\n".join(["Order,Customer,Date,Total", *rows[:9]])))


def test_a_fuller_column_of_customers_is_a_warning():
    rows = [f"{at},{'' if at % 4 else at},m{at}@x.jp,2026-01-{at:02d},10.50" for at in range(1, 9)]
    said = warned(read("\n".join(["Order,Customer ID,Email,Date,Total", *rows])))
    assert 'customer_id="Email"' in said


def test_days_that_a_spreadsheet_took_for_months_are_said():
    text = """Order ID,Customer ID,Order date,Total
1,a,2024-05-03 00:00:00,10.50
2,b,03/17/2024,20.50
3,a,2024-07-04 00:00:00,30.25
4,b,04/28/2024,5.10
"""
    assert "it has taken days for months" in warned(read(text))
    sound = text.replace("2024-07-04", "2024-07-24")
    assert "taken days" not in warned(read(sound))


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("3 janv. 2025", "2025-01-03"),
        ("15 février 2025 14:05", "2025-02-15"),
        ("1er août 2025", "2025-08-01"),
        ("5. März 2025", "2025-03-05"),
        ("3 de marzo de 2025 10:15 hs.", "2025-03-03"),
        ("5 mar 2025", "2025-03-05"),
        ("5 марта 2025", "2025-03-05"),
        ("lundi 5 mai 2025", "2025-05-05"),
        ("民國114年3月5日", "2025-03-05"),
    ],
)
def test_months_are_read_in_other_languages(cell, day):
    found = read(f"order,customer,date,total\n1,a,{cell},10.50\n2,b,{cell},20.50")
    assert found.understanding.facts["dates"] == [day, day]


def test_a_word_that_is_no_month_is_no_date():
    assert "not a date" in refused("order,customer,date,total\n1,a,3 ganz 2025,10.50")


@pytest.mark.parametrize("parts", ["Year,Month,Day", "年,月,日", "Jahr,Monat,Tag"])
def test_year_month_and_day_are_joined(parts):
    found = read(f"order,{parts},customer,total\n1,2025,1,5,a,20.50\n2,2025,2,17,b,30.50")
    assert found.understanding.facts["dates"] == ["2025-01-05", "2025-02-17"]
    assert parts.replace(",", "/") in str(found.understanding)
    other = f"order,order_date,{parts},customer,total\n1,2025-03-09,2025,1,5,a,20.50"
    assert read(other).understanding.facts["dates"] == ["2025-03-09", "2025-03-09"]


def test_the_form_of_dates_is_the_one_that_reads_all():
    found = read("order,customer,date,total\n1,a,1/5/2026,10.50\n2,b,1/26/2026,20.50")
    assert found.understanding.facts["date_form"] == "%m/%d/%Y"


def test_a_date_of_few_days_beside_one_of_many_is_said():
    rows = [
        f"{at},2025-01-{1 + at % 28:02d},2025-12-0{1 + at % 2},c{at % 7},9.50" for at in range(40)
    ]
    said = warned(read("\n".join(["order,ship date,date,customer,total", *rows])))
    assert '"date" has only 2 days' in said and 'ordered_at="ship date"' in said


def test_codes_of_a_state_are_said_with_both_totals():
    rows = [f"{at},c{at},2025-01-{at:02d},10.50,{9 if at % 5 == 0 else 5}" for at in range(1, 11)]
    said = warned(read("\n".join(["order,customer,date,total,state", *rows])))
    assert '"state" is 9 in 2 rows' in said and "come to 105 with them and to 84 without" in said


# ---- quotes in files -----------------------------------------------------------------------------

COMMENTS = """Order,Customer,Date,Total,Comment
1,a,2026-01-05,10.50,ok
2,b,2026-01-06,20.50,{first}
3,a,2026-01-07,30.25,ok
4,c,2026-01-08,5.10,{second}
5,d,2026-01-09,7.10,ok
"""


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [('"fast', "ok", 3), ('"fast', '"nice', 3), ('"great" shop', '"fast', 5), ("ok", '"', 5)],
)
def test_a_quote_that_would_swallow_rows_is_a_letter_where_lines_have_all_fields(
    tmp_path, first, second, line
):
    path = tmp_path / "x.csv"
    path.write_text(COMMENTS.format(first=first, second=second))
    found = crm.read_orders(path, currency="EUR")
    # 10.50 + 20.50 + 30.25 + 5.10 + 7.10
    assert revenue(found) == pytest.approx(73.45) and len(found) == 5
    assert f"one opens a field in line {line}" in noted(found)


def test_a_quote_that_would_swallow_rows_is_refused_where_others_quote(tmp_path):
    path = tmp_path / "x.csv"
    text = COMMENTS.format(first='"fast', second="ok").replace("7.10,ok", '7.10,"ok"')
    path.write_text(text)
    with pytest.raises(crm.DataError, match="line 3: a quote opens a field"):
        crm.read_orders(path, currency="EUR")


def test_a_quote_that_begins_two_titles_of_a_tabbed_file_is_a_letter(tmp_path):
    titles = ["Lamp", '"XL frame', "Cup", 'Bowl"', "Pan"]
    rows = [f"{at}\tc{at}\t2026-01-0{at}\t{one}\t10.50" for at, one in enumerate(titles, 1)]
    path = tmp_path / "x.txt"
    path.write_text("\n".join(["id\tcustomer\tdate\ttitle\ttotal", *rows]) + "\n")
    assert revenue(crm.read_orders(path, currency="EUR")) == 52.5


@pytest.mark.parametrize("first", ['"two\nlines, and a ""quote"""', '"three\n\nlines"', '"a, b"'])
def test_texts_over_several_lines_are_read(tmp_path, first):
    path = tmp_path / "x.csv"
    path.write_text(COMMENTS.format(first=first, second="ok"))
    assert revenue(crm.read_orders(path, currency="EUR")) == pytest.approx(73.45)


def test_a_delimiter_that_ends_each_row_is_no_field(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Order,Customer,Date,Total\n1,a,2026-01-05,10.50,\n2,b,2026-01-06,20.50,\n")
    assert revenue(crm.read_orders(path, currency="EUR")) == 31


def test_a_hint_names_no_mail_address(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Date,q@x.example,r@x.example\n2026-01-05,10.50,1.5\n2026-01-06,20.50,2.5\n")
    with pytest.raises(crm.DataError) as caught:
        crm.read_orders(path, currency="EUR")
    assert "@" not in f"{caught.value} {caught.value.hint}"


# ---- amounts with something around them ----------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "currency", "options", "total"),
    [
        (["Rp12.500", "Rp7.500"], "IDR", {"decimal": ","}, 20_000),
        (["S/ 12.50", "S/ 7.50"], "PEN", {}, 20),
        (["د.إ 12.50", "د.إ 7.50"], "AED", {}, 20),
        (['="12.50"', '="7.50"'], "EUR", {"currency": "EUR"}, 20),
        (["1.23450e+02", "7.50e+00"], "EUR", {"currency": "EUR"}, 130.95),
    ],
)
def test_signs_of_currencies_and_marks_of_programs_are_left_out(cells, currency, options, total):
    rows = {"order": [1, 2], "customer": ["a", "b"], "date": ["2026-01-05"] * 2, "total": cells}
    found = crm.read_orders(rows, **options)
    assert found.currency == currency and revenue(found) == pytest.approx(total)
    assert "something around the number" in noted(found)


@pytest.mark.parametrize("cell", ["1.2万", "12.00 DR", "5k", "12.50 x"])
def test_words_that_change_an_amount_are_not_left_out(cell):
    assert "not an amount" in refused(f"order,customer,date,total\n1,a,2026-01-05,{cell}")


def test_an_undecided_sign_is_asked_about():
    rows = {"order": [1], "customer": ["a"], "date": ["2026-01-05"], "total": ["Rp12.500"]}
    with pytest.raises(crm.DataError, match="groups thousands or begins the decimals"):
        crm.read_orders(rows)


# ---- what an outside reader has found besides ----------------------------------------------------


def test_orders_under_the_librarys_names_are_read_as_the_library_takes_them():
    shop = crm.simulate_orders(200, seed=7)
    zone = {"currency": "JPY", "timezone": "Asia/Tokyo"}
    named = ("order_id", "status", "kind", "discount", "refunded", "refunded_at", "channel")
    own = crm.Orders(shop, **zone, **{name: name for name in named}, guests="keep")
    found = crm.read_orders(shop, **zone)
    assert not found.understanding.warnings
    assert crm.rfm(found).to_dict() == crm.rfm(own).to_dict()
    assert found.reconciliation.to_dict() == own.reconciliation.to_dict()


def test_three_digits_behind_the_sign_are_no_decimals_without_a_word():
    text = "order,customer,date,total\n1,a,2026-01-05,1.234\n2,b,2026-01-06,99.90"
    said = refused(text)
    assert "1 amounts have three digits behind the decimal sign" in said and 'decimal="."' in said
    # The option says that they are decimals; the library then asks about what is no cent.
    assert "minor units" in refused(text, decimal=".")
    assert revenue(read(text, decimal=".", round_amounts=True)) == pytest.approx(101.13)


@pytest.mark.parametrize(
    ("cells", "currency"), [(["US$10.50", "C$20.50"], "USD"), (["€10.50", "kr20.50"], "EUR")]
)
def test_signs_of_other_currencies_are_refused(cells, currency):
    rows = {"order": [1, 2], "customer": ["a", "b"], "date": ["2026-01-05"] * 2, "total": cells}
    with pytest.raises(crm.DataError, match="holds amounts in"):
        crm.read_orders(rows, currency=currency)


def test_a_column_of_several_currencies_is_one_whatever_its_heading():
    text = "order,customer,date,total,X\n1,a,2026-01-05,10.50,EUR\n2,b,2026-01-06,20.50,USD"
    assert '"X" holds EUR, USD' in refused(text)
    assert revenue(read(text, ignore=["X"])) == 31
    countries = text.replace("EUR", "DEU").replace("USD", "USA")
    assert revenue(read(countries)) == 31


def test_the_sign_of_the_yen_may_be_that_of_the_yuan():
    text = (
        "订单编号,买家ID,下单时间,实付金额\n1,a,2026-01-05 09:31,¥10.50\n2,b,2026-01-06 11:02,¥20"
    )
    assert read(text, currency="CNY").currency == "CNY"
    with pytest.raises(crm.DataError, match="yuan and of yen"):
        crm.read_orders(frame(text))


def test_what_refunds_come_to_is_said():
    text = "order,customer,date,total,Remboursé\n1,a,2026-01-05,10.50,0\n2,b,2026-01-06,20.50,2.50"
    said = warned(read(text))
    assert "with them taken off the total is 28.5" in said
    assert revenue(read(text, refunded="Remboursé")) == 28.5


def test_a_price_beside_the_price_read_is_said_times_the_pieces():
    text = """order,customer,date,product,qty,price,sale price
1,a,2026-01-05,Lamp,2,15.00,10.00
2,b,2026-01-06,Mug,1,9.00,6.00
"""
    assert '(39); "sale price" comes to 26' in noted(read(text))


MOMENTS = """customer,date,product,line total
a,2025-03-01 09:31,X,10.50
a,2025-03-01 09:31,Y,5.50
b,2025-03-02 10:31,X,10.50
"""


def test_rows_of_one_customer_and_moment_are_said():
    said = warned(read(MOMENTS))
    assert "1 rows have the customer and the time of another row" in said
    assert "come to 2 orders" in said
    assert "the time of another" not in warned(read(MOMENTS, order_id=""))
    days = MOMENTS.replace(" 09:31", "").replace(" 10:31", "")
    assert "the time of another" not in warned(read(days))  # a day may have several orders


def test_numbers_that_count_lines_are_said():
    numbers = iter(["No", "101-1", "101-2", "102-1"])
    text = "\n".join(f"{next(numbers)},{row}" for row in MOMENTS.splitlines())
    said = warned(read(text.replace("No,", "order number,")))
    assert "count as 3 orders, without that part as 2" in said


def test_the_index_of_a_frame_is_read():
    pandas = pytest.importorskip("pandas")
    data = pandas.DataFrame(
        {
            "order_id": [1, 1, 2],
            "customer": ["a", "a", "b"],
            "date": ["2026-01-05", "2026-01-05", "2026-01-06"],
            "line_total": [10, 5, 7],
        }
    )
    found = crm.read_orders(data.set_index("order_id"), currency="JPY")
    assert len(found) == 2 and revenue(found) == 22
    months = data.assign(date=pandas.PeriodIndex(data.date, freq="D"))
    assert crm.read_orders(months, currency="JPY").first_date.isoformat() == "2026-01-05"


def test_the_text_of_a_file_is_no_path():
    text = "order,customer,date,total\n1,q@x.example,2026-01-05,10"
    with pytest.raises(crm.DataError, match="is no path") as caught:
        crm.read_orders(text, currency="JPY")
    assert "@" not in str(caught.value)


def test_a_table_of_customers_behind_the_orders_is_refused(tmp_path):
    orders, customers = tmp_path / "a.csv", tmp_path / "b.csv"
    orders.write_text("Order ID,Customer ID,Order date,Total\n1,a,2026-01-05,10.50\n")
    customers.write_text("Customer ID,Email,Name\na,q@x.example,N\n")
    with pytest.raises(crm.DataError, match="has no column"):
        crm.read_orders([orders, customers], currency="EUR")


JOINED = """order,customer,date,product,line total,address
1,a,2026-01-05,Lamp,10.50,Home
1,a,2026-01-05,Lamp,10.50,Work
1,a,2026-01-05,Mug,8.00,Home
1,a,2026-01-05,Mug,8.00,Work
2,b,2026-01-06,Lamp,10.50,Home
"""


def test_lines_that_a_join_has_repeated_are_said():
    said = warned(read(JOINED))
    assert 'for each value of "address"' in said
    assert "all rows come to 47.5, each line once (2 rows less) to 29" in said
    sizes = JOINED.replace("8.00,Work", "9.00,Work")
    assert "for each value" not in warned(read(sizes))


@pytest.mark.parametrize(
    ("heading", "stops", "counts"),
    [
        ("Include", "No", "Yes"), ("Exclude from report", "Yes", "No"), ("Spam", "1", "0"),
        ("Environment", "staging", "production"), ("Internal", "yes", "no"),
        ("Gelöscht", "ja", "nein"), ("Doc status", "VO", "CO"), ("区分", "入金", "売上"),
        ("Comments", "TEST ORDER please ignore", ""), ("Kind", "Points earned", "Purchase"),
    ],
)  # fmt: skip
def test_more_flags_of_rows_that_do_not_count_are_said(heading, stops, counts):
    rows = [f"{at},c{at},2026-01-0{at},9.50,{stops if at == 4 else counts}" for at in range(1, 9)]
    said = warned(read("\n".join([f"order,customer,date,total,{heading}", *rows])))
    assert f'"{heading}"' in said and "in 1 orders that count (9.5 of 76)" in said


def test_a_flag_that_says_no_is_called_by_its_name():
    rows = [f"{at},c{at},2026-01-0{at},9.50,{at % 2}" for at in range(1, 9)]
    said = warned(read("\n".join(["order,customer,date,total,livemode", *rows])))
    assert 'status_map={"0": "test", "1": "completed"}' in said
    said = warned(read("\n".join(["order,customer,date,total,active", *rows])))
    assert '"0": "cancelled"' in said


def test_a_word_of_half_the_rows_is_said_with_both_totals():
    kinds = ["Purchase", "Loyalty", "Purchase", "Loyalty"]
    rows = [f"{at},c{at},2026-01-0{at},9.50,{kind}" for at, kind in enumerate(kinds, 1)]
    said = noted(read("\n".join(["order,customer,date,total,Kind", *rows])))
    assert "come to 38 with them and to 19 without" in said


def test_a_layout_without_its_state_is_said():
    text = (
        "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Accepts Marketing\n"
        "#1,a@x.jp,paid,fulfilled,EUR,50.00,2026-01-05 10:00:00,1,Lamp,50.00,no\n"
    )
    assert "lacks" not in warned(read(text, currency=None))
    part = text + text.splitlines()[1].replace("#1", "#2").replace("paid", "partially_refunded")
    found = read(part, currency=None)
    assert '"Refunded Amount"' in warned(found) and "that the file lacks" in warned(found)
    known = read(part, currency=None, refunded="")
    assert "lacks" not in warned(known)


def test_one_cell_that_is_no_date_is_not_the_forms_fault():
    rows = [f"{at},a,{at:02d}/01/2025,9.50" for at in range(13, 28)]
    said = refused("\n".join(["order,customer,date,total", *rows, "30,b,31/02/2025,20.50"]))
    assert "The other cells are read" in said and "%d/%m" not in said


REPEATED = """Vorgang,Customer ID,Date,Product,Total
1,a,2026-01-05 10:00,Lamp,112.07
1,a,2026-01-05 10:00,Mug,112.07
2,b,2026-01-06 11:00,Cup,206.59
2,b,2026-01-06 11:00,Pan,206.59
3,c,2026-01-07 12:00,Vase,21.88
"""


# Each row: 2 × 112.07 + 2 × 206.59 + 21.88 = 659.20; once an order: 340.54.
@pytest.mark.parametrize(
    ("more", "each"),
    [
        ("", "659.2"),
        ("3-R,c,2026-01-07 12:00,Vase,-21.88\n", "637.32"),
        ("4,c,2026-01-08 12:00,Hub,0\n", "659.2"),
    ],
)
def test_totals_repeated_on_rows_are_said_beside_a_row_that_gives_back(more, each):
    said = warned(read(REPEATED + more))
    assert "the same on several rows" in said
    assert f"come to 340.54, as counted to {each}" in said


def test_cents_are_said_in_a_note_where_a_warning_is_too_much():
    rows = [f"{at},c{at},2026-01-0{at},{amount}" for at, amount in enumerate((1990, 2990, 4990), 1)]
    text = "\n".join(["order,customer,date,total", *rows])
    assert "9,970, or to 99.70 if they are cents" in noted(read(text))
    assert "cents" not in warned(read(text))
    assert "9,970, or to 99.70" in noted(read(text, currency="SEK"))
    hundreds = text.replace("90\n", "00\n").replace("4990", "5000")
    assert "9,800, or to 98.00" in noted(read(hundreds))
    assert "cents" not in warned(read(hundreds))
    assert "cents" not in noted(read(hundreds, currency="SEK"))
    assert "cents" not in noted(read(text, currency="JPY"))


def test_strict_speaks_in_the_words_of_python():
    with pytest.raises(crm.DataError) as caught:
        read(PER_HUNDRED, strict=True)
    assert 'ignore=["Preiseinheit"]' in str(caught.value) and "--" not in str(caught.value)
