"""Headings and words of other languages and spellings that say that a row may not count.

Each table has two orders; what is doubtful is said with the totals of both readings.
"""

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
    ["Is Test", "isTest", "IS-TEST", "Is Return", "isReturn", "is_refund", "Is Refund"]
    + ["Is Deleted", "isDeleted", "Is Sandbox", "is-sandbox", "isFraud", "Is Duplicate"],
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
    ["Reason for Rejection", "Ablehnungsgrund", "Absagegrund", "Motif de refus"]
    + ["Motivo de rechazo", "却下理由", "受取辞退", "拒否", "Rejected", "motivo del rifiuto"],
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
    ["Kreditfaktura", "Kreditnota", "Korekta", "Dobropis", "Helyesbítő számla", "ใบลดหนี้"]
    + ["คืนเงิน", "Hoàn tiền", "Pengembalian dana", "Prueba", "测试", "테스트"],
)
def test_credit_notes_and_tests_are_known_as_words(word):
    said = warned(beside("Type", "Sale", word))
    assert f'"Type" says {word} in 1 orders that count (30 of 130)' in said
