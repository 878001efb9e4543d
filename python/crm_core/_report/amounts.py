"""Amounts written as text.

```text
1234   1,234   1234.50   ¥1,234   ￥1,234   \\1,234 (a Shift_JIS yen sign)   1,234円   $12.50   -500   △500   (500)
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
        currencies: ISO codes that signs and codes in the text speak of. `$` speaks of none: too many
            currencies share it.
        unread: Rows (from 0) that hold text which is no amount.
    """

    values: pa.ChunkedArray
    currencies: set[str]
    unread: list[int]


def parse(column: pa.ChunkedArray) -> Amounts:
    """Read a text column; null and blank stay null."""
    signed: list[pa.Array] = []
    parts: list[pa.Array] = []
    currencies: set[str] = set()
    unread: list[int] = []
    start = 0
    for chunk in column.chunks:
        groups = pc.extract_regex(chunk, pattern=_SPELLING)
        if groups.null_count > chunk.null_count:
            groups = pc.extract_regex(pc.utf8_normalize(chunk, form="NFKC"), pattern=_SPELLING)
        one = {field.name: pc.struct_field(groups, field.name) for field in groups.type}
        marks = {name: pc.not_equal(one[name], "") for name in ("open", "close", "minus", "inner")}
        minuses = [marks[name].cast(pa.int8()) for name in ("open", "minus", "inner")]
        once = pc.less_equal(pc.add(pc.add(minuses[0], minuses[1]), minuses[2]), 1)
        fits = pc.fill_null(pc.and_(pc.equal(marks["open"], marks["close"]), once), False)
        broken = pc.and_(
            pc.invert(fits), pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(chunk), ""), False)
        )
        if pc.any(broken).as_py():
            unread += [start + row for row in pc.indices_nonzero(broken).to_pylist()]
        for name in ("unit", "after"):
            for word in pc.unique(one[name]).to_pylist():
                code = _CURRENCY_OF.get(word or "", word or "")
                if len(code) == 3:
                    currencies.add(code)
        negative = pc.or_(pc.or_(marks["open"], marks["minus"]), marks["inner"])
        whole = pc.replace_substring(one["whole"], ",", "")
        whole = pc.binary_join_element_wise(pc.if_else(negative, "-", ""), whole, "")
        signed.append(pc.if_else(fits, whole, None))
        parts.append(pc.if_else(fits, pc.utf8_rtrim(one["part"], "0"), None))
        start += len(chunk)
    return Amounts(_exact(signed, parts), currencies, unread)


def _exact(signed: list[pa.Array], parts: list[pa.Array]) -> pa.ChunkedArray:
    scale = max((pc.max(pc.utf8_length(part)).as_py() or 0 for part in parts), default=0)
    if scale == 0:
        return pa.chunked_array([whole.cast(pa.int64()) for whole in signed], type=pa.int64())
    kind = pa.decimal128(15 + scale, scale)
    texts = [
        pc.binary_join_element_wise(whole, pc.utf8_rpad(part, scale, "0"), ".")
        for whole, part in zip(signed, parts, strict=True)
    ]
    return pa.chunked_array([text.cast(kind) for text in texts], type=kind)
