"""Looks at the cells of a column that are quick because they pass over most of them."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from crm_core._reading import columns, second_tables

SIGNS = [chr(code) for code in range(0x3100)]  # all blanks are below


@pytest.mark.parametrize("form", ["{}a", "a{}", "{}"])
def test_every_blank_of_unicode_is_trimmed(form):
    texts = pa.array([form.format(sign) for sign in SIGNS])
    changed = pc.not_equal(pc.utf8_trim_whitespace(texts), texts)
    wider = columns._may_be_wider(texts)
    assert np.all(wider[np.asarray(changed.to_numpy(zero_copy_only=False))])
    plain = pc.utf8_trim_whitespace(texts)
    found = columns.trimmed(pa.chunked_array([texts])).drop_null()
    assert found.equals(pa.chunked_array([plain.filter(pc.not_equal(plain, ""))]))


@pytest.mark.parametrize("first", [0, 1, 2])
def test_parts_of_columns_are_trimmed_as_whole_ones(first):
    cells = ["a", None, " b", "", "c\u3000", "\u3000", "1", None]
    column = pa.chunked_array(
        [pa.array(cells)[first:], pa.array(cells)[:1], pa.array([], "string")]
    )
    wanted = [None if not (cell or "").strip() else cell.strip() for cell in [*cells[first:], "a"]]
    assert columns.trimmed(column).to_pylist() == wanted


def test_a_column_without_blanks_stays_the_same_one():
    column = pa.chunked_array([pa.array(["a", None, "会員1"]), pa.array(["b"])])
    found = columns.trimmed(column)
    for one, own in zip(found.chunks, column.chunks, strict=True):
        assert one.buffers()[2].address == own.buffers()[2].address


@pytest.mark.parametrize("coded", [False, True])
def test_cells_without_a_digit_are_found_in_any_place(coded):
    cells = ["1", "x1x", "円100", None, "合計", "", "１", "x", "5月", "Jan 5, 2024 PM"]
    column = pa.chunked_array([pa.array(cells)[1:], pa.array(cells)])
    column = column.dictionary_encode() if coded else column
    found = second_tables._without_digit(column)
    assert found.tolist() == [
        not any(sign in "0123456789" for sign in cell or "") for cell in [*cells[1:], *cells]
    ]


def test_rows_without_values_are_those_of_all_columns():
    table = pa.table({"day": ["2024-01-05", "day", None], "sum": ["5", "sum", "7"]})
    chosen = {
        "ordered_at": SimpleNamespace(value="day"),
        "amount": SimpleNamespace(value="sum"),
    }
    reading = SimpleNamespace(table=table, chosen=chosen)
    assert second_tables._without_values(reading).tolist() == [1]


def test_the_command_leaves_pandas_out_and_it_can_be_imported_later():
    program = """
import importlib.util
import sys
import pyarrow as pa
before = importlib.util.find_spec("pandas")
from crm_core._cli_start import without_pandas
without_pandas()
pa.array(["a"])
print("pandas" in sys.modules, importlib.util.find_spec("pandas") == before, before is None)
"""
    run = [sys.executable, "-W", "ignore", "-c", program]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert told[:2] == ["False", "True"]
