"""Lists in the cells of a table: of Parquet, DuckDB and frames, or JSON in the cells of a CSV.

They are treated as those of a JSON file (`json_rows`): what a list of refunds gives back is added
up as a column, and the other lists are named with their fields.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from . import lists
from .columns import is_text, shown

_SAMPLE = 20  # texts by which a column is one of lists or not
_LOOKED_AT = 20_000  # rows by which a list is named
Notes = list[tuple[str, dict[str, object]]]


def read(tables: Sequence[pa.Table], files: Sequence[str]) -> tuple[list[pa.Table], Notes]:
    """The tables with columns for what lists of refunds give back, and notes on their lists.

    Args:
        tables: The rows of each file, with the same columns.
        files: Their names.
    """
    notes: Notes = []
    out = list(tables)
    texts: dict[str, lists.Contents] = {}
    for name in tables[0].column_names:
        back = lists.gives_back(name)
        if lists.is_list(tables[0][name].type) and not back:
            continue  # named with the columns that are not read
        cells = [_cells(table[name] if back else table[name][:_LOOKED_AT]) for table in tables]
        if any(one is None for one in cells):
            continue
        contents = lists.Contents()
        for one in (cell for column in cells for cell in column or [] if cell is not None):
            contents.add(one)
        path = lists.path_of_refunds(contents) if back else ""
        column = f"{name}.{path}"
        sums = [[lists.added_up(one or [], path) for one in column or []] for column in cells]
        if not path or column in tables[0].column_names or any(None in one for one in sums):
            if is_text(tables[0][name].type):
                texts[name] = contents
            continue
        for at, table in enumerate(out):
            added = pa.array([f"{one:f}" for one in sums[at]], pa.string())
            out[at] = table.drop_columns([name]).append_column(column, added)
        told = {"column": column, "list": name, "rows": contents.rows, "file": files[0]}
        notes.append(("list_added_up", told))
    told_by, noted = lists.notes(texts, files[0])
    return out, [*notes, *told_by, *noted]


def _cells(column: pa.ChunkedArray) -> list[lists.Array | None] | None:
    """The list of each row; None for a column that does not hold lists."""
    if lists.is_list(column.type):
        return [None if one is None else lists.of_python(one) for one in column.to_pylist()]
    if not is_text(column.type):
        return None
    text = shown(column)
    if text is None:
        return None
    first = text.drop_null().slice(0, _SAMPLE)
    if not len(first) or not pc.all(pc.match_substring_regex(first, r"^\[.*\]$")).as_py():
        return None
    known = {one: _parsed(one) for one in pc.unique(text.drop_null()).to_pylist()}
    if any(one is None for one in known.values()) or not any(known.values()):
        return None
    return [None if one is None else known[one] for one in text.to_pylist()]


def _parsed(text: str) -> lists.Array | None:
    """The list of objects that a text writes as JSON or as Python does; None if it writes none."""
    found: Any = None
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return None
    return lists.of_python(found)
