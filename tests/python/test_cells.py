"""Columns of Python objects and of arrays, cell by cell: what the native module is handed."""

from __future__ import annotations

import datetime
import decimal
import uuid
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crm_core as crm
from crm_core import _input

UTC = datetime.UTC
NAN = float("nan")
D = decimal.Decimal
NOON = datetime.datetime(1970, 1, 2, 12, 0, 0, 5)
HALF_DAY = 36 * 3_600_000_000 + 5
TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
ID = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def plain(column: tuple[Any, ...]) -> tuple[Any, ...]:
    """The column with its buffers as lists."""

    def listed(part: Any) -> Any:
        if hasattr(part, "tolist"):
            return part.tolist()
        return list(part) if isinstance(part, bytearray) else part

    return tuple(map(listed, column))


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ([], ("nulls", 0)),
        ([None, pd.NA, pd.NaT], ("nulls", 3)),
        (["a", None, "b"], ("texts", ["a", None, "b"])),
        (["a", NAN], ("texts", ["a", NAN])),
        ([ID, None], ("texts", [str(ID), None])),
        ([True, False], ("bools", [1, 0], None)),
        ([True, None, False], ("bools", [1, 0, 0], [1, 0, 1])),
        ([np.bool_(True), True], ("bools", [1, 1], None)),
        ([1, -2], ("numbers", [1, -2], None)),
        ([1, None], ("numbers", [1, 0], [1, 0])),
        ([np.int8(1), 2], ("numbers", [1, 2], None)),
        ([2**63, 1], ("numbers", [2**63, 1], None)),
        ([1.5, 2], ("numbers", [1.5, 2.0], None)),
        ([1.5, np.float32(0.5)], ("numbers", [1.5, 0.5], None)),
        ([datetime.date(1970, 1, 3), None], ("days", [2, 0], [1, 0])),
        ([datetime.date(1969, 12, 31), datetime.date(1970, 1, 1)], ("days", [-1, 0], None)),
        ([datetime.date(1970, 1, 3), NAN], ("days", [2, 0], [1, 0])),
        ([NOON, None], ("times", [HALF_DAY, -(2**63)], None, "us", None)),
        ([NOON.replace(tzinfo=UTC)], ("times", [HALF_DAY], None, "us", "+00:00")),
        (
            [NOON.replace(tzinfo=TOKYO)],
            ("times", [HALF_DAY - 9 * 3_600_000_000], None, "us", "Asia/Tokyo"),
        ),
        (
            [None, NOON.replace(tzinfo=TOKYO), NOON.replace(tzinfo=UTC)],
            ("times", [-(2**63), HALF_DAY - 9 * 3_600_000_000, HALF_DAY], None, "us", "UTC"),
        ),
        ([pd.Timestamp(NOON), pd.NaT], ("times", [HALF_DAY, -(2**63)], None, "us", None)),
    ],
)
def test_objects(cells: list[Any], column: tuple[Any, ...]) -> None:
    found = plain(_input._objects("x", cells))
    assert str(found) == str(column)
    assert [type(part) for part in found] == [type(part) for part in column]


@pytest.mark.parametrize(
    ("minutes", "name"),
    [(0, "+00:00"), (9 * 60, "+09:00"), (-210, "-03:30"), (345, "+05:45"), (-60, "-01:00")],
)
def test_zones_that_are_offsets(minutes: int, name: str) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    column = _input._objects("x", [None, NOON.replace(tzinfo=zone)])
    assert column[4] == name
    assert column[1][1] == HALF_DAY - minutes * 60_000_000


@pytest.mark.parametrize(
    ("cells", "integers", "scale", "valid"),
    [
        ([D("1.5"), D("2.25"), None], [150, 225, 0], 2, [1, 1, 0]),
        ([D("1E2"), 3], [100, 3], 0, None),
        ([D("-0.001")], [-1], 3, None),
        ([D(f"1E-{38}")], [1], 38, None),
        ([D(2**127 - 1)], [2**127 - 1], 0, None),
        ([D(-(2**127))], [-(2**127)], 0, None),
    ],
)
def test_decimals(cells: list[Any], integers: list[int], scale: int, valid: Any) -> None:
    kind, words, found, places = _input._objects("x", cells)
    numbers = [
        int.from_bytes(words[at : at + 16], "little", signed=True)
        for at in range(0, len(words), 16)
    ]
    assert (kind, numbers, places) == ("decimals", integers, scale)
    assert (found if found is None else list(found)) == valid


@pytest.mark.parametrize(
    ("cells", "row", "says"),
    [
        ([None, D("1"), D("NaN")], 2, "row 2: expected a finite number"),
        ([D("Infinity")], 0, "row 0: expected a finite number"),
        ([D("1E-39")], None, "of type Decimal with 39 decimals"),
        ([D(2**127)], None, "of type Decimal beyond 128 bits"),
        ([2**64], None, "of type int beyond 64 bits"),
        ([-1, 2**63], None, "of type int beyond 64 bits"),
        ([object()], None, "of type object"),
        ([1, None, "a"], 2, "row 2: a str where the rows before hold int"),
        (["a", NAN, True], 2, "row 2: a bool where the rows before hold str"),
        ([datetime.date(2025, 1, 1), 1.5], 1, "row 1: a float where the rows before hold date"),
        ([1.5, D("1")], 1, "row 1: a Decimal where the rows before hold float"),
        (
            [None, NOON.replace(tzinfo=UTC), NOON],
            2,
            "row 2: a time without a zone among times with one",
        ),
        (
            [NOON, None, NOON.replace(tzinfo=TOKYO), NOON],
            0,
            "row 0: a time without a zone among times with one",
        ),
    ],
)
def test_cells_that_are_refused(cells: list[Any], row: int | None, says: str) -> None:
    with pytest.raises((crm.SchemaError, crm.DataError)) as caught:
        _input._objects("x", cells)
    assert says in str(caught.value)
    assert (caught.value.column, caught.value.row) == ("x", row)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (np.array([1, 2], "i1"), ("numbers", [1, 2], None)),
        (np.array([1, 2], ">i4"), ("numbers", [1, 2], None)),
        (np.array([1, 2], "u8"), ("numbers", [1, 2], None)),
        (np.array([0.5, 1], "f2"), ("numbers", [0.5, 1.0], None)),
        (np.array([0.5, 1], "f4"), ("numbers", [0.5, 1.0], None)),
        (np.array([0.5, 1], "g"), ("numbers", [0.5, 1.0], None)),
        (np.array([True, False]), ("bools", [1, 0], None)),
        (np.array(["1970-01-03", "NaT"], "M8[D]"), ("days", [2, -(2**31)], [1, 0])),
        (np.array([2**40], "M8[D]"), ("days", [2**31 - 1], [1])),
        (np.array([7], "M8[s]"), ("times", [7], None, "s", None)),
        (np.array([7], "M8[ms]"), ("times", [7], None, "ms", None)),
        (np.array([7], "M8[us]"), ("times", [7], None, "us", None)),
        (np.array([7], "M8[ns]"), ("times", [7], None, "ns", None)),
        (np.array([7], "M8[h]"), ("times", [7 * 3_600_000_000], None, "us", None)),
        (np.array([7], "M8[10ms]"), ("times", [70_000], None, "us", None)),
        (np.array([1], "M8[M]"), ("times", [31 * 86_400_000_000], None, "us", None)),
        (np.array(["a", "b"]), ("texts", ["a", "b"])),
        (np.array(["a", None], object), ("texts", ["a", None])),
    ],
)
def test_arrays(cells: Any, column: tuple[Any, ...]) -> None:
    found = _input._numpy("x", cells)
    assert plain(found) == column
    if found[0] == "numbers":  # native, and of a size that the native module reads
        size = 4 if cells.dtype == np.dtype("f4") else 8
        assert found[1].dtype.isnative
        assert found[1].dtype.itemsize == (
            size if cells.dtype.kind == "f" else cells.dtype.itemsize
        )
    elif found[0] == "days":
        assert found[1].dtype == np.dtype("i4")


@pytest.mark.parametrize(
    "cells",
    [np.zeros((2, 2)), np.array(1), np.array([1j]), np.array([1], "m8[s]"), np.array([b"a"])],
)
def test_arrays_that_are_refused(cells: Any) -> None:
    with pytest.raises(crm.SchemaError, match="column `x` is of type"):
        _input._numpy("x", cells)


@pytest.mark.parametrize(
    ("cells", "valid", "column"),
    [
        ([1.0, NAN, -3.0], None, ("numbers", [1, 0, -3], [1, 0, 1])),
        ([1.0, 5.0, 2.0], [1, 0, 1], ("numbers", [1, 0, 2], [1, 0, 1])),
        ([1.0, 0.5], None, ("numbers", [1.0, 0.5], None)),
        ([1.0, float("inf")], None, ("numbers", [1.0, float("inf")], None)),
        ([2.0**53, 1.0], None, ("numbers", [2.0**53, 1.0], None)),
        ([2.0**53 - 1], None, ("numbers", [2**53 - 1], [1])),
    ],
)
def test_floats_that_are_whole_are_ids(
    cells: list[float], valid: list[int] | None, column: tuple[Any, ...]
) -> None:
    given = None if valid is None else np.array(valid, "u1")
    found = plain(_input.whole_numbers(("numbers", np.array(cells), given)))
    assert found == column
    assert [type(cell) for cell in found[1]] == [type(cell) for cell in column[1]]
    inside = _input.whole_numbers(("keys", "codes", ("numbers", np.array(cells), given)))
    assert inside[:2] == ("keys", "codes") and plain(inside[2]) == column


def test_other_columns_stay_as_they_are() -> None:
    for column in [
        ("texts", ["a"]),
        ("numbers", np.array([1]), None),
        ("numbers", [1.0], None),
    ]:
        assert _input.whole_numbers(column) is column


@pytest.mark.parametrize(
    ("series", "column"),
    [
        (pd.Series([1, None], dtype="Int16"), ("numbers", [1, 0], [1, 0])),
        (pd.Series([0.5, None], dtype="Float32"), ("numbers", [0.5, 0.0], [1, 0])),
        (pd.Series([True, None], dtype="boolean"), ("bools", [1, 0], [1, 0])),
        (pd.Series(["a", None], dtype=object), ("texts", ["a", None])),
        (pd.Series([7], dtype="M8[s]"), ("times", [7], None, "s", None)),
        (
            pd.Series([pd.Timestamp("1970-01-01T09:00:01", tz="Asia/Tokyo")]).astype(
                "datetime64[s, Asia/Tokyo]"
            ),
            ("times", [1], None, "s", "Asia/Tokyo"),
        ),
    ],
)
def test_series(series: Any, column: tuple[Any, ...]) -> None:
    assert plain(_input._pandas("x", series)) == column


def test_series_of_categories() -> None:
    series = pd.Series(["b", None, "a"], dtype="category")
    kind, codes, words = _input._pandas("x", series)
    assert (kind, codes.tolist(), words[0]) == ("keys", [1, -1, 0], "texts")
    assert list(words[1]) == ["a", "b"]
    days = pd.Series(pd.to_datetime(["2025-01-01"])).dt.to_period("D")
    for odd in (days, pd.Series([1, 2], dtype="Sparse[int]")):
        with pytest.raises(crm.SchemaError, match="column `x` is of type"):
            _input._pandas("x", odd)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (pd.Series([1]), "a Series is one column, not a table"),
        (7, "a int is no table"),
        ({}, "the frame has no columns"),
        (pd.DataFrame(), "the frame has no columns"),
        ({"y": [1]}, "column `x` was not found; the input has y"),
        (pd.DataFrame({"y": [1]}), "column `x` was not found; the input has y"),
        (pd.DataFrame({"y": [1]}, index=pd.Index([1], name="x")), "is the frame's index"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "more than one column of this name"),
        ({"x": "abc"}, "column `x` is of type str"),
        ({"x": {"a": 1}}, "column `x` is of type dict"),
        ({"x": 5}, "column `x` is of type int"),
    ],
)
def test_what_is_no_table(data: Any, says: str) -> None:
    with pytest.raises(crm.SchemaError, match=says):
        _input.source(data, ["x"])


def test_structured_arrays_and_mappings() -> None:
    rows = np.array([(1, "a"), (2, "b")], [("x", "i4"), ("y", "U1")])
    assert [(n, plain(c)) for n, c in _input.source(rows, ["y", "x"])] == [
        ("y", ("texts", ["a", "b"])),
        ("x", ("numbers", [1, 2], None)),
    ]
    columns = _input.source({"x": (n for n in (1, 2)), "z": object()}, ["x"])
    assert [(n, plain(c)) for n, c in columns] == [("x", ("numbers", [1, 2], None))]
