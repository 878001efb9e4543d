"""Refunds as lists of JSON, and headings of platforms in their languages.

Every total is made by hand.
"""

import json

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "EUR", **options})


def orders_of(tmp_path, *rows, **options):
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return crm.read_orders(path, **{"currency": "EUR", **options})


def an_order(number, customer, total, refunds, **more):
    row = {"order_id": number, "customer_id": customer, "order_date": "2024-01-05"}
    return {**row, "total": total, "refunds": refunds, **more}


@pytest.mark.parametrize(
    "refunds",
    [
        [{"id": 5, "total": "-30.00"}],
        [{"amount": "10.00"}, {"amount": "20.00"}],
        [{"transactions": [{"amount": "30.00"}, {"amount": "30.00", "status": "failed"}]}],
        [
            {
                "totalRefundedSet": {
                    "shopMoney": {"amount": "30.0"},
                    "presentmentMoney": {"amount": 1},
                }
            }
        ],
        [{"refund_amount": 30, "status": "completed"}, {"refund_amount": 9, "status": "pending"}],
    ],
)
def test_lists_of_refunds_are_added_up_and_taken_off(refunds, tmp_path):
    rows = an_order("1", "a", "100.50", refunds), an_order("2", "b", "50.00", [])
    orders = orders_of(tmp_path, *rows)
    assert totals(orders) == {"a": 70.5, "b": 50}
    assert 'what the list "refunds" within 1 rows gives back is added up' in noted(orders)
    assert totals(orders_of(tmp_path, *rows, ignore=["refunds"])) == {"a": 100.5, "b": 50}


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table.from_pylist, pl.DataFrame])
def test_lists_of_refunds_in_frames_are_added_up_and_taken_off(kind):
    back = [{"transactions": [{"amount": 30.0, "status": "success"}]}]
    rows = [an_order("1", "a", 100.5, back), an_order("2", "b", 50.0, [])]
    assert totals(crm.read_orders(kind(rows), currency="EUR")) == {"a": 70.5, "b": 50}


def test_lists_of_refunds_that_do_not_plainly_tell_are_said(tmp_path):
    lines = [{"subtotal": "20.00", "total_price": "30.00"}]
    rows = an_order("1", "a", "100.50", lines), an_order("2", "b", "50.00", [])
    assert 'the list "refunds" within 1 rows is not read' in warned(orders_of(tmp_path, *rows))
    words = an_order("1", "a", "100.50", [{"amount": "much"}]), an_order("2", "b", "50.00", [])
    assert 'the list "refunds" within 1 rows is not read' in warned(orders_of(tmp_path, *words))


def test_other_lists_of_money_given_back_are_columns_that_are_said(tmp_path):
    rows = [an_order("1", "a", "100.50", []), an_order("2", "b", "50.00", [])]
    rows[0]["credit_notes"] = [{"amount": "30.00"}]
    rows[1]["credit_notes"] = []
    orders = orders_of(tmp_path, *rows)
    said = warned(orders)
    assert '"credit_notes.amount"' in said and "120.5" in said
    taken = orders_of(tmp_path, *rows, refunded="credit_notes.amount")
    assert totals(taken) == {"a": 70.5, "b": 50}


def test_refunds_do_not_come_off_a_current_total_twice_in_silence(tmp_path):
    row = an_order("1", "a", None, [{"amount": "30.00"}], current_total_price="70.50")
    del row["total"]
    with pytest.raises(crm.DataError, match="after refunds") as caught:
        orders_of(tmp_path, row, amount="current_total_price")
    assert "70.5" in str(caught.value) and "40.5" in str(caught.value)


HEAD = "상품주문번호,주문번호,구매자ID,결제일,주문상태,상품명,수량,상품가격,옵션가격,"
LINES = """{total},배송비 합계
1,1001,kim,2024-01-05 10:00,구매확정,컵,2,10000,500,18000,3000
2,1001,kim,2024-01-05 10:00,구매확정,접시,1,30000,0,30000,3000
3,1002,lee,2024-01-13 10:00,취소,컵,1,10000,0,10000,3000
5,1004,lee,2024-01-15 10:00,배송완료,컵,1,10000,0,10000,3000
"""


@pytest.mark.parametrize(
    "total", ["상품별 총 주문금액", "최종 상품별 총 주문금액", "상품별 결제금액"]
)
def test_totals_of_lines_in_korean_are_the_amount(total):
    orders = read(HEAD + LINES.format(total=total), currency="KRW")
    assert totals(orders) == {"kim": 48_000, "lee": 10_000}


@pytest.mark.parametrize(
    ("number", "day", "customer", "price", "pieces", "total"),
    [
        (
            "Bestellnummer",
            "Bestelldatum",
            "Kundennummer",
            "Einzelpreis",
            "Menge",
            "Positionsbetrag",
        ),
        (
            "Numéro de commande",
            "Date de vente",
            "Client",
            "Prix",
            "Quantité",
            "Montant de la ligne",
        ),
        ("Nº pedido", "Fecha de venta", "Comprador", "Precio", "Cantidad", "Total artículo"),
        ("Ordine", "Data di vendita", "Acquirente", "Prezzo", "Quantità", "Importo riga"),
        ("Nº da venda", "Data da venda", "Comprador", "Preço", "Quantidade", "Subtotal do item"),
        ("Numer zamówienia", "Data złożenia", "Klient", "Cena", "Ilość", "Wartość pozycji"),
        ("Ordernummer", "Skapad", "Kund", "Enhetspris", "Antal", "Radsumma"),
        ("Номер заказа", "Дата создания", "Покупатель", "Цена", "Кол", "Сумма позиции"),
        ("訂單編號", "訂單成立日期", "買家帳號", "單價", "數量", "品项小计"),
        (
            "Nomor Pesanan",
            "Tanggal Pembayaran",
            "Nama Pembeli",
            "Harga Satuan",
            "Jumlah",
            "Total item",
        ),
        ("注文番号", "注文日", "会員ID", "単価", "数量", "明細合計"),
    ],
)
def test_totals_of_lines_go_before_prices_in_all_languages(
    number, day, customer, price, pieces, total
):
    text = f"{number},{day},{customer},{price},{pieces},{total}\n"
    text += "1,2024-01-15,a,10,2,18.5\n1,2024-01-15,a,5,1,5\n2,2024-01-16,b,10,1,10\n"
    orders = read(text)
    assert totals(orders) == {"a": 23.5, "b": 10}


def test_lists_of_returns_are_said_with_both_totals(tmp_path):
    rows = [an_order("1", "a", "100.50", []), an_order("2", "b", "50.00", [])]
    for row, cells in zip(rows, ([{"sku": "x", "value": 30}], []), strict=True):
        row["returns"] = cells
    said = warned(orders_of(tmp_path, *rows))
    assert '"returns.value" holds amounts in 1 orders' in said and "the total is 120.5" in said


def test_an_amount_before_fees_is_not_one_after_them():
    text = "date,customer,gross,fee,net\n2024-01-15,a,100.50,-3.00,97.50\n"
    text += "2024-01-16,b,50.00,-1.50,48.50\n"
    assert "left after fees" not in warned(read(text))
    assert "left after fees" in warned(read(text.replace("97.50", "97.00").replace("48.50", "40")))


def test_fees_among_sales_are_said():
    text = "Fecha,Tipo,Cliente,Importe\n2024-01-15,Venta,a,100.50\n2024-01-16,Comisión,x,-5.00\n"
    text += "2024-01-17,Venta,b,50.00\n"
    assert '"Tipo" says Comisión in 1 orders that count (-5 of 145.5)' in warned(read(text))


def test_what_is_left_after_fees_is_said():
    text = "N.º de venda,Data da venda,Comprador,Receita por produtos (BRL),Tarifa de venda,"
    text += "Total (BRL)\n1,2024-01-15,a,100.50,-10.50,90.00\n2,2024-01-16,b,50.00,-5,45.00\n"
    said = read(text, currency="BRL")
    assert '"Total (BRL)" (135) may be what is left after fees' in warned(said)
    assert '"Receita por produtos (BRL)" comes to 150.5' in noted(said)


def test_a_state_of_returns_is_named_with_its_words():
    text = "訂單編號,訂單狀態,退貨 / 退款狀態,買家帳號,訂單成立日期,買家總支付金額\n"
    text += "1,完成,,w,2024-01-05,560.5\n2,完成,退款完成,l,2024-01-14,160\n"
    said = warned(read(text, currency="TWD"))
    assert "says 退款完成 in 1 orders that count (160 of 720.5)" in said
    assert 'refund_rows={"退貨 / 退款狀態": "退款完成"}' in said
