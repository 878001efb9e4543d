"""How the columns of a large table are read: the arguments of `Orders` or `Events`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from .. import _native
from .._dataset import column_names
from .._errors import OptionError, SchemaError
from .._events import Events
from .._orders import Orders
from .._request import dumps

if TYPE_CHECKING:
    import pyarrow as pa

Dataset = Literal["orders", "events"]

_DEFAULTS: dict[Dataset, dict[str, str]] = {
    "orders": {"customer_id": "customer_id", "ordered_at": "ordered_at", "amount": "amount"},
    "events": {"visitor_id": "visitor_id", "occurred_at": "occurred_at", "kind": "kind"},
}
_AMOUNTS = ("amount", "refunded", "discount", "shipping", "tax", "cost", "quantity")
_TIMES = ("ordered_at", "refunded_at", "occurred_at")
_IDS = ("customer_id", "order_id", "visitor_id")
# A partition need not have every kind; a kind that is mapped to itself need not occur.
_KINDS = ("view", "product_view", "add", "remove", "checkout", "payment_failed", "purchase")


@dataclasses.dataclass(frozen=True)
class Reading:
    """The arguments with which each partition is read, and the columns that they name."""

    dataset: Dataset
    arguments: dict[str, Any]
    columns: list[str]
    saved: bytes | None = None
    """For a table of saved orders (`states.py`): orders of no rows, with all settings."""

    @staticmethod
    def of(dataset: Dataset, given: Mapping[str, Any]) -> Reading:
        """The reading of given arguments; None is not given.

        Raises:
            OptionError: An argument that no partition can have.
        """
        arguments = {**_DEFAULTS[dataset], **{k: v for k, v in given.items() if v is not None}}
        for name, why in (
            ("customers", "a table of customers belongs to one process"),
            ("progress", "an engine shows its own progress"),
        ):
            if name in arguments:
                raise OptionError(f"option `{name}`: expected nothing here: {why}")
        if "dimensions" in arguments:
            arguments["dimensions"] = column_names("dimensions", arguments["dimensions"])
        if dataset == "events":
            own = dict(arguments.get("kinds") or {})
            arguments["kinds"] = {**{kind: kind for kind in _KINDS}, **own}
        named = _native.orders_columns if dataset == "orders" else _native.events_columns
        return Reading(dataset, arguments, named(dumps(arguments)))

    @property
    def key(self) -> str:
        """The column by which rows are brought together."""
        name: str = self.arguments["customer_id" if self.dataset == "orders" else "visitor_id"]
        return name

    @property
    def guests(self) -> str:
        """What becomes of rows without a customer: "error", "drop" or "keep"."""
        guests: str = self.arguments.get("guests", "error")
        return guests

    @property
    def scattered_by(self) -> str:
        """The column by which rows of guests are spread over the partitions."""
        return str(self.arguments.get("order_id", self.arguments.get("ordered_at", self.key)))

    def checked(self, schema: pa.Schema) -> tuple[Reading, pa.Schema]:
        """The reading with its zone, and the columns that it needs of a schema.

        Nothing may be found out from the cells of one partition: another could say otherwise. So
        texts need their format, and the zone is the argument's or UTC.

        Raises:
            SchemaError: A column is missing, or of a type that partitions could read differently.
            OptionError: Texts without their format.
        """
        import pyarrow.types as types

        if self.saved is not None:
            return self, schema
        for name in self.columns:
            if name not in schema.names:
                _native.missing_column(name, schema.names)
        chosen = [schema.field(name) for name in self.columns]
        for field in chosen:
            roles = {role for role, name in self.arguments.items() if name == field.name}
            is_text = types.is_string(field.type) or types.is_large_string(field.type)
            if is_text and roles & set(_TIMES) and "date_format" not in self.arguments:
                raise OptionError(
                    f"option `date_format`: expected the format of the texts in `{field.name}`: "
                    "each partition would detect its own",
                    column=field.name,
                )
            if (
                is_text
                and roles & set(_AMOUNTS)
                and self.arguments.get("decimal")
                not in (
                    ".",
                    ",",
                )
            ):
                raise OptionError(
                    f'option `decimal`: expected "." or "," for the texts in `{field.name}`: '
                    "each partition would detect its own",
                    column=field.name,
                )
            if roles & set(_IDS) and not (is_text or types.is_integer(field.type)):
                raise SchemaError(
                    f"column `{field.name}` is of type {field.type}, expected integers or texts",
                    column=field.name,
                    hint="cast it before, for example to bigint or string",
                )
        import pyarrow as pa

        arguments = {"timezone": "UTC", **self.arguments}
        return dataclasses.replace(self, arguments=arguments), pa.schema(chosen)

    def empty(self, schema: pa.Schema) -> Orders | Events:
        """The dataset of no rows."""
        if self.saved is not None:
            return Orders.from_bytes(self.saved)
        return self.read(schema, iter(()))

    def read(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Orders | Events:
        """The rows of a partition; batches are read one by one."""
        import pyarrow as pa

        names = schema.names
        reader = pa.RecordBatchReader.from_batches(
            schema, (batch.select(names).cast(schema) for batch in batches)
        )
        return (Orders if self.dataset == "orders" else Events)(reader, **self.arguments)

    def each(
        self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[Orders | Events]:
        """The datasets of a partition: its rows, or each of its saved orders."""
        if self.saved is None:
            yield self.read(schema, batches)
            return
        for batch in batches:
            for state in batch.column(batch.schema.names.index("state")):
                yield Orders.from_bytes(state.as_py())
