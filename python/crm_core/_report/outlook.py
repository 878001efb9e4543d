"""What the shop and today's customers will bring, and how right such predictions were before.

A shop too young for one of these has that table left out: the analyses refuse to answer, and a
report has nobody to ask for another horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._errors import DataError
from .result import Frame

ALL_MONTHS = "all"  # instead of a month: the row of all together

_FORECAST = {
    "method": "method",
    "until": "until",
    "active": "active",
    "expected_orders": "expected_orders",
    "expected_revenue": "forecast_revenue",
    "expected_revenue_low": "low_revenue",
    "expected_revenue_high": "high_revenue",
    "revenue_multiple": "revenue_multiple",
}
_TESTED = {
    "method": "method",
    "active": "active",
    "actual_active": "actual_active",
    "expected_orders": "expected_orders",
    "actual_orders": "actual_orders",
    "expected_revenue": "forecast_revenue",
    "actual_revenue": "actual_revenue",
}
_DATES = {
    "method": "method",
    "returned": "returned",
    "mae_days": "mae_days",
    "median_error_days": "median_error_days",
}
_SWEEP = {
    "threshold": "threshold",
    "flagged": "flagged",
    "returned": "returned",
    "returned_rate": "returned_rate",
    "others_returned_rate": "others_returned_rate",
    "near_rate": "near_rate",
}


def requests(cpm: Mapping[str, Any], whole: bool) -> dict[str, Mapping[str, Any]]:
    """What `look_ahead` asks for: the analyses of the report that take longest."""
    found: dict[str, Mapping[str, Any]] = {"shop_forecast": {}} if whole else {}
    return {
        **found,
        "base_forecast": cpm,
        "backtest": {"origins": 1, "within": 90},
        "threshold_sweep": {"levels": []},
    }


def look_ahead(
    run: Callable[..., Frame], cpm: Mapping[str, Any], whole: bool = True
) -> dict[str, Frame]:
    """The tables of the section, by their titles' keys; what cannot be said is left out.

    Args:
        run: Runs one analysis under the report's scope.
        cpm: The options of CPM that the report uses.
        whole: Whether it is about all customers: of some of them there are no new ones.
    """
    found: dict[str, Frame] = {}
    asked = requests(cpm, whole)
    shop = _try(run, "shop_forecast") if whole else None
    if shop is not None and "without_forecast" not in shop.notes:
        found["shop"] = _by_month(shop)
    forecast = _try(run, "base_forecast", **asked["base_forecast"])
    if forecast is not None:
        tested = [value is not None for value in forecast["actual_orders"]]
        known = [value is not None for value in forecast["expected_orders"]]
        ahead = [not over and has for over, has in zip(tested, known, strict=True)]
        before = [over and has for over, has in zip(tested, known, strict=True)]
        found["forecast"] = _part(forecast, _FORECAST, ahead)
        found["forecast_tested"] = _part(forecast, _TESTED, before)
    dates = _try(run, "backtest", **asked["backtest"])
    if dates is not None:
        found["dates_tested"] = _part(dates, _DATES, [v is not None for v in dates["mae_days"]])
    sweep = _try(run, "threshold_sweep", **asked["threshold_sweep"])
    if sweep is not None:
        found["sweep"] = _part(sweep, _SWEEP, [True] * len(sweep))
    return {key: frame for key, frame in found.items() if len(frame)}


def _try(run: Callable[..., Frame], task: str, **options: Any) -> Frame | None:
    try:
        return run(task, **options)
    except DataError:
        return None


def _by_month(shop: Frame) -> Frame:
    """A row per month, and one of all: revenue of both kinds of customers, orders of the shop."""
    rows = shop.rows()
    existing, new, total = (
        [row for row in rows if row["part"] == part] for part in ("existing", "new", "total")
    )
    return Frame(
        shop.task,
        {
            "month": [str(row["month"] or ALL_MONTHS) for row in total],
            "existing_revenue": [row["revenue"] for row in existing],
            "new_revenue": [row["revenue"] for row in new],
            "forecast_revenue": [row["revenue"] for row in total],
            "low_revenue": [row["revenue_low"] for row in total],
            "high_revenue": [row["revenue_high"] for row in total],
            "expected_orders": [row["orders"] for row in total],
        },
        notes=shop.notes,
    )


def _part(frame: Frame, names: Mapping[str, str], kept: Sequence[bool]) -> Frame:
    def column(name: str) -> list[Any]:
        return [value for value, keep in zip(frame[name], kept, strict=True) if keep]

    labels = {new: frame.labels[old] for old, new in names.items() if old in frame.labels}
    return Frame(
        frame.task,
        {new: column(old) for old, new in names.items()},
        labels=labels,
        notes=frame.notes,
    )
