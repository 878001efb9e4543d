"""Several files with the same headings, read as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, layouts
from .columns import cut, numbers, unique
from .headings import Choice, names_of
from .layouts import fold
from .messages import say
from .overlap import Overlap, drop_repeated
from .settings import Note, Settings
from .source import alike

_SHARE_OF_BYTES = 0.4  # of the time that reading takes; parsing takes the rest


def shared(sources: Sequence[Any]) -> list[str]:
    """The columns that every file has; the second of two called x is "x (2)"."""
    names = [unique(source.headings) for source in sources]
    found = [name for name in names[0] if all(name in other for other in names)]
    if not found:
        require(sources, names[0][:1])
    return found


def of_some(sources: Sequence[Any]) -> list[str]:
    """The columns that one file has and another has not: they are not read."""
    names = [unique(source.headings) for source in sources]
    every = dict.fromkeys(name for one in names for name in one)
    return [name for name in every if not all(name in one for one in names)]


def require(sources: Sequence[Any], columns: Sequence[str]) -> None:
    """Every file has to have these columns, and once."""
    for source in sources:
        for column in columns:
            if column not in source.headings:
                raise Problem(
                    f'{source.name} has no column "{column}", which {sources[0].name} has',
                    not_alike(sources).strip(),
                )
            if source.headings.count(column) > 1:
                raise Problem(
                    f'{source.name}: two columns are called "{column}"',
                    "Rename one of them in the file.",
                )


def not_alike(sources: Sequence[Any]) -> str:
    """What to do with files of different headings, as a sentence; nothing if they are alike."""
    first = {fold(name) for name in sources[0].headings}
    if all({fold(name) for name in one.headings} == first for one in sources):
        return ""
    keys = {fold(name) for name in names_of("order_id")}
    shared_key = any(
        fold(name) in keys and all(name in one.headings for one in sources)
        for name in sources[0].headings
    )
    if shared_key:
        return (
            " Files of orders and of their items are not joined: give one of them, or one table "
            "that holds both, joined by the order's number."
        )
    return " Files that are read as one have the same headings: read the others by themselves."


def read_files(
    sources: Sequence[Any],
    columns: Sequence[str],
    settings: Settings,
    advance: Callable[[float], None],
) -> tuple[list[pa.Table], pa.Table]:
    """These columns of every file, and all of them as one table."""
    drop = settings.bad_rows == "drop"
    part = _SHARE_OF_BYTES / len(sources)
    tables = [
        source.read(columns, lambda share, at=at: advance((at + share) * part), drop)
        for at, source in enumerate(sources)
    ]
    try:
        tables = alike(tables)
        return tables, pa.concat_tables(tables)
    except pa.ArrowInvalid:
        raise Problem(
            "the files hold their columns in different types",
            "Read them one by one, or store them alike.",
        ) from None


def without_repeated(
    sources: Sequence[Any],
    tables: Sequence[pa.Table],
    chosen: Mapping[str, Choice],
    settings: Settings,
) -> tuple[list[pa.Table], list[Note]]:
    """The rows of each file without orders that another one has, and the message about it."""
    keys = [chosen[role].value for role in ("order_id", "shop") if role in chosen]
    keys = keys if "order_id" in chosen else []
    # A column of the day of the export, or of the last change, differs between exports.
    known = layouts.words()["row_columns"]
    left_out = {fold(one) for one in (*known["versions"], *known["updates"], *settings.ignore)}
    used = {choice.value for choice in chosen.values()}
    compared = [
        name for name in tables[0].column_names if name in used or fold(name) not in left_out
    ]
    found = drop_repeated(
        [one.select(compared) for one in tables], keys, last=settings.repeated_orders == "last"
    )
    if found.first is not None and settings.repeated_orders != "last":
        _refuse_items(sources, tables, chosen, found, settings)
    if found.first is not None and settings.repeated_orders == "error":
        at, row = found.first
        names = ", ".join(f'"{cut(name)}"' for name in found.columns[:5])
        unread = [name for name in found.columns if name not in used]
        ignore = " ".join(f"{say.ignore:{name}}" for name in unread)
        raise Problem(
            f"{found.differing} order numbers are in several files with different lines, the first "
            f"in {sources[at].row_name(row)}; they differ in {names}",
            f"{say.repeated_orders:last} takes each from the last file that has it (exports of "
            "several "
            f"days), {say.repeated_orders:add} counts the lines of all files (an order in parts)."
            + (f" {ignore} says that these do not matter." if found.columns == unread else "")
            + f" Shops that number alike need a column {say.shop}.",
        )
    for source, kept in zip(sources, found.kept, strict=True):
        source.keep(kept)
    notes: list[Note] = []
    if found.orders:
        notes.append(Note("repeated_orders", {"orders": found.orders, "rows": found.rows}))
    if found.differing:
        code = f"differing_orders_{settings.repeated_orders}"
        notes.append(Note(code, {"orders": found.differing}))
    if found.alike:
        notes.append(Note("repeated_rows", {"rows": found.alike}))
    kept = [
        one if rows is None else one.take(rows)
        for one, rows in zip(tables, found.kept, strict=True)
    ]
    return kept, notes


def _refuse_items(
    sources: Sequence[Any],
    tables: Sequence[pa.Table],
    chosen: Mapping[str, Choice],
    found: Overlap,
    settings: Settings,
) -> None:
    """Refuses orders together with their items: lines of one file add up to those of another."""
    number, amount = chosen["order_id"].value, chosen["amount"].value
    wanted = found.keys if "shop" not in chosen else None
    sums: list[dict[Any, tuple[float, int]]] = []
    for table in tables:
        money = numbers(table[amount], settings.decimal)
        if money is None or wanted is None:
            return
        here = pc.is_in(table[number].cast(wanted.type), value_set=wanted)
        of_orders: dict[Any, tuple[float, int]] = {}
        cells = zip(table[number].filter(here).to_pylist(), money.filter(here), strict=True)
        for key, one in cells:
            total, lines = of_orders.get(key, (0.0, 0))
            of_orders[key] = total + (one.as_py() or 0.0), lines + 1
        sums.append(of_orders)
    both = [
        [of[key] for of in sums if key in of]
        for key in dict.fromkeys(key for of in sums for key in of)
    ]
    alike_sums = all(abs(one[0] - other[0]) <= 0.005 for of in both for one in of for other in of)
    if alike_sums and any(len({lines for _, lines in of}) > 1 for of in both):
        total = amount_meaning.rounded(np.array([of[0][0] for of in both]))
        raise Problem(
            "the files hold the same orders, one by their items and one by their totals: "
            f'"{amount}" of an order adds up to the same (total {total:,}), and together they '
            "count twice",
            f"Give one of the files: {', '.join(str(one.name) for one in sources)}.",
        )
