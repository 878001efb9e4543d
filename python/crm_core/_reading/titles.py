"""Lines above the headings: no rows, but they may say what the rows are, and in which currency.

A title such as "Cancelled orders" or "All amounts in EUR" changes what a total
means. Titles are free texts, so that messages show known words of them only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import amount_meaning, headings, layouts, statuses
from .layouts import low
from .money_columns import worth
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading
    from .reading import Reading

_LEAST = 4  # letters of a word; shorter ones are parts of names


def said(reading: OrderReading) -> None:
    """Warnings; `reading` has orders and amounts."""
    if not reading.table.num_rows:
        return
    found, keys = worth(reading)
    own = amount_meaning.total(found, keys)
    for file, title in _titles(reading):
        told = {"file": file, "own": f"{own:,}"}
        if word := stopping(title):
            reading.warnings.append(Note("title_word", told | {"word": word}))


def currencies(reading: Reading) -> set[str]:
    """The codes of currencies that the lines above the headings name."""
    codes: set[str] = set()
    known = layouts.words()["titles"]["currencies"]
    for _, title in _titles(reading):
        codes |= {one for one in re.findall(r"[A-Z]{3}", title) if headings.is_code(one)}
        text = low(title)
        codes |= {code for word, code in known.items() if layouts.holds(text, word)}
    return codes


def _titles(reading: Reading) -> Iterator[tuple[str, str]]:
    for source in reading.sources:
        for title in source.titles:
            yield source.name, title


def stopping(title: str) -> str:
    """A known word in a title that says that the rows do not count; none where it is denied."""
    text = low(title)
    rules = layouts.words()["titles"]
    if any(layouts.holds(text, word) for word in rules["without"]):
        return ""
    if any(one in title for one in layouts.words()["smells"]["not_in"]):
        return ""
    words = [*rules["words"], *statuses.stopping_words(), *layouts.smells("cancelled")]
    words += layouts.smells("refunded")
    found = [
        word
        for word in words
        if len(word) >= (_LEAST if word.isascii() else 2)
        and word not in rules["not"]
        and layouts.holds(text, word)
    ]
    return max(found, key=len, default="")
