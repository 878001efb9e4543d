"""Sheets of a workbook whose names say that their rows are no orders that count: Returns, 取消.

A sheet beside the one that is read is said with what it would take off or add; one that is read is
said with what it comes to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import amount_meaning, groups, layouts
from .columns import numbers
from .layouts import low
from .money_columns import worth
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading


def word_of(sheet: str) -> str:
    """The known word in a sheet's name that says that its rows do not count, or nothing."""
    text = low(sheet)
    rules = layouts.words()["titles"]
    if any(layouts.holds(text, word) for word in rules["without"]):
        return ""
    found = [word for word in layouts.words()["sheets"]["words"] if layouts.holds(text, word)]
    return max(found, key=len, default="")


def gives_back(word: str) -> bool:
    """Whether a word says that money is given back."""
    return any(low(part) in low(word) for part in layouts.words()["sheets"]["back"])


def said(reading: OrderReading) -> None:
    """Warnings; `reading` has orders and amounts."""
    found, keys = worth(reading)
    own = amount_meaning.total(found, keys)
    name = reading.arguments["amount"]
    for one in reading.apart:
        source = next(
            file for file in reading.sources if any(values is one for _, values in file.notes)
        )
        column = source.amounts_of(str(one["column"]), name)
        money = None if column is None else numbers(pa.chunked_array([column]))
        total = 0 if money is None else amount_meaning.total(groups.values(money))
        if not total:
            listed = reading.notes if money is not None else reading.warnings
            listed.append(Note("sheets", one))
            continue
        back = gives_back(str(one["word"]))
        told = {**one, "own": f"{own:,}", "amount": f"{total:,}"}
        told["less"] = f"{float(own) - abs(float(total)):,.10g}"
        told["more"] = f"{float(own) + float(total):,.10g}"
        read = back and "refunded" in reading.arguments
        listed = reading.notes if read else reading.warnings
        listed.append(Note("sheet_back" if back else "sheet_stopped", told))
    start = 0
    places = np.arange(reading.table.num_rows)
    if reading.rows.kept is not None:
        places = np.asarray(reading.rows.kept)
    for source, rows in reading.rows.parts:
        here = (places >= start) & (places < start + rows)
        start += rows
        word = word_of(getattr(source, "sheet", ""))
        if not word or reading.settings.ignores(source.sheet) or not np.any(here):
            continue
        part = groups.Values(found.numbers, found.valid & here, found.scale)
        amount = amount_meaning.total(part, keys)
        told = {"file": source.name, "column": source.sheet, "amount": f"{amount:,}"}
        told |= {"own": f"{own:,}", "less": f"{own - amount:,}", "back": f"{own - 2 * amount:,}"}
        reading.warnings.append(Note("sheet_read", told))
