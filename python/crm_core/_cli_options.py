"""The options of the command `crm`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import crm_core

from . import _cli_japanese_errors
from ._cli_output import LISTS, TABLES, TEXTS
from ._cli_reading import add_file, add_reading, add_scope
from ._cli_short import SHORT
from ._errors import meant

_EXAMPLES = """\
examples:
  crm report orders.csv -o report.html
  crm report orders.csv --events log.csv -o report.html --tables lists
  crm today orders.csv --tables lists
  crm rules --preset retail > rules.toml
  crm today orders.csv --rules rules.toml --messages sent.csv -o today.csv --page today.html
  crm identify people.csv orders.csv -o persons.csv
  crm read orders.csv --check
  crm rfm orders.csv -o rfm.xlsx
  crm clv orders.csv --horizon-days 180 -o clv.csv
  crm cpm orders.csv -o cpm.parquet
  crm cohorts orders.csv --rows quarter
  crm f2 orders.csv --by channel
  crm forecast orders.csv --months 6
  crm segments orders.csv --of rfm
  crm alerts orders.csv --since yesterday
  crm run decile orders.csv --option groups=5
  crm completion bash > ~/.local/share/bash-completion/completions/crm
  crm init && crm report

exit status: 0, 1 nothing found, 2 usage, 3 the file's data, 4 an error of crm itself
"""


#: Ready rules that come with the package.
PRESETS = ("retail", "subscription", "ltv_lab_btob")


class NoFiles(SystemExit):
    """No file was named; a config file may name them."""


class Parser(argparse.ArgumentParser):
    """A parser that says which word was meant.

    Attributes:
        japanese: Whether it says so in Japanese.
    """

    japanese = False

    def error(self, message: str) -> NoReturn:
        """Prints what is wrong, with the nearest command or option, and exits with 2."""
        hint = None
        if re.fullmatch("the following arguments are required: (ORDERS|FILE)", message):
            raise NoFiles(2)
        if (
            wrong := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        ) is not None:
            known = re.findall(r"[\w.-]+", wrong[2])
            hint = meant(wrong[1], known)
            message = message[: wrong.start()] + f"there is no {wrong[1]}"
            if hint is None:
                hint = f"There are {', '.join(known)}."
        elif message.startswith("unrecognized arguments: "):
            names = [name for action in self._all_actions() for name in action.option_strings]
            first = message.removeprefix("unrecognized arguments: ").split()[0].partition("=")[0]
            hint = meant(first, [name for name in names if name.startswith("--")])
            message = f"there is no option {first}" if first.startswith("-") else message
        hint = hint or f"See {self.prog} --help."
        self.exit(2, f"{_cli_japanese_errors.told(message, hint, self.japanese)}\n")

    def _all_actions(self) -> list[argparse.Action]:
        """The actions of this parser and of its commands."""
        found = list(self._actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += [one for sub in action.choices.values() for one in sub._actions]
        return found


def parser() -> Parser:
    """The parser; it sets `command` and `needs_extra` (whether the command needs crm-core[cli])."""
    crm = Parser(
        prog="crm",
        description="Customer analyses of a shop from its order export.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    crm.add_argument("-V", "--version", action="version", version=f"crm {crm_core.__version__}")
    commands = crm.add_subparsers(dest="command", required=True, metavar="COMMAND")

    _add_report(commands)

    today = _command(
        commands,
        "today",
        "whom to write to today: customers who begin to slip away, are due, or have bought once",
        needs_extra=True,
    )
    add_file(today)
    lists = today.add_argument_group("the lists")
    lists.add_argument(
        "--tables", type=Path, metavar="DIR", help="write the lists into this folder, as CSV"
    )

    _add_rules(today)
    rules = _command(commands, "rules", "ready rules for `crm today --rules`, as TOML")
    rules.add_argument(
        "--preset", choices=PRESETS, help="print these rules (default: list the presets)"
    )

    _add_identify(commands)

    init = _command(commands, "init", "write a crm.toml, the options of every Monday")
    init.add_argument("--force", action="store_true", help="overwrite a crm.toml that is there")

    _add_read(commands)
    _add_short(commands)
    _add_run(commands)
    _add_alerts(commands)
    _add_learn(commands)
    _command(commands, "tasks", "list the analyses")
    known = _command(
        commands, "layouts", "list the known layouts of exports, or print one", needs_extra=True
    )
    known.add_argument("layout", nargs="?", metavar="ID|FILE")
    describe = _command(commands, "describe", "the options and columns of an analysis, as JSON")
    describe.add_argument("task", metavar="TASK")
    completion = _command(commands, "completion", "what makes a shell complete the words of crm")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    about = _command(commands, "help", "this help, or the help of a command")
    about.add_argument("about", nargs="?", metavar="COMMAND")
    return crm


def commands_of(crm: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    action = next(one for one in crm._actions if isinstance(one, argparse._SubParsersAction))
    return dict(action.choices)


def _command(
    commands: Any,
    name: str,
    about: str,
    needs_extra: bool = False,
) -> argparse.ArgumentParser:
    example = next((one for one in _EXAMPLES.splitlines() if one.startswith(f"  crm {name} ")), "")
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example.strip()}" if example else None,
    )
    parser.set_defaults(needs_extra=needs_extra)
    return parser


def _add_read(commands: Any) -> None:
    read = _command(
        commands,
        "read",
        "how a file of orders is read, and which of its rows count",
        needs_extra=True,
    )
    add_file(read)
    read.add_argument(
        "--check", action="store_true", help="exit status 1 if the reading has warnings"
    )


def _add_short(commands: Any) -> None:
    """The analyses that have a command of their own."""
    for name, short in SHORT.items():
        parser = _command(commands, name, short.about, needs_extra=True)
        add_file(parser)
        own = parser.add_argument_group("the analysis")
        for option, (values, about) in short.options.items():
            words = values if isinstance(values, tuple) else None
            own.add_argument(
                f"--{option.replace('_', '-')}",
                choices=words,
                metavar=None if words else values,
                help=about,
            )
        _add_option(own)
        _add_output(parser)


def _add_option(group: Any) -> None:
    group.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="an option of `crm describe TASK`; may be repeated",
    )


def _add_report(commands: Any) -> None:
    report = _command(
        commands,
        "report",
        "what changed, whom to write to today, LTV, segments: the report on an order export",
        needs_extra=True,
    )
    add_file(report)
    show = report.add_argument_group("the report")
    show.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the report as one page: .html, or .pdf where Chromium is installed",
    )
    _add_force(show)
    show.add_argument(
        "--tables",
        type=Path,
        metavar="DIR",
        help="write every table into this folder as CSV, and the lists of customers to write to "
        "with their ids (the page has none)",
    )
    show.add_argument(
        "--costs",
        type=Path,
        metavar="FILE",
        help="what each channel cost: a table of channel, cost and, if it has one, date",
    )
    show.add_argument("--title", help="the page's title")
    show.add_argument(
        "--months", type=int, default=24, metavar="N", help="months of CPM history (default 24)"
    )
    show.add_argument(
        "--churn-days",
        type=int,
        metavar="N",
        help="days without an order after which a customer is churned (default 240)",
    )
    show.add_argument(
        "--cpm-money",
        type=float,
        metavar="AMOUNT",
        help="CPM's money threshold (default: 70,000 yen; in other currencies 7 mean orders)",
    )
    show.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="print all sections on the terminal, also if a page is written",
    )
    show.add_argument("--check", action="store_true", help="only show how the file would be read")
    show.add_argument(
        "--people",
        type=Path,
        metavar="FILE",
        help="records of customers: which are one person, and what it changes",
    )
    _add_people_column(show)
    events = report.add_argument_group("events of the site (their columns are guessed, and shown)")
    _add_events(
        events, "a log of views, carts and purchases: exits by page, the funnel, carts, paths"
    )
    _repeated(
        events,
        "--funnel",
        "KIND",
        "the funnel's steps, by the file's kinds: view,add,purchase (default: the steps to an "
        "order)",
    )
    events.add_argument(
        "--funnel-window", metavar="TIME", help="time from the first step to the last (default 7d)"
    )


def _add_run(commands: Any) -> None:
    run = _command(commands, "run", "one analysis, as a table", needs_extra=True)
    run.add_argument("task", metavar="TASK", help="a name of `crm tasks`")
    add_file(
        run,
        "FILE",
        "what the analysis reads, see `crm describe TASK`: orders, events, or a table with the "
        "columns it names (a clv_summary, durations); ",
    )
    _add_events(run.add_argument_group("events (their columns are guessed)"))
    run.add_argument(
        "--read-as",
        choices=("orders", "events", "table"),
        help="what the file holds, for an analysis that can read more than one: `also_reads` of "
        "`crm describe TASK`",
    )
    _add_output(run)
    _repeated(run, "--option", "NAME=JSON", "an option of `crm describe TASK`")


def _add_alerts(commands: Any) -> None:
    alerts = _command(
        commands,
        "alerts",
        "customers who are late by their own cycle, as a table",
        needs_extra=True,
    )
    add_file(alerts)
    _add_output(alerts)
    alerts.add_argument(
        "--since",
        metavar="DATE",
        help="only changes after this day: 2026-11-20; or yesterday, the day before --as-of",
    )
    _repeated(
        alerts,
        "--level",
        "LEVEL",
        "due, late, churn_risk (default; without lost customers) or lost",
    )
    alerts.add_argument(
        "--per",
        metavar="COLUMN",
        help="alerts for each customer and product, or for a column of customers",
    )
    alerts.add_argument(
        "--learned", type=Path, metavar="FILE.json", help="a document that `crm learn` wrote"
    )


def _add_learn(commands: Any) -> None:
    learn = _command(
        commands, "learn", "the shop's estimates, as a JSON document", needs_extra=True
    )
    add_file(learn)
    learn.add_argument(
        "-o", "--output", type=Path, metavar="FILE.json", help="default: on the screen"
    )
    _add_force(learn)


def _add_people_column(group: Any) -> None:
    _repeated(
        group,
        "--people-column",
        "ROLE=COLUMN",
        "the column of record_id, email, phone, family_name, given_name, birth_date, ... of the "
        'people; "ROLE=" for none',
    )


def _add_identify(commands: Any) -> None:
    identify = _command(
        commands, "identify", "which records of customers are one person", needs_extra=True
    )
    add_reading(
        identify,
        "FILE",
        "records of customers, and behind them orders, if what changes is to be shown; ",
    )
    add_scope(identify)
    identify.set_defaults(by=[], customers=None)
    found = identify.add_argument_group("the persons")
    _add_people_column(found)
    found.add_argument(
        "--policy",
        choices=("strict", "standard", "lenient"),
        help="which pairs are joined (default: standard, a probability of 0.95)",
    )
    found.add_argument(
        "--previous",
        type=Path,
        metavar="FILE",
        help="the persons of the last run, who keep their ids",
    )
    _add_output(found, "the person of each record: ")
    found.add_argument(
        "--tables",
        type=Path,
        metavar="DIR",
        help="write persons, links, pairs for review, changes and shared identifiers into this "
        "folder, as CSV",
    )
    found.add_argument(
        "--names", action="store_true", help="names in the links and the pairs for review"
    )


def _add_rules(today: Any) -> None:
    decisions = today.add_argument_group("decisions by rules (see crm rules)")
    decisions.add_argument(
        "--rules",
        type=Path,
        metavar="FILE.toml",
        help="who is written to, why, and why not, by these rules",
    )
    _repeated(
        decisions,
        "--messages",
        "FILE",
        "what was sent before, and who opted out: what is in it is not sent again",
        kind=Path,
    )
    _repeated(
        decisions,
        "--message-column",
        "ROLE=COLUMN",
        "the column of customer_id, kind, occurred_at, channel, dedupe_key or trigger of the "
        'messages; "ROLE=" for none',
    )
    decisions.add_argument(
        "--at",
        metavar="TIME",
        help="the time of the decision on that day, in the zone of the rules (default: 10:00)",
    )
    _add_output(decisions, "every candidate with its decision and the reason: ", LISTS)
    decisions.add_argument(
        "--page", type=Path, metavar="FILE", help="the same as a page, .html or .pdf"
    )
    decisions.add_argument(
        "--ids", action="store_true", help="the ids of whom to write to, on the page"
    )
    events = today.add_argument_group("events of the site (their columns are guessed)")
    _add_events(
        events,
        "carts to follow up, and the triggers cart and browse of rules: a log of views and carts",
    )


def _add_events(group: Any, files: str = "") -> None:
    """How a log is read; with `files`, what it is for, the option that names its files, too."""
    if files:
        _repeated(group, "--events", "EVENTS", files, kind=Path)
        group.add_argument(
            "--events-layout",
            metavar="ID|FILE",
            help="the layout of the events (default: by headings)",
        )
    _repeated(
        group,
        "--event-column",
        "ROLE=COLUMN",
        'the column of visitor_id, occurred_at, kind, customer_id, page, product, ...; "ROLE=" '
        'for none, "kind=" if all are views of pages',
    )
    _repeated(
        group,
        "--event-kind",
        "WORD=MEANING",
        "what a kind means: view, product_view, add, remove, checkout, payment_failed, purchase",
    )


def _repeated(group: Any, name: str, metavar: str, about: str, kind: type | None = None) -> None:
    """An option that may be repeated; without it the list is empty."""
    group.add_argument(
        name,
        action="append",
        default=[],
        type=kind,
        metavar=metavar,
        help=f"{about}; may be repeated",
    )


def _add_force(group: Any) -> None:
    group.add_argument(
        "--force", action="store_true", help="overwrite a file that is there already"
    )


def _add_output(parser: Any, what: str = "", kinds: Sequence[str] = TABLES) -> None:
    """A table as a file; without `what` it goes to the screen by default."""
    shown = "" if what else " (default: CSV on the screen)"
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=f"{what}{', '.join(kinds[:-1])} or {kinds[-1]} by the file's ending{shown}",
    )
    if not what:
        parser.add_argument(
            "--format", choices=TEXTS, help="the format on the screen (default: csv)"
        )
    _add_force(parser)
