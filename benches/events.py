"""Behaviour beside polars doing the same by hand: five million events of 800,000 visitors.

Building `crm.Events` (which sorts), sessions, pages, a windowed funnel of four steps, transitions
and carts, from the same Arrow data in memory, unsorted. crm and polars take turns in one process
with one thread; what is printed are medians over the runs and the ratio of those pairs. CPU is that
of the whole process. Both put their tables into Arrow, and the numbers they have in common must
agree before anything is timed.

polars does less where doing the same by hand would be long: the funnel without times between steps,
pages without the intervals themselves (their sums by visitor are formed), carts without recovery.
A second line is crm alone on data already sorted; a third, what a day appended costs.

    python events.py [--visitors 800000] [--runs 5] [--quick]
"""

from __future__ import annotations

import argparse
import datetime
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
from peers import peak

STEPS = ["product_view", "add", "checkout", "purchase"]
WANTED = ["visitor_id", "occurred_at", "kind", "page", "product", "order_id", "amount"]
COLUMNS = {name: name for name in WANTED[3:]} | {"currency": "JPY", "timezone": "UTC"}
TIMEOUT = 30 * 60 * 1_000_000
WINDOW = 2 * 86_400 * 1_000_000
SILENCE = 60 * 60 * 1_000_000


def log(visitors: int) -> pa.Table:
    """A simulated shop's log in the order of time; texts as dictionaries, which polars likes best."""
    import crm_core as crm

    rows = pa.table(crm.simulate_events(visitors, seed=20260401)).select(WANTED)
    for name in ("kind", "page"):
        column = rows[name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return rows


def shuffled(rows: pa.Table) -> pa.Table:
    """The rows in a fixed random order."""
    order = np.random.default_rng(7).permutation(len(rows))
    return rows.take(pa.array(order)).combine_chunks()


def by_visitor(rows: pa.Table) -> pa.Table:
    """The rows by visitor and time: what needs no sort."""
    keys = [("visitor_id", "ascending"), ("occurred_at", "ascending")]
    return rows.take(pc.sort_indices(rows, sort_keys=keys)).combine_chunks()


# ---- crm -----------------------------------------------------------------------------------------


def crm_tables(events: Any) -> dict[str, pa.Table]:
    """The five tables."""
    import crm_core as crm

    return {
        "sessions": pa.table(crm.sessions(events)),
        "pages": pa.table(crm.page_exits(events)),
        "funnel": pa.table(crm.funnel(events, steps=STEPS, window="2d")),
        "transitions": pa.table(crm.transitions(events)),
        "carts": pa.table(crm.cart_abandonment(events)),
    }


def crm_all(data: pa.Table) -> Callable[[], dict[str, pa.Table]]:
    """From rows to tables."""
    import crm_core as crm

    return lambda: crm_tables(crm.Events(data, **COLUMNS))


# ---- polars --------------------------------------------------------------------------------------


def polars_all(data: pa.Table) -> Callable[[], dict[str, pa.Table]]:
    """The same by hand."""
    import polars as pl

    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)
    col = pl.col
    is_view = col("kind").is_in(["view", "product_view"])

    def sessions(s: pl.DataFrame) -> pl.DataFrame:
        return (
            s.lazy()
            .group_by("session", maintain_order=True)
            .agg(
                visitor_id=col("visitor_id").first(),
                started_at=col("t").first(),
                ended_at=col("t").last(),
                views=col("view").sum(),
                entry_page=col("page").filter(col("view")).first(),
                exit_page=col("page").filter(col("view")).last(),
                converted=(col("kind") == "purchase").any(),
                events=pl.len(),
            )
            .collect()
        )

    def views(s: pl.DataFrame) -> pl.DataFrame:
        session = col("session")
        return (
            s.lazy()
            .filter("view")
            .select("visitor_id", "session", "page", "t")
            .with_columns(
                entry=(session != session.shift(1)).fill_null(True),
                exit=(session != session.shift(-1)).fill_null(True),
                next_page=col("page").shift(-1),
                seconds=col("t").shift(-1) - col("t"),
            )
            .with_columns(seconds=pl.when(~col("exit")).then(col("seconds")))
            .collect()
        )

    def pages(v: pl.DataFrame) -> pl.DataFrame:
        of_session = (
            v.lazy()
            .group_by("visitor_id", "page", "session")
            .agg(
                views=pl.len(),
                entries=col("entry").sum(),
                exits=col("exit").sum(),
                bounces=(col("entry") & col("exit")).sum(),
                timed=col("seconds").count(),
                time=col("seconds").sum(),
            )
        )
        counts = ("views", "entries", "exits", "bounces", "timed", "time")
        of_visitor = of_session.group_by("visitor_id", "page").agg(
            *(col(c).cast(pl.Int64).sum() for c in counts), sessions=pl.len().cast(pl.Int64)
        )
        pairs = (("exits", "views"), ("exits", "sessions"), ("bounces", "entries"))
        # What the intervals by visitor are made of.
        squares = [
            (col(a) * col(b)).sum().alias(f"{y}_{n}_{a}_{b}")
            for y, n in pairs
            for a, b in ((y, y), (y, n), (n, n))
        ]
        return (
            of_visitor.group_by("page")
            .agg(*(col(c).sum() for c in (*counts, "sessions")), *squares)
            .with_columns(
                exit_rate=col("exits") / col("views"),
                exit_rate_sessions=col("exits") / col("sessions"),
                bounce_rate=(col("bounces") / col("entries")).fill_nan(None),
                mean_seconds=col("time") / col("timed") / 1e6,
            )
            .sort("page")
            .collect()
        )

    def transitions(v: pl.DataFrame) -> pl.DataFrame:
        page = col("page").cast(pl.String)
        inner = v.lazy().group_by("page", "next_page", "exit").agg(count=pl.len())
        inner = inner.select(
            source=page,
            target=pl.when("exit")
            .then(pl.lit("(end)"))
            .otherwise(col("next_page").cast(pl.String)),
            count="count",
        )
        inner = inner.group_by("source", "target").agg(col("count").sum())
        first = v.lazy().filter("entry").group_by("page").agg(count=pl.len())
        first = first.select(source=pl.lit("(start)"), target=page, count="count")
        both = pl.concat([inner, first]).sort("source", "target")
        return both.with_columns(
            probability=col("count") / col("count").sum().over("source")
        ).collect()

    def funnel(s: pl.DataFrame, as_of: int) -> dict[str, list[int]]:
        # The latest start of a chain that ends with each step, carried forward within a visitor.
        steps = s.lazy().filter(col("kind").is_in(STEPS)).select("visitor_id", "t", "kind")
        latest = pl.when(col("kind") == STEPS[0]).then("t").forward_fill().over("visitor_id")
        steps = steps.with_columns(s0=latest)
        for k in range(1, len(STEPS)):
            before = col(f"s{k - 1}")
            chain = (
                pl.when((col("kind") == STEPS[k]) & (col("t") - before <= WINDOW))
                .then(before)
                .forward_fill()
                .over("visitor_id")
            )
            steps = steps.with_columns(chain.alias(f"s{k}"))
        units = (
            steps.group_by("visitor_id")
            .agg(
                level=pl.sum_horizontal(
                    col(f"s{k}").is_not_null().any() for k in range(len(STEPS))
                ),
                last=col("s0").max(),
            )
            .filter(col("level") > 0)
            .with_columns(
                open=(col("level") < len(STEPS)) & (as_of - col("last") <= WINDOW),
            )
            .group_by("level")
            .agg(units=pl.len(), open=col("open").sum())
            .sort("level")
            .collect()
        )
        of = {level: (n, still) for level, n, still in units.iter_rows()}
        reached = [sum(of.get(j, (0, 0))[0] for j in range(k, 5)) for k in range(1, 5)]
        return {"reached": reached, "still_open": [of.get(k, (0, 0))[1] for k in range(1, 5)]}

    def carts(s: pl.DataFrame, as_of: int) -> dict[str, int]:
        visitor, t = col("visitor_id"), col("t")
        silent = ((visitor != visitor.shift(1)) | (t - t.shift(1) > SILENCE)).fill_null(True)
        # Lines of one order are one purchase, and the first of them ends a part of a block.
        ends = (col("kind") == "purchase") & (
            col("order_id") != col("order_id").shift(1)
        ).fill_null(True)
        unit = pl.when(col("kind") == "add").then(1).when(col("kind") == "remove").then(-1)
        parts = (
            s.lazy()
            .with_columns(silent=silent, ends=ends, unit=unit.otherwise(0).cast(pl.Int32))
            .with_columns(
                part=(col("silent") | col("ends").shift(1).fill_null(False)).cum_sum(),
                block=col("silent").cum_sum(),
            )
            .with_columns(block_end=t.last().over("block"))
            .with_columns(held=col("unit").cum_sum().over("part"))
            .with_columns(opens=(col("kind") == "add") & (col("held") == 1))
            .with_columns(opened=col("opens").cum_sum().over("part"))
            .filter(col("opened") > 0)
        )
        items = (
            parts.filter(col("unit") != 0)
            .group_by("part", "opened", "product")
            .agg(left=col("unit").sum(), price=col("amount").max())
            .group_by("part", "opened")
            .agg(value=(col("left") * col("price")).sum())
        )
        made = (
            parts.group_by("part", "opened")
            .agg(
                ordered=col("ends").any(),
                checkout=(col("kind") == "checkout").any(),
                failed=(col("kind") == "payment_failed").any(),
                left=col("unit").sum(),
                # What comes in the block before the next cart of it is activity of this one.
                last=pl.when(col("ends").any()).then(t.last()).otherwise(col("block_end").last()),
                emptied_at=t.filter(col("held") == 0, col("kind") == "remove").last(),
            )
            .with_columns(emptied=col("left") == 0)
            .with_columns(last=pl.when("emptied").then("emptied_at").otherwise("last"))
            .filter(as_of - col("last") > SILENCE)
            .join(items, on=["part", "opened"], how="left")
            .with_columns(abandoned=~col("emptied") & ~col("ordered"))
            .select(
                carts=pl.len(),
                abandoned=col("abandoned").sum(),
                ordered=(col("ordered") & ~col("emptied")).sum(),
                emptied=col("emptied").sum(),
                abandoned_checkout=(col("abandoned") & col("checkout") & ~col("failed")).sum(),
                abandoned_payment=(col("abandoned") & col("failed")).sum(),
                value=col("value").filter(col("abandoned")).sum(),
            )
            .collect()
        )
        return made.to_dicts()[0]

    def run() -> dict[str, Any]:
        visitor, t = col("visitor_id"), col("t")
        opens = ((visitor != visitor.shift(1)) | (t - t.shift(1) > TIMEOUT)).fill_null(True)
        s = (
            frame.lazy()
            .with_columns(t=col("occurred_at").cast(pl.Int64), view=is_view)
            .drop("occurred_at")
            .sort("visitor_id", "t", maintain_order=True)
            .with_columns(session=opens.cum_sum())
            .collect()
        )
        s = s.with_columns(col("session").set_sorted())
        as_of = int(s["t"].max())
        v = views(s)
        return {
            "sessions": sessions(s).to_arrow(),
            "pages": pages(v).to_arrow(),
            "funnel": funnel(s, as_of),
            "transitions": transitions(v).to_arrow(),
            "carts": carts(s, as_of),
        }

    return run


def compare(ours: dict[str, pa.Table], theirs: dict[str, Any]) -> None:
    """The numbers both have are the same, or this is no comparison."""

    def same(what: str, a: Any, b: Any) -> None:
        if a != b:
            raise SystemExit(f"crm and polars do not agree on {what}: {a} and {b}")

    def micros(column: pa.ChunkedArray) -> list[int]:
        return column.cast(pa.int64()).to_pylist()

    mine, other = ours["sessions"], theirs["sessions"]
    same("sessions", mine.num_rows, other.num_rows)
    for name in ("visitor_id", "views", "converted", "events"):
        same(name, mine[name].to_pylist(), other[name].to_pylist())
    same("started_at", micros(mine["started_at"]), micros(other["started_at"]))
    same("ended_at", micros(mine["ended_at"]), micros(other["ended_at"]))
    order = np.argsort(theirs["pages"]["page"].cast(pa.string()).to_numpy())
    pages = theirs["pages"].take(pa.array(order))
    for name in ("views", "sessions", "entries", "exits", "bounces", "exit_rate", "bounce_rate"):
        same(name, ours["pages"][name].to_pylist(), pages[name].to_pylist())
    for name in ("reached", "still_open"):
        same(name, ours["funnel"][name].to_pylist(), theirs["funnel"][name])
    triples = [
        sorted(zip(*(t[c].cast(kind).to_pylist() for c, kind in kinds), strict=True))
        for kinds in [(("source", pa.string()), ("target", pa.string()), ("count", pa.int64()))]
        for t in (ours["transitions"], theirs["transitions"])
    ]
    same("transitions", *triples)
    row = {name: ours["carts"][name].to_pylist()[0] for name in ours["carts"].column_names}
    row["value"] = row["value_lost"] + row["value_recovered"]
    for name, value in theirs["carts"].items():
        same(name, int(row[name]), int(value))


# ---- runs ----------------------------------------------------------------------------------------


def spent(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """CPU and wall time of a call, and what it gave."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def beside_polars(visitors: int, runs: int) -> dict[str, Any]:
    """Times of both, in turns, on the shuffled log; what each part of crm's takes."""
    import crm_core as crm

    data = shuffled(log(visitors))
    before = peak()
    ours = crm_all(data)
    first = ours()
    over = peak() - before
    theirs = polars_all(data)
    compare(first, theirs())
    del first
    times: dict[str, list[tuple[float, float]]] = {"crm": [], "polars": [], "sort": []}
    for _ in range(runs):
        for name, work in (("crm", ours), ("polars", theirs)):
            cpu, wall, _result = spent(work)
            times[name].append((cpu, wall))
        cpu, wall, _events = spent(lambda: crm.Events(data, **COLUMNS))
        times["sort"].append((cpu, wall))
    return {"times": times, "events": data.num_rows, "peak": over}


def already_sorted(visitors: int, runs: int) -> dict[str, Any]:
    """Times of building events from rows in random order and by visitor and time, in turns."""
    import crm_core as crm

    rows = log(visitors)
    forms = {"unsorted": shuffled(rows), "sorted": by_visitor(rows)}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in forms}
    for turn in range(runs + 1):
        for name, data in forms.items():
            cpu, wall, _events = spent(lambda data=data: crm.Events(data, **COLUMNS))
            if turn > 0:
                times[name].append((cpu, wall))
    return {"times": times, "events": rows.num_rows}


def a_day_more(visitors: int, runs: int) -> dict[str, Any]:
    """Times of appending the log's last day to the rest, of building all anew, and of the funnel
    on the one (with its merge), again, and on the other."""
    import crm_core as crm

    rows = log(visitors)
    last = pc.max(rows["occurred_at"]).as_py()
    is_day = pc.greater(rows["occurred_at"], pa.scalar(last - datetime.timedelta(days=1)))
    is_day = is_day.combine_chunks()
    before, day = (shuffled(rows.filter(chosen)) for chosen in (pc.invert(is_day), is_day))
    everything = pa.concat_tables([before, day]).combine_chunks()
    history = crm.Events(before, **COLUMNS)
    names = ("anew", "append", "first funnel", "next funnel")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for turn in range(runs + 1):

        def funnel(events: Any) -> pa.Table:
            return pa.table(crm.funnel(events, steps=STEPS, window="2d"))

        anew = spent(lambda: crm.Events(everything, **COLUMNS))
        append = spent(lambda: history.concat(crm.Events(day, **COLUMNS)))
        first = spent(lambda: funnel(append[2]))  # noqa: B023
        again = spent(lambda: funnel(append[2]))  # noqa: B023
        if not first[2].equals(again[2]) or not first[2].equals(funnel(anew[2])):
            raise SystemExit("appended events are not those built at once")
        if turn > 0:
            for name, (cpu, wall, _) in zip(names, (anew, append, first, again), strict=True):
                times[name].append((cpu, wall))
    return {"times": times, "events": rows.num_rows, "day": day.num_rows}


CASES = {
    "beside polars": beside_polars,
    "already sorted": already_sorted,
    "a day more": a_day_more,
}


def measure(case: str, args: argparse.Namespace) -> dict[str, Any]:
    """Runs a case in a process of its own, with one thread."""
    one = {"BENCH_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--case", case]
    command += ["--visitors", str(args.visitors), "--runs", str(args.runs)]
    environment = {**os.environ, **one}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def median(times: list[list[float]], kind: int = 0) -> float:
    """The median CPU (0) or wall (1) time."""
    return statistics.median(run[kind] for run in times)


def ratio(above: list[list[float]], below: list[list[float]], kind: int = 0) -> float:
    """The median ratio of the pairs."""
    return statistics.median(a[kind] / b[kind] for a, b in zip(above, below, strict=True))


def main() -> None:
    """Measures every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=800_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, three runs")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    # What the other benchmarks take is passed over.
    args, _others = parser.parse_known_args()
    if args.case:
        import crm_core as crm

        crm.set_threads(1)
        print(json.dumps(CASES[args.case](args.visitors, args.runs)))
        return
    if args.quick:
        args.visitors, args.runs = args.visitors // 10, 3
    found = measure("beside polars", args)
    times, events = found["times"], found["events"]
    print(
        f"events, sessions, pages, funnel, transitions, carts   {events / 1e6:.1f} M unsorted\n"
        f"  crm {median(times['crm']):.2f} s CPU {median(times['crm'], 1):.2f} s wall"
        f" (building and sorting {median(times['sort']):.2f} s CPU)"
        f"   polars ×{ratio(times['polars'], times['crm']):.1f} CPU"
        f" ×{ratio(times['polars'], times['crm'], 1):.1f} wall"
        f"   crm peak {found['peak'] / events:.0f} B an event over the data",
        flush=True,
    )
    found = measure("already sorted", args)
    times = found["times"]
    print(
        f"  already sorted: building takes {median(times['sorted']):.2f} s CPU,"
        f" unsorted ×{ratio(times['unsorted'], times['sorted']):.1f}",
        flush=True,
    )
    found = measure("a day more", args)
    times = {name: median(of) for name, of in found["times"].items()}
    print(
        f"  a day more ({found['day']:,} events): building and appending it"
        f" {times['append']:.3f} s CPU, all anew {times['anew']:.2f} s;"
        f" the first funnel, which merges, {times['first funnel']:.2f} s,"
        f" the next {times['next funnel']:.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
