"""From a file of people to the columns that `People` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from .._problem import Problem
from . import amounts, dates, ids, layouts
from .columns import as_text, is_text, shown, trimmed
from .headings import Choice, is_japanese, listed, matched
from .messages import say
from .settings import Rows, Settings
from .several_files import read_files, require
from .source import Source, sources_of

_DATES = ("registered_at", "updated_at")
_NUMBERS = ("record_id", "value")


@dataclass(frozen=True)
class ReadPeople:
    """The columns of people under the names of their roles.

    Attributes:
        table: The columns.
        choices: Which column is which, and why.
        left_out: Headings of columns that are not read.
        japanese: Whether the headings are Japanese.
        rows: The place of a row of the table in its file.
    """

    table: pa.Table
    choices: list[Choice]
    left_out: list[str]
    japanese: bool
    rows: Rows


def roles() -> Mapping[str, Sequence[str]]:
    """The headings of each role, by preference."""
    groups = layouts.words()["headings"]
    found: dict[str, Sequence[str]] = dict(groups["people"])
    found["registered_at"] = groups["customers"]["registered_at"]
    return found


def load_people(
    path: Path,
    columns: Mapping[str, str],
    settings: Settings,
    orders_ids: tuple[str, pa.ChunkedArray] | None = None,
    id_fold: str = "none",
    advance: Callable[[float], None] = lambda share: None,
) -> ReadPeople:
    """Reads a file of people.

    Args:
        path: The file.
        columns: The columns that the user named, by role; an empty text is none.
        settings: How files are read.
        orders_ids: The heading of the customer in the orders, which goes first, and the ids.
        id_fold: How the orders' ids were written alike.
        advance: Told the share that is done.
    """
    sources = sources_of([path], settings.encoding, settings.delimiter)
    headings = list(sources[0].headings)
    names = roles()
    if orders_ids is not None:
        names = {**names, "record_id": [orders_ids[0], *names["record_id"]]}
    chosen = matched(headings, columns, names)
    if "record_id" not in chosen:
        raise Problem(
            f"no column of {path.name} looks like record_id; the headings are: {listed(headings)}",
            f"Say which column it is with {say.column:record_id=...}.",
        )
    if len(chosen) < 2:
        raise Problem(
            f"no column of {path.name} tells who a record is: an e-mail address, a telephone "
            f"number, a name; the headings are: {listed(headings)}",
            f"Say which column is which with {say.column:email=...}.",
        )
    used = [one.value for one in chosen.values()]
    require(sources, used)
    _, table = read_files(sources, used, settings, advance)
    source = sources[0]
    found = {}
    for role, choice in chosen.items():
        column = trimmed(table[choice.value])
        if role in _DATES:
            column = _times(column, choice.value, source, settings)
        elif role not in _NUMBERS and not pa.types.is_integer(column.type):
            column = shown(column)
            if column is None:
                raise Problem(f"column {choice.value}: a list, where a text was expected")
        found[role] = column
    if orders_ids is not None:
        found["record_id"] = _alike(found["record_id"], orders_ids[1])
    if id_fold != "none":
        found["record_id"] = ids.folded(found["record_id"], id_fold)[0]
    if "value" in found:
        found["value"] = _amounts(found["value"], chosen["value"].value, source, settings)
    advance(1.0)
    left_out = [name for name in headings if name not in used]
    choices = list(chosen.values())
    rows = Rows([(source, table.num_rows)])
    return ReadPeople(pa.table(found), choices, left_out, is_japanese(headings), rows)


def _alike(column: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids in the type of the orders': texts, or whole numbers where all are."""
    if is_text(others.type):
        text = as_text(column)
        return column if text is None else text
    try:
        return column.cast(others.type)
    except pa.ArrowInvalid:
        return column  # the library names both types


def _times(
    column: pa.ChunkedArray, name: str, source: Source, settings: Settings
) -> pa.ChunkedArray:
    text = as_text(column)
    if text is None:
        return column
    read = dates.parse(text, settings.date_format)
    if read.unread:
        raise Problem(f"{source.row_name(read.unread[0])}, column {name}: not a date")
    return read.wall


def _amounts(
    column: pa.ChunkedArray, name: str, source: Source, settings: Settings
) -> pa.ChunkedArray:
    if not is_text(column.type):
        return column.cast(pa.float64())
    read = amounts.parse(column, settings.decimal)
    if read.unread:
        raise Problem(f"{source.row_name(read.unread[0])}, column {name}: not a number")
    return read.values.cast(pa.float64())
