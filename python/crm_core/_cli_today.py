"""`crm today`: whom to write to; with `--rules` who is sent what, and why not. `crm rules`."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from typing import TYPE_CHECKING, Any

import crm_core

from . import _cli_output
from ._cli_files import (
    conditions_of,
    day_of,
    events_of,
    named_rows,
    orders_of,
    pairs_of,
    read_log,
    settings_of,
)
from ._cli_options import PRESETS
from ._cli_screen import progress, screen_of
from ._errors import meant
from ._problem import Misuse

if TYPE_CHECKING:
    from ._cli_files import Stages
    from ._reading.settings import Loaded, Note, Settings
    from ._report.result import Frame
    from ._report.sending import Sending

_PAGES = ("html", "pdf")
_TIME = "10:00"
# Options that only the rules read.
_OF_RULES = (
    "messages", "message_column", "at", "output", "page", "ids",
)  # fmt: skip


def rules(options: argparse.Namespace) -> int:
    """Prints ready rules, or which there are."""
    from ._report.sending_rules import preset

    if options.preset is not None:
        print(preset(options.preset), end="")
        return 0
    for name in PRESETS:
        english, japanese = (one.lstrip("# ") for one in preset(name).splitlines()[:2])
        print(f"{name}\n  {english}\n  {japanese}")
    return 0


def today(options: argparse.Namespace) -> int:
    """Whom to write to; 1 if nobody."""
    if options.rules is not None:
        return _by_rules(options)
    for name in _OF_RULES:
        if getattr(options, name):
            raise Misuse(
                f"--{name.replace('_', '-')} has no effect without --rules",
                "`crm rules --preset retail > rules.toml` writes rules to begin with.",
            )
    return _groups(options)


def _groups(options: argparse.Namespace) -> int:
    """The groups of the report's section."""
    from rich.console import Console

    from ._report import screen
    from ._report.money import Currency
    from ._report.sections import today
    from ._report.sections.ask import Ask
    from ._report.sections.shop import Missing, shop_of
    from ._report.sections.voice import Voice

    settings = settings_of(options)
    with progress(options.quiet, options.lang) as stage:
        loaded, orders = _orders(options, settings, stage)
        scope = {name: one or None for name, one in _scope(options, loaded).items()}
        day = day_of(options.as_of) or orders.last_date
        carts = _carts(_events(options, settings, loaded, stage), day_of(options.as_of))
        shop = shop_of(Ask(orders, day, scope), {})
        found = Missing("customers", 100, 0) if shop is None else today.find(shop, carts)
    lang = options.lang or ("ja" if loaded.japanese else "en")
    console = Console(quiet=options.quiet, soft_wrap=True)
    folder = None if options.tables is None else options.tables.name
    screen.show_warnings(console, loaded.warnings, lang)
    section = today.show(found, Voice(lang, Currency.of(orders)), folder)
    screen.show(console, [section], f"{day}", lang)
    groups = [] if isinstance(found, Missing) else [one for one in found.groups if one.people]
    if options.tables is not None:
        _cli_output.write_lists({one.key: one.people_list for one in groups}, options.tables)
    return 0 if groups else 1


def _carts(events: crm_core.Events | None, day: datetime.date | None) -> Frame | None:
    """Carts to follow up, a row each; None without a log of events."""
    from ._report.result import Frame

    moment = None if events is None else day or events.last_date
    if events is None or moment is None:
        return None
    return Frame.of("cart_follow_ups", crm_core.cart_follow_ups(events, moment))


def _by_rules(options: argparse.Namespace) -> int:
    """Candidates and decisions: counts on the screen, the list in the file."""
    from ._report.money import Currency
    from ._report.sections.voice import Voice
    from ._report.sending import decided
    from ._report.sending_rules import load_rules

    kinds = _outputs(options)
    plan = load_rules(options.rules)
    time = _time(options.at)
    settings = settings_of(options, plan.columns)
    with progress(options.quiet, options.lang) as stage:
        told: list[Note] = []
        loaded, orders = _orders(options, settings, stage, told)
        _say_who_opted_out(told)
        day = day_of(options.as_of) or orders.last_date
        if day is None:
            raise Misuse("no order counts, so there is no day", "Say it with --as-of.")
        events = _events(options, settings, loaded, stage)
        messages, notes = _messages(options, settings, loaded)
        stage("analysing")
        scope = _scope(options, loaded)
        with named_rows(loaded):
            found = decided(
                orders,
                plan,
                day,
                time,
                events=events,
                messages=messages,
                registered=options.customers is not None,
                **scope,
            )
    found.notes.extend([*told, *notes])
    lang = options.lang or ("ja" if loaded.japanese else "en")
    voice = Voice(lang, Currency.of(orders))
    _write(found, voice, options, kinds)
    _show(found, voice, options, loaded)
    return 0 if found.of("send") else 1


def _outputs(options: argparse.Namespace) -> tuple[str, str]:
    """The formats of the list and of the page."""
    if options.by:
        raise Misuse("--by has no effect with --rules")
    if options.tables is not None:
        raise Misuse("--tables has no effect with --rules", "-o writes every candidate.")
    if options.ids and options.page is None:
        raise Misuse("--ids has no effect without --page")
    table = "csv"
    if options.output is not None:
        table = _cli_output.format_of(options.output, _cli_output.LISTS)
    page = "html"
    if options.page is not None:
        page = _cli_output.format_of(options.page, _PAGES, "--page")
        _cli_output.refuse_existing(options.page, options.force, "--page")
    return table, page


def _time(text: str | None) -> datetime.time:
    try:
        found = datetime.time.fromisoformat(text or _TIME)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise Misuse(f"--at: {text} is no time of day", "Write 10:00.")
    return found


def _say_who_opted_out(told: list[Note]) -> None:
    """Refuses to send where a column looks like opt-outs and cannot be read."""
    for one in told:
        if one.code == "opt_out_unread":
            raise Misuse(
                f'--customers: the column "{one.values["column"]}" looks like opt-outs, and '
                f"{one.values['cells']:,} of its cells are neither yes nor no",
                "Name the column that says it with --opted-out COLUMN, or say --opted-out= if none "
                "does.",
            )


def _orders(
    options: argparse.Namespace,
    settings: Settings,
    stage: Stages,
    told: list[Note] | None = None,
) -> tuple[Loaded, crm_core.Orders]:
    from ._reading.order_reading import load

    loaded = load(options.files, settings, stage("reading_file", name=options.files[0].name))
    return loaded, orders_of(loaded, options, settings, stage("building"), told)


def _scope(options: argparse.Namespace, loaded: Loaded) -> dict[str, Any]:
    return {
        "where": conditions_of(options.where, loaded),
        "customers": conditions_of(options.where_customers, loaded, "--where-customers"),
    }


def _events(
    options: argparse.Namespace, settings: Settings, loaded: Loaded, stage: Stages
) -> crm_core.Events | None:
    """The log of the site, whose customers are those of the orders."""
    if not options.events:
        for name in ("event_column", "event_kind", "events_layout"):
            if getattr(options, name):
                raise Misuse(f"--{name.replace('_', '-')} has no effect without --events")
        return None
    settings = dataclasses.replace(
        settings, dimensions=(), layout=options.events_layout, ignore=(), statuses=()
    )
    currency = loaded.arguments["currency"]
    log, _ = read_log(options.events, options, settings, currency, stage)
    return events_of(log, stage("events"))


def _messages(
    options: argparse.Namespace, settings: Settings, loaded: Loaded
) -> tuple[dict[str, list[Any]] | None, list[Any]]:
    """The log of messages, and what its reader has to know."""
    import pyarrow as pa

    from ._reading import layouts
    from ._reading.message_reading import load_messages
    from ._reading.settings import Note

    if not options.messages:
        if options.message_column:
            raise Misuse("--message-column has no effect without --messages")
        return None, []
    columns = pairs_of(
        options.message_column, "--message-column", "ROLE=COLUMN", '"kind=結果"', first=True
    )
    known = list(layouts.words()["headings"]["messages"])
    for role in columns:
        if role not in known:
            hint = meant(role, known) or f"There are {', '.join(known)}."
            raise Misuse(f"--message-column: there is no role {role}", hint)
    name = loaded.arguments["customer_id"]
    of_numbers = pa.types.is_integer(loaded.table[name].type)
    read = load_messages(options.messages, columns, settings, name, loaded.id_fold, of_numbers)
    known_rows = len(read.columns["customer_id"])
    counts = {"rows": f"{read.rows:,}", "known": f"{known_rows:,}"}
    notes = [Note("messages_read", counts)]
    if read.other_kinds:
        notes.append(Note("other_kinds", {"kinds": read.other_kinds}))
    return read.columns, notes


def _write(found: Sending, voice: Any, options: argparse.Namespace, kinds: tuple[str, str]) -> None:
    """The list and the page."""
    from ._report import page
    from ._report.sections import sending
    from ._report.sending import as_table

    if options.output is not None:
        reasons = [sending.because(row, voice) for row in found.rows]
        words = [sending.why_not(row, found, voice) or None for row in found.rows]
        _cli_output.write_table(as_table(found, reasons, words), options.output, kinds[0])
    if options.page is not None:
        html = page.written(
            sending.show(found, voice, options.ids),
            voice,
            title=voice("sending_page"),
            lead=sending.lead(found, voice),
            as_of=found.now.date().isoformat(),
            source=f"{', '.join(path.name for path in options.files)} · {options.rules.name}",
            version=crm_core.__version__,
            warnings=sending.notes(found, voice),
            definitions=found.definitions,
            made="made_with_ids" if options.ids else "made",
        )
        data = _cli_output.page_as_pdf(html) if kinds[1] == "pdf" else html.encode()
        options.page.write_bytes(data)


def _show(found: Sending, voice: Any, options: argparse.Namespace, loaded: Loaded) -> None:
    """The sections on the screen, without ids."""
    from ._report import screen
    from ._report.sections import sending

    console = screen_of(options.quiet)
    screen.show_warnings(console, loaded.warnings, voice.lang)
    for text in sending.notes(found, voice):
        console.print(f"! {text}", style="yellow", markup=False, highlight=False)
    shown = [one for one in sending.show(found, voice) if not one.folded]
    screen.show(console, shown, sending.lead(found, voice), voice.lang, voice("sending_page"))
    written = [path for path in (options.output, options.page) if path is not None]
    for path in written:
        text = voice("written_to", path=path)
        console.print(text, highlight=False, markup=False)
    if not written:
        console.print(voice("sending_how"), highlight=False, markup=False)
