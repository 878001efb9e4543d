"""A file of rows, in every form in which shops hand them over.

The kind of a file is decided by its first bytes, not by its name: delimited text in the encodings
that shops use (`delimited`), spreadsheets (`workbook`), JSON (`json_rows`), Parquet and Arrow
(`columnar`), SQLite and DuckDB (`databases`); packed, from standard input, or through a pipe
(`container`). What is none of these is said in one sentence.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from .._problem import Problem
from . import charset
from .columnar import Arrow, Directory, Parquet
from .container import Container
from .databases import DuckDb, Sqlite
from .delimited import Delimited
from .json_rows import JsonRows
from .messages import say
from .workbook import Workbook

_NO_TABLES = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"FEA1", "a Feather file of 2019 or before"),
)
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|table|\?xml)", re.I)


class Form(Protocol):
    """The interface of a kind of file."""

    headings: list[str]
    encoding: str
    dropped: int
    notes: list[tuple[str, dict[str, object]]]

    def row_name(self, row: int) -> str:
        """How a person finds row `row` (from 0) in the file."""

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""


class Source:
    """One file, opened far enough to know its headings.

    Attributes:
        path: The file; a sheet, a table or a file of an archive is named behind `#`.
        headings: The names of its columns.
        encoding: Of a text file; else empty.
        encoding_guessed: Whether the encoding comes from the bytes.
    """

    def __init__(self, path: Path, encoding: str = "auto", delimiter: str = "auto") -> None:
        self.path = path
        self.encoding_guessed = encoding == "auto"
        self._kept: pa.Array | None = None
        self._form = _opened(path, encoding, delimiter)
        self.headings = self._form.headings
        self.encoding = self._form.encoding

    @property
    def dropped(self) -> int:
        """Rows that were left out because they could not be read."""
        return self._form.dropped

    @property
    def notes(self) -> list[tuple[str, dict[str, object]]]:
        """What was left out, as codes of `sentences.NOTES` with their values."""
        return self._form.notes

    @property
    def titles(self) -> Sequence[str]:
        """The texts above the headings."""
        found: Sequence[str] = getattr(self._form, "titles", ())
        return found

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def row_name(self, row: int) -> str:
        """How a person finds row `row` (from 0): by its number in the file."""
        place = row if self._kept is None else self._kept[row].as_py()
        return f"{self.path.name}, {self._form.row_name(place)}"

    def refuse_formulas(self, names: Sequence[str]) -> None:
        """Refuses columns of a spreadsheet in which a formula has no value."""
        if isinstance(self._form, Workbook):
            self._form.refuse_formulas(names)

    def currencies(self, name: str) -> dict[str, str]:
        """The currencies that cells of a column are formatted as, and a row of each."""
        found = self._form.currencies(name) if isinstance(self._form, Workbook) else {}
        return {code: f"{self.name}, {row}" for code, row in found.items()}

    @property
    def sheet(self) -> str:
        """The sheet of a workbook that is read, else nothing."""
        return self._form.sheet if isinstance(self._form, Workbook) else ""

    def amounts_of(self, sheet: str, name: str) -> pa.Array | None:
        """The amounts of another sheet of a workbook, if it has any."""
        return self._form.amounts_of(sheet, name) if isinstance(self._form, Workbook) else None

    def keep(self, rows: pa.Array | None) -> None:
        """Remember that only these of the rows that were read are left (from 0)."""
        self._kept = rows

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The requested columns; `advance` is called with the share of the file that is done."""
        return self._form.read(columns, advance, drop_broken)


def sources_of(paths: Sequence[Path], encoding: str, delimiter: str) -> list[Source]:
    """The files that were named, and the files that match patterns such as `orders/*.csv`."""
    named: list[Path] = []
    for path in paths:
        text = str(path)
        if re.search(r"[\n\0]", text) or any(len(os.fsencode(one)) > 255 for one in path.parts):
            raise Problem(
                f"a text of {len(text):,} characters is no path: it may be the content of a file",
                "Write it to a file and give its path, or hand over a frame.",
            )
        before, sign, part = _parted(path)
        if not glob.has_magic(str(before)) or path.exists():
            named.append(path)
            continue
        found = sorted(glob.glob(str(before), recursive=True))
        if not found:
            raise Problem(f"no file is called {before}")
        named += [Path(f"{one}{sign}{part}") for one in found]
    return [Source(path, encoding, delimiter) for path in named]


def alike(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """The same columns of several files, as text where some file has text.

    A form that knows no types, such as CSV, has texts only; and each file has its own codes.
    """
    same = list(tables)
    for place, name in enumerate(tables[0].column_names):
        kinds = {_value_type(table[name].type) for table in tables}
        if len({table[name].type for table in tables}) == 1 or not any(map(_is_text, kinds)):
            continue
        if not all(_is_text(kind) or _has_text(kind) for kind in kinds):
            continue
        for at, table in enumerate(same):
            same[at] = table.set_column(place, name, table[name].cast(pa.string()))
    return same


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _has_text(kind: pa.DataType) -> bool:
    """Whether the text of a value has the exact value; that of a float may not."""
    naive = pa.types.is_timestamp(kind) and kind.tz is None
    return bool(pa.types.is_integer(kind) or pa.types.is_date(kind) or naive)


def _opened(path: Path, encoding: str, delimiter: str) -> Form:
    path, _, part = _parted(path)
    if path.is_dir():
        return Directory(path)
    container = Container(path, part)
    start, name = container.start, container.name
    if container.is_workbook or start.startswith(b"\xd0\xcf\x11\xe0"):
        return Workbook(container, container.part)
    if start.startswith(b"SQLite format 3\0"):
        return Sqlite(container, container.part)
    if start[8:12] == b"DUCK":
        return DuckDb(container, container.part)
    if container.part:
        raise Problem(f"{name} has no sheets or tables to name with #{container.part}")
    if start.startswith(b"PAR1"):
        return Parquet(container)
    if start.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return Arrow(container)
    what = next((what for mark, what in _NO_TABLES if start.startswith(mark)), "")
    if not what and start[257:262] == b"ustar":
        what = "an archive (tar)"
    if what:
        raise Problem(f"{name} is {what}, not a table", "Export the orders as CSV.")
    if _WEB_PAGE.match(start):
        raise Problem(
            f"{name} is a web page (HTML or XML), not a table",
            "Often the page of an error or a login was saved, or the shop calls a page a "
            "spreadsheet: open it, and save it as CSV.",
        )
    return _text(container, encoding, delimiter)


def _parted(path: Path) -> tuple[Path, str, str]:
    """The file, `#` and the name of a sheet, a table or a file in an archive behind it.

    The file's own name may have the sign, and a file in an archive lies in folders.
    """
    text = str(path)
    if path.exists() or "#" not in text:
        return path, "", ""
    for at in (one.start() for one in re.finditer("#", text)):
        if Path(text[:at]).is_file():
            return Path(text[:at]), "#", text[at + 1 :]
    before, sign, part = text.rpartition("#")
    return Path(before), sign, part


def _text(container: Container, encoding: str, delimiter: str) -> Form:
    if encoding == "auto":
        with container.open() as file:
            encoding = charset.guess(file, container.name)
    else:
        encoding = charset.named(encoding)
    try:
        start = charset.decoded(container.start, encoding)
    except UnicodeError:
        raise Problem(
            f"{container.name} is not valid {encoding}", f"Try {say.encoding:auto}."
        ) from None
    # A heading may be {a_placeholder}; an object begins with a name in quotes.
    if re.match(r'\s*(?:\{\s*["}]|\{\s*$|\[\s*[{\]\[])', start):
        return JsonRows(container, encoding)
    return Delimited(container, encoding, delimiter, start)
