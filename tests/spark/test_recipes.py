"""The programs of the guide for Ray Data and Dask, run as they stand there: `make test-spark`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import crm_core as crm

GUIDE = Path(__file__).parents[2] / "docs/guide/scale.md"
READING = {
    "currency": "JPY",
    "order_id": "order_id",
    "guests": "drop",
    "timezone": "Asia/Tokyo",
}

# Ray would start a process for each core of the machine.
FIRST = {"ray": "import ray\n\nray.init(num_cpus=2, include_dashboard=False)\n"}


def program(module: str) -> str:
    """The block of the guide that imports a module."""
    blocks = re.findall(r"```py\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if f"import {module}\n" in block]
    return str(found)


def by_row(rows: pa.Table, part: int) -> pa.Table:
    """A quarter of the rows, wherever their customers are."""
    return rows.take([row for row in range(len(rows)) if row % 4 == part])


def by_customer(rows: pa.Table, part: int) -> pa.Table:
    """All rows of a quarter of the customers."""
    codes = pc.fill_null(pc.dictionary_encode(rows["customer_id"]).combine_chunks().indices, 0)
    return rows.filter(pa.array([code % 4 == part for code in codes.to_pylist()]))


@pytest.mark.parametrize(
    ("module", "folder", "parted"), [("ray", "orders", by_row), ("dask", "parts", by_customer)]
)
def test_the_guides_program_equals_one_process(module, folder, parted, tmp_path):
    pytest.importorskip(module)
    rows = crm.simulate_orders(400, seed=7).to_arrow()
    rows = rows.select(["customer_id", "ordered_at", "amount", "order_id"])
    (tmp_path / folder).mkdir()
    for part in range(4):
        pq.write_table(parted(rows, part), tmp_path / folder / f"{part}.parquet")
    (tmp_path / "program.py").write_text(FIRST.get(module, "") + program(module), encoding="utf-8")
    quiet = {"PYTHONWARNINGS": "ignore", "RAY_USAGE_STATS_ENABLED": "0"}
    ran = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    expected = pa.table(crm.summary(crm.Orders(rows, **READING), "2026-11-30"))
    found = pq.read_table(tmp_path / "summary").sort_by("customer_id")
    assert found.equals(expected.sort_by("customer_id"))
