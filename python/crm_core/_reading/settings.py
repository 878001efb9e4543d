"""The user's settings for a file, and the result of reading it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from .headings import Choice
from .layouts import Layout, fold

#: Roles of columns that have an option of their own, besides the status.
ROLES_SAID = (
    *("customer_id", "ordered_at", "amount", "order_id", "quantity", "cancelled_at", "refunded"),
    *("refunded_at", "discount", "shipping", "tax", "cost", "product", "category", "channel"),
    *("shop", "kind"),
)
_OWN = ("customer_id", "ordered_at", "amount", "order_id", "quantity")


@dataclass(frozen=True)
class Settings:
    """The user's settings for the file. `None` leaves the choice to the program.

    `dimensions` are names of columns that may be requested: headings, or roles such as `product`.
    `statuses` are columns of states besides the first, `ignore` columns that look like such and do
    not matter, `order_level` and `line_level` money that is the order's or the line's.
    `fill_down` are columns whose blank cells take the value above, as merged cells leave them.
    `refund_rows` are words by column that make a row's amount one that is given back.
    `keep_last` is a column, of whose values the last one says which rows of an order are read.
    `known` are codes of warnings that the user knows.
    `repeated_rows` of `None` counts them and warns. `today` is the day after which a date is
    implausible.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    dimensions: Sequence[str] = ()
    layout: str | None = None
    amount_is: str | None = None
    amount_unit: str | None = None
    round_amounts: bool = False
    order_level: Sequence[str] = ()
    line_level: Sequence[str] = ()
    fill_down: Sequence[str] = ()
    keep_last: str | None = None
    statuses: Sequence[str] = ()
    ignore: Sequence[str] = ()
    status_map: Mapping[str, str] = field(default_factory=dict)
    kind_map: Mapping[str, str] = field(default_factory=dict)
    id_fold: str | None = None
    currency: str | None = None
    timezone: str | None = None
    date_format: str | None = None
    decimal: str = "auto"
    encoding: str = "auto"
    delimiter: str = "auto"
    guests: str | None = None
    guest_ids: Sequence[str] = ()
    bad_rows: str = "error"
    repeated_orders: str = "error"
    repeated_rows: str | None = None
    refund_rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    strict: bool = False
    known: Sequence[str] = ()
    today: datetime.date | None = None

    def ignores(self, heading: str) -> bool:
        """Whether the user has said that a column does not matter."""
        return fold(heading) in map(fold, self.ignore)


@dataclass(frozen=True)
class Both:
    """A sentence of a layout in English and Japanese."""

    en: str
    ja: str


@dataclass(frozen=True)
class Note:
    """A thing the reader of the report has to know; `code` is one of `sentences.NOTES`."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """The place of a row of the table in its file.

    Attributes:
        parts: The files, and how many rows each has.
        kept: The rows that were kept, where some were left out.
    """

    parts: Sequence[tuple[Any, int]]
    kept: Sequence[int] | None = None

    def starts(self) -> list[int]:
        """The first row of each file, of those that were kept."""
        ends = [0]
        for _, count in self.parts:
            ends.append(ends[-1] + count)
        if self.kept is None:
            return ends[:-1]
        found = [
            next((at for at, row in enumerate(self.kept) if row >= end), None) for end in ends[:-1]
        ]
        return [one for one in found if one is not None]

    def name(self, row: int) -> str:
        """The file, and the row as a spreadsheet shows it."""
        row = row if self.kept is None else self.kept[row]
        for source, count in self.parts:
            if row < count:
                return str(source.row_name(row))
            row -= count
        return f"row {row + 1}"


@dataclass(frozen=True)
class Loaded:
    """The orders' columns, and the arguments with which `Orders` takes them.

    Attributes:
        table: The columns under the file's headings.
        arguments: Keyword arguments of `Orders`.
        choices: What was chosen and why, in the order to show.
        notes: What was done to the data.
        japanese: Whether the headings are Japanese.
        rows: Where each row came from.
        warnings: What may be wrong, to be shown on top.
        facts: What `--check` shows besides, see `understanding`.
        layout: The layout that was followed.
        id_fold: How ids were written alike.
    """

    table: pa.Table
    arguments: dict[str, Any]
    choices: list[Choice]
    notes: list[Note]
    japanese: bool
    rows: Rows
    warnings: list[Note] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    layout: Layout | None = None
    id_fold: str = "none"

    @property
    def names(self) -> dict[str, str]:
        """What the library calls the file's columns."""
        return {self.arguments[role]: role for role in _OWN if role in self.arguments}
