"""Tables of SQLite and DuckDB files, which are opened for reading only.

The table is named behind `#`; a file of one table needs no name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pyarrow as pa

from .._problem import Problem
from .container import Container, likely_name
from .text_rows import TextRows, float_text

_BATCH = 50_000


class _Database(TextRows):
    def __init__(self, container: Container, table: str) -> None:
        super().__init__()
        self._name = container.name
        if container.on_disk is None:
            raise Problem(f"{self._name} is a database in another file", "Unpack it first.")
        self._path = container.on_disk
        present = self._tables()
        self._table = table or (present[0] if len(present) == 1 else "")
        if self._table not in present:
            said = f'has no table "{table}"' if table else f"holds {len(present)} tables"
            example = table or (present[0] if present else "")
            raise Problem(
                f"{self._name} {said}",
                f"Name one, for example {self._name}#{likely_name(present)}; it has "
                f"{_listed(present)}."
                if example and present
                else "",
            )
        self.headings = self._headings()

    def row_name(self, row: int) -> str:
        """The row in the order of the table, from 1."""
        return f"table {self._table}, row {row + 1}"

    def _tables(self) -> list[str]:
        raise NotImplementedError

    def _headings(self) -> list[str]:
        raise NotImplementedError


class Sqlite(_Database):
    """A table or view of a SQLite file; every value as text."""

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        names = ", ".join(map(_quoted, columns))
        parts = [pa.schema([(name, pa.string()) for name in columns]).empty_table()]
        with self._opened() as connection:
            rows = connection.execute(f"SELECT {names} FROM {_quoted(self._table)}")
            while batch := rows.fetchmany(_BATCH):
                texts = [
                    pa.array([self._text(name, one) for one in values], pa.string())
                    for name, values in zip(columns, zip(*batch, strict=True), strict=True)
                ]
                parts.append(pa.table(texts, names=list(columns)))
        advance(1.0)
        return pa.concat_tables(parts)

    def _text(self, name: str, value: Any) -> str | None:
        if isinstance(value, float):
            return float_text(value)
        if isinstance(value, bytes):
            raise Problem(f"{self._name}, table {self._table}: column {name} holds binary values")
        return None if value is None else str(value)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                yield connection
        except (sqlite3.Error, UnicodeError):
            raise Problem(
                f"{self._name} cannot be read as a SQLite file",
                "It is damaged, another program is writing to it, or a text is not UTF-8.",
            ) from None

    def _tables(self) -> list[str]:
        with self._opened() as connection:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
            return [name for (name,) in found]

    def _headings(self) -> list[str]:
        with self._opened() as connection:
            about = connection.execute(f"SELECT * FROM {_quoted(self._table)} LIMIT 0")
            return [one[0] for one in about.description]


class DuckDb(_Database):
    """A table or view of a DuckDB file, with its types."""

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        names = ", ".join(map(_quoted, columns))
        table = self._asked(
            lambda connection: connection.sql(
                f"SELECT {names} FROM {_quoted(self._table)}"
            ).to_arrow_table()
        )
        advance(1.0)
        return table

    def _asked(self, ask: Callable[[Any], Any]) -> Any:
        try:
            import duckdb
        except ImportError:
            raise Problem(
                f"{self._name} is a DuckDB file; reading it needs duckdb", "pip install duckdb"
            ) from None
        try:
            with duckdb.connect(str(self._path), read_only=True) as connection:
                return ask(connection)
        except duckdb.Error:
            raise Problem(
                f"{self._name} cannot be read as a DuckDB file",
                "Another program may be writing to it, or a newer DuckDB made it.",
            ) from None

    def _tables(self) -> list[str]:
        found = self._asked(
            lambda connection: connection.sql(
                "SELECT table_name FROM information_schema.tables "
                "WHERE table_schema = 'main' ORDER BY 1"
            ).fetchall()
        )
        return [name for (name,) in found]

    def _headings(self) -> list[str]:
        about = f"SELECT * FROM {_quoted(self._table)} LIMIT 0"
        return list(self._asked(lambda connection: connection.sql(about).columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
