"""What an engine has to do: move rows, run kernels, bring small tables home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from .reading import Reading

    class AnyKernel(Protocol):
        """A function of one partition: record batches in, record batches out."""

        @property
        def schema(self) -> pa.Schema:
            """The columns of the result."""
            ...

        def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            """The result of the partition; called once, also for an empty one."""
            ...


Data = TypeVar("Data")


class Engine(Generic[Data]):
    """What an engine has to do; `Data` is a large table in its own form.

    An engine that can shuffle runs every analysis of `crm.engine`: subclass this and hand it to
    `crm.engine.run`. The library's own are a loop (`local.py`) and Spark (`on_spark.py`).
    """

    def schema(self, data: Data) -> pa.Schema:
        """The columns of a table, as Arrow types."""
        raise NotImplementedError

    def spread(self, data: Data, reading: Reading) -> Data:
        """The columns of `reading`, all rows with equal `reading.key` in one partition.

        Rows without a key are guests: with `reading.guests` "drop" they are left out, with "keep"
        rows of equal `reading.scattered_by` come together, in any partition.
        """
        raise NotImplementedError

    def map(self, data: Data, kernel: AnyKernel) -> Data:
        """What the kernel makes of each partition, with the columns of `kernel.schema`."""
        raise NotImplementedError

    def gather(self, data: Data, column: str, count: int) -> Data:
        """The rows with equal integers 0 to `count` - 1 in a column in one partition."""
        raise NotImplementedError

    def collect(self, data: Data) -> pa.Table:
        """All rows of a small table."""
        raise NotImplementedError

    def keep(self, data: Data) -> Data:
        """The same rows, computed once although several rounds read them. Default: `data`."""
        return data

    def small(self, table: pa.Table) -> Data:
        """A small table in the engine's form."""
        raise NotImplementedError

    def union(self, parts: list[Data]) -> Data:
        """The rows of several tables of the same columns."""
        raise NotImplementedError

    def partitions(self, data: Data) -> int:
        """How many partitions a table has, about."""
        raise NotImplementedError


AnyEngine = Engine[Any]
