"""Tables on their way out: the same cells through every exit, labels and money as asked for."""

import datetime
import decimal
import io
import json
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

import crm_core as crm
from crm_core import _display

TASKS = ["summary", "clv_summary", "rfm", "cpm", "cpm_segments", "decile", "monthly"]


@pytest.fixture(scope="module", params=TASKS)
def table(request: pytest.FixtureRequest, orders: crm.Orders) -> crm.Table:
    options: dict[str, Any] = {"by": ["channel"]} if request.param == "cpm_segments" else {}
    return crm.run(request.param, orders, {"as_of": "2025-06-30", **options})


@pytest.mark.parametrize("labels", ["en", "ja"])
@pytest.mark.parametrize("money", ["float", "minor", "decimal"])
def test_every_exit_tells_the_same(table: crm.Table, labels: Any, money: Any) -> None:
    cells = table.to_dict(labels=labels, money=money)
    assert all(len(column) == len(table) for column in cells.values())
    assert table.to_arrow(labels=labels, money=money).to_pydict() == cells
    assert table.to_polars(labels=labels, money=money).to_dict(as_series=False) == cells

    frame = table.to_pandas(labels=labels, money=money)
    assert list(frame.columns) == list(cells)
    arrays = table.to_numpy(labels=labels, money=money)
    for name, column in cells.items():
        assert plain(frame[name]) == column
        assert plain(pd.Series(arrays[name])) == column


def plain(series: Any) -> list[Any]:
    """A column of pandas as Python's objects, dates as dates, None for missing."""
    out = []
    for cell in series.tolist():
        if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
            out.append(None)
        elif isinstance(cell, pd.Timestamp):
            out.append(cell.date())
        else:
            out.append(cell)
    return out


def test_arrow_consumers_take_it_whole(table: crm.Table) -> None:
    exact = table.to_dict(money="decimal")
    assert pa.table(table).to_pydict() == exact
    assert pl.DataFrame(table).to_dict(as_series=False) == exact
    out = duckdb.from_arrow(pa.table(table)).fetchall()
    assert [tuple(row) for row in zip(*exact.values(), strict=True)] == out


def test_types_of_the_columns(orders: crm.Orders) -> None:
    summary = crm.summary(orders)
    frame = summary.to_pandas()
    assert str(frame["first_date"].dtype) == "datetime64[s]"
    assert str(frame["revenue"].dtype) == "float64"
    assert str(frame["gap_min"].dtype) == "Int64"
    assert str(frame["customer_id"].dtype) == ("str" if pd.__version__ >= "3" else "object")
    assert frame.attrs["crm"]["hash"] == summary.hash
    cpm = crm.cpm(orders).to_pandas()
    assert isinstance(cpm["segment"].dtype, pd.CategoricalDtype)
    arrays = summary.to_numpy()
    assert arrays["first_date"].dtype == "datetime64[D]"
    assert arrays["orders"].dtype == "int32"
    assert arrays["gap_min"].dtype == "float64"
    assert summary.to_numpy(money="minor")["revenue"].dtype == "int64"
    arrow = pa.table(summary).schema
    assert arrow.field("revenue").type == pa.decimal128(19, 0)
    assert arrow.field("last_date").type == pa.date32()
    assert arrow.field("revenue").metadata[b"currency"] == b"JPY"
    assert json.loads(arrow.metadata[b"crm"]) == summary.definition
    assert arrow.metadata[b"crm.hash"].decode() == summary.hash


def test_what_it_is(orders: crm.Orders) -> None:
    table = crm.rfm(orders, "2025-06-30", levels=5)
    assert table.columns == list(table) == list(table.schema)
    assert table.schema["revenue"] == {
        "type": "money", "unit": "currency", "ja": "売上", "currency": "JPY",
        "decimals": 0,
    }  # fmt: skip
    assert table.schema["customer_id"]["id_type"] == "text"
    assert table.definition["analysis"] == "rfm"
    assert table.definition["scope"]["as_of"] == "2025-06-30"
    assert len(str(table.hash)) == 16
    assert set(table.notes["cuts"]) == {"recency", "frequency", "monetary"}
    assert table["r"].tolist() == table.to_dict()["r"]
    assert "r" in table and "R" not in table
    with pytest.raises(KeyError, match="there are customer_id, recency_days"):
        table["x"]


def test_another_day_is_another_hash_and_the_same_day_is_not(orders: crm.Orders) -> None:
    by_text, by_date = crm.rfm(orders, "2025-06-30"), crm.rfm(orders, datetime.date(2025, 6, 30))
    assert by_text.hash == by_date.hash
    assert by_text.hash == crm.rfm(orders, pd.Timestamp("2025-06-30 12:34")).hash
    assert by_text.hash == crm.rfm(orders, np.datetime64("2025-06-30")).hash
    assert by_text.hash != crm.rfm(orders, "2025-06-29").hash


def test_several_days(orders: crm.Orders) -> None:
    days = crm.month_ends("2025-04-01", datetime.date(2025, 6, 1))
    assert days == [
        datetime.date(2025, 4, 30),
        datetime.date(2025, 5, 31),
        datetime.date(2025, 6, 30),
    ]
    table = crm.cpm_segments(orders, days)
    assert table.columns[0] == "as_of"
    assert sorted(set(table.to_dict()["as_of"])) == days
    index = crm.cpm_segments(orders, pd.DatetimeIndex(days))
    assert index.to_dict() == table.to_dict()


def test_japanese(orders: crm.Orders) -> None:
    table = crm.cpm(orders, "2025-06-30")
    japanese = table.to_dict(labels="ja")
    english = table.to_dict()
    assert "会員ID" in japanese and "customer_id" in english
    pairs = set(zip(english["segment"], japanese["セグメント"], strict=True))
    assert ("first", "初回") in pairs and ("excellent", "優良") in pairs
    frame = table.to_pandas(labels="ja")
    assert set(frame["セグメント"]) == set(japanese["セグメント"])


def test_money_is_rounded_once() -> None:
    data = {
        "customer_id": [1, 1],
        "ordered_at": [datetime.date(2026, 1, 1)] * 2,
        "amount": [decimal.Decimal("90071992547409.93"), decimal.Decimal("0.05")],
    }
    table = crm.summary(crm.Orders(data, currency="USD"))
    assert table.to_dict(money="minor")["revenue"] == [9007199254740998]
    assert table.to_dict(money="decimal")["revenue"] == [decimal.Decimal("90071992547409.98")]
    assert table.to_dict()["revenue"] == [90071992547409.98]
    assert table["revenue"].tolist() == [90071992547409.98]


def test_null_cells_leak_nothing(orders: crm.Orders) -> None:
    """What lies under a null is zero, so that no buffer carries what it should not."""
    arrow = pa.table(crm.summary(orders)).combine_chunks()
    looked = 0
    for column in arrow.columns:
        chunk = column.chunk(0)
        if chunk.null_count == 0 or pa.types.is_decimal(chunk.type):
            continue
        raw = np.frombuffer(chunk.buffers()[1], chunk.type.to_pandas_dtype(), len(chunk))
        assert (raw[np.asarray(chunk.is_null())] == 0).all()
        looked += 1
    assert looked >= 3


def test_on_screen(orders: crm.Orders) -> None:
    table = crm.rfm(orders)
    assert repr(table).startswith(f"<crm_core.Table rfm, {len(table):,} rows>\ncustomer_id ")
    page = table._repr_html_()
    assert page.count("<tr>") == 11 and f"and {len(table) - 10:,} more rows" in page
    odd = crm.Orders(
        {"customer_id": ["<b>&"], "ordered_at": [datetime.date(2026, 1, 1)], "amount": [1]},
        currency="JPY",
    )
    assert "&lt;b&gt;&amp;" in crm.summary(odd)._repr_html_()
    assert len(table.head(3)) == 3 and table.head(3).to_dict()["r"] == table.to_dict()["r"][:3]
    assert repr(orders).startswith(f"<crm_core.Orders, {len(orders):,} orders of ")


def test_cells_are_shown_as_what_they_are() -> None:
    data = {
        "customer_id": ["花子", "b|c", "b|c", "long" * 20],
        "ordered_at": ["2026-01-05", "2026-02-01", "2026-02-11", "2026-03-01"],
        "amount": [1234.5, 2.0, 3.0, 10.0],
    }
    table = crm.summary(crm.Orders(data, currency="USD"), "2026-03-11")
    lines = table.to_text(width=70).splitlines()
    assert lines[0].split() == ["customer_id", "first_date", "last_date"]
    # A letter of Japan takes two columns, so the dates stand below each other.
    wide = [line.replace("花子", "花子__") for line in lines[1:4]]
    assert len({line.index("2026-") for line in wide}) == 1
    assert "…" in lines[2]
    assert lines[4].startswith("further columns: orders, purchase_days, revenue (USD)")
    segments = crm.rfm_segments(crm.Orders(data, currency="USD"), "2026-03-11")
    marked = segments.to_markdown()
    assert "revenue (USD)" in marked and "1,239.50" in marked
    assert "66.7%" in marked
    assert "b\\|c" in table.to_markdown()
    html = table.to_html(rows=1)
    assert "<caption>summary, 3 rows</caption>" in html and "and 2 more rows" in html
    assert "売上 (USD)" in table.to_text(labels="ja", width=500)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.123456, "0.1235"), (-999.5, "-999.5"), (1000.0, "1,000.00"), (-1000.0, "-1,000.00")],
)
def test_a_number_has_two_decimals_from_a_thousand_on(number: float, shown: str) -> None:
    assert _display._shown(number, {"type": "float", "unit": "days"}) == shown


def test_csv_is_exact_and_reads_back(orders: crm.Orders, tmp_path: Any) -> None:
    table = crm.summary(orders)
    text = table.to_csv()
    assert text is not None and text.startswith("customer_id,first_date,")
    again = pd.read_csv(io.StringIO(text))
    wanted = table.to_dict(money="minor")
    assert again["revenue"].tolist() == wanted["revenue"]
    assert again["first_date"].tolist() == [str(day) for day in wanted["first_date"]]
    assert again["gap_sd"].isna().tolist() == [cell is None for cell in wanted["gap_sd"]]
    assert table.to_csv(str(tmp_path / "summary.csv")) is None
    assert (tmp_path / "summary.csv").read_bytes().decode() == text
    table.to_parquet(str(tmp_path / "summary.parquet"))
    assert pa.parquet.read_table(tmp_path / "summary.parquet").num_rows == len(table)


def test_a_table_outlives_what_made_it(shop: crm.Table) -> None:
    stream = pa.table(crm.summary(crm.Orders(shop, currency="JPY", guests="drop", bad_rows="drop")))
    assert stream.num_rows > 0


def test_a_table_goes_back_in(shop: crm.Table) -> None:
    settings: dict[str, Any] = {"currency": "JPY", "order_id": "order_id", "guests": "drop"}
    direct = crm.Orders(shop, **settings)
    for frame in (shop.to_pandas(), shop.to_polars(), shop.to_arrow(), shop.to_dict()):
        again = crm.Orders(frame, timezone="UTC", **settings)
        assert crm.summary(again).to_dict() == crm.summary(direct).to_dict()


def test_a_missing_text_is_missing(shop: crm.Table) -> None:
    texts = [None if pd.isna(cell) else cell for cell in shop.to_pandas()["customer_id"]]
    assert None in texts
    assert texts == shop.to_dict()["customer_id"]


def test_an_empty_table_has_its_types() -> None:
    empty: dict[str, Any] = {"customer_id": np.array([], "i8"), "ordered_at": [], "amount": []}
    table = crm.summary(crm.Orders(empty, currency="JPY"))
    assert len(table) == 0
    assert table.to_arrow().schema.field("customer_id").type == pa.int64()
    assert len(table.to_pandas()) == len(table.to_polars()) == 0
    assert table._repr_html_().startswith("<table>")


def test_a_table_is_a_mapping_of_columns_and_no_array(shop: crm.Table) -> None:
    """`pd.DataFrame(table)` made a frame of the columns' names."""
    for of in (pd.DataFrame, np.asarray, np.array):
        with pytest.raises(TypeError, match=r"use table\.to_pandas\(\) for a frame"):
            of(shop)
        with pytest.raises(TypeError, match="to_pandas"):
            of(shop.head(0))
    assert list(shop) == shop.keys() == shop.columns
    columns = dict(shop)
    assert list(columns) == shop.columns
    frame = pd.DataFrame(columns)
    assert len(frame) == len(shop)
    assert frame["amount"].tolist() == shop.to_dict()["amount"]
    assert pl.DataFrame(shop)["amount"].to_list() == shop.to_dict()["amount"]
