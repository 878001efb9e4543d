"""Files of columns that know their types: Parquet, one or a directory of it, and Arrow."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .._problem import Problem
from . import lists
from .container import Container

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# `pyarrow.parquet` and `pyarrow.dataset` import pandas where it is installed, 60 MB of it: only
# readers of these files import them.


# What Arrow raises for files that are damaged; names of columns are decoded by Python.
_DAMAGED = (pa.ArrowException, OSError, UnicodeError)
_TEXTS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".xlsx", ".gz", ".zip")


class _Columnar:
    def __init__(self) -> None:
        self.encoding = ""
        self.dropped = 0
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.headings: list[str] = []

    def row_name(self, row: int) -> str:
        """The row, from 1; there is no line of headings."""
        return f"row {row + 1}"


class Parquet(_Columnar):
    """One file of Parquet."""

    def __init__(self, container: Container) -> None:
        super().__init__()
        self._container = container
        self._schema = self._opened(lambda file: file.schema_arrow)
        self.headings = _headings(self._schema)

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        roots = _roots(columns, self._schema)

        def groups(file: pq.ParquetFile) -> pa.Table:
            read = []
            for group in range(file.num_row_groups):
                read.append(file.read_row_group(group, columns=roots))
                advance((group + 1) / file.num_row_groups)
            table = pa.concat_tables(read) if read else file.read(columns=roots)
            return lists.flat(_checked(table)).select(list(columns))

        return self._opened(groups)

    def _opened(self, use: Callable[[pq.ParquetFile], Any]) -> Any:
        import pyarrow.parquet as pq

        try:
            with (
                self._container.open() as file,
                # By its path Arrow reads a file without Python.
                pq.ParquetFile(self._container.on_disk or file) as parquet,
            ):
                return use(parquet)
        except _DAMAGED as error:
            raise Problem(f"{self._container.name} is not a whole Parquet file") from error


class Arrow(_Columnar):
    """A file or a stream of Arrow, also called Feather."""

    def __init__(self, container: Container) -> None:
        super().__init__()
        try:
            with container.open() as file:
                is_file = container.start.startswith(b"ARROW1")
                opened = pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)
                self._table = lists.flat(_checked(opened.read_all()))
            self.headings = list(self._table.column_names)
        except _DAMAGED as error:
            raise Problem(f"{container.name} is not a whole Arrow file") from error

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for."""
        advance(1.0)
        return self._table.select(list(columns))


class Directory(_Columnar):
    """A directory of Parquet files; names such as `year=2024` are columns."""

    def __init__(self, path: Path) -> None:
        import pyarrow.dataset as ds

        super().__init__()
        self._path = path
        files = sorted(str(file) for file in path.rglob("*.parquet") if file.is_file())
        if not files:
            raise Problem(
                f"{path.name} is a directory without Parquet files",
                f"Name its files, for example {path / '*.csv'}.",
            )
        others = {file.suffix for file in path.rglob("*") if file.suffix in _TEXTS}
        if others:
            raise Problem(
                f"{path.name} has Parquet files and others ({', '.join(sorted(others))})",
                f"Name the files to read, for example {path / '**/*.parquet'}.",
            )
        self._starts: list[int] = []
        self._names: list[str] = []
        try:
            self._dataset = ds.dataset(
                files,
                format="parquet",
                partitioning=ds.partitioning(flavor="hive"),
                partition_base_dir=str(path),
            )
            self.headings = _headings(self._dataset.schema)
        except _DAMAGED as error:
            raise Problem(f"a file of {path.name} is not a whole Parquet file") from error

    def row_name(self, row: int) -> str:
        """The file of the directory, and the row in it."""
        at = bisect_right(self._starts, row) - 1
        return f"{self._names[at]}, row {row - self._starts[at] + 1}"

    def read(
        self, columns: Sequence[str], advance: Callable[[float], None], drop_broken: bool
    ) -> pa.Table:
        """The columns asked for, file by file in the order of their names."""
        schema = self._dataset.schema
        parts: list[pa.Table] = []
        total = 0
        fragments = list(self._dataset.get_fragments())
        for at, fragment in enumerate(fragments):
            try:
                part = _checked(fragment.to_table(schema=schema, columns=_roots(columns, schema)))
            except _DAMAGED:
                raise Problem(
                    f"{self._name(fragment)} has other types of columns than the first file, "
                    "or is not whole"
                ) from None
            self._starts.append(total)
            self._names.append(self._name(fragment))
            total += part.num_rows
            parts.append(lists.flat(part).select(list(columns)))
            advance((at + 1) / len(fragments))
        return pa.concat_tables(parts)

    def _name(self, fragment: Any) -> str:
        return Path(fragment.path).relative_to(self._path).as_posix()


def _headings(schema: pa.Schema) -> list[str]:
    """The columns, those of objects within rows under `outer.inner`."""
    return list(lists.flat(schema.empty_table()).column_names)


def _roots(columns: Sequence[str], schema: pa.Schema) -> list[str]:
    """The columns of the file that these are, or are a part of."""
    found: dict[str, None] = {}
    for name in columns:
        outer = [one for one in schema.names if name == one or name.startswith(f"{one}.")]
        found[max(outer, key=len)] = None
    return list(found)


def _checked(table: pa.Table) -> pa.Table:
    """Arrow trusts a file's offsets and texts until somebody looks."""
    table.validate(full=True)
    return table
