"""What will the shop sell in the next months, and how right such a forecast was before."""

from __future__ import annotations

import datetime

from .. import figures
from ..figures import Series
from ..grid import Grid
from ..outlook import ALL_MONTHS
from ..result import Frame
from .parts import Figure, Part, Section, Text
from .voice import Voice


def show(shop: Frame, voice: Voice) -> Section:
    """The months ahead with their bands; `shop` is the table of `outlook`."""
    rows = shop.rows()
    months = [row for row in rows if row["month"] != ALL_MONTHS]
    ahead = [row for row in months if row["month"].endswith("-01")] or months  # whole ones
    total = rows[-1]
    labels = [row["month"][:7] for row in ahead]
    series = [
        Series("c-repeat", voice("ahead_existing"), [row["existing_revenue"] for row in ahead]),
        Series("c-new", voice("months_new"), [row["new_revenue"] for row in ahead]),
    ]
    bands = [
        None if row["low_revenue"] is None else (row["low_revenue"], row["high_revenue"])
        for row in ahead
    ]
    text = voice("ahead_question")
    drawn = [
        figures.stacked_bars(
            "ahead", voice("ahead"), text, labels, series, voice.exact, voice.axis, bands,
            narrow=narrow,
        )
        for narrow in (False, True)
    ]  # fmt: skip
    cells = [
        [
            _named(row["month"], voice),
            voice.money(row["existing_revenue"]),
            voice.money(row["new_revenue"]),
            voice.money(row["forecast_revenue"]),
            _band(row, voice),
        ]
        for row in rows
    ]
    names = ("month", "existing", "new", "total", "band")
    headings = [voice(f"ahead_{name}") for name in names]
    numbers = Grid(voice("ahead"), headings, cells, [False, *[True] * 4])
    parts: list[Part] = [Figure(drawn[0], drawn[1], series, numbers, voice("ahead_figure"))]
    parts += [Text(one) for one in said(shop, voice)]
    return Section("ahead", _title(ahead, total, voice), voice("ahead"), text, parts)


def _title(ahead: list[dict], total: dict, voice: Voice) -> str:  # type: ignore[type-arg]
    whole = next(
        (row for row in ahead if datetime.date.fromisoformat(row["month"]).day == 1), ahead[0]
    )
    return voice(
        "ahead_title",
        month=voice.month(whole["month"]),
        next=voice.money(whole["forecast_revenue"]),
        amount=voice.money(total["forecast_revenue"]),
        band=_band(total, voice),
    )


def _named(month: str, voice: Voice) -> str:
    if month == ALL_MONTHS:
        return voice("ahead_all")
    return month[:7] if month.endswith("-01") else voice("ahead_rest", month=month[:7])


def _band(row: dict, voice: Voice) -> str:  # type: ignore[type-arg]
    if row["low_revenue"] is None:
        return "–"
    return voice.interval(voice.money(row["low_revenue"]), voice.money(row["high_revenue"]))


def said(shop: Frame, voice: Voice) -> list[str]:
    """Which seasons were chosen, and how right the same forecast was at earlier dates."""
    notes = shop.notes
    found = []
    if (seasons := notes.get("seasons")) is not None:
        chosen = {"used": "used", "too_short": "too_short", "too_few_purchases": "too_short"}
        code = chosen.get(seasons["months"], "none")
        explained = f"{max(seasons['explained'] or 0, 0):.0%}"
        found.append(voice(f"seasons_{code}", explained=explained))
    past = notes.get("past", [])
    if "without_interval" in notes:
        found.append(voice("shop_no_interval"))
    elif not past:
        found.append(voice("shop_no_past"))
    else:
        ratios = [one["revenue"] for one in past if one["revenue"] is not None]
        found.append(
            voice(
                "shop_past",
                count=len(past),
                least=f"{min(ratios, default=0):.0%}",
                most=f"{max(ratios, default=0):.0%}",
                held=sum(one["revenue_held"] for one in past),
            )
        )
    return found
