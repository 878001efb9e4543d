"""Do new customers come back, and from where: the second order by the channel of the first."""

from __future__ import annotations

from dataclasses import dataclass

from .. import figures
from ..grid import Grid
from .change import Change, Rate, of_best_and_worst, of_rates
from .parts import Headline, Section
from .shop import Missing, Shop, a_year_before
from .size import WITHIN, rate
from .voice import Voice
from .wall import missing

_FEWEST = 30
_MOST = 12


@dataclass(frozen=True)
class Source:
    """New customers of one first channel, or of one month."""

    name: str
    now: Rate
    before: Rate | None


@dataclass(frozen=True)
class Sources:
    """The channels, the best first, and whether the best and the worst differ.

    Attributes:
        of: What a row is: `channel` or `month`.
        months: The months in which the customers came.
        sources: The rows.
        apart: The difference of the best and the worst; None of months.
    """

    of: str
    months: tuple[str, str]
    sources: list[Source]
    apart: Change | None


def find(shop: Shop, channels: bool) -> Sources | Missing:
    """Rates by the first channel, of half a year and the same a year before; without a column of
    channels by the month of the first order.
    """
    months = shop.months_before(WITHIN)
    if months is None:
        return Missing("days", WITHIN + 7 * 31, shop.days)
    column = "first_channel" if channels else "first_month"
    now = _rates(shop, months, column)
    earlier = (a_year_before(months[0]), a_year_before(months[1]))
    before: dict[str, Rate] = {}
    if earlier[0] >= shop.first.replace(day=1).isoformat():
        before = _rates(shop, earlier, column)
    found = [
        Source(name, one, before.get(name if channels else a_year_before(name)))
        for name, one in now.items()
        if one.customers >= _FEWEST
    ]
    if not found:
        return Missing("new", _FEWEST, sum(one.customers for one in now.values()))
    if not channels:
        return Sources("month", months, sorted(found, key=lambda one: one.name), None)
    found.sort(key=lambda one: -one.now.value)
    ends = (found[0].now, found[-1].now)
    apart = of_best_and_worst(*ends, len(found)) if len(found) > 1 else None
    return Sources("channel", months, found[:_MOST], apart)


def _rates(shop: Shop, months: tuple[str, str], column: str) -> dict[str, Rate]:
    chosen = {"first_month": {"from": months[0], "to": months[1]}}
    rows = shop.ask("repeat_rate", within=WITHIN, by=[column], customers=chosen).rows()
    rates = {str(row[column]): rate(row) for row in rows if row[column] is not None}
    return {name: one for name, one in rates.items() if one is not None}


def show(found: Sources | Missing, voice: Voice) -> Section:
    """A row per channel, the rates of two years as dots with their intervals."""
    if isinstance(found, Missing):
        return missing("again", found, voice)
    most = max(one.high for source in found.sources for one in (source.now, source.before) if one)
    rows, dots = [], {}
    for at, source in enumerate(found.sources):
        name = source.name if found.of == "channel" else source.name[:7]
        rows.append(
            [
                name,
                voice.count(source.now.customers),
                voice.rate(source.now),
                "",
                "–" if source.before is None else voice.percent(source.before.value),
                "–"
                if source.before is None
                else _moved(of_rates(source.now, source.before), voice),
            ]
        )
        shown = [("then", source.before), ("now", source.now)]
        spans = [(css, one.value, one.low, one.high) for css, one in shown if one is not None]
        dots[at, 3] = figures.dots(f"{name}: {rows[-1][2]}", spans, most)
    names = (found.of, "new", "rate", "dots", "before", "change")
    headings = [voice(f"again_{name}") for name in names]
    grid = Grid(voice("again"), headings, rows, [False, *[True] * 5], dots=dots)
    months = voice.months(*found.months)
    return Section(
        "again",
        _title(found, voice),
        voice("again"),
        voice("again_question", months=months),
        [grid],
        _headlines(found, voice),
    )


def _moved(change: Change, voice: Voice) -> str:
    points = voice.points(change.difference)
    if change.verdict in ("up", "down"):
        return points
    return voice(f"again_{change.verdict}", change=points)


def _title(found: Sources, voice: Voice) -> str:
    best, worst = found.sources[0], found.sources[-1]
    if found.of == "month":
        return voice("again_title_months", months=voice.months(*found.months))
    if found.apart is None:
        return voice("again_title_one", name=best.name, rate=voice.percent(best.now.value))
    key = "again_title_apart" if found.apart.verdict == "up" else "again_title_alike"
    return voice(
        key,
        best=best.name,
        high=voice.percent(best.now.value),
        worst=worst.name,
        low=voice.percent(worst.now.value),
        apart=f"{100 * found.apart.difference:.1f}",
    )


def _headlines(found: Sources, voice: Voice) -> list[Headline]:
    """The channel that changed most, if that is more than the largest of them by chance."""
    moved = [
        (of_rates(one.now, one.before, among=len(found.sources)), one.name)
        for one in found.sources
        if one.before is not None
    ]
    moved = [one for one in moved if one[0].verdict in ("up", "down")]
    if found.of == "month" or not moved:
        return []
    change, name = max(moved, key=lambda one: one[0].weight)
    text = voice(
        "again_channel_said",
        name=name,
        now=voice.percent(change.now),
        before=voice.percent(change.before),
        change=voice.points(change.difference),
    )
    return [Headline(text, change.weight, change.verdict == "down")]
