"""`crm today`: whom to write to."""

from __future__ import annotations

import argparse

from . import _cli_output
from ._cli_files import conditions_of, day_of, orders_of, settings_of
from ._cli_screen import progress


def rules(options): ...


def today(options: argparse.Namespace) -> int:
    """Whom to write to; 1 if nobody."""
    from rich.console import Console

    from ._report import screen
    from ._report.money import Currency
    from ._report.order_reading import load
    from ._report.sections import today
    from ._report.sections.ask import Ask
    from ._report.sections.shop import Missing, shop_of
    from ._report.sections.voice import Voice

    settings = settings_of(options)
    with progress(options.quiet) as stage:
        loaded = load(options.files, settings, stage("reading_file", name=options.files[0].name))
        orders = orders_of(loaded, options, settings, stage("building"))
        scope = {
            "where": conditions_of(options.where, loaded),
            "customers": conditions_of(options.where_customers, loaded, "--where-customers"),
        }
        day = day_of(options.as_of) or orders.last_date
        shop = shop_of(Ask(orders, day, {name: one or None for name, one in scope.items()}), {})
        found = Missing("customers", 100, 0) if shop is None else today.find(shop)
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
