"""Columns of texts in memory, with the number that each row has in its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

import pyarrow as pa


class TextRows:
    """What spreadsheets, JSON and SQLite files become."""

    def __init__(self, encoding: str = "") -> None:
        self.encoding = encoding
        self.dropped = 0
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.headings: list[str] = []
        self._columns: dict[str, pa.Array] = {}
        self._numbers: Sequence[int] = ()
        self._of = "row"

    def row_name(self, row: int) -> str:
        """The row's number in its file."""
        return f"{self._of} {self._numbers[row]}"

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        advance(1.0)
        return pa.table({name: self._columns[name] for name in columns})


def number_text(text: str) -> str:
    """Digits without an exponent (`1e3` is 1000), unless there are unreasonably many."""
    if "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return format(number, "f") if abs(number.adjusted()) < 30 else text


def float_text(value: float) -> str:
    """A float as a spreadsheet shows it: its 15 digits, whole numbers without a point."""
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return number_text(format(value, ".15g"))
