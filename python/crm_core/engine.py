"""Shops that do not fit into memory: the same analyses, one partition after the other.

    >>> import crm_core as crm, pyarrow as pa
    >>> shop = crm.simulate_orders(300, seed=7).to_arrow()
    >>> parts = crm.engine.partitions([shop[:500], shop[500:]], count=4, currency="JPY",
    ...                               order_id="order_id", guests="drop", timezone="Asia/Tokyo")
    >>> rows = crm.engine.run("summary", parts, {"as_of": "2025-12-31"})
    >>> sorted(rows.read_all().column_names)[:2]
    ['cancel_rate', 'cancelled_orders']

The rows of a customer are brought into one partition, so that an analysis of customers is exact in
each. Analyses of the whole shop add small tables of the partitions, and cuts between ranks are
found in rounds. Numbers are those of one process: ids, whole numbers, money and dates are equal,
numbers of one customer have the same bits, and sums over partitions differ by less than 1e-12.
`crm.spark` runs the same plans on Apache Spark; docs/guide/scale.md has recipes for other engines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._engine.base import Engine
from ._engine.local import Loop, Parts, parts_of
from ._engine.plans import TASKS, planned
from ._engine.reading import Reading
from ._errors import VersionError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Engine", "Partitions", "Reading", "VersionError", "partitions", "run", "tasks"]


class Partitions:
    """The rows of a shop in parts, and how they are read; made by `partitions`."""

    def __init__(self, engine: Loop, parts: Parts, reading: Reading) -> None:
        self._engine, self._reading = engine, reading
        reading, _ = reading.checked(parts.schema)
        self._parts = engine.spread(parts, reading)

    def __len__(self) -> int:
        """The number of partitions."""
        return self._engine.partitions(self._parts)

    def __repr__(self) -> str:
        return f"<crm_core.engine.Partitions, {len(self)} partitions of {self._reading.dataset}>"


def partitions(
    tables: Iterable[Any],
    *,
    data: Literal["orders", "events"] = "orders",
    count: int = 64,
    partitioned: bool = False,
    folder: str | None = None,
    **reading: Any,
) -> Partitions:
    """The rows of Arrow tables or files, with all rows of a customer in one partition.

    Tables are read one after the other and spilled to files by customer, so memory holds a batch of
    rows and one partition. The files go with the result.

    Args:
        tables: Arrow tables or record batches, anything that pyarrow makes a table of, or paths of
            Parquet and Arrow files. All have the columns of the first.
        data: Whether the rows are "orders" or "events".
        count: The number of partitions: about a million rows each are right.
        partitioned: Whether all rows of each customer are in one table already. Then nothing is
            spilled, and a table is a partition.
        folder: The folder for the spilled files. Default: the system's for temporary files.
        **reading: The arguments of `Orders` (or `Events`) that say what the columns are, such as
            currency, customer_id, order_id, timezone. Texts of dates need `date_format`, texts of
            amounts `decimal`; `customers` is refused.

    Returns:
        The partitions, for `run`.

    Raises:
        SchemaError: A column is missing or of a wrong type.
        OptionError: An argument that is unknown or that partitions cannot have.

    Example:
        >>> table = {"customer_id": [1, 2, 1], "amount": [5, 6, 7],
        ...          "ordered_at": ["2026-01-05", "2026-01-06", "2026-02-01"]}
        >>> crm.engine.partitions([table], count=2, currency="JPY", date_format="%Y-%m-%d")
        <crm_core.engine.Partitions, 2 partitions of orders>
    """
    return Partitions(Loop(count, folder), parts_of(tables, partitioned), Reading.of(data, reading))


def run(
    task: str,
    data: Any,
    options: Mapping[str, Any] | None = None,
    *,
    engine: Engine[Any] | None = None,
    reading: Reading | None = None,
) -> Any:
    """Run an analysis by its name on partitions.

    Args:
        task: The analysis; see `tasks`.
        data: What `partitions` has made; with `engine`, a large table in the engine's form.
        options: Scope and options, as for `crm.run`.
        engine: An engine of your own, a subclass of `Engine`.
        reading: What the columns of `data` are, with an engine of your own:
            ``Reading.of("orders", {"currency": "JPY"})``.

    Returns:
        A `pyarrow.RecordBatchReader`, computed while it is read, for analyses of customers in no
        order across partitions; money is decimal, categories are texts. With `engine`, the engine's
        own form of a table.

    Raises:
        OptionError: An analysis or option that partitions cannot have with the same numbers.
        SchemaError: A column is missing or of a wrong type.
        DataError: A row that cannot be read.

    Example:
        >>> table = {"customer_id": [1, 2, 1], "amount": [5, 6, 7],
        ...          "ordered_at": ["2026-01-05", "2026-01-06", "2026-02-01"]}
        >>> parts = crm.engine.partitions([table], count=2, currency="JPY",
        ...                               date_format="%Y-%m-%d")
        >>> crm.engine.run("repeat_rate", parts, {"within": 90}).read_all()["customers"].to_pylist()
        [2]
    """
    if engine is not None:
        if reading is None:
            raise TypeError("reading: expected what the columns are, beside an engine of your own")
        return planned(engine, data, reading, task, options or {})
    if not isinstance(data, Partitions):
        raise TypeError(f"data: expected what `partitions` gives, not {type(data).__name__}")
    found = planned(data._engine, data._parts, data._reading, task, options or {})
    return _stream(found)


def _stream(parts: Parts) -> pa.RecordBatchReader:
    import pyarrow as pa

    def every() -> Iterator[pa.RecordBatch]:
        # Holds `parts`, whose files are removed with it.
        for read in parts.readers:
            yield from read()

    return pa.RecordBatchReader.from_batches(parts.schema, every())


def tasks() -> list[str]:
    """The analyses that run on partitions.

    Example:
        >>> "rfm" in crm.engine.tasks()
        True
    """
    return list(TASKS)
