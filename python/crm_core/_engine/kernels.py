"""What is done with one partition: record batches in, record batches out.

A kernel is plain data, so an engine can send it to another process. It is called once for each
partition, with an iterator that may be empty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .. import _native
from .._errors import CrmError, OptionError, VersionError
from .._library import run
from .._table import Table
from .reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1 << 16
"""Rows of a batch that a kernel gives back."""


def same_version(version: str) -> None:
    """Refuse to work for another version of the library.

    Raises:
        VersionError: This process has another version.
    """
    if version != _native.__version__:
        raise VersionError(
            f"crm_core {version} asks, and this worker has {_native.__version__}",
            hint="install the same version on the driver and on every worker",
        )


def plain_schema(table: Table) -> pa.Schema:
    """The schema of a result as engines know it: categories are texts, instants in UTC."""
    import pyarrow as pa

    return plain_schema_of(pa.table(table))


def plain_schema_of(table: pa.Table) -> pa.Schema:
    """As `plain_schema`, of a result in Arrow."""
    import pyarrow as pa

    fields = []
    for field in table.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_timestamp(kind):
            kind = pa.timestamp("us", "UTC")
        fields.append(pa.field(field.name, kind))
    return pa.schema(fields)


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of a schema, by name, in its types."""
    import pyarrow as pa

    columns = [table[field.name].cast(field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """The base of kernels: the version that asks, and the columns of the result."""

    version: str
    schema: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The result of one partition."""
        same_version(self.version)
        for table in self.tables(batches):
            yield from conformed(table, self.schema).to_batches(max_chunksize=ROWS)

    def tables(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        """The result of one partition, in one table or several."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Rows(Kernel):
    """An analysis of which each row is about one customer or visitor."""

    reading: Reading
    source: pa.Schema
    task: str
    request: dict[str, Any]

    def tables(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        """The rows of the partition's customers."""
        import pyarrow as pa

        for data in self.reading.each(self.source, batches):
            yield pa.table(run(self.task, data, self.request))


@dataclasses.dataclass(frozen=True)
class OfTable(Kernel):
    """A function of each partition of a table of customers, read whole."""

    source: pa.Schema
    function: Callable[..., pa.Table]
    arguments: tuple[Any, ...] = ()

    def tables(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        """What the function gives."""
        yield self.function(whole(self.source, batches), *self.arguments)


def whole(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> pa.Table:
    """Batches as one table, columns by name."""
    import pyarrow as pa

    names = schema.names
    parts = [batch.select(names).cast(schema) for batch in batches]
    return pa.Table.from_batches(parts, schema=schema)


STATE = ("name", "state")
"""The columns of small tables on their way to the driver."""


def state_schema() -> pa.Schema:
    """The schema of `STATE`."""
    import pyarrow as pa

    return pa.schema([(STATE[0], pa.string()), (STATE[1], pa.binary())])


@dataclasses.dataclass(frozen=True)
class States(Kernel):
    """Small tables of each partition, for the driver: one row a table, as Arrow's stream format.

    An error of this library goes the same way, so that the driver raises it as it is.
    """

    source: pa.Schema
    reading: Reading | None
    parts: tuple[tuple[str, Callable[..., pa.Table], tuple[Any, ...]], ...]

    def tables(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        """The tables of the partition, or its error."""
        import pyarrow as pa

        every: Iterator[Any]
        if self.reading is None:
            every = iter([whole(self.source, batches)])
        else:
            every = self.reading.each(self.source, batches)
        try:
            rows = [
                (name, packed(make(data, *given)))
                for data in every
                for name, make, given in self.parts
            ]
        except CrmError as error:
            rows = [("error", packed_error(error))]
        names, states = [name for name, _ in rows], [state for _, state in rows]
        yield pa.table({STATE[0]: names, STATE[1]: states}, schema=self.schema)


def packed(table: pa.Table) -> bytes:
    """A table in Arrow's stream format."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    raw: bytes = sink.getvalue().to_pybytes()
    return raw


def packed_error(error: CrmError) -> bytes:
    """An error as JSON."""
    import json

    about = {"code": error.code, "column": error.column, "row": error.row, "hint": error.hint}
    return json.dumps({"class": type(error).__name__, "text": error.args[0], **about}).encode()


def unpacked(rows: pa.Table) -> dict[str, list[pa.Table]]:
    """The tables of all partitions by name.

    Raises:
        CrmError: The first error of a partition, of the class that it had there.
    """
    import pyarrow as pa

    found: dict[str, list[pa.Table]] = {}
    names, states = (rows[name].to_pylist() for name in STATE)
    for name, state in zip(names, states, strict=True):
        if name == "error":
            raise _error(state)
        found.setdefault(name, []).append(pa.ipc.open_stream(state).read_all())
    return found


def _error(state: bytes) -> CrmError:
    import json

    from .. import _errors

    said = json.loads(state)
    kind = getattr(_errors, said.pop("class"), CrmError)
    text = said.pop("text")
    # Rows are counted in the partition, which nobody can look up.
    said["row"] = None
    error: CrmError = kind(f"{text} (rows are counted in a partition)", **said)
    return error


def minor(table: Table) -> pa.Table:
    """A result with money as whole minor units and words as texts."""
    import pyarrow as pa

    found = pa.table(table._styled("en", "minor"))
    columns = []
    for column in found.columns:
        dictionary = pa.types.is_dictionary(column.type)
        columns.append(column.cast(column.type.value_type) if dictionary else column)
    return pa.Table.from_arrays(columns, names=found.column_names)


def result(data: Any, task: str, request: dict[str, Any]) -> pa.Table:
    """An analysis of a partition as a small table, money in minor units."""
    return minor(run(task, data, request))


def last_date(data: Any) -> pa.Table:
    """The last date of a partition."""
    import pyarrow as pa

    return pa.table({"last_date": pa.array([data.last_date], pa.date32())})


def refuse(option: str, expected: str) -> OptionError:
    """The error of an option that cannot be had from partitions."""
    return OptionError(f"option `{option}`: expected {expected}")
