"""A frame in memory, read as a file is: the same headings, the same texts, the same doubts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .._input import is_one_column
from .._problem import Problem
from . import lists
from .source import sources_of


class FrameSource:
    """A frame of pandas, polars, DuckDB or Arrow, or a dict of columns."""

    encoding = ""
    encoding_guessed = False
    dropped = 0
    titles: Sequence[str] = ()

    def __init__(self, data: Any, name: str = "the frame") -> None:
        self.name = name
        self.notes: list[tuple[str, dict[str, object]]] = []
        self._table = lists.flat(_table(data))
        self._kept: pa.Array | None = None
        self.headings = list(self._table.column_names)

    def row_name(self, row: int) -> str:
        """A row, counted from 0 as in the frame."""
        place = row if self._kept is None else self._kept[row].as_py()
        return f"row {place}" if self.name == "the frame" else f"{self.name}, row {place}"

    def refuse_formulas(self, names: Sequence[str]) -> None:
        """Frames have none."""

    def currencies(self, name: str) -> dict[str, str]:
        """Nothing: frames have no formats."""
        return {}

    def keep(self, rows: pa.Array | None) -> None:
        """Remember that only these of the rows that were read are left (from 0)."""
        self._kept = rows

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        advance(1.0)
        found = self._table.select([name for name in columns if name in self.headings])
        for at, name in enumerate(found.column_names):
            column = _plain(_whole(found[name]))
            infinite = pc.is_inf(column) if pa.types.is_floating(column.type) else None
            if infinite is not None and pc.any(infinite).as_py():
                if not drop_broken:
                    row = pc.index(infinite, True).as_py()
                    raise Problem(f"{self.row_name(row)}, column {name}: not a finite number")
                column = pc.if_else(infinite, None, column)
            found = found.set_column(at, name, column)
        return found


def sources_in(data: Any, encoding: str, delimiter: str) -> list[Any]:
    """What `read_orders` takes: a path, a frame, or a list of either."""
    many = list(data) if isinstance(data, list | tuple) else [data]
    if not many:
        raise Problem("there is nothing to read")
    if isinstance(data, list | tuple) and all(_is_row(one) for one in many):
        names = list(dict.fromkeys(name for one in many for name in one))
        many = [{name: [one.get(name) for one in many] for name in names}]
    frames = [one for one in many if not isinstance(one, str | Path)]
    for one in frames:
        if is_one_column(type(one).__module__.partition(".")[0], one):
            raise Problem(
                f"a {type(one).__name__} is one column, not a table",
                "Hand over a frame with columns of customers, dates and amounts.",
            )
    if not frames:
        return list(sources_of([Path(one) for one in many], encoding, delimiter))
    if len(frames) < len(many):
        raise Problem("files and frames cannot be read together")
    if len(frames) == 1:
        return [FrameSource(frames[0])]
    return [FrameSource(one, f"frame {at}") for at, one in enumerate(frames)]


def _is_row(one: Any) -> bool:
    """Whether this is a dict that holds the values of one row, and not columns."""
    plain = (str, int, float, bool, type(None), datetime.date, Decimal)
    return (
        isinstance(one, Mapping)
        and len(one) > 0
        and any(isinstance(value, plain) for value in one.values())
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts and whole numbers in the types that everything reads."""
    kind = column.type
    if pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type):
        parts = [
            pa.DictionaryArray.from_arrays(part.indices, part.dictionary.cast(pa.string()))
            for part in column.chunks
        ]
        return pa.chunked_array(parts, pa.dictionary(kind.index_type, pa.string()))
    if pa.types.is_decimal(kind) and kind.scale == 0 and kind.precision > 18:
        try:
            return column.cast(pa.int64())  # huge integers of DuckDB
        except pa.ArrowInvalid:
            return column
    return column


def _table(data: Any) -> pa.Table:
    family = type(data).__module__.partition(".")[0]
    if family == "pandas" and hasattr(data, "columns"):
        # Levels of the index that have a name are columns.
        data = data.reset_index([name for name in data.index.names if name not in (None, *data)])
        columns = {str(name): _column(data.iloc[:, at]) for at, name in enumerate(data.columns)}
        if len(columns) < len(data.columns):
            raise Problem("two columns of the frame have the same name", "Rename one of them.")
        return pa.table(columns)
    if family == "polars" and hasattr(data, "collect"):
        data = data.collect()
    if hasattr(data, "to_arrow_table"):  # a relation of DuckDB
        data = data.to_arrow_table()
    if isinstance(data, Mapping):
        columns = {str(name): _column(column) for name, column in data.items()}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f'"{name}" {rows}' for name, rows in list(lengths.items())[:5])
            raise Problem(f"the columns have different numbers of rows: {told}")
        return pa.table(columns)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return pa.table(data)
    if hasattr(data, "arrow"):
        return pa.table(data.arrow())
    raise Problem(
        f"a {type(data).__name__} is no table",
        "Hand over a path, a pandas or polars DataFrame, a pyarrow Table, a DuckDB relation, a "
        "dict of columns, or a list of these.",
    )


def _column(values: Any) -> pa.Array:
    """A column as Arrow has it; mixed types and periods become text, as they would in a file."""
    try:
        column = pa.array(values, from_pandas=True)
        if not isinstance(column.type, pa.BaseExtensionType):
            return column
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        pass
    missing = [value is None or value != value for value in values]
    return pa.array(
        [None if gone else str(value) for value, gone in zip(values, missing, strict=True)],
        pa.string(),
    )


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers that became floats because one is missing are integers again."""
    if not pa.types.is_floating(column.type) or column.null_count == len(column):
        return column
    if not column.null_count:
        return column
    whole = pc.all(pc.equal(column, pc.floor(column))).as_py()
    large = pc.any(pc.greater(pc.abs(column), 2.0**53)).as_py()
    return column.cast(pa.int64()) if whole and not large else column
