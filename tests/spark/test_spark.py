"""Apache Spark gives the numbers of one process: `make test-spark`.

Ids, whole numbers, money and dates are equal, numbers of one customer have the same bits, sums over
partitions differ by less than 1e-12 and fits by less than 1e-8.
"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

import crm_core as crm
from crm_core._engine import on_spark

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
EVENTS: dict[str, Any] = {"page": "page", "channel": "channel", "timezone": "Asia/Tokyo"}
COUNTS = [1, 3, 8]
# Numbers of one customer have the same bits.
OF_CUSTOMERS: list[tuple[str, dict[str, Any]]] = [
    ("summary", {"as_of": ["2025-01-31", DAY], "by": ["channel"]}),
    ("clv_summary", {"unit": "week", "seasonality": "none"}),
    ("purchase_gaps", {}),
    ("cycle", {"learned": True}),
    ("alerts", {"learned": True}),
    ("likely_buyers", {"learned": True, "within": 30}),
    ("customer", {"learned": True}),
    ("rfm", {"levels": 7, "ties": "mid"}),
    ("rfm", {"monetary": "mean_order_value", "ties": "upper"}),
    ("decile", {"groups": 7, "tie_safe": True}),
    ("abc", {}),
    ("cpm", {"money": {"mean_order_values": 3}}),
]
OF_SHOP: list[tuple[str, dict[str, Any]]] = [
    ("cpm_segments", {}),
    ("monthly", {"period": "week"}),
    ("purchase_counts", {"by": ["channel"]}),
    ("repeat_rate", {"to": 3, "by": ["channel"]}),
    ("cohorts", {"cells": "members"}),
    ("cohorts", {"rows": "channel"}),
    ("kaplan_meier", {}),
]
# Shares of the shop are sums over partitions although each row is one customer.
SUMS = {"decile", "abc", "likely_buyers"}


def name_of(case: Any) -> str:
    return f"{case[0]}-{'-'.join(case[1])}" if isinstance(case, tuple) else str(case)


def plain(table: Any) -> pa.Table:
    """A result with categories as texts."""
    found = pa.table(table)
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in found.columns
    ]
    return pa.table(columns, names=found.column_names)


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows in one order: that of the cells that are not floats."""
    found: list[dict[str, Any]] = table.to_pylist()
    exact = [f.name for f in table.schema if not pa.types.is_floating(f.type)]
    # Instants are compared in UTC, whatever zone a table shows them in.
    moments = {f.name for f in table.schema if pa.types.is_timestamp(f.type)}
    return sorted(
        found,
        key=lambda row: [
            str(row[n].timestamp() if n in moments and row[n] else row[n]) for n in exact
        ],
    )


def same(expected: pa.Table, found: pa.Table, rel: float = 0.0) -> None:
    assert found.column_names == expected.column_names
    assert len(found) == len(expected) > 0
    for want, have in zip(rows(expected), rows(found), strict=True):
        for name, cell in want.items():
            if isinstance(cell, float) and rel:
                assert have[name] is not None, name
                assert math.isclose(cell, have[name], rel_tol=rel, abs_tol=1e-15), (
                    name,
                    cell,
                    have[name],
                )
            else:
                assert cell == have[name], (name, cell, have[name])


@pytest.fixture(scope="session")
def lines() -> pa.Table:
    return crm.simulate_orders(2000, seed=7).to_arrow()


@pytest.fixture(scope="session")
def orders(lines: pa.Table) -> crm.Orders:
    return crm.Orders(lines, **READING)


@pytest.fixture(scope="session")
def learned(orders: crm.Orders) -> Any:
    return crm.learn(orders, DAY)


@pytest.fixture(scope="session")
def frame(spark: SparkSession, tmp_path_factory: Any) -> Callable[[pa.Table], DataFrame]:
    def made(table: pa.Table) -> DataFrame:
        path = tmp_path_factory.mktemp("rows") / "rows.parquet"
        pq.write_table(table, path, row_group_size=4000)
        return spark.read.parquet(str(path))

    return made


@pytest.fixture(scope="session")
def df(frame: Callable[[pa.Table], DataFrame], lines: pa.Table) -> DataFrame:
    return frame(lines)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("case", OF_CUSTOMERS + OF_SHOP, ids=name_of)
def test_spark_equals_one_process(
    df: DataFrame, orders: crm.Orders, learned: Any, case: tuple[str, dict[str, Any]], count: int
) -> None:
    task, options = case
    options = {"as_of": DAY, **options}
    if "learned" in options:
        options["learned"] = learned
    expected = plain(getattr(crm, task)(orders, **options))
    shop = crm.spark.Orders(df, partitions=count, **READING)
    found = getattr(crm.spark, task)(shop, **options).toArrow()
    shop.release()
    exact = case in OF_CUSTOMERS and task not in SUMS
    same(expected, found, 0.0 if exact else 1e-12)


@pytest.mark.parametrize("count", COUNTS)
def test_events_equal_one_process(frame: Callable[[pa.Table], DataFrame], count: int) -> None:
    log = crm.simulate_events(500, seed=7).to_arrow()
    events = crm.Events(log, **EVENTS)
    at = pc.max(log["occurred_at"]).as_py().isoformat()
    shop = crm.spark.Events(frame(log), partitions=count, **EVENTS)
    same(plain(crm.sessions(events, at)), crm.spark.sessions(shop, at).toArrow())
    follow = crm.spark.cart_follow_ups(shop, at).toArrow()
    same(plain(crm.cart_follow_ups(events, at)), follow)


@pytest.mark.parametrize("count", COUNTS)
def test_fits_and_values_equal_one_process(df: DataFrame, orders: crm.Orders, count: int) -> None:
    summary = crm.clv_summary(orders, DAY, unit="week", seasonality="none")
    shop = crm.spark.Orders(df, partitions=count, **READING)
    table = crm.spark.clv_summary(shop, DAY, unit="week", seasonality="none")
    pairs = []
    for make in (crm.MbgNbd, crm.GammaGamma):
        unit = {} if make is crm.GammaGamma else {"unit": "week"}
        one = make().fit(summary, bad_rows="drop", **unit)
        other = crm.spark.fit(make(), table, **unit)
        for name, value in one.params_.items():
            assert math.isclose(value, other.params_[name], rel_tol=1e-8), name
        pairs.append(one)
    expected = plain(crm.clv(*pairs, summary, bad_rows="drop", draws=10))
    found = crm.spark.clv(*pairs, table).toArrow()
    assert found["clv_low"].null_count == found["clv_high"].null_count == len(found)
    drop = ["clv_low", "clv_high"]
    same(expected.drop_columns(drop), found.drop_columns(drop))


@pytest.mark.parametrize("count", COUNTS)
def test_updates_equal_all_rows_at_once(
    frame: Callable[[pa.Table], DataFrame], lines: pa.Table, orders: crm.Orders, count: int
) -> None:
    """A correction of a held order too, and states are read back from files."""
    ids = pc.unique(lines["order_id"]).to_pylist()
    later = pc.is_in(lines["order_id"], pa.array(ids[2 * len(ids) // 3 :]))
    before, after = lines.filter(pc.invert(later)), lines.filter(later)
    state = frame(crm.spark.states(frame(before), buckets=count, **READING).toArrow())
    state = frame(crm.spark.update(state, frame(after)).toArrow())
    same(plain(crm.summary(orders, DAY)), crm.spark.summary(state, DAY).toArrow())
    same(plain(crm.monthly(orders, DAY)), crm.spark.monthly(state, DAY).toArrow(), 1e-12)
    if count != 3:
        return
    again = after.filter(pc.is_in(after["order_id"], pa.array(ids[-50:])))
    with pytest.raises(PySparkException, match="on_repeat"):
        crm.spark.update(state, frame(again)).collect()
    half = pc.cast(pc.divide(again["amount"], 2), again["amount"].type)
    at = again.schema.get_field_index("amount")
    fixed = again.set_column(at, again.schema.field("amount"), half)
    kept = lines.filter(pc.invert(pc.is_in(lines["order_id"], pa.array(ids[-50:]))))
    want = crm.Orders(pa.concat_tables([kept, fixed]), **READING)
    replaced = crm.spark.update(state, frame(fixed), on_repeat="replace")
    same(plain(crm.summary(want, DAY)), crm.spark.summary(replaced, DAY).toArrow())


def test_guests_by_an_explicit_rule(df: DataFrame, lines: pa.Table) -> None:
    assert lines["customer_id"].null_count > 0
    dropped = {**READING, "guests": "drop"}
    expected = plain(crm.monthly(crm.Orders(lines, **dropped), DAY))
    same(expected, crm.spark.monthly(df, DAY, **dropped).toArrow(), 1e-12)
    refused = {**READING, "guests": "error"}
    with pytest.raises(crm.DataError, match="customer_id"):
        crm.spark.monthly(df, DAY, **refused)
    with pytest.raises(PySparkException, match="customer_id"):
        crm.spark.summary(df, DAY, **refused).collect()


def test_a_missing_date_is_the_last_of_all(df: DataFrame, orders: crm.Orders) -> None:
    same(plain(crm.summary(orders)), crm.spark.summary(df, **READING).toArrow())


def test_few_rows_in_many_partitions(
    frame: Callable[[pa.Table], DataFrame], lines: pa.Table
) -> None:
    few = lines.slice(0, 4)
    expected = crm.Orders(few, **READING)
    shop = crm.spark.Orders(frame(few), partitions=8, **READING)
    same(plain(crm.summary(expected, DAY)), crm.spark.summary(shop, DAY).toArrow())
    same(plain(crm.decile(expected, DAY)), crm.spark.decile(shop, DAY).toArrow(), 1e-12)
    none = crm.spark.Orders(frame(lines.slice(0, 0)), partitions=3, **READING)
    assert crm.spark.summary(none, DAY).count() == 0
    assert crm.spark.rfm(none, DAY).count() == 0


def test_one_customer_with_a_third_of_the_rows(
    frame: Callable[[pa.Table], DataFrame], lines: pa.Table
) -> None:
    one = pa.array([n % 10 < 3 for n in range(len(lines))])
    ids = pc.if_else(one, "the-one", lines["customer_id"])
    at = lines.schema.get_field_index("customer_id")
    skewed = lines.set_column(at, "customer_id", ids)
    # An order is one customer's; its other lines would be refused.
    reading = {name: value for name, value in READING.items() if name != "order_id"}
    expected = crm.Orders(skewed, **reading)
    shop = crm.spark.Orders(frame(skewed), partitions=8, **reading)
    same(plain(crm.rfm(expected, DAY)), crm.spark.rfm(shop, DAY).toArrow())


def killing(marker: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def kill(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Ends the executor of the first task that comes here, and no other process."""
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            yield from batches
            return
        process = os.getpid()
        while process > 1:
            status = Path(f"/proc/{process}/status").read_text()
            process = int(status.split("PPid:")[1].split()[0])
            command = Path(f"/proc/{process}/cmdline").read_text()
            if "CoarseGrainedExecutorBackend" in command:
                os.kill(process, signal.SIGKILL)
        yield from batches

    return kill


def test_a_killed_executor(df: DataFrame, orders: crm.Orders, tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    dying = df.mapInArrow(killing(str(marker)), df.schema)
    shop = crm.spark.Orders(dying, partitions=3, **READING)
    same(plain(crm.summary(orders, DAY)), crm.spark.summary(shop, DAY).toArrow())
    assert marker.exists()


def test_another_version_on_workers(df: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = crm.spark.Orders(df, **READING)
    monkeypatch.setattr(on_spark._native, "__version__", "0.0.1")
    # A worker that came after the check.
    with pytest.raises(PySparkException, match=r"crm_core 0\.0\.1 asks, and this worker has"):
        crm.spark.summary(shop, DAY).collect()
    on_spark._CHECKED.discard(df.sparkSession)
    with pytest.raises(crm.engine.VersionError, match=r"0\.0\.1"):
        crm.spark.summary(df, DAY, **READING)


def test_what_is_refused_on_the_driver(df: DataFrame) -> None:
    with pytest.raises(crm.SchemaError, match="nowhere"):
        crm.spark.Orders(df, **{**READING, "channel": "nowhere"})
    shop = crm.spark.Orders(df, **READING)
    with pytest.raises(crm.OptionError, match="by"):
        crm.spark.rfm(shop, DAY, by=["channel"])
    with pytest.raises(crm.OptionError, match="level"):
        crm.spark.rfm(shop, DAY, levls=3)
    with pytest.raises(crm.OptionError, match="draws"):
        crm.spark.clv(crm.MbgNbd(), crm.GammaGamma(), df, draws=10)
