"""The same data through every door gives the same tables, bit for bit.

The same shop goes through the native module, and through libcrm's C ABI by way of ctypes: as an
Arrow stream, as flat buffers, cell by cell and as batches of JSON. Each table is read cell by cell
through the door it came out of. `tests/tables.rs` compares what Rust gives with the same golden
fingerprints (`tests/golden/tables.json`).
"""

import ctypes
import datetime
import hashlib
import json
import pathlib
import struct
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import crm_core as crm

ROOT = pathlib.Path(__file__).parents[2]
GOLDEN: dict[str, Any] = json.loads((ROOT / "tests/golden/tables.json").read_text())
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

Handle = ctypes.c_uint64
NO_HANDLE = Handle(0)


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t)]

    def text(self) -> str | None:
        return None if self.data is None else ctypes.string_at(self.data, self.size).decode()


class Error(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("code", ctypes.c_int32),
        ("row", ctypes.c_int64),
        ("column", ctypes.c_char * 128),
        ("message", ctypes.c_char * 512),
        ("hint", ctypes.c_char * 512),
    ]


class Column(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("type", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("name_size", ctypes.c_int64),
        ("rows", ctypes.c_uint64),
        ("offset", ctypes.c_uint64),
        ("values", ctypes.c_void_p),
        ("values_size", ctypes.c_uint64),
        ("offsets", ctypes.c_void_p),
        ("offsets_size", ctypes.c_uint64),
        ("validity", ctypes.c_void_p),
        ("validity_size", ctypes.c_uint64),
        ("dictionary", ctypes.c_void_p),
        ("zone", ctypes.c_char_p),
        ("width", ctypes.c_uint32),
        ("scale", ctypes.c_int32),
    ]


I64, TIME_US, UTF8 = 4, 16, 18  # crm_column_type
# crm_type: ids of four sorts, then one number each.
TYPES = [
    *("", "id", "id", "id", "id"),
    *("int", "float", "bool", "date", "instant", "money", "category", "text"),
]
JA = 2


class Library:
    """libcrm; a status that is not CRM_OK is an exception."""

    def __init__(self, path: pathlib.Path) -> None:
        self.lib = ctypes.CDLL(str(path))

    def __call__(self, function: str, *arguments: Any) -> None:
        error = Error()
        status = getattr(self.lib, f"crm_{function}")(*arguments, ctypes.byref(error))
        assert status == 0, f"crm_{function}: {status} {error.message.decode()}"

    def handle(self, function: str, *arguments: Any) -> Handle:
        out = Handle()
        self(function, *arguments, ctypes.byref(out))
        return out

    def text(self, function: str, *arguments: Any) -> str | None:
        out = Text()
        self(function, *arguments, ctypes.byref(out))
        return out.text()

    def number(self, function: str, *arguments: Any) -> int:
        out = ctypes.c_size_t()
        self(function, *arguments, ctypes.byref(out))
        return out.value

    def run(self, task: str, orders: Handle, request: dict[str, Any]) -> Handle:
        text = json.dumps(request).encode()
        size = ctypes.c_int64(len(text))
        return self.handle("run", task.encode(), orders, text, size, NO_HANDLE)

    # ---- in, four ways

    def from_arrow(self, shop: crm.Table) -> Handle:
        capsule = shop.__arrow_c_stream__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        stream = ctypes.c_void_p(pointer(capsule, b"arrow_array_stream"))
        spec = json.dumps(SPEC).encode()
        return self.handle(
            "orders_from_arrow", spec, ctypes.c_int64(-1), stream, NO_HANDLE, NO_HANDLE
        )

    def from_columns(self, shop: crm.Table) -> Handle:
        kept: list[Any] = []  # what the columns point into
        columns = [
            flat(name, cells, shop.schema[name]["type"], kept)
            for name, cells in shop.to_dict().items()
        ]
        spec = json.dumps(SPEC).encode()
        return self.handle(
            "orders_from_columns",
            spec,
            ctypes.c_int64(len(spec)),
            (Column * len(columns))(*columns),
            ctypes.c_size_t(len(columns)),
            NO_HANDLE,
            NO_HANDLE,
        )

    def from_cells(self, shop: crm.Table) -> Handle:
        columns = shop.to_dict()
        spec = json.dumps(SPEC | {"columns": list(columns)}).encode()
        rows = self.handle("orders_begin", spec, ctypes.c_int64(-1))
        for row in zip(*columns.values(), strict=True):
            for cell in row:
                if cell is None:
                    self("cell_null", rows)
                elif isinstance(cell, int):
                    self("cell_i64", rows, ctypes.c_int64(cell))
                else:
                    self("cell_text", rows, spelled(cell).encode(), ctypes.c_int64(-1))
            self("row_end", rows)
        return self.handle("orders_finish", rows, NO_HANDLE, NO_HANDLE)

    def from_json(self, shop: crm.Table) -> Handle:
        columns = shop.to_dict()
        rows = self.handle("orders_begin", json.dumps(SPEC).encode(), ctypes.c_int64(-1))
        all_rows = [
            {name: cell if isinstance(cell, int | None) else spelled(cell) for name, cell in pairs}
            for pairs in (
                zip(columns, cells, strict=True) for cells in zip(*columns.values(), strict=True)
            )
        ]
        for batch in (all_rows[:100], all_rows[100:]):
            text = json.dumps(batch, ensure_ascii=False).encode()
            self("rows_json", rows, text, ctypes.c_int64(len(text)))
        return self.handle("orders_finish", rows, NO_HANDLE, NO_HANDLE)

    # ---- out

    def plain(self, table: Handle) -> dict[str, Any]:
        """A table as `tests/tables.rs` has it."""
        columns = range(self.number("table_columns", table))
        return {
            "columns": [self.column(table, ctypes.c_size_t(at)) for at in columns],
            "definition": self.text("table_hash", table),
        }

    def column(self, table: Handle, at: ctypes.c_size_t) -> dict[str, Any]:
        number = ctypes.c_int32()
        self("table_type", table, at, ctypes.byref(number))
        currency, decimals = ctypes.create_string_buffer(4), ctypes.c_int32()
        if TYPES[number.value] == "money":
            self("table_currency", table, at, currency, ctypes.byref(decimals))
        return {
            "name": self.text("table_name", table, at),
            "ja": self.text("table_heading", table, at, ctypes.c_int32(JA)),
            "type": TYPES[number.value],
            "unit": self.text("table_unit", table, at),
            "currency": currency.value.decode() or None,
            "cells": self.cells(table, at, number.value),
        }

    def cells(self, table: Handle, at: ctypes.c_size_t, number: int) -> list[Any]:
        rows = self.number("table_rows", table)
        if number in (3, 11, 12):
            return [self.text("table_utf8", table, at, ctypes.c_size_t(row)) for row in range(rows)]
        typed: dict[int, tuple[str, Any]] = {
            2: ("u64", ctypes.c_uint64),
            6: ("f64", ctypes.c_double),
            7: ("u8", ctypes.c_uint8),
            8: ("i32", ctypes.c_int32),
        }
        name, cell = typed.get(number, ("i64", ctypes.c_int64))
        values = ctypes.POINTER(cell)()
        self(f"table_{name}", table, at, ctypes.byref(values))
        valid = ctypes.POINTER(ctypes.c_uint8)()
        self("table_validity", table, at, ctypes.byref(valid))
        read = {6: bits, 7: bool}.get(number, int)
        return [read(values[row]) if not valid or valid[row] else None for row in range(rows)]


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


def bits(value: float) -> str:
    return struct.pack(">d", value).hex()


@pytest.fixture(scope="module")
def library() -> Library:
    """libcrm, built from the sources here."""
    command = ["cargo", "build", "--quiet", "--package", "crm-ffi", "--message-format", "json"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    (path,) = (
        pathlib.Path(name)
        for artifact in artifacts
        if artifact.get("target", {}).get("name") == "crm"
        for name in artifact.get("filenames", [])
        if name.endswith((".so", ".dylib", ".dll"))
    )
    return Library(path)


WAYS: dict[str, Callable[[Library, crm.Table], Handle]] = {
    "Arrow": Library.from_arrow,
    "flat buffers": Library.from_columns,
    "cells": Library.from_cells,
    "JSON": Library.from_json,
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
    assert set(GOLDEN) == {t for t in crm.tasks() if crm.describe(t)["reads"] == "orders"}


@pytest.mark.parametrize("task", GOLDEN)
def test_python_gives_what_rust_gives(native: crm.Orders, task: str) -> None:
    table = crm.run(task, native, GOLDEN[task]["request"])
    assert len(table) == GOLDEN[task]["rows"]
    assert fingerprint(plain(table)) == GOLDEN[task]["sha256"]


@pytest.mark.parametrize("task", GOLDEN)
def test_c_gives_what_python_gives(
    library: Library, through_c: Handle, native: crm.Orders, task: str
) -> None:
    request = GOLDEN[task]["request"]
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
