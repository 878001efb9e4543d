"""SQL written by hand over the same rows gives the same tables.

The SQL (in `sql/`) knows the definitions and nothing of the library: DuckDB reads the same rows,
and every column of every row must agree, means to 1e-12 and the rest exactly. The shops are CDNOW,
and a simulated one with lines, discounts, refunds, cancellations, samples and guests.
"""

import dataclasses
import datetime
import decimal
import math
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import crm_core as crm

SQL = pathlib.Path(__file__).parent / "sql"
Rows = list[tuple[Any, ...]]


@dataclasses.dataclass(frozen=True)
class Case:
    """A shop under a scope, once as the library is told and once as SQL is."""

    shop: str
    scope: dict[str, Any] = dataclasses.field(default_factory=dict)
    keep: str = "true"
    """What `where` leaves of the lines."""
    part: str = "''"
    """What `by` breaks down by."""


CASES = {
    "CDNOW": Case("cdnow"),
    "CDNOW in mid-1997, short churn": Case("cdnow", {"as_of": "1997-09-30", "churn_days": 60}),
    "CDNOW, large orders": Case(
        "cdnow",
        {"where": {"amount": {"from": 20.5, "to": 90}}, "churn_boundary": "after"},
        keep="amount BETWEEN 2050 AND 9000",
    ),
    "CDNOW with returns, by purchase day": Case(
        "returns", {"as_of": "1998-03-31", "occasion": "day"}
    ),
    "lines": Case("lines"),
    "lines, before anybody ordered": Case("lines", {"as_of": "2022-12-31"}),
    "lines in mid-2024, gross, by purchase day": Case(
        "lines",
        {"as_of": "2024-06-30", "basis": "gross", "occasion": "day", "churn_days": 100},
    ),
    "lines of a category": Case(
        "lines", {"as_of": "2025-01-31", "where": {"category": "tea"}}, keep="category = 'tea'"
    ),
    "lines of two channels, refunds at their dates": Case(
        "lines",
        {
            "as_of": "2025-03-15",
            "where": {"channel": ["ads", "email"]},
            "refunds": "refund_date",
        },
        keep="channel IN ('ads', 'email')",
    ),
    "lines by channel": Case("lines", {"as_of": "2024-12-31", "by": ["channel"]}, part="channel"),
    "lines by category": Case("lines", {"by": ["category"], "churn_days": 90}, part="category"),
}

RFM: list[dict[str, Any]] = [
    {},
    {"ties": "mid"},
    {"ties": "upper"},
    {"levels": 4, "ties": "upper", "monetary": "mean_order_value"},
    {"levels": 10, "ties": "mid", "window_days": 365},
]
# In yen and dollars alike: an amount that splits either shop.
CPM: list[dict[str, Any]] = [
    {"money": 110},
    {"money": {"mean_order_values": 7}, "preset": "ltv_lab_120"},
    {"money": {"mean_order_values": 2}, "boundary": "inclusive", "toddler_days": 30},
    {"money": 20_000, "trend_days": 90, "preset": "ltv_lab"},
]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("summary", {}),
    ("clv_summary", {}),
    ("clv_summary", {"unit": "week"}),
    ("monthly", {}),
    ("monthly", {"period": "week"}),
    ("monthly", {"period": "quarter"}),
    *(("rfm", options) for options in RFM),
    *(("rfm_segments", options) for options in RFM[:3]),
    *(("cpm", options) for options in CPM),
    *(("cpm_segments", options) for options in CPM),
    ("decile", {}),
    ("decile", {"groups": 7, "tie_safe": True}),
    ("abc", {}),
    ("abc", {"a_share": 0.5, "b_share": 0.8, "tie_safe": True}),
]
DEFAULTS: dict[str, Any] = {
    "refunds": "order_date",
    "basis": "net",
    "occasion": "order",
    "churn_days": 240,
    "churn_boundary": "from",
    "unit": "day",
    "calibration_end": None,
    "period": "month",
    "levels": 5,
    "ties": "lower",
    "monetary": "revenue",
    "window_days": None,
    "money": None,
    "mean_order_values": None,
    "boundary": "exclusive",
    "preset": None,
    "toddler_days": 90,
    "trend_days": 210,
    "groups": 10,
    "tie_safe": False,
    "a_share": 0.7,
    "b_share": 0.9,
}


# ---- the same rows for both --------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Shop:
    orders: crm.Orders
    scale: int
    """Minor units in a major one."""


@pytest.fixture(scope="module")
def database(cdnow: Rows) -> Iterator[duckdb.DuckDBPyConnection]:
    """The rows of the shops, as `orders.sql` wants them."""
    connection = duckdb.connect()
    rows = pa.table(
        {
            "customer": [row[0] for row in cdnow],
            "day": [row[1] for row in cdnow],
            "dollars": [row[3] for row in cdnow],
        }
    )
    connection.register("cdnow_rows", rows)
    connection.execute("""
        CREATE TABLE cdnow_lines AS
        SELECT 'row ' || row_number() OVER () AS order_id, '' AS tie, customer AS customer_id,
               day, day::TIMESTAMP AS instant, (dollars::DECIMAL(10, 2) * 100)::BIGINT AS amount,
               0 AS discount, 0 AS refunded, NULL::TIMESTAMP AS refunded_at,
               NULL::DATE AS refunded_day, 'completed' AS status, 'one_off' AS kind,
               '' AS channel, '' AS category, false AS has_id
        FROM cdnow_rows""")
    connection.execute(f"""
        CREATE TABLE returns_lines AS
        SELECT * REPLACE (CASE WHEN {RETURNED} THEN -amount ELSE amount END AS amount)
        FROM cdnow_lines""")
    connection.register("simulated", pa.table(simulated()))
    # Civil days in Tokyo, nine hours ahead of UTC all the year.
    connection.execute("""
        CREATE TABLE lines_lines AS
        SELECT order_id, order_id AS tie, customer_id,
               make_timestamp(epoch_us(ordered_at)) AS instant,
               (instant + INTERVAL 9 HOUR)::DATE AS day,
               amount, discount, refunded,
               make_timestamp(epoch_us(refunded_at)) AS refunded_at,
               (make_timestamp(epoch_us(refunded_at)) + INTERVAL 9 HOUR)::DATE AS refunded_day,
               status, kind, channel, category, true AS has_id
        FROM simulated""")
    yield connection
    connection.close()


# Rows of CDNOW that are made refunds: a thirteenth, and first purchases among them.
RETURNED = "(amount % 13) = 0"


def simulated() -> crm.Table:
    return crm.simulate_orders(400, seed=20)


@pytest.fixture(scope="module")
def shops(cdnow: Rows) -> dict[str, Shop]:
    customers, days, _, dollars = (list(column) for column in zip(*cdnow, strict=True))
    cents = [int(decimal.Decimal(amount) * 100) for amount in dollars]
    plain = {"customer_id": customers, "ordered_at": days, "amount": [float(a) for a in dollars]}
    returns = plain | {"amount": [-c if c % 13 == 0 else c for c in cents]}
    return {
        "cdnow": Shop(crm.Orders(plain, currency="USD"), 100),
        "returns": Shop(crm.Orders(returns, currency="USD", amount_unit="minor"), 100),
        "lines": Shop(
            crm.Orders(
                simulated(),
                currency="JPY",
                order_id="order_id",
                discount="discount",
                refunded="refunded",
                refunded_at="refunded_at",
                status="status",
                kind="kind",
                channel="channel",
                category="category",
                timezone="Asia/Tokyo",
                guests="keep",
            ),
            1,
        ),
    }


# ---- SQL ---------------------------------------------------------------------------------------


class Oracle:
    """What SQL says of a case; `edit` is a mistake to make in it."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        shops: dict[str, Shop],
        case: Case,
        edit: tuple[str, str] | None = None,
    ) -> None:
        self.database, self.case, self.shop, self.edit = database, case, shops[case.shop], edit
        database.execute(f"""
            CREATE OR REPLACE TEMP VIEW lines AS
            SELECT {case.part} AS part, * FROM {case.shop}_lines WHERE {case.keep}""")
        self.set(DEFAULTS | {"scale": self.shop.scale})
        self.set({k: v for k, v in case.scope.items() if k in DEFAULTS})
        last = f"(SELECT max(day) FROM {case.shop}_lines)"
        as_of = f"DATE '{case.scope['as_of']}'" if "as_of" in case.scope else last
        database.execute(f"SET VARIABLE as_of = {as_of}")
        for name in ("orders", "totals", "scores"):
            database.execute(self.text(name))

    def set(self, variables: dict[str, Any]) -> None:
        for name, value in variables.items():
            literal = "NULL" if value is None else repr(value)
            if name == "calibration_end" and value is not None:
                literal = f"DATE {literal}"
            self.database.execute(f"SET VARIABLE {name} = {literal}")

    def text(self, name: str) -> str:
        sql = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        return sql.replace(*self.edit) if self.edit else sql

    def columns(self, task: str, options: dict[str, Any]) -> dict[str, tuple[str, list[Any]]]:
        """The type and the cells of each column."""
        money = options.get("money")
        if isinstance(money, dict):
            options = options | {"money": None} | money
        elif money is not None:
            options = options | {"money": money * self.shop.scale}
        self.set(options)
        customers = task.removesuffix("_segments")
        if customers != task:
            self.database.execute(
                f"CREATE OR REPLACE TEMP TABLE {customers} AS {self.text(customers)}"
            )
        found = self.database.execute(self.text(task))
        names = [(column[0], str(column[1])) for column in found.description]
        rows = found.fetchall()
        self.set({option: DEFAULTS[option] for option in options})
        return {name: (kind, [row[at] for row in rows]) for at, (name, kind) in enumerate(names)}

    def difference(self, task: str, options: dict[str, Any]) -> str | None:
        """The first difference between the library's table and this one."""
        scope = dict(self.case.scope)
        by = scope.get("by")
        if "occasion" not in crm.describe(task)["scope"]["properties"]:
            scope.pop("occasion", None)  # These count the same by order and by day.
        if "preset" in options:
            scope.pop("churn_days", None)  # The preset says it.
        table = getattr(crm, task)(self.shop.orders, scope.pop("as_of", None), **scope, **options)
        ours: dict[str, list[Any]] = table.to_dict(money="minor")
        ours.pop("own_ln_gaps", None)  # in the time of the seasons, which SQL does not know
        theirs = self.columns(task, options)
        part = theirs.pop("part")
        if by:
            theirs = {by[0]: part, **theirs}
        if task == "clv_summary" and "calibration_end" not in options:
            theirs = {k: v for k, v in theirs.items() if not k.startswith("holdout")}
        if list(ours) != list(theirs):
            return f"columns: {list(ours)}, in SQL {list(theirs)}"
        for name, (kind, cells) in theirs.items():
            is_float = table.schema[name]["type"] == "float"
            if (kind == "DOUBLE") != is_float:
                return f"{name} is {table.schema[name]['type']}, in SQL {kind}"
            if len(cells) != len(table):
                return f"{len(table)} rows, in SQL {len(cells)}"
            if ours[name] == cells:
                continue
            # Logarithms of both signs may add up to nearly nothing.
            tolerance = {"rel_tol": 1e-12, "abs_tol": 1e-12 if name == "ln_gaps" else 0.0}
            for row, (a, b) in enumerate(zip(ours[name], cells, strict=True)):
                close = is_float and None not in (a, b) and math.isclose(a, b, **tolerance)
                if a != b and not close:
                    return f"{name}, row {row}: {a}, in SQL {b}"
        return None


# ---- tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_tables_agree_with_sql(
    database: duckdb.DuckDBPyConnection, shops: dict[str, Shop], case: Case
) -> None:
    oracle = Oracle(database, shops, case)
    found = [
        f"{task} {options}: {unlike}"
        for task, options in REQUESTS
        if (unlike := oracle.difference(task, options))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("shop", ["cdnow", "returns", "lines"])
def test_holdout_agrees_with_sql(
    database: duckdb.DuckDBPyConnection, shops: dict[str, Shop], shop: str
) -> None:
    oracle = Oracle(database, shops, Case(shop))
    end = "2024-11-30" if shop == "lines" else "1997-09-30"
    for unit in ("day", "week"):
        assert oracle.difference("clv_summary", {"calibration_end": end, "unit": unit}) is None


def test_the_default_threshold_is_in_yen(
    database: duckdb.DuckDBPyConnection, shops: dict[str, Shop]
) -> None:
    oracle = Oracle(database, shops, CASES["lines"])
    _, segments = oracle.columns("cpm", {"money": 70_000})["segment"]
    assert crm.cpm(oracle.shop.orders).to_dict()["segment"] == segments


MISTAKES: list[tuple[str, str, str, str]] = [
    # A condition, a boundary or a factor that is a little off must be seen.
    ("lines", "summary", "count(*) FILTER (is_order) AS orders", "count(*) + 1 AS orders"),
    ("lines", "summary", "revenue / (orders", "1.01 * revenue / (orders"),
    ("lines", "summary", "stddev_samp", "stddev_pop"),
    ("lines", "summary", "avg(gap)", "1.01 * avg(gap)"),
    ("lines", "summary", "sum(ln(gap))", "1.01 * sum(ln(gap))"),
    ("lines", "clv_summary", "sum(ln(", "1.01 * sum(ln("),
    ("lines", "summary", "status = 'cancelled'", "status = 'returned'"),
    ("lines", "summary", "kind IN (", "kind IN ('sample', "),
    ("lines", "summary", "'completed', 'pending'", "'completed'"),
    ("lines", "summary", "amount - discount", "1.01 * amount - discount"),
    ("lines", "summary", "AND NOT is_undone", ""),
    ("lines", "summary", "day <= getvariable", "day < getvariable"),
    (
        "lines",
        "clv_summary",
        "first_day) / unit_days AS recency",
        "first_day + 1) / unit_days AS recency",
    ),
    ("lines", "clv_summary", "sum(amount) FILTER (day > first", "sum(amount) FILTER (day >= first"),
    ("lines", "clv_summary", "(stop - first_day)", "1.01 * (stop - first_day)"),
    ("lines", "clv_summary", "sum(ln((day", "1.01 * sum(ln((day"),
    ("lines", "monthly", "ordinal = 1", "ordinal = 2"),
    ("lines", "monthly", "NOT is_guest AND ordinal <= 1", "ordinal <= 1"),
    ("lines", "monthly", "(is_order AND is_guest)", "(is_guest AND ordinal > 1)"),
    ("lines", "rfm", "recency_days DESC) - 1", "recency_days DESC)"),
    (
        "lines",
        "rfm",
        "rank() OVER (PARTITION BY part ORDER BY orders)",
        "row_number() OVER (ORDER BY orders)",
    ),
    ("lines", "rfm", "count(*) OVER (PARTITION BY part) AS n", "1 + count(*) OVER () AS n"),
    ("lines", "rfm", "f + m >= 9", "f + m >= 8"),
    ("lines", "rfm_segments", "THEN 'at_risk'", "THEN 'dormant'"),
    ("lines", "rfm_segments", "customers / nullif", "1.01 * customers / nullif"),
    (
        "CDNOW",
        "cpm",
        "tenure < getvariable('toddler_days')",
        "tenure <= getvariable('toddler_days')",
    ),
    ("CDNOW", "cpm", "silent >= churned_from", "silent > churned_from"),
    ("CDNOW", "cpm", "revenue < money", "1.01 * revenue < money"),
    ("lines", "cpm", "ANTI JOIN totals", "JOIN totals"),
    ("lines", "cpm", "churned_from - silent", "churned_from - silent - 1"),
    ("lines", "cpm_segments", "avg(tenure_days)", "1.01 * avg(tenure_days)"),
    ("lines", "cpm_segments", "(8, 'toddler', 'churned')", "(8, 'toddler', 'active')"),
    ("lines", "decile", "END - 1)", "END)"),
    ("lines", "abc", "before < getvariable('b_share')", "1.01 * before < getvariable('b_share')"),
    ("lines", "abc", "UNBOUNDED PRECEDING AND 1 PRECEDING", "UNBOUNDED PRECEDING AND CURRENT ROW"),
]


@pytest.mark.parametrize(("case", "task", "right", "wrong"), MISTAKES)
def test_a_mistake_in_the_sql_is_seen(
    database: duckdb.DuckDBPyConnection,
    shops: dict[str, Shop],
    case: str,
    task: str,
    right: str,
    wrong: str,
) -> None:
    money = 110 if case == "CDNOW" else 20_000
    options = {"money": money} if task.startswith("cpm") else {}
    oracle = Oracle(database, shops, CASES[case])
    used = ["orders", "totals", "scores", task, task.removesuffix("_segments")]
    assert any(right in oracle.text(name) for name in used)
    assert oracle.difference(task, options) is None
    mistaken = Oracle(database, shops, CASES[case], (right, wrong))
    assert mistaken.difference(task, options) is not None


def test_the_shops_reach_every_branch(shops: dict[str, Shop]) -> None:
    reasons = shops["lines"].orders.reconciliation.to_dict()
    counts = dict(zip(reasons["reason"], reasons["orders"], strict=True))
    for reason in ("cancelled", "sample", "full_refund"):
        assert any(re.search(reason, name) and counts[name] for name in counts), counts
    segments = set(crm.cpm(shops["lines"].orders).to_dict()["segment"])
    assert segments == {"trial", "first", "toddler", "steady", "trend", "excellent"}
    assert len(shops["cdnow"].orders) == 69_659
    assert shops["cdnow"].orders.n_customers == 23_570
    assert shops["cdnow"].orders.first_date == datetime.date(1997, 1, 1)
