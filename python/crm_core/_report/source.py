"""A file of rows: CSV in the encodings that shops use, or Parquet.

CSV is read by pyarrow, every field as text: an id `00012` keeps its zeros, and dates and amounts
are parsed where their column is known (`dates`, `amounts`). The encoding is the file's byte order
mark, else UTF-8 if the whole file is valid UTF-8, else whichever of Shift_JIS (in Microsoft's
extension, cp932, as carts write it) and EUC-JP decodes the whole file and knows more of its
headings.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from .headings import known_count
from .problem import Problem

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "shiftjis": "cp932",
    "sjis": "cp932",
    "ms932": "cp932",
    "windows31j": "cp932",
    "utf8sig": "utf-8",
    "utf8": "utf-8",
}
_SHEETS = (".xlsx", ".xls", ".ods", ".numbers")


class Source:
    """One file, opened far enough to know its headings."""

    def __init__(self, path: Path, encoding: str = "auto", delimiter: str = "auto") -> None:
        self.path = path
        self.encoding = ""
        self.encoding_guessed = encoding == "auto"
        self.dropped = 0
        if not path.is_file():
            raise Problem(f"there is no file {path}")
        if path.suffix.lower() in _SHEETS:
            raise Problem(
                f"{path.name} is a spreadsheet",
                "Save it as CSV (UTF-8 or Shift_JIS) or Parquet first.",
            )
        with open(path, "rb") as file:
            self.is_parquet = file.read(4) == b"PAR1"
        if self.is_parquet:
            try:
                self.headings = list(pq.ParquetFile(path).schema_arrow.names)
            except (pa.ArrowException, OSError) as error:
                raise Problem(f"{path.name} is not a whole Parquet file") from error
            return
        self.encoding = self._guess_encoding() if self.encoding_guessed else _codec(encoding)
        self.headings, self.delimiter = self._heading_line(
            None if delimiter == "auto" else delimiter
        )

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def row_name(self, row: int) -> str:
        """How a person finds row `row` (from 0): as a spreadsheet counts, headings being row 1."""
        return f"{self.path.name}, row {row + 1 if self.is_parquet else row + 2}"

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for; `advance` is told the share of the file that is done."""
        if self.is_parquet:
            return self._read_parquet(columns, advance)
        return self._read_csv(columns, advance, drop_broken)

    def _read_parquet(self, columns: Sequence[str], advance: Callable[[float], None]) -> pa.Table:
        file = pq.ParquetFile(self.path)
        groups = []
        for group in range(file.num_row_groups):
            groups.append(file.read_row_group(group, columns=list(columns)))
            advance((group + 1) / file.num_row_groups)
        return pa.concat_tables(groups) if groups else file.read(columns=list(columns))

    def _read_csv(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        broken: list[tuple[int | None, int, int]] = []

        def on_broken(row: pa_csv.InvalidRow) -> str:
            broken.append((row.number, row.expected_columns, row.actual_columns))
            return "skip" if drop_broken else "error"

        names = unique(self.headings)
        size = max(os.path.getsize(self.path), 1)
        batches: list[pa.RecordBatch] = []
        try:
            with pa.OSFile(str(self.path)) as raw:
                reader = pa_csv.open_csv(
                    pa.input_stream(raw),
                    # One thread: only then does pyarrow know the number of a broken row.
                    read_options=pa_csv.ReadOptions(
                        column_names=names,
                        skip_rows_after_names=1,
                        encoding=self.encoding,
                        use_threads=False,
                        block_size=_BLOCK,
                    ),
                    parse_options=pa_csv.ParseOptions(
                        delimiter=self.delimiter,
                        newlines_in_values=True,
                        invalid_row_handler=on_broken,
                    ),
                    convert_options=pa_csv.ConvertOptions(
                        include_columns=list(columns),
                        column_types={name: pa.string() for name in names},
                        null_values=["", "NULL", "\\N"],
                        strings_can_be_null=True,
                    ),
                )
                for batch in reader:
                    batches.append(batch)
                    advance(min(raw.tell() / size, 1.0))
                schema = reader.schema
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise self._explain(broken, error) from None  # the cause quotes the row's content
        self.dropped = len(broken)
        return pa.Table.from_batches(batches, schema)

    def _explain(self, broken: list[tuple[int | None, int, int]], error: Exception) -> Problem:
        if broken:
            number, expected, actual = broken[0]
            at = f", row {number}" if number is not None else ""
            return Problem(
                f"{self.path.name}{at}: {actual} fields where the headings have {expected}",
                "A comma or a quote inside a field that is not quoted, most often. "
                "--bad-rows drop leaves such rows out.",
            )
        if isinstance(error, UnicodeError) or "UTF8" in str(error) or "UTF-8" in str(error):
            return Problem(
                f"{self.path.name} is not valid {self.encoding}",
                "Name its encoding, for example --encoding cp932.",
            )
        if "Empty CSV" in str(error):
            return Problem(f"{self.path.name} is empty")
        return Problem(
            f"{self.path.name} cannot be read as CSV", "A quote that is never closed, most often."
        )

    def _guess_encoding(self) -> str:
        with open(self.path, "rb") as file:
            start = file.read(4)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return name
        if self._decodes("utf-8"):
            return "utf-8"
        fitting = [name for name in ("cp932", "euc_jp") if self._decodes(name)]
        if not fitting:
            raise Problem(
                f"{self.path.name} is neither UTF-8 nor Shift_JIS nor EUC-JP",
                "Name its encoding, for example --encoding latin-1.",
            )
        return max(
            fitting, key=lambda name: (known_count(self._first_row(name, None)[0]), name == "cp932")
        )

    def _decodes(self, encoding: str) -> bool:
        decoder = codecs.getincrementaldecoder(encoding)()
        with open(self.path, "rb") as file:
            try:
                while block := file.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
            except UnicodeError:
                return False
        return True

    def _heading_line(self, delimiter: str | None) -> tuple[list[str], str]:
        try:
            headings, used = self._first_row(self.encoding, delimiter)
        except UnicodeError:
            raise Problem(
                f"{self.path.name} is not valid {self.encoding}", "Try --encoding auto."
            ) from None
        if not any(heading.strip() for heading in headings):
            raise Problem(
                f"{self.path.name} has no headings in its first line",
                "The first line has to name the columns.",
            )
        return headings, used

    def _first_row(self, encoding: str, delimiter: str | None) -> tuple[list[str], str]:
        with open(self.path, "rb") as file:
            decoder = codecs.getincrementaldecoder(
                "utf-8-sig" if encoding == "utf-8" else encoding
            )()
            text = decoder.decode(file.read(_BLOCK))
        line = text.split("\n", 1)[0]
        used = delimiter or max(",\t;|", key=line.count)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=used)
        return next(rows, []), used


def _codec(name: str) -> str:
    folded = name.lower().replace("-", "").replace("_", "")
    try:
        return codecs.lookup(_NAMES.get(folded, name)).name
    except LookupError:
        raise Problem(
            f"--encoding: {name} is not known",
            "For example utf-8, cp932 (Shift_JIS), euc_jp, latin-1.",
        ) from None


def unique(headings: Sequence[str]) -> list[str]:
    """Names for pyarrow: the second of two columns called x is "x (2)"."""
    seen: dict[str, int] = {}
    names = []
    for heading in headings:
        seen[heading] = seen.get(heading, 0) + 1
        names.append(heading if seen[heading] == 1 else f"{heading} ({seen[heading]})")
    return names
