"""States that differ between the rows of one order: they are of its lines, or follow one another.

If the rows of such orders are different items, the states are of lines: cancelled and returned
lines are left out, the rest of the order counts. Otherwise the user is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amount_meaning, groups, items, marked_rows, money_columns, states, statuses
from .columns import shown
from .groups import Groups, Values
from .layouts import fold
from .messages import say
from .settings import Note

if TYPE_CHECKING:
    from .reading import Reading

_STRAY = 0.1  # orders in which an item stands twice, of those with several states


def apart(
    reading: Reading, name: str, mapped: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, list[states.Stop]]:
    """The state of each row's order, and the lines that are left out because of their own state.

    Args:
        reading: The orders, with their amounts.
        name: The status column.
        mapped: The meaning of each row's word.

    Raises:
        Problem: It is undecided whether states are of lines, or follow one another.
    """
    keys = reading.keys
    if keys is None:
        return mapped, []
    ranks = states.ranked(mapped)
    # A line without a state counts, as those that are completed do.
    counted = np.where(ranks.valid, ranks.numbers, len(states.MEANINGS_RANKED) - 1)
    ranks = Values(counted, np.ones_like(ranks.valid))
    low, high, _ = keys.ends(ranks)
    differing = low < high
    orders = int(np.count_nonzero(differing))
    if not orders:
        return mapped, []
    here = np.asarray(keys.each(differing, False), np.bool_)
    said = fold(name) in map(fold, reading.settings.line_level)
    if not said and not _of_items(reading, keys, name, here, orders):
        if reading.settings.bad_rows == "drop":
            return mapped, []
        raise _which(reading, name, mapped, int(np.flatnonzero(here)[0]), orders)
    stopping = groups.flags(pc.is_in(mapped, value_set=pa.array(statuses.STOPS, pa.string())))
    least, _, some = keys.ends(Values(ranks.numbers, ranks.valid & ~stopping))
    of_order = np.asarray(keys.each(np.where(some, least, -1), -1))
    words = pa.array(states.MEANINGS_RANKED, pa.string()).take(
        pa.array(of_order, mask=of_order < 0)
    )
    base = pc.if_else(pa.array(here), words, mapped)
    leaving = here & stopping & ~_below_zero(reading, mapped)
    values = {"column": name, "orders": orders, "rows": int(np.count_nonzero(leaving))}
    reading.notes.append(Note("line_states", values))
    return base, [states.Stop(name, pc.if_else(pa.array(leaving), mapped, None))]


def _which(reading: Reading, name: str, mapped: pa.ChunkedArray, row: int, orders: int) -> Problem:
    """The question what several states of an order are, with what each answer comes to."""
    keys = reading.keys
    assert keys is not None  # the caller has looked
    found, once = money_columns.worth(reading)
    counts = ~groups.flags(pc.is_in(mapped, value_set=pa.array(statuses.STOPS, pa.string())))

    def total(rows: groups.Flags) -> str:
        values = Values(found.numbers, found.valid & rows, found.scale)
        return f"{amount_meaning.total(values, once):,}"

    first = np.asarray(keys.each(counts[keys.firsts()], True), np.bool_) & (counts | keys.known)
    lines, drop = total(counts), total(first)
    day, last = "", np.ones_like(counts)
    for one in marked_rows.days_of(reading):
        rank = marked_rows.rank_of(reading, one)
        if rank is not None:
            of = marked_rows.same_rows(reading, keys) if marked_rows.is_of_lines(one) else keys
            newest = of.each(of.ends(rank)[1], 0)
            day, last = one, ~of.known | (rank.valid & (rank.numbers == newest))
            break
    else:
        ends = np.full(keys.size, -1, np.int64)
        at = np.flatnonzero(keys.known)
        ends[keys.codes[at]] = at
        last = ~keys.known
        last[ends[ends >= 0]] = True
    after = total(last & counts)
    by = (
        f"{say.keep_last:{day}} takes the last one by that column ({after})"
        if day
        else f"If the last one holds, leave older rows out of the file ({after})"
    )
    return Problem(
        f'{orders} orders have several states in "{name}", the first in '
        f"{reading.rows.name(row)}: are they of lines, or does one follow the other?",
        f"{by}; {say.line_level:{name}} leaves cancelled and returned lines out "
        f"({lines}); {say.bad_rows:drop} takes the state of the first row of each such order "
        f"({drop}).",
    )


def _below_zero(reading: Reading, mapped: pa.ChunkedArray) -> groups.Flags:
    """Lines that are given back by their sign: they stay, and take money off."""
    amounts = groups.values(reading.plain_amounts(reading.arguments["amount"]))
    back = pc.is_in(mapped, value_set=pa.array(["refunded", "returned"], pa.string()))
    below: groups.Flags = groups.flags(back) & amounts.valid & (amounts.numbers < 0)
    return below


def _of_items(reading: Reading, keys: Groups, name: str, here: Any, orders: int) -> bool:
    """Whether the rows of nearly all these orders are of different items."""
    if reading.of_items:
        return True
    number, amount = reading.arguments["order_id"], reading.arguments["amount"]
    columns = []
    numbered = [one for one in reading.unread if statuses.speaks_of("line_number", one)]
    for one in dict.fromkeys([*items.of(reading), *numbered]):
        column = shown(reading.table[one])
        if one not in (name, number, amount) and column is not None:
            columns.append(pc.fill_null(column, ""))
    if not columns:
        return False
    each = Groups.of(pa.chunked_array([pa.array(keys.codes)]), *columns)
    twice = here & np.asarray(each.each(each.rows > 1, False), np.bool_)
    return keys.touched(twice) <= orders * _STRAY
