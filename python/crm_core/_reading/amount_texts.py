"""Cells of amounts with something around the number, and what a message says of other cells.

67.47999999999999    a sum of binary floats, as programs write it
¥1,000-  1,000円-    the closing dash of Japanese prices
1,000円(税込)        a remark on tax
="12.50"            a text that spreadsheets keep
1.23450e+02         a float as programs write it
Rp12.500            signs of currencies that the core does not know
'1234               the mark of a spreadsheet
$25.00 USD           a sign and the code of its currency
$(25.00)  (1,000円)  below zero, with a sign outside or inside of the brackets
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import pyarrow as pa

from . import layouts
from .columns import mapped
from .text_rows import number_text

_NOISE = re.compile(r"-?\d+\.\d{10,}")
_DASH = re.compile(r"(?P<amount>(?:[¥￥\\]\s*[\d,，.]+|[\d,，.]+\s*円))\s*[-－ー―‐−]")
_KEPT = re.compile(r'="(?P<amount>-?[\d.,]+)"')
_POWER = re.compile(r"-?\d(\.\d+)?[eE][+-]?\d{1,2}")
_MARK = re.compile(r"'(?P<amount>-?[\d.,]+)")
_SIGN_AND_CODE = re.compile(r"-?[$€£¥]\s*(?P<amount>[\d.,]*\d\s*[A-Z]{3})")
_SHORTENED = re.compile(
    r"[^\d]{0,3}-?\d[\d.,]*\s*(k|K|m|M|mio|tsd|千|万|萬|億|亿|천|만)\.?[^\d]{0,4}"
)
_BRACKETS = re.compile(
    r"(?P<before>[^\d()\-−]{0,5})\(\s*(?P<inside>[^()\-−]*\d[^()\-−]*)\)(?P<after>[^\d()]{0,5})"
)


@dataclass(frozen=True)
class Cleaned:
    """A column with plain numbers in the rows where one was found.

    Attributes:
        column: The texts.
        rows: How many were changed.
        currencies: The currencies whose signs were taken away.
    """

    column: pa.ChunkedArray
    rows: int
    currencies: frozenset[str] = frozenset()


def cleaned(column: pa.ChunkedArray, rows: list[int]) -> Cleaned:
    """The column with plain numbers in those of its rows where one is found.

    Args:
        column: The texts.
        rows: The rows that could not be read.
    """
    texts = column.cast(pa.string())
    unread = texts.take(pa.array(rows)).to_pylist()
    changes: dict[str, str] = {}
    codes = set()
    for text in set(unread):
        bare = _without_brackets(text.strip())
        if (found := _number_in(bare)) is not None:
            changes[text] = found
        elif (signed := _signs().fullmatch(bare)) is not None:
            changes[text] = (signed["minus"] or "") + (signed["amount"] or signed["first"])
            codes.add(_codes()[(signed["before"] or signed["after"]).strip().lower()])
        elif bare != text.strip():
            changes[text] = bare
    if not changes:
        return Cleaned(column, 0)
    found = mapped(texts, lambda text: changes.get(text, text))
    return Cleaned(found, sum(text in changes for text in unread), frozenset(codes))


@cache
def _codes() -> dict[str, str]:
    return {sign.lower(): code for sign, code in layouts.words()["currency_signs"].items()}


@cache
def _signs() -> re.Pattern[str]:
    """A number behind or before the sign of a currency."""
    signs = "|".join(sorted(map(re.escape, _codes()), key=len, reverse=True))
    number = r"-?\d[\d.,' \u00a0]*"
    return re.compile(
        rf"(?P<minus>-(?!-))?\s*(?:(?P<before>{signs})\s*(?P<amount>{number})|"
        rf"(?P<first>{number})\s*(?P<after>{signs}))",
        re.IGNORECASE,
    )


@cache
def _remark() -> re.Pattern[str]:
    remarks = "|".join(map(re.escape, layouts.words()["amount_suffix"]["remarks"]))
    return re.compile(rf"(?P<amount>.*\d\s*円?)\s*[（(](?:{remarks})[）)]")


def _without_brackets(text: str) -> str:
    """An amount in brackets with the sign of one below zero; others as they are."""
    found = _BRACKETS.fullmatch(text)
    if found is None or (
        re.fullmatch(r"[\d.,\s]*", found["inside"]) and not (found["before"] or found["after"])
    ):
        return text  # plain ones are read by the core
    return f"-{found['before'].strip()}{found['inside'].strip()}{found['after'].strip()}"


def _number_in(plain: str) -> str | None:
    if _NOISE.fullmatch(plain):
        return number_text(format(float(plain), ".15g"))
    if _POWER.fullmatch(plain):
        return format(Decimal(plain).normalize(), "f")
    for pattern in (_DASH, _remark(), _MARK, _KEPT, _SIGN_AND_CODE):
        if found := pattern.fullmatch(plain):
            return found["amount"]
    return None


def is_shortened(text: str) -> bool:
    """Whether a cell is of thousands or more by a letter or a character, such as 1.2k and 3万."""
    return _SHORTENED.fullmatch(text.strip()) is not None


def described(text: str) -> str:
    """The length and the characters of a cell, without the cell."""
    kinds = []
    for name, test in (
        ("digits", str.isdigit),
        ("letters", str.isalpha),
        ("blanks", str.isspace),
        ("signs", lambda one: unicodedata.category(one)[0] in "PS"),
    ):
        if any(map(test, text)):
            kinds.append(name)
    return f"{len(text)} characters: {', '.join(kinds)}"
