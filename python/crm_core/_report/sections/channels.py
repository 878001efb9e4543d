"""Which channels pay: customers by the channel of their first order, so that they add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..grid import Grid
from .parts import Section, Text
from .shop import Missing, Shop
from .voice import Voice
from .wall import missing

_FEWEST = 30
_MOST = 12


@dataclass(frozen=True)
class Channels:
    """Rows of `acquisition`, the most valuable first; smaller channels are left out."""

    rows: list[dict[str, Any]]
    left_out: int


def find(shop: Shop, channels: bool) -> Channels | Missing:
    """The channels with enough customers."""
    if not channels:
        return Missing("channel")
    if (lacks := shop.lacks(regulars=0)) is not None:
        return lacks
    every = shop.ask("acquisition").rows()
    rows = [row for row in every if row["customers"] >= _FEWEST and row["channel"] is not None]
    if not rows:
        return Missing("customers", _FEWEST, max((row["customers"] for row in every), default=0))
    rows.sort(key=lambda row: -(row["ltv_360"] or row["ltv_90"] or 0))
    return Channels(rows[:_MOST], len(every) - len(rows[:_MOST]))


def show(found: Channels | Missing, voice: Voice) -> Section:
    """A row per channel; costs where they are known."""
    if isinstance(found, Missing):
        return missing("channels", found, voice)
    costs = any(row["cac"] is not None for row in found.rows)
    most = max((row["ltv_360"] or 0 for row in found.rows), default=0) or 1
    names = ["channel", "new", "revenue", "again", "ltv_90", "ltv_360"]
    names += ["cac", "payback"] if costs else []
    rows, bars = [], []
    for row in found.rows:
        low, high = (voice.percent(row[f"repeat_rate_{end}"]) for end in ("low", "high"))
        cells = [
            str(row["channel"]),
            voice.count(row["customers"]),
            voice.money(row["revenue"]),
            f"{voice.percent(row['repeat_rate'])} ({voice.interval(low, high)})",
            voice.amount(row["ltv_90"]),
            voice.amount(row["ltv_360"]),
        ]
        if costs:
            day = row["payback_revenue_day"]
            cells += [voice.amount(row["cac"]), "–" if day is None else voice("days", days=day)]
        rows.append(cells)
        bars.append([*[None] * 5, (row["ltv_360"] or 0) / most, *[None] * (2 * costs)])
    grid = Grid(
        voice("channels"),
        [voice(f"channels_{name}") for name in names],
        rows,
        [False, *[True] * (len(names) - 1)],
        bars=bars,
    )
    parts: list[Grid | Text] = [grid]
    if found.left_out:
        parts.append(Text(voice("channels_left_out", count=found.left_out, least=_FEWEST)))
    key = "ltv_360" if found.rows[0]["ltv_360"] is not None else "ltv_90"
    known = [row for row in found.rows if row[key] is not None]
    title = voice("channels_title_none")
    if known:
        best, worst = known[0], known[-1]
        title = voice(
            "channels_title" if len(known) > 1 else "channels_title_one",
            days=key[4:],
            best=best["channel"],
            high=voice.amount(best[key]),
            worst=worst["channel"],
            low=voice.amount(worst[key]),
        )
    return Section("channels", title, voice("channels"), voice("channels_question"), parts)
