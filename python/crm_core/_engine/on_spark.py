"""Apache Spark as an engine: the public DataFrame API only."""

from __future__ import annotations

import functools
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.storagelevel import StorageLevel

from .. import _native
from .._errors import SchemaError, VersionError
from .base import Engine
from .reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

    from .base import AnyKernel


def column(name: str) -> Column:
    """A column by its name, whatever characters are in it."""
    return F.col("`" + name.replace("`", "``") + "`")


class Spark(Engine["DataFrame"]):
    """DataFrames of a session; a shuffle has `count` partitions."""

    def __init__(self, session: SparkSession, count: int | None) -> None:
        self.session = session
        if count is None:
            said = session.conf.get("spark.sql.shuffle.partitions")
            count = int(said) if said is not None and said.isdigit() else 200
        self.count = count
        self.kept: list[DataFrame] = []
        check_versions(session, min(count, 8))

    def schema(self, data: DataFrame) -> pa.Schema:
        """The columns as Arrow types; columns of other types are left out."""
        import pyarrow as pa

        found = [(field.name, arrow_type(field.dataType)) for field in data.schema.fields]
        return pa.schema([(name, kind) for name, kind in found if kind is not None])

    def spread(self, data: DataFrame, reading: Reading) -> DataFrame:
        """One shuffle by the key."""
        chosen = data.select(*[column(name) for name in reading.columns])
        keys = self.keys(reading)
        if reading.guests == "drop":
            chosen = chosen.filter(column(reading.key).isNotNull())
        return chosen.repartition(self.count, *keys)

    def keys(self, reading: Reading) -> list[Column]:
        """What brings the rows of a customer together, and spreads guests."""
        key = column(reading.key)
        if reading.guests != "keep":
            return [key]
        return [key, F.when(key.isNull(), column(reading.scattered_by))]

    def map(self, data: DataFrame, kernel: AnyKernel) -> DataFrame:
        """`mapInArrow` with the kernel."""
        work = sent(kernel)
        found: DataFrame = data.mapInArrow(work, spark_schema(kernel.schema))
        return found

    def gather(self, data: DataFrame, column_name: str, count: int) -> DataFrame:
        """A second shuffle."""
        return data.repartition(max(count, 1), column(column_name))

    def collect(self, data: DataFrame) -> pa.Table:
        """All rows, on the driver."""
        import pyarrow as pa

        schema = self.schema(data)
        rows = data.collect()
        columns = [
            pa.array([_plain(row[at]) for row in rows], field.type)
            for at, field in enumerate(schema)
        ]
        return pa.Table.from_arrays(columns, schema=schema)

    def keep(self, data: DataFrame) -> DataFrame:
        """In memory and on the disks of the executors, until `release`."""
        kept = data.persist(StorageLevel.MEMORY_AND_DISK)
        self.kept.append(kept)
        return kept

    def release(self) -> None:
        """Let go of what `keep` has kept; results that are not written yet compute it again."""
        for one in self.kept:
            one.unpersist()
        self.kept.clear()

    def small(self, table: pa.Table) -> DataFrame:
        """A DataFrame of a few rows."""
        names = table.column_names
        rows = list(zip(*(table[name].to_pylist() for name in names), strict=True))
        return self.session.createDataFrame(rows, spark_schema(table.schema))

    def union(self, parts: list[DataFrame]) -> DataFrame:
        """One under the other, by name."""
        return functools.reduce(lambda above, below: above.unionByName(below), parts)

    def partitions(self, data: DataFrame) -> int:
        """The partitions of a shuffle."""
        return self.count


def _plain(cell: Any) -> Any:
    return bytes(cell) if isinstance(cell, bytearray) else cell


def sent(kernel: AnyKernel) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for a worker, which looks at the worker's library before it reads the kernel.

    Spark sends inner functions by value, so it runs where there is another library, or none.
    """
    packed, version = pickle.dumps(kernel), _native.__version__

    def work(batches: Any) -> Any:
        try:
            import crm_core
        except ImportError:
            raise RuntimeError(
                f"crm_core {version} asks, and this worker has no crm_core: install the same "
                "version on the driver and on every worker"
            ) from None
        if crm_core.__version__ != version:
            raise RuntimeError(
                f"crm_core {version} asks, and this worker has {crm_core.__version__}: install "
                "the same version on the driver and on every worker"
            )
        import pickle

        return pickle.loads(packed)(batches)

    return work


_CHECKED: weakref.WeakSet[Any] = weakref.WeakSet()


def check_versions(session: SparkSession, tasks: int) -> None:
    """Asks some workers for their version, once a session, before any row moves.

    Raises:
        VersionError: A worker without the library, or with another version.
    """
    if session in _CHECKED:
        return

    def ask(batches: Any) -> Any:
        import pyarrow

        for _ in batches:
            pass
        try:
            import crm_core

            found = str(crm_core.__version__)
        except ImportError:
            found = "none"
        yield pyarrow.RecordBatch.from_pydict({"version": [found]})

    asked = session.range(0, tasks, 1, tasks).mapInArrow(ask, "version string")
    found = {row[0] for row in asked.distinct().collect()}
    others = sorted(found - {_native.__version__})
    if others:
        said = ", ".join("no crm_core" if one == "none" else one for one in others)
        raise VersionError(
            f"the driver has crm_core {_native.__version__}, a worker has {said}",
            hint="install the same version on the driver and on every worker",
        )
    _CHECKED.add(session)


def arrow_type(kind: T.DataType) -> pa.DataType | None:
    """The Arrow type of a Spark type; None for those that no column of a shop has."""
    import pyarrow as pa

    if isinstance(kind, T.DecimalType):
        return pa.decimal128(kind.precision, kind.scale)
    known: list[tuple[type[T.DataType], Any]] = [
        (T.BooleanType, pa.bool_()),
        (T.ByteType, pa.int8()),
        (T.ShortType, pa.int16()),
        (T.IntegerType, pa.int32()),
        (T.LongType, pa.int64()),
        (T.FloatType, pa.float32()),
        (T.DoubleType, pa.float64()),
        (T.StringType, pa.string()),
        (T.BinaryType, pa.binary()),
        (T.DateType, pa.date32()),
        (T.TimestampNTZType, pa.timestamp("us")),
        (T.TimestampType, pa.timestamp("us", "UTC")),
    ]
    return next((arrow for spark, arrow in known if isinstance(kind, spark)), None)


def spark_schema(schema: pa.Schema) -> T.StructType:
    """The columns of a result as Spark types.

    Raises:
        SchemaError: A column that Spark has no type for.
    """
    return T.StructType([T.StructField(one.name, _spark_type(one), True) for one in schema])


def _spark_type(field: Any) -> T.DataType:
    import pyarrow as pa

    kind = field.type
    if pa.types.is_decimal(kind):
        return T.DecimalType(kind.precision, kind.scale)
    if pa.types.is_timestamp(kind):
        return T.TimestampType() if kind.tz else T.TimestampNTZType()
    known = {
        pa.bool_(): T.BooleanType(),
        pa.int8(): T.ByteType(),
        pa.int16(): T.ShortType(),
        pa.int32(): T.IntegerType(),
        pa.int64(): T.LongType(),
        pa.float32(): T.FloatType(),
        pa.float64(): T.DoubleType(),
        pa.string(): T.StringType(),
        pa.large_string(): T.StringType(),
        pa.binary(): T.BinaryType(),
        pa.date32(): T.DateType(),
    }
    if kind not in known:
        raise SchemaError(f"column `{field.name}`: Spark has no type for {kind}", column=field.name)
    found: T.DataType = known[kind]
    return found
