"""What the command and `read_orders` tell beside the result: totals, doubts, names of the file."""

import re
import warnings

import pandas as pd
import pytest

import crm_core as crm
from crm_core import _cli

ORDERS = """order number,date,customer,total,shipping cost,note
1,2025-01-05,a,20.00,5,x
2,2025-01-06,b,30.50,5,y
3,2025-01-07,,9.50,5,z
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    return path


def command(capsys, *arguments):
    status = _cli.main([str(one) for one in arguments])
    told = capsys.readouterr()
    return status, told.out, " ".join(told.err.split())


def test_the_command_tells_what_the_file_comes_to(path, capsys):
    status, out, told = command(capsys, "run", "summary", path, "--currency", "USD")
    assert status == 0
    assert "2 orders of 2 customers count, and 1 of guests: $60.00 in all." in told
    assert 'Numbers and dates that were not read: "shipping cost".' in told
    assert "of guests" not in out
    _, _, told = command(capsys, "run", "summary", path, "--currency", "USD", "--quiet")
    assert told == ""


def test_all_missing_columns_are_named_at_once(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text("p,q,r\n2025-01-05,abc,19.90\n2025-01-06,xyz,5.00\n")
    status, _, told = command(capsys, "run", "summary", path)
    assert status != 0
    assert "customer_id or like ordered_at or like amount" in told
    assert "--customer-id" in told and "--ordered-at" in told and "--amount" in told


@pytest.mark.parametrize(
    ("condition", "customers"),
    [("total=20..25", ["a"]), ("total=30.50", ["b"]), ("amount=..30", ["a"])],
)
def test_amounts_can_be_conditions(path, capsys, condition, customers):
    arguments = ["--currency", "USD", "--where", condition]
    status, out, told = command(capsys, "run", "rfm", path, *arguments)
    assert status == 0, told
    assert [line.split(",")[0].strip('"') for line in out.splitlines()[1:]] == customers


def test_a_column_that_the_file_lacks_is_asked_for_by_its_option(path, capsys):
    _, _, told = command(capsys, "run", "acquisition", path, "--currency", "USD")
    assert "no column of the file is the channel" in told and "--channel COLUMN" in told
    _, _, told = command(capsys, "run", "movement", path, "--currency", "USD")
    assert "--since" in told and "`since`" not in told


def test_a_customers_table_that_joins_nothing_is_said(path, tmp_path, capsys):
    for ids, joins in ((["a", "z"], True), (["A1", "B1"], False)):
        table = tmp_path / "customers.csv"
        table.write_text("customer,name\n" + "".join(f"{one},n\n" for one in ids))
        arguments = ["--currency", "USD", "--customers", table]
        _, _, told = command(capsys, "run", "summary", path, *arguments)
        assert ("None of the 2 customers" in told) != joins


def test_a_directory_of_two_kinds_of_files_is_refused(tmp_path, capsys):
    folder = tmp_path / "all"
    folder.mkdir()
    pd.read_csv(pd.io.common.StringIO(ORDERS)).to_parquet(folder / "a.parquet")
    assert command(capsys, "run", "summary", folder, "--currency", "USD")[0] == 0
    (folder / "b.csv").write_text(ORDERS)
    status, _, told = command(capsys, "run", "summary", folder, "--currency", "USD")
    assert status != 0 and "Parquet files and others (.csv)" in told


def test_doubts_are_warnings_of_python(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS.replace("shipping cost", "credit note total"))
    with pytest.warns(crm.ReadingWarning, match="credit note total") as told:
        orders = crm.read_orders(path, currency="USD")
    assert [str(one.message) for one in told] == orders.understanding.warnings
    assert told[0].filename == __file__
    assert re.search(r"\d warnings? in .understanding", repr(orders))
    with warnings.catch_warnings():
        warnings.simplefilter("error", crm.ReadingWarning)
        sure = crm.read_orders(path, currency="USD", ignore=["credit note total"])
    assert "warning" not in repr(sure)
