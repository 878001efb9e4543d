"""A table of customers beside the orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from .._problem import Problem
from . import dates, ids, opt_outs
from .columns import as_text, replaced, trimmed
from .headings import customer_id, registered_at
from .reading import asked_for
from .settings import Note, Settings
from .source import Source


def load_customers(
    path: Path,
    orders_id: str,
    settings: Settings,
    id_fold: str = "none",
    opted_out: str | None = None,
    told: list[Note] | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """A table of customers, and the arguments with which `Customers` takes it.

    Args:
        path: The file.
        orders_id: The heading of the customer in the orders.
        settings: How files are read.
        id_fold: How the orders' ids were written alike.
        opted_out: The column that says who has opted out, if the user named it; an empty text is
            none.
        told: Takes notes on who has opted out.
    """
    source = Source(path, settings.encoding, settings.delimiter)
    id_column = customer_id(source.headings, orders_id)
    registered = registered_at(source.headings)
    dimensions = asked_for(settings.dimensions, source.headings, [id_column])
    refusing = opt_outs.looks(source.headings) if opted_out is None else []
    if opted_out:
        refusing = asked_for([opted_out], source.headings, [id_column])
        opted_out = refusing[0]
    needed = [id_column, *([registered] if registered else []), *dimensions, *refusing]
    columns = list(dict.fromkeys(needed))
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
    said = opt_outs.opt_outs(table, opted_out)
    notes = [] if told is None else told
    for name, cells in said.unread:
        notes.append(Note("opt_out_unread", {"column": name, "cells": cells}))
    if said.cells is None:
        if not said.unread and opted_out is None:
            notes.append(Note("no_opt_out", {"file": path.name}))
        return table, arguments
    shown_names = ", ".join(f'"{name}"' for name in said.columns)
    count = sum(said.cells.to_pylist())
    about = {"columns": shown_names, "count": f"{count:,}", "all": f"{len(table):,}"}
    notes.append(Note("opted_out_by", about))
    name = "opted_out"
    while name in table.column_names:
        name += "_"
    arguments["opted_out"] = name
    return table.append_column(name, said.cells), arguments
