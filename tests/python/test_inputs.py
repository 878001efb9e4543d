"""The same orders through every producer, in every type, cut, sliced, empty and with nulls."""

import datetime
import decimal
import uuid
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crm_core as crm

# customer, day of 2026, minutes after midnight, amount in cents
ROWS = [
    (2, 5, 10, 1250),
    (0, 7, 600, 999),
    (2, 9, 1439, 1),
    (4, 9, 0, 50_000),
    (1, 12, 61, 0),
    (0, 40, 720, 123_456),
    (3, 41, 722, 5),
    (2, 59, 5, 777),
    (0, 60, 0, 42),
    (4, 90, 90, 1_000_000),
]
START = datetime.datetime(2026, 1, 1)


def expected(ids: list[Any], rows: list[tuple[int, ...]] = ROWS) -> dict[str, list[Any]]:
    """The summary, computed by hand."""
    out: dict[str, list[Any]] = {
        "customer_id": [],
        "first_date": [],
        "last_date": [],
        "orders": [],
        "revenue": [],
    }
    for customer in sorted({row[0] for row in rows}, key=lambda c: ids[c]):
        mine = [row for row in rows if row[0] == customer]
        days = [(START + datetime.timedelta(days=row[1])).date() for row in mine]
        out["customer_id"].append(ids[customer])
        out["first_date"].append(min(days))
        out["last_date"].append(max(days))
        out["orders"].append(len(mine))
        out["revenue"].append(decimal.Decimal(sum(row[3] for row in mine)) / 100)
    return out


def summary(data: Any, **settings: Any) -> dict[str, list[Any]]:
    orders = crm.Orders(data, currency="USD", **settings)
    found = crm.summary(orders).to_dict(money="decimal")
    columns = ("customer_id", "first_date", "last_date", "orders", "revenue")
    return {name: found[name] for name in columns}


# ---- types ---------------------------------------------------------------------------------------

SMALL = [3, 1, 4, 100, 5]
TEXTS = ["c", "ひ", "", "a longer id than any inline view", "b"]
UUIDS = [uuid.UUID(int=(7 - k) << 100).bytes for k in range(5)]
IDS: dict[str, tuple[pa.DataType, list[Any]]] = {
    **{
        name: (getattr(pa, name)(), SMALL)
        for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
    },
    "int64": (pa.int64(), [-5, 2**62, 0, 7, -(2**63)]),
    "uint64": (pa.uint64(), [2**64 - 1, 2**63, 0, 7, 2**63 - 1]),
    "string": (pa.string(), TEXTS),
    "large_string": (pa.large_string(), TEXTS),
    "string_view": (pa.string_view(), TEXTS),
    "dictionary of string": (pa.dictionary(pa.int8(), pa.string()), TEXTS),
    "dictionary of large_string": (pa.dictionary(pa.int32(), pa.large_string()), TEXTS),
    "dictionary of int64": (pa.dictionary(pa.int16(), pa.int64()), [3, 1, 4, 100, 5]),
    "fixed_size_binary": (pa.binary(16), UUIDS),
}


def moments() -> list[datetime.datetime]:
    return [START + datetime.timedelta(days=d, minutes=m) for _, d, m, _ in ROWS]


TIMES: dict[str, Callable[[], pa.Array]] = {
    "date32": lambda: pa.array([t.date() for t in moments()], pa.date32()),
    "date64": lambda: pa.array([t.date() for t in moments()], pa.date64()),
    **{
        f"timestamp[{unit}]": lambda unit=unit: pa.array(moments(), pa.timestamp(unit))
        for unit in ("s", "ms", "us", "ns")
    },
    **{
        f"timestamp[{unit}, {zone}]": lambda unit=unit, zone=zone: pa.array(
            moments(), pa.timestamp(unit)
        ).cast(pa.timestamp(unit, zone))
        for unit, zone in (("s", "UTC"), ("us", "+00:00"), ("ns", "Etc/UTC"))
    },
}

AMOUNTS: dict[str, tuple[Callable[[], pa.Array], dict[str, str]]] = {
    "decimal128": (
        lambda: pa.array([decimal.Decimal(r[3]) / 100 for r in ROWS], pa.decimal128(12, 2)),
        {},
    ),
    "decimal256": (
        lambda: pa.array([decimal.Decimal(r[3]) / 100 for r in ROWS], pa.decimal256(50, 4)),
        {},
    ),
    "float64": (lambda: pa.array([r[3] / 100 for r in ROWS], pa.float64()), {}),
    "int64 minor": (lambda: pa.array([r[3] for r in ROWS], pa.int64()), {"amount_unit": "minor"}),
    "int32 minor": (lambda: pa.array([r[3] for r in ROWS], pa.int32()), {"amount_unit": "minor"}),
    "uint64 minor": (lambda: pa.array([r[3] for r in ROWS], pa.uint64()), {"amount_unit": "minor"}),
    "float32 minor": (
        lambda: pa.array([r[3] for r in ROWS], pa.float32()),
        {"amount_unit": "minor"},
    ),
}


def column_of(kind: pa.DataType, values: list[Any]) -> pa.Array:
    if not pa.types.is_dictionary(kind):
        return pa.array(values, kind)
    words = sorted({value for value in values if value is not None}, reverse=True)
    keys = [None if value is None else words.index(value) for value in values]
    return pa.DictionaryArray.from_arrays(
        pa.array(keys, kind.index_type), pa.array(words, kind.value_type)
    )


def table(
    ids: str = "int64", times: str = "timestamp[us]", amounts: str = "decimal128"
) -> pa.Table:
    kind, values = IDS[ids]
    return pa.table(
        {
            "weather": pa.array([{"rain": [1.0]}] * len(ROWS)),  # nobody asks for it
            "customer_id": column_of(kind, [values[row[0]] for row in ROWS]),
            "ordered_at": TIMES[times](),
            "amount": AMOUNTS[amounts][0](),
        }
    )


# ---- shapes --------------------------------------------------------------------------------------


def chunked(data: pa.Table) -> pa.Table:
    """Cut in pieces, an empty one among them."""
    pieces = [data.slice(0, 1), data.slice(1, 0), data.slice(1, 6), data.slice(7)]
    return pa.concat_tables(pieces)


def sliced(data: pa.Table) -> pa.Table:
    """A part of something longer, off any byte boundary."""
    longer = pa.concat_tables([data, data, data]).combine_chunks()
    return longer.slice(len(data), len(data))


SHAPES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "whole": lambda data: data,
    "chunked": chunked,
    "sliced": sliced,
}


# ---- producers -----------------------------------------------------------------------------------


class OneBatch:
    """An object that has nothing but __arrow_c_array__."""

    def __init__(self, data: pa.Table) -> None:
        self.batch = data.combine_chunks().to_batches()[0] if len(data) else None
        self.empty = pa.RecordBatch.from_pylist([], data.schema)

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        batch = self.batch if self.batch is not None else self.empty
        return batch.__arrow_c_array__(requested_schema)


def from_duckdb(data: pa.Table) -> Any:
    connection = duckdb.connect()
    connection.register("orders_of_shop", data.drop_columns(["weather"]))
    return connection.sql("select *, [1, 2] as weather from orders_of_shop")


def from_pandas(data: pa.Table) -> pd.DataFrame:
    plain = data.drop_columns(["weather"])
    for at, field in enumerate(plain.schema):
        if pa.types.is_date(field.type):  # pandas has objects for them
            plain = plain.set_column(at, field.name, plain.column(at).cast(pa.timestamp("s")))
    frame = plain.to_pandas()
    frame["weather"] = [object() for _ in range(len(frame))]
    return frame


PRODUCERS: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow table": lambda data: data,
    "pyarrow batch": lambda data: OneBatch(data).batch or OneBatch(data).empty,
    "pyarrow reader": lambda data: data.to_reader(),
    "only an array": OneBatch,
    "polars": lambda data: pl.from_arrow(data),
    "polars lazy": lambda data: pl.from_arrow(data).lazy(),
    "pandas on arrow": lambda data: data.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas on numpy": from_pandas,
    "duckdb": from_duckdb,
    "dict of arrow": lambda data: {name: data.column(name) for name in data.column_names},
    "dict of polars": lambda data: pl.from_arrow(data).to_dict(),
    "dict of lists": lambda data: data.to_pydict(),
}


def cannot(producer: str, ids: str = "", times: str = "", amounts: str = "") -> bool:
    """What a producer has no type for, or turns into another."""
    if "polars" in producer and (ids == "fixed_size_binary" or amounts == "decimal256"):
        return True
    if producer == "duckdb":
        return ids == "fixed_size_binary" or amounts == "decimal256"
    if producer == "dict of lists":
        return ids == "fixed_size_binary"
    return producer == "pandas on numpy" and ids == "fixed_size_binary"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ids", IDS)
@pytest.mark.parametrize("producer", PRODUCERS)
def test_ids(producer: str, ids: str, shape: str) -> None:
    if cannot(producer, ids=ids):
        pytest.skip("no such type there")
    data = PRODUCERS[producer](SHAPES[shape](table(ids=ids)))
    assert summary(data) == expected(IDS[ids][1])


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("producer", PRODUCERS)
def test_times(producer: str, times: str) -> None:
    data = PRODUCERS[producer](chunked(table(times=times)))
    assert summary(data, timezone="UTC") == expected(IDS["int64"][1])


@pytest.mark.parametrize("amounts", AMOUNTS)
@pytest.mark.parametrize("producer", PRODUCERS)
def test_amounts(producer: str, amounts: str) -> None:
    if cannot(producer, amounts=amounts):
        pytest.skip("no such type there")
    data = PRODUCERS[producer](sliced(table(amounts=amounts)))
    assert summary(data, **AMOUNTS[amounts][1]) == expected(IDS["int64"][1])


@pytest.mark.parametrize("ids", ["int64", "string", "dictionary of string"])
@pytest.mark.parametrize("producer", PRODUCERS)
def test_no_rows(producer: str, ids: str) -> None:
    orders = crm.Orders(PRODUCERS[producer](table(ids=ids).slice(0, 0)), currency="USD")
    assert len(orders) == 0
    assert orders.last_date is None
    assert len(crm.rfm(orders)) == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ids", [ids for ids in IDS if ids != "fixed_size_binary"])
@pytest.mark.parametrize("producer", PRODUCERS)
def test_null_ids(producer: str, ids: str, shape: str) -> None:
    if producer == "pandas on numpy" and ids in ("int64", "uint64"):
        pytest.skip("numpy makes floats of them, which do not hold such numbers")
    whole = table(ids=ids)
    guest = [row[0] == 2 for row in ROWS]
    column = whole.column("customer_id")
    cells = zip(guest, column.to_pylist(), strict=True)
    values = [None if null else value for null, value in cells]
    nulls = column_of(column.type, values)
    data = SHAPES[shape](whole.set_column(1, "customer_id", nulls))
    rest = [row for row in ROWS if row[0] != 2]
    assert summary(PRODUCERS[producer](data), guests="drop") == expected(IDS[ids][1], rest)
    with pytest.raises(crm.DataError) as error:
        summary(PRODUCERS[producer](data))
    assert (error.value.column, error.value.row) == ("customer_id", 0)


@pytest.mark.parametrize("column", ["ordered_at", "amount"])
@pytest.mark.parametrize("producer", PRODUCERS)
def test_null_times_and_amounts(producer: str, column: str) -> None:
    whole = table()
    at = whole.column_names.index(column)
    kind = whole.column(at).type
    cells = [None if row == 3 else cell for row, cell in enumerate(whole.column(at).to_pylist())]
    nulls = pa.array(cells)
    data = whole.set_column(at, column, nulls.cast(kind))
    with pytest.raises(crm.DataError) as error:
        summary(PRODUCERS[producer](data))
    assert (error.value.column, error.value.row) == (column, 3)
    rest = [row for at, row in enumerate(ROWS) if at != 3]
    dropped = summary(PRODUCERS[producer](data), bad_rows="drop")
    assert dropped == expected(IDS["int64"][1], rest)


# ---- ids go out in the type that came in ---------------------------------------------------------


@pytest.mark.parametrize("ids", IDS)
def test_ids_keep_their_type(ids: str) -> None:
    kind = IDS[ids][0]
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if plain in (pa.large_string(), pa.string_view()):
        plain = pa.string()
    out = crm.rfm(crm.Orders(table(ids=ids), currency="USD")).to_arrow()
    assert out.schema.field("customer_id").type == plain


# ---- numpy and Python's own objects --------------------------------------------------------------


def numpy_columns() -> dict[str, Any]:
    return {
        "customer_id": np.array([SMALL[row[0]] for row in ROWS]),
        "ordered_at": np.array(moments(), dtype="datetime64[us]"),
        "amount": np.array([row[3] / 100 for row in ROWS]),
    }


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns", "m", "h", "10s"])
def test_numpy_times(unit: str) -> None:
    data = numpy_columns()
    data["ordered_at"] = data["ordered_at"].astype(f"datetime64[{unit}]")
    assert summary(data) == expected(SMALL)


@pytest.mark.parametrize("dtype", ["<i2", ">i2", ">i4", "<u8", ">u8"])
def test_numpy_integers_of_any_byte_order(dtype: str) -> None:
    data = numpy_columns()
    data["customer_id"] = data["customer_id"].astype(dtype)
    assert summary(data) == expected(SMALL)


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_long_numpy_columns_are_read_in_place_and_not_kept(unit: str) -> None:
    """Orders stay what they were, whatever is written to the arrays, and nulls are seen."""
    n = 70_000
    moments = 1_700_000_000 + np.arange(n) * 977
    data = {
        "customer_id": np.arange(n) * 7_919 % 5_000,
        "ordered_at": moments.astype("datetime64[s]").astype(f"datetime64[{unit}]"),
        "amount": np.arange(n) % 9_000 / 100 + 1,
        "cents": np.arange(n) % 9_000 + 100,
    }
    data["amount"][500] = np.nan
    data["ordered_at"][69_000] = np.datetime64("NaT")
    frame = pa.table({name: pa.array(column, from_pandas=True) for name, column in data.items()})
    spec = {"currency": "USD", "bad_rows": "drop"}
    minor = {"amount": "cents", "amount_unit": "minor", **spec}
    built = [crm.Orders(data, **spec), crm.Orders(data, **minor)]
    expected = [crm.Orders(frame, **spec), crm.Orders(frame, **minor)]
    assert [len(orders) for orders in expected] == [n - 2, n - 1]
    for column in data.values():
        column[:] = 0 if column.dtype.kind != "M" else np.datetime64("1999-01-01")
    for orders, other in zip(built, expected, strict=True):
        assert orders.to_bytes() == other.to_bytes()
        assert crm.summary(orders).to_dict() == crm.summary(other).to_dict()


def test_numpy_strides_and_texts() -> None:
    wide = np.zeros((len(ROWS), 3))
    wide[:, 1] = numpy_columns()["amount"]
    ids = np.array([f"c{row[0]}" for row in ROWS])
    data = {**numpy_columns(), "amount": wide[:, 1], "customer_id": ids}
    assert summary(data) == expected([f"c{k}" for k in range(5)])
    backward = {name: column[::-1] for name, column in data.items()}
    assert summary(backward) == expected([f"c{k}" for k in range(5)])


def test_numpy_is_copied() -> None:
    data = numpy_columns()
    orders = crm.Orders(data, currency="USD")
    before = crm.summary(orders).to_dict()
    data["amount"][:] = 1.0
    data["customer_id"][:] = 1
    assert crm.summary(orders).to_dict() == before


def test_a_structured_array() -> None:
    columns = numpy_columns()
    records = np.rec.fromarrays(list(columns.values()), names=list(columns))
    assert summary(np.asarray(records)) == expected(SMALL)


def test_python_objects() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=9))
    data = {
        "customer_id": [uuid.UUID(int=SMALL[row[0]]) for row in ROWS],
        "ordered_at": [t.replace(tzinfo=zone) for t in moments()],
        "amount": [decimal.Decimal(row[3]).scaleb(-2) for row in ROWS],
    }
    assert summary(data) == expected([str(uuid.UUID(int=k)) for k in SMALL])
    data["ordered_at"] = [t.date() for t in moments()]
    data["amount"] = [row[3] // 100 if row[3] % 100 == 0 else row[3] / 100 for row in ROWS]
    assert summary(data) == expected([str(uuid.UUID(int=k)) for k in SMALL])


def test_pandas_integers_that_became_floats() -> None:
    """A missing integer makes numpy's column one of floats; the ids are integers still."""
    frame = pd.DataFrame(numpy_columns())
    frame.loc[0, "customer_id"] = np.nan
    assert frame["customer_id"].dtype == "float64"
    rest = [(c, d, m, a) for c, d, m, a in ROWS[1:]]
    assert summary(frame, guests="drop") == expected(SMALL, rest)


@pytest.mark.parametrize(
    "dtype", ["Int8", "Int64", "UInt16", "str", "string[python]", "category", object]
)
def test_pandas_ids(dtype: Any) -> None:
    frame = pd.DataFrame(numpy_columns())
    frame["customer_id"] = frame["customer_id"].astype(dtype)
    if dtype in ("str", "string[python]"):
        assert summary(frame) == expected([str(k) for k in SMALL])
    else:
        assert summary(frame) == expected(SMALL)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_pandas_zones(zone: str) -> None:
    frame = pd.DataFrame(numpy_columns())
    frame["ordered_at"] = frame["ordered_at"].dt.tz_localize(zone)
    orders = crm.Orders(frame, currency="USD")
    assert orders.timezone == zone
    assert summary(frame) == expected(SMALL)


def test_pandas_without_pyarrow(tmp_path: Any) -> None:
    """In a process where pyarrow cannot be imported."""
    import subprocess
    import sys

    code = """
import sys
sys.modules["pyarrow"] = None
import pandas as pd, crm_core as crm
frame = pd.DataFrame({"customer_id": ["a", None, "b"], "amount": [1.5, 2.0, 3.0],
                      "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"])})
table = crm.summary(crm.Orders(frame, currency="USD", guests="drop"))
frame = table.to_pandas()
assert list(frame["customer_id"]) == ["a", "b"], frame
assert list(frame["revenue"]) == [1.5, 3.0]
assert str(frame["first_date"].dtype) == "datetime64[s]"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_arrow_and_numpy_ids_that_became_floats() -> None:
    """As pandas makes them: whole floats are integers, blank ones are blank, others are refused."""
    days = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "datetime64[D]")
    for ids in (pa.array([7.0, None, 8.0]), np.array([7.0, np.nan, 8.0])):
        data = {"customer_id": ids, "ordered_at": days, "amount": [1, 2, 4]}
        data = pa.table(data) if isinstance(ids, pa.Array) else data
        orders = crm.Orders(data, currency="JPY", guests="keep")
        assert crm.summary(orders).to_dict()["customer_id"] == [7, 8]
        known = crm.Customers({"customer_id": ids[:1], "rank": ["gold"]}, dimensions=["rank"])
        ranked = crm.Orders(data, currency="JPY", guests="keep", customers=known)
        assert len(crm.summary(ranked, where={"rank": "gold"})) == 1
    half = {"customer_id": np.array([7.0, 7.5]), "ordered_at": days[:2], "amount": [1, 2]}
    with pytest.raises(crm.DataError, match="row 1: expected a whole number below 2") as caught:
        crm.Orders(half, currency="JPY")
    assert (caught.value.column, caught.value.row) == ("customer_id", 1)


def test_opted_out_is_a_truth_value_however_it_comes() -> None:
    days = ["2026-01-01"] * 3
    shop = {"customer_id": ["a", "b", "c"], "ordered_at": days, "amount": [1, 2, 4]}
    for out in (
        [True, False, None],
        ["true", "false", ""],
        ["TRUE", "False", None],
        [1, 0, None],
        np.array([1.0, 0.0, np.nan]),
        pa.array(["true", "false", None]).dictionary_encode(),
    ):
        known = crm.Customers({"customer_id": ["a", "b", "c"], "out": out}, opted_out="out")
        orders = crm.Orders(shop, currency="JPY", customers=known)
        told = crm.summary(orders, where={"opted_out": True}).to_dict()["customer_id"]
        assert told == ["a"], out
    with pytest.raises(crm.DataError, match="column `out`, row 1: expected `true` or `false`"):
        crm.Customers({"customer_id": ["a", "b"], "out": ["true", "perhaps"]}, opted_out="out")


def test_a_view_counts_its_part() -> None:
    whole = crm.Orders(table(ids="string"), currency="USD")
    view = whole.view(where={"ordered_at": {"to": "2026-01-31"}})
    seen = crm.summary(view).to_dict()
    assert (len(view), view.n_customers) == (sum(seen["orders"]), len(seen["orders"]))
    assert 0 < len(view) < len(whole) and f"{len(view)} orders" in repr(view)
    assert view.first_date == min(seen["first_date"]) and view.last_date == whole.last_date


def test_a_view_shares_and_a_concat_adds() -> None:
    whole = table(ids="string")
    orders = crm.Orders(whole.slice(0, 4), currency="USD").concat(
        crm.Orders(whole.slice(4), currency="USD")
    )
    at_once = crm.Orders(whole, currency="USD")
    assert crm.summary(orders).to_dict() == crm.summary(at_once).to_dict()
    first = {"ordered_at": {"to": "2026-01-31"}}
    early = crm.summary(at_once.view(where=first), "2026-01-31").to_dict()
    assert early == crm.summary(at_once, "2026-01-31", where=first).to_dict()
    assert early["orders"] == crm.summary(at_once, datetime.date(2026, 1, 31)).to_dict()["orders"]
