"""Yesterday's orders, saved by bucket of customers, and what comes in today.

A row is a bucket: its number, its orders as `Orders.to_bytes` writes them, and what reads them. A
new order, a correction or a cancellation goes to the bucket of its customer and is appended there,
so that results are those of all rows at once.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._orders import Orders
from .kernels import Kernel
from .reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("bucket", "state", "about", "empty")
# Beside the columns of a shop, which may have one called `state`.
BUCKET, STATE = "__crm_bucket", "__crm_state"


def schema() -> pa.Schema:
    """The columns of saved orders."""
    import pyarrow as pa

    kinds = (pa.int32(), pa.binary(), pa.string(), pa.binary())
    return pa.schema(list(zip(COLUMNS, kinds, strict=True)))


def about(reading: Reading, buckets: int) -> str:
    """What a table of saved orders says of itself, as JSON."""
    return json.dumps({"arguments": reading.arguments, "buckets": buckets}, sort_keys=True)


def reading_of(about: str, empty: bytes) -> tuple[Reading, int]:
    """How saved orders were read, and the number of their buckets."""
    said = json.loads(about)
    reading = Reading.of("orders", said["arguments"])
    return dataclasses.replace(reading, saved=empty), int(said["buckets"])


@dataclasses.dataclass(frozen=True)
class Append(Kernel):
    """Saved orders and new rows of some buckets, as the orders of both.

    Rows have `BUCKET`, `STATE` (null for new rows) and the columns of `reading`.
    """

    source: pa.Schema
    reading: Reading
    about: str
    empty: bytes
    on_repeat: str | None

    def tables(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        """The buckets, one after the other."""
        import pyarrow as pa
        import pyarrow.compute as pc

        saved: dict[int, bytes] = {}
        new = []
        for batch in batches:
            table = pa.Table.from_batches([batch])
            old = table.filter(pc.is_valid(table[STATE]))
            for number, state in zip(old[BUCKET].to_pylist(), old[STATE].to_pylist(), strict=True):
                saved[number] = state
            new.append(table.filter(pc.is_null(table[STATE])))
        rows = pa.concat_tables(new) if new else None
        numbers = set(saved)
        if rows is not None:
            numbers |= set(rows[BUCKET].unique().to_pylist())
        for number in sorted(numbers):
            orders = Orders.from_bytes(saved.get(number, self.empty))
            if rows is not None:
                own = rows.filter(pc.equal(rows[BUCKET], number)).select(self.source.names)
                if len(own):
                    orders = self._with(orders, own.cast(self.source))
            row: dict[str, Any] = {
                "bucket": [number],
                "state": [orders.to_bytes()],
                "about": [self.about],
                "empty": [self.empty],
            }
            yield pa.table(row, schema=self.schema)

    def _with(self, orders: Orders, rows: pa.Table) -> Orders:
        more = self.reading.read(self.source, iter(rows.to_batches()))
        assert isinstance(more, Orders)
        if len(orders) == 0:
            return more
        return orders.append(more, on_repeat=self.on_repeat)  # type: ignore[arg-type]
