"""What several sections need: the day, two periods, whole months, what the data suffice for.

The period of the report is the last 28 days, four of each weekday. It is compared with the 28
days that end 364 days earlier, the same weekdays a year ago; a shop without that history with the
28 days before.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .ask import Arrays, Ask

DAYS = 28
YEAR = 364  # days: 52 weeks, so that the weekdays are the same

_DAY = datetime.timedelta(1)


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included."""

    first: datetime.date
    last: datetime.date

    @property
    def condition(self) -> dict[str, str]:
        """The span as a condition of a filter on times."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    def earlier(self, days: int) -> Span:
        """The same span some days earlier."""
        return Span(self.first - days * _DAY, self.last - days * _DAY)


@dataclass(frozen=True)
class Missing:
    """What a section needs and the shop does not have.

    Attributes:
        what: `customers`, `days`, `regulars`, or another word that `words` has.
        need: The least number of them.
        have: The number of them.
    """

    what: str
    need: int = 0
    have: int = 0


@dataclass(frozen=True)
class Shop:
    """The shop as the sections see it.

    Attributes:
        ask: Runs analyses of it.
        now: The last 28 days.
        before: The period that it is compared with; None if the shop is too young.
        compared: Whether that is a year ago or the 28 days before.
        first: The day of the first order that counts.
        last: The day of the last one.
        customers: Customers with an order that counts.
        regulars: Customers with three orders or more.
        summary: A row per customer, see `summary` of the library.
        cpm: The options of the portfolio (CPM).
    """

    ask: Ask
    now: Span
    before: Span | None
    compared: Literal["year", "before"] | None
    first: datetime.date
    last: datetime.date
    customers: int
    regulars: int
    summary: Arrays
    cpm: Mapping[str, Any]

    @property
    def as_of(self) -> datetime.date:
        """The day of the report."""
        return self.ask.as_of

    @property
    def days(self) -> int:
        """Days from the first order to the day of the report."""
        return (self.as_of - self.first).days + 1

    @property
    def whole_month(self) -> bool:
        """Whether the day of the report is the last of its month."""
        return (self.as_of + _DAY).day == 1

    def lacks(self, customers: int = 100, days: int = 180, regulars: int = 30) -> Missing | None:
        """What the shop lacks for a prediction."""
        for what, need, have in (
            ("customers", customers, self.customers),
            ("days", days, self.days),
            ("regulars", regulars, self.regulars),
        ):
            if have < need:
                return Missing(what, need, have)
        return None

    def months_before(self, days: int, months: int = 6) -> tuple[str, str] | None:
        """The last whole months that are over for `days` days, as first days of months.

        None if the shop does not have them.
        """
        last = _month_of(self.as_of - days * _DAY + _DAY) - _DAY
        first = _month_of(last)
        for _ in range(months - 1):
            first = _month_of(first - _DAY)
        if first < _month_of(self.first):
            return None
        return first.isoformat(), _month_of(last).isoformat()


def shop_of(ask: Ask, cpm: Mapping[str, Any]) -> Shop | None:
    """The shop, or None if no order counts."""
    summary = ask.arrays("summary")
    orders = summary["orders"]
    if not len(orders):
        return None
    first = _date(summary["first_date"].min())
    now = Span(ask.as_of - (DAYS - 1) * _DAY, ask.as_of)
    before, compared = None, None
    if now.earlier(YEAR).first >= first:
        before, compared = now.earlier(YEAR), "year"
    elif now.earlier(DAYS).first >= first:
        before, compared = now.earlier(DAYS), "before"
    return Shop(
        ask,
        now,
        before,
        compared,  # type: ignore[arg-type]
        first,
        _date(summary["last_date"].max()),
        len(orders),
        int(np.count_nonzero(orders >= 3)),
        summary,
        cpm,
    )


def a_year_before(month: str) -> str:
    """The same month of the year before."""
    return f"{int(month[:4]) - 1}{month[4:]}"


def _month_of(day: datetime.date) -> datetime.date:
    return day.replace(day=1)


def _date(day: np.datetime64) -> datetime.date:
    found = day.astype("datetime64[D]").item()
    assert isinstance(found, datetime.date)
    return found
