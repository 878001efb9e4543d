"""Requests by name, the catalogue, threads."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._columns import Columns
from ._errors import OptionError
from ._events import Events, in_own_words
from ._input import source
from ._orders import Orders
from ._progress import shown
from ._request import as_of as _as_of
from ._request import date as _date
from ._request import dumps, moments
from ._table import Table

if TYPE_CHECKING:
    from ._types import Date, Progress

_EPOCH = datetime.date(1970, 1, 1).toordinal()


def run(
    task: str,
    data: Any,
    options: Mapping[str, Any] | str | None = None,
    *,
    progress: Progress | bool | None = None,
) -> Table:
    """Run an analysis by its name.

    Args:
        task: The analysis; see `tasks`.
        data: The dataset that it reads: `Orders`, `Events`, or a `Table`.
        options: Scope and options in one flat mapping, or as JSON text.
        progress: A function that is called with rows done and rows expected, about every 50 ms; if
            it returns False the call stops. True prints the progress to standard error.

    Returns:
        A table with the columns that ``describe(task)`` lists.

    Raises:
        OptionError: An unknown analysis or option, an option out of range, data of another kind.
        CancelledError: `progress` returned False.

    Example:
        >>> table = crm.run("rfm", orders, {"as_of": "2025-06-30", "levels": 3})
        >>> table.hash == crm.rfm(orders, "2025-06-30", levels=3).hash
        True
    """
    if isinstance(options, str):
        request = options
    else:
        given = dict(options or {})
        if "as_of" in given:
            given["as_of"] = _seen(data)(given["as_of"])
        if isinstance(data, Events) and "steps" in given:
            given["steps"] = in_own_words(task, data, given["steps"])
        given = {name: value for name, value in given.items() if value is not None}
        request = dumps({**_of_part(task, data), **given})
    return Table(_native.run(task, _dataset(data), request, shown(progress)))


def call(task: str, data: Any, as_of: Any, options: Mapping[str, Any]) -> Table:
    """Run an analysis with the given options; None means the library's default."""
    if isinstance(data, Events) and "steps" in options:
        options = {**options, "steps": in_own_words(task, data, options["steps"])}
    for name, value in options.items():
        if value is None and name not in _names(task):
            raise OptionError(f"option `{name}`: there is no such option of {task}")
    options = {name: value for name, value in options.items() if value is not None}
    request = {"as_of": _seen(data)(as_of), **_of_part(task, data), **options}
    return Table(_native.run(task, _dataset(data), dumps(request)))


def _of_part(task: str, data: Any) -> dict[str, Any]:
    """The unit of a part of a result, for an analysis that would read it as a plain frame."""
    if not (isinstance(data, Table) and isinstance(data._table, Columns)):
        return {}
    options = data.definition.get("options", {})
    known = describe(task)["options"]["properties"]
    about = {"unit": options.get("unit"), "bad_rows": "drop" if "unit" in options else None}
    return {name: value for name, value in about.items() if name in known and value is not None}


def _seen(data: Any) -> Callable[[Any], Any]:
    """The `as_of` of a request: days for orders, instants for events."""
    return moments if isinstance(data, Events) else _as_of


def _dataset(data: Any) -> Any:
    if isinstance(data, (Orders, Events)):
        return data._native
    if isinstance(data, Table):
        if isinstance(data._table, Columns):
            return _frame(data.to_numpy(), data.columns)
        return data._table
    native = getattr(data, "_native", None)
    if native is not None:
        return native
    return _frame(data, names_of(data))


def frame(data: Any, needed: str, *optional: str) -> Table:
    """One required column of a plain frame, and the optional columns that it has."""
    names = names_of(data)
    if needed not in names:
        _native.missing_column(needed, names)
    return chosen(data, (needed, *optional))


def chosen(data: Any, columns: tuple[str, ...]) -> Table:
    """Those of these columns that a plain frame has; a similar name is refused."""
    names = names_of(data)
    _native.no_misnomer(names, list(columns))
    return Table(_frame(data, [name for name in columns if name in names]))


def listed(data: Any, needed: tuple[str, ...], *optional: str) -> dict[str, list[Any]]:
    """These columns of a plain frame as lists of Python's values, for an option that takes rows."""
    names = names_of(data)
    for name in needed:
        if name not in names:
            _native.missing_column(name, names)
    wanted = (*needed, *optional)
    _native.no_misnomer(names, list(wanted))
    if isinstance(data, Table):
        data = data.to_dict()
    elif hasattr(data, "collect_schema") and hasattr(data, "collect"):
        data = data.collect()
    elif hasattr(data, "fetchall"):  # DuckDB's relation
        data = data.to_arrow_table()
    return {name: _cells(data[name]) for name in dict.fromkeys(wanted) if name in names}


def _cells(column: Any) -> list[Any]:
    """A column as a list: None for every kind of null, times as ISO text."""
    if getattr(getattr(column, "dtype", None), "kind", "") == "M" and not hasattr(column, "dt"):
        column = column.astype("datetime64[us]")
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            column = getattr(column, method)()
            break
    return [_cell(cell) for cell in column]


def _cell(cell: Any) -> Any:
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(cell, "item") and hasattr(cell, "dtype"):
        cell = cell.item()
    if isinstance(cell, float):
        # A column of whole numbers with a null is one of floats in pandas.
        return None if cell != cell else int(cell) if cell.is_integer() else cell
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


def _frame(data: Any, names: list[str]) -> _native.Table:
    """The columns of a plain frame; an analysis of tables reads the columns that it needs by
    name.
    """
    return _native.Table.from_columns(source(data, names), names)


def stacked(first: Table, second: Table) -> Table:
    """The rows of two frames under each other; a column that one has not is null there."""
    above, below = first._table, second._table
    assert not isinstance(above, Columns)
    assert not isinstance(below, Columns)
    return Table(above.stacked(below))


def names_of(data: Any) -> list[str]:
    """The names of a plain frame's columns."""
    names: list[str]
    if hasattr(data, "collect_schema"):
        names = data.collect_schema().names()
    elif isinstance(getattr(data, "column_names", None), list):
        names = data.column_names
    elif isinstance(data, Mapping):
        names = [str(name) for name in data]
    elif hasattr(data, "columns"):
        names = [str(name) for name in data.columns]
    else:
        file = isinstance(data, (str, os.PathLike))
        raise TypeError(
            "data: expected crm_core.Orders, a Table or a frame, not "
            + ("the path of a file: read_orders reads one" if file else type(data).__name__)
        )
    return names


def describe(task: str) -> dict[str, Any]:
    """The catalogue entry of an analysis.

    Args:
        task: The analysis; see `tasks`.

    Returns:
        Summary, Japanese term, scope and options as JSON schema with defaults, and the output
        columns with types, units and meaning.

    Raises:
        OptionError: An unknown analysis.

    Example:
        >>> [column["name"] for column in crm.describe("decile")["columns"]]
        ['customer_id', 'revenue', 'decile']
        >>> crm.describe("decile")["options"]["properties"]["groups"]["default"]
        10
    """
    import json

    entry: dict[str, Any] = json.loads(_native.describe(task))
    return entry


@cache
def _names(task: str) -> frozenset[str]:
    """The names of all options of an analysis, those of its scope included."""
    entry = describe(task)
    parts = (entry[part].get("properties", {}) for part in ("options", "scope"))
    return frozenset(name for part in parts for name in part)


def tasks() -> list[str]:
    """The names of all analyses.

    Example:
        >>> "rfm" in crm.tasks()
        True
    """
    return _native.tasks()


def set_threads(count: int | None) -> None:
    """Set the number of threads for later calls.

    Results do not depend on the number.

    Args:
        count: The number of threads, at least 1; None, the default, for as many as the machine has.

    Raises:
        OptionError: Less than one.

    Example:
        >>> crm.set_threads(2)
        >>> crm.set_threads(None)
    """
    if count is not None and count < 1:
        from ._errors import OptionError

        raise OptionError(f"option `count`: expected a whole number of at least 1, found {count}")
    _native.set_threads(count)


def warn_of_debug_build() -> None:
    """A debug build computes the same numbers, several times slower."""
    if '"profile":"debug"' in _native.build_info():
        import warnings

        warnings.warn(
            "crm_core is a debug build, several times slower than a release build: "
            "`pip install .` in the source tree makes one",
            RuntimeWarning,
            stacklevel=3,
        )


def show_versions() -> None:
    """Print the versions and the build of this library, and the packages that it uses.

    A `debug` build is several times slower than a `release` build.

    Example:
        >>> crm.show_versions()  # doctest: +ELLIPSIS
        crm_core   ...
    """
    import json
    from importlib import metadata

    about = json.loads(_native.build_info())
    lines = [
        ("crm_core", f"{about['version']} ({about['profile']}, {about['os']} {about['arch']})"),
        ("threads", str(_native.threads())),
        ("python", sys.version.split()[0]),
    ]
    for name in ("numpy", "pandas", "polars", "pyarrow", "duckdb", "matplotlib"):
        try:
            lines.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            lines.append((name, "not installed"))
    print("\n".join(f"{name:<10} {version}" for name, version in lines))


def month_ends(first: Date, last: Date) -> list[datetime.date]:
    """The last days of months, for `as_of`.

    Args:
        first: The first day of the range.
        last: The last day of the range.

    Returns:
        The last day of every month in the range, both ends included.

    Raises:
        OptionError: A value that is not a date.

    Example:
        >>> crm.month_ends("2025-01-15", "2025-03-31")
        [datetime.date(2025, 1, 31), datetime.date(2025, 2, 28), datetime.date(2025, 3, 31)]
    """
    days = _native.month_ends(_date("first", first), _date("last", last))
    return [datetime.date.fromordinal(day + _EPOCH) for day in days]


def pseudonyms(ids: Iterable[int | str], *, key: str) -> list[str]:
    """The pseudonyms of ids: what `pseudonym_key` puts in the place of ids of people (仮名化).

    A pseudonym is the first 16 bytes of HMAC-SHA-256 of the id under the key, as a UUID of version
    8. Whole numbers are taken as decimal text, so that 7 and "7" have one pseudonym. Whoever has
    the key can find a person again, so keep it apart from the data.

    Args:
        ids: Ids as the shop has them.
        key: The key that orders, events or customers were read with.

    Returns:
        The pseudonym of each id.

    Raises:
        OptionError: A key of fewer than 16 bytes.

    Example:
        >>> key = "0123456789abcdef"
        >>> crm.pseudonyms(["hanako"], key=key)
        ['16192ed8-60d5-8eae-8179-c6cd19846566']
        >>> kept = crm.Orders(shop, currency="JPY", guests="drop", pseudonym_key=key)
        >>> first = crm.summary(orders).to_dict()["customer_id"][0]
        >>> kept.of_customers(crm.pseudonyms([first], key=key)).n_customers
        1
    """
    if isinstance(ids, str):
        raise TypeError("ids: expected a list of ids, not one text")
    return _native.pseudonyms([str(one) for one in ids], key)


def simulate_orders(customers: int = 1_000, seed: int = 1) -> Table:
    """The order lines of a simulated shop, for documentation and tests.

    Args:
        customers: The number of customers, up to ten million.
        seed: The same seed gives the same shop on every machine.

    Returns:
        One row per line, sorted by time: order_id, customer_id (null for guests), ordered_at,
        product, category, quantity, amount (yen, of the line), discount, refunded, refunded_at,
        status, kind, channel.

    Raises:
        OptionError: A number out of range.

    Example:
        >>> import crm_core as crm
        >>> shop = crm.simulate_orders(100, seed=7)
        >>> orders = crm.Orders(shop, currency="JPY", order_id="order_id", status="status",
        ...                     kind="kind", discount="discount", refunded="refunded",
        ...                     timezone="Asia/Tokyo", guests="keep")
        >>> "customer_id" in crm.rfm(orders)
        True
    """
    for name, value, most in (("customers", customers, 10_000_000), ("seed", seed, 2**64 - 1)):
        if not 0 <= value <= most:
            raise OptionError(f"option `{name}`: expected a whole number from 0 to {most:,}")
    return Table(_native.simulate_orders(customers, seed))


def simulate_people(
    records: int = 1_000, seed: int = 1, world: Literal["easy", "hard"] = "hard"
) -> Table:
    """Records of Japanese customers of whom it is known who is who, for documentation and tests.

    Every fourth person or so has a second record from another shop, written by another clerk: with
    other spellings, typing errors, missing cells, a second address, telephone number or e-mail
    address.

    Args:
        records: The number of records, up to a million.
        seed: The same seed gives the same records.
        world: "hard" (default): families that share name, address, telephone number and e-mail
            address, twins, names changed by marriage, numbers of companies, and dummy numbers.
            "easy": each person lives alone.

    Returns:
        One row per record, in no order: record_id, source (shop, mall, guest), email, phone,
        family_name, given_name, family_kana, given_kana, birth_date, sex, zip, prefecture, city,
        address, building, registered_at, truth (records with the same one are one person).

    Raises:
        OptionError: A number out of range, or a world that there is not.

    Example:
        >>> people = crm.simulate_people(300, seed=4)
        >>> found = crm.identify(people)
        >>> len(found.persons), len(set(people.to_dict()["truth"]))
        (300, 244)
    """
    from . import _people_worlds

    worlds = {"easy": _people_worlds.easy, "hard": _people_worlds.hard}
    if world not in worlds:
        raise OptionError('option `world`: expected "easy" or "hard"')
    for name, value, most in (("records", records, 1_000_000), ("seed", seed, 2**64 - 1)):
        if not 0 <= value <= most:
            raise OptionError(f"option `{name}`: expected a whole number from 0 to {most:,}")
    columns = _people_worlds.columns(worlds[world](records, seed), without=("account",))
    names = list(columns)
    return Table(_native.Table.from_columns(source(columns, names), names, names))


def simulate_events(visitors: int = 1_000, seed: int = 1, campaigns: int = 0) -> Table:
    """The log of a simulated shop's site, for documentation and tests.

    Args:
        visitors: The number of visitors, up to ten million.
        seed: The same seed gives the same log on every machine.
        campaigns: Mail campaigns, up to 6, one each 14 days, in two variants. 20 % of the people
            are held out; variant "a" makes 2 % of the people reached buy who would not have, "b"
            4 %. With campaigns there is an experiment, too, called "checkout": its variant "b"
            makes 5 % buy.

    Returns:
        One row per event, sorted by time: visitor_id, occurred_at, kind (view product_view add
        remove checkout payment_failed purchase), customer_id, page, product, order_id, channel,
        device, amount (yen); with campaigns also kinds of messages, and campaign, variant, machine.

    Raises:
        OptionError: A number out of range.

    Example:
        >>> import crm_core as crm
        >>> log = crm.simulate_events(100, seed=7)
        >>> events = crm.Events(log, customer_id="customer_id", page="page", product="product",
        ...                     order_id="order_id", channel="channel", timezone="Asia/Tokyo")
        >>> len(crm.transitions(events)) > 10
        True
    """
    limits = (
        ("visitors", visitors, 10_000_000),
        ("seed", seed, 2**64 - 1),
        ("campaigns", campaigns, 6),
    )
    for name, value, most in limits:
        if not 0 <= value <= most:
            raise OptionError(f"option `{name}`: expected a whole number from 0 to {most:,}")
    return Table(_native.simulate_events(visitors, seed, campaigns))
