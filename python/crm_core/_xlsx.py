"""A workbook of one table, without a package: numbers stay numbers, dates stay dates."""

from __future__ import annotations

import datetime
import json
import os
import re
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ._errors import DataError

if TYPE_CHECKING:
    from ._table import Table
    from ._types import Labels

_MOST_ROWS = 1_048_575
_LONGEST = 32_767
_EPOCH = datetime.date(1899, 12, 30)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write(table: Table, path: str | os.PathLike[str], labels: Labels) -> None:
    """Writes the sheets `table` and `definition`."""
    if len(table) > _MOST_ROWS:
        raise DataError(f"a sheet holds {_MOST_ROWS:,} rows, and the table has {len(table):,}")
    about = table.definition
    told = [
        ("analysis", str(about.get("analysis", ""))),
        ("hash", table.hash or ""),
        *((key, json.dumps(about[key], ensure_ascii=False)) for key in ("options", "scope")
          if key in about),
        ("notes", json.dumps(table.notes, ensure_ascii=False)[:_LONGEST]),
    ]  # fmt: skip
    notes = "".join(
        f"<row>{_text(key, 1)}{_text(value[:_LONGEST], 0)}</row>" for key, value in told
    )
    sheets = {"table": _sheet(table, labels), "definition": f"<sheetData>{notes}</sheetData>"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in _package(list(sheets), table).items():
            file.writestr(name, _HEAD + content)
        for at, content in enumerate(sheets.values(), 1):
            sheet = f'<worksheet xmlns="{_MAIN}">{content}</worksheet>'
            file.writestr(f"xl/worksheets/sheet{at}.xml", _HEAD + sheet)


def _package(names: list[str], table: Table) -> dict[str, str]:
    """All files but the sheets."""
    places = range(1, len(names) + 1)
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>'
        for at, name in zip(places, names, strict=True)
    )
    links = "".join(
        f'<Relationship Id="r{at}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in places
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for at in places
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="styles" Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
        f"<sheets>{sheets}</sheets></workbook>",
        "xl/styles.xml": _styles(table),
    }


def _formats(table: Table) -> list[str]:
    """The format of the numbers of each column."""
    formats = []
    for about in table.schema.values():
        kind = about["type"]
        if kind == "money":
            decimals = about["decimals"]
            formats.append("#,##0" + ("." + "0" * decimals if decimals else ""))
        elif kind == "float" and about["unit"] == "share":
            formats.append("0.0%")
        else:
            formats.append(
                {"date": "yyyy-mm-dd", "instant": "yyyy-mm-dd hh:mm:ss", "int": "#,##0"}.get(
                    kind, "General"
                )
            )
    return formats


def _styles(table: Table) -> str:
    """Style 0 is plain, 1 bold, and 2 on are those of the columns."""
    formats = _formats(table)
    numbers = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode="{escape(one)}"/>'
        for at, one in enumerate(formats)
    )
    styles = "".join(
        f'<xf numFmtId="{164 + at}" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/>'
        for at in range(len(formats))
    )
    font = '<sz val="11"/><name val="Calibri"/>'
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    bold = '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" applyFont="1"/>'
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(formats)}">{numbers}</numFmts>'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border>'
        "<left/><right/><top/><bottom/><diagonal/></border></borders>"
        f'<cellStyleXfs count="1">{plain}</cellStyleXfs>'
        f'<cellXfs count="{len(formats) + 2}">{plain}{bold}{styles}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    )


def _sheet(table: Table, labels: Labels) -> str:
    columns = table.to_dict(labels=labels, money="decimal")
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{min(40, max(12, 2 + len(name)))}" customWidth="1"/>'
        for at, name in enumerate(columns, 1)
    )
    heading = "".join(_text(name, 1) for name in columns)
    rows = "".join(
        "<row>" + "".join(_cell(cell, at + 2) for at, cell in enumerate(row)) + "</row>"
        for row in zip(*columns.values(), strict=True)
    )
    return (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData><row>{heading}</row>{rows}</sheetData>"
    )


def _cell(cell: Any, style: int) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, datetime.datetime):
        day = (cell.date() - _EPOCH).days
        seconds = (cell.hour * 60 + cell.minute) * 60 + cell.second + cell.microsecond / 1e6
        return f'<c s="{style}"><v>{day + seconds / 86_400!r}</v></c>'
    if isinstance(cell, datetime.date):
        return f'<c s="{style}"><v>{(cell - _EPOCH).days}</v></c>'
    if isinstance(cell, (str, bytes)):
        return _text(cell if isinstance(cell, str) else cell.hex(), 0)
    text = str(cell)
    # A cell holds 15 digits; a longer id stays whole as a text.
    if isinstance(cell, int) and len(text.lstrip("-")) > 15:
        return _text(text, 0)
    if isinstance(cell, float) and text in ("inf", "-inf", "nan"):
        return _text(text, 0)
    return f'<c s="{style}"><v>{text}</v></c>'


def _text(text: str, style: int) -> str:
    if len(text) > _LONGEST:
        raise DataError(f"a cell of a sheet holds {_LONGEST:,} letters, and a text has more")
    clean = escape(_NO_XML.sub("\ufffd", text))
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{clean}</t></is></c>'
