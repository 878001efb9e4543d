"""The options of the command `crm`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import crm_core

from ._cli_output import LISTS, TABLES, TEXTS
from ._errors import meant

#: Columns of orders that have their own option.
COLUMNS = {
    "customer_id": "the customer",
    "ordered_at": "the order's date or time",
    "amount": "the order's or line's amount",
    "order_id": "the order's number, if an order has several rows",
    "quantity": "pieces, if the amount is a price",
    "cancelled_at": 'a date or flag of cancellation; "" for none',
    "refunded": "the amount refunded",
    "refunded_at": "the date of the refund",
    "discount": "discount, subtracted from the amount",
    "shipping": "shipping and fees that the amount does not contain",
    "tax": "tax contained in the amount",
    "cost": "the shop's cost",
    "product": "the product, read if needed",
    "category": "the product's category, read if needed",
    "channel": "the order's channel, read if needed",
    "shop": "the shop, if two shops use the same order numbers; never guessed",
}


_EXAMPLES = """\
examples:
  crm report orders.csv -o report.html
  crm report orders.csv --events log.csv -o report.html --tables lists
  crm today orders.csv --tables lists
  crm rules --preset retail > rules.toml
  crm today orders.csv --rules rules.toml --messages sent.csv -o today.csv --page today.html
  crm identify people.csv orders.csv -o persons.csv
  crm run rfm orders.csv -o rfm.xlsx
  crm run clv orders.csv
  crm init && crm report

exit status: 0, 1 nothing found, 2 usage, 3 the file's data, 4 an error of crm itself
"""


#: Units of amounts larger than one of the currency.
UNITS = ("thousands", "ten_thousands", "millions")
#: Ready rules that come with the package.
PRESETS = ("retail", "subscription", "ltv_lab_btob")


class NoFiles(SystemExit):
    """No file was named; a config file may name them."""


class Parser(argparse.ArgumentParser):
    """A parser that says which word was meant."""

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
        self.exit(2, f"crm: {message}\n     {hint or f'See {self.prog} --help.'}\n")

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
    _add_file(today)
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

    run = _command(commands, "run", "one analysis, as a table", needs_extra=True)
    run.add_argument("task", metavar="TASK", help="a name of `crm tasks`")
    _add_file(
        run,
        "FILE",
        "what the analysis reads, see `crm describe TASK`: orders, events, or a table with the "
        "columns it names (a clv_summary, durations); ",
    )
    _add_events(run.add_argument_group("events (their columns are guessed)"))
    _add_output(run)
    run.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="an option of `crm describe TASK`; may be repeated",
    )

    alerts = _command(
        commands,
        "alerts",
        "customers who are late by their own cycle, as a table",
        needs_extra=True,
    )
    _add_file(alerts, today=True)
    _add_output(alerts)
    alerts.add_argument(
        "--since", metavar="DATE", help="only changes after this day: 2026-11-20, yesterday"
    )
    alerts.add_argument(
        "--level",
        action="append",
        default=[],
        metavar="LEVEL",
        help="due, late, churn_risk (default; without lost customers) or lost; may be repeated",
    )
    alerts.add_argument(
        "--per",
        metavar="COLUMN",
        help="alerts for each customer and product, or for a column of customers",
    )
    alerts.add_argument(
        "--learned", type=Path, metavar="FILE.json", help="a document that `crm learn` wrote"
    )

    learn = _command(
        commands, "learn", "the shop's estimates, as a JSON document", needs_extra=True
    )
    _add_file(learn, today=True)
    learn.add_argument(
        "-o", "--output", type=Path, metavar="FILE.json", help="default: on the screen"
    )
    _add_force(learn)

    _command(commands, "tasks", "list the analyses")
    known = _command(
        commands, "layouts", "list the known layouts of exports, or print one", needs_extra=True
    )
    known.add_argument("layout", nargs="?", metavar="ID|FILE")
    describe = _command(commands, "describe", "the options and columns of an analysis, as JSON")
    describe.add_argument("task", metavar="TASK")
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


def _add_report(commands: Any) -> None:
    report = _command(
        commands,
        "report",
        "what changed, whom to write to today, LTV, segments: the report on an order export",
        needs_extra=True,
    )
    _add_file(report)
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
    events.add_argument(
        "--events",
        action="append",
        default=[],
        type=Path,
        metavar="EVENTS",
        help="a log of views, carts and purchases: exits by page, the funnel, carts, paths; "
        "may be repeated",
    )
    _add_events(events)
    events.add_argument(
        "--events-layout", metavar="ID|FILE", help="the layout of the events (default: by headings)"
    )
    events.add_argument(
        "--funnel",
        action="append",
        default=[],
        metavar="KIND",
        help="the funnel's steps, by the file's kinds: view,add,purchase "
        "(default: the steps to an order)",
    )
    events.add_argument(
        "--funnel-window", metavar="TIME", help="time from the first step to the last (default 7d)"
    )


def _add_people_column(group: Any) -> None:
    group.add_argument(
        "--people-column",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help="the column of record_id, email, phone, family_name, given_name, birth_date, ... of "
        'the people; "ROLE=" for none; may be repeated',
    )


def _add_identify(commands: Any) -> None:
    identify = _command(
        commands, "identify", "which records of customers are one person", needs_extra=True
    )
    _add_reading(
        identify,
        "FILE",
        "records of customers, and behind them orders, if what changes is to be shown; ",
    )
    _add_scope(identify, today=False)
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
    decisions.add_argument(
        "--messages",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="what was sent before, and who opted out: what is in it is not sent again; may be "
        "repeated",
    )
    decisions.add_argument(
        "--message-column",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help="the column of customer_id, kind, occurred_at, channel, dedupe_key or trigger of the "
        'messages; "ROLE=" for none; may be repeated',
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
    events.add_argument(
        "--events",
        action="append",
        default=[],
        type=Path,
        metavar="EVENTS",
        help="a log of views and carts, for the triggers cart and browse; may be repeated",
    )
    _add_events(events)
    events.add_argument(
        "--events-layout", metavar="ID|FILE", help="the layout of the events (default: by headings)"
    )


def _add_events(group: Any) -> None:
    group.add_argument(
        "--event-column",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help="the column of visitor_id, occurred_at, kind, customer_id, page, product, ...; "
        '"ROLE=" for none, "kind=" if all are views of pages; may be repeated',
    )
    group.add_argument(
        "--event-kind",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a kind means: view, product_view, add, remove, checkout, payment_failed, "
        "purchase; may be repeated",
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


def _add_file(
    parser: argparse.ArgumentParser, what: str = "ORDERS", about: str = "", today: bool = False
) -> None:
    _add_reading(parser, what, about)
    scope = _add_scope(parser, today)
    scope.add_argument(
        "--customers",
        type=Path,
        metavar="FILE",
        help="a table of customers, including customers without an order",
    )
    scope.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="COLUMN",
        help="break down by a column; may be repeated",
    )


def _add_reading(parser: argparse.ArgumentParser, what: str = "ORDERS", about: str = "") -> None:
    """The files, and how they are read."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar=what,
        help=f"{about}CSV, a spreadsheet, JSON, Parquet, Arrow, SQLite or DuckDB, packed or not, "
        "or - for standard input; #NAME behind it is a sheet or a table; several are read as one",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a config file (default: crm.toml of this folder, if it is there; see crm init)",
    )
    parser.add_argument(
        "--lang",
        choices=("en", "ja"),
        help="the language of texts (default: ja if the headings are Japanese)",
    )
    parser.add_argument("--no-config", action="store_true", help="read no config file")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    columns = parser.add_argument_group("columns (guessed from the headings, and shown)")
    for role, about in COLUMNS.items():
        columns.add_argument(f"--{role.replace('_', '-')}", metavar="COLUMN", help=about)
    columns.add_argument(
        "--status",
        action="append",
        default=[],
        metavar="COLUMN",
        help='the state of the order; "" for none; may be repeated, and an order counts if all '
        "columns agree",
    )
    columns.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column, or a list of JSON, that a warning names and that is not needed; may be "
        "repeated",
    )
    meaning = parser.add_argument_group("what they mean")
    meaning.add_argument(
        "--layout",
        metavar="ID|FILE",
        help="a layout of `crm layouts`, or a file of your own (default: by the headings)",
    )
    meaning.add_argument(
        "--amount-is",
        choices=("line", "order", "unit"),
        help="an amount is a line's, the order's total on every line, or a price",
    )
    meaning.add_argument(
        "--amount-unit",
        choices=("major", "minor", *UNITS),
        help="major (yen, dollars; default), minor (cents), or thousands (千円), ten_thousands "
        "(万円) or millions of whole units",
    )
    meaning.add_argument(
        "--round-amounts",
        action="store_true",
        help="round amounts finer than the currency, and count them",
    )
    for level, about in (
        ("order", "the order's and repeated on its lines"),
        ("line", "a line's; or the status, if it differs within an order"),
    ):
        meaning.add_argument(
            f"--{level}-level",
            action="append",
            default=[],
            metavar="COLUMN",
            help=f"a column of other money that is {about}; may be repeated",
        )
    meaning.add_argument(
        "--fill-down",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column whose blank cells take the value above them, as merged cells leave them; "
        "may be repeated",
    )
    meaning.add_argument(
        "--id-fold",
        choices=("email", "case", "number", "none"),
        help="ids that differ only in case, width and blanks are one: mail addresses (email), all "
        "(case); or ids that differ only in leading zeros and a final .0 (number); or none "
        "(default: email if the ids are mail addresses)",
    )
    meaning.add_argument(
        "--decimal",
        choices=("auto", ".", ","),
        default="auto",
        help="the decimal sign of amounts (default: auto)",
    )
    meaning.add_argument(
        "--strict", action="store_true", help="warnings about how the file is read are errors"
    )
    meaning.add_argument(
        "--status-map",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a status means; may be repeated",
    )
    meaning.add_argument(
        "--currency", metavar="CODE", help="JPY, USD, ...; required if the file does not contain it"
    )
    meaning.add_argument("--timezone", metavar="ZONE", help="the shop's zone, such as Asia/Tokyo")
    meaning.add_argument(
        "--date-format",
        metavar="FORMAT",
        help='for dates that do not begin with the year, such as "%%d/%%m/%%Y"',
    )
    meaning.add_argument(
        "--encoding", default="auto", help="utf-8, cp932 (Shift_JIS), ... (default: auto)"
    )
    meaning.add_argument(
        "--delimiter",
        default="auto",
        metavar="CHAR",
        help="the character between fields; tab for a tab (default: auto)",
    )
    meaning.add_argument(
        "--guests",
        choices=("error", "drop", "keep"),
        help="rows without a customer (default: keep)",
    )
    meaning.add_argument(
        "--guest-id",
        action="append",
        default=[],
        metavar="VALUE",
        help="an id that means no customer, such as 0; may be repeated",
    )
    meaning.add_argument(
        "--bad-rows",
        choices=("error", "drop"),
        default="error",
        help="rows that cannot be read (default: error)",
    )
    meaning.add_argument(
        "--repeated-orders",
        choices=("error", "last", "add"),
        default="error",
        help="orders that several files have with different lines: from the last file, or all "
        "lines (default: error)",
    )
    meaning.add_argument(
        "--refund-rows",
        action="append",
        default=[],
        metavar="COLUMN=WORD",
        help="rows of refunds, by a word in a column: their amounts count as negative; "
        "may be repeated",
    )
    meaning.add_argument(
        "--repeated-rows",
        choices=("keep", "drop", "error"),
        help="rows that are equal in every column of the file (default: keep, with a warning if "
        "there are many)",
    )


def _add_scope(parser: argparse.ArgumentParser, today: bool) -> Any:
    """What is counted; the group takes further options."""
    scope = parser.add_argument_group("what is counted")
    scope.add_argument(
        "--as-of",
        metavar="DATE",
        help="2026-11-21, today, yesterday (default: "
        + ("today)" if today else "the last order's date)"),
    )
    scope.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only these orders: value, a|b, or from..to; may be repeated",
    )
    scope.add_argument(
        "--where-customers",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only these customers, in the same form",
    )
    return scope
