"""The report as one HTML page that needs nothing else.

No script, no font, no image and no link leaves the file; it reads in light and dark, prints, and
works with a screen reader. All text goes through jinja2's autoescape: headings and statuses come
from a file that a stranger may have made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import figures, grid, words
from .figures import Series
from .findings import Findings, Frame, brief, money
from .headings import Choice
from .reading import Note


def render(
    findings: Findings,
    chosen: Sequence[Choice],
    notes: Sequence[Note],
    *,
    source: str,
    title: str | None,
    lang: str,
    version: str,
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
    """
    environment = Environment(
        loader=PackageLoader("crm_core._report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    currency = findings.currency

    def of(frame: Frame, key: str, **values: object) -> grid.Grid:
        return grid.of(frame, words.page(key, lang, **values), lang, currency)

    return environment.get_template("page.html.j2").render(
        lang=lang,
        title=title or words.page("title", lang),
        t=lambda key, **values: words.page(key, lang, **values),
        lead=words.page(
            "lead",
            lang,
            first=findings.totals.first_date,
            last=findings.totals.last_date,
            as_of=findings.as_of,
        ),
        source=source,
        tiles=grid.summary(findings, lang),
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
        reconciliation=of(findings.reconciliation, "reconciliation"),
        choices=grid.choices(chosen, words.page("reading", lang), lang),
        definitions=[
            (one.task, one.hash, json.dumps(one.definition, ensure_ascii=False, indent=1))
            for one in _distinct(findings.definitions)
        ],
        version=version,
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
            words.cpm(segment, state, lang),
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
