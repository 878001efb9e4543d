"""Pictures of visitors: funnels, exits, transitions between pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._canvas import BLUE, LIGHT, colour_bar, group_colours, heat_map, picture, reach

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._table import Table
    from .._types import Labels


def funnel(table: Table, ax: Axes | None = None, *, labels: Labels = "en") -> Axes:
    """Visitors at each step of a funnel (ファネル分析); with `by`, the rate of each group.

    Args:
        table: A table of `funnel`.
        ax: The axes to draw on. Default: those of a new figure.
        labels: "en" or "ja".

    Returns:
        The axes. The text beside a bar is the share of those who began.

    Raises:
        OptionError: Another analysis.

    Example:
        >>> steps = ["product_view", "add", "purchase"]
        >>> axes = crm.plot.funnel(crm.funnel(events, steps=steps))
        >>> [text.get_text() for text in axes.get_yticklabels()] == steps
        True
    """
    import numpy as np

    with picture(table, ax, labels, "funnel", size=(7.0, 3.6)) as p:
        groups = p.groups()
        first = groups[0][1]
        names = [name for name, kept in zip(p.words("name"), first, strict=True) if kept]
        at = np.arange(len(names))
        height = 0.8 / len(groups)
        several = len(groups) > 1
        for shift, ((name, rows), colour) in enumerate(
            zip(groups, group_colours(len(groups)), strict=True)
        ):
            lengths = p["rate" if several else "reached"][rows]
            place = at + height * (shift - (len(groups) - 1) / 2)
            bars = p.ax.barh(place, lengths, height * 0.95, color=colour, label=name or None)
            if not several:
                texts = [f"{one:.1%}" for one in p["rate"][rows]]
                p.ax.bar_label(bars, texts, padding=3, fontsize=9)
        p.ax.set_yticks(at, names)
        p.ax.invert_yaxis()
        p.ax.tick_params(axis="y", length=0)
        who = {"session": ("Sessions", "セッション数"), "customer": ("Customers", "人数 (人)")}
        if several:
            p.percent(p.ax.xaxis)
            p.x("Share of those who began", "開始からの到達率")
            p.legend(p.named_groups())
        else:
            p.counts(p.ax.xaxis)
            p.x(*who.get(p.options.get("per", ""), ("Visitors", "訪問者数 (人)")))
            p.ax.margins(x=0.1)
        p.title("Funnel", "ファネル分析")
    return p.ax


def page_exits(
    table: Table, ax: Axes | None = None, *, top: int = 15, labels: Labels = "en"
) -> Axes:
    """Exit rates of the pages with the most views (ページ別離脱率), with intervals.

    Args:
        table: A table of `page_exits`.
        ax: The axes to draw on. Default: those of a new figure.
        top: How many pages.
        labels: "en" or "ja".

    Returns:
        The axes.

    Raises:
        OptionError: Another analysis, or several groups.

    Example:
        >>> axes = crm.plot.page_exits(crm.page_exits(events), top=3)
        >>> len(axes.patches)
        3
    """
    import numpy as np

    with picture(table, ax, labels, "page_exits") as p:
        p.one_group()
        rows = np.argsort(-p["views"], kind="stable")[:top]
        pages = p.words("page")
        p.ax.barh(
            range(len(rows)),
            p["exit_rate"][rows],
            xerr=reach(p, "exit_rate")[:, rows],
            color=BLUE,
            ecolor="black",
            error_kw={"elinewidth": 1, "capsize": 2},
        )
        names = [f"{_short(pages[row])}  ({p['views'][row]:,})" for row in rows]
        p.ax.set_yticks(range(len(rows)), names)
        p.ax.invert_yaxis()
        p.ax.tick_params(axis="y", length=0)
        p.ax.grid(axis="x", color=LIGHT, lw=0.6)
        p.ax.set_axisbelow(True)
        p.percent(p.ax.xaxis)
        p.x("Exits per view (views in brackets)", "離脱率（括弧内は表示回数）")
        p.title("Exits by page", "ページ別離脱率")
    return p.ax


def transitions(
    table: Table, ax: Axes | None = None, *, top: int = 12, labels: Labels = "en"
) -> Axes:
    """Where visitors go from each page (ページ遷移): rows are pages, columns the next ones.

    Args:
        table: A table of `transitions` of order 1.
        ax: The axes to draw on. Default: those of a new figure.
        top: How many pages: those with the most transitions.
        labels: "en" or "ja".

    Returns:
        The axes. Rows add up to 100 % over all pages.

    Raises:
        OptionError: Another analysis, several groups.

    Example:
        >>> axes = crm.plot.transitions(crm.transitions(events))
        >>> axes.get_yticklabels()[0].get_text()
        '(start)'
    """
    import numpy as np

    with picture(table, ax, labels, "transitions", size=(7.0, 5.2)) as p:
        _first_order(p.options, table)
        p.one_group()
        sources, targets = p.words("source"), p.words("target")
        counts: dict[str, float] = {}
        for name, count in zip([*sources, *targets], [*p["count"], *p["count"]], strict=True):
            counts[name] = counts.get(name, 0.0) + float(count)
        most = sorted(counts, key=lambda name: (-counts[name], name))
        nodes = [name for name in most if name not in ("(start)", "(end)")][:top]
        rows, columns = ["(start)", *nodes], [*nodes, "(end)"]
        cells = np.full((len(rows), len(columns)), np.nan)
        for source, target, share in zip(sources, targets, p["probability"], strict=True):
            if source in rows and target in columns:
                cells[rows.index(source), columns.index(target)] = share
        texts = [[f"{cell:.0%}" for cell in row] for row in cells]
        bar = colour_bar(p, heat_map(p, cells, texts, (0.0, 1.0)), p.say("Share", "割合"))
        p.percent(bar.ax.yaxis)
        ends = {"(start)": p.say("(start)", "(開始)"), "(end)": p.say("(end)", "(終了)")}
        shown = [_short(ends.get(name, name)) for name in columns]
        p.ax.set_xticks(range(len(columns)), shown, rotation=45, ha="right",
                        rotation_mode="anchor")  # fmt: skip
        p.ax.set_yticks(range(len(rows)), [_short(ends.get(name, name)) for name in rows])
        p.x("Next", "遷移先")
        p.y("From", "遷移元")
        p.title("Where visitors go next", "ページ遷移")
    return p.ax


def _first_order(options: dict[str, object], table: Table) -> None:
    from .._errors import OptionError

    if options.get("order") != 1 or "before" in table or "step" in table:
        raise OptionError(
            "this picture shows transitions of order 1 over whole sessions",
            hint="crm.transitions(events)",
        )


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
