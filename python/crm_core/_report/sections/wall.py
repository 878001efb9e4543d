"""Where do customers stop: the share who go on after each purchase (継続・離脱分析)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..grid import Grid
from .parts import Section, Text
from .shop import Missing, Shop
from .voice import Voice

_FEWEST = 30  # customers of a row
_MOST = 8  # purchases that are shown


@dataclass(frozen=True)
class Wall:
    """The purchases, a row each, see `purchase_counts` of the library."""

    rows: list[dict[str, Any]]

    @property
    def lowest(self) -> dict[str, Any]:
        """The purchase after which the fewest go on."""
        return min(self.rows, key=lambda row: row["continue_rate"])


def find(shop: Shop) -> Wall | Missing:
    """Purchases that enough customers have made."""
    if (lacks := shop.lacks(regulars=0)) is not None:
        return lacks
    rows = [
        row
        for row in shop.ask("purchase_counts", up_to=_MOST).rows()
        if row["reach"] >= _FEWEST and row["continue_rate"] is not None
    ]
    return Wall(rows) if rows else Missing("customers", _FEWEST, 0)


def show(found: Wall | Missing, voice: Voice) -> Section:
    """A row per purchase, the share who go on as a bar."""
    if isinstance(found, Missing):
        return missing("wall", found, voice)
    lowest = found.lowest
    key = "wall_title" if lowest["k"] == 1 else "wall_title_later"
    title = voice(key, k=lowest["k"] + 1, rate=voice.percent(lowest["continue_rate"]))
    third = next((row for row in found.rows if row["k"] == 3), None)
    if third is not None and lowest["k"] != 3:
        joint = "" if voice.lang == "ja" else " "
        title += joint + voice("wall_third", rate=voice.percent(third["continue_rate"]))
    names = ("k", "reach", "goes_on", "interval", "churned", "waiting", "survives", "ltv", "days")
    rows = [
        [
            voice("purchase_k", k=row["k"]),
            voice.count(row["reach"]),
            voice.percent(row["continue_rate"]),
            voice.interval(
                voice.percent(row["continue_rate_low"]), voice.percent(row["continue_rate_high"])
            ),
            voice.percent(row["churn_rate"]),
            voice.percent(row["pending"] / row["reach"]),
            voice.percent(row["survival_rate"]),
            voice.amount(row["cumulative_ltv"]),
            "–" if row["median_days"] is None else voice("days", days=f"{row['median_days']:,.0f}"),
        ]
        for row in found.rows
    ]
    bars = [[None, None, row["continue_rate"], *[None] * 6] for row in found.rows]
    headings = [voice(f"wall_{name}") for name in names]
    grid = Grid(voice("wall"), headings, rows, [False, *[True] * 8], bars=bars)
    return Section("wall", title, voice("wall"), voice("wall_question"), [grid])


def missing(key: str, what: Missing, voice: Voice) -> Section:
    """A section of which the shop has too little."""
    said = voice.missing(what)
    return Section(
        key,
        voice("title_missing", name=voice(key)),
        voice(key),
        voice(f"{key}_question"),
        [Text(said)],
    )
