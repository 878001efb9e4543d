"""The tables that matter, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .._reading import understanding
from .._reading.headings import Choice
from .._reading.layouts import Layout
from .._reading.settings import Loaded, Note
from . import grid, words
from .grid import Grid
from .sections import words as voice_words
from .sections.parts import Figure, Part, Points, Section, Text, Tiles


def show_layouts(console: Console, known: Iterable[Layout]) -> None:
    """The layouts that come with the package, one a line."""
    rows = [[one.id, one.name, one.reads, one.source] for one in known]
    show_grid(console, Grid("", ["id", "name", "reads", "source"], rows, [False] * 4))


def show_choices(
    console: Console,
    chosen: Sequence[Choice],
    notes: Sequence[Note],
    lang: str,
    warnings: Sequence[Note] = (),
) -> None:
    """How the file was understood; what may be wrong goes on top."""
    show_warnings(console, warnings, lang)
    show_grid(console, grid.choices(chosen, words.page("reading", lang), lang))
    show_notes(console, notes, lang)


def show_understanding(console: Console, loaded: Loaded, lang: str) -> None:
    """The page of `--check`: choices and notes, then the evidence for and against them."""
    show_choices(console, loaded.choices, loaded.notes, lang, loaded.warnings)
    headings = [words.column(name, lang) for name in ("role", "value")]
    found = [list(row) for row in understanding.rows(loaded.facts, lang)]
    show_grid(console, Grid(words.page("facts", lang), headings, found, [False] * 2))


def show_warnings(console: Console, warnings: Sequence[Note], lang: str) -> None:
    """What may be wrong, one sentence a line."""
    for one in warnings:
        console.print(f"! {escape(words.note(one.code, one.values, lang))}", style="bold yellow")


def show_notes(console: Console, notes: Sequence[Note], lang: str) -> None:
    """What the reader has to know, one sentence a line."""
    for one in notes:
        console.print(f"· {escape(words.note(one.code, one.values, lang))}", style="dim")


def show(
    console: Console,
    sections: Sequence[Section],
    lead: str,
    lang: str,
    title: str | None = None,
) -> None:
    """The sections; figures as their numbers."""
    console.print()
    console.rule(f"[bold]{escape(title or words.page('title', lang))}[/] · {escape(lead)}")
    for one in sections:
        console.print(f"\n[bold]{escape(one.title)}[/]", highlight=False)
        console.print(escape(one.question), style="dim", highlight=False)
        for part in one.parts:
            _show_part(console, part, lang)


def show_short(console: Console, sections: Sequence[Section], lead: str, lang: str) -> None:
    """The conclusions alone, a sentence a line."""
    console.print(f"{escape(words.page('title', lang))} · {escape(lead)}", highlight=False)
    for one in sections[:1]:
        console.print(f"[bold]{escape(one.title)}[/]", highlight=False)
        for part in one.parts:
            _show_part(console, part, lang)


def _show_part(console: Console, part: Part, lang: str) -> None:
    if isinstance(part, Text):
        console.print(escape(part.text), highlight=False)
    elif isinstance(part, Points):
        for point in part.points:
            before = f"[bold yellow]! {escape(voice_words.text('warning', lang))}:[/] "
            console.print((before if point.warning else "· ") + escape(point.text), highlight=False)
    elif isinstance(part, Tiles):
        rows = [[one.name, one.value, one.moved, one.small] for one in part.tiles]
        if any(one.moved or one.small for one in part.tiles):
            show_grid(console, Grid("", ["", "", "", ""], rows, [False, True, False, False]))
        else:
            console.print(
                "   ".join(f"{escape(row[0])} [bold]{escape(row[1])}[/]" for row in rows),
                highlight=False,
            )
    elif isinstance(part, Figure):
        if part.numbers is not None:
            show_grid(console, _recent(part.numbers))
    else:
        show_grid(console, part)


def _recent(numbers: Grid, rows: int = 13) -> Grid:
    return Grid(numbers.title, numbers.headings, numbers.rows[:rows], numbers.numeric)


def show_event_choices(
    console: Console, chosen: Sequence[Choice], notes: Sequence[Note], lang: str
) -> None:
    """How the file of events was understood."""
    title = words.page("events_reading", lang)
    show_grid(console, grid.choices(chosen, title, lang, "--event-column"))
    show_notes(console, notes, lang)


def show_grid(console: Console, one: Grid) -> None:
    """A table."""
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
