"""Results."""

from __future__ import annotations

import datetime
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, overload

from . import _native
from ._columns import Columns
from ._errors import needed_by
from ._paper import Paper

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from matplotlib.axes import Axes

    from ._types import ArrowStream, Labels, Money

_CODES = {"int": "i", "date": "i", "float": "d", "money": "q", "instant": "q"}
_EPOCH = datetime.date(1970, 1, 1).toordinal()


class Table(Paper):
    """A result: named, typed columns, notes, and the definition of the request.

    Anything that reads Arrow takes it whole (``pl.DataFrame(table)``, ``pa.table(table)``, DuckDB).
    It is also a mapping of columns (``dict(table)``), and `to_pandas`, `to_polars`, `to_arrow`,
    `to_numpy`, `to_dict` convert it. With ``labels="ja"`` they give Japanese headings and labels.

    ``table[:10]``, ``table[["customer_id", "r"]]``, `filter`, `sort`, `take` and `select` choose
    rows and columns and keep types, labels, definition and notes; no number is computed again.
    `plot` draws the table.

    Types of columns, and their numpy types: id (int64, uint64, or objects for texts), int (int32 or
    int64), float (float64), bool, date (datetime64[D]), instant (datetime64[us], UTC), money
    (float64, in major units of the orders' currency), category and text (objects). A missing cell
    is NaN, NaT or None. The unit of a column is in `schema` and in
    ``crm.describe(name)["columns"]``; names also show it: `_days`, `_seconds`. Rates, shares and
    probabilities lie between 0 and 1.

    Example:
        >>> table = crm.decile(orders)
        >>> table.columns
        ['customer_id', 'revenue', 'decile']
        >>> table.to_pandas().shape == (len(table), 3)
        True
    """

    __slots__ = ("_fields", "_table")

    def __init__(self, table: _native.Table | Columns) -> None:
        self._table = table
        self._fields = table.fields()

    # ---- what it is ---------------------------------------------------------------------------

    def __len__(self) -> int:
        """Rows."""
        return len(self._table)

    @property
    def columns(self) -> list[str]:
        """The columns' names, in order.

        Example:
            >>> crm.abc(orders).columns
            ['customer_id', 'revenue', 'abc']
        """
        return [field[0] for field in self._fields]

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """For each column its `type` (id, int, float, bool, date, instant, money, category, text),
        its `unit`, its Japanese heading (`ja`), and its `currency`, `timezone` or `id_type`; of
        money also the `decimals` of the currency's minor unit.

        Example:
            >>> about = crm.abc(orders).schema["revenue"]
            >>> about["type"], about["unit"], about["currency"], about["decimals"]
            ('money', 'currency', 'JPY', 0)
        """
        extras = {"money": "currency", "instant": "timezone", "id": "id_type"}
        schema = {}
        for name, kind, unit, ja, extra, decimals in self._fields:
            about: dict[str, Any] = {"type": kind, "unit": unit, "ja": ja}
            if extra is not None:
                about[extras[kind]] = extra
            if kind == "money":
                about["decimals"] = decimals
            schema[name] = about
        return schema

    def words(self, name: str) -> dict[str, dict[Labels, str]]:
        """The words of a category column, and their labels.

        Args:
            name: The column.

        Returns:
            For each word its labels "en" and "ja", whether or not a row has the word; empty for a
            column that is not a category.

        Raises:
            KeyError: There is no such column; the message lists the columns.

        Example:
            >>> crm.cpm(orders).words("state")
            {'active': {'en': 'Active', 'ja': '現役'}, 'churned': {'en': 'Churned', 'ja': '離脱'}}
        """
        at = self._at(name)
        if self._fields[at][1] != "category":
            return {}
        return {code: {"en": en, "ja": ja} for code, en, ja in self._table.words(at)}

    @property
    def definition(self) -> dict[str, Any]:
        """The definition of the request: version, analysis, scope and options, with all defaults.

        Example:
            >>> crm.decile(orders).definition["options"]
            {'groups': 10, 'tie_safe': False}
        """
        import json

        text = self._table.definition
        definition: dict[str, Any] = json.loads(text) if text is not None else {}
        return definition

    @property
    def hash(self) -> str | None:
        """A hash of the definition: equal requests have equal hashes.

        Example:
            >>> crm.decile(orders).hash == crm.decile(orders, groups=10).hash
            True
        """
        return self._table.hash

    @property
    def notes(self) -> dict[str, Any]:
        """Further results: cuts that were used, flags, counts.

        Example:
            >>> sorted(crm.rfm(orders).notes["cuts"])
            ['frequency', 'monetary', 'recency']
        """
        import json

        notes: dict[str, Any] = json.loads(self._table.notes)
        return notes

    @overload
    def __getitem__(self, name: str) -> np.ndarray[Any, Any]: ...

    @overload
    def __getitem__(self, name: slice | list[str] | np.ndarray[Any, Any]) -> Table: ...

    def __getitem__(
        self, name: str | slice | list[str] | np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any] | Table:
        """A column as a numpy array, money as floats; or a table of chosen columns or rows.

        ``t["r"]`` is an array, ``t[["customer_id", "r"]]`` has these columns, ``t[:10]`` these
        rows, ``t[t["r"] == 5]`` the rows for which this is true.

        Raises:
            KeyError: There is no such column; the message lists the columns.
            TypeError: Something else in the brackets.
        """
        import numpy as np

        if isinstance(name, str):
            return self._numpy(self._at(name), "en", "float")
        if isinstance(name, slice):
            rows = range(len(self))[name]
            if rows.start == 0 and rows.step == 1:
                return self.head(len(rows))
            return self._taken(np.arange(len(self))[name])
        if isinstance(name, list) and all(isinstance(one, str) for one in name):
            return self.select(*name)
        mask = np.asarray(name)
        if mask.dtype == bool and mask.shape == (len(self),):
            return self._taken(np.flatnonzero(mask))
        raise TypeError(
            "in brackets: expected a column, a list of columns, a slice of rows, or an array of "
            f"{len(self)} truth values"
        )

    def _taken(self, rows: np.ndarray[Any, Any]) -> Table:
        return Table(Columns.of(self._table).take(rows))

    def select(self, *columns: str) -> Table:
        """Columns in this order, as ``table[["customer_id", "r"]]``.

        Args:
            columns: Their names.

        Returns:
            A table of the same rows, definition and notes.

        Raises:
            KeyError: There is no such column, or one is named twice.

        Example:
            >>> crm.abc(orders).select("abc", "customer_id").columns
            ['abc', 'customer_id']
        """
        if len(set(columns)) < len(columns):
            raise KeyError("a column is named twice")
        return Table(Columns.of(self._table).select([self._at(one) for one in columns]))

    def take(self, rows: Sequence[int] | np.ndarray[Any, Any]) -> Table:
        """Rows by their places, in this order; a row may come more than once.

        Args:
            rows: Whole numbers from 0; negative ones count from the end.

        Returns:
            A table of the same columns, definition and notes.

        Raises:
            IndexError: There is no such row.
            TypeError: No whole numbers.

        Example:
            >>> crm.abc(orders).take([0, -1])["customer_id"][0]
            'C0000000'
        """
        import numpy as np

        places = np.asarray(rows)
        if places.ndim != 1 or (len(places) and places.dtype.kind not in "iu"):
            raise TypeError("rows: expected a list of whole numbers")
        for end in (places.min(), places.max()) if len(places) else ():
            if not -len(self) <= end < len(self):
                raise IndexError(f"no row {end}; there are {len(self):,} rows")
        return self._taken(places.astype(np.int64) % max(len(self), 1))

    def __contains__(self, name: object) -> bool:
        """Whether there is a column of this name."""
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        """The columns' names, as of a mapping: ``dict(table)`` has the columns."""
        return iter(self.columns)

    def keys(self) -> list[str]:
        """The columns' names: a table is a mapping of them, so that ``dict(table)`` works.

        Example:
            >>> crm.abc(orders).keys()
            ['customer_id', 'revenue', 'abc']
        """
        return self.columns

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        """Refused, because columns of several types cannot be one array.

        Raises:
            TypeError: Always; the message says what to use.
        """
        raise TypeError(
            "a Table is no single array: use table.to_pandas() for a frame, table.to_numpy() or "
            "dict(table) for an array of each column"
        )

    def head(self, rows: int = 5) -> Table:
        """The first rows.

        Args:
            rows: The maximum number of rows.

        Returns:
            A table of the same columns, definition and notes.

        Example:
            >>> len(crm.abc(orders).head(3))
            3
        """
        return Table(self._table.head(rows))

    def filter(
        self,
        where: Mapping[str, Any] | np.ndarray[Any, Any] | None = None,
        **conditions: Any,
    ) -> Table:
        """Rows of the result by conditions on its columns; no number is computed again.

        Args:
            where: ``{column: value | [values] | {"from": ..., "to": ...}}``, both ends included,
                None for missing; or an array of a truth value for each row.
            **conditions: The same, by the columns' names.

        Returns:
            A table of the same columns, definition and notes.

        Raises:
            KeyError: There is no such column.
            OptionError: A value that no cell of the column can have.

        Example:
            >>> best = crm.rfm(orders).filter(segment=["champions", "loyal"], r={"from": 4})
            >>> sorted(set(best["r"].tolist()))
            [4, 5]
        """
        from . import _rows

        table = self
        if where is not None and not isinstance(where, Mapping):
            table, where = self[where], None
        given = {**(where or {}), **conditions}
        return table[_rows.where(table, given)] if given else table

    def sort(self, *by: str, descending: bool | Sequence[bool] = False) -> Table:
        """The rows in the order of columns; ties keep their order, missing cells come last.

        Args:
            by: The columns, the most important first. Words are in the order of the library.
            descending: Whether the greatest comes first; for all columns, or for each.

        Returns:
            A table of the same columns, definition and notes.

        Raises:
            KeyError: There is no such column.
            OptionError: No column, or another number of `descending`.

        Example:
            >>> top = crm.summary(orders).sort("revenue", descending=True).head(3)
            >>> bool(top["revenue"][0] >= top["revenue"][2])
            True
        """
        from . import _rows
        from ._errors import OptionError

        downs = [descending] * len(by) if isinstance(descending, bool) else list(descending)
        if not by or len(downs) != len(by):
            raise OptionError("option `descending`: expected as many as columns, and a column")
        return self._taken(_rows.order(self, by, downs))

    def describe(self) -> Table:
        """What is in each column: a table about the table.

        Returns:
            One row per column: column, type, unit, missing (cells), distinct (values), least, mean
            and greatest, as texts; words have no mean.

        Example:
            >>> crm.abc(orders).describe()["column"].tolist()
            ['customer_id', 'revenue', 'abc']
        """
        from . import _display

        return Table(_display.described(self))

    def __copy__(self) -> Table:
        """A table cannot be changed, so that a copy is the table."""
        return self

    def __deepcopy__(self, memo: object) -> Table:
        return self

    def __reduce__(self) -> tuple[type[Table], tuple[Columns]]:
        return Table, (Columns.of(self._table),)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        """The table for programs that read the interchange protocol, by pyarrow."""
        return self.to_arrow().__dataframe__(nan_as_null, allow_copy)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as an Arrow stream, money as decimals."""
        return self._table.__arrow_c_stream__(requested_schema)

    def plot(self, ax: Axes | None = None, labels: Labels = "en", **options: Any) -> Axes:
        """The picture that belongs to the analysis, by matplotlib; see `crm_core.plot`.

        Args:
            ax: The axes to draw on. Default: those of a new figure.
            labels: As in `to_numpy`.
            **options: Options of the picture, such as `value`.

        Returns:
            The axes.

        Raises:
            OptionError: The analysis has no picture, which has no such option; or there is no
                font with Japanese letters.

        Example:
            >>> crm.decile(orders).plot().get_ylabel()
            'Revenue (million JPY)'
        """
        from . import plot

        return plot.of_table(self, ax, labels, **options)

    # ---- where it goes ------------------------------------------------------------------------

    def to_numpy(
        self, labels: Labels = "en", money: Money = "float"
    ) -> dict[str, np.ndarray[Any, Any]]:
        """The columns as numpy arrays.

        Args:
            labels: "en" for the names and codes for programs, "ja" for Japanese.
            money: "float" (major units, each rounded once from the exact integer), "minor" (exact
                integers of the minor unit), "decimal" (exact `decimal.Decimal`).

        Returns:
            An array for each column. Missing cells are NaN in floats and NaT in dates; integers
            with missing cells become floats, other columns objects with None.

        Example:
            >>> crm.abc(orders).to_numpy()["revenue"].dtype
            dtype('float64')
        """
        headings = self._headings(labels)
        return {heading: self._numpy(at, labels, money) for at, heading in enumerate(headings)}

    def to_pandas(self, labels: Labels = "en", money: Money = "float") -> pd.DataFrame:
        """The table as a pandas frame, built from numpy: pyarrow is not needed.

        Args:
            labels: As in `to_numpy`.
            money: As in `to_numpy`.

        Returns:
            A frame with datetime64 dates, categories for words, nullable integers where cells are
            missing, and `definition`, `hash` and `notes` in ``attrs["crm"]``.

        Example:
            >>> crm.abc(orders).to_pandas(labels="ja").columns.tolist()
            ['会員ID', '売上', 'ABCランク']
        """
        with needed_by("to_pandas"):
            import pandas as pd

        headings = self._headings(labels)
        frame = pd.DataFrame(
            {heading: self._pandas(pd, at, labels, money) for at, heading in enumerate(headings)}
        )
        frame.attrs["crm"] = {
            "definition": self.definition,
            "hash": self.hash,
            "notes": self.notes,
        }
        return frame

    def to_polars(self, labels: Labels = "en", money: Money = "float") -> pl.DataFrame:
        """The table as a polars frame.

        Args:
            labels: As in `to_numpy`.
            money: As in `to_numpy`.

        Returns:
            A frame; dates are Date, instants Datetime in the shop's zone, categories
            Categorical, missing cells null.

        Example:
            >>> crm.abc(orders).to_polars().columns
            ['customer_id', 'revenue', 'abc']
        """
        with needed_by("to_polars"):
            import polars as pl

        return pl.DataFrame(self._styled(labels, money))

    def to_arrow(self, labels: Labels = "en", money: Money = "float") -> pa.Table:
        """The table as a pyarrow table, its definition in the schema's metadata.

        Args:
            labels: As in `to_numpy`.
            money: As in `to_numpy`.

        Returns:
            A table; dates are date32, instants timestamp[us] in the shop's zone,
            categories dictionaries, missing cells null.

        Example:
            >>> crm.abc(orders).to_arrow().column_names
            ['customer_id', 'revenue', 'abc']
        """
        with needed_by("to_arrow"):
            import pyarrow as pa

        return pa.table(self._styled(labels, money))

    def to_dict(self, labels: Labels = "en", money: Money = "float") -> dict[str, list[Any]]:
        """The columns as lists of Python objects.

        Args:
            labels: As in `to_numpy`.
            money: As in `to_numpy`.

        Returns:
            A list for each column: int, float, bool, str, `datetime.date`, aware
            `datetime.datetime`, or `decimal.Decimal`; None is missing.

        Example:
            >>> data = {"customer_id": [1], "amount": [5.5], "ordered_at": ["2026-01-05"]}
            >>> table = crm.abc(crm.Orders(data, currency="USD"))
            >>> table.to_dict(money="decimal")["revenue"]
            [Decimal('5.50')]
        """
        headings = self._headings(labels)
        return {heading: self._list(at, labels, money) for at, heading in enumerate(headings)}

    def _caption(self) -> str:
        name = self.definition.get("analysis", "table")
        return f"{name}, {len(self):,} row{'s' * (len(self) != 1)}"

    def __repr__(self) -> str:
        import shutil

        width = shutil.get_terminal_size((100, 24)).columns
        return f"<crm_core.Table {self._caption()}>\n{self.to_text(width=width)}"

    def _repr_html_(self) -> str:
        return self.to_html()

    # ---- columns ------------------------------------------------------------------------------

    def _at(self, name: str) -> int:
        for at, field in enumerate(self._fields):
            if field[0] == name:
                return at
        raise KeyError(f"no column {name!r}; there are {', '.join(self.columns)}")

    def _styled(self, labels: Labels, money: Money) -> ArrowStream:
        _check(labels, money)
        return self._table.styled(money, labels)

    def _headings(self, labels: Labels) -> list[str]:
        _check(labels, "float")
        headings: list[str] = []
        for name, _, _, ja, _, _ in self._fields:
            heading = ja if labels == "ja" else name
            headings.append(f"{heading} ({name})" if heading in headings else heading)
        return headings

    def _words(self, at: int, labels: Labels) -> list[str]:
        which = 2 if labels == "ja" else 0
        return [word[which] for word in self._table.words(at)]

    def _list(self, at: int, labels: Labels, money: Money) -> list[Any]:
        _check(labels, money)
        kind, exponent = self._fields[at][1], self._fields[at][5]
        extra = self._fields[at][4] or ""
        valid = self._table.valid(at)
        cells: list[Any]
        if kind == "money" and money == "float":
            cells = _unpacked("d", self._table.major(at))
        else:
            raw = self._table.cells(at)
            if isinstance(raw, list):
                cells = raw
            elif kind == "category":
                words = self._words(at, labels)
                cells = [words[code] for code in raw] if words else []
            elif kind == "text":
                words = self._words(at, labels)
                cells = [words[code] if words else "" for code in _unpacked("I", raw)]
            elif kind == "bool":
                cells = [bool(cell) for cell in raw]
            else:
                cells = _unpacked(self._code(at, len(raw)), raw)
        if kind == "money" and money == "decimal":
            import decimal

            cells = [decimal.Decimal(cell).scaleb(-exponent) for cell in cells]
        elif kind == "date":
            cells = [datetime.date.fromordinal(cell + _EPOCH) for cell in cells]
        elif kind == "instant":
            cells = _instants(cells, extra)
        if valid is not None:
            cells = [cell if ok else None for cell, ok in zip(cells, valid, strict=True)]
        return cells

    def _code(self, at: int, size: int) -> str:
        """The typecode of a column of numbers with ``size`` bytes."""
        kind, extra = self._fields[at][1], self._fields[at][4] or ""
        if kind == "id":
            return "Q" if extra.startswith("uint") else "q"
        if kind == "int" and size > 4 * len(self):
            return "q"
        return _CODES[kind]

    def _numpy(self, at: int, labels: Labels, money: Money) -> np.ndarray[Any, Any]:
        import numpy as np

        _check(labels, money)
        kind = self._fields[at][1]
        valid = self._table.valid(at)
        missing = None if valid is None else np.frombuffer(valid, "u1") == 0
        if kind in ("category", "text") or (kind == "money" and money == "decimal"):
            return _objects(np, self._list(at, labels, money))
        if kind == "money" and money == "float":
            cells = np.frombuffer(self._table.major(at), "f8")
        else:
            raw = self._table.cells(at)
            if isinstance(raw, list):
                return _objects(np, self._list(at, labels, money))
            if kind == "bool":
                cells = np.frombuffer(raw, "?")
            else:
                cells = np.frombuffer(raw, _DTYPES[self._code(at, len(raw))])
        if kind == "id":
            cells = cells.astype(self._fields[at][4])
        if kind == "date":
            cells = cells.astype("datetime64[D]")
        if kind == "instant":
            cells = cells.view("datetime64[us]")
        if missing is None:
            return cells
        if kind in ("date", "instant"):
            cells = cells.copy()
            cells[missing] = np.datetime64("NaT")
            return cells
        if kind in ("int", "float") or (kind == "money" and money == "float"):
            cells = cells.astype("f8")
            cells[missing] = np.nan
            return cells
        return _objects(np, self._list(at, labels, money))

    def _pandas(self, pd: Any, at: int, labels: Labels, money: Money) -> Any:
        import numpy as np

        kind, extra = self._fields[at][1], self._fields[at][4]
        if kind == "category":
            codes = np.frombuffer(self._table.cells(at), "u1").astype("i2")
            valid = self._table.valid(at)
            if valid is not None:
                codes[np.frombuffer(valid, "u1") == 0] = -1
            return pd.Categorical.from_codes(codes, self._words(at, labels))
        if kind in ("int", "bool") and self._table.valid(at) is not None:
            cells = self._list(at, labels, money)
            return pd.array(cells, dtype="Int64" if kind == "int" else "boolean")
        column = self._numpy(at, labels, money)
        if kind == "date":
            return column.astype("datetime64[s]")
        if kind == "instant":
            return pd.Series(column).dt.tz_localize("UTC").dt.tz_convert(extra)
        if kind == "text" or (kind == "id" and extra == "text"):
            # In pandas 2, "str" would convert None to a text.
            known = int(pd.__version__.split(".")[0]) >= 3
            return pd.Series(column, dtype="str" if known else object)
        return column


_DTYPES = {"i": "i4", "q": "i8", "Q": "u8", "d": "f8"}


def _check(labels: str, money: str) -> None:
    from ._errors import OptionError, meant

    if labels not in ("en", "ja"):
        raise OptionError(
            f'option `labels`: expected "en" or "ja", found {str(labels)[:40]}',
            hint=meant(labels, ("en", "ja")),
        )
    if money not in ("float", "minor", "decimal"):
        raise OptionError(
            f'option `money`: expected "float", "minor" or "decimal", found {str(money)[:40]}',
            hint=meant(money, ("float", "minor", "decimal")),
        )


def _unpacked(code: str, raw: bytearray | bytes) -> list[Any]:
    cells: array[Any] = array(code)
    cells.frombytes(raw)
    return cells.tolist()


def _objects(numpy: Any, cells: list[Any]) -> np.ndarray[Any, Any]:
    """Python objects in an array; numpy would convert texts to a fixed-size type."""
    objects: np.ndarray[Any, Any] = numpy.empty(len(cells), dtype=object)
    objects[:] = cells
    return objects


def _instants(cells: list[int], zone: str) -> list[datetime.datetime]:
    import zoneinfo

    try:
        tz: datetime.tzinfo = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        tz = datetime.datetime.fromisoformat(f"2000-01-01T00:00{zone}").tzinfo or datetime.UTC
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return [(epoch + datetime.timedelta(microseconds=cell)).astimezone(tz) for cell in cells]
