"""Which channels pay: customers by the channel of their first order, so that they add up."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..grid import Grid
from .parts import Section, Text
from .shop import Missing, Shop
from .voice import Voice
from .wall import missing

if TYPE_CHECKING:
    from ..._reading.cost_reading import Costs

_FEWEST = 30
_MOST = 12


@dataclass(frozen=True)
class Channels:
    """Channels.

    Attributes:
        rows: Rows of `acquisition`, the most valuable first; smaller channels are left out.
        left_out: How many.
        since: The first day whose new customers count: that of dated costs. None for all.
    """

    rows: list[dict[str, Any]]
    left_out: int
    since: datetime.date | None = None


def find(shop: Shop, channels: bool, costs: Costs | None = None) -> Channels | Missing:
    """The channels with enough customers.

    Args:
        shop: The shop.
        channels: Whether its orders have channels.
        costs: What the channels cost; with dates, new customers since the first of them count.
    """
    if not channels:
        return Missing("channel")
    if (lacks := shop.lacks(regulars=0)) is not None:
        return lacks
    since = None if costs is None else costs.first
    options: dict[str, Any] = {} if costs is None else {"costs": costs.rows}
    if since is not None:
        options["acquired_from"] = since.isoformat()
    every = shop.ask("acquisition", **options).rows()
    rows = [row for row in every if row["customers"] >= _FEWEST and row["channel"] is not None]
    if not rows:
        return Missing("customers", _FEWEST, max((row["customers"] for row in every), default=0))
    rows.sort(key=lambda row: -(row["ltv_360"] or row["ltv_90"] or 0))
    return Channels(rows[:_MOST], len(every) - len(rows[:_MOST]), since)


def show(found: Channels | Missing, voice: Voice) -> Section:
    """A row per channel; costs where they are known."""
    if isinstance(found, Missing):
        return missing("channels", found, voice)
    costs = any(row["cac"] is not None for row in found.rows)
    most = max((row["ltv_360"] or 0 for row in found.rows), default=0) or 1
    names = ["channel", "new", "revenue", "again", "ltv_90", "ltv_360"]
    names += ["cost", "cac", "payback"] if costs else []
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
            by_margin = row["margin"] is not None
            day = row["payback_day" if by_margin else "payback_revenue_day"]
            cost = "–" if row["cost"] is None else voice.money(row["cost"])
            paid = voice("channels_not_yet") if row["cost"] else "–"
            if day is not None:
                paid = voice("days", days=day)
            cells += [cost, voice.amount(row["cac"]), paid]
        rows.append(cells)
        bars.append([*[None] * 5, (row["ltv_360"] or 0) / most, *[None] * (3 * costs)])
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
    if costs:
        parts.append(Text(voice("channels_costs")))
    if found.since is not None:
        parts.append(Text(voice("channels_since", day=voice.day(found.since))))
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
        dearest = max(known, key=lambda row: (row["cac"] or 0) / max(row[key], 1))
        if costs and (dearest["cac"] or 0) > dearest[key]:
            joint = "" if voice.lang == "ja" else " "
            name, cac = dearest["channel"], voice.amount(dearest["cac"])
            title += joint + voice("channels_dear", name=name, cac=cac, days=key[4:])
    return Section("channels", title, voice("channels"), voice("channels_question"), parts)
