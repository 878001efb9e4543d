"""`crm.spark.summary` beside Spark SQL and a Python function for each customer.

    python benches/spark.py [--orders N] [--customers N] [--rounds N] [--slow N]

Two executors have one core each. The orders are written as Parquet once. Each way reads them,
computes the summary and throws the rows away (Spark's format `noop`). The ways take turns; ratios
are of medians. A Python function for each customer (`applyInPandas`) is so slow that it gets the
orders of `--slow` customers only, and its time is for that many.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import crm_core as crm

AS_OF = "2026-11-30"


def write_orders(folder: Path, orders: int, customers: int) -> None:
    """Eight files of orders of three years, rows in no order."""
    rng = np.random.default_rng(7)
    start = int(datetime.datetime(2023, 12, 1).timestamp())
    for part in range(8):
        rows = orders // 8
        ids = (rng.pareto(1.5, rows) * customers / 20).astype(np.int64) % customers
        at = (start + rng.integers(0, 3 * 365 * 86_400, rows)) * 1_000_000
        table = pa.table(
            {
                "customer_id": ids,
                "ordered_at": pa.array(at, pa.timestamp("us", "UTC")),
                "amount": rng.integers(500, 30_000, rows),
            }
        )
        pq.write_table(table, folder / f"{part}.parquet", row_group_size=250_000)


def of_groups(rows: DataFrame) -> DataFrame:
    """The columns of `summary` that a groupBy has."""
    day = F.to_date("ordered_at")
    found = rows.groupBy("customer_id").agg(
        F.min(day).alias("first_date"),
        F.max(day).alias("last_date"),
        F.count("*").alias("orders"),
        F.count_distinct(day).alias("purchase_days"),
        F.sum("amount").alias("revenue"),
    )
    last = F.lit(datetime.date.fromisoformat(AS_OF))
    return found.select(
        "*",
        (F.col("revenue") / F.col("orders")).alias("mean_order_value"),
        F.date_diff("last_date", "first_date").alias("tenure_days"),
        F.date_diff(last, "last_date").alias("recency_days"),
    )


def for_each(rows: DataFrame) -> DataFrame:
    """A call of Python for each customer."""

    def one(frame: Any) -> Any:
        import pandas as pd

        days = frame["ordered_at"].dt.date
        return pd.DataFrame(
            {
                "customer_id": frame["customer_id"].iloc[:1],
                "first_date": [days.min()],
                "last_date": [days.max()],
                "orders": [len(frame)],
                "purchase_days": [days.nunique()],
                "revenue": [frame["amount"].sum()],
            }
        )

    counts = "orders long, purchase_days long, revenue long"
    schema = f"customer_id long, first_date date, last_date date, {counts}"
    found: DataFrame = rows.groupBy("customer_id").applyInPandas(one, schema)
    return found


def by_crm(rows: DataFrame, partitions: int) -> DataFrame:
    """The library's summary."""
    shop = crm.spark.Orders(rows, partitions=partitions, currency="JPY", timezone="UTC")
    found: DataFrame = crm.spark.summary(shop, AS_OF)
    return found


def timed(make: Callable[[], DataFrame]) -> float:
    """Seconds of all rows of a DataFrame."""
    before = time.perf_counter()
    make().write.format("noop").mode("overwrite").save()
    return time.perf_counter() - before


def same(rows: DataFrame, partitions: int) -> None:
    """Both ways give the same numbers on some customers."""
    names = ["customer_id", "orders", "purchase_days", "revenue", "tenure_days", "recency_days"]
    few = rows.filter("customer_id < 1000").persist()
    tables = [
        found.select(names).toArrow().sort_by("customer_id")
        for found in (of_groups(few), by_crm(few, partitions))
    ]
    one, other = (table.cast(pa.schema([(name, pa.int64()) for name in names])) for table in tables)
    if not one.equals(other):
        sys.exit("crm.spark.summary and the groupBy differ")


def main() -> None:
    """Writes the orders, asks in turns, prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=14_000_000)
    parser.add_argument("--customers", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, default=16)
    options = parser.parse_args()
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    spark = (
        SparkSession.builder.master("local-cluster[2,1,3072]")
        .config("spark.executor.memory", "3g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", str(options.partitions))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    with tempfile.TemporaryDirectory() as folder:
        write_orders(Path(folder), options.orders, options.customers)
        rows = spark.read.parquet(folder)
        customers = rows.select("customer_id").distinct().count()
        slow = rows.filter(F.col("customer_id") < options.slow).persist()
        n_slow = slow.select("customer_id").distinct().count()
        same(rows, options.partitions)
        ways: dict[str, Callable[[], DataFrame]] = {
            "crm.spark.summary": lambda: by_crm(rows, options.partitions),
            "Spark SQL groupBy": lambda: of_groups(rows),
            "applyInPandas": lambda: for_each(slow),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, make in ways.items():
                times[name].append(timed(make))
        spark.stop()
    print(
        f"{options.orders:,} orders of {customers:,} customers, "
        f"{options.partitions} partitions, Spark {pyspark.__version__}"
    )
    ours = statistics.median(times["crm.spark.summary"])
    for name, found in times.items():
        seconds, of = statistics.median(found), n_slow if name == "applyInPandas" else customers
        ratio = seconds / of / (ours / customers)
        spread = " ".join(f"{one:.1f}" for one in found)
        print(
            f"{name:20} {seconds:7.1f} s for {of:,} customers; "
            f"a customer costs {ratio:.2f} x crm ({spread})"
        )


if __name__ == "__main__":
    main()
