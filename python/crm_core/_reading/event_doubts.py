"""Doubtful content of logs: who is meant by an id, and orders that several events have.

Nothing here changes a value, except that a word for nobody is no customer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, ids, layouts, money_columns
from .columns import replaced, shown, trimmed
from .groups import Groups
from .headings import names_of
from .layouts import fold
from .messages import say
from .settings import Note

if TYPE_CHECKING:
    from .reading import Reading


def of_people(reading: Reading) -> None:
    """Words such as `guest` or 0 in place of an id, and ids that are nearly another one."""
    for role in ("customer_id", "visitor_id"):
        if role not in reading.chosen:
            continue
        name = reading.chosen[role].value
        _nobody(reading, role, name)
        column = reading.table[name]
        near = ids.near(column) + ids.near_numbers(column)
        if near:
            reading.warnings.append(Note("near_people", {"column": name, "ids": near}))


def of_identities(reading: Reading) -> None:
    """Columns of persons that were not read and join ids of visitors that count as several.

    `reading` still has all columns.
    """
    visitor = reading.chosen["visitor_id"].value
    own = shown(reading.table[visitor])
    if own is None or reading.chosen["visitor_id"].reason == "given":
        return
    login = reading.chosen.get("customer_id")
    known = {
        *map(fold, layouts.words()["identities"]["headings"]),
        *map(fold, names_of("customer_id")),
    }
    logged_in = (
        0 if login is None else int(np.count_nonzero(groups.valid(reading.table[login.value])))
    )
    visitors = Groups.of(own).codes
    for name in reading.unread:
        column = shown(reading.table[name]) if _identity(name) in known else None
        if name in reading.dimensions or column is None:
            continue
        column = ids.without_guests(column, ())[0]
        persons = Groups.of(column)
        both = persons.known & (visitors >= 0)
        if int(np.count_nonzero(both)) <= logged_in:
            continue
        low, high, some = persons.ends(groups.Values(visitors, both))
        joined = int(np.count_nonzero(some & (low != high)))
        if joined:
            told = {"column": visitor, "ids": Groups.of(own).size, "other": name}
            told |= {"persons": persons.size, "joined": joined}
            reading.warnings.append(Note("identity_unread", told))
            return


def of_counts(reading: Reading) -> None:
    """A column that says how many events each row stands for, which count as one."""
    known = set(map(fold, layouts.words()["event_counts"]["headings"]))
    for name in money_columns.unread(reading):
        counts = money_columns.money(reading, name) if fold(name) in known else None
        if counts is None:
            continue
        several = np.nan_to_num(counts) > 1
        if np.any(several) and np.all(
            counts[~np.isnan(counts)] == np.round(counts[~np.isnan(counts)])
        ):
            told = {
                "column": name,
                "rows": int(np.count_nonzero(several)),
                "own": f"{len(counts):,}",
            }
            told["total"] = f"{int(np.nansum(counts)):,}"
            reading.warnings.append(Note("counts_unread", told))
            return


def refuse_blank_visitors(reading: Reading) -> None:
    """Asks for a visitor's column where the one that was found is blank in some rows.

    Raises:
        Problem: It is, and the user has neither named it nor said that such rows are left out.
    """
    choice = reading.chosen["visitor_id"]
    if choice.reason == "given" or reading.settings.bad_rows != "error":
        return
    if fold(choice.value) not in map(fold, names_of("customer_id")):
        return
    blank = int(np.count_nonzero(~groups.valid(trimmed(reading.table[choice.value]))))
    if not blank or blank == reading.table.num_rows:
        return
    visits = set(map(fold, layouts.words()["event_counts"]["visits"]))
    of_visits = [name for name in reading.unread if fold(name) in visits]
    more = ""
    if of_visits:
        more = (
            f' {say.event_column:visitor_id={of_visits[0]}} takes "{of_visits[0]}", by which each '
            "visit is a visitor of its own."
        )
    raise Problem(
        f'"{choice.value}" is blank in {blank} of {reading.table.num_rows} events, as of people '
        "who are not logged in, and no column is that of a visitor, such as of a cookie",
        f"{say.event_column:visitor_id=COLUMN} names one.{more} {say.bad_rows:drop} leaves events "
        "of people who are not logged in out.",
    )


def fill_kinds(reading: Reading) -> None:
    """Where only some calls of a program have a name, the others' kind is that of the call."""
    choice = reading.chosen["kind"]
    column = shown(reading.table[choice.value])
    if choice.reason == "given" or column is None or column.null_count in (0, len(column)):
        return
    for name in reading.unread:
        other = shown(reading.table[name]) if fold(name) in ("type", "eventtype", "call") else None
        if other is None:
            continue
        filled = pc.coalesce(column, other)
        if filled.null_count < column.null_count:
            rows = column.null_count - filled.null_count
            reading.table = replaced(reading.table, choice.value, filled)
            told = {"column": choice.value, "rows": rows, "other": name}
            reading.notes.append(Note("kinds_filled", told))
            return


def _identity(heading: str) -> str:
    """A heading without the object that it stands in: `properties.$user_id`."""
    return fold(re.sub(r"^.*\b(properties|traits|context)\.", "", heading).replace("$", ""))


def _nobody(reading: Reading, role: str, name: str) -> None:
    """What stands for nobody would make many people one."""
    column, words = ids.without_guests(reading.table[name], ())
    rows_of = ids.rows_of_ids(column)
    zero = ids.placeholder(rows_of)
    if words and role == "customer_id":
        reading.table = replaced(reading.table, name, column)
        reading.notes.append(Note("no_customer", {"column": name, "words": ", ".join(words)}))
    told = [word for word in ([] if role == "customer_id" else words) + [zero] if word]
    if told:
        here = pc.is_in(reading.table[name].cast(pa.string()), pa.array(told, pa.string()))
        values = {"column": name, "words": ", ".join(told), "events": pc.sum(here).as_py()}
        reading.warnings.append(Note(f"nobody_{role.removesuffix('_id')}", values))
    elif rows := ids.prevailing(rows_of):
        reading.notes.append(Note("prevailing_person", {"column": name, "rows": rows}))


def of_orders(reading: Reading, kinds: Mapping[str, str]) -> None:
    """Orders with one amount in several purchases: a page that was loaded again, or their items."""
    if "amount" not in reading.chosen or "order_id" not in reading.chosen:
        return
    name, number = (reading.chosen[role].value for role in ("amount", "order_id"))
    bought = [word for word, meaning in kinds.items() if meaning == "purchase"]
    kind = reading.table[reading.arguments["kind"]]
    here = groups.flags(pc.is_in(kind, value_set=pa.array(bought, pa.string())))
    amounts = groups.values(reading.plain_amounts(name))
    paid = here & amounts.valid & (amounts.floats > 0)
    keys = Groups.of(reading.table[number])
    low, high, _ = keys.ends(amounts, paid)
    several = keys.counts(paid) > 1
    again = int(np.count_nonzero(several & (low == high)))
    if not again or int(np.count_nonzero(several & (low != high))) > groups.few_of(again):
        return
    own = groups.Values(amounts.numbers, paid, amounts.scale)
    told = {
        "column": name,
        "orders": again,
        "each": f"{amount_meaning.total(own):,}",
        "once": f"{amount_meaning.total(own, keys):,}",
    }
    reading.warnings.append(Note("purchases_again", told))
