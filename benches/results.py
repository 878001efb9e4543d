"""The table of `make bench`: orders and segments beside polars and DuckDB, written to benches/RESULTS.md.

Shapes that analysts hold come first (`shapes.py`), then ids of several kinds and the summary (`peers.py`), all on one
thread and on all, then what any program needs at least on this machine. The peers take turns with crm in one process;
a ratio is the median of the ratios of these turns, with the least and the greatest in brackets.

BENCH_LARGE=1 adds 100 million orders that come as a stream of chunks.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import peers
import pyarrow as pa
import shapes

RESULTS = Path(__file__).with_name("RESULTS.md")
TYPICAL = [name for name in shapes.SHAPES if not name.startswith("Arrow")]
LARGE = 100_000_000


def ratio(row: dict[str, Any], peer: str, kind: str) -> str:
    """A ratio with its range."""
    low, high = row[f"{peer} {kind} range"]
    return f"{row[f'{peer} {kind}']:.1f} ({low:.1f}–{high:.1f})"


def line(name: str, row: dict[str, Any]) -> str:
    """A row of a table."""
    ratios = [ratio(row, peer, kind) for kind in ("cpu", "wall") for peer in ("polars", "duckdb")]
    cells = [name, str(row["threads"]), f"{row['cpu']:.2f}", f"{row['wall']:.2f}", *ratios]
    return "| " + " | ".join(cells) + " |"


HEAD = """| {what} | threads | crm CPU, s | crm wall, s | polars CPU | DuckDB CPU | polars wall | DuckDB wall |
|---|---|---|---|---|---|---|---|"""


def table(what: str, rows: list[tuple[str, dict[str, Any]]]) -> str:
    """Rows under their heading; each is printed as soon as it is there."""
    return "\n".join([HEAD.format(what=what), *(line(name, row) for name, row in rows)])


def scaling(rows: list[tuple[str, dict[str, Any]]]) -> str:
    """The wall time on one thread over that on all, and the processor time on all over that on one."""
    named: dict[str, dict[int, dict[str, Any]]] = {}
    for name, row in rows:
        named.setdefault(name, {})[row["threads"]] = row
    lines = ["| the same on all threads | wall: faster by | CPU: more by |", "|---|---|---|"]
    for name, of in named.items():
        if len(of) < 2:
            continue
        one, all_ = of[min(of)], of[max(of)]
        faster, more = one["wall"] / all_["wall"], all_["cpu"] / one["cpu"]
        # t(n) = s + (1 - s) / n, solved for s.
        n = max(of)
        serial = min(1.0, max(0.0, (1 / faster - 1 / n) / (1 - 1 / n)))
        lines.append(f"| {name} | ×{faster:.2f} (serial part {serial:.0%}) | ×{more:.2f} |")
    return "\n".join(lines)


def floors(rows: int, customers: int) -> str:
    """What reading a column and adding to random places cost here, on one thread."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, customers, rows)
    amounts = rng.random(rows)

    def least(work: Callable[[], Any]) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        return statistics.median(times) / rows * 1e9

    read = least(amounts.sum)
    add = least(lambda: np.bincount(codes, amounts, customers))
    return (
        f"Reading a column of 8 bytes (`sum`): {read:.2f} ns a row. Adding a column to one of {customers:,} random "
        f"places (`bincount`): {add:.2f} ns a row."
    )


def stream(orders: int, customers: int) -> pa.RecordBatchReader:
    """Orders of random customers in order of time, in chunks of which one exists at a time."""
    chunk = 5_000_000
    schema = pa.schema(
        [("customer_id", pa.int64()), ("ordered_at", pa.timestamp("ns")), ("amount", pa.float64())]
    )

    def batches() -> Iterator[pa.RecordBatch]:
        rng = np.random.default_rng(2)
        for first in range(0, orders, chunk):
            rows = min(chunk, orders - first)
            at = (np.arange(first, first + rows) * (94_608_000 / orders)).astype("i8")
            cents = np.exp(rng.normal(8.3, 0.7, rows)).astype("i8")
            columns = [
                pa.array(rng.integers(0, customers, rows)),
                pa.array((at + peers.START) * 1_000_000_000).cast(pa.timestamp("ns")),
                pa.array(cents / 100.0),
            ]
            yield pa.record_batch(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def large() -> None:
    """Builds and scores two sizes of a stream and prints times and the peak memory as JSON."""
    import crm_core as crm

    found = []
    for orders in (LARGE // 5, LARGE):
        cpu = time.process_time()
        built = crm.Orders(stream(orders, orders // 20), currency="USD")
        middle = time.process_time()
        rows = len(crm.rfm(built, peers.AS_OF))
        found.append((orders, middle - cpu, time.process_time() - middle, rows, peers.peak()))
        del built
    print(json.dumps(found))


def large_table() -> str:
    """The rows of [`large`], which runs in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--large"], check=True, stdout=subprocess.PIPE, text=True
    )
    lines = [
        "| orders | making and building, CPU s | rfm, CPU s | customers | peak memory |",
        "|---|---|---|---|---|",
    ]
    for orders, building, scoring, rows, peak in json.loads(done.stdout.splitlines()[-1]):
        lines.append(
            f"| {orders:,} | {building:.1f} | {scoring:.2f} | {rows:,} | {peak / 1e9:.1f} GB |"
        )
    return "\n".join(lines)


def machine() -> str:
    """Processor, system and versions."""
    model = platform.processor()
    for text in (
        Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []
    ):
        if text.startswith("model name"):
            model = text.split(":", 1)[1].strip()
            break
    named = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("polars", "duckdb", "pandas", "pyarrow", "numpy")
    ]
    load = os.getloadavg()[0]
    return (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} processors ({model}), {platform.system()}, "
        f"Python {platform.python_version()}, {', '.join(named)}. Other work on the machine at the end: a load of "
        f"{load:.0f}."
    )


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--large", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--output", default=str(RESULTS))
    args = parser.parse_args()
    if args.large:
        large()
        return
    scale = 10 if args.quick else 1
    shape_args = argparse.Namespace(
        orders=10_000_000 // scale, customers=500_000 // scale, runs=args.runs
    )
    peer_args = argparse.Namespace(
        orders=20_000_000 // scale, customers=1_000_000 // scale, runs=args.runs
    )
    threads = sorted({1, os.cpu_count() or 1})
    typical, single, kinds = [], [], []
    for name in shapes.SHAPES:
        for count in threads if name in TYPICAL else threads[:1]:
            row = shapes.measured(name, count, shape_args)
            (typical if name in TYPICAL else single).append((name, row))
            print(line(name, row), flush=True)
    cases = [("rfm + cpm", ids) for ids in ("dense", "u64", "text9", "uuid")]
    for case, ids in [*cases, ("summary", "dense")]:
        for count in threads:
            row = peers.measured(case, ids, count, peer_args)
            kinds.append((f"{case}, {ids} ids", row))
            print(line(kinds[-1][0], row), flush=True)
    fast = next(row["cpu"] for name, row in single if name == shapes.FAST)
    over = ", ".join(
        f"{name.removeprefix('Arrow, ')} ×{row['cpu'] / fast:.2f}" for name, row in single
    )
    parts = [
        "# Results of `make bench`",
        "Written by benches/results.py. Ratios are the peer's time over crm's: above 1, crm is faster. They are medians "
        f"of {args.runs} turns after one for warming up; the least and the greatest are in brackets. crm's time has "
        "the building of `crm.Orders` and the result as Arrow data in it.",
        machine(),
        f"## Orders and RFM, from what analysts hold: {shape_args.orders:,} orders of {shape_args.customers:,} customers",
        table("shape", typical),
        scaling(typical),
        "## The same from Arrow data, on one thread",
        table("shape", single),
        f"Processor time over that of microseconds and whole minor units: {over}.",
        f"## Kinds of ids: {peer_args.orders:,} orders of {peer_args.customers:,} customers",
        table("work", kinds),
        scaling(kinds),
        "## The least that any program needs",
        floors(shape_args.orders, shape_args.customers),
    ]
    if os.environ.get("BENCH_LARGE") == "1":
        parts += ["## A stream of chunks", large_table()]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    parts.append(f"The greatest process, with the data and all three programs, held {peak:.1f} GB.")
    Path(args.output).write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"written to {args.output}")


if __name__ == "__main__":
    main()
