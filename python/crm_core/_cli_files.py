"""Reads the command's files with their options.

The catalogue says what an analysis reads (`crm describe TASK`): orders, events, or a table.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import crm_core

from ._cli_reading import COLUMNS
from ._problem import Misuse, Problem
from ._reading.messages import of_library, option

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from ._reading.people_reading import ReadPeople
    from ._reading.settings import Loaded, Note, Rows, Settings

    Stages = Callable[..., Callable[[float], None]]


def settings_of(options: argparse.Namespace, columns: Sequence[str] = ()) -> Settings:
    """The settings of a file, and the further columns that a request may name."""
    from ._reading.settings import Settings

    status_map = pairs_of(
        options.status_map, "--status-map", "WORD=MEANING", '"発送済み=completed"'
    )
    filters = [one.partition("=")[0] for one in [*options.where, *options.where_customers]]
    columns_said = {role: getattr(options, role) for role in COLUMNS}
    return Settings(
        columns={**columns_said, "status": next(iter(options.status), None)},
        statuses=options.status[1:],
        ignore=options.ignore,
        layout=options.layout,
        order_level=options.order_level,
        line_level=options.line_level,
        fill_down=options.fill_down,
        keep_last=options.keep_last,
        id_fold=options.id_fold,
        guest_ids=options.guest_id,
        decimal=options.decimal,
        strict=options.strict,
        known=options.known,
        today=datetime.date.today(),
        dimensions=[*_words_in([*names_in(options.by), *filters]), *columns],
        amount_is=options.amount_is,
        amount_unit=options.amount_unit,
        round_amounts=options.round_amounts,
        status_map=status_map,
        kind_map=pairs_of(options.kind_map, "--kind-map", "WORD=MEANING", '"定期=subscription"'),
        currency=options.currency,
        timezone=options.timezone,
        date_format=options.date_format,
        encoding=options.encoding,
        delimiter={"tab": "\t"}.get(options.delimiter, options.delimiter),
        guests=options.guests,
        bad_rows=options.bad_rows,
        repeated_orders=options.repeated_orders,
        repeated_rows=options.repeated_rows,
        refund_rows=_by_column(options.refund_rows),
    )


def orders_of(
    loaded: Loaded,
    options: argparse.Namespace,
    settings: Settings,
    advance: Callable[[float], None],
    told: list[Note] | None = None,
) -> crm_core.Orders:
    """Reads the orders, with the customers table if there is one.

    `told` takes what the customers' file says about opt-outs.
    """
    from ._read import orders_from
    from ._reading.order_kinds import understood

    loaded = understood(loaded, settings.kind_map)
    customers = None
    if options.customers is not None:
        from ._reading.customer_table import load_customers

        table, described = load_customers(
            options.customers,
            loaded.arguments["customer_id"],
            settings,
            loaded.id_fold,
            getattr(options, "opted_out", None),
            told,
        )
        customers = crm_core.Customers(table, **described)
        some_join(loaded, table[described["customer_id"]], options.customers.name)
    with named_rows(loaded):
        return orders_from(loaded, customers, _share(advance))


def some_join(loaded: Loaded, known: pa.ChunkedArray, name: str) -> None:
    """Warns of a table of customers that has none of the customers of the orders."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from ._reading.settings import Note

    column = loaded.table[loaded.arguments["customer_id"]].cast(pa.string())
    there = pc.is_in(column, value_set=known.cast(pa.string()).combine_chunks())
    if len(known) and not pc.any(there).as_py():
        loaded.warnings.append(Note("no_customer_joins", {"file": name, "customers": len(known)}))


def events_of(loaded: Loaded, advance: Callable[[float], None]) -> crm_core.Events:
    """Reads the events of a log."""
    from ._read import events_from

    with named_rows(loaded):
        events = events_from(loaded, _share(advance))
    advance(1.0)
    return events


# Roles of columns that an analysis may want, and that a file may lack.
_ROLES = frozenset(COLUMNS) - {"customer_id", "ordered_at", "amount"}


def _share(advance: Callable[[float], None]) -> Callable[[int, int], None]:
    return lambda done, expected: advance(done / max(expected, 1))


@contextmanager
def named_rows(loaded: Loaded | ReadPeople) -> Iterator[None]:
    """Changes errors of the library to row numbers of the file and options of the command."""
    try:
        yield
    except crm_core.CrmError as error:
        message, hint = of_library(_in_the_file(error, loaded.rows)), of_library(error.hint or "")
        if isinstance(error, crm_core.SchemaError) and error.column in _ROLES:
            message = f"no column of the file is the {error.column}"
            hint = f"Say which it is with {option(error.column)} COLUMN."
        kind = Misuse if isinstance(error, crm_core.OptionError) else Problem
        raise kind(message, hint) from error


def _in_the_file(error: crm_core.CrmError, rows: Rows) -> str:
    """The message with the row number of the file: the library counts rows from 0."""
    message = str(error)
    if error.row is None:
        return message
    message = message.replace(f"row {error.row}:", f"{rows.name(error.row)}:", 1)
    # The number of the contradicting row is only in the message.
    return re.sub(r"\(see row (\d+)\)", lambda row: f"(see {rows.name(int(row[1]))})", message)


def _by_column(given: Sequence[str]) -> dict[str, list[str]]:
    """Words by column, from `COLUMN=WORD`."""
    found: dict[str, list[str]] = {}
    for one in given:
        column, equals, word = one.partition("=")
        if not equals or not column or not word:
            raise Misuse(f"--refund-rows {one}", 'It is COLUMN=WORD, such as "type=Refund".')
        found.setdefault(column, []).append(word)
    return found


def pairs_of(
    given: Sequence[str], option: str, form: str, example: str, first: bool = False
) -> dict[str, str]:
    """The texts before and after the last equals sign (for columns, the first)."""
    pairs: dict[str, str] = {}
    for one in given:
        before, equals, after = one.partition("=") if first else one.rpartition("=")
        if not equals:
            raise Misuse(f"{option}: {one} is not {form}", f"For example {example}.")
        pairs[before] = after
    return pairs


def conditions_of(given: Sequence[str], loaded: Loaded, option: str = "--where") -> dict[str, Any]:
    """Conditions such as `channel=web|app` or `ordered_at=2024-01-01..2024-06-30`."""
    conditions: dict[str, Any] = {}
    for one in given:
        heading, equals, text = one.partition("=")
        if not equals:
            raise Misuse(
                f"{option}: {one} is not COLUMN=VALUE",
                'For example "channel=web", "channel=web|app", '
                '"ordered_at=2024-01-01..2024-06-30".',
            )
        name = loaded.names.get(heading, heading)
        if name in conditions:
            raise Misuse(
                f"{option}: two conditions on {heading}",
                'All conditions must hold. Say "a|b" for either of two values.',
            )
        own = heading if heading in loaded.table.column_names else heading.removeprefix("first_")
        typed = _typed(loaded.arguments.get(own, own), loaded.table)
        try:
            if ".." in text:
                low, _, high = text.partition("..")
                conditions[name] = {
                    key: typed(end) for key, end in (("from", low), ("to", high)) if end
                }
            else:
                conditions[name] = (
                    [typed(part) for part in text.split("|")] if "|" in text else typed(text)
                )
        except ValueError:
            raise Misuse(f"{option}: {heading} is a column of numbers") from None
    return conditions


def _typed(name: str, table: pa.Table) -> Callable[[str], Any]:
    import pyarrow as pa

    kind = table.schema.field(name).type if name in table.column_names else pa.string()
    if pa.types.is_integer(kind):
        return int
    return float if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else str


def names_in(given: Sequence[str]) -> list[str]:
    """Names, given one by one or separated by commas."""
    return [name for one in given for name in one.split(",") if name]


def day_of(text: str | None, option: str = "--as-of") -> datetime.date | None:
    """A date, or today or yesterday by this machine's clock."""
    if text is None:
        return None
    today = datetime.date.today()
    if text in ("today", "yesterday"):
        return today - datetime.timedelta(days=text == "yesterday")
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise Misuse(
            f"{option}: {text} is not a date", "Write 2026-11-21, today or yesterday."
        ) from None


def moment_of(text: str | None) -> datetime.date | None:
    """For events: a day, or an instant such as 2026-11-21T10:00."""
    if text is None or ":" not in text:
        return day_of(text)
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(
            f"--as-of: {text} is no moment", "Write 2026-11-21, or 2026-11-21T10:00:00."
        ) from None


def read_log(
    paths: Sequence[Path],
    options: argparse.Namespace,
    settings: Settings,
    currency: str | None,
    stage: Stages,
) -> tuple[Loaded, dict[str, str]]:
    """The columns of a log of events, and the meanings of its kinds."""
    from ._reading.event_reading import load_events

    columns = pairs_of(
        options.event_column, "--event-column", "ROLE=COLUMN", '"page=URL"', first=True
    )
    kinds = pairs_of(options.event_kind, "--event-kind", "WORD=MEANING", '"カゴ=add"')
    settings = dataclasses.replace(settings, columns=columns)
    return load_events(paths, settings, kinds, currency, stage("reading_file", name=paths[0].name))


#: Analyses that read a `clv_summary`: from a file of orders the command makes it first.
_OF_SUMMARY = (
    "clv", "clv_fit", "gamma_gamma_fit", "clv_predict", "expected_spend", "compare_models",
)  # fmt: skip


def needs_summary(task: str, options: argparse.Namespace) -> bool:
    """Whether an analysis of a `clv_summary` is given a file of something else, such as orders."""
    if task not in _OF_SUMMARY:
        return False
    from ._reading.source import sources_of

    sources = sources_of(options.files, options.encoding, settings_of(options).delimiter)
    return not {"frequency", "monetary_value"} & set(sources[0].headings)


def fitted(about: dict[str, Any], data: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The fits that an analysis of a `clv_summary` needs and that the user has not given."""
    known = about["options"].get("properties", {})
    fits: dict[str, Any] = {}
    if about["name"] not in _OF_SUMMARY:
        return fits
    unit = {"unit": request["unit"]} if request.get("unit") else {}
    purchases = "fit" in known and about["name"] != "expected_spend"
    if purchases and "fit" not in request:
        fits["fit"] = crm_core.BestModel().fit(data, **unit)
    if "spend_fit" in known and "spend_fit" not in request:
        fits["spend_fit"] = crm_core.GammaGamma().fit(data)
    if about["name"] == "expected_spend" and "fit" not in request:
        fits["fit"] = crm_core.GammaGamma().fit(data)
    return {name: json.loads(model.to_json()) for name, model in fits.items()}


def refuse_others(task: str, reads: str, options: argparse.Namespace) -> None:
    """Refuses options for another kind of file."""
    for kind, names in _ONLY_OF.items():
        for name in names if kind != reads else ():
            if getattr(options, name, None):
                raise Misuse(f"--{name.replace('_', '-')} is of {kind}, and {task} reads {reads}")


def reads_of(about: dict[str, Any], options: argparse.Namespace) -> str:
    """What the analysis reads here: `--read-as`, else what it reads first."""
    first, other = about["reads"], about["also_reads"]
    said: str | None = getattr(options, "read_as", None)
    if said not in (None, first, other):
        name = about["name"]
        if other is None:
            raise Misuse(f"--read-as {said}: {name} reads {first} only")
        raise Misuse(f"--read-as {said}: {name} reads {first} or {other}")
    return said or str(first)


def columns_named(about: dict[str, Any], request: dict[str, Any]) -> list[str]:
    """Names in a request that may be columns of the file, and roles that its defaults name.

    `first_product` has `of = "product"` by default, `cohorts` takes `rows = "channel"`.
    """
    from ._reading.headings import CATEGORIES

    options = about["options"].get("properties", {})
    given = _words_in(request)
    defaults = [one.get("default") for name, one in options.items() if name not in request]
    return [*given, *(word for word in _words_in(defaults) if word in CATEGORIES)]


def _words_in(value: Any) -> list[str]:
    """All texts in a JSON value, keys included; for `first_channel` also `channel`."""
    if isinstance(value, str):
        return [value, value.removeprefix("first_")]
    if isinstance(value, dict):
        return [word for pair in value.items() for part in pair for word in _words_in(part)]
    return [word for one in value for word in _words_in(one)] if isinstance(value, list) else []


@contextmanager
def hinted(about: dict[str, Any], options: argparse.Namespace) -> Iterator[None]:
    """Names what else the analysis can read, where the file is not what it reads first."""
    try:
        yield
    except Problem as problem:
        if about["also_reads"] is None or options.read_as is not None:
            raise
        raise problem.hinted(
            f" If the file is another kind: --read-as {about['also_reads']}."
        ) from None


def read(
    reads: str, options: argparse.Namespace, settings: Settings, stage: Stages
) -> tuple[Loaded, Any]:
    """Reads the files of an analysis."""
    from ._reading.frames import load_frame
    from ._reading.order_reading import load

    if reads == "events":
        loaded, _ = read_log(options.files, options, settings, None, stage)
        return loaded, events_of(loaded, stage("events"))
    advance = stage("reading_file", name=options.files[0].name)
    if reads == "table":
        loaded = load_frame(options.files, settings, advance)
        return loaded, loaded.table
    loaded = load(options.files, settings, advance)
    return loaded, orders_of(loaded, options, settings, stage("building"))


_ONLY_OF = {
    "orders": (
        *(
            *COLUMNS,
            "status",
            "ignore",
            "amount_is",
            "order_level",
            "line_level",
            "fill_down",
            "keep_last",
            "id_fold",
            "guest_id",
        ),
        *("status_map", "kind_map", "guests", "customers"),
    ),
    "events": ("event_column", "event_kind"),
}
