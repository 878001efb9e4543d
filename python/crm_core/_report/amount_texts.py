"""Cells of amounts with something around the number, and what a message says of other cells.

67.47999999999999    a sum of binary floats, as programs write it
¥1,000-  1,000円-    the closing dash of Japanese prices
1,000円(税込)        a remark on tax
'1234               the mark of a spreadsheet
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import pyarrow as pa

from . import layouts
from .columns import mapped
from .text_rows import number_text

_NOISE = re.compile(r"-?\d+\.\d{10,}")
_DASH = re.compile(r"(?P<amount>(?:[¥￥\\]\s*[\d,，.]+|[\d,，.]+\s*円))\s*[-－ー―‐−]")
_MARK = re.compile(r"'(?P<amount>-?[\d.,]+)")


def cleaned(column: pa.ChunkedArray, rows: list[int]) -> tuple[pa.ChunkedArray, int]:
    """The column with plain numbers in those of its rows where one is found, and how many.

    Args:
        column: The texts.
        rows: The rows that could not be read.
    """
    texts = column.cast(pa.string())
    unread = texts.take(pa.array(rows)).to_pylist()
    changes = {text: found for text in set(unread) if (found := _number_in(text)) is not None}
    if not changes:
        return column, 0
    return mapped(texts, lambda text: changes.get(text, text)), sum(
        text in changes for text in unread
    )


@cache
def _remark() -> re.Pattern[str]:
    remarks = "|".join(map(re.escape, layouts.words()["amount_suffix"]["remarks"]))
    return re.compile(rf"(?P<amount>.*\d\s*円?)\s*[（(](?:{remarks})[）)]")


def _number_in(text: str) -> str | None:
    plain = text.strip()
    if _NOISE.fullmatch(plain):
        return number_text(format(float(plain), ".15g"))
    for pattern in (_DASH, _remark(), _MARK):
        if found := pattern.fullmatch(plain):
            return found["amount"]
    return None


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
