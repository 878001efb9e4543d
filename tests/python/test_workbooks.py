"""JSON and spreadsheets."""

import pytest
from sources import JSON_LINES, NOON, SHEET, notes, texts, xlsx, zipped

from crm_core._problem import Problem
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings
from crm_core._reading.source import Source

# ---- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [JSON_LINES, "[" + JSON_LINES.replace("\n", ",\n") + "]"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_keeps_digits_and_names_what_it_leaves_out(write, text, encoding):
    path = write(text, "orders.json", encoding)
    source = Source(path)
    assert source.headings == [
        "order_id",
        "customer.id",
        "customer.address.city",
        "order_date",
        "amount",
        "currency",
        "gift",
        "note",
    ]
    assert texts(path) == [
        ("1", "a", "京都", "2024-01-31", "19.80", "USD", "true", None),
        ("2", None, None, "2024-02-01", None, None, None, "n"),
    ]
    assert source.notes == [("arrays", {"columns": "lines (sku)", "file": "orders.json"})]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("19.80", "19.80"),
        ("0.1", "0.1"),
        ("12345678901234567890.123", "12345678901234567890.123"),
        ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("1e999999999", "1e999999999"),
        ("-0", "-0"),
        ("NaN", "NaN"),
    ],
)
def test_json_numbers_are_texts(write, written, read):
    assert texts(write('{"amount": ' + written + "}\n")) == [(read,)]


def test_broken_json_is_named_by_line(write):
    path = write('{"a": 1}\n\n{"a": \n[1]\n{"a": 2}\n', "x.jsonl")
    with pytest.raises(Problem, match=r"x\.jsonl, line 3: not a JSON object \(and 1 more\)"):
        texts(path)
    assert texts(path, drop=True) == [("1",), ("2",)]
    source = Source(path)
    assert source.row_name(1) == "x.jsonl, line 5"
    deep = '{"a": ' * 20_000 + "1" + "}" * 20_000
    for text, message in [
        ('[{"a": 1}, 2]', "object 2: not a JSON object"),
        ('[{"a": 1},', "is not a whole JSON array"),
        ('{\n "x": [\n {"a": 1}], "y": [{"a": 2}]}', "one JSON object with several lists"),
        ('{\n "orders": [\n 1, 2]}', "one JSON object, and no list of rows"),
        ('{"a": {"b": 1}, "a.b": 2}', 'two fields called "a.b"'),
        (deep, "holds no rows"),
    ]:
        with pytest.raises(Problem, match=message):
            texts(write(text, "x.json"))


def test_an_object_with_one_list_is_its_rows(write):
    path = write('{\n "total": 2, "orders": [\n {"a": 1.50}, {"a": {"b": 2}}]}', "x.json")
    source = Source(path)
    assert source.headings == ["a", "a.b"]
    assert texts(path) == [("1.50", None), (None, "2")]


# ---- spreadsheets --------------------------------------------------------------------------------


def test_a_spreadsheet_is_read_from_its_first_sheet(write):
    path = write(xlsx(売上=SHEET, メモ=[["x"]]), "orders.xlsx")
    source = Source(path)
    assert source.headings == SHEET[2]
    assert texts(path) == [
        ("1001", NOON, "00012", "19.8"),
        ("1002", NOON, "7", "0.3"),
        ("1003", NOON, "x", "?"),
    ]
    with pytest.raises(Problem, match=r"orders\.xlsx, sheet 売上, row 7, column 合計金額"):
        load([path], Settings())
    noted = notes(load([path], Settings(bad_rows="drop", currency="USD")))
    assert noted["preamble"] == {"rows": 1, "file": "orders.xlsx", "row": 3}
    assert noted["sheets"] == {"sheet": "売上", "others": "メモ", "file": "orders.xlsx"}


def test_a_sheet_is_named_behind_the_file(write):
    path = write(xlsx(表紙=[["title"]], 一月=SHEET[2:4]), "orders.xlsx")
    assert len(texts(path.with_name("orders.xlsx#一月"))) == 1
    with pytest.raises(Problem, match='has no sheet "二月"') as caught:
        Source(path.with_name("orders.xlsx#二月"))
    assert caught.value.hint == "It has 表紙, 一月."
    with pytest.raises(Problem, match="are empty"):
        Source(write(xlsx(a=[]), "empty.xlsx"))
    with pytest.raises(Problem, match="cannot be opened as a spreadsheet"):
        Source(write(zipped(**{"[Content_Types].xml": "x"}), "no.xlsx"))


def test_an_open_document_is_a_spreadsheet_too(write):
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{names}office:1.0" xmlns:table="{names}table:1.0" '
        f'xmlns:text="{names}text:1.0"><office:body><office:spreadsheet><table:table '
        'table:name="Jan"><table:table-row><table:table-cell office:value-type="string"><text:p>'
        "amount</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell "
        'office:value-type="float" office:value="19.8"><text:p>19.80</text:p></table:table-cell>'
        "</table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = f'<manifest:manifest xmlns:manifest="{names}manifest:1.0"></manifest:manifest>'
    members = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    path = write(zipped(**members), "orders.ods")
    assert texts(path) == [("19.8",)]


def test_cells_of_several_kinds_in_one_column_stay_texts(write):
    path = write(
        xlsx(a=[["a", "b"], [NOON, 1], ["2024-02-01", None], [None, 2**53 - 1.0]]), "x.xlsx"
    )
    assert texts(path) == [
        ("2024-01-31 12:00:00", "1"),
        ("2024-02-01", None),
        (None, "9007199254740991"),
    ]
