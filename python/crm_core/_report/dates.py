"""Order dates written as text.

Shops export dates in their own spelling. Read without being told are the spellings in which the
year comes first, because nothing about them is ambiguous:

```text
2024-01-31   2024/1/31 12:34   2024.01.31   20240131   20240131123456   2024年1月31日 12時34分
2024-01-31T12:34:56.789Z   2024-01-31 12:34:56 +0900   2024/01/31(水) 9:05
```

`31/1/2024` and `1/31/2024` are read only with a format (`--date-format "%d/%m/%Y"`): guessing there
would swap days and months in silence. The calendar is checked (no 30 February), and so is the
clock.

Parsing is by columns, a chunk at a time and each distinct text once: one regular expression gives
year to offset as digits, integer arithmetic does the rest. The result is the wall clock as
written; the offset, where there is one, is kept beside it and the caller decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .problem import Problem

_WEEKDAY = r"(?:\s*\([月火水木金土日]\))?"
_CLOCK = r"(?:[T\s]\s*(?P<H>\d{1,2}):(?P<M>\d{1,2})(?::(?P<S>\d{1,2})(?:[.,](?P<f>\d{1,9}))?)?)?"
_ZONE = r"\s*(?P<z>Z|UTC|GMT|JST|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_SPELLINGS = (
    r"^\s*(?P<y>[12]\d{3})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    + _WEEKDAY
    + _CLOCK
    + _ZONE
    + r"\s*$",
    r"^\s*(?P<y>[12]\d{3})(?P<m>\d{2})(?P<d>\d{2})(?:[T\s]?(?P<H>\d{2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.](?P<f>\d{1,9}))?)?)?"
    + _ZONE
    + r"\s*$",
    r"^\s*(?P<y>[12]\d{3})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*日"
    + _WEEKDAY
    + r"(?:\s*(?P<H>\d{1,2})[時:](?P<M>\d{1,2})(?:分|:)?(?:(?P<S>\d{1,2})秒?)?)?(?P<f>)(?P<z>)\s*$",
)
_DIRECTIVES = {
    "Y": r"(?P<y>[12]\d{3})",
    "y": r"(?P<yy>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "%": "%",
}
_FIELDS = ("y", "m", "d", "H", "M", "S", "f", "z", "yy", "I", "p")


@dataclass(frozen=True)
class Dates:
    """A column of dates, read.

    Attributes:
        wall: The wall clock as written, `timestamp[us]`.
        offsets: Minutes east of UTC, null where the text names no zone.
        unread: Rows (from 0) that hold text which is no date.
    """

    wall: pa.ChunkedArray
    offsets: pa.ChunkedArray
    unread: list[int]

    def instants(self) -> pa.ChunkedArray:
        """The instants, as UTC; for columns in which every date names its zone."""
        minutes = pc.multiply(self.offsets.cast(pa.int64()), 60_000_000)
        micros = pc.subtract(self.wall.cast(pa.int64()), minutes)
        return micros.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))


def parse(column: pa.ChunkedArray, date_format: str | None = None) -> Dates:
    """Read a text column; null and blank stay null.

    Args:
        column: The text.
        date_format: A `strptime` format when the spelling is not one of those above.
    """
    patterns = _SPELLINGS if date_format is None else (pattern_of(date_format),)
    walls: list[pa.Array] = []
    offsets: list[pa.Array] = []
    unread: list[int] = []
    start = 0
    for chunk in column.chunks:
        coded = chunk.dictionary_encode()
        wall, offset = (one.take(coded.indices) for one in _parse(coded.dictionary, patterns))
        broken = pc.and_(
            pc.is_null(wall), pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(chunk), ""), False)
        )
        if pc.any(broken).as_py():
            unread += [start + row for row in pc.indices_nonzero(broken).to_pylist()]
        walls.append(wall)
        offsets.append(offset)
        start += len(chunk)
    return Dates(
        pa.chunked_array(walls, type=pa.timestamp("us")),
        pa.chunked_array(offsets, type=pa.int32()),
        unread,
    )


def pattern_of(date_format: str) -> str:
    """The regular expression of a `strptime` format."""
    out, seen, at = [r"^\s*"], set(), 0
    while at < len(date_format):
        if date_format[at] != "%":
            out.append(r"\s+" if date_format[at] == " " else re.escape(date_format[at]))
            at += 1
            continue
        letter = date_format[at + 1 : at + 2]
        if letter not in _DIRECTIVES or (letter in seen and letter != "%"):
            raise Problem(
                f"--date-format: %{letter} is not read here" + (" twice" if letter in seen else ""),
                'Known are %Y %y %m %d %H %I %p %M %S %f %z, for example "%m/%d/%Y %H:%M".',
            )
        seen.add(letter)
        out.append(_DIRECTIVES[letter])
        at += 2
    if not {"m", "d"} <= seen or not seen & {"Y", "y"}:
        raise Problem(
            "--date-format has to hold a year, a month and a day", 'For example "%d/%m/%Y".'
        )
    return "".join(out) + r"\s*$"


def looks_day_or_month_first(text: str) -> bool:
    """True for spellings such as 31/1/2024, which need a format."""
    return re.match(r"\s*\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}", text) is not None


def _parse(texts: pa.Array, patterns: tuple[str, ...]) -> tuple[pa.Array, pa.Array]:
    fields = _extract(texts, patterns)
    if fields["y"].null_count:
        # Full-width digits and signs, which Japanese forms are full of.
        fields = _extract(pc.utf8_normalize(texts, form="NFKC"), patterns)

    year, month, day = (_whole(fields[name]) for name in "ymd")
    hour, minute, second = (_whole(fields[name]) for name in "HMS")
    micro = _whole(pc.utf8_slice_codeunits(pc.utf8_rpad(fields["f"], 6, "0"), 0, 6))
    sane = _all(
        _between(month, 1, 12),
        _between(day, 1, 31),
        _between(hour, 0, 23),
        _between(minute, 0, 59),
        _between(second, 0, 59),
    )
    month = pc.if_else(sane, month, None)
    first = pc.binary_join_element_wise(
        year.cast(pa.string()), pc.utf8_lpad(month.cast(pa.string()), 2, "0"), "01", "-"
    ).cast(pa.date32())
    date = pc.add(first.cast(pa.int32()).cast(pa.int64()), pc.subtract(day, 1))
    # A day beyond the month's end has run into the next month.
    real = pc.equal(pc.month(date.cast(pa.int32()).cast(pa.date32())), month)
    date = pc.if_else(real, date, None)

    seconds = pc.add(pc.multiply(pc.add(pc.multiply(hour, 60), minute), 60), second)
    micros = pc.add(pc.multiply(pc.add(pc.multiply(date, 86_400), seconds), 1_000_000), micro)
    return micros.cast(pa.timestamp("us")), _offsets(fields["z"])


def _extract(texts: pa.Array, patterns: tuple[str, ...]) -> dict[str, pa.Array]:
    """The named groups of the first pattern that fits, as text; missing ones are blank."""
    found: dict[str, pa.Array] | None = None
    for pattern in patterns:
        if found is not None and not found["y"].null_count:
            break
        groups = pc.extract_regex(texts, pattern=pattern)
        names = [field.name for field in groups.type]
        blank = pc.if_else(pc.is_valid(groups), "", None).cast(pa.string())
        one = {name: pc.struct_field(groups, name) if name in names else blank for name in _FIELDS}
        one["y"] = _year(one, "yy" in names)
        if "I" in names:
            one["H"] = _twelve_hours(one["I"], one["p"])
        found = (
            one
            if found is None
            else {name: pc.coalesce(found[name], one[name]) for name in _FIELDS}
        )
    assert found is not None  # there is always a pattern
    return found


def _year(groups: dict[str, pa.Array], two_digits: bool) -> pa.Array:
    """POSIX: 69 to 99 are in the twentieth century, 00 to 68 in the twenty-first."""
    if not two_digits:
        return groups["y"]
    short = _whole(groups["yy"])
    return pc.add(short, pc.if_else(pc.less(short, 69), 2000, 1900)).cast(pa.string())


def _twelve_hours(hour: pa.Array, half: pa.Array) -> pa.Array:
    whole = _whole(hour)
    whole = pc.if_else(_between(whole, 1, 12), whole, 99)
    after_noon = pc.starts_with(pc.utf8_lower(half), "p")
    whole = pc.if_else(pc.equal(whole, 12), 0, whole)
    return pc.add(whole, pc.if_else(after_noon, 12, 0)).cast(pa.string())


def _offsets(zone: pa.Array) -> pa.Array:
    """Minutes east of UTC; a column has few distinct zones, so each is read once."""
    coded = zone.dictionary_encode()
    minutes = pa.array([_minutes(text) for text in coded.dictionary.to_pylist()], pa.int32())
    return minutes.take(coded.indices)


def _minutes(zone: str | None) -> int | None:
    if not zone:
        return None
    if zone in ("Z", "UTC", "GMT"):
        return 0
    if zone == "JST":
        return 540
    digits = zone[1:].replace(":", "").ljust(4, "0")
    value = int(digits[:2]) * 60 + int(digits[2:])
    return -value if zone[0] == "-" else value


def _whole(text: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(text, ""), "0", text).cast(pa.int64())


def _between(value: pa.Array, low: int, high: int) -> pa.Array:
    return pc.and_(pc.greater_equal(value, low), pc.less_equal(value, high))


def _all(first: Any, *rest: Any) -> pa.Array:
    for one in rest:
        first = pc.and_(first, one)
    return first
