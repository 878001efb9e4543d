"""Writes tables in the format that a file's name ends in.

    rfm.csv  rfm.parquet  rfm.xlsx  rfm.json  rfm.ndjson  rfm.md  rfm.html

An unknown ending is refused, and a file that is there is not overwritten without `--force`.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ._problem import Misuse

if TYPE_CHECKING:
    from ._report.result import Frame
    from ._table import Table

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def format_of(path: Path, known: Sequence[str], option: str = "--output") -> str:
    """The format that the ending of a path says; a `Problem` for one that is not known."""
    ending = path.suffix.lower().removeprefix(".")
    ending = {"jsonl": "ndjson", "htm": "html", "markdown": "md"}.get(ending, ending)
    if ending not in known:
        listed = ", ".join(f".{one}" for one in known)
        raise Misuse(f"{option}: {path.name} ends in none of {listed}")
    return ending


def refuse_existing(path: Path, force: bool, option: str = "--output") -> None:
    """Refuses to overwrite a file; `-` is standard output."""
    if str(path) != "-" and path.exists() and not force:
        raise Misuse(f"{option}: {path} is there already", "--force overwrites it.")


def write_table(table: Table, path: Path | None, kind: str = "csv") -> None:
    """A table as a file, or on the screen if there is no path."""
    if path is None:
        sys.stdout.buffer.write(_TEXTS[kind](table))
        sys.stdout.buffer.flush()
    elif kind == "xlsx":
        table.to_xlsx(str(path))
    elif kind == "parquet":
        table.to_parquet(str(path))
    else:
        path.write_bytes(_TEXTS[kind](table))


def write_rows(path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows as a CSV file."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(headings)
        out.writerows(rows)


def write_lists(lists: Mapping[str, Frame], folder: Path) -> None:
    """Lists of customers, a CSV file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in lists.items():
        rows = zip(*frame.columns.values(), strict=True)
        write_rows(folder / f"{name}.csv", list(frame.columns), rows)


def page_as_pdf(page: str) -> bytes:
    """A page as PDF, printed by a Chromium of this machine."""
    program = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise Misuse(
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
            raise Misuse("--output: Chromium has written no PDF", "Write .html and print it.")
        return target.read_bytes()


def _csv(table: Table) -> bytes:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    plain = pa.table(table)
    for at, field in enumerate(plain.schema):
        if pa.types.is_dictionary(field.type):  # for which CSV has no words
            cells = plain.column(at).cast(field.type.value_type)
            plain = plain.set_column(at, field.name, cells)
    out = io.BytesIO()
    arrow_csv.write_csv(plain, out)
    return out.getvalue()


def _json(table: Table) -> bytes:
    return f"{table.to_json()}\n".encode()


def _ndjson(table: Table) -> bytes:
    rows = json.loads(table.to_json() or "[]")
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def _html(table: Table) -> bytes:
    head = '<!doctype html>\n<meta charset="utf-8">\n<title>crm</title>\n'
    return f"{head}{table.to_html(rows=None)}\n".encode()


_TEXTS: dict[str, Callable[[Table], bytes]] = {
    "csv": _csv,
    "json": _json,
    "ndjson": _ndjson,
    "md": lambda table: f"{table.to_markdown()}\n".encode(),
    "html": _html,
}
#: The formats of texts, of files, and of files beside a page of their own.
TEXTS = tuple(_TEXTS)
TABLES = ("csv", "parquet", "xlsx", *TEXTS[1:])
LISTS = tuple(one for one in TABLES if one != "html")
