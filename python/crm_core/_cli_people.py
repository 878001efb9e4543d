"""`crm identify`, and the people of `crm report`: which records of customers are one person."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crm_core

from . import _cli_output
from ._cli_files import (
    conditions_of,
    day_of,
    named_rows,
    orders_of,
    pairs_of,
    settings_of,
    some_join,
)
from ._cli_screen import progress, screen_of
from ._errors import meant
from ._problem import Misuse

if TYPE_CHECKING:
    from ._cli_files import Stages
    from ._reading.people_reading import ReadPeople
    from ._reading.settings import Loaded, Settings
    from ._report.result import Frame


def identify(options: argparse.Namespace) -> int:
    """Which records are one person: counts on the screen, ids only in files."""
    from ._report import grid, screen, words
    from ._report.money import Currency
    from ._report.sections import persons
    from ._report.sections.voice import Voice

    kind = None
    if options.output is not None:
        kind = _cli_output.format_of(options.output, _cli_output.TABLES)
    path, *options.files = options.files
    _refuse_without(options)
    settings = settings_of(options)
    with progress(options.quiet, options.lang) as stage:
        loaded, orders = _orders(options, settings, stage)
        read = read_people(path, options, settings, loaded, stage)
        scope = _scope(options, loaded)
        people = _people(read, orders, scope)
        previous = None if options.previous is None else _persons(options.previous, settings)
        stage("identifying")
        with named_rows(read):
            found = crm_core.identify(people, previous, policy=options.policy)
            table = None
            if orders is not None:
                table = crm_core.identity_sensitivity(orders, people, **scope)
            counts = persons.find(found, table, options.policy or "standard")
    lang = options.lang or ("ja" if (loaded or read).japanese else "en")
    if options.output is not None and kind is not None:
        _cli_output.write_table(found.persons, options.output, kind)
    said = ""
    voice = Voice(lang, Currency("JPY", 0) if orders is None else Currency.of(orders))
    if options.tables is not None:
        names = _names(read) if options.names else None
        lists = _lists(found, names, options.previous is not None)
        _cli_output.write_lists(lists, options.tables)
        said = voice("persons_review_said", file=f"{options.tables.name}/review.csv")
    elif counts.review:
        said = voice("persons_review_option")
    console = screen_of(options.quiet)
    if loaded is not None:
        screen.show_warnings(console, loaded.warnings, lang)
    title = words.page("people_reading", lang)
    chosen = grid.choices(read.choices, title, lang, "--people-column")
    screen.show_grid(console, chosen)
    if read.left_out:
        listed = ", ".join(read.left_out)
        console.print(voice("people_not_read", columns=listed), style="dim", markup=False)
    section = persons.show(counts, voice, said)
    screen.show(console, [section], path.name, lang, section.name)
    return 0


def read_people(
    path: Path,
    options: argparse.Namespace,
    settings: Settings,
    loaded: Loaded | None,
    stage: Stages,
) -> ReadPeople:
    """The records of people, whose ids are those of the orders, where there are orders."""
    from ._reading.people_reading import load_people, roles

    columns = pairs_of(
        options.people_column, "--people-column", "ROLE=COLUMN", '"email=連絡先"', first=True
    )
    for role in columns:
        if role not in roles():
            hint = meant(role, sorted(roles())) or f"There are {', '.join(sorted(roles()))}."
            raise Misuse(f"--people-column: there is no role {role}", hint)
    advance = stage("reading_file", name=path.name)
    if loaded is None:
        return load_people(path, columns, settings, None, options.id_fold or "none", advance)
    name = loaded.arguments["customer_id"]
    read = load_people(path, columns, settings, (name, loaded.table[name]), loaded.id_fold, advance)
    some_join(loaded, read.table["record_id"], path.name)
    return read


def people_of_report(
    options: argparse.Namespace, settings: Settings, loaded: Loaded, stage: Stages
) -> tuple[ReadPeople, crm_core.People] | None:
    """The people of `crm report --people`, if there are any."""
    if options.people is None:
        if options.people_column:
            raise Misuse("--people-column has no effect without --people")
        return None
    read = read_people(options.people, options, settings, loaded, stage)
    return read, _people(read, None, {})


def _orders(
    options: argparse.Namespace, settings: Settings, stage: Stages
) -> tuple[Loaded | None, crm_core.Orders | None]:
    from ._reading.order_reading import load

    if not options.files:
        return None, None
    loaded = load(options.files, settings, stage("reading_file", name=options.files[0].name))
    return loaded, orders_of(loaded, options, settings, stage("building"))


def _scope(options: argparse.Namespace, loaded: Loaded | None) -> dict[str, Any]:
    """What is counted of the orders."""
    if loaded is None:
        return {}
    return {
        "as_of": day_of(options.as_of),
        "where": conditions_of(options.where, loaded) or None,
        "customers": conditions_of(options.where_customers, loaded, "--where-customers") or None,
    }


def _refuse_without(options: argparse.Namespace) -> None:
    """Refuses options that nothing reads."""
    for name in ("as_of", "where", "where_customers") if not options.files else ():
        if getattr(options, name):
            raise Misuse(f"--{name.replace('_', '-')} has no effect without orders")
    if options.names and options.tables is None:
        raise Misuse("--names has no effect without --tables")


def _people(
    read: ReadPeople, orders: crm_core.Orders | None, scope: dict[str, Any]
) -> crm_core.People:
    """The records; with orders each is worth its revenue, for the order of the review."""
    table = read.table
    if orders is not None and "value" not in table.column_names:
        import pyarrow as pa

        totals = crm_core.summary(orders, **scope).to_dict()
        revenue = dict(zip(totals["customer_id"], map(float, totals["revenue"]), strict=True))
        worth = [revenue.get(one, 0.0) for one in table["record_id"].to_pylist()]
        table = table.append_column("value", pa.array(worth, pa.float64()))
    with named_rows(read):
        return crm_core.People(table)


def _persons(path: Path, settings: Settings) -> dict[str, Any]:
    """The persons that the last run has written."""
    from ._reading.columns import trimmed
    from ._reading.several_files import read_files, require
    from ._reading.source import sources_of

    sources = sources_of([path], settings.encoding, settings.delimiter)
    columns = ["record_id", "person_id"]
    if missing := [one for one in columns if one not in sources[0].headings]:
        raise Misuse(
            f"--previous: {path.name} has no column {missing[0]}",
            "It is what `crm identify -o` has written.",
        )
    require(sources, columns)
    _, table = read_files(sources, columns, settings, lambda share: None)
    return {name: trimmed(table[name]).to_pylist() for name in columns}


def _names(read: ReadPeople) -> dict[Any, str]:
    """The name of each record."""
    parts = [
        read.table[role].to_pylist()
        for role in ("family_name", "given_name")
        if role in read.table.column_names
    ]
    if not parts:
        raise Misuse("--names: no column of the people is a name")
    ids = read.table["record_id"].to_pylist()
    joined = (" ".join(filter(None, one)) for one in zip(*parts, strict=True))
    return dict(zip(ids, joined, strict=True))


def _lists(found: Any, names: dict[Any, str] | None, changes: bool) -> dict[str, Frame]:
    """The tables of persons, with names if they are asked for."""
    from ._report.result import Frame

    lists: dict[str, Frame] = {}
    tables = ["persons", "links", "review", "shared_identifiers", *(["changes"] if changes else [])]
    for name in tables:
        columns = getattr(found, name).to_dict()
        if names is not None and name in ("links", "review"):
            of_pair = {
                f"name_{side}": [names.get(one, "") for one in columns[f"record_{side}"]]
                for side in ("a", "b")
            }
            first = {side: columns.pop(side) for side in ("record_a", "record_b")}
            columns = {**first, **of_pair, **columns}
        lists[name] = Frame(name, columns)
    return lists
