"""Years of other calendars: 2567 of the Buddhist era, 113 of the Republic of China, 1403 of Iran.

    Buddhist era     the common year + 543, with the common months and days (Thailand)
    Republic         the common year - 1911, with the common months and days (Taiwan)
    Persian          a year begins in March; months of 31, 31, ... 30, and 29 or 30 days
    Islamic          months begin when the moon is seen: no rule, and so no option

Nothing is converted unless the user names the calendar: `--date-format buddhist`, before a format
`--date-format "buddhist %d/%m/%Y"`. The days of Persian years are those of K. M. Borkowski, "The
Persian calendar for 3000 years" (Earth, Moon and Planets 74, 1996), in the years of which the leap
years follow a cycle of 33.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import digits, layouts
from .messages import say

if TYPE_CHECKING:
    from .settings import Rows

#: Calendars that the user may name.
NAMED = ("buddhist", "minguo", "persian")

_APART = r"[-/.年\s]"
# A year where a date has one: first, last, or before month and day without a sign.
_YEAR = rf"^\s*{{0}}{_APART}|^\s*{{0}}(0\d|1[0-2])([0-2]\d|3[01])(\D|$)|[-/.,\s]{{0}}(\D|$)"
_YEARS = {
    "buddhist": r"(25[3-9]\d|26[0-3]\d)",
    "persian": r"(13[6-9]\d|14[0-2]\d)",
    "islamic": r"(14[3-9]\d)",
    "minguo": r"^\s*(民[國国]\s*)?1[0-3]\d[-/.]\d{1,2}[-/.]\d{1,2}",
}
_COMMON = r"(^|\D)(19|20)\d\d(\D|$)|^\s*(19|20)\d{6}"  # 2024-01-05 1405 is of two in the afternoon
_SAMPLE = 10_000
_MOST = 0.5  # of the dates of a column; fewer are slips of somebody's hand


def split(date_format: str | None) -> tuple[str, str | None]:
    """The calendar that a format names, and the rest of it."""
    first, _, rest = (date_format or "").partition(" ")
    return (first, rest.strip() or None) if first in NAMED else ("", date_format)


def refuse(name: str, text: pa.ChunkedArray, rows: Rows) -> None:
    """Asks about a column whose years are those of another calendar.

    Raises:
        Problem: Most dates have such years.
    """
    start = _words(text.slice(0, _SAMPLE))
    for calendar in _YEARS:
        if len(start) and len(_of(start, calendar)) >= _MOST * len(start):
            words = _words(text)
            told = _of(words, calendar)
            if len(told) < _MOST * len(words):
                continue
            here = pc.is_in(text.cast(pa.string()), value_set=told)
            first = rows.name(pc.index(here, True).as_py())
            raise Problem(
                f"column {name}: {pc.sum(here).as_py()} dates have {_SAID[calendar][0]} (the first "
                f"in {first})",
                _SAID[calendar][1],
            )


def _words(text: pa.ChunkedArray) -> pa.Array:
    words = pc.unique(text.cast(pa.string())).drop_null()
    return words.filter(pc.invert(pc.match_substring_regex(words, r"^\s*$")))


def _of(words: pa.Array, calendar: str) -> pa.Array:
    """The texts with a year of a calendar, and none of the common one."""
    years = _YEARS[calendar]
    pattern = years if calendar == "minguo" else _YEAR.replace("{0}", years)
    told = words.filter(pc.match_substring_regex(words, pattern))
    return told.filter(pc.invert(pc.match_substring_regex(told, _COMMON)))


_SAID = {
    "buddhist": (
        "years of the Buddhist era, from 2533 to 2639",
        f"{say.date_format:buddhist} reads them as 543 years less; a format of days and months "
        f"goes behind it, such as {say.date_format:buddhist %d/%m/%Y}.",
    ),
    "minguo": (
        "years of the Republic of China, of three digits",
        f"{say.date_format:minguo} reads them as 1911 years more.",
    ),
    "persian": (
        "years from 1360 to 1429, of the Persian or of the Islamic calendar",
        f"{say.date_format:persian} reads those of the Persian one; write the others in the file "
        "as days of the common calendar.",
    ),
    "islamic": (
        "years from 1430 to 1499, of the Islamic calendar",
        "Its months begin when the moon is seen, which no rule tells: write the days in the file "
        "as those of the common calendar.",
    ),
}


def written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days of a file that knows days, as texts where their years are far from ours."""
    if not pa.types.is_date(column.type) and not pa.types.is_timestamp(column.type):
        return column
    ends = pc.min_max(pc.year(column))
    if column.type == pa.date64() or not ends["min"].is_valid:
        return column
    if ends["min"].as_py() > 1700 and ends["max"].as_py() < 2262:
        return column
    zone = getattr(column.type, "tz", None)
    return column if zone else pc.strftime(column, format="%Y-%m-%d %H:%M:%S")


def common(column: pa.ChunkedArray, calendar: str) -> pa.ChunkedArray:
    """Texts of dates of a calendar as those of the common one; other texts stay as they are."""
    return digits.changed(column, _CONVERTED[calendar])


def _buddhist(text: str) -> str:
    text = _with_months(re.sub(r"พ\.?ศ\.?\s*", "", text), "thai")
    if year := re.match(r"\s*(\d{1,2}[-/.]\d{1,2}[-/.])(\d{2})(?!\d)", text):
        return f"{year[1]}{2500 + int(year[2]) - 543}{text[year.end() :]}"
    return _years(text, r"2[4-6]\d\d", lambda year: year - 543)


def _minguo(text: str) -> str:
    bare = re.sub(r"^\s*民[國国]\s*", "", text)
    found = re.match(r"\s*(\d{2,3})(?=[-/.年]|\d{4}(?!\d))", bare)
    return text if found is None else f"{int(found[1]) + 1911}{bare[found.end() :]}"


def _persian(text: str) -> str:
    text = _with_months(text, "persian")
    for pattern, order in (
        (r"\s*(1[34]\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", (1, 2, 3)),
        (r"\s*(1[34]\d\d)(\d\d)(\d\d)(?!\d)", (1, 2, 3)),
        (r"\s*(\d{1,2})[-/.](\d{1,2})[-/.](1[34]\d\d)(?!\d)", (3, 2, 1)),
    ):
        if found := re.match(pattern, text):
            day = persian_day(*(int(found[at]) for at in order))
            return text if day is None else f"{day.isoformat()}{text[found.end() :]}"
    return text


def persian_day(year: int, month: int, day: int) -> datetime.date | None:
    """The common day of a Persian one of the years 1178 to 1633; None if there is no such day."""
    if not (1178 <= year <= 1633 and 1 <= month <= 12 and day >= 1):
        return None
    past = (month - 1) * 31 if month <= 7 else 186 + (month - 7) * 30
    length = 31 if month <= 6 else 30 if month <= 11 else 29 + _leap(year)
    if day > length:
        return None
    # 1403-01-01 is 2024-03-20.
    years = range(min(year, 1403), max(year, 1403))
    days = sum(365 + _leap(one) for one in years)
    start = datetime.date(2024, 3, 20).toordinal() + (days if year >= 1403 else -days)
    return datetime.date.fromordinal(start + past + day - 1)


def _leap(year: int) -> bool:
    """Eight years of 33; of the years 1178 to 1633."""
    return year % 33 in (1, 5, 9, 13, 17, 22, 26, 30)


def _years(text: str, pattern: str, change: Callable[[int], int]) -> str:
    """A text with its year changed: at its start, or behind a sign or a blank."""
    return re.sub(
        rf"(?<![\d:])({pattern})(?=(?:0\d|1[0-2])(?:[0-2]\d|3[01])(?!\d)|\D|$)",
        lambda year: str(change(int(year[1]))),
        text,
        count=1,
    )


def _with_months(text: str, calendar: str) -> str:
    """A text with the number of a month in place of its name."""
    for name, month in _months(calendar):
        if name in text:
            before, _, behind = text.partition(name)
            day = re.search(r"(\d{1,2})\D*$", before)
            year = re.match(r"\D*(\d{4})", behind)
            if day is not None and year is not None:
                return f"{year[1]}-{month:02d}-{int(day[1]):02d}{behind[year.end() :]}"
    return text


@cache
def _months(calendar: str) -> list[tuple[str, int]]:
    lists = layouts.words()["calendars"][calendar]
    found = [(name, at + 1) for at, names in enumerate(lists) for name in names]
    return sorted(found, key=lambda one: -len(one[0]))


_CONVERTED: dict[str, Callable[[str], str]] = {
    "buddhist": _buddhist,
    "minguo": _minguo,
    "persian": _persian,
}
