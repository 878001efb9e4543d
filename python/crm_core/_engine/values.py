"""Models of value on large tables: fits to counted histories, and values of partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _native
from . import shop_tables
from .base import AnyEngine
from .kernels import OfTable, States, plain_schema_of, refuse, state_schema, unpacked

if TYPE_CHECKING:
    import pyarrow as pa

    Model = Any


def distinct(table: pa.Table, names: Sequence[str], summed: Sequence[str]) -> pa.Table:
    """The distinct histories of a partition, how many customers have each, and sums over them."""
    import pyarrow as pa

    table = table.append_column("weight", pa.array([1] * len(table), pa.int64()))
    added = table.group_by(list(names)).aggregate([(name, "sum") for name in ("weight", *summed)])
    return added.rename_columns(
        [name if name in names else name.removesuffix("_sum") for name in added.column_names]
    )


def fitted(engine: AnyEngine, data: Any, model: Model, unit: str | None) -> Model:
    """The model, fitted to the distinct histories of a large table of `clv_summary`.

    Raises:
        SchemaError: A column is missing.
    """
    from .._models import GammaGamma

    schema = engine.schema(data)
    spend = isinstance(model, GammaGamma)
    names = ["frequency", "monetary_value"] if spend else ["frequency", "recency", "T"]
    for name in names:
        if name not in schema.names:
            _native.missing_column(name, schema.names)
    regular = model._kinds[-1].endswith("_k") and "ln_gaps" in schema.names
    summed = ["ln_gaps"] if regular else []
    kernel = States(
        _native.__version__, state_schema(), schema, None, (("rows", distinct, (names, summed)),)
    )
    found = unpacked(engine.collect(engine.map(data, kernel)))["rows"]
    rows = shop_tables.added_up(found, names, ["weight", *summed])
    frame = {name: rows[name].combine_chunks().to_numpy(zero_copy_only=False) for name in names}
    frame["weight"] = rows["weight"].combine_chunks().to_numpy()
    for name in summed:
        # The fit adds ln_gaps · weight.
        total = rows[name].combine_chunks().fill_null(0.0).to_numpy(zero_copy_only=False)
        frame[name] = total / frame["weight"]
    if spend:
        return model.fit(frame, bad_rows="drop")
    return model.fit(frame, unit=unit, bad_rows="drop")


def valued(table: pa.Table, m: Model, g: Model, options: Mapping[str, Any]) -> pa.Table:
    """The predicted values of a partition's customers, without the drawn interval."""
    import pyarrow as pa

    from .._models import clv

    found = pa.table(clv(m, g, table, **options))
    for name in ("clv_low", "clv_high"):
        empty = pa.nulls(len(found), found.schema.field(name).type)
        found = found.set_column(found.column_names.index(name), name, empty)
    return found


def value(engine: AnyEngine, data: Any, m: Model, g: Model, options: Mapping[str, Any]) -> Any:
    """`clv` with given models on a large table of `clv_summary`.

    The interval of the outcome is drawn by row number, which partitions do not have: null.
    """
    given = {name: one for name, one in options.items() if one is not None}
    for name in ("draws", "seed"):
        if name in given:
            raise refuse(name, "nothing: the interval of the outcome belongs to one process")
    request = {"bad_rows": "drop", **given, "draws": 10}
    schema = engine.schema(data)
    result_schema = plain_schema_of(valued(schema.empty_table(), m, g, request))
    arguments = (m, g, request)
    kernel = OfTable(_native.__version__, result_schema, schema, valued, arguments)
    return engine.map(data, kernel)
