"""Forms of one JSON document that holds rows: envelopes of programs, GraphQL, and frames of pandas.

{"orders": [{...}, ...], "next": null}                     an envelope, at any depth
{"data": {"orders": {"edges": [{"node": {...}}, ...]}}}    GraphQL; also "nodes"
{"columns": [...], "data": [[...], ...]}                   pandas, split; "schema" and "data"
{"order_id": [...], ...}  {"order_id": {"0": ...}, ...}    by column
{"0": {"order_id": ..., ...}, ...}                         by row
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import layouts
from .headings import known_count, names_of
from .layouts import fold
from .lists import Array

_CONNECTION = frozenset(("edges", "nodes", "pageInfo", "totalCount", "__typename", "filters"))


def connection(value: Mapping[str, Any]) -> tuple[Array, bool] | None:
    """The rows of a GraphQL connection, and whether it has more pages; None for other objects."""
    rows = value.get("edges", value.get("nodes"))
    if not set(value) <= _CONNECTION or not isinstance(rows, list):
        return None
    page = value.get("pageInfo")
    more = isinstance(page, Mapping) and str(page.get("hasNextPage")).lower() == "true"
    return Array(_node(one) for one in rows), more


def _node(one: Any) -> Any:
    """A row of an edge, whose fields are `node.id` once they are flat."""
    if not isinstance(one, Mapping) or not any(name.startswith("node.") for name in one):
        return one
    return {
        name.removeprefix("node."): cell for name, cell in one.items() if name.startswith("node.")
    }


def is_order(row: Mapping[str, Any]) -> bool:
    """Whether an object is itself a row: it has a field of orders with a plain value."""
    known = {
        fold(name) for role in ("order_id", "ordered_at", "customer_id") for name in names_of(role)
    }
    return any(fold(name) in known and not isinstance(one, Array) for name, one in row.items())


def lists_in(row: Mapping[str, Any]) -> dict[str, Array]:
    """The lists of objects in an object, by their path."""
    return {
        name: one
        for name, one in row.items()
        if isinstance(one, Array) and one and all(isinstance(each, Mapping) for each in one)
    }


def likely_list(found: Mapping[str, Array]) -> str:
    """Of several lists the one that holds the orders by its name; nothing if that does not tell."""
    known = set(map(fold, layouts.words()["headings"]["lists"]["words"]))
    named = [name for name in found if fold(name.rpartition(".")[2]) in known]
    return named[0] if len(named) == 1 else ""


def has_more(row: Mapping[str, Any]) -> bool:
    """Whether an envelope says that it is one page of several."""
    cells = {fold(name): str(one) for name, one in row.items() if one is not None}
    known = layouts.words()["headings"]["lists"]
    if any(cells.get(fold(name), "").lower() == "true" for name in known["more"]):
        return True
    if any(cells.get(fold(name), "") not in ("", "false", "0") for name in known["next"]):
        return True
    pages = [
        int(cells[fold(name)]) for name in known["pages"] if cells.get(fold(name), "").isdecimal()
    ]
    return any(one > 1 for one in pages)


def of_frame(found: Any) -> list[dict[str, Any]] | None:
    """The rows of a frame as pandas writes it, or by column; None if it is none."""
    if not isinstance(found, dict) or not found:
        return None
    columns, data = found.get("columns"), found.get("data")
    if isinstance(columns, list) and isinstance(data, list) and set(found) <= _SPLIT:
        if all(isinstance(row, list) and len(row) == len(columns) for row in data):
            return [dict(zip(map(str, columns), row, strict=True)) for row in data]
        return None
    if isinstance(found.get("schema"), dict) and isinstance(data, list):
        return data if all(isinstance(row, dict) for row in data) else None
    values = list(found.values())
    if all(isinstance(one, list) for one in values):
        plain = all(not isinstance(cell, list | dict) for one in values for cell in one)
        if plain and len({len(one) for one in values}) == 1 and known_count(found) >= 2:
            return [dict(zip(found, row, strict=True)) for row in zip(*values, strict=True)]
        return None
    if all(isinstance(one, dict) and one for one in values):
        inner = dict.fromkeys(name for one in values for name in one)
        if known_count(found) >= max(2, known_count(inner)):  # by column
            return [{name: one.get(row) for name, one in found.items()} for row in inner]
        if known_count(inner) >= 2:
            return values
    return None


_SPLIT = frozenset(("columns", "index", "data"))


def unwrapped(names: list[str]) -> dict[str, str]:
    """Names without the wrapper that all fields of orders are in, `data.order_id`; else nothing."""
    if known_count(names):
        return {}
    for wrapper in dict.fromkeys(name.partition(".")[0] for name in names if "." in name):
        inner = {
            name: name.removeprefix(f"{wrapper}.")
            for name in names
            if name.startswith(f"{wrapper}.")
        }
        if known_count(inner.values()) >= 2 and not set(inner.values()) & (set(names) - set(inner)):
            return inner
    return {}
