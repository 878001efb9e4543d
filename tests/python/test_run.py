"""`crm run`: every analysis of the register, each on a file of what it reads."""

import csv
import json

import pytest
from test_report import run

import crm_core as crm

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

MODEL = {"model": "mbg_nbd", "r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6, "unit": "day"}
SPEND = {"p": 6.0, "q": 4.0, "gamma": 15.0}
COMPLAINTS = {
    "customer_id": ["C0000002", "C0000008", "C0000024", "C0000025", "C0000035", "C0000049"],
    "occurred_at": ["2024-12-31"] * 6,
}
#: What an analysis cannot do without.
NEEDED = {
    # What strict matching does not join is for a human; a number of two people is nobody's.
    "identity_review": {"policy": "strict"},
    "shared_identifiers": {"shared_limit": 1},
    "movement": {"since": "2023-06-30"},
    "before_after": {"change": "2023-11-06"},
    "funnel": {"steps": ["view", "add", "purchase"]},
    "sequences": {"steps": ["view", "add"], "window": "2d"},
    "sequence_totals": {"steps": ["view", {"kind": "add", "adjacent": True}]},
    "clv_tracking": {"fit": MODEL},
    "alive_path": {"fit": MODEL, "customers": {"customer_id": "C0000049"}},
    "customer": {"customers": {"customer_id": "C0000049"}},
    "clv_parameters": {"fit": MODEL},
    "clv_predict": {"fit": MODEL, "draws": 10},
    "clv_new_customers": {"fit": MODEL},
    "clv": {"fit": MODEL, "spend_fit": SPEND, "draws": 10},
    "expected_spend": {"fit": SPEND},
    "frequency_histogram": {"fit": MODEL},
    "expected_surface": {"fit": MODEL, "step": 30},
    "clv_simulate": {"fit": MODEL},
    "assign": {"experiment": "button"},
    "tiers": {"tiers": [{"name": "silver", "from": 10_000}, {"name": "gold", "from": 50_000}]},
    "tier_forecast": {"tiers": [{"name": "gold", "from": 5}], "measure": "orders"},
    "entitlements": {"rules": [{"name": "gift", "orders": 5, "repeat": True}]},
    "coupon_effect": {"coupon": "channel"},
    "referrals": {"referred_by": "first_channel"},
    "decide": {"now": "2026-03-15T12:00:00Z"},
    "why": {"now": "2026-03-15T12:00:00Z", "customer": "c2"},
    "complaints": {"complaints": COMPLAINTS},
    "complaint_cost": {"complaints": COMPLAINTS},
    "satisfaction_churn": {
        "answers": {"customer_id": ["C0000049"], "answered_at": ["2023-06-30"], "score": [9]}
    },
    "simulate_rules": {"days": 2, "warm_up": 0},
    "sbg_predict": {"fit": {"alpha": 0.7, "beta": 3.8}},
    "bgbb_predict": {"fit": {"alpha": 1.2, "beta": 0.7, "gamma": 0.6, "delta": 2.7}},
    "bgbb_histogram": {"fit": {"alpha": 1.2, "beta": 0.7, "gamma": 0.6, "delta": 2.7}},
    "backtest_clv": {"origins": 1},
}
#: Of analyses of tables that read another one than a summary.
TABLES = {
    "sbg_fit": {"survivors": [1000, 869, 743, 653]},
    "sbg_predict": {"t": [1, 2, 3]},
    "bgbb_fit": {"frequency": [0, 1, 3, 2], "recency": [0, 1, 6, 4], "n": [6, 6, 6, 6]},
    "bgbb_predict": {"frequency": [0, 1, 3], "recency": [0, 1, 6], "n": [6, 6, 6]},
    "bgbb_histogram": {"frequency": [0, 1, 3], "recency": [0, 1, 6], "n": [6, 6, 6]},
    "clv_simulate": {"T": [30, 60, 90.5]},
    "clv_new_customers": {"t": [7, 30], "n": [0, 1]},
    "experiment": {"variant": ["a", "b"], "n": [50, 60], "conversions": [20, 30]},
    "experiment_plan": {"baseline": [0.1, 0.2], "effect": [0.01, -0.02]},
    "assign": {"customer_id": ["c1", "c2", "c3"]},
    "survey": {"score": [9, 10, 3, 7, 8]},
    "reviews": {"product": ["a", "a", "b"], "score": [5, 4, 1]},
    "decide": {
        "customer_id": ["c1", "c2", "c2"],
        "trigger": ["cart", "cart", "birthday"],
        "dedupe_key": ["cart/1", "cart/2", "birthday/2"],
        "due_at": ["2026-03-14", "2026-03-15", "2026-04-01"],
    },
    "normalize": {"text": ["髙橋　花子", None]},
    "survival_curve": {"duration": [3, 5, 5, 8], "observed": ["true", "True", "false", "FALSE"]},
}
TABLES["why"] = TABLES["decide"]
for task in (
    "identify",
    "identity_links",
    "identity_review",
    "identity_changes",
    "shared_identifiers",
):
    TABLES[task] = {
        "record_id": ["a1", "a2", "b1", "c1", "c2"],
        "email": ["h@example.com", "H@example.com", "other@example.com", None, None],
        "phone": ["090-1234-5678", None, None, "090-1234-5678", "090-1234-5678"],
        "family_name": ["髙橋", "高橋", "鈴木", "高橋", "佐藤"],
        "given_name": ["花子", "花子", "花子", "花子", "一郎"],
        "previous_person_id": ["a1", None, None, None, None],
    }


def write(path, columns):
    """Columns as a CSV file, nothing for null."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        cells = zip(*columns.values(), strict=True)
        out.writerows(["" if cell is None else cell for cell in row] for row in cells)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A shop's lines and its log as files, and what the library makes of the same."""
    folder = tmp_path_factory.mktemp("files")
    shop, log = crm.simulate_orders(150, seed=5), crm.simulate_events(visitors=300, seed=3)
    lines = {
        name: list(map(str, cells)) if name == "ordered_at" else cells
        for name, cells in shop.to_dict().items()
        if name not in ("discount", "refunded", "refunded_at", "kind")
    }
    orders = crm.Orders(
        shop,
        currency="JPY",
        order_id="order_id",
        status="status",
        product="product",
        category="category",
        channel="channel",
        guests="keep",
    )
    events = crm.Events(
        log,
        customer_id="customer_id",
        page="page",
        product="product",
        order_id="order_id",
        channel="channel",
        amount="amount",
        currency="JPY",
        dimensions=["device"],
    )
    summary = crm.clv_summary(orders)
    mails = crm.simulate_events(visitors=300, seed=3, campaigns=3)
    return {
        "messages": write(folder / "mails.csv", mails.to_dict()),
        "orders": write(folder / "orders.csv", lines),
        "events": write(folder / "log.csv", log.to_dict()),
        "table": write(folder / "summary.csv", summary.to_dict()),
        "folder": folder,
        "of": {"orders": orders, "events": events},
    }


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def asked(task, files, tmp_path, *more, path=None, **options):
    """The rows that `crm run` writes."""
    about = crm.describe(task)
    path = path or files["messages" if task.startswith("campaign") else about["reads"]]
    if task in TABLES:
        path = write(tmp_path / "table.csv", TABLES[task])
    said = [f"--option={name}={json.dumps(value)}" for name, value in options.items()]
    if about["reads"] != "table":
        said.append("--currency=JPY")
    out = tmp_path / "out.csv"
    assert run("run", task, path, "-q", "--force", "-o", out, *said, *more) == 0
    return rows_of(out)


@pytest.mark.parametrize("task", crm.tasks())
def test_every_analysis_runs_on_a_file_of_what_it_reads(task, files, tmp_path):
    about = crm.describe(task)
    options = dict(NEEDED.get(task, {}))
    if about["reads"] == "table" and "unit" in about["options"].get("properties", {}):
        options["unit"] = "day"
    day = "2026-03-15" if about["reads"] == "events" else "2023-12-31"
    more = [f"--as-of={day}"] if about["needs_as_of"] else []
    rows = asked(task, files, tmp_path, *more, **options)
    assert rows, "something to say"
    assert set(rows[0]) <= {column["name"] for column in about["columns"]}


def test_columns_that_an_analysis_needs_are_found(files, tmp_path):
    orders = files["of"]["orders"]
    for task, column, options in (
        ("first_product", "first", {}),
        ("first_product", "first", {"of": "category"}),
        ("acquisition", "channel", {}),
        ("cohorts", "cohort", {"rows": "first_channel"}),
    ):
        expected = crm.run(task, orders, options).to_dict()
        rows = asked(task, files, tmp_path, **options)
        assert [row[column] for row in rows] == [one or "" for one in expected[column]]
        for name in ("customers", "revenue"):
            assert [float(row[name] or "nan") for row in rows] == pytest.approx(
                [float(one) for one in expected[name]], nan_ok=True
            )
    per = asked("cycle", files, tmp_path, "--as-of=2023-12-31", per="product")
    assert len(per) == len(crm.cycle(orders, "2023-12-31", per="product"))


def test_columns_are_found_by_other_headings_or_as_said(files, tmp_path, capsys):
    shop = rows_of(files["orders"])
    renamed = {"product": "商品名", "channel": "受注経路", "category": "sort", "status": "status"}
    columns = {renamed.get(name, name): [row[name] for row in shop] for name in shop[0]}
    path = write(tmp_path / "ja.csv", columns)
    expected = asked("first_product", files, tmp_path)
    assert asked("first_product", files, tmp_path, path=path) == expected
    assert asked("acquisition", files, tmp_path, path=path)
    expected = asked("summary", files, tmp_path, "--by=category", "--where=product=coffee beans")
    for more in (
        ("--by=category", "--category=sort", "--where=product=coffee beans"),
        ("--by=sort", "--where=商品名=coffee beans"),
    ):
        rows = asked("summary", files, tmp_path, *more, path=path)
        assert [list(row.values()) for row in rows] == [list(row.values()) for row in expected]
    for task, more, missing in (
        ("summary", "--by=shop", "is the shop"),
        ("first_product", "--product=", "product"),
    ):
        assert run("run", task, path, "--currency=JPY", "-q", more) in (2, 3)
        assert missing in capsys.readouterr().err


def test_events_are_read_as_the_report_reads_them(files, tmp_path, capsys):
    events = files["of"]["events"]
    pages = crm.page_exits(events).to_dict()
    rows = asked("page_exits", files, tmp_path)
    assert [(row["page"], int(row["exits"])) for row in rows] == list(
        zip(pages["page"], pages["exits"], strict=True)
    )
    carts = crm.cart_abandonment(events, by=["device"]).to_dict()
    for more in (("--by=device",), ('--option=by=["device"]',)):
        rows = asked("cart_abandonment", files, tmp_path, *more)
        assert [row["device"] for row in rows] == carts["device"]
        assert [float(row["value_lost"]) for row in rows] == [float(v) for v in carts["value_lost"]]
    mobile = crm.sessions(events, where={"device": "mobile"})
    assert len(asked("sessions", files, tmp_path, "--where=device=mobile")) == len(mobile)
    at = "2026-03-01T10:00:00+00:00"
    rows = asked("cart_follow_ups", files, tmp_path, f"--as-of={at}")
    expected = crm.run("cart_follow_ups", events, {"as_of": at}).to_dict()
    assert {int(row["visitor_id"]) for row in rows} == set(expected["visitor_id"]) != set()
    paths = asked("top_paths", files, tmp_path, "--event-column=page=device")
    assert {row["path"].split()[0] for row in paths} == {"desktop", "mobile", "tablet"}
    assert run("run", "page_exits", files["events"]) == 3
    assert '--event-column "amount=" leaves the amounts out' in capsys.readouterr().err
    assert run("run", "page_exits", files["events"], "--event-column", "amount=", "-q") == 0


def test_a_summary_goes_from_file_to_file(files, tmp_path, capsys):
    weekly = tmp_path / "summary.parquet"
    said = ("--currency=JPY", "-q", "-o", weekly)
    assert run("run", "clv_summary", files["orders"], "--option=unit=week", *said) == 0
    summary = crm.clv_summary(files["of"]["orders"], unit="week")
    expected = crm.BestModel().fit(summary).params_
    plain = write(tmp_path / "summary.csv", summary.to_dict())
    # Parquet says in which unit it is.
    for path, options in ((weekly, {}), (plain, {"unit": "week"})):
        rows = asked("clv_fit", files, tmp_path, path=path, **options)
        found = {row["parameter"]: float(row["value"]) for row in rows}
        assert found == pytest.approx(expected, rel=1e-12)
    assert run("run", "clv_fit", plain, "-q") == 2
    assert "`unit`" in capsys.readouterr().err
    assert run("run", "clv_fit", weekly, "-q", "--option=unit=day") == 2
    assert "the summary is in units of a week" in capsys.readouterr().err
    # Of a file of orders the summary is made first.
    rows = asked("clv_fit", files, tmp_path, "--currency=JPY", path=files["orders"], unit="week")
    found = {row["parameter"]: float(row["value"]) for row in rows}
    assert found == pytest.approx(expected, rel=1e-12)


def test_rows_of_a_table_are_named_as_in_the_file(tmp_path, capsys):
    parts = [
        write(tmp_path / name, {"frequency": x, "recency": t, "T": [9.5] * len(x), "name": x})
        for name, x, t in (("a.csv", [0, 1], [0, 2]), ("b.csv", [0, 2, -1], [0, 3, 1]))
    ]
    assert run("run", "clv_fit", *parts, "--option=unit=day") == 3
    assert "column `frequency`, b.csv, row 4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "option", "message"),
    [
        (
            "page_exits",
            "--customer-id=x",
            "--customer-id is of orders, and page_exits reads events",
        ),
        ("clv_fit", "--amount-is=line", "--amount-is is of orders, and clv_fit reads table"),
        ("rfm", "--event-kind=a=add", "--event-kind is of events, and rfm reads orders"),
        ("clv_fit", "--as-of=2026-01-01", "unknown option --as-of"),
        ("sessions", "--as-of=12:xx", "no moment"),
        ("sessions", "--option=basis=gross", "unknown option `basis`"),
    ],
)
def test_options_of_other_files_are_refused(task, option, message, files, capsys):
    said = ["--option=unit=day"] if task == "clv_fit" else ["--currency=JPY"]
    assert run("run", task, files[crm.describe(task)["reads"]], option, *said) in (2, 3)
    assert message in capsys.readouterr().err
