"""Requests by name, the catalogue, threads."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _native
from ._orders import Orders
from ._request import as_of as _as_of
from ._request import date as _date
from ._request import dumps
from ._table import Table
from ._types import Progress

if TYPE_CHECKING:
    from ._types import Date

_EPOCH = datetime.date(1970, 1, 1).toordinal()


def run(
    task: str,
    data: Any,
    options: Mapping[str, Any] | str | None = None,
    *,
    progress: Progress | None = None,
) -> Table:
    """Run an analysis by its name.

    Args:
        task: The analysis; see `tasks`.
        data: What it reads: `Orders`, or a `Table`.
        options: Scope and options in one flat mapping, or as JSON text.
        progress: Called with rows done and rows expected, about every 50 ms; returning False stops.

    Returns:
        The columns that ``describe(task)`` lists.

    Raises:
        OptionError: An unknown analysis or option, an option out of range, data of another kind.
        CancelledError: `progress` returned False.
    """
    if isinstance(options, str):
        request = options
    else:
        given = dict(options or {})
        if "as_of" in given:
            given["as_of"] = _as_of(given["as_of"])
        request = dumps(given)
    return Table(_native.run(task, _dataset(data), request, progress))


def call(task: str, data: Any, as_of: Any, options: Mapping[str, Any]) -> Table:
    """Run an analysis with what the user gave; None is left to the library's default."""
    return Table(_native.run(task, _dataset(data), dumps({"as_of": _as_of(as_of), **options})))


def _dataset(data: Any) -> Any:
    if isinstance(data, Orders):
        return data._native
    if isinstance(data, Table):
        return data._table
    native = getattr(data, "_native", None)
    if native is not None:
        return native
    raise TypeError(f"data: expected crm_core.Orders or another dataset, not {type(data).__name__}")


def describe(task: str) -> dict[str, Any]:
    """The catalogue entry of an analysis.

    Args:
        task: The analysis; see `tasks`.

    Returns:
        Summary, Japanese term, scope and options as JSON schema with defaults, and the output
        columns with types, units and meaning.

    Raises:
        OptionError: An unknown analysis.
    """
    entry: dict[str, Any] = json.loads(_native.describe(task))
    return entry


def tasks() -> list[str]:
    """The names of all analyses."""
    return _native.tasks()


def set_threads(count: int | None) -> None:
    """Use so many threads from now on.

    Results do not depend on it.

    Args:
        count: Threads, at least 1; None for as many as the machine has (the default).

    Raises:
        OptionError: Less than one.
    """
    if count is not None and count < 1:
        from ._errors import OptionError

        raise OptionError(f"option `count`: expected a whole number of at least 1, found {count}")
    _native.set_threads(count)


def show_versions() -> None:
    """Print the versions of this library and of what it works with."""
    from importlib import metadata

    about = json.loads(_native.build_info())
    lines = [
        ("crm_core", f"{about['version']} ({about['profile']}, {about['os']} {about['arch']})"),
        ("threads", str(_native.threads())),
        ("python", sys.version.split()[0]),
    ]
    for name in ("numpy", "pandas", "polars", "pyarrow", "duckdb"):
        try:
            lines.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            lines.append((name, "not installed"))
    print("\n".join(f"{name:<10} {version}" for name, version in lines))


def month_ends(first: Date, last: Date) -> list[datetime.date]:
    """The last days of months, for `as_of`.

    Args:
        first: The first day looked at.
        last: The last one.

    Returns:
        The last day of every month that lies between the two, both included.

    Raises:
        OptionError: No date.
    """
    days = _native.month_ends(_date("first", first), _date("last", last))
    return [datetime.date.fromordinal(day + _EPOCH) for day in days]
