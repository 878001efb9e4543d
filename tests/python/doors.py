"""The columns of a shop of `messy.py` in every form that the doors take, chosen at random."""

import ctypes
import datetime
import itertools
import json
import random
import struct
import uuid
from collections.abc import Callable
from typing import Any

import libcrm
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from messy import INTEGERS, Row, Shop

import crm_core as crm

Cells = list[Any]
EPOCH = datetime.datetime(1970, 1, 1)
# The ids of orders and of the customers' table are of one type.
KEYS = ("会員ID", "customer_id", "id")


def cells_of(rows: list[Row], name: str) -> Cells:
    return [row[name] for row in rows]


# ---- pyarrow -------------------------------------------------------------------------------------


def arrow(kind: str, cells: Cells, rng: random.Random, form: int = 0) -> pa.Array:
    """A column in one of the types of its kind; `form` fixes which, for ids that must agree."""
    pick = random.Random(form).choice if form else rng.choice
    if kind in INTEGERS:
        plain = pa.array(cells, getattr(pa, kind)())
        return pick([plain, dictionary(plain, rng)])
    if kind in ("text", "words"):
        plain = pa.array(cells, pick([pa.string(), pa.large_string(), pa.string_view()]))
        return pick([plain, dictionary(pa.array(cells, pa.string()), rng)])
    if kind == "uuid":
        if pick([True, False]):
            return pa.array(cells, pa.string())
        return pa.array([cell and uuid.UUID(cell).bytes for cell in cells], pa.binary(16))
    if kind == "bool":
        return pa.array(cells, pa.bool_())
    if kind == "date":
        return pa.array(cells, pick([pa.date32(), pa.date64()]))
    if kind in ("naive", "aware"):
        unit = pick(["us", "ns", *(["s", "ms"] if all(is_whole(cell) for cell in cells) else [])])
        zone = None if kind == "naive" else pick(["UTC", "Asia/Tokyo", "-03:00"])
        return pa.array(cells, pa.timestamp(unit, zone))
    if kind == "minor":
        return pa.array(cells, pick([pa.int64(), pa.decimal128(38, 0)]))
    if kind == "whole":
        small = all(cell is None or abs(cell) < 2**31 for cell in cells)
        whole = [None if cell is None else int(cell) for cell in cells]
        return pa.array(whole, pick([pa.int64(), *([pa.int32()] if small else [])]))
    if kind == "float":
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    assert kind == "decimal", kind
    return pa.array(cells, pick([pa.decimal128(38, 6), pa.decimal256(60, 8)]))


def dictionary(plain: pa.Array, rng: random.Random) -> pa.Array:
    """With words that no cell has, in no order."""
    words = [*{cell for cell in plain.to_pylist() if cell is not None}]
    if pa.types.is_string(plain.type):
        words += ["nobody", "unused"]
    rng.shuffle(words)
    keys = [None if cell is None else words.index(cell) for cell in plain.to_pylist()]
    keys_type = rng.choice([pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8()])
    return pa.DictionaryArray.from_arrays(pa.array(keys, keys_type), pa.array(words, plain.type))


def is_whole(cell: Any) -> bool:
    return cell is None or cell.microsecond == 0


def cut(column: pa.Array, cuts: list[int], rng: random.Random) -> pa.ChunkedArray:
    """In chunks, each a part of something longer that begins at any bit."""
    chunks = []
    for start, end in itertools.pairwise(cuts):
        chunk = column.slice(start, end - start)
        if rng.random() < 0.6 and len(column):
            before, after = (column.slice(0, rng.randrange(min(11, len(column)))) for _ in "ab")
            if not pa.types.is_dictionary(column.type):
                longer = pa.concat_arrays([before, chunk, after])
                chunk = longer.slice(len(before), len(chunk))
        chunks.append(chunk)
    return pa.chunked_array(chunks, column.type)


def arrow_table(
    rows: list[Row], types: dict[str, str], form: int, rng: random.Random, fixed: bool = False
) -> pa.Table:
    ends = [rng.randint(0, len(rows)) for _ in range(rng.choice([0, 0, 1, 3]))]
    cuts = sorted([0, *ends, len(rows)])
    columns = {"nobody asks": pa.array([[1.5]] * len(rows), pa.list_(pa.float64()))}
    for name, kind in types.items():
        of = form if fixed or name in KEYS else 0
        columns[name] = cut(arrow(kind, cells_of(rows, name), rng, of), cuts, rng)
    return pa.table(columns)


# ---- other producers -----------------------------------------------------------------------------


def polars_frame(table: pa.Table) -> pl.DataFrame:
    """What polars has no type for goes in the nearest that it has."""
    columns = {}
    for name in table.column_names[1:]:
        column = table.column(name)
        if pa.types.is_decimal256(column.type):
            column = column.cast(pa.decimal128(38, 8))
        if pa.types.is_fixed_size_binary(column.type):
            texts = [cell and str(uuid.UUID(bytes=cell)) for cell in column.to_pylist()]
            column = pa.chunked_array([pa.array(texts, pa.string())])
        columns[name] = column
    return pl.from_arrow(pa.table(columns), rechunk=False)


def pandas_series(kind: str, cells: Cells, rng: random.Random, form: int) -> Any:
    pick = random.Random(form).choice if form else rng.choice
    if pick([0, 0, 1]):
        column = arrow(kind, cells, rng, form)
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([column])))
    blank = any(cell is None for cell in cells)
    if kind in INTEGERS:
        dtype = kind.replace("int", "Int").replace("uInt", "UInt") if blank else kind
        return pd.Series(cells, dtype=dtype)
    if kind in ("text", "words") and pick([True, False]):
        unused = ["nobody", *sorted({cell for cell in cells if cell is not None}, reverse=True)]
        return pd.Series(pd.Categorical(cells, categories=[*unused, "unused"]))
    if kind in ("naive", "aware"):
        unit = rng.choice(["us", "ns", *(["s", "ms"] if all(map(is_whole, cells)) else [])])
        zone = None if kind == "naive" else rng.choice(["UTC", "America/New_York"])
        series = pd.Series(pd.to_datetime(pd.Series(cells, dtype=object), utc=kind == "aware"))
        if kind == "aware":
            return series.dt.tz_convert(zone).dt.as_unit(unit)
        return series.astype(f"datetime64[{unit}]")
    if kind == "minor":
        return pd.Series(cells, dtype="Int64")
    if kind == "float":
        floats = [None if cell is None else float(cell) for cell in cells]
        return pd.Series(floats, dtype=rng.choice(["Float64", "float64"]) if blank else "float64")
    if kind == "whole":
        return pd.Series([None if cell is None else int(cell) for cell in cells], dtype=object)
    if kind == "bool":
        return pd.Series(cells, dtype="boolean")
    return pd.Series(cells, dtype=object)


def plain_values(kind: str, cells: Cells, rng: random.Random, form: int) -> Any:
    """A list of Python's objects, or an array of numpy's."""
    pick = random.Random(form).choice if form else rng.choice
    blank = any(cell is None for cell in cells)
    if kind in INTEGERS:
        # Python's integers are signed as long as they fit, numpy's are what they say.
        return np.array(cells, kind) if not blank else arrow(kind, cells, rng, form)
    if kind == "uuid" and pick([True, False]):
        return [cell and uuid.UUID(cell) for cell in cells]
    if kind == "naive" and pick([True, False]):
        return np.array([np.datetime64(cell or "NaT", "us") for cell in cells], "datetime64[us]")
    if kind == "date" and pick([True, False]):
        return np.array([np.datetime64(cell or "NaT", "D") for cell in cells], "datetime64[D]")
    if kind == "minor" and not blank and pick([True, False]):
        return np.array(cells, "int64")
    if kind == "float":
        return [None if cell is None else float(cell) for cell in cells]
    if kind in ("text", "words") and pick([True, False]):
        return np.array(cells, dtype=object)
    return cells


# ---- the doors of Python -------------------------------------------------------------------------

Orders = Callable[[Shop, random.Random], crm.Orders]


def orders_of(made: Shop, data: Any, customers: Any) -> crm.Orders:
    of = None if customers is None else crm.Customers(customers, **made.customer_settings)
    return crm.Orders(data, **made.settings, customers=of)


def columns_of(made: Shop, rows: list[Row], of_customers: bool) -> dict[str, str]:
    names = ("id", "registered", "silent", "tier")
    return {name: kind for name, kind in made.types.items() if (name in names) == of_customers}


def each(made: Shop, rng: random.Random, frame: Callable[..., Any]) -> crm.Orders:
    form = rng.randrange(1, 1000)
    data = frame(made.rows, columns_of(made, made.rows, False), form, rng)
    customers = None
    if made.customers is not None:
        customers = frame(made.customers, columns_of(made, made.customers, True), form, rng)
    return orders_of(made, data, customers)


def by_column(of: Callable[..., Any], whole: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    def frame(rows: list[Row], types: dict[str, str], form: int, rng: random.Random) -> Any:
        fixed = dict.fromkeys(KEYS, form)
        return whole(
            {
                name: of(kind, cells_of(rows, name), rng, fixed.get(name, 0))
                for name, kind in types.items()
            }
        )

    return frame


def halves_of(made: Shop, rng: random.Random) -> tuple[list[Any], crm.Customers | None]:
    """Two imports, each with the customers table; the lines of an order come in one of them."""
    names = [made.settings.get(role) for role in ("shop", "order_id")]
    keys = [tuple(row.get(name) for name in names) for row in made.rows]
    chosen = {key: rng.random() < 0.5 for key in sorted(set(keys), key=repr)}
    halves = [
        [row for row, key in zip(made.rows, keys, strict=True) if chosen[key] == half]
        for half in (True, False)
    ]
    form = rng.randrange(1, 1000)
    types, of = columns_of(made, made.rows, False), columns_of(made, [], True)
    data = [arrow_table(rows, types, form, rng, fixed=True) for rows in halves]
    customers = None
    if made.customers is not None:
        customers = crm.Customers(
            arrow_table(made.customers, of, form, rng), **made.customer_settings
        )
    return data, customers


def in_parts(made: Shop, rng: random.Random) -> crm.Orders:
    """Two imports put together."""
    data, customers = halves_of(made, rng)
    first, more = (crm.Orders(one, **made.settings, customers=customers) for one in data)
    return first.concat(more)


def appended(made: Shop, rng: random.Random) -> crm.Orders:
    """Rows appended to an import; where orders have ids some come again, also late."""
    data, customers = halves_of(made, rng)
    held = crm.Orders(data[0], **made.settings, customers=customers)
    orders = held.append(data[1])
    if made.settings.get("order_id") is None:
        return orders
    first = crm.Orders(data[0], **made.settings)
    # The whole first half again, and the second as of a saved state.
    again = crm.Orders.from_bytes(orders.to_bytes()).append(first, on_repeat="replace")
    return again.append(data[1], on_repeat=rng.choice(["replace", "first"]))


PYTHON: dict[str, Orders] = {
    "dict": lambda made, rng: each(made, rng, by_column(plain_values, dict)),
    "pandas": lambda made, rng: each(made, rng, by_column(pandas_series, pd.DataFrame)),
    "polars": lambda made, rng: each(made, rng, lambda *of: polars_frame(arrow_table(*of))),
    "pyarrow": lambda made, rng: each(made, rng, arrow_table),
    "reader": lambda made, rng: each(made, rng, lambda *of: arrow_table(*of).to_reader()),
}


# ---- the doors of C ------------------------------------------------------------------------------

Handle = libcrm.Handle


_ROLES = (
    *("order_id", "quantity", "status", "kind", "refunded", "refunded_at", "discount", "shipping"),
    *("tax", "cost", "line_kind", "product", "category", "channel", "shop", "registered_at"),
)


def spec_of(settings: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(settings | more).encode()


def spelled(kind: str, cell: Any) -> Any:
    """A cell as JSON, text or number: an amount as it is written, a time as ISO 8601."""
    if kind == "bool":
        return None if cell is None else int(cell)
    if cell is None or kind in INTEGERS or kind in ("text", "words", "uuid", "minor"):
        return cell
    if kind in ("naive", "aware", "date"):
        return cell.isoformat()
    return format(cell, "f")


def c_rows(
    library: libcrm.Library, begin: str, settings: dict[str, Any], rows: list[Row], made: Shop,
    rng: random.Random, form: str,
) -> Handle:  # fmt: skip
    needed = {
        "orders_begin": ["customer_id", "ordered_at", "amount"],
        "customers_begin": ["customer_id"],
    }[begin]
    # Without a row to look at, the columns are those that the spec names.
    named = [settings.get(role, role) for role in needed]
    named += [settings[role] for role in _ROLES if role in settings]
    named += settings.get("dimensions", [])
    if "currency_column" in settings:
        named.append(settings["currency_column"])
    text = spec_of(settings, cells=list(rows[0]) if rows else named)
    handle = library.handle(begin, text, ctypes.c_int64(len(text)))
    if form == "JSON":
        at = 0
        while at < len(rows):
            size = rng.randint(1, len(rows))
            batch = [json_row(row, made.types, rng) for row in rows[at : at + size]]
            json_text = f"[{','.join(batch)}]".encode()
            library("rows_json", handle, json_text, ctypes.c_int64(len(json_text)))
            at += size
        return handle
    for row in rows:
        for name, value in row.items():
            cell = spelled(made.types[name], value)
            if cell is None:
                library("cell_null", handle)
            elif isinstance(cell, int):
                library("cell_i64", handle, ctypes.c_int64(cell))
            elif made.types[name] == "float" and rng.random() < 0.5:
                library("cell_f64", handle, ctypes.c_double(float(cell)))
            else:
                given = cell.encode()
                library("cell_text", handle, given, ctypes.c_int64(len(given)))
        library("row_end", handle)
    return handle


def json_row(row: Row, types: dict[str, str], rng: random.Random) -> str:
    """As a list or as an object; amounts as numbers or as texts."""
    cells = []
    for name, value in row.items():
        cell = spelled(types[name], value)
        number = types[name] in ("decimal", "float", "whole") and cell is not None
        cells.append(cell if number and rng.random() < 0.5 else json.dumps(cell))
    if rng.random() < 0.5:
        return f"[{','.join(cells)}]"
    pairs = [f"{json.dumps(name)}:{cell}" for name, cell in zip(row, cells, strict=True)]
    rng.shuffle(pairs)
    return f"{{{','.join(pairs)}}}"


def by_rows(form: str) -> Callable[[libcrm.Library, Shop, random.Random], Handle]:
    def orders(library: libcrm.Library, made: Shop, rng: random.Random) -> Handle:
        none = libcrm.NO_HANDLE
        of = none
        if made.customers is not None:
            settings = made.customer_settings
            rows = c_rows(library, "customers_begin", settings, made.customers, made, rng, "JSON")
            of = library.handle("customers_finish", rows, none)
        rows = c_rows(library, "orders_begin", made.settings, made.rows, made, rng, form)
        return library.handle("orders_finish", rows, of, none)

    return orders


def pointers(library: libcrm.Library, made: Shop, rng: random.Random) -> Handle:
    """Columns as buffers."""
    kept: list[Any] = []
    none = libcrm.NO_HANDLE
    form = rng.randrange(1, 1000)

    def columns(rows: list[Row], of_customers: bool) -> Any:
        made_of = [
            flat(name, kind, cells_of(rows, name), kept, rng, form)
            for name, kind in columns_of(made, rows, of_customers).items()
        ]
        return (libcrm.Column * len(made_of))(*made_of), ctypes.c_size_t(len(made_of))

    of = none
    if made.customers is not None:
        text = spec_of(made.customer_settings)
        size = ctypes.c_int64(len(text))
        of = library.handle(
            "customers_from_columns", text, size, *columns(made.customers, True), none
        )
    text = spec_of(made.settings)
    size = ctypes.c_int64(len(text))
    return library.handle("orders_from_columns", text, size, *columns(made.rows, False), of, none)


NUMBERS = {
    name: (at, code)
    for at, (name, code) in enumerate(
        zip(
            ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
            "bhiqBHIQ",
            strict=True,
        ),
        start=1,
    )
}
F64, BOOL, DECIMAL, DATE, TIME_US, UTF8, LARGE, FIXED = 10, 11, 12, 13, 16, 18, 19, 20


def flat(
    name: str, kind: str, cells: Cells, kept: list[Any], rng: random.Random, form: int
) -> libcrm.Column:
    """A column that begins somewhere in its buffers."""
    offset = rng.choice([0, 0, 1, 3, 9])
    pick = random.Random(form).choice if name in KEYS else rng.choice
    valid = [False] * offset + [cell is not None for cell in cells]
    padded = [None] * offset + cells

    def buffer(data: bytes) -> tuple[ctypes.c_void_p, int]:
        kept.append(ctypes.create_string_buffer(data, len(data)))
        return ctypes.cast(kept[-1], ctypes.c_void_p), len(data)

    column = libcrm.Column(
        size=ctypes.sizeof(libcrm.Column), name=name.encode(), name_size=-1, rows=len(cells)
    )
    column.offset = offset
    bits = sum(one << at for at, one in enumerate(valid))
    column.validity, column.validity_size = buffer(bits.to_bytes(len(valid) // 8 + 1, "little"))
    in_spelling = kind in ("decimal", "float", "whole", "naive", "aware") and pick([True, False])
    if kind in ("text", "words") or in_spelling or (kind == "uuid" and pick([True, False])):
        wide = in_spelling or pick([True, False])
        texts = [(spelled(kind, cell) or "").encode() for cell in padded]
        ends = [0]
        for text in texts:
            ends.append(ends[-1] + len(text))
        column.type = LARGE if wide else UTF8
        column.values, column.values_size = buffer(b"".join(texts))
        packed = struct.pack(f"={len(ends)}{'q' if wide else 'i'}", *ends)
        column.offsets, column.offsets_size = buffer(packed)
        return column
    if kind in INTEGERS or kind in ("minor", "whole"):
        column.type, code = NUMBERS.get(kind, NUMBERS["int64"])
        numbers = [int(cell or 0) for cell in padded]
        data = struct.pack(f"={len(padded)}{code}", *numbers)
    elif kind == "uuid":
        column.type, column.width = FIXED, 16
        data = b"".join(uuid.UUID(cell).bytes if cell else b"?" * 16 for cell in padded)
    elif kind == "float":
        column.type = F64
        data = struct.pack(f"={len(padded)}d", *(float(cell or 0) for cell in padded))
    elif kind == "decimal":
        column.type, column.scale = DECIMAL, 6
        scaled = [int((cell or 0) * 10**6) for cell in padded]
        data = b"".join(number.to_bytes(16, "little", signed=True) for number in scaled)
    elif kind == "bool":
        column.type = BOOL
        data = bytes(bool(cell) for cell in padded)
    elif kind == "date":
        column.type = DATE
        days = [(cell - EPOCH.date()).days if cell else -(2**31) for cell in padded]
        data = struct.pack(f"={len(padded)}i", *days)
    else:
        column.type = TIME_US
        column.zone = b"UTC" if kind == "aware" else None
        plain = [cell and cell.replace(tzinfo=None) for cell in padded]
        micros = [(c - EPOCH) // datetime.timedelta(microseconds=1) if c else 7 for c in plain]
        data = struct.pack(f"={len(padded)}q", *micros)
    column.values, column.values_size = buffer(data)
    return column


def by_stream(library: libcrm.Library, made: Shop, rng: random.Random) -> Handle:
    """An Arrow C stream of pyarrow's."""
    form = rng.randrange(1, 1000)
    none = libcrm.NO_HANDLE
    of = none
    if made.customers is not None:
        table = arrow_table(made.customers, columns_of(made, [], True), form, rng)
        text = spec_of(made.customer_settings)
        of = library.from_arrow("customers_from_arrow", text, table, none)
    table = arrow_table(made.rows, columns_of(made, [], False), form, rng)
    return library.from_arrow("orders_from_arrow", spec_of(made.settings), table, of, none)


C: dict[str, Callable[[libcrm.Library, Shop, random.Random], Handle]] = {
    "JSON rows": by_rows("JSON"),
    "cells": by_rows("cells"),
    "pointer columns": pointers,
    "C stream": by_stream,
}
