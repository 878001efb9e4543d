"""Rows as JSON: one object a line (JSON lines), one array of objects, or a form of `json_shapes`.

Objects within a row become columns with a dot, `customer.id`. Arrays within a row have no column
and are named with their fields, see `lists`; but where an order has no amount and its items have,
each item is a row. Numbers keep their digits: 19.80 never passes through a binary float.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from .._problem import Problem
from . import charset, json_shapes, layouts, lists
from .container import Container
from .headings import amount_kind, known_count, names_of
from .layouts import fold
from .lists import Array
from .messages import say
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
        self._of = "line"
        self._more = False  # whether the file is one page of several
        self._broken: list[int] = []
        numbers: list[int] = []
        values: dict[str, list[str | None]] = {}
        contents: dict[str, lists.Contents] = {}
        kept: dict[str, dict[int, Array]] = {}  # while no order has an amount of its own
        given_back: dict[str, dict[int, Array]] = {}  # lists of refunds
        priced = False
        for number, row in self._rows(text):
            for name, value in _with_pairs(row):
                if isinstance(value, Array):
                    contents.setdefault(name, lists.Contents()).add(value)
                    if lists.gives_back(name):
                        given_back.setdefault(name, {})[len(numbers)] = value
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
        if inner := json_shapes.unwrapped([*self._columns, *contents]):
            self._columns = {inner.get(name, name): one for name, one in self._columns.items()}
            contents = {inner.get(name, name): one for name, one in contents.items()}
            kept = {inner.get(name, name): one for name, one in kept.items()}
            given_back = {inner.get(name, name): one for name, one in given_back.items()}
        if self._more:
            self.notes.append(("json_more", {"file": self._name}))
        for name, of_row in given_back.items():
            self._add_up(name, contents, of_row)
        self._lists(contents, kept)
        self.headings = list(self._columns)

    def _add_up(
        self, name: str, contents: dict[str, lists.Contents], of_row: Mapping[int, Array]
    ) -> None:
        """What a list of refunds comes to in each row becomes a column."""
        path = lists.path_of_refunds(contents[name])
        if not path or f"{name}.{path}" in self._columns:
            return
        sums = {row: lists.added_up(one, path) for row, one in of_row.items()}
        if None in sums.values():
            return
        column = f"{name}.{path}"
        cells = [f"{sums.get(row) or 0:f}" for row in range(len(self._numbers))]
        self._columns[column] = pa.array(cells, pa.string())
        told = {"column": column, "list": name, "rows": contents[name].rows, "file": self._name}
        self.notes.append(("list_added_up", told))
        del contents[name]

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
                f"{say.bad_rows:drop} leaves such lines out.",
            )
        self.dropped = len(self._broken)
        return super().read(columns, advance, drop_broken)

    def _rows(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows with their numbers: of an array, of lines, or of one document."""
        if text.lstrip().startswith("["):
            self._of = "object"
            return self._array(self._parsed(text))
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        first = self._parsed(lines[0][1]) if lines else None
        if isinstance(first, Mapping) and (len(lines) > 1 or json_shapes.is_order(first)):
            return self._lines(lines, first)
        whole = first if len(lines) == 1 else self._parsed(text)
        if isinstance(whole, list):  # a connection of GraphQL
            self._of = "object"
            return self._array(whole)
        if not isinstance(whole, dict):
            return self._lines(lines, {})
        self._of = "object"
        return enumerate(self._of_document(text, whole), 1)

    def _lines(
        self, lines: Sequence[tuple[int, str]], first: Mapping[str, Any]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """An object a line, or on each line an envelope of rows."""
        wrapped = "" if json_shapes.is_order(first) else self._only_list(first)
        for number, line in lines:
            row = self._parsed(line)
            if not isinstance(row, dict):
                self._broken.append(number)
            elif wrapped:
                for one in row.get(wrapped) or ():
                    yield number, one
            else:
                yield number, row

    def _only_list(self, row: Mapping[str, Any]) -> str:
        """The list of an envelope that has nothing of an order."""
        found = json_shapes.lists_in(row)
        return next(iter(found)) if len(found) == 1 and known_count(row) < 2 else ""

    def _of_document(self, text: str, found: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a file that is one object."""
        if json_shapes.is_order(found):
            return [found]
        raw = json_shapes.of_frame(json.loads(text, parse_float=number_text, parse_int=str))
        if raw is not None:
            rows = self._parsed(json.dumps(raw))
            return rows if isinstance(rows, list) else []
        lists_found = json_shapes.lists_in(found)
        name = next(iter(lists_found), "")
        if len(lists_found) > 1:
            name = json_shapes.likely_list(lists_found)
            others = ", ".join(f'"{one}"' for one in lists_found if one != name)
            if not name:
                raise Problem(
                    f"{self._name} is one JSON object with several lists: {others}",
                    "Save the list of orders alone, as an array or with one object a line.",
                )
            values: dict[str, object] = {"file": self._name, "list": name, "others": others}
            self.notes.append(("json_lists", values))
        if not name and "\n" not in text.strip():
            return [found]
        if not name:
            raise Problem(
                f"{self._name} is one JSON object, and no list of rows is in it",
                "Save the rows as an array of objects, or with one object a line.",
            )
        self._more = self._more or json_shapes.has_more(found)
        return list(lists_found[name])

    def _array(self, rows: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        if not isinstance(rows, list):
            raise Problem(
                f"{self._name} is not a whole JSON array", "Export it again, or save it as CSV."
            )
        if rows and all(isinstance(row, list) for row in rows):
            names = [str(one) for one in rows[0]]
            if known_count(names) < 2 or any(len(row) != len(names) for row in rows):
                raise Problem(
                    f"{self._name} is an array of arrays without headings in the first",
                    "Save the rows as objects with named fields, or the headings as first row.",
                )
            rows = [dict(zip(names, map(_cell, row), strict=True)) for row in rows[1:]]
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

    def _flat(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | Array:
        """An object's fields, those of objects within it under `outer.inner`."""
        if found := json_shapes.connection(dict(pairs)):
            self._more = self._more or found[1]
            return found[0]
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


def _with_pairs(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a row, and the keys of its lists of keys that are no field themselves."""
    for name, value in row.items():
        if isinstance(value, Array) and lists.is_of_pairs(name):
            for key, cell in lists.pairs(value).items():
                yield f"{name}.{key}" if key in row else key, cell
        else:
            yield name, value


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return Array(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, Array) else str(value)
