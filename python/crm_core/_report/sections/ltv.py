"""Are newer customers worth more: revenue of each month's new customers over time (LTV推移)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import figures
from ..figures import Curve, Series
from ..grid import Grid
from .change import Change, of_means
from .parts import Figure, Headline, Section
from .shop import Missing, Shop, a_year_before
from .voice import Voice
from .wall import missing

AFTER = 90  # days at which cohorts are compared
_STEPS = (0, 30, 60, 90, 180, 270, 360)
_COHORTS = 13


@dataclass(frozen=True)
class Ltv:
    """Revenue per new customer.

    Attributes:
        cohorts: The last months: the month, its customers, and revenue per customer by days; None
            where not all of them are observed so long.
        months: The months that are compared.
        change: Revenue per customer within 90 days, and that of the same months a year before.
        curves: Revenue per customer every 30 days, of these months and of those a year before.
    """

    cohorts: list[tuple[str, int, dict[int, float | None]]]
    months: tuple[str, str] | None
    change: Change | None
    curves: list[dict[int, float]]


def find(shop: Shop) -> Ltv | Missing:
    """The cohorts, and half a year of them compared with the year before."""
    if (lacks := shop.lacks(regulars=0)) is not None:
        return lacks
    table = shop.ask("cohorts", step=30, up_to=360)
    months: dict[str, tuple[int, dict[int, float | None]]] = {}
    for row in table.rows():
        month = row["cohort"].isoformat()
        cells = months.setdefault(month, (row["cohort_customers"], {}))[1]
        cells[row["elapsed"]] = row["cumulative_ltv"] if row["complete"] else None
    this = shop.as_of.replace(day=1).isoformat()
    cohorts = [
        (month, customers, cells)
        for month, (customers, cells) in sorted(months.items())
        if month < this or shop.whole_month
    ][-_COHORTS:]
    chosen = shop.months_before(AFTER)
    if chosen is None:
        return Ltv(cohorts, None, None, [])
    earlier = (a_year_before(chosen[0]), a_year_before(chosen[1]))
    curves = [_curve(shop, chosen, complete=True)]
    if earlier[0] < shop.first.replace(day=1).isoformat():
        return Ltv(cohorts, chosen, None, curves)
    return Ltv(
        cohorts,
        chosen,
        of_means(_by_day(shop, chosen), _by_day(shop, earlier)),
        [*curves, _curve(shop, earlier, complete=False)],
    )


def _by_day(shop: Shop, months: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Revenue within 90 days and customers, by the day of the first order."""
    chosen = {"first_month": {"from": months[0], "to": months[1]}}
    found = shop.ask.arrays("cohorts", rows="day", step=AFTER, up_to=AFTER, customers=chosen)
    here = found["elapsed"] == AFTER
    customers = found["cohort_customers"][here].astype(float)
    return found["cumulative_ltv"][here] * customers, customers


def _curve(shop: Shop, months: tuple[str, str], complete: bool) -> dict[int, float]:
    """Revenue per customer of some months together, as far as all of them are observed."""
    chosen = {"first_month": {"from": months[0], "to": months[1]}}
    rows = shop.ask("cohorts", rows="all", step=30, up_to=360, customers=chosen).rows()
    return {row["elapsed"]: row["cumulative_ltv"] for row in rows if row["complete"]}


def show(found: Ltv | Missing, voice: Voice) -> Section:
    """The heat map of cohorts and the curves of two years."""
    if isinstance(found, Missing):
        return missing("ltv", found, voice)
    parts: list[Grid | Figure] = [_heat(found, voice)]
    if len(found.curves) == 2 and found.months is not None:
        parts.append(_figure(found, voice))
    title, headlines = voice("ltv_title_alone"), []
    if found.change is not None and found.months is not None:
        change = found.change
        values = {
            "now": voice.amount(change.now),
            "months": voice.months(*found.months),
            "before": voice.amount(change.before),
            "change": "" if change.ratio is None else voice.signed(change.ratio),
        }
        title = voice(f"ltv_title_{change.verdict}", **values)
        if change.verdict != "too_few":
            text = voice("ltv_said", moved=voice.moved(change, voice("same_months")), **values)
            headlines = [Headline(text, change.weight, change.verdict == "down")]
    elif found.months is not None and AFTER in found.curves[0]:
        now = voice.amount(found.curves[0][AFTER])
        title = voice("ltv_title_young", now=now, months=voice.months(*found.months))
    return Section("ltv", title, voice("ltv"), voice("ltv_question"), parts, headlines)


def _heat(found: Ltv, voice: Voice) -> Grid:
    most = max((value or 0 for *_, cells in found.cohorts for value in cells.values()), default=1)
    rows: list[list[str]] = []
    weights: list[list[float | None]] = []
    hatched = set()
    for at, (month, customers, cells) in enumerate(found.cohorts):
        values = [cells.get(step) for step in _STEPS]
        shown = ["" if value is None else voice.amount(value) for value in values]
        rows.append([month[:7], voice.count(customers), *shown])
        shares = [None if value is None else max(value, 0) / (most or 1) for value in values]
        weights.append([None, None, *shares])
        hatched |= {(at, place + 2) for place, value in enumerate(values) if value is None}
    headings = [voice("ltv_month"), voice("people")]
    headings += [voice("days", days=step) if step else voice("ltv_first") for step in _STEPS]
    return Grid(
        voice("ltv_heat"), headings, rows, [False, *[True] * 8], weights=weights, hatched=hatched
    )


def _figure(found: Ltv, voice: Voice) -> Figure:
    now, before = found.curves
    steps = sorted({*now, *before})
    assert found.months is not None
    earlier = (a_year_before(found.months[0]), a_year_before(found.months[1]))
    curves = [
        Curve("c-then", voice.months(*earlier), [before.get(step) for step in steps]),
        Curve("c-now", voice.months(*found.months), [now.get(step) for step in steps]),
    ]
    labels = [voice("days", days=step) for step in steps]
    title, text = voice("ltv_curves"), voice("ltv_curves_text")
    drawn = [
        figures.curves("ltv-curves", title, text, labels, curves, voice.axis, narrow)
        for narrow in (False, True)
    ]
    rows = [
        [label, *(voice.amount(one.values[at]) for one in curves)]
        for at, label in enumerate(labels)
    ]
    numbers = Grid(title, ["", *(one.name for one in curves)], rows, [False, True, True])
    legend = [Series(one.css, one.name, []) for one in curves]
    return Figure(drawn[0], drawn[1], legend, numbers, title)
