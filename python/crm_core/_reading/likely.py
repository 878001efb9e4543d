"""What columns look like by their values: whether they have any, and which role they could have."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from . import dates, ids, layouts, statuses
from .columns import distinct, few_texts, numbers, shown, trimmed
from .headings import CATEGORIES, is_code, names_of
from .layouts import fold

_SAMPLE = 10_000
_MANY_PIECES = 1_000


class Seen:
    """The columns of a file, to choose between candidates and to propose one."""

    def __init__(self, table: pa.Table, guests: Sequence[str] = ()) -> None:
        self.table = table
        self.guests = guests

    def filled(self, role: str, name: str) -> bool:
        """Whether a column has a value in some row; a guest's is none."""
        if name not in self.table.column_names:
            return True
        whole = self.table[name]
        for some in (whole.slice(0, _SAMPLE), whole):
            column = trimmed(some)
            if role == "customer_id":
                column = ids.without_guests(column, self.guests)[0]
            if len(column) == 0 or column.null_count < len(column):
                return True
        return False

    def words_of(self, name: str) -> list[str]:
        """The different words of a column of few; none of other columns."""
        if name not in self.table.column_names or not few_texts(self.table[name]):
            return []
        return distinct(trimmed(self.table[name]))

    def propose(self, role: str) -> str | None:
        """The column that looks most like a role by its values, or none."""
        known = {
            fold(name)
            for other in (
                "customer_id",
                "ordered_at",
                "amount",
                "order_id",
                "status",
                "quantity",
                *CATEGORIES,
            )
            if other != role
            for name in names_of(other)
        }
        names = [
            name
            for name in self.table.column_names
            if fold(name) not in known and not _speaks_of(f"not_{role}", name)
        ]
        looks = {
            "customer_id": self._person,
            "ordered_at": self._date,
            "amount": self._money,
            "quantity": self._pieces,
        }
        look = looks.get(role)
        # A heading that speaks of the role goes first, of customers a mail address before others.
        names.sort(key=lambda name: not _speaks_of(role, name))
        if role == "customer_id":
            names.sort(key=lambda name: not (self._is_mail(name) and _speaks_of(role, name)))
        return next((name for name in names if look(name)), None) if look else None

    def _column(self, name: str) -> pa.ChunkedArray | None:
        column = shown(self.table[name].slice(0, _SAMPLE))
        return column if column is not None and column.null_count < len(column) else None

    def _is_mail(self, name: str) -> bool:
        column = self._column(name)
        return column is not None and ids.is_mail(column)

    def _person(self, name: str) -> bool:
        """Mail addresses, or ids under a heading of a person: no money, dates or codes."""
        column = self._column(name)
        if column is None:
            return False
        if ids.is_mail(column):
            return True
        found = distinct(column)
        return (
            len(found) > 1
            and _speaks_of("customer_id", name)
            and not any(" " in one for one in found)
            and not may_be_total(name)
            and not self._money(name)
            and not self._date(name)
            and not all(map(is_code, found))
        )

    def _date(self, name: str) -> bool:
        kind = self.table[name].type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return True
        column = self._column(name)
        if column is None or not all(re.search(r"\d\D+\d", one) for one in distinct(column)[:100]):
            return False
        return not dates.parse(column).unread

    def _money(self, name: str) -> bool:
        """Numbers with fractions, which ids and counts have not."""
        column = self._column(name)
        found = None if column is None or ids.is_mail(column) else numbers(column)
        if found is None:
            return False
        return bool(pc.any(pc.not_equal(found, pc.floor(found))).as_py())

    def _pieces(self, name: str) -> bool:
        """Small whole numbers, of which several differ, under a heading of no other number."""
        column = self._column(name)
        found = None if column is None or ids.is_mail(column) else numbers(column)
        if found is None or found.null_count:
            return False
        low, high = (pc.min_max(found)[end].as_py() for end in ("min", "max"))
        whole = pc.all(pc.equal(found, pc.floor(found))).as_py()
        return bool(whole) and low >= 1 and 1 < high <= _MANY_PIECES


def _speaks_of(key: str, heading: str) -> bool:
    """Whether a heading holds one of the parts of `candidates`."""
    low = heading.lower()
    return any(part in low for part in layouts.words()["candidates"].get(key, ()))


def may_be_total(heading: str) -> bool:
    """Whether a heading speaks of a total or an amount in words of their own, and nothing else."""
    low = layouts.low(heading)

    def holds(key: str) -> bool:
        parts = map(layouts.low, layouts.words()["candidates"][key])
        return any(
            re.search(rf"(?<![a-z]){re.escape(part)}(?![a-z])", low)
            if part.isascii()
            else part in low
            for part in parts
        )

    other = (*layouts.smells("parts_of_total"), *layouts.smells("discount"))
    harmless = any(part in low for part in other)
    return holds("amount") and not holds("not_amount") and not harmless and not statuses.smell(low)
