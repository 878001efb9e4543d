"""Partitions give the numbers of one process."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest

import crm_core as crm

DAY = "2025-06-30"
READING: dict[str, Any] = {
    "currency": "JPY",
    "order_id": "order_id",
    "status": "status",
    "discount": "discount",
    "refunded": "refunded",
    "channel": "channel",
    "timezone": "Asia/Tokyo",
    "guests": "keep",
}
KEYS = ("as_of", "channel", "customer_id")
CASES: list[tuple[str, dict[str, Any]]] = [
    ("summary", {"as_of": ["2025-01-31", DAY], "by": ["channel"]}),
    ("clv_summary", {"unit": "week", "seasonality": "none"}),
    ("rfm", {"levels": 7, "ties": "mid"}),
    ("rfm", {"monetary": "mean_order_value", "ties": "upper"}),
    ("decile", {"groups": 7, "tie_safe": True}),
    ("abc", {}),
    ("abc", {"as_of": ["2025-01-31", DAY]}),
    ("cpm", {"money": {"mean_order_values": 3}}),
    ("cpm_segments", {}),
    ("monthly", {"period": "week"}),
    ("purchase_counts", {"by": ["channel"]}),
    ("repeat_rate", {"to": 3, "by": ["channel"]}),
    ("repeat_rate", {"method": "matured"}),
    ("cohorts", {"cells": "members"}),
    ("cohorts", {"rows": "channel"}),
    ("kaplan_meier", {}),
    ("kaplan_meier", {"weight": "gap", "gap": 2}),
]


def plain(table: Any) -> pa.Table:
    """A result with categories as texts."""
    found = pa.table(table)
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in found.columns
    ]
    return pa.table(columns, names=found.column_names)


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of customers in one order; tables of the shop keep theirs."""
    found: list[dict[str, Any]] = table.to_pylist()
    if "customer_id" not in table.column_names:
        return found
    keys = [key for key in KEYS if key in table.column_names]
    return sorted(found, key=lambda row: [str(row[key]) for key in keys])


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    return crm.simulate_orders(400, seed=7).to_arrow()


@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{'-'.join(case[1])}")
def test_partitions_equal_one_process(
    lines: pa.Table, case: tuple[str, dict[str, Any]], count: int
) -> None:
    task, options = case
    options = {"as_of": DAY, **options}
    expected = plain(crm.run(task, crm.Orders(lines, **READING), options))
    parts = crm.engine.partitions([lines[:300], lines[300:]], count=count, **READING)
    found = crm.engine.run(task, parts, options).read_all()
    assert found.column_names == expected.column_names
    one, other = rows(expected), rows(found)
    assert len(one) == len(other) > 0
    for want, have in zip(one, other, strict=True):
        for name, cell in want.items():
            if isinstance(cell, float):
                assert math.isclose(cell, have[name], rel_tol=1e-12), (name, cell, have[name])
            else:
                assert cell == have[name], name


def test_what_partitions_cannot_answer_is_refused(lines: pa.Table) -> None:
    parts = crm.engine.partitions([lines], count=2, **READING)
    for task, options, name in (
        ("cycle", {"as_of": DAY}, "learned"),
        ("clv_summary", {"as_of": DAY}, "seasonality"),  # found in the whole shop's orders
        ("rfm", {"by": ["channel"]}, "by"),
        ("lorenz", {}, "task"),
    ):
        with pytest.raises(crm.OptionError, match=name):
            crm.engine.run(task, parts, options)


def test_importing_the_package_imports_no_engine() -> None:
    code = "import sys, crm_core; print([n for n in ('pyspark', 'pyarrow') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
