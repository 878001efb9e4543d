"""Pictures of demand: how much will be sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import OptionError
from ._canvas import BAND, BLUE, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._table import Table
    from .._types import Labels


def demand(
    table: Table,
    ax: Axes | None = None,
    *,
    series: str | None = None,
    labels: Labels = "en",
) -> Axes:
    """How much will be sold (需要予測), with bands of 80 % and 95 %.

    Args:
        table: A table of `demand`.
        ax: The axes to draw on. Default: those of a new figure.
        series: The series to draw. Default: the only one.
        labels: "en" or "ja".

    Returns:
        The axes: the forecast, and bands that hold 80 % and 95 % of outcomes.

    Raises:
        OptionError: Another analysis, several groups or parts, several series and none named.

    Example:
        >>> axes = crm.plot.demand(crm.demand(orders, horizon=14))
        >>> len(axes.lines)
        1
    """
    import numpy as np

    with picture(table, ax, labels, "demand") as p:
        p.one_group()
        names = np.array(table.to_dict()["series"], dtype=object)
        known = list(dict.fromkeys(names))
        if series is None and len(known) > 1:
            raise OptionError(
                f"option `series`: expected one of the {len(known)} series of the table",
                hint="table.filter chooses rows as well",
            )
        if series is not None and series not in known:
            raise OptionError("option `series`: expected a value of the column `series`")
        rows = names == (known[0] if series is None else series)
        periods = p["period"][rows]
        if len(np.unique(periods)) < len(periods):
            raise OptionError(
                "this picture shows one part, and the table has several",
                hint='table.filter(part="new") chooses one',
            )
        for level, alpha in (("95", 0.5 * BAND), ("80", BAND)):
            low, high = p[f"low_{level}"][rows], p[f"high_{level}"][rows]
            if np.isfinite(low).any():
                p.ax.fill_between(periods, low, high, color=BLUE, alpha=alpha, lw=0,
                                  label=p.say(f"{level}% interval", f"{level}%区間"))  # fmt: skip
        p.ax.plot(periods, p["expected"][rows], color=BLUE, marker="o", lw=1.8, ms=3,
                  label=p.say("expected", "予測"))  # fmt: skip
        p.ax.tick_params(axis="x", labelrotation=45)
        p.ax.set_ylim(bottom=0)
        en, ja = {
            "orders": ("Orders", "注文件数 (件)"),
            "quantity": ("Units", "数量"),
            "revenue": ("Revenue", "売上"),
        }[p.options["measure"]]
        p.y(en, ja)
        p.legend_beside()
        p.title("What will be sold", "需要予測")
    return p.ax
