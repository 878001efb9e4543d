"""Lists within a row: items, refunds, payments of an order in JSON or Parquet.

No column holds them, so they are named with their fields; what they say of refunds and
cancellations is a warning. `json_rows` reads the items where the order itself has no amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from . import layouts, states, statuses
from .headings import amount_kind, names_of
from .layouts import fold, fold_word

_FEW = 200  # different texts of a field that are looked at
_NUMBER = re.compile(r"[^\w]?-?\d[\d.,]*")


class Array(list[Any]):
    """A list within a row of JSON."""


class Contents:
    """What the lists of one column hold.

    Attributes:
        rows: Rows whose list has an element.
        fields: The fields of the elements, with some of their texts; "" is the element itself.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.fields: dict[str, dict[str, None]] = {}

    def add(self, elements: Iterable[Any]) -> None:
        """Takes in the list of one row."""
        found = list(elements)
        self.rows += bool(found)
        self._elements("", found)

    def add_column(self, column: pa.ChunkedArray) -> None:
        """Takes in a column of lists."""
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        self.rows += pc.sum(pc.greater(lengths, 0)).as_py() or 0
        self._values("", pc.list_flatten(column))

    @property
    def amounts(self) -> list[str]:
        """Fields that are amounts by their name."""
        return [
            name
            for name, texts in self.fields.items()
            if amount_kind(_leaf(name)) and all(map(_NUMBER.match, texts))
        ]

    @property
    def stops(self) -> list[str]:
        """Fields and words about cancellations and refunds."""
        told: list[str] = []
        for name, texts in self.fields.items():
            if statuses.smell(_leaf(name)) and any(not statuses.says_no(one) for one in texts):
                told.append(name)
            told += [states.known_part(one) for one in texts if states.speaks_of_stop(one)]
        return list(dict.fromkeys(told))

    def _elements(self, before: str, elements: Iterable[Any]) -> None:
        for one in elements:
            fields = one.items() if isinstance(one, Mapping) else [("", one)]
            for name, value in fields:
                path = f"{before}.{name}".strip(".")
                if isinstance(value, Array):
                    self._elements(path, value)
                elif value is not None:
                    self._text(path, str(value))

    def _values(self, path: str, values: pa.ChunkedArray | pa.Array) -> None:
        kind = values.type
        if pa.types.is_struct(kind):
            for name in (field.name for field in kind):
                self._values(f"{path}.{name}".strip("."), pc.struct_field(values, name))
        elif is_list(kind):
            self._values(path, pc.list_flatten(values))
        elif not pa.types.is_nested(kind) and not pa.types.is_binary(kind):
            for text in pc.unique(values.cast(pa.string())).drop_null()[:_FEW].to_pylist():
                self._text(path, text)

    def _text(self, path: str, text: str) -> None:
        known = self.fields.setdefault(path, {})
        if len(known) < _FEW:
            known[text] = None


def flat(table: pa.Table) -> pa.Table:
    """The fields of objects within rows as columns with a dot, `customer.id`, as in JSON."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def is_of_pairs(name: str) -> bool:
    """Whether a list is one of keys with their values, by its name."""
    return fold(_leaf(name)) in map(fold, layouts.words()["headings"]["lists"]["pairs"])


def pairs(elements: Array) -> dict[str, Any]:
    """The keys of a list of JSON with their values, the first of each key.

    A value is text, or an object with a field for each type, of which one is filled.
    """
    found: dict[str, Any] = {}
    for one in elements:
        if isinstance(one, Mapping) and isinstance(key := one.get("key"), str):
            values = (cell for name, cell in one.items() if name.partition(".")[0] == "value")
            plain = (cell for cell in values if cell is not None and not isinstance(cell, Array))
            found.setdefault(key, next(plain, None))
    return found


def gives_back(name: str) -> bool:
    """Whether a list is one of refunds or returns, by its name."""
    known = layouts.words()["headings"]["lists"]["given_back"]
    return statuses.smell(name) == "refunded" or fold(_leaf(name)) in map(fold, known)


def path_of_refunds(contents: Contents) -> str:
    """The field of a list of refunds that says what was given back, if one plainly does."""
    known = set(map(fold, names_of("refunded")))
    found = contents.amounts or [
        name
        for name, texts in contents.fields.items()
        if fold(_leaf(name)) in known and all(map(_NUMBER.match, texts))
    ]
    plain = [name for name in found if "." not in name]
    paid = [name for name in found if "transaction" in name.lower()]
    money = [name for name in found if "shopmoney" in fold(name)]
    for some in (plain, paid, money, found):
        if len(some) == 1:
            return some[0]
    return next((name for name in plain if fold(name) in ("total", "amount")), "")


def of_python(elements: Iterable[Any]) -> Array:
    """A list of a frame as one of JSON: the fields of objects in it have their path as name."""

    def fields(one: Mapping[str, Any], before: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in one.items():
            if isinstance(value, Mapping):
                found |= fields(value, f"{before}{name}.")
            else:
                found[before + name] = of_python(value) if isinstance(value, list) else value
        return found

    return Array(fields(one) if isinstance(one, Mapping) else one for one in elements)


def added_up(elements: Iterable[Any], path: str) -> Decimal | None:
    """The sum of a field of a list's elements, without its sign and without refunds that failed.

    None if a value is no number.
    """
    total = Decimal(0)
    for one in elements:
        if not isinstance(one, Mapping):
            return None
        state = str(one.get("status") or one.get("state") or "")
        if statuses.general().get(fold_word(state)) in ("payment_failed", "cancelled", "pending"):
            continue
        for name, value in one.items():
            if isinstance(value, Array) and path.startswith(f"{name}."):
                inner = added_up(value, path.removeprefix(f"{name}."))
                if inner is None:
                    return None
                total += inner
            elif name == path and value not in (None, ""):
                try:
                    total += abs(Decimal(str(value).replace(",", "")))
                except InvalidOperation:
                    return None
    return total


def is_list(kind: pa.DataType) -> bool:
    """Whether a column's type is one of lists."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


def notes(
    lists: Mapping[str, Contents], file: str
) -> tuple[list[tuple[str, dict[str, object]]], list[tuple[str, dict[str, object]]]]:
    """Warnings and notes on lists that are not read, as codes of `sentences.NOTES`."""
    told = []
    for name, one in lists.items():
        told_by_name = one.rows and (statuses.smell(name) or gives_back(name))
        words = [*([name] if told_by_name else []), *one.stops]
        if words:
            code = "lists_refunds" if all(map(_of_refunds, words)) else "lists_told"
            values = {"column": name, "rows": one.rows, "words": ", ".join(words[:5]), "file": file}
            told.append((code, values))
    some = sorted(lists, key=lambda name: not lists[name].amounts)
    shown = ", ".join(_named(name, lists[name]) for name in some[:10])
    shown += " ..." if len(some) > 10 else ""
    return told, [("arrays", {"columns": shown, "file": file})] if lists else []


def _of_refunds(word: str) -> bool:
    """Whether a word or a field is about refunds, and not about cancellations."""
    return gives_back(word) or statuses.smell(_leaf(word)) == "refunded"


def _named(name: str, contents: Contents) -> str:
    fields: Sequence[str] = [*contents.amounts, *(one for one in contents.fields if one)]
    first = list(dict.fromkeys(fields))[:5]
    return f"{name} ({', '.join(first)})" if first else name
