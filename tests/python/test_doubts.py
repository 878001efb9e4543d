"""What is doubtful in an export is asked or said, with the numbers of both readings.

Every total is small enough to redo by hand.
"""

import datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from messy import seeds
from random_exports import export
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core._problem import Problem
from crm_core._reading import ids, layouts, statuses
from crm_core._reading.frame_source import sources_in
from crm_core._reading.groups import Groups, column, values
from crm_core._reading.order_reading import load_sources
from crm_core._reading.settings import Settings

TWO = {
    "order_id": ["1", "2"],
    "customer_id": ["a", "b"],
    "order_date": ["2024-01-05", "2024-01-06"],
    "total": ["5", "7"],
}


def read(more=(), without=(), **options):
    columns = {name: cells for name, cells in TWO.items() if name not in without} | dict(more)
    return crm.read_orders(columns, **{"currency": "USD", **options})


def lines(text, **options):
    return crm.read_orders(frame(text), currency="USD", **options)


@pytest.mark.parametrize("heading", ["payment_amount", "支払金額", "Zahlbetrag"])
def test_payments_of_one_order_are_asked_about(heading):
    text = f"order_id,customer_id,order_date,{heading}\n1,a,2024-01-05,5\n1,a,2024-01-05,5"
    with pytest.raises(crm.DataError, match=r"total 10.*total 5.*paid in parts"):
        lines(text)
    items = text.replace("order_date", "order_date,sku").replace("01-05,", "01-05,x,", 1)
    items = items.replace("1,a,2024-01-05,5", "1,a,2024-01-05,y,5")
    found = lines(items)
    assert totals(found) == {"a": 5} and "(5)" in warned(found) and "be 10" in warned(found)
    many = items + "".join(
        f"\n{order},b,2024-01-05,{sku},{order}" for order in range(2, 6) for sku in "xy"
    )
    assert not warned(lines(many)) and "once an order" in noted(lines(many))


def test_equal_totals_without_items_are_taken_once_with_a_warning():
    text = "order_id,customer_id,order_date,total\n1,a,2024-01-05,5\n1,a,2024-01-05,5"
    found = lines(text)
    assert totals(found) == {"a": 5}
    assert "once an order (5)" in warned(found) and "come to 10" in warned(found)
    assert not warned(lines(text, amount_is="order"))


def test_numbers_that_restart_are_warned_of():
    text = "order_id,customer_id,order_date,shop,total\n1,a,2023-01-05,x,5\n1,a,2024-03-05,y,5"
    found = lines(text)
    assert "1 numbers of" in warned(found) and "31 days" in warned(found)
    assert totals(lines(text, shop="shop")) == {"a": 10}
    assert not warned(lines(text, shop="shop"))
    assert totals(lines(text, order_id="")) == {"a": 10}


def test_an_order_of_two_customers_names_the_way_out():
    text = "order_id,customer_id,order_date,shop,total\n1,a,2024-01-05,x,5\n1,b,2024-01-06,y,5"
    with pytest.raises(
        crm.DataError, match="1 numbers of order_id stand on rows of diff"
    ) as caught:
        lines(text)
    assert "shop" in caught.value.hint and 'order_id=""' in caught.value.hint
    assert totals(lines(text, shop="shop")) == {"a": 5, "b": 5}


def test_of_two_totals_the_other_ones_sum_is_said():
    found = read({"Grand Total": ["6", "9"]})
    assert totals(found) == {"a": 5, "b": 7}
    assert '"Grand Total" comes to 15' in noted(found) and "(12)" in noted(found)
    assert "comes to" not in noted(read({"Grand Total": ["5", "7"]}))


@pytest.mark.parametrize("written", ["1,234", "1.234"])
def test_one_sign_before_three_digits_is_asked_about(written):
    with pytest.raises(crm.DataError, match="groups thousands or begins"):
        read({"total": [written, "5"]}, currency="EUR")
    cells = {"total": [written, written.replace("234", "5") + "0"]}
    with pytest.raises(crm.DataError, match="three digits behind the decimal sign"):
        read(cells, currency="EUR", round_amounts=True)
    decided = read(cells, currency="EUR", round_amounts=True, decimal=written[1])
    assert totals(decided) == {"a": 1.23, "b": 1.5}


def test_a_grouped_dollar_is_thousands():
    assert totals(read({"total": ["1,234", "5"]})) == {"a": 1234, "b": 5}


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("paid", ("no", "yes")),
        ("is_paid", ("false", "true")),
        ("payment", ("unpaid", "paid")),
        ("active", ("0", "1")),
        ("memo", ("未入金", "済")),
        ("memo", ("unbezahlt", "")),
        ("memo", ("aguardando pagamento", "")),
        ("memo", ("не оплачен", "")),
    ],
)
def test_an_order_that_nobody_paid_is_warned_of(heading, cells):
    found = read({heading: list(cells)})
    assert f'"{heading}" says {cells[0]} in 1 orders' in warned(found)
    assert not warned(read({heading: list(cells)}, ignore=[heading]))


@pytest.mark.parametrize("pair", [("007", "7"), ("1001.0", "1001")])
def test_ids_alike_but_for_zeros_are_warned_of_and_folded(pair):
    found = read({"customer_id": list(pair)})
    assert "1 ids of" in warned(found) and len(totals(found)) == 2
    assert list(totals(read({"customer_id": list(pair)}, id_fold="number")).values()) == [12]
    assert not warned(read({"customer_id": list(pair)}, id_fold="none"))
    assert "different orders" in warned(read({"order_id": list(pair)}))


def test_ids_that_are_no_numbers_stay():
    assert [ids.plain_number(one) for one in ("0", "00", "1.10", "0x1", "a.0", "7.0")] == [
        *("0", "0", "1.10", "0x1", "a.0", "7"),
    ]


def test_the_other_customer_columns_are_said():
    assert '"user_id" has 1' in noted(read({"user_id": ["x", "x"]}))
    assert "user_id" not in noted(read({"user_id": ["x", "x"]}, customer_id="customer_id"))


def test_a_refund_above_its_order_is_said():
    found = read({"refunded_amount": ["9", "0"]})
    assert "1 orders have more in" in noted(found) and totals(found) == {"b": 7}
    assert "have more" not in noted(read({"refunded_amount": ["5", "0"]}))


def test_signs_of_what_is_given_back():
    found = read({"refunded_amount": ["-3", "0"]})
    assert totals(found) == {"a": 2, "b": 7} and "without their sign" in noted(found)
    with pytest.raises(crm.DataError, match="row 1, column refunded_amount: a negative amount"):
        read({"refunded_amount": ["3", "-1"]})


def test_pieces_beside_an_amount_that_nothing_explains():
    found = read({"qty": ["2", "1"], "amount": ["5", "7"]}, without=["total"])
    assert totals(found) == {"a": 5, "b": 7} and "comes to 17" in warned(found)
    prices = {"qty": ["2", "1"], "amount": ["5", "5"], "product": ["x", "x"]}
    with pytest.raises(crm.DataError, match=r"total 10.*total 15"):
        read(prices, without=["total"])
    grows = read({**prices, "amount": ["10", "5"]}, without=["total"])
    assert totals(grows) == {"a": 10, "b": 5} and not warned(grows)


def test_orders_below_zero_are_refunds_by_their_sign():
    found = lines(
        "InvoiceNo,customer_id,order_date,quantity,unit_price\n1,a,2024-01-05,2,5\n"
        "C2,a,2024-01-06,-1,5"
    )
    assert totals(found) == {"a": 5}
    assert "1 orders come to less than zero" in noted(found) and "(-5 in all)" in noted(found)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("Storno durch Kunde", "cancelled"),
        ("paid by card", "completed"),
        ("キャンセル受付分", "cancelled"),
        ("xyzzy", "completed|pending|cancelled|..."),
        # What a word denies is not proposed.
        ("not yet paid", "completed|pending|cancelled|..."),
        ("un-paid", "completed|pending|cancelled|..."),
        ("nicht bezahlt", "completed|pending|cancelled|..."),
        ("ainda não pago", "pending"),
        ("not cancelled", "completed|pending|cancelled|..."),
        ("キャンセルなし", "completed|pending|cancelled|..."),
        ("未完了です", "completed|pending|cancelled|..."),
        ("未入金です", "pending"),
        ("partially unpaid", "pending"),
    ],
)
def test_the_hint_proposes_what_a_word_holds(word, meaning):
    assert statuses.likely(word) == meaning
    rows = [f"{at},c{at},2024-01-05,5,{word}" for at in range(5)]
    with pytest.raises(crm.DataError) as caught:  # a word of many rows is shown
        lines("\n".join(["order_id,customer_id,order_date,total,status", *rows]))
    assert f'status_map={{"{word}": "{meaning}"}}' in caught.value.hint


@pytest.mark.parametrize(
    ("last", "what"),
    [
        (("Total:", None, None, "12"), "a row of totals"),
        (("合計行", None, None, "12"), "a row of totals"),
        (("※ キャンセルを含む", None, None, None), "a remark"),
    ],
)
def test_a_last_row_that_is_no_order_is_named(last, what):
    cells = {name: [*column, cell] for (name, column), cell in zip(TWO.items(), last, strict=True)}
    with pytest.raises(crm.DataError, match=f"row 2, column order_id: {what}"):
        read(cells)


def test_two_digits_of_a_year_are_named():
    with pytest.raises(crm.DataError) as caught:
        read({"order_date": ["13/01/24", "14/01/24"]})
    assert "whether the day or the year comes first" in caught.value.hint


def test_nested_customers_of_json_lines(tmp_path):
    (tmp_path / "orders.jsonl").write_text(
        '{"order_id": "1", "order_date": "2024-01-05", "total": 5, "customer": {"id": "x"}}\n'
    )
    assert totals(crm.read_orders(tmp_path / "orders.jsonl", currency="USD")) == {"x": 5}


def test_a_frame_without_columns_says_so():
    for build in (crm.Orders, crm.read_orders):
        with pytest.raises(crm.CrmError, match="the frame has no columns"):
            build(pd.DataFrame(), currency="USD")


REPEATED = """
order_id,customer_id,order_date,item,line_total,note
1,a,2024-01-05,x,30,
1,a,2024-01-05,x,30,
1,a,2024-01-05,x,30,gift
2,b,2024-01-06,y,10,
2,b,2024-01-06,y,10,
2,b,2024-01-06,z,10,
"""


def test_rows_that_repeat_another_in_every_column_are_counted_said_and_can_be_dropped(tmp_path):
    found = lines(REPEATED)
    assert totals(found) == {"a": 90, "b": 30}
    said = "2 rows are equal to an earlier row in every column (the first is row 1)"
    assert said in warned(found)
    dropped = lines(REPEATED, repeated_rows="drop")
    assert totals(dropped) == {"a": 60, "b": 20} and not warned(dropped)
    assert "are left out, as you said" in noted(dropped)
    kept = lines(REPEATED, repeated_rows="keep")
    assert totals(kept) == {"a": 90, "b": 30} and not warned(kept)
    with pytest.raises(crm.DataError, match="2 rows are equal to an earlier row") as caught:
        lines(REPEATED, repeated_rows="error")
    assert 'repeated_rows="drop" takes each once' in caught.value.hint
    # A row after the dropped ones is still named by its place in the file.
    bad = REPEATED.replace("z,10", "z,ten")
    with pytest.raises(crm.DataError, match="row 5, column line_total"):
        lines(bad, repeated_rows="drop")


def test_one_repeated_row_among_many_is_a_note():
    rows = "".join(f"{at},c{at},2024-01-05,x,{at},\n" for at in range(3, 120))
    found = lines(REPEATED.strip("\n").replace("2,b,2024-01-06,y,10,\n", "", 1) + "\n" + rows)
    assert not warned(found) and "1 rows are equal to an earlier row" in noted(found)


@pytest.mark.parametrize(
    ("word", "heading"),
    [("TOTAL", "sku"), ("Subtotal:", "item"), ("小計", "商品名"), ("合計", "商品コード")],
)
def test_totals_among_the_lines_are_warned_of(word, heading):
    text = f"""
order_id,customer_id,order_date,{heading},line_total
1,a,2024-01-05,x,30
1,a,2024-01-05,y,10
1,a,2024-01-05,{word},40
2,b,2024-01-06,x,10
"""
    found = lines(text, amount_is="line")
    assert f'"{heading}" says "{word}"' in warned(found) and "they come to 40" in warned(found)
    assert not warned(lines(text, ignore=[heading], amount_is="line"))
    assert not warned(lines(text.replace(word, "total recall"), amount_is="line"))
    with pytest.raises(crm.DataError) as caught:
        lines(text)
    assert "is the sum of the others" in str(caught.value)
    assert "(total 50), or lines (total 90)" in str(caught.value)


def test_charges_among_the_lines_are_said():
    text = """
order_id,customer_id,order_date,item,line_total
1,a,2024-01-05,x,30
1,a,2024-01-05,Shipping,5
2,b,2024-01-06,送料,4
"""
    found = lines(text)
    assert totals(found) == {"a": 35, "b": 4} and not warned(found)
    assert '"Shipping" or another word for a charge in 2 rows; they come to 9' in noted(found)


def test_parts_of_a_set_that_have_amounts_are_warned_of():
    text = """
order_id,customer_id,order_date,sku,parent_sku,line_total
1,a,2024-01-05,set,,30
1,a,2024-01-05,x,set,10
1,a,2024-01-05,y,set,20
2,b,2024-01-06,x,,10
"""
    found = lines(text, amount_is="line")
    assert "what 2 rows belong to" in warned(found) and "(30)" in warned(found)
    assert not warned(lines(text, ignore=["parent_sku"], amount_is="line"))
    assert not warned(lines(text.replace("set,10", "set,0").replace("set,20", "set,0")))


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("mode", ["live", "test"]),
        ("環境", ["本番", "テスト"]),
        ("document_type", ["Invoice", "Credit Note"]),
        ("伝票区分", ["黒伝", "赤伝"]),
        ("区分", ["通常", "再送"]),
        ("state", ["captured", "disputed"]),
        ("kind_of_order", ["new", "replacement"]),
        ("元注文番号", ["", "1"]),
        ("exchange_for", ["", "1"]),
        ("test", ["false", "true"]),
        ("livemode", ["true", "false"]),
        ("与信結果", ["OK", "NG"]),
        ("fraud check", ["passed", "failed"]),
        ("配送結果", ["配達完了", "受取拒否"]),
        ("備考", ["", "長期不在のため返送"]),
        ("courier", ["Delivered", "RTO Delivered"]),
        ("parcel", ["delivered", "lost"]),
        ("定期スキップ", ["", "1"]),
        ("adjustment", ["0", "-2"]),
        ("tags", ["vip", "staff, test"]),
        ("doc_type", ["Invoice", "Quote"]),
        ("伝票種別", ["売上", "見積"]),
    ],
)
def test_orders_that_are_none_of_their_own_are_warned_of(heading, cells):
    found = read({heading: cells})
    assert f'"{heading}"' in warned(found) and "1 orders" in warned(found)
    assert not warned(read({heading: cells}, ignore=[heading]))


@pytest.mark.parametrize("cells", [["latest", "test kit"], ["live", "recorded"], ["NG", "JP"]])
def test_words_that_hold_test_are_no_tests(cells):
    assert not warned(read({"kind_of_item": cells}))


def test_ids_that_a_spreadsheet_has_rounded_are_warned_of():
    found = read({"customer_id": ["1.23E+11", "1.24E+11"]})
    assert '2 ids of "customer_id" are numbers that a spreadsheet has rounded' in warned(found)
    assert not warned(read({"customer_id": ["1E5x", "E+11"]}))


def test_of_amounts_with_and_without_tax_the_paid_one_is_taken():
    rows = {"合計(税抜)": ["5", "7"], "合計(税込)": ["6", "8"]}
    for columns in (rows, dict(reversed(rows.items()))):
        found = read(columns, without=["total"])
        assert totals(found) == {"a": 6, "b": 8}
        assert '"合計(税抜)" comes to 12' in noted(found)


EVENTS = """
visitor_id,event_time,event,is_bot
v,2024-01-05 10:00,view,0
v,2024-01-05 10:00,view,0
w,2024-01-05 10:01,view,1
w,2024-01-05 10:01,view,1
x,2024-01-05 10:02,view,0
"""


def test_events_that_repeat_another_and_those_of_machines_are_warned_of():
    found = crm.read_events(frame(EVENTS))
    assert len(found) == 5
    assert "2 rows are equal to an earlier row" in warned(found)
    assert '"is_bot" says yes in 2 events' in warned(found)
    once = crm.read_events(frame(EVENTS), repeated_rows="drop", dimensions=["is_bot"])
    assert len(once) == 3 and not warned(once) and "left out" in noted(once)
    with pytest.raises(crm.DataError, match="2 rows are equal"):
        crm.read_events(frame(EVENTS), repeated_rows="error")


@pytest.mark.parametrize("of", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, dict, frame])
def test_columns_that_look_meant_and_are_not_read_are_noted(of):
    rows = {
        "customer_id": ["a", "a"],
        "ordered_at": ["2024-01-05", "2024-01-06"],
        "amount": ["1", "2"],
        "status": ["cancelled", "completed"],
    }
    if of is frame:
        text = "\n".join(",".join(row) for row in [rows, *zip(*rows.values(), strict=True)])
        data = frame(text)
    else:
        data = of(rows)
    found = crm.Orders(data, currency="USD")
    assert found.notes == ['the column "status" is not read; status="status" reads it']
    assert repr(found).endswith("not read: status>")
    assert crm.Orders(data, currency="USD", status="status").notes == []
    assert found.view({"amount": {"from": 1}}).notes == found.notes


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("Pendiente de pago", "pending"),
        ("Aguardando pagamento", "pending"),
        ("Evaso", "completed"),
        ("Retour", "returned"),
        ("出荷済み", "completed"),
        ("配達済み", "completed"),
        ("キャンセル済み", "cancelled"),
        ("返品完了", "returned"),
    ],
)
def test_words_of_ten_languages(word, meaning):
    assert statuses.general()[layouts.fold_word(word)] == meaning


def test_groups_by_hand():
    keys = Groups.of(frame("k\na\nb\na\n\nb")["k"])
    found = values(pd_column := frame("v\n1\n2\n3\n4\n5")["v"].cast("int64"))
    assert keys.rows.tolist() == [2, 2] and keys.sums(found).tolist() == [4, 7]
    low, high, _ = keys.ends(found)
    assert low.tolist() == [1, 2] and high.tolist() == [3, 5]
    assert keys.firsts().tolist() == [0, 1] and column(found, pd_column.type).equals(pd_column)
    large = frame("v\n99999999999999999999.5\n-1.25")["v"].cast(pa.decimal128(30, 2))
    assert column(values(large), large.type).to_pylist() == large.to_pylist()


# Notes that say how the file was read, and nothing about its total.
PLAIN = {"statuses", "filled", "guests", "other_ids", "as_written"}


@pytest.mark.parametrize("seed", seeds(150))
def test_a_random_export_comes_to_its_total_or_something_is_said(seed):
    data, total = export(seed)
    settings = Settings(currency=("USD", "EUR")[seed % 2], today=datetime.date(2026, 11, 29))
    try:
        loaded = load_sources(sources_in(data, "auto", "auto"), settings)
        rows = crm.Orders(loaded.table, **loaded.arguments).reconciliation.to_dict()
    except (Problem, crm.CrmError) as asked:
        assert str(asked)
        return
    found = dict(zip(rows["reason"], rows["amount"], strict=True)).get("counted") or 0.0
    said = {one.code for one in [*loaded.warnings, *loaded.notes]} - PLAIN
    assert said or abs(found - float(total)) < 0.005


@pytest.mark.parametrize(
    ("said", "heading", "meant"),
    [
        ("paid", "unpaid", None),
        ("入金日", "未入金日", None),
        ("active", "inactive", None),
        ("payd", "paid", "paid"),
        ("unpayd", "unpaid", "unpaid"),
    ],
)
def test_no_heading_that_says_the_opposite_is_proposed(said, heading, meant):
    with pytest.raises(crm.DataError, match="there is no column") as caught:
        read({heading: ["yes", "no"]}, status=said)
    assert caught.value.hint == (f'Did you mean "{meant}"?' if meant else None)


@pytest.mark.parametrize("word", ["-", "CASH", "現金客", "Laufkundschaft", "Client de passage"])
def test_words_for_customers_without_an_account_are_guests(word: str, tmp_path: Path) -> None:
    rows = [f"{n},{word if n % 3 else f'c{n}'},2025-01-{1 + n % 28:02},10.00" for n in range(1, 40)]
    path = tmp_path / "orders.csv"
    path.write_text("order_id,customer_id,order_date,total\n" + "\n".join(rows) + "\n")
    orders = crm.read_orders(path, currency="USD")
    assert orders.n_customers == 13 and word in str(orders.understanding)


def test_an_id_of_very_many_rows_is_noted_and_not_shown(tmp_path: Path) -> None:
    rows = [
        f"{n},{'hanako' if n % 3 else f'c{n}'},2025-01-{1 + n % 28:02},10.00" for n in range(40)
    ]
    path = tmp_path / "orders.csv"
    path.write_text("order_id,customer_id,order_date,total\n" + "\n".join(rows) + "\n")
    said = str(crm.read_orders(path, currency="USD").understanding)
    assert "has 26 rows, ten times as many as any other" in said and "hanako" not in said
    known = crm.read_orders(path, currency="USD", guest_id=["hanako"])
    assert known.n_customers == 14 and "ten times" not in str(known.understanding)
