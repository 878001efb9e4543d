"""Pictures of tables, by matplotlib (``pip install 'crm-core[plot]'``).

Each function has the name of the analysis whose table it shows, takes the axes to draw on (`ax`)
and gives them back. ``table.plot()`` chooses the picture that belongs to the table. Colours are
those that people with any kind of colour vision tell apart. With ``labels="ja"`` all texts are
Japanese, in a font of the machine.

    crm.plot.rfm(crm.rfm_cross(orders))
    crm.lead_times(orders, by=["channel"]).plot(labels="ja")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import OptionError
from ._behavior import funnel, page_exits, transitions
from ._demand import demand
from ._models import (
    alive_path,
    backtest_calibration,
    clv_tracking,
    expected_surface,
    frequency_histogram,
    holdout,
)
from ._retention import (
    cohorts,
    gaps,
    kaplan_meier,
    lead_times,
    ltv,
    purchase_counts,
    purchase_flow,
    repeat_rate,
)
from ._segments import cpm, decile, lorenz, movement, rfm, rfm_segments
from ._shop import base_forecast, monthly, seasonality, shop_forecast

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from .._table import Table
    from .._types import Labels

__all__ = [
    "alive_path",
    "backtest_calibration",
    "base_forecast",
    "clv_tracking",
    "cohorts",
    "cpm",
    "decile",
    "demand",
    "expected_surface",
    "frequency_histogram",
    "funnel",
    "gaps",
    "holdout",
    "kaplan_meier",
    "lead_times",
    "lorenz",
    "ltv",
    "monthly",
    "movement",
    "page_exits",
    "purchase_counts",
    "purchase_flow",
    "repeat_rate",
    "rfm",
    "rfm_segments",
    "seasonality",
    "shop_forecast",
    "transitions",
]

_PICTURES: dict[str, Callable[..., Axes]] = {
    "acquisition": ltv,
    "alive_path": alive_path,
    "backtest_calibration": backtest_calibration,
    "base_forecast": base_forecast,
    "bgbb_histogram": frequency_histogram,
    "clv_tracking": clv_tracking,
    "cohorts": cohorts,
    "cpm": cpm,
    "cpm_segments": cpm,
    "decile": decile,
    "demand": demand,
    "expected_surface": expected_surface,
    "first_product": ltv,
    "frequency_histogram": frequency_histogram,
    "funnel": funnel,
    "kaplan_meier": kaplan_meier,
    "lead_times": lead_times,
    "lorenz": lorenz,
    "monthly": monthly,
    "movement": movement,
    "page_exits": page_exits,
    "purchase_counts": purchase_counts,
    "purchase_flow": purchase_flow,
    "repeat_rate": repeat_rate,
    "rfm": rfm,
    "rfm_cross": rfm,
    "rfm_segments": rfm_segments,
    "sbg_predict": kaplan_meier,
    "seasonality": seasonality,
    "shop_forecast": shop_forecast,
    "survival_curve": kaplan_meier,
    "transitions": transitions,
}


def of_table(table: Table, ax: Axes | None, labels: Labels, **options: Any) -> Axes:
    """The picture that belongs to a table's analysis."""
    analysis = table.definition.get("analysis")
    draw = _PICTURES.get(str(analysis))
    if draw is None:
        what = f"a table of `{analysis}`" if analysis else "a table of no analysis"
        raise OptionError(
            f"there is no picture of {what}",
            hint=f"there are pictures of {', '.join(sorted(_PICTURES))}",
        )
    import inspect

    known = [name for name in inspect.signature(draw).parameters if name not in ("table", "ax")]
    for name in options:
        if name not in known:
            raise OptionError(
                f"unknown option `{name}` of the picture of `{analysis}`",
                hint=f"there are {', '.join(known)}",
            )
    return draw(table, ax, labels=labels, **options)
