"""Forms and pairs of files that an outside reader has misread, or was refused without help."""

import json
import zipfile

import pandas as pd
import pytest
from sources import xlsx
from test_meaning import noted, totals

import crm_core as crm

HEAD = "order_id,customer_id,order_date,total\n"


@pytest.fixture
def write(tmp_path):
    def make(text, name="orders.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return make


def read(*paths, **options):
    return crm.read_orders(list(paths), **{"currency": "USD", **options})


def refused(*paths, **options):
    with pytest.raises(crm.DataError) as caught:
        read(*paths, **options)
    return f"{caught.value} {caught.value.hint}"


# ---- two files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "again",
    [
        "2,b,2026-01-04,20.0",
        "2,b,2026/1/4,20",
        '2,b,2026-01-04,"$20.00"',
        "2, b ,2026-01-04,20.000",
    ],
)
def test_an_order_written_in_another_way_is_the_same(write, again):
    first = write(HEAD + "1,a,2026-01-03,10.00\n2,b,2026-01-04,20.00\n", "a.csv")
    second = write(HEAD + f"{again}\n3,c,2026-01-05,30.0\n", "b.csv")
    found = read(first, second)
    assert totals(found) == {"a": 10, "b": 20, "c": 30} and "each counts once" in noted(found)


def test_ids_with_zeros_before_them_are_not_the_same(write):
    first = write(HEAD + "1,007,2026-01-03,10\n", "a.csv")
    second = write(HEAD + "1,7,2026-01-03,10\n", "b.csv")
    assert 'they differ in "customer_id"' in refused(first, second)


@pytest.mark.parametrize(
    ("heading", "before", "after"),
    [
        ("Refund total", "0", "20.00"),
        ("進捗", "受付", "キャンセル"),
        ("memo", "", "refunded to customer"),
    ],
)
def test_copies_that_differ_in_a_column_that_is_not_read_are_asked_about(
    write, heading, before, after
):
    head = HEAD.replace("\n", f",{heading}\n")
    first = write(head + f"1,a,2026-01-03,10,{before}\n2,b,2026-01-04,20,{before}\n", "a.csv")
    second = write(head + f"2,b,2026-01-04,20.0,{after}\n3,c,2026-01-05,30,{before}\n", "b.csv")
    for files in ((first, second), (second, first)):
        said = refused(*files)
        assert f'they differ in "{heading}"' in said and 'repeated_orders="last"' in said
        assert f'ignore=["{heading}"] says' in said
    # Of the last file: the copy with the refund or the cancellation.
    last = read(first, second, repeated_orders="last")
    assert heading in str(last.understanding)
    assert totals(read(first, second, ignore=[heading]))["b"] == 20


def test_the_day_of_an_export_may_differ(write):
    head = HEAD.replace("\n", ",export_date,updated_at\n")
    first = write(head + "1,a,2026-01-03,10,2026-02-01,2026-01-03\n", "a.csv")
    second = write(head + "1,a,2026-01-03,10,2026-02-02,2026-01-09\n", "b.csv")
    assert totals(read(first, second)) == {"a": 10}


def test_orders_and_their_items_are_never_added(write):
    orders = write(HEAD + "1,a,2026-01-03,10\n2,b,2026-01-04,20\n")
    items = "order_id,sku,quantity,line_total\n1,x,1,4\n1,y,2,6\n2,x,5,20\n"
    apart = write(items, "items.csv")
    for files in ((orders, apart), (apart, orders)):
        assert "orders and of their items are not joined" in refused(*files)
    whole = write(
        HEAD.replace("\n", ",sku\n")
        + "1,a,2026-01-03,4,x\n1,a,2026-01-03,6,y\n2,b,2026-01-04,20,x\n",
        "lines.csv",
    )
    for options in ({}, {"repeated_orders": "add"}):
        said = refused(orders, whole, **options)
        assert "together they count twice" in said and "orders.csv, lines.csv" in said
    assert totals(read(orders, whole, repeated_orders="last")) == {"a": 10, "b": 20}


def test_files_of_other_headings_are_refused_with_what_to_do(write):
    orders = write(HEAD + "1,a,2026-01-03,10\n")
    other = write("注文日,金額,会員ID\n2026-01-04,5,b\n", "other.csv")
    assert "read the others by themselves" in refused(orders, other)


# ---- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("67.47999999999999", 67.48),
        ("0.30000000000000004", 0.3),
        ('"¥1,000-"', 1000),
        ('"12,345円（税込）"', 12345),
        ("'1234", 1234),
    ],
)
def test_numbers_with_something_around_them_are_read(write, cell, amount):
    currency = "JPY" if amount >= 1000 else "USD"
    rows = f"1,a,2026-01-03,{cell}\n2,b,2026-01-04,500\n"
    found = read(write(HEAD + rows), currency=currency)
    assert totals(found) == {"a": amount, "b": 500}
    assert '1 cells of "total" have something around the number' in noted(found)


@pytest.mark.parametrize("cell", ["1.2万", "#VALUE!", "12.00 CR", "ten"])
def test_other_cells_are_described_and_what_is_read_is_told(write, cell):
    said = refused(write(HEAD + f"1,a,2026-01-03,{cell}\n2,b,2026-01-04,20.50\n"))
    assert f"row 2, column total: not an amount It has {len(cell)} characters:" in said
    assert cell not in said and "1.234,50" in said and 'bad_rows="drop"' in said


def test_a_year_of_one_digit_is_not_asked_about_with_forms_that_fail(write):
    said = refused(write("order_id,customer_id,order_date,total\n1,a,7/1/25,5\n2,b,7/1/9,6\n"))
    assert "four digits" in said and "%y" not in said


# ---- rows that are no orders ---------------------------------------------------------------------


def test_headings_within_the_file_are_no_order(write):
    twice = HEAD + "1,a,2026-01-03,10\n" + HEAD + "2,b,2026-01-04,20\n"
    found = read(write(twice))
    assert totals(found) == {"a": 10, "b": 20} and "1 rows hold the headings again" in noted(found)
    other = HEAD + "1,a,2026-01-03,10\norder_id,order_date,total,customer_id\n2,2026-01-04,20,b\n"
    assert "row 3 begins a second table" in refused(write(other))


def test_rows_of_totals_can_be_left_out(write):
    path = write(
        HEAD + "1,a,2026-01-03,10\n2,b,2026-01-04,20\nTotal,,,30\nPrinted by the till,,,\n"
    )
    assert "a row of totals is no order" in refused(path) and "bad_rows" in refused(path)
    found = read(path, bad_rows="drop")
    assert totals(found) == {"a": 10, "b": 20}
    assert "row 4" in str(found.understanding) and "row 5" in str(found.understanding)
    assert found.understanding.warnings and "is left out" in found.understanding.warnings[0]


def test_order_numbers_that_a_spreadsheet_rounded_are_named(write):
    path = write(HEAD + "2.50113E+11,a,2026-01-03,10\n2.50113E+11,b,2026-01-04,20\n")
    said = refused(path)
    assert "rounded by a spreadsheet" in said and "shop" not in said


@pytest.mark.parametrize("nobody", ["00000000", "9999999", "0"])
def test_an_id_of_zeros_or_nines_with_most_rows_may_be_nobody(write, nobody):
    rows = "".join(f"{at},{nobody},2026-01-03,10\n" for at in range(3)) + "7,x1,2026-01-04,20\n"
    said = str(read(write(HEAD + rows)).understanding)
    assert f"The id {nobody} of" in said
    assert totals(read(write(HEAD + rows), guest_id=[nobody])) == {"x1": 20}


def test_orders_without_customers_are_read_where_said_so(write):
    path = write("date,receipt,total\n2026-01-05,1,12.00\n2026-01-06,2,10.00\n")
    assert 'customer_id="" reads orders of guests only' in refused(path)
    orders = read(path, customer_id="")
    months = crm.monthly(orders).to_dict()
    assert list(months["guest_revenue"]) == [22.0] and totals(orders) == {}


def test_the_currency_beside_an_amount_in_an_object_is_read(write):
    lines = [
        f'{{"orderId":{at},"orderDate":"2026-01-05","customer":"u{at}",'
        '"pricing":{"total":{"value":"20.00","currency":"EUR"}}}'
        for at in (1, 2)
    ]
    path = write("\n".join(lines), "a.jsonl")
    found = crm.read_orders(path, amount="pricing.total.value")
    assert found.currency == "EUR" and sum(totals(found).values()) == 40


def test_files_in_folders_of_an_archive_are_read_as_named(write, tmp_path):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "see orders")
        archive.writestr("2026/orders-01.csv", HEAD + "1,a,2026-01-03,10\n")
        archive.writestr("2026/orders-02.csv", HEAD + "2,b,2026-02-03,20\n")
    hint = refused(path)
    assert "For example m.zip#2026/orders-01.csv" in hint
    assert totals(read(f"{path}#2026/orders-01.csv")) == {"a": 10}


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("stage", ["Closed Won", "Closed Lost"]),
        ("payment", ["ok", "bounced"]),
        ("kind", ["capture", "authorization"]),
    ],
)
def test_states_under_other_headings_are_said(write, heading, cells):
    head = HEAD.replace("total\n", f"line_total,{heading}\n")
    rows = f"1,a,2026-01-03,10,{cells[0]}\n2,b,2026-01-04,20,{cells[1]}\n"
    assert f'"{heading}"' in " ".join(read(write(head + rows)).understanding.warnings)


# ---- forms of JSON -------------------------------------------------------------------------------

OBJECTS = [
    {"order_id": 1, "customer_id": "a", "order_date": "2026-01-03", "total": 10.5},
    {"order_id": 2, "customer_id": "b", "order_date": "2026-01-04", "total": 20},
]
COLUMNS = {name: [row[name] for row in OBJECTS] for name in OBJECTS[0]}
FRAME = pd.DataFrame(OBJECTS)
FORMS = {
    "records": FRAME.to_json(orient="records"),
    "columns": FRAME.to_json(orient="columns"),
    "split": FRAME.to_json(orient="split"),
    "index": FRAME.to_json(orient="index"),
    "table": FRAME.to_json(orient="table"),
    "lists": json.dumps(COLUMNS),
    "lists over lines": json.dumps(COLUMNS, indent=1),
    "rows": json.dumps([list(OBJECTS[0]), *(list(row.values()) for row in OBJECTS)]),
    "data": json.dumps({"object": "list", "data": OBJECTS}),
    "results": json.dumps({"count": 2, "results": OBJECTS}, indent=1),
    "nested": json.dumps({"response": {"status": "ok", "orders": OBJECTS}}),
    "edges": json.dumps({"data": {"orders": {"edges": [{"node": row} for row in OBJECTS]}}}),
    "nodes": json.dumps({"data": {"orders": {"nodes": OBJECTS}}}, indent=1),
    "wrapped lines": "\n".join(json.dumps({"data": row}) for row in OBJECTS),
    "pages": "\n".join(json.dumps({"orders": [row], "page": 1}) for row in OBJECTS),
    "with others": json.dumps({"orders": OBJECTS, "customers": [{"id": 1}]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_every_form_of_json_are_read(write, form):
    found = read(write(FORMS[form], "a.json"))
    assert totals(found) == {"a": 10.5, "b": 20}
    assert found.first_date.isoformat() == "2026-01-03"


def test_items_of_graphql_are_rows_where_the_order_has_no_amount(write):
    nodes = [
        {
            "id": at,
            "customer_id": "ab"[at - 1],
            "order_date": "2026-01-03",
            "lineItems": {"edges": [{"node": {"sku": "x", "line_total": 5}}] * at},
        }
        for at in (1, 2)
    ]
    text = json.dumps({"data": {"orders": {"edges": [{"node": one} for one in nodes]}}})
    assert totals(read(write(text, "a.json"), amount="line_total")) == {"a": 5, "b": 10}


@pytest.mark.parametrize(
    "more", [{"has_more": True}, {"next": "cursor"}, {"page": 1, "pages": 3}, {"total_pages": 2}]
)
def test_one_page_of_several_is_said(write, more):
    said = read(write(json.dumps({"orders": OBJECTS, **more}), "a.json")).understanding.warnings
    assert "one page of several" in said[0]
    none = {"orders": OBJECTS, "has_more": False, "next": None, "pages": 1}
    assert not read(write(json.dumps(none), "b.json")).understanding.warnings
    page = {"pageInfo": {"hasNextPage": True}, "edges": [{"node": row} for row in OBJECTS]}
    said = read(write(json.dumps({"data": {"orders": page}}), "c.json")).understanding.warnings
    assert "one page of several" in said[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps({"a": [{"x": 1}], "b": [{"x": 2}]}), 'several lists: "a", "b"'),
        (json.dumps({"status": "ok", "x": 1}, indent=1), "no list of rows is in it"),
        (json.dumps([list(row.values()) for row in OBJECTS]), "arrays without headings"),
    ],
)
def test_other_documents_are_refused_with_what_to_save(write, text, says):
    said = refused(write(text, "a.json"))
    assert says in said and "Save" in said


# ---- sheets and encodings ------------------------------------------------------------------------

TABLE = [HEAD.strip().split(","), [1, "a", "2026-01-03", 10], [2, "b", "2026-01-04", 20]]


@pytest.mark.parametrize(
    "first",
    [[["Order export"]], [["Order export"], ["Shop", "Tea"]], [], [["Month", "Revenue"], ["1", 3]]],
)
def test_a_sheet_before_the_orders_is_passed_over(write, first):
    found = read(write(xlsx(Cover=first, Orders=TABLE), "a.xlsx"))
    assert totals(found) == {"a": 10, "b": 20}
    assert 'sheet "Orders" is read' in noted(found) and "Cover" in noted(found)


def test_a_first_sheet_of_orders_stays_the_first(write):
    other = [TABLE[0], [3, "c", "2026-01-05", 5]]
    found = read(write(xlsx(Jan=TABLE, Feb=other), "a.xlsx"))
    assert totals(found) == {"a": 10, "b": 20} and "Feb" in found.understanding.warnings[0]


@pytest.mark.parametrize("garbled", ["mÃ¼ller", "m\ufffdller", "ç”°ä¸\xad", "逕ｰ荳ｭ"])
def test_half_changed_encodings_are_said(write, garbled):
    path = write(HEAD + f"1,{garbled},2026-01-03,10\n2,müller,2026-01-04,20\n3,田中,2026-01-05,5\n")
    said = read(path).understanding.warnings
    assert '1 cells of "customer_id" were changed by another encoding' in said[0]
    assert garbled not in said[0]


def test_words_with_accents_are_not_garbled(write):
    names = ["müller", "Ãlvaro", "naïve", "田中", "ﾀﾅｶ", "Škoda", "Ø", "È"]
    rows = "".join(f"{at},{name},2026-01-03,10\n" for at, name in enumerate(names))
    assert not read(write(HEAD + rows)).understanding.warnings


def test_two_encodings_in_one_file_are_named(write):
    text = HEAD + "1,田中,2026-01-03,10\n"
    path = write(text.encode() + "2,鈴木,2026-01-04,20\n".encode("cp932"))
    assert "mixes two encodings: of its lines that are not ASCII 1 are UTF-8" in refused(path)


def test_mails_of_japan_are_decoded(write):
    path = write("注文番号,会員ID,注文日,合計\n1,田中,2026-01-03,10\n", encoding="iso2022_jp")
    assert totals(read(path, currency="JPY")) == {"田中": 10}


def test_of_several_lists_the_one_named_like_orders_is_read_and_that_is_said(write):
    text = json.dumps({"customers": [{"id": "a", "name": "x"}], "orders": OBJECTS})
    found = read(write(text, "a.json"))
    assert totals(found) == totals(read(write(json.dumps(OBJECTS), "b.json")))
    assert 'the list "orders" is read; not read are "customers"' in str(found.understanding)
