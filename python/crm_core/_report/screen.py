"""The tables that matter, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from . import grid, understanding, words
from .behavior import cart_steps, stations
from .findings import Findings
from .grid import Grid
from .headings import Choice
from .layouts import Layout
from .money import Currency
from .page import Site
from .result import Frame
from .settings import Loaded, Note


def show_layouts(console: Console, known: Iterable[Layout]) -> None:
    """The layouts that come with the package, one a line."""
    rows = [[one.id, one.name, one.reads, one.source] for one in known]
    _show(console, Grid("", ["id", "name", "reads", "source"], rows, [False] * 4))


def show_choices(
    console: Console,
    chosen: Sequence[Choice],
    notes: Sequence[Note],
    lang: str,
    warnings: Sequence[Note] = (),
) -> None:
    """How the file was understood; what may be wrong goes on top."""
    show_warnings(console, warnings, lang)
    _show(console, grid.choices(chosen, words.page("reading", lang), lang))
    show_notes(console, notes, lang)


def show_understanding(console: Console, loaded: Loaded, lang: str) -> None:
    """The page of `--check`: choices and notes, then the evidence for and against them."""
    show_choices(console, loaded.choices, loaded.notes, lang, loaded.warnings)
    headings = [words.column(name, lang) for name in ("role", "value")]
    found = [list(row) for row in understanding.rows(loaded.facts, lang)]
    _show(console, Grid(words.page("facts", lang), headings, found, [False] * 2))


def show_warnings(console: Console, warnings: Sequence[Note], lang: str) -> None:
    """What may be wrong, one sentence a line."""
    for one in warnings:
        console.print(f"! {escape(words.note(one.code, one.values, lang))}", style="bold yellow")


def show_notes(console: Console, notes: Sequence[Note], lang: str) -> None:
    """What the reader has to know, one sentence a line."""
    for one in notes:
        console.print(f"· {escape(words.note(one.code, one.values, lang))}", style="dim")


def show(console: Console, findings: Findings, lang: str, months: int = 12) -> None:
    """The report's summary, segments, deciles, months and reconciliation."""
    currency = findings.currency
    totals = findings.totals
    console.print()
    console.rule(
        f"[bold]{escape(words.page('title', lang))}[/] · {escape(grid.lead(findings, lang))}"
    )
    console.print(
        "   ".join(
            f"{escape(name)} [bold]{escape(value)}[/]"
            for name, value in grid.summary(findings, lang)
        )
    )
    show_notes(console, findings.notes, lang)
    if not totals.orders:
        _show(
            console,
            grid.of(findings.reconciliation, words.page("reconciliation", lang), lang, currency),
        )
        return
    _show(console, grid.of(findings.rfm_segments, words.page("rfm_segments", lang), lang, currency))
    _show(
        console, grid.cpm_portfolio(findings.cpm_segments, words.page("cpm", lang), lang, currency)
    )
    if findings.cycle_levels.columns and findings.cycle_levels["level"]:
        _show(
            console,
            grid.of(findings.cycle_levels, words.page("cycle_levels", lang), lang, currency),
        )
    _show(console, grid.of(findings.deciles, words.page("deciles", lang), lang, currency))
    recent = Frame(
        "monthly", {name: values[-months:] for name, values in findings.monthly.columns.items()}
    )
    _show(
        console,
        grid.of(
            recent, words.page("monthly", lang), lang, currency, leave_out=_without_guests(recent)
        ),
    )
    for name, frame in findings.breakdowns.items():
        _show(console, grid.of(frame, words.page("by", lang, name=name), lang, currency))
    _show(
        console,
        grid.of(findings.reconciliation, words.page("reconciliation", lang), lang, currency),
    )


def show_event_choices(
    console: Console, chosen: Sequence[Choice], notes: Sequence[Note], lang: str
) -> None:
    """How the file of events was understood."""
    title = words.page("events_reading", lang)
    _show(console, grid.choices(chosen, title, lang, "--event-column"))
    show_notes(console, notes, lang)


def show_site(console: Console, site: Site, lang: str, currency: Currency) -> None:
    """Pages, the funnel, carts and transitions, and how the events were read."""
    found = site.behavior
    title = words.page("behavior", lang)
    console.print()
    console.rule(f"[bold]{escape(title)}[/] · {escape(grid.site_lead(found, lang))}")
    show_event_choices(console, site.choices, site.notes, lang)
    show_notes(console, found.notes, lang)
    if found.pages is not None:
        less = (*grid.ENDS, "timed_views", "exit_rate_sessions")
        _show(console, grid.of(found.pages, words.page("exits", lang), lang, currency, less))
    if found.funnel is not None:
        _show(console, grid.funnel(found.funnel, lang, currency))
    if found.carts is not None:
        steps = cart_steps(found.carts)
        rows = [
            [words.page(f"{stage}_step", lang), f"{count:,}", f"{count / (steps[0][1] or 1):.1%}"]
            for stage, count in steps
        ]
        headings = [words.column(name, lang) for name in ("step", "carts", "rate")]
        _show(console, Grid(words.page("carts", lang), headings, rows, [False, True, True]))
    if found.between is not None:
        named = stations(found.between)
        _show(console, grid.between(found.between, named, words.page("between", lang), lang))


def _without_guests(monthly: Frame) -> list[str]:
    names = [name for name in monthly.columns if name.startswith("guest_")]
    return names if not any(any(monthly[name]) for name in names) else []


def _show(console: Console, one: Grid) -> None:
    table = Table(
        title=escape(one.title),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading, numeric in zip(one.headings, one.numeric, strict=True):
        table.add_column(escape(heading), justify="right" if numeric else "left")
    for row in one.rows:
        table.add_row(*(escape(text) for text in row))
    console.print(table)
