"""Amounts in thousands, in 万円, in cents: what their heading or the title of the file says.

A heading never decides: the totals of both readings are shown, with the option for each.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, layouts, money_columns
from .amount_scale import scale, without
from .columns import distinct, few_texts, replaced, shown
from .headings import is_code
from .messages import say
from .settings import Note

if TYPE_CHECKING:
    from .groups import Groups, Values
    from .reading import Reading

#: Whole units of the currency in one unit of the file, by the words of `--amount-unit`.
FACTORS = {"thousands": 1_000, "ten_thousands": 10_000, "millions": 1_000_000}
_LONGEST_UNIT = 12  # characters of a cell
_SAID = {
    "cents": "cents",
    "thousands": "thousands",
    "ten_thousands": "ten thousands",
    "millions": "millions",
    "more": "larger units than one",
}


def refuse(reading: Reading) -> None:
    """Amounts of which the heading or a title says that they are not in whole units.

    Raises:
        Problem: It says so, and the user has said nothing.
    """
    _refuse(reading, lambda: money_columns.worth(reading))


def refuse_events(reading: Reading) -> None:
    """The same for amounts of events."""
    name = reading.chosen["amount"].value
    _refuse(reading, lambda: (groups.values(reading.plain_amounts(name)), None))


def _refuse(reading: Reading, worth: Callable[[], tuple[Values, Groups | None]]) -> None:
    name = reading.chosen["amount"].value
    if reading.settings.amount_unit is not None or reading._of_layout("amount"):
        return
    told = scale(name)
    where = f'the heading "{name}"'
    if not told:
        notes = [note for one in reading.sources for note in one.notes]
        units = [str(values.get("unit", "")) for code, values in notes if code == "preamble"]
        told = next(filter(None, units), "")
        where = "a line above the headings"
    if not told:
        column, told = _in_cells(reading)
        where = f'"{column}"'
    if told:
        raise Problem(
            f"{where} says that amounts are in {_SAID[told]}{_totals(worth(), told)}",
            _option(told)
            + f"{say.amount_unit:major} says that they are whole units of the currency.",
        )


def _in_cells(reading: Reading) -> tuple[str, str]:
    """A column that holds nothing but a unit of amounts.

    Raises:
        Problem: It holds several.
    """
    for name in reading.unread:
        there = name in reading.table.column_names and name not in reading.dimensions
        if not there or reading.settings.ignores(name) or not few_texts(reading.table[name]):
            continue
        column = shown(reading.table[name])
        words = [] if column is None else distinct(column)
        if not words or max(map(len, words)) > _LONGEST_UNIT:
            continue
        found = [scale(one) if not without(one) else _plain_unit(one) for one in words]
        units = {one for one in found if one is not None}
        if None in found or not units & {*FACTORS}:
            continue
        if len(units) > 1:
            raise Problem(
                f'"{name}" says that amounts are in several units: {", ".join(sorted(words))}',
                f"Write them alike in the file; {say.ignore:{name}} says that they are.",
            )
        return str(name), units.pop()
    return "", ""


def _plain_unit(word: str) -> str | None:
    """Nothing for a word of whole units of a currency; None for other words."""
    known = [*layouts.words()["amount_suffix"]["words"], *layouts.words()["currency_signs"]]
    return "" if is_code(word) or word in known else None


def _option(unit: str) -> str:
    if unit == "more":
        return "Write whole units in the file; "
    word = "minor" if unit == "cents" else unit
    return f"{say.amount_unit:{word}} says so; "


def _totals(worth: tuple[Values, Groups | None], unit: str) -> str:
    """What the amounts come to as they stand, and in whole units."""
    found, keys = worth
    own = Decimal(str(amount_meaning.total(found, keys)))
    if unit == "more":
        return f" (as they stand they come to {own:,})"
    whole = (own / 100 if unit == "cents" else own * FACTORS[unit]).normalize() + 0
    return f": as they stand they come to {own:,}, in whole units to {whole:,}"


def apply(reading: Reading, role: str, name: str) -> None:
    """A column of money in whole units, if the user says that amounts are in thousands."""
    _refuse_apart(reading, role, name)
    factor = FACTORS.get(reading.settings.amount_unit or "")
    own = scale(name)
    if factor is None or role == "quantity" or (own and own != reading.settings.amount_unit):
        return
    column = reading.table[name]
    reading.table = replaced(reading.table, name, _times(column, factor))
    reading.notes.append(Note("in_larger_units", {"column": name, "factor": factor}))


def _refuse_apart(reading: Reading, role: str, name: str) -> None:
    """Refuses money whose heading says another unit than the amount is in.

    Raises:
        Problem: It does, as `amount_refunded_cents` beside `amount`.
    """
    if role in ("amount", "quantity") or "amount" not in reading.chosen:
        return
    amount = reading.chosen["amount"].value
    said = {"minor": "cents", None: scale(amount)}.get(reading.settings.amount_unit)
    of_amount = reading.settings.amount_unit if said is None else said
    own = scale(name)
    if not own or own == of_amount or of_amount == "major" or reading._of_layout(role):
        return
    raise Problem(
        f'"{name}" says that it is in {_SAID[own]}, and "{amount}" does not',
        "Write them alike in the file. "
        f"{say.amount_unit:major} says that they are whole units of the currency.",
    )


def _times(column: pa.ChunkedArray, factor: int) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        wide = column.cast(pa.decimal128(29, column.type.scale))
        return pc.multiply(wide, pa.scalar(Decimal(factor), pa.decimal128(8, 0)))
    return pc.multiply(column, _scalar(factor, column.type))


def _scalar(factor: int, kind: pa.DataType) -> Any:
    return pa.scalar(factor, kind if not pa.types.is_integer(kind) else pa.int64())
