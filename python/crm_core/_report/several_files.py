"""Several files with the same headings, read as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from .columns import unique
from .problem import Problem
from .settings import Settings
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
                    f'{source.name} has no column "{column}", which {sources[0].name} has'
                )
            if source.headings.count(column) > 1:
                raise Problem(
                    f'{source.name}: two columns are called "{column}"',
                    "Rename one of them in the file.",
                )


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
