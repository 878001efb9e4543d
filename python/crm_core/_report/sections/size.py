"""How big is the shop, and is it getting better: six numbers and their changes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import figures
from ..result import Frame
from .change import Change, Rate, of_counts, of_rates, of_totals
from .parts import Headline, Section, Tile, Tiles
from .shop import Missing, Shop, Span, a_year_before
from .voice import Voice

WITHIN = 90  # days in which a second order counts
_LINE = 13  # whole months of the small lines


@dataclass(frozen=True)
class Again:
    """The share of new customers with a second order within 90 days.

    Attributes:
        months: The first and the last month in which they came.
        now: Of them.
        before: Of the same months a year before; None without that history.
        change: The difference; None without that history.
    """

    months: tuple[str, str]
    now: Rate
    before: Rate | None
    change: Change | None


@dataclass(frozen=True)
class Expected:
    """Revenue of the next whole month, with its band and the same month a year before."""

    month: str
    revenue: float
    low: float | None
    high: float | None
    before: float | None


@dataclass(frozen=True)
class Size:
    """The numbers of the section; a `Missing` where the shop has too little."""

    compared: str | None
    revenue: Change
    new: Change
    repeat: Change
    again: Again | Missing
    active: Change
    expected: Expected | Missing
    lines: dict[str, list[float]]
    days_since_last: int

    @property
    def changes(self) -> list[Change]:
        """The changes of the numbers that have one."""
        changes = [self.revenue, self.new, self.repeat, self.active]
        if isinstance(self.again, Again) and self.again.change is not None:
            changes.append(self.again.change)
        return changes if self.compared else []


def find(shop: Shop) -> Size:
    """The numbers of this period and the one it is compared with."""
    ask = shop.ask
    days = ask("monthly", period="day")
    months = ask("monthly")
    here = shop.summary
    then = None if shop.before is None else ask.arrays("summary", shop.before.last)
    active = [ask("cpm_segments", day, **shop.cpm) for day in _ends(shop)]
    counts = [(_new(here, shop.now), _repeat(here, shop.now))]
    if then is not None and shop.before is not None:
        counts.append((_new(then, shop.before), _repeat(then, shop.before)))
    return Size(
        compared=shop.compared,
        revenue=_revenue(shop, days),
        new=_counted([one[0] for one in counts]),
        repeat=_counted([one[1] for one in counts]),
        again=again(shop),
        active=_counted([active_in(one) for one in active]),
        expected=_expected(shop, months),
        lines=_lines(shop, months),
        days_since_last=(shop.as_of - shop.last).days,
    )


def again(shop: Shop) -> Again | Missing:
    """The share of new customers who bought again, of half a year and the same a year before."""
    months = shop.months_before(WITHIN)
    if months is None:
        return Missing("days", WITHIN + 7 * 31, shop.days)
    now = rate_of(shop, months)
    if now is None or now.customers < 30:
        return Missing("new", 30, 0 if now is None else now.customers)
    earlier = (a_year_before(months[0]), a_year_before(months[1]))
    before = rate_of(shop, earlier) if earlier[0] >= shop.first.isoformat()[:8] + "01" else None
    return Again(months, now, before, None if before is None else of_rates(now, before))


def rate_of(shop: Shop, months: tuple[str, str]) -> Rate | None:
    """The share of a second order within 90 days, of customers who came in these months."""
    chosen = {"first_month": {"from": months[0], "to": months[1]}}
    found = shop.ask("repeat_rate", within=WITHIN, customers=chosen).rows()
    return rate(found[0]) if found else None


def rate(row: dict[str, object]) -> Rate | None:
    """The rate of a row of `repeat_rate`."""
    names = ("repeat_rate", "repeat_rate_low", "repeat_rate_high")
    value, low, high = (row[name] for name in names)
    if value is None or low is None or high is None:
        return None
    return Rate(float(value), float(low), float(high), int(row["customers"]))  # type: ignore


def active_in(segments: Frame) -> int:
    """Active customers of a portfolio."""
    return sum(row["customers"] for row in segments.rows() if row["state"] == "active")


def _ends(shop: Shop) -> list[datetime.date]:
    return [shop.now.last, *([] if shop.before is None else [shop.before.last])]


def _new(summary: dict[str, np.ndarray], span: Span) -> int:
    return int(np.count_nonzero(summary["first_date"] >= np.datetime64(span.first)))


def _repeat(summary: dict[str, np.ndarray], span: Span) -> int:
    """Customers with an order in the span that was not their first."""
    here = summary["last_date"] >= np.datetime64(span.first)
    return int(np.count_nonzero(here & (summary["orders"] >= 2)))


def _counted(counts: Sequence[int]) -> Change:
    return of_counts(*counts) if len(counts) == 2 else Change(counts[0], 0)


def _revenue(shop: Shop, days: Frame) -> Change:
    """Revenue of both periods; what no customer brought (guests, refunds alone) is in the sums."""
    spans = [shop.now, *([] if shop.before is None else [shop.before])]
    values, extra = [], []
    for span in spans:
        of_customers = shop.ask.arrays("summary", span.last, where={"ordered_at": span.condition})[
            "revenue"
        ]
        total = sum(
            revenue
            for day, revenue in zip(days["month"], days["revenue"], strict=True)
            if span.first <= day <= span.last
        )
        values.append(of_customers)
        extra.append(total - float(of_customers.sum()))
    if len(spans) == 1:
        return Change(float(values[0].sum()) + extra[0], 0)
    return of_totals(values[0], values[1], (extra[0], extra[1]))


def _expected(shop: Shop, months: Frame) -> Expected | Missing:
    if (lacks := shop.lacks()) is not None:
        return lacks
    if shop.ask.scope.get("customers"):
        return Missing("all_customers")
    forecast = shop.ask.attempt("shop_forecast")
    if forecast is None or "without_forecast" in forecast.notes:
        return Missing("forecast")
    total = [row for row in forecast.rows() if row["part"] == "total" and row["month"] is not None]
    whole = next((row for row in total if row["month"].day == 1), None)
    if whole is None:
        return Missing("forecast")
    revenue = dict(zip((str(day) for day in months["month"]), months["revenue"], strict=True))
    month = whole["month"].isoformat()
    return Expected(
        month,
        whole["revenue"],
        whole["revenue_low"],
        whole["revenue_high"],
        revenue.get(a_year_before(month)) if a_year_before(month) >= str(shop.first) else None,
    )


def _lines(shop: Shop, months: Frame) -> dict[str, list[float]]:
    """The last whole months."""
    this_month = shop.as_of.replace(day=1)
    whole = [at for at, month in enumerate(months["month"]) if month < this_month][-_LINE:]
    if shop.whole_month:
        whole = [at for at, _ in enumerate(months["month"])][-_LINE:]
    names = {"revenue": "revenue", "new": "new_customers", "repeat": "repeat_customers"}
    return {key: [float(months[name][at]) for at in whole] for key, name in names.items()}


def show(found: Size, voice: Voice) -> Section:
    """Six tiles."""
    against = voice("against_none" if found.compared is None else f"against_{found.compared}")
    tiles = [
        _tile("revenue", voice.money(found.revenue.now), found.revenue, found, voice),
        _tile("new", voice.count(found.new.now), found.new, found, voice),
        _tile("repeat", voice.count(found.repeat.now), found.repeat, found, voice),
        _again(found.again, voice),
        _tile("active", voice.count(found.active.now), found.active, found, voice),
        _expected_tile(found.expected, voice),
    ]
    return Section(
        "size",
        _title(found, voice, against),
        voice("size"),
        voice("size_question", against=against) if found.compared else voice("size_question_alone"),
        [Tiles(tiles)],
        _headlines(found, voice, against),
    )


def _title(found: Size, voice: Voice, against: str) -> str:
    amount = voice.money(found.revenue.now)
    if found.compared is None:
        return voice("size_title_alone", amount=amount)
    change = found.revenue
    key = f"size_title_{change.verdict if change.ratio_low is not None else 'too_few'}"
    moved = "" if change.ratio is None else voice.signed(change.ratio)
    return voice(key, amount=amount, change=moved, against=against)


def _tile(key: str, value: str, change: Change, found: Size, voice: Voice) -> Tile:
    line = found.lines.get(key, [])
    drawn = figures.line(voice("line", name=voice(f"tile_{key}"), months=len(line)), line)
    name = voice(f"tile_{key}")
    if found.compared is None:
        return Tile(name, value, voice("against_none"), "too_few", line=drawn)
    if change.ratio is None or change.ratio_low is None or change.ratio_high is None:
        said = voice.money if key == "revenue" else voice.count
        few = voice("tile_too_few", before=said(change.before))
        return Tile(name, value, few, "too_few", line=drawn)
    low, high = voice.signed(change.ratio_low), voice.signed(change.ratio_high)
    moved = voice.signed(change.ratio)
    if change.verdict == "unclear":
        moved = voice("tile_unclear", change=moved)
    return Tile(name, value, moved, change.verdict, voice.interval(low, high), drawn)


def _again(found: Again | Missing, voice: Voice) -> Tile:
    if isinstance(found, Missing):
        return Tile(voice("tile_again"), "–", voice.missing(found), "too_few")
    months = voice.months(*found.months)
    value, own = voice.percent(found.now.value), voice.rate(found.now).partition(" ")[2]
    name = voice("tile_again")
    if found.change is None or found.before is None or found.change.high is None:
        return Tile(name, value, voice("against_none"), "too_few", f"{own}, {months}")
    assert found.change.low is not None
    moved = voice(
        "tile_points",
        change=voice.points(found.change.difference),
        half=f"{50 * (found.change.high - found.change.low):.1f}",
        before=voice.percent(found.before.value),
    )
    if found.change.verdict == "unclear":
        moved = voice("tile_unclear", change=moved)
    return Tile(name, value, moved, found.change.verdict, f"{own}, {months}")


def _expected_tile(found: Expected | Missing, voice: Voice) -> Tile:
    if isinstance(found, Missing):
        return Tile(voice("tile_expected"), "–", voice.missing(found), "too_few")
    name = voice("tile_expected_in", month=voice.month(found.month))
    before = (
        voice("tile_year_ago", amount=voice.money(found.before)) if found.before is not None else ""
    )
    band = voice("no_band")
    if found.low is not None and found.high is not None:
        band = voice("band", low=voice.money(found.low), high=voice.money(found.high))
    return Tile(name, voice.money(found.revenue), before, "unclear", band)


def _headlines(found: Size, voice: Voice, against: str) -> list[Headline]:
    said = [Headline(_revenue_said(found, voice, against), 1e9, found.revenue.verdict == "down")]
    if isinstance(found.again, Again) and found.again.change is not None:
        again = found.again
        assert again.change is not None and again.before is not None
        text = voice(
            "again_said",
            customers=voice.count(again.now.customers),
            months=voice.months(*again.months),
            rate=voice.rate(again.now),
            before=voice.percent(again.before.value),
            moved=voice.moved_points(again.change, voice("same_months")),
        )
        said.append(Headline(text, again.change.weight, again.change.verdict == "down"))
    if found.days_since_last >= 14:
        text = voice("stale", days=found.days_since_last)
        said.append(Headline(text, 2e9, True))
    return said


def _revenue_said(found: Size, voice: Voice, against: str) -> str:
    amount = voice.money(found.revenue.now)
    if found.compared is None:
        return voice("revenue_alone", amount=amount)
    joint = "" if voice.lang == "ja" else " "
    parts = [
        voice(
            f"{name}_said_{change.verdict}",
            change="" if change.ratio is None else voice.signed(change.ratio),
        )
        for name, change in (("repeat", found.repeat), ("new", found.new))
        if change.verdict != "too_few"
    ]
    first = voice("revenue_said", amount=amount, moved=voice.moved(found.revenue, against))
    return joint.join([first, *parts])
