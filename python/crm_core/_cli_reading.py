"""The options of the command about files of orders: their columns, what they mean, what counts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

#: Units of amounts larger than one of the currency.
UNITS = ("thousands", "ten_thousands", "millions")

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
    "kind": "whether the order is a subscription's, read only if named",
}


def add_file(parser: argparse.ArgumentParser, what: str = "ORDERS", about: str = "") -> None:
    add_reading(parser, what, about)
    scope = add_scope(parser)
    scope.add_argument(
        "--customers",
        type=Path,
        metavar="FILE",
        help="a table of customers, including customers without an order",
    )
    scope.add_argument(
        "--opted-out",
        metavar="COLUMN",
        help="the column of --customers that says who wants no messages, or who wants some; found "
        "by its heading if it is not named, and an empty name is none",
    )
    scope.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="COLUMN",
        help="break down by a column; may be repeated",
    )


def add_reading(parser: argparse.ArgumentParser, what: str = "ORDERS", about: str = "") -> None:
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
    _add_columns(parser)
    meaning = parser.add_argument_group("what they mean")
    _add_amounts(meaning)
    _add_cells(meaning)
    _add_rows(meaning)


def _add_columns(parser: argparse.ArgumentParser) -> None:
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


def _add_amounts(meaning: argparse._ArgumentGroup) -> None:
    """What an amount is, and on which rows."""
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
        "--fill-down",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column whose blank cells take the value above them, as merged cells leave them; "
        "may be repeated",
    )
    meaning.add_argument(
        "--keep-last",
        metavar="COLUMN",
        help="a column such as the day of a state or a version: of each order only the rows with "
        "the last value in it are read",
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


def _add_cells(meaning: argparse._ArgumentGroup) -> None:
    """How ids, numbers, words and dates are written."""
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
        "--known",
        action="append",
        default=[],
        metavar="CODE",
        help="a warning that you know, by the code that the error of --strict names; may be "
        "repeated",
    )
    meaning.add_argument(
        "--status-map",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a status means; may be repeated",
    )
    meaning.add_argument(
        "--kind-map",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a kind of order means: one_off, subscription (its first order is found by the "
        "dates), sub_first, sub_renewal, swap, sample; may be repeated",
    )
    meaning.add_argument(
        "--currency", metavar="CODE", help="JPY, USD, ...; required if the file does not contain it"
    )
    meaning.add_argument("--timezone", metavar="ZONE", help="the shop's zone, such as Asia/Tokyo")
    meaning.add_argument(
        "--date-format",
        metavar="FORMAT",
        help='for dates that do not begin with the year, such as "%%d/%%m/%%Y"; before it or alone '
        "the calendar of the years: buddhist, minguo, persian",
    )


def _add_rows(meaning: argparse._ArgumentGroup) -> None:
    """The file, and rows that are doubtful."""
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


def add_scope(parser: argparse.ArgumentParser) -> Any:
    """What is counted; the group takes further options."""
    scope = parser.add_argument_group("what is counted")
    scope.add_argument(
        "--as-of",
        metavar="DATE",
        help="2026-11-21, today, yesterday (default: the last order's date)",
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
        help="only these customers, in the same form; may be repeated",
    )
    return scope
