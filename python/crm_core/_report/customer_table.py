"""A table of customers beside the orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from . import dates, ids
from .columns import as_text, replaced, trimmed
from .headings import customer_id, registered_at
from .problem import Problem
from .reading import asked_for
from .settings import Settings
from .source import Source


def load_customers(
    path: Path, orders_id: str, settings: Settings, id_fold: str = "none"
) -> tuple[pa.Table, dict[str, Any]]:
    """A table of customers, and the arguments with which `Customers` takes it."""
    source = Source(path, settings.encoding, settings.delimiter)
    id_column = customer_id(source.headings, orders_id)
    registered = registered_at(source.headings)
    dimensions = asked_for(settings.dimensions, source.headings, [id_column])
    columns = list(dict.fromkeys([id_column, *([registered] if registered else []), *dimensions]))
    table = source.read(columns, lambda share: None, settings.bad_rows == "drop")
    table = replaced(table, id_column, ids.folded(trimmed(table[id_column]), id_fold)[0])
    arguments: dict[str, Any] = {"customer_id": id_column, "dimensions": dimensions}
    if registered:
        text = as_text(table[registered])
        if text is not None:
            read = dates.parse(text, settings.date_format)
            if read.unread:
                raise Problem(f"{source.row_name(read.unread[0])}, column {registered}: not a date")
            table = replaced(table, registered, read.wall)
        arguments["registered_at"] = registered
    return table, arguments
