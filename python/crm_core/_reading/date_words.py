"""Dates whose month is a word, of other languages than English, and dates in three columns."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from . import layouts
from .columns import mapped, shown
from .headings import names_of
from .layouts import fold_word

_NAMED = re.compile(
    r"\s*(?:[^\W\d_]+[,.]?\s+)?(?P<day>\d{1,2})(?:\.|er|º|°|st|nd|rd|th)?\s*(?:de\s+|d['’])?(?P<month>[^\W\d_]{3,12})\.?,?"
    r"\s*(?:de\s+|del\s+)?(?P<year>\d{4})(?:\s*г\.?)?(?P<rest>.*)",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(
    r"\s*(?P<year>\d{4})\.?(?:\s*m\.)?\s+(?P<month>[^\W\d_]{3,12})\.?\s+(?P<day>\d{1,2})\.?(?:\s*d\.)?"
    r"(?P<rest>.*)",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"[^\d]*(\d{1,2})[:h](\d{2})(:\d{2})?\s*(?:hs?\.?|uhr|ч\.?)?\s*", re.IGNORECASE)
# A name, or an offset behind one, behind or within the text.
_ZONE_NAMED = (
    r"\d.*\b[A-Z]{2,4}\)?\s*(\d{4})?$|^[A-Z][a-z]{2},? [A-Z].* \d{4}$|(UTC|GMT)\s?[+-]\d|"
    r"\[[\w/+-]+\]$|\)$"
)
_PROGRAMS = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) "
    r"(?:(?P<then>\d{4}) )?(?P<clock>\d{1,2}:\d{2}(?::\d{2})?) ?"
    r"(?P<zone>[A-Z]{2,4}|[+-]\d{2}:?\d{2})?(?: ?(?P<year>\d{4}))?"
)
_MIDNIGHT = r"^\s*(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})([ T]+)24:00(?::00)?\s*$"
_REPUBLIC = re.compile(r"\s*(?:民[國国])(\d{2,3})年(\d{1,2})月(\d{1,2})日(.*)")


def named(column: pa.ChunkedArray, rows: Sequence[int]) -> pa.ChunkedArray | None:
    """The column with plain dates in these rows, if the month of all of them is a known word.

    Args:
        column: The texts.
        rows: The rows that could not be read.
    """
    texts = column.cast(pa.string())
    unread = set(texts.take(pa.array(rows, pa.int64())).to_pylist())
    changes = {text: found for text in unread if (found := _plain(text)) is not None}
    if len(changes) < len(unread):
        return None
    return mapped(texts, lambda text: changes.get(text, text))


def _plain(text: str) -> str | None:
    if found := _REPUBLIC.fullmatch(text):
        year, month, day, rest = found.groups()
        return f"{int(year) + 1911}-{int(month):02d}-{int(day):02d}{rest}"
    found = _NAMED.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    month = None if found is None else _months().get(fold_word(found["month"]))
    if found is None or month is None:
        return None
    day = f"{found['year']}-{month:02d}-{int(found['day']):02d}"
    if not found["rest"].strip(" .,"):
        return day
    clock = _CLOCK.fullmatch(found["rest"])
    return None if clock is None else f"{day} {int(clock[1]):02d}:{clock[2]}{clock[3] or ''}"


@cache
def _months() -> dict[str, int]:
    lists = layouts.words()["months"]["names"]
    return {fold_word(name): at % 12 + 1 for at, names in enumerate(lists) for name in names}


def without_midnights(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """The texts with 24:00 as 0:00 of the next day, and how many cells had it."""
    texts = column.cast(pa.string())
    here = pc.fill_null(pc.match_substring_regex(texts, _MIDNIGHT), False)
    count = pc.sum(here).as_py() or 0
    if not count:
        return column, 0
    return mapped(texts, _next_day), count


def _next_day(text: str) -> str:
    found = re.fullmatch(_MIDNIGHT, text)
    if found is None:
        return text
    year, sign, month, _, day, between = found.groups()
    try:
        date = datetime.date(int(year), int(month), int(day)) + datetime.timedelta(days=1)
    except ValueError:
        return text
    return f"{date.year}{sign}{date.month:02d}{sign}{date.day:02d}{between}00:00"


def without_zone_names(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[str]]:
    """The texts with offsets in place of names of zones, and the names that several zones have.

    The same column where no text has one that the core does not read.
    """
    texts = column.cast(pa.string())
    words = pc.unique(texts).drop_null()
    named = words.filter(pc.match_substring_regex(words, _ZONE_NAMED))
    changes = {text: new for text in named.to_pylist() if (new := _with_offset(text)) != text}
    if not changes:
        return column, []
    several = set(layouts.words()["zones"]["several"])
    found = {word for text in changes for word in re.findall(r"[A-Z]{3,4}", text)}
    return mapped(texts, lambda text: changes.get(text, text)), sorted(found & several)


def _with_offset(text: str) -> str:
    """A text with the offset of the zone that it names; the text itself if it names none."""
    bare = re.sub(r"\s*[\[(](?!(?:UTC|GMT)?[+-])(?![A-Z]{2,4}[\])])[^\])]*[\])]\s*$", "", text)
    bare = re.sub(r"[\[(]([^\])]*)[\])]\s*$", r"\1", bare)
    bare = re.sub(r"(?:UTC|GMT)\s?(?=[+-]\d)", "", bare)
    bare = re.sub(r"([+-]\d{1,2})$", lambda one: f"{one[1][0]}{int(one[1][1:]):02d}:00", bare)
    minutes = layouts.words()["zones"]["minutes"]
    told = _PROGRAMS.fullmatch(bare)
    if told is not None and (year := told["year"] or told["then"]):
        # As Java, C and JavaScript write a moment.
        bare = f"{told['month']} {told['day']}, {year} {told['clock']} {told['zone'] or ''}".strip()
    name = re.search(r"\s?([A-Z]{2,4})$", bare)
    if name is None or name[1] not in minutes or not re.search(r":\d\d", bare):
        return bare if bare != text else text
    sign, apart = ("-", -minutes[name[1]]) if minutes[name[1]] < 0 else ("+", minutes[name[1]])
    return f"{bare[: name.start()]} {sign}{apart // 60:02d}:{apart % 60:02d}"


def in_parts(headings: Sequence[str]) -> tuple[str, ...]:
    """The columns of year, month and day, where no other column is the date of the order."""
    for triple in layouts.words()["months"]["parts"]:
        found = [layouts.column([one], headings) for one in triple]
        rest = [name for name in headings if name not in found]
        if None not in found and layouts.column(names_of("ordered_at"), rest) is None:
            return tuple(str(name) for name in found)
    return ()


def joined(table: pa.Table, parts: Sequence[str]) -> pa.Table:
    """The table with a column of days from those of year, month and day."""
    texts = [shown(table[name]) for name in parts]
    if any(text is None for text in texts):
        return table
    year, month, day = texts
    month = pc.utf8_lpad(month, 2, "0")
    day = pc.utf8_lpad(day, 2, "0")
    return table.append_column(name_of(parts), pc.binary_join_element_wise(year, month, day, "-"))


def name_of(parts: Sequence[str]) -> str:
    """The heading of the joined column."""
    return "/".join(parts)
