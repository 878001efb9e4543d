"""Writes tables in the format that a file's name ends in.

    rfm.csv  rfm.parquet  rfm.xlsx  rfm.json  rfm.ndjson  rfm.md  rfm.html

An unknown ending is refused, and a file that is there is not overwritten without `--force`.
"""

from __future__ import annotations

import datetime
import decimal
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ._report.problem import Problem

if TYPE_CHECKING:
    import pyarrow as pa

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_EPOCH = datetime.date(1899, 12, 30)  # day 0 of a spreadsheet


def format_of(path: Path, known: Sequence[str], option: str = "--output") -> str:
    """The format that the ending of a path says; a `Problem` for one that is not known."""
    ending = path.suffix.lower().removeprefix(".")
    ending = {"jsonl": "ndjson", "htm": "html", "markdown": "md"}.get(ending, ending)
    if ending not in known:
        listed = ", ".join(f".{one}" for one in known)
        raise Problem(f"{option}: {path.name} ends in none of {listed}")
    return ending


def refuse_existing(path: Path, force: bool) -> None:
    """Refuses to overwrite a file."""
    if path.exists() and not force:
        raise Problem(f"--output: {path} is there already", "--force overwrites it.")


def write_table(table: pa.Table, path: Path | None, kind: str = "csv") -> None:
    """A table as a file, or on the screen if there is no path."""
    if path is None:
        sys.stdout.buffer.write(_TABLES[kind](_plain(table)))
        sys.stdout.buffer.flush()
    else:
        path.write_bytes(_TABLES[kind](table if kind == "parquet" else _plain(table)))


def page_as_pdf(page: str) -> bytes:
    """A page as PDF, printed by a Chromium of this machine."""
    program = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise Problem(
            "--output: a PDF needs Chromium or Chrome, which is not found",
            "Write .html and print it, or install Chromium.",
        )
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        command = [program, "--headless", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer"]
        command += [f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}"]
        command.append(source.as_uri())
        subprocess.run(command, capture_output=True, timeout=120, check=False)
        if not target.exists():
            raise Problem("--output: Chromium has written no PDF", "Write .html and print it.")
        return target.read_bytes()


def _plain(table: pa.Table) -> pa.Table:
    """The table without dictionaries, for which texts have no words."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table.column(at).cast(field.type.value_type))
    return table


def _csv(table: pa.Table) -> bytes:
    from pyarrow import csv

    out = io.BytesIO()
    csv.write_csv(table, out)
    return out.getvalue()


def _parquet(table: pa.Table) -> bytes:
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _json(table: pa.Table) -> bytes:
    rows = ",\n ".join(_row(row) for row in table.to_pylist())
    return f"[{rows}]\n".encode()


def _ndjson(table: pa.Table) -> bytes:
    return "".join(f"{_row(row)}\n" for row in table.to_pylist()).encode()


def _row(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=_json_value)


def _json_value(value: object) -> object:
    """Dates as ISO 8601, exact amounts as numbers of their digits."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _texts(row: Iterable[object]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def _cells(table: pa.Table) -> list[list[object]]:
    columns = [column.to_pylist() for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _markdown(table: pa.Table) -> bytes:
    lines = [table.column_names, ["---"] * table.num_columns, *map(_texts, _cells(table))]
    shown = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "".join(f"| {line} |\n" for line in shown).encode()


def _html(table: pa.Table) -> bytes:
    def row(cells: Iterable[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"

    body = "".join(row(_texts(cells), "td") for cells in _cells(table))
    return (
        '<!doctype html>\n<meta charset="utf-8">\n<title>crm</title>\n'
        "<style>body{font:15px system-ui,sans-serif}table{border-collapse:collapse}"
        "td,th{padding:4px 8px;border-bottom:1px solid #ccc;text-align:left}</style>\n"
        f"<table>\n{row(table.column_names, 'th')}{body}</table>\n"
    ).encode()


def _xlsx(table: pa.Table) -> bytes:
    """A workbook of one sheet: texts, numbers and dates as such."""
    rows = [table.column_names, *_cells(table)]
    if len(rows) > 1_048_576:
        raise Problem("--output: a sheet of Excel has at most 1,048,576 rows", "Write .parquet.")
    lines = "".join(f"<row>{''.join(map(_xlsx_cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="crm" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData>'
        "</worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            when = zipfile.ZipInfo(name)  # without the time, so that equal tables are equal files
            when.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(when, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}')
    return out.getvalue()


def _xlsx_cell(cell: object) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float | decimal.Decimal):
        return f"<c><v>{cell}</v></c>"
    if isinstance(cell, datetime.date) and not isinstance(cell, datetime.datetime):
        return f'<c s="1"><v>{(cell - _EPOCH).days}</v></c>'
    text = "".join(letter for letter in str(cell) if letter >= " " or letter in "\t\n")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


_TABLES: dict[str, Callable[[Any], bytes]] = {
    "csv": _csv,
    "parquet": _parquet,
    "xlsx": _xlsx,
    "json": _json,
    "ndjson": _ndjson,
    "md": _markdown,
    "html": _html,
}
#: The formats of tables.
TABLES = tuple(_TABLES)
