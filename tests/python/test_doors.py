"""The same data through every door gives the same tables, bit for bit.

The same shop goes through the native module, and through libcrm's C ABI by way of ctypes: as an
Arrow stream, as flat buffers, cell by cell and as batches of JSON. Each table is read cell by cell
through the door it came out of. `tests/tables.rs` compares what Rust gives with the same golden
fingerprints (`tests/locks/tables.json`).
"""

import ctypes
import datetime
import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import libcrm
import pytest
from libcrm import NO_HANDLE, ROOT, Column, Error, Handle, Library, bits

import crm_core as crm

LOCK: dict[str, Any] = json.loads((ROOT / "tests/locks/tables.json").read_text())
SPEC = {
    "currency": "JPY",
    "order_id": "order_id",
    "discount": "discount",
    "refunded": "refunded",
    "refunded_at": "refunded_at",
    "status": "status",
    "kind": "kind",
    "product": "product",
    "category": "category",
    "channel": "channel",
    "guests": "keep",
    "timezone": "Asia/Tokyo",
}
EPOCH = datetime.date(1970, 1, 1)


@pytest.fixture(scope="module")
def shop() -> crm.Table:
    return crm.simulate_orders(60, seed=7)


@pytest.fixture(scope="module")
def native(shop: crm.Table) -> crm.Orders:
    return crm.Orders(shop, **SPEC)


# ---- the C door --------------------------------------------------------------------------------

I64, TIME_US, UTF8 = 4, 16, 18  # crm_column_type


@pytest.fixture(scope="module")
def library() -> Library:
    return libcrm.library()


def from_arrow(library: Library, shop: crm.Table) -> Handle:
    spec = json.dumps(SPEC).encode()
    return library.from_arrow("orders_from_arrow", spec, shop, NO_HANDLE, NO_HANDLE)


def from_columns(library: Library, shop: crm.Table) -> Handle:
    kept: list[Any] = []  # what the columns point into
    columns = [
        flat(name, cells, shop.schema[name]["type"], kept) for name, cells in shop.to_dict().items()
    ]
    spec = json.dumps(SPEC).encode()
    return library.handle(
        "orders_from_columns",
        spec,
        ctypes.c_int64(len(spec)),
        (Column * len(columns))(*columns),
        ctypes.c_size_t(len(columns)),
        NO_HANDLE,
        NO_HANDLE,
    )


def from_cells(library: Library, shop: crm.Table) -> Handle:
    columns = shop.to_dict()
    spec = json.dumps(SPEC | {"cells": list(columns)}).encode()
    rows = library.handle("orders_begin", spec, ctypes.c_int64(-1))
    for row in zip(*columns.values(), strict=True):
        for cell in row:
            if cell is None:
                library("cell_null", rows)
            elif isinstance(cell, int):
                library("cell_i64", rows, ctypes.c_int64(cell))
            else:
                library("cell_text", rows, spelled(cell).encode(), ctypes.c_int64(-1))
        library("row_end", rows)
    return library.handle("orders_finish", rows, NO_HANDLE, NO_HANDLE)


def from_json(library: Library, shop: crm.Table) -> Handle:
    columns = shop.to_dict()
    rows = library.handle(
        "orders_begin", json.dumps(SPEC | {"cells": list(columns)}).encode(), ctypes.c_int64(-1)
    )
    all_rows = [
        {name: cell if isinstance(cell, int | None) else spelled(cell) for name, cell in pairs}
        for pairs in (
            zip(columns, cells, strict=True) for cells in zip(*columns.values(), strict=True)
        )
    ]
    for batch in (all_rows[:100], all_rows[100:]):
        text = json.dumps(batch, ensure_ascii=False).encode()
        library("rows_json", rows, text, ctypes.c_int64(len(text)))
    return library.handle("orders_finish", rows, NO_HANDLE, NO_HANDLE)


def flat(name: str, cells: list[Any], kind: str, kept: list[Any]) -> Column:
    """A column as buffers, each with its length."""

    def buffer(data: bytes) -> tuple[ctypes.c_void_p, int]:
        kept.append(ctypes.create_string_buffer(data, len(data)))
        return ctypes.cast(kept[-1], ctypes.c_void_p), len(data)

    column = Column(size=ctypes.sizeof(Column), name=name.encode(), name_size=-1, rows=len(cells))
    if kind in ("int", "instant"):
        column.type = I64 if kind == "int" else TIME_US
        numbers = [micros(cell) if kind == "instant" else cell or 0 for cell in cells]
        column.values, column.values_size = buffer(struct.pack(f"={len(cells)}q", *numbers))
        column.zone = b"UTC" if kind == "instant" else None
    else:
        texts = [(cell or "").encode() for cell in cells]
        ends = [0]
        for text in texts:
            ends.append(ends[-1] + len(text))
        column.type = UTF8
        column.values, column.values_size = buffer(b"".join(texts))
        column.offsets, column.offsets_size = buffer(struct.pack(f"={len(ends)}i", *ends))
    valid = sum((cell is not None) << at for at, cell in enumerate(cells))
    column.validity, column.validity_size = buffer(valid.to_bytes((len(cells) + 7) // 8, "little"))
    return column


def micros(cell: datetime.datetime | None) -> int:
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return 0 if cell is None else (cell - epoch) // datetime.timedelta(microseconds=1)


def spelled(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, datetime.datetime) else str(cell)


WAYS: dict[str, Callable[[Library, crm.Table], Handle]] = {
    "Arrow": from_arrow,
    "flat buffers": from_columns,
    "cells": from_cells,
    "JSON": from_json,
}


@pytest.fixture(scope="module", params=WAYS)
def through_c(
    request: pytest.FixtureRequest, library: Library, shop: crm.Table
) -> Iterator[Handle]:
    orders = WAYS[request.param](library, shop)
    yield orders
    library("orders_free", orders)


# ---- the native door ---------------------------------------------------------------------------


def plain(table: crm.Table) -> dict[str, Any]:
    """A table as `tests/tables.rs` has it."""
    columns = []
    for (name, about), cells in zip(
        table.schema.items(), table.to_dict(money="minor").values(), strict=True
    ):
        read: dict[str, Callable[[Any], Any]] = {
            "float": bits,
            "date": lambda day: (day - EPOCH).days,
            "instant": micros,
        }
        of = read.get(about["type"], lambda cell: cell)
        columns.append(
            {
                "name": name,
                "ja": about["ja"],
                "type": about["type"],
                "unit": about["unit"],
                "currency": about.get("currency"),
                "cells": [None if cell is None else of(cell) for cell in cells],
            }
        )
    return {"columns": columns, "definition": table.hash}


def fingerprint(table: dict[str, Any]) -> str:
    text = json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---- tests -------------------------------------------------------------------------------------


def test_the_golden_file_has_every_analysis_of_orders() -> None:
    assert set(LOCK) == {t for t in crm.tasks() if crm.describe(t)["reads"] == "orders"}


@pytest.mark.parametrize("task", LOCK)
def test_python_gives_what_rust_gives(native: crm.Orders, task: str) -> None:
    table = crm.run(task, native, LOCK[task]["request"])
    assert len(table) == LOCK[task]["rows"]
    assert fingerprint(plain(table)) == LOCK[task]["sha256"]


@pytest.mark.parametrize("task", LOCK)
def test_c_gives_what_python_gives(
    library: Library, through_c: Handle, native: crm.Orders, task: str
) -> None:
    request = LOCK[task]["request"]
    expected = crm.run(task, native, request)
    table = library.run(task, through_c, request)
    found = library.plain(table)
    assert found == plain(expected)
    definition, notes = (library.text(f"table_{what}", table) for what in ("definition", "notes"))
    assert json.loads(definition or "") == expected.definition
    assert hashlib.sha256((definition or "").encode()).hexdigest()[:16] == expected.hash
    assert json.loads(notes or "") == expected.notes
    library("table_free", table)


def test_the_reconciliation_is_the_same(
    library: Library, through_c: Handle, native: crm.Orders
) -> None:
    table = library.handle("orders_reconciliation", through_c, NO_HANDLE)
    found = library.plain(table)["columns"]
    assert found == plain(native.reconciliation)["columns"]
    library("table_free", table)


def test_the_catalogue_is_the_same(library: Library) -> None:
    assert [task["name"] for task in json.loads(library.text("tasks") or "")] == crm.tasks()
    for task in crm.tasks():
        assert json.loads(library.text("describe", task.encode()) or "") == crm.describe(task)
    version = library.lib.crm_version
    version.restype = ctypes.c_char_p
    assert version().decode() == crm.__version__


def test_errors_are_the_same(library: Library, through_c: Handle, native: crm.Orders) -> None:
    for request in ({"levels": 99}, {"level": 5}, {"where": {"colour": 1}}, {"basis": "margin"}):
        with pytest.raises(crm.CrmError) as raised:
            crm.run("rfm", native, request)
        error, out = Error(), Handle(7)
        text = json.dumps(request).encode()
        status = library.lib.crm_run(
            *(b"rfm", through_c, text, ctypes.c_int64(len(text)), NO_HANDLE),
            *(ctypes.byref(out), ctypes.byref(error)),
        )
        name = library.lib.crm_status_name
        name.restype = ctypes.c_char_p
        assert name(status) == f"CRM_ERR_{raised.value.code.upper()}".encode()
        assert (error.code, out.value) == (status, 7), "outputs are written only on success"
        assert error.message.decode() in str(raised.value)
