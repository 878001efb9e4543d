"""Pictures of the whole shop: revenue by month, seasons, the months to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ._canvas import BAND, BLUE, GREEN, GREY, ORANGE, SKY, listed, picture, reach

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._table import Table
    from .._types import Labels


def monthly(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["revenue", "customers"] = "revenue",
    labels: Labels = "en",
) -> Axes:
    """Revenue or customers of each period, new and repeat (新規・リピート別売上).

    Args:
        table: A table of `monthly`.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the bars show. Revenue of guests is a third part, if there is any.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.monthly(crm.monthly(orders))
        >>> axes.get_title(loc="left")
        'Revenue by month'
    """
    import numpy as np

    listed("value", value, ("revenue", "customers"))
    with picture(table, ax, labels, "monthly", size=(8.0, 4.2)) as p:
        p.one_group()
        dates = p["month"]
        parts = [
            (f"repeat_{value}", BLUE, "repeat", "リピート"),
            (f"new_{value}", SKY, "new", "新規"),
        ]
        if value == "revenue" and p["guest_revenue"].any():
            parts.append(("guest_revenue", GREY, "guests", "ゲスト"))
        below = np.zeros(len(dates))
        at = np.arange(len(dates))
        for name, colour, en, ja in parts:
            p.ax.bar(at, p[name], 0.85, bottom=below, color=colour, label=p.say(en, ja))
            below = below + p[name]
        every = max(1, -(-len(dates) // 12))
        period = p.options["period"]
        names = [str(one)[: 7 if period == "month" else 10] for one in dates]
        p.ax.set_xticks(at[::every], names[::every], rotation=45, ha="right",
                        rotation_mode="anchor")  # fmt: skip
        if value == "revenue":
            p.money(p.ax.yaxis, "revenue", p.ax.get_ylim()[1], "Revenue", "売上")
        else:
            p.counts(p.ax.yaxis)
            p.y("Customers", "人数 (人)")
        p.legend_beside(reverse=True)
        p.title(
            f"{value.capitalize()} by {period}",
            f"新規・リピート別の{'売上' if value == 'revenue' else '人数'}",
        )
    return p.ax


_WEEKDAYS = {
    "mon": "月",
    "tue": "火",
    "wed": "水",
    "thu": "木",
    "fri": "金",
    "sat": "土",
    "sun": "日",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def seasonality(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Factors of demand by month, weekday and named day (季節指数), with intervals.

    Args:
        table: A table of `seasonality`.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes. 1 is the mean of the year; factors whose interval contains 1 are pale.
        The trend is not drawn.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.seasonality(crm.seasonality(orders, "2025-12-31"))
        >>> axes.get_ylabel()
        'Demand, 1 = mean'
    """
    from itertools import pairwise

    import numpy as np

    with picture(table, ax, labels, "seasonality", size=(8.0, 3.8)) as p:
        p.one_group()
        kinds, keys = table.to_dict()["kind"], [str(key) for key in table.to_dict()["key"]]
        rows = np.array([kind != "trend" for kind in kinds])
        kinds = [kind for kind in kinds if kind != "trend"]
        keys = [key for key, kept in zip(keys, rows, strict=True) if kept]
        at = np.arange(len(keys)) + np.cumsum([0, *(a != b for a, b in pairwise(kinds))])
        factor, low, high = (p[name][rows] for name in ("factor", "factor_low", "factor_high"))
        found = (low > 1) | (high < 1)
        p.ax.axhline(1, color=GREY, lw=1)
        for chosen, colour in ((found, BLUE), (~found, SKY)):
            reach = np.clip([(factor - low)[chosen], (high - factor)[chosen]], 0, None)
            p.ax.errorbar(at[chosen], factor[chosen], yerr=reach, fmt="o", color=colour, capsize=3)
        p.ax.set_xticks(at, [_season(p.labels, *pair) for pair in zip(kinds, keys, strict=True)])
        if len(keys) > 14:
            p.ax.tick_params(axis="x", labelrotation=45)
        p.y("Demand, 1 = mean", "季節指数（1 = 平均）")
        p.title("Seasons of demand, with intervals", "季節指数と区間")
    return p.ax


def _season(labels: Labels, kind: str, key: str) -> str:
    if kind == "month":
        return f"{key}月" if labels == "ja" else _MONTHS[int(key) - 1]
    if kind == "weekday":
        return _WEEKDAYS.get(key, key) if labels == "ja" else key.capitalize()
    return key


def shop_forecast(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["revenue", "orders"] = "revenue",
    labels: Labels = "en",
) -> Axes:
    """Revenue or orders of the months to come (売上予測), with bands.

    Args:
        table: A table of `shop_forecast`.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the lines show.
        labels: "en" or "ja".

    Returns:
        The axes: the whole shop with its interval, today's customers, new customers.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.shop_forecast(crm.shop_forecast(orders, "2025-12-31", months=6))
        >>> len(axes.lines)
        3
    """
    import numpy as np

    listed("value", value, ("revenue", "orders"))
    with picture(table, ax, labels, "shop_forecast") as p:
        p.one_group()
        part = np.array(table.to_dict()["part"], dtype=object)
        names = p.term("part")
        for which, colour, marker in (("total", BLUE, "o"), ("existing", GREEN, "s"),
                                      ("new", ORANGE, "^")):  # fmt: skip
            rows = (part == which) & ~np.isnat(p["month"])  # the sums of all months have none
            months = [str(month)[:7] for month in p["month"][rows]]
            at = np.arange(len(months))
            p.ax.plot(at, p[value][rows], color=colour, marker=marker, lw=1.8, ms=4,
                      label=names[which])  # fmt: skip
            if which == "total":
                low, high = p[f"{value}_low"][rows], p[f"{value}_high"][rows]
                level = f"{p.options['interval']:.0%}"
                p.ax.fill_between(at, low, high, color=colour, alpha=BAND, lw=0, label=p.say(
                    f"{level} interval of the total", f"合計の{level}区間"))  # fmt: skip
                p.ax.set_xticks(at, months, rotation=45, ha="right", rotation_mode="anchor")
        p.ax.set_ylim(bottom=0)
        if value == "revenue":
            p.money(p.ax.yaxis, "revenue", p.ax.get_ylim()[1], "Revenue", "売上")
        else:
            p.counts(p.ax.yaxis)
            p.y("Orders", "注文件数 (件)")
        p.legend_beside()
        p.title(f"{value.capitalize()} to come", "売上予測" if value == "revenue" else "注文予測")
    return p.ax


def base_forecast(
    table: Table,
    ax: Axes | None = None,
    *,
    value: Literal["revenue", "orders", "active"] = "revenue",
    labels: Labels = "en",
) -> Axes:
    """What today's customers will bring in the next years (新CPM), by each method.

    Args:
        table: A table of `base_forecast`.
        ax: The axes to draw on. Default: those of a new figure.
        value: What the points show: revenue, orders, or active customers.
        labels: "en" or "ja".

    Returns:
        The axes. Each point is a year with its interval; a diamond is what came true of the same
        forecast at an earlier date.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.base_forecast(crm.base_forecast(orders, "2025-12-31", years=3))
        >>> axes.get_ylabel()
        'Revenue of the year (million JPY)'
    """
    import numpy as np

    listed("value", value, ("revenue", "orders", "active"))
    with picture(table, ax, labels, "base_forecast") as p:
        p.one_group()
        name = "active" if value == "active" else f"expected_{value}"
        actual = p[f"actual_{value}"]
        until = np.unique(p["until"])
        at = np.searchsorted(until, p["until"])
        methods = np.array(table.to_dict()["method"], dtype=object)
        for shift, (method, colour) in enumerate((("model", BLUE), ("markov", ORANGE))):
            rows = methods == method
            arms = reach(p, name)[:, rows]
            p.ax.errorbar(at[rows] + 0.16 * shift - 0.08, p[name][rows], yerr=arms, fmt="o",
                          color=colour, capsize=3, label=p.term("method")[method])  # fmt: skip
        came = np.isfinite(actual) & (methods == "model")
        if came.any():
            p.ax.plot(at[came], actual[came], "D", color="black", ms=6, label=p.say(
                "came true", "実績"))  # fmt: skip
        p.ax.set_xticks(range(len(until)), [str(day) for day in until])
        p.ax.set_ylim(bottom=0)
        if value == "revenue":
            top = p.ax.get_ylim()[1]
            p.money(p.ax.yaxis, name, top, "Revenue of the year", "年間売上")
        else:
            p.counts(p.ax.yaxis)
            words = {"orders": ("Orders of the year", "年間注文件数 (件)"),
                     "active": ("Customers who buy in the year", "年間購入人数 (人)")}  # fmt: skip
            p.y(*words[value])
        p.x("Year until", "年度末")
        p.legend()
        level = f"{p.options['interval']:.0%}"
        p.title(f"Today's customers in the next years, {level} intervals",
                f"既存顧客の今後（{level}区間）")  # fmt: skip
    return p.ax
