"""Rows as JSON: one object a line (JSON lines), or one array of objects.

Objects within a row become columns with a dot, `customer.id`. Arrays within a row have no column
and are named with their fields, see `lists`; but where an order has no amount and its items have,
each item is a row. Numbers keep their digits: 19.80 never passes through a binary float.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from . import charset, layouts, lists
from .container import Container
from .headings import amount_kind, names_of
from .layouts import fold
from .lists import Array
from .problem import Problem
from .text_rows import TextRows, number_text


class JsonRows(TextRows):
    """A file of JSON objects."""

    def __init__(self, container: Container, encoding: str) -> None:
        super().__init__(encoding)
        self._name = container.name
        try:
            with container.open() as file:
                text = charset.decoded(file.read(), encoding)
        except UnicodeError:
            raise Problem(f"{self._name} is not valid {encoding}") from None
        is_array = text.lstrip().startswith("[")
        self._of = "object" if is_array else "line"
        self._broken: list[int] = []
        numbers: list[int] = []
        values: dict[str, list[str | None]] = {}
        contents: dict[str, lists.Contents] = {}
        kept: dict[str, dict[int, Array]] = {}  # while no order has an amount of its own
        priced = False
        for number, row in self._array(text) if is_array else self._lines(text):
            for name, value in row.items():
                if isinstance(value, Array):
                    contents.setdefault(name, lists.Contents()).add(value)
                    if not priced:
                        kept.setdefault(name, {})[len(numbers)] = value
                    continue
                if name not in values and amount_kind(name):
                    priced, kept = True, {}
                column = values.setdefault(name, [])
                column += [None] * (len(numbers) - len(column))
                column.append(value)
            numbers.append(number)
        if not numbers:
            raise Problem(f"{self._name} holds no rows: no JSON object is in it")
        for name, column in values.items():
            column += [None] * (len(numbers) - len(column))
            # `customer` is null where `customer.id` is a column of other rows.
            if any(one is not None for one in column) or not any(
                other.startswith(f"{name}.") for other in values
            ):
                self._columns[name] = pa.array(column, pa.string())
        self._numbers = numbers
        self._lists(contents, kept)
        self.headings = list(self._columns)

    def _lists(
        self, contents: dict[str, lists.Contents], kept: dict[str, dict[int, Array]]
    ) -> None:
        """Names the lists within rows; items become rows where the order has no amount."""
        priced = [name for name, one in contents.items() if one.amounts]
        known = set(map(fold, layouts.words()["headings"]["items"]["words"]))
        of_items = [name for name in priced if fold(name.rpartition(".")[2]) in known] or priced
        if len(of_items) == 1 and self._are_orders_without_amount():
            items, rows = of_items[0], len(self._numbers)
            self._spread(items, kept[items])
            values = {"column": items, "rows": rows, "lines": len(self._numbers)}
            self.notes.append(("list_read", {**values, "file": self._name}))
            del contents[items]
            for name in priced:
                if name != items:
                    values = {"column": name, "items": items, "file": self._name}
                    self.notes.append(("list_beside", values))
        told, noted = lists.notes(contents, self._name)
        self.notes += [*told, *noted]

    def _are_orders_without_amount(self) -> bool:
        """Whether rows have the headings of orders, and none of an amount or of events."""
        there = set(map(fold, self._columns))
        kinds = layouts.words()["headings"]["events"]["kind"]
        return (
            not any(amount_kind(name) for name in self._columns)
            and not there & set(map(fold, kinds))
            and bool(there & {"id", *map(fold, names_of("order_id"))})
        )

    def _spread(self, items: str, of_row: Mapping[int, Array]) -> None:
        """A row for each item, with the order's values on it."""
        each: list[tuple[int, Any]] = []
        for row in range(len(self._numbers)):
            each += [(row, one) for one in of_row.get(row, []) or [None]]
        at = pa.array([row for row, _ in each])
        self._columns = {name: column.take(at) for name, column in self._columns.items()}
        self._numbers = [self._numbers[row] for row, _ in each]
        if not {fold(name) for name in self._columns} & set(map(fold, names_of("order_id"))):
            self._columns["order_id"] = self._columns.pop("id")
        fields = dict.fromkeys(name for _, one in each if isinstance(one, dict) for name in one)
        for name in fields:
            cells = [one.get(name) if isinstance(one, dict) else None for _, one in each]
            cells = [None if isinstance(cell, Array) else cell for cell in cells]
            heading = f"{items}.{name}" if name in self._columns else name
            self._columns[heading] = pa.array(cells, pa.string())

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        if self._broken and not drop_broken:
            more = f" (and {len(self._broken) - 1} more)" if len(self._broken) > 1 else ""
            raise Problem(
                f"{self._name}, line {self._broken[0]}: not a JSON object{more}",
                "--bad-rows drop leaves such lines out.",
            )
        self.dropped = len(self._broken)
        return super().read(columns, advance, drop_broken)

    def _lines(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            row = self._parsed(line)
            if isinstance(row, dict) and number == 1 and (rows := self._only_list(text, row)):
                yield from rows
                return
            if isinstance(row, dict):
                yield number, row
            elif number == 1 and isinstance(found := self._parsed(text), dict):
                columns = [name for name, one in found.items() if isinstance(one, Array)]
                if len(columns) == 1 and (rows := self._within(text, columns[0])):
                    yield from rows
                    return
                raise Problem(
                    f"{self._name} is one JSON object, not a list of rows",
                    "Save its list alone, as an array or with one object a line.",
                )
            else:
                self._broken.append(number)

    def _only_list(self, text: str, row: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
        """The rows of a file that is one object with a list of them, on one line."""
        names = [name for name, one in row.items() if isinstance(one, Array)]
        of_orders = {*names_of("order_id"), *names_of("ordered_at"), *names_of("customer_id")}
        known = set(map(fold, of_orders)) & set(map(fold, row))
        if len(names) != 1 or known or len(text.strip().split("\n")) > 1:
            return []
        return self._within(text, names[0])

    def _within(self, text: str, name: str) -> list[tuple[int, dict[str, Any]]]:
        """The rows of an object's only list."""
        found = json.loads(text, parse_float=str, parse_int=str)
        rows = found.get(name) if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return []
        listed = self._parsed(json.dumps(rows))
        return list(enumerate(listed, 1)) if isinstance(listed, list) else []

    def _array(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = self._parsed(text)
        if not isinstance(rows, list):
            raise Problem(
                f"{self._name} is not a whole JSON array", "Export it again, or save it as CSV."
            )
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                raise Problem(f"{self._name}, object {number}: not a JSON object")
            yield number, row

    def _parsed(self, text: str) -> Any:
        """The value, or None if the text is no JSON."""
        try:
            return json.loads(
                text,
                parse_float=number_text,
                parse_int=str,
                parse_constant=str,
                object_pairs_hook=self._flat,
            )
        except (ValueError, RecursionError):
            return None

    def _flat(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object's fields, those of objects within it under `outer.inner`."""
        row: dict[str, Any] = {}
        for name, value in pairs:
            if isinstance(value, dict):
                inner = {f"{name}.{key}": one for key, one in value.items()}
            else:
                inner = {name: _cell(value)}
            if twice := next((key for key in inner if key in row), None):
                raise Problem(f'{self._name}: an object has two fields called "{twice}"')
            row |= inner
        return row


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return Array(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, Array) else str(value)
