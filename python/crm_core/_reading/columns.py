"""Columns of a file: text without blanks, numbers, and values that an order's lines share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from . import amounts
from .groups import Flags, Groups, valid

Bytes = npt.NDArray[np.uint8]

# A column is one of numbers when nearly all of its cells are; a stray word does not hide it.
_STRAY_CELLS = 0.05
# The first bytes in UTF-8 of all blanks that are not ASCII: U+0085, U+00A0; U+1680; U+2000; U+3000.
_BLANKS_BEGIN = np.array([0xC2, 0xE1, 0xE2, 0xE3], np.uint8)
_FEW = 200  # a column of more distinct texts is no column of words


def replaced(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    """The table with another column under a name."""
    return table.set_column(table.column_names.index(name), name, column)


def taken(column: pa.ChunkedArray, rows: pa.Array) -> pa.ChunkedArray:
    """Some cells of a column; Arrow takes none of string views."""
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column.take(rows)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text, in any of Arrow's ways."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The text of a text column, the digits of an integer one (19970131), else None."""
    if is_text(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.string())
    return None


def shown(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Any plain column as text without blanks; None for nested ones."""
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return None
    if is_text(column.type):
        return trimmed(column)
    try:
        return column.cast(pa.string())  # without blanks
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without blanks around it; blank is null. Other types stay as they are."""
    if not is_text(column.type):
        return column
    if pa.types.is_dictionary(column.type):
        chunks = [_trimmed(one.dictionary).take(one.indices) for one in column.chunks]
        return pa.chunked_array(chunks, pa.string())
    text = column.cast(pa.string())
    # A column that is as it should be stays the same one, which checks have looked at (`coded`).
    chunks = [_trimmed(one) for one in text.chunks]
    same = all(one is of for one, of in zip(chunks, text.chunks, strict=True))
    return text if same else pa.chunked_array(chunks, pa.string())


def _trimmed(texts: pa.Array) -> pa.Array:
    if pa.types.is_string(texts.type) and not np.any(_may_be_wider(texts)):
        return texts
    plain = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    same = texts.type == pa.string() and _bytes_of(plain) == _bytes_of(texts)
    if pc.any(pc.equal(pc.binary_length(plain), 0)).as_py():
        return pc.if_else(pc.equal(plain, ""), None, plain)
    return texts if same else plain


def _may_be_wider(texts: pa.Array) -> Flags:
    """Which texts may be blank or have a blank at an end, by their first and last bytes alone.

    Blanks are below "!", or of several bytes of which these are the first; see `_BLANKS_BEGIN`.
    """
    first, last = ends(texts)
    wider = (first <= 0x20) | np.isin(first, _BLANKS_BEGIN) | (last <= 0x20) | (last >= 0x80)
    return wider & valid(texts)


def ends(texts: pa.Array) -> tuple[Bytes, Bytes]:
    """The first and the last byte of each text of an array of type string; 0 of one without any."""
    first, last = np.zeros(len(texts), np.uint8), np.zeros(len(texts), np.uint8)
    _, places, data = texts.buffers()
    if data is None or not len(texts):
        return first, last
    of = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.frombuffer(data, np.uint8)
    filled = of[1:] > of[:-1]
    first[filled] = letters[of[:-1][filled]]
    last[filled] = letters[of[1:][filled] - 1]
    return first, last


def _bytes_of(texts: pa.Array) -> int:
    """The bytes of all texts together."""
    return int(pc.sum(pc.binary_length(texts)).as_py() or 0)


def numbers(column: pa.ChunkedArray, decimal: str = "auto") -> pa.ChunkedArray | None:
    """A column of numbers as floats, for comparing sums; None when it holds something else."""
    if pa.types.is_decimal(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64())
    if pa.types.is_integer(column.type):
        return column.cast(pa.float64(), safe=False)
    if not is_text(column.type):
        return None
    read = amounts.parse(column, decimal)  # of a dictionary each text once
    filled = len(column) - column.null_count
    if not filled or len(read.unread) > filled * _STRAY_CELLS:
        return None
    return read.values.cast(pa.float64())


def zero(kind: pa.DataType) -> pa.Scalar:
    """Nothing, of a column's type: of decimals Arrow casts no integer."""
    return pa.scalar(Decimal(0) if pa.types.is_decimal(kind) else 0, kind)


def mapped(column: pa.ChunkedArray, change: Callable[[str], str | None]) -> pa.ChunkedArray:
    """A text column with each distinct text changed; null stays null."""
    chunks = []
    for chunk in column.chunks:
        coded = chunk.dictionary_encode()
        changed = [None if text is None else change(text) for text in coded.dictionary.to_pylist()]
        chunks.append(pa.array(changed, pa.string()).take(coded.indices))
    return pa.chunked_array(chunks, type=pa.string())


def distinct(column: pa.ChunkedArray) -> list[str]:
    """The distinct texts of a column."""
    return [word for word in pc.unique(column).to_pylist() if word is not None]


def few_texts(column: pa.ChunkedArray) -> bool:
    """Whether a column can be one of states or kinds: texts, and few that differ."""
    if not is_text(column.type):
        return False
    start = column.slice(0, 50 * _FEW)
    return all(len(pc.unique(one)) <= _FEW for one in (start, column))


def filled_within(keys: Groups, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Nulls replaced by the first value of the same order."""
    if not column.null_count or column.null_count == len(column):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    here = valid(column)
    source = np.where(here, np.arange(len(column)), keys.each(keys.firsts(here), -1))
    return column.take(pa.array(source, mask=source < 0))


def unique(headings: Sequence[str]) -> list[str]:
    """Names of columns: the second of two called x is "x (2)"."""
    seen: dict[str, int] = {}
    names = []
    for heading in headings:
        seen[heading] = seen.get(heading, 0) + 1
        names.append(heading if seen[heading] == 1 else f"{heading} ({seen[heading]})")
    return names


def plain(text: str) -> str:
    """A text without what people vary in an id: width, case and blanks."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return "".join(text.casefold().split())


def safe(word: str) -> str:
    """A word of the file as a message shows it; what may be of a person is not shown."""
    if "@" in word or re.search(r"\d{4}", word) or len(word) > 40 or word.count(" ") > 3:
        return f"({len(word)} characters)"
    return cut(word)


def cut(word: str) -> str:
    """A word of the file, at most 40 bytes of it."""
    return word.encode()[:40].decode(errors="ignore")
