"""Amounts written as text: the core reads them (`crm_core.Orders` has the forms), this asks.

The result is exact: integers, or decimals of the scale found; never a float.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from .. import _native
from . import digits
from .dates import chunked, of_native

#: Amounts that only one decimal sign allows.
SIGNS = {
    "a decimal point": r"\d\.(\d{1,2}|\d{4,})\D*$|,\d{3}\.\d",
    "a decimal comma": r"\d,(\d{1,2}|\d{4,})\D*$|\.\d{3},\d",
}


@dataclass(frozen=True)
class Amounts:
    """A column of amounts, read.

    Attributes:
        values: `int64`, or `decimal128` when some amount has a fraction.
        currencies: ISO codes of the signs and codes in the text. `$` has none: too many currencies
            share it.
        unread: Rows (from 0) whose text is no amount, or an amount with an undecided decimal sign.
        decimal: The decimal sign, "." or ",".
        ambiguous: Whether amounts such as 1.234 are unread because no value of the column decides
            the decimal sign.
    """

    values: pa.ChunkedArray
    currencies: set[str]
    unread: list[int]
    decimal: str = "."
    ambiguous: bool = False


def parse(column: pa.ChunkedArray, decimal: str = "auto") -> Amounts:
    """Read a column of texts; null and blank stay null.

    Args:
        column: The text.
        decimal: The decimal sign, or "auto": detected from the column.
    """
    column = digits.plain(column)
    values, currencies, unread, sign, ambiguous = _native.read_amounts(of_native(column), decimal)
    exact = chunked(values)
    if exact.type.scale == 0:
        exact = exact.cast(pa.int64())
    return Amounts(exact, set(currencies), unread, sign, ambiguous)


#: Signs that the core reads and does not tell, and their currencies.
SIGNS_TOLD = {
    "C$": (r"(^|[^A-Za-z])CA?\s?\$", ("CAD",)),
    "A$": (r"(^|[^A-Za-z])AU?\s?\$", ("AUD",)),
    "kr": (r"(?i)(^|[^A-Za-z])kr([^A-Za-z]|$)", ("SEK", "NOK", "DKK", "ISK")),
}


def other_signs(texts: pa.Array) -> set[str]:
    """Signs of `SIGNS_TOLD` in texts of amounts."""
    return {
        sign
        for sign, (pattern, _) in SIGNS_TOLD.items()
        if pc.any(pc.match_substring_regex(texts, pattern)).as_py()
    }
