"""Orders and RFM from the shapes that analysts hold, beside polars (streaming) and DuckDB.

Frames of pandas (numpy and Arrow), a polars frame and a DuckDB result as they come, then times in
every unit, floats, decimals and dates. crm reads the shape itself; polars has it as its own frame and
DuckDB as Arrow data, made before the clock starts. Each shape and number of threads runs in a process
of its own; the three take turns there. What is printed are medians over the runs and ratios of those
pairs; the numbers of customers, and revenue of each, are compared. `crm shape` is crm's time over
that of its fastest shape: microseconds and integers of minor units.
"""

from __future__ import annotations

import argparse
import decimal
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from peers import AS_OF, store

CUSTOMER, TIME, AMOUNT = "customer_id", "ordered_at", "amount"


def cents(data: pa.Table) -> pa.Table:
    """The store's amounts as dollars: minor units become a float of two decimals."""
    return data.set_column(2, AMOUNT, pc.divide(data[AMOUNT].cast(pa.float64()), 100.0))


def texts(data: pa.Table) -> pa.Table:
    """The store's ids as texts of 14 bytes."""
    ids = data[CUSTOMER].combine_chunks()
    names = pa.array([f"user-{i:09d}" for i in range(int(pc.max(ids).as_py()) + 1)])
    return data.set_column(0, CUSTOMER, names.take(ids))


def times(data: pa.Table, kind: pa.DataType) -> pa.Table:
    """The store's times in another type."""
    return data.set_column(1, TIME, data[TIME].cast(kind, safe=False))


def naive(unit: str) -> Callable[[pa.Table], pa.Table]:
    """Times without a zone, in a unit."""
    return lambda data: times(data, pa.timestamp(unit))


def decimals(data: pa.Table) -> pa.Table:
    """The store's amounts as decimals of two places."""
    hundredth = pa.scalar(decimal.Decimal("0.01"), pa.decimal128(3, 2))
    amounts = pc.multiply(data[AMOUNT].cast(pa.decimal128(19, 0)), hundredth)
    return data.set_column(2, AMOUNT, amounts.cast(pa.decimal128(18, 2)))


def shaped(*steps: Callable[[pa.Table], Any]) -> Callable[[pa.Table], Any]:
    """One step after the other."""

    def run(data: pa.Table) -> Any:
        for step in steps:
            data = step(data)
        return data

    return run


def to_pandas(data: pa.Table) -> Any:
    """A frame as `read_csv` and databases make it: numpy columns, objects for texts."""
    return data.to_pandas()


def to_pandas_arrow(data: pa.Table) -> Any:
    """A frame with Arrow columns."""
    import pandas as pd

    return data.to_pandas(types_mapper=pd.ArrowDtype)


def to_polars(data: pa.Table) -> Any:
    """A polars frame."""
    import polars as pl

    return pl.from_arrow(data)


def to_duckdb(data: pa.Table) -> Any:
    """What a query of DuckDB gives."""
    import duckdb

    connection = duckdb.connect()
    connection.register("data", data)
    query = f"select {CUSTOMER}, {TIME}, {AMOUNT}::decimal(18, 2) as {AMOUNT} from data"
    return connection.sql(query).to_arrow_table()


MINOR = {"currency": "USD", "amount_unit": "minor"}
DOLLARS = {"currency": "USD"}
# What is handed in, the arguments of Orders, and whether amounts are in cents.
SHAPES: dict[str, tuple[Callable[[pa.Table], Any], dict[str, str]]] = {
    "pandas (numpy), integer ids": (shaped(naive("ns"), cents, to_pandas), DOLLARS),
    "pandas (numpy), text ids": (shaped(naive("ns"), cents, texts, to_pandas), DOLLARS),
    "pandas (Arrow), text ids": (shaped(naive("ns"), cents, texts, to_pandas_arrow), DOLLARS),
    "polars, text ids": (shaped(naive("us"), cents, texts, to_polars), DOLLARS),
    "DuckDB, decimals, text ids": (shaped(naive("us"), cents, texts, to_duckdb), DOLLARS),
    "Arrow, us, integers of cents": (shaped(), MINOR),
    "Arrow, ns": (shaped(naive("ns")), MINOR),
    "Arrow, ms": (shaped(naive("ms")), MINOR),
    "Arrow, s": (shaped(naive("s")), MINOR),
    "Arrow, date32": (shaped(lambda data: times(data, pa.date32())), MINOR),
    "Arrow, floats": (shaped(cents), DOLLARS),
    "Arrow, decimal128": (shaped(decimals), DOLLARS),
    "Arrow, ns, floats, text ids": (shaped(naive("ns"), cents, texts), DOLLARS),
}
FAST = "Arrow, us, integers of cents"

SQL = f"""
with t as (
    select customer_id, count(*) as orders, sum(amount) as revenue, max(ordered_at::date) as last
    from data group by customer_id
), v as (
    select *, date '{AS_OF}' - last as recency, count(*) over () as n from t
)
select customer_id, recency, orders, revenue,
    1 + (5 * (rank() over (order by recency desc) - 1)) // n as r,
    1 + (5 * (rank() over (order by orders) - 1)) // n as f,
    1 + (5 * (rank() over (order by revenue) - 1)) // n as m
from v order by customer_id
"""


def crm_rfm(shape: Any, arguments: dict[str, str]) -> Callable[[], pa.Table]:
    """Orders from the shape, and RFM as Arrow."""
    import crm_core as crm

    return lambda: pa.table(crm.rfm(crm.Orders(shape, **arguments), AS_OF))


def duckdb_rfm(data: pa.Table) -> Callable[[], pa.Table]:
    """The same scores in SQL."""
    import duckdb

    connection = duckdb.connect()
    connection.register("data", data)
    connection.execute(f"set threads = {os.environ['BENCH_THREADS']}; set timezone = 'UTC'")
    return lambda: connection.execute(SQL).to_arrow_table()


def polars_rfm(data: pa.Table) -> Callable[[], pa.Table]:
    """The same scores in polars."""
    import polars as pl

    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)

    def score(column: str, descending: bool) -> pl.Expr:
        worse = pl.col(column).rank("min", descending=descending).cast(pl.Int64) - 1
        return 1 + (5 * worse) // pl.len()

    def run() -> pa.Table:
        last = pl.col("ordered_at").cast(pl.Date).max()
        days = pl.lit(AS_OF).str.to_date() - pl.col("last")
        return (
            frame.lazy()
            .group_by("customer_id")
            .agg(orders=pl.len(), revenue=pl.col("amount").sum(), last=last)
            .with_columns(recency=days.dt.total_days())
            .with_columns(
                r=score("recency", True), f=score("orders", False), m=score("revenue", False)
            )
            .sort("customer_id")
            .collect(engine="streaming")
            .to_arrow()
        )

    return run


def agree(name: str, found: dict[str, pa.Table]) -> None:
    """The three give every customer the same recency, orders and revenue."""

    def columns(table: pa.Table) -> list[np.ndarray]:
        recency = "recency_days" if "recency_days" in table.column_names else "recency"
        names = (recency, "orders", "revenue")
        return [table[one].cast(pa.float64()).to_numpy() for one in names]

    own, *others = map(columns, found.values())
    for other in others:
        for a, b in zip(own, other, strict=True):
            unit = 100.0 if np.allclose(a * 100.0, b, rtol=1e-9) and not np.allclose(a, b) else 1.0
            if len(a) != len(b) or not np.allclose(a * unit, b, rtol=1e-9, atol=1e-4):
                raise SystemExit(f"{name}: the three do not agree")


def child(name: str, customers: int, orders: int, runs: int) -> None:
    """Runs one shape in this process and prints its times as JSON."""
    import crm_core as crm

    crm.set_threads(int(os.environ["BENCH_THREADS"]))
    make, arguments = SHAPES[name]
    shape = make(store(customers, orders, "dense", sort=True))
    data = shape if isinstance(shape, pa.Table) else as_arrow(shape)
    workers = {
        "crm": crm_rfm(shape, arguments),
        "polars": polars_rfm(data),
        "duckdb": duckdb_rfm(data),
    }
    times_of: dict[str, list[tuple[float, float]]] = {one: [] for one in workers}
    found: dict[str, pa.Table] = {}
    for turn in range(runs + 1):
        for one, work in workers.items():
            wall, cpu = time.perf_counter(), time.process_time()
            result = work()
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            if turn == 0:  # the first is for warming up
                found[one] = result
            else:
                times_of[one].append(spent)
            del result
    agree(name, found)
    print(json.dumps(times_of))


def as_arrow(shape: Any) -> pa.Table:
    """A frame as Arrow data for the peers."""
    import pandas as pd

    if isinstance(shape, pd.DataFrame):
        return pa.Table.from_pandas(shape, preserve_index=False)
    return shape.to_arrow()


def measured(name: str, threads: int, args: argparse.Namespace) -> dict[str, Any]:
    """The medians of one shape, in a child process."""
    environment = {
        **os.environ,
        **{key: str(threads) for key in ("BENCH_THREADS", "POLARS_MAX_THREADS", "OMP_NUM_THREADS")},
    }
    words = [name, str(args.customers), str(args.orders), str(args.runs)]
    done = subprocess.run(
        [sys.executable, __file__, "--child", *words],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    row: dict[str, Any] = {"shape": name, "threads": threads}
    for at, kind in enumerate(("cpu", "wall")):
        row[kind] = statistics.median(run[at] for run in found["crm"])
        for peer in ("polars", "duckdb"):
            pairs = [
                theirs[at] / ours[at]
                for theirs, ours in zip(found[peer], found["crm"], strict=True)
            ]
            row[f"{peer} {kind}"] = statistics.median(pairs)
            row[f"{peer} {kind} range"] = (min(pairs), max(pairs))
    return row


def main() -> None:
    """Measures every shape, on one thread and on all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, three runs")
    parser.add_argument("--only", default="", help="shapes whose name has this")
    parser.add_argument("--json", help="a file for the rows")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        name, customers, orders, runs = args.child
        child(name, int(customers), int(orders), int(runs))
        return
    if args.quick:
        args.orders, args.customers, args.runs = args.orders // 10, args.customers // 10, 3
    print(
        f"Orders and RFM, {args.orders / 1e6:g} M orders of {args.customers:,} customers; ratios: the "
        "peer's time over crm's"
    )
    rows = []
    for threads in sorted({1, os.cpu_count() or 1}):
        fast = None
        for name in sorted(SHAPES, key=lambda one: one != FAST):
            if args.only not in name and name != FAST:
                continue
            row = measured(name, threads, args)
            fast = fast or row["cpu"]
            row["shape ratio"] = row["cpu"] / fast
            rows.append(row)
            print(
                f"{name:30} {threads} thr  crm {row['cpu']:6.3f} s CPU {row['wall']:6.3f} s wall "
                f"(×{row['shape ratio']:4.2f} of the fast shape)   "
                f"polars ×{row['polars cpu']:4.1f} CPU ×{row['polars wall']:4.1f} wall   "
                f"DuckDB ×{row['duckdb cpu']:4.1f} CPU ×{row['duckdb wall']:4.1f} wall",
                flush=True,
            )
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"orders": args.orders, "customers": args.customers, "rows": rows}, file)


if __name__ == "__main__":
    main()
