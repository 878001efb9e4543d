"""SQL written by hand over a simulated log of a million events gives the same tables.

The SQL knows the definitions and nothing of the library. Counts, times and pages must agree
exactly, rates and means to 1e-12.
"""

from typing import Any

import duckdb
import pyarrow as pa
import pytest

import crm_core as crm

AS_OF = "2026-03-20T12:00:00+09:00"
SEEN = "TIMESTAMPTZ '2026-03-20 12:00:00+09'"
VISITORS = 150_000

SESSIONS = f"""
    CREATE TABLE marked AS
    SELECT *, count(*) FILTER (opens) OVER (PARTITION BY visitor_id ORDER BY place) AS session
    FROM (
        SELECT *, coalesce(occurred_at - lag(occurred_at) OVER visitor > INTERVAL 30 MINUTE, true)
            AS opens
        FROM log WHERE occurred_at <= {SEEN}
        WINDOW visitor AS (PARTITION BY visitor_id ORDER BY place)
    );
    CREATE TABLE views AS
    SELECT *, lead(occurred_at) OVER s AS next_at, lead(page) OVER s AS next_page,
        lag(page) OVER s AS last_page, count(*) OVER (PARTITION BY visitor_id, session) AS n
    FROM marked WHERE kind IN ('view', 'product_view')
    WINDOW s AS (PARTITION BY visitor_id, session ORDER BY place);
"""

TABLE_OF_SESSIONS = """
    SELECT visitor_id, session, epoch_us(min(occurred_at)), epoch_us(max(occurred_at)),
        count(*) FILTER (kind IN ('view', 'product_view')),
        arg_min(page, place) FILTER (kind IN ('view', 'product_view')),
        arg_max(page, place) FILTER (kind IN ('view', 'product_view')),
        arg_min(channel, place), bool_or(kind = 'purchase'),
        epoch_us(max(occurred_at) - min(occurred_at)) / 1e6, count(*)
    FROM marked GROUP BY ALL ORDER BY visitor_id, session
"""

PAGES = """
    SELECT page, count(*), count(DISTINCT (visitor_id, session)),
        count(*) FILTER (last_page IS NULL), count(*) FILTER (next_page IS NULL),
        count(*) FILTER (next_page IS NULL) / count(*),
        count(*) FILTER (next_page IS NULL) / count(DISTINCT (visitor_id, session)),
        count(*) FILTER (n = 1),
        count(*) FILTER (n = 1) / nullif(count(*) FILTER (last_page IS NULL), 0),
        count(next_at), avg(epoch_us(next_at - occurred_at)) / 1e6
    FROM views GROUP BY page ORDER BY page
"""

TRANSITIONS = """
    WITH steps AS (
        SELECT page AS source, coalesce(next_page, '(end)') AS target FROM views
        UNION ALL SELECT '(start)', page FROM views WHERE last_page IS NULL
    )
    SELECT source, target, count(*), count(*) / sum(count(*)) OVER (PARTITION BY source)
    FROM steps GROUP BY source, target ORDER BY source, target
"""

# A cart is opened by an add into nothing; the log takes out only what is in. Silences of an hour
# make blocks, the first line of each order ends a part of a block.
CARTS = f"""
    CREATE TABLE parts AS
    WITH blocks AS (
        SELECT *, count(*) FILTER (silent) OVER visitor AS block,
            kind = 'purchase' AND row_number() OVER (PARTITION BY order_id ORDER BY place) = 1
                AS ends
        FROM (
            SELECT *, occurred_at - lag(occurred_at) OVER visitor > INTERVAL 60 MINUTE AS silent
            FROM log WHERE occurred_at <= {SEEN}
            WINDOW visitor AS (PARTITION BY visitor_id ORDER BY place)
        ) WINDOW visitor AS (PARTITION BY visitor_id ORDER BY place)
    ), parted AS (
        SELECT *, count(*) FILTER (ends) OVER (
            PARTITION BY visitor_id, block ORDER BY place
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS part,
            max(occurred_at) OVER (PARTITION BY visitor_id, block) AS block_end
        FROM blocks
    ), units AS (
        SELECT *, sum(CASE kind WHEN 'add' THEN 1 WHEN 'remove' THEN -1 ELSE 0 END) OVER (
            PARTITION BY visitor_id, block, part ORDER BY place) AS held
        FROM parted
    )
    SELECT *, count(*) FILTER (kind = 'add' AND held = 1) OVER (
            PARTITION BY visitor_id, block, part ORDER BY place) AS opened,
        count(*) FILTER (kind = 'add' AND held = 1) OVER (
            PARTITION BY visitor_id, block, part) AS carts
    FROM (SELECT *, lag(held, 1, 0) OVER (
        PARTITION BY visitor_id, block, part ORDER BY place) AS before FROM units);

    CREATE TABLE carts AS
    SELECT visitor_id, block, part, opened, opened < carts OR arg_max(held, place) = 0 AS emptied,
        bool_or(ends) AS ordered, max(block_end) AS block_end, max(occurred_at) AS part_end,
        bool_or(kind = 'checkout') AS checkout, bool_or(kind = 'payment_failed') AS failed,
        max(occurred_at) FILTER (held = 0 AND kind = 'remove') AS emptied_at
    FROM parts WHERE opened > 0 GROUP BY visitor_id, block, part, opened, carts;

    CREATE TABLE items AS
    SELECT visitor_id, block, part, opened, product,
        sum(CASE kind WHEN 'add' THEN 1 ELSE -1 END) AS held,
        any_value(amount) FILTER (kind = 'add') AS price
    FROM parts WHERE opened > 0 AND kind IN ('add', 'remove')
    GROUP BY visitor_id, block, part, opened, product;
"""

ABANDONED = f"""
    WITH judged AS (
        SELECT *, CASE WHEN emptied THEN 'emptied' WHEN ordered THEN 'ordered' ELSE 'abandoned' END
            AS state,
            CASE WHEN emptied THEN emptied_at WHEN ordered THEN part_end ELSE block_end END AS last
        FROM carts
    ), passed AS (
        SELECT * FROM judged WHERE {SEEN} - last > INTERVAL 60 MINUTE
    ), bought AS (
        SELECT DISTINCT c.visitor_id, c.block, c.part, c.opened, i.product,
            i.held * i.price AS value
        FROM passed c
        JOIN items i USING (visitor_id, block, part, opened)
        JOIN log p ON p.visitor_id = c.visitor_id AND p.kind = 'purchase'
            AND p.occurred_at > c.last AND p.occurred_at <= c.last + INTERVAL 7 DAY
            AND p.occurred_at <= {SEEN} AND (p.product IS NULL OR p.product = i.product)
        WHERE c.state = 'abandoned' AND i.held > 0
    )
    SELECT count(*), count(*) FILTER (state = 'abandoned'),
        (SELECT count(DISTINCT (visitor_id, block, part, opened)) FROM bought),
        count(*) FILTER (state = 'abandoned') / count(*),
        count(*) FILTER (state = 'ordered'), count(*) FILTER (state = 'emptied'),
        count(*) FILTER (state = 'abandoned' AND NOT checkout AND NOT failed),
        count(*) FILTER (state = 'abandoned' AND checkout AND NOT failed),
        count(*) FILTER (state = 'abandoned' AND failed),
        (SELECT sum(held * price) FROM passed JOIN items USING (visitor_id, block, part, opened)
            WHERE state = 'abandoned')
            - coalesce((SELECT sum(value) FROM bought), 0),
        coalesce((SELECT sum(value) FROM bought), 0)
    FROM passed
"""

FUNNEL = f"""
    WITH starts AS (
        SELECT visitor_id, place, occurred_at AS t FROM log
        WHERE kind = 'add' AND occurred_at <= {SEEN}
    ), done AS (
        SELECT DISTINCT s.visitor_id FROM starts s JOIN log p
        ON p.visitor_id = s.visitor_id AND p.kind = 'purchase' AND p.place > s.place
            AND p.occurred_at <= s.t + INTERVAL 2 DAY AND p.occurred_at <= {SEEN}
    ), units AS (
        SELECT visitor_id, visitor_id IN (SELECT visitor_id FROM done) AS converted,
            {SEEN} - max(t) <= INTERVAL 2 DAY AS fresh
        FROM starts GROUP BY visitor_id
    )
    SELECT count(*), count(*) FILTER (converted), count(*) FILTER (NOT converted AND fresh),
        count(*) FILTER (NOT converted AND NOT fresh)
    FROM units
"""

# Each product view and the next view, cart, checkout or order of the visitor (and the product).
BROWSES = f"""
    WITH steps AS (
        SELECT *, lead(kind) OVER w AS next, lead(occurred_at) OVER w - occurred_at AS gap
        FROM log WHERE occurred_at <= {SEEN}
            AND kind IN ('product_view', 'add', 'checkout', 'purchase')
        WINDOW w AS (PARTITION BY KEYS ORDER BY place)
    ), browses AS (
        SELECT visitor_id, product, occurred_at AS last,
            CASE WHEN next IS NULL OR gap > INTERVAL 24 HOUR THEN 'abandoned'
                WHEN next = 'purchase' THEN 'ordered' ELSE 'carted' END AS state
        FROM steps
        WHERE kind = 'product_view' AND {SEEN} - occurred_at > INTERVAL 24 HOUR
            AND (next IS NULL OR next <> 'product_view' OR gap > INTERVAL 24 HOUR)
    ), recovered AS (
        SELECT DISTINCT visitor_id, product, last FROM browses b
        WHERE state = 'abandoned' AND EXISTS (
            FROM log p WHERE p.visitor_id = b.visitor_id AND p.kind = 'purchase' AND SAME
                AND p.occurred_at > b.last AND p.occurred_at <= b.last + INTERVAL 7 DAY
                AND p.occurred_at <= {SEEN})
    )
    SELECT LINE, count(*), count(*) FILTER (state = 'abandoned'), count(recovered.last),
        count(*) FILTER (state = 'abandoned') / count(*),
        count(*) FILTER (state = 'carted'), count(*) FILTER (state = 'ordered')
    FROM browses LEFT JOIN recovered USING (visitor_id, product, last)
    GROUP BY ALL ORDER BY 1
"""


@pytest.fixture(scope="module")
def log() -> crm.Table:
    table = crm.simulate_events(VISITORS, seed=5)
    assert len(table) >= 1_000_000
    return table


@pytest.fixture(scope="module")
def events(log: crm.Table) -> crm.Events:
    return crm.Events(
        log,
        customer_id="customer_id",
        page="page",
        product="product",
        order_id="order_id",
        channel="channel",
        amount="amount",
        currency="JPY",
        timezone="Asia/Tokyo",
    )


@pytest.fixture(scope="module", params=[("30 MINUTE", "60 MINUTE"), ("90 SECOND", "5 HOUR")])
def sql(log: crm.Table, request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    rows = pa.table(log)
    rows = rows.append_column("place", pa.array(range(len(rows)), pa.int64()))
    connection.register("rows", rows)
    texts = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("kind", "page", "channel"))
    connection.execute(f"CREATE TABLE log AS SELECT * REPLACE ({texts}) FROM rows")
    timeout, window = request.param
    connection.execute(SESSIONS.replace("30 MINUTE", timeout))
    connection.execute(CARTS.replace("60 MINUTE", window))
    connection.execute(f"CREATE TABLE rules AS SELECT '{timeout}' AS timeout, '{window}' AS cart")
    return connection


def rule(sql: duckdb.DuckDBPyConnection, name: str) -> str:
    """A silence, as the library is told."""
    words = {"MINUTE": "min", "SECOND": "s", "HOUR": "h"}
    found = sql.execute(f"SELECT {name} FROM rules").fetchall()[0][0]
    number, unit = found.split()
    return number + words[unit]


def same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    assert len(found) == len(expected) > 0
    for row, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        for a, b in zip(mine, theirs, strict=True):
            if isinstance(a, float) and b is not None:
                assert a == pytest.approx(float(b), rel=1e-12), (row, mine, theirs)
            else:
                assert a == b, (row, mine, theirs)


def columns(table: crm.Table, names: list[str]) -> list[tuple[Any, ...]]:
    arrow = pa.table(table)
    lists = []
    for name in names:
        column = arrow[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        lists.append(column.to_pylist())
    return list(zip(*lists, strict=True))


def test_sessions(events: crm.Events, sql: duckdb.DuckDBPyConnection) -> None:
    names = "visitor_id session started_at ended_at views entry_page exit_page channel converted"
    names += " duration_seconds events"
    found = columns(crm.sessions(events, AS_OF, timeout=rule(sql, "timeout")), names.split())
    same(found, sql.execute(TABLE_OF_SESSIONS).fetchall())


def test_pages(events: crm.Events, sql: duckdb.DuckDBPyConnection) -> None:
    names = "page views sessions entries exits exit_rate exit_rate_sessions bounces bounce_rate"
    found = columns(
        crm.page_exits(events, AS_OF, timeout=rule(sql, "timeout")),
        [*names.split(), "timed_views", "mean_seconds"],
    )
    same(found, sql.execute(PAGES).fetchall())


def test_transitions(events: crm.Events, sql: duckdb.DuckDBPyConnection) -> None:
    found = columns(
        crm.transitions(events, AS_OF, timeout=rule(sql, "timeout")),
        ["source", "target", "count", "probability"],
    )
    same(sorted(found), sorted(sql.execute(TRANSITIONS).fetchall()))


def test_carts(events: crm.Events, sql: duckdb.DuckDBPyConnection) -> None:
    names = "carts abandoned recovered abandonment_rate ordered emptied abandoned_cart"
    names += " abandoned_checkout abandoned_payment value_lost value_recovered"
    found = columns(crm.cart_abandonment(events, AS_OF, window=rule(sql, "cart")), names.split())
    window = sql.execute("SELECT cart FROM rules").fetchall()[0][0]
    same(found, sql.execute(ABANDONED.replace("60 MINUTE", window)).fetchall())


def test_browses(events: crm.Events, sql: duckdb.DuckDBPyConnection) -> None:
    names = ["browses", "abandoned_browses", "recovered_browses", "browse_abandonment_rate"]
    names += ["carted_browses", "ordered_browses"]
    whole = BROWSES.replace("KEYS", "visitor_id").replace("AND SAME", "").replace("LINE", "0")
    found = columns(crm.browse_rates(events, AS_OF), names)
    same(found, [row[1:] for row in sql.execute(whole).fetchall()])
    by = BROWSES.replace("KEYS", "visitor_id, product").replace("SAME", "p.product = b.product")
    found = columns(crm.browse_rates(events, AS_OF, by=["product"]), ["product", *names])
    same(found, sql.execute(by.replace("LINE", "product")).fetchall())


def test_funnel(events: crm.Events, sql: duckdb.DuckDBPyConnection) -> None:
    table = crm.funnel(events, AS_OF, steps=["add", "purchase"], window="2d")
    (first, second) = columns(table, ["reached", "still_open", "dropped"])
    entered, converted, still_open, dropped = sql.execute(FUNNEL).fetchall()[0]
    assert (first, second[0]) == ((entered, still_open, dropped), converted)
    assert 0 < still_open < converted < entered
