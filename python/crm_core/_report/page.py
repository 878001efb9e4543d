"""The report as one HTML page that needs nothing else.

No script, no font, no image and no link leaves the file; it reads in light and dark, prints, and
works with a screen reader. All text goes through jinja2's autoescape: headings and statuses come
from a file that a stranger may have made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import figures, grid, words
from .behavior import OTHER, Behavior, by_place, cart_steps, stations
from .figures import Bar, Series
from .findings import Findings
from .headings import Choice
from .money import Currency, brief, money
from .outlook import ALL_MONTHS
from .result import Frame
from .sections import report
from .sections import words as section_words
from .settings import Note


def render(
    findings: Findings,
    chosen: Sequence[Choice],
    notes: Sequence[Note],
    *,
    source: str,
    title: str | None,
    lang: str,
    version: str,
    site: Site | None = None,
    warnings: Sequence[Note] = (),
    folder: str | None = None,
) -> str:
    """The whole page.

    Args:
        findings: What the analyses found.
        chosen: How the file was read.
        notes: What was done to its data.
        source: The file's name.
        title: A title of the user's own.
        lang: `en` or `ja`.
        version: The library's version.
        site: What was found in events, and how they were read.
        warnings: What may be wrong in the reading of the file.
        folder: Where the lists of people were written; None if they were not.
    """
    environment = Environment(
        loader=PackageLoader("crm_core._report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    currency = findings.currency
    of_site = site.behavior.definitions if site is not None else []

    def of(frame: Frame, key: str, **values: object) -> grid.Grid:
        return grid.of(frame, words.page(key, lang, **values), lang, currency)

    return environment.get_template("page.html.j2").render(
        lang=lang,
        title=title or words.page("title", lang),
        t=lambda key, **values: words.page(key, lang, **values),
        lead=grid.lead(findings, lang),
        source=source,
        tiles=grid.summary(findings, lang),
        word=lambda key: section_words.text(key, lang),
        sections=[]
        if findings.sections is None
        else report.show(findings.sections, lang, currency, folder),
        warnings=[words.note(one.code, one.values, lang) for one in warnings],
        notes=[words.note(one.code, one.values, lang) for one in [*findings.notes, *notes]],
        empty=not findings.totals.orders,
        monthly_figure=_monthly(findings, lang),
        monthly=of(findings.monthly, "monthly"),
        monthly_legend=_monthly_series(findings.monthly, lang),
        rfm_customers=grid.rfm_heat(
            findings.rfm_cells, "customers", words.page("rfm_customers", lang), lang, currency
        ),
        rfm_revenue=grid.rfm_heat(
            findings.rfm_cells, "revenue", words.page("rfm_revenue", lang), lang, currency
        ),
        rfm_cells=of(findings.rfm_cells, "rfm"),
        rfm_segments=of(findings.rfm_segments, "rfm_segments"),
        cpm=grid.cpm_portfolio(findings.cpm_segments, words.page("cpm", lang), lang, currency),
        cpm_all=of(findings.cpm_segments, "cpm"),
        cpm_text=_cpm_text(findings, lang),
        cpm_figure=_cpm_months(findings, lang),
        cpm_legend=_cpm_series(findings.cpm_history, lang),
        cpm_history=grid.cpm_history(findings.cpm_history, words.page("cpm_history", lang), lang),
        cycle_levels=of(findings.cycle_levels, "cycle_levels"),
        cycle_expected=of(findings.cycle_expected, "cycle_expected"),
        lorenz_figure=_lorenz(findings, lang),
        gini=_gini(findings),
        deciles=of(findings.deciles, "deciles"),
        abc=of(findings.abc, "abc"),
        breakdowns=[of(frame, "by", name=name) for name, frame in findings.breakdowns.items()],
        outlook=[(key, of(frame, f"outlook_{key}")) for key, frame in findings.outlook.items()],
        outlook_said={key: _went(key, frame, lang) for key, frame in findings.outlook.items()},
        shop_figure=_shop(findings, lang),
        shop_legend=_shop_series(findings.outlook["shop"], lang)
        if "shop" in findings.outlook
        else [],
        reconciliation=of(findings.reconciliation, "reconciliation"),
        choices=grid.choices(chosen, words.page("reading", lang), lang),
        definitions=[
            (one.task, one.hash, json.dumps(one.definition, ensure_ascii=False, indent=1))
            for one in _distinct([*findings.definitions, *of_site])
        ],
        version=version,
        site=_site(site, lang, currency) if site is not None else None,
    )


@dataclass(frozen=True)
class Site:
    """What was found in events, and how they were read."""

    behavior: Behavior
    choices: Sequence[Choice]
    notes: Sequence[Note]


def _site(site: Site, lang: str, currency: Currency) -> dict[str, Any]:
    """The part of the page on events: figures and tables, None if the log lacks the data."""
    found = site.behavior
    pages, funnel, carts = found.pages, found.funnel, found.carts

    def of(frame: Frame | None, key: str, leave_out: Sequence[str] = ()) -> Any:
        title = words.page(key, lang)
        return None if frame is None else grid.of(frame, title, lang, currency, leave_out)

    return {
        "lead": grid.site_lead(found, lang),
        "notes": [words.note(one.code, one.values, lang) for one in [*found.notes, *site.notes]],
        "exits_figure": None if pages is None else _exits(pages, lang),
        "exits": of(pages, "exits", grid.ENDS),
        "funnel_figure": None if funnel is None else _funnel(funnel, lang),
        "funnel_text": None if funnel is None else grid.funnel_text(funnel, lang),
        "funnel": None if funnel is None else grid.funnel(funnel, lang, currency),
        "carts_figure": None if carts is None else _carts(carts, lang),
        "carts_text": None if carts is None else grid.carts_text(carts, lang),
        "carts": of(carts, "carts", grid.ENDS),
        "ways_figure": _ways(found, lang),
        "between": None
        if found.between is None
        else grid.between(
            found.between, stations(found.between), words.page("between", lang), lang
        ),
        "choices": grid.choices(
            site.choices, words.page("events_reading", lang), lang, "--event-column"
        ),
    }


def _exits(pages: Frame, lang: str) -> Any:
    shown = pages.rows()[:12]
    bars = [
        Bar(
            row["page"],
            row["exit_rate"],
            words.page(
                "exits_bar", lang, rate=f"{row['exit_rate']:.1%}", views=f"{row['views']:,}"
            ),
            interval=(row["exit_rate_low"], row["exit_rate_high"]),
        )
        for row in shown
    ]
    title, text = words.page("exits", lang), words.page("exits_text", lang)
    return figures.horizontal_bars("exits-figure", title, text, bars)


def _bars(ident: str, title: str, text: str, steps: Sequence[tuple[str, int, float | None]]) -> Any:
    """Bars of the share of the first step that reached each step, with its number."""
    first = steps[0][1] or 1
    bars = [
        Bar(
            name,
            count / first,
            f"{count:,}" if share is None else f"{count:,} · {share:.1%}",
            "b-main" if at else "b-first",
        )
        for at, (name, count, share) in enumerate(steps)
    ]
    return figures.horizontal_bars(ident, title, text, bars)


def _funnel(funnel: Frame, lang: str) -> Any:
    columns = (funnel[name] for name in ("name", "reached", "rate"))
    steps = [
        (words.value(name, lang), reached, rate)
        for name, reached, rate in zip(*columns, strict=True)
    ]
    title, text = words.page("funnel", lang), grid.funnel_text(funnel, lang)
    return _bars("funnel-figure", title, text, steps)


def _carts(carts: Frame, lang: str) -> Any:
    counts = cart_steps(carts)
    everything = counts[0][1] or 1
    steps = [
        (words.page(f"{stage}_step", lang), count, count / everything) for stage, count in counts
    ]
    title, text = words.page("carts", lang), grid.carts_text(carts, lang)
    return _bars("carts-figure", title, text, steps)


def _ways(found: Behavior, lang: str) -> Any:
    if found.ways is None or found.between is None or not len(found.ways):
        return None
    named = stations(found.between)
    order = [*named, OTHER, "(end)"]
    colours = {name: f"s-{at}" for at, name in enumerate(named)}
    colours |= {OTHER: "s-other", "(end)": "s-end"}
    return figures.sankey(
        "ways-figure",
        words.page("ways", lang),
        words.page("ways_text", lang),
        by_place(found.ways, named),
        order,
        colours,
        {name: grid.station(name, lang) for name in order},
    )


def _monthly(findings: Findings, lang: str) -> Any:
    frame = findings.monthly
    return figures.stacked_bars(
        "monthly",
        words.page("monthly", lang),
        words.page("monthly_text", lang),
        [str(month)[:7] for month in frame["month"]],
        _monthly_series(frame, lang),
        lambda value: money(value, findings.currency),
        lambda value: brief(value, findings.currency, lang),
    )


def _monthly_series(frame: Frame, lang: str) -> list[Series]:
    series = [
        Series("c-repeat", words.page("repeat", lang), frame["repeat_revenue"]),
        Series("c-new", words.page("new", lang), frame["new_revenue"]),
    ]
    if any(frame.columns.get("guest_revenue", [])):
        series.append(Series("c-guest", words.page("guest", lang), frame["guest_revenue"]))
    return series


def _shop(findings: Findings, lang: str) -> Any:
    """Months ahead: today's customers, new ones, and where the sum may lie."""
    if (frame := findings.outlook.get("shop")) is None:
        return None
    rows = [row for row in frame.rows() if row["month"] != ALL_MONTHS]
    return figures.stacked_bars(
        "shop-figure",
        words.page("outlook_shop", lang),
        words.page("outlook_shop_text", lang),
        [row["month"][:7] for row in rows],
        _shop_series(frame, lang),
        lambda value: money(value, findings.currency),
        lambda value: brief(value, findings.currency, lang),
        [
            None if row["low_revenue"] is None else (row["low_revenue"], row["high_revenue"])
            for row in rows
        ],
    )


def _shop_series(frame: Frame, lang: str) -> list[Series]:
    months = len(frame) - 1  # the last row is of all months
    return [
        Series("c-repeat", words.page("existing", lang), frame["existing_revenue"][:months]),
        Series("c-new", words.page("new", lang), frame["new_revenue"][:months]),
    ]


def _went(key: str, frame: Frame, lang: str) -> list[str]:
    """What was chosen for a table of the outlook, and how right it was before."""
    notes = frame.notes
    if key == "forecast_tested":
        return [
            words.page(
                "forecast_missed",
                lang,
                method=frame.label("method", one["method"], lang),
                of=words.column(one["of"], lang),
                ratio=f"{one['ratio']:.0%}",
            )
            for one in notes.get("missed", [])
        ]
    if key != "shop":
        return []
    said = []
    if (seasons := notes.get("seasons")) is not None:
        chosen = {"used": "used", "too_short": "too_short", "too_few_purchases": "too_short"}
        code = chosen.get(seasons["months"], "none")
        explained = f"{max(seasons['explained'] or 0, 0):.0%}"
        said.append(words.page(f"seasons_{code}", lang, explained=explained))
    past = notes.get("past", [])
    if "without_interval" in notes:
        said.append(words.page("shop_no_interval", lang))
    elif not past:
        said.append(words.page("shop_no_past", lang))
    else:
        ratios = [one["revenue"] for one in past if one["revenue"] is not None]
        said.append(
            words.page(
                "shop_past",
                lang,
                count=len(past),
                least=f"{min(ratios, default=0):.0%}",
                most=f"{max(ratios, default=0):.0%}",
                held=sum(one["revenue_held"] for one in past),
            )
        )
    return said


def _cpm_months(findings: Findings, lang: str) -> Any:
    days, _ = grid.by_month(findings.cpm_history)
    labels = [day.isoformat()[:7] for day in days]
    if labels and labels[-1] in labels[:-1]:
        labels[-1] = days[-1].isoformat()
    return figures.stacked_bars(
        "cpm",
        words.page("cpm_history", lang),
        words.page("cpm_history_text", lang),
        labels,
        _cpm_series(findings.cpm_history, lang),
        lambda value: f"{value:,.0f}",
        lambda value: f"{value:,.10g}",
    )


def _cpm_series(history: Frame, lang: str) -> list[Series]:
    _, counts = grid.by_month(history)
    return [
        Series(
            f"p-{segment} p-{state}",
            grid.cpm_name(history, segment, state, lang),
            counts[segment, state],
            below=state == "churned",
        )
        for state in words.STATES
        for segment in words.CPM_ORDER
        if any(counts.get((segment, state), []))
    ]


def _cpm_text(findings: Findings, lang: str) -> str:
    days = _deep(findings.cpm_segments.definition, "churn_days")
    return (
        words.page("cpm_text_plain", lang)
        if days is None
        else words.page("cpm_text", lang, days=days)
    )


def _lorenz(findings: Findings, lang: str) -> Any:
    frame = findings.lorenz
    if findings.gini is None:
        return None
    points = list(zip(frame["share_customers"], frame["share_revenue"], strict=True))
    if not points or None in points[-1]:
        return None
    if points[0] != (0.0, 0.0):
        points.insert(0, (0.0, 0.0))
    return figures.lorenz(
        "lorenz",
        words.page("lorenz", lang),
        words.page("lorenz_text", lang, gini=_gini(findings)),
        words.page("share_axis_customers", lang),
        words.page("share_axis_revenue", lang),
        points,
    )


def _gini(findings: Findings) -> str:
    return "–" if findings.gini is None else f"{findings.gini:.3f}"


def _distinct(frames: Sequence[Frame]) -> list[Frame]:
    return list({(one.task, one.hash): one for one in frames}.values())


def _deep(definition: Any, key: str) -> Any:
    """A setting of a definition, wherever in it."""
    if isinstance(definition, dict):
        if key in definition:
            return definition[key]
        return next(
            (found for one in definition.values() if (found := _deep(one, key)) is not None), None
        )
    return None
