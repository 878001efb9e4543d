r"""Amounts written as text.

```text
1234   1,234   1234.50   ¥1,234   ￥1,234   1,234円   $12.50   -500   △500   (500)
\1,234 (a Shift_JIS yen sign)
```

A comma groups thousands and a point is the decimal sign. `12,50` is refused rather than read as
1,250. The result is exact: integers, or decimals of the scale found; never a float.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_SIGN = r"[-−－△▲]"
_UNIT = r"(?:[¥\\$€£₩]|[A-Z]{3})"
_SPELLING = (
    rf"^\s*(?P<open>\()?\s*(?P<minus>{_SIGN})?\s*(?P<unit>{_UNIT})?\s*(?P<inner>{_SIGN})?\s*"
    r"(?P<whole>\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(?P<part>\d{0,9}))?"
    r"\s*(?P<after>円|[A-Z]{3}|€)?\s*(?P<close>\))?\s*$"
)
_CURRENCY_OF = {"¥": "JPY", "\\": "JPY", "円": "JPY", "€": "EUR", "£": "GBP", "₩": "KRW"}


@dataclass(frozen=True)
class Amounts:
    """A column of amounts, read.

    Attributes:
        values: `int64`, or `decimal128` when some amount has a fraction.
        currencies: ISO codes that signs and codes in the text speak of. `$` speaks of none: too
            many currencies share it.
        unread: Rows (from 0) that hold text which is no amount.
    """

    values: pa.ChunkedArray
    currencies: set[str]
    unread: list[int]


def parse(column: pa.ChunkedArray) -> Amounts:
    """Read a text column; null and blank stay null."""
    read: list[_Chunk] = []
    currencies: set[str] = set()
    unread: list[int] = []
    start = 0
    for chunk in column.chunks:
        coded = chunk.dictionary_encode()  # each distinct text is read once
        one = _parse(coded.dictionary, currencies)
        text = pc.utf8_trim_whitespace(coded.dictionary)
        broken = pc.and_(pc.is_null(one.whole), pc.not_equal(text, "")).take(coded.indices)
        if pc.any(broken).as_py():
            unread += [start + row for row in pc.indices_nonzero(broken).to_pylist()]
        read.append(_Chunk(one.whole, one.part, coded.indices))
        start += len(chunk)
    return Amounts(_exact(read), currencies, unread)


@dataclass(frozen=True)
class _Chunk:
    """Distinct amounts as digits before and after the point, and which rows hold which."""

    whole: pa.Array
    part: pa.Array
    rows: pa.Array | None = None


def _parse(texts: pa.Array, currencies: set[str]) -> _Chunk:
    groups = pc.extract_regex(texts, pattern=_SPELLING)
    if groups.null_count:
        # Full-width digits and signs, which Japanese forms are full of.
        groups = pc.extract_regex(pc.utf8_normalize(texts, form="NFKC"), pattern=_SPELLING)
    one = {field.name: pc.struct_field(groups, field.name) for field in groups.type}
    for name in ("unit", "after"):
        for word in pc.unique(one[name]).to_pylist():
            code = _CURRENCY_OF.get(word or "", word or "")
            if len(code) == 3:
                currencies.add(code)
    marks = {name: pc.not_equal(one[name], "") for name in ("open", "close", "minus", "inner")}
    minuses = [marks[name].cast(pa.int8()) for name in ("open", "minus", "inner")]
    once = pc.less_equal(pc.add(pc.add(minuses[0], minuses[1]), minuses[2]), 1)
    fits = pc.fill_null(pc.and_(pc.equal(marks["open"], marks["close"]), once), False)
    negative = pc.or_(pc.or_(marks["open"], marks["minus"]), marks["inner"])
    digits = pc.replace_substring(one["whole"], ",", "")
    whole = pc.binary_join_element_wise(pc.if_else(negative, "-", ""), digits, "")
    part = pc.utf8_rtrim(one["part"], "0")
    return _Chunk(pc.if_else(fits, whole, None), pc.if_else(fits, part, None))


def _exact(read: list[_Chunk]) -> pa.ChunkedArray:
    scale = max((pc.max(pc.utf8_length(one.part)).as_py() or 0 for one in read), default=0)
    if scale == 0:
        values = [one.whole.cast(pa.int64()).take(one.rows) for one in read]
        return pa.chunked_array(values, type=pa.int64())
    kind = pa.decimal128(15 + scale, scale)
    values = []
    for one in read:
        padded = pc.utf8_rpad(one.part, scale, "0")
        text = pc.binary_join_element_wise(one.whole, padded, ".")
        values.append(text.cast(kind).take(one.rows))
    return pa.chunked_array(values, type=kind)
