"""From a shop's export to the columns that `Orders` takes.

Everything decided on the way (which column, which currency, what an amount means, how statuses
read) is recorded as a `Choice` or a `Note`, because a number whose making nobody saw is not
believed. The columns keep the file's headings, so that errors of the core name them as the user
knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from . import amounts, dates, statuses
from .headings import (
    CATEGORIES,
    Choice,
    amount_kind,
    choose,
    currency_in,
    customer_id,
    further,
    is_japanese,
    platform_of,
    registered_at,
)
from .overlap import drop_repeated
from .problem import Problem
from .source import Source, alike, sources_of

# Totals repeat on an order's lines, the lines' own amounts hardly ever do. A few orders with two
# totals are a fault of the file, which the library names; they must not turn every total into a
# line's amount.
_STRAY_TOTALS = 0.1
_OWN = ("customer_id", "ordered_at", "amount", "order_id", "quantity")
_SHARE_OF_BYTES = 0.4  # of the time that reading takes; parsing takes the rest


@dataclass(frozen=True)
class Settings:
    """What the user said about the file. `None` leaves the choice to us.

    `dimensions` are names of columns that may be asked for: headings, or roles such as `product`.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    dimensions: Sequence[str] = ()
    amount_is: str | None = None
    amount_unit: str | None = None
    round_amounts: bool = False
    status_map: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    timezone: str | None = None
    date_format: str | None = None
    encoding: str = "auto"
    delimiter: str = "auto"
    guests: str | None = None
    bad_rows: str = "error"
    repeated_orders: str = "error"


@dataclass(frozen=True)
class Note:
    """A thing the reader of the report has to know; `code` is one of `words.NOTES`."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Where a row of the table came from."""

    parts: Sequence[tuple[Source, int]]

    def name(self, row: int) -> str:
        """The file, and the row as a spreadsheet shows it."""
        for source, count in self.parts:
            if row < count:
                return source.row_name(row)
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
    """

    table: pa.Table
    arguments: dict[str, Any]
    choices: list[Choice]
    notes: list[Note]
    japanese: bool
    rows: Rows

    @property
    def names(self) -> dict[str, str]:
        """What the library calls the file's columns."""
        return {self.arguments[role]: role for role in _OWN if role in self.arguments}


def load(
    paths: Sequence[Path], settings: Settings, advance: Callable[[float], None] = lambda share: None
) -> Loaded:
    """Read files of orders with the same headings, one after the other."""
    sources = sources_of(paths, settings.encoding, settings.delimiter)
    first = sources[0]
    chosen = choose(first.headings, settings.columns)
    # A filter on the dates' or the amounts' column is one on `ordered_at` or `amount`.
    own = {choice.value for role, choice in chosen.items() if role in _OWN}
    of_categories = further(first.headings, settings.columns, settings.dimensions)
    own |= {choice.value for choice in of_categories.values()}
    chosen |= of_categories
    dimensions = asked_for(settings.dimensions, first.headings, own)
    columns = list(dict.fromkeys([*(choice.value for choice in chosen.values()), *dimensions]))
    tables, table = read_files(sources, columns, settings, advance)
    notes: list[Note] = []
    if len(sources) > 1:
        tables, notes = _without_repeated(sources, tables, chosen, settings)
        table = pa.concat_tables(tables)
    reading = Reading(sources, tables, table, chosen, dimensions, settings)
    reading.notes += notes
    loaded = reading.finish()
    advance(1.0)
    return loaded


def _without_repeated(
    sources: Sequence[Source],
    tables: Sequence[pa.Table],
    chosen: Mapping[str, Choice],
    settings: Settings,
) -> tuple[list[pa.Table], list[Note]]:
    """The rows of each file without orders that another one has, and what is said about it."""
    keys = [chosen[role].value for role in ("order_id", "shop") if role in chosen]
    keys = keys if "order_id" in chosen else []
    found = drop_repeated(tables, keys, last=settings.repeated_orders == "last")
    if found.first is not None and settings.repeated_orders == "error":
        at, row = found.first
        raise Problem(
            f"{found.differing} order numbers are in several files with different lines, the first "
            f"in {sources[at].row_name(row)}",
            "--repeated-orders last takes each from the last file that has it (exports of several "
            "days), --repeated-orders add counts the lines of all files (an order in parts). "
            "Shops that number alike need a column --shop.",
        )
    for source, kept in zip(sources, found.kept, strict=True):
        source.keep(kept)
    notes = []
    if found.orders:
        notes.append(Note("repeated_orders", {"orders": found.orders, "rows": found.rows}))
    if found.differing:
        code = f"differing_orders_{settings.repeated_orders}"
        notes.append(Note(code, {"orders": found.differing}))
    if found.alike:
        notes.append(Note("repeated_rows", {"rows": found.alike}))
    return found.parts, notes


def asked_for(names: Sequence[str], headings: Sequence[str], own: Collection[str]) -> list[str]:
    """Of the names the headings that are no role's column, each once."""
    return [name for name in dict.fromkeys(names) if name in headings and name not in own]


def read_files(
    sources: Sequence[Source],
    columns: Sequence[str],
    settings: Settings,
    advance: Callable[[float], None],
) -> tuple[list[pa.Table], pa.Table]:
    """These columns of every file, and all of them as one table."""
    for source in sources[1:]:
        missing = [column for column in columns if column not in source.headings]
        if missing:
            raise Problem(
                f'{source.path.name} has no column "{missing[0]}", which {sources[0].path.name} has'
            )
    drop = settings.bad_rows == "drop"
    part = _SHARE_OF_BYTES / len(sources)
    tables = [
        source.read(columns, lambda share, at=at: advance((at + share) * part), drop)  # type: ignore[misc]
        for at, source in enumerate(sources)
    ]
    try:
        tables = alike(tables)
        return tables, pa.concat_tables(tables)
    except pa.ArrowInvalid:
        raise Problem(
            "the files hold their columns in different types",
            "Read them one by one, or store them alike.",
        ) from None


def load_customers(
    path: Path, orders_id: str, settings: Settings
) -> tuple[pa.Table, dict[str, Any]]:
    """A table of customers, and the arguments with which `Customers` takes it."""
    source = Source(path, settings.encoding, settings.delimiter)
    id_column = customer_id(source.headings, orders_id)
    registered = registered_at(source.headings)
    dimensions = asked_for(settings.dimensions, source.headings, [id_column])
    columns = list(dict.fromkeys([id_column, *([registered] if registered else []), *dimensions]))
    table = source.read(columns, lambda share: None, settings.bad_rows == "drop")
    table = replaced(table, id_column, trimmed(table[id_column]))
    arguments: dict[str, Any] = {"customer_id": id_column, "dimensions": dimensions}
    if registered:
        text = _as_text(table[registered])
        if text is not None:
            read = dates.parse(text, settings.date_format)
            if read.unread:
                raise Problem(f"{source.row_name(read.unread[0])}, column {registered}: not a date")
            table = replaced(table, registered, read.wall)
        arguments["registered_at"] = registered
    return table, arguments


class Reading:
    """The steps of `load` after the bytes are in; one per role."""

    def __init__(
        self,
        sources: list[Source],
        parts: list[pa.Table],
        table: pa.Table,
        chosen: dict[str, Choice],
        dimensions: list[str],
        settings: Settings,
    ) -> None:
        self.sources = sources
        self.rows = Rows(
            [(source, part.num_rows) for source, part in zip(sources, parts, strict=True)]
        )
        self.table = table
        self.chosen = chosen
        self.dimensions = dimensions
        self.settings = settings
        self.platform = platform_of(sources[0].headings)
        self.japanese = is_japanese(sources[0].headings)
        self.extra: list[Choice] = []
        self.notes: list[Note] = []
        self.said_in_amounts: set[str] = set()
        self.arguments: dict[str, Any] = {}

    def finish(self) -> Loaded:
        self._file()
        self._customers()
        self._orders()
        self._dates()
        for role in ("amount", "refunded", "quantity"):
            self._number(role)
        self._amount_is()
        self._status()
        self._currency()
        self._rest()
        choices = [*self.chosen.values(), *self.extra]
        return Loaded(self.table, self.arguments, choices, self.notes, self.japanese, self.rows)

    def _file(self) -> None:
        source = self.sources[0]
        if source.encoding:
            guessed = "western" if source.encoding == "cp1252" else "bytes"
            reason = guessed if source.encoding_guessed else "given"
            self.extra.append(Choice("encoding", source.encoding, reason))
        self.notes += [Note(*note) for one in self.sources for note in one.notes]
        dropped = sum(one.dropped for one in self.sources)
        if dropped:
            self.notes.append(Note("dropped_lines", {"rows": dropped}))

    def _customers(self) -> None:
        name = self.chosen["customer_id"].value
        column = trimmed(self.table[name])
        if self.platform == "WooCommerce" and pa.types.is_string(column.type):
            column = pc.if_else(pc.equal(column, "0"), None, column)
        self.table = replaced(self.table, name, column)
        self.arguments["customer_id"] = name

    def _orders(self) -> None:
        """Where only an order's first line carries its values, the other lines get them too."""
        if "order_id" not in self.chosen:
            return
        name = self.chosen["order_id"].value
        keys = trimmed(self.table[name])
        self.table = replaced(self.table, name, keys)
        self.arguments["order_id"] = name
        if pa.types.is_nested(keys.type):
            return
        for role in ("customer_id", "ordered_at", "status", "cancelled_at"):
            if role not in self.chosen:
                continue
            column = self.chosen[role].value
            filled = _filled_within(keys, self.table[column])
            count = self.table[column].null_count - filled.null_count
            if count:
                self.table = replaced(self.table, column, filled)
                self.notes.append(Note("filled", {"column": column, "rows": count}))

    def _dates(self, role: str = "ordered_at") -> None:
        name = self.chosen[role].value
        self.arguments[role] = name
        text = _as_text(self.table[name])
        if text is not None:
            read = dates.parse(text, self.settings.date_format)
            self._refuse(name, text, read.unread, "a date")
            self.table = replaced(self.table, name, self._zoned(name, read))
        if self.settings.timezone:
            self.arguments["timezone"] = self.settings.timezone
            self.extra.append(Choice("timezone", self.settings.timezone, "given"))

    def _zoned(self, name: str, read: dates.Dates) -> pa.ChunkedArray:
        with_zone = pc.sum(pc.and_(pc.is_valid(read.offsets), pc.is_valid(read.wall))).as_py() or 0
        dated = len(read.wall) - read.wall.null_count
        if not with_zone:
            return read.wall
        if with_zone < dated:
            raise Problem(
                f'"{name}" holds dates with a zone and dates without one', "Write them alike."
            )
        if self.settings.timezone:
            return read.instants()
        # A shop's export writes its own wall clock: the day is right as written, and the offset
        # changes with summer time.
        shown = ", ".join(
            _offset(minutes)
            for minutes in sorted(pc.unique(read.offsets).drop_null().to_pylist())[:3]
        )
        self.notes.append(Note("as_written", {"column": name, "zones": shown}))
        return read.wall

    def _number(self, role: str) -> None:
        if role not in self.chosen:
            return
        name = self.chosen[role].value
        self.arguments[role] = name
        column = self.table[name]
        if not _is_text(column.type):
            return
        text = _as_text(column)
        assert text is not None  # a text column is text
        read = amounts.parse(text)
        self._refuse(
            name, text, read.unread, "a whole number" if role == "quantity" else "an amount"
        )
        if role == "amount":
            self.said_in_amounts = read.currencies
        self.table = replaced(self.table, name, read.values)

    def _refuse(self, name: str, text: pa.ChunkedArray, unread: list[int], what: str) -> None:
        if not unread:
            return
        if self.settings.bad_rows == "drop":
            self.notes.append(Note("unread", {"column": name, "rows": len(unread)}))
            return
        hint = ""
        if what == "a date" and self.settings.date_format is None:
            hint = "Read are dates with the year first, such as 2024-01-31 12:34 or 2024年1月31日; "
            if dates.looks_day_or_month_first(text[unread[0]].as_py()):
                hint = "The year seems to come last: "
            hint += (
                'name the format with --date-format, for example "%d/%m/%Y" or "%m/%d/%Y %H:%M".'
            )
        elif what == "a date":
            hint = "It does not follow --date-format, or the calendar has no such day."
        more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        raise Problem(f"{self.rows.name(unread[0])}, column {name}: not {what}{more}", hint)

    def _amount_is(self) -> None:
        """Said by the user, the heading, or how amounts repeat within orders."""
        said, name = self.settings.amount_is, self.chosen["amount"].value
        if "order_id" not in self.chosen:
            kind, reason = said or "line", "given" if said else "row_is_order"
            if amount_kind(name) == "unit" and "quantity" in self.chosen and said is None:
                kind, reason = "unit", "unit_price"
        elif said is not None:
            kind, reason = said, "given"
        elif amount_kind(name) == "unit" and "quantity" in self.chosen:
            kind, reason = "unit", "unit_price"
        else:
            keys = self.table[self.chosen["order_id"].value]
            several, differing = _orders_of_several_rows(keys, self.table[name])
            total_heading = amount_kind(name) == "order"
            if not several:
                kind, reason = ("order", "one_row") if total_heading else ("line", "one_row")
            elif differing > several * _STRAY_TOTALS:
                kind, reason = "line", "differs"
            else:
                kind, reason = "order", "total_heading" if total_heading else "repeats"
        self.arguments["amount_is"] = kind
        self.extra.append(Choice("amount_is", kind, reason, name))
        if kind != "unit":
            self.arguments.pop("quantity", None)
            self.chosen.pop("quantity", None)

    def _status(self) -> None:
        cancelled = self.chosen.pop("cancelled_at", None)
        if "status" not in self.chosen:
            return
        name = self.chosen["status"].value
        column = trimmed(self.table[name]).cast(pa.string())
        words = [word for word in pc.unique(column).to_pylist() if word is not None]
        known, unknown = statuses.meanings(words, self.platform, self.settings.status_map)
        if unknown:
            shown = ", ".join(f'"{cut(word)}"' for word in unknown[:10]) + (
                f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
            )
            raise Problem(
                f"column {name}: what does {shown} mean?",
                f'Say so with --status-map "{cut(unknown[0])}=completed"; the meanings are '
                f"{', '.join(statuses.MEANINGS)}. "
                '--status "" leaves the column out, and every order counts.',
            )
        meaning = pa.array([*(known[word] for word in words), None], pa.string())
        at = pc.fill_null(pc.index_in(column, value_set=pa.array(words, pa.string())), len(words))
        mapped = pc.take(meaning, at)
        if cancelled is not None:
            refunded = pc.fill_null(pc.equal(mapped, "refunded"), False)
            stopped = pc.and_not(pc.is_valid(self.table[cancelled.value]), refunded)
            mapped = pc.if_else(stopped, "cancelled", mapped)
        target = name
        if name in self.dimensions:  # a breakdown shows the shop's own words
            target = f"{name} (status)"
            self.table = self.table.append_column(target, mapped)
        else:
            self.table = replaced(self.table, name, mapped)
        self.arguments["status"] = target
        by_meaning: dict[str, list[str]] = {}
        for word, one in known.items():
            by_meaning.setdefault(one, []).append(cut(word))
        self.notes.append(
            Note(
                "statuses",
                {"map": {one: by_meaning[one] for one in statuses.MEANINGS if one in by_meaning}},
            )
        )

    def _currency(self) -> None:
        """Said by the user, a column, the amounts, their heading, or (and told) the language."""
        column = self.chosen.pop("currency", None)
        amount = self.chosen["amount"].value
        said = self.settings.currency
        in_column: list[str] = []
        if column is not None:
            values = pc.unique(trimmed(self.table[column.value]).cast(pa.string())).to_pylist()
            in_column = sorted({value.upper() for value in values if value})
        if said:
            code, reason, detail = said.upper(), "given", ""
            if in_column and in_column != [code]:
                raise Problem(
                    f"--currency is {code}, but column {column.value if column else ''} "
                    f"holds {', '.join(map(cut, in_column[:5]))}"
                )
        elif len(in_column) > 1:
            raise Problem(
                f"column {column.value if column else ''} holds {len(in_column)} "
                f"currencies: {', '.join(map(cut, in_column[:5]))}",
                "Amounts of different currencies are not added up; give one file per currency.",
            )
        elif in_column:
            code, reason, detail = in_column[0], "column", column.value if column else ""
        elif len(self.said_in_amounts) == 1:
            code, reason, detail = next(iter(self.said_in_amounts)), "sign", amount
        elif len(self.said_in_amounts) > 1:
            raise Problem(
                f"column {amount} speaks of {', '.join(sorted(self.said_in_amounts))}",
                "Amounts of different currencies are not added up.",
            )
        elif currency_in(amount):
            code, reason, detail = currency_in(amount), "amount_heading", amount
        elif self.japanese:
            code, reason, detail = "JPY", "japanese", ""
        else:
            raise Problem(
                "the file does not say in which currency its amounts are",
                "Name it, for example --currency USD.",
            )
        self.arguments["currency"] = code
        self.extra.append(Choice("currency", code, reason, detail))

    def _rest(self) -> None:
        for role in CATEGORIES:
            if role in self.chosen:
                self._category(self.chosen[role].value)
                self.arguments[role] = self.chosen[role].value
        self._dimensions()
        guests = self.table[self.arguments["customer_id"]].null_count
        if self.settings.guests:
            self.arguments["guests"] = self.settings.guests
        elif guests:
            self.arguments["guests"] = "keep"
            self.notes.append(
                Note("guests", {"rows": guests, "column": self.arguments["customer_id"]})
            )
        if self.settings.bad_rows != "error":
            self.arguments["bad_rows"] = self.settings.bad_rows
        if self.settings.amount_unit:
            self.arguments["amount_unit"] = self.settings.amount_unit
        if self.settings.round_amounts:
            self.arguments["round_amounts"] = True
        used = [value for role, value in self.arguments.items() if role in self.chosen]
        self.table = self.table.select(list(dict.fromkeys([*used, *self.dimensions])))

    def _dimensions(self) -> None:
        for dimension in self.dimensions:
            self._category(dimension)
        if self.dimensions:
            self.arguments["dimensions"] = list(self.dimensions)

    def _category(self, name: str) -> None:
        if _is_text(self.table[name].type):
            self.table = replaced(self.table, name, trimmed(self.table[name]))


def replaced(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    """The table with another column under a name."""
    return table.set_column(table.column_names.index(name), name, column)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The text of a text column, the digits of an integer one (19970131), else None."""
    if _is_text(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.string())
    return None


def trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without blanks around it; blank is null. Other types stay as they are."""
    if not _is_text(column.type):
        return column
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(text, ""), None, text)


def _filled_within(keys: pa.ChunkedArray, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Nulls replaced by the first value of the same order."""
    if not column.null_count or column.null_count == len(column):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    pairs = pa.table({"key": keys, "value": column}).filter(
        pc.and_(pc.is_valid(column), pc.is_valid(keys))
    )
    firsts = pairs.group_by("key", use_threads=False).aggregate([("value", "first")])
    at = pc.index_in(keys, value_set=firsts["key"].combine_chunks(), skip_nulls=True)
    return pc.coalesce(column, firsts["value_first"].take(at))


def _orders_of_several_rows(keys: pa.ChunkedArray, values: pa.ChunkedArray) -> tuple[int, int]:
    """How many orders have several rows, and how many of those several amounts."""
    orders = pa.table({"key": keys, "value": values}).filter(pc.is_valid(keys)).group_by("key")
    counted = orders.aggregate(
        [([], "count_all"), ("value", "count_distinct", pc.CountOptions("only_valid"))]
    )
    several = pc.sum(pc.greater(counted["count_all"], 1)).as_py() or 0
    return several, pc.sum(pc.greater(counted["value_count_distinct"], 1)).as_py() or 0


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def cut(word: str) -> str:
    """A word of the file, at most 40 bytes of it."""
    return word.encode()[:40].decode(errors="ignore")
