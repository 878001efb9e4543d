"""What an outside reader tried on the reader: each once as it was, most in the words of others too.

`USD` orders of two lines or rows each, so that every total is small enough to redo by hand.
"""

import decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core import _cli

HEAD = "order_id,customer_id,order_date,total"
ROWS = ["1,a,2026-01-03,10.00", "2,b,2026-01-04,20.00"]


def read(heading="", cells=("", ""), rows=ROWS, head=HEAD, **options):
    more = "," if heading else ""
    lines = [f"{row}{more}{cell}" for row, cell in zip(rows, cells, strict=False)]
    text = "\n".join([head + more + heading, *lines])
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


# ---- currencies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", ["cur", "ccy", "Код валюты", "pay_currency", "iso", "WAERS"])
def test_a_column_of_codes_under_any_heading_is_looked_at(heading):
    for cells in (["USD", "EUR"], ["EUR", "EUR"]):
        with pytest.raises(crm.DataError, match=f'"{heading}" holds EUR') as caught:
            read(heading, cells)
        assert f'ignore=["{heading}"]' in caught.value.hint
        assert totals(read(heading, cells, ignore=[heading])) == {"a": 10, "b": 20}
    assert totals(read(heading, ["usd", "USD"])) == {"a": 10, "b": 20}
    assert totals(read("country_iso", ["DE", "FR"])) == {"a": 10, "b": 20}


def test_a_currency_in_the_heading_is_not_contradicted():
    with pytest.raises(crm.DataError, match='heading "total_eur" says EUR'):
        read(head=HEAD + "_eur")
    assert totals(read(head=HEAD + "_eur", currency="EUR")) == {"a": 10, "b": 20}
    with pytest.raises(crm.DataError, match="in thousands"):
        read(head=HEAD.replace("total", "Amount (k$)"), amount="Amount (k$)")


def test_a_file_without_the_currency_column_is_not_added_up(tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEAD},currency\n{ROWS[0]},EUR\n")
    (tmp_path / "b.csv").write_text(f"{HEAD}\n{ROWS[1]}\n")
    with pytest.raises(crm.DataError, match="not every file has"):
        crm.read_orders([tmp_path / "b.csv", tmp_path / "a.csv"], currency="USD")
    with pytest.raises(crm.DataError, match=r'b\.csv has no column "currency"'):
        crm.read_orders([tmp_path / "a.csv", tmp_path / "b.csv"])


# ---- rows that are no sales ----------------------------------------------------------------------


def test_an_order_beside_its_items_is_asked_about():
    text = """
order_id,customer_id,order_date,sku,amount
1,a,2026-01-03,,30
1,a,2026-01-03,X,10
1,a,2026-01-03,Y,20
2,b,2026-01-04,,7
2,b,2026-01-04,X,7
"""
    with pytest.raises(crm.DataError) as caught:
        crm.read_orders(frame(text), currency="USD")
    assert "(total 37), or lines (total 74)" in str(caught.value)
    found = crm.read_orders(frame(text), currency="USD", amount_is="line")
    assert totals(found) == {"a": 60, "b": 14}
    once = text.replace("Y,20", "Y,19")
    assert totals(crm.read_orders(frame(once), currency="USD", amount_is="line"))["a"] == 59


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("sign", ["+", "-"]),
        ("D/C", ["D", "C"]),
        ("entry", ["debit", "credit"]),
        ("赤黒区分", ["黒", "赤"]),
        ("kind", ["sale", "payout"]),
        ("line_type", ["product", "discount"]),
        ("memo", ["", "Refund for order 1"]),
        ("retoure", ["", "x"]),
        ("Отменён", ["0", "1"]),
        ("del_flg", ["0", "1"]),
        ("reversal", ["", "1"]),
        ("state", ["OK", "KO"]),
    ],
)
def test_words_and_flags_of_rows_that_are_no_sales_are_said(heading, cells):
    rows = ["1,a,2026-01-03,10.00", "2,b,2026-01-04,4.00"]
    head = HEAD.replace("total", "amount")
    try:
        found = read(heading, cells, rows, head, amount_is="line")
    except crm.DataError as error:
        assert heading in str(error)
        return
    left_out = totals(found) == {"a": 10} and heading in noted(found)
    assert left_out or f'"{heading}"' in warned(found)


def test_rows_that_give_money_back_are_said_so():
    rows = ["1,a,2026-01-03,10.00", "2,b,2026-01-04,20.00", "3,b,2026-01-05,5.00"]
    cells = ["Charge", "Charge", "Refund"]
    doubt = read("type", cells, rows)
    assert 'refund_rows={"type": "Refund"}' in warned(doubt)
    found = read("type", cells, rows, refund_rows={"type": "Refund"})
    assert totals(found) == {"a": 10, "b": 15} and not warned(found)
    assert "1 rows give money back" in noted(found)
    # Signs that are there stay: nothing is doubted, and nothing is negated twice.
    signed = [*rows[:2], "3,b,2026-01-05,-5.00"]
    assert not warned(read("type", cells, signed))
    assert totals(read("type", cells, signed, refund_rows={"type": ["Refund"]}))["b"] == 15
    with pytest.raises(crm.DataError, match='no cell of "type" is Refnd'):
        read("type", cells, rows, refund_rows={"type": "Refnd"})


def test_an_x_in_a_column_that_the_user_names_is_a_mark():
    found = read("Storno", ["", "X"], cancelled_at="Storno")
    assert totals(found) == {"a": 10}
    assert '1 orders do not count, or not with all lines, by "Storno"' in noted(found)
    found = read("Storno", ["", "X"], cancelled_at="Storno", status_map={"X": "cancelled"})
    assert totals(found) == {"a": 10}


def test_a_day_of_payment_that_only_some_have():
    found = read("入金日", ["2026-01-05", ""])
    assert '"入金日" is blank in 1 orders' in warned(found)
    assert not warned(read("入金日", ["2026-01-05", ""], ignore=["入金日"]))
    assert not warned(read("入金日", ["2026-01-05", "2026-01-06"]))


def test_part_of_an_order_given_back_counts_in_full_with_a_warning():
    found = read("status", ["paid", "Partially refunded"])
    assert totals(found) == {"a": 10, "b": 20}
    assert '"Partially refunded"' in warned(found) and "count in full" in warned(found)
    text = f"{HEAD},status,refunded_amount\n{ROWS[0]},paid,0\n{ROWS[1]},Partially refunded,5\n"
    both = crm.read_orders(frame(text), currency="USD")
    assert totals(both) == {"a": 10, "b": 15} and not warned(both)


def test_pieces_below_zero_with_an_amount_above_it_are_said():
    head = "order_id,customer_id,order_date,sku,qty,price,line_total"
    rows = [
        "1,a,2026-01-03,X,2,10.00,20.00",
        "2,b,2026-01-04,Y,1,5.00,5.00",
        "C1,a,2026-01-05,X,-1,10.00,10.00",
    ]
    found = read(rows=rows, head=head, cells=("", "", ""))
    assert "quantity below zero" in warned(found) and "(10)" in warned(found)


# ---- discounts -----------------------------------------------------------------------------------


def test_discounts_in_percent_are_not_taken_for_money():
    for heading, cells in (("discount", ["10%", "0%"]), ("discount_percent", ["10", "0"])):
        head = HEAD.replace("total", "line_total")
        said = warned(read(heading, cells, head=head))
        assert "in percent" in said and "discount=" not in said


def test_a_total_of_goods_or_one_that_is_a_sum_is_before_the_discount():
    rows = ["1,a,2026/01/03,1000", "2,b,2026/01/04,2000"]
    head = "注文番号,会員ID,注文日,商品合計"
    assert "利用ポイント" in warned(read("利用ポイント", ["200", "0"], rows, head, currency="JPY"))
    head = "注文番号,会員ID,注文日,小計,送料,合計"
    rows = ["1,a,2026/01/03,1000,500,1500", "2,b,2026/01/04,2000,0,2000"]
    found = read("ポイント値引", ["100", "50"], rows, head, currency="JPY")
    assert "takes off nothing" in warned(found)
    net = ["1,a,2026/01/03,1000,500,1400", "2,b,2026/01/04,2000,0,1950"]
    assert not warned(read("ポイント値引", ["100", "50"], net, head, currency="JPY"))


# ---- customers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        *("null", "None", "N/A", "(none)", "unknown", "Walk-in Customer", "匿名", "散客", "-1"),
        *("guest@shop.example", "no-reply@shop.example", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_words_for_nobody_are_guests(word):
    found = read(rows=[f"1,{word},2026-01-03,10.00", "2,b,2026-01-04,20.00"])
    assert totals(found) == {"b": 20} and "guests'" in noted(found)


def test_marks_of_spreadsheets_are_no_part_of_an_id():
    columns = {
        "order_id": ['="01"', "'02", "03"],
        "customer_id": ['="00012"', "'00012", "00012"],
        "order_date": ["2026-01-03"] * 3,
        "total": ["10", "20", "5"],
    }
    found = crm.read_orders(columns, currency="USD")
    assert totals(found) == {"00012": 35} and "marks of a spreadsheet" in noted(found)


# ---- what is named and does not fit --------------------------------------------------------------


def test_a_layout_of_other_columns_is_refused():
    with pytest.raises(crm.DataError, match="not the columns of shopify_orders"):
        read(layout="shopify_orders")


def test_options_that_touch_nothing_are_said():
    with pytest.raises(crm.DataError, match='no column "nope"'):
        read(dimensions=["nope"])
    with pytest.raises(crm.OptionError, match="repeated_rows"):
        read(repeated_rows="x")
    with pytest.raises(crm.OptionError, match="option `discount`: expected the heading"):
        read(discount=["a", "b"])
    found = read("status", ["paid", "paid"], status_map={"payd": "cancelled"})
    assert "payd, which no cell says" in warned(found)
    with pytest.raises(crm.DataError, match="no column is the quantity"):
        read(amount_is="unit")


# ---- what a message may say ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("note", "cancelled anna@x.example"),
        ("note", "cancelled by Anna Schmidt"),
        ("note", "キャンセル 山田花子様"),
        ("customer_name", "Anna Cancel"),
        ("status", "Refund to Bob Miller 4111111111111111"),
    ],
)
def test_messages_hold_no_words_of_a_person(heading, cell):
    try:
        said = str(read(heading, ["paid" if heading == "status" else "", cell]).understanding)
    except crm.DataError as error:
        said = f"{error} {error.hint}"
    for word in ("anna", "schmidt", "山田", "bob", "4111"):
        assert word not in said.lower()


@pytest.mark.parametrize(
    "heading",
    ["refundable", "cancellation_policy", "fraud_score", "deleted_items", "customer_deleted"],
)
def test_rules_and_scores_are_no_cancellations(heading):
    assert not warned(read(heading, ["0", "1"]))


@pytest.mark.parametrize(
    ("heading", "cell"), [("company", "Cancel Ltd"), ("utm_campaign", "cancel_winback")]
)
def test_names_are_no_cancellations(heading, cell):
    assert not warned(read(heading, ["", cell]))


# ---- frames --------------------------------------------------------------------------------------


def test_frames_of_every_kind_are_read_or_refused_with_a_sentence():
    plain = {
        "customer_id": ["a", "b"],
        "order_date": ["2026-01-03", "2026-01-04"],
        "total": ["10", "20"],
        "status": ["paid", "cancelled"],
    }
    kinds = [
        pl.DataFrame(plain).with_columns(
            pl.col("status").cast(pl.Categorical), pl.col("customer_id").cast(pl.Categorical)
        ),
        pl.DataFrame(plain).with_columns(pl.col("status").cast(pl.Enum(["paid", "cancelled"]))),
        pd.DataFrame(plain).astype({"status": "category"}),
        [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)],
        duckdb.sql(
            "SELECT * FROM (VALUES ('a', DATE '2026-01-03', 10, 'paid')) "
            "t(customer_id, order_date, total, status)"
        ),
    ]
    for one in kinds:
        assert totals(crm.read_orders(one, currency="USD")) == {"a": 10}
    huge = duckdb.sql(
        "SELECT 7::HUGEINT AS customer_id, DATE '2026-01-03' AS order_date, 10 AS total"
    )
    assert totals(crm.read_orders(huge, currency="USD")) == {7: 10}
    nested = pa.table(
        {
            **{name: plain[name] for name in ("customer_id", "order_date")},
            "total": [{"amount": decimal.Decimal("1.5")}, {"amount": decimal.Decimal("2.5")}],
        }
    )
    found = crm.read_orders(nested, amount="total.amount", currency="USD")
    assert totals(found) == {"a": 1.5, "b": 2.5}
    listed = nested.select([0, 1]).append_column("total", [[[1], [2]]])
    with pytest.raises(crm.DataError, match="amounts are plain numbers"):
        crm.read_orders(listed, currency="USD")
    with pytest.raises(crm.DataError, match="different numbers of rows"):
        crm.read_orders({**plain, "total": ["10"]}, currency="USD")


# ---- times and events ----------------------------------------------------------------------------


def test_a_time_of_day_in_a_column_of_its_own_is_read_with_the_day():
    found = read("order_time", ["23:30", "01:00"], timezone="Asia/Tokyo")
    assert "time of day" in noted(found)
    log = "visitor_id,date,time,event\nv,2026-01-03,10:00,view\nv,2026-01-03,10:05:30,add\n"
    events = crm.read_events(frame(log), timezone="UTC")
    sessions = crm.sessions(events).to_pandas()
    assert len(sessions) == 1 and len(events) == 2
    assert str(sessions.started_at[0])[11:16] == "10:00"


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("status", ["ok", "failed"]),
        ("is_bot", ["0", "1"]),
        ("user_agent", ["Mozilla/5.0", "Googlebot/2.1"]),
        ("debug", ["", "true"]),
    ],
)
def test_events_that_are_no_visitors_are_warned_of(heading, cells):
    log = f"visitor_id,event_time,event,{heading}\n" + "\n".join(
        f"v{at},2026-01-03 10:0{at},view,{cell}" for at, cell in enumerate(cells)
    )
    assert f'"{heading}"' in warned(crm.read_events(frame(log), timezone="UTC"))
    kept = crm.read_events(frame(log), timezone="UTC", dimensions=[heading])
    assert not warned(kept)


def test_events_of_two_currencies_are_refused():
    log = "visitor_id,event_time,event,amount,cur\n" + "\n".join(
        f"v,2026-01-0{at} 10:00,purchase,5,{code}" for at, code in enumerate(["USD", "EUR"], 3)
    )
    with pytest.raises(crm.DataError, match="2 currencies: EUR, USD"):
        crm.read_events(frame(log), currency="USD", timezone="UTC")


def test_the_days_of_a_file_are_those_of_the_shops_clock():
    rows = ["1,a,2026-01-03T23:30:00Z,10.00", "2,b,2026-01-04T10:00:00Z,20.00"]
    found = read(rows=rows, timezone="Asia/Tokyo")
    assert "2026-01-04" in str(found.understanding) and "2026-01-03" not in str(found.understanding)


def test_hints_speak_python_in_python():
    log = "visitor_id,event_time,event\nv,2026-01-03 10:00,view\nv,2026-01-03 10:01,wave"
    assert 'kinds={"WORD": "MEANING"}' in noted(crm.read_events(frame(log), timezone="UTC"))


# ---- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--funnel", "view"], "--funnel has no effect without --events"),
        (["--event-kind", "a=view"], "--event-kind has no effect without --events"),
        (["--check", "--by", "nope"], 'no column "nope"'),
        (["--check", "--where-customers", "nope=1"], 'no column "nope"'),
        (["--check", "--customers", "nope.csv"], "no file nope.csv"),
        (["--refund-rows", "type"], "It is COLUMN=WORD"),
    ],
)
def test_the_command_refuses_options_without_effect(tmp_path, capsys, options, says):
    path = tmp_path / "x.csv"
    path.write_text("\n".join([HEAD, *ROWS]) + "\n")
    assert _cli.main(["report", str(path), "--currency", "USD", *options]) == 2
    assert says in capsys.readouterr().err


def test_the_command_takes_rows_that_give_back(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text(f"{HEAD},type\n{ROWS[0]},Sale\n3,a,2026-01-05,4.00,Refund\n")
    command = ["run", "summary", str(path), "--currency", "USD", "--refund-rows", "type=Refund"]
    assert _cli.main(command) == 0
    assert ",6.00," in capsys.readouterr().out


# ---- other encodings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "head", "name"),
    [
        ("cp1250", "Numer zamówienia;Klient;Data zamówienia;Kwota", "Łukasz"),
        ("cp1251", "Номер заказа;Клиент;Дата заказа;Сумма", "Иван"),
        ("gb18030", "订单号;客户编号;订单日期;订单金额", "张"),
        ("euc_kr", "주문번호;회원번호;주문일;결제금액", "김"),
    ],
)
def test_headings_tell_an_encoding(tmp_path, encoding, head, name):
    path = tmp_path / "x.csv"
    path.write_bytes(f"{head}\n1;{name};2026-01-03;10\n2;b;2026-01-04;20\n".encode(encoding))
    assert totals(crm.read_orders(path, currency="USD")) == {name: 10, "b": 20}
