"""Small files of orders, and how the tests of their forms look at them."""

import bz2
import datetime
import gzip
import html
import io
import json
import lzma
import zipfile
from decimal import Decimal

import pyarrow as pa

from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings
from crm_core._reading.source import Source

PLAIN = "order_id,customer_id,order_date,amount,currency\n"
ROWS = PLAIN + "1,a,2024-01-31,19.80,USD\n2,b,2024-02-01,5.00,USD\n"
JAPANESE = (
    "注文番号,会員ID,注文日,小計,商品名\n"
    "1,00012,2024/1/5,1000,コーヒー\n"
    "2,00013,2024/1/6,500,紅茶\n"
)
AMOUNTS = [Decimal("19.80"), Decimal("5.00")]


OBJECTS = [
    {"order_id": 1, "customer": {"id": "a", "address": {"city": "京都"}},
     "order_date": "2024-01-31", "amount": 19.80, "currency": "USD",
     "lines": [{"sku": "x"}], "gift": True},
    {"order_id": 2, "customer": None, "order_date": "2024-02-01", "amount": None, "note": "n"},
]  # fmt: skip
NOON = datetime.datetime(2024, 1, 31, 12)


def texts(path, *columns, drop=False, **options):
    """The columns' cells, codes as their texts."""
    source = Source(path, **options)
    table = source.read(columns or source.headings, lambda share: None, drop)
    return [tuple(row.values()) for row in table.to_pylist()]


def notes(loaded):
    return {note.code: dict(note.values) for note in loaded.notes}


def amounts(path, **settings):
    return load([path], Settings(**settings)).table["amount"].to_pylist()


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


JSON_LINES = "\n".join(json.dumps(one) for one in OBJECTS).replace("19.8", "19.80")


def xlsx(**sheets):
    """A spreadsheet by hand: cells are texts, numbers, dates, or numbers with their format."""
    cells = [one for rows in sheets.values() for row in rows for one in row]
    formats = list(dict.fromkeys(one[1] for one in cells if isinstance(one, tuple)))
    codes = "".join(
        f'<numFmt numFmtId="{at}" formatCode="{html.escape(code)}"/>'
        for at, code in enumerate(formats, 164)
    )
    styles = "".join(f'<xf numFmtId="{164 + at}"/>' for at in range(len(formats)))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, len(sheets) + 1)

    def cell(place, value):
        if value is None:
            return ""
        if isinstance(value, tuple):
            number, code = value
            style = formats.index(code) + 2
            return f'<c r="{place}" s="{style}"><v>{number!r}</v></c>'
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
        "xl/styles.xml": f'{head}<styleSheet xmlns="{main}"><numFmts>{codes}</numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/>'
        f"{styles}</cellXfs></styleSheet>",
        **{
            f"xl/worksheets/sheet{at}.xml": sheet(rows)
            for at, rows in zip(numbers, sheets.values(), strict=True)
        },
    })  # fmt: skip


SHEET = [
    ["売上", None, None, None],
    [],
    ["注文番号", "注文日", "会員ID", "合計金額"],
    [1001, NOON, "00012", 19.8],
    [],
    [1002, NOON, 7, 0.1 + 0.2],
    [1003, NOON, "x", "?"],
]
