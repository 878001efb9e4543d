"""How each analysis is had from partitions: in one pass, or in rounds of small tables."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _native
from .._errors import OptionError
from .._library import describe, run
from .._request import as_of as dates
from .._request import document, moments
from .._table import Table
from . import curves, ranks, segments, shop_tables
from .base import AnyEngine
from .kernels import (
    OfTable,
    Rows,
    States,
    last_date,
    plain_schema,
    refuse,
    result,
    state_schema,
    unpacked,
)
from .reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa

Request = dict[str, Any]

ONE_PASS = ("summary", "clv_summary", "cycle", "customer", "purchase_gaps")
OF_EVENTS = ("sessions", "cart_follow_ups")
RANKED = ("rfm", "decile", "abc", "likely_buyers", "alerts")
OF_SHOP = ("cpm_segments", "monthly", "purchase_counts", "repeat_rate", "cohorts", "kaplan_meier")
WITH_LEARNED = ("cycle", "alerts", "likely_buyers", "customer")
TASKS = (*ONE_PASS, "cpm", *RANKED, *OF_SHOP, *OF_EVENTS)
SCOPE = ("as_of", "where", "customers", "by", "policy", "basis", "refunds", "churn_days",
         "churn_boundary", "occasion")  # fmt: skip


@dataclasses.dataclass
class Job:
    """One request on one large table whose rows are spread by customer."""

    engine: AnyEngine
    data: Any
    reading: Reading
    source: pa.Schema
    task: str
    request: Request

    def empty(self, task: str | None = None, request: Request | None = None) -> Table:
        """The result for no rows: it checks the request, and has the columns of every result."""
        data = self.reading.empty(self.source)
        return run(task or self.task, data, self.request if request is None else request)

    def rows(self, task: str | None = None, request: Request | None = None) -> Any:
        """An analysis of each partition, one under the other."""
        task, request = task or self.task, self.request if request is None else request
        schema = plain_schema(self.empty(task, request))
        kernel = Rows(_native.__version__, schema, self.reading, self.source, task, request)
        return self.engine.map(self.data, kernel)

    def states(
        self, *parts: tuple[str, Callable[..., pa.Table], tuple[Any, ...]]
    ) -> dict[str, list[pa.Table]]:
        """Small tables of each partition by name."""
        kernel = States(_native.__version__, state_schema(), self.source, self.reading, parts)
        return unpacked(self.engine.collect(self.engine.map(self.data, kernel)))

    def small(self, columns: dict[str, Any], schema: pa.Schema) -> Any:
        """A table of the shop in the engine's form; money is in minor units."""
        return self.engine.small(table_of(columns, schema))


def table_of(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """Columns as a table of a schema: NaN is null, money is in minor units."""
    import numpy as np
    import pyarrow as pa

    arrays = []
    for field in schema:
        cells = columns.get(field.name, [])
        if pa.types.is_floating(field.type):
            cells = np.array([np.nan if c is None else c for c in cells], dtype="f8")
            arrays.append(pa.array(cells, field.type, mask=np.isnan(cells)))
        elif pa.types.is_decimal(field.type):
            arrays.append(money([int(c) for c in cells], field.type))
        else:
            cells = [c.item() if isinstance(c, np.generic) else c for c in cells]
            arrays.append(pa.array(cells, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def money(minor: Sequence[int], kind: pa.DataType) -> pa.Array:
    """Minor units as decimals."""
    import pyarrow as pa

    whole = pa.array(minor, pa.int64()).cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(kind, len(whole), [None, whole.buffers()[1]])


def planned(
    engine: AnyEngine, data: Any, reading: Reading, task: str, options: Mapping[str, Any]
) -> Any:
    """The result of a request on a large table, in the engine's form."""
    if task not in TASKS:
        raise OptionError(
            f"option `task`: expected one of {', '.join(TASKS)}",
            hint="others need all orders in one process",
        )
    dataset = "events" if task in OF_EVENTS else "orders"
    if reading.dataset != dataset:
        raise OptionError(f"`{task}` reads {dataset}, not {reading.dataset}")
    reading, source = reading.checked(engine.schema(data))
    request = {name: value for name, value in options.items() if value is not None}
    if "learned" in request:
        request["learned"] = document(request["learned"])
    if "as_of" in request:
        request["as_of"] = (moments if dataset == "events" else dates)(request["as_of"])
    _refuse(task, reading, request)
    if reading.saved is None:
        data = engine.spread(data, reading)
    job = Job(engine, data, reading, source, task, request)
    job.empty()
    if dataset == "orders" and "as_of" not in request:
        found = job.states(("last", last_date, ()))["last"]
        days = [one["last_date"][0].as_py() for one in found]
        last = max((day for day in days if day is not None), default=None)
        request["as_of"] = None if last is None else last.isoformat()
        if last is None:
            del request["as_of"]
    return _run(job)


def _refuse(task: str, reading: Reading, request: Request) -> None:
    """Refuses what partitions cannot answer with the numbers of one process.

    Raises:
        OptionError: Such an option.
    """
    if task in WITH_LEARNED and "learned" not in request:
        raise refuse("learned", "what `learn` has given: the model is one for the whole shop")
    if task in WITH_LEARNED and request.get("per", "customer") != "customer":
        raise refuse("per", '"customer"')
    if task == "clv_summary" and request.get("seasonality") != "none":
        raise refuse("seasonality", '"none": factors are found in the orders of the whole shop')
    if task == "alerts" and "kind" in reading.arguments:
        raise OptionError(
            "option `kind`: expected nothing for alerts: whether a subscription without a renewal "
            "is open depends on all renewals of the shop"
        )
    if task == "cart_follow_ups" and "customer_id" in reading.arguments:
        raise OptionError(
            "option `customer_id`: expected nothing for cart_follow_ups: an order of another "
            "visitor of the same customer may be in another partition",
            hint="put the customer's id into visitor_id where it is known",
        )
    if task in RANKED and not fixed(task, request):
        for name in ("by", "customers"):
            if request.get(name):
                raise refuse(name, "nothing: ranks are over all customers; choose from the result")


def fixed(task: str, request: Request) -> bool:
    """Whether the cuts of `rfm` are given."""
    return task == "rfm" and any(name in request for name in ("cuts", "preset", "learned"))


def _run(job: Job) -> Any:
    task, request = job.task, job.request
    if task in ONE_PASS or task in OF_EVENTS:
        return job.rows()
    if fixed(task, request):
        return job.rows()
    if task == "cpm" and _threshold(request, job) is None:
        return job.rows()
    if task in (*RANKED, "cpm", "cpm_segments") and isinstance(request.get("as_of"), list):
        return _by_date(job)
    return {
        "rfm": _rfm,
        "decile": _ranked,
        "abc": _ranked,
        "likely_buyers": _ranked,
        "alerts": _ranked,
        "cpm": _cpm,
        "cpm_segments": _cpm_segments,
        "monthly": _monthly,
        "purchase_counts": _purchase_counts,
        "repeat_rate": _repeat_rate,
        "cohorts": _cohorts,
        "kaplan_meier": _kaplan_meier,
    }[task](job)


def _by_date(job: Job) -> Any:
    """Each date by itself, with the column `as_of` before the others."""
    parts = []
    schema = plain_schema(job.empty())
    for day in job.request["as_of"]:
        one = dataclasses.replace(job, request={**job.request, "as_of": day})
        found = _run(one)
        kernel = OfTable(_native.__version__, schema, plain_schema(one.empty()), dated, (day,))
        parts.append(job.engine.map(found, kernel))
    return job.engine.union(parts)


def dated(table: pa.Table, day: str) -> pa.Table:
    """A table with a first column `as_of`."""
    import datetime

    import pyarrow as pa

    cells = pa.array([datetime.date.fromisoformat(day)] * len(table), pa.date32())
    return table.add_column(0, "as_of", cells)


def prefix_of(job: Job, schema: pa.Schema) -> list[str]:
    """The columns of dates and groups before the analysis's own."""
    own = [column["name"] for column in describe(job.task)["columns"]]
    names: list[str] = schema.names
    # A column of `by` may have the name of one of the analysis, but stands before all of them;
    # cohorts of all customers have no column of cohorts.
    return names[: len(names) - len(own) + (own[0] not in names)]


def scope_of(request: Request) -> Request:
    """The keys of the scope of a request."""
    return {name: value for name, value in request.items() if name in SCOPE}


def scale_of(job: Job) -> int:
    """Minor units of a major unit."""
    decimals = job.empty("decile", {}).schema["revenue"]["decimals"]
    return int(10**decimals)


# ---- ranks ---------------------------------------------------------------------------------------


def _of_table(job: Job, data: Any, schema: pa.Schema, *parts: Any) -> dict[str, list[pa.Table]]:
    kernel = States(_native.__version__, state_schema(), schema, None, parts)
    return unpacked(job.engine.collect(job.engine.map(data, kernel)))


def _ranked(job: Job) -> Any:
    """Ranks of all customers: sketches, counts by bucket, a shuffle by bucket."""
    engine, version = job.engine, _native.__version__
    column = "revenue" if job.task in ("decile", "abc") else "expected_revenue"
    request = {name: value for name, value in job.request.items() if name != "limit"}
    schema = plain_schema(job.empty())
    found = engine.keep(job.rows(request=request))
    key = functools.partial(ranks.descending, column=column)
    sketches = _of_table(job, found, schema, ("edges", ranks.sketch, (key,)))["edges"]
    parts = max(engine.partitions(found), 1)
    # A bucket is a partition of the second shuffle; the first edge is the least key.
    edges = ranks.edges_of(sketches, parts + 1)[1:-1]
    counted = ranks.added(
        _of_table(job, found, schema, ("sums", ranks.sums, (key, edges, column)))["sums"]
    )
    before = {name: _before(sums) for name, sums in counted.items()}
    with_bucket = schema.append(_bucket_field())
    bucketed = engine.map(
        found, OfTable(version, with_bucket, schema, ranks.with_bucket, (key, edges))
    )
    gathered = engine.gather(bucketed, "bucket", len(edges) + 1)
    options = describe_options(job)
    finish = OfTable(
        version,
        schema,
        with_bucket,
        segments.ranked,
        (job.task, key, before, int(counted["customers"].sum()), sum(
            int(one) for one in counted["total"]), options),
    )  # fmt: skip
    return engine.map(gathered, finish)


def _bucket_field() -> Any:
    import pyarrow as pa

    return pa.field("bucket", pa.int32())


def _before(sums: Any) -> list[int]:
    """What comes before each bucket, as whole numbers of any size."""
    before, so_far = [], 0
    for one in sums:
        before.append(so_far)
        so_far += int(one)
    return before


def describe_options(job: Job) -> Request:
    """The options of the request with all defaults, from the definition of an empty result."""
    options: Request = job.empty().definition["options"]
    if "limit" in job.request:
        options["limit"] = job.request["limit"]
    return options


def _rfm(job: Job) -> Any:
    """The cuts of each axis in three rounds, then the scores."""
    engine, version = job.engine, _native.__version__
    options = describe_options(job)
    if options["prospects"]:
        raise refuse("prospects", "no: a table of customers belongs to one process")
    schema, scale = plain_schema(job.empty()), scale_of(job)
    currency = job.empty().definition["scope"]["currency"]
    segment_of = segments.cells(currency, scale, options)
    request = {name: value for name, value in job.request.items() if name != "grid"}
    request["levels"] = 5
    found = engine.keep(job.rows(request=request))
    keys = {
        axis: functools.partial(segments.axis, axis=axis, monetary=options["monetary"], scale=scale)
        for axis in segments.AXES
    }
    sketches = _of_table(
        job, found, schema, *((a, ranks.sketch, (key,)) for a, key in keys.items())
    )
    edges = {axis: ranks.edges_of(sketches[axis]) for axis in keys}
    counts = _of_table(
        job, found, schema, *((a, ranks.counts, (key, edges[a])) for a, key in keys.items())
    )
    cuts = {}
    counted = {axis: ranks.added(counts[axis]) for axis in keys}
    levels = options["levels"]
    holds = {
        axis: [
            ranks.quantile_holds(_customers(counted[axis]), levels, level, options["ties"])
            for level in range(2, levels + 1)
        ]
        for axis in keys
    }
    brackets = {
        axis: [ranks.bracket(edges[axis], counted[axis], one) for one in holds[axis]]
        for axis in keys
    }
    wanted = {axis: [b for b in brackets[axis] if b is not None] for axis in keys}
    inside = _of_table(
        job, found, schema, *((a, ranks.between, (key, wanted[a])) for a, key in keys.items())
    )
    for axis in keys:
        flat = len(edges[axis]) == 1
        cuts[axis] = segments.flat_cuts(levels, int(edges[axis][0])) if flat else [
            ranks.cut(edges[axis], counted[axis], b, inside[axis], one)
            for b, one in zip(brackets[axis], holds[axis], strict=True)
        ]  # fmt: skip
    kernel = OfTable(version, schema, schema, segments.scored, (keys, cuts, segment_of))
    return engine.map(found, kernel)


def _customers(counted: dict[str, Any]) -> int:
    return int(counted["upto"][-1]) if len(counted["upto"]) else 0


# ---- portfolio -----------------------------------------------------------------------------------


def _threshold(request: Request, job: Job) -> float | None:
    """How many mean order values the money threshold is; None if it is an amount."""
    given = job.empty().definition["options"]["money"]
    return float(given["mean_order_values"]) if isinstance(given, dict) else None


def with_money(job: Job) -> Job:
    """The request with the money threshold as an amount: from the shop's mean order value."""
    multiple = _threshold(job.request, job)
    if multiple is None:
        return job
    if job.request.get("by"):
        raise refuse("by", "nothing beside a threshold in mean order values, one for each group")
    job = dataclasses.replace(job, data=job.engine.keep(job.data))
    scope = {k: v for k, v in scope_of(job.request).items() if k != "customers"}
    found = job.states(("totals", totals, (scope,)))["totals"]
    revenue, orders = (sum(one[name][0].as_py() or 0 for one in found) for name in ("r", "n"))
    scale = scale_of(job)
    mean = revenue / (orders * scale) if orders else 0.0
    return dataclasses.replace(job, request={**job.request, "money": max(mean * multiple, 0.0)})


def totals(data: Any, scope: Request) -> pa.Table:
    """Revenue and orders of a partition's customers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = result(data, "rfm", scope)
    revenue, orders = (pc.sum(table[name].cast(pa.int64())) for name in ("revenue", "orders"))
    return pa.table({"r": [revenue.as_py() or 0], "n": [orders.as_py() or 0]})


def _cpm(job: Job) -> Any:
    return with_money(job).rows()


def _cpm_segments(job: Job) -> Any:
    job = with_money(job)
    schema = plain_schema(job.empty())
    found = job.states(("table", result, (job.task, job.request)))["table"]
    return job.small(shop_tables.cpm_segments(found, prefix_of(job, schema)), schema)


# ---- tables of the shop --------------------------------------------------------------------------


def _monthly(job: Job) -> Any:
    schema, options = plain_schema(job.empty()), describe_options(job)
    found = job.states(("table", result, (job.task, job.request)))["table"]
    columns = shop_tables.monthly(found, prefix_of(job, schema), options["period"])
    return job.small(columns, schema)


def gap_request(job: Job, occasion: str) -> Request:
    """The request of the gaps behind a table of repeat purchases.

    Raises:
        OptionError: An origin; gaps are those of all purchases.
    """
    definition = job.empty().definition
    if definition["options"].get("origin"):
        raise refuse("origin", "nothing: gaps are counted from the first purchase")
    request = {"occasion": occasion, **scope_of(job.request)}
    kinds = definition["options"].get("kinds")
    if kinds is not None:
        policy = dict(definition["scope"]["policy"])
        policy["kinds"] = [kind for kind in policy["kinds"] if kind in kinds]
        request["policy"] = policy
    return {k: v for k, v in request.items() if k not in ("churn_days", "churn_boundary")}


def counted_gaps(
    data: Any, request: Request, keys: Sequence[str], most: int | None, renamed: Mapping[str, str]
) -> pa.Table:
    """The gaps of a partition, counted by key, length and outcome."""
    import pyarrow.compute as pc

    gaps = result(data, "purchase_gaps", request)
    gaps = gaps.rename_columns([renamed.get(name, name) for name in gaps.column_names])
    if most is not None:
        gaps = gaps.filter(pc.less_equal(gaps["gap"], most))
    names = [*keys, "days", "ended"]
    counted = gaps.group_by(names).aggregate([([], "count_all")])
    counted = counted.rename_columns(
        ["weight" if name == "count_all" else name for name in counted.column_names]
    )
    return counted.select([*names, "weight"])


def _purchase_counts(job: Job) -> Any:
    schema, options = plain_schema(job.empty()), describe_options(job)
    prefix = prefix_of(job, schema)
    gaps: tuple[Any, ...] = (gap_request(job, "order"), [*prefix, "gap"], options["up_to"], {})
    found = job.states(("table", result, (job.task, job.request)), ("gaps", counted_gaps, gaps))
    columns = shop_tables.purchase_counts(
        found["table"],
        found["gaps"],
        prefix,
        survivors=options["cumulative"] == "survivors",
        confidence=options["confidence"],
        scale=scale_of(job),
    )
    return job.small(columns, schema)


def only_gap(data: Any, request: Request, prefix: Sequence[str], gap: int) -> pa.Table:
    """The gaps of one number, counted by length and outcome."""
    import pyarrow.compute as pc

    found = counted_gaps(data, request, [*prefix, "gap"], gap, {})
    return found.filter(pc.equal(found["gap"], gap)).drop_columns(["gap"])


def _repeat_rate(job: Job) -> Any:
    schema, options = plain_schema(job.empty()), describe_options(job)
    prefix = prefix_of(job, schema)
    parts: list[Any] = [("table", result, (job.task, job.request))]
    if options["method"] == "kaplan_meier":
        if options["cohort_window"] is not None:
            raise refuse("cohort_window", 'nothing, or method "matured" or "ratio"')
        parts.append(("gaps", only_gap, (gap_request(job, "day"), prefix, options["to"] - 1)))
    found = job.states(*parts)
    columns = shop_tables.repeat_rate(
        found["table"],
        found.get("gaps", []),
        prefix,
        method=options["method"],
        within=options["within"],
        confidence=options["confidence"],
    )
    return job.small(columns, schema)


def _cohorts(job: Job) -> Any:
    schema, options = plain_schema(job.empty()), describe_options(job)
    prefix = prefix_of(job, schema)
    if options["cells"] != "mean_cumulative":
        tables = job.states(("table", result, (job.task, job.request)))["table"]
        columns = shop_tables.cohorts(
            tables,
            [*prefix, "cohort"] if "cohort" in schema.names else prefix,
            confidence=options["confidence"],
            scale=scale_of(job),
        )
        return job.small(columns, schema)
    if not isinstance(options["step"], int):
        raise refuse("step", "days, beside cells of mean_cumulative")
    rows = options["rows"]
    if rows.removeprefix("first_") in ("day", "week", "month", "quarter", "year"):
        raise refuse("cells", '"complete" or "members", for rows of periods')
    gap_scope = gap_request(job, "day")
    renamed = {}
    if rows != "all":
        column = rows if rows.startswith("first_") else f"first_{rows}"
        gap_scope["by"] = [*(gap_scope.get("by") or []), column]
        renamed = {column: "cohort"}
    by_day = {**job.request, "step": 1, "cells": "mean_cumulative"}
    by_day["up_to"] = options["up_to"]
    keys = [*prefix, "cohort"] if rows != "all" else prefix
    of_gaps = job.states(
        ("cells", result, (job.task, job.request)),
        ("ages", ages, (by_day, keys)),
        ("gaps", first_gaps, (gap_scope, keys, renamed)),
    )
    columns = shop_tables.mean_cumulative(
        of_gaps["ages"],
        of_gaps["cells"],
        of_gaps["gaps"],
        keys,
        confidence=options["confidence"],
        scale=scale_of(job),
    )
    return job.small(columns, schema)


def ages(data: Any, request: Request, keys: Sequence[str]) -> pa.Table:
    """What each day of age adds to the revenue and orders of a partition's cohorts."""
    return shop_tables.increments(result(data, "cohorts", request), keys)


def first_gaps(
    data: Any, request: Request, keys: Sequence[str], renamed: Mapping[str, str]
) -> pa.Table:
    """The gaps from the first purchase to the second, by cohort."""
    return counted_gaps(data, request, keys, 1, renamed)


def weighed_gaps(
    data: Any, request: Request, prefix: Sequence[str], weight: str, gap: int | None
) -> pa.Table:
    """Events and censorings of a partition by group and day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gaps = result(data, "purchase_gaps", request)
    if gap is not None:
        gaps = gaps.filter(pc.equal(gaps["gap"], gap))
        gaps = gaps.append_column("weight", pa.array([1.0] * len(gaps)))
    else:
        gaps = gaps.append_column("weight", pa.array(curves.weights_of(gaps, weight)))
    names = [*prefix, "days", "ended"]
    added = gaps.group_by(names).aggregate([("weight", "sum")])
    return added.rename_columns(
        ["weight" if name == "weight_sum" else name for name in added.column_names]
    ).select([*names, "weight"])


def variances(
    data: Any,
    request: Request,
    prefix: Sequence[str],
    weight: str,
    found: dict[tuple[Any, ...], tuple[Any, Any, Any]],
) -> pa.Table:
    """A partition's part of the variance of each group's curve."""
    import pyarrow as pa

    gaps = result(data, "purchase_gaps", request)
    parts = []
    for group, rows in shop_tables.split(gaps, prefix):
        made = curves.squares(rows, weight, *found[group])
        number = list(found).index(group)
        parts.append(made.append_column("group", pa.array([number] * len(made), pa.int64())))
    if parts:
        return pa.concat_tables(parts)
    names = ("aa", "ab", "bb")
    return pa.table(
        {
            **{name: pa.array([], pa.float64()) for name in names},
            "customers": pa.array([], pa.int64()),
            "group": pa.array([], pa.int64()),
        }
    )


def _kaplan_meier(job: Job) -> Any:
    import numpy as np
    import pyarrow.compute as pc

    schema, options = plain_schema(job.empty()), describe_options(job)
    prefix, gap = prefix_of(job, schema), options["gap"]
    request = gap_request(job, "day")
    if gap is None:
        job = dataclasses.replace(job, data=job.engine.keep(job.data))
    weight = options["weight"]
    found = job.states(("gaps", weighed_gaps, (request, prefix, weight, gap)))["gaps"]
    added = shop_tables.gaps_added(found, prefix)
    made = {
        group: curves.Curve.of(*shop_tables.tallies(rows))
        for group, rows in shop_tables.split(added, prefix)
        if len(rows)
    }
    if gap is None and made:
        steps = {}
        for group, curve in made.items():
            later = curve.at_risk - curve.events
            with np.errstate(divide="ignore"):
                event = np.where(later > 0, 1.0 / later, 0.0)
            steps[group] = (curve.times, curve.ln_variance, curve.ln_variance - event)
        parts = job.states(("v", variances, (request, prefix, weight, steps)))["v"]
        for number, group in enumerate(steps):
            own = [one.filter(pc.equal(one["group"], number)) for one in parts]
            made[group] = curves.clustered(made[group], [one for one in own if len(one)])
    return job.small(shop_tables.kaplan_meier(made, prefix, options["confidence"]), schema)


# ---- models --------------------------------------------------------------------------------------
