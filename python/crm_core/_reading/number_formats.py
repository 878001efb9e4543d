"""Currencies that a spreadsheet's number formats show, cells of 1234 formatted as ¥1,234; hidden
rows, and formulas without a value.

Read of xlsx and xlsm, which keep formats beside the cells. Formats that a spreadsheet writes by
number alone show the reader's own currency, and tell nothing.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from typing import BinaryIO
from xml.etree import ElementTree

import pyarrow as pa

from . import amounts, layouts

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]]*)\]|\[[^\]]*\]|([^"\\\[]+)')
_HIDDEN = re.compile(rb'<row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*\br="(\d+)"')
_BARE = re.compile(
    rb'<c\b[^>]*\br="([A-Z]+)(\d+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
#: What a format says that shows dollars, or pesos, of a country that it does not name.
DOLLARS = "$"
#: What a format says that shows yen, or yuan.
YEN = "¥"


def of_columns(file: BinaryIO, sheet: str, below: int) -> dict[int, dict[str, int]]:
    """By column, from 0, the currencies of its filled cells and a row of each.

    Args:
        file: The workbook.
        sheet: The sheet's name.
        below: The row of the headings; cells above and in it do not matter.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            styles = _styles(archive)
            return _cells(archive, _part(archive, sheet), styles, below) if styles else {}
    except (KeyError, ValueError, zipfile.BadZipFile, ElementTree.ParseError):
        return {}  # xls, xlsb and ods keep formats otherwise


def hidden_and_bare(file: BinaryIO, sheet: str, below: int) -> tuple[list[int], dict[int, int]]:
    """The hidden rows of a sheet below its headings, and by column, from 0, the first row of a
    formula whose value was not saved.

    Args:
        file: The workbook.
        sheet: The sheet's name.
        below: The row of the headings.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            text = archive.read(_part(archive, sheet))
    except (KeyError, ValueError, zipfile.BadZipFile, ElementTree.ParseError):
        return [], {}
    hidden = [int(one[1]) for one in _HIDDEN.finditer(text)] if b"hidden=" in text else []
    bare: dict[int, int] = {}
    for one in _BARE.finditer(text) if b"<f" in text else ():
        if int(one[2]) > below:
            bare.setdefault(_place(one[1].decode()), int(one[2]))
    return [row for row in hidden if row > below], bare


def currency(code: str) -> str:
    """The currency that a number format shows; `$` or `¥` if it does not name the country."""
    said = ""
    for quoted, escaped, symbol, plain in _QUOTED.findall(code.split(";")[0]):
        sign, _, place = symbol.partition("-")
        of_place = layouts.words()["number_format"]["places"].get(place.upper().lstrip("0"))
        if sign and of_place:
            return str(of_place)
        said += sign or quoted or escaped or re.sub(r"[#0?,.\s_*()/%-]|General|E\\+", "", plain)
    text = said.strip(" -()")
    if not text:
        return ""
    if text in (DOLLARS, YEN, "￥"):
        return DOLLARS if text == DOLLARS else YEN
    found = amounts.parse(pa.chunked_array([[f"{text}1", f"1{text}"]])).currencies
    return next(iter(found)) if len(found) == 1 else ""


def _styles(archive: zipfile.ZipFile) -> Mapping[str, str]:
    """The numbers of the styles that show a currency."""
    root = ElementTree.fromstring(archive.read("xl/styles.xml"))
    space = root.tag.partition("}")[0] + "}"
    shown = {
        one.get("numFmtId"): found
        for one in root.iter(f"{space}numFmt")
        if (found := currency(one.get("formatCode", "")))
    }
    formats = root.find(f"{space}cellXfs")
    return {
        str(at): shown[one.get("numFmtId")]
        for at, one in enumerate(formats if formats is not None else ())
        if one.get("numFmtId") in shown
    }


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The file of a sheet within the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    related = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    ids = {
        one.get("name"): value
        for one in book.iter()
        if one.tag.endswith("}sheet")
        for key, value in one.items()
        if key.endswith("}id")
    }
    targets = {one.get("Id"): one.get("Target", "") for one in related}
    target = targets[ids[sheet]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _cells(
    archive: zipfile.ZipFile, part: str, styles: Mapping[str, str], below: int
) -> dict[int, dict[str, int]]:
    """Of a column the first row of each currency; the sheet's text is searched, not parsed."""
    wanted = "|".join(map(re.escape, styles))
    pattern = re.compile(
        rf'<(?:\w+:)?c\b(?=[^>]*\br="([A-Z]+)(\d+)")(?=[^>]*\bs="({wanted})")[^>]*[^/]>'.encode()
    )
    found: dict[int, dict[str, int]] = {}
    for match in pattern.finditer(archive.read(part)):
        letters, row, style = (one.decode() for one in match.groups())
        if int(row) > below:
            found.setdefault(_place(letters), {}).setdefault(styles[style], int(row))
    return found


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1
