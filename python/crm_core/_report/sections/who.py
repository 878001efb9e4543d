"""Who are the customers, and who moved: the portfolio (CPM), its months, its moves, and the RFM
grid with the edges of its cells.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import figures, grid
from .. import words as report_words
from ..figures import Series
from ..grid import Grid
from ..result import Frame
from .parts import Figure, Headline, Part, Section
from .shop import DAYS, Shop
from .size import active_in
from .voice import Voice

# The least value of each score from 2 up; of recency the most days.
_CUTS = {"recency": [365, 180, 90, 30], "frequency": [2, 3, 4, 6], "monetary": [1, 2, 3, 4]}
_MOVES = ("new", "step_up", "step_down", "churn", "reactivation")


@dataclass(frozen=True)
class Who:
    """The portfolio of the day, of 28 days before, by month, and the moves between.

    Attributes:
        segments: The portfolio, see `cpm_segments`.
        history: The portfolio at the ends of months.
        moved: Customers by kind of move in the last 28 days; None if the shop is younger.
        labels: The kinds in both languages.
        active_before: Active customers 28 days before.
        cells: Customers by recency and number of orders, see `rfm_cross`.
    """

    segments: Frame
    history: Frame
    moved: dict[str, int] | None
    labels: dict[str, dict[str, str]]
    active_before: int
    cells: Frame


def find(shop: Shop, days: Sequence[datetime.date], prospects: bool = False) -> Who:
    """The portfolio and its moves.

    Args:
        shop: The shop.
        days: The ends of the months to show.
        prospects: Whether customers without an order are known.
    """
    ask = shop.ask
    known: dict[str, Any] = {"prospects": True} if prospects else {}
    segments = ask("cpm_segments", **shop.cpm, **known)
    history = ask("cpm_segments", list(days), **shop.cpm) if days else Frame("cpm_segments", {})
    since = shop.as_of - datetime.timedelta(DAYS)
    moved, labels, before = None, {}, 0
    if shop.first <= since:
        table = ask("movement", since=since.isoformat(), cpm={"prospects": False, **shop.cpm})
        moved = dict.fromkeys(_MOVES, 0)
        for row in table.rows():
            if row["kind"] in moved:
                moved[row["kind"]] += row["customers"]
        labels = {kind: dict(table.labels["kind"][kind]) for kind in _MOVES}
        before = active_in(ask("cpm_segments", since, **shop.cpm))
    cells = ask("rfm_cross", rfm={"cuts": _CUTS})
    return Who(segments, history, moved, labels, before, cells)


def show(found: Who, voice: Voice) -> Section:
    """The portfolio with bars, its months, the moves, and the grid."""
    parts: list[Part] = [
        grid.cpm_portfolio(found.segments, voice("who_cpm"), voice.lang, voice.currency)
    ]
    if found.moved is not None:
        rows = [
            [found.labels[kind][voice.lang], voice.count(count), voice(f"move_{kind}")]
            for kind, count in found.moved.items()
        ]
        headings = [voice(f"moves_{name}") for name in ("move", "people", "meaning")]
        parts.append(Grid(voice("moves"), headings, rows, [False, True, False]))
    if len(set(found.history.columns.get("as_of", []))) > 1:
        parts.append(_months(found.history, voice))
    parts.append(_cells(found.cells, voice))
    active = active_in(found.segments)
    title = voice("who_title_alone", active=voice.count(active))
    headlines = []
    if found.moved is not None:
        values = {
            "up": voice.count(found.moved["step_up"]),
            "left": voice.count(found.moved["churn"]),
            "back": voice.count(found.moved["reactivation"]),
            "before": voice.count(found.active_before),
            "active": voice.count(active),
        }
        title = voice("who_title", **values)
        gained = found.moved["new"] + found.moved["reactivation"]
        if found.moved["churn"] > gained:
            text = voice("who_said", left=values["left"], gained=voice.count(gained))
            headlines = [Headline(text, 1.5, True)]
    return Section("who", title, voice("who"), voice("who_question"), parts, headlines)


def _months(history: Frame, voice: Voice) -> Figure:
    days, counts = grid.by_month(history)
    labels = [day.isoformat()[:7] for day in days]
    if labels and labels[-1] in labels[:-1]:
        labels[-1] = days[-1].isoformat()[5:]
    series = [
        Series(
            f"p-{segment} p-{state}",
            grid.cpm_name(history, segment, state, voice.lang),
            counts[segment, state],
            below=state == "churned",
        )
        for state in report_words.STATES
        for segment in report_words.CPM_ORDER
        if any(counts.get((segment, state), []))
    ]
    title, text = voice("who_months"), voice("who_months_text")
    drawn = [
        figures.stacked_bars(
            "cpm", title, text, labels, series, voice.count, lambda value: f"{value:,.10g}",
            narrow=narrow,
        )
        for narrow in (False, True)
    ]  # fmt: skip
    numbers = grid.cpm_history(history, title, voice.lang)
    return Figure(drawn[0], drawn[1], series, numbers, title)


def _cells(cells: Frame, voice: Voice) -> Grid:
    """Customers by days since the last order, down, and by number of orders, across."""
    count = {(row["r"], row["f"]): (row["customers"], row["revenue"]) for row in cells.rows()}
    most = max((customers for customers, _ in count.values()), default=0) or 1
    across = [f for f in range(1, 6) if any(count.get((r, f), (0, 0))[0] for r in range(1, 6))]
    rows, weights = [], []
    for r in range(5, 0, -1):
        own = [count.get((r, f), (0, 0.0)) for f in across]
        shown = [
            voice("who_cell", people=voice.count(people), amount=voice.money(revenue or 0))
            if people
            else "–"
            for people, revenue in own
        ]
        rows.append([voice(f"recency_{r}"), *shown])
        weights.append([None, *(people / most for people, _ in own)])
    headings = [voice("recency"), *(voice(f"frequency_{f}") for f in across)]
    numeric = [False, *[True] * len(across)]
    return Grid(voice("who_rfm"), headings, rows, numeric, weights=weights)
