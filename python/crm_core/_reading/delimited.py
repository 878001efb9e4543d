"""Rows as text with delimiters: CSV and its kin.

pyarrow splits the rows, and every field stays text: an id `00012` keeps its zeros, and dates and
amounts are parsed where their column is known (`dates`, `amounts`). In the encodings whose
delimiters are those of ASCII the bytes are split as they are, and only the distinct texts of the
columns asked for are decoded: decoding a whole file of Shift_JIS takes longer than all the rest.
"""

from __future__ import annotations

import csv
import io
import os
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from .._problem import Misuse, Problem
from . import charset, heading_line, second_tables
from .columns import unique
from .container import Container
from .messages import say

_BLOCK = 1 << 20
_NULLS = ["", "NULL", "\\N"]
# A column is kept as codes where the first block has so many times more rows than texts.
_REPEATED = 4
_CODED = pa.dictionary(pa.int32(), pa.string())


class Delimited:
    """A file of delimited text, of which `text` is the start."""

    def __init__(self, container: Container, encoding: str, delimiter: str, text: str) -> None:
        self.container = container
        self.encoding = encoding
        self.dropped = 0
        self.notes: list[tuple[str, dict[str, object]]] = []
        # Rows with another number of fields: their number, what was expected, what was found.
        self._broken: list[tuple[int, int, int]] = []
        self._quotes = True
        self._skipped: list[int] = []  # records that are no rows, each less those before it
        name = container.name
        said = heading_line.said_delimiter(text)
        if delimiter != "auto" and (len(delimiter) != 1 or delimiter in '\r\n"\0'):
            raise Misuse(f'{say.delimiter}: "{delimiter}" is not one character between fields')
        used = said if delimiter == "auto" else delimiter
        self.delimiter = used or heading_line.delimiter_of(text)
        rows = heading_line.rows_of(text, self.delimiter)
        rows = [[], *rows[1:]] if said else rows
        at = heading_line.find(rows)
        if at is None:
            raise Problem(
                f"{name} is empty: it has no headings and no rows"
                if not container.size
                else f"{name} has no headings in its first lines",
                "The first line has to name the columns.",
            )
        heading_line.refuse_values(rows[at], rows[at + 1 :], name)
        self.headings = rows[at]
        rest = [row for row in rows[at + 1 : at + 50] if any(row)]
        if rest and all(len(row) == len(rows[at]) + 1 and not row[-1].strip() for row in rest):
            self.headings = [*rows[at], ""]  # a delimiter ends each row
        self._before = at + 1  # records up to the headings
        self.titles = [cell for row in rows[:at] for cell in row if cell.strip()]
        titles = sum(any(cell.strip() for cell in row) for row in rows[:at])
        if titles:
            told: dict[str, object] = {"rows": titles, "file": name, "row": at + 1}
            if unit := heading_line.unit_of(rows[:at]):
                told["unit"] = unit
            self.notes.append(("preamble", told))

    def row_name(self, row: int) -> str:
        """As a spreadsheet counts, from 1."""
        return f"row {self._before + 1 + row + bisect_right(self._skipped, row)}"

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for, as text; rows without any field are left out."""
        table = self._table(columns, advance, drop_broken)
        if self._broken:
            self._refuse_tables()
        self.dropped = len(self._broken)
        if line := self._open_quote(table.num_rows + self.dropped + self._before):
            if not self._has_plain_lines():
                raise Problem(
                    f"{self.container.name}, line {line}: a quote opens a field, and the next "
                    "one is in another row: the rows between them would be lost",
                    "A quote within a text is doubled, and the text stands in quotes: write the "
                    "field so, or without the quote.",
                )
            self._quotes = False
            table = self._table(columns, advance, drop_broken)
            self.notes.append(("unquoted", {"file": self.container.name, "line": line}))
        blank = self._blank_rows(table)
        # Blank lines at the end are nothing to speak of, and looked for without another pass.
        ends = min(self._line_ends(), len(blank))
        last = list(range(table.num_rows - ends, table.num_rows))
        gone = blank if blank == last else self._blank_everywhere(blank)
        if gone:
            keep = pc.invert(pc.is_in(pa.array(range(table.num_rows)), pa.array(gone)))
            table = table.filter(keep)
        self._count(gone)
        if len(gone) > ends:
            rows = len(gone) - ends
            self.notes.append(("blank_rows", {"rows": rows, "file": self.container.name}))
        if not table.num_rows:
            self.notes.append(("no_rows", {"file": self.container.name}))
        return table

    # ---- the bytes -------------------------------------------------------------------------------

    def _table(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for. Of a file with broken rows pyarrow is asked again, for which."""
        if self._is_ascii_based():
            try:
                return self._read_bytes(columns, advance)
            except (pa.ArrowInvalid, UnicodeError):
                pass
        kinds = dict.fromkeys(unique(self.headings), pa.string())
        self._broken.clear()
        try:
            with self.container.open() as file:
                reader = self._decoding(file, columns, kinds, drop_broken, self._broken)
                batches = [self._told(batch, file, advance) for batch in reader]
                return pa.Table.from_batches(batches, reader.schema)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise self._explain(error) from None  # the cause quotes the row's content

    def _read_bytes(self, columns: Sequence[str], advance: Callable[[float], None]) -> pa.Table:
        """Split as bytes; only the texts that differ are decoded."""
        kinds = self._kinds(columns)
        with self.container.open() as file:
            reader = self._reader(file, columns, kinds)
            batches = [self._told(self._text(batch), file, advance) for batch in reader]
            schema = pa.schema(
                [
                    (one.name, _CODED if _is_coded(one.type) else pa.string())
                    for one in reader.schema
                ]
            )
        table = pa.Table.from_batches(batches, schema)
        return table.unify_dictionaries() if table.num_rows else table

    def _told(
        self, batch: pa.RecordBatch, file: BinaryIO, advance: Callable[[float], None]
    ) -> pa.RecordBatch:
        advance(min(file.tell() / self.container.size, 1.0))
        return batch

    def _decoding(
        self,
        file: BinaryIO,
        columns: Sequence[str],
        kinds: dict[str, pa.DataType],
        drop_broken: bool,
        broken: list[tuple[int, int, int]],
    ) -> pa_csv.CSVStreamingReader:
        def on_broken(row: pa_csv.InvalidRow) -> str:
            broken.append((row.number, row.expected_columns, row.actual_columns))
            return "skip" if drop_broken else "error"

        # Under the name of `utf8` pyarrow would not decode, and hand over bytes that are no text.
        encoding = "utf_8_sig" if self.encoding == "utf-8" else self.encoding
        return self._reader(file, columns, kinds, encoding, on_broken)

    def _reader(
        self,
        file: BinaryIO,
        columns: Sequence[str],
        kinds: dict[str, pa.DataType],
        encoding: str = "utf8",
        on_broken: Callable[[pa_csv.InvalidRow], str] | None = None,
    ) -> pa_csv.CSVStreamingReader:
        return pa_csv.open_csv(
            pa.PythonFile(file, "r"),
            # One thread: only then does pyarrow know the number of a broken row.
            read_options=pa_csv.ReadOptions(
                column_names=unique(self.headings),
                skip_rows_after_names=self._before,
                encoding=encoding,
                use_threads=False,
                block_size=_BLOCK,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if self._quotes else False,
                newlines_in_values=self._quotes,
                ignore_empty_lines=False,  # they count as rows
                invalid_row_handler=on_broken,
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=kinds,
                null_values=_NULLS,
                strings_can_be_null=True,
            ),
        )

    def _is_ascii_based(self) -> bool:
        # Second bytes of Shift_JIS and its kin are letters and signs from 0x40 on.
        return self.delimiter < "\x40" and charset.is_ascii_based(self.encoding)

    def _kinds(self, columns: Sequence[str]) -> dict[str, pa.DataType]:
        """Bytes, as codes where a column repeats few texts in the first block."""
        kinds = dict.fromkeys(unique(self.headings), pa.binary())
        whole = self.container.start[: self.container.start.rfind(b"\n") + 1]
        try:
            first = next(iter(self._reader(io.BytesIO(whole), columns, kinds)), None)
        except pa.ArrowInvalid:
            return kinds  # said by the reading itself
        if first is not None and first.num_rows:
            for name, column in zip(first.schema.names, first.columns, strict=True):
                if pc.count_distinct(column).as_py() * _REPEATED <= first.num_rows:
                    kinds[name] = pa.dictionary(pa.int32(), pa.binary())
        return kinds

    def _text(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The texts of a batch of bytes."""
        columns = []
        for column in batch.columns:
            if _is_coded(column.type):
                texts = self._decoded(column.dictionary)
                columns.append(pa.DictionaryArray.from_arrays(column.indices, texts))
            elif self.encoding == "utf-8" or _is_ascii(column):
                columns.append(column.cast(pa.string()))
            else:
                coded = column.dictionary_encode()
                columns.append(self._decoded(coded.dictionary).take(coded.indices))
        return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)

    def _decoded(self, texts: pa.Array) -> pa.Array:
        if self.encoding == "utf-8" or _is_ascii(texts):
            return texts.cast(pa.string())
        return pa.array(
            [None if one is None else one.decode(self.encoding) for one in texts.to_pylist()],
            pa.string(),
        )

    # ---- quotes --------------------------------------------------------------------------------

    def _open_quote(self, records: int) -> int:
        """The line of a quote that begins a field and is closed in another row, or never; or 0.

        Args:
            records: Rows that were read. Where the file has more lines, fields go over several.
        """
        with self.container.open() as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
        if lines <= records:
            return 0
        data = self._utf8()
        mark = self.delimiter.encode()
        fields = re.compile(
            rb'(?:^|(?<=%b))"((?:[^"]|"")*)("|\Z)(.?)' % re.escape(mark), re.MULTILINE
        )
        for found in fields.finditer(data):
            within, end, behind = found.groups()
            if b"\n" not in within:
                continue
            first = data.rfind(b"\n", 0, found.start()) + 1
            last = data.find(b"\n", found.end())
            rows = data[first : last if last >= 0 else len(data)].split(b"\n")
            whole = all(row.count(mark) == len(self.headings) - 1 > 0 for row in rows)
            if whole or not end or behind not in (b"", b"\r", mark):
                return data.count(b"\n", 0, found.start()) + 1
        return 0

    def _has_plain_lines(self) -> bool:
        """Whether each line is a row without its quotes, and no field stands in quotes."""
        mark = self.delimiter.encode()
        lines = self._utf8().replace(b"\r\n", b"\n").strip(b"\n").split(b"\n")[self._before :]
        quoted = re.compile(rb'(?:^|%b)"[^"]*"(?:%b|$)' % (re.escape(mark), re.escape(mark)))
        return all(
            line.count(mark) == len(self.headings) - 1 and not quoted.search(line)
            for line in lines
            if line
        )

    def _utf8(self) -> bytes:
        with self.container.open() as file:
            data = bytes(file.read())
        return data if self._is_ascii_based() else data.decode(self.encoding).encode()

    # ---- rows that are none ----------------------------------------------------------------------

    def _blank_rows(self, table: pa.Table) -> list[int]:
        """Rows, from 0, in which every requested column is blank.

        Other columns need not be blank: a total at the end may be in any column.
        """
        blank: pa.ChunkedArray | None = None
        for column in table.columns:
            one = _blank(column)
            blank = one if blank is None else pc.and_(blank, one)
            if not pc.any(blank).as_py():
                return []
        return [] if blank is None else pc.indices_nonzero(blank).to_pylist()

    def _line_ends(self) -> int:
        """Blank lines at the end of the file."""
        if not self._is_ascii_based():
            return 0
        with self.container.open() as file:
            file.seek(max(self.container.size - _BLOCK, 0), os.SEEK_SET)
            tail = file.read().replace(b"\r\n", b"\n")
        return max(len(tail) - len(tail.rstrip(b"\r\n")) - 1, 0)

    def _blank_everywhere(self, rows: Sequence[int]) -> list[int]:
        """The rows of these that are also blank in all other columns."""
        names = unique(self.headings)
        gone: list[int] = []
        start = 0
        with self.container.open() as file:
            if self._broken or not self._is_ascii_based():
                kinds = dict.fromkeys(names, pa.string())
                reader = self._decoding(file, names, kinds, True, [])
            else:
                reader = self._reader(file, names, dict.fromkeys(names, pa.binary()))
            for batch in reader:
                here = [row - start for row in rows if start <= row < start + batch.num_rows]
                few = batch.take(pa.array(here, pa.int64())).to_pydict()
                gone += [
                    start + row
                    for at, row in enumerate(here)
                    if not any((few[name][at] or "").strip() for name in names)
                ]
                start += batch.num_rows
        return gone

    def _refuse_tables(self) -> None:
        """Refuses rows of other widths that are tables of their own."""
        with self.container.open() as file:
            try:
                text = charset.decoded(file.read(), self.encoding)
            except UnicodeError:
                return  # said by the reading itself
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)
        try:
            rows = list(reader)[self._before :]
        except csv.Error:  # a quote that is not closed
            return
        second_tables.refuse_rows(rows, self.headings, self._before, self.container.name)

    def _count(self, gone: Sequence[int]) -> None:
        """Remember which records are no rows."""
        # A record's place, from 0: pyarrow numbers broken ones so from 1, headings included.
        places = sorted(number - 1 - self._before for number, _, _ in self._broken)
        self._skipped = [place - at for at, place in enumerate(places)]
        blank = [row + bisect_right(self._skipped, row) for row in gone]
        every = sorted([*places, *blank])
        self._skipped = [place - at for at, place in enumerate(every)]

    def _explain(self, error: Exception) -> Problem:
        name = self.container.name
        if self._broken:
            try:
                self._refuse_tables()
            except Problem as problem:
                return problem
            number, expected, actual = self._broken[-1]
            return Problem(
                f"{name}, row {number}: {actual} fields where the headings have {expected}",
                "A comma or a quote inside a field that is not quoted, most often; at the end of "
                "the file a remark below the table. "
                f"{say.bad_rows:drop} leaves such rows out.",
            )
        if isinstance(error, UnicodeError) or "UTF8" in str(error) or "UTF-8" in str(error):
            return Problem(
                f"{name} is not valid {self.encoding}",
                f"Name its encoding, for example {say.encoding:cp932}.",
            )
        return Problem(f"{name} cannot be read as CSV", "A quote that is never closed, most often.")


def _blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which cells hold nothing, or spaces only."""
    if column.null_count == len(column):
        return pc.is_null(column)
    if not _is_coded(column.type):
        return pc.or_kleene(pc.is_null(column), pc.utf8_is_space(column))
    blank = [pc.utf8_is_space(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
    return pc.fill_null(pa.chunked_array(blank, pa.bool_()), True)


def _is_coded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind))


def _is_ascii(texts: pa.Array) -> bool:
    values = texts.buffers()[2]
    return values is None or bytes(values).isascii()
