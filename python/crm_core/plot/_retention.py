"""Pictures of repeat purchases: who buys again, how soon, and what cohorts are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._errors import OptionError
from ._canvas import (
    BAND,
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    Picture,
    colour_bar,
    group_colours,
    heat_map,
    listed,
    ordered_colours,
    picture,
    reach,
)
from ._flows import alluvial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from .._orders import Orders
    from .._table import Table
    from .._types import Date, Labels
    from ._canvas import Array


def purchase_counts(
    table: Table, ax: Axes | None = None, *, up_to: int = 10, labels: Labels = "en"
) -> Axes:
    """Customers by number of purchases (継続・離脱分析): continued, churned, still open.

    Args:
        table: A table of `purchase_counts`.
        ax: The axes to draw on. Default: those of a new figure.
        up_to: The last number of purchases to draw.
        labels: "en" or "ja".

    Returns:
        The axes. The text above a bar is the share that bought again.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.purchase_counts(crm.purchase_counts(orders), up_to=5)
        >>> len(axes.containers)
        3
    """
    import numpy as np

    with picture(table, ax, labels, "purchase_counts") as p:
        p.one_group()
        rows = p["k"] <= up_to
        k, below = p["k"][rows], np.zeros(int(rows.sum()))
        parts = (
            ("continued", BLUE, "Bought again", "継続"),
            ("churned", ORANGE, "Churned", "離脱"),
            ("pending", LIGHT, "Still open", "判定前"),
        )
        for name, colour, en, ja in parts:
            p.ax.bar(k, p[name][rows], 0.8, bottom=below, color=colour, label=p.say(en, ja))
            below = below + p[name][rows]
        for x, top, rate in zip(k, below, p["continue_rate"][rows], strict=True):
            if np.isfinite(rate):
                p.ax.text(x, top, f"{rate:.0%}", ha="center", va="bottom", fontsize=9)
        p.ax.set_xticks(k)
        p.counts(p.ax.yaxis)
        p.x("Number of purchases", "購入回数 (回)")
        p.y("Customers who reached it", "到達人数 (人)")
        p.legend()
        p.title("Who buys again", "継続・離脱分析")
    return p.ax


def repeat_rate(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """The share of customers who bought again (F2転換率), with its interval, by group.

    Args:
        table: A table of `repeat_rate`; each group of `by` or `as_of` is a point.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> axes = crm.plot.repeat_rate(crm.repeat_rate(orders, by=["channel"]))
        >>> [text.get_text() for text in axes.get_yticklabels()][:2]
        ['ads', 'direct']
    """
    with picture(table, ax, labels, "repeat_rate", size=(7.0, 3.6)) as p:
        names = [name or p.say("all", "全体") for name, _ in p.groups()]
        rate = p["repeat_rate"]
        p.ax.errorbar(
            rate,
            range(len(names)),
            xerr=reach(p, "repeat_rate"),
            fmt="o",
            color=BLUE,
            ecolor=BLUE,
            capsize=3,
        )
        p.ax.set_yticks(range(len(names)), names)
        p.ax.invert_yaxis()
        p.ax.margins(y=0.5 / max(len(names), 1))
        p.ax.set_xlim(left=0)
        p.ax.grid(axis="x", color=LIGHT, lw=0.6)
        p.percent(p.ax.xaxis)
        to, within = p.options["to"], p.options["within"]
        p.x(f"Share with purchase {to} within {within} days", f"{within}日以内のF{to}転換率")
        p.title("Who buys again, with intervals", "転換率と信頼区間")
    return p.ax


def lead_times(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """The share of customers who bought again, by days (リードタイム), with bands.

    Args:
        table: A table of `lead_times`; each group of `by` (such as the channel) is a curve.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> axes = crm.plot.lead_times(crm.lead_times(orders, by=["channel"]))
        >>> axes.get_legend() is not None
        True
    """
    with picture(table, ax, labels, "lead_times") as p:
        _curves(p, "until_days", "cumulative_rate", starts_at=0.0)
        p.ax.set_ylim(0, None)
        p.percent(p.ax.yaxis)
        to = p.options["to"]
        p.x(f"Days since purchase {to - 1}", f"F{to - 1}からの日数 (日)")
        p.y(f"Share with purchase {to}", f"F{to}転換率（累積）")
        p.title("How soon customers buy again", "リードタイム：累積転換率")
    return p.ax


def kaplan_meier(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """A survival curve (生存曲線): the share of gaps or durations longer than t, with its band.

    Args:
        table: A table of `kaplan_meier`, `survival_curve` or `sbg_predict`; each group of `by` or
            `as_of` is a curve.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> axes = crm.plot.kaplan_meier(crm.kaplan_meier(orders))
        >>> axes.get_xlabel()
        'Days since the purchase'
    """
    with picture(table, ax, labels, "kaplan_meier", "survival_curve", "sbg_predict") as p:
        x = {"kaplan_meier": "days", "survival_curve": "duration"}.get(p.analysis, "t")
        _curves(p, x, "survival_rate", steps=p.analysis != "sbg_predict")
        p.ax.set_ylim(0, 1.02)
        p.ax.set_xlim(left=0)
        p.percent(p.ax.yaxis)
        if p.analysis == "kaplan_meier":
            p.x("Days since the purchase", "購入からの日数 (日)")
            p.y("Share without the next purchase", "次回購入がまだの割合")
            p.title("Gaps between purchases", "購入間隔の生存曲線")
        else:
            p.x("Duration, in the unit of the data", "期間（データの単位）")
            p.y("Share that lasts longer", "継続率")
            p.title("Survival curve", "生存曲線")
    return p.ax


def _curves(
    p: Picture, x: str, y: str, *, starts_at: float | None = None, steps: bool = False
) -> None:
    """A curve and its band for each group."""
    import numpy as np

    groups = p.groups()
    banded = f"{y}_low" in p.table.columns
    for (name, rows), colour in zip(groups, group_colours(len(groups)), strict=True):
        along, lines = p[x][rows].astype(float), [p[y][rows]]
        if banded:
            lines += [p[f"{y}_low"][rows], p[f"{y}_high"][rows]]
        if starts_at is not None:
            along = np.concatenate([[0.0], along])
            lines = [np.concatenate([[starts_at], line]) for line in lines]
        style = "steps-post" if steps else "default"
        p.ax.plot(along, lines[0], color=colour, lw=1.8, drawstyle=style, label=name or None)
        if banded:
            step: Literal["post"] | None = "post" if steps else None
            alpha = BAND if len(groups) < 4 else BAND / 2
            p.ax.fill_between(along, lines[1], lines[2], color=colour, alpha=alpha, lw=0, step=step)
    if len(groups) > 1:
        p.legend(p.named_groups())


_CELLS = {
    "repeat_rate": ("Share with a repeat purchase", "リピート率"),
    "active_rate": ("Share active in the period", "アクティブ率"),
    "cumulative_ltv": ("Revenue per customer so far", "累積LTV"),
    "orders_per_customer": ("Orders per customer so far", "1人あたり累積購入回数 (回)"),
}


def cohorts(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal[
        "repeat_rate", "active_rate", "cumulative_ltv", "orders_per_customer"
    ] = "repeat_rate",
    labels: Labels = "en",
) -> Axes:
    """The heat map of cohorts (コホート): a row for each cohort, a column for each period.

    Args:
        table: A table of `cohorts`.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the cells show.
        labels: "en" or "ja".

    Returns:
        The axes. Cells that no cohort has reached are white.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.cohorts(crm.cohorts(orders, rows="quarter", step=90))
        >>> len(axes.images)
        1
    """
    import numpy as np

    listed("value", value, list(_CELLS))
    with picture(table, ax, labels, "cohorts", size=(9.0, 6.0)) as p:
        p.one_group()
        names = _cohorts(p)
        rows, columns = list(dict.fromkeys(names)), sorted(set(p["elapsed"].tolist()))
        cells = np.full((len(rows), len(columns)), np.nan)
        where = [rows.index(name) for name in names], np.searchsorted(columns, p["elapsed"])
        cells[where] = p[value]
        most = float(np.nanmax(cells))
        size, _ = p.unit_of_money("revenue", most) if value == "cumulative_ltv" else (1.0, "")
        shown = [
            [f"{one:.0%}" if value.endswith("rate") else f"{one / size:,.3g}" for one in row]
            for row in cells
        ]
        image = heat_map(p, cells, shown if len(columns) <= 14 else None)
        bar = colour_bar(p, image, p.say(*_CELLS[value]))
        if value.endswith("rate"):
            p.percent(bar.ax.yaxis)
        if value == "cumulative_ltv":
            p.money(bar.ax.yaxis, "revenue", most, *_CELLS[value])
        every = max(1, -(-len(columns) // 13))
        p.ax.set_xticks(range(0, len(columns), every), [str(one) for one in columns[::every]])
        step = max(1, -(-len(rows) // 24))
        p.ax.set_yticks(range(0, len(rows), step), rows[::step])
        p.x(*_elapsed(p))
        p.y("First purchase", "初回購入")
        p.title(f"Cohorts: {_CELLS[value][0][0].lower()}{_CELLS[value][0][1:]}",
                f"コホート：{_CELLS[value][1]}")  # fmt: skip
    return p.ax


def _cohorts(p: Picture) -> list[str]:
    """The names of the cohorts, as short as their length allows: 2026, 2026-Q1, 2026-01."""
    names, of = p.words("cohort"), p.options["rows"]
    if of == "quarter":
        return [f"{name[:4]}-Q{(int(name[5:7]) + 2) // 3}" for name in names]
    return [name[: {"year": 4, "month": 7}.get(of, 10)] for name in names]


def _elapsed(p: Picture) -> tuple[str, str]:
    if isinstance(p.options["step"], str) and p.options["step"] in ("month", "week"):
        unit = p.options["step"]
        return f"{unit.capitalize()}s since the first purchase", "初回購入からの期間"
    return "Days since the first purchase", "初回購入からの日数 (日)"


def ltv(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Cumulative revenue per customer over time (LTV推移): a curve for each cohort or channel.

    Args:
        table: A table of `cohorts`, `acquisition` or `first_product`.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.ltv(crm.cohorts(orders, rows="year", step=90))
        >>> axes.get_xlabel()
        'Days since the first purchase'
    """
    import numpy as np

    with picture(table, ax, labels, "cohorts", "acquisition", "first_product") as p:
        p.one_group()
        if p.analysis == "cohorts":
            names = np.array(_cohorts(p), dtype=object)
            cohorts = list(dict.fromkeys(names))
            colours = ordered_colours(len(cohorts))
            lines = [
                (name, p["elapsed"][names == name], p["cumulative_ltv"][names == name])
                for name in cohorts
            ]
        else:
            ends = [name for name in table.columns if name.startswith("ltv_")]
            days = np.array([int(name.removeprefix("ltv_")) for name in ends])
            of = p.words("channel" if p.analysis == "acquisition" else "first")
            colours = group_colours(len(of))
            values = np.array([p[name] for name in ends]).T
            lines = [(name, days, values[at]) for at, name in enumerate(of)]
        for (name, x, y), colour in zip(lines, colours, strict=True):
            p.ax.plot(x, y, color=colour, lw=1.5, marker="o", ms=3, label=name)
        p.ax.set_ylim(bottom=0)
        p.ax.set_xlim(left=0)
        p.x(*(_elapsed(p) if p.analysis == "cohorts" else _DAYS))
        money = "revenue"
        p.money(p.ax.yaxis, money, p.ax.get_ylim()[1], "Revenue per customer", "累積LTV")
        _some_of_the_legend(p)
        p.title("Lifetime value so far", "LTV推移")
    return p.ax


_DAYS = ("Days since the first purchase", "初回購入からの日数 (日)")


def _some_of_the_legend(p: Picture) -> None:
    """Of many curves in order, the legend names a dozen at most."""
    handles, names = p.ax.get_legend_handles_labels()
    every = max(1, -(-len(names) // 12))
    p.ax.legend(
        handles[::every], names[::every], frameon=False, fontsize=9, loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )  # fmt: skip


def purchase_flow(
    table: Table, ax: Axes | None = None, *, k: int = 1, labels: Labels = "en"
) -> Axes:
    """From the k-th purchase to the next (購入商品遷移), as bands from left to right.

    Args:
        table: A table of `purchase_flow`.
        ax: The axes to draw on. Default: those of a new figure.
        k: The purchase on the left.
        labels: "en" or "ja".

    Returns:
        The axes. The width of a band is its number of customers.

    Raises:
        OptionError: Another analysis, several groups, or no row of `k`.

    Example:
        >>> axes = crm.plot.purchase_flow(crm.purchase_flow(orders, top=5))
    """
    with picture(table, ax, labels, "purchase_flow", size=(8.0, 6.0)) as p:
        p.one_group()
        at = [i for i, one in enumerate(p["k"].tolist()) if one == k]
        if not at:
            raise OptionError(f"option `k`: the table has no purchase {k}")
        cells = table.to_dict()
        # Where a customer did not buy again, the target is the outcome in brackets.
        known = {"(other)": p.say("(other)", "(その他)")}
        known |= {f"({code})": label for code, label in p.term("outcome").items()}
        sources, targets = ([str(cells[side][i]) for i in at] for side in ("source", "target"))
        sizes = p["customers"][at]
        alluvial(
            p,
            sources=sources,
            targets=targets,
            sizes=sizes,
            names=(_largest(sources, sizes, known), _largest(targets, sizes, known)),
            colours=[BLUE if cells["outcome"][i] == "continued" else GREY for i in at],
        )
        p.title(f"From purchase {k} to purchase {k + 1}", f"F{k}からF{k + 1}への購入商品遷移")
    return p.ax


def _largest(nodes: Sequence[str], sizes: Array, known: Mapping[str, str]) -> dict[str, str]:
    """The labels of nodes, the largest first; the rest and the outcomes come last."""
    total: dict[str, float] = {}
    for node, size in zip(nodes, sizes.tolist(), strict=True):
        total[node] = total.get(node, 0.0) + size
    order = sorted(total, key=lambda node: (node in known, -total[node], node))
    last = [node for node in known if node in total]
    return {node: known.get(node, node) for node in [*(n for n in order if n not in known), *last]}


def gaps(
    orders: Orders,
    ax: Axes | None = None,
    *,
    as_of: Date | None = None,
    customer: int | str | None = None,
    step: int = 10,
    labels: Labels = "en",
    **scope: Any,
) -> Axes:
    """Days from one purchase to the next (購入間隔), and a customer's predicted date among them.

    Args:
        orders: The orders.
        ax: The axes to draw on. Default: those of a new figure.
        as_of: The last day that counts, required with `customer`. Default: the date of the last
            order.
        customer: An id: a line shows the date of the next purchase that `cycle` predicts, a band
            the dates from its 10th to its 90th percentile, in days since the last purchase.
        step: The width of a bar, in days.
        labels: "en" or "ja".
        **scope: Keys of the scope; see `Scope`.

    Returns:
        The axes. The bars are those of `lead_times`: from the first purchase to the second; the
        axis ends where it has 99 % of them.

    Raises:
        OptionError: The customer is unknown at that date, or a key of the scope is.

    Example:
        >>> axes = crm.plot.gaps(orders, as_of="2025-12-31", customer="C0000001")
    """
    import numpy as np

    from .._cycle import cycle
    from .._retention import lead_times as lead_times_of

    table = lead_times_of(orders, as_of, step=step, **scope)
    with picture(table, ax, labels, "lead_times") as p:
        p.one_group()
        high: int | None = None
        width = p["until_days"] - p["from_days"]
        p.ax.bar(p["from_days"], p["customers"], width, align="edge", color=LIGHT, ec="white")
        if customer is not None:
            if as_of is None:
                raise OptionError("option `as_of`: required with `customer`, as by `cycle`")
            row = cycle(orders, as_of, customers={"customer_id": customer}, **scope).to_dict()
            if not row["customer_id"]:
                raise OptionError("option `customer`: no customer of this id has an order by then")
            last = row["last_date"][0]
            low, middle, high = (
                (row[name][0] - last).days if row[name][0] is not None else None
                for name in ("date_p10", "predicted_date", "date_p90")
            )
            if middle is not None:
                date = row["predicted_date"][0]
                p.ax.axvline(middle, color=BLUE, lw=2, label=p.say(
                    f"predicted: {date}", f"予測購入日：{date}"))  # fmt: skip
            if low is not None and high is not None:
                p.ax.axvspan(low, high, color=BLUE, alpha=BAND, lw=0, label=p.say(
                    "80 % of the dates", "予測日の80%区間"))  # fmt: skip
            p.legend()
        most = int(np.searchsorted(np.cumsum(p["share"]), 0.99))
        ends = [float(p["until_days"][min(most, len(table) - 1)]), 1.1 * (high or 0)]
        p.ax.set_xlim(0, max(ends))
        p.counts(p.ax.yaxis)
        p.x("Days since the purchase", "購入からの日数 (日)")
        p.y("Customers", "人数 (人)")
        p.title("Days from the first purchase to the second", "初回から2回目までの日数")
    return p.ax
