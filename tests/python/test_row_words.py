"""Headings and words of other languages and spellings that say that a row may not count.

Each table has two orders; what is doubtful is said with the totals of both readings.
"""

import warnings

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from test_meaning import frame, warned

import crm_core as crm


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


def beside(heading, first, second):
    """Two orders, of 100 and 30, with a column of one word each."""
    return read(
        f"Order ID,Customer ID,Order Date,Total,{heading}\n"
        f"1,u1,2024-01-05,100,{first}\n2,u2,2024-01-06,30,{second}\n"
    )


@pytest.mark.parametrize("heading", ["İade Tutarı", "IADE TUTARI", "iade_tutarı", "Wartość zwrotu"])
def test_a_refund_is_known_in_capitals_and_with_marks(heading):
    said = warned(beside(heading, "0", "30"))
    assert f'"{heading}" holds amounts in 1 orders' in said
    assert "taken off the total is 100" in said


@pytest.mark.parametrize(
    "heading",
    [
        "Is Test",
        "isTest",
        "IS-TEST",
        "Is Return",
        "isReturn",
        "is_refund",
        "Is Refund",
        "Is Deleted",
        "isDeleted",
        "Is Sandbox",
        "is-sandbox",
        "isFraud",
        "Is Duplicate",
    ],
)
def test_a_flag_is_known_in_every_spelling(heading):
    said = warned(beside(heading, "false", "true"))
    assert f'"{heading}" is set in 1 orders that count (30 of 130)' in said
    assert f'"{heading}"' not in warned(beside(heading, "false", "false"))


@pytest.mark.parametrize(
    ("heading", "first", "second"),
    [
        ("収支区分", "収入", "支出"),
        ("入出金", "入金", "出金"),
        ("Direction", "in", "out"),
        ("Type", "Sales Order", "Purchase Order"),
        ("Art", "Einnahme", "Ausgabe"),
        ("Nature", "recette", "dépense"),
        ("Tipo", "ingreso", "gasto"),
        ("Kind", "Débit", "Crédit"),
    ],
)
def test_money_that_goes_out_is_said(heading, first, second):
    said = warned(beside(heading, first, second))
    assert f'"{heading}" says {second} in 1 orders that count (30 of 130)' in said
    if first != "入金":  # a payment received is no sale, either
        assert f'"{heading}" says' not in warned(beside(heading, first, first))


def test_kinds_of_cards_are_no_money_that_goes_out():
    for heading in ("Payment type", "Card", "Forma de pago"):
        assert "says" not in warned(beside(heading, "Débito", "Crédito"))


@pytest.mark.parametrize(
    "heading",
    [
        "Reason for Rejection",
        "Ablehnungsgrund",
        "Absagegrund",
        "Motif de refus",
        "Motivo de rechazo",
        "却下理由",
        "受取辞退",
        "拒否",
        "Rejected",
        "motivo del rifiuto",
    ],
)
def test_a_reason_of_rejection_is_said(heading):
    said = warned(beside(heading, "", "Too late"))
    assert f'"{heading}" has values in 1 orders that count (30 of 130)' in said


@pytest.mark.parametrize(
    ("heading", "first", "second"),
    [
        ("Payment Status", "paid", "pending"),
        ("Payment Status", "paid", "open"),
        ("Zahlungsstatus", "bezahlt", "offen"),
        ("支払状況", "支払済み", "未決済"),
        ("決済ステータス", "決済済み", "処理中"),
        ("Payment state", "settled", "outstanding"),
        ("Stato pagamento", "pagato", "in sospeso"),
    ],
)
def test_what_is_open_in_a_column_about_payment_is_said(heading, first, second):
    said = warned(beside(heading, first, second))
    assert f'"{heading}" says {second} in 1 orders' in said
    assert "(30 of 130)" in said or "come to 130, without these to 100" in said
    assert "says" not in warned(beside(heading, first, first))


@pytest.mark.parametrize(
    "heading", ["Prueba", "测试", "測試", "테스트", "ทดสอบ", "Deneme", "Próba"]
)
def test_flags_of_test_orders_are_said(heading):
    assert f'"{heading}" is set in 1 orders' in warned(beside(heading, "0", "1"))


@pytest.mark.parametrize(
    "word",
    [
        "Kreditfaktura",
        "Kreditnota",
        "Korekta",
        "Dobropis",
        "Helyesbítő számla",
        "ใบลดหนี้",
        "คืนเงิน",
        "Hoàn tiền",
        "Pengembalian dana",
        "Prueba",
        "测试",
        "테스트",
    ],
)
def test_credit_notes_and_tests_are_known_as_words(word):
    said = warned(beside("Type", "Sale", word))
    assert f'"Type" says {word} in 1 orders that count (30 of 130)' in said


def titled(tmp_path, line, heading="Total", **options):
    path = tmp_path / "orders.csv"
    path.write_text(
        f"{line}\n\nOrder ID,Customer ID,Order Date,{heading}\n"
        "1,u1,2024-01-05,100\n2,u2,2024-01-06,30\n",
        encoding="utf-8",
    )
    return crm.read_orders(path, **{"currency": "USD", **options})


@pytest.mark.parametrize(
    ("line", "unit", "times"),
    [
        ("(in thousands)", "thousands", "130,000"),
        ("Umsätze in T€", "thousands", "130,000"),
        ("単位: 千円", "thousands", "130,000"),
        ("Amounts in cents", "minor", "1.3"),
    ],
)
def test_a_unit_above_the_headings_is_asked_about(tmp_path, line, unit, times):
    currency = {"単位: 千円": "JPY", "Umsätze in T€": "EUR"}.get(line, "USD")
    with pytest.raises(crm.DataError) as asked:
        titled(tmp_path, line, currency=currency)
    said = f"{asked.value} {asked.value.hint}"
    assert times in said and "130" in said and f'amount_unit="{unit}"' in said


@pytest.mark.parametrize(
    "line",
    [
        "Cancelled orders report",
        "Refunds 2024",
        "Unpaid orders",
        "Test data",
        "Draft orders",
        "キャンセル一覧",
        "Stornierte Bestellungen",
        "Commandes annulées",
        "Pedidos cancelados",
    ],
)
def test_a_title_of_rows_that_may_not_count_is_said(tmp_path, line):
    assert "and all rows count (130)" in warned(titled(tmp_path, line))


@pytest.mark.parametrize(
    "line",
    [
        "Orders of January",
        "Sales, excluding cancelled orders",
        "Orders without refunds",
        "売上一覧(キャンセル除く)",
        "Concept Store Berlin",
        "Period: 2024-01-01 to 2024-01-31",
    ],
)
def test_other_titles_are_not_said(tmp_path, line):
    assert "line above" not in warned(titled(tmp_path, line))


@pytest.mark.parametrize("line", ["All amounts in EUR", "単位:円", "Beträge in Euro (€)"])
def test_a_currency_above_the_headings_that_contradicts_is_refused(tmp_path, line):
    with pytest.raises(crm.DataError, match="a line above the headings says"):
        titled(tmp_path, line)


@pytest.mark.parametrize(
    ("heading", "first", "second"),
    [
        ("Balance Due", "0", "30"),
        ("未収金", "0", "30"),
        ("Offener Betrag", "", "30"),
        ("Amount Paid", "100", "0"),
        ("入金額", "100", "0"),
        ("Kalan Tutar", "0", "30"),
    ],
)
def test_orders_that_money_says_are_not_paid_are_said(heading, first, second):
    said = warned(beside(heading, first, second))
    assert f'"{heading}" says that 1 orders are not paid' in said
    assert "all come to 130, without these orders to 100" in said
    paid = ("0", "0") if first in ("0", "") else ("100", "30")
    assert "not paid" not in warned(beside(heading, *paid))


@pytest.mark.parametrize(
    ("heading", "codes"),
    [("state_code", ["5", "9", "5"]), ("Type", ["ZR", "ZR", "ZRE"]), ("Belegart", ["V", "V", "K"])],
)
def test_codes_that_nothing_explains_are_said_on_top(heading, codes):
    rows = "".join(f"{at},u{at},2024-01-0{at},{at}0,{code}\n" for at, code in enumerate(codes, 1))
    said = warned(read(f"Order ID,Customer ID,Order Date,Total,{heading}\n{rows}"))
    assert f'"{heading}"' in said and ("come to 60 with" in said or "(30 of 60)" in said)
    channels = rows.replace(codes[0], "WEB")
    assert "come to" not in warned(
        read(f"Order ID,Customer ID,Order Date,Total,{heading}\n{channels}")
    )


@pytest.mark.parametrize(("own", "other"), [("Cash", "Card"), ("Bar", "Karte"), ("現金", "カード")])
def test_money_of_one_way_to_pay_is_said_to_be_a_part(own, other):
    rows = "1,u1,2024-01-05,60,40\n2,u2,2024-01-06,20,10\n"
    text = f"Order ID,Customer ID,Order Date,{own},{other}\n{rows}"
    said = warned(read(text, amount=own))
    assert f'"{own}" is what was paid in one way (80' in said
    assert "together they come to 130" in said
    assert "one way" not in warned(read(text, amount=own, ignore=[other]))


def test_a_payout_beside_the_price_is_said():
    rows = "1,u1,2024-01-05,88,100\n2,u2,2024-01-06,26,30\n"
    text = f"Order ID,Customer ID,Order Date,Payout,Sale Price\n{rows}"
    said = warned(read(text, amount="Payout"))
    assert '"Payout" (114' in said and '"Sale Price" comes to 130' in said


def test_an_amount_of_an_interface_may_be_cents(tmp_path):
    path = tmp_path / "orders.json"
    path.write_text(
        '[{"id": 1, "customer_id": "u1", "created_at": "2024-01-05", '
        '"total": {"amount": 10000, "currency": "USD"}},'
        '{"id": 2, "customer_id": "u2", "created_at": "2024-01-06", '
        '"total": {"amount": 3000, "currency": "USD"}}]'
    )
    said = warned(crm.read_orders(path, order_id="id", amount="total.amount"))
    assert "they come to 13,000, or to 130.00 if they are cents" in said


def test_fractions_in_billionths_are_said(tmp_path):
    path = tmp_path / "orders.json"
    path.write_text(
        '[{"id": 1, "customer_id": "u1", "created_at": "2024-01-05", '
        '"total": {"units": "100", "nanos": 500000000}},'
        '{"id": 2, "customer_id": "u2", "created_at": "2024-01-06", '
        '"total": {"units": "30", "nanos": 250000000}}]'
    )
    said = warned(crm.read_orders(path, order_id="id", amount="total.units", currency="USD"))
    assert "the amounts come to 130, with them to 130.75" in said


def test_a_frame_of_several_currencies_is_refused():
    data = {"customer_id": ["a", "b"], "ordered_at": ["2024-01-05"] * 2, "amount": [100.0, 30.0]}
    for shape in (dict, pd.DataFrame, pl.DataFrame, pa.table):
        mixed = shape({**data, "currency": ["USD", "EUR"]})
        with pytest.raises(crm.DataError, match="holds EUR, and the currency is USD"):
            crm.Orders(mixed, currency="USD")
        assert len(crm.Orders(shape({**data, "currency": ["USD", None]}), currency="USD")) == 2


@pytest.mark.parametrize("name", ["status", "refunded"])
def test_a_column_of_states_that_a_frame_has_and_nothing_reads_is_warned_of(name):
    data = {"customer_id": ["a"], "ordered_at": ["2024-01-05"], "amount": [100.0]}
    with pytest.warns(crm.ReadingWarning, match=f'"{name}" is not read'):
        crm.Orders({**data, name: ["x"]}, currency="USD")
    with warnings.catch_warnings():
        warnings.simplefilter("error", crm.ReadingWarning)
        crm.Orders(data, currency="USD")
