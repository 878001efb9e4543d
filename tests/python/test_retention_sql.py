"""SQL written by hand over CDNOW gives the retention tables: counts and money exactly, means and
rates to 1e-12."""

import datetime
import math
import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import crm_core as crm

AS_OF = "1998-03-31"
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def orders(cdnow: Rows) -> crm.Orders:
    customers, days, cds, dollars = (list(column) for column in zip(*cdnow, strict=True))
    channel = ["many" if count > 2 else "few" for count in cds]
    data = {
        "customer_id": customers,
        "ordered_at": days,
        "amount": [float(amount) for amount in dollars],
        "channel": channel,
    }
    return crm.Orders(data, currency="USD", channel="channel")


@pytest.fixture(scope="module")
def database(cdnow: Rows) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    rows = pa.table(
        {
            "customer": [row[0] for row in cdnow],
            "day": [row[1] for row in cdnow],
            "cds": [row[2] for row in cdnow],
            "dollars": [row[3] for row in cdnow],
        }
    )
    connection.register("rows", rows)
    # Orders of one day are the same in all that sorts them but the amount, then the channel.
    connection.execute(f"""
        CREATE TABLE orders AS
        SELECT customer, day, (dollars::DECIMAL(10, 2) * 100)::BIGINT AS amount,
               CASE WHEN cds > 2 THEN 'many' ELSE 'few' END AS channel,
               DATE '{AS_OF}' AS as_of,
               row_number() OVER mine AS k, lead(day) OVER mine AS next,
               min(day) OVER (PARTITION BY customer) AS first,
               first_value(CASE WHEN cds > 2 THEN 'many' ELSE 'few' END) OVER mine AS first_channel
        FROM rows WHERE day <= DATE '{AS_OF}'
        WINDOW mine AS (PARTITION BY customer ORDER BY day, amount,
                        CASE WHEN cds > 2 THEN 'many' ELSE 'few' END)""")
    connection.execute("""
        CREATE TABLE days AS
        SELECT customer, day, as_of, row_number() OVER mine AS k, lead(day) OVER mine AS next
        FROM (SELECT DISTINCT customer, day, as_of FROM orders)
        WINDOW mine AS (PARTITION BY customer ORDER BY day)""")
    yield connection
    connection.close()


def agree(table: crm.Table, found: duckdb.DuckDBPyConnection, change: float = 1.0) -> None:
    """Every column of `found` is the table's; `change` is a mistake to make in its floats."""
    names = [column[0] for column in found.description]
    ours = table.to_dict(money="minor")
    theirs = list(zip(*found.fetchall(), strict=True))
    for name, cells in zip(names, theirs, strict=True):
        assert len(cells) == len(table), name
        for row, (a, b) in enumerate(zip(ours[name], cells, strict=True)):
            if isinstance(b, float):
                assert a is not None and math.isclose(a, b * change, rel_tol=1e-12), (name, row)
            else:
                assert a == b, (name, row)


COUNTS = """
    SELECT k, count(*) AS reach, count(next) AS continued,
           count(*) FILTER (next IS NULL AND as_of - day >= 180) AS churned,
           count(*) FILTER (next IS NULL AND as_of - day < 180) AS pending,
           count(next) / count(*) AS continue_rate,
           count(*) / (SELECT count(DISTINCT customer) FROM orders) AS survival_rate,
           sum(amount) / (100 * count(*)) AS mean_order_value,
           sum(sum(amount)) OVER (ORDER BY k)
               / (100 * (SELECT count(DISTINCT customer) FROM orders)) AS cumulative_ltv,
           median(next - day) AS median_days
    FROM orders WHERE k <= 12 GROUP BY k ORDER BY k"""


def test_purchase_counts(orders: crm.Orders, database: duckdb.DuckDBPyConnection) -> None:
    table = crm.purchase_counts(orders, AS_OF, up_to=12)
    agree(table, database.execute(COUNTS))
    with pytest.raises(AssertionError):
        agree(table, database.execute(COUNTS), change=1.01)


@pytest.mark.parametrize("to", [2, 3, 5])
def test_repeat_rates(orders: crm.Orders, database: duckdb.DuckDBPyConnection, to: int) -> None:
    waits = f"(SELECT coalesce(next, as_of) - day AS d, next IS NOT NULL AS did, as_of - day AS age\
              FROM days WHERE k = {to - 1})"
    ratio = f"SELECT count(*) AS customers, count(*) FILTER (did) AS repeated,\
              count(*) FILTER (did) / count(*) AS repeat_rate FROM {waits}"
    agree(crm.repeat_rate(orders, AS_OF, to=to, method="ratio"), database.execute(ratio))
    matured = f"SELECT count(*) AS customers, count(*) FILTER (did AND d <= 90) AS repeated,\
                count(*) FILTER (did AND d <= 90) / count(*) AS repeat_rate\
                FROM {waits} WHERE age >= 90"
    agree(crm.repeat_rate(orders, AS_OF, to=to, method="matured"), database.execute(matured))
    kaplan_meier = f"""
        WITH waits AS {waits},
        risk AS (SELECT t.d, t.events, (SELECT count(*) FROM waits w WHERE w.d >= t.d) AS n
                 FROM (SELECT d, count(*) AS events FROM waits
                       WHERE did AND d <= 90 GROUP BY d) t)
        SELECT (SELECT count(*) FROM waits) AS customers,
               (SELECT sum(events)::BIGINT FROM risk) AS repeated,
               1 - product(1 - events / n) AS repeat_rate FROM risk"""
    table = crm.repeat_rate(orders, AS_OF, to=to)
    agree(table, database.execute(kaplan_meier))
    with pytest.raises(AssertionError):
        agree(table, database.execute(kaplan_meier), change=1.01)


COHORTS = """
    WITH cohort AS (
        SELECT date_trunc('month', first)::DATE AS cohort, customer, day, amount, k, first, as_of
        FROM orders
    ), cells AS (SELECT 30 * range AS elapsed FROM range(25))
    SELECT cohort, elapsed,
           count(DISTINCT customer) AS cohort_customers,
           sum(amount) FILTER (day - first <= elapsed)::BIGINT AS revenue,
           sum(amount) FILTER (day - first <= elapsed)
               / (100 * count(DISTINCT customer)) AS cumulative_ltv,
           count(*) FILTER (day - first <= elapsed) AS orders,
           count(DISTINCT customer) FILTER (day > first AND day - first <= elapsed) AS repeated,
           count(DISTINCT customer) FILTER (day - first <= elapsed
                                            AND day - first > elapsed - 30) AS active
    FROM cohort, cells
    WHERE as_of - last_day(cohort) >= elapsed
    GROUP BY cohort, elapsed ORDER BY cohort, elapsed"""


def test_cohorts_by_month(orders: crm.Orders, database: duckdb.DuckDBPyConnection) -> None:
    table = crm.cohorts(orders, AS_OF)
    assert table.to_dict()["cohort"][0] == datetime.date(1997, 1, 1)
    agree(table, database.execute(COHORTS))
    with pytest.raises(AssertionError):
        agree(table, database.execute(COHORTS), change=1.01)


CALENDAR_COHORTS = """
    WITH cohort AS (
        SELECT date_trunc('{rows}', first)::DATE AS cohort, customer, day, amount, first, as_of,
               -- Of weeks, DuckDB counts whole ones unless both days begin one.
               date_diff('{step}', date_trunc('{step}', first), date_trunc('{step}', day)) AS age,
               min(age) FILTER (day > first) OVER (PARTITION BY customer) AS second
        FROM orders
    ), cells AS (SELECT range AS elapsed FROM range({up_to} + 1))
    SELECT cohort, elapsed, count(DISTINCT customer) AS cohort_customers,
           sum(amount) FILTER (age <= elapsed)::BIGINT AS revenue,
           count(*) FILTER (age <= elapsed) AS orders,
           count(DISTINCT customer) FILTER (second <= elapsed) AS repeated,
           count(DISTINCT customer) FILTER (age = elapsed) AS active,
           count(DISTINCT customer) FILTER (age = elapsed) / count(DISTINCT customer) AS active_rate
    FROM cohort, cells
    -- The step in which the youngest of the cohort are so old has ended.
    WHERE date_diff('{step}', date_trunc('{step}', cohort + INTERVAL 1 {rows} - INTERVAL 1 DAY),
                    date_trunc('{step}', as_of + 1)) > elapsed
    GROUP BY cohort, elapsed ORDER BY cohort, elapsed"""


@pytest.mark.parametrize(
    ("rows", "step", "up_to"),
    [
        ("week", "week", 70),
        ("month", "week", 20),
        ("day", "month", 14),
        ("month", "month", 24),
        ("quarter", "quarter", 8),
        ("month", "quarter", 2),
        ("week", "year", 2),
        ("year", "year", 2),
    ],
)
def test_cohorts_by_the_calendar(
    orders: crm.Orders, database: duckdb.DuckDBPyConnection, rows: str, step: str, up_to: int
) -> None:
    table = crm.cohorts(orders, AS_OF, rows=rows, step=step, up_to=up_to)
    sql = CALENDAR_COHORTS.format(rows=rows, step=step, up_to=up_to)
    agree(table, database.execute(sql))
    with pytest.raises(AssertionError):
        agree(table, database.execute(sql), change=1.01)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_cohorts_by_the_hour(zone: str) -> None:
    """Orders within two days of the first, at any minute: in neither zone does the clock change."""
    rng = random.Random(13)
    start = datetime.datetime(2026, 3, 1)
    rows = []
    for customer in range(300):
        first = start + datetime.timedelta(minutes=rng.randrange(5 * 1440))
        waits = [0, *(rng.randrange(1, 2000) for _ in range(rng.randrange(5)))]
        rows += [
            (customer, first + datetime.timedelta(minutes=wait), rng.randrange(1, 900))
            for wait in waits
        ]
    customers, times, amounts = (list(column) for column in zip(*rows, strict=True))
    data = {"customer_id": customers, "ordered_at": times, "amount": amounts}
    orders = crm.Orders(data, currency="JPY", timezone=zone)
    table = crm.cohorts(orders, "2026-03-05", rows="day", step="hour", up_to=60)
    with duckdb.connect() as connection:
        connection.register("rows", pa.table(data))
        found = connection.execute("""
            WITH orders AS (
                SELECT customer_id AS customer, ordered_at AS moment, amount,
                       min(ordered_at) OVER (PARTITION BY customer_id) AS first
                FROM rows WHERE ordered_at < TIMESTAMP '2026-03-06'
            ), cohort AS (
                SELECT customer, amount, first::DATE AS cohort,
                       date_diff('hour', first, moment) AS age,
                       min(date_diff('hour', first, moment)) FILTER (moment::DATE > first::DATE)
                           OVER (PARTITION BY customer) AS second
                FROM orders
            ), cells AS (SELECT range AS elapsed FROM range(61))
            SELECT cohort, elapsed, count(DISTINCT customer) AS cohort_customers,
                   sum(amount) FILTER (age <= elapsed)::BIGINT AS revenue,
                   count(*) FILTER (age <= elapsed) AS orders,
                   count(DISTINCT customer) FILTER (second <= elapsed) AS repeated,
                   count(DISTINCT customer) FILTER (age = elapsed) AS active
            FROM cohort, cells WHERE 24 * (DATE '2026-03-05' - cohort) >= elapsed
            GROUP BY cohort, elapsed ORDER BY cohort, elapsed""")
        agree(table, found)


def test_cohorts_by_channel(orders: crm.Orders, database: duckdb.DuckDBPyConnection) -> None:
    table = crm.cohorts(orders, AS_OF, rows="channel", up_to=360)
    mean_cumulative = """
        WITH ages AS (
            SELECT first_channel AS cohort, day - first AS age, sum(amount) AS amount
            FROM orders GROUP BY ALL
        ), watched AS (
            SELECT a.cohort, a.age, a.amount,
                   (SELECT count(DISTINCT customer) FROM orders o
                    WHERE o.first_channel = a.cohort AND o.as_of - o.first >= a.age) AS n
            FROM ages a
        ), cells AS (SELECT 30 * range AS elapsed FROM range(13))
        SELECT cohort, elapsed, sum(amount / (100 * n)) AS cumulative_ltv
        FROM watched, cells WHERE age <= elapsed
        GROUP BY cohort, elapsed ORDER BY cohort, elapsed"""
    agree(table, database.execute(mean_cumulative))


def test_first_channels_and_flow(orders: crm.Orders, database: duckdb.DuckDBPyConnection) -> None:
    first = """
        SELECT first_channel AS first, count(DISTINCT customer) AS customers, count(*) AS orders,
               sum(amount)::BIGINT AS revenue,
               sum(amount) FILTER (k = 1) / (100 * count(DISTINCT customer)) AS first_order_value
        FROM orders GROUP BY first_channel ORDER BY first"""
    agree(crm.first_product(orders, AS_OF, of="channel"), database.execute(first))
    flow = """
        WITH steps AS (
            SELECT k, channel AS source,
                   coalesce(lead(channel) OVER (PARTITION BY customer ORDER BY k),
                            CASE WHEN as_of - day >= 180 THEN '(churned)' ELSE '(pending)' END)
                       AS target
            FROM orders
        )
        SELECT k, source, target, sum(count(*)) OVER (PARTITION BY k, source)::BIGINT
                   AS source_customers,
               count(*) AS customers,
               count(*) / sum(count(*)) OVER (PARTITION BY k, source) AS transition_rate
        FROM steps WHERE k <= 4 GROUP BY k, source, target
        ORDER BY k, source, array_position(['few', 'many', '(churned)', '(pending)'], target)"""
    agree(crm.purchase_flow(orders, AS_OF, of="channel"), database.execute(flow))


def test_acquisition(orders: crm.Orders, database: duckdb.DuckDBPyConnection) -> None:
    table = crm.acquisition(orders, AS_OF, costs={"many": 50_000.25, "tv": 100}, margin=0.5)
    expected = """
        WITH worth AS (
            SELECT first_channel AS channel, count(DISTINCT customer) AS customers,
                   count(*) AS orders, sum(amount)::BIGINT AS revenue
            FROM orders GROUP BY first_channel
            UNION ALL SELECT 'tv', 0, 0, 0
        ), costs(channel, cost) AS (VALUES ('many', 5000025::BIGINT), ('tv', 10000::BIGINT))
        SELECT channel, customers, orders, revenue, cost,
               cost / (100 * nullif(customers, 0)) AS cac, revenue / cost AS roas,
               (revenue - cost) / cost AS roi_revenue
        FROM worth LEFT JOIN costs USING (channel) ORDER BY channel"""
    agree(table, database.execute(expected))
