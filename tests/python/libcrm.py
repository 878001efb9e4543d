"""libcrm by way of ctypes: orders in, tables out."""

import ctypes
import functools
import json
import pathlib
import struct
import subprocess
from typing import Any

ROOT = pathlib.Path(__file__).parents[2]

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

    def bytes(self, function: str, *arguments: Any) -> bytes | None:
        out = Text()
        self(function, *arguments, ctypes.byref(out))
        return None if out.data is None else ctypes.string_at(out.data, out.size)

    def number(self, function: str, *arguments: Any) -> int:
        out = ctypes.c_size_t()
        self(function, *arguments, ctypes.byref(out))
        return out.value

    def run(self, task: str, orders: Handle, request: dict[str, Any]) -> Handle:
        text = json.dumps(request).encode()
        size = ctypes.c_int64(len(text))
        return self.handle("run", task.encode(), orders, text, size, NO_HANDLE)

    # ---- in

    def from_arrow(self, function: str, spec: bytes, data: Any, *handles: Handle) -> Handle:
        """What is made of an Arrow stream: `handles` are the customers, and the job."""
        capsule = data.__arrow_c_stream__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        stream = ctypes.c_void_p(pointer(capsule, b"arrow_array_stream"))
        return self.handle(function, spec, ctypes.c_int64(len(spec)), stream, *handles)

    # ---- out

    def plain(self, table: Handle) -> dict[str, Any]:
        """A table as `tests/tables.rs` has it."""
        columns = range(self.number("table_column_count", table))
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
        rows = self.number("table_row_count", table)
        if number == 4:
            return [
                self.bytes("table_utf8", table, at, ctypes.c_size_t(row)) for row in range(rows)
            ]
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


def bits(value: float) -> str:
    return struct.pack(">d", value).hex()


@functools.cache
def library() -> Library:
    """libcrm, built from the sources here."""
    # With crm-py, as in tests/c/run.sh.
    packages = ["--package", "crm-ffi", "--package", "crm-py"]
    command = ["cargo", "build", "--quiet", *packages, "--lib", "--message-format", "json"]
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
