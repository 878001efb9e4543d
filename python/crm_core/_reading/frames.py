"""A file as plain columns, for analyses that read a table: a summary, durations, survivors.

Its headings are the names that the analysis knows. Texts that are all numbers, or all true and
false, are read as such; ids stay as they are written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from .._problem import Misuse
from .columns import replaced, trimmed
from .messages import say
from .settings import Loaded, Rows, Settings
from .several_files import read_files, require
from .source import sources_of


def load_frame(
    paths: Sequence[Path], settings: Settings, advance: Callable[[float], None] = lambda share: None
) -> Loaded:
    """Read files of the same headings, one after the other."""
    if settings.layout is not None:
        raise Misuse(f"{say.layout} is of orders and events, and this analysis reads a table")
    sources = sources_of(paths, settings.encoding, settings.delimiter)
    require(sources, sources[0].headings)
    tables, table = read_files(sources, sources[0].headings, settings, advance)
    for name in table.column_names:
        if pa.types.is_nested(table[name].type):
            table = table.drop_columns([name])
        else:
            table = replaced(table, name, _typed(name, trimmed(table[name])))
    advance(1.0)
    parts = [(source, part.num_rows) for source, part in zip(sources, tables, strict=True)]
    return Loaded(table, {}, [], [], False, Rows(parts))


def unit_of(table: pa.Table, said: str | None) -> str | None:
    """The given unit of time, or the unit of a `clv_summary` written as Parquet."""
    about = json.loads((table.schema.metadata or {}).get(b"crm", b"null"))
    if not about or about["analysis"] != "clv_summary":
        return said
    own: str = about["options"]["unit"]
    if said not in (None, own):
        raise Misuse(f"{say.option:unit}={said}: the summary is in units of a {own}")
    return own


def _typed(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if name == "customer_id" or not pa.types.is_string(column.type):
        return column
    for kind in (pa.int64(), pa.float64(), pa.bool_()):
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            continue
    return column
