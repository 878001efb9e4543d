"""What will today's customers be worth: predicted revenue by segment, and how right it was before.

The band of a segment's sum has two parts: the chance in what its customers do, by `clv`, and how
wrong the sum of the shop was at earlier dates, by `base_forecast` (`shared_error`). Both are
spreads of logarithms, so their squares add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import crm_core

from ..._errors import ConvergenceError, DataError
from ..grid import Grid
from ..words import CPM_ORDER
from .ask import Arrays
from .parts import Headline, Section, Text
from .shop import Missing, Shop
from .voice import Voice
from .wall import missing

Models = tuple[crm_core.BestModel, crm_core.GammaGamma]

HORIZON = 365
_LEVEL = 0.8


@dataclass(frozen=True)
class Worth:
    """Customers of a segment and the revenue expected of them."""

    label: dict[str, str]
    customers: int
    revenue: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Past:
    """The forecast of a year ago and what came."""

    expected: float
    low: float | None
    high: float | None
    came: float

    @property
    def error(self) -> float:
        """How much too high it was, as a share of what came."""
        return self.expected / self.came - 1

    @property
    def held(self) -> bool:
        """Whether what came lies inside the band."""
        return self.low is not None and self.high is not None and self.low <= self.came <= self.high


@dataclass(frozen=True)
class Value:
    """The segments, all customers, and the forecast of a year ago."""

    segments: list[Worth]
    total: Worth
    past: Past | None


def find(shop: Shop) -> Value | Missing:
    """The predictions, or what the shop lacks for them."""
    if (lacks := shop.lacks()) is not None:
        return lacks
    ask = shop.ask
    forecast = ask.attempt("base_forecast", **shop.cpm)
    if forecast is None:
        return Missing("forecast")
    shared = {str(one["origin"]): one for one in forecast.notes.get("shared_error", [])}
    error = shared.get(str(shop.as_of), {}).get("revenue")
    summary = ask.table("clv_summary")
    arrays = summary.to_numpy()
    try:
        models = (crm_core.BestModel().fit(summary), crm_core.GammaGamma().fit(summary))
        segments = ask.table("cpm", **shop.cpm)
        cells = segments.to_numpy()
        place = dict(zip(cells["customer_id"].tolist(), range(len(segments)), strict=True))
        at = np.array([place.get(one, -1) for one in arrays["customer_id"].tolist()], int)
        found = []
        for state, names in (("active", CPM_ORDER), ("churned", (None,))):
            for name in names:
                here = (at >= 0) & (cells["state"][at] == state)
                if name is not None:
                    here &= cells["segment"][at] == name
                if not here.any():
                    continue
                column, word = ("segment", name) if name is not None else ("state", state)
                chosen = {key: column_of[here] for key, column_of in arrays.items()}
                label = {lang: segments.words(column)[word][lang] for lang in ("en", "ja")}
                found.append(_worth(models, chosen, label, error))
        total = _worth(models, arrays, {}, error)
    except (ConvergenceError, DataError):
        return Missing("forecast")
    return Value(found, total, _past(forecast.rows()))


def _worth(models: Models, arrays: Arrays, label: dict[str, str], error: float | None) -> Worth:
    names = ("frequency", "recency", "T", "monetary_value")
    rows = {name: arrays[name] for name in names}
    told = crm_core.clv(
        models[0],
        models[1],
        rows,
        shared_error=error,
        horizon_days=HORIZON,
        annual_discount_rate=0,
        interval=_LEVEL,
        unit="day",
        bad_rows="drop",
    ).notes["total"]
    revenue, outcome = told["clv"], told["outcome"]
    low, high = outcome if error is not None and outcome and outcome[0] > 0 else (None, None)
    return Worth(label, len(rows["T"]), revenue, low, high)


def _past(rows: list[dict[str, Any]]) -> Past | None:
    for row in rows:
        if row["method"] == "model" and row["actual_revenue"] and row["expected_revenue"]:
            return Past(
                row["expected_revenue"],
                row["expected_revenue_low"],
                row["expected_revenue_high"],
                row["actual_revenue"],
            )
    return None


def show(found: Value | Missing, voice: Voice) -> Section:
    """The table by segment, last year's band beside what came."""
    if isinstance(found, Missing):
        return missing("value", found, voice)
    total = found.total
    rows = [_row(one.label[voice.lang], one, total, voice) for one in found.segments]
    rows.append(_row(voice("all_customers"), total, total, voice))
    bars = [
        [None, None, one.revenue / (total.revenue or 1), None, None, None] for one in found.segments
    ]
    bars.append([None] * 6)
    names = ("segment", "people", "expected", "band", "share", "each")
    grid = Grid(
        voice("value"),
        [voice(f"value_{name}") for name in names],
        rows,
        [False, *[True] * 5],
        bars=bars,
    )
    parts: list[Text | Grid] = [grid]
    headlines = []
    expected = voice.money(total.revenue)
    title = voice("value_title_alone", expected=expected)
    if found.past is not None:
        past = found.past
        values = {
            "expected": expected,
            "then": voice.money(past.expected),
            "came": voice.money(past.came),
            "error": voice.percent(abs(past.error)),
        }
        side = "held" if past.held else "high" if past.error > 0 else "low"
        title = voice(f"value_title_{side}", **values)
        parts.insert(0, _past_grid(past, voice))
        if not past.held:
            headlines = [Headline(voice(f"value_said_{side}", **values), 2.0, True)]
    parts.append(Text(voice("value_note")))
    return Section("value", title, voice("value"), voice("value_question"), parts, headlines)


def _row(name: str, one: Worth, total: Worth, voice: Voice) -> list[str]:
    return [
        name,
        voice.count(one.customers),
        voice.money(one.revenue),
        _band(one.low, one.high, voice),
        voice.percent(one.revenue / total.revenue if total.revenue else None),
        voice.amount(one.revenue / one.customers),
    ]


def _past_grid(past: Past, voice: Voice) -> Grid:
    verdict = voice("past_held" if past.held else "past_missed")
    names = ("expected", "band", "came", "verdict")
    row = [
        voice("past_name"),
        voice.money(past.expected),
        _band(past.low, past.high, voice),
        voice.money(past.came),
        verdict,
    ]
    headings = ["", *(voice(f"past_{name}") for name in names)]
    return Grid(voice("past"), headings, [row], [False, True, True, True, False])


def _band(low: float | None, high: float | None, voice: Voice) -> str:
    if low is None or high is None:
        return "–"
    return voice.interval(voice.money(low), voice.money(high))
