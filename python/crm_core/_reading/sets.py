"""Products that always stand together: a set beside its parts, which no column tells.

Where the parts add up to the set, `odd_rows` asks. Here they cost more or less than it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from . import amount_meaning, coded, groups, items, layouts, money_columns
from .columns import shown
from .groups import Flags, Groups, Values
from .layouts import fold_word
from .settings import Note
from .understanding import looks

if TYPE_CHECKING:
    from .order_reading import OrderReading

_ORDERS = 3  # with a set, at least
_PARTS = 2  # of a set, at least
_LOW, _HIGH = 0.6, 1.7  # what the parts come to, as a share of the set's amount


def said(reading: OrderReading, keys: Groups) -> None:
    """A warning where each order with a product has the same others, at about its price."""
    if reading.settings.amount_is is not None or reading.arguments["amount_is"] == "order":
        return
    values, _ = money_columns.worth(reading)
    for name in items.of(reading):
        text = None if reading.settings.ignores(name) else shown(reading.table[name])
        if text is None or looks(text) in ("numbers", "dates"):
            continue
        found = _Sets(keys, text, values)
        if not len(found.rows):
            continue
        rest = Values(values.numbers, values.valid & ~found.flags, values.scale)
        told = {
            "column": name,
            "orders": found.orders,
            "others": found.others,
            "row": reading.rows.name(found.first),
            "rows": len(found.rows),
            "own": f"{amount_meaning.total(values):,}",
            "rest": f"{amount_meaning.total(rest):,}",
        }
        reading.warnings.append(Note("always_together", told))
        return


class _Sets:
    """The rows of the parts of all sets; of the first set how often it stands, and with what."""

    def __init__(self, keys: Groups, text: pa.ChunkedArray, values: Values) -> None:
        self.rows: set[int] = set()
        self.orders = self.others = self.first = 0
        self._worth = np.where(values.valid, values.floats, 0.0)
        self._products = Groups.of(text)
        here = keys.known & self._products.known & (self._worth > 0)
        at = np.flatnonzero(here)
        lines = keys.counts(here)
        fewest = np.full(self._products.size, np.iinfo(np.int64).max)
        np.minimum.at(fewest, self._products.codes[at], lines[keys.codes[at]])
        often = self._products.counts(here)
        candidates = np.flatnonzero((fewest > _PARTS) & (often >= _ORDERS))
        if not len(candidates):
            return
        charges = {fold_word(word) for word in layouts.words()["charges"]["words"]}
        words = coded.words(text)
        self._charges = {
            place for place, word in enumerate(words.to_pylist()) if fold_word(word) in charges
        }
        by_order = at[np.argsort(keys.codes[at], kind="stable")]
        starts = np.searchsorted(keys.codes[by_order], np.arange(keys.size + 1))
        by_product = at[np.argsort(self._products.codes[at], kind="stable")]
        ends = np.searchsorted(self._products.codes[by_product], np.arange(len(often) + 1))
        for product in candidates.tolist():
            own = by_product[ends[product] : ends[product + 1]]
            orders = np.unique(keys.codes[own])
            if len(orders) >= _ORDERS:
                self._look(product, [by_order[starts[one] : starts[one + 1]] for one in orders])

    @property
    def flags(self) -> Flags:
        """The same rows as flags."""
        out = np.zeros(len(self._worth), np.bool_)
        out[sorted(self.rows)] = True
        return out

    def _look(self, product: int, orders: list[Any]) -> None:
        """Whether the orders of a product have the same parts."""
        codes = self._products.codes
        parts = set(codes[orders[0]].tolist()) - {product} - self._charges
        for rows in orders:
            parts &= set(codes[rows].tolist())
            if len(parts) < _PARTS:
                return
        near = 0
        for rows in orders:
            whole = self._worth[rows[codes[rows] == product]].sum()
            others = self._worth[rows[np.isin(codes[rows], list(parts))]].sum()
            near += bool(_LOW * whole <= others <= _HIGH * whole)
        if len(orders) - near > groups.few_of(near):
            return
        if not self.rows:
            self.orders, self.others, self.first = len(orders), len(parts), int(orders[0][0])
        self.rows |= {int(row) for rows in orders for row in rows if int(codes[row]) in parts}
