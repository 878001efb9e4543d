"""Segments against a row-by-row evaluator in plain Python, and against SQL of the same trees."""

import datetime
import itertools
import json
import random
from typing import Any

import duckdb
import pytest
from messy import seeds

import crm_core as crm

AS_OF = datetime.date(2026, 6, 30)
CHANNELS = ["web", "App", "ＡＰＰ店", "store"]
COMPARED = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

Rows = list[dict[str, Any]]


def rows_of(seed: int) -> Rows:
    """The orders of a small shop; some of them after the date."""
    draw = random.Random(seed)
    return [
        {
            "customer_id": f"c{draw.randrange(40):02}",
            "ordered_at": AS_OF - datetime.timedelta(days=draw.randrange(-20, 500)),
            "amount": draw.randrange(100, 9000),
            "channel": draw.choice(CHANNELS),
        }
        for _ in range(150)
    ]


def orders_of(rows: Rows) -> crm.Orders:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return crm.Orders(columns, currency="JPY", channel="channel")


def window(rows: Rows, customer: str, days: int | None, channel: str | None) -> Rows:
    """A customer's orders up to the date, of the last days and of a channel."""
    return [
        row
        for row in rows
        if row["customer_id"] == customer
        and row["ordered_at"] <= AS_OF
        and (days is None or (AS_OF - row["ordered_at"]).days < days)
        and (channel is None or row["channel"] == channel)
    ]


class Known:
    """The values of fields, by customer: of orders by hand, of analyses from their tables."""

    def __init__(self, rows: Rows, orders: crm.Orders) -> None:
        self.rows = rows
        self.customers = sorted({r["customer_id"] for r in rows if r["ordered_at"] <= AS_OF})
        self.tables = {
            "rfm": crm.rfm(orders, AS_OF),
            "cpm": crm.cpm(orders, AS_OF, churn_days=100),
            "summary": crm.summary(orders, AS_OF),
        }

    def value(self, leaf: dict[str, Any], customer: str) -> Any:
        head, _, name = leaf["field"].partition(".")
        channel = leaf.get("where", {}).get("channel")
        mine = window(self.rows, customer, leaf.get("days"), channel)
        if head == "orders":
            dates = [row["ordered_at"] for row in mine]
            revenue = sum(row["amount"] for row in mine)
            return {
                "count": len(mine),
                "revenue": revenue,
                "mean_order_value": revenue / len(mine) if mine else None,
                "first_date": min(dates, default=None),
                "last_date": max(dates, default=None),
            }[name]
        if leaf["field"] == "customers.first_channel":
            # Of orders on one day the first row is the first; a stable minimum has it.
            return min(window(self.rows, customer, None, None), key=lambda r: r["ordered_at"])[
                "channel"
            ]
        table = self.tables[head].to_dict()
        return dict(zip(table["customer_id"], table[name], strict=True)).get(customer)


def leaf_of(draw: random.Random) -> dict[str, Any]:
    kind = draw.randrange(7)
    leaf: dict[str, Any]
    if kind <= 2:
        name = draw.choice(["count", "revenue", "mean_order_value", "first_date", "last_date"])
        leaf = {"field": f"orders.{name}"}
        if draw.random() < 0.6:
            leaf["days"] = draw.choice([30, 90, 365])
        if draw.random() < 0.4:
            leaf["where"] = {"channel": draw.choice(CHANNELS)}
        if name.endswith("date"):
            day = AS_OF - datetime.timedelta(days=draw.randrange(300))
            return {**leaf, draw.choice(["lt", "le", "gt", "ge", "eq"]): day.isoformat()} | {}
        value = draw.randrange(4) if name == "count" else draw.randrange(100, 9000)
        if draw.random() < 0.2:
            return {**leaf, "between": [value, 2 * value]}
        return {**leaf, draw.choice(list(COMPARED)): value}
    if kind == 3:
        words = draw.sample(["champions", "loyal", "at_risk", "new", "dormant"], 2)
        return {"field": "rfm.segment", "in": words}
    if kind == 4:
        leaf = {"field": "cpm.state", "options": {"churn_days": 100}}
        return {**leaf, draw.choice(["eq", "ne"]): "churned"}
    if kind == 5:
        if draw.random() < 0.3:
            return {"field": "summary.gap_mean", "null": draw.random() < 0.5}
        value = round(draw.uniform(1, 200), 1)
        return {"field": "summary.gap_mean", draw.choice(["lt", "le", "gt", "ge"]): value}
    text = draw.choice(["app", "W", "店", "eb"])
    if draw.random() < 0.3:
        return {"field": "customers.first_channel", "eq": draw.choice(CHANNELS)}
    return {"field": "customers.first_channel", draw.choice(["starts", "contains"]): text}


def tree_of(draw: random.Random, depth: int = 0) -> dict[str, Any]:
    kind = draw.random()
    if depth == 3 or kind < 0.35:
        return leaf_of(draw)
    if kind < 0.5:
        return {"not": tree_of(draw, depth + 1)}
    nodes = [tree_of(draw, depth + 1) for _ in range(draw.randrange(4))]
    return {draw.choice(["all", "any"]): nodes}


def folded(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFKC", text).lower()


def meets(leaf: dict[str, Any], value: Any) -> bool:
    operator, wanted = next((o, leaf[o]) for o in leaf if o not in HEAD)
    if operator == "null":
        return (value is None) == wanted
    if value is None:
        return False
    if isinstance(value, datetime.date) and isinstance(wanted, str):
        wanted = datetime.date.fromisoformat(wanted)
    return {
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
        "gt": lambda: value > wanted,
        "ge": lambda: value >= wanted,
        "between": lambda: wanted[0] <= value <= wanted[1],
        "in": lambda: value in wanted,
        "starts": lambda: folded(value).startswith(folded(wanted)),
        "contains": lambda: folded(wanted) in folded(value),
    }[operator]()


HEAD = {"field", "days", "where", "options"}


def evaluated(
    tree: dict[str, Any], known: Known, customer: str, path: str = "where"
) -> tuple[bool, str | None]:
    """Whether a tree holds, and the path of the leaf that was evaluated last."""
    if "field" in tree:
        return meets(tree, known.value(tree, customer)), path
    if "not" in tree:
        holds, last = evaluated(tree["not"], known, customer, f"{path}.not")
        return not holds, last
    (word,) = tree
    last = None
    for at, node in enumerate(tree[word]):
        holds, of_node = evaluated(node, known, customer, f"{path}.{word}.{at}")
        last = of_node or last
        if holds == (word == "any"):
            return holds, last
    return word == "all", last


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    if "field" in tree:
        return [tree]
    inner = [tree["not"]] if "not" in tree else next(iter(tree.values()))
    return [leaf for node in inner for leaf in leaves(node)]


def sql(tree: dict[str, Any], columns: dict[str, str]) -> str:
    """The tree as a condition of DuckDB, in which no comparison is null."""
    if "not" in tree:
        return f"(NOT {sql(tree['not'], columns)})"
    if "field" not in tree:
        (word,) = tree
        joint, empty = {"all": (" AND ", "true"), "any": (" OR ", "false")}[word]
        return "(" + (joint.join(sql(node, columns) for node in tree[word]) or empty) + ")"
    column = columns[json.dumps({name: tree[name] for name in tree if name in HEAD})]
    operator, value = next((o, tree[o]) for o in tree if o not in HEAD)

    def said(value: Any) -> str:
        return str(value) if isinstance(value, int | float) else f"'{value}'"

    if operator == "null":
        return f"({column} IS {'' if value else 'NOT '}NULL)"
    if operator == "between":
        test = f"{column} BETWEEN {said(value[0])} AND {said(value[1])}"
    elif operator == "in":
        test = f"{column} IN ({', '.join(map(said, value))})"
    elif operator in COMPARED:
        test = f"{column} {COMPARED[operator]} {said(value)}"
    else:
        # Only the letters of this test's channels differ in width.
        plain = f"lower(translate({column}, 'ＡＰ', 'AP'))"
        name = {"starts": "starts_with", "contains": "contains"}[operator]
        test = f"{name}({plain}, {said(folded(value))})"
    return f"coalesce({test}, false)"


@pytest.mark.parametrize("seed", seeds(12))
def test_trees_equal_a_slow_evaluator_and_sql(seed: int) -> None:
    draw = random.Random(1000 + seed)
    rows = rows_of(seed)
    # One order a day and customer, so that the first has one channel.
    rows = list({(r["customer_id"], r["ordered_at"]): r for r in rows}.values())
    orders = orders_of(rows)
    known = Known(rows, orders)
    for _ in range(12):
        tree = tree_of(draw)
        found = crm.segment(orders, AS_OF, where=tree)
        said = crm.segment(orders, AS_OF, where=tree, explain=True).to_dict()
        slow = {c: evaluated(tree, known, c) for c in known.customers}
        inside = [c for c in known.customers if slow[c][0]]
        assert found.to_dict()["customer_id"] == inside, json.dumps(tree)
        assert said["customer_id"] == known.customers
        explained = list(zip(said["selected"], said["decided_by"], strict=True))
        assert explained == list(slow.values()), json.dumps(tree)
        # The columns are the fields, in the order in which they are written.
        heads = {
            json.dumps({n: v for n, v in leaf.items() if n in HEAD}): leaf for leaf in leaves(tree)
        }
        for name, leaf in zip(found.columns[1:], heads.values(), strict=True):
            assert name.startswith(leaf["field"])
            values = [known.value(leaf, customer) for customer in inside]
            assert found.to_dict()[name] == pytest.approx(values), name
        columns = {head: f"f{at}" for at, head in enumerate(heads)}
        flat = {"customer_id": known.customers} | {
            columns[head]: [known.value(leaf, c) for c in known.customers]
            for head, leaf in heads.items()
        }
        types = ", ".join(f"{name} {_type(cells)}" for name, cells in flat.items())
        with duckdb.connect() as db:
            db.execute(f"CREATE TABLE known ({types})")
            marks = ", ".join("?" * len(flat))
            db.executemany(
                f"INSERT INTO known VALUES ({marks})", list(zip(*flat.values(), strict=True))
            )
            query = f"SELECT customer_id FROM known WHERE {sql(tree, columns)} ORDER BY 1"
            assert [row[0] for row in db.execute(query).fetchall()] == inside, query


def _type(cells: list[Any]) -> str:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if datetime.date in kinds:
        return "DATE"
    # Of nulls alone a text, which DuckDB compares with a date and with a number.
    return "VARCHAR" if str in kinds or not kinds else "DOUBLE"


def test_each_analysis_runs_once_and_a_saved_tree_is_the_same(orders: crm.Orders) -> None:
    champions = crm.field("rfm.segment").isin(["champions", "loyal"])
    tree = (
        (champions & (crm.field("rfm.r") >= 4) & (crm.field("rfm.f") >= 3))
        | (crm.field("summary.revenue") >= {"quantile": 0.8})
        | ((crm.field("rfm.r", options={"levels": 3}) == 3) & (crm.field("cpm.state") != "churned"))
    )
    table = crm.segment(orders, "2025-06-30", where=tree)
    # With other options it is another result.
    assert table.notes["analyses"] == ["rfm", "summary", "rfm", "cpm"]
    again = crm.run("segment", orders, {"as_of": "2025-06-30", "where": json.loads(tree.to_json())})
    assert again.hash == table.hash
    assert again.to_dict() == table.to_dict()
    assert table.definition["options"]["where"] == json.loads(tree.to_json())
    assert table.columns[-2:] == ["rfm.r_2", "cpm.state"]
    assert json.loads((~champions).to_json()) == {"not": dict(champions)}


def test_a_sweep_is_one_run_for_each_value(orders: crm.Orders) -> None:
    tree = (crm.field("orders.count", days=200) >= 1) & (
        crm.field("summary.revenue") >= {"quantile": 0.5}
    )
    totals = crm.summary(orders, "2025-06-30").to_dict()
    revenue = dict(zip(totals["customer_id"], totals["revenue"], strict=True))
    for vary, values in [
        ("all.0.ge", [0, 1, 2, 3.5]),
        ("all.0.days", [30, 200]),
        ("all.1.ge.quantile", [0, 0.25, 0.9, 1]),
    ]:
        sweep = crm.segment_sweep(orders, "2025-06-30", where=tree, vary=vary, values=values)
        for row, value in enumerate(values):
            one = json.loads(tree.to_json())
            *path, last = [int(p) if p.isdigit() else p for p in vary.split(".")]
            place: Any = one
            for step in path:
                place = place[step]
            place[last] = value
            inside = crm.segment(orders, "2025-06-30", where=one).to_dict()["customer_id"]
            assert sweep["customers"][row] == len(inside)
            assert sweep["revenue"][row] == sum(revenue[c] for c in inside)
        assert sweep.notes["analyses"] == ["summary"]


def test_sizes_and_overlaps_add_up(orders: crm.Orders) -> None:
    segments = {
        "often": crm.field("orders.count") >= 4,
        "lately": crm.field("orders.last_date") > "-60d",
        "much": crm.field("summary.revenue") >= {"quantile": 0.7},
    }
    inside = {
        name: set(crm.segment(orders, "2025-06-30", where=tree).to_dict()["customer_id"])
        for name, tree in segments.items()
    }
    sizes = crm.segment_sizes(orders, "2025-06-30", segments=segments).to_dict()
    assert sizes["segment"] == sorted(segments)
    assert sizes["customers"] == [len(inside[name]) for name in sorted(segments)]
    overlaps = crm.segment_sizes(orders, "2025-06-30", segments=segments, overlaps=True).to_dict()
    for names, customers in zip(overlaps["segment"], overlaps["customers"], strict=True):
        of = set(names.split(" & "))
        exactly = set.intersection(*(inside[name] for name in of))
        exactly -= set().union(*(inside[name] for name in set(inside) - of))
        assert customers == len(exactly) > 0
    assert sum(overlaps["customers"]) == len(set().union(*inside.values()))


def test_a_history_is_the_difference_of_two_segments(orders: crm.Orders) -> None:
    tree = {"field": "cpm.state", "eq": "churned"}
    days = ["2025-02-28", "2025-03-31", "2025-04-30"]
    history = crm.segment_history(orders, days, where=tree).to_dict()
    sets = [
        set(crm.segment(orders, day, where=tree).to_dict()["customer_id"])
        for day in ["2025-01-31", *days]
    ]
    for row, (before, now) in enumerate(itertools.pairwise(sets)):
        assert history["customers"][row] == len(now)
        assert history["entered"][row] == len(now - before)
        assert history["left"][row] == len(before - now)
        assert history["stayed"][row] == len(before & now)
    assert [str(day) for day in history["since"]] == ["2025-01-31", *days[:2]]
    # Some come back, so that all columns say something.
    assert sum(history["left"]) > 0


def test_prospects_and_columns_of_the_customers_table() -> None:
    rows = {"customer_id": ["a", "b"], "ordered_at": ["2026-01-01", "2026-03-01"], "amount": [5, 7]}
    people = {
        "customer_id": ["a", "b", "p"],
        "registered_at": ["2025-12-01", "2026-02-01", "2026-02-20"],
        "age": [31, 45, 28],
        "rank": ["gold", None, "gold"],
    }
    customers = crm.Customers(people, registered_at="registered_at", dimensions=["age", "rank"])
    orders = crm.Orders(rows, currency="JPY", customers=customers)

    def inside(tree: Any) -> list[str]:
        found: list[str] = crm.segment(orders, "2026-03-10", where=tree).to_dict()["customer_id"]
        return found

    assert inside(crm.field("orders.count") == 0) == ["p"]
    assert inside(crm.field("customers.age") < 40) == ["a", "p"]
    assert inside(crm.field("customers.rank") == "gold") == ["a", "p"]
    assert inside(crm.field("customers.rank") != "gold") == []
    assert inside(~(crm.field("customers.rank") == "gold")) == ["b"]
    assert inside(crm.field("customers.rank").is_null()) == ["b"]
    assert inside(crm.field("customers.registered_at") >= "-37d") == ["b", "p"]
    assert inside(crm.field("customers.customer_id").isin(["b", "p"])) == ["b", "p"]
    assert inside(crm.field("rfm.r").is_null()) == ["p"]
    assert inside(crm.field("rfm.r") >= 1) == ["a", "b"]
    # `customers` chooses rows, and quantiles are of all.
    half = crm.field("orders.revenue") >= {"quantile": 0.5}
    table = crm.segment(orders, "2026-03-10", where=half, customers={"customer_id": ["a", "p"]})
    assert table.to_dict()["customer_id"] == ["a"]


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"field": "rmf.segment", "eq": 1}, "`where.field`: .*did you mean `rfm.`"),
        ({"field": "rfm.segmnt", "eq": 1}, "`where.field`: .*did you mean `rfm.segment`"),
        ({"field": "orders.counts", "eq": 1}, "did you mean `orders.count`"),
        ({"field": "customers.chanel", "eq": 1}, "`where.field`: .*`customers.first_channel`"),
        ({"field": "customers.channel", "eq": 1}, "`customers.first_channel` is the first"),
        ({"field": "cohorts.members", "eq": 1}, "`where.field`"),
        ({"field": "nothing", "eq": 1}, "`where.field`"),
        ({"all": [{"field": "rfm.segment", "eq": "champion"}]}, "`where.all.0.eq`: .*`champions`"),
        ({"field": "rfm.r", "options": {"level": 3}, "eq": 1}, "unknown option `level`"),
        ({"field": "rfm.r", "options": {"levels": 99}, "eq": 1}, "`where.options.levels`"),
        ({"field": "rfm.r", "options": {"by": ["x"]}, "eq": 1}, "`where.options.by`"),
        ({"field": "orders.count", "where": {"chanel": 1}, "eq": 1}, "`chanel`"),
        ({"field": "orders.revenue", "ge": "x"}, "`where.ge`: expected an amount"),
        ({"field": "orders.last_date", "ge": 3}, "`where.ge`: expected a date"),
    ],
)
def test_what_there_is_not_is_refused_with_its_path(
    tree: Any, said: str, orders: crm.Orders
) -> None:
    with pytest.raises((crm.OptionError, crm.SchemaError), match=said):
        crm.segment(orders, "2025-06-30", where=tree)


def test_other_requests_that_are_refused(orders: crm.Orders) -> None:
    with pytest.raises(crm.OptionError, match=r"`vary`: .*`all.0.ge`"):
        tree = {"all": [{"field": "orders.count", "ge": 1}]}
        crm.segment_sweep(orders, where=tree, vary="all.0.le", values=[1])
    with pytest.raises(crm.OptionError, match="`values`"):
        crm.segment_sweep(orders, values=[])
    with pytest.raises(crm.OptionError, match="`segments`"):
        crm.segment_sizes(orders, segments={})
    with pytest.raises(crm.OptionError, match=r"`segments.x.all`"):
        crm.segment_sizes(orders, segments={"x": {"all": 3}})
    with pytest.raises(TypeError, match="joined by & and"):
        bool(crm.field("rfm.r") == 1)
    with pytest.raises(crm.OptionError, match="not a field"):
        crm.field("rfm.r") == crm.field("rfm.f")  # noqa: B015


def test_each_customer_is_in_one_group_with_or_without_an_order() -> None:
    rows = {"customer_id": list("abcde"), "ordered_at": ["2026-01-05"] * 5, "amount": [1] * 5}
    people = {"customer_id": list("abcdef"), "t": list("112233")}
    table = crm.Customers(people, dimensions=["t"])
    orders = crm.Orders(rows, currency="JPY", customers=table)
    sizes = crm.segment_sizes(orders, AS_OF, by=["t"]).to_dict()
    assert (sizes["t"], sizes["customers"]) == (["1", "2", "3"], [2, 2, 2])
    found = crm.segment(orders, AS_OF, by=["t"]).to_dict()
    assert (found["t"], found["customer_id"]) == (list("112233"), list("abcdef"))


@pytest.mark.parametrize("ends", [[4, 2], ["-1d", "-60d"], ["b", "a"]])
def test_the_lesser_end_comes_first(ends: list[Any]) -> None:
    field = {int: "orders.count", str: "customers.first_channel"}[type(ends[0])]
    field = "orders.last_date" if "d" in str(ends[0]) else field
    with pytest.raises(crm.OptionError, match="the lesser value first"):
        crm.segment(orders_of(rows_of(1)), AS_OF, where={"field": field, "between": ends})


def test_what_would_be_misread_is_refused() -> None:
    orders = orders_of(rows_of(1))
    with pytest.raises(TypeError, match="a list of values"):
        crm.field("rfm.segment").isin("12")
    with pytest.raises(crm.OptionError, match="foo"):
        crm.segment(orders, AS_OF, foo=None)  # type: ignore[call-arg]
    everyone: dict[str, Any] = {"all": []}
    with pytest.raises(crm.OptionError, match="joins the names"):
        crm.segment_sizes(orders, AS_OF, segments={"a & b": everyone}, overlaps=True)
