"""Files that are packed, piped, or are a table of another kind."""

import gzip
import io
import os
import sqlite3
import sys
import threading
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from sources import AMOUNTS, JAPANESE, PACKED, PLAIN, ROWS, amounts, texts, xlsx, zipped

from crm_core._cli import main
from crm_core._problem import Problem
from crm_core._reading.event_reading import load_events
from crm_core._reading.frames import load_frame
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings
from crm_core._reading.source import Source, sources_of

# ---- packed, piped -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_packed_files_are_known_by_their_bytes(write, kind, encoding):
    path = write(PACKED[kind](JAPANESE.encode(encoding)), "orders.bin")
    assert texts(path, "会員ID", "商品名") == [("00012", "コーヒー"), ("00013", "紅茶")]


@pytest.mark.parametrize("kind", PACKED)
def test_half_a_packed_file_is_refused(write, kind):
    packed = PACKED[kind]((ROWS * 500).encode())
    with pytest.raises(Problem, match=r"orders\.csv\.x is not a whole"):
        texts(write(packed[: len(packed) // 2], "orders.csv.x"))


def test_a_zip_of_several_files_is_asked_about(write):
    path = write(zipped(**{"jan.csv": ROWS, "feb.csv": PLAIN}), "orders.zip")
    with pytest.raises(Problem, match=r"orders\.zip holds 2 files") as caught:
        Source(path)
    assert "orders.zip#jan.csv" in caught.value.hint
    assert texts(path.with_name("orders.zip#jan.csv"), "amount") == [("19.80",), ("5.00",)]


def test_standard_input_and_pipes_are_read_once(monkeypatch, tmp_path, capfdbinary):
    for data in (gzip.compress(ROWS.encode()), b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        status = main(["run", "summary", "-"])
        told = capfdbinary.readouterr()
        if data:
            assert status == 0 and b"2 orders of 2 customers count" in told.err
            assert told.out.splitlines()[1].startswith(b'"a",2024-01-31')
        else:
            assert (status, told.err[:28]) == (3, b"crm: standard input is empty")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(ROWS.encode()))
    writer.start()
    assert texts(pipe, "amount") == [("19.80",), ("5.00",)]
    writer.join()


def test_an_open_descriptor_is_a_file(write):
    with open(write(ROWS), "rb") as file:
        assert amounts(Path(f"/dev/fd/{file.fileno()}")) == AMOUNTS
    out, into = os.pipe()
    os.write(into, ROWS.encode())
    os.close(into)
    assert amounts(Path(f"/dev/fd/{out}")) == AMOUNTS
    os.close(out)


# ---- columns and databases -----------------------------------------------------------------------


def test_a_directory_of_parquet_has_its_partitions_as_columns(tmp_path, table):
    shop = tmp_path / "shop"
    for at, name in enumerate(["channel=web", "channel=app"]):
        (shop / name).mkdir(parents=True)
        pq.write_table(table.slice(at, 1), shop / name / "part.parquet")
    loaded = load([shop], Settings(dimensions=["channel"]))
    assert loaded.table["channel"].to_pylist() == ["app", "web"]
    assert loaded.table["amount"].to_pylist() == AMOUNTS[::-1]
    assert loaded.rows.name(1) == "shop, channel=web/part.parquet, row 1"


def test_patterns_stand_for_files(tmp_path, table, write):
    for at in range(2):
        pq.write_table(table.slice(at, 1), tmp_path / f"{at}.parquet")
    assert load([tmp_path / "*.parquet"], Settings()).table["amount"].to_pylist() == AMOUNTS
    write(ROWS, "a.csv")
    write(ROWS.replace("\n1,", "\n3,").replace("\n2,", "\n4,"), "b.csv")
    loaded = load([tmp_path / "*.csv"], Settings())
    assert loaded.table["order_id"].to_pylist() == ["1", "2", "3", "4"]
    assert loaded.rows.name(2) == "b.csv, row 2"
    with pytest.raises(Problem, match=r"no file is called .*\.tsv"):
        sources_of([tmp_path / "*.tsv"], "auto", "auto")


@pytest.mark.parametrize("kind", ["file", "stream", "parquet.gz"])
def test_arrow_and_packed_parquet(tmp_path, table, kind):
    path = tmp_path / "orders.any"
    if kind == "file":
        feather.write_feather(table, path)
    elif kind == "stream":
        with pa.ipc.new_stream(path, table.schema) as out:
            out.write_table(table)
    else:
        packed = io.BytesIO()
        pq.write_table(table, packed)
        path.write_bytes(gzip.compress(packed.getvalue()))
    assert amounts(path) == AMOUNTS


def test_a_sqlite_table_is_named_behind_the_file(tmp_path):
    path = tmp_path / "shop one.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(
            'CREATE TABLE "my orders" (order_id INTEGER, customer_id, order_date, amount REAL)'
        )
        connection.execute(
            "INSERT INTO \"my orders\" VALUES (1, '007', '2024-01-31', 19.8), "
            "(2, 8, '2024-02-01', NULL)"
        )
    connection.close()
    assert texts(path) == [("1", "007", "2024-01-31", "19.8"), ("2", "8", "2024-02-01", None)]
    assert Source(path).row_name(1) == "shop one.sqlite, table my orders, row 2"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE VIEW "2024" AS SELECT * FROM "my orders" WHERE amount > 1')
        connection.execute("CREATE TABLE pictures (order_id, picture)")
        connection.execute("INSERT INTO pictures VALUES (1, x'00ff')")
    connection.close()
    with pytest.raises(Problem, match="holds 3 tables") as caught:
        Source(path)
    assert caught.value.hint.endswith("it has 2024, my orders, pictures.")
    with pytest.raises(Problem, match='has no table "orders"'):
        Source(path.with_name(path.name + "#orders"))
    assert texts(path.with_name(path.name + "#2024"), "amount") == [("19.8",)]
    with pytest.raises(Problem, match="column picture holds binary values"):
        texts(path.with_name(path.name + "#pictures"))
    before = path.read_bytes()
    with pytest.raises(Problem, match='has no table "x"; DROP'):
        Source(path.with_name(path.name + '#x"; DROP TABLE pictures'))
    assert path.read_bytes() == before


def test_a_duckdb_table_keeps_its_types(tmp_path, table):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("arrow", table)
        connection.sql("CREATE TABLE orders AS SELECT * FROM arrow")
    assert amounts(path) == AMOUNTS
    with duckdb.connect(str(path)) as connection:
        connection.sql("CREATE VIEW web AS SELECT * FROM orders WHERE order_id = 2")
    with pytest.raises(Problem, match="holds 2 tables"):
        Source(path)
    assert amounts(path.with_name("shop.duckdb#web")) == AMOUNTS[1:]


def test_a_part_of_a_plain_file_is_refused_and_a_name_may_have_the_sign(write):
    with pytest.raises(Problem, match="has no sheets or tables to name with #x"):
        Source(write(ROWS).with_name("orders.csv#x"))
    with pytest.raises(Problem, match="there is no file"):
        Source(write(ROWS).with_name("none.csv#x"))
    assert len(texts(write(ROWS, "orders#1.csv"))) == 2
    book = write(xlsx(a=[["x"]], b=[["amount"], [5]]), "b1.xlsx")
    (found,) = sources_of([book.with_name("b*.xlsx#b")], "auto", "auto")
    assert (found.headings, found.path.name) == (["amount"], "b1.xlsx#b")


def test_files_of_several_forms_are_read_as_one(write, tmp_path, table):
    pq.write_table(table, tmp_path / "orders.parquet")
    text = write(ROWS.replace("\n1,", "\n3,").replace("\n2,", "\n4,"))
    with pytest.raises(Problem, match="different types"):  # decimals beside texts
        load([text, tmp_path / "orders.parquet"], Settings())
    lines = write('{"order_id": 5, "customer_id": "c", "order_date": "2024-03-01", "amount": 1.5, '
                  '"currency": "USD"}', "more.jsonl")  # fmt: skip
    loaded = load([text, lines], Settings())
    assert loaded.table["amount"].to_pylist() == [*AMOUNTS, Decimal("1.50")]
    assert loaded.rows.name(2) == "more.jsonl, line 1"


def test_every_door_reads_every_form(write):
    log = write(
        '{"visitor_id": "v", "occurred_at": "2024-01-31T10:00:00", "kind": "view", "page": "/"}\n'
    )
    loaded, _ = load_events([log], Settings(), {}, None)
    assert loaded.table.num_rows == 1
    frame = load_frame([write(gzip.compress(b"customer_id,frequency\n01,3\n"))], Settings())
    assert frame.table.to_pylist() == [{"customer_id": "01", "frequency": 3}]
