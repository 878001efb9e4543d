"""Every form in which shops hand over rows: packed, messy, spreadsheets, columns, databases."""

import bz2
import datetime
import gzip
import io
import itertools
import json
import lzma
import os
import random
import sqlite3
import sys
import threading
import zipfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from crm_core._cli import main
from crm_core._report.event_reading import load_events
from crm_core._report.frames import load_frame
from crm_core._report.headings import names_of
from crm_core._report.order_reading import load
from crm_core._report.overlap import drop_repeated
from crm_core._report.problem import Problem
from crm_core._report.settings import Settings
from crm_core._report.source import Source, sources_of

PLAIN = "order_id,customer_id,order_date,amount,currency\n"
ROWS = PLAIN + "1,a,2024-01-31,19.80,USD\n2,b,2024-02-01,5.00,USD\n"
JAPANESE = (
    "注文番号,会員ID,注文日,小計,商品名\n"
    "1,00012,2024/1/5,1000,コーヒー\n"
    "2,00013,2024/1/6,500,紅茶\n"
)
AMOUNTS = [Decimal("19.80"), Decimal("5.00")]


@pytest.fixture
def write(tmp_path):
    def make(text, name="orders.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return make


def texts(path, *columns, drop=False, **options):
    """The columns' cells, codes as their texts."""
    source = Source(path, **options)
    table = source.read(columns or source.headings, lambda share: None, drop)
    return [tuple(row.values()) for row in table.to_pylist()]


def notes(loaded):
    return {note.code: dict(note.values) for note in loaded.notes}


def amounts(path, **settings):
    return load([path], Settings(**settings)).table["amount"].to_pylist()


# ---- packed, piped -------------------------------------------------------------------------------


def zipped(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


PACKED = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped(**{"__MACOSX/x": b"", "jan/orders.csv": data}),
    "gzip in zip": lambda data: zipped(**{"orders.csv.gz": gzip.compress(data)}),
    "zstd": zstd,
}


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_packed_files_are_known_by_their_bytes(write, kind, encoding):
    path = write(PACKED[kind](JAPANESE.encode(encoding)), "orders.bin")
    assert texts(path, "会員ID", "商品名") == [("00012", "コーヒー"), ("00013", "紅茶")]


@pytest.mark.parametrize("kind", PACKED)
def test_half_a_packed_file_is_refused(write, kind):
    packed = PACKED[kind]((ROWS * 500).encode())
    with pytest.raises(Problem, match=r"orders\.csv\.x is not a whole"):
        texts(write(packed[: len(packed) // 2], "orders.csv.x"))


def test_a_zip_of_several_files_is_asked_about(write):
    path = write(zipped(**{"jan.csv": ROWS, "feb.csv": PLAIN}), "orders.zip")
    with pytest.raises(Problem, match=r"orders\.zip holds 2 files") as caught:
        Source(path)
    assert "orders.zip#jan.csv" in caught.value.hint
    assert texts(path.with_name("orders.zip#jan.csv"), "amount") == [("19.80",), ("5.00",)]


def test_standard_input_and_pipes_are_read_once(monkeypatch, tmp_path, capfdbinary):
    for data in (gzip.compress(ROWS.encode()), b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        status = main(["run", "summary", "-"])
        told = capfdbinary.readouterr()
        if data:
            assert (status, told.err) == (0, b"")
            assert told.out.splitlines()[1].startswith(b'"a",2024-01-31')
        else:
            assert (status, told.err[:28]) == (2, b"crm: standard input is empty")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(ROWS.encode()))
    writer.start()
    assert texts(pipe, "amount") == [("19.80",), ("5.00",)]
    writer.join()


def test_an_open_descriptor_is_a_file(write):
    with open(write(ROWS), "rb") as file:
        assert amounts(Path(f"/dev/fd/{file.fileno()}")) == AMOUNTS
    out, into = os.pipe()
    os.write(into, ROWS.encode())
    os.close(into)
    assert amounts(Path(f"/dev/fd/{out}")) == AMOUNTS
    os.close(out)


# ---- messy text ----------------------------------------------------------------------------------


def test_excels_first_line_names_the_delimiter(write):
    path = write("sep=;\r\n" + ROWS.replace(",", ";").replace("\n", "\r\n"))
    assert amounts(path) == AMOUNTS
    assert not notes(load([path], Settings()))
    assert Source(path).row_name(0) == "orders.csv, row 3"


PREAMBLE = "売上レポート,,,\n期間: 2024/01/01 - 2024/01/31,,,\n,,,\n"


@pytest.mark.parametrize("above", [PREAMBLE, "売上レポート\n\n期間: 2024/01/01 - 2024/01/31\n"])
def test_titles_above_the_headings_are_left_out_and_said(write, above):
    path = write(above + "注文番号,注文日,会員ID,合計金額\n1,2024/1/5,a,1000\n2,2024/1/6,b,x\n")
    with pytest.raises(Problem, match=r"orders\.csv, row 6, column 合計金額: not an amount"):
        load([path], Settings())
    loaded = load([path], Settings(bad_rows="drop"))
    assert loaded.table["合計金額"].to_pylist() == [1000, None]
    assert notes(loaded)["preamble"] == {"rows": 2, "file": "orders.csv", "row": 4}


def test_headings_that_nobody_knows_are_found_by_their_shape(write):
    path = write("Bericht 2024\n\nKunde;Tag;Summe\nm1;2024-01-05;12,50\nm2;2024-01-06;7,00\n")
    assert Source(path).headings == ["Kunde", "Tag", "Summe"]
    assert Source(path).row_name(0) == "orders.csv, row 4"


@pytest.mark.parametrize(
    "first", ["1,secret@x.org,2024-01-31,5,USD", "secret,2024-01-31,19.80", "secret@x.org\t12"]
)
def test_a_first_line_of_values_is_never_shown_as_headings(write, first):
    with pytest.raises(Problem, match="has no headings: its first line holds values") as caught:
        load([write(f"{first}\n{first}\n")], Settings())
    assert "secret" not in caught.value.message + caught.value.hint


def test_a_file_of_baskets_has_no_titles(write):
    path = write("milk,bread,jam\nmilk\nbread,milk\nmilk\njam\n")
    assert Source(path).headings == ["milk", "bread", "jam"]


def test_a_field_may_be_long(write):
    text = "x" * 300_000
    path = write(ROWS + f'3,"{text}",2024-02-01,5.00,USD\n')
    assert texts(path, "customer_id")[2] == (text,)


def test_a_delimiter_is_one_character(write):
    for said in ("ab", "\n", "", '"'):
        with pytest.raises(Problem, match="is not one character"):
            load([write(ROWS)], Settings(delimiter=said))


def test_rows_of_delimiters_only_are_counted_and_keep_the_numbers_right(write):
    path = write(PLAIN + "1,a,2024-01-31,5,USD\n,,,,\n\n , ,,,\n2,b,2024-02-01,x,USD\n,,,,\n\n\n")
    with pytest.raises(Problem, match=r"row 6, column amount: not an amount"):
        load([path], Settings())
    loaded = load([path], Settings(bad_rows="drop"))
    assert loaded.table.num_rows == 2
    assert notes(loaded)["blank_rows"] == {"rows": 4, "file": "orders.csv"}


def test_numbers_are_right_after_broken_and_blank_rows(write):
    good = "1,a,2024-01-31,5,USD\n"
    path = write(
        PLAIN + good + "1,2\n" + ",,,,\n" + '"2\n2",b,2024-02-01,5,USD\n' + "9\n,,,,\n" + good
    )
    source = Source(path)
    table = source.read(["order_id"], lambda share: None, True)
    assert table["order_id"].to_pylist() == ["1", "2\n2", "1"]
    assert [source.row_name(row) for row in range(3)] == [
        "orders.csv, row 2",
        "orders.csv, row 5",
        "orders.csv, row 8",
    ]
    assert source.dropped == 2


@pytest.mark.parametrize(
    "last",
    [
        "合計,,,1500,",
        ",,,1500,",
        ",合計,,1500,",
        ",,合計,1500,",
        ",,,,合計 1500",
        "合計",
    ],
)
def test_a_line_of_totals_is_never_an_order(write, last, capsys):
    path = write(JAPANESE + last + "\n", encoding="cp932")
    assert main(["run", "summary", str(path)]) == 2
    assert "row 4" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_byte_orders_and_line_ends(write, encoding, ends):
    path = write(JAPANESE.replace("\n", ends), encoding=encoding)
    assert texts(path, "注文番号", "商品名") == [("1", "コーヒー"), ("2", "紅茶")]


def test_quoted_line_ends_stay_in_their_cell(write):
    path = write(PLAIN + '1,"a\r\nb",2024-01-31,5,USD\n2,b,2024-01-31,x,USD\n')
    assert texts(path, "customer_id") == [("a\r\nb",), ("b",)]
    assert Source(path).row_name(1) == "orders.csv, row 3"


def test_repeated_and_blank_headings_matter_where_they_are_needed(write):
    path = write("order_id,note,customer_id,note,order_date,,amount,\n1,x,a,y,2024-01-31,,5,\n")
    assert amounts(path, currency="USD") == [5]
    with pytest.raises(Problem, match='two columns are called "note"'):
        load([path], Settings(currency="USD", dimensions=["note"]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: it has no headings and no rows"),
        (b"%PDF-1.7 ...", "is a PDF document, not a table"),
        (b"\x89PNG\r\n\x1a\n...", "is an image, not a table"),
        (b"\xff\xd8\xff\xe0...", "is an image, not a table"),
        (b"\n <!DOCTYPE html><html><body>Login</body></html>", "is a web page"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "is a web page"),
        (b"<?xml version='1.0'?><Workbook/>", "is a web page"),
        (ROWS.encode() + b"\0" * 4096, "holds NUL bytes, the first in line 4"),
        (JAPANESE.encode()[:-3], ".* or it ends within a character"),
        (JAPANESE.encode() * 9 + b"\xff\n", "is UTF-8 with bytes in it that are not"),
        (b"ORC\n...", "is an ORC file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "cannot be opened as a spreadsheet"),
        (b"PAR1...", "is not a whole Parquet file"),
        (b"ARROW1\0\0...", "is not a whole Arrow file"),
        (b"SQLite format 3\0...", "cannot be read as a SQLite file"),
        (b"12345678DUCK....", "cannot be read as a DuckDB file"),
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(write, data, message):
    with pytest.raises(Problem, match=f"orders.csv {message}"):
        load([write(data)], Settings())


def test_headings_alone_are_no_orders_and_said_to_be(write):
    loaded = load([write(PLAIN)], Settings(currency="USD"))
    assert loaded.table.num_rows == 0
    assert notes(loaded) == {"no_rows": {"file": "orders.csv"}}


def test_a_directory_without_tables_is_no_file(tmp_path):
    with pytest.raises(Problem, match="is a directory without Parquet files"):
        Source(tmp_path)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize(
    "names", ["Käufe Müller Größe Straße", "Prénom Élodie déjà façon", "Año niño señor São"]
)
def test_western_files_are_read_and_the_choice_is_said(write, encoding, names):
    rows = "".join(f"{at};{name};2024-01-31;5;EUR\n" for at, name in enumerate(names.split()))
    path = write(PLAIN.replace(",", ";") + rows, encoding=encoding)
    loaded = load([path], Settings())
    assert loaded.table["customer_id"].to_pylist() == names.split()
    choices = {choice.role: (choice.value, choice.reason) for choice in loaded.choices}
    assert choices["encoding"] == ("cp1252", "western")


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        *itertools.product(
            ["コーヒー テーブル", "佐藤 鈴木 渡邉", "ひらがな"], ["cp932", "euc_jp"]
        ),
        ("ﾔﾏﾀﾞ ｽｽﾞｷ", "cp932"),
    ],
)
def test_japanese_cells_under_english_headings(write, encoding, names):
    rows = "".join(f"{at},{name},2024-01-31,5,JPY\n" for at, name in enumerate(names.split()))
    path = write(PLAIN + rows, encoding=encoding)
    assert [one for (one,) in texts(path, "customer_id")] == names.split()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp", "utf-16"])
def test_second_bytes_are_no_delimiters(write, delimiter, encoding):
    # In Shift_JIS 充 ends with the byte of |, 表 with that of a backslash.
    text = JAPANESE.replace("紅茶", "充表ポ").replace(",", delimiter)
    assert texts(write(text, encoding=encoding), "商品名", "小計")[1] == ("充表ポ", "500")


# ---- JSON ----------------------------------------------------------------------------------------

OBJECTS = [
    {"order_id": 1, "customer": {"id": "a", "address": {"city": "京都"}},
     "order_date": "2024-01-31", "amount": 19.80, "currency": "USD",
     "lines": [{"sku": "x"}], "gift": True},
    {"order_id": 2, "customer": None, "order_date": "2024-02-01", "amount": None, "note": "n"},
]  # fmt: skip
JSON_LINES = "\n".join(json.dumps(one) for one in OBJECTS).replace("19.8", "19.80")


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
    assert source.notes == [("arrays", {"columns": "lines", "file": "orders.json"})]


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
        ('{\n "orders": [\n {"a": 1}]}', "is one JSON object, not a list"),
        ('{"a": {"b": 1}, "a.b": 2}', 'two fields called "a.b"'),
        (deep, "holds no rows"),
    ]:
        with pytest.raises(Problem, match=message):
            texts(write(text, "x.json"))


# ---- spreadsheets --------------------------------------------------------------------------------


def xlsx(**sheets):
    """A spreadsheet by hand: cells are texts, numbers as they are written, or dates."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, len(sheets) + 1)

    def cell(place, value):
        if value is None:
            return ""
        if isinstance(value, datetime.datetime):
            days = (value - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
            return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
        if isinstance(value, str):
            return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
        return f'<c r="{place}"><v>{value!r}</v></c>'

    def sheet(rows):
        lines = "".join(
            f'<row r="{at}">'
            + "".join(cell(f"{chr(64 + column)}{at}", one) for column, one in enumerate(row, 1))
            + "</row>"
            for at, row in enumerate(rows, 1)
        )
        return f'{head}<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'

    named = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="rId{at}"/>'
        for at, name in zip(numbers, sheets, strict=True)
    )
    related = "".join(
        f'<Relationship Id="rId{at}" Type="{rel}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in numbers
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{kinds}.worksheet+xml"/>'
        for at in numbers
    )
    return zipped(**{
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kinds}.styles+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship '
        f'Id="rId1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{rel}">'
        f"<sheets>{named}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'{related}<Relationship Id="rId99" Type="{rel}/styles" Target="styles.xml"/>'
        "</Relationships>",
        "xl/styles.xml": f'{head}<styleSheet xmlns="{main}"><cellXfs count="2">'
        '<xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
        **{
            f"xl/worksheets/sheet{at}.xml": sheet(rows)
            for at, rows in zip(numbers, sheets.values(), strict=True)
        },
    })  # fmt: skip


NOON = datetime.datetime(2024, 1, 31, 12)
SHEET = [
    ["売上", None, None, None],
    [],
    ["注文番号", "注文日", "会員ID", "合計金額"],
    [1001, NOON, "00012", 19.8],
    [],
    [1002, NOON, 7, 0.1 + 0.2],
    [1003, NOON, "x", "?"],
]


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


# ---- columns and databases -----------------------------------------------------------------------


@pytest.fixture
def table():
    return pa.table(
        {
            "order_id": [1, 2],
            "customer_id": ["a", "b"],
            "order_date": [datetime.date(2024, 1, 31), datetime.date(2024, 2, 1)],
            "amount": AMOUNTS,
            "currency": ["USD", "USD"],
        }
    )


def test_a_directory_of_parquet_has_its_partitions_as_columns(tmp_path, table):
    shop = tmp_path / "shop"
    for at, name in enumerate(["channel=web", "channel=app"]):
        (shop / name).mkdir(parents=True)
        pq.write_table(table.slice(at, 1), shop / name / "part.parquet")
    loaded = load([shop], Settings(dimensions=["channel"]))
    assert loaded.table["channel"].to_pylist() == ["app", "web"]
    assert loaded.table["amount"].to_pylist() == AMOUNTS[::-1]
    assert loaded.rows.name(1) == "shop, channel=web/part.parquet, row 1"


def test_patterns_stand_for_files(tmp_path, table, write):
    for at in range(2):
        pq.write_table(table.slice(at, 1), tmp_path / f"{at}.parquet")
    assert load([tmp_path / "*.parquet"], Settings()).table["amount"].to_pylist() == AMOUNTS
    write(ROWS, "a.csv")
    write(ROWS.replace("\n1,", "\n3,").replace("\n2,", "\n4,"), "b.csv")
    loaded = load([tmp_path / "*.csv"], Settings())
    assert loaded.table["order_id"].to_pylist() == ["1", "2", "3", "4"]
    assert loaded.rows.name(2) == "b.csv, row 2"
    with pytest.raises(Problem, match=r"no file is called .*\.tsv"):
        sources_of([tmp_path / "*.tsv"], "auto", "auto")


@pytest.mark.parametrize("kind", ["file", "stream", "parquet.gz"])
def test_arrow_and_packed_parquet(tmp_path, table, kind):
    path = tmp_path / "orders.any"
    if kind == "file":
        feather.write_feather(table, path)
    elif kind == "stream":
        with pa.ipc.new_stream(path, table.schema) as out:
            out.write_table(table)
    else:
        packed = io.BytesIO()
        pq.write_table(table, packed)
        path.write_bytes(gzip.compress(packed.getvalue()))
    assert amounts(path) == AMOUNTS


def test_a_sqlite_table_is_named_behind_the_file(tmp_path):
    path = tmp_path / "shop one.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(
            'CREATE TABLE "my orders" (order_id INTEGER, customer_id, order_date, amount REAL)'
        )
        connection.execute(
            "INSERT INTO \"my orders\" VALUES (1, '007', '2024-01-31', 19.8), "
            "(2, 8, '2024-02-01', NULL)"
        )
    connection.close()
    assert texts(path) == [("1", "007", "2024-01-31", "19.8"), ("2", "8", "2024-02-01", None)]
    assert Source(path).row_name(1) == "shop one.sqlite, table my orders, row 2"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE VIEW "2024" AS SELECT * FROM "my orders" WHERE amount > 1')
        connection.execute("CREATE TABLE pictures (order_id, picture)")
        connection.execute("INSERT INTO pictures VALUES (1, x'00ff')")
    connection.close()
    with pytest.raises(Problem, match="holds 3 tables") as caught:
        Source(path)
    assert caught.value.hint.endswith("it has 2024, my orders, pictures.")
    with pytest.raises(Problem, match='has no table "orders"'):
        Source(path.with_name(path.name + "#orders"))
    assert texts(path.with_name(path.name + "#2024"), "amount") == [("19.8",)]
    with pytest.raises(Problem, match="column picture holds binary values"):
        texts(path.with_name(path.name + "#pictures"))
    before = path.read_bytes()
    with pytest.raises(Problem, match='has no table "x"; DROP'):
        Source(path.with_name(path.name + '#x"; DROP TABLE pictures'))
    assert path.read_bytes() == before


def test_a_duckdb_table_keeps_its_types(tmp_path, table):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("arrow", table)
        connection.sql("CREATE TABLE orders AS SELECT * FROM arrow")
    assert amounts(path) == AMOUNTS
    with duckdb.connect(str(path)) as connection:
        connection.sql("CREATE VIEW web AS SELECT * FROM orders WHERE order_id = 2")
    with pytest.raises(Problem, match="holds 2 tables"):
        Source(path)
    assert amounts(path.with_name("shop.duckdb#web")) == AMOUNTS[1:]


def test_a_part_of_a_plain_file_is_refused_and_a_name_may_have_the_sign(write):
    with pytest.raises(Problem, match="has no sheets or tables to name with #x"):
        Source(write(ROWS).with_name("orders.csv#x"))
    with pytest.raises(Problem, match="there is no file"):
        Source(write(ROWS).with_name("none.csv#x"))
    assert len(texts(write(ROWS, "orders#1.csv"))) == 2
    book = write(xlsx(a=[["x"]], b=[["amount"], [5]]), "b1.xlsx")
    (found,) = sources_of([book.with_name("b*.xlsx#b")], "auto", "auto")
    assert (found.headings, found.path.name) == (["amount"], "b1.xlsx#b")


def test_files_of_several_forms_are_read_as_one(write, tmp_path, table):
    pq.write_table(table, tmp_path / "orders.parquet")
    text = write(ROWS.replace("\n1,", "\n3,").replace("\n2,", "\n4,"))
    with pytest.raises(Problem, match="different types"):  # decimals beside texts
        load([text, tmp_path / "orders.parquet"], Settings())
    lines = write('{"order_id": 5, "customer_id": "c", "order_date": "2024-03-01", "amount": 1.5, '
                  '"currency": "USD"}', "more.jsonl")  # fmt: skip
    loaded = load([text, lines], Settings())
    assert loaded.table["amount"].to_pylist() == [*AMOUNTS, Decimal("1.50")]
    assert loaded.rows.name(2) == "more.jsonl, line 1"


def test_every_door_reads_every_form(write):
    log = write(
        '{"visitor_id": "v", "occurred_at": "2024-01-31T10:00:00", "kind": "view", "page": "/"}\n'
    )
    loaded, _ = load_events([log], Settings(), {}, None)
    assert loaded.table.num_rows == 1
    frame = load_frame([write(gzip.compress(b"customer_id,frequency\n01,3\n"))], Settings())
    assert frame.table.to_pylist() == [{"customer_id": "01", "frequency": 3}]


# ---- orders in two files -------------------------------------------------------------------------

LINES = "注文番号,注文日時,会員ID,商品名,単価,数量,小計\n"
FIRST = "1,2024/01/05 10:00,u1,茶,980,2,1960\n"
SECOND = "2,2024/01/31 23:00,u2,抹茶,3000,1,3000\n2,2024/01/31 23:00,u2,茶,980,1,980\n"
THIRD = "3,2024/02/05 10:00,u1,茶,980,1,980\n"


def test_an_order_in_two_files_counts_once(write):
    january = write(LINES + FIRST + SECOND, "jan.csv")
    # The same lines in another order and another encoding.
    swapped = "".join(reversed(SECOND.splitlines(keepends=True)))
    february = write(LINES + swapped + THIRD, "feb.csv", "cp932")
    loaded = load([january, february], Settings())
    assert sum(loaded.table["小計"].to_pylist()) == 1960 + 3980 + 980
    assert notes(loaded)["repeated_orders"] == {"orders": 1, "rows": 2}
    assert loaded.rows.name(3) == "feb.csv, row 4"


def test_within_one_file_nothing_is_left_out(write):
    twice = LINES + THIRD + THIRD
    loaded = load([write(twice, "a.csv"), write(LINES + FIRST, "b.csv")], Settings())
    assert loaded.table["小計"].to_pylist() == [980, 980, 1960]
    assert "repeated_orders" not in notes(loaded)
    same = load([write(twice, "a.csv"), write(twice, "b.csv")], Settings())
    assert same.table["小計"].to_pylist() == [980, 980]
    assert notes(same)["repeated_orders"] == {"orders": 1, "rows": 2}


def test_an_order_that_differs_between_files_is_asked_about(write):
    files = [
        write(LINES + FIRST + SECOND, "jan.csv"),
        write(LINES + SECOND.replace(",980,1,980", ",980,3,2940") + THIRD, "feb.csv"),
    ]
    with pytest.raises(Problem, match=r"1 order numbers .* the first in feb\.csv, row 2") as caught:
        load(files, Settings())
    assert "--repeated-orders last" in caught.value.hint
    last = load(files, Settings(repeated_orders="last"))
    assert last.table["小計"].to_pylist() == [1960, 3000, 2940, 980]
    assert notes(last)["differing_orders_last"] == {"orders": 1}
    assert last.rows.name(1) == "feb.csv, row 2"
    added = load(files, Settings(repeated_orders="add"))
    assert added.table.num_rows == 6
    assert notes(added)["differing_orders_add"] == {"orders": 1}


def test_shops_may_number_alike(write):
    head, line = "店舗," + LINES, "{},1,2024/01/05 10:00,{},茶,980,2,1960\n"
    files = [
        write(head + line.format("A", "u1"), "a.csv"),
        write(head + line.format("B", "u2"), "b.csv"),
    ]
    with pytest.raises(Problem, match="order numbers are in several"):
        load(files, Settings())
    assert load(files, Settings(columns={"shop": "店舗"})).table.num_rows == 2


def test_without_order_numbers_equal_rows_are_told_and_kept(write):
    head = "customer_id,order_date,amount\n"
    one = write(head + "a,2024-01-31,5\nb,2024-01-31,\n", "a.csv")
    two = write(head + "b,2024-01-31,\na,2024-02-01,5\n", "b.csv")
    loaded = load([one, two], Settings(currency="USD", bad_rows="drop"))
    assert loaded.table.num_rows == 4
    assert notes(loaded)["repeated_rows"] == {"rows": 1}


def test_overlaps_against_a_second_count():
    draw = random.Random(7)
    for _ in range(200):
        files = []
        for _ in range(draw.randrange(2, 5)):
            rows = [
                (draw.choice([None, 1, 2, 3, 4]), draw.randrange(2), draw.choice([None, "x"]))
                for _ in range(draw.randrange(8))
            ]
            files.append(rows)
        parts = [
            pa.table(
                {
                    "key": pa.array([row[0] for row in rows], pa.int64()),
                    "value": pa.array([row[1] for row in rows], pa.int64()),
                    "text": pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
                }
            )
            for rows in files
        ]
        found = drop_repeated(parts, ["key"])
        expected, orders, differing = [], 0, 0
        for at, rows in enumerate(files):
            out = set()
            for key in {row[0] for row in rows} - {None}:
                mine = sorted(map(repr, (row for row in rows if row[0] == key)))
                others = [
                    sorted(map(repr, (row for row in other if row[0] == key)))
                    for other in files[:at]
                ]
                if mine in others:
                    out.add(key)
            orders += len(out)
            expected.append([row for row in rows if row[0] not in out])
        for key in (1, 2, 3, 4):
            versions = {
                tuple(sorted(map(repr, (row for row in rows if row[0] == key)))) for rows in files
            } - {()}
            differing += len(versions) > 1
        read = [[tuple(row.values()) for row in part.to_pylist()] for part in found.parts]
        assert read == expected
        assert (found.orders, found.differing) == (orders, differing)
        assert found.rows == sum(map(len, files)) - sum(map(len, expected))


# ---- anything ------------------------------------------------------------------------------------

WORDS = [
    *names_of("customer_id")[:8], "customer_id", "order_date", "注文日", "amount", "合計金額",
    "order_id", "注文番号", "status", "note", "", " ", "メモ", "価格", "price", "quantity",
    "Straße", "currency",
]  # fmt: skip
CELLS = [
    "1", "00012", "2024-01-31", "2024/1/5 10:00", "19.80", "1,234", "¥500", "△3", "", " ", "NULL",
    "a@b.c", "佐藤", "コーヒー", "発送済み", "paid", "Müller", '"', '""', "x\ny", "\r", "{", "[",
    "USD", "合計", "=1+1", "1e5", "-", "９", "\ufeff", "充表",
]  # fmt: skip
FITTING = {"customer_id": "佐藤", "order_date": "2024-01-31", "amount": "1,234", "currency": "JPY"}
ENCODINGS = ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16", "utf-16-le", "latin-1", "cp1252"]


def _anything(draw):
    delimiter = draw.choice(",\t;|")
    headings = draw.choices(WORDS, k=draw.randrange(1, 9))
    if draw.random() < 0.7:
        headings[:0] = ["customer_id", "order_date", "amount", "currency"]

    def cell(text):
        if draw.random() < 0.9 and any(sign in text for sign in f'{delimiter}"\n\r'):
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = [delimiter.join(headings)]
    for _ in range(draw.randrange(6)):
        cells = [
            FITTING[name] if name in FITTING and draw.random() < 0.9 else draw.choice(CELLS)
            for name in headings + [""] * (draw.random() < 0.1)
        ]
        lines.append(delimiter.join(map(cell, cells)))
    if draw.random() < 0.3:
        lines[:0] = draw.choices(["sep=;", "レポート", "", delimiter * 3, "a"], k=draw.randrange(3))
    text = draw.choice(["\n", "\r\n", "\r"]).join(lines)
    data = text.encode(draw.choice(ENCODINGS), "ignore")
    if draw.random() < 0.3:
        data = data[: draw.randrange(len(data) + 1)]
    if draw.random() < 0.1 and data:
        data = data[:-1] + bytes([draw.randrange(256)])
    if draw.random() < 0.1:
        data = draw.choice(list(PACKED.values()))(data)
        if draw.random() < 0.5:
            data = data[: draw.randrange(len(data))]
    if draw.random() < 0.1:
        rows = [dict(zip(headings, draw.choices(CELLS, k=len(headings)), strict=True))]
        data = json.dumps(draw.choice([rows, rows[0], [rows], {"a": rows}])).encode()
    return data


@pytest.mark.parametrize("seed", range(4))
def test_anything_becomes_a_table_or_a_sentence(write, seed):
    draw = random.Random(seed)
    outcomes = set()
    for at in range(200):
        path = write(_anything(draw), f"{at}.csv")
        settings = Settings(
            currency=draw.choice([None, "JPY"]), bad_rows=draw.choice(["error", "drop"])
        )
        try:
            loaded = load([path], settings)
        except Problem as problem:
            assert problem.message.strip()
            outcomes.add("problem")
        else:
            assert loaded.table.num_rows >= 0
            for row in range(loaded.table.num_rows):
                assert loaded.rows.name(row).startswith(f"{at}.csv, ")
            outcomes.add("table")
    assert outcomes == {"problem", "table"}


def _whole_files(tmp_path, table):
    yield xlsx(a=SHEET, b=[["x"]])
    packed = io.BytesIO()
    pq.write_table(table, packed)
    yield packed.getvalue()
    feather.write_feather(table, tmp_path / "whole")
    yield (tmp_path / "whole").read_bytes()
    with pa.ipc.new_stream(tmp_path / "whole", table.schema) as out:
        out.write_table(table)
    yield (tmp_path / "whole").read_bytes()
    with closing(sqlite3.connect(tmp_path / "sqlite")) as connection:
        connection.execute("CREATE TABLE orders (customer_id, order_date, amount)")
        connection.execute("INSERT INTO orders VALUES ('a', '2024-01-31', 19.8)")
        connection.commit()
    yield (tmp_path / "sqlite").read_bytes()
    yield JSON_LINES.encode()
    yield from (pack(JAPANESE.encode("cp932")) for pack in PACKED.values())


def test_damaged_files_become_a_table_or_a_sentence(write, tmp_path, table):
    draw = random.Random(3)
    for whole in _whole_files(tmp_path, table):
        for _ in range(40):
            data = bytearray(whole)
            for _ in range(draw.choice((1, 2, 5))):
                data[draw.randrange(len(data))] = draw.randrange(256)
            path = write(bytes(data[: draw.choice((len(data), draw.randrange(len(data))))]))
            try:
                load([path], Settings(currency="USD", bad_rows="drop"))
            except Problem as problem:
                assert problem.message.strip()
