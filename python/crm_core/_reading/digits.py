"""Digits of other scripts, such as ١٢٣ and १२३, which are read as 123."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

# Arabic, Persian, the scripts of India, Thai, Lao, Tibetan, Burmese, Khmer, Mongolian.
_OTHER = (
    r"[\x{0660}-\x{0669}\x{06F0}-\x{06F9}\x{0966}-\x{096F}\x{09E6}-\x{09EF}\x{0A66}-\x{0A6F}"
    r"\x{0AE6}-\x{0AEF}\x{0B66}-\x{0B6F}\x{0BE6}-\x{0BEF}\x{0C66}-\x{0C6F}\x{0CE6}-\x{0CEF}"
    r"\x{0D66}-\x{0D6F}\x{0E50}-\x{0E59}\x{0ED0}-\x{0ED9}\x{0F20}-\x{0F29}\x{1040}-\x{1049}"
    r"\x{17E0}-\x{17E9}\x{1810}-\x{1819}]"
)
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
# The signs beside Arabic digits: of decimals, of thousands, and of the direction of writing.
_SIGNS = {"٫": ".", "٬": ",", "\u200e": "", "\u200f": "", "\u061c": ""}


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts with the digits 0 to 9; the same column where there are no others."""
    kind = column.type.value_type if _is_coded(column) else column.type
    if not any(is_kind(kind) for is_kind in _TEXTS):
        return column
    parts = [one.dictionary for one in column.chunks] if _is_coded(column) else column.chunks
    return changed(column, _written) if any(map(_others, parts)) else column


def changed(column: pa.ChunkedArray, change: Callable[[str], str]) -> pa.ChunkedArray:
    """A column of texts with each distinct text changed; null stays null."""
    parts = []
    for one in column.chunks:
        coded = one if _is_coded(column) else one.cast(pa.string()).dictionary_encode()
        found = [None if text is None else change(text) for text in coded.dictionary.to_pylist()]
        parts.append(pa.array(found, pa.string()).take(coded.indices))
    return pa.chunked_array(parts, pa.string())


def _is_coded(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def _others(texts: pa.Array) -> bool:
    """Whether a text has a digit of these scripts; the core reads those of full width."""
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        texts = texts.cast(pa.string())
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return False
    return bool(pc.any(pc.match_substring_regex(texts, _OTHER)).as_py())


def _written(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(one)) if one.isdecimal() else _SIGNS.get(one, one) for one in text
    )
