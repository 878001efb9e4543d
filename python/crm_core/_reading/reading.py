"""From a file's texts to typed columns: what orders and logs of events have in common.

Everything decided on the way (which column, which currency, what a date's spelling is) is recorded
as a `Choice`, a `Note` or a warning, so that every number of the report can be explained. The
columns keep the file's headings, so that errors of the core name them as the user knows them.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Misuse, Problem
from . import (
    amount_texts,
    amount_units,
    amounts,
    calendars,
    date_words,
    dates,
    digits,
    groups,
    layouts,
    lists,
    money_columns,
    number_formats,
)
from .amount_meaning import Floats, Meaning
from .columns import as_text, distinct, is_text, replaced, safe, shown, trimmed, zero
from .groups import Groups
from .headings import MONEY, Choice, is_japanese, zone_in
from .layouts import Layout, fold, fold_word
from .messages import option, say
from .said import is_known
from .settings import Loaded, Note, Rows, Settings


def layout_of(headings: Sequence[str], settings: Settings, reads: str) -> Layout | None:
    """The layout that the user named, else the one whose headings these are."""
    keys = ("customer_id", "ordered_at", "amount") if reads == "orders" else ("visitor_id", "kind")
    if settings.layout is None:
        found = layouts.detect(headings, reads)
        if found is None or not found.refuses:
            return found
        if all(settings.columns.get(role) for role in keys):
            return None
        raise Problem(
            f"the headings are those of {found.name}: {found.refuses}",
            f"With the columns of {', '.join(keys)} named, they are read as said.",
        )
    layout = layouts.named(settings.layout)
    if layout.reads != reads:
        raise Misuse(f"{say.layout}: {layout.id} is of {layout.reads}, and these are {reads}")
    there = [role for role in keys if layouts.column(layout.roles.get(role, ()), headings)]
    if len(there) < 2 and not layout.own:
        raise Misuse(
            f"{say.layout}: the file has not the columns of {layout.id} for {', '.join(keys)}",
            f"Without {say.layout} the headings are looked at.",
        )
    return layout


def asked_for(names: Sequence[str], headings: Sequence[str], own: Collection[str]) -> list[str]:
    """Of the names the headings that are no role's column, each once."""
    return [name for name in dict.fromkeys(names) if name in headings and name not in own]


class Reading:
    """Steps that orders and events share; `order_reading` and `event_reading` take them."""

    lists_matter = True  # whether lists within rows may change the numbers

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
        self.given_back: dict[str, list[str]] = {}  # words whose rows are refunds
        self.nobody: list[str] = []  # ids that mean no customer
        self.small_codes = False  # of currencies, as in "usd"
        self.of_states: dict[str, pa.ChunkedArray] = {}  # columns that say which orders count
        self.apart: list[dict[str, object]] = []  # sheets of rows that may not count
        self.notes: list[Note] = []
        self.warnings: list[Note] = []
        self.facts: dict[str, Any] = {}
        self.said_in_amounts: set[str] = set()
        self.other_signs: set[str] = set()  # C$ and the like
        self.dollars = False  # whether a sign says dollars, or pesos, of some country
        self.decimals = False  # whether amounts are written with decimals, such as 5.00
        self.formats: dict[str, str] = {}  # currencies of number formats, and a row of each
        self.unread_cells: dict[str, list[int]] = {}  # rows, where they are left out
        self.id_fold = "none"
        self.arguments: dict[str, Any] = {}
        self.grouped: list[str] = []
        self.meaning = Meaning("line", "row_is_order", "")
        self.unread = [
            name
            for name in table.column_names
            if name not in {choice.value for choice in chosen.values()}
        ]

    def _loaded(self) -> Loaded:
        self._known_warnings()
        if self.settings.strict and self.warnings:
            from .words import unwritten

            first = self.warnings[0]
            more = f" (and {len(self.warnings) - 1} more)" if len(self.warnings) > 1 else ""
            kind = Misuse if "option" in first.values else Problem
            raise kind(
                unwritten(first.code, first.values, "en") + more,
                f"{say.strict} makes this an error; {say.known:{first.code}} says that you know "
                "it.",
            )
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

    def _known_warnings(self) -> None:
        """Warnings that the user knows are notes."""
        from .sentences import NOTES

        known = self.settings.known
        for code in known:
            if code not in NOTES:
                close = difflib.get_close_matches(code, NOTES, n=1)
                raise Misuse(
                    f"{say.known}: no warning has the code {safe(code)}",
                    f"Did you mean {close[0]}?" if close else "",
                )
        self.notes += [one for one in self.warnings if one.code in known]
        self.warnings = [one for one in self.warnings if one.code not in known]

    def _unused(self, name: str, said: Iterable[str], there: Iterable[str]) -> None:
        """Words explained by the user that are in no cell, with the nearest word of a cell."""
        present = {fold_word(word): word for word in there}
        unused = [word for word in said if fold_word(word) not in present]
        if not unused:
            return
        values = {"option": option(name), "words": ", ".join(map(safe, unused[:5]))}
        close = [difflib.get_close_matches(fold_word(word), present, n=1) for word in unused[:5]]
        near = list(dict.fromkeys(present[one] for found in close for one in found))
        if name != "event_kind":  # kinds of events name no customer
            near = [one for one in near if is_known(one)]
        near = list(map(safe, near))
        code = "unused_words_near" if near else "unused_words"
        self.warnings.append(Note(code, {**values, "near": ", ".join(near)}))

    @property
    def of_items(self) -> bool:
        """Whether rows are the items of a list within each order."""
        return any(code == "list_read" for one in self.sources for code, _ in one.notes)

    @cached_property
    def keys(self) -> Groups | None:
        """The order of each row; None where each row is an order."""
        if "order_id" not in self.arguments:
            return None
        columns = [self.table[self.arguments["order_id"]]]
        if "shop" in self.chosen:
            columns.append(trimmed(self.table[self.chosen["shop"].value]))
        if any(pa.types.is_nested(one.type) for one in columns):
            return None  # refused by the library, with the column's name
        return Groups.of(*columns)

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
            guessed = "western" if source.encoding == "cp1252" else "bytes"
            reason = guessed if source.encoding_guessed else "given"
            self.extra.append(Choice("encoding", source.encoding, reason))
        for one in self.sources:
            self._told(one.notes)
        of_lists = {}
        for name in self.unread:
            kind = self.table[name].type
            if lists.is_list(kind):
                of_lists[name] = lists.Contents()
                of_lists[name].add_column(self.table[name])
        told, noted = lists.notes(of_lists, source.name)
        self._told([*told, *noted])
        dropped = sum(one.dropped for one in self.sources)
        if dropped:
            self.notes.append(Note("dropped_lines", {"rows": dropped}))

    def _told(self, notes: Sequence[tuple[str, dict[str, object]]]) -> None:
        """Notes of a file; notes on numbers that may be wrong come first."""
        for code, values in notes:
            if code == "sheet_apart":
                if not self.settings.ignores(str(values["column"])):
                    self.apart.append(values)
                continue
            if code in _OF_LISTS:
                read = code == "lists_refunds" and "refunded" in self.chosen
                if read or not self.lists_matter or self.settings.ignores(str(values["column"])):
                    continue
                code = "lists_told" if code == "lists_refunds" else code
            (self.warnings if code in _ON_TOP else self.notes).append(Note(code, values))

    def _dates(self, role: str = "ordered_at") -> None:
        name = self.chosen[role].value
        self.arguments[role] = name
        self._clock(role, name)
        text = as_text(calendars.written(self.table[name]))
        if text is not None:
            read = self._parsed(name, text, self._of_layout(role))
            self._refuse(name, text, read.unread, "a date")
            self.table = replaced(self.table, name, self._zoned(name, read))
        by_layout = self.layout is not None and self._of_layout(role)
        zone = self.layout.timezone if by_layout else ""  # type: ignore[union-attr]
        zone = zone or zone_in(name)
        if self.settings.timezone:
            self.arguments["timezone"] = self.settings.timezone
            self.extra.append(Choice("timezone", self.settings.timezone, "given"))
            naive = pa.types.is_timestamp(self.table[name].type) and not self.table[name].type.tz
            if zone and naive and self._has_times(name):
                instants = pc.assume_timezone(
                    self.table[name], zone, ambiguous="earliest", nonexistent="earliest"
                )
                self.table = replaced(self.table, name, instants)
        elif zone and not getattr(self.table[name].type, "tz", None):
            self.arguments["timezone"] = zone
            reason = ("layout", self.layout.name) if by_layout else ("heading", "")  # type: ignore[union-attr]
            self.extra.append(Choice("timezone", zone, *reason))
        self._odd_dates(name)

    def _has_times(self, name: str) -> bool:
        """Whether moments have a time of day; days without one are the same in all zones."""
        micros = groups.values(self.table[name].cast(pa.timestamp("us")).cast(pa.int64()))
        return bool(np.any(micros.numbers[micros.valid] % 86_400_000_000))

    def _clock(self, role: str, name: str) -> None:
        """The time of day from its own column, if there is one."""
        if self.layout is not None and not (self.layout.clock and self._of_layout(role)):
            return
        if self.layout is None:
            clock = self._clock_by_heading(name)
        else:
            clock = layouts.column([self.layout.clock], self.table.column_names)
        day = None if clock is None else shown(self.table[name])
        time = None if clock is None else shown(self.table[clock])
        if day is not None and time is not None:
            # 103309 is half past ten.
            time = pc.replace_substring_regex(
                time, pattern=r"^(\d{1,2})(\d{2})(\d{2})$", replacement=r"\1:\2:\3"
            )
            both = pc.binary_join_element_wise(day, time, " ", null_handling="skip")
            self.table = replaced(self.table, name, pc.if_else(pc.is_valid(day), both, None))
            self.unread = [one for one in self.unread if one != clock]
            if self.layout is None:
                self.notes.append(Note("joined_clock", {"column": name, "clock": clock}))

    def _clock_by_heading(self, name: str) -> str | None:
        """A column of times of day for a column of days, by heading and values."""
        day = shown(self.table[name])
        if day is None or not all_match(day, _DAY_ALONE):
            return None
        for one in self.unread:
            there = one not in self.dimensions and one in self.table.column_names
            if there and is_clock(one) and not self.settings.ignores(one):
                time = shown(self.table[one])
                if time is not None and all_match(time, TIME_ALONE):
                    return str(one)
        return None

    def _parsed(self, name: str, text: pa.ChunkedArray, of_layout: bool) -> dates.Dates:
        """By the user's format, the layout's if it fits, else the common forms."""
        said = self.settings.date_format
        calendar, _ = calendars.split(said)
        before = f"{calendar} " if calendar else ""
        if not calendar:
            calendars.refuse(name, digits.plain(text), self.rows)
        own = self.layout.date_format if self.layout is not None and of_layout else ""
        text, midnights = date_words.without_midnights(text)
        if midnights:
            self.notes.append(Note("midnight", {"column": name, "rows": midnights}))
        read = dates.parse(text, said or own or None)
        if read.unread and not read.readings:
            text, said = self._zone_names(name, text, said)
            read = dates.parse(text, said or own or None)
        if not said and own and read.unread:  # stored anew by a spreadsheet, most often
            other = dates.parse(text, None)
            read = other if len(other.unread) < len(read.unread) else read
        if said and read.unread:
            read = dates.completed(read, text, calendar)
        if not said and read.unread and not read.readings:
            plain = date_words.named(text, read.unread)
            read = read if plain is None else dates.parse(plain, None)
        doubtful = text.take(pa.array(read.unread, pa.int64())) if read.readings else text
        forms = [one for one in read.readings if not dates.parse(doubtful, before + one).unread]
        if read.readings and not forms:
            raise Problem(
                f"{self.rows.name(read.unread[0])}, column {name}: not a date that can be told",
                "Nothing tells which of its numbers is the year, and no format takes all cells: "
                "write the year with four digits.",
            )
        if read.readings:
            more = f" (and {len(read.unread) - 1} more)" if len(read.unread) > 1 else ""
            said_forms = " or ".join(f"{say.date_format:{before + one}}" for one in forms)
            raise Problem(
                f"{self.rows.name(read.unread[0])}, column {name}: not a date{more}",
                f"Nothing tells whether {_first_of(forms)} comes first: say {said_forms}.",
            )
        form = read.form
        several = [one for one in form.split(", ") if one.count("%") > 2]  # %b %d, %Y is one
        for one in several if len(several) > 1 else ():
            if not dates.parse(text, before + one).unread:
                form = one
        self.facts["date_form"] = said or form or own or None
        if not said and (swapped := dates.swapped(text)):
            first, told = swapped
            self.warnings.append(
                Note("months_swapped", {"column": name, "row": self.rows.name(first), **told})
            )
        return read

    def _zone_names(
        self, name: str, text: pa.ChunkedArray, said: str | None
    ) -> tuple[pa.ChunkedArray, str | None]:
        """Times with names of zones, such as EST, written with offsets; and the format for them."""
        plain, several = date_words.without_zone_names(text)
        if plain is text:
            return text, said
        if several and self.settings.timezone:
            raise Problem(
                f"column {name}: {', '.join(several)} is the name of several zones",
                "Write the offset, such as -06:00, in the file; without "
                f"{say.timezone} times are taken as written.",
            )
        if said is None:
            return plain, None
        form = said.replace("%Z", "%z") if "%Z" in said or "%z" in said else f"{said} %z"
        better = len(dates.parse(plain, form).unread) < len(dates.parse(text, said).unread)
        return (plain, form) if better else (text, said)

    def _odd_dates(self, name: str) -> None:
        """The first and the last date, and how many cannot be true."""
        column = self.table[name]
        if not pa.types.is_timestamp(column.type) and not pa.types.is_date(column.type):
            return
        micros = self.on_the_clock(column).cast(pa.int64()).drop_null()
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

    def on_the_clock(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Times as the shop's clock shows them."""
        zone = getattr(column.type, "tz", None)
        times = column.cast(pa.timestamp("us", zone))
        if zone is None:
            return times
        return pc.local_timestamp(times.cast(pa.timestamp("us", self.settings.timezone or zone)))

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
        offsets = sorted(pc.unique(read.offsets).drop_null().to_pylist())
        shown = ", ".join(
            map(_offset, offsets[:3] if len(offsets) < 4 else [offsets[0], offsets[-1]])
        )
        apart = offsets[-1] - offsets[0] > _SUMMER_TIME
        told = Note("zones_apart" if apart else "as_written", {"column": name, "zones": shown})
        (self.warnings if apart else self.notes).append(told)
        return read.wall

    def _number(self, role: str) -> None:
        if role not in self.chosen:
            return
        name = self.chosen[role].value
        self.arguments[role] = name
        column = self.table[name]
        if is_text(column.type):
            column = digits.plain(column)
        if pa.types.is_nested(column.type):
            raise Problem(
                f"column {name} holds {column.type}, and amounts are plain numbers or texts",
                "Take its fields out as columns of their own.",
            )
        if not is_text(column.type):
            if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
                self.table = replaced(self.table, name, self._unsigned(role, name, column))
                amount_units.apply(self, role, name)
            return
        read = amounts.parse(column, self.settings.decimal)  # of a dictionary each text once
        if read.ambiguous and (sign := self._grouping(column)):
            read = amounts.parse(column, "," if sign == "." else ".")
        if read.ambiguous:
            raise either_sign(name)
        if read.unread:
            found = amount_texts.cleaned(column, read.unread)
            if found.rows:
                column = found.column
                read = amounts.parse(column, self.settings.decimal)
                read.currencies.update(found.currencies)
                self.notes.append(Note("amounts_cleaned", {"column": name, "rows": found.rows}))
                if read.ambiguous:
                    raise either_sign(name)
        what = "a whole number" if role == "quantity" else "an amount"
        self._refuse(name, column, read.unread, what)
        if role == "amount":
            self._refuse_thousands(name, column, read.decimal)
        self._grouped(name, column, read)
        if role == "amount":
            self.said_in_amounts = read.currencies
            known = pc.unique(column).cast(pa.string())
            self.dollars = bool(pc.any(pc.match_substring_regex(known, r"(^|[^A-Za-z])\$")).as_py())
            decimals = pc.match_substring_regex(known, r"\d[.,]\d{1,2}\D*$")
            few = max(_FEW_DECIMALS * len(known), 1 if len(known) >= _TEXTS_FOR_ONE else 0)
            self.decimals = (pc.sum(decimals).as_py() or 0) > few
            self.other_signs = amounts.other_signs(known)
            self._formats(name)
        self.table = replaced(self.table, name, self._unsigned(role, name, read.values))
        amount_units.apply(self, role, name)

    def _grouping(self, column: pa.ChunkedArray) -> str:
        """The sign that groups thousands where the currency has no decimals, or nothing."""
        codes = {(self.settings.currency or "").upper()}
        if "currency" in self.chosen and not self.settings.currency:
            told = shown(self.table[self.chosen["currency"].value])
            codes = set() if told is None else {text.strip().upper() for text in distinct(told)}
        if not codes or not codes <= money_columns.WHOLE:
            return ""
        known = pc.unique(column).cast(pa.string()).drop_null()
        signs = {
            sign for text in known.to_pylist() for sign in re.findall(r"(?<=\d)[.,](?=\d{3})", text)
        }
        return signs.pop() if len(signs) == 1 else ""

    def _refuse_thousands(self, name: str, column: pa.ChunkedArray, sign: str) -> None:
        """Refuses three digits behind the decimal sign, which group thousands nearly always."""
        if self.settings.decimal != "auto":
            return
        pattern = rf"^[^\d]*[1-9]\d{{0,2}}{re.escape(sign)}\d{{3}}[^\d]*$"
        known = pc.unique(column).cast(pa.string())
        if pc.any(pc.match_substring_regex(known, pattern)).as_py():
            cells = column.cast(pa.string())
            here = pc.indices_nonzero(pc.match_substring_regex(cells, pattern))
            raise Problem(
                f"column {name}: {len(here)} amounts have three digits behind the decimal sign, as "
                f"groups of thousands have (the first in {self.rows.name(here[0].as_py())})",
                f"Write them alike in the file; {say.decimal:{sign}} says that they are decimals.",
            )

    def _formats(self, name: str) -> None:
        """Currencies that a spreadsheet's cells are formatted as."""
        if self.settings.ignores(name):
            return
        for source, _ in self.rows.parts:
            for code, row in source.currencies(name).items():
                yuan = code == number_formats.YEN and (self.settings.currency or "").upper()
                known = {number_formats.YEN: "CNY" if yuan == "CNY" else "JPY"}.get(code, code)
                self.formats.setdefault(known, row)
        self.dollars = self.dollars or number_formats.DOLLARS in self.formats
        self.said_in_amounts |= set(self.formats) - {number_formats.DOLLARS}

    def _grouped(self, name: str, column: pa.ChunkedArray, read: amounts.Amounts) -> None:
        """Remembers amounts such as 1,234, whose decimal sign only the currency may decide."""
        if self.settings.decimal != "auto" or read.decimal != ".":
            return
        known = [one for one in pc.unique(column).cast(pa.string()).to_pylist() if one]
        with_comma = [one for one in known if "," in one]
        if not with_comma or any("." in one for one in known):
            return
        digits = [re.sub(r"[^\d,]", "", one) for one in with_comma]
        if all(re.fullmatch(r"[1-9]\d{0,2},\d{3}", one) for one in digits):
            self.grouped.append(name)

    def _unsigned(self, role: str, name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        """What is subtracted is written with either sign, and handed over without one."""
        if role not in ("refunded", "discount"):
            return values
        ends = pc.min_max(values)
        low, high = ends["min"].as_py() or 0, ends["max"].as_py() or 0
        if low < 0 < high and self.settings.bad_rows == "error":
            at = pc.indices_nonzero(pc.less(values, zero(values.type)))
            raise Problem(
                f"{self.rows.name(at[0].as_py())}, column {name}: a negative amount, beside "
                "positive ones",
                f"What is given back or taken off has one sign in all rows. {say.bad_rows:drop} "
                "leaves negative ones out.",
            )
        if low < 0 and high <= 0:
            self.notes.append(Note("signs", {"column": name}))
            return pc.abs(values)
        return values

    def _refuse(self, name: str, text: pa.ChunkedArray, unread: list[int], what: str) -> None:
        if not unread:
            return
        if what == "a date" and self.settings.date_format is None:
            self._refuse_both(name, text, unread, dates.ORDERS)
        elif what == "an amount" and self.settings.decimal == "auto":
            self._refuse_both(name, text, unread, amounts.SIGNS)
        if self.settings.bad_rows == "drop":
            self.unread_cells[name] = unread
            code = "unread_dates" if what == "a date" and "order_id" in self.chosen else "unread"
            role = next((one for one, of in self.chosen.items() if of.value == name), "")
            code = {"amount": "amounts_dropped", "quantity": "amounts_dropped"}.get(role, code)
            code = "money_dropped" if role in MONEY else code
            listed = self.notes if code.startswith("unread") else self.warnings
            listed.append(Note(code, {"column": name, "rows": len(unread)}))
            return
        hint = ""
        if what == "a date" and len(unread) * 10 <= len(text):
            hint = (
                "The other cells are read: look at this one, for a day that the calendar has not, "
                f"a time such as 24:00 or another form. {say.bad_rows:drop} leaves such rows out."
            )
        elif what == "a date" and self.settings.date_format is None:
            hint = "Read are dates with the year first, such as 2024-01-31 12:34 or 2024年1月31日; "
            if dates.looks_day_or_month_first(text[unread[0]].as_py()):
                hint = "The year seems to come last: "
            elif _SERIAL.fullmatch(text[unread[0]].as_py()):
                hint = (
                    f"Days that a spreadsheet counts are read with {say.date_format:excel}; else "
                )
            hint += f"name the format with {say.date_format}, for example "
            hint += '"%d/%m/%Y" or "%m/%d/%Y %H:%M".'
        elif what == "a date":
            hint = f"It does not follow {say.date_format}, or the calendar has no such day."
        elif what == "an amount":
            cell = amount_texts.described(str(text[unread[0]].as_py()))
            short = amount_texts.is_shortened(str(text[unread[0]].as_py()))
            hint = (
                f"It has {cell}. Read are amounts such as 1234.5, 1,234.50, 1.234,50, ¥1,234 and "
                f"(500); {say.bad_rows:drop} leaves such rows out."
            ) + " Write amounts such as 1.2k and 3万 in full in the file." * short
        more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        raise Problem(f"{self.rows.name(unread[0])}, column {name}: not {what}{more}", hint)

    def _refuse_both(
        self, name: str, text: pa.ChunkedArray, unread: list[int], forms: Mapping[str, str]
    ) -> None:
        """Refuses a column that is unread because two forms that exclude each other occur in it."""
        cells = text.cast(pa.string())
        of_form = {what: pc.match_substring_regex(cells, one) for what, one in forms.items()}
        apart = forms is dates.ORDERS and len(unread) < len(text) - text.null_count
        if apart:
            serial = pc.fill_null(pc.match_substring_regex(cells, f"^{_SERIAL.pattern}$"), False)
            apart = pc.all(serial.take(pa.array(unread, pa.int64()))).as_py() is True
            if apart:
                of_form = {
                    "days that a spreadsheet counts": serial,
                    "a date": pc.and_(pc.is_valid(cells), pc.invert(serial)),
                }
        at = {what: pc.indices_nonzero(here) for what, here in of_form.items()}
        known = set(range(len(text))) if apart else set(unread)
        if not all(len(rows) and rows[0].as_py() in known for rows in at.values()):
            return
        told = [
            f"{len(rows)} with {what} (the first in {self.rows.name(rows[0].as_py())})"
            for what, rows in at.items()
        ]
        raise Problem(
            f"column {name} has cells of two forms: {', and '.join(told)}",
            "Write them alike in the file.",
        )

    def plain_amounts(self, name: str) -> pa.ChunkedArray:
        """A column of amounts as numbers."""
        column = self.table[name]
        plain = pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)
        return column if plain else column.cast(pa.float64())

    def floats(self, role: str) -> Floats:
        """The numbers of a role; missing ones are not a number."""
        found = groups.values(self.plain_amounts(self.chosen[role].value))
        return np.where(found.valid, found.floats, np.nan)

    def _dimensions(self) -> None:
        for dimension in self.dimensions:
            self._category(dimension)
        if self.dimensions:
            self.arguments["dimensions"] = list(self.dimensions)

    def _category(self, name: str) -> None:
        if is_text(self.table[name].type):
            self.table = replaced(self.table, name, trimmed(self.table[name]))


# What lists within rows may say of the numbers; `lists_refunds` what a column of refunds says, too.
_OF_LISTS = ("lists_told", "lists_refunds", "list_beside")
# What was left out and may be missed in the numbers.
_ON_TOP = (
    *("json_more", "sheets_alike", "sheets_hidden_alike", "lists_told", "list_beside"),
    "rows_hidden",
)
_SUMMER_TIME = 60  # minutes; offsets further apart are of different zones
_FEW_DECIMALS = 0.02  # of cents, that are whole numbers
_TEXTS_FOR_ONE = 20
_EPOCH = datetime.date(1970, 1, 1)
_DAY_ALONE = r"^[^:T]{6,20}$"
TIME_ALONE = r"^(午前|午後|오전|오후)? ?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
_SERIAL = re.compile(r"\s*[1-6]\d{4}(\.\d+)?\s*")  # days of 1927 to 2091, as Excel counts them


def is_clock(heading: str) -> bool:
    """Whether a heading is that of times of day."""
    return fold(heading) in set(map(fold, layouts.words()["headings"]["clocks"]["words"]))


def all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Whether a column has texts, and all of them are of a pattern."""
    words = pc.unique(column.drop_null().slice(0, 10_000))
    return len(words) > 0 and pc.all(pc.match_substring_regex(words, pattern)).as_py() is True


def either_sign(name: str) -> Problem:
    """The question for the decimal sign of a column."""
    return Problem(
        f"column {name}: nothing tells whether the sign in its amounts groups thousands or begins "
        "the decimals",
        f"Say so with {say.decimal:.} or {say.decimal:,}.",
    )


def _first_of(forms: Sequence[str]) -> str:
    names = {"%d": "the day", "%m": "the month", "%y": "the year", "%Y": "the year"}
    found = list(dict.fromkeys(names.get(form[:2], "the year") for form in forms))
    return ", ".join(found[:-1]) + " or " + found[-1] if len(found) > 1 else found[0]


def _date(days: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=days)


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
