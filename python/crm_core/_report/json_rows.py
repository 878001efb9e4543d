"""Rows as JSON: one object a line (JSON lines), or one array of objects.

Objects within a row become columns with a dot, `customer.id`; arrays within a row have no column
and are named. Numbers keep their digits: 19.80 never passes through a binary float.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from . import charset
from .container import Container
from .problem import Problem
from .text_rows import TextRows, number_text

_ARRAY = object()


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
        arrays: dict[str, None] = {}
        for number, row in self._array(text) if is_array else self._lines(text):
            for name, value in row.items():
                if value is _ARRAY:
                    arrays[name] = None
                    continue
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
        self.headings = list(self._columns)
        self._numbers = numbers
        if arrays:
            shown = ", ".join(list(arrays)[:10]) + (" ..." if len(arrays) > 10 else "")
            self.notes.append(("arrays", {"columns": shown, "file": self._name}))

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
            if isinstance(row, dict):
                yield number, row
            elif number == 1 and isinstance(found := self._parsed(text), dict):
                columns = [name for name, one in found.items() if one is _ARRAY]
                if len(columns) == 1 and (rows := self._within(text, columns[0])):
                    yield from rows
                    return
                raise Problem(
                    f"{self._name} is one JSON object, not a list of rows",
                    "Save its list alone, as an array or with one object a line.",
                )
            else:
                self._broken.append(number)

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
        """The value, or None where the text is no JSON."""
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
        return _ARRAY
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or value is _ARRAY else str(value)
