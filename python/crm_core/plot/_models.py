"""Pictures of models: what they expect, and whether it came true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._errors import OptionError
from ._canvas import BLUE, GREY, LIGHT, ORANGE, colour_bar, listed, ordered_colours, picture, reach

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._table import Table
    from .._types import Labels


def expected_surface(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["probability_alive", "expected_purchases"] = "probability_alive",
    labels: Labels = "en",
) -> Axes:
    """P(alive) or expected purchases over frequency and recency (頻度×最終購入).

    Args:
        table: What a model's `expected_surface` gives.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the colours show.
        labels: "en" or "ja".

    Returns:
        The axes. Histories that cannot be are white.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> surface = model.expected_surface(summary, up_to=10, step=4)
        >>> axes = crm.plot.expected_surface(surface)
        >>> axes.get_xlabel()
        'Repeat purchase days'
    """
    import numpy as np

    listed("value", value, ("probability_alive", "expected_purchases"))
    with picture(table, ax, labels, "expected_surface", size=(6.4, 5.0)) as p:
        frequency, recency = (np.unique(p[name]) for name in ("frequency", "recency"))
        cells = np.full((len(recency), len(frequency)), np.nan)
        where = (np.searchsorted(recency, p["recency"]), np.searchsorted(frequency, p["frequency"]))
        cells[where] = p[value]
        top = 1.0 if value == "probability_alive" else None
        image = p.ax.pcolormesh(
            frequency, recency, cells, cmap="viridis", vmin=0, vmax=top, shading="nearest"
        )
        words = {
            "probability_alive": ("P(alive)", "生存確率"),
            "expected_purchases": ("Expected purchase days", "期待購入日数 (日)"),
        }
        bar = colour_bar(p, image, p.say(*words[value]))
        if value == "probability_alive":
            p.percent(bar.ax.yaxis)
        unit = _unit(table)
        p.counts(p.ax.xaxis)
        p.x("Repeat purchase days", "リピート購入日数 (日)")
        p.y(f"First purchase to the last ({unit})", f"初回から最終購入まで ({_UNITS[unit]})")
        p.title(f"{words[value][0]} by history", f"購入履歴別の{words[value][1]}")
    return p.ax


_UNITS = {"days": "日", "weeks": "週", "months": "か月", "periods": "期間"}


def _unit(table: Table) -> str:
    """The unit of time of a model's table, from its definition."""
    fit = table.definition.get("options", {}).get("fit") or {}
    model = fit.get("model", fit) if isinstance(fit, dict) else {}
    unit = model.get("unit") if isinstance(model, dict) else None
    return {"day": "days", "week": "weeks", "calendar_week": "weeks", "month": "months"}.get(
        str(unit), "periods"
    )


def frequency_histogram(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Actual and expected customers by number of repeat purchases (購入回数分布).

    Args:
        table: What a model's `frequency_histogram` gives.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> axes = crm.plot.frequency_histogram(model.frequency_histogram(summary))
        >>> len(axes.containers)
        2
    """
    with picture(table, ax, labels, "frequency_histogram", "bgbb_histogram") as p:
        texts = [
            f"{k}+" if more else str(k)
            for k, more in zip(p["frequency"].tolist(), p["or_more"].tolist(), strict=True)
        ]
        at = p["frequency"]
        p.ax.bar(at - 0.2, p["customers"], 0.4, color=BLUE, label=p.say("actual", "実績"))
        expected = p["expected_customers"]
        p.ax.bar(at + 0.2, expected, 0.4, color=ORANGE, label=p.say("model", "モデル"))
        p.ax.set_xticks(at, texts)
        p.counts(p.ax.yaxis)
        p.x("Repeat purchases", "リピート購入回数 (回)")
        p.y("Customers", "人数 (人)")
        p.legend()
        p.title("Customers by repeat purchases", "購入回数分布：実績とモデル")
    return p.ax


def holdout(
    model: Any,
    summary: Table,
    ax: Axes | None = None,
    *,
    up_to: int = 7,
    labels: Labels = "en",
) -> Axes:
    """Purchases in the holdout, actual and expected, by purchases before (検証期間の予測と実績).

    Args:
        model: A model of purchases, fitted to `summary`.
        summary: A `clv_summary` with `calibration_end`.
        ax: The axes to draw on. Default: those of a new figure.
        up_to: The last point is customers with this many repeat purchases or more.
        labels: "en" or "ja".

    Returns:
        The axes. Each point is a mean per customer.

    Raises:
        OptionError: A summary without a holdout.
        NotFittedError: Before `fit`.

    Example:
        >>> parts = crm.clv_summary(orders, calibration_end="2025-06-30", unit="week")
        >>> axes = crm.plot.holdout(crm.MbgNbd().fit(parts), parts)
        >>> len(axes.lines)
        2
    """
    import numpy as np

    with picture(summary, ax, labels, "clv_summary") as p:
        p.one_group()
        if "holdout_frequency" not in summary:
            raise OptionError(
                "the summary has no holdout", hint="clv_summary(..., calibration_end=...)"
            )
        ahead = float(p["holdout_duration"][0])
        predicted = model.predict(summary, t=ahead, only=["expected_purchases"])
        expected = predicted["expected_purchases"]
        before = np.minimum(p["frequency"].astype(int), up_to)
        known = np.isfinite(expected)
        points = np.unique(before[known])
        for cells, colour, en, ja, marker in (
            (p["holdout_frequency"], BLUE, "actual", "実績", "o"),
            (expected, ORANGE, "model", "モデル", "s"),
        ):
            means = [float(cells[known & (before == one)].mean()) for one in points]
            p.ax.plot(points, means, color=colour, marker=marker, lw=1.8, label=p.say(en, ja))
        p.ax.set_xticks(points, [f"{k}+" if k == up_to else str(k) for k in points])
        p.ax.set_ylim(bottom=0)
        p.x("Repeat purchases in the calibration period", "学習期間のリピート購入回数 (回)")
        p.y("Purchases per customer in the holdout", "検証期間の1人あたり購入回数 (回)")
        p.legend()
        p.title("Predicted and actual purchases after the cut", "検証期間の予測と実績")
    return p.ax


def clv_tracking(
    table: Table, ax: Axes | None = None, *, cumulative: bool = True, labels: Labels = "en"
) -> Axes:
    """Actual and expected repeat purchases over time (予測と実績の推移).

    Args:
        table: What a model's `tracking` gives.
        ax: The axes to draw on. Default: those of a new figure.
        cumulative: Whether purchases add up; otherwise those of each period.
        labels: "en" or "ja".

    Returns:
        The axes. A dotted line is the end of the calibration period.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> tracked = model.tracking(orders, calibration_end="2025-06-30", step=30)
        >>> axes = crm.plot.clv_tracking(tracked, cumulative=False)
    """
    with picture(table, ax, labels, "clv_tracking") as p:
        p.one_group()
        front = "cumulative_" if cumulative else ""
        days = p["period_end"]
        actual, expected = p[f"{front}actual"], p[f"{front}expected"]
        p.ax.plot(days, actual, color=BLUE, lw=1.8, label=p.say("actual", "実績"))
        p.ax.plot(days, expected, color=ORANGE, lw=1.8, ls="--", label=p.say("model", "モデル"))
        held = p["in_calibration"].astype(bool)
        if held.any() and not held.all():
            p.ax.axvline(days[held][-1], color=GREY, lw=1, ls=":", label=p.say(
                "end of calibration", "学習期間の終わり"))  # fmt: skip
        _dates(p.ax)
        p.ax.set_ylim(bottom=0)
        p.counts(p.ax.yaxis)
        p.x("End of the period", "期間の終わり")
        p.y("Repeat purchase days", "リピート購入日数 (日)")
        p.legend()
        p.title(
            "Repeat purchases, cumulative" if cumulative else "Repeat purchases of each period",
            "リピート購入の累計" if cumulative else "期間ごとのリピート購入",
        )
    return p.ax


def _dates(ax: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    form = ConciseDateFormatter(locator, formats=_FORMATS, zero_formats=_ZERO)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(form)


_FORMATS = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S"]
_ZERO = ["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"]


def alive_path(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """P(alive) of customers day by day (生存確率の推移); it jumps when they buy.

    Args:
        table: What a model's `alive_path` gives for up to eight customers, chosen by
            ``customers={"customer_id": ...}``.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes. Ticks on the horizontal axis are purchases.

    Raises:
        OptionError: Another analysis, several groups, or more than eight customers.

    Example:
        >>> path = model.alive_path(orders, customers={"customer_id": "C0000001"})
        >>> axes = crm.plot.alive_path(path)
    """
    import numpy as np

    with picture(table, ax, labels, "alive_path") as p:
        p.one_group()
        names = np.array(p.words("customer_id"), dtype=object)
        customers = list(dict.fromkeys(names))
        if len(customers) > 8:
            raise OptionError(
                f"the picture shows up to 8 customers, and the table has {len(customers):,}",
                hint='choose one: alive_path(orders, customers={"customer_id": ...})',
            )
        colours = [BLUE] if len(customers) == 1 else ordered_colours(len(customers))
        for name, colour in zip(customers, colours, strict=True):
            days, alive = p["date"][names == name], p["probability_alive"][names == name]
            bought = np.diff(p["frequency"][names == name], prepend=-1) > 0
            p.ax.plot(days, alive, color=colour, lw=1.8, label=name)
            p.ax.plot(days[bought], np.zeros(int(bought.sum())), "|", color=colour, ms=10)
        _dates(p.ax)
        p.ax.set_ylim(0, 1.02)
        p.percent(p.ax.yaxis)
        p.x("Date; ticks are purchases", "日付（印は購入）")
        p.y("P(alive)", "生存確率")
        if len(customers) > 1:
            p.legend()
        p.title("Still a customer?", "生存確率の推移")
    return p.ax


def backtest_calibration(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Predicted probabilities and the shares that bought (予測確率の較正).

    Args:
        table: A table of `backtest_calibration`.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes. Grey points are single origins with their intervals; the line is of all origins
        together. On the diagonal, predictions came true.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> table = crm.backtest_calibration(orders, "2025-12-31", origins=2)
        >>> axes = crm.plot.backtest_calibration(table)
    """
    import numpy as np

    with picture(table, ax, labels, "backtest_calibration", size=(5.4, 5.0)) as p:
        p.one_group()
        p.ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--", label=p.say("exact", "一致"))
        p.ax.errorbar(
            p["expected_rate"],
            p["observed_rate"],
            yerr=reach(p, "observed_rate"),
            fmt="o",
            ms=3,
            color=GREY,
            ecolor=LIGHT,
            elinewidth=1,
            label=p.say("one origin", "各基準日"),
        )
        expected, observed = [], []
        for start in np.unique(p["probability_from"]):
            rows = (p["probability_from"] == start) & (p["customers"] > 0)
            count = p["customers"][rows].sum()
            if count:
                expected.append((p["expected_rate"][rows] * p["customers"][rows]).sum() / count)
                observed.append(p["bought"][rows].sum() / count)
        p.ax.plot(expected, observed, color=BLUE, marker="o", lw=1.8, label=p.say(
            "all origins", "全基準日"))  # fmt: skip
        p.ax.set_xlim(0, 1.02)
        p.ax.set_ylim(0, 1.02)
        p.percent(p.ax.xaxis)
        p.percent(p.ax.yaxis)
        p.x("Predicted probability", "予測確率")
        p.y("Share that bought", "実際の購入割合")
        p.legend(loc="upper left")
        p.title("Did predictions come true?", "予測確率の較正")
    return p.ax
