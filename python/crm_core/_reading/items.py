"""Which columns are of an order's items: products, quantities, prices."""

from __future__ import annotations

from collections.abc import Iterator

from . import headings, statuses
from .layouts import fold
from .reading import Reading


def of(reading: Reading) -> Iterator[str]:
    """Headings of lines: products, quantities, prices."""
    known = {
        fold(one) for role in ("product", "category", "quantity") for one in headings.names_of(role)
    }
    for one in reading.table.column_names:
        of_price = headings.amount_kind(one) in ("unit", "price", "item_price", "line")
        if fold(one) in known or of_price or statuses.speaks_of("item", one):
            yield one
