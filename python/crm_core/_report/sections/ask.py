"""Asks the library for the tables of the report, all under one scope."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy.typing as npt

import crm_core

from ..._errors import DataError
from ..._orders import Orders
from ..._table import Table
from ..result import Frame

Day = datetime.date | Sequence[datetime.date]
Arrays = dict[str, npt.NDArray[Any]]


class Ask:
    """Runs analyses of one shop, each request once.

    Args:
        orders: The shop's orders.
        as_of: The day of the report.
        scope: Filters and definitions that hold for all analyses.
    """

    def __init__(
        self, orders: Orders, as_of: datetime.date | None, scope: Mapping[str, Any]
    ) -> None:
        self.orders = orders
        self._as_of = as_of
        self.scope = {key: value for key, value in scope.items() if value is not None}
        self.definitions: list[Frame] = []
        self._tables: dict[str, Table] = {}
        self._begun: dict[str, Future[Table]] = {}
        self._pool: ThreadPoolExecutor | None = None

    @property
    def as_of(self) -> datetime.date:
        """The day of the report."""
        assert self._as_of is not None  # without a day there is no order, and nothing is asked
        return self._as_of

    def table(self, task: str, day: Day | None = None, **options: Any) -> Table:
        """A table of the library. `where` and `customers` come on top of the report's own."""
        key, given = self._request(task, day, options)
        if key not in self._tables:
            begun = self._begun.get(key)
            table = crm_core.run(task, self.orders, given) if begun is None else begun.result()
            self._tables[key] = table
            self.definitions.append(Frame(task, {}, table.definition, table.hash or ""))
        return self._tables[key]

    def begin(self, requests: Mapping[str, Mapping[str, Any]]) -> None:
        """Starts analyses that take long and are asked for later, on two threads of their own: each
        of them works on one.
        """
        self._pool = ThreadPoolExecutor(2)
        for task, options in requests.items():
            key, given = self._request(task, None, options)
            self._begun[key] = self._pool.submit(crm_core.run, task, self.orders, given)

    def end(self) -> None:
        """Gives up what was begun and not asked for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _request(
        self, task: str, day: Day | None, options: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """A request with the report's own scope, and its name among the tables."""
        given = {**self.scope, **options}
        for key in ("where", "customers"):
            if key in options:
                given[key] = _both(self.scope.get(key), options[key])
        given = {key: value for key, value in given.items() if value is not None}
        day = self._as_of if day is None else day
        given["as_of"] = None if day is None else _text(day)
        return json.dumps([task, given], sort_keys=True, default=str), given

    def __call__(self, task: str, day: Day | None = None, **options: Any) -> Frame:
        """A table as lists."""
        return Frame.of(task, self.table(task, day, **options))

    def arrays(self, task: str, day: Day | None = None, **options: Any) -> Arrays:
        """A table as numpy arrays, for tables with a row per customer."""
        return self.table(task, day, **options).to_numpy()

    def attempt(self, task: str, day: Day | None = None, **options: Any) -> Frame | None:
        """A table, or None if the data are too few for it."""
        try:
            return self(task, day, **options)
        except DataError:
            return None


def _both(own: Mapping[str, Any] | None, further: Mapping[str, Any]) -> dict[str, Any]:
    """Two filters of which both must hold; two ranges of one column become their intersection."""
    found = dict(own or {})
    for name, condition in further.items():
        if name not in found:
            found[name] = condition
        else:
            found[name] = _narrowed(found[name], condition)
    return found


def _narrowed(own: Any, condition: Mapping[str, Any]) -> Any:
    if not isinstance(own, Mapping):
        chosen = own if isinstance(own, list) else [own]
        return [one for one in chosen if _within(str(one), condition)]
    ends = {"from": max, "to": min}
    return {
        end: str(own.get(end) or condition.get(end))
        if own.get(end) is None or condition.get(end) is None
        else pick(str(own[end]), str(condition[end]))
        for end, pick in ends.items()
        if own.get(end) is not None or condition.get(end) is not None
    }


def _within(text: str, condition: Mapping[str, Any]) -> bool:
    return str(condition.get("from", "")) <= text <= str(condition.get("to", "9"))


def _text(day: Day) -> str | list[str]:
    if isinstance(day, datetime.date):
        return day.isoformat()
    return [one.isoformat() for one in day]
