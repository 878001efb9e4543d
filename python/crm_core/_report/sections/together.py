"""What is bought together: pairs of products in one order more often than by chance (併売分析)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from ..grid import Grid
from .parts import Part, Section, Text
from .shop import Missing, Shop
from .voice import Voice

_YEAR = 364
_MOST = 12
_CHANCE = 0.05  # of the pairs shown about so many are chance (q)


@dataclass(frozen=True)
class Together:
    """Rows of `pairs` that are no chance, the most orders more than by chance first.

    Attributes:
        rows: Each with `first` and `second`, of which the first is the one whose orders have the
            other more often; `share` (of the first's orders), `both`, `alone` (orders of the first
            without the second), `more` (orders more than by chance) and `lift`.
        baskets: Orders that were looked at.
        tested: Pairs that were tested.
    """

    rows: list[dict[str, Any]]
    baskets: int
    tested: int


def find(shop: Shop, products: bool) -> Together | Missing:
    """The pairs of the last 364 days."""
    if not products:
        return Missing("product")
    since = shop.as_of - datetime.timedelta(_YEAR - 1)
    span = {"from": since.isoformat(), "to": shop.as_of.isoformat()}
    table = shop.ask("pairs", where={"ordered_at": span}, churn_days=None)
    if not len(table):
        return Missing("pairs")
    baskets = table.notes["baskets"]
    rows = [
        _directed(row, baskets) for row in table.rows() if row["q"] <= _CHANCE and row["lift"] > 1
    ]
    rows.sort(key=lambda row: (-row["more"], row["first"], row["second"]))
    return Together(rows[:_MOST], baskets, table.notes["tests"])


def _directed(row: dict[str, Any], baskets: int) -> dict[str, Any]:
    """A pair from the product whose orders have the other more often."""
    first, second, n = ("a", "b", row["n_a"])
    if row["confidence_ba"] > row["confidence_ab"]:
        first, second, n = ("b", "a", row["n_b"])
    return {
        "first": str(row[first]),
        "second": str(row[second]),
        "share": row["n_ab"] / n,
        "both": row["n_ab"],
        "alone": n - row["n_ab"],
        "more": row["leverage"] * baskets,
        "lift": row["lift"],
    }


def show(found: Together, voice: Voice) -> Section:
    """A row for each pair, and what to do with it."""
    parts: list[Part] = []
    names = ("first", "second", "share", "both", "more", "lift", "alone")
    rows = [
        [
            row["first"],
            row["second"],
            voice.percent(row["share"], 0),
            voice.count(row["both"]),
            voice.count(row["more"]),
            f"×{row['lift']:.1f}",
            voice.count(row["alone"]),
        ]
        for row in found.rows
    ]
    if rows:
        bars = [[None, None, row["share"], *[None] * 4] for row in found.rows]
        headings = [voice(f"together_{name}") for name in names]
        numeric = [False, False, *[True] * 5]
        parts.append(Grid(voice("together"), headings, rows, numeric, bars=bars))
        parts.append(Text(voice("together_do")))
    tested, baskets = voice.count(found.tested), voice.count(found.baskets)
    parts.append(Text(voice("together_note", tested=tested, baskets=baskets)))
    title = voice("together_title_none")
    if found.rows:
        best = found.rows[0]
        title = voice(
            "together_title",
            first=best["first"],
            second=best["second"],
            share=voice.percent(best["share"], 0),
            lift=f"{best['lift']:.1f}",
        )
    return Section("together", title, voice("together"), voice("together_question"), parts)
