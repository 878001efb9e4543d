"""What exports mean: amounts, money of orders, states, customers. Every total is made by hand.

The layouts are those of real shops, the values are invented. Each table is small enough to redo.
"""

import datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crm_core as crm
from crm_core import _cli

TODAY = datetime.date(2026, 11, 29)


def frame(text):
    """A frame of texts, as a file of these lines would be."""
    rows = [line.split(",") for line in text.strip().split("\n")]
    cells = zip(*rows[1:], strict=True)
    columns = {
        name: [cell or None for cell in column] for name, column in zip(rows[0], cells, strict=True)
    }
    return pa.table(columns)


def totals(orders):
    counted = crm.rfm(orders).to_dict()
    return dict(zip(counted["customer_id"], counted["revenue"], strict=True))


def read(text, **options):
    return crm.read_orders(frame(text), **options)


def warned(orders):
    return " ".join(orders.understanding.warnings)


def noted(orders):
    return " ".join(orders.understanding.notes)


# ---- what an amount is ---------------------------------------------------------------------------

JANUARY = """
注文番号,注文日,会員ID,商品名,単価,数量,小計
1,2024/1/5,a,茶,980,1,980
1,2024/1/5,a,飴,980,1,980
2,2024/1/6,b,茶,980,1,980
"""
FEBRUARY = """
注文番号,注文日,会員ID,商品名,単価,数量,小計
3,2024/2/5,a,茶,980,1,980
3,2024/2/5,a,飴,500,1,500
4,2024/2/6,b,茶,980,1,980
"""


def test_a_months_total_does_not_depend_on_other_months():
    assert totals(read(JANUARY)) == {"a": 1960, "b": 980}
    both = crm.read_orders([frame(JANUARY), frame(FEBRUARY)])
    assert totals(both) == {"a": 1960 + 1480, "b": 1960}
    checks = read(JANUARY).understanding.facts["checks"]
    assert {"what": "単価 × quantity = 小計", "holds": 2, "of": 2} in checks


def test_the_words_of_a_heading_go_before_the_data():
    text = """
Order ID,Order Date,Customer ID,Item,Currency,Line Total
1,2024-01-05,a,Tea,USD,9.80
1,2024-01-05,a,Mug,USD,9.80
2,2024-01-06,b,Tea,USD,9.80
"""
    assert totals(read(text)) == {"a": 19.6, "b": 9.8}
    as_order = read(text.replace("Line Total", "Grand Total"))
    assert totals(as_order) == {"a": 9.8, "b": 9.8}


@pytest.mark.parametrize(
    ("heading", "why"),
    [
        ("Line Total", '"Line Total" is a line\'s amount: lines are summed'),
        ("小計", "Price × quantity = 小計: lines are summed"),
    ],
)
def test_the_reason_is_the_heading_where_it_speaks_and_else_the_sum(heading, why):
    text = f"""
Order ID,Order Date,Customer ID,Item,Price,Quantity,{heading}
1,2024-01-05,a,Tea,10,2,20
1,2024-01-05,a,Mug,5,1,5
2,2024-01-06,b,Tea,10,1,10
"""
    found = read(text, currency="USD")
    assert totals(found) == {"a": 25, "b": 10}
    assert found.understanding.to_dict()["choices"]["amount_is"]["why"] == why


def test_an_order_of_two_equal_lines_of_a_product_is_real():
    text = """
order_id,customer_id,customer_unique_id,order_date,price
o1,c1,u1,2017-11-24,58.90
o1,c1,u1,2017-11-24,58.90
o3,c3,u1,2018-02-24,20.00
"""
    found = read(text, amount="price", currency="BRL")
    assert totals(found) == {"u1": 137.8}
    choices = {one.role: one for one in found.understanding.choices}
    assert choices["amount_is"].reason == "price_row"


SILENT = """
order_id,customer_id,order_date,amount
1,a,2024-01-05,5
1,a,2024-01-05,5
2,b,2024-01-06,7
"""


def test_equal_amounts_decide_nothing_and_both_totals_are_shown():
    with pytest.raises(crm.DataError) as caught:
        read(SILENT, currency="USD")
    assert "a line (total 17)" in str(caught.value)
    assert "the order's total (total 12)" in str(caught.value)
    assert caught.value.hint == 'Say so with amount_is="line" or amount_is="order".'
    assert totals(read(SILENT, currency="USD", amount_is="line"))["a"] == 10
    assert totals(read(SILENT, currency="USD", amount_is="order"))["a"] == 5


def test_the_command_asks_in_its_own_words(tmp_path, capsys):
    (tmp_path / "orders.csv").write_text(SILENT.strip() + "\n", "utf-8")
    assert _cli.main(["report", str(tmp_path / "orders.csv"), "--currency", "USD"]) == 3
    said = capsys.readouterr().err
    assert "--amount-is line or --amount-is order" in said
    assert "total 17" in said and "total 12" in said


def test_a_total_that_differs_within_orders_is_summed_with_a_warning_unless_a_sum_tells():
    text = """
order_id,customer_id,order_date,total
1,a,2024-01-05,5
1,a,2024-01-05,8
"""
    found = read(text, currency="USD")
    assert totals(found) == {"a": 13} and 'amount_is="line" confirms' in warned(found)
    assert not warned(read(text, currency="USD", amount_is="line"))
    by_sum = read(FEBRUARY.replace("小計", "合計"))
    assert totals(by_sum) == {"a": 1480, "b": 980} and not warned(by_sum)


def test_lines_that_add_up_to_a_total_tell_an_amount():
    text = """
order_id,customer_id,order_date,amount,total
1,a,2024-01-05,5,10
1,a,2024-01-05,5,10
2,b,2024-01-06,7,7
"""
    found = read(text, amount="amount", currency="USD")
    assert totals(found) == {"a": 10, "b": 7}


def test_a_heading_that_the_sums_contradict_is_asked_about():
    text = JANUARY.replace("小計", "合計金額")
    with pytest.raises(crm.DataError, match="ts heading says") as caught:
        read(text)
    assert "total 2,940" in str(caught.value) and "total 1,960" in str(caught.value)


@pytest.mark.parametrize(
    ("prices", "kind"),
    [
        # A mug costs 20 whatever the quantity; then two mugs cost 40.
        (("20.00", "20.00"), "unit"),
        (("40.00", "20.00"), "line"),
    ],
)
def test_an_item_price_is_of_one_piece_or_of_all_by_the_products_price(prices, kind):
    text = f"""
order_id,customer_id,order_date,product,quantity,item-price,currency
1,a,2024-01-05,mug,2,{prices[0]},EUR
2,b,2024-01-06,mug,1,{prices[1]},EUR
"""
    found = read(text)
    choices = {one.role: one.value for one in found.understanding.choices}
    assert choices["amount_is"] == kind
    assert totals(found) == {"a": 40, "b": 20}


def test_an_item_price_that_nothing_explains_is_asked_about():
    text = """
order_id,customer_id,order_date,product,quantity,item-price,currency
1,a,2024-01-05,mug,2,40.00,EUR
2,b,2024-01-06,bowl,1,20.00,EUR
"""
    with pytest.raises(crm.DataError, match=r"total 100.*total 60"):
        read(text)


def test_a_single_order_of_one_line_needs_no_question():
    assert totals(read("order_id,customer_id,order_date,amount\n1,a,2024-01-05,5", currency="USD"))


# ---- money of the order on its lines -------------------------------------------------------------

REFUND = """
注文番号,注文日時,数量,商品単価,合計返金額,顧客ID
1001,2024-01-05,2,980,1000,taro
1001,2024-01-05,1,3000,1000,taro
1002,2024-02-05,2,3000,0,taro
"""


def test_a_refund_repeated_on_lines_of_different_amounts_is_the_orders():
    found = read(REFUND)
    assert totals(found) == {"taro": 4960 - 1000 + 6000}
    assert "合計返金額" in noted(found)
    forced = read(REFUND, line_level=["合計返金額"])
    assert totals(forced) == {"taro": 4960 - 2000 + 6000}


def test_a_refund_that_differs_between_lines_is_the_lines():
    text = REFUND.replace("3000,1000,taro", "3000,200,taro")
    assert totals(read(text)) == {"taro": 4960 - 1200 + 6000}


def test_a_refund_on_one_line_counts_once():
    text = REFUND.replace("3000,1000,taro", "3000,0,taro")
    assert totals(read(text)) == {"taro": 4960 - 1000 + 6000}


def test_a_refund_that_nothing_explains_is_asked_about():
    text = """
order_id,customer_id,order_date,line_total,refund_amount
1,a,2024-01-05,10,2
1,a,2024-01-05,10,2
"""
    with pytest.raises(crm.DataError) as caught:
        read(text, currency="USD")
    assert "(total 2)" in str(caught.value) and "(total 4)" in str(caught.value)
    assert 'order_level=["refund_amount"]' in (caught.value.hint or "")
    assert totals(read(text, currency="USD", order_level=["refund_amount"])) == {"a": 18}
    assert totals(read(text, currency="USD", line_level=["refund_amount"])) == {"a": 16}


def test_a_level_of_a_column_that_is_not_read_is_refused():
    with pytest.raises(crm.DataError, match="has no effect"):
        read(REFUND, order_level=["数量"])


# ---- states --------------------------------------------------------------------------------------

CANCELLED_AT = """
Order ID,Order Date,Customer Email,Order Total,Currency,Cancelled At
1,2024-01-05,a@x.com,100.00,USD,
2,2024-01-06,a@x.com,50.00,USD,2024-01-07
"""


def test_a_date_of_cancellation_is_used_and_said():
    found = read(CANCELLED_AT)
    assert totals(found) == {"a@x.com": 100}
    assert "1 orders do not count" in noted(found) and "Cancelled At" in noted(found)
    assert totals(read(CANCELLED_AT, ignore=["Cancelled At"])) == {"a@x.com": 150}
    assert totals(read(CANCELLED_AT, cancelled_at="")) == {"a@x.com": 150}


@pytest.mark.parametrize(
    ("heading", "yes", "no"),
    [
        ("キャンセル日", "2024/1/7", ""),
        ("キャンセル日時", "2024/1/7 10:00", ""),
        ("キャンセルフラグ", "1", "0"),
        ("取消日", "2024年1月7日", ""),
        ("canceled_at", "2024-01-07T10:00:00Z", ""),
        ("is_cancelled", "TRUE", "FALSE"),
        ("キャンセル", "はい", "いいえ"),
    ],
)
def test_dates_and_flags_of_cancellation(heading, yes, no):
    text = f"""
注文番号,注文日時,会員ID,合計金額,{heading}
1,2024/1/5,a,1000,{no}
2,2024/1/6,a,500,{yes}
"""
    assert totals(read(text)) == {"a": 1000}


def test_a_flag_of_an_unknown_word_is_asked_about():
    text = "注文番号,注文日時,会員ID,合計金額,キャンセル\n1,2024/1/5,a,1000,ほげ"
    with pytest.raises(crm.DataError, match=r"does .2 characters in row 0"):
        read(text)
    with pytest.raises(crm.DataError, match='does "ほげ" mean'):
        read(text + "\n2,2024/1/6,b,1000,ほげ")
    assert totals(read(text, status_map={"ほげ": "completed"})) == {"a": 1000}


def test_states_of_delivery_and_payment_are_looked_at():
    text = """
Order ID,Order Date,Customer ID,Order Total,Currency,Fulfillment Status,Payment Status
1,2024-01-05,a,100.00,USD,fulfilled,paid
2,2024-01-06,a,50.00,USD,cancelled,refunded
3,2024-01-07,b,60.00,USD,unfulfilled,paid
"""
    found = read(text)
    assert totals(found) == {"a": 100, "b": 60}
    assert "Fulfillment Status" in noted(found)


def test_a_state_beside_the_status_stops_what_the_status_does_not():
    text = """
注文番号,注文日,会員ID,合計金額,ステータス,発送状況
1,2024/1/5,a,1000,完了,発送済み
2,2024/1/6,a,500,完了,キャンセル
"""
    found = read(text)
    assert totals(found) == {"a": 1000}
    assert "発送状況" in noted(found)


SUSPECT = """
注文番号,注文日,会員ID,合計金額,備考区分
1,2024/1/5,a,1000,通常
2,2024/1/6,a,500,不成立
"""


def test_words_of_states_in_an_unknown_column_are_warned_of():
    found = read(SUSPECT)
    assert totals(found) == {"a": 1500}
    assert "備考区分" in warned(found) and "不成立" in warned(found) and "1 orders" in warned(found)
    assert 'status="備考区分"' in warned(found)
    used = read(SUSPECT, status="備考区分", status_map={"通常": "completed"})
    assert totals(used) == {"a": 1000} and not warned(used)
    assert not warned(read(SUSPECT, ignore=["備考区分"]))
    with pytest.raises(crm.DataError, match="備考区分"):
        read(SUSPECT, strict=True)


def test_a_heading_that_speaks_of_cancelling_is_warned_of():
    text = """
order_id,customer_id,order_date,total,currency,Cancellation reason
1,a,2024-01-05,10,USD,
2,a,2024-01-06,20,USD,changed her mind
"""
    found = read(text)
    assert "Cancellation reason" in warned(found) and "1 orders" in warned(found)
    assert "changed her mind" not in warned(found), "a customer's words are not shown"


def test_what_the_status_stops_already_makes_no_warning():
    text = """
order_id,customer_id,order_date,total,currency,status,Cancellation reason
1,a,2024-01-05,10,USD,paid,
2,a,2024-01-06,20,USD,cancelled,too late
"""
    assert not warned(read(text))


def test_the_command_shows_warnings_on_top_and_strict_makes_them_errors(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text(SUSPECT.strip() + "\n", "utf-8")
    assert _cli.main(["report", str(path), "--check", "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert shown.lstrip().startswith("!") and '--status "備考区分"' in " ".join(shown.split())
    assert _cli.main(["report", str(path), "--strict"]) == 3
    assert "備考区分" in capsys.readouterr().err


def test_a_line_that_is_cancelled_alone_takes_its_amount_away():
    text = """
order_id,customer_id,order_date,line_total,currency,item_status
1,a,2024-01-05,10,USD,shipped
1,a,2024-01-05,20,USD,cancelled
2,a,2024-01-06,40,USD,cancelled
"""
    found = read(text)
    assert totals(found) == {"a": 10}
    assert "1 lines are cancelled" in noted(found)


def test_amounts_of_cancelled_orders_may_be_blank():
    text = """
order_id,customer_id,order_date,total,currency,status
1,a,2024-01-05,10,USD,shipped
2,a,2024-01-06,,USD,cancelled
"""
    assert totals(read(text)) == {"a": 10}
    with pytest.raises(crm.CrmError):
        read(text.replace("cancelled", "shipped"))


def test_a_meaning_that_does_not_exist_is_refused():
    with pytest.raises(crm.DataError, match="gone, which is no meaning"):
        read(SUSPECT, status_map={"x": "gone"})
    with pytest.raises(crm.OptionError, match="id_fold"):
        read(SUSPECT, id_fold="all")


# ---- customers -----------------------------------------------------------------------------------

MAILS = """
order_id,email,order_date,total,currency
1,Ann@Example.com,2024-01-05,10.00,USD
2,ann@example.com ,2024-02-05,20.00,USD
3,ann@example.com,2024-03-05,30.00,USD
"""


def test_mail_addresses_are_one_whatever_their_case_and_that_is_said():
    found = read(MAILS)
    assert totals(found) == {"ann@example.com": 60}
    assert "1 ids of" in noted(found)
    assert len(totals(read(MAILS, id_fold="none"))) == 2


def test_ids_that_nearly_collide_are_counted_and_can_be_folded():
    text = "customer_id,order_date,total,currency\n" + "\n".join(
        f"{name},2024-01-0{at},10,USD" for at, name in enumerate(("A1", "a1", "Ａ１", "b2"), 1)
    )
    found = read(text)
    assert len(totals(found)) == 4 and "2 ids" in warned(found)
    folded = read(text, id_fold="case")
    assert totals(folded) == {"a1": 30, "b2": 10} and not warned(folded)
    assert not warned(read(text, id_fold="none"))


def test_a_customer_column_without_values_gives_way_to_the_next():
    text = """
注文番号,注文日,会員ID,メールアドレス,合計金額
1,2024/1/5,,a@x.jp,1000
2,2024/1/6,,b@x.jp,500
"""
    found = read(text)
    assert totals(found) == {"a@x.jp": 1000, "b@x.jp": 500}
    choices = {one.role: one for one in found.understanding.choices}
    assert choices["customer_id"].reason == "first_blank"


def test_words_for_nobody_are_guests():
    text = """
order_id,customer_id,order_date,total,currency
1,guest,2024-01-05,10,USD
2,a,2024-01-06,20,USD
3,0,2024-01-07,30,USD
4,0,2024-01-08,40,USD
"""
    found = read(text)
    assert totals(found) == {"a": 20, "0": 70}
    assert "guest_id" in warned(found)
    assert totals(read(text, guest_id=["0", "guest"])) == {"a": 20}


# ---- proposals, dates, frames --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "OrderId,OrderDate,TotalPrice,Kontakt\n1,2024-01-05,10,a@b.c",
            'Say which column it is with customer_id, for example customer_id="Kontakt".'
            ' customer_id="" reads orders of guests only.',
        ),
        (
            "OrderId,OrderDate,TotalPrice,Note\n1,2024-01-05,10,hello",
            'Say which column it is with customer_id. customer_id="" reads orders of guests only.',
        ),
        (
            "customer_id,b,paid,n\na,2024-01-05,10.50,3",
            "Say which columns they are with ordered_at and amount, for example "
            'ordered_at="b" and amount="paid".',
        ),
        (
            "customer_id,order_date,n,paid\na,2024-01-05,3,10.50",
            'Say which column it is with amount, for example amount="paid".',
        ),
    ],
)
def test_a_proposal_is_made_by_content_or_not_at_all(text, hint):
    with pytest.raises(crm.DataError) as caught:
        read(text)
    assert caught.value.hint == hint


def test_implausible_dates_are_counted():
    text = """
customer_id,order_date,total,currency
a,2024-01-05,10,USD
a,1600-01-06,20,USD
a,2950-01-06,20,USD
"""
    found = read(text + "\n".join(f"b,2024-02-{day:02},1,USD" for day in range(1, 28)))
    assert "1 before 1990, 1 in the future" in warned(found)


FRAMES = {
    "pandas": lambda table: table.to_pandas(),
    "polars": lambda table: pl.from_arrow(table),
    "lazy": lambda table: pl.from_arrow(table).lazy(),
    "dict": lambda table: table.to_pydict(),
    "arrow": lambda table: table,
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_are_read_as_files_are(kind, tmp_path):
    found = crm.read_orders(FRAMES[kind](frame(JANUARY)))
    (tmp_path / "january.csv").write_text(JANUARY.strip() + "\n", "utf-8")
    of_file = crm.read_orders(tmp_path / "january.csv")
    assert totals(found) == totals(of_file) == {"a": 1960, "b": 980}


def test_ids_that_pandas_made_floats_of_are_ids_again():
    data = pd.DataFrame(
        {
            "customer_id": [1.0, None, 2.0],
            "order_date": ["2024-01-05", "2024-01-06", "2024-01-07"],
            "total": ["10.50", "1", "2"],
        }
    )
    assert totals(crm.read_orders(data, currency="USD")) == {1: 10.5, 2: 2}


def test_the_understanding_is_plain_data_and_holds_no_ids():
    found = read(MAILS)
    said = found.understanding
    data = said.to_dict()
    assert data["choices"]["customer_id"]["value"] == "email"
    assert data["facts"]["dates"] == ["2024-01-05", "2024-03-05"]
    assert data["facts"]["first_order"]["total"] in ("10", "10.00")
    assert "example.com" not in repr(said) and "example.com" not in said._repr_html_()
    assert "example.com" not in str(data)


def test_orders_made_directly_have_no_understanding():
    data = {"customer_id": [1], "ordered_at": [datetime.date(2024, 1, 5)], "amount": [5]}
    assert crm.Orders(data, currency="JPY").understanding is None
    assert read(MAILS).view({"email": "x"}) is not None


# ---- events --------------------------------------------------------------------------------------

LOG = """
event_time,event_type,user_id,product_id
2019-10-01 00:00:00,view,1,p
2019-10-01 00:03:00,cart,1,p
2019-10-01 00:09:00,purchase,1,p
2019-10-01 01:00:00,view,2,p
"""


def test_a_log_is_read_by_meaning():
    events = crm.read_events(frame(LOG))
    assert len(events) == 4
    assert events.understanding is not None
    assert events.understanding.to_dict()["choices"]["visitor_id"]["value"] == "user_id"


def test_steps_of_a_funnel_are_meanings_and_strangers_are_refused(tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_text(LOG.strip() + "\n", "utf-8")
    assert (
        _cli.main(["run", "funnel", str(path), "--option", 'steps=["view","add","purchase"]']) == 0
    )
    reached = [line.split(",")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert reached == ["2", "1", "1"]
    assert _cli.main(["run", "funnel", str(path), "--option", 'steps=["view","wish"]']) == 3
    assert "the kinds are: cart, purchase, view" in capsys.readouterr().err


# ---- one population ------------------------------------------------------------------------------


def test_the_headline_says_whether_guests_are_in(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,customer_id,order_date,total,currency\n"
        "1,a,2024-01-05,30,USD\n2,,2024-01-06,70,USD\n3,,2024-01-07,100,USD\n",
        "utf-8",
    )
    assert _cli.main(["report", str(path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Orders, with guests 3" in shown and "Revenue, with guests $200" in shown
    assert "Of customers, as in the tables 1 orders, $30.00" in shown
    assert "Of guests 2 orders, $170" in shown


# ---- what says something of the amounts besides --------------------------------------------------

HEAD = "order_id,customer_id,order_date,"


def test_money_that_the_user_names_is_read_where_no_layout_names_it():
    text = HEAD + "line_total,less\n1,a,2024-01-13,100.00,10.00\n2,b,2024-01-14,50.00,0.00\n"
    assert totals(read(text, currency="EUR", discount="less")) == {"a": 90, "b": 50}
    assert totals(read(text, currency="EUR")) == {"a": 100, "b": 50}
    with pytest.raises(crm.DataError, match="there is no column"):
        read(text, currency="EUR", discount="fewer")


def test_a_discount_that_was_not_read_is_warned_of():
    text = HEAD + "line_total,coupon_amount\n1,a,2024-01-13,10,5\n2,b,2024-01-14,10,0\n"
    assert "looks like a discount (1 rows)" in warned(read(text, currency="EUR"))
    assert not warned(read(text, currency="EUR", ignore=["coupon_amount"]))
    assert not warned(read(text, currency="EUR", discount="coupon_amount"))


@pytest.mark.parametrize(
    ("cells", "currency", "said"),
    [
        (("€10.00", "$20.00"), None, "dollars"),
        (("$10.00", "$20.00"), "EUR", "dollars"),
        (("€10.00", "€20.00"), "USD", "EUR"),
        (("10.00 GBP", "5.00"), "USD", "GBP"),
    ],
)
def test_signs_of_another_currency_are_refused(cells, currency, said):
    rows = [f"{at},a,2024-01-1{at},{cell}" for at, cell in enumerate(cells)]
    with pytest.raises(crm.DataError, match=said):
        read(HEAD + "total\n" + "\n".join(rows) + "\n", currency=currency)


def test_dollars_of_any_country_are_dollars():
    text = HEAD + "total\n1,a,2024-01-13,$10.00\n"
    assert totals(read(text, currency="CAD")) == {"a": 10}


def test_a_heading_in_cents_or_thousands_asks():
    text = HEAD + "amount_cents\n1,a,2024-01-13,1000\n2,b,2024-01-14,2050\n"
    with pytest.raises(crm.DataError, match="cents"):
        read(text, currency="EUR", amount="amount_cents")
    minor = read(text, currency="EUR", amount="amount_cents", amount_unit="minor")
    assert totals(minor) == {"a": 10, "b": 20.5}


def test_a_row_of_totals_is_no_order():
    text = HEAD + "total\n1,a,2024-01-13,10\n2,b,2024-01-14,20\nSum,,2024-01-14,30\n"
    with pytest.raises(crm.DataError, match="totals"):
        read(text, currency="EUR")


def test_files_without_a_heading_in_common_say_so(tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text(HEAD + "total\n1,a,2024-01-13,10\n", encoding="utf-8")
    other.write_text("Order No;Customer;Date;Amount\n2;b;30.01.2024;20,00\n", encoding="utf-8")
    with pytest.raises(crm.DataError, match='no column "order_id"'):
        crm.read_orders([one, other], currency="EUR")
    other.write_text(HEAD + "total,note\n2,b,2024-01-30,20,x\n", encoding="utf-8")
    assert 'Not every file has "note"' in warned(crm.read_orders([one, other], currency="EUR"))


def test_float_ids_are_whole_numbers():
    columns = {
        "customer_id": pa.array([7.0, None, 8.0]),
        "order_date": ["2024-01-13", "2024-01-14", "2024-01-15"],
        "total": [10, 20, 30],
    }
    assert totals(crm.read_orders(pa.table(columns), currency="EUR")) == {7: 10, 8: 30}


def test_flags_of_tests_are_warned_of():
    text = HEAD + "total,is_test\n1,a,2024-01-13,10,false\n2,b,2024-01-14,20,true\n"
    assert '"is_test" is set in 1 orders' in warned(read(text, currency="EUR"))
