"""Steps of reading orders that find out which of them count: states, cancellations, payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Misuse, Problem
from . import (
    amount_meaning,
    doubts,
    groups,
    line_states,
    marked_rows,
    marks,
    messages,
    money_columns,
    states,
    statuses,
)
from .columns import cut, distinct, filled_within, replaced, shown, trimmed, zero
from .currency_reading import CurrencyReading
from .headings import MONEY, Choice, find
from .layouts import MEANINGS, Layout, fold, fold_word
from .messages import say
from .said import Said
from .settings import Note


class StateReading(CurrencyReading):
    """The steps of `order_reading` on the state of an order."""

    def _states(self) -> None:
        """What does not count, by all columns that hold a state (see `states`)."""
        for word, meaning in self.settings.status_map.items():
            if meaning not in MEANINGS:
                raise Misuse(
                    f"{say.status_map}: {cut(word)} is {meaning}, which is no meaning",
                    f"There are {', '.join(MEANINGS)}.",
                )
        primary = self.chosen.get("status")
        self._unused_words(primary)
        stops = self._stops()
        mapped = None
        if primary is not None:
            mapped = self._mapped(primary.value)
        if mapped is None and not stops:
            self._suspects(None)
            return
        rows = self.table.num_rows
        of_lines: list[states.Stop] = []
        base = pa.chunked_array([pa.nulls(rows, pa.string())])
        if mapped is not None and primary is not None:
            base, of_lines = line_states.apart(self, primary.value, mapped)
        counted = pc.invert(is_in(base, statuses.STOPS))
        stopped = states.strongest([one.rows for one in [*stops, *of_lines]], rows)
        every, some = states.whole_orders(self.keys, stopped)
        by_order = states.of_order(self.keys, pc.if_else(every, stopped, None))
        result = pc.if_else(pc.and_(every, counted), by_order, base)
        for one in stops:
            here = pc.and_(pc.is_valid(one.rows), counted)
            touched = states.orders_in(self.keys, here)
            if touched:
                told = Note("also_stopped", {"column": one.name, "orders": touched})
                all_of = touched > 1 and touched == states.orders_in(self.keys, counted)
                (self.warnings if all_of else self.notes).append(told)
        self._cancelled_lines(pc.and_(pc.and_(pc.is_valid(stopped), some), counted))
        name = primary.value if primary is not None else stops[0].name
        target = name
        if primary is None or name in self.dimensions:
            target = f"{name} (status)"
            self.table = self.table.append_column(target, result)
        else:
            self.table = replaced(self.table, name, result)
        self.arguments["status"] = target
        self._blank_amounts(is_in(result, statuses.STOPS), "blank_amounts")
        if self.settings.bad_rows != "drop":
            self._blank_amounts(is_in(result, ["pending"]), "blank_pending")
        self._suspects(result)

    def _unused_words(self, primary: Choice | None) -> None:
        """Words that the user explained, and that are in no column."""
        names = [] if primary is None else [primary.value]
        names += [
            find(name, self.table.column_names, f"{say.status}") for name in self.settings.statuses
        ]
        names += [
            name for name in self.unread if statuses.is_state(name) or statuses.is_cancel(name)
        ]
        if "cancelled_at" in self.chosen:
            names.append(self.chosen["cancelled_at"].value)
        there: set[str] = set()
        for name in names:
            column = shown(self.table[name])
            if column is not None and len(there) < 10_000:
                there |= set(distinct(column))
        self._unused("status_map", self.settings.status_map, there)

    def _stops(self) -> list[states.Stop]:
        """The columns besides the status that stop orders."""
        settings, headings = self.settings, self.table.column_names
        off = settings.columns.get("status") == ""
        said = [find(name, headings, f"{say.status}") for name in settings.statuses]
        notes = [values for one in self.sources for _, values in one.notes]
        of_lists = [str(one[key]) for one in notes for key in ("column", "list") if key in one]
        ignored = [find(name, [*headings, *of_lists], f"{say.ignore}") for name in settings.ignore]
        taken = [choice.value for role, choice in self.chosen.items() if role != "cancelled_at"]
        cancels, others = states.by_headings(headings, taken, self.layout, ignored)
        own = self.chosen.pop("cancelled_at", None)
        if own is not None and own.value not in ignored:
            cancels.setdefault(own.value, ("*",) if statuses.is_replaced(own.value) else ())
            self.extra.append(own)
        elif settings.columns.get("cancelled_at") == "":
            cancels = {}
        stops = [self._stop(name, words) for name, words in cancels.items()]
        for name in [] if off else [*said, *(one for one in others if one not in said)]:
            column = self._state(name)
            if name in said:
                self._meanings(name, column, None)
            else:
                self._strangers(name, column)
            stops.append(states.further(name, column, settings.status_map))
        used = {one.name for one in stops}
        left_out = {fold(name) for name in [*ignored, *(self.layout.ignore if self.layout else ())]}
        self.unread = [
            name for name in self.unread if name not in used and fold(name) not in left_out
        ]
        for one in stops:
            for role in ("status", "cancelled_at"):
                if role in self.chosen and self.chosen[role].value == one.name:
                    self.chosen.pop(role)
        return stops

    def _strangers(self, name: str, column: pa.ChunkedArray) -> None:
        """Words without a known meaning, in a column of states that no layout names."""
        if self.layout is not None:
            return
        _, unknown = statuses.meanings(distinct(column), None, self.settings.status_map)
        if unknown:
            told = ", ".join(map(Said(column, self.rows.name), unknown[:5]))
            rows = is_in(column, unknown)
            values = {"column": name, "words": told, **self._money_of(rows, None)}
            values["orders"] = states.orders_in(self.keys, rows)
            self.warnings.append(Note("strange_words", values))

    def _stop(self, name: str, words: Sequence[str]) -> states.Stop:
        column = self._state(name)
        no_days = [text for text in distinct(column) if states.is_no_day(text)]
        if no_days and not words:
            rows = pc.sum(is_in(column, no_days)).as_py()
            self.notes.append(Note("no_days", {"column": name, "rows": rows}))
        own = self.settings.status_map
        return states.cancellations(name, column, words, own, Said(column, self.rows.name))

    def _state(self, name: str) -> pa.ChunkedArray:
        """A column of states, filled where only an order's first line carries its values."""
        column = shown(self.table[name])
        if column is None:
            raise Problem(f"column {name}: not words")
        self.of_states[name] = column
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
        self.of_states[name] = column
        known = self._meanings(name, column, self.layout if self._of_layout("status") else None)
        self._given_back(name, column, known)
        meaning = pa.array([*(known[word] for word in words), None], pa.string())
        at = pc.fill_null(pc.index_in(column, value_set=pa.array(words, pa.string())), len(words))
        by_meaning: dict[str, list[str]] = {}
        for word, one in known.items():
            by_meaning.setdefault(one, []).append(self._shown_state(word))
        shown_map = {one: by_meaning[one] for one in MEANINGS if one in by_meaning}
        if shown_map:
            self.notes.append(Note("statuses", {"map": shown_map}))
        return pc.take(meaning, at)

    def _shown_state(self, word: str) -> str:
        """A word that is known or the user's own; of others the end by which they are known."""
        own = {
            *map(fold_word, self.settings.status_map),
            *(self.layout.status if self.layout else ()),
        }
        if fold_word(word) in statuses.general() or fold_word(word) in own:
            return cut(word)
        return f"…{statuses.cancelled_at_end(word)}"

    def _given_back(self, name: str, column: pa.ChunkedArray, known: Mapping[str, str]) -> None:
        """Words about refunds compared with the amounts of refunds."""
        said = {fold_word(word) for word in self.settings.status_map}
        partial = [word for word in known if statuses.is_partial(word)]
        if partial and not said:
            doubts.refunds_missing(self, name, is_in(column, partial), partial[0])
        whole = {
            word: meaning
            for word, meaning in known.items()
            if meaning in ("refunded", "returned", "cancelled") and fold_word(word) not in said
        }
        vouched = self._of_layout("status") and self._of_layout("refunded")
        if "refunded" in self.arguments and not vouched:
            for word, meaning in whole.items():
                doubts.refunded_in_part(self, name, is_in(column, [word]), word, meaning)

    def _meanings(
        self, name: str, column: pa.ChunkedArray, layout: Layout | None
    ) -> dict[str, str]:
        known, unknown = statuses.meanings(distinct(column), layout, self.settings.status_map)
        if unknown:
            said = Said(column, self.rows.name)
            unknown.sort(key=lambda word: not said.may_show(word))
            listed = ", ".join(
                f'"{word}"' if said.may_show(word) else said(word) for word in unknown[:10]
            ) + (f" and {len(unknown) - 10} more" if len(unknown) > 10 else "")
            likely = statuses.likely(unknown[0])
            raise Problem(
                f"column {name}: what does {listed} mean?",
                f"Say so with {say.status_map:{said.option(unknown[0])}={likely}}; the "
                f"meanings are {', '.join(MEANINGS)}. "
                f'{say.status:""} leaves the column out.',
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
                cut_off = pc.if_else(lines, zero(column.type), column)
                self.table = replaced(self.table, name, cut_off)

    def _blank_amounts(self, stopped: pa.ChunkedArray, code: str) -> None:
        """A platform may leave amounts of orders that do not count, or not yet, blank: they are
        zero.
        """
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
                filled = pc.if_else(blank, zero(column.type), column)
                self.table = replaced(self.table, name, filled)
                listed = self.warnings if code == "blank_pending" else self.notes
                listed.append(Note(code, {"column": name, "rows": count}))

    def _suspects(self, mapped: pa.ChunkedArray | None) -> None:
        """Columns that look like a state and were not used, with the orders that they touch."""
        unread = [name for name in self.unread if name not in self.dimensions]
        unread = [name for name in unread if not marks.is_change(self, name)]
        read = "refunded" in self.chosen
        for one in states.suspects(self.table, unread, read, self.rows.name):
            # What is below zero gives back already.
            amounts = self.table[self.arguments["amount"]]
            below = pc.fill_null(pc.less(amounts, zero(amounts.type)), False)
            rows = pc.and_not(one.rows, pc.and_not(below, self._odd(one.name)))
            if mapped is not None:
                rows = pc.and_not(rows, is_in(mapped, statuses.STOPS))
            orders = states.orders_in(self.keys, rows)
            if orders:
                used = self.given_back.get(one.name, [])
                words = [word for word in one.words if word not in used]
                told = ", ".join(words[:5])
                word = words[0] if words else ""
                values = {"column": one.name, "orders": orders, "words": told, "word": word}
                stops = {word: statuses.stopped_by(one.name)}
                rest = dict.fromkeys(one.others[:3], "completed")
                values["pairs"] = messages.pairs({**stops, **rest})
                values |= self._money_of(rows, mapped)
                values["rest"] = self._less_refunds(one.name, rows, mapped)
                code = one.code
                if code == "not_used_money" and self._are_orders(one.name):
                    code = "reversals_unread"
                self.warnings.append(Note(code, values))

    def _are_orders(self, name: str) -> bool:
        """Whether the values of a column are numbers of orders."""
        own = self.arguments.get("order_id")
        column, numbers_of = shown(self.table[name]), shown(self.table[own]) if own else None
        if column is None or numbers_of is None:
            return False
        texts = pc.unique(column.drop_null())
        here = pc.is_in(texts, pc.unique(numbers_of))
        return len(texts) > 0 and (pc.sum(here).as_py() or 0) * 2 >= len(texts)

    def _money_of(self, rows: pa.ChunkedArray, mapped: pa.ChunkedArray | None) -> dict[str, object]:
        """What these rows come to, or their orders, and all that count."""
        values, keys = money_columns.worth(self)
        here = groups.flags(rows)
        if keys is not None:
            here = np.asarray(np.where(keys.known, keys.each(keys.counts(here) > 0, False), here))
        counted = np.ones_like(here)
        if mapped is not None:
            counted = ~groups.flags(is_in(mapped, statuses.STOPS))
        own = amount_meaning.total(marked_rows.some_of(values, counted), keys)
        amount = amount_meaning.total(marked_rows.some_of(values, here & counted), keys)
        return {
            "amount": f"{amount:,}",
            "own": f"{own:,}",
            "less": f"{own - 2 * amount:,}",
            "without": f"{own - amount:,}",
        }

    def _less_refunds(
        self, name: str, rows: pa.ChunkedArray, mapped: pa.ChunkedArray | None
    ) -> str:
        """What is left with the money of a column taken off, where it holds money."""
        money = money_columns.money(self, name)
        if money is None:
            return ""
        found, keys = money_columns.worth(self)
        counted = np.ones(len(money), np.bool_)
        if mapped is not None:
            counted = ~groups.flags(is_in(mapped, statuses.STOPS))
        back = np.where(groups.flags(rows), np.abs(money), np.nan)
        own = amount_meaning.total(marked_rows.some_of(found, counted), keys)
        off = marked_rows.some_of(money_columns.values(back), counted)
        return f"{own - amount_meaning.total(off, keys):,}"

    def _odd(self, name: str) -> pa.ChunkedArray:
        """Rows with a word such as payout, which give nothing back whatever their sign."""
        column = shown(self.table[name])
        words = [] if column is None else [one for one in distinct(column) if statuses.is_odd(one)]
        return is_in(pa.chunked_array([[]], pa.string()) if column is None else column, words)

    def _unpaid_days(self) -> None:
        """A day of payment that some orders have and others have not."""
        if self.layout is not None:
            return
        counted = None
        if "status" in self.arguments:
            counted = pc.invert(is_in(self.table[self.arguments["status"]], statuses.STOPS))
        for name in self.unread:
            if (
                name in self.dimensions
                or self.settings.ignores(name)
                or not statuses.is_paid_on(name)
            ):
                continue
            column = self.table[name]
            text = shown(column)
            column = column if text is None else text
            if self.keys is not None:
                column = filled_within(self.keys, column)
            if column.null_count in (0, len(column)):
                continue
            blank = pc.is_null(column)
            blank = blank if counted is None else pc.and_(blank, counted)
            orders = states.orders_in(self.keys, blank)
            if orders:
                self.warnings.append(Note("unpaid_days", {"column": name, "orders": orders}))


def is_in(column: pa.ChunkedArray, words: Sequence[str]) -> pa.ChunkedArray:
    """Which rows hold one of the words; null is none."""
    return pc.is_in(column, value_set=pa.array(words, pa.string()), skip_nulls=True)
