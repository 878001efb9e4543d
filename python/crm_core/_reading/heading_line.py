"""The row of a table's headings, and the delimiter of its fields.

Exports of shops begin with titles, periods and blank lines. The heading line is the first that has
as many fields as most lines after it, no fewer than those before it, and holds words only; or the
first with two headings that some role knows. Where no line is like that it is the first that is
not blank.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from .._problem import Problem
from . import amount_scale, layouts
from .headings import known_count
from .layouts import fold

_LOOKED_AT = 60  # lines; a preamble is shorter
_DELIMITERS = ",\t;|"
_VALUE = re.compile(
    r"[\s.,:/+\-¥￥\\$€£%()年月日時分秒TZ]*\d[\s\d.,:/+\-¥￥$€£%()円年月日時分秒TZ]*"
)

# Mail and network addresses, and times in brackets.
_OF_NO_HEADING = re.compile(r"@|\d+\.\d+\.\d+\.\d+|\[\d+/|https?://")

# [10/Oct/2025:13:55:36 of access logs.
_OF_SERVER_LOG = re.compile(r"\[\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d")


def find(rows: Sequence[Sequence[str]]) -> int | None:
    """The number of the heading line, from 0; None if all lines are blank."""
    filled = [at for at, row in enumerate(rows) if any(cell.strip() for cell in row)]
    widest = 0
    for at in filled:
        row = rows[at]
        if known_count(row) >= 2:
            return at
        after = Counter(len(rows[later]) for later in filled if later > at)
        usual = after and after[len(row)] == max(after.values())
        cells = sum(cell.strip() != "" for cell in row)
        if (usual or not after) and cells >= widest and _only_words(row):
            return at
        widest = max(widest, cells)
    return filled[0] if filled else None


def unit_of(titles: Sequence[Sequence[str]]) -> str:
    """The unit of amounts that a line above the headings says, such as 単位:千円."""
    return next(filter(None, map(amount_scale.of_title, titles)), "")


def refuse_values(row: Sequence[str], below: Sequence[Sequence[str]], name: str) -> None:
    """A file without headings: its first line is a customer's order, which no message may show."""
    cells = [cell for cell in row if cell.strip()]
    if _OF_SERVER_LOG.search(" ".join(cells)):
        raise Problem(
            f"{name} is the log of a web server, which is not read",
            "Read are tables of events with headings, such as visitor_id, occurred_at, kind and "
            "page: make one of the log.",
        )
    if of_table(row):
        return
    values = sum(
        _VALUE.fullmatch(cell) is not None or _OF_NO_HEADING.search(cell) is not None
        for cell in cells
    )
    if values * 3 >= len(cells) or any(_is_like(row, below, at) for at in range(len(row))):
        raise Problem(
            f"{name} has no headings: its first line holds values",
            "Write a line above it that names the columns.",
        )


def _is_like(row: Sequence[str], below: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a cell with a digit has the form of most of the cells below it."""
    cell = row[place]
    others = [line[place] for line in below if place < len(line) and line[place].strip()]
    alike = sum(_form(other) == _form(cell) for other in others)
    return any(map(str.isdecimal, cell)) and alike * 2 > len(others)


def _form(cell: str) -> str:
    """A cell with letters and digits replaced, so that `5 Jan 2024` is as `16 Feb 2025`."""
    plain = "".join("9" if c.isdecimal() else "a" if c.isalpha() else c for c in cell.strip())
    return re.sub(r"9+", "9", re.sub(r"a+", "a", plain))


def of_table(row: Sequence[str]) -> int:
    """How many headings of a line are known, of orders or of events."""
    events = layouts.words()["headings"]["events"]
    known = {fold(name) for names in events.values() for name in names}
    return max(known_count(row), sum(fold(cell) in known for cell in row if cell.strip()))


def _only_words(row: Sequence[str]) -> bool:
    cells = [cell for cell in row if cell.strip()]
    return len(cells) * 2 > len(row) and not any(_VALUE.fullmatch(cell) for cell in cells)


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    """The first lines, as records: a field in quotes may hold line ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        rows.extend(islice(reader, _LOOKED_AT))
    except csv.Error:  # a field of more than 128 KB, or a quote that is not closed
        return rows
    return rows


def said_delimiter(text: str) -> str:
    """Of a first line `sep=;`, as Excel writes and reads it."""
    line = re.match(r'"?sep=(.)"?[ \t]*(?:\r|\n|$)', text, re.IGNORECASE)
    return line[1] if line else ""


def delimiter_of(text: str) -> str:
    """The delimiter under which the lines have known headings and the same number of fields."""

    def fit(delimiter: str) -> tuple[int, float, int]:
        rows = rows_of(text, delimiter)
        at = find(rows)
        if at is None or len(rows[at]) < 2:
            return 0, 0.0, 0
        alike = sum(len(row) == len(rows[at]) for row in rows[at:])
        return known_count(rows[at]), alike / len(rows[at:]), len(rows[at])

    return max(_DELIMITERS, key=fit)
