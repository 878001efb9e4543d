"""From a shop's export to the columns that `Orders` takes.

Everything decided on the way (which column, which currency, what an amount means, how statuses
read) is recorded as a `Choice`, a `Note` or a warning, because a number whose making nobody saw is
not believed. The columns keep the file's headings, so that errors of the core name them as the user
knows them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, amounts, dates, ids, layouts, likely, states, statuses
from .columns import (
    as_text,
    cut,
    distinct,
    filled_within,
    is_text,
    numbers,
    replaced,
    shown,
    trimmed,
)
from .headings import (
    CATEGORIES,
    MONEY,
    Choice,
    amount_kind,
    choose,
    currency_in,
    customer_id,
    find,
    further,
    is_japanese,
    registered_at,
)
from .layouts import Layout, fold, fold_word
from .problem import Problem
from .source import Source

_OWN = ("customer_id", "ordered_at", "amount", "order_id", "quantity")
_SHARE_OF_BYTES = 0.4  # of the time that reading takes; parsing takes the rest


@dataclass(frozen=True)
class Settings:
    """What the user said about the file. `None` leaves the choice to us.

    `dimensions` are names of columns that may be asked for: headings, or roles such as `product`.
    `statuses` are columns of states besides the first, `ignore` columns that look like such and
    do not matter, `order_level` and `line_level` money that is the order's or the line's. `today`
    is the day after which a date is implausible.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    dimensions: Sequence[str] = ()
    layout: str | None = None
    amount_is: str | None = None
    amount_unit: str | None = None
    round_amounts: bool = False
    order_level: Sequence[str] = ()
    line_level: Sequence[str] = ()
    statuses: Sequence[str] = ()
    ignore: Sequence[str] = ()
    status_map: Mapping[str, str] = field(default_factory=dict)
    id_fold: str | None = None
    currency: str | None = None
    timezone: str | None = None
    date_format: str | None = None
    decimal: str = "auto"
    encoding: str = "auto"
    delimiter: str = "auto"
    guests: str | None = None
    bad_rows: str = "error"
    strict: bool = False
    today: datetime.date | None = None


@dataclass(frozen=True)
class Note:
    """A thing the reader of the report has to know; `code` is one of `words.NOTES`."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Where a row of the table came from.

    Attributes:
        parts: The files, and how many rows each has.
        kept: The rows that were kept, where some were left out.
    """

    parts: Sequence[tuple[Any, int]]
    kept: Sequence[int] | None = None

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


def load(
    paths: Sequence[Path], settings: Settings, advance: Callable[[float], None] = lambda share: None
) -> Loaded:
    """Read files of orders with the same headings, one after the other."""
    sources = [Source(path, settings.encoding, settings.delimiter) for path in paths]
    return load_sources(sources, settings, advance)


def load_sources(
    sources: Sequence[Any],
    settings: Settings,
    advance: Callable[[float], None] = lambda share: None,
) -> Loaded:
    """The same for files that are open, or frames: all that has headings and can be read."""
    first = sources[0]
    headings = list(first.headings)
    layout = layout_of(headings, settings, "orders")
    tables, table = read_files(sources, shared(sources), settings, advance)
    seen = likely.Seen(table, layout.guests if layout is not None else ())
    chosen = choose(headings, settings.columns, layout, seen.filled, seen.propose)
    # A filter on the dates' or the amounts' column is one on `ordered_at` or `amount`.
    own = {choice.value for role, choice in chosen.items() if role in _OWN}
    of_categories = further(headings, settings.columns, settings.dimensions, layout)
    own |= {choice.value for choice in of_categories.values()}
    chosen |= of_categories
    dimensions = asked_for(settings.dimensions, headings, own)
    require(sources, [*(choice.value for choice in chosen.values()), *dimensions])
    loaded = Reading(sources, tables, table, chosen, dimensions, settings, layout).finish()
    advance(1.0)
    return loaded


def layout_of(headings: Sequence[str], settings: Settings, reads: str) -> Layout | None:
    """The layout that the user named, else the one whose headings these are."""
    if settings.layout is None:
        return layouts.detect(headings, reads)
    layout = layouts.named(settings.layout)
    if layout.reads != reads:
        raise Problem(f"--layout: {layout.id} is of {layout.reads}, and these are {reads}")
    return layout


def asked_for(names: Sequence[str], headings: Sequence[str], own: Collection[str]) -> list[str]:
    """Of the names the headings that are no role's column, each once."""
    return [name for name in dict.fromkeys(names) if name in headings and name not in own]


def shared(sources: Sequence[Any]) -> list[str]:
    """The headings that every file has, and has once."""
    return [
        heading
        for heading in sources[0].headings
        if all(source.headings.count(heading) == 1 for source in sources)
    ]


def require(sources: Sequence[Any], columns: Sequence[str]) -> None:
    """Every file has to have these columns, and once."""
    for source in sources:
        for column in columns:
            if column not in source.headings:
                raise Problem(
                    f'{source.name} has no column "{column}", which {sources[0].name} has'
                )
            if source.headings.count(column) > 1:
                raise Problem(
                    f'{source.name}: two columns are called "{column}"',
                    "Rename one of them in the file.",
                )


def read_files(
    sources: Sequence[Any],
    columns: Sequence[str],
    settings: Settings,
    advance: Callable[[float], None],
) -> tuple[list[pa.Table], pa.Table]:
    """These columns of every file, and all of them as one table."""
    drop = settings.bad_rows == "drop"
    part = _SHARE_OF_BYTES / len(sources)
    tables = [
        source.read(columns, lambda share, at=at: advance((at + share) * part), drop)  # type: ignore[misc]
        for at, source in enumerate(sources)
    ]
    try:
        return tables, pa.concat_tables(tables)
    except pa.ArrowInvalid:
        raise Problem(
            "the files hold their columns in different types",
            "Read them one by one, or store them alike.",
        ) from None


def load_customers(
    source: Any, orders_id: str, settings: Settings, id_fold: str = "none"
) -> tuple[pa.Table, dict[str, Any]]:
    """A table of customers, and the arguments with which `Customers` takes it."""
    id_column = customer_id(source.headings, orders_id)
    registered = registered_at(source.headings)
    dimensions = asked_for(settings.dimensions, source.headings, [id_column])
    columns = list(dict.fromkeys([id_column, *([registered] if registered else []), *dimensions]))
    table = source.read(columns, lambda share: None, settings.bad_rows == "drop")
    table = replaced(table, id_column, ids.folded(trimmed(table[id_column]), id_fold)[0])
    arguments: dict[str, Any] = {"customer_id": id_column, "dimensions": dimensions}
    if registered:
        text = as_text(table[registered])
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
        sources: Sequence[Any],
        parts: list[pa.Table],
        table: pa.Table,
        chosen: dict[str, Choice],
        dimensions: list[str],
        settings: Settings,
        layout: Layout | None,
    ) -> None:
        self.sources = sources
        self.rows = Rows(
            [(source, part.num_rows) for source, part in zip(sources, parts, strict=True)]
        )
        self.table = table
        self.chosen = chosen
        self.dimensions = dimensions
        self.settings = settings
        self.layout = layout
        self.japanese = is_japanese(sources[0].headings)
        self.extra: list[Choice] = []
        self.notes: list[Note] = []
        self.warnings: list[Note] = []
        self.facts: dict[str, Any] = {}
        self.said_in_amounts: set[str] = set()
        self.id_fold = "none"
        self.arguments: dict[str, Any] = {}
        self.unread = [
            name
            for name in table.column_names
            if name not in {choice.value for choice in chosen.values()}
        ]

    def finish(self) -> Loaded:
        self._file()
        self._keep()
        self._customers()
        self._orders()
        self._dates()
        for role in ("amount", *MONEY, "quantity"):
            self._number(role)
        self._amount_is()
        self._levels()
        self._states()
        self._currency()
        self._rest()
        return self._loaded()

    def _loaded(self) -> Loaded:
        if self.settings.strict and self.warnings:
            from .words import note

            first = self.warnings[0]
            more = f" (and {len(self.warnings) - 1} more)" if len(self.warnings) > 1 else ""
            raise Problem(note(first.code, first.values, "en") + more, "--strict makes this an error.")
        return Loaded(
            self.table,
            self.arguments,
            [*self.chosen.values(), *self.extra],
            self.notes,
            self.japanese,
            self.rows,
            self.warnings,
            self.facts,
            self.layout,
            self.id_fold,
        )

    @property
    def keys(self) -> pa.ChunkedArray | None:
        """The order of each row; None where each row is an order."""
        return self.table[self.arguments["order_id"]] if "order_id" in self.arguments else None

    def _of_layout(self, role: str) -> bool:
        """Whether the column of a role is the one that the layout names."""
        if self.layout is None or role not in self.chosen:
            return False
        return fold(self.chosen[role].value) in map(fold, self.layout.roles.get(role, ()))

    def _file(self) -> None:
        source = self.sources[0]
        if self.layout is not None:
            given = "given" if self.settings.layout else "layout_headings"
            self.extra.append(Choice("layout", self.layout.id, given, self.layout.name))
        if source.encoding:
            self.extra.append(
                Choice("encoding", source.encoding, "bytes" if source.encoding_guessed else "given")
            )
        dropped = sum(one.dropped for one in self.sources)
        if dropped:
            self.notes.append(Note("dropped_lines", {"rows": dropped}))

    def _keep(self) -> None:
        """Rows that are no orders, such as payouts among payments, are left out and counted."""
        for wanted, values in (self.layout.keep if self.layout is not None else {}).items():
            name = layouts.column([wanted], self.table.column_names)
            column = shown(self.table[name]) if name else None
            if name is None or column is None:
                continue
            keep = {fold_word(value) for value in values}
            kept = [text for text in distinct(column) if fold_word(text) in keep]
            here = pc.is_in(column, value_set=pa.array(kept, pa.string()))
            left_out = len(here) - (pc.sum(here).as_py() or 0)
            if left_out:
                before = self.rows.kept
                at = pc.indices_nonzero(here).to_pylist()
                self.rows = Rows(self.rows.parts, at if before is None else [before[i] for i in at])
                self.table = self.table.filter(here)
                self.notes.append(Note("left_out", {"column": name, "rows": left_out}))

    def _customers(self) -> None:
        name = self.chosen["customer_id"].value
        self.arguments["customer_id"] = name
        column = trimmed(self.table[name])
        of_layout = self.layout.guests if self.layout is not None else ()
        column, guests = ids.without_guests(
            column, of_layout if self._of_layout("customer_id") else ()
        )
        if guests:
            self.notes.append(Note("guest_words", {"column": name, "words": ", ".join(guests)}))
        said = self.settings.id_fold
        self.id_fold = said or ("email" if ids.is_mail(column) else "none")
        column, joined = ids.folded(column, self.id_fold)
        if joined:
            self.notes.append(Note("ids_folded", {"column": name, "ids": joined}))
        more = 0 if said == "none" else ids.near(column)
        if more:
            self.warnings.append(Note("near_ids", {"column": name, "ids": more}))
        self.facts["ids"] = {"fold": self.id_fold, "joined": joined, "near": ids.near(column)}
        self.table = replaced(self.table, name, column)

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
        for role in ("customer_id", "ordered_at", "status"):
            if role not in self.chosen:
                continue
            column = self.chosen[role].value
            filled = filled_within(keys, trimmed(self.table[column]))
            count = self.table[column].null_count - filled.null_count
            if count > 0:
                self.table = replaced(self.table, column, filled)
                self.notes.append(Note("filled", {"column": column, "rows": count}))

    def _dates(self, role: str = "ordered_at") -> None:
        name = self.chosen[role].value
        self.arguments[role] = name
        self._clock(role, name)
        text = as_text(self.table[name])
        if text is not None:
            read = self._parsed(name, text, self._of_layout(role))
            self._refuse(name, text, read.unread, "a date")
            self.table = replaced(self.table, name, self._zoned(name, read))
        zone = self.layout.timezone if self.layout is not None and self._of_layout(role) else ""
        if self.settings.timezone:
            self.arguments["timezone"] = self.settings.timezone
            self.extra.append(Choice("timezone", self.settings.timezone, "given"))
            naive = pa.types.is_timestamp(self.table[name].type) and not self.table[name].type.tz
            if zone and naive:
                instants = pc.assume_timezone(
                    self.table[name], zone, ambiguous="earliest", nonexistent="earliest"
                )
                self.table = replaced(self.table, name, instants)
        elif zone and not getattr(self.table[name].type, "tz", None):
            self.arguments["timezone"] = zone
            self.extra.append(Choice("timezone", zone, "layout", self.layout.name))  # type: ignore[union-attr]
        self._odd_dates(name)

    def _clock(self, role: str, name: str) -> None:
        """The time of day from a column of its own, where the layout has one."""
        if self.layout is None or not self.layout.clock or not self._of_layout(role):
            return
        clock = layouts.column([self.layout.clock], self.table.column_names)
        day = None if clock is None else shown(self.table[name])
        time = None if clock is None else shown(self.table[clock])
        if day is not None and time is not None:
            both = pc.binary_join_element_wise(day, time, " ", null_handling="skip")
            self.table = replaced(self.table, name, pc.if_else(pc.is_valid(day), both, None))
            self.unread = [one for one in self.unread if one != clock]

    def _parsed(self, name: str, text: pa.ChunkedArray, of_layout: bool) -> dates.Dates:
        """By the user's format, the layout's where it fits, else the common forms."""
        said = self.settings.date_format
        own = self.layout.date_format if self.layout is not None and of_layout else ""
        read = dates.parse(text, said or own or None)
        if not said and own and read.unread:  # stored anew by a spreadsheet, most often
            other = dates.parse(text, None)
            read = other if len(other.unread) < len(read.unread) else read
        two = getattr(read, "readings", None)
        if two:
            raise Problem(
                f"column {name}: nothing tells whether the day or the month comes first",
                "Say so with " + " or ".join(f'--date-format "{one}"' for one in two) + ".",
            )
        self.facts["date_form"] = said or getattr(read, "form", None) or own or None
        return read

    def _odd_dates(self, name: str) -> None:
        """The first and the last date, and how many cannot be true."""
        column = self.table[name]
        if not pa.types.is_timestamp(column.type) and not pa.types.is_date(column.type):
            return
        days = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)))
        micros = days.cast(pa.int64()).drop_null()
        if not len(micros):
            return
        day = 86_400_000_000
        first, last = (pc.min_max(micros)[one].as_py() for one in ("min", "max"))
        self.facts["dates"] = [str(_date(first // day)), str(_date(last // day))]
        low, high = (
            one.as_py() for one in pc.quantile(micros, q=[0.05, 0.95], interpolation="nearest")
        )
        early = pc.less(micros, (datetime.date(1990, 1, 1) - _EPOCH).days * day)
        late = pc.greater(micros, high + 36_524 * day)
        if self.settings.today is not None:
            late = pc.greater_equal(micros, ((self.settings.today - _EPOCH).days + 2) * day)
        far = pc.or_(pc.less(micros, low - 3_652 * day), pc.greater(micros, high + 3_652 * day))
        far = pc.and_not(pc.and_not(far, early), late)
        counts = {
            key: pc.sum(one).as_py() or 0
            for key, one in (("early", early), ("late", late), ("far", far))
        }
        if any(counts.values()):
            self.warnings.append(Note("odd_dates", {"column": name, **counts}))

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
        if not is_text(column.type):
            return
        text = column.cast(pa.string())
        decimal = self.settings.decimal
        read = amounts.parse(text, *([decimal] if decimal != "auto" else []))
        if getattr(read, "ambiguous", False):
            raise Problem(
                f"column {name}: nothing tells whether the sign in its amounts groups thousands or "
                "begins the decimals",
                "Say so with --decimal point or --decimal comma.",
            )
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
        """Said by the user or the layout, else as `amount_meaning` decides."""
        said, name = self.settings.amount_is, self.chosen["amount"].value
        own = self.layout.amount_is if self.layout and self._of_layout("amount") else ""
        if own == "order" and "order_id" not in self.arguments:
            own = "line"
        if said is not None:
            found = amount_meaning.Meaning(said, "given", name)
        elif self.layout is not None and own:
            about = self.layout.amount_about or self.layout.name
            found = amount_meaning.Meaning(own, "layout_amount", about)
        else:
            found = amount_meaning.decide(amount_kind(name), self._amount_columns(name))
        self.arguments["amount_is"] = found.kind
        self.extra.append(Choice("amount_is", found.kind, found.reason, found.detail))
        self.facts["checks"] = found.checks
        if found.kind != "unit":
            self.arguments.pop("quantity", None)
            self.chosen.pop("quantity", None)

    def _amount_columns(self, name: str) -> amount_meaning.Columns:
        def read(one: str) -> pa.ChunkedArray | None:
            return numbers(self.table[one], self.settings.decimal)

        beside = amount_meaning.columns_by_kind(self.unread, amount_kind, read)
        quantity = self.chosen.get("quantity")
        product = layouts.column(
            [*layouts.words()["headings"]["further"]["product"]], self.table.column_names
        )
        return amount_meaning.Columns(
            name,
            self._plain_amounts(name),
            self.keys,
            None if quantity is None else numbers(self.table[quantity.value]),
            **beside,
            product=None if product is None else shown(self.table[product]),
        )

    def _plain_amounts(self, name: str) -> pa.ChunkedArray:
        column = self.table[name]
        plain = pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)
        return column if plain else column.cast(pa.float64())

    def _levels(self) -> None:
        """Money beside the amount follows it: the order's once, the lines' on each line."""
        self._levels_said()
        keys = self.keys
        for role in MONEY if keys is not None else ():
            if role not in self.chosen:
                continue
            assert keys is not None  # as the loop says
            name = self.chosen[role].value
            values = self._plain_amounts(name)
            wanted = "order" if self.arguments["amount_is"] == "order" else "line"
            own, reason = self._level(role, name, values, keys, wanted)
            self.table = replaced(
                self.table, name, amount_meaning.spread(values, keys, own, wanted)
            )
            if reason not in ("one_line_each", "beside_total"):
                self.extra.append(Choice("money_of", own, f"money_{reason}", name))
            if own == "order" and wanted == "line":
                self.notes.append(Note("order_level", {"column": name}))

    def _levels_said(self) -> None:
        money = {self.chosen[role].value for role in MONEY if role in self.chosen}
        for option, names in (
            ("--order-level", self.settings.order_level),
            ("--line-level", self.settings.line_level),
        ):
            for said in names:
                name = find(said, self.sources[0].headings, option)
                if name not in money or self.keys is None:
                    raise Problem(
                        f'{option} "{name}" has no effect: the column is not read as money beside '
                        "the amount of orders with several rows",
                        "Name its role, for example --refunded, --discount or --shipping.",
                    )

    def _level(
        self,
        role: str,
        name: str,
        values: pa.ChunkedArray,
        keys: pa.ChunkedArray,
        wanted: str,
    ) -> tuple[str, str]:
        for own, names in (("order", self.settings.order_level), ("line", self.settings.line_level)):
            if fold(name) in map(fold, names):
                return own, "given"
        if self.layout is not None and fold(name) in map(fold, self.layout.order_level):
            return "order", "layout"
        lines = None
        if wanted == "line":
            lines = self._plain_amounts(self.chosen["amount"].value).cast(pa.float64())
            if self.arguments["amount_is"] == "unit":
                pieces = self._plain_amounts(self.chosen["quantity"].value).cast(pa.float64())
                lines = pc.multiply(lines, pieces)
        return amount_meaning.level(name, values, keys, lines, self._of_layout(role))

    def _states(self) -> None:
        """What does not count, by all columns that hold a state (see `states`)."""
        primary = self.chosen.get("status")
        stops = self._stops()
        mapped = None
        if primary is not None:
            mapped = self._mapped(primary.value)
        if mapped is None and not stops:
            self._suspects(None)
            return
        rows = self.table.num_rows
        base = mapped if mapped is not None else pa.chunked_array([pa.nulls(rows, pa.string())])
        counted = pc.invert(_is_in(base, statuses.STOPS))
        stopped = states.strongest([one.rows for one in stops], rows)
        every, some = states.whole_orders(self.keys, stopped)
        by_order = stopped if self.keys is None else filled_within(
            self.keys, pc.if_else(every, stopped, None)
        )
        result = pc.if_else(pc.and_(every, counted), by_order, base)
        for one in stops:
            here = pc.and_(pc.is_valid(one.rows), counted)
            touched = states.orders_in(self.keys, here)
            if touched:
                self.notes.append(
                    Note("also_stopped", {"column": one.name, "orders": touched})
                )
        self._cancelled_lines(pc.and_(pc.and_(pc.is_valid(stopped), some), counted))
        name = primary.value if primary is not None else stops[0].name
        target = name
        if primary is None or name in self.dimensions:
            target = f"{name} (status)"
            self.table = self.table.append_column(target, result)
        else:
            self.table = replaced(self.table, name, result)
        self.arguments["status"] = target
        self._blank_amounts(_is_in(result, statuses.STOPS))
        self._suspects(result)

    def _stops(self) -> list[states.Stop]:
        """The columns besides the status that stop orders."""
        settings, headings = self.settings, self.table.column_names
        off = settings.columns.get("status") == ""
        said = [find(name, headings, "--status") for name in settings.statuses]
        ignored = [find(name, headings, "--ignore") for name in settings.ignore]
        taken = [choice.value for role, choice in self.chosen.items() if role != "cancelled_at"]
        cancels, others = states.by_headings(headings, taken, self.layout, ignored)
        own = self.chosen.pop("cancelled_at", None)
        if own is not None and own.value not in ignored:
            cancels.setdefault(own.value, ())
            self.extra.append(own)
        elif settings.columns.get("cancelled_at") == "":
            cancels = {}
        stops = [self._stop(name, words) for name, words in cancels.items()]
        for name in [] if off else [*said, *(one for one in others if one not in said)]:
            column = self._state(name)
            if name in said:
                self._meanings(name, distinct(column), None)
            stops.append(states.further(name, column, settings.status_map))
        used = {one.name for one in stops}
        self.unread = [
            name for name in self.unread if name not in used and name not in ignored
        ]
        for one in stops:
            for role in ("status", "cancelled_at"):
                if role in self.chosen and self.chosen[role].value == one.name:
                    self.chosen.pop(role)
        return stops

    def _stop(self, name: str, words: Sequence[str]) -> states.Stop:
        return states.cancellations(name, self._state(name), words, self.settings.status_map)

    def _state(self, name: str) -> pa.ChunkedArray:
        """A column of states, filled where only an order's first line carries its values."""
        column = shown(self.table[name])
        if column is None:
            raise Problem(f"column {name}: not words")
        keys = self.keys
        if keys is None:
            return column
        # Lines that repeat nothing have no amount either; elsewhere a blank is an answer.
        first_only = pc.is_null(self.table[self.arguments["amount"]])
        return pc.if_else(first_only, filled_within(keys, column), column)

    def _mapped(self, name: str) -> pa.ChunkedArray:
        """The status column in the library's words."""
        column = trimmed(self.table[name]).cast(pa.string())
        words = distinct(column)
        known = self._meanings(name, words, self.layout if self._of_layout("status") else None)
        meaning = pa.array([*(known[word] for word in words), None], pa.string())
        at = pc.fill_null(pc.index_in(column, value_set=pa.array(words, pa.string())), len(words))
        by_meaning: dict[str, list[str]] = {}
        for word, one in known.items():
            by_meaning.setdefault(one, []).append(cut(word))
        shown_map = {one: by_meaning[one] for one in statuses.MEANINGS if one in by_meaning}
        self.notes.append(Note("statuses", {"map": shown_map}))
        return pc.take(meaning, at)

    def _meanings(
        self, name: str, words: Sequence[str], layout: Layout | None
    ) -> dict[str, str]:
        known, unknown = statuses.meanings(words, layout, self.settings.status_map)
        if unknown:
            listed = ", ".join(f'"{cut(word)}"' for word in unknown[:10]) + (
                f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
            )
            raise Problem(
                f"column {name}: what does {listed} mean?",
                f'Say so with --status-map "{cut(unknown[0])}=completed"; the meanings are '
                f"{', '.join(statuses.MEANINGS)}. "
                '--status "" leaves the column out, and every order counts.',
            )
        return known

    def _cancelled_lines(self, lines: pa.ChunkedArray) -> None:
        """Lines that are cancelled alone take their amounts away."""
        count = pc.sum(lines).as_py() or 0
        if not count:
            return
        if self.arguments["amount_is"] == "order":
            orders = states.orders_in(self.keys, lines)
            self.warnings.append(Note("cancelled_parts", {"rows": count, "orders": orders}))
            return
        self.notes.append(Note("cancelled_lines", {"rows": count}))
        for role in ("amount", *MONEY):
            if role in self.arguments:
                name = self.arguments[role]
                column = self.table[name]
                zero = pa.scalar(0).cast(column.type)
                self.table = replaced(self.table, name, pc.if_else(lines, zero, column))

    def _blank_amounts(self, stopped: pa.ChunkedArray) -> None:
        """A platform may leave amounts of orders that do not count blank: they are zero."""
        for role in ("amount", "quantity"):
            if role not in self.arguments:
                continue
            name = self.arguments[role]
            column = self.table[name]
            blank = pc.and_(pc.is_null(column), stopped)
            count = pc.sum(blank).as_py() or 0
            if not count or not (
                pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)
            ):
                continue
            if self.arguments["amount_is"] == "order":  # a blank is the total on another line
                alone = filled_within(self.keys, column) if self.keys is not None else column
                blank = pc.and_(pc.is_null(alone), stopped)
                count = pc.sum(blank).as_py() or 0
            if count:
                zero = pa.scalar(0).cast(column.type)
                self.table = replaced(self.table, name, pc.if_else(blank, zero, column))
                self.notes.append(Note("blank_amounts", {"column": name, "rows": count}))

    def _suspects(self, mapped: pa.ChunkedArray | None) -> None:
        """Columns that look like a state and were not used, with the orders that they touch."""
        unread = [name for name in self.unread if name not in self.dimensions]
        for one in states.suspects(self.table, unread, "refunded" in self.chosen):
            rows = one.rows
            if mapped is not None:
                rows = pc.and_not(rows, _is_in(mapped, statuses.STOPS))
            orders = states.orders_in(self.keys, rows)
            if orders:
                code = "not_used_heading" if one.by_heading else "not_used_words"
                told = ", ".join(cut(word) for word in one.words[:5])
                self.warnings.append(
                    Note(code, {"column": one.name, "orders": orders, "words": told})
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
        elif self.layout is not None and self.layout.currency:
            code, reason, detail = self.layout.currency, "layout", self.layout.name
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
        for role in ("refunded_at", "kind", "line_kind"):
            if role in self.chosen:
                self._further(role)
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
        unit = self.settings.amount_unit or (
            self.layout.amount_unit if self.layout is not None and self._of_layout("amount") else ""
        )
        if unit:
            self.arguments["amount_unit"] = unit
        if self.settings.round_amounts:
            self.arguments["round_amounts"] = True
        used = [value for role, value in self.arguments.items() if role in self.chosen]
        self.table = self.table.select(list(dict.fromkeys([*used, *self.dimensions])))

    def _further(self, role: str) -> None:
        name = self.chosen[role].value
        if role == "refunded_at":
            if "refunded" not in self.arguments:
                self.chosen.pop(role)
                return
            text = as_text(self.table[name])
            if text is not None:
                read = dates.parse(text, self.settings.date_format)
                self._refuse(name, text, read.unread, "a date")
                self.table = replaced(self.table, name, read.wall)
        else:
            self._category(name)
        self.arguments[role] = name

    def _dimensions(self) -> None:
        for dimension in self.dimensions:
            self._category(dimension)
        if self.dimensions:
            self.arguments["dimensions"] = list(self.dimensions)

    def _category(self, name: str) -> None:
        if is_text(self.table[name].type):
            self.table = replaced(self.table, name, trimmed(self.table[name]))


_EPOCH = datetime.date(1970, 1, 1)


def _date(days: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=days)


def _is_in(column: pa.ChunkedArray, words: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(words, pa.string()), skip_nulls=True)


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
