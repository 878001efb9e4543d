"""Order dates written as text: the core reads them (`crm_core.Orders` has the forms), this asks.

The result is the wall clock as written; the offset, if there is one, is stored separately and the
caller decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .. import _native
from .._errors import OptionError
from .._problem import Misuse
from . import calendars, digits
from .messages import say

#: Dates that only one order of day and month allows.
ORDERS = {
    "the day before the month": r"^\s*(1[3-9]|2\d|3[01])[-/.]\s?(0?[1-9]|1[0-2])[-/.]\s?\d{2,4}",
    "the month before the day": r"^\s*(0?[1-9]|1[0-2])[-/.]\s?(1[3-9]|2\d|3[01])[-/.]\s?\d{2,4}",
}

_SAMPLE = 10_000
_EITHER = r"^\s*(0?[1-9]|1[0-2])[-/.]\s?(0?[1-9]|1[0-2])[-/.]\s?\d{2,4}"
_ISO = r"^\s*\d{4}-\d{2}-\d{2}"
_DAY_TO_12 = r"^\s*\d{4}-\d{2}-(0\d|1[0-2])"


@dataclass(frozen=True)
class Dates:
    """A column of dates, read.

    Attributes:
        wall: The wall clock as written, `timestamp[us]`.
        offsets: Minutes east of UTC, null if the text has no zone.
        unread: Rows (from 0) whose text is no date, or a date with an undecided order of day and
            month.
        form: How the texts were read, such as "%d/%m/%Y"; several forms are separated by commas.
        readings: The forms that fit the whole column where more than one does, else nothing. The
            dates in question are then unread.
    """

    wall: pa.ChunkedArray
    offsets: pa.ChunkedArray
    unread: list[int]
    form: str = ""
    readings: tuple[str, ...] = ()

    def instants(self) -> pa.ChunkedArray:
        """The instants, as UTC; for columns in which every date names its zone."""
        minutes = pc.multiply(self.offsets.cast(pa.int64()), 60_000_000)
        micros = pc.subtract(self.wall.cast(pa.int64()), minutes)
        return micros.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))


def parse(column: pa.ChunkedArray, date_format: str | None = None) -> Dates:
    """Read a column of texts, or of numbers with a format; null and blank stay null.

    Args:
        column: The cells.
        date_format: A `strptime` pattern or one of the words of `crm_core.Orders`, for dates that
            the column itself does not tell; before it the name of a calendar (see `calendars`).
    """
    calendar, date_format = calendars.split(date_format)
    column = digits.plain(column)
    if calendar:
        column = calendars.common(column, calendar)
    try:
        wall, offsets, unread, form, readings = _native.read_dates(of_native(column), date_format)
    except OptionError as error:
        raise Misuse(f"{say.date_format}: {error}", 'For example "%d/%m/%Y".') from None
    return Dates(chunked(wall), chunked(offsets), unread, form, tuple(readings))


def completed(read: Dates, column: pa.ChunkedArray, calendar: str = "") -> Dates:
    """Dates read by a format, with those of the others that only one reading allows: 2024-01-31.

    Args:
        read: What the format has read.
        column: The cells.
        calendar: Their calendar.
    """
    rows = pa.array(read.unread, pa.int64())
    rest = parse(column.take(rows), calendar or None)
    if rest.readings or len(rest.unread) == len(rows):
        return read
    mask = pc.is_in(pa.array(range(len(column)), pa.int64()), value_set=rows)
    wall, offsets = (
        pc.replace_with_mask(one.combine_chunks(), mask, more.combine_chunks())
        for one, more in ((read.wall, rest.wall), (read.offsets, rest.offsets))
    )
    unread = [read.unread[at] for at in rest.unread]
    return Dates(pa.chunked_array([wall]), pa.chunked_array([offsets]), unread, read.form)


def swapped(column: pa.ChunkedArray) -> tuple[int, dict[str, int]] | None:
    """Days that a spreadsheet took for months, where it could, and left as texts elsewhere.

    Returns:
        The first row that is left as a text, and how many dates and texts there are; nothing if
        the cells do not show it.
    """
    start = pc.match_substring_regex(column.slice(0, _SAMPLE).cast(pa.string()), _ISO)
    if pc.all(start).as_py() is not False or not pc.any(start).as_py():
        return None
    cells = column.cast(pa.string())
    written = pc.match_substring_regex(cells, _ISO)
    dates_ = pc.sum(written).as_py() or 0
    if dates_ < 2 or dates_ == len(cells) - cells.null_count:
        return None
    low = pc.match_substring_regex(cells, _DAY_TO_12)
    texts = [pc.match_substring_regex(cells, one) for one in ORDERS.values()]
    for here in texts:
        count = pc.sum(here).as_py() or 0
        either = pc.and_(pc.match_substring_regex(cells, _EITHER), pc.invert(here))
        open_ = pc.sum(either).as_py() or 0
        others = count >= 1 and count + open_ >= 2
        others = others and dates_ + count + open_ == len(cells) - cells.null_count
        if others and pc.all(pc.equal(pc.and_(low, written), written)).as_py():
            at = pc.indices_nonzero(here)[0].as_py()
            return at, {"dates": dates_, "texts": count}
    return None


def of_native(column: pa.ChunkedArray) -> Any:
    """A column on its way to the native module."""
    return [("texts", ("arrow", column))]


def chunked(column: Any) -> pa.ChunkedArray:
    """A column that the native module gave."""
    return pa.chunked_array([pa.array(column)])


def looks_day_or_month_first(text: str) -> bool:
    """True for spellings such as 31/1/2024, which may need a format."""
    return re.match(r"\s*\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}", text) is not None
