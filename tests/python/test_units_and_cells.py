"""Units of amounts in headings and titles, merged cells, hidden sheets, words for cancelled orders.

Every total is made by hand.
"""

import io
import re
import zipfile
from pathlib import Path

import pytest
from sources import notes, xlsx
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core._reading import statuses
from crm_core._reading.likely import Seen
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "EUR", **options})


IN_UNITS = """Order No,Date,Customer No,{heading}
1,2024-01-05,a,3
2,2024-01-06,b,2
"""


@pytest.mark.parametrize(
    ("heading", "unit", "factor"),
    [
        ("Umsatz (T€)", "thousands", 1_000),
        ("Revenue in thousands", "thousands", 1_000),
        ("Amount (k€)", "thousands", 1_000),
        ("Betrag TEUR", "thousands", 1_000),
        ("Сумма (тыс. руб.)", "thousands", 1_000),
        ("Revenue ('000)", "thousands", 1_000),
        ("金額(千円)", "thousands", 1_000),
        ("売上高(単位:万円)", "ten_thousands", 10_000),
        ("销售额(万元)", "ten_thousands", 10_000),
        ("매출액(만원)", "ten_thousands", 10_000),
        ("売上金額(百万円)", "millions", 1_000_000),
        ("Total [Mio €]", "millions", 1_000_000),
    ],
)
def test_a_unit_in_a_heading_is_asked_about_with_both_totals(heading, unit, factor):
    text = IN_UNITS.format(heading=heading)
    currency = "JPY" if "円" in heading else "EUR"
    with pytest.raises(crm.DataError) as caught:
        read(text, currency=currency)
    said = f"{caught.value} {caught.value.hint}"
    assert f"as they stand they come to 5, in whole units to {5 * factor:,}" in said
    assert f'amount_unit="{unit}"' in said and 'amount_unit="major"' in said
    times = read(text, amount_unit=unit, currency=currency)
    assert totals(times) == {"a": 3 * factor, "b": 2 * factor}
    assert f"is multiplied by {factor:,}" in noted(times)
    assert totals(read(text, amount_unit="major", currency=currency)) == {"a": 3, "b": 2}


def test_whole_units_go_before_thousands_and_cents():
    text = "Order,Date,Customer,Total (k€),total_cents,Amount\n1,2024-01-05,a,0.02,1999,19.99\n"
    assert totals(read(text)) == {"a": 19.99}


@pytest.mark.parametrize("heading", ["Prémio Total", "Amount", "Total", "Beitrag"])
def test_other_headings_say_no_unit(heading):
    assert totals(read(IN_UNITS.format(heading=heading), amount=heading)) == {"a": 3, "b": 2}


def test_money_beside_the_amount_is_in_its_unit(tmp_path):
    text = "Order,Date,Customer,Umsatz (T€),Refunded Amount\n1,2024-01-05,a,3,1\n"
    assert totals(read(text, amount_unit="thousands")) == {"a": 2000}
    text = text.replace("Refunded Amount", "Refund (M€)")
    with pytest.raises(crm.DataError, match="says that it is in millions"):
        read(text, amount_unit="thousands", refunded="Refund (M€)")


def test_a_unit_above_the_headings_is_asked_about(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("売上一覧\n単位:千円\n受注番号,受注日,会員ID,金額\n1,2024-01-05,a,10\n")
    with pytest.raises(crm.DataError, match="in whole units to 10,000"):
        crm.read_orders(path)
    assert totals(crm.read_orders(path, amount_unit="thousands")) == {"a": 10_000}


def test_a_unit_as_a_column_is_asked_about():
    text = "受注番号,受注日,会員ID,金額,単位\n1,2024-01-05,a,12,千円\n2,2024-01-06,b,8,{}\n"
    with pytest.raises(crm.DataError, match='"単位" says that amounts are in thousands') as caught:
        read(text.format("千円"), currency="JPY")
    assert "come to 20, in whole units to 20,000" in str(caught.value)
    thousands = read(text.format("千円"), currency="JPY", amount_unit="thousands")
    assert totals(thousands) == {"a": 12_000, "b": 8_000}
    with pytest.raises(crm.DataError, match="in several units: 円, 千円"):
        read(text.format("円"), currency="JPY")
    assert totals(read(text.format("個"), currency="JPY")) == {"a": 12, "b": 8}


@pytest.mark.parametrize(
    "heading", ["金额(分)", "importe_centimos", "Kwota (grosze)", "total_cents"]
)
def test_cents_in_a_heading_are_asked_about(heading):
    text = IN_UNITS.format(heading=heading)
    with pytest.raises(crm.DataError, match=r"come to 5, in whole units to 0\.05"):
        read(text)
    assert totals(read(text, amount_unit="minor")) == {"a": 0.03, "b": 0.02}


def test_a_unit_of_events_is_asked_about():
    text = "visitor_id,timestamp,event,revenue (k€)\nv,2024-01-05,purchase,2\n"
    with pytest.raises(crm.DataError, match="in whole units to 2,000"):
        crm.read_events(frame(text), amount="revenue (k€)", currency="EUR")


MERGED = """Order,Date,Customer,Item,Amount
1,2024-01-05,a,x,1.5
,,,y,2.25
2,2024-01-06,b,x,4
"""


def test_merged_cells_are_filled_down_where_asked():
    with pytest.raises(crm.DataError) as caught:
        read(MERGED)
    assert 'fill_down=["Order"]' in caught.value.hint and "bad_rows" not in caught.value.hint
    filled = read(MERGED, fill_down=["Order"])
    assert totals(filled) == {"a": 3.75, "b": 4}
    assert 'In "Order" 1 blank cells have the value above them' in noted(filled)


def test_fill_down_takes_neither_totals_nor_bookings_nor_a_first_row():
    sums = MERGED + ",,,total,7.75\n"
    with pytest.raises(crm.DataError, match="no order"):
        read(sums, fill_down=["Order"])
    payout = MERGED + ",2024-01-07,,payout,-5\n"
    with pytest.raises(crm.DataError, match="bookings such as payouts"):
        read(payout, fill_down=["Order"])
    head, *rows = MERGED.splitlines()
    with pytest.raises(crm.DataError, match="none above it"):
        crm.read_orders(
            [frame("\n".join([head, rows[0]])), frame("\n".join([head, *rows[1:]]))],
            currency="EUR",
            fill_down=["Order"],
        )
    with pytest.raises(crm.DataError, match="has no effect"):
        read(MERGED, fill_down=["Amount"])


def test_customers_of_merged_cells_are_filled_down_where_asked():
    text = "Date,Customer,Amount\n2024-01-05,a,1\n2024-01-06,,2\n2024-01-07,,3\n2024-01-08,b,4\n"
    assert 'fill_down=["Customer"]' in warned(read(text))
    assert totals(read(text, fill_down=["Customer"])) == {"a": 6, "b": 4}


def hidden(packed, *names):
    """The spreadsheet with some sheets hidden."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            data = old.read(one).decode()
            if one == "xl/workbook.xml":
                for name in names:
                    data, done = re.subn(f'<sheet name="{name}"', r'\g<0> state="hidden"', data)
                    assert done == 1
            new.writestr(one, data)
    return out.getvalue()


def test_hidden_sheets_are_not_read_and_said(tmp_path):
    head = ["Order", "Date", "Customer", "Amount"]
    old, now = [head, ["1", "2023-01-05", "a", "10"]], [head, ["2", "2024-01-05", "b", "20"]]
    path = tmp_path / "orders.xlsx"
    path.write_bytes(hidden(xlsx(old=old, now=now, calc=[["x"]]), "old", "calc"))
    loaded = load([path], Settings(currency="EUR"))
    assert loaded.table["Customer"].to_pylist() == ["b"]
    alike = {note.code: note.values for note in loaded.warnings}["sheets_hidden_alike"]
    assert (alike["sheet"], alike["others"]) == ("now", "old")
    assert notes(loaded)["sheets_hidden"]["others"] == "calc"
    assert load([Path(f"{path}#old")], Settings(currency="EUR")).table["Customer"].to_pylist() == [
        "a"
    ]


@pytest.mark.parametrize(
    "word",
    [
        *(
            "店舗都合取消",
            "顧客都合キャンセル",
            "欠品による取り消し",
            *(
                "キャンセル(お客様都合)",
                "Annullato dal cliente",
                "cancelled by the shop",
                "Storniert vom Kunden",
            ),
            "注文中止",
        ),
        *("고객변심취소", "买家已取消", "auf Kundenwunsch storniert", "par le client annulée"),
        *("Auto-Cancelled", "Продавцом отменён", "Shop đã hủy", "ลูกค้ายกเลิก", "auto_canceled"),
    ],
)
def test_words_that_end_in_cancelled_are_cancelled(word):
    text = f"Order,Date,Customer,Total,Status\n1,2024-01-05,a,10.5,paid\n2,2024-01-06,b,20,{word}\n"
    orders = read(text)
    assert totals(orders) == {"a": 10.5}
    assert word not in noted(orders)  # it may hold a name: its end is shown


@pytest.mark.parametrize(
    "word",
    [
        *(
            "未取消",
            "一部キャンセル",
            "返品取消",
            "キャンセルなし",
            "キャンセル申請",
            "不取消",
            "ไม่ยกเลิก",
        ),
        *("nicht storniert", "teilweise storniert", "commande non annulée", "не отменён"),
        *(
            "not cancelled by us",
            "not cancelled",
            "un-cancelled",
            "Retoure storniert",
            "chưa hủy",
            "precancelled",
        ),
    ],
)
def test_words_that_deny_a_cancellation_are_asked_about(word):
    assert statuses.meanings([word], None, {}) == ({}, [word])


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(("Pagamento accettato", "completed"), ("Paiement accepté", "completed")),
        *(("Erreur de paiement", "payment_failed"), ("Reçue", "pending"), ("Aberto", "pending")),
        *(("Faturado", "completed"), ("完成", "completed"), ("draft", "not_ordered")),
        *(("卖家已发货，等待买家确认", "completed"), ("等待买家付款", "pending")),
        *(("Płatność zaakceptowana", "completed"), ("Carência para cancelamento", "pending")),
        *(("Pesanan Dibatalkan", "cancelled"), ("尚未付款", "pending"), ("運送中", "completed")),
        *(("Fehler bei der Bezahlung", "payment_failed"), ("Rückerstattet", "refunded")),
        *(("ready-for-handling", "completed"), ("window-to-cancel", "pending")),
    ],
)
def test_states_of_platforms_are_known_in_their_languages(word, meaning):
    assert statuses.meanings([word], None, {}) == ({word: meaning}, [])


BALANCE = """id,Type,Amount,Fee,Created (UTC),Customer Facing Amount,Customer Facing Currency,{mail}
t1,charge,100.00,3.20,2024-01-05 10:00,100.00,usd,a@x.com
t2,charge,50.50,1.75,2024-01-06 10:00,50.50,eur,b@x.com
"""


@pytest.mark.parametrize("mail", ["customer_email (metadata)", "Kontakt des Kunden"])
def test_the_customer_that_is_proposed_is_no_money(mail):
    with pytest.raises(crm.DataError) as caught:
        read(BALANCE.format(mail=mail), amount="Amount", amount_is="order")
    assert f'customer_id="{mail}"' in caught.value.hint


def test_neither_dates_nor_codes_nor_money_are_proposed_as_customers():
    text = "Customer since,Customer currency,Customer amount,Client ref\n"
    text += "2024-01-05,EUR,10.5,x1\n2024-01-06,USD,12.25,x2\n"
    assert Seen(frame(text)).propose("customer_id") == "Client ref"
    assert Seen(frame(text).drop(["Client ref"])).propose("customer_id") is None
