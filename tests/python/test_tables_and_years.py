"""Second tables and sheets, states that follow one another, years and digits of other scripts.

Every file has few rows, whose totals are redone by hand.
"""

import datetime
import gzip
import json
import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sources import xlsx
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core import _cli
from crm_core._reading.calendars import persian_day


def read(text, **options):
    return crm.read_orders(frame(text), **{"currency": "USD", **options})


def revenue(orders):
    return pytest.approx(float(sum(totals(orders).values())))


def of_file(tmp_path, text, name="orders.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return crm.read_orders(path, **{"currency": "USD", **options})


# ---- tables below the table ----------------------------------------------------------------------

ORDERS = "Order ID,Customer ID,Order Date,Total\n1,u1,2024-01-05,30.00\n2,u2,2024-01-06,70.00\n"


@pytest.mark.parametrize("bad_rows", ["error", "drop"])
@pytest.mark.parametrize(
    ("below", "says"),
    [
        ("\nRefunds\nRefund ID,Order ID,Refund Date,Amount\n9,1,2024-01-09,10.00\n", "Refund ID"),
        ("Refund ID,Order ID,Refund Date,Amount\n9,1,2024-01-09,10.00\n", "Refund ID"),
        ("\nOrder ID,Refund Amount\n1,10.00\n", "Refund Amount"),
        ("\n返金番号,注文番号,返金日,返金額,担当\n9,1,2024-01-09,10,x\n", "返金番号"),
    ],
)
def test_a_second_table_is_named_and_no_option_drops_it(tmp_path, below, says, bad_rows):
    with pytest.raises(crm.DataError, match=says) as caught:
        of_file(tmp_path, ORDERS + below, bad_rows=bad_rows)
    message = str(caught.value)
    assert '2 rows, "Total" 100' in message and "1 rows" in message and " 10" in message
    assert "bad_rows" not in caught.value.hint and "refunded" in caught.value.hint


@pytest.mark.parametrize("bad_rows", ["error", "drop"])
@pytest.mark.parametrize(
    "title", ["Cancelled orders", "Cancelled orders,,,", "キャンセル分", "Stornierte Bestellungen"]
)
@pytest.mark.parametrize("again", ["", "Order ID,Customer ID,Order Date,Total\n"])
def test_a_title_within_the_table_that_stops_rows_is_an_error(tmp_path, title, again, bad_rows):
    text = f"{ORDERS}{title}\n{again}3,u3,2024-01-09,10.00\n"
    with pytest.raises(crm.DataError, match="row 4 holds a title that says") as caught:
        of_file(tmp_path, text, bad_rows=bad_rows)
    assert '2 rows, "Total" 100; below it 1 rows, "Total" 10' in str(caught.value)


def test_exports_one_after_the_other_and_titles_of_months_are_no_second_table(tmp_path):
    head, *rows = ORDERS.splitlines()
    again = "\n".join([head, rows[0], head, rows[1]]) + "\n"
    assert revenue(of_file(tmp_path, again)) == 100
    months = "\n".join([head, "January", rows[0], "February", rows[1]]) + "\n"
    assert revenue(of_file(tmp_path, months, bad_rows="drop")) == 100


def test_a_second_log_is_named(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "timestamp,visitor_id,event\n2024-01-05 10:00:00,v1,view\n"
        "order_id,customer_id,total\n1,u1,30.00\n"
    )
    with pytest.raises(crm.DataError, match=r'row 3 begins a second table.*"order_id"'):
        crm.read_events(path)


# ---- states that follow one another --------------------------------------------------------------

HISTORY = """Order ID,Customer ID,Order Date,{amount},Status,{day}
1,u1,2024-01-05,100.50,Pending,2024-01-05
1,u1,2024-01-05,100.50,Paid,2024-01-06
1,u1,2024-01-05,100.50,Shipped,2024-01-07
2,u2,2024-01-06,50.25,Pending,2024-01-06
2,u2,2024-01-06,50.25,Cancelled,2024-01-07
3,u2,2024-01-06,20.00,Paid,2024-01-06
"""


@pytest.mark.parametrize("day", ["Status Date", "ステータス更新日時", "Statusdatum"])
def test_the_last_state_of_each_order_is_asked_for_with_totals(day):
    text = HISTORY.format(amount="Total", day=day)
    with pytest.raises(crm.DataError, match="2 orders have several states") as caught:
        read(text)
    hint = caught.value.hint
    assert f'keep_last="{day}" takes the last one by that column (120.50)' in hint
    assert revenue(read(text, keep_last=day)) == 120.50
    # Advice that is followed comes to what it says.
    assert 'line_level=["Status"] leaves cancelled and returned lines out (170.75)' in hint
    assert revenue(read(text, line_level=["Status"])) == 170.75
    assert 'bad_rows="drop" takes the state of the first row of each such order (170.75)' in hint
    assert revenue(read(text, bad_rows="drop")) == 170.75


def test_states_without_a_day_are_asked_for_with_totals():
    text = HISTORY.format(amount="Total", day="Note")
    for day in ("05", "06", "07"):
        text = text.replace(f",2024-01-{day}\n", ",\n")
    with pytest.raises(crm.DataError) as caught:
        read(text)
    assert "leave older rows out of the file (120.50)" in caught.value.hint


def test_versions_are_kept_by_the_option_that_the_warning_names():
    text = (
        "Order ID,Customer ID,Order Date,Total,Version\n1,u1,2024-01-05,100.50,1\n"
        "1,u1,2024-01-05,80.25,2\n2,u2,2024-01-06,50.00,1\n"
    )
    assert 'last state of each order alone to 130.25: keep_last="Version"' in warned(read(text))
    last = read(text, keep_last="Version")
    assert revenue(last) == 130.25 and "1 rows of 1 orders" in noted(last)
    with pytest.raises(crm.DataError, match="none of its values is the last"):
        read(text.replace("100.50,1", "100.50,new"), keep_last="Version")
    with pytest.raises(crm.DataError, match="no column is the order"):
        read(text, keep_last="Version", order_id="")


# ---- orders in the place of others, and rows that do not count -----------------------------------


@pytest.mark.parametrize(
    "heading", ["Merged Into", "Superseded by", "Duplicate of", "統合先", "Ersetzt durch"]
)
def test_orders_in_the_place_of_others_are_said(heading):
    text = (
        f"Order ID,{heading},Customer ID,Order Date,Total\n1,3,u1,2024-01-05,100.5\n"
        "2,3,u1,2024-01-05,60\n3,,u1,2024-01-05,160.5\n"
    )
    said = warned(read(text))
    assert "all come to 321, without these to 160.5" in said
    assert said.count(heading) == 3
    assert revenue(read(text, cancelled_at=heading)) == 160.5
    assert heading not in warned(read(text, ignore=[heading]))


@pytest.mark.parametrize(
    ("heading", "yes", "no"),
    [
        ("Counted?", "yes", "no"),
        ("Include in totals", "TRUE", "FALSE"),
        ("集計対象", "○", "×"),
        ("計上フラグ", "1", "0"),
        ("Contabilizado", "sí", "no"),
        ("Räknas", "ja", "nej"),
    ],
)
def test_rows_that_a_flag_does_not_count_are_said(heading, yes, no):
    text = (
        f"Order ID,Customer ID,Order Date,Total,{heading}\n1,u1,2024-01-05,100.5,{yes}\n"
        f"2,u2,2024-01-06,50,{no}\n"
    )
    said = warned(read(text))
    assert f'"{heading}"' in said and "50" in said
    assert revenue(read(text, status=heading, status_map={no: "cancelled", yes: "completed"})) == (
        100.5
    )


@pytest.mark.parametrize(
    "heading", ["Exclude from totals", "Nicht auswerten", "集計から除外", "Skip", "Duplicate?"]
)
def test_rows_that_a_flag_leaves_out_are_said(heading):
    text = (
        f"Order ID,Customer ID,Order Date,Total,{heading}\n1,u1,2024-01-05,100.5,\n"
        "2,u2,2024-01-06,50,x\n"
    )
    assert f'"{heading}"' in warned(read(text)) and "50 of 150.5" in warned(read(text))
    assert revenue(read(text, cancelled_at=heading)) == 100.5


def test_rows_without_the_mark_of_those_that_count_are_said():
    head = "Order ID,Customer ID,Order Date,Total,Counted"
    text = f"{head}\n1,a,2024-01-05,100.5,x\n2,b,2024-01-06,50,\n"
    assert "all come to 150.5, without these to 100.5" in warned(read(text))


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("Tax included", ("yes", "yes")),
        ("Reminder count", ("0", "1")),
        ("Accounting exported", ("yes", "no")),
        ("Previous order ID", ("", "1")),
        ("Customer order ref", ("PO1", "PO2")),
    ],
)
def test_other_flags_and_numbers_are_no_alarm(heading, cells):
    rows = [f"{at},a,2024-01-0{at},10.5,{cell}" for at, cell in enumerate(cells, 1)]
    text = "\n".join([f"Order ID,Customer ID,Order Date,Total,{heading}", *rows]) + "\n"
    assert warned(read(text)) == ""


@pytest.mark.parametrize("heading", ["Merged From", "New Order ID", "統合元"])
def test_columns_that_name_other_orders_are_said_with_either_reading(heading):
    text = (
        f"Order ID,{heading},Customer ID,Order Date,Total\n1,2,a,2024-01-05,60.5\n"
        "2,,a,2024-01-05,70.25\n3,,b,2024-01-06,20\n"
    )
    said = warned(read(text))
    assert "all rows come to 150.75, without the parts to 90.25" in said
    assert "without the orders that were split to 80.5" in said


@pytest.mark.parametrize("heading", ["Current Total", "返金後合計", "Aktueller Gesamtbetrag"])
def test_an_amount_after_changes_beside_the_amount_is_said(heading):
    text = (
        f"Order ID,Customer ID,Order Date,Total,{heading}\n1,a,2024-01-05,100.5,90.5\n"
        "2,b,2024-01-06,50,50\n"
    )
    assert "come to 150.5 as taken, to 140.5 by it" in warned(read(text))
    assert revenue(read(text, amount=heading)) == 140.5
    assert "by it" not in warned(read(text, ignore=[heading]))


def test_a_discount_that_is_taken_off_twice_is_said():
    text = (
        "Order ID,Customer ID,Order Date,Subtotal,Markdown,Total\n"
        "1,a,2024-01-05,100.5,10,90.5\n2,b,2024-01-06,50,0,50\n"
    )
    assert revenue(read(text, discount="Markdown")) == 130.5
    said = warned(read(text, discount="Markdown"))
    assert "come to 130.5 as read, to 140.5 with it taken off once" in said
    assert revenue(read(text, discount="")) == 140.5
    gross = text.replace("90.5", "100.5")
    assert "twice" not in warned(read(gross, discount="Markdown"))


@pytest.mark.parametrize("heading", ["Total (USD k)", "Total k USD"])
def test_a_code_with_a_k_is_one_of_thousands(heading):
    text = f"Order ID,Customer ID,Order Date,{heading}\n1,a,2024-01-05,100\n2,b,2024-01-06,50\n"
    with pytest.raises(crm.DataError, match="in whole units to 150,000"):
        read(text, amount=heading)


def test_codes_of_documents_that_give_back_are_said():
    text = (
        "Sales Document,Sales Document Type,Customer,Document Date,Net Amount\n"
        "1,OR,a,2024-01-05,100.5\n2,OR,b,2024-01-26,80\n3,CR,a,2024-02-17,20.25\n"
    )
    said = warned(read(text, order_id="Sales Document", ordered_at="Document Date"))
    assert "CR in 1 orders that count (20.25 of 200.75)" in said


def test_the_number_of_a_record_joins_its_lines_and_its_author_buys_nothing():
    text = (
        "レコード番号,作成者,更新者,受注日,顧客コード,商品,金額\n1,佐藤,田中,2024/01/05,C1,A,2000\n"
        "1,佐藤,田中,2024/01/05,C1,B,500\n2,佐藤,田中,2024/01/26,C2,A,1000\n"
    )
    orders = crm.read_orders(frame(text), currency="JPY")
    assert len(orders) == 2 and totals(orders) == {"C1": 2500, "C2": 1000}
    nobody = text.replace("顧客コード", "名義").replace("佐藤", "sato").replace("田中", "tanaka")
    with pytest.raises(crm.DataError) as caught:
        crm.read_orders(frame(nobody), currency="JPY")
    assert "者" not in caught.value.hint


# ---- years and digits ----------------------------------------------------------------------------


def dated(*days, **options):
    rows = "\n".join(f"{at},u{at},{day},10.50" for at, day in enumerate(days))
    return read(f"Order ID,Customer ID,Order Date,Total\n{rows}\n", **options)


@pytest.mark.parametrize(
    ("days", "option", "first"),
    [
        (("05/01/2567", "26/01/2567"), "buddhist", "2024-01-05"),
        (("2567-01-05", "2567-02-29 10:30"), "buddhist", "2024-01-05"),
        (("5 ม.ค. 2567", "26 กุมภาพันธ์ 2567"), "buddhist", "2024-01-05"),
        (("๐๕/๐๑/๒๕๖๗", "๒๖/๐๑/๒๕๖๗"), "buddhist", "2024-01-05"),
        (("1403/01/01", "1403-12-30"), "persian", "2024-03-20"),
        (("05/02/1403", "30/12/1403"), "persian", "2024-04-24"),
        (("۱۴۰۳/۰۱/۰۱", "۱۴۰۳/۰۷/۰۱"), "persian", "2024-03-20"),
        (("113/01/05", "113/02/29"), "minguo", "2024-01-05"),
    ],
)
def test_years_of_other_calendars_are_asked_for_and_read(days, option, first):
    with pytest.raises(crm.DataError) as caught:
        dated(*days)
    assert f'date_format="{option}"' in caught.value.hint
    orders = dated(*days, date_format=option)
    assert orders.first_date == datetime.date.fromisoformat(first)
    assert orders.last_date.year in (2024, 2025)


def test_days_and_months_in_either_order_are_asked_for_behind_the_calendar():
    with pytest.raises(crm.DataError) as caught:
        dated("05/01/2567", "06/02/2567", date_format="buddhist")
    assert 'date_format="buddhist %d/%m/%Y"' in caught.value.hint
    orders = dated("05/01/2567", "06/02/2567", date_format="buddhist %d/%m/%Y")
    assert orders.last_date == datetime.date(2024, 2, 6)


def test_islamic_years_are_a_sentence_and_common_ones_beside_numbers_are_none():
    with pytest.raises(crm.DataError, match="of the Islamic calendar"):
        dated("1445-06-23", "1445/07/10")
    assert dated("2024-01-05 1405", "2024-01-06 1410", date_format="%Y-%m-%d %H%M")


def test_persian_days_are_those_of_published_new_years():
    # The first day of the years, as the calendar of Iran has published them.
    for year, day in ((1375, "1996-03-20"), (1388, "2009-03-21"), (1400, "2021-03-21")):
        assert persian_day(year, 1, 1) == datetime.date.fromisoformat(day)
    assert persian_day(1399, 12, 30) == datetime.date(2021, 3, 20)
    assert persian_day(1400, 12, 30) is None and persian_day(1400, 7, 31) is None


def test_orders_of_texts_warn_of_far_years():
    data = {"customer_id": [1], "ordered_at": ["2567-01-25"], "amount": [10]}
    with pytest.warns(crm.ReadingWarning, match='year 2567.*date_format="buddhist"'):
        crm.Orders(data, currency="THB")
    with warnings.catch_warnings():
        warnings.simplefilter("error", crm.ReadingWarning)
        crm.Orders({**data, "ordered_at": ["2024-01-25"]}, currency="THB")


@pytest.mark.parametrize(
    ("cells", "currency", "total"),
    [
        (("1.234,50 TL", "10,50 TL"), "TRY", 1245.0),
        (("$(25.00)", "$100.00"), "USD", 75.0),
        (('"(1,000円)"', '"3,000円"'), "JPY", 2000),
        (("(US$ 25.00)", "US$ 100.00"), "USD", 75.0),
        (("١٢٣٫٥٠", "١٠"), "USD", 133.5),
        (("۱۲۳٫۵۰", "۱۰"), "USD", 133.5),
        (("१२३.५०", "१०"), "INR", 133.5),
        (("๑๒๓.๕๐", "๑๐"), "THB", 133.5),
    ],
)
def test_amounts_in_brackets_and_in_digits_of_other_scripts_are_read(
    tmp_path, cells, currency, total
):
    text = "Order ID;Customer ID;Order Date;Total\n"
    text += "".join(f"{at};u1;2024-01-05;{cell}\n" for at, cell in enumerate(cells))
    assert revenue(of_file(tmp_path, text, currency=currency)) == total


# ---- sheets --------------------------------------------------------------------------------------


def book(tmp_path, sheets):
    path = tmp_path / "shop.xlsx"
    path.write_bytes(xlsx(**sheets))
    return path


HEAD = ["Order ID", "Customer ID", "Order Date", "Total"]
SOLD = [HEAD, [1, "u1", "2024-01-05", 30.5], [2, "u2", "2024-01-06", 70]]
BACK = [HEAD, [1, "u1", "2024-01-09", 10.25]]


@pytest.mark.parametrize("name", ["Returns", "Refunds 2024", "返品", "Retouren"])
def test_a_sheet_of_refunds_is_said_to_be_one(tmp_path, name):
    path = book(tmp_path, {"Orders": SOLD, name: BACK})
    said = warned(crm.read_orders(path, currency="USD"))
    assert "come to 100.5, with these taken off to 90.25" in said
    assert "add them as sales (110.75)" in said
    assert name not in warned(crm.read_orders(path, currency="USD", ignore=[name]))
    both = [f"{path}#Orders", f"{path}#{name}"]
    said = warned(crm.read_orders(both, currency="USD", repeated_orders="add"))
    assert "all come to 110.75, without them to 100.50, with them taken off to 90.25" in said


def test_a_sheet_of_refunds_of_a_packed_workbook_is_said(tmp_path):
    path = book(tmp_path, {"Orders": SOLD, "Returns": BACK})
    packed = tmp_path / "shop.xlsx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert "taken off to 90.25" in warned(crm.read_orders(packed, currency="USD"))


def test_orders_go_before_returns_whatever_the_order_of_sheets(tmp_path):
    path = book(tmp_path, {"Returns": BACK, "Orders": SOLD})
    orders = crm.read_orders(path, currency="USD")
    assert revenue(orders) == 100.5 and "taken off to 90.25" in warned(orders)


def test_a_sheet_of_refunds_under_other_headings_is_said(tmp_path):
    rows = [["返金番号", "返金日", "返金金額"], [9, "2024-01-09", 10.25]]
    path = book(tmp_path, {"Orders": SOLD, "返品リスト": rows})
    assert "taken off to 90.25" in warned(crm.read_orders(path, currency="USD"))


@pytest.mark.parametrize("name", ["Cancelled", "取消"])
def test_a_sheet_of_cancelled_orders_is_said_to_be_one(tmp_path, name):
    path = book(tmp_path, {"Orders": SOLD, name: BACK, "Return policy": [["30 days"]]})
    said = warned(crm.read_orders(path, currency="USD"))
    assert f'"{name}" is not read; by its name its rows (10.25) are no orders that count' in said
    assert "policy" not in said


# ---- lists in cells ------------------------------------------------------------------------------

BACKS = [[{"id": 1, "amount": "10.25"}], [], [{"id": 2, "amount": "5.00"}]]


@pytest.mark.parametrize("form", ["json", "python", "parquet"])
def test_lists_of_refunds_in_cells_are_added_up(tmp_path, form):
    table = {
        "Order ID": ["1", "2", "3"],
        "Customer ID": ["a", "b", "c"],
        "Order Date": ["2024-01-05"] * 3,
        "Total": ["30.50", "70.00", "20.00"],
    }
    if form == "parquet":
        path = tmp_path / "orders.parquet"
        pq.write_table(pa.table({**table, "refunds": BACKS}), path)
    else:
        path = tmp_path / "orders.csv"
        cells = [str(one) if form == "python" else json.dumps(one) for one in BACKS]
        quoted = ['"' + one.replace('"', '""') + '"' for one in cells]
        rows = zip(*table.values(), quoted, strict=True)
        text = "\n".join(",".join(row) for row in [[*table, "refunds"], *rows])
        path.write_text(text + "\n")
    orders = crm.read_orders(path, currency="USD")
    assert revenue(orders) == 30.50 + 70 + 20 - 15.25
    assert '"refunds.amount"' in noted(orders)
    assert revenue(crm.read_orders(path, currency="USD", ignore=["refunds"])) == 120.50


def test_lists_of_items_in_cells_that_speak_of_refunds_are_said(tmp_path):
    cell = '"[{""sku"": ""A"", ""refunded_amount"": ""5.00""}]"'
    text = f"Order ID,Customer ID,Order Date,Total,line_items\n1,a,2024-01-05,30.50,{cell}\n"
    assert 'the list "line_items" within 1 rows' in warned(of_file(tmp_path, text))


# ---- one way to say "I know" ---------------------------------------------------------------------


def test_a_warning_that_is_known_is_a_note(tmp_path):
    text = f"Cancelled orders report\n{ORDERS}"
    assert 'known=["title_word"] confirms' in warned(of_file(tmp_path, text))
    with pytest.raises(crm.DataError) as caught:
        of_file(tmp_path, text, strict=True)
    assert 'known=["title_word"]' in caught.value.hint
    orders = of_file(tmp_path, text, strict=True, known=["title_word"])
    assert revenue(orders) == 100 and "Cancelled" not in warned(orders)
    assert "above the headings" in noted(orders)
    with pytest.raises(crm.DataError, match="no warning has the code") as caught:
        of_file(tmp_path, text, known=["title_words"])
    assert "title_word" in caught.value.hint


def test_a_funnel_without_steps_names_the_kinds_of_the_log(tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_text(
        "timestamp,visitor_id,event\n2024-01-05 10:00:00,v1,look\n2024-01-05 10:01:00,v1,purchase\n"
    )
    assert _cli.main(["run", "funnel", str(path), "--no-config", "--lang", "en"]) == 2
    said = capsys.readouterr().err
    assert "look" in said and "purchase" in said and "steps" in said
