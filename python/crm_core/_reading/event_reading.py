"""From a log of events to the columns that `Events` takes: the counterpart of `reading`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .._events import step_of
from .._problem import Misuse, Problem
from . import (
    amount_units,
    coded,
    event_doubts,
    event_headings,
    layouts,
    likely,
    odd_rows,
    second_tables,
    states,
    statuses,
)
from .columns import cut, distinct, replaced, shown, trimmed
from .currency_reading import CurrencyReading
from .headings import Choice
from .layouts import KINDS
from .messages import say
from .reading import TIME_ALONE, all_match, asked_for, is_clock, layout_of
from .settings import Loaded, Note, Settings
from .several_files import read_files, require, shared
from .source import sources_of

# Meanings that carts do not need: without a kind for one, it is declared not to occur.
_MAY_BE_MISSING = ("remove", "checkout", "payment_failed")
# In the address of a page: a mail address, or a parameter of a person or a secret.
_PERSONAL = (
    r"@[\w-]+\.|%40[\w-]+\.|[?&;](e-?mail|mail|phone|tel|name|token|access_token|id_token|auth|"
    r"password|passwd|pwd|secret|api_?key|session_?id|sid)="
)


def load_events(
    paths: Sequence[Path],
    settings: Settings,
    kinds: Mapping[str, str],
    currency: str | None,
    advance: Callable[[float], None] = lambda share: None,
) -> tuple[Loaded, dict[str, str]]:
    """Read files of events with the same headings, one after the other; and what kinds mean.

    Args:
        paths: The files.
        settings: The user's settings; `columns` are the columns of events.
        kinds: The meanings of kinds given by the user.
        currency: The orders' currency, which the events' amounts are taken to be in. None where
            there are no orders: said, or found as theirs is.
        advance: Told the share that is done.
    """
    sources = sources_of(paths, settings.encoding, settings.delimiter)
    return load_event_sources(sources, settings, kinds, currency, advance)


@coded.remembered()
def load_event_sources(
    sources: Sequence[Any],
    settings: Settings,
    kinds: Mapping[str, str],
    currency: str | None = None,
    advance: Callable[[float], None] = lambda share: None,
) -> tuple[Loaded, dict[str, str]]:
    """The same for files that are open, or frames."""
    headings = list(sources[0].headings)
    layout = layout_of(headings, settings, "events")
    tables, table = read_files(sources, shared(sources), settings, advance)
    given = settings.columns
    only_views = layout is not None and layout.roles.get("kind") == ("",)
    if given.get("kind", "" if only_views else None) == "":
        tables = [event_headings.with_views(one) for one in tables]
        table = pa.concat_tables(tables)
        headings = [*headings, event_headings.VIEWS]
        given = {**given, "kind": event_headings.VIEWS}
    seen = likely.Seen(table)
    chosen = event_headings.choose(headings, given, layout, seen.filled)
    notes: list[Note] = []
    warnings: list[Note] = []
    if other := event_headings.varying(chosen, headings, seen.words_of):
        notes.append(Note("constant_kind", {"column": other.value, "other": other.detail}))
        chosen["kind"] = other
    elif more := event_headings.telling_more(chosen, headings, seen.words_of):
        warnings.append(Note("more_kinds", more))
    columns = list(dict.fromkeys(choice.value for choice in chosen.values()))
    columns = [one for one in columns if one != event_headings.VIEWS]
    dimensions = asked_for(settings.dimensions, headings, columns)
    require(sources, [*columns, *dimensions])
    reading = _EventReading(sources, tables, table, chosen, dimensions, settings, layout)
    reading.notes += notes
    reading.warnings += warnings
    loaded = reading.events(kinds, currency)
    advance(1.0)
    return loaded


def steps_of(task: str, steps: Sequence[Any], kinds: Mapping[str, str | None]) -> list[Any]:
    """Steps as kinds of the log: a meaning such as `add` is all kinds that mean it.

    Args:
        task: The analysis that takes them, such as `funnel`.
        steps: The requested steps; steps that are more than a name are not changed.
        kinds: The log's kinds, and what they mean.

    Raises:
        Problem: No event matches a step, so its count of 0 would hide a mistake.
    """
    out: list[Any] = []
    for step in steps:
        of = sorted(word for word, meaning in kinds.items() if meaning == step)
        if not isinstance(step, str) or step in kinds or not kinds:
            out.append(step)
        elif of:
            out.append(step_of(task, step, of))
        else:
            raise Problem(
                f"no event is of the kind {step}; the kinds are: {_listed(kinds)}",
                f"Where the log calls it otherwise, say so with {say.event_kind:WORD={step}}.",
            )
    return out


def without_steps(kinds: Mapping[str, str | None]) -> Misuse:
    """The error about an analysis of steps that got none, with the kinds that may be such."""
    first = next(iter(sorted(kinds)), "view")
    return Misuse(
        f"the steps are missing; the kinds of events are: {_listed(kinds)}",
        f"Name them in order, such as --option 'steps=[\"{cut(first)}\", ...]'.",
    )


def _listed(kinds: Mapping[str, str | None]) -> str:
    there = ", ".join(cut(word) for word in sorted(kinds)[:20])
    return there + (f" and {len(kinds) - 20} more" if len(kinds) > 20 else "")


class _EventReading(CurrencyReading):
    lists_matter = False

    def events(
        self, said: Mapping[str, str], currency: str | None
    ) -> tuple[Loaded, dict[str, str]]:
        """The steps after the bytes are in; one per role."""
        self._file()
        second_tables.refuse(self)
        self.warnings += [Note("sheets_alike", one) for one in self.apart]
        self._day_first()
        self._machines()
        visitor, when = (self.chosen[role].value for role in ("visitor_id", "occurred_at"))
        odd_rows.without_repeated(self, visitor, when)
        rest = [one for one in self.unread if not event_headings.is_machine(one)]
        for one in states.suspects(
            self.table, [x for x in rest if x not in self.dimensions], False, self.rows.name
        ):
            values = {"column": one.name, "events": pc.sum(one.rows).as_py()}
            self.warnings.append(Note("machines", values))
        self._personal_addresses()
        event_doubts.refuse_blank_visitors(self)
        event_doubts.fill_kinds(self)
        event_doubts.of_counts(self)
        event_doubts.of_identities(self)
        if "amount" in self.chosen:
            self._codes_checked()
        used = [choice.value for choice in self.chosen.values()]
        clocks = [one for one in self.unread if is_clock(one)]
        self.table = self.table.select(list(dict.fromkeys([*used, *self.dimensions, *clocks])))
        for role, choice in self.chosen.items():
            if role not in ("occurred_at", "amount", "quantity"):
                self.table = replaced(self.table, choice.value, trimmed(self.table[choice.value]))
                self.arguments[role] = choice.value
        event_doubts.of_people(self)
        self._dates("occurred_at")
        for role in ("amount", "quantity"):
            self._number(role)
        if "amount" in self.chosen:
            if currency is None:
                self._own_currency()
            else:
                self.arguments["currency"] = currency
            amount_units.refuse_events(self)
            if self.settings.amount_unit in ("major", "minor"):
                self.arguments["amount_unit"] = self.settings.amount_unit
            if self.settings.round_amounts:
                self.arguments["round_amounts"] = True
        self._dimensions()
        self.table = self.table.select(list(dict.fromkeys([*used, *self.dimensions])))
        known = self._kinds(said)
        event_doubts.of_orders(self, known)
        if self.settings.bad_rows != "error":
            self.arguments["bad_rows"] = self.settings.bad_rows
        return self._loaded(), known

    def _day_first(self) -> None:
        """If the chosen column contains only times of day, the day's column is put before it."""
        when = self.chosen["occurred_at"]
        text = shown(self.table[when.value])
        if when.reason == "given" or text is None or not all_match(text, TIME_ALONE):
            return
        days = layouts.column(layouts.words()["headings"]["events"]["days"], self.unread)
        if days is not None:
            self.chosen["occurred_at"] = Choice("occurred_at", days, "heading")
            self.unread = [when.value, *(one for one in self.unread if one != days)]

    def _codes_checked(self) -> None:
        """Refuses amounts with a column of several currencies."""
        for name in self.unread:
            codes = self._codes_in(name)
            if len(codes) > 1:
                raise Problem(
                    f'"{name}" holds {len(codes)} currencies: {", ".join(codes[:5])}',
                    "Amounts of different currencies are not added up; give one file per currency, "
                    f"or leave the amounts out with {say.event_column:amount=}.",
                )

    def _machines(self) -> None:
        """Flags of robots, tests and the shop's own visits, which are not used."""
        for name in self.unread:
            agent = event_headings.is_agent(name)
            if name in self.dimensions or not (agent or event_headings.is_machine(name)):
                continue
            column = shown(self.table[name])
            words = [] if column is None else distinct(column)
            told = [word for word in words if not statuses.says_no(word)]
            if event_headings.is_agent(name):
                told = [word for word in words if event_headings.is_robot(word)]
            if told:
                here = pc.is_in(column, value_set=pa.array(told, pa.string()))
                values = {"column": name, "events": pc.sum(here).as_py()}
                self.warnings.append(Note("machines", values))

    def _personal_addresses(self) -> None:
        """Addresses of pages with a mail address or a secret, which tables of pages would show."""
        for role in ("page", "referrer"):
            column = shown(self.table[self.chosen[role].value]) if role in self.chosen else None
            if column is None:
                continue
            texts = pc.unique(column)
            told = texts.filter(pc.match_substring_regex(texts, _PERSONAL, ignore_case=True))
            if len(told):
                events = pc.sum(pc.is_in(column, value_set=told, skip_nulls=True)).as_py()
                values = {"column": self.chosen[role].value, "events": events}
                self.warnings.append(Note("personal_addresses", {**values, "pages": len(told)}))

    def _own_currency(self) -> None:
        try:
            self._currency()
        except Problem as problem:
            raise problem.hinted(
                f" {say.event_column:amount=} leaves the amounts out instead."
            ) from None

    def _kinds(self, said: Mapping[str, str]) -> dict[str, str]:
        column = self.table[self.arguments["kind"]].cast(pa.string())
        self.table = replaced(self.table, self.arguments["kind"], column)
        present = [word for word in pc.unique(column).to_pylist() if word is not None]
        known = event_headings.kinds(present, said, self.layout)
        self._unused("event_kind", said, present)
        by_meaning: dict[str, list[str]] = {}
        for word, meaning in known.items():
            by_meaning.setdefault(meaning, []).append(cut(word))
        ordered = {one: by_meaning[one] for one in KINDS if one in by_meaning}
        if ordered:
            self.notes.append(Note("kinds", {"map": ordered}))
        strangers = [cut(word) for word in present if word not in known]
        missing = [one for one in _MAY_BE_MISSING if one not in by_meaning]
        if strangers:
            shown = ", ".join(strangers[:10]) + (", …" if len(strangers) > 10 else "")
            self.notes.append(Note("other_kinds", {"kinds": shown}))
        self.facts["kinds"] = {word: known.get(word) for word in present}
        self.arguments["kinds"] = known | {one: one for one in missing if strangers}
        return known
