"""Zones that headings and cells name, shares that are paid, numbers that restart each day, rows of
refunds that a layout leaves out, and codes of a state whose words are known; a test a kind.
"""

import warnings

import pytest
from test_meaning import frame, totals, warned
from test_read_marks import read, refused, rows, said

import crm_core as crm

# ---- zones ---------------------------------------------------------------------------------------


def days(text, **options):
    orders = crm.read_orders(frame(text), **{"currency": "JPY", **options})
    return [str(day) for day in crm.summary(orders).to_dict()["first_date"]]


@pytest.mark.parametrize(
    "heading", ["Created (UTC)", "created_at_utc", "order_date_gmt", "Order date (GMT)"]
)
def test_the_zone_of_a_heading_is_that_of_its_dates(heading):
    text = f"order_id,{heading},customer_id,total\n1,2026-01-03 20:00:00,a,10\n"
    name = {"ordered_at": heading}
    assert days(text, timezone="Asia/Tokyo", **name) == ["2026-01-04"]
    assert days(text, **name) == ["2026-01-03"]


def test_days_without_a_time_stay_the_same_in_all_zones():
    text = "order_id,Created (UTC),customer_id,total\n1,2026-01-03,a,10\n2,2026-01-04,b,10\n"
    assert days(text, timezone="America/New_York") == ["2026-01-03", "2026-01-04"]


def test_other_headings_name_no_zone():
    text = "order_id,order_date,customer_id,total\n1,2026-01-03 20:00:00,a,10\n"
    assert days(text, timezone="Asia/Tokyo") == ["2026-01-03"]


LOG = "timestamp,visitor_id,event\n2026-01-03T10:00:00{},v,view\n2026-01-03T01:01:00{},v,add\n"


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [("+09:00", "Z", True), ("-05:00", "-08:00", True), ("+01:00", "+02:00", False)],
)
def test_zones_that_are_hours_apart_are_said(first, second, apart):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.ReadingWarning)
        events = crm.read_events(frame(LOG.format(first, second)))
    told = "\n".join(events.understanding.warnings)
    assert ("zones that are hours apart" in told) == apart
    converted = crm.read_events(frame(LOG.format(first, second)), timezone="UTC")
    assert not converted.understanding.warnings


# ---- what is paid --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("paid_percent", ("100", "50", "0")),
        ("% paid", ("100%", "50 %", "0%")),
        ("Paid (%)", ("1", "0.5", "0")),
        ("入金率", ("100", "50", "0")),
    ],
)
def test_a_share_that_is_paid_is_said(heading, cells):
    told = said(rows(heading, *cells))
    assert "2 orders are not paid, or in part" in told
    assert "all come to 230, without these orders to 100, without what is owed to 140" in told


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("paid_percent", ("100", "100", "100")),  # all is paid
        ("paid_percent", ("100", "250", "70")),  # no shares
        ("tax_percent", ("10", "8", "0")),
        ("open_rate", ("1", "0.5", "0")),
    ],
)
def test_other_shares_say_nothing_of_payments(heading, cells):
    assert "not paid" not in said(rows(heading, *cells))


# ---- numbers that restart each day ---------------------------------------------------------------

RECEIPTS = """date,receipt_no,customer_id,item,amount
2026-01-03,1,a,tea,5.00
2026-01-03,2,b,tea,5.00
2026-01-04,1,{},tea,5.00
2026-01-04,2,a,cake,4.00
{}"""


def test_numbers_that_restart_each_day_are_refused_with_what_joins_them():
    told = refused(RECEIPTS.format("c", ""))
    assert "2 numbers of receipt_no stand on rows of different customers" in told
    assert "where they restart each day, as they seem to here" in told


def test_numbers_of_several_customers_on_a_day_are_not_told_by_the_day():
    told = refused(RECEIPTS.format("c", "2026-01-04,1,b,cake,4.00\n"))
    assert "restart each day" not in told
    assert "shop" in told


# ---- rows of refunds that a layout leaves out ----------------------------------------------------

XERO = """ContactName,InvoiceNumber,InvoiceDate,Total,InvoiceAmountPaid,Type,Status,Currency
Acme,INV-1,2026-01-03,110.00,110.00,Sales invoice,Paid,AUD
Bond,INV-2,2026-01-14,220.00,220.00,Sales invoice,Paid,AUD
Acme,CN-1,2026-01-20,-55.00,0.00,Sales credit note,Paid,AUD
Acme,CN-2,2026-01-21,20.00,0.00,Sales credit note,Paid,AUD
Dell,B-1,2026-01-21,90.00,0.00,Bill,Paid,AUD
"""


def test_rows_that_a_layout_leaves_out_are_refunds_where_the_user_says_so():
    orders = crm.read_orders(frame(XERO))
    assert totals(orders) == {"Acme": 110, "Bond": 220}
    assert "give money back" in warned(orders)
    assert "refund_rows" in warned(orders)
    orders = crm.read_orders(frame(XERO), refund_rows={"Type": "Sales credit note"})
    assert totals(orders) == {"Acme": 110 - 55 - 20, "Bond": 220}
    assert "give money back" not in warned(orders)


# ---- codes of a state ----------------------------------------------------------------------------


def test_words_of_a_state_that_are_known_are_said_once_and_as_what_they_mean():
    told = said(rows("取引区分", "売上", "返品", "取消"))
    assert "says 取消, 返品 in 2 orders that count (130 of 230), and was not used" in told
    assert "looks like codes" not in told


def test_known_words_beside_a_code_are_proposed_with_their_meaning():
    told = said(rows("status code", "C", "X", "void"))
    assert "'X': 'cancelled', 'C': 'completed', 'void': 'cancelled'" in told.replace('"', "'")


# ---- a way to pay beside a discount --------------------------------------------------------------

TILL = """order_id,order_date,customer_id,total,cash,card,discount
1,2026-01-03,a,1000,1000,0,0
2,2026-01-04,b,2000,0,2000,{}
3,2026-01-05,a,1000,1000,0,0
"""


def test_a_way_to_pay_is_no_amount_after_a_discount():
    assert "less the share" not in said(TILL.format(100))


def test_an_amount_after_a_share_is_said_still():
    text = rows("discount,final price", "0,100", "25,60", "10,45")
    assert "less the share" in said(text)
    assert read(rows("note", "a", "b", "c")).understanding.warnings == []


# ---- money in another unit than the amount -------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("amount_refunded_cents", "cents"), ("返金額(千円)", "thousands")],
)
def test_money_in_another_unit_than_the_amount_is_refused(heading, unit):
    told = refused(rows(heading, "500", "0", "0"))
    assert f'"{heading}" says that it is in {unit}, and "total" does not' in told
    read(rows(heading, "500", "0", "0"), amount_unit="major")


def test_cents_beside_cents_are_read():
    text = rows("refund_amount_cents", "500", "0", "0").replace(",total,", ",total_cents,")
    orders = read(text, amount_unit="minor", refunded="refund_amount_cents")
    assert totals(orders) == {"a": 0.5, "b": 0.8}  # the first comes to nothing


# ---- what is no sale of a customer ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "good", "bad"),
    [
        ("movement", "sale", "stock transfer"),
        ("invoice_type", "final", "Deposit invoice"),
        ("is_sample", "false", "true"),
        ("区分", "売上", "在庫移動"),
    ],
)
def test_transfers_deposits_and_samples_are_said(heading, good, bad):
    assert "(80 of 230), and was not used" in said(rows(heading, good, bad, good))


# ---- headings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        "訂單號碼,訂單日期,顧客編號,訂單合計",
        "Order ID,Date Created (UTC),User ID,Amount ($)",
        "Ordernr,Orderdatum,Kundnr,Summa inkl. moms",
        "Rendelésszám,Dátum,Vevő email,Bruttó összeg",
        "伝票番号,年月日,得意先コード,売上金額",
        "レシート番号,営業日,会員番号,合計",
        "Donation ID,Donation Date,Donor Email,Total",
        "check,opened at,guest_email,subtotal",
    ],
)
def test_further_headings_are_known(head):
    text = f"{head}\n1,2026-01-03,a@x.co,10\n2,2026-01-04,b@x.co,20\n"
    dated = {"ordered_at": "opened at"} if "opened" in head else {}
    orders = crm.read_orders(frame(text), currency="EUR", **dated)
    assert totals(orders) == {"a@x.co": 10, "b@x.co": 20}
    assert not orders.understanding.warnings


def test_parcels_that_went_back_are_returned():
    orders = read(rows("status", "Delivered", "RTO", "RTO Delivered"))
    assert totals(orders) == {"a": 100}
