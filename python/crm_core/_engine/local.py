"""The plain loop: one partition after the other on one machine, rows spilled to files."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import SchemaError
from .base import Engine
from .reading import Reading

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .base import AnyKernel

    Hashes = np.ndarray[Any, np.dtype[np.uint64]]

Batches = Callable[[], "Iterator[pa.RecordBatch]"]


class Parts:
    """A large table on one machine: its columns, and for each partition a function that reads it.

    Args:
        schema: The columns.
        readers: For each partition a function that gives its record batches, each time anew.
        owner: What must live as long as the partitions: the folder of their files.
        spread: Whether all rows of a customer are in one partition.
    """

    def __init__(
        self, schema: pa.Schema, readers: list[Batches], owner: object = None, spread: bool = False
    ) -> None:
        self.schema, self.readers, self.owner, self.spread = schema, readers, owner, spread


class Folder:
    """A folder of spilled files that goes with its last user."""

    def __init__(self, place: str | None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="crm-", dir=place))
        self._end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Loop(Engine[Parts]):
    """One partition after the other, in this process.

    Args:
        count: Partitions to spill to.
        folder: Where the files are; None is the system's folder for temporary files.
    """

    def __init__(self, count: int, folder: str | None = None) -> None:
        self.count, self.folder = count, folder

    def schema(self, data: Parts) -> pa.Schema:
        """The columns."""
        return data.schema

    def spread(self, data: Parts, reading: Reading) -> Parts:
        """Spills the needed columns to `count` files by the hash of the key."""
        import pyarrow.compute as pc

        if data.spread:
            return data

        def place(batch: pa.RecordBatch) -> Hashes:
            own = hashes(batch.column(batch.schema.names.index(reading.key)))
            null = pc.is_null(batch.column(batch.schema.names.index(reading.key)))
            if reading.guests == "keep" and null.true_count:
                at = batch.schema.names.index(reading.scattered_by)
                other = hashes(batch.column(at))
                own[null.to_numpy(zero_copy_only=False)] = other[
                    null.to_numpy(zero_copy_only=False)
                ]
            return own % self.count

        def needed() -> Iterator[pa.RecordBatch]:
            for batch in itertools.chain.from_iterable(read() for read in data.readers):
                chosen = batch.select(reading.columns)
                if reading.guests == "drop":
                    key = chosen.column(chosen.schema.names.index(reading.key))
                    chosen = chosen.filter(pc.is_valid(key))
                yield chosen

        return self._spilled(needed(), place, self.count)

    def map(self, data: Parts, kernel: AnyKernel) -> Parts:
        """The kernel on each partition, when it is read."""

        def of(read: Batches) -> Batches:
            return lambda: iter(kernel(read()))

        return Parts(kernel.schema, [of(read) for read in data.readers], data, spread=True)

    def gather(self, data: Parts, column: str, count: int) -> Parts:
        """Spills rows to the file of their number."""
        import numpy as np

        def place(batch: pa.RecordBatch) -> Hashes:
            at = batch.schema.names.index(column)
            return np.asarray(batch.column(at), dtype="u8")

        every = itertools.chain.from_iterable(read() for read in data.readers)
        return self._spilled(every, place, count)

    def collect(self, data: Parts) -> pa.Table:
        """All rows."""
        import pyarrow as pa

        every = itertools.chain.from_iterable(read() for read in data.readers)
        return pa.Table.from_batches(list(every), schema=data.schema)

    def keep(self, data: Parts) -> Parts:
        """Writes each partition to a file; partitions that are files already stay."""
        if isinstance(data.owner, Folder) or data.owner is None:
            return data
        folder, readers = Folder(self.folder), []
        for number, read in enumerate(data.readers):
            sink = Spill(folder.path / f"{number}.arrow", data.schema)
            for batch in read():
                sink.write(batch)
            sink.close()
            readers.append(sink.read)
        return Parts(data.schema, readers, folder, spread=True)

    def small(self, table: pa.Table) -> Parts:
        """One partition."""
        return Parts(table.schema, [lambda: iter(table.to_batches())], table)

    def union(self, parts: list[Parts]) -> Parts:
        """The partitions of all, one after the other."""
        readers = [read for part in parts for read in part.readers]
        return Parts(parts[0].schema, readers, parts)

    def partitions(self, data: Parts) -> int:
        """How many there are."""
        return len(data.readers)

    def _spilled(
        self, batches: Iterator[pa.RecordBatch], place: Callable[[Any], Hashes], count: int
    ) -> Parts:
        import numpy as np

        folder = Folder(self.folder)
        sinks: list[Spill] = []
        schema: Any = None
        for batch in batches:
            if schema is None:
                schema = batch.schema
                sinks = [Spill(folder.path / f"{n}.arrow", schema) for n in range(count)]
            bucket = place(batch).astype(np.int64)
            order = np.argsort(bucket, kind="stable")
            sorted_rows = batch.take(_array(order))
            ends = np.searchsorted(bucket[order], np.arange(count), "right")
            for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                if end > start:
                    sinks[number].write(sorted_rows.slice(start, end - start))
        for sink in sinks:
            sink.close()
        if schema is None:
            raise SchemaError("there are no tables to read")
        return Parts(schema, [sink.read for sink in sinks], folder, spread=True)


class Spill:
    """A file of record batches; small ones are put together before they are written."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema = path, schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._writer: Any = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        self._waiting.append(batch)
        self._rows += len(batch)
        if self._rows >= 1 << 15:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._writer = pa.ipc.new_stream(str(self.path), self.schema)
        table = pa.Table.from_batches(self._waiting, schema=self.schema).combine_chunks()
        self._writer.write_table(table)
        self._waiting, self._rows = [], 0

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._writer.close()
        self._writer = None

    def read(self) -> Iterator[pa.RecordBatch]:
        """The rows, from the beginning."""
        import pyarrow as pa

        with pa.OSFile(str(self.path)) as file:
            yield from pa.ipc.open_stream(file)


def _array(numbers: Any) -> pa.Array:
    import pyarrow as pa

    return pa.array(numbers)


_MULTIPLIER = 0x9E3779B97F4A7C15


def hashes(column: pa.Array) -> Hashes:
    """A number for each cell; equal cells have equal numbers in every process. Null is 0."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        mixed = _of_texts(column.cast(pa.large_string()))
    else:
        plain = column
        if pa.types.is_temporal(column.type):
            plain = column.cast(pa.int32() if pa.types.is_date32(column.type) else pa.int64())
        filled = plain.fill_null(0).cast(pa.int64(), safe=False)
        mixed = filled.to_numpy(zero_copy_only=False).astype("u8")
    with np.errstate(over="ignore"):
        mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(_MULTIPLIER)
        mixed ^= mixed >> np.uint64(29)
    mixed[column.is_null().to_numpy(zero_copy_only=False)] = 0
    return mixed


def _of_texts(column: pa.Array) -> Hashes:
    """Σ byte · p^place over the bytes of each text, modulo 2^64, and its length."""
    import numpy as np

    offsets = np.frombuffer(column.buffers()[1], "i8")[
        column.offset : column.offset + len(column) + 1
    ]
    data = column.buffers()[2]
    if len(column) == 0 or data is None:
        return np.zeros(len(column), "u8")
    raw = np.frombuffer(data, "u1")[offsets[0] : offsets[-1]]
    lengths = np.diff(offsets)
    starts = offsets[:-1] - offsets[0]
    with np.errstate(over="ignore"):
        powers = np.full(int(lengths.max(initial=0)) + 1, 0x100000001B3, "u8")
        powers[0] = 1
        powers = np.multiply.accumulate(powers)
        places = np.arange(len(raw)) - np.repeat(starts, lengths)
        terms = raw.astype("u8") * powers[places]
        total = np.concatenate([np.zeros(1, "u8"), np.cumsum(terms, dtype="u8")])
        found: Hashes = total[starts + lengths] - total[starts] + lengths.astype("u8")
    return found


def parts_of(tables: Iterable[Any], partitioned: bool) -> Parts:
    """Tables or files as a large table.

    Raises:
        SchemaError: No tables, or a table of other columns than the first.
    """
    readers = [_reader(table) for table in tables]
    if not readers:
        raise SchemaError("there are no tables to read")
    first = readers[0]
    schema = first.schema
    for number, reader in enumerate(readers):
        missing = [name for name in schema.names if name not in reader.schema.names]
        if missing:
            raise SchemaError(
                f"table {number}: column `{missing[0]}` is missing, which table 0 has",
                column=missing[0],
            )

    def of(reader: _Reader) -> Batches:
        def read() -> Iterator[pa.RecordBatch]:
            for batch in reader.read():
                yield batch.select(schema.names).cast(schema)

        return read

    return Parts(schema, [of(reader) for reader in readers], None, spread=partitioned)


class _Reader:
    """A table that can be read several times."""

    def __init__(self, schema: pa.Schema, read: Batches) -> None:
        self.schema, self.read = schema, read


def _reader(table: Any) -> _Reader:
    import pyarrow as pa

    if isinstance(table, (str, Path)):
        return _file(Path(table))
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    if not isinstance(table, pa.Table):
        table = pa.table(table)
    kept = table
    return _Reader(kept.schema, lambda: iter(kept.to_batches()))


def _file(path: Path) -> _Reader:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix in (".arrow", ".ipc", ".feather"):

        def batches() -> Iterator[pa.RecordBatch]:
            with pa.memory_map(str(path)) as source:
                reader = pa.ipc.open_file(source)
                for at in range(reader.num_record_batches):
                    yield reader.get_batch(at)

        with pa.memory_map(str(path)) as source:
            return _Reader(pa.ipc.open_file(source).schema, batches)
    if path.suffix not in (".parquet", ".pq"):
        raise SchemaError(
            f"a file with the ending {path.suffix!r} is no table of partitions",
            hint="hand over Parquet or Arrow files, or Arrow tables",
        )
    return _Reader(pq.read_schema(path), lambda: pq.ParquetFile(path).iter_batches())
