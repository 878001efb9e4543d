"""What do visitors do: the funnel, carts left, the pages seen last, and the ways between pages."""

from __future__ import annotations

from collections.abc import Sequence

from .. import figures, grid
from .. import words as report_words
from ..behavior import OTHER, Behavior, by_place, cart_steps, stations
from ..grid import Grid
from ..result import Frame
from .change import wilson
from .parts import Figure, Headline, Part, Section, Text
from .today import Group
from .voice import Voice

_PAGES = 12


def show(found: Behavior, notes: Sequence[str], carts: Group | None, voice: Voice) -> Section:
    """What the log allows.

    Args:
        found: The results of the analyses of events.
        notes: What the reader has to know about the log.
        carts: The group of customers with a left cart to whom one may write.
        voice: The language.
    """
    parts: list[Part] = [Text(one) for one in notes]
    title, headlines = voice("site_title"), []
    if found.carts is not None and found.carts["abandonment_rate"][0] is not None:
        row = found.carts.rows()[0]
        low, high = (voice.percent(row[f"abandonment_rate_{end}"]) for end in ("low", "high"))
        lost = row.get("value_lost")
        title = voice(
            "site_title_carts" if lost else "site_title_carts_alone",
            rate=voice.percent(row["abandonment_rate"]),
            interval=voice.interval(low, high),
            amount=voice.money(lost or 0),
        )
    if found.funnel is not None:
        parts += [Text(grid.funnel_text(found.funnel, voice.lang)), _funnel(found.funnel, voice)]
    if found.carts is not None:
        parts += [Text(grid.carts_text(found.carts, voice.lang)), _carts(found.carts, voice)]
        if carts is not None and carts.people:
            said = {"people": voice.count(carts.people), "amount": voice.money(carts.revenue)}
            parts.append(Text(voice("site_writable", **said)))
            headlines = [Headline(voice("site_writable", **said), 1.2)]
    if found.pages is not None:
        parts += [Text(voice("last_page_text")), _pages(found, found.pages, voice)]
    if (ways := _ways(found, voice)) is not None:
        parts += [Text(voice("ways_text")), ways]
    if found.between is not None:
        named = stations(found.between)
        parts.append(Text(voice("between_text")))
        parts.append(grid.between(found.between, named, voice("between"), voice.lang))
    question = voice("site_question", lead=grid.site_lead(found, voice.lang))
    return Section("site", title, voice("site"), question, parts, headlines)


def _funnel(funnel: Frame, voice: Voice) -> Grid:
    """The steps, each with the share that reached it and its interval."""
    names = ("name", "reached", "dropped", "still_open", "rate", "interval", "median_seconds")
    rows = []
    for row in funnel.rows():
        low, high = (voice.percent(row[f"rate_{end}"]) for end in ("low", "high"))
        seconds = row["median_seconds"]
        rows.append(
            [
                report_words.value(row["name"], voice.lang),
                *(voice.count(row[name]) for name in ("reached", "dropped", "still_open")),
                voice.percent(row["rate"]),
                "–" if row["rate_low"] is None else voice.interval(low, high),
                "–" if seconds is None else f"{seconds:,.0f}",
            ]
        )
    headings = [
        voice("stage_interval") if name == "interval" else voice.column(name) for name in names
    ]
    bars = [[None, None, None, None, rate, None, None] for rate in funnel["rate"]]
    numeric = [False, *[True] * 6]
    return Grid(report_words.page("funnel", voice.lang), headings, rows, numeric, bars=bars)


def _carts(carts: Frame, voice: Voice) -> Grid:
    """The stages; a stage at which no cart was lost is not shown."""
    counts = cart_steps(carts)
    kept = [counts[0]]
    for step in counts[1:]:
        if step[1] == kept[-1][1] and len(kept) > 1:
            kept.pop()
        if step[1] != kept[0][1] or step is counts[-1]:
            kept.append(step)
    first = counts[0][1] or 1
    rates = [wilson(count, first) for _, count in kept]
    rows = [
        [
            voice(f"{stage}_step"),
            voice.count(count),
            voice.percent(rate.value),
            "–" if count == first else voice.interval(*map(voice.percent, (rate.low, rate.high))),
        ]
        for (stage, count), rate in zip(kept, rates, strict=True)
    ]
    headings = [voice(f"stage_{name}") for name in ("name", "count", "rate", "interval")]
    bars = [[None, None, rate.value, None] for rate in rates]
    return Grid(voice("carts"), headings, rows, [False, True, True, True], bars=bars)


def _pages(found: Behavior, pages: Frame, voice: Voice) -> Grid:
    """The most viewed pages and how often a session ended there without a purchase."""
    rows, bars = [], []
    for row in pages.rows()[:_PAGES]:
        seconds = row["mean_seconds"]
        left = wilson(found.left_on.get(row["page"], 0), row["sessions"])
        rows.append(
            [
                figures.shortened(row["page"], 60),
                voice.count(row["views"]),
                voice.count(row["sessions"]),
                voice.percent(left.value),
                voice.interval(voice.percent(left.low), voice.percent(left.high)),
                "–" if seconds is None else f"{seconds:,.0f}",
            ]
        )
        bars.append([None, None, None, left.value, None, None])
    names = ("page", "views", "sessions", "rate", "interval", "seconds")
    headings = [voice(f"last_page_{name}") for name in names]
    return Grid(voice("last_page"), headings, rows, [False, *[True] * 5], bars=bars)


def _ways(found: Behavior, voice: Voice) -> Figure | None:
    if found.ways is None or found.between is None or not len(found.ways):
        return None
    named = stations(found.between)
    order = [*named, OTHER, "(end)"]
    colours = {name: f"s-{at}" for at, name in enumerate(named)}
    colours |= {OTHER: "s-other", "(end)": "s-end"}
    steps = by_place(found.ways, named)
    names = {name: grid.station(name, voice.lang) for name in order}
    drawn = [
        figures.sankey(
            "ways-figure", voice("ways"), voice("ways_text"),
            steps[: 3 if narrow else None], order, colours, names, narrow,
        )
        for narrow in (False, True)
    ]  # fmt: skip
    return Figure(drawn[0], drawn[1], title=voice("ways"))
