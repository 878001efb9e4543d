"""Pictures show the cells of their tables, and refuse other tables."""

import importlib.util
import inspect
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import colors, font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import crm_core as crm
from crm_core import plot

DAY = "2025-12-31"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def drawn(axes: Axes) -> Axes:
    """Draws it, so that whatever would warn has warned. An axis of numbers says of what."""
    axes.figure.canvas.draw()
    for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
        shown = [one.replace("\N{MINUS SIGN}", "-").rstrip("%") for one in ticks(axis) if one]
        if shown and all(
            one.replace(",", "").lstrip("-").replace(".", "", 1).isdigit() for one in shown
        ):
            assert axis.get_label_text(), f"{axes.get_title(loc='left')}: an axis has no name"
    return axes


def widths(axes: Axes) -> list[float]:
    return [bar.get_width() for bar in axes.patches]


def heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


def ticks(axis: Any) -> list[str]:
    return [text.get_text() for text in axis.get_ticklabels()]


def line(axes: Axes, at: int = 0) -> tuple[list[float], list[float]]:
    x, y = axes.lines[at].get_data()
    return np.asarray(x).tolist(), np.asarray(y).tolist()


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def legend(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.fixture(scope="module")
def summary(orders: crm.Orders) -> crm.Table:
    return crm.clv_summary(orders, DAY, unit="week")


@pytest.fixture(scope="module")
def model(summary: crm.Table) -> Any:
    return crm.MbgNbd().fit(summary)


# ---- customers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["customers", "revenue"])
def test_rfm(orders: crm.Orders, value: Any) -> None:
    table = crm.rfm_cross(orders, DAY, rows="m", columns="r")
    axes = drawn(plot.rfm(table, value=value))
    cells = axes.images[0].get_array()
    for m, r, amount in zip(table["m"], table["r"], table[value], strict=True):
        assert cells[5 - m, r - 1] == amount
    assert ticks(axes.xaxis) == ["1", "2", "3", "4", "5"] == ticks(axes.yaxis)[::-1]
    assert axes.get_xlabel() == "Recency score" and axes.get_ylabel() == "Monetary score"
    if value == "customers":
        assert texts(axes) == [f"{cell:.0f}" for cell in np.asarray(cells).ravel()]


def test_rfm_counts_the_customers_of_a_table_of_customers(orders: crm.Orders) -> None:
    for value in ("customers", "revenue"):
        of_customers = plot.rfm(crm.rfm(orders, DAY), value=value).images[0].get_array()
        of_cells = plot.rfm(crm.rfm_cross(orders, DAY), value=value).images[0].get_array()
        assert np.allclose(of_customers, of_cells)
    with pytest.raises(crm.OptionError, match="two axes"):
        plot.rfm(crm.rfm_cross(orders, DAY, slice=True))


def test_rfm_segments(orders: crm.Orders) -> None:
    table = crm.rfm_segments(orders, DAY)
    axes = drawn(plot.rfm_segments(table))
    assert widths(axes) == table["customers"].tolist()
    assert ticks(axes.yaxis) == [
        table.words("segment")[word]["en"] for word in table["segment"].tolist()
    ]
    assert texts(axes) == [f"{share:.0%}" for share in table["customer_share"]]
    axes = drawn(plot.rfm_segments(table, value="revenue"))
    assert widths(axes) == table["revenue"].tolist()
    assert axes.get_xlabel() == "Revenue (million JPY)"


def test_cpm(orders: crm.Orders) -> None:
    table = crm.cpm_segments(orders, DAY)
    axes = drawn(plot.cpm(table))
    wanted = {
        state: [
            int(count)
            for one, count in zip(table["state"], table["customers"], strict=True)
            if one == state
        ]
        for state in ("active", "churned")
    }
    assert widths(axes) == wanted["active"] + wanted["churned"]
    assert ticks(axes.yaxis)[0] == "Excellent" and legend(axes) == ["Active", "Churned"]
    counted = plot.cpm(crm.cpm(orders, DAY))
    by_name = dict(zip(ticks(axes.yaxis), wanted["active"], strict=True))
    for name, width in zip(ticks(counted.yaxis), widths(counted), strict=False):
        assert width == by_name[name]
    drawn(plot.cpm(table, value="revenue"))


def test_cpm_by_month(orders: crm.Orders) -> None:
    months = crm.month_ends("2025-01-01", DAY)
    table = crm.cpm_segments(orders, months)
    axes = drawn(plot.cpm(table))
    names = legend(axes)
    for container in axes.containers:
        segment, state = container.get_label().lower().split(" · ")
        rows = (table["segment"] == segment) & (table["state"] == state)
        assert [bar.get_height() for bar in container] == table["customers"][rows].tolist()
    top = [sum(table["customers"][table["as_of"] == np.datetime64(day)]) for day in months]
    last = [bar.get_y() + bar.get_height() for bar in axes.containers[-1]]
    assert last == top
    assert ticks(axes.xaxis) == [str(day) for day in months]
    assert len(names) == len(axes.containers) and names[0] == axes.containers[-1].get_label()


@pytest.mark.parametrize("scheme", ["cpm", "rfm"])
def test_movement(orders: crm.Orders, scheme: Any) -> None:
    table = crm.movement(orders, DAY, since="2025-06-30", scheme=scheme)
    axes = drawn(plot.movement(table))
    bands = {patch.get_gid(): patch for patch in axes.patches if patch.get_gid()}
    total = table["customers"].sum()
    for side, top, bottom in (("source", 0, 7), ("target", 3, 4)):
        for node in set(table[side]):
            own = [
                (patch.get_path().vertices[top, 1], patch.get_path().vertices[bottom, 1])
                for name, patch in bands.items()
                if name.split(">")[side == "target"] == node
            ]
            own.sort(reverse=True)
            for (_, end), (start, _) in itertools.pairwise(own):  # side by side, without a gap
                assert start == pytest.approx(end)
    assert axes.get_xlim() == (-0.02, 1.02)  # the nodes lie at 0 and at 1
    rows = zip(table["source"], table["target"], table["customers"], strict=True)
    for source, target, customers in rows:
        corners = bands.pop(f"{source}>{target}").get_path().vertices
        assert (corners[0, 1] - corners[7, 1]) * total == pytest.approx(customers)
        assert (corners[3, 1] - corners[4, 1]) * total == pytest.approx(customers)
    assert not bands
    shown = sum(int(text.rpartition("  ")[2].replace(",", "")) for text in texts(axes))
    assert shown == 2 * total
    assert any(text.startswith("No order yet") for text in texts(axes))
    names = [text.get_window_extent() for text in axes.texts]
    assert not [1 for a, b in itertools.combinations(names, 2) if a.overlaps(b)]


def test_names_of_small_groups_are_not_over_each_other() -> None:
    """A shop of one large group and several of one customer."""
    early, late = ["2025-06-01"], ["2025-12-01"]
    customers = [*range(600), 601, 602, 602, 603, 603, 603, 604]
    days = early * 600 + [*early, *early, *late, *early * 2, *late, *late]
    amounts = [500] * 601 + [90_000] * 2 + [700] * 3 + [200_000]
    data = {"customer_id": customers, "ordered_at": days, "amount": amounts}
    table = crm.movement(crm.Orders(data, currency="JPY"), DAY, since="2025-06-30")
    axes = drawn(plot.movement(table))
    names = [text.get_window_extent() for text in axes.texts]
    assert len(names) >= 5
    assert not [1 for a, b in itertools.combinations(names, 2) if a.overlaps(b)]


def test_lorenz(orders: crm.Orders) -> None:
    table = crm.lorenz(orders, DAY, points=20)
    axes = drawn(plot.lorenz(table))
    assert line(axes, 1) == (table["share_customers"].tolist(), table["share_revenue"].tolist())
    assert legend(axes)[1] == f"Gini {table['gini'][0]:.2f}"
    assert len(plot.lorenz(crm.lorenz(orders, DAY, by=["channel"])).lines) == 6


def test_decile(orders: crm.Orders) -> None:
    table = crm.decile(orders, DAY)
    axes = drawn(plot.decile(table))
    wanted = [table["revenue"][table["decile"] == group].sum() for group in range(1, 11)]
    assert heights(axes) == wanted
    assert texts(axes) == [f"{one / sum(wanted):.0%}" for one in wanted]


# ---- repeat purchases ----------------------------------------------------------------------------


def test_purchase_counts(orders: crm.Orders) -> None:
    table = crm.purchase_counts(orders, DAY)
    axes = drawn(plot.purchase_counts(table, up_to=6))
    for container, name in zip(axes.containers, ("continued", "churned", "pending"), strict=True):
        assert [bar.get_height() for bar in container] == table[name][:6].tolist()
    top = [bar.get_y() + bar.get_height() for bar in axes.containers[-1]]
    assert top == table["reach"][:6].tolist()
    assert texts(axes) == [f"{rate:.0%}" for rate in table["continue_rate"][:6]]


def test_repeat_rate(orders: crm.Orders) -> None:
    table = crm.repeat_rate(orders, DAY, by=["channel"])
    axes = drawn(plot.repeat_rate(table))
    assert ticks(axes.yaxis) == table["channel"].tolist()
    assert line(axes)[0] == table["repeat_rate"].tolist()
    ends = np.array([part[:, 0] for part in axes.collections[0].get_segments()])
    assert np.allclose(ends[:, 0], table["repeat_rate_low"])
    assert np.allclose(ends[:, 1], table["repeat_rate_high"])
    assert axes.get_xlabel() == "Share with purchase 2 within 90 days"
    assert ticks(plot.repeat_rate(crm.repeat_rate(orders, DAY)).yaxis) == ["all"]


def test_lead_times(orders: crm.Orders) -> None:
    table = crm.lead_times(orders, DAY, by=["channel"])
    axes = drawn(plot.lead_times(table))
    for curve in axes.lines:
        rows = table["channel"] == curve.get_label()
        assert curve.get_xdata().tolist() == [0, *table["until_days"][rows]]
        assert curve.get_ydata().tolist() == [0, *table["cumulative_rate"][rows]]
    rows = table["channel"] == "ads"
    band = axes.collections[0].get_paths()[0].vertices
    assert {*table["cumulative_rate_low"][rows]} <= {*band[:, 1]}
    assert {*table["cumulative_rate_high"][rows]} <= {*band[:, 1]}


def test_kaplan_meier(orders: crm.Orders) -> None:
    table = crm.kaplan_meier(orders, DAY)
    axes = drawn(plot.kaplan_meier(table))
    assert line(axes) == (table["days"].tolist(), table["survival_rate"].tolist())
    assert axes.lines[0].get_drawstyle() == "steps-post"
    durations = crm.survival_curve(
        {"duration": [3, 5, 5, 8], "observed": [True, True, False, True]}
    )
    assert line(drawn(plot.kaplan_meier(durations)))[1] == durations["survival_rate"].tolist()
    contracts = crm.Sbg.from_params(alpha=1.0, beta=2.0).predict([1, 2, 3])
    assert line(drawn(contracts.plot())) == ([1, 2, 3], contracts["survival_rate"].tolist())


def test_gaps(orders: crm.Orders) -> None:
    table = crm.lead_times(orders, DAY, step=10)
    axes = drawn(plot.gaps(orders, as_of=DAY, customer="C0000001"))
    assert [bar.get_height() for bar in axes.containers[0]] == table["customers"].tolist()
    row = crm.cycle(orders, DAY, customers={"customer_id": "C0000001"})
    days = {
        name: int((row[name][0] - row["last_date"][0]).astype(int))
        for name in ("predicted_date", "date_p10", "date_p90")
    }
    assert line(axes)[0][0] == days["predicted_date"]
    band = axes.patches[-1]
    assert (band.get_x(), band.get_width()) == (
        days["date_p10"],
        days["date_p90"] - days["date_p10"],
    )
    assert str(row["predicted_date"][0]) in legend(axes)[0]
    with pytest.raises(crm.OptionError, match="no customer of this id"):
        plot.gaps(orders, as_of=DAY, customer="nobody")
    with pytest.raises(crm.OptionError, match="`as_of`: required"):
        plot.gaps(orders, customer="C0000001")


def test_purchase_flow(orders: crm.Orders) -> None:
    table = crm.purchase_flow(orders, DAY, top=4)
    axes = drawn(plot.purchase_flow(table, k=2))
    rows = table["k"] == 2
    bands = {patch.get_gid() for patch in axes.patches if patch.get_gid()}
    pairs = zip(table["source"][rows], table["target"][rows], strict=True)
    assert bands == {f"{source}>{target}" for source, target in pairs}
    assert any(text.startswith("Churned") for text in texts(axes))
    with pytest.raises(crm.OptionError, match="no purchase 99"):
        plot.purchase_flow(table, k=99)


# ---- cohorts and models --------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["repeat_rate", "active_rate", "cumulative_ltv"])
def test_cohorts(orders: crm.Orders, value: Any) -> None:
    table = crm.cohorts(orders, DAY, rows="quarter", step=90)
    axes = drawn(plot.cohorts(table, value=value))
    cells = np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
    cohorts, elapsed = np.unique(table["cohort"]), np.unique(table["elapsed"])
    seen = np.full(cells.shape, np.nan)
    for one, days, cell in zip(table["cohort"], table["elapsed"], table[value], strict=True):
        seen[list(cohorts).index(one), list(elapsed).index(days)] = cell
    assert np.array_equal(cells, seen, equal_nan=True)
    assert ticks(axes.yaxis)[:2] == ["2023-Q1", "2023-Q2"]
    assert ticks(axes.xaxis) == [str(one) for one in elapsed]


def test_ltv(orders: crm.Orders) -> None:
    table = crm.cohorts(orders, DAY, rows="year", step=90)
    axes = drawn(plot.ltv(table))
    for curve in axes.lines:
        rows = table["cohort"] == np.datetime64(f"{curve.get_label()}-01-01")
        assert curve.get_xdata().tolist() == table["elapsed"][rows].tolist()
        assert curve.get_ydata().tolist() == table["cumulative_ltv"][rows].tolist()
    channels = crm.acquisition(orders, DAY)
    axes = drawn(channels.plot())
    assert line(axes) == (
        [30, 90, 180, 360],
        [channels[f"ltv_{days}"][0] for days in (30, 90, 180, 360)],
    )
    drawn(crm.first_product(orders, DAY).plot())


@pytest.mark.parametrize("value", ["probability_alive", "expected_purchases"])
def test_expected_surface(model: Any, summary: crm.Table, value: Any) -> None:
    table = model.expected_surface(summary, up_to=6, step=10)
    axes = drawn(plot.expected_surface(table, value=value))
    cells = np.ma.filled(axes.collections[0].get_array(), np.nan)
    recencies = np.unique(table["recency"])
    for x, y, cell in zip(table["frequency"], table["recency"], table[value], strict=True):
        assert cells[list(recencies).index(y), x] == cell
    assert np.isnan(cells[0, 1]) and axes.get_ylabel() == "First purchase to the last (weeks)"


def test_frequency_histogram(model: Any, summary: crm.Table) -> None:
    table = model.frequency_histogram(summary)
    axes = drawn(plot.frequency_histogram(table))
    assert heights(axes) == [*table["customers"], *table["expected_customers"]]
    assert ticks(axes.xaxis) == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Repeat purchases", "Customers")


def test_holdout(orders: crm.Orders) -> None:
    parts = crm.clv_summary(orders, DAY, calibration_end="2025-06-30", unit="week")
    model = crm.MbgNbd().fit(parts)
    axes = drawn(plot.holdout(model, parts, up_to=3))
    ahead = parts["holdout_duration"][0]
    expected = model.conditional_expected_purchases(
        ahead, parts["frequency"], parts["recency"], parts["T"]
    )
    for at, cells in ((0, parts["holdout_frequency"]), (1, expected)):
        groups = [cells[parts["frequency"] == k].mean() for k in range(3)]
        groups.append(cells[parts["frequency"] >= 3].mean())
        assert line(axes, at)[1] == pytest.approx(groups, rel=1e-12)
    assert ticks(axes.xaxis) == ["0", "1", "2", "3+"]
    with pytest.raises(crm.OptionError, match="no holdout"):
        plot.holdout(model, crm.clv_summary(orders, DAY, unit="week"))


@pytest.mark.parametrize("cumulative", [True, False])
def test_clv_tracking(model: Any, orders: crm.Orders, cumulative: bool) -> None:
    table = model.tracking(orders, DAY, calibration_end="2025-06-30", step=30)
    axes = drawn(plot.clv_tracking(table, cumulative=cumulative))
    front = "cumulative_" if cumulative else ""
    for at, name in enumerate(("actual", "expected")):
        days, cells = axes.lines[at].get_data()
        assert cells.tolist() == table[f"{front}{name}"].tolist()
        assert days.tolist() == table["period_end"].tolist()
    assert "end of calibration" in legend(axes)


def test_alive_path(model: Any, orders: crm.Orders) -> None:
    table = model.alive_path(orders, DAY, customers={"customer_id": "C0000001"})
    axes = drawn(plot.alive_path(table))
    assert axes.lines[0].get_ydata().tolist() == table["probability_alive"].tolist()
    bought = axes.lines[1].get_xdata().tolist()
    wanted = [table["date"][table["frequency"] == k][0] for k in np.unique(table["frequency"])]
    assert bought == [day.item() for day in wanted]
    with pytest.raises(crm.OptionError, match="up to 8 customers"):
        plot.alive_path(model.alive_path(orders, DAY, step=180))


def test_backtest_calibration(orders: crm.Orders) -> None:
    table = crm.backtest_calibration(orders, DAY, origins=3)
    axes = drawn(plot.backtest_calibration(table))
    points = line(axes, 1)
    assert np.array_equal(points[0], table["expected_rate"], equal_nan=True)
    assert np.array_equal(points[1], table["observed_rate"], equal_nan=True)
    rows = table["probability_from"] == 0
    whole = table["bought"][rows].sum() / table["customers"][rows].sum()
    assert line(axes, 2)[1][0] == pytest.approx(whole)


# ---- the shop and its site -----------------------------------------------------------------------


def test_monthly(orders: crm.Orders) -> None:
    table = crm.monthly(orders, DAY)
    axes = drawn(plot.monthly(table))
    for container, name in zip(
        axes.containers, ("repeat_revenue", "new_revenue", "guest_revenue"), strict=True
    ):
        assert [bar.get_height() for bar in container] == table[name].tolist()
    assert len(drawn(plot.monthly(table, value="customers")).containers) == 2
    assert ticks(axes.xaxis)[0] == "2023-01"


def test_seasonality(orders: crm.Orders) -> None:
    table = crm.seasonality(orders, DAY)
    axes = drawn(plot.seasonality(table))
    seen = sorted(y for curve in axes.lines[1:] for y in curve.get_ydata())
    rows = table["kind"] != "trend"
    assert [*axes.lines[0].get_ydata()] == [1, 1]
    assert set(seen) >= set(table["factor"][rows].tolist())
    assert ticks(axes.xaxis)[0] == "Jan" and ticks(axes.xaxis)[-1] == "Sun"


@pytest.mark.parametrize("value", ["revenue", "orders"])
def test_shop_forecast(orders: crm.Orders, value: Any) -> None:
    table = crm.shop_forecast(orders, DAY, months=6)
    axes = drawn(plot.shop_forecast(table, value=value))
    for curve, part in zip(axes.lines, ("total", "existing", "new"), strict=True):
        rows = (table["part"] == part) & ~np.isnat(table["month"])
        assert curve.get_ydata().tolist() == table[value][rows].tolist()
    rows = (table["part"] == "total") & ~np.isnat(table["month"])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert {*table[f"{value}_low"][rows], *table[f"{value}_high"][rows]} <= {*band}
    assert ticks(axes.xaxis) == [str(month)[:7] for month in table["month"][rows]]


def test_demand(orders: crm.Orders) -> None:
    table = crm.demand(orders, DAY, frequency="week", horizon=6, per="channel")
    with pytest.raises(crm.OptionError, match="`series`: expected one of the"):
        plot.demand(table)
    with pytest.raises(crm.OptionError, match="a value of the column"):
        plot.demand(table, series="no such")
    series = np.array(table.to_dict()["series"])
    axes = drawn(plot.demand(table, series=series[0]))
    rows = series == series[0]
    assert axes.lines[0].get_ydata().tolist() == table["expected"][rows].tolist()
    bands = [{*band.get_paths()[0].vertices[:, 1]} for band in axes.collections]
    for band, level in zip(bands, ("95", "80"), strict=True):
        assert {*table[f"low_{level}"][rows], *table[f"high_{level}"][rows]} <= band
    split = crm.demand(orders, DAY, horizon=6, split="new_repeat")
    with pytest.raises(crm.OptionError, match="shows one part"):
        plot.demand(split)


@pytest.mark.parametrize("value", ["revenue", "orders", "active"])
def test_base_forecast(value: Any) -> None:
    shop = crm.simulate_orders(800, seed=7)
    orders = crm.Orders(shop, currency="JPY", order_id="order_id", guests="drop")
    table = crm.base_forecast(orders, DAY, years=3)
    axes = drawn(plot.base_forecast(table, value=value))
    name = value if value == "active" else f"expected_{value}"
    for at, method in enumerate(("model", "markov")):
        rows = table["method"] == method
        container = axes.containers[at]
        assert container[0].get_ydata().tolist() == table[name][rows].tolist()
        ends = np.array([part[:, 1] for part in container[2][0].get_segments()])
        assert np.allclose(ends[:, 0], table[f"{name}_low"][rows])
        assert np.allclose(ends[:, 1], table[f"{name}_high"][rows])
    known = table[f"actual_{value}"][table["method"] == "model"]
    assert np.isfinite(known).any()
    assert axes.lines[-1].get_ydata().tolist() == known[np.isfinite(known)].tolist()
    assert ticks(axes.xaxis) == [str(day) for day in np.unique(table["until"])]


def test_funnel(events: crm.Events) -> None:
    steps = ["view", "product_view", "add", "purchase"]
    table = crm.funnel(events, steps=steps)
    axes = drawn(plot.funnel(table))
    assert widths(axes) == table["reached"].tolist()
    assert texts(axes) == [f"{rate:.1%}" for rate in table["rate"]]
    assert ticks(axes.yaxis) == steps
    several = crm.funnel(events, steps=steps, by=["first_channel"])
    axes = drawn(plot.funnel(several))
    assert widths(axes) == several["rate"].tolist()
    assert legend(axes) == list(dict.fromkeys(several["first_channel"].tolist()))


def test_page_exits(events: crm.Events) -> None:
    table = crm.page_exits(events)
    axes = drawn(plot.page_exits(table, top=4))
    order = np.argsort(-table["views"])[:4]
    assert widths(axes) == table["exit_rate"][order].tolist()
    assert [name.split("  ")[0] for name in ticks(axes.yaxis)] == table["page"][order].tolist()
    ends = np.array([part[:, 0] for part in axes.collections[0].get_segments()])
    assert np.allclose(ends[:, 1], table["exit_rate_high"][order])


def test_transitions(events: crm.Events) -> None:
    table = crm.transitions(events)
    axes = drawn(plot.transitions(table))
    cells = axes.images[0].get_array()
    rows, columns = ticks(axes.yaxis), ticks(axes.xaxis)
    for source, target, share in zip(
        table["source"], table["target"], table["probability"], strict=True
    ):
        assert cells[rows.index(source), columns.index(target)] == share
    with pytest.raises(crm.OptionError, match="order 1"):
        plot.transitions(crm.transitions(events, order=2))


# ---- all pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", plot.__all__)
def test_every_picture_is_documented_and_its_example_runs(name: str) -> None:
    import doctest

    thing = getattr(plot, name)
    text = inspect.getdoc(thing) or ""
    for parameter in inspect.signature(thing).parameters:
        assert f" {parameter}: " in text or f"**{parameter}: " in text, parameter
    for part in ("Args:", "Returns:", "Raises:", "Example:"):
        assert part in text
    names: dict[str, Any] = {}
    for source in (crm.__doc__ or "", text):
        example = doctest.DocTestParser().get_doctest(source, {}, name, name, 0)
        example.globs = names
        told: list[str] = []
        result = doctest.DocTestRunner().run(example, out=told.append, clear_globs=False)
        assert result.attempted and not result.failed, "".join(told)


@pytest.mark.parametrize("name", sorted(set(plot.__all__) - {"gaps", "holdout"}))
def test_another_table_is_refused_with_a_sentence(name: str, orders: crm.Orders) -> None:
    other = crm.summary(orders, DAY)
    with pytest.raises(crm.OptionError, match=r"shows a table of `.*and the table is of `summary`"):
        getattr(plot, name)(other)
    with pytest.raises(TypeError, match=r"expected a crm_core\.Table of `"):
        getattr(plot, name)([1, 2])
    assert not plt.get_fignums()


def test_a_table_chooses_its_picture(orders: crm.Orders) -> None:
    for name in plot._PICTURES:
        assert name in crm.tasks()
    _, axes = plt.subplots()
    assert crm.cpm_segments(orders, DAY).plot(ax=axes) is axes
    with pytest.raises(crm.OptionError, match="no picture of a table of `summary`") as error:
        crm.summary(orders, DAY).plot()
    assert "cohorts" in str(error.value.hint)
    with pytest.raises(crm.OptionError, match="no picture of a table of no analysis"):
        crm.simulate_orders(5).plot()
    with pytest.raises(crm.OptionError, match="unknown option `valeu`"):
        crm.monthly(orders, DAY).plot(valeu="revenue")
    with pytest.raises(crm.OptionError, match="`value`: expected one of") as error:
        crm.monthly(orders, DAY).plot(value="revenues")
    assert error.value.hint == "did you mean `revenue`?"
    with pytest.raises(crm.OptionError, match='expected "en" or "ja"'):
        crm.monthly(orders, DAY).plot(labels="jp")  # type: ignore[arg-type]


def test_several_groups_are_refused_where_there_is_room_for_one(orders: crm.Orders) -> None:
    with pytest.raises(crm.OptionError, match="one group, and the table has 5 of `channel`"):
        crm.decile(orders, DAY, by=["channel"]).plot()


def test_an_empty_table_is_refused() -> None:
    empty: dict[str, Any] = {"customer_id": np.array([], "i8"), "ordered_at": [], "amount": []}
    with pytest.raises(crm.DataError, match="no rows to draw"):
        crm.monthly(crm.Orders(empty, currency="JPY"), DAY).plot()


def test_japanese(orders: crm.Orders, events: crm.Events, model: Any, summary: crm.Table) -> None:
    tables = [
        crm.rfm_cross(orders, DAY),
        crm.cpm_segments(orders, DAY),
        crm.movement(orders, DAY, since="2025-06-30"),
        crm.purchase_flow(orders, DAY),
        crm.cohorts(orders, DAY, rows="quarter", step=90),
        crm.monthly(orders, DAY),
        crm.seasonality(orders, DAY),
        crm.shop_forecast(orders, DAY, months=3),
        crm.transitions(events),
        model.frequency_histogram(summary),
    ]
    for table in tables:
        axes = drawn(table.plot(labels="ja"))
        title = axes.get_title(loc="left")
        assert any(ord(letter) > 0x3000 for letter in title)
    axes = tables[1].plot(labels="ja", value="revenue")
    assert ticks(axes.yaxis)[0] == "優良" and axes.get_xlabel() == "売上 (万円)"
    axes = tables[2].plot(labels="ja")
    assert any(text.startswith("初回現役  ") for text in texts(axes))
    assert any(text.startswith("購入なし  ") for text in texts(axes))


def test_without_a_japanese_font_the_error_says_what_to_install(
    orders: crm.Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    monkeypatch.setattr("crm_core.plot._canvas._packaged_font", lambda: None)
    with pytest.raises(crm.OptionError, match="font with Japanese letters") as error:
        crm.monthly(orders, DAY).plot(labels="ja")
    assert "Noto Sans CJK JP" in str(error.value.hint)


def test_colours_differ_in_lightness_or_are_okabe_and_itos() -> None:
    from crm_core.plot import _canvas

    okabe_ito = {
        "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
    }  # fmt: skip
    assert set(_canvas.COLOURS) - okabe_ito == {_canvas.GREY}
    lightness = [sum(colors.to_rgb(one)) for one in _canvas.ordered_colours(6)]
    assert lightness == sorted(lightness)


def test_matplotlib_is_loaded_by_the_first_picture() -> None:
    program = (
        "import sys; import crm_core as crm; assert 'crm_core.plot' not in sys.modules; "
        "crm.plot; assert 'matplotlib' not in sys.modules; assert 'plot' in dir(crm); "
        "sys.modules['matplotlib'] = None; o = crm.Orders({'customer_id': [1], 'ordered_at': "
        "['2026-01-01'], 'amount': [1]}, currency='JPY')\n"
        "try: crm.monthly(o).plot()\n"
        "except ImportError as error: assert 'crm-core[plot]' in str(error)\n"
        "else: raise AssertionError"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_page_of_pictures_runs(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("docs_plots", ROOT / "docs" / "plots.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    drawn_files = script.draw(tmp_path, customers=100)
    written = {path.name for path in tmp_path.iterdir()}
    assert set(drawn_files) == written == {path.name for path in (ROOT / "docs/plots").iterdir()}
    page = (ROOT / "docs" / "plots.md").read_text(encoding="utf-8")
    missing = [name for name in plot.__all__ if f"crm.plot.{name}(" not in page]
    assert not missing
    assert all(path.stat().st_size < 150_000 for path in (ROOT / "docs/plots").iterdir())
