"""Rules of one line, each where it decides: no other test asked them there.

Every expected value is worked out by hand in its test.
"""

import io
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from matplotlib import pyplot as plt
from rich.console import Console
from test_bounds import MODEL, SUMMARY
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core import _cli_files, _cli_short, _xlsx, plot
from crm_core._engine.curves import Curve
from crm_core._problem import Misuse, Problem
from crm_core._reading import json_shapes
from crm_core._reading.order_reading import load
from crm_core._reading.settings import Settings
from crm_core._report import grid, screen, words
from crm_core._report.grid import Grid
from crm_core._report.money import Currency
from crm_core._report.sections import conclusions
from crm_core._report.sections.parts import Figure
from crm_core._report.sections.voice import Voice
from crm_core.plot._shop import _season

EN = Voice("en", Currency("JPY", 0))

# ---- curves of partitions ------------------------------------------------------------------------


def curve(times, events, censored):
    return Curve.of(np.array(times), np.array(events, "f8"), np.array(censored, "f8"))


def test_before_the_first_event_nobody_has_had_it():
    four = curve([5, 9], [1, 1], [1, 1])
    # Wilson's interval of none of four: from 0 to z² / (n + z²).
    assert four.ended_by(3, 0.95) == pytest.approx((0, 0, 3.8415 / 7.8415), abs=1e-4)
    assert four.ended_by(5, 0.95)[0] == 1 / 4
    assert np.isnan(four.ended_by(10, 0.95)).all()


@pytest.mark.parametrize(
    ("times", "events", "censored", "median"),
    [
        ([1, 2], [1, 1], [0, 0], 1),  # exactly half are left
        ([1, 2, 3], [3, 2, 5], [0, 0, 0], 2),  # 7/10 × 5/7 is not quite a half
        ([1, 2], [1, 0], [1, 1], np.nan),  # two thirds
    ],
)
def test_the_median_is_where_half_are_left(times, events, censored, median):
    assert curve(times, events, censored).median() == pytest.approx(median, nan_ok=True)


# ---- what is read --------------------------------------------------------------------------------

TWICE = """Order ID,Date,Customer,Total
1,2024-01-05,a,10.50
1,2024-01-05,a,10.50
2,2024-01-06,b,20.25
"""


def test_a_repeated_total_that_the_user_confirms_is_not_said():
    assert "several rows" in warned(crm.read_orders(frame(TWICE), currency="USD"))
    said = crm.read_orders(frame(TWICE), currency="USD", amount_is="order")
    assert "several rows" not in warned(said) and totals(said) == {"a": 10.5, "b": 20.25}


def lists(heading):
    table = frame(TWICE.replace("1,2024-01-05,a,10.50\n", "", 1))
    return table.append_column(heading, pa.array([["yes"], ["no"]]))


def test_lists_are_no_flags_of_tax_and_no_ids():
    plain = crm.read_orders(lists("tax_included"), currency="USD", ignore=["tax_included"])
    assert totals(crm.read_orders(lists("tax_included"), currency="USD")) == totals(plain)
    assert totals(crm.read_orders(lists("customer_id"), currency="USD", customer_id="Customer"))


def test_lists_are_not_filled_down():
    with pytest.raises(crm.DataError, match="the column holds lists"):
        crm.read_orders(lists("x"), currency="USD", fill_down=["x"])


def test_a_discount_of_the_order_is_taken_off_once():
    text = (
        "Order ID,Date,Customer,Item,Line Total,Order Discount\n"
        "1,2024-01-05,a,x,10.50,2.25\n1,2024-01-05,a,y,12.00,2.25\n2,2024-01-06,b,x,10.50,\n"
    )
    of = {"discount": "Order Discount", "order_level": ["Order Discount"]}
    assert totals(crm.read_orders(frame(text), currency="USD", **of)) == {"a": 20.25, "b": 10.5}


def test_rows_of_another_customer_are_no_lines_of_the_order_above():
    text = "Order,Date,Customer,Amount\n1,2024-01-05,a,3\n,2024-01-05,a,2\n,2024-01-06,b,2\n"
    with pytest.raises(crm.DataError, match="1 rows have a customer, a date and no order number"):
        crm.read_orders(frame(text), currency="EUR", fill_down=["Order"])
    lines = text.replace("2024-01-06,b", "2024-01-05,a")
    filled = crm.read_orders(frame(lines), currency="EUR", fill_down=["Order"])
    assert totals(filled) == {"a": 7}


def test_a_column_of_ids_without_any_is_no_other_column_of_ids():
    table = frame(TWICE).append_column("email", pa.nulls(3, pa.string()))
    assert "email" not in noted(crm.read_orders(table, currency="USD")).lower()


def test_a_quote_that_is_never_closed_is_found(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        'order_id,customer_id,order_date,total,note\n1,a,2024-01-05,10,"never\n2,b,2024-01-06,20,x\n'
    )
    loaded = load([path], Settings(currency="USD"))
    assert loaded.table.num_rows == 2
    assert [one.values["line"] for one in loaded.notes if one.code == "unquoted"] == [2]


def test_the_rows_of_a_frame_in_json_are_under_data():
    rows = [{"customer_id": "a"}, {"customer_id": "b"}]
    assert json_shapes.of_frame({"schema": {"fields": []}, "data": rows}) == rows
    assert json_shapes.of_frame({"schema": {"fields": []}, "data": [1]}) is None
    assert json_shapes.of_frame({"schema": 1, "data": rows}) is None


def test_one_text_is_no_list_of_ids():
    orders = crm.read_orders(frame(TWICE), currency="USD")
    with pytest.raises(TypeError, match="expected a list of ids, not one text"):
        orders.of_customers("a")


def test_ids_that_a_blank_has_made_floats_are_whole_again():
    ids = {"Order ID": ["1", "2", "3"], "Date": ["2024-01-05"] * 3, "Total": ["1", "2", "4"]}
    whole = pa.table({**ids, "Customer": [7.0, float("nan"), 8.0]})
    assert totals(crm.read_orders(whole, currency="USD")) == {7: 1, 8: 4}
    halves = pa.table({**ids, "Customer": [7.5, 7.0, 8.0]})
    with pytest.raises(crm.DataError):
        crm.read_orders(halves, currency="USD")


@pytest.mark.parametrize(
    ("error", "kind"), [(crm.OptionError("x"), Misuse), (crm.DataError("x"), Problem)]
)
def test_a_wrong_option_is_a_misuse_and_wrong_data_is_not(error, kind):
    with pytest.raises(Problem) as caught, _cli_files.named_rows(SimpleNamespace(rows=None)):
        raise error
    assert type(caught.value) is kind


# ---- what is shown -------------------------------------------------------------------------------


def test_the_mean_order_above_everything():
    shop = {"customers": 4, "repeaters": 2, "active": 1, "guest_orders": 0, "guest_revenue": 0}
    some = SimpleNamespace(**shop, orders=8, revenue=8000, mean_order_value=1000.0)
    none = SimpleNamespace(**shop, orders=0, revenue=0, mean_order_value=None)
    for found, shown in ((some, "¥1,000"), (none, "–")):
        findings = SimpleNamespace(totals=found, currency=Currency("JPY", 0))
        tiles = dict(grid.summary(findings, "en"))
        assert tiles[words.page("mean_order", "en")] == shown


@pytest.mark.parametrize(
    ("verdicts", "key"),
    [
        (["up", "unclear"], "conclusions_title"),
        (["down"], "conclusions_title"),
        (["unclear"], "conclusions_title_flat"),
        ([], "conclusions_title_none"),
    ],
)
def test_the_title_says_whether_anything_moved(verdicts, key):
    changes = [SimpleNamespace(verdict=one) for one in verdicts]
    count = {word: verdicts.count(word) for word in ("up", "down", "unclear")}
    assert conclusions.show([], changes, EN).title == EN(key, **count)


def test_only_shares_are_percent_in_a_workbook():
    schema = {
        "rate": {"type": "float", "unit": "share"},
        "mean": {"type": "float", "unit": "day"},
        "part": {"type": "int", "unit": "share"},
        "revenue": {"type": "money", "unit": "", "decimals": 2},
    }
    rate, mean, part, revenue = _xlsx._formats(SimpleNamespace(schema=schema))
    assert (rate, part, revenue) == ("0.0%", "#,##0", "#,##0.00") and "%" not in mean


def test_both_bars_of_a_histogram_are_named():
    table = crm.run("frequency_histogram", SUMMARY, {"fit": MODEL, "up_to": 3})
    axes = plot.frequency_histogram(table)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["actual", "model"]
    plt.close("all")


def test_names_of_months_on_a_picture():
    assert [_season("en", "month", str(at)) for at in (1, 12)] == ["Jan", "Dec"]
    assert _season("ja", "month", "12") == "12月"


def test_a_figure_on_a_terminal_is_its_numbers():
    numbers = Grid("", ["month", "orders"], [["May", "12"]], [False, True])
    for figure, shown in ((Figure("", "", numbers=numbers), "12"), (Figure("", ""), "")):
        out = io.StringIO()
        screen._show_part(Console(file=out, width=60), figure, "en")
        assert out.getvalue().split()[-1:] == ([shown] if shown else [])


# ---- requests ------------------------------------------------------------------------------------


def test_each_comparison_has_its_word():
    r = crm.field("rfm.r")
    for condition, word in ((r < 4, "lt"), (r <= 4, "le"), (r > 4, "gt"), (r >= 4, "ge")):
        assert dict(condition) == {"field": "rfm.r", word: 4}


def test_a_short_command_is_an_analysis_and_its_options():
    assert _cli_short.task_of("clv", {"horizon_days": 90, "other": 1}) == (
        "clv",
        {"horizon_days": 90},
    )
