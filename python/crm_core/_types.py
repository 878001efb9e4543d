"""Types that the signatures share."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np

    from ._table import Table

    Date: TypeAlias = str | datetime.date | np.datetime64
    """A civil date: ISO text, a date, or a datetime (a Timestamp too), whose date is taken."""

AsOf: TypeAlias = "Date | Sequence[Date] | None"
"""A date, or several, which give a first column `as_of`."""

Moment: TypeAlias = AsOf
"""For events: a date (the end of that day), a datetime (an instant), or several."""

Where: TypeAlias = Mapping[str, Any]
"""Conditions: ``{column: value | [values] | {"from": ..., "to": ...}}``; both ends included."""

Progress: TypeAlias = Callable[[int, int], object]
"""Called with rows done and rows expected, about every 50 ms; returning False stops the work."""

Labels: TypeAlias = Literal["en", "ja"]
Money: TypeAlias = Literal["float", "minor", "decimal"]

Learned: TypeAlias = "Mapping[str, Any] | str | Table"
"""What `learn` has given: its table, the document in the table's notes, or that as JSON text."""

Length: TypeAlias = int | str
"""A length of time: days, or "30min", "36h", "7d", "2w"."""


class ArrowStream(Protocol):
    """A table of the Arrow PyCapsule protocol."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as a stream of record batches."""
        ...


class Policy(TypedDict, total=False):
    """Which orders count (集計対象)."""

    statuses: Sequence[str]
    """Statuses that count. Default: completed, pending."""
    kinds: Sequence[str]
    """Kinds that count. Default: one_off, sub_first, sub_renewal."""
    zero_value: bool
    """Whether orders of amount zero count. Default: yes."""


class CommonScope(TypedDict, total=False):
    """What all analyses of orders share."""

    where: Where | None
    """Chooses orders: frequency and revenue are recomputed from those left."""
    customers: Where | None
    """Chooses whom the answer is about; what the shop teaches (models, cuts, ranks) always comes
    from all customers, so no number changes. `learn` refuses it."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""
    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is: net of discounts and refunds (default), before them, with
    shipping, or less cost."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue: at the order's date (default), or when it was refunded."""
    occasion: Literal["order", "day"] | None
    """What a purchase is: an order, or a day with orders. Default: each analysis's own."""
    churn_boundary: Literal["from", "after"] | None
    """Whether a customer is churned on that day itself (default), or after it."""


class ChannelScope(CommonScope, total=False):
    """The `Scope` of analyses that have their own `by`."""

    churn_days: int | None
    """Days since the last order from which a customer counts as churned (離脱). Default: 240, of
    `purchase_counts` and `purchase_flow` 180."""


class Scope(ChannelScope, total=False):
    """What analyses share: which orders count, whose rows are shown, broken down by what.

    These are keyword arguments of every analysis of orders.
    """

    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""


class EventScope(TypedDict, total=False):
    """What analyses of events share."""

    where: Where | None
    """Chooses events, by their columns, `hour`, or `first_<column>` of the visitor."""
    customers: Where | None
    """Chooses visitors (rows) only, by visitor_id, customer_id or `first_<column>`. Analyses of
    pages, steps and carts, without rows of visitors, refuse it: `where` chooses their events."""
    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""
