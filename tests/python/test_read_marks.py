"""Marks, ids and headings that an outside reader found misread in silence; a test a kind.

Each is said with what both readings come to, or refused; the harmless neighbour raises nothing.
"""

import datetime
import io
import zipfile

import pytest
from sources import xlsx
from test_meaning import frame, noted, totals, warned

import crm_core as crm

HEAD = "order_id,order_date,customer_id,total"


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


def said(text, **options):
    return warned(read(text, **options))


def refused(text, **options):
    with pytest.raises(crm.DataError) as caught:
        read(text, **options)
    return f"{caught.value} {caught.value.hint}"


def rows(heading, *values, more=""):
    """Three orders of 100, 80 and 50, the second of them with the odd value."""
    cells = zip(
        ("1,2026-01-05,a,100", "2,2026-01-26,b,80", "3,2026-02-17,a,50"), values, strict=True
    )
    return "\n".join([f"{HEAD},{heading}", *(f"{row},{value}" for row, value in cells)])


# ---- marks of rows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "good", "bad"),
    [
        ("ok", "✅", "❌"),
        ("mark", "✓", "✗"),
        ("check", "👍", "👎"),
        ("genuine", "1", "0"),
        ("Maksettu", "kyllä", "ei"),
        ("πληρωμένη", "ναι", "όχι"),
        ("fizetve", "igen", "nem"),
    ],
)
def test_a_flag_of_signs_or_of_what_stands_is_said(heading, good, bad):
    assert "(80 of 230), and was not used" in said(rows(heading, good, bad, good))


@pytest.mark.parametrize("heading", ["newsletter", "gift wrap", "tax free"])
def test_signs_of_side_matters_are_not(heading):
    assert not said(rows(heading, "✅", "❌", "✅"))


@pytest.mark.parametrize(
    ("heading", "yes", "no"),
    [
        ("Peruttu", "kyllä", "ei"),
        ("Ακυρωμένη", "Ναι", "Όχι"),
        ("Sztornó", "igen", "nem"),
        ("Відмінено", "так", "ні"),
        ("Tühistatud", "jah", "ei"),
        ("Poništeno", "da", "ne"),
        ("בוטל", "כן", "לא"),
        ("staff_purchase", "yes", "no"),
    ],
)
def test_flags_of_cancellation_in_further_languages(heading, yes, no):
    assert "is set in 1 orders that count (80 of 230)" in said(rows(heading, no, yes, no))


def test_codes_of_a_state_are_said_and_the_option_leads_to_the_total():
    text = rows("st", "C", "X", "C")
    found = said(text)
    assert "codes of a state (C, X)" in found and "come to 230, without 1 rows of X to 150" in found
    given = read(text, status="st", status_map={"X": "cancelled", "C": "completed"})
    assert totals(given) == {"a": 150} and not warned(given)
    # A known bad code beside unknown ones is said under any heading of a kind.
    assert "without 1 rows of CAN to 150" in said(rows("phase", "OPN", "CAN", "OPN"))
    assert not said(rows("size", "S", "X", "S")) and not said(rows("state", "CA", "NY", "TX"))


def test_words_for_what_is_given_back_within_a_kind():
    assert '"Art"' in said(rows("Art", "Verkauf", "Pfandrückgabe", "Verkauf"))


def test_a_day_of_acceptance_that_is_blank_is_said():
    assert '"accepted_at" is blank in 1 orders' in said(
        rows("accepted_at", "2026-01-05", "", "2026-02-17")
    )


def test_remarks_about_refunds_are_said_and_not_shown():
    found = said(rows("internal_note", "", "Anna was refunded by bank", ""))
    assert "texts about cancellations or refunds" in found and "Anna" not in found
    assert not said(rows("slogan", "", "fast refunds guaranteed", ""))


# ---- rows that are several states, or several copies ---------------------------------------------

CHANGES = """
order_id,order_date,customer_id,total,op,ts
1,2026-01-05,a,100,c,1
2,2026-01-26,b,80,c,2
2,2026-01-26,b,80,d,3
3,2026-02-17,a,40,c,4
3,2026-02-17,a,50,u,5
"""


def test_a_log_of_changes_is_refused_with_both_totals():
    found = refused(CHANGES)
    assert (
        "all rows come to 350, the last row of each order, without 1 deleted ones, to 150" in found
    )
    words = {"d": "cancelled", "c": "completed", "u": "completed"}
    assert totals(read(CHANGES, keep_last="ts", status="op", status_map=words)) == {"a": 150}
    # Where all rows are states that were written once there is nothing to ask.
    once = "\n".join(line for line in CHANGES.split("\n") if not line.endswith((",d,3", ",u,5")))
    assert not warned(read(once)) and totals(read(once)) == {"a": 140, "b": 80}


TAGS = """
order_id,order_date,customer_id,sku,quantity,unit_price,{}
1,2026-01-05,a,x,2,10,vip
1,2026-01-05,a,x,2,10,new
2,2026-01-26,b,y,1,30,vip
3,2026-02-17,a,z,1,10,new
"""


def test_lines_joined_with_tags_are_said():
    assert "all rows come to 80, each line once (1 rows less) to 60" in said(TAGS.format("tag"))
    assert not said(TAGS.format("colour"))


def test_numbers_of_a_till_are_said_at_one_time_too():
    text = """
till,receipt_no,date,member_id,amount
1,1,2026-01-02,a,10
2,1,2026-01-02,a,20
1,2,2026-01-02,c,30
2,2,2026-01-02,c,40
"""
    assert '"till": 2 orders as they are, 4 if each has numbers of its own' in said(text)
    assert len(read(text, shop="till")) == 4


# ---- ids -----------------------------------------------------------------------------------------


def of_ids(heading, *ids):
    lines = [f"{at},2026-01-0{at},{one},10" for at, one in enumerate(ids, 1)]
    return "\n".join([f"order_id,order_date,{heading},total", *lines])


def test_masked_ids_are_said_and_none_is_shown():
    found = said(of_ids("email", "t***@example.org", "k***@example.org", "t***@example.org"))
    assert "2 of 2 ids" in found and "example.org" not in found
    assert not said(of_ids("email", "tom@example.org", "kim@example.org"))


def test_telephone_numbers_in_several_spellings_are_said():
    found = said(
        of_ids("phone", "+81 90-1234-5678", "09012345678", "090-1234-5678"), customer_id="phone"
    )
    assert '2 telephone numbers of "phone"' in found and "1234" not in found
    assert not said(of_ids("phone", "090-1234-5678", "090-1234-5679"), customer_id="phone")


def test_addresses_of_tests_are_said_with_their_money():
    text = of_ids("email", "ann@shop.org", "test@test.com", "bob@shop.org")
    assert "all come to 30, without them to 20" in said(text)
    known = read(text, known=["test_mails"])
    assert not warned(known) and "look like tests" in noted(known)


def test_words_for_nobody_do_not_look_like_merged_cells():
    nobody = "00000000-0000-0000-0000-000000000000"
    text = of_ids("customer_id", "a1", nobody, "b2", nobody)
    assert not said(text.replace(f"{nobody},10", f"{nobody},7"))


# ---- amounts and dates ---------------------------------------------------------------------------


def test_a_net_amount_beside_a_gross_one_is_said():
    text = rows("gross_amount", "119", "95.2", "59.5").replace(",total,", ",net_amount,")
    assert '"net_amount" is taken as the amount (230)' in said(text)
    assert not said(text, amount="net_amount") and not said(text, amount="gross_amount")


def test_points_and_coupons_that_a_charge_makes_up_for_raise_no_alarm():
    text = """
注文番号,注文日時,会員ID,商品合計,送料,ポイント利用額,クーポン値引,請求金額
1,2026/01/05,a,3000,500,300,200,3000
2,2026/01/26,b,1000,500,0,0,1500
3,2026/02/17,a,2000,0,2000,0,0
"""
    assert not said(text, currency="JPY")


@pytest.mark.parametrize("code", ["CLP", "KRW", "IDR"])
def test_signs_within_amounts_group_thousands_where_there_are_no_decimals(code):
    text = of_ids("customer_id", "a", "b").replace(",10", ",12.990")
    assert totals(read(text, currency=code)) == {"a": 12990, "b": 12990}
    assert "nothing tells whether the sign" in refused(text)


def test_amounts_with_a_sign_and_a_code():
    text = of_ids("customer_id", "a", "b").replace(",10", ",$25.50 USD")
    assert totals(read(text)) == {"a": 25.5, "b": 25.5}


@pytest.mark.parametrize("cell", ["1.2k", "3万"])
def test_shortened_amounts_are_refused_with_what_to_do(cell):
    assert "in full" in refused(of_ids("customer_id", "a", "b").replace(",10", f",{cell}"))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("5 Ιανουαρίου 2026", "2026-01-05"),
        ("5 ianuarie 2026", "2026-01-05"),
        ("17. března 2026", "2026-03-17"),
        ("2026. január 5.", "2026-01-05"),
        ("2026 m. sausio 5 d.", "2026-01-05"),
        ("5 січня 2026", "2026-01-05"),
        ("5th January 2026", "2026-01-05"),
        ("2026-01-04 24:00", "2026-01-05"),
    ],
)
def test_months_of_further_languages_and_the_end_of_a_day(written, day):
    found = read(of_ids("customer_id", "a").replace("2026-01-01", written))
    assert str(found.first_date)[:10] == day


def test_days_that_a_spreadsheet_counts_among_dates_are_refused():
    text = rows("note", "", "", "").replace("2026-01-26", "46048")
    assert "1 with days that a spreadsheet counts" in refused(text)


def test_a_row_that_explains_the_headings_is_left_out():
    text = rows("Note", "", "", "").replace(
        "\n1,", "\nPlatform number,Day of order,Buyer,Sum paid,Text\n1,", 1
    )
    found = read(text)
    assert totals(found) == {"a": 150, "b": 80} and "explains them" in noted(found)


# ---- headings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [
        "Numer zamówienia;Data zamówienia;Numer klienta;Do zapłaty",
        "№ заказа;Дата и время;Код клиента;К оплате",
        "№ замовлення;Дата створення;Код клієнта;До сплати",
        "Αρ. παραγγελίας;Ημ/νία;Αριθμός πελάτη;Τελικό ποσό",
        "Nr. comandă;Data comandă;Număr client;Total de plată",
        "Megrendelés száma;Rendelés ideje;Ügyfélszám;Fizetendő",
        "Beställningsnummer;Köpdatum;Kundnummer;Att betala",
        "Ordrenr.;Købsdato;Kundenr.;I alt",
        "Ordrenr;Kjøpsdato;Kundenummer;Å betale",
        "Tilauksen numero;Pvm;Asiakastunnus;Maksettava",
        "เลขที่ใบเสร็จ;วันที่ขาย;หมายเลขลูกค้า;ยอดชำระ",
        "Mã hóa đơn;Ngày bán;Mã KH;Tổng giá trị đơn hàng",
        "No. Transaksi;Tanggal Order;Nomor Pelanggan;Total Bayar",
        "رقم الفاتورة;تاريخ الشراء;كود العميل;المبلغ الإجمالي",
        "מספר חשבונית;תאריך רכישה;קוד לקוח;סכום כולל",
        "Broj narudžbe;Datum narudžbe;Broj kupca;Za platiti",
        "Užsakymo nr.;Užsakymo data;Kliento numeris;Iš viso",
        "ऑर्डर नंबर;तारीख;ग्राहक आईडी;कुल राशि",
    ],
)
def test_headings_of_further_languages(headings):
    text = rows("x", "", "", "").replace(HEAD, headings.replace(";", ","))
    assert totals(read(text)) == {"a": 150, "b": 80}


def test_the_number_of_a_customer_goes_before_a_name():
    text = rows("Kundenummer", "7", "8", "9").replace("customer_id", "Kunde")
    assert totals(read(text)) == {"7": 100, "8": 80, "9": 50}


# ---- events --------------------------------------------------------------------------------------


def test_a_log_that_counts_events_is_said():
    log = "visitor_id,time,event,count\nv,2026-01-05T10:00,view,12\nw,2026-01-05T11:00,view,1"
    found = warned(crm.read_events(frame(log)))
    assert "the rows come to 2 events, by the column to 13" in found
    assert not warned(crm.read_events(frame(log.replace(",12", ",1"))))


def test_visits_are_no_visitors():
    log = "日時,訪問ID,会員番号,イベント名\n2026/01/05 10:00,s1,,閲覧\n2026/01/05 10:01,s1,m1,購入"
    with pytest.raises(crm.DataError, match="blank in 1 of 2 events") as caught:
        crm.read_events(frame(log))
    assert "each visit is a visitor of its own" in str(caught.value.hint)


def test_calls_without_a_name_are_of_their_kind():
    log = """
anonymous_id,time,type,event
v,2026-01-05T10:00,page,
v,2026-01-05T10:01,track,Product Added
v,2026-01-05T10:02,track,Order Completed
"""
    found = crm.read_events(frame(log))
    assert "1 events, whose kind is that of" in noted(found)
    assert crm.funnel(found, steps=["view", "purchase"])["reached"].tolist() == [1, 1]


# ---- spreadsheets --------------------------------------------------------------------------------

TABLE = [
    ["Order", "Date", "Customer", "Total"],
    [1, datetime.datetime(2026, 1, 5), "a", 100],
    [2, datetime.datetime(2026, 1, 26), "b", 80],
]


def book(path, change=("", ""), **sheets):
    """A workbook of which a part of the first sheet's text is replaced."""
    with zipfile.ZipFile(io.BytesIO(xlsx(**{"Orders": TABLE, **sheets}))) as old:
        parts = {name: old.read(name).decode() for name in old.namelist()}
    before, after = change
    with zipfile.ZipFile(path, "w") as new:
        for name, text in parts.items():
            new.writestr(name, text.replace(before, after) if "sheet1" in name else text)
    return crm.read_orders([path], currency="USD")


def test_hidden_rows_are_said(tmp_path):
    found = warned(book(tmp_path / "x.xlsx", ('<row r="3"', '<row r="3" hidden="1"')))
    assert "1 rows of the sheet Orders are hidden" in found and "the first is row 3" in found
    assert not warned(book(tmp_path / "y.xlsx"))


@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>"])
def test_formulas_without_a_value_are_refused(tmp_path, value):
    bare = f'<c r="D3"><f>D2*0.8</f>{value}</c>'
    with pytest.raises(crm.DataError, match="row 3, column Total: a formula without a value"):
        book(tmp_path / "x.xlsx", ('<c r="D3"><v>80</v></c>', bare))
    saved = '<c r="D3"><f>D2*0.8</f><v>80</v></c>'
    assert totals(book(tmp_path / "y.xlsx", ('<c r="D3"><v>80</v></c>', saved))) == {
        "a": 100,
        "b": 80,
    }


def test_a_sheet_of_refunds_is_said_with_its_money(tmp_path):
    refunds = [["Order", "Date", "Customer", "Refund"], [2, datetime.datetime(2026, 2, 1), "b", 30]]
    found = warned(book(tmp_path / "x.xlsx", Refunds=refunds))
    assert '"Refunds" is not read' in found and "taken off to 150" in found


def test_dates_of_which_a_spreadsheet_has_swapped_some_are_said(tmp_path):
    swapped = [[3, "05/01/2026", "a", 1], [4, "17/02/2026", "a", 1]]
    found = warned(
        book(
            tmp_path / "x.xlsx",
            Orders=[
                *TABLE[:1],
                [1, datetime.datetime(2026, 6, 2), "a", 1],
                [2, datetime.datetime(2026, 3, 1), "a", 1],
                *swapped,
            ],
        )
    )
    assert "it has taken days for months where it could" in found
