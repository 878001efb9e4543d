"""Ids of customers that may be several people's, or several of one person's.

Masked addresses, telephone numbers in several spellings, and addresses of tests. No id is shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, coded, groups, ids, layouts, marked_rows, money_columns
from .columns import is_text
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_MASK = r"\*{2,}|＊{2,}|[●•█■]{2,}|[Xx]{4,}|^.\*@|^[^@]*…@"
_PHONE = re.compile(r"\s*(?:\+|00)?[\d()][\d\s().\-‐–/]{6,19}")
_OWN_DIGITS = 9  # of a number without the country's; shorter ones are compared as they are
_MASKED = 0.1
_MOSTLY = 0.9


def said(reading: OrderReading) -> None:
    """Warnings; `reading` has customers and amounts."""
    name = reading.arguments["customer_id"]
    column = reading.table[name]
    if not is_text(column.type):
        return
    words = coded.words(column)
    masked = pc.sum(pc.match_substring_regex(words, _MASK)).as_py() or 0
    if masked and masked >= _MASKED * len(words):
        told = {"column": name, "ids": masked, "all": len(words)}
        reading.warnings.append(Note("masked_ids", told))
    elif several := _phones(name, words):
        reading.warnings.append(Note("near_phones", {"column": name, "ids": several}))
    if told_tests := ids.of_tests(column):
        here = groups.flags(pc.is_in(column.cast(pa.string()), value_set=ids.tests_of(column)))
        found, keys = money_columns.worth(reading)
        own = amount_meaning.total(found, keys)
        rest = amount_meaning.total(marked_rows.some_of(found, ~here), keys)
        values = {"column": name, **told_tests, "own": f"{own:,}", "without": f"{rest:,}"}
        reading.warnings.append(Note("test_mails", values))


def _phones(name: str, words: pa.Array) -> int:
    """How many telephone numbers are another one but for signs and the country's number."""
    signs = pc.match_substring_regex(words, r"^\s*\+|\d[\s().\-‐–/]+\d")
    by_name = any(part in layouts.low(name) for part in layouts.words()["phones"]["headings"])
    by_name = by_name or pc.any(pc.starts_with(words, "+")).as_py()
    if not by_name or not pc.any(signs).as_py():
        return 0
    texts = words.to_pylist()
    numbers_of = [text for text in texts if _PHONE.fullmatch(text)]
    if len(numbers_of) < _MOSTLY * len(texts):
        return 0
    return len(numbers_of) - len({_own(text) for text in numbers_of})


def _own(text: str) -> str:
    """The digits of a number behind the country's."""
    digits = re.sub(r"\D", "", text)
    return digits[-_OWN_DIGITS:] if len(digits) > _OWN_DIGITS else digits.lstrip("0")
