"""Reads columns of all supported producers for the native module.

Only the needed columns are requested from a producer: one unrelated column of mixed types would
make a whole export from pandas fail. The result is the input of the native module: an object of the
Arrow PyCapsule protocol, or a list of ``(name, column)`` (see the table in
crates/crm-py/src/input.rs).
"""

from __future__ import annotations

import datetime
import math
import os
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _native
from ._errors import SchemaError

Column = tuple[Any, ...]

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_MICROSECOND = datetime.timedelta(microseconds=1)


def source(data: Any, columns: Sequence[str]) -> Any:
    """The columns of `data` for the native module.

    Raises:
        SchemaError: A column is missing, or of an unsupported type.
    """
    family = type(data).__module__.partition(".")[0]
    if _is_one_column(family, data):
        raise SchemaError(
            f"a {type(data).__name__} is one column, not a table",
            hint="pass a frame with the columns " + ", ".join(f"`{name}`" for name in columns),
        )
    if family == "pandas" and hasattr(data, "columns"):
        _none_in_the_index(columns, data)
        _all_there(columns, [str(name) for name in data.columns])
        _each_once(columns, [str(name) for name in data.columns])
        return [(name, _pandas(name, data[name])) for name in columns]
    if family == "polars" and hasattr(data, "collect_schema"):
        names = data.collect_schema().names()
        _all_there(columns, names)
        chosen = data if names == list(columns) else data.select(columns)
        return chosen.collect() if hasattr(chosen, "collect") else chosen
    if hasattr(data, "project") and hasattr(data, "columns") and "duckdb" in family:
        _all_there(columns, list(data.columns))
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        return _arrow_of(data.project(quoted))
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return data
    if isinstance(data, Mapping):
        _all_there(columns, [str(name) for name in data])
        return [(name, _values(name, data[name])) for name in columns]
    names = getattr(getattr(data, "dtype", None), "names", None)
    if names:  # a structured array of numpy
        _all_there(columns, list(names))
        return [(name, _values(name, data[name])) for name in columns]
    if isinstance(data, (str, os.PathLike)):
        raise SchemaError(
            "the path of a file is no table",
            hint="read_orders and read_events read files; or hand over the table that your reader "
            "of files gives",
        )
    raise SchemaError(
        f"a {type(data).__name__} is no table",
        hint="hand over a pandas or polars DataFrame, a pyarrow Table, a DuckDB relation, a dict "
        "of arrays, or anything with __arrow_c_stream__",
    )


def _is_one_column(family: str, data: Any) -> bool:
    """Whether the data are a Series or an Arrow array, which some libraries export as a table of
    one column.
    """
    if family in ("pandas", "polars"):
        return hasattr(data, "dtype") and not hasattr(data, "columns")
    return family == "pyarrow" and hasattr(data, "type") and not hasattr(data, "schema")


def _arrow_of(relation: Any) -> Any:
    """A DuckDB relation as a stream; older versions have only a pyarrow reader."""
    if hasattr(relation, "__arrow_c_stream__"):
        return relation
    return relation.fetch_arrow_reader()


def _all_there(columns: Iterable[str], available: list[str]) -> None:
    if not available:
        raise SchemaError(
            "the frame has no columns",
            hint="it needs " + ", ".join(f"`{name}`" for name in columns),
        )
    for name in columns:
        if name not in available:
            _native.missing_column(name, available)


def _none_in_the_index(columns: Iterable[str], data: Any) -> None:
    for name in columns:
        if name in data.index.names and name not in data.columns:
            raise SchemaError(
                f"column `{name}` is the frame's index, not a column",
                column=name,
                hint="data.reset_index() makes it a column",
            )


def _each_once(columns: Iterable[str], available: list[str]) -> None:
    for name in columns:
        if available.count(name) > 1:
            raise SchemaError(
                f"column `{name}`: there is more than one column of this name", column=name
            )


def _pandas(name: str, series: Any) -> Column:
    """Reads a column of pandas: Arrow-backed, categorical, nullable, or numpy."""
    dtype = series.dtype
    kind = type(dtype).__name__
    if kind == "ArrowDtype" or (kind == "StringDtype" and dtype.storage.startswith("pyarrow")):
        return ("arrow", series.array.__arrow_array__())
    if kind == "CategoricalDtype":
        codes = series.cat.codes.to_numpy()
        words = _pandas(name, series.cat.categories.to_series())
        if words[0] in ("arrow", "keys"):  # a dictionary is small, and read on the spot
            words = _objects(name, series.cat.categories.tolist())
        return ("keys", codes, words)
    if kind == "DatetimeTZDtype":
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return _numpy(name, naive, zone=str(dtype.tz))
    if kind == "StringDtype":
        return _objects(name, series.to_numpy(dtype=object).tolist())
    if getattr(dtype, "kind", "O") in "iufb" and hasattr(series.array, "_mask"):
        numpy = sys.modules["numpy"]
        missing = series.isna().to_numpy()
        filled = series.fillna(False if dtype.kind == "b" else 0)
        cells = filled.to_numpy(dtype=dtype.numpy_dtype)
        valid = numpy.logical_not(missing).view("u1")
        return _numpy(name, cells, valid=valid)
    if kind in ("PeriodDtype", "IntervalDtype", "SparseDtype"):
        raise _wrong_type(name, str(dtype))
    return _numpy(name, series.to_numpy())


def _values(name: str, values: Any) -> Column:
    """Reads a column of a dict: an array of any library, or a Python sequence."""
    family = type(values).__module__.partition(".")[0]
    if family == "pandas" and hasattr(values, "dtype"):
        return _pandas(
            name, values if hasattr(values, "iloc") else sys.modules["pandas"].Series(values)
        )
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        return ("arrow", values)
    if family == "numpy" and hasattr(values, "dtype"):
        return _numpy(name, values)
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise _wrong_type(name, type(values).__name__)
    if isinstance(values, array) and values.typecode not in "uw":
        return ("numbers", values, None)
    return _objects(name, list(values))


def _numpy(name: str, cells: Any, *, valid: Any = None, zone: str | None = None) -> Column:
    numpy = sys.modules["numpy"]
    if cells.ndim != 1:
        raise _wrong_type(name, f"array of {cells.ndim} dimensions")
    if not cells.dtype.isnative:
        cells = cells.astype(cells.dtype.newbyteorder("="))
    kind = cells.dtype.kind
    if kind in "iuf":
        if cells.dtype.itemsize not in ((4, 8) if kind == "f" else (1, 2, 4, 8)):
            cells = cells.astype("f8")
        return ("numbers", cells, valid)
    if kind == "b":
        return ("bools", cells.view("u1"), valid)
    if kind == "M":
        unit = numpy.datetime_data(cells.dtype)
        if unit == ("D", 1):
            days = cells.view("i8")
            missing = days == numpy.iinfo("i8").min
            limited = numpy.clip(days, -(2**31), 2**31 - 1).astype("i4")
            return ("days", limited, numpy.logical_not(missing).view("u1"))
        if unit[0] not in ("s", "ms", "us", "ns") or unit[1] != 1:
            cells = cells.astype("datetime64[us]")
            unit = ("us", 1)
        return ("times", cells.view("i8"), valid, unit[0], zone)
    if kind in "OUT":
        return _objects(name, cells.tolist())
    raise _wrong_type(name, str(cells.dtype))


def whole_numbers(column: Column) -> Column:
    """Converts floats that are all whole to integers: pandas converts ids to floats if one is
    missing.
    """
    if column[0] == "keys":
        return ("keys", column[1], whole_numbers(column[2]))
    if column[0] != "numbers" or "numpy" not in sys.modules:
        return column
    numpy = sys.modules["numpy"]
    cells = column[1]
    if not isinstance(cells, numpy.ndarray) or cells.dtype.kind != "f":
        return column
    missing = numpy.isnan(cells)
    rest = cells[~missing]
    if not (numpy.abs(rest) < 2**53).all() or not (rest == numpy.trunc(rest)).all():
        return column
    if column[2] is not None:
        missing |= numpy.asarray(column[2]) == 0
    filled = numpy.where(missing, 0, cells).astype("i8")
    return ("numbers", filled, numpy.logical_not(missing).view("u1"))


def _objects(name: str, cells: list[Any]) -> Column:
    """Reads Python objects of one kind, or missing."""
    kinds = {kind: _family(kind) for kind in set(map(type, cells))}
    present = {family for family in kinds.values() if family is not None}
    if "float" in present and len(present) > 1 and not _float_cells(cells):
        present.discard("float")  # every one is NaN: missing among texts or dates
    if present <= {"int", "float"} and len(present) == 2:
        present = {"float"}
    if present <= {"int", "decimal"} and len(present) == 2:
        present = {"decimal"}
    if len(present) > 1:
        raise _mixed(name, cells, kinds)
    if not present:
        return ("nulls", len(cells))
    family = present.pop()
    if family not in _BUILDERS:
        raise _wrong_type(name, family)
    column: Column = _BUILDERS[family](name, cells)
    return column


def _family(kind: type) -> str | None:
    """The kind of column of an object; None for a missing cell."""
    if kind is type(None) or kind.__name__ in ("NAType", "NaTType"):
        return None
    for family, kinds in _FAMILIES:
        if issubclass(kind, kinds):
            return family
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        for family, numpy_kind in (
            ("bool", numpy.bool_),
            ("int", numpy.integer),
            ("float", numpy.floating),
        ):
            if issubclass(kind, numpy_kind):
                return family
    if kind.__module__ == "uuid" and kind.__name__ == "UUID":
        return "uuid"
    if kind.__module__ == "decimal" and kind.__name__ == "Decimal":
        return "decimal"
    return kind.__name__


_FAMILIES: tuple[tuple[str, type], ...] = (
    ("str", str),
    ("bool", bool),
    ("int", int),
    ("float", float),
    ("datetime", datetime.datetime),
    ("date", datetime.date),
)


def _float_cells(cells: list[Any]) -> bool:
    """Whether any float among these is a number."""
    return any(isinstance(cell, float) and cell == cell for cell in cells)


def _missing(cell: Any) -> bool:
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float) and cell != cell


def _mixed(name: str, cells: list[Any], kinds: dict[type, str | None]) -> SchemaError:
    """The error for a column of several kinds; it names the first row of another kind."""
    first = None
    for row, cell in enumerate(cells):
        family = kinds[type(cell)]
        if family is None or (family == "float" and cell != cell):
            continue
        if first is None:
            first = type(cell)
        elif family != kinds[first]:
            return SchemaError(
                f"column `{name}`, row {row}: a {type(cell).__name__} where the rows before hold "
                f"{first.__name__}",
                column=name,
                row=row,
                hint="a column holds one type; convert it first, for example with "
                f'data["{name}"].astype(str)',
            )
    raise AssertionError("a mixed column has two kinds")


def _wrong_type(name: str, found: str) -> SchemaError:
    return SchemaError(
        f"column `{name}` is of type {found}, expected numbers, texts, dates, times, or "
        "categories of these",
        column=name,
    )


def _valid(cells: list[Any]) -> bytearray | None:
    valid = bytearray(not _missing(cell) for cell in cells)
    return None if all(valid) else valid


def _texts(name: str, cells: list[Any]) -> Column:
    return ("texts", cells)


def _uuids(name: str, cells: list[Any]) -> Column:
    return ("texts", [None if _missing(cell) else str(cell) for cell in cells])


def _bools(name: str, cells: list[Any]) -> Column:
    valid = _valid(cells)
    return ("bools", bytearray(not _missing(cell) and bool(cell) for cell in cells), valid)


def _ints(name: str, cells: list[Any]) -> Column:
    valid = _valid(cells)
    numbers = cells if valid is None else [0 if _missing(cell) else cell for cell in cells]
    for code in "qQ":
        try:
            return ("numbers", array(code, numbers), valid)
        except OverflowError:
            continue
    raise _wrong_type(name, "int beyond 64 bits")


def _floats(name: str, cells: list[Any]) -> Column:
    numbers = array("d", (math.nan if _missing(cell) else float(cell) for cell in cells))
    return ("numbers", numbers, None)


def _decimals(name: str, cells: list[Any]) -> Column:
    import decimal

    numbers = [None if _missing(cell) else decimal.Decimal(cell) for cell in cells]
    finite = [number for number in numbers if number is not None]
    for row, number in enumerate(numbers):
        if number is not None and not number.is_finite():
            raise _not_finite(name, row)
    exponents = [number.as_tuple().exponent for number in finite]
    scale = max([0, *(-exponent for exponent in exponents if isinstance(exponent, int))])
    if scale > 38:
        raise _wrong_type(name, f"Decimal with {scale} decimals")
    with decimal.localcontext() as context:
        context.prec = 100
        scaled = [0 if number is None else int(number.scaleb(scale)) for number in numbers]
    try:
        words = b"".join(number.to_bytes(16, "little", signed=True) for number in scaled)
    except OverflowError:
        raise _wrong_type(name, "Decimal beyond 128 bits") from None
    return ("decimals", words, _valid(cells), scale)


def _not_finite(name: str, row: int) -> Exception:
    from ._errors import DataError

    return DataError(f"column `{name}`, row {row}: expected a finite number", column=name, row=row)


def _dates(name: str, cells: list[Any]) -> Column:
    days = array("i", (0 if _missing(cell) else cell.toordinal() - _EPOCH for cell in cells))
    return ("days", days, _valid(cells))


def _datetimes(name: str, cells: list[Any]) -> Column:
    """Reads datetimes of one zone, or without a zone; instants of several zones become UTC."""
    zones = {str(cell.tzinfo) if cell.tzinfo else None for cell in cells if not _missing(cell)}
    if None in zones and len(zones) > 1:
        aware = [not _missing(cell) and cell.tzinfo is not None for cell in cells]
        row = next(
            row
            for row, cell in enumerate(cells)
            if not _missing(cell) and aware[row] != aware[aware.index(True)]
        )
        raise SchemaError(
            f"column `{name}`, row {row}: a time without a zone among times with one",
            column=name,
            row=row,
        )
    naive = zones <= {None}
    epoch = datetime.datetime(1970, 1, 1, tzinfo=None if naive else datetime.UTC)
    least = -(2**63)
    micros = array(
        "q", (least if _missing(cell) else (cell - epoch) // _MICROSECOND for cell in cells)
    )
    zone = None if naive else _zone_name(cells, zones)
    return ("times", micros, None, "us", zone)


def _zone_name(cells: list[Any], zones: set[str | None]) -> str:
    if len(zones) > 1:
        return "UTC"
    zone = next(cell.tzinfo for cell in cells if not _missing(cell))
    named = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if named:
        return str(named)
    offset = zone.utcoffset(None)
    if offset is None:
        return "UTC"
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


_BUILDERS: dict[str, Any] = {
    "str": _texts,
    "uuid": _uuids,
    "bool": _bools,
    "int": _ints,
    "float": _floats,
    "decimal": _decimals,
    "date": _dates,
    "datetime": _datetimes,
}
