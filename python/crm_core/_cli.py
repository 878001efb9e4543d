"""The command `crm`.

    crm report orders.csv -o report.html
    crm report orders.csv --events log.csv -o report.html
    crm today orders.csv --tables lists
    crm today orders.csv --rules rules.toml -o today.csv --page today.html
    crm identify people.csv orders.csv -o persons.csv
    crm read orders.csv --check
    crm rfm orders.csv -o rfm.parquet
    crm alerts orders.csv --since yesterday
    crm learn orders.csv -o learned.json
    crm run page_exits log.csv
    crm run clv_fit summary.parquet
    crm tasks
    crm describe rfm
    crm layouts

The meaning of a file's columns is detected and shown; every choice has an option. Only `_cli_files`
and `_read` read the clock: for `--as-of today`, and to count dates in the future.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.util
import itertools
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crm_core

from . import _cli_completion, _cli_config, _cli_japanese, _cli_japanese_errors, _cli_output
from ._cli_files import (
    columns_named,
    conditions_of,
    day_of,
    events_of,
    fitted,
    hinted,
    moment_of,
    named_rows,
    names_in,
    needs_summary,
    orders_of,
    read,
    read_log,
    reads_of,
    refuse_others,
    settings_of,
)
from ._cli_options import NoFiles, commands_of, parser
from ._cli_people import identify, people_of_report
from ._cli_screen import progress, screen_of
from ._cli_short import SHORT, task_of
from ._cli_start import without_pandas
from ._cli_today import rules, today
from ._errors import meant
from ._problem import Misuse, Problem

if TYPE_CHECKING:
    from ._cli_files import Stages
    from ._orders import Orders
    from ._reading.cost_reading import Costs
    from ._reading.settings import Loaded, Note, Settings
    from ._report.findings import Findings, Request
    from ._report.page import Site
    from ._report.sections.parts import Section

_PAGES = ("html", "pdf")
_NEEDED = ("rich", "jinja2", "pyarrow")
_LONGEST_NOTE = 400  # characters; longer ones are documents, such as what `learn` gives


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0; 1 if nothing was found; 2 for a wrong option; 3 for what is wrong in the file; 4 for an
        error of the program itself; 130 if the user stopped it.
    """
    is_process = arguments is None
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    japanese = _cli_japanese.wanted(arguments)
    try:
        options = _parsed(arguments)
    except Problem as error:
        print(_told(error, japanese), file=sys.stderr)
        return 2
    missing = [
        name for name in _NEEDED if options.needs_extra and importlib.util.find_spec(name) is None
    ]
    if missing:
        needs = Misuse(
            f"{options.command} needs {', '.join(missing)}", "pip install 'crm-core[report]'"
        )
        print(_told(needs, japanese), file=sys.stderr)
        return 2
    if is_process and options.needs_extra:
        without_pandas()
    try:
        if getattr(options, "output", None) is not None and not getattr(options, "check", False):
            _cli_output.refuse_existing(options.output, options.force)
        return _COMMANDS[options.command](options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of the pipe has ended (`| head`), so there is nothing to print.
        sys.stderr.close()
        return 0
    except Exception as error:
        told = _told(error, japanese)
        if told is None or isinstance(error, crm_core.InternalError):
            traceback.print_exception(error)
            print("crm: this is an error of crm itself", file=sys.stderr)
            return 4
        print(told, file=sys.stderr)
        of_usage = isinstance(error, crm_core.OptionError) or getattr(error, "of_usage", False)
        return 2 if of_usage else 3


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command line, after those of the config file."""
    crm, arguments = parser(), list(arguments)
    if _cli_japanese.wanted(arguments):
        _cli_japanese.translate(crm)
    commands = commands_of(crm)
    at = next((at for at, one in enumerate(arguments) if one in commands), None)
    config = None if at is None else _config(arguments, arguments[at], commands)
    if config is not None and at is not None:
        arguments[at + 1 : at + 1] = config.arguments
    try:
        options = crm.parse_args(arguments)
        if config is not None and options.command == "identify" and len(options.files) == 1:
            options.files += config.files  # behind the people stand the orders
        return options
    except NoFiles:
        if config is not None and config.files and arguments[at or 0] != "identify":
            return crm.parse_args([*arguments, *map(str, config.files)])
        command = "" if at is None else f" {arguments[at]}"
        raise Misuse(f"crm{command}: name a file", "For example orders.csv.") from None


def _config(
    arguments: Sequence[str], command: str, commands: Mapping[str, argparse.ArgumentParser]
) -> _cli_config.Config | None:
    """What the config file says for a command that reads files; None if there is none."""
    if "--config" not in commands[command]._option_string_actions:
        return None
    before = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    before.add_argument("--config", type=Path)
    before.add_argument("--no-config", action="store_true")
    said, _ = before.parse_known_args(arguments)
    path = said.config
    if path is None and not said.no_config and Path(_cli_config.NAME).is_file():
        path = Path(_cli_config.NAME)
    if path is None:
        return None
    if not path.is_file():
        raise Misuse(f"--config: there is no file {path}")
    return _cli_config.arguments_of(path, command, commands)


def _told(error: Exception, japanese: bool) -> str | None:
    """The message for errors of the file or the options; other errors are raised."""
    if isinstance(error, crm_core.CrmError):
        message, hint = str(error), getattr(error, "hint", None)
        if hint and hint in message:
            hint = None
    elif isinstance(error, Problem):
        message, hint = str(error), getattr(error, "hint", None)
    elif isinstance(error, OSError):
        message, hint = f"{error.strerror}: {error.filename}", None
    else:
        return None
    return _cli_japanese_errors.told(message, hint, japanese)


# ---- crm report ----------------------------------------------------------------------------------


def _report(options: argparse.Namespace) -> int:
    from ._reading import layouts
    from ._reading.order_reading import load
    from ._report import grid, page, screen, words
    from ._report.findings import ANALYSES, analyse, has_column

    to_stdout = options.output is not None and str(options.output) == "-"
    console = screen_of(options.quiet, to_stdout)
    kind = "html"
    if options.output is not None and not to_stdout:
        kind = _cli_output.format_of(options.output, _PAGES)
    words_of = layouts.words()["headings"]["attributes"]["words"]
    settings = settings_of(options, ("product", "channel", *words_of))  # read if the file has them
    _refuse_without_events(options)
    with progress(options.quiet, options.lang) as stage:
        loaded = load(options.files, settings, stage("reading_file", name=options.files[0].name))
        lang = options.lang or ("ja" if loaded.japanese else "en")
        log = _log(options, settings, loaded, stage)
        people = people_of_report(options, settings, loaded, stage)
        if not options.check:
            advance = stage("building")
            orders = orders_of(loaded, options, settings, advance)
            advance(1.0)
            site = None if log is None else _site(options, log, orders, stage)
            advance = stage("analysing")
            request = _request(options, loaded)
            there = [name for name in words_of if has_column(orders, name)]
            request = dataclasses.replace(request, attributes=there)
            if people is not None:
                request = dataclasses.replace(request, people=people[1])
            if options.costs is not None:
                request = dataclasses.replace(request, costs=_costs(options, settings, request))
            findings = analyse(
                orders,
                request,
                _counted(advance, len(ANALYSES) + len(request.by)),
                None if site is None else site.behavior.left,
            )
    if options.check:
        _check_scope(options, loaded)
        screen.show_understanding(console, loaded, lang)
        if log is not None:
            read = log[0]
            screen.show_event_choices(console, read.choices, [*read.warnings, *read.notes], lang)
        return 0
    sections = page.sections(
        findings,
        loaded.choices,
        loaded.notes,
        lang,
        warnings=loaded.warnings,
        events=site,
        people=[] if people is None else people[0].choices,
        folder=None if options.tables is None else options.tables.name,
    )
    if options.output is not None:  # before the screen, which may be a pipe that ends early
        html = page.render(
            findings,
            sections,
            source=", ".join(path.name for path in options.files),
            title=options.title,
            lang=lang,
            version=crm_core.__version__,
            warnings=loaded.warnings,
            definitions=[] if site is None else site.behavior.definitions,
        )
        data = _cli_output.page_as_pdf(html) if kind == "pdf" else html.encode()
        if to_stdout:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            options.output.write_bytes(data)
    if options.tables is not None:
        _write_tables(findings, sections, options.tables)
    screen.show_warnings(console, loaded.warnings, lang)
    if options.output is None or options.verbose:
        screen.show(console, sections, grid.lead(findings, lang), lang)
    else:
        screen.show_short(console, sections, grid.lead(findings, lang), lang)
    if findings.sections is None and (options.where or options.where_customers):
        nothing = Problem("no order matches the filter", _values_of(options, loaded))
        print(_told(nothing, lang == "ja"), file=sys.stderr)
        return 1
    if to_stdout:
        return 0
    last = "no_page" if options.output is None else "written"
    console.print(words.page(last, lang, path=options.output), highlight=False, markup=False)
    return 0


def _costs(options: argparse.Namespace, settings: Settings, request: Request) -> Costs:
    """What channels cost; a `Problem` if the orders have none."""
    from ._reading.cost_reading import load_costs

    if "channel" not in request.columns:
        raise Misuse("--costs has no effect without a column of channels")
    return load_costs(options.costs, settings)


def _init(options: argparse.Namespace) -> int:
    """Writes a config file to fill in."""
    path = Path(_cli_config.NAME)
    if path.exists() and not options.force:
        raise Misuse(f"--force: {path} is there already", "crm init --force overwrites it.")
    path.write_text(_cli_config.TEMPLATE, encoding="utf-8")
    print(f"{path}: fill it in, then `crm report`")
    return 0


def _values_of(options: argparse.Namespace, loaded: Loaded) -> str:
    """The values of the columns that a filter names, where they are few words."""
    import pyarrow as pa

    from ._reading.said import Said

    told = []
    for name in conditions_of(options.where, loaded):
        column = loaded.arguments.get(name, name)
        if column not in loaded.table.column_names or column == loaded.arguments["customer_id"]:
            continue
        texts = loaded.table[column].cast(pa.string())
        may_show = Said(texts, lambda row: "").may_show
        words = [one for one in texts.unique().to_pylist() if one is not None and may_show(one)]
        if words:
            told.append(f"{column} is {', '.join(sorted(words)[:20])}.")
    return " ".join(told)


def _write_tables(findings: Findings, sections: Sequence[Section], folder: Path) -> None:
    """Writes the lists of customers and every table of the report, a CSV file each."""
    _cli_output.write_lists({} if findings.sections is None else findings.sections.lists, folder)
    for section in sections:
        for number, grid in enumerate(section.grids, 1):
            path = folder / f"{section.key}-{number}.csv"
            _cli_output.write_rows(path, grid.headings, grid.rows)


def _refuse_without_events(options: argparse.Namespace) -> None:
    """Refuses options about events if no events are read."""
    said = ("event_column", "event_kind", "events_layout", "funnel", "funnel_window")
    for name in said if not options.events else ():
        if getattr(options, name):
            raise Misuse(
                f"--{name.replace('_', '-')} has no effect without --events",
                "Name the log of events with --events.",
            )


def _check_scope(options: argparse.Namespace, loaded: Loaded) -> None:
    """Refuses filters and breakdowns by columns that do not exist, which `--check` does not
    apply.
    """
    from ._reading.headings import find

    request = _request(options, loaded)
    if options.customers is not None and not options.customers.is_file():
        raise Misuse(f"--customers: there is no file {options.customers}")
    columns = [*loaded.table.column_names, *loaded.names.values(), *loaded.arguments]
    of_customers = options.customers is not None
    for option, names in (("--by", request.by), ("--where-customers", list(request.customers))):
        for name in names:
            known = name.removeprefix("first_") in columns or name in ("week", "month", "quarter")
            if not known and not name.startswith("first_") and not of_customers:
                find(name, columns, option)


def _request(options: argparse.Namespace, loaded: Loaded) -> Request:
    from ._report.findings import Request

    return Request(
        as_of=day_of(options.as_of),
        where=conditions_of(options.where, loaded),
        customers=conditions_of(options.where_customers, loaded, "--where-customers"),
        by=names_in(options.by),
        months=options.months,
        churn_days=options.churn_days,
        cpm_money=options.cpm_money,
        prospects=options.customers is not None,
        columns=[role for role in ("product", "channel") if role in loaded.arguments],
    )


def _log(
    options: argparse.Namespace,
    settings: Settings,
    orders: Loaded,
    stage: Stages,
) -> tuple[Loaded, dict[str, str]] | None:
    """The columns of events and the meanings of their kinds, if a file of events is given."""
    if not options.events:
        return None
    settings = dataclasses.replace(
        settings, dimensions=(), layout=options.events_layout, ignore=(), statuses=()
    )
    return read_log(options.events, options, settings, orders.arguments["currency"], stage)


def _site(
    options: argparse.Namespace,
    log: tuple[Loaded, dict[str, str]],
    orders: Orders,
    stage: Stages,
) -> Site:
    """The results from the events."""
    from ._reading.event_reading import steps_of
    from ._report.behavior import ANALYSES, analyse_events
    from ._report.findings import has_column
    from ._report.page import Site

    loaded, meanings = log
    events = events_of(loaded, stage("events"))
    behavior = analyse_events(
        events,
        meanings,
        has_column=has_column,
        orders=orders,
        as_of=day_of(options.as_of),
        steps=steps_of("funnel", names_in(options.funnel), loaded.facts["kinds"]),
        window=options.funnel_window,
        step=_counted(stage("analysing"), len(ANALYSES)),
    )
    return Site(behavior, loaded.choices, loaded.notes, loaded.warnings)


def _counted(advance: Callable[[float], None], analyses: int) -> Callable[[str], None]:
    """A function that moves a progress bar by one analysis."""
    begun = itertools.count()
    return lambda task: advance(next(begun) / analyses)


# ---- crm run, crm alerts, crm learn, crm tasks, crm describe -------------------------------------


def _run(options: argparse.Namespace) -> int:
    return _write(_table(options.task, _options_said(options), options), options)


def _short(options: argparse.Namespace) -> int:
    """A command of one analysis, such as `crm rfm`."""
    task, named = task_of(options.command, vars(options))
    request = {name: _value(text) for name, text in named.items()}
    return _write(_table(task, {**request, **_options_said(options)}, options), options)


def _options_said(options: argparse.Namespace) -> dict[str, Any]:
    """The options of the analysis, of `--option`."""
    said = (one.partition("=") for one in options.option)
    return {name: _value(text) for name, _, text in said}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _read(options: argparse.Namespace) -> int:
    """How orders are read, and which rows count; 1 for warnings, if asked."""
    from ._report import grid, screen, words
    from ._report.money import Currency
    from ._report.result import Frame

    settings = settings_of(options, ("product", "channel"))
    with progress(options.quiet, options.lang) as stage:
        loaded, orders = read("orders", options, settings, stage)
    console = screen_of(options.quiet)
    lang = options.lang or ("ja" if loaded.japanese else "en")
    screen.show_understanding(console, loaded, lang)
    rows = Frame.of("reconciliation", orders.reconciliation)
    title = words.page("reconciliation", lang)
    screen.show_grid(console, grid.of(rows, title, lang, Currency.of(orders)))
    return 1 if options.check and loaded.warnings else 0


def _alerts(options: argparse.Namespace) -> int:
    request: dict[str, Any] = {}
    if options.since is not None:
        yesterday = options.since == "yesterday"  # before the day of the alerts, once it is known
        since = None if yesterday else day_of(options.since, "--since")
        request["since"] = "yesterday" if since is None else since.isoformat()
    if options.level:
        request["levels"] = names_in(options.level)
    if options.per is not None:
        request["per"] = options.per
    if options.learned is not None:
        request["learned"] = _document(options.learned)
    table = _table("alerts", request, options)
    _write(table, options)
    return 0 if len(table) else 1


def _learn(options: argparse.Namespace) -> int:
    text = json.dumps(_table("learn", {}, options).notes["learned"], ensure_ascii=False)
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text + "\n", encoding="utf-8")
    return 0


def _document(path: Path) -> dict[str, Any]:
    """Reads a document written by `crm learn`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Misuse(f"--learned: {path.name} is not what `crm learn` has written")
    return document


def _table(task: str, request: dict[str, Any], options: argparse.Namespace) -> crm_core.Table:
    """Runs an analysis of the file, with the options of `what is counted`."""
    about = crm_core.describe(task)
    if needs_summary(task, options):
        unit = {"unit": request["unit"]} if "unit" in request else {}
        summary = _table("clv_summary", unit, options)
        return _run_fitted(about, summary, request, options)
    reads = reads_of(about, options)
    refuse_others(task, reads, options)
    moment = moment_of(options.as_of) if reads == "events" else day_of(options.as_of)
    settings = settings_of(options, columns_named(about, request))
    with progress(options.quiet, options.lang) as stage, hinted(about, options):
        loaded, data = read(reads, options, settings, stage)
    if reads == "events" and isinstance(request.get("steps"), list):
        from ._reading.event_reading import steps_of

        request["steps"] = steps_of(task, request["steps"], loaded.facts["kinds"])
    if reads == "table" and "unit" in about["options"].get("properties", {}):
        from ._reading.frames import unit_of

        request["unit"] = unit_of(loaded.table, request.get("unit"))
    last = getattr(data, "last_date", None)
    if moment is None and about["needs_as_of"] and "as_of" not in request:
        moment = last
    if moment is not None:
        request["as_of"] = moment.isoformat()
    if request.get("since") == "yesterday" and (day := moment or last) is not None:
        request["since"] = (day - datetime.timedelta(1)).isoformat()
    for name, option, chosen in (
        ("where", "--where", options.where),
        ("customers", "--where-customers", options.where_customers),
    ):
        if chosen:
            request[name] = conditions_of(chosen, loaded, option)
    if options.by:
        request["by"] = names_in(options.by)
    with named_rows(loaded):
        if reads == "table":
            return _run_fitted(about, data, request, options)
        try:
            table = crm_core.run(task, data, request)
        except crm_core.OptionError as error:
            if about["reads"] != "events" or request.get("steps") or "`steps`" not in str(error):
                raise
            from ._reading.event_reading import without_steps

            raise without_steps(loaded.facts["kinds"]) from None
    if not options.quiet:
        _tell(loaded, table, data, options.lang)
    return table


def _run_fitted(
    about: dict[str, Any], data: Any, request: dict[str, Any], options: argparse.Namespace
) -> crm_core.Table:
    """Runs an analysis of a table, with the models that it needs fitted to the same table."""
    fits = fitted(about, data, request)
    table = crm_core.run(about["name"], data, {**request, **fits})
    if not options.quiet:
        for name, fit in fits.items():
            model = fit["model"].get("model", "gamma_gamma")
            print(f"· {name}: {model}, fitted to this file", file=sys.stderr)
        _tell_notes(table)
    return table


def _tell(loaded: Loaded, table: crm_core.Table, data: Any, lang: str | None) -> None:
    """Prints on stderr how the file was read, what it comes to, and the notes of the table; stdout
    has only the table.
    """
    from rich.console import Console

    from ._report import screen

    console = Console(stderr=True, soft_wrap=True)
    lang = lang or ("ja" if loaded.japanese else "en")
    screen.show_warnings(console, loaded.warnings, lang)
    screen.show_notes(console, [*loaded.notes, *_what_counts(loaded, data, lang)], lang)
    _tell_notes(table)


def _tell_notes(table: crm_core.Table) -> None:
    """Prints the notes of a table on stderr."""
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True)
    for name, note in table.notes.items():
        text = json.dumps(note, ensure_ascii=False)
        if len(text) <= _LONGEST_NOTE:
            console.print(f"· {name}: {text}", style="dim", markup=False, highlight=False)


def _what_counts(loaded: Loaded, data: Any, lang: str) -> list[Note]:
    """What the whole file comes to, and the columns of numbers and dates that were not read."""
    from ._reading.settings import Note
    from ._report import words
    from ._report.money import Currency, money

    if not isinstance(data, crm_core.Orders):
        return []
    reasons = data.reconciliation.to_dict()
    at = {reason: row for row, reason in enumerate(reasons["reason"])}

    def of(name: str, *which: str) -> Any:
        return sum(reasons[name][at[one]] for one in which if one in at)

    looking = loaded.facts.get("unread", {}).items()
    unread = [name for name, looks in looking if looks in ("numbers", "dates")]
    listed = ", ".join(f'"{name}"' for name in unread)
    values = {
        "orders": f"{of('orders', 'counted'):,}",
        "customers": f"{of('customers', 'counted'):,}",
        "guests": f"{of('orders', 'guest'):,}",
        "revenue": money(of("amount", "counted", "guest", "refund"), Currency.of(data)),
        "unread": words.page("not_read_numbers", lang, columns=listed) if unread else "",
    }
    return [Note("what_counts", values)]


def _write(result: crm_core.Table, options: argparse.Namespace) -> int:
    """A table on the screen, or as a file."""
    kind, path = options.format or "csv", options.output
    if path is not None and str(path) == "-":
        path = None
    elif path is not None:
        kind = _cli_output.format_of(path, _cli_output.TABLES)
    _cli_output.write_table(result, path, kind)
    return 0


def _tasks(options: argparse.Namespace) -> int:
    for name in crm_core.tasks():
        print(name)
    return 0


def _layouts(options: argparse.Namespace) -> int:
    from rich.console import Console

    from ._reading import layouts
    from ._report import screen

    if options.layout is not None:
        print(layouts.named(options.layout).text, end="")
    else:
        screen.show_layouts(Console(), layouts.shipped().values())
    return 0


def _describe(options: argparse.Namespace) -> int:
    print(json.dumps(crm_core.describe(options.task), ensure_ascii=False, indent=2))
    return 0


def _completion(options: argparse.Namespace) -> int:
    print(_cli_completion.script(options.shell, parser()), end="")
    return 0


def _help(options: argparse.Namespace) -> int:
    """The help of the command, or of one of its commands."""
    crm = parser()
    if _cli_japanese.wanted([]):
        _cli_japanese.translate(crm)
    commands = commands_of(crm)
    if options.about is not None and options.about not in commands:
        hint = meant(options.about, commands) or f"There are {', '.join(commands)}."
        raise Misuse(f"there is no {options.about}", hint)
    print((crm if options.about is None else commands[options.about]).format_help(), end="")
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "report": _report,
    "today": today,
    "rules": rules,
    "identify": identify,
    "init": _init,
    "read": _read,
    **dict.fromkeys(SHORT, _short),
    "run": _run,
    "alerts": _alerts,
    "learn": _learn,
    "tasks": _tasks,
    "layouts": _layouts,
    "describe": _describe,
    "completion": _completion,
    "help": _help,
}


if __name__ == "__main__":
    sys.exit(main())
