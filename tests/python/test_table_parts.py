"""Parts of tables: chosen rows and columns, copies, files, and what they say of themselves."""

import copy
import datetime
import io
import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import python_calamine

import crm_core as crm

DAY = "2025-12-31"
TASKS = ["summary", "cpm", "monthly", "lead_times", "alerts", "purchase_flow"]


def table_of(task: str, orders: crm.Orders) -> crm.Table:
    return crm.run(task, orders, {"as_of": DAY})


@pytest.mark.parametrize("task", TASKS)
def test_a_part_is_the_table_through_every_exit(task: str, orders: crm.Orders) -> None:
    whole = table_of(task, orders)
    part = whole[np.ones(len(whole), bool)]
    assert part.schema == whole.schema and part.columns == whole.columns
    assert part.definition == whole.definition and part.hash == whole.hash
    assert part.notes == whole.notes and repr(part) == repr(whole)
    for labels in ("en", "ja"):
        for money in ("float", "minor", "decimal"):
            ways: dict[str, Any] = {"labels": labels, "money": money}
            assert part.to_dict(**ways) == whole.to_dict(**ways)
            arrow = part.to_arrow(**ways)
            assert arrow.schema.equals(whole.to_arrow(**ways).schema, check_metadata=True)
            assert arrow.equals(whole.to_arrow(**ways))
            pd.testing.assert_frame_equal(part.to_pandas(**ways), whole.to_pandas(**ways))
            assert part.to_polars(**ways).equals(whole.to_polars(**ways))
    assert pa.table(part).equals(pa.table(whole))


def test_of_events_and_odd_ids(events: crm.Events) -> None:
    whole = crm.sessions(events)
    assert pa.table(whole[np.ones(len(whole), bool)]).schema.equals(
        pa.table(whole).schema, check_metadata=True
    )
    assert pa.table(whole[np.ones(len(whole), bool)]).equals(pa.table(whole))
    for ids in ([3, -7], np.array([2**63, 5], "u8"), pa.array([b"ab", b"cd"], pa.binary(2))):
        data = pa.table({"customer_id": ids, "ordered_at": ["2026-01-05"] * 2, "amount": [1, 2]})
        table = crm.summary(crm.Orders(data, currency="USD"))
        assert pa.table(table[table["orders"] > 0]).equals(pa.table(table))
        assert pa.table(table[table["orders"] > 0]).schema.equals(
            pa.table(table).schema, check_metadata=True
        )
        assert table[1:].to_dict()["customer_id"] == table.to_dict()["customer_id"][1:]
        assert pickle.loads(pickle.dumps(table)).to_dict() == table.to_dict()


def test_rows_and_columns_in_brackets(orders: crm.Orders) -> None:
    table = crm.rfm(orders, DAY)
    cells = table.to_dict()
    assert table[5:8].to_dict() == {name: column[5:8] for name, column in cells.items()}
    assert table[::-7].to_dict() == {name: column[::-7] for name, column in cells.items()}
    assert len(table[9_999:]) == 0 and table[9_999:].columns == table.columns
    some = table[["segment", "customer_id"]]
    assert some.to_dict() == {name: cells[name] for name in ("segment", "customer_id")}
    best = table[table["r"] == 5]
    assert set(best["r"].tolist()) == {5} and len(best) == cells["r"].count(5)
    with pytest.raises(KeyError, match="there are customer_id"):
        table[["segment", "x"]]
    with pytest.raises(KeyError, match="named twice"):
        table[["r", "r"]]
    for wrong in (0, [True], np.array([1, 2]), None, ["r", 1]):
        with pytest.raises(TypeError, match="in brackets: expected a column"):
            table[wrong]  # type: ignore[call-overload]


def test_take_and_select(orders: crm.Orders) -> None:
    table = crm.cpm(orders, DAY)
    frame = table.to_pandas()
    places = [5, -1, 0, 5]
    for rows in (places, np.array(places), tuple(places)):
        assert table.take(rows).to_pandas().equals(frame.iloc[places].reset_index(drop=True))
    assert table.take([]).columns == table.columns and len(table.take([])) == 0
    assert len(table.take([]).take([])) == 0
    part = table.select("state", "customer_id")
    assert part.to_pandas().equals(frame[["state", "customer_id"]])
    assert part.hash == table.hash and part.words("state") == table.words("state")
    for row in (len(table), -len(table) - 1):
        with pytest.raises(IndexError, match=f"no row {row}; there are"):
            table.take([0, row])
    with pytest.raises(IndexError, match="no row 0; there are 0 rows"):
        table.take([]).take([0])
    for wrong in ([0.5], ["0"], [True], 3, [[1]]):
        with pytest.raises(TypeError, match="expected a list of whole numbers"):
            table.take(wrong)
    with pytest.raises(KeyError, match="no column 'stat'"):
        table.select("stat")
    with pytest.raises(KeyError, match="named twice"):
        table.select("state", "state")


def test_filter(orders: crm.Orders) -> None:
    table = crm.summary(orders, DAY)
    frame = table.to_pandas()
    found = table.filter(orders={"from": 3, "to": 5}, last_date={"from": "2025-06-01"})
    wanted = frame[frame.orders.between(3, 5) & (frame.last_date >= "2025-06-01")]
    assert found["customer_id"].tolist() == wanted.customer_id.tolist() and len(found) > 0
    assert len(table.filter({"gap_mean": None})) == int(frame.gap_mean.isna().sum())
    assert len(table.filter(gap_mean={"from": 0})) == int(frame.gap_mean.notna().sum())
    ids = ["C0000001", "C0000002", "unknown"]
    assert table.filter(customer_id=ids)["customer_id"].tolist() == ids[:2]
    day = datetime.date(2025, 12, 1)
    assert len(table.filter(last_date={"to": day})) == int((frame.last_date <= str(day)).sum())
    both = table.filter(table["orders"] > 2, orders={"to": 4})
    assert sorted(set(both["orders"].tolist())) == [3, 4]
    assert table.filter() is table
    portfolio = crm.cpm(orders, DAY)
    for condition, message in (
        ({"segment": "excelent"}, "not one of its words"),
        ({"tenure_days": "long"}, "expected a number"),
        ({"tenure_days": {"form": 3}}, "expected the keys `from` and `to`"),
        ({"customer_id": {"from": 3}}, "expected a text"),
    ):
        with pytest.raises(crm.OptionError, match=message):
            portfolio.filter(condition)
    with pytest.raises(crm.OptionError) as error:
        portfolio.filter(segment="excelent")
    assert error.value.hint == "did you mean `excellent`?"
    with pytest.raises(KeyError, match="no column"):
        portfolio.filter(segments="first")


def test_filter_of_instants(events: crm.Events) -> None:
    sessions = crm.sessions(events)
    found = sessions.filter(started_at={"from": "2026-02-01", "to": "2026-02-03"})
    days = {start.date() for start in found.to_dict()["started_at"]}
    assert days <= {datetime.date(2026, 2, day) for day in (1, 2, 3)} and len(days) == 3
    wanted = [s for s in sessions.to_dict()["started_at"] if s.date() in days]
    assert len(found) == len(wanted)
    with pytest.raises(crm.OptionError, match="expected a time"):
        sessions.filter(started_at={"from": "soon"})


def test_sort(orders: crm.Orders) -> None:
    table = crm.summary(orders, DAY)
    frame = table.to_pandas()
    for by, down in ((["gap_mean"], [True]), (["orders", "revenue"], [False, True])):
        found = table.sort(*by, descending=down)
        wanted = frame.sort_values(by, ascending=[not one for one in down], kind="stable")
        assert found["customer_id"].tolist() == wanted.customer_id.tolist()
    segments = crm.rfm(orders, DAY).sort("segment")["segment"].tolist()
    words = list(crm.rfm(orders, DAY).words("segment"))
    assert segments == sorted(segments, key=words.index) and segments != sorted(segments)
    with pytest.raises(crm.OptionError, match="as many as columns"):
        table.sort("orders", descending=[True, False])


def test_describe(orders: crm.Orders) -> None:
    table = crm.summary(orders, DAY)
    about = table.describe().to_dict()
    frame = table.to_pandas()
    assert about["column"] == table.columns
    assert about["missing"] == frame.isna().sum().tolist()
    assert about["distinct"] == frame.nunique().tolist()
    at = table.columns.index("revenue")
    assert about["greatest"][at] == f"{frame.revenue.max():,.0f}"
    assert about["mean"][at] == f"{frame.revenue.mean():,.0f}"
    assert table[:0].describe().to_dict()["distinct"] == [0] * len(table.columns)
    assert len(table.describe().to_pandas()) == len(table.columns)


def test_copies_and_pickles(orders: crm.Orders) -> None:
    table = crm.rfm(orders, DAY)
    assert copy.copy(table) is table and copy.deepcopy({"t": table})["t"] is table
    again = pickle.loads(pickle.dumps(table))
    assert again.to_dict() == table.to_dict() and again.notes == table.notes
    assert again.words("segment") == table.words("segment")
    assert pickle.loads(pickle.dumps(again[:3])).to_dict() == table.head(3).to_dict()


def test_models_take_a_part_of_a_summary(orders: crm.Orders) -> None:
    """The unit of time is that of the summary."""
    summary = crm.clv_summary(orders, DAY, unit="week")
    model = crm.MbgNbd().fit(summary)
    assert crm.MbgNbd().fit(pickle.loads(pickle.dumps(summary))).params_ == model.params_
    frequent = summary.filter(frequency={"from": 3})
    predicted = model.predict(frequent, only=["probability_alive"])
    known = dict(
        zip(*model.predict(summary, only=["probability_alive"]).to_dict().values(), strict=True)
    )
    assert predicted.to_dict()["customer_id"] == frequent.to_dict()["customer_id"]
    for customer, alive in zip(*predicted.to_dict().values(), strict=True):
        assert alive == known[customer]
    with pytest.raises(crm.OptionError, match="unit"):
        model.predict(frequent, unit="day")


def test_json(orders: crm.Orders, tmp_path: Any) -> None:
    table = crm.summary(orders, DAY)
    rows = json.loads(table.to_json() or "")
    assert [row["revenue"] for row in rows] == table["revenue"].tolist()
    assert rows[0]["first_date"] == str(table["first_date"][0])
    assert sum(row["gap_mean"] is None for row in rows) == int(np.isnan(table["gap_mean"]).sum())
    assert table.to_json(str(tmp_path / "t.json"), labels="ja") is None
    assert "会員ID" in (tmp_path / "t.json").read_text(encoding="utf-8")
    assert pl.read_json(io.StringIO(table.to_json() or "")).height == len(table)
    exact = json.loads(table.to_json(money="decimal") or "")
    assert exact[0]["revenue"] == str(table.to_dict(money="decimal")["revenue"][0])


def test_xlsx_reads_back(orders: crm.Orders, tmp_path: Any) -> None:
    for task in ("summary", "cpm_segments", "alerts"):
        table = table_of(task, orders)
        path = tmp_path / f"{task}.xlsx"
        table.to_xlsx(str(path), labels="ja")
        book = python_calamine.load_workbook(path)
        assert book.sheet_names == ["table", "definition"]
        heading, *rows = book.get_sheet_by_index(0).to_python()
        cells = table.to_dict(labels="ja")
        assert heading == list(cells)
        for at, column in enumerate(cells.values()):
            assert [row[at] if row[at] != "" else None for row in rows] == [
                float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell
                for cell in column
            ]
        about = dict(book.get_sheet_by_index(1).to_python())
        assert about["hash"] == table.hash
        assert json.loads(str(about["scope"])) == table.definition["scope"]
    odd = {"customer_id": ["=1+1", " <b>&\x01"], "ordered_at": ["2026-01-05"] * 2, "amount": [1, 2]}
    crm.summary(crm.Orders(odd, currency="USD")).to_xlsx(str(tmp_path / "odd.xlsx"))
    rows = python_calamine.load_workbook(tmp_path / "odd.xlsx").get_sheet_by_index(0).to_python()
    assert {row[0] for row in rows[1:]} == {"=1+1", " <b>&\ufffd"}
    wide = {"customer_id": [2**60 + 1], "ordered_at": ["2026-01-05"], "amount": [1]}
    crm.summary(crm.Orders(wide, currency="USD")).to_xlsx(str(tmp_path / "wide.xlsx"))
    rows = python_calamine.load_workbook(tmp_path / "wide.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1][0] == str(2**60 + 1)


def test_a_group_is_chosen_for_a_picture(orders: crm.Orders) -> None:
    from matplotlib import pyplot as plt

    table = crm.decile(orders, DAY, by=["channel"])
    axes = table.filter(channel="ads").plot()
    alone = crm.decile(orders, DAY, where={"channel": "ads"})
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == [alone["revenue"][alone["decile"] == k].sum() for k in range(1, 11)]
    plt.close("all")


def test_the_interchange_protocol(orders: crm.Orders) -> None:
    assert crm.rfm(orders).__dataframe__().num_columns() == 8


def test_notebooks_show_orders_and_models(orders: crm.Orders, events: crm.Events) -> None:
    page = orders._repr_html_()
    assert f"{len(orders):,} orders" in page and "<caption>" in page
    for reason in orders.reconciliation.to_dict()["reason"]:
        assert reason in page
    assert "crm_core.Events" in events._repr_html_()
    model = crm.MbgNbd().fit(orders, unit="week")
    page = model._repr_html_()
    assert "MbgNbd, converged" in page and page.count("<tr>") == 5
    for name, value in model.params_.items():
        assert f"<td>{name}</td><td>{value:,.6g}</td>" in page
        assert f"<td>{model.standard_errors_[name]:,.6g}</td>" in page
    assert crm.MbgNbd()._repr_html_() == "<p>MbgNbd, not fitted</p>"
    given = crm.BgNbd.from_params(r=1.0, alpha=2.0, a=1.0, b=2.0, unit="day")
    assert "<td>–</td>" in given._repr_html_()


def test_paths_are_texts_or_paths(orders: crm.Orders, tmp_path: Any) -> None:
    table = crm.decile(orders)
    for write in (table.to_csv, table.to_json, table.to_parquet, table.to_xlsx):
        write(tmp_path / "table")
        assert (tmp_path / "table").stat().st_size > 0
        (tmp_path / "table").unlink()


def test_a_path_where_a_table_belongs_says_what_reads_files(tmp_path: Any) -> None:
    for path in ("orders.csv", tmp_path / "orders.csv"):
        with pytest.raises(crm.SchemaError, match="path of a file is no table") as error:
            crm.Orders(path, currency="JPY")
        assert "read_orders" in str(error.value.hint)
        with pytest.raises(TypeError, match="path of a file: read_orders reads one"):
            crm.rfm(path)


def test_what_models_and_customers_print() -> None:
    assert repr(crm.MbgNbd(confidence=0.9)) == "MbgNbd(confidence=0.9)"
    assert repr(crm.MbgNbd()) == "MbgNbd()"
    assert repr(crm.Customers({"customer_id": [1]})) == "<crm_core.Customers, 1 customer>"
