"""The command's `--where`, `--where-customers`, `--by` and `--as-of` against the library's own."""

import csv
import datetime

import pyarrow as pa
import pytest
from pyarrow import parquet
from test_report import run

import crm_core as crm

DAY = datetime.date(2024, 1, 1)
CHANNELS = ["web", "app", "a b", "=x", "web"]


def shop() -> dict[str, list[object]]:
    return {
        "customer_id": [f"c{n % 4}" for n in range(20)],
        "ordered_at": [DAY + datetime.timedelta(10 * n) for n in range(20)],
        "amount": [100 * (n + 1) for n in range(20)],
        "channel": [CHANNELS[n % 5] for n in range(20)],
        "age": [n % 7 for n in range(20)],
    }


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("where") / "orders.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(shop())
        out.writerows(zip(*shop().values(), strict=True))
    return path


def asked(path, tmp_path, *more, task="summary"):
    out = tmp_path / "out.csv"
    assert run("run", task, path, "-q", "--currency=JPY", "--force", "-o", out, *more) == 0
    with open(out, encoding="utf-8", newline="") as file:
        return [row["customer_id"] + " " + row["revenue"] for row in csv.DictReader(file)]


def wanted(**scope):
    orders = crm.Orders(
        shop(), currency="JPY", channel="channel", dimensions=["age"], timezone="UTC"
    )
    table = crm.summary(orders, **scope).to_dict(money="minor")
    rows = zip(table["customer_id"], table["revenue"], strict=True)
    return [f"{customer} {revenue}" for customer, revenue in rows]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["channel=web"], {"channel": "web"}),
        (["channel=web|app"], {"channel": ["web", "app"]}),
        (["channel=a b"], {"channel": "a b"}),
        (["channel==x"], {"channel": "=x"}),
        (
            ["ordered_at=2024-02-10..2024-05-20"],
            {"ordered_at": {"from": "2024-02-10", "to": "2024-05-20"}},
        ),
        (["ordered_at=2024-02-10.."], {"ordered_at": {"from": "2024-02-10"}}),
        (["ordered_at=..2024-02-10"], {"ordered_at": {"to": "2024-02-10"}}),
        (["age=3"], {"age": 3}),
        (["age=2|3|5"], {"age": [2, 3, 5]}),
        (["age=2..4"], {"age": {"from": 2, "to": 4}}),
        (["age=4.."], {"age": {"from": 4}}),
        (["amount=..800"], {"amount": {"to": 800}}),
        (["amount=300|500"], {"amount": [300, 500]}),
        (["channel=web", "age=..2"], {"channel": "web", "age": {"to": 2}}),
    ],
)
def test_where(path, tmp_path, said, meant):
    scope = wanted(where=meant)
    assert scope != wanted(), "the condition leaves something out"
    assert scope, "and something in"
    found = asked(path, tmp_path, *(f"--where={one}" for one in said))
    assert [row.removesuffix(".0") for row in found] == scope


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("customer_id=c1", {"customer_id": "c1"}),
        ("first_channel=web|app", {"first_channel": ["web", "app"]}),
        ("first_month=2024-01-01..", {"first_month": {"from": "2024-01-01"}}),
        ("first_age=..1", {"first_age": {"to": 1}}),
    ],
)
def test_where_customers(path, tmp_path, said, meant):
    found = asked(path, tmp_path, f"--where-customers={said}")
    assert [row.removesuffix(".0") for row in found] == wanted(customers=meant)


def test_numbers_of_a_file_with_types_are_numbers(tmp_path):
    path = tmp_path / "orders.parquet"
    parquet.write_table(pa.table(shop()), path)
    for option, said, scope in (
        ("--where", "age=3|10", {"where": {"age": [3, 10]}}),
        ("--where", "age=3..10", {"where": {"age": {"from": 3, "to": 10}}}),
        ("--where-customers", "first_age=2..", {"customers": {"first_age": {"from": 2}}}),
    ):
        found = asked(path, tmp_path, f"{option}={said}")
        assert [row.removesuffix(".0") for row in found] == wanted(**scope)


def test_by_and_as_of(path, tmp_path):
    found = asked(path, tmp_path, "--by=channel", "--as-of=2024-03-01")
    assert [row.removesuffix(".0") for row in found] == wanted(by=["channel"], as_of="2024-03-01")


@pytest.mark.parametrize("option", ["--where", "--where-customers"])
@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["channel"], "channel is not COLUMN=VALUE"),
        (["age=old"], "age"),
        (["age=1..old"], "age"),
        (["age=1", "age=2"], "age"),
    ],
)
def test_what_is_no_condition_is_refused(tmp_path, capsys, option, said, message):
    """A number that is none, and a column said twice, of which one would be forgotten."""
    path = tmp_path / "orders.parquet"  # its columns have types
    parquet.write_table(pa.table(shop()), path)
    first = "" if option == "--where" else "first_"
    more = [f"{option}={first}{one}" for one in said]
    assert run("run", "summary", path, "-q", "--currency=JPY", *more) == 2
    error = capsys.readouterr().err
    assert message in error
    assert f"{option}:" in error


def test_options_reach_the_library(path, tmp_path, capsys):
    """What the command is told of the file and of the analysis."""
    out = tmp_path / "out.csv"
    for more, columns in (
        (["--option=churn_days=1", '--option=basis="gross"'], {"churn_days": 1, "basis": "gross"}),
        (['--option=occasion="day"'], {"occasion": "day"}),
    ):
        arguments = [
            "run",
            "purchase_counts",
            path,
            "-q",
            "--currency=JPY",
            "--force",
            "-o",
            out,
            *more,
        ]
        assert run(*arguments) == 0
        with open(out, encoding="utf-8", newline="") as file:
            found = [(row["k"], row["churned"], row["pending"]) for row in csv.DictReader(file)]
        orders = crm.Orders(shop(), currency="JPY", timezone="UTC")
        table = crm.run("purchase_counts", orders, columns).to_dict()
        names = ("k", "churned", "pending")
        assert found == [tuple(map(str, row)) for row in zip(*map(table.get, names), strict=True)]
    assert run("run", "purchase_counts", path, "-q", "--currency=JPY", "--option=churn_dayz=1") == 2
    assert "churn_days" in capsys.readouterr().err
