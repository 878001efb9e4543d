"""Segmentation beside polars (streaming) and DuckDB: the same columns from the same Arrow data.

Each case runs in a process of its own with one or two threads; crm, polars and DuckDB take turns
there, and what is printed are medians over the runs and ratios of those pairs. CPU is that of the
whole process (all its threads), wall is wall. Building `crm.Orders` from the Arrow data is part of
crm's time, and so is putting the result into Arrow.

The store: customers arrive evenly over three years, each buys at a rate of its own
(gamma, shape 0.4), orders in the order of time at whole seconds, amounts in yen.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

START = 1_640_995_200  # 2022-01-01
YEARS = 3
DAY = 86_400
AS_OF = "2024-12-31"


def store(customers: int, orders: int, ids: str, sort: bool) -> pa.Table:
    """The simulated store, seeded: the same on every machine."""
    rng = np.random.default_rng(20260401)
    rate = rng.gamma(0.4, size=customers)
    born = rng.random(customers) * YEARS * 365 * DAY
    weight = rate * (YEARS * 365 * DAY - born)
    who = rng.choice(customers, size=orders, p=weight / weight.sum())
    left = YEARS * 365 * DAY - born[who]
    at = (born[who] + rng.random(orders) * left).astype(np.int64) + START
    if sort:
        order = np.argsort(at, kind="stable")
        who, at = who[order], at[order]
    amount = np.exp(rng.normal(8.3, 0.7, size=orders)).astype(np.int64)
    return pa.table(
        {
            "customer_id": identifiers(who, customers, ids),
            "ordered_at": pa.array(at * 1_000_000, pa.timestamp("us", "UTC")),
            "amount": pa.array(amount),
        }
    )


def identifiers(who: np.ndarray, customers: int, kind: str) -> pa.Array:
    """A column of ids of a kind, one distinct id a customer."""
    if kind == "dense":
        return pa.array(who.astype(np.int64))
    rng = np.random.default_rng(7)
    words = rng.permutation(np.arange(customers, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    if kind == "u64":
        return pa.array(words[who])
    if kind == "text9":
        names = pa.array([f"C{i:08d}" for i in rng.permutation(customers)])
    else:
        other = rng.integers(0, 2**63, customers)
        text = [f"{a:016x}{b:016x}" for a, b in zip(words.tolist(), other.tolist(), strict=True)]
        names = pa.array([f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in text])
    return names.take(pa.array(who))


# ---- rfm and cpm: the same columns three times ---------------------------------------------------


def crm_segments(data: pa.Table) -> Callable[[], Any]:
    import crm_core as crm

    def run() -> Any:
        orders = crm.Orders(data, currency="JPY")
        return pa.table(crm.rfm(orders, AS_OF)), pa.table(crm.cpm(orders, AS_OF, prospects=False))

    return run


SQL = """
with t as (
    select customer_id, count(*) as orders, sum(amount) as revenue,
           min(ordered_at::date) as first, max(ordered_at::date) as last
    from data group by customer_id
), v as (
    select customer_id, orders, revenue, date '2024-12-31' - last as recency,
           last - first as tenure, count(*) over () as n
    from t
), s as (
    select *,
        1 + (5 * (rank() over (order by recency desc) - 1)) // n as r,
        1 + (5 * (rank() over (order by orders) - 1)) // n as f,
        1 + (5 * (rank() over (order by revenue) - 1)) // n as m
    from v
)
select customer_id, recency, orders, revenue, tenure, r, f, m,
    case when r = 5 then case when f + m >= 8 then 'champions' when f + m >= 5 then 'regular' else 'new' end
         when r = 4 then case when f + m >= 8 then 'loyal' when f + m >= 5 then 'regular' else 'promising' end
         when r = 3 then case when f + m >= 8 then 'loyal' when f + m >= 5 then 'needs_attention' else 'almost_lost' end
         when f + m >= 9 then 'previously_loyal' when f + m >= 6 then 'at_risk' else 'dormant' end as rfm,
    case when orders = 1 then 'first' when tenure < 90 then 'toddler' when revenue < 70000 then 'steady'
         when tenure < 210 then 'trend' else 'excellent' end as cpm,
    case when recency < 240 then 'active' else 'churned' end as state,
    case when recency < 240 then 240 - recency end as days_until_churn
from s order by customer_id
"""


def duckdb_segments(data: pa.Table) -> Callable[[], Any]:
    import duckdb

    connection = duckdb.connect()
    connection.register("data", data)
    connection.execute(f"set threads = {os.environ['BENCH_THREADS']}; set timezone = 'UTC'")
    return lambda: connection.execute(SQL).to_arrow_table()


def polars_segments(data: pa.Table) -> Callable[[], Any]:
    import polars as pl

    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)

    def score(column: str, descending: bool) -> pl.Expr:
        worse = pl.col(column).rank("min", descending=descending).cast(pl.Int64) - 1
        return 1 + (5 * worse) // pl.len()

    def run() -> Any:
        day = pl.col("ordered_at").dt.date()
        fm = pl.col("f") + pl.col("m")
        when = pl.when

        def ladder(best: str, middle: str, rest: str, high: int, low: int) -> pl.Expr:
            chain = when(fm >= high).then(pl.lit(best)).when(fm >= low).then(pl.lit(middle))
            return chain.otherwise(pl.lit(rest))

        days = pl.lit(AS_OF).str.to_date()
        return (
            frame.lazy()
            .group_by("customer_id")
            .agg(orders=pl.len(), revenue=pl.col("amount").sum(), first=day.min(), last=day.max())
            .with_columns(
                recency=(days - pl.col("last")).dt.total_days(),
                tenure=(pl.col("last") - pl.col("first")).dt.total_days(),
            )
            .with_columns(
                r=score("recency", True), f=score("orders", False), m=score("revenue", False)
            )
            .with_columns(
                rfm=when(pl.col("r") == 5)
                .then(ladder("champions", "regular", "new", 8, 5))
                .when(pl.col("r") == 4)
                .then(ladder("loyal", "regular", "promising", 8, 5))
                .when(pl.col("r") == 3)
                .then(ladder("loyal", "needs_attention", "almost_lost", 8, 5))
                .otherwise(ladder("previously_loyal", "at_risk", "dormant", 9, 6)),
                cpm=when(pl.col("orders") == 1)
                .then(pl.lit("first"))
                .when(pl.col("tenure") < 90)
                .then(pl.lit("toddler"))
                .when(pl.col("revenue") < 70_000)
                .then(pl.lit("steady"))
                .when(pl.col("tenure") < 210)
                .then(pl.lit("trend"))
                .otherwise(pl.lit("excellent")),
                state=when(pl.col("recency") < 240)
                .then(pl.lit("active"))
                .otherwise(pl.lit("churned")),
                days_until_churn=when(pl.col("recency") < 240).then(240 - pl.col("recency")),
            )
            .sort("customer_id")
            .collect(engine="streaming")
            .to_arrow()
        )

    return run


# ---- summary: purchase days and gaps -------------------------------------------------------------


def crm_summary(data: pa.Table) -> Callable[[], Any]:
    import crm_core as crm

    return lambda: pa.table(crm.summary(crm.Orders(data, currency="JPY"), AS_OF))


SUMMARY = """
with d as (
    select customer_id, ordered_at::date as day, count(*) as orders, sum(amount) as revenue
    from data group by all
), g as (
    select *, day - lag(day) over (partition by customer_id order by day) as gap from d
)
select customer_id, min(day) as first_date, max(day) as last_date, sum(orders) as orders,
    count(*) as purchase_days, sum(revenue) as revenue, sum(revenue) / sum(orders) as mean_order_value,
    max(day) - min(day) as tenure_days, date '2024-12-31' - max(day) as recency_days,
    count(gap) as gap_count, avg(gap) as gap_mean, stddev_samp(gap) as gap_sd, min(gap) as gap_min,
    max(gap) as gap_max, sum(ln(gap)) as gap_log_sum
from g group by customer_id order by customer_id
"""


def duckdb_summary(data: pa.Table) -> Callable[[], Any]:
    import duckdb

    connection = duckdb.connect()
    connection.register("data", data)
    connection.execute(f"set threads = {os.environ['BENCH_THREADS']}; set timezone = 'UTC'")
    return lambda: connection.execute(SUMMARY).to_arrow_table()


def polars_summary(data: pa.Table) -> Callable[[], Any]:
    import polars as pl

    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)

    def run() -> Any:
        gap = pl.col("gap")
        return (
            frame.lazy()
            .group_by("customer_id", day=pl.col("ordered_at").dt.date())
            .agg(orders=pl.len(), revenue=pl.col("amount").sum())
            .sort("customer_id", "day")
            .with_columns(gap=when_same(pl, pl.col("day").diff().dt.total_days()))
            .group_by("customer_id", maintain_order=True)
            .agg(
                first_date=pl.col("day").min(),
                last_date=pl.col("day").max(),
                orders=pl.col("orders").sum(),
                purchase_days=pl.len(),
                revenue=pl.col("revenue").sum(),
                gap_count=gap.count(),
                gap_mean=gap.mean(),
                gap_sd=gap.std(),
                gap_min=gap.min(),
                gap_max=gap.max(),
                gap_log_sum=gap.log().sum(),
            )
            .with_columns(
                mean_order_value=pl.col("revenue") / pl.col("orders"),
                tenure_days=(pl.col("last_date") - pl.col("first_date")).dt.total_days(),
                recency_days=(pl.lit(AS_OF).str.to_date() - pl.col("last_date")).dt.total_days(),
            )
            .collect(engine="streaming")
            .to_arrow()
        )

    return run


def when_same(pl: Any, gap: Any) -> Any:
    """The gap where the row before is the same customer's."""
    same = pl.col("customer_id") == pl.col("customer_id").shift()
    return pl.when(same).then(gap)


CASES = {
    "rfm + cpm": {"crm": crm_segments, "polars": polars_segments, "duckdb": duckdb_segments},
    "summary": {"crm": crm_summary, "polars": polars_summary, "duckdb": duckdb_summary},
}


def child(case: str, ids: str, customers: int, orders: int, runs: int, sort: bool) -> None:
    """Runs one case in this process and prints its times as JSON."""
    data = store(customers, orders, ids, sort)
    import crm_core as crm

    crm.set_threads(int(os.environ["BENCH_THREADS"]))
    before = peak()
    first: dict[str, Any] = {}
    workers = {name: make(data) for name, make in CASES[case].items()}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in workers}
    rows = {}
    for turn in range(runs + 1):
        for name, work in workers.items():
            wall, cpu = time.perf_counter(), time.process_time()
            result = work()
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            if turn == 0:  # the first is for warming up
                rows[name] = (result[0] if isinstance(result, tuple) else result).num_rows
                first.setdefault("crm_peak", peak() - before)
            else:
                times[name].append(spent)
            del result
    if len(set(rows.values())) != 1:
        raise SystemExit(f"the three do not agree on the number of customers: {rows}")
    print(json.dumps({"times": times, "rows": rows["crm"], **first}))


def peak() -> int:
    """The greatest resident size of this process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(
    case: str, ids: str, threads: int, args: argparse.Namespace, **other: Any
) -> dict[str, Any]:
    """The medians of one case, in a child process; ratios are of pairs, the peer's time over crm's."""
    orders = other.get("orders", args.orders)
    customers = other.get("customers", args.customers)
    words = [case, ids, str(customers), str(orders), str(args.runs), str(other.get("sort", True))]
    environment = {
        **os.environ,
        **{key: str(threads) for key in ("BENCH_THREADS", "POLARS_MAX_THREADS", "OMP_NUM_THREADS")},
    }
    done = subprocess.run(
        [sys.executable, __file__, "--child", *words],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    peak, rows = found["crm_peak"], found["rows"]
    row: dict[str, Any] = {"threads": threads, "orders": orders, "peak": peak, "customers": rows}
    times = found["times"]
    for at, kind in enumerate(("cpu", "wall")):
        row[kind] = statistics.median(run[at] for run in times["crm"])
        for peer in ("polars", "duckdb"):
            pairs = zip(times[peer], times["crm"], strict=True)
            ratios = [theirs[at] / ours[at] for theirs, ours in pairs]
            row[f"{peer} {kind}"] = statistics.median(ratios)
            row[f"{peer} {kind} range"] = (min(ratios), max(ratios))
    return row


def measure(case: str, ids: str, threads: int, args: argparse.Namespace, **other: Any) -> None:
    """Runs one case in a child process and prints a line."""
    row = measured(case, ids, threads, args, **other)
    label = f"{case}, {ids} ids" + ("" if other.get("sort", True) else ", unsorted")
    print(
        f"{label:32} {row['orders'] / 1e6:5.1f} M  {threads} thr  crm {row['cpu']:6.2f} s CPU {row['wall']:6.2f} s wall"
        f"   polars ×{row['polars cpu']:5.1f} CPU ×{row['polars wall']:5.1f} wall"
        f"   DuckDB ×{row['duckdb cpu']:5.1f} CPU ×{row['duckdb wall']:5.1f} wall"
        f"   crm peak {row['peak'] / 1e6:5.0f} MB over the data, {row['customers']:,} customers",
        flush=True,
    )


def main() -> None:
    """Measures every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, three runs")
    parser.add_argument("--child", nargs=6, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        case, ids, customers, orders, runs, sort = args.child
        child(case, ids, int(customers), int(orders), int(runs), sort == "True")
        return
    if args.quick:
        args.orders, args.customers, args.runs = args.orders // 10, args.customers // 10, 3
    print("ratios: the peer's time over crm's, medians of interleaved runs; above 1 crm is faster")
    for threads in (1, 2):
        for ids in ("dense", "u64", "text9", "uuid"):
            measure("rfm + cpm", ids, threads, args)
        measure("summary", "dense", threads, args)
    measure("rfm + cpm", "dense", 1, args, orders=args.orders // 20, customers=args.customers // 20)
    measure("rfm + cpm", "dense", 1, args, sort=False)
    measure("summary", "dense", 1, args, sort=False)


if __name__ == "__main__":
    main()
