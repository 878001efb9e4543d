"""How values become a request: every form of a date, an instant and an option, by its text; frames
that lack a column; how the command ends."""

from __future__ import annotations

import datetime
import decimal
import fractions
import io
import sys
import uuid

import numpy as np
import pandas as pd
import pytest

import crm_core as crm
from crm_core import _cli, _cli_files, _input, _request
from crm_core._problem import Problem

DAY = datetime.date(2026, 11, 21)
NOON = datetime.datetime(2026, 11, 21, 12, 30)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21",
        DAY,
        NOON,
        np.datetime64("2026-11-21"),
        np.datetime64("2026-11-21T12:30"),
        pd.Timestamp("2026-11-21"),
        pd.Timestamp("2026-11-21T12:30"),
    ],
)
def test_dates(value: object) -> None:
    assert _request.date("as_of", value) == "2026-11-21"
    assert _request.as_of(value) == "2026-11-21"
    assert _request.as_of([value, "2026-11-22"]) == ["2026-11-21", "2026-11-22"]
    assert _request.as_of(np.array(["2026-11-21"], "datetime64[D]")) == ["2026-11-21"]


def test_no_date_is_none_and_no_other() -> None:
    assert _request.as_of(None) is None
    assert _request.moments(None) is None
    assert _request.as_of([]) == []
    for value in (5, 2.5, True, object()):
        with pytest.raises(crm.OptionError, match=r"option `since`: expected a date such as"):
            _request.date("since", value)
    for read in (_request.as_of, _request.moments):
        with pytest.raises(crm.OptionError, match=r"`as_of`.*found a value of type int"):
            read(5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-11-21", "2026-11-21"),
        (DAY, "2026-11-21"),
        (NOON, "2026-11-21T12:30:00"),
        (NOON.replace(tzinfo=datetime.UTC), "2026-11-21T12:30:00+00:00"),
        (np.datetime64("2026-11-21"), "2026-11-21"),
        (np.datetime64("2026-11"), "2026-11-01"),
        (np.datetime64("2026-11-21T12:30"), "2026-11-21T12:30:00.000000"),
        (pd.Timestamp("2026-11-21T12:30:00.123456789"), "2026-11-21T12:30:00.123456"),
    ],
)
def test_moments(value: object, text: str) -> None:
    assert _request.moments(value) == text
    assert _request.moments([value]) == [text]
    assert _request.moments((value, value)) == [text, text]


class Whole:
    """What only says that it is a float."""

    def __float__(self) -> float:
        return 1.5


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (0.25, 0.25),
        ("web", "web"),
        (np.int32(5), 5),
        (np.float64(0.25), 0.25),
        (np.bool_(True), True),
        (np.datetime64("2026-11-21"), "2026-11-21"),
        (np.array(7), 7),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pd.Series(["a", "b"]), ["a", "b"]),
        (DAY, "2026-11-21"),
        (NOON, "2026-11-21T12:30:00"),
        (datetime.datetime(2026, 11, 21), "2026-11-21"),
        (datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC), "2026-11-21T00:00:00+00:00"),
        ({"from": DAY, "to": None}, {"from": "2026-11-21", "to": None}),
        ({1: np.int64(2)}, {"1": 2}),
        (["a", ("b", 1)], ["a", ["b", 1]]),
        (range(3), [0, 1, 2]),
        (decimal.Decimal("1.5"), 1.5),
        (fractions.Fraction(1, 4), 0.25),
        (Whole(), 1.5),
    ],
)
def test_options(value: object, plain: object) -> None:
    found = _request.plain("x", value)
    assert found == plain
    assert isinstance(found, type(plain))


def test_what_is_no_option_is_refused() -> None:
    for value in (
        float("nan"),
        float("inf"),
        -float("inf"),
        np.float64("nan"),
        [1.0, float("inf")],
    ):
        with pytest.raises(crm.OptionError, match=r"option `x`: expected a finite number"):
            _request.plain("x", value)
    with pytest.raises(crm.OptionError, match=r"each key once, found two of one text"):
        _request.plain("x", {1: "a", "1": "b"})
    with pytest.raises(crm.OptionError, match=r"a value of type object is none of an option"):
        _request.plain("x", object())


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (type(None), None),
        (type(pd.NA), None),
        (type(pd.NaT), None),
        (str, "str"),
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (datetime.datetime, "datetime"),
        (pd.Timestamp, "datetime"),
        (datetime.date, "date"),
        (np.bool_, "bool"),
        (np.int8, "int"),
        (np.uint64, "int"),
        (np.float32, "float"),
        (uuid.UUID, "uuid"),
        (decimal.Decimal, "decimal"),
        (fractions.Fraction, "Fraction"),
        (bytes, "bytes"),
        (list, "list"),
    ],
)
def test_what_cells_of_objects_are(kind: type, family: str | None) -> None:
    assert _input._family(kind) == family


def test_days_of_the_command() -> None:
    today = datetime.date.today()
    assert _cli_files.day_of(None) is None
    assert _cli_files.day_of("2026-11-21") == DAY
    assert _cli_files.day_of("today") in (today, datetime.date.today())
    assert _cli_files.day_of("yesterday") < datetime.date.today()
    assert (today - _cli_files.day_of("yesterday")).days in (0, 1)
    assert _cli_files.moment_of("2026-11-21T12:30") == NOON
    assert _cli_files.moment_of("2026-11-21") == DAY
    assert _cli_files.moment_of(None) is None
    with pytest.raises(Problem, match=r"--as-of: soon is not a date") as told:
        _cli_files.day_of("soon")
    assert told.value.hint == "Write 2026-11-21, today or yesterday."
    with pytest.raises(Problem, match=r"--since: 2026-02-30 is not a date"):
        _cli_files.day_of("2026-02-30", "--since")
    with pytest.raises(Problem, match=r"--as-of: 12:30 is no moment"):
        _cli_files.moment_of("12:30")


def frames(columns: dict[str, list[object]]) -> dict[str, object]:
    """One table in the hands of every library."""
    duckdb = pytest.importorskip("duckdb")
    pl = pytest.importorskip("polars")
    frame = pd.DataFrame(columns)
    return {
        "pandas": frame,
        "polars": pl.DataFrame(columns),
        "lazy": pl.LazyFrame(columns),
        "duckdb": duckdb.from_df(frame) if columns else frame,
        "dict": columns,
        "numpy": frame.to_records(index=False).view(np.ndarray) if columns else {},
    }


def test_a_missing_column_is_named_whatever_brings_the_others() -> None:
    columns = {"customer_id": [1, 2], "ordered_at": ["2026-01-01", "2026-01-02"], "amuont": [3, 4]}
    for library, frame in frames(columns).items():
        with pytest.raises(crm.SchemaError, match="`amount` was not found") as told:
            crm.Orders(frame, currency="JPY")
        assert told.value.column == "amount", library
        assert told.value.hint == "did you mean `amuont`?", library
    for library, frame in frames({}).items():
        with pytest.raises(crm.SchemaError, match="has no columns") as told:
            crm.Orders(frame, currency="JPY")
        assert told.value.hint == "it needs `customer_id`, `ordered_at`, `amount`", library


@pytest.mark.parametrize(
    ("column", "kind"),
    [("ab", "str"), (b"ab", "bytes"), ({"a": 1}, "dict"), (5, "int"), (None, "NoneType")],
)
def test_what_is_no_column_is_refused_by_its_type(column: object, kind: str) -> None:
    frame = {"customer_id": column, "ordered_at": ["2026-01-01"], "amount": [3]}
    with pytest.raises(crm.SchemaError, match=rf"`customer_id` is of type {kind}\b"):
        crm.Orders(frame, currency="JPY")


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 0, ""),
        (Problem("no such thing", "Try another."), 3, "no such thing"),
        (crm.OptionError("option `x`: no"), 2, "option `x`: no"),
        (FileNotFoundError(2, "No such file", "shop.csv"), 3, "No such file: shop.csv"),
    ],
)
def test_how_the_command_ends(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, told: str
) -> None:
    def fails(_: object) -> int:
        raise error

    said = io.StringIO()
    monkeypatch.setitem(_cli._COMMANDS, "tasks", fails)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", said)
        assert _cli.main(["tasks"]) == status
    assert said.closed == isinstance(error, BrokenPipeError)
    assert said.closed or told in said.getvalue()


def test_an_error_of_ours_is_told_as_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setitem(_cli._COMMANDS, "tasks", fails)
    assert _cli.main(["tasks"]) == 4
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told and "an error of crm itself" in told
