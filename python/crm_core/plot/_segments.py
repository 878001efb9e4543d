"""Pictures of segments: RFM, the portfolio, movement, concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .._errors import OptionError
from ._canvas import (
    BLUE,
    GREY,
    LIGHT,
    Picture,
    colour_bar,
    group_colours,
    heat_map,
    listed,
    ordered_colours,
    picture,
)
from ._flows import alluvial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .._table import Table
    from .._types import Labels
    from ._canvas import Array

_AXES = {
    "r": ("Recency score", "最終購入スコア (R)"),
    "f": ("Frequency score", "購入回数スコア (F)"),
    "m": ("Monetary score", "購入金額スコア (M)"),
}


def rfm(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["customers", "revenue"] = "customers",
    labels: Labels = "en",
) -> Axes:
    """The RFM heat map (RFMクロス集計): customers or revenue by two scores.

    Args:
        table: A table of `rfm_cross`, or of `rfm`, whose customers are counted by recency and
            frequency.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the colours show.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis, a sliced cross table, several groups.

    Example:
        >>> axes = crm.plot.rfm(crm.rfm_cross(orders))
        >>> axes.get_xlabel()
        'Frequency score'
    """
    import numpy as np

    listed("value", value, ("customers", "revenue"))
    with picture(table, ax, labels, "rfm", "rfm_cross", size=(6.0, 4.6)) as p:
        p.one_group()
        if p.options.get("slice"):
            raise OptionError("the picture has two axes, and the table has a slice of three")
        rows, columns = p.options.get("rows", "r"), p.options.get("columns", "f")
        cuts = table.notes["cuts"]
        axis = {"r": "recency", "f": "frequency", "m": "monetary"}
        height, width = len(cuts[axis[rows]]) + 1, len(cuts[axis[columns]]) + 1
        cells = np.zeros((height, width))
        counted = np.ones(len(table)) if p.analysis == "rfm" and value == "customers" else p[value]
        np.add.at(cells, (height - p[rows].astype(int), p[columns].astype(int) - 1), counted)
        size, unit = (1.0, "") if value == "customers" else p.unit_of_money(value, cells.max())
        image = heat_map(p, cells, [[f"{cell / size:,.4g}" for cell in row] for row in cells])
        p.ax.set_xticks(range(width), [str(at + 1) for at in range(width)])
        p.ax.set_yticks(range(height), [str(height - at) for at in range(height)])
        p.x(*_AXES[columns])
        p.y(*_AXES[rows])
        if value == "customers":
            colour_bar(p, image, p.say("Customers", "人数 (人)"))
            p.title("Customers by RFM score", "RFMクロス集計：人数")
        else:
            bar = colour_bar(p, image, "")
            p.money(bar.ax.yaxis, value, cells.max(), "Revenue", "売上")
            p.title(f"Revenue by RFM score ({unit})", f"RFMクロス集計：売上 ({unit})")
    return p.ax


def rfm_segments(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["customers", "revenue"] = "customers",
    labels: Labels = "en",
) -> Axes:
    """Customers or revenue of each RFM segment (RFMセグメント); with dates, over time.

    Args:
        table: A table of `rfm_segments`; with a list of dates in `as_of`, each date is a bar.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the bars show.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis, or groups of `by`.

    Example:
        >>> axes = crm.plot.rfm_segments(crm.rfm_segments(orders))
        >>> axes.get_title(loc="left")
        'Customers by RFM segment'
    """
    listed("value", value, ("customers", "revenue"))
    with picture(table, ax, labels, "rfm_segments") as p:
        if p.group_columns == ["as_of"]:
            words = list(dict.fromkeys(table.to_dict()["segment"]))
            series = [(p.term("segment")[word], word) for word in words]
            _over_time(p, value, series, ordered_colours(len(words)), table.to_dict()["segment"])
        else:
            p.one_group()
            share = p["customer_share" if value == "customers" else "revenue_share"]
            bars = p.ax.barh(p.words("segment"), p[value], color=BLUE)
            p.ax.bar_label(bars, [f"{cell:.0%}" for cell in share], padding=3, fontsize=9)
            p.ax.invert_yaxis()
            p.ax.tick_params(axis="y", length=0)
            p.ax.margins(x=0.1)
            _value_axis(p, p.ax.xaxis, value)
        p.title(
            f"{value.capitalize()} by RFM segment",
            f"RFMセグメント別の{'人数' if value == 'customers' else '売上'}",
        )
    return p.ax


def cpm(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["customers", "revenue"] = "customers",
    labels: Labels = "en",
) -> Axes:
    """The customer portfolio (顧客ポートフォリオ, CPM分析); with dates, month by month.

    Args:
        table: A table of `cpm_segments`, or of `cpm`, whose customers are counted; with a list of
            dates in `as_of`, each date is a bar.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the bars show.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis, or groups of `by`.

    Example:
        >>> axes = crm.plot.cpm(crm.cpm_segments(orders))
        >>> [text.get_text() for text in axes.get_legend().get_texts()]
        ['Active', 'Churned']
    """
    import numpy as np

    listed("value", value, ("customers", "revenue"))
    with picture(table, ax, labels, "cpm", "cpm_segments") as p:
        cells = table.to_dict()
        segments, states = p.term("segment"), p.term("state")
        joined = np.array(
            [f"{one}_{state}" for one, state in zip(cells["segment"], cells["state"], strict=True)],
            dtype=object,
        )
        known = [one for one in segments if one in cells["segment"]]
        if p.group_columns == ["as_of"]:
            counts = p[value] != 0
            pairs = [(one, state) for state in ("active", "churned") for one in known[::-1]]
            pairs = [(a, b) for a, b in pairs if counts[joined == f"{a}_{b}"].any()]
            series = [(f"{segments[a]} · {states[b]}", f"{a}_{b}") for a, b in pairs]
            active = sum(state == "active" for _, state in pairs)
            colours = [*ordered_colours(active), *_greys(len(pairs) - active)]
            _over_time(p, value, series, colours, joined)
        else:
            p.one_group()
            counted = np.ones(len(table)) if p.analysis == "cpm" and value == "customers" else None
            amounts = p[value] if counted is None else counted
            order = known[::-1] if p.analysis == "cpm" else list(dict.fromkeys(cells["segment"]))
            _portfolio(p, order, joined, amounts)
            _value_axis(p, p.ax.xaxis, value)
        p.title(
            f"Customer portfolio: {value}",
            f"顧客ポートフォリオ：{'人数' if value == 'customers' else '売上'}",
        )
    return p.ax


def _greys(count: int) -> list[str]:
    return [str(0.45 + 0.45 * at / max(count - 1, 1)) for at in range(count)]


def _portfolio(p: Picture, order: Sequence[str], joined: Array, amounts: Array) -> None:
    """A pair of bars for each segment: active and churned."""
    import numpy as np

    at = np.arange(len(order))
    for shift, (state, colour) in enumerate((("active", BLUE), ("churned", LIGHT))):
        lengths = [amounts[joined == f"{segment}_{state}"].sum() for segment in order]
        bars = p.ax.barh(
            at + 0.4 * shift - 0.2, lengths, 0.4, color=colour, label=p.term("state")[state]
        )
        size, _ = p.unit_of_money("revenue", max(lengths)) if amounts is p["revenue"] else (1, "")
        p.ax.bar_label(bars, [f"{one / size:,.4g}" for one in lengths], padding=3, fontsize=8)
    p.ax.set_yticks(at, [p.term("segment")[segment] for segment in order])
    p.ax.tick_params(axis="y", length=0)
    p.ax.invert_yaxis()
    p.ax.margins(x=0.1)
    p.legend(loc="lower right")


def _over_time(
    p: Picture,
    value: str,
    series: Sequence[tuple[str, str]],
    colours: Sequence[object],
    words: Sequence[str] | Array,
) -> None:
    """A stacked bar for each date."""
    import numpy as np

    dates = np.unique(p["as_of"])
    texts, below = [str(date) for date in dates], np.zeros(len(dates))
    which = np.array(words, dtype=object)
    for (name, word), colour in zip(series, colours, strict=True):
        heights = np.array(
            [p[value][(which == word) & (p["as_of"] == date)].sum() for date in dates]
        )
        p.ax.bar(texts, heights, 0.85, bottom=below, color=colour, label=name)
        below = below + heights
    p.ax.set_xticks(range(len(texts)), texts, rotation=45, ha="right", rotation_mode="anchor")
    if len(texts) > 14:
        for text in p.ax.get_xticklabels()[1::2]:
            text.set_visible(False)
    _value_axis(p, p.ax.yaxis, value)
    p.legend_beside(reverse=True)


def _value_axis(p: Picture, axis: object, value: str) -> None:
    from matplotlib.axis import Axis, XAxis

    assert isinstance(axis, Axis), "an axis of the picture"
    if value == "customers":
        p.counts(axis)
        axis.set_label_text(p.say("Customers", "人数 (人)"))
    else:
        limits = p.ax.get_xlim() if isinstance(axis, XAxis) else p.ax.get_ylim()
        p.money(axis, "revenue", max(limits), "Revenue", "売上")


def movement(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Customers who moved between segments (セグメント移動), as bands from left to right.

    Args:
        table: A table of `movement`.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes. The width of a band is its number of customers.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> moves = crm.movement(orders, "2025-12-31", since="2025-06-30")
        >>> axes = crm.plot.movement(moves)
    """
    colours = {
        "new": "#56B4E9", "step_up": "#009E73", "reactivation": "#0072B2", "stay": "#BFBFBF",
        "move": "#CC79A7", "step_down": "#E69F00", "churn": "#D55E00",
    }  # fmt: skip
    with picture(table, ax, labels, "movement", size=(8.0, 6.0)) as p:
        p.one_group()
        cells = table.to_dict()
        kinds = [kind for kind in p.term("kind") if kind in cells["kind"]]
        names = _groups_of(p)
        # Groups of a grid of one's own have no labels.
        names |= {one: one for one in [*cells["source"], *cells["target"]] if one not in names}
        alluvial(
            p,
            sources=cells["source"],
            targets=cells["target"],
            sizes=p["customers"],
            names=(names, names),
            colours=[colours.get(kind, GREY) for kind in cells["kind"]],
            legend=[(p.term("kind")[kind], colours.get(kind, GREY)) for kind in kinds],
        )
        since, until = p.options["since"], table.definition["scope"]["as_of"]
        p.title(f"Customers by segment, {since} to {until}", f"顧客の移動（{since} から {until}）")
    return p.ax


def _groups_of(p: Picture) -> dict[str, str]:
    """The labels of the groups between which customers move, the best first.

    The columns of `movement` are texts without labels; a shop of one order has the words.
    """
    from .._orders import Orders
    from .._segmentation import cpm as portfolio
    from .._segmentation import rfm as scores

    one = {"customer_id": [1], "ordered_at": ["2026-01-01"], "amount": [1]}
    orders = Orders(one, currency="JPY")
    nobody = {"none": p.say("No order yet", "購入なし")}
    if p.options["scheme"] == "rfm":
        words = scores(orders).words("segment")
        return {code: both[p.labels] for code, both in words.items()} | nobody
    table = portfolio(orders)
    join = p.say(", ", "")
    groups = {
        f"{segment}_{state}": a[p.labels] + join + p.say(b["en"].lower(), b["ja"])
        for segment, a in reversed(table.words("segment").items())
        for state, b in table.words("state").items()
    }
    return groups | nobody


def lorenz(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """The Lorenz curve of revenue (ローレンツ曲線) and its Gini coefficient (ジニ係数).

    Args:
        table: A table of `lorenz`; each group of `by` or `as_of` is a curve.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> axes = crm.plot.lorenz(crm.lorenz(orders))
        >>> axes.get_ylabel()
        'Share of revenue'
    """
    import numpy as np

    with picture(table, ax, labels, "lorenz", size=(5.4, 5.0)) as p:
        known = np.isfinite(p["share_revenue"])
        p.ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--", label=p.say("Equal", "均等"))
        groups = p.groups()
        for (name, rows), colour in zip(groups, group_colours(len(groups)), strict=True):
            gini = p.say("Gini", "ジニ係数") + f" {p['gini'][rows][0]:.2f}"
            label = f"{name} ({gini})" if name else gini
            x, y = p["share_customers"][rows], p["share_revenue"][rows]
            p.ax.plot(x, y, color=colour, lw=2, label=label)
            if len(groups) == 1:
                p.ax.fill_between(x, y, x, color=colour, alpha=0.1, lw=0)
        p.ax.set_xlim(0, 1)
        least = float(np.nanmin(p["share_revenue"])) if known.any() else 0.0
        p.ax.set_ylim(min(0.0, least), 1)
        p.percent(p.ax.xaxis)
        p.percent(p.ax.yaxis)
        p.x("Share of customers, least revenue first", "顧客の累積割合（売上の少ない順）")
        p.y("Share of revenue", "売上の累積割合")
        p.legend(loc="upper left")
        p.title("Concentration of revenue", "売上集中度（ローレンツ曲線）")
    return p.ax


def decile(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Revenue of each group of customers (デシル分析), the best in group 1.

    Args:
        table: A table of `decile`.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes. The text above a bar is the share of all revenue.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.decile(crm.decile(orders))
        >>> len(axes.patches)
        10
    """
    import numpy as np

    with picture(table, ax, labels, "decile") as p:
        p.one_group()
        groups = np.arange(1, int(p.options["groups"]) + 1)
        revenue = np.array([p["revenue"][p["decile"] == group].sum() for group in groups])
        bars = p.ax.bar(groups, revenue, color=BLUE)
        total = revenue.sum()
        texts = [f"{one / total:.0%}" if total > 0 else "" for one in revenue]
        if len(groups) <= 20:
            p.ax.set_xticks(groups)
            p.ax.bar_label(bars, texts, padding=2, fontsize=9)
        p.x("Group of customers, the best first", "デシル（1 = 上位）")
        p.money(p.ax.yaxis, "revenue", revenue.max(), "Revenue", "売上")
        p.title("Revenue by group of customers", "デシル分析：売上")
    return p.ax
