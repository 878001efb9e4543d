"""From a log of messages to the columns that `decide` takes: what was sent, who opted out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import dates, ids, layouts
from .columns import as_text, cut, shown, trimmed
from .headings import Choice, listed, matched
from .layouts import fold_word
from .messages import say
from .settings import Settings
from .several_files import read_files, require
from .source import sources_of

_NEEDED = ("customer_id", "occurred_at")


@dataclass(frozen=True)
class ReadMessages:
    """The log under the names of its roles.

    Attributes:
        columns: The rows whose kind is known.
        choices: Which column is which, and why.
        rows: Rows of the files.
        other_kinds: Kinds that nothing is known of, and their rows; None is a blank one.
    """

    columns: dict[str, list[Any]]
    choices: list[Choice]
    rows: int
    other_kinds: Mapping[str | None, int]


def load_messages(
    paths: Sequence[Path],
    columns: Mapping[str, str],
    settings: Settings,
    orders_id: str,
    id_fold: str,
    of_numbers: bool,
) -> ReadMessages:
    """Reads files of messages, one after the other.

    Args:
        paths: The files.
        columns: The columns that the user named, by role; an empty text is none.
        settings: How files are read.
        orders_id: The heading of the customer in the orders, which goes first.
        id_fold: How the orders' ids were written alike.
        of_numbers: Whether the orders' ids are numbers.
    """
    sources = sources_of(paths, settings.encoding, settings.delimiter)
    headings = list(sources[0].headings)
    names: dict[str, Sequence[str]] = dict(layouts.words()["headings"]["messages"])
    names["customer_id"] = [orders_id, *names["customer_id"]]
    chosen = matched(headings, columns, names)
    missing = [role for role in _NEEDED if role not in chosen]
    if missing:
        raise Problem(
            f"no column of {paths[0].name} looks like {' or like '.join(missing)}; the headings "
            f"are: {listed(headings)}",
            f"Say which column it is with {say.message_column:{missing[0]}=...}.",
        )
    used = [one.value for one in chosen.values()]
    require(sources, used)
    _, table = read_files(sources, used, settings, lambda share: None)
    found = {role: trimmed(table[choice.value]) for role, choice in chosen.items()}
    found["occurred_at"] = _instants(found["occurred_at"], chosen["occurred_at"].value, settings)
    for role in ("channel", "dedupe_key", "trigger"):
        if role in found:
            found[role] = shown(found[role])
    customer = found["customer_id"]
    if of_numbers:
        customer = customer.cast(pa.int64())
    else:
        text = as_text(customer)
        customer = ids.folded(customer if text is None else text, id_fold)[0]
    found["customer_id"] = customer
    other: dict[str | None, int] = {}
    if "kind" in found:
        found["kind"], other = _kinds(found["kind"])
    else:
        found["kind"] = pa.chunked_array([pa.array(["sent"] * table.num_rows, pa.string())])
    known = pc.and_(pc.is_valid(found["kind"]), pc.is_valid(customer))
    if bool(pc.any(pc.and_(known, pc.is_null(found["occurred_at"]))).as_py()):
        raise Problem(f'column "{chosen["occurred_at"].value}" of the messages has a blank cell')
    rows = pa.table(found).filter(known)
    return ReadMessages(rows.to_pydict(), list(chosen.values()), table.num_rows, other)


def _kinds(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, dict[str | None, int]]:
    """The kinds in the library's words, and how many rows have others."""
    known = {
        fold_word(word): meaning
        for meaning, words in layouts.words()["message_kinds"].items()
        for word in words
    }
    text = shown(column)
    texts = [None] * len(column) if text is None else text.to_pylist()
    kinds = [None if one is None else known.get(fold_word(one)) for one in texts]
    other: dict[str | None, int] = {}
    for word, kind in zip(texts, kinds, strict=True):
        if kind is None:
            name = None if word is None else cut(word)
            other[name] = other.get(name, 0) + 1
    return pa.chunked_array([pa.array(kinds, pa.string())]), other


def _instants(column: pa.ChunkedArray, name: str, settings: Settings) -> pa.ChunkedArray:
    """Times as texts: with their zone, or on the wall clock of the rules' zone."""
    text = as_text(column)
    if text is None:
        return column.cast(pa.string()) if pa.types.is_date(column.type) else _written(column)
    read = dates.parse(text, settings.date_format)
    if read.unread:
        raise Problem(f'row {read.unread[0] + 1} of the messages, column "{name}": not a date')
    dated = len(read.wall) - read.wall.null_count
    zoned = pc.sum(pc.and_(pc.is_valid(read.offsets), pc.is_valid(read.wall))).as_py() or 0
    if zoned and zoned < dated:
        raise Problem(
            f'"{name}" holds dates with a zone and dates without one', "Write them alike."
        )
    return _written(read.instants() if zoned else read.wall)


def _written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants as ISO text."""
    zone = column.type.tz
    seconds = column.cast(pa.timestamp("s", "UTC" if zone else None), safe=False)
    return pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%S" + ("Z" if zone else ""))
