"""Types of the signatures."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np

    from ._table import Table

    Date: TypeAlias = str | datetime.date | np.datetime64
    """A civil date: ISO text, a date, or a datetime (a Timestamp too), whose date is taken."""

Dates: TypeAlias = "Date | Sequence[Date]"
"""A date, or several, which give a first column `as_of`. For events a date is the end of that day,
and a datetime an instant."""

AsOf: TypeAlias = "Dates | None"
"""As `Dates`; None is the last date of the orders, or the last event."""

Where: TypeAlias = Mapping[str, Any]
"""Conditions: ``{column: value | [values] | {"from": ..., "to": ...}}``; both ends included."""

Progress: TypeAlias = Callable[[int, int], object]
"""Called with rows done and rows expected, about every 50 ms; returning False stops the work."""

Labels: TypeAlias = Literal["en", "ja"]
RecommendMethod: TypeAlias = Literal[
    "item_cosine", "transition", "popular", "due", "bought", "blend"
]
Money: TypeAlias = Literal["float", "minor", "decimal"]

Learned: TypeAlias = "Mapping[str, Any] | str | Table"
"""What `learn` has given: its table, the document in the table's notes, or that as JSON text."""

Length: TypeAlias = int | str
"""A length of time: a whole number of days, or "30min", "36h", "7d", "2w"."""

Seasonality: TypeAlias = "Mapping[int | str | Date, float]"

Covariates: TypeAlias = Sequence[str] | Mapping[Literal["purchase", "dropout"], Sequence[str]]
"""Columns of customers in a fit: for purchases and dropout alike, or a list for each."""
"""Factors of a shop's demand by month (1 to 12), weekday ("mon" to "sun") and date."""


class ArrowStream(Protocol):
    """A table that implements the Arrow PyCapsule protocol."""

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
    """The keyword arguments of all analyses of orders."""

    where: Where | None
    """Chooses orders: frequency and revenue are recomputed from those left."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""
    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is: net of discounts and refunds (default), before them, with
    shipping, or less cost."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue: at the order's date (default), or when it was refunded."""
    churn_days: int | None
    """Days since the last order from which a customer counts as churned (離脱). Default: 240, of
    `purchase_counts` and `purchase_flow` 180."""
    churn_boundary: Literal["from", "after"] | None
    """Whether a customer is churned on that day itself (default), or after it."""


class ShopScope(CommonScope, total=False):
    """The scope of analyses whose rows are of the whole shop, with no customers to choose."""

    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""


class LearnScope(ShopScope, total=False):
    """The scope of `learn`, which is about all customers: `where` chooses whose orders teach."""

    occasion: Literal["order", "day"] | None
    """What a purchase is: an order, or a day with orders. Default: each analysis's own."""


class ChannelScope(CommonScope, total=False):
    """The `Scope` of analyses that have their own `by`."""

    occasion: Literal["order", "day"] | None
    """What a purchase is: an order, or a day with orders. Default: each analysis's own."""
    customers: Where | None
    """Selects the customers of the result; models, cuts and ranks come from all customers, so
    no number changes."""


class SegmentScope(TypedDict, total=False):
    """The `Scope` of segments, whose `where` are conditions on customers."""

    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""
    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is: net of discounts and refunds (default), before them, with
    shipping, or less cost."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue: at the order's date (default), or when it was refunded."""
    churn_days: int | None
    """Days since the last order from which a customer counts as churned (離脱). Default: 240."""
    churn_boundary: Literal["from", "after"] | None
    """Whether a customer is churned on that day itself (default), or after it."""
    occasion: Literal["order", "day"] | None
    """What a purchase is: an order, or a day with orders. Default: each analysis's own."""
    customers: Where | None
    """Selects the customers of the result; quantiles come from all customers."""
    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""


class CouponScope(TypedDict, total=False):
    """The `Scope` of `coupon_effect`."""

    where: Where | None
    """Chooses orders: frequency and revenue are recomputed from those left."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""


class ScopeWithoutOccasion(CommonScope, total=False):
    """The `Scope` of analyses without the option `occasion`."""

    customers: Where | None
    """Selects the customers of the result; models, cuts and ranks come from all customers, so
    no number changes."""
    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""


class Scope(ScopeWithoutOccasion, total=False):
    """The scope of a request: which orders count, which rows are shown, breakdowns.

    These are keyword arguments of every analysis of orders.
    """

    occasion: Literal["order", "day"] | None
    """What a purchase is: an order, or a day with orders. Default: each analysis's own."""


class BuyerScope(TypedDict, total=False):
    """The `Scope` of analyses of who has bought what, which have their own `by`."""

    where: Where | None
    """Chooses orders and lines."""
    customers: Where | None
    """Chooses the customers who count."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""


class DemandScope(TypedDict, total=False):
    """The `Scope` of `demand`, whose rows are of series and not of customers."""

    where: Where | None
    """Chooses orders and lines."""
    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""
    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is, as in `CommonScope`."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue, as in `CommonScope`."""


class AmountScope(BuyerScope, total=False):
    """The `BuyerScope` of analyses with revenue."""

    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is, as in `CommonScope`."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue: at the order's date (default), or when it was refunded."""


class FeedbackScope(TypedDict, total=False):
    """The scope of analyses of orders beside complaints or answers."""

    where: Where | None
    """Chooses orders."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""
    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is, as in `CommonScope`."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue: at the order's date (default), or when it was refunded."""


class DayScope(TypedDict, total=False):
    """The scope of sums of days."""

    where: Where | None
    """Chooses orders or events."""
    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""
    basis: Literal["net", "gross", "net_shipping", "net_ex_tax", "margin"] | None
    """What an order's amount is, as in `CommonScope`."""
    refunds: Literal["order_date", "refund_date"] | None
    """Where a refund lowers revenue: at the order's date (default), or when it was refunded."""


class AttributeScope(AmountScope, total=False):
    """The scope of `attributes`."""

    occasion: Literal["order", "day"] | None
    """What a purchase is: an order, or a day with orders (default)."""


class ScopeWithoutChurn(AmountScope, total=False):
    """The `Scope` of analyses in which nobody is late."""

    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""


class BasketScope(TypedDict, total=False):
    """The `Scope` of analyses of baskets, in which amounts make no difference."""

    where: Where | None
    """Chooses orders and lines: baskets have the items that are left."""
    customers: Where | None
    """Chooses the customers whose baskets count."""
    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""
    policy: Policy | None
    """Which orders count. Default: the policy of the orders."""


class EventWhere(TypedDict, total=False):
    """The `EventScope` of analyses that have their own `by`."""

    where: Where | None
    """Chooses events, by their columns, `hour`, or `first_<column>` of the visitor."""


class PageScope(EventWhere, total=False):
    """The `EventScope` of analyses of pages and steps, which have no rows of visitors."""

    by: Sequence[str] | None
    """Columns to break the result down by; they come first, under their own names."""


class EventScope(PageScope, total=False):
    """The keyword arguments of analyses of events."""

    customers: Where | None
    """Chooses visitors (rows) only, by visitor_id, customer_id or `first_<column>`."""
