"""From a shop's export to the columns that `Orders` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Misuse, Problem
from . import (
    amount_columns,
    amount_meaning,
    charset,
    coded,
    date_words,
    dates,
    discounts,
    doubts,
    groups,
    id_doubts,
    ids,
    items,
    kept_rows,
    last_rows,
    last_states,
    layouts,
    likely,
    list_columns,
    marked_rows,
    marks,
    merged_cells,
    money_columns,
    odd_numbers,
    odd_rows,
    other_sheets,
    other_tables,
    owed,
    row_doubts,
    running_totals,
    second_tables,
    sets,
    states,
    subtotals,
    titles,
)
from .columns import (
    as_text,
    cut,
    distinct,
    filled_within,
    is_text,
    plain,
    replaced,
    safe,
    shown,
    trimmed,
)
from .headings import (
    CATEGORIES,
    MONEY,
    Choice,
    choose,
    currency_beside,
    find,
    further,
    is_currency,
)
from .layouts import MEANINGS, fold, fold_word
from .messages import say
from .money_reading import MoneyReading
from .reading import asked_for, layout_of
from .said import Said
from .settings import Loaded, Note, Rows, Settings
from .several_files import not_alike, of_some, read_files, require, shared, without_repeated
from .source import sources_of
from .state_reading import is_in
from .understanding import first_order, looks

_GARBLED_AT_MOST = 20_000  # texts that are looked at
_KEY = ("customer_id", "ordered_at", "amount", "order_id", "quantity")


def load(
    paths: Sequence[Path], settings: Settings, advance: Callable[[float], None] = lambda share: None
) -> Loaded:
    """Read files of orders with the same headings, one after the other."""
    sources = sources_of(paths, settings.encoding, settings.delimiter)
    return load_sources(sources, settings, advance)


@coded.remembered()
def load_sources(
    sources: Sequence[Any],
    settings: Settings,
    advance: Callable[[float], None] = lambda share: None,
) -> Loaded:
    """The same for files that are open, or frames: all that has headings and can be read."""
    first = sources[0]
    headings = list(first.headings)
    if not headings:
        raise Problem(f"{first.name} has no columns, and so no orders")
    layout = layout_of(headings, settings, "orders")
    tables, table = read_files(sources, shared(sources), settings, advance)
    tables, told = list_columns.read(tables, [one.name for one in sources])
    first.notes.extend(told)
    if told:
        table = pa.concat_tables(tables)
    settings = _with_lists(settings, sources)
    added = [name for name in table.column_names if name not in shared(sources)]
    gone = {values["list"] for code, values in told if code == "list_added_up"}
    headings = [*(name for name in headings if name not in gone), *added]
    if settings.columns.get("customer_id") == "":
        tables = [ids.with_nobody(one) for one in tables]
        table = pa.concat_tables(tables)
    parts = () if settings.columns.get("ordered_at") else date_words.in_parts(headings)
    if parts:
        tables = [date_words.joined(one, parts) for one in tables]
        table = pa.concat_tables(tables)
    other_tables.refuse(headings, tables[0], settings.columns, layout)
    seen = likely.Seen(table, layout.guests if layout is not None else ())
    chosen = _chosen(sources, headings, settings, layout, seen, parts)
    # A filter on the dates' or the amounts' column is one on `ordered_at` or `amount`.
    own = {choice.value for role, choice in chosen.items() if role in _KEY}
    of_categories = further(headings, settings.columns, settings.dimensions, layout)
    own |= {choice.value for choice in of_categories.values()}
    chosen |= of_categories
    dimensions = asked_for(settings.dimensions, headings, own)
    made = (ids.NOBODY, date_words.name_of(parts), *added)
    read = [choice.value for choice in chosen.values() if choice.value not in made]
    require(sources, [*read, *dimensions])
    notes: list[Note] = []
    if len(sources) > 1:
        tables, notes = without_repeated(sources, tables, chosen, settings)
        table = pa.concat_tables(tables)
    reading = OrderReading(sources, tables, table, chosen, dimensions, settings, layout)
    del seen, tables, table  # the texts of a column are free once it is read
    reading.notes += notes
    if some := of_some(sources):
        if currencies := [name for name in some if is_currency(name)]:
            raise Problem(
                f'not every file has "{currencies[0]}", which says the currency',
                "Amounts of different currencies are not added up; read the files one by one.",
            )
        shown_names = ", ".join(f'"{cut(name)}"' for name in some[:5])
        reading.warnings.append(Note("not_in_all", {"columns": shown_names}))
    loaded = reading.finish()
    advance(1.0)
    return loaded


def _with_lists(settings: Settings, sources: Sequence[Any]) -> Settings:
    """The settings, in which a list that does not matter is also what it was added up as."""
    added = [values for one in sources for code, values in one.notes if code == "list_added_up"]
    columns = [str(one["column"]) for one in added if settings.ignores(str(one["list"]))]
    return replace(settings, ignore=[*settings.ignore, *columns]) if columns else settings


def _chosen(
    sources: Sequence[Any],
    headings: Sequence[str],
    settings: Settings,
    layout: layouts.Layout | None,
    seen: likely.Seen,
    parts: Sequence[str],
) -> dict[str, Choice]:
    """The column of each role, with what `--ignore` takes back."""
    headings, given = list(headings), settings.columns
    if given.get("customer_id") == "":
        headings, given = [*headings, ids.NOBODY], {**given, "customer_id": ids.NOBODY}
    if parts:
        day = date_words.name_of(parts)
        headings, given = [*headings, day], {**given, "ordered_at": day}
    try:
        chosen = choose(headings, given, layout, seen.filled, seen.propose)
    except Problem as problem:
        lists = [str(values["columns"]) for code, values in sources[0].notes if code == "arrays"]
        more = f" Lists within rows are not read: {lists[0]}." if lists else ""
        more += not_alike(sources)
        raise problem.hinted(more) from None
    if parts:
        listed = ", ".join(parts)
        chosen["ordered_at"] = Choice("ordered_at", day, "date_parts", listed)
    if "currency" not in chosen and (beside := currency_beside(chosen["amount"].value, headings)):
        chosen["currency"] = Choice("currency", beside, "heading")
    ignored = {fold(name) for name in settings.ignore}
    return {
        role: choice
        for role, choice in chosen.items()
        if role not in MONEY or choice.reason == "given" or fold(choice.value) not in ignored
    }


class OrderReading(MoneyReading):
    """The steps of `load` after the bytes are in; one per role."""

    def finish(self) -> Loaded:
        if self.layout is not None and not self.layout.own:
            amount_columns.without_columns(self, self.layout)
        for step in (
            self._file,
            self._one_table,
            self._keep,
            self._repeated_rows,
            self._keep_last,
            self._no_total_row,
            self._garbled,
            self._fill_down,
            self._whole_ids,
            self._customers,
            self._orders,
            self._dates,
            self._numbers,
            self._amount_is,
            self._refund_rows,
            self._blank_keys,
            self._levels,
            self._contained,
            self._layout_says,
            self._doubts,
            self._states,
            self._below_zero,
            self._unpaid_days,
            self._unpaid,
            self._unread_discounts,
            self._currency,
            self._money_beside,
            self._facts,
            self._rest,
        ):
            step()
            # Arrow keeps what it no longer uses: a quarter of the peak of a million rows.
            pa.default_memory_pool().release_unused()
        return self._loaded()

    def _repeated_rows(self) -> None:
        key = self.chosen.get("order_id", self.chosen["customer_id"]).value
        odd_rows.without_repeated(self, key, self.chosen["amount"].value)

    def _one_table(self) -> None:
        if second_tables.is_description(self):
            self._without([0])
            self.notes.append(Note("description_row", {"file": self.sources[0].name}))
        second_tables.refuse(self)
        for source, _ in self.rows.parts:
            source.refuse_formulas([one.value for one in self.chosen.values()])

    def _keep_last(self) -> None:
        last_states.keep(self)
        if self.layout is None and self.table.num_rows:
            marks.refuse_changes(self)

    def _refund_rows(self) -> None:
        """Rows that the user declares to be refunds have amounts below zero."""
        name = self.chosen["amount"].value
        for said, words in self.settings.refund_rows.items():
            of = find(said, self.table.column_names, f"{say.refund_rows}")
            column = shown(self.table[of])
            texts = [] if column is None else distinct(column)
            wanted = {fold_word(word) for word in words}
            told = [text for text in texts if fold_word(text) in wanted]
            if column is None or not told:
                raise Misuse(
                    f'{say.refund_rows}: no cell of "{of}" is {", ".join(map(cut, words))}',
                    _there_are(texts, column, self.rows.name),
                )
            self._unused("refund_rows", words, texts)
            here = pc.fill_null(pc.is_in(column, value_set=pa.array(told, pa.string())), False)
            amounts = self.table[name]
            below = pc.if_else(here, pc.negate(pc.abs(amounts)), amounts)
            self.table = replaced(self.table, name, below.cast(amounts.type))
            rows = pc.sum(here).as_py()
            self.notes.append(Note("refund_rows", {"column": of, "rows": rows}))
            self.given_back[of] = told
            if not any(states.speaks_of_stop(text) for text in texts if text not in told):
                self.unread = [one for one in self.unread if one != of]

    def _doubts(self) -> None:
        doubts.of_amounts(self)
        titles.said(self)
        if self.table.num_rows:
            other_sheets.said(self)
        if self.table.num_rows:
            amount_columns.constant_date(self)
            amount_columns.refuse_net(self)
            discounts.refuse_fractions(self)
            marked_rows.said(self)
            odd_numbers.said(self)
            row_doubts.said(self)
            id_doubts.said(self)
            if self.layout is None:
                marks.codes(self)
                marks.alike_but_for(self)
            if self.layout is None and self.keys is not None:
                sets.said(self, self.keys)
            subtotals.said(self)
            running_totals.said(self)
        if self.layout is None:
            odd_rows.of_items(self, list(items.of(self)))

    def _money_beside(self) -> None:
        if self.table.num_rows:
            amount_columns.said(self)

    def _below_zero(self) -> None:
        if self.table.num_rows:
            doubts.below_zero(self)

    def _unpaid(self) -> None:
        owed.said(self)
        row_doubts.unpaid(self)
        if self.table.num_rows:
            row_doubts.replaced(self)

    def _numbers(self) -> None:
        discounts.refuse_percent(self)
        amount_columns.refuse_debits(self)
        for role in ("amount", *MONEY, "quantity"):
            self._number(role)

    def _keep(self) -> None:
        kept_rows.keep(self)

    def _blank_keys(self) -> None:
        """Rows without a number or a date, which the library refuses or leaves out."""
        blank: dict[str, groups.Flags] = {}
        for role in ("order_id", "ordered_at"):
            if role in self.arguments:
                column = self.table[self.arguments[role]]
                here = ~groups.valid(column)
                if role == "ordered_at" and self.keys is not None:
                    here &= np.asarray(self.keys.each(self.keys.counts(~here) == 0, True))
                if np.any(here):
                    blank[self.arguments[role]] = here
        if not blank or self.settings.bad_rows != "drop":
            return
        here = np.logical_or.reduce(list(blank.values()))
        unread = np.zeros_like(here)
        unread[self.unread_cells.get(self.arguments["ordered_at"], [])] = True
        for code, rows in (("dates_dropped", here & unread), ("blank_dropped", here & ~unread)):
            if not np.any(rows):
                continue
            found, keys = money_columns.worth(self)
            amount = amount_meaning.total(marked_rows.some_of(found, rows), keys)
            gone = int(np.count_nonzero(rows & ~found.valid))
            said = [name for name, of in blank.items() if np.any(of & rows)]
            values = {
                "rows": int(np.count_nonzero(rows)),
                "columns": ", ".join(f'"{name}"' for name in said),
                "amount": f"{amount:,}",
                "gone": gone,
            }
            code += "_and_gone" if gone and code == "dates_dropped" else ""
            self.warnings.append(Note(code, values))

    def _no_total_row(self) -> None:
        """Last rows of totals or of remarks are no orders, nor are headings within the file."""
        self._no_blank_row()
        columns = {role: choice.value for role, choice in self.chosen.items()}
        again, alike = last_rows.headings_again(self.table, columns)
        if again and not alike:
            raise Problem(
                f"{self.rows.name(again[0])} holds headings again: two tables stand in one file",
                "Put each of them into a file of its own; several files are read as one.",
            )
        if again:
            self._without(again)
            self.notes.append(Note("headings_again", {"rows": len(again)}))
        while found := last_rows.no_order(self.table, columns):
            row, name, what = found
            if self.settings.bad_rows != "drop":
                raise Problem(
                    f"{self.rows.name(row)}, column {name}: {what} is no order",
                    f"Leave the row out of the file; {say.bad_rows:drop} leaves it out, too.",
                )
            told = {"row": self.rows.name(row), "column": name}
            self.warnings.append(Note("total_dropped", told))
            self._without([row])

    def _no_blank_row(self) -> None:
        """Rows of a frame without any value are left out, as those of a file are."""
        blank: groups.Flags | None = None
        for name in self.table.column_names:
            column = self.table[name]
            if pa.types.is_floating(column.type):
                column = pc.if_else(pc.is_nan(column), None, column)
            if not column.null_count:
                return
            here = ~groups.valid(column)
            blank = here if blank is None else blank & here
            if not np.any(blank):
                return
        if blank is not None and not np.all(blank):
            self._without(np.flatnonzero(blank).tolist())

    def _without(self, rows: Sequence[int]) -> None:
        """Leaves rows out of the table, and remembers the places of the others."""
        keep = np.setdiff1d(np.arange(self.table.num_rows), rows)
        before = self.rows.kept
        kept = keep.tolist() if before is None else [before[at] for at in keep.tolist()]
        self.rows = Rows(self.rows.parts, kept)
        self.table = self.table.take(pa.array(keep))

    def _whole_ids(self) -> None:
        """Ids that a missing one has made floats of are integers again."""
        for role in ("customer_id", "order_id"):
            name = self.chosen[role].value if role in self.chosen else None
            column = None if name is None else self.table[name]
            if name is None or column is None or not pa.types.is_floating(column.type):
                continue
            column = pc.if_else(pc.is_nan(column), None, column)
            if pc.all(pc.equal(column, pc.floor(column))).as_py() is not False:
                self.table = replaced(self.table, name, column.cast(pa.int64()))

    def _customers(self) -> None:
        name = self.chosen["customer_id"].value
        self.arguments["customer_id"] = name
        column = self._unmarked(name, trimmed(self.table[name]))
        of_layout = self.layout.guests if self.layout is not None else ()
        said = self.settings.guest_ids
        column, guests = ids.without_guests(
            column, said or (of_layout if self._of_layout("customer_id") else ())
        )
        rows_of = ids.rows_of_ids(column)
        if not said and (nobody := ids.placeholder(rows_of)):
            self.warnings.append(Note("zero_id", {"column": name, "id": nobody}))
        elif not said and (zero := self._zero(rows_of, column)):
            self.warnings.append(Note("zero_customer", {"column": name, **zero}))
        elif not said and (rows := ids.prevailing(rows_of)):
            self.notes.append(Note("prevailing_id", {"column": name, "rows": rows}))
        self._rounded_ids(name, column)
        there = {plain(word) for word in guests}
        unused = [word for word in said if word and plain(word) not in there]
        if unused:  # ids near them are of customers, and not shown
            values = {"option": f"{say.guest_id}", "words": ", ".join(map(safe, unused[:5]))}
            self.warnings.append(Note("unused_words", values))
        self.nobody = guests
        if guests:
            self.notes.append(Note("guest_words", {"column": name, "words": ", ".join(guests)}))
        how = self.settings.id_fold
        self.id_fold = how or ("email" if ids.is_mail(column) else "none")
        column, joined = ids.folded(column, self.id_fold)
        if joined:
            code = "numbers_folded" if self.id_fold == "number" else "ids_folded"
            self.notes.append(Note(code, {"column": name, "ids": joined}))
        near = ids.near(column)
        if near and how != "none":
            self.warnings.append(Note("near_ids", {"column": name, "ids": near}))
        numbered = ids.near_numbers(column) if how in (None, "email") else 0
        if numbered:
            self.warnings.append(Note("near_numbers", {"column": name, "ids": numbered}))
        self.facts["ids"] = {"fold": self.id_fold, "joined": joined, "near": near}
        self.table = replaced(self.table, name, column)

    def _zero(self, rows_of: ids.RowsOf, column: pa.ChunkedArray) -> dict[str, object]:
        """The id 0, where other columns or the other ids say that it is nobody's."""
        zero, rows, odd = ids.zero(rows_of)
        if not rows:
            return {}
        here = pc.fill_null(pc.equal(column.cast(pa.string()), zero), False)
        mails = [one for one in self.unread if ids.is_mail(self.table[one])]
        people = max((len(ids.words_in(self.table[one], here)) for one in mails), default=0)
        return {"id": zero, "rows": rows, "people": people} if odd or people > 1 else {}

    def _unmarked(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Ids without the marks with which spreadsheets keep zeros: ="007", '007."""
        column, marked = ids.unmarked(column)
        if marked:
            self.notes.append(Note("marked_ids", {"column": name, "ids": marked}))
        return column

    def _rounded_ids(self, name: str, column: pa.ChunkedArray) -> None:
        if count := ids.rounded(column):
            self.warnings.append(Note("rounded_ids", {"column": name, "ids": count}))

    def _orders(self) -> None:
        """Where only an order's first line carries its values, the other lines get them too."""
        if "order_id" not in self.chosen:
            return
        name = self.chosen["order_id"].value
        keys = self._unmarked(name, trimmed(self.table[name]))
        self.table = replaced(self.table, name, keys)
        self.arguments["order_id"] = name
        self._rounded_ids(name, keys)
        numbered = ids.near_numbers(keys)
        if numbered:
            self.warnings.append(Note("near_orders", {"column": name, "ids": numbered}))
        merged_cells.refuse(self, name, keys)
        if pa.types.is_nested(keys.type) or self.keys is None:
            return
        for role in ("customer_id", "ordered_at", "status"):
            if role not in self.chosen:
                continue
            column = self.chosen[role].value
            values = trimmed(self.table[column])
            filled = filled_within(self.keys, values)
            if role == "status":  # what stands on a later line alone is that line's
                first = np.asarray(self.keys.each(groups.valid(values)[self.keys.firsts()], True))
                filled = pc.if_else(pa.array(first), filled, values)
            count = self.table[column].null_count - filled.null_count
            if count > 0:
                self.table = replaced(self.table, column, filled)
                self.notes.append(Note("filled", {"column": column, "rows": count}))

    def _fill_down(self) -> None:
        merged_cells.fill(self)

    def _garbled(self) -> None:
        """Texts that another encoding has changed, in columns that are read."""
        names = dict.fromkeys([*(one.value for one in self.chosen.values()), *self.dimensions])
        for name in names:
            if not is_text(self.table[name].type):
                continue
            text = self.table[name].cast(pa.string())
            if pc.all(pc.string_is_ascii(text)).as_py() is not False:
                continue
            words = pc.unique(text)
            wide = words.filter(pc.invert(pc.string_is_ascii(words)))
            looked = wide[:_GARBLED_AT_MOST].to_pylist()
            told = [one for one in looked if charset.is_garbled(one)]
            if told:
                here = pc.is_in(text, value_set=pa.array(told, pa.string()))
                values = {"column": name, "rows": pc.sum(here).as_py()}
                self.warnings.append(Note("mixed_encodings", values))

    def _unread_discounts(self) -> None:
        discounts.unread(self)

    def _facts(self) -> None:
        """What `--check` shows besides the choices."""
        self.facts["zone"] = self.arguments.get("timezone")
        self.facts["unread"] = {
            name: looks(self.table[name])
            for name in self.unread
            if name not in self.dimensions and name in self.table.column_names
        }
        if not self.table.num_rows:
            return
        kept = self._kept()
        state = self.table[self.arguments["status"]] if "status" in self.arguments else None
        if state is not None:
            self.facts["states"] = {
                meaning: {
                    "rows": pc.sum(here).as_py(),
                    "orders": states.orders_in(self.keys, here),
                }
                for meaning in MEANINGS
                for here in [pc.and_(is_in(state, [meaning]), pa.array(kept))]
                if pc.any(here).as_py()
            }
        if not np.any(kept):
            return
        row = int(np.argmax(kept))
        quantity = self.chosen.get("quantity")
        lines, amounts, total = first_order(
            self.keys,
            self.plain_amounts(self.arguments["amount"]),
            None if quantity is None else self.plain_amounts(quantity.value),
            self.arguments["amount_is"],
            kept,
        )
        self.facts["first_order"] = {
            "lines": lines,
            "amounts": amounts,
            "total": total,
            "date": self._day_of(row),
            "state": None if state is None else state[row].as_py(),
        }

    def _kept(self) -> groups.Flags:
        """The rows that the library reads: all, or all readable ones if the others are left out."""
        kept = np.ones(self.table.num_rows, np.bool_)
        if self.settings.bad_rows != "drop":
            return kept
        for role in ("ordered_at", "amount", "quantity"):
            if role not in self.arguments:
                continue
            here = groups.valid(self.table[self.arguments[role]])
            of_order = role == "ordered_at" or self.arguments["amount_is"] == "order"
            if of_order and self.keys is not None:  # a row takes what another of its order has
                here |= np.asarray(self.keys.each(self.keys.counts(here) > 0, False), np.bool_)
            kept &= here
        return kept

    def _day_of(self, row: int) -> str:
        column = self.table[self.arguments["ordered_at"]].slice(row, 1)
        if pa.types.is_timestamp(column.type):
            column = self.on_the_clock(column)
        return str(column[0].as_py())[:10]

    def _rest(self) -> None:
        for role in ("refunded_at", "kind", "line_kind"):
            if role in self.chosen:
                self._further(role)
        for role in CATEGORIES:
            if role in self.chosen:
                self._category(self.chosen[role].value)
                self.arguments[role] = self.chosen[role].value
        self._dimensions()
        customer = self.table[self.arguments["customer_id"]]
        guests = int(np.count_nonzero(~groups.valid(customer) & self._kept()))
        if self.settings.guests:
            self.arguments["guests"] = self.settings.guests
        elif guests:
            self.arguments["guests"] = "keep"
            if not self.nobody:
                merged_cells.grouped_customers(self, customer)
            self.notes.append(
                Note("guests", {"rows": guests, "column": self.arguments["customer_id"]})
            )
        if self.settings.bad_rows != "error":
            self.arguments["bad_rows"] = self.settings.bad_rows
        unit = self.settings.amount_unit or (
            self.layout.amount_unit if self.layout is not None and self._of_layout("amount") else ""
        )
        if self.settings.amount_unit == "major" or unit == "minor":
            self.arguments["amount_unit"] = unit
        if self.settings.round_amounts:
            self.arguments["round_amounts"] = True
        used = [
            value
            for role, value in self.arguments.items()
            if role in self.chosen or role == "status"
        ]
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


def _there_are(
    texts: Sequence[str], column: pa.ChunkedArray | None, row_name: Callable[[int], str]
) -> str:
    """The words of a column that a message may show."""
    if column is None or not texts:
        return "The column has no words."
    said = Said(column, row_name)
    known = [cut(text) for text in sorted(texts) if said.may_show(text)]
    rest = len(texts) - len(known)
    more = f"{rest} other texts" if rest else ""
    return f"There are {', '.join([*known[:10], *([more] if more else [])])}."
