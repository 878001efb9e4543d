"""Tables below the table that is read, and titles within it.

A sheet made by hand, or a report, puts refunds or cancelled orders below the orders: under headings
of their own, or under a title. One table is read of a file, and no option reads or drops the rest,
because rows of another meaning would count as orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import amounts, groups, headings, layouts, statuses, titles
from .amount_meaning import rounded
from .columns import ends, is_text, shown
from .heading_line import of_table
from .layouts import fold
from .messages import say

if TYPE_CHECKING:
    from .reading import Reading

_MOST = 1_000  # rows without a date and an amount that are looked at


@dataclass
class Part:
    """The rows below a line of headings or a title.

    Attributes:
        row: Its place, from 0.
        headings: Its headings.
        title: The text above it, if it stands alone in its row.
        again: Whether the headings are those of the file.
        rows: How many rows have more than one cell.
        amounts: The cells of its amount.
    """

    row: int
    headings: Sequence[str]
    title: str = ""
    again: bool = False
    rows: int = 0
    amounts: list[str] = field(default_factory=list)

    @property
    def amount(self) -> str:
        """The heading of its amount."""
        return amount_of(self.headings)

    def add(self, cells: Sequence[str]) -> None:
        """Takes in a row."""
        self.rows += 1
        if self.amount:
            at = list(self.headings).index(self.amount)
            self.amounts.append(cells[at] if at < len(cells) else "")

    def total(self, decimal: str) -> str:
        """What its amounts come to, in words; nothing if they are no numbers."""
        cells = [cell.strip() or None for cell in self.amounts]
        read = amounts.parse(pa.chunked_array([pa.array(cells, pa.string())]), decimal)
        found = read.values.drop_null()
        if not len(found):
            return f"{self.rows} rows"
        total = rounded(found.cast(pa.float64()).to_numpy())
        return f'{self.rows} rows, "{self.amount}" {total:,}'


def amount_of(names: Sequence[str], wanted: str = "") -> str:
    """The heading of an amount, or of what was given back: the wanted one, or the first known."""
    known = set(map(fold, headings.names_of("refunded")))
    money = [layouts.low(part) for part in layouts.words()["row_columns"]["money_words"]]

    def is_amount(name: str) -> bool:
        back = statuses.smell(name) == "refunded"
        by_parts = back and any(part in layouts.low(name) for part in money)
        return bool(headings.amount_kind(name)) or fold(name) in known or by_parts

    if wanted and wanted in names:
        return wanted
    gives_back = (name for name in names if statuses.smell(name) == "refunded")
    return next(filter(is_amount, names), "") or next(gives_back, "")


def parts_of(rows: Iterable[Sequence[str]], first: Sequence[str]) -> list[Part]:
    """The tables of a file: the one below its headings, and those below further ones or a title.

    Args:
        rows: Its rows, as texts.
        first: Its headings.
    """
    found = [Part(-1, first)]
    title, alone, at = "", -2, -1
    for at, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        filled = [cell for cell in cells if cell]
        if len(filled) == 1 and len(first) > 1 and not _has_digit(filled[0]):
            if alone == at - 1 and title and found[-1].row == alone and not found[-1].rows:
                found.pop()  # a line above a title
            found.append(Part(at, found[-1].headings, filled[0]))
            title, alone = filled[0], at
        elif len(filled) > 1 and is_headings(filled):
            again = [*map(fold, cells)] == [fold(one) for one in first][: len(cells)]
            titled = found.pop() if found[-1].title and not found[-1].rows else Part(at, cells)
            found.append(Part(titled.row, cells, titled.title, again))
        elif len(filled) > 1:
            found[-1].add(cells)
    return [one for one in found if one.rows or one.row < 0]


def is_headings(cells: Sequence[str]) -> bool:
    """Whether the filled cells of a row are headings: words, of which two are known."""
    if any(map(_has_digit, cells)) or len({fold(one) for one in cells}) < len(cells):
        return False
    known = set(map(fold, [*headings.names_of("refunded"), *_of_others()]))
    told = sum(fold(one) in known or statuses.smell(one) == "refunded" for one in cells)
    return max(of_table(cells), 0) + told >= 2


def _of_others() -> Sequence[str]:
    """Headings of tables that are no orders."""
    return [word for kind in layouts.words()["other_table"] for word in kind["words"]]


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell)) or "@" in cell


def refuse_rows(
    rows: Iterable[Sequence[str]], first: Sequence[str], before: int, file: str
) -> None:
    """Refuses a file of text whose rows have several widths, if these are several tables.

    Args:
        rows: The rows below the headings.
        first: The headings.
        before: The number of rows up to them.
        file: The file's name.

    Raises:
        Problem: They are.
    """
    _refuse(parts_of(rows, first), lambda row: f"{file}, row {before + 1 + row}", "auto")


def refuse(reading: Reading) -> None:
    """Refuses a table in which another one begins, or a title that changes what rows mean.

    Raises:
        Problem: There is one.
    """
    table = reading.table
    odd = _without_values(reading)
    if not 0 < len(odd) <= _MOST:
        return
    few = _texts(table.take(pa.array(odd)))
    if not any(_begins(row, table.num_columns) for row in few):
        return
    found = parts_of(_texts(table), table.column_names)
    _refuse(found, reading.rows.name, reading.settings.decimal)


def is_description(reading: Reading) -> bool:
    """Whether the row under the headings has words in all columns that the rows below fill with
    dates and amounts: it explains the headings, or is their translation.
    """
    table = reading.table
    if table.num_rows < 2 or 0 not in (odd := _without_values(reading)) or 1 in odd:
        return False
    first, second = _texts(table.slice(0, 2))
    filled = [cell for cell in first if cell]
    again = [*map(fold, first)] == [*map(fold, table.column_names)]
    return len(filled) > 2 and len(filled) >= sum(cell != "" for cell in second) and not again


def _begins(row: Sequence[str], width: int) -> bool:
    """Whether a row is one of headings, or a title."""
    filled = [cell for cell in row if cell]
    if len(filled) == 1 and width > 1:
        return bool(titles.stopping(filled[0]))
    return len(filled) > 1 and is_headings(filled)


def _texts(table: pa.Table) -> Iterator[list[str]]:
    columns = [shown(table[name]) for name in table.column_names]
    texts = [[None] * table.num_rows if one is None else one.to_pylist() for one in columns]
    return ([cell or "" for cell in row] for row in zip(*texts, strict=True))


def _without_values(reading: Reading) -> npt.NDArray[np.int64]:
    """Rows of which neither the time nor the amount has a digit."""
    here: groups.Flags | None = None
    for role in ("ordered_at", "occurred_at", "amount"):
        if role not in reading.chosen:
            continue
        column = reading.table[reading.chosen[role].value]
        if pa.types.is_nested(column.type):
            continue
        bare = _without_digit(column) if is_text(column.type) else ~groups.valid(column)
        here = bare if here is None else here & bare
        if not np.any(here):
            break
    return np.zeros(0, np.int64) if here is None else np.flatnonzero(here)


def _without_digit(column: pa.ChunkedArray) -> groups.Flags:
    """Which cells of a column of texts have no digit."""
    if pa.types.is_dictionary(column.type):
        words = pc.unique(column).cast(pa.string()).drop_null()
        told = words.filter(pc.match_substring_regex(words, r"\d"))
        return ~groups.flags(pc.is_in(column.cast(pa.string()), value_set=told))
    texts = column.cast(pa.string())
    bare = np.ones(len(texts), np.bool_)
    start = 0
    for chunk in texts.chunks:
        # Nearly all dates and amounts begin or end with a digit: only the others are looked at.
        digits = [(ord("0") <= one) & (one <= ord("9")) for one in ends(chunk)]
        rest = np.flatnonzero(~(digits[0] | digits[1]) | ~groups.valid(chunk))
        found = pc.match_substring_regex(chunk.take(pa.array(rest)), r"\d")
        bare[start : start + len(chunk)] = False
        bare[start + rest] = ~groups.flags(found)
        start += len(chunk)
    return bare


def _refuse(found: Sequence[Part], row_name: Callable[[int], str], decimal: str) -> None:
    first = found[0].headings
    for at, one in enumerate(found[1:], 1):
        word = titles.stopping(one.title) if one.title else ""
        same = one.again or list(one.headings) == list(first)
        if same and not word:
            continue  # exports one after the other, or the title of a month
        what = f'holds a title that says "{word}"' if word else "begins a second table"
        if not same:
            listed = headings.listed([cell for cell in one.headings if cell])
            what += f", {'above' if word else 'with'} the headings {listed}"
        above = "; ".join(part.total(decimal) for part in found[:at])
        below = "; ".join(part.total(decimal) for part in found[at:])
        back = not same and any(statuses.smell(cell) == "refunded" for cell in one.headings)
        raise Problem(
            f"{row_name(one.row)} {what}: one table is read of a file. Above it stand {above}; "
            f"below it {below}",
            "Put each table into a file of its own, and leave out what does not count"
            + (f". Refunds are read as a column of the orders: {say.refunded}." if back else "."),
        )
