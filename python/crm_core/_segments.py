"""Segments: customers who meet conditions on orders, the customers table and any analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._errors import OptionError
from ._library import call
from ._orders import Orders
from ._request import plain
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Scope, SegmentScope, Where

Tree = Mapping[str, Any]
"""Conditions: ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": ...}``, or
``{"field": name, operator: value}``; a `Condition` is one."""


class Condition(Mapping[str, Any]):
    """A tree of conditions: a mapping, joined by ``&`` and ``|`` and turned round by ``~``.

    Example:
        >>> many = crm.field("orders.count", days=365) >= 3
        >>> gone = crm.field("cpm.state") == "churned"
        >>> (many & ~gone)["all"][1]
        {'not': {'field': 'cpm.state', 'eq': 'churned'}}
    """

    def __init__(self, tree: Tree) -> None:
        """The conditions of a tree as JSON has it."""
        self._tree = dict(tree)

    def __getitem__(self, key: str) -> Any:
        return self._tree[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __and__(self, other: Tree) -> Condition:
        """Both hold."""
        return self._joined("all", other)

    def __or__(self, other: Tree) -> Condition:
        """One of them holds."""
        return self._joined("any", other)

    def __invert__(self) -> Condition:
        """It does not hold."""
        return Condition({"not": self._tree})

    def __bool__(self) -> bool:
        """Conditions have no truth of their own.

        Raises:
            TypeError: Always; ``and``, ``or`` and ``not`` ask for it.
        """
        raise TypeError("conditions are joined by & and |, and turned round by ~")

    def __repr__(self) -> str:
        return f"Condition({self._tree!r})"

    def to_json(self) -> str:
        """The tree as JSON, which every language can build and read.

        Example:
            >>> (crm.field("rfm.r") >= 4).to_json()
            '{"field": "rfm.r", "ge": 4}'
        """
        return json.dumps(plain("where", self._tree), ensure_ascii=False)

    def _joined(self, word: str, other: Tree) -> Condition:
        if not isinstance(other, Mapping):
            return NotImplemented
        parts: list[Any] = []
        for tree in (self._tree, dict(other)):
            parts.extend(tree[word] if list(tree) == [word] else [tree])
        return Condition({word: parts})


class Field:
    """A field of a condition; see `field`. Comparisons make a `Condition`."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, head: Mapping[str, Any]) -> None:
        """A field with what its values depend on."""
        self._head = dict(head)

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        return self._with("eq", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        return self._with("ne", value)

    def __lt__(self, value: Any) -> Condition:
        return self._with("lt", value)

    def __le__(self, value: Any) -> Condition:
        return self._with("le", value)

    def __gt__(self, value: Any) -> Condition:
        return self._with("gt", value)

    def __ge__(self, value: Any) -> Condition:
        return self._with("ge", value)

    def between(self, low: Any, high: Any) -> Condition:
        """From the one to the other, both included."""
        return self._with("between", [low, high])

    def isin(self, values: Sequence[Any]) -> Condition:
        """One of these values."""
        return self._with("in", list(values))

    def is_null(self, null: bool = True) -> Condition:
        """Whether there is no value."""
        return self._with("null", null)

    def starts(self, text: str) -> Condition:
        """The text begins like this; width and case make no difference."""
        return self._with("starts", text)

    def contains(self, text: str) -> Condition:
        """This is part of the text; width and case make no difference."""
        return self._with("contains", text)

    def _with(self, operator: str, value: Any) -> Condition:
        if isinstance(value, Field):
            raise OptionError("option `where`: expected a value to compare with, not a field")
        return Condition({**self._head, operator: plain("where", value)})


def field(
    name: str,
    *,
    days: int | None = None,
    where: Where | None = None,
    options: Mapping[str, Any] | None = None,
) -> Field:
    """A field for conditions.

    Args:
        name: ``orders.count``, ``orders.revenue``, ``orders.mean_order_value``,
            ``orders.first_date``, ``orders.last_date``; ``customers.`` and a column of the
            customers table or ``first_<column>`` of the first order; or the name of an analysis
            with one row per customer and its column, such as ``rfm.segment``.
        days: Only orders of so many last days, the date included; of ``orders.``.
        where: Only these orders; of ``orders.``.
        options: The options of the analysis. Default: its own.

    Returns:
        A field. Its comparisons (``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``isin``,
        ``between``, ``is_null``, ``starts``, ``contains``) are conditions. A number or a date may
        be ``{"quantile": 0.8}``, and a date ``"-30d"``, days from the date of the analysis.

    Example:
        >>> soon = crm.field("cycle.probability_within", options={"within": 14}) >= 0.5
        >>> dict(soon)
        {'field': 'cycle.probability_within', 'options': {'within': 14}, 'ge': 0.5}
    """
    given = {"days": days, "where": where, "options": options}
    return Field(
        {"field": name} | {key: value for key, value in given.items() if value is not None}
    )


def segment(
    orders: Orders,
    as_of: AsOf = None,
    *,
    where: Tree | None = None,
    explain: bool | None = None,
    **scope: Unpack[SegmentScope],
) -> Table:
    """Customers who meet conditions (条件による顧客抽出).

    The conditions may name orders, the customers table, and columns of any analysis with one row
    per customer; each analysis runs once. A condition on a field without a value does not hold,
    unless it asks for that.

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        where: The conditions: a `Condition` made with `field`, or the same as a mapping. Default:
            everyone.
        explain: Whether all customers have a row, with the condition that decided. Default: no.
        **scope: Keys of the scope: customers, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `SegmentScope`.

    Returns:
        One row per customer of the segment: customer_id, and the fields under their names; with
        `explain` one row per customer with selected and decided_by, the path of the condition that
        was evaluated last.

    Raises:
        OptionError: A field, an operator or a value that there is not; the error names its path.

    Example:
        >>> good = crm.field("rfm.segment").isin(["champions", "loyal"])
        >>> quiet = crm.field("orders.count", days=60) == 0
        >>> crm.segment(orders, "2025-06-30", where=good & quiet).columns
        ['customer_id', 'rfm.segment', 'orders.count_60d']
    """
    options = {"where": where, "explain": explain}
    return call("segment", orders, as_of, {**options, **scope})


def segment_sizes(
    orders: Orders,
    as_of: AsOf = None,
    *,
    segments: Mapping[str, Tree] | None = None,
    overlaps: bool | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Customers and revenue of several segments, or of their overlaps (抽出条件ごとの顧客数).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        segments: The conditions of each segment by its name, up to 64. Default: everyone.
        overlaps: Whether a row is a combination of segments, with the customers who are in exactly
            these. Default: no.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per segment, or per combination that occurs: segment, customers, revenue.

    Raises:
        OptionError: A field, an operator or a value that there is not; the error names its path.

    Example:
        >>> often = crm.field("orders.count") >= 5
        >>> lately = crm.field("orders.last_date") > "-90d"
        >>> both = {"often": often, "lately": lately}
        >>> sizes = crm.segment_sizes(orders, segments=both, overlaps=True)
        >>> sizes.to_dict()["segment"]
        ['lately', 'often', 'lately & often']
    """
    options = {"segments": segments, "overlaps": overlaps}
    return call("segment_sizes", orders, as_of, {**options, **scope})


def segment_sweep(
    orders: Orders,
    as_of: AsOf = None,
    *,
    where: Tree | None = None,
    vary: str | None = None,
    values: Sequence[float] | None = None,
    **scope: Unpack[SegmentScope],
) -> Table:
    """Size of a segment as one of its values moves (抽出条件の値ごとの顧客数).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`. Default: the date of the last order of the whole import.
        where: The conditions, as of `segment`. Default: customers with one order or more.
        vary: The path of the number in the conditions that moves: ``"all.1.ge"``,
            ``"all.0.days"``, ``"ge.quantile"``. Default: ``"ge"``.
        values: The values that it takes. Default: 1 to 5.
        **scope: Keys of the scope: customers, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `SegmentScope`.

    Returns:
        One row per value: value, customers, revenue.

    Raises:
        OptionError: A path without a number; the error lists the paths that there are.

    Example:
        >>> often = crm.field("orders.count", days=365) >= 2
        >>> sizes = crm.segment_sweep(orders, where=often, vary="days", values=[30, 90, 365])
        >>> sizes["value"].tolist()
        [30.0, 90.0, 365.0]
    """
    options = {"where": where, "vary": vary, "values": values}
    return call("segment_sweep", orders, as_of, {**options, **scope})


def segment_history(
    orders: Orders,
    as_of: AsOf = None,
    *,
    where: Tree | None = None,
    step: Literal["day", "week", "month", "quarter", "year"] | None = None,
    **scope: Unpack[SegmentScope],
) -> Table:
    """Customers who entered a segment, left it and stayed in it (抽出条件の顧客数の推移).

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`: a history. Default: the date of the last order of the whole import.
        where: The conditions, as of `segment`. Default: everyone.
        step: How far before `as_of` the earlier date is (default a month); ends of months are
            compared with ends of months.
        **scope: Keys of the scope: customers, by, policy, basis, refunds, occasion, churn_days,
            churn_boundary; see `SegmentScope`.

    Returns:
        One row: since (the earlier date), customers, entered, left, stayed, revenue.

    Raises:
        OptionError: A field, an operator or a value that there is not; the error names its path.

    Example:
        >>> lost = crm.field("cpm.state") == "churned"
        >>> months = crm.month_ends("2025-04-01", "2025-06-30")
        >>> history = crm.segment_history(orders, months, where=lost)
        >>> (history["customers"] == history["entered"] + history["stayed"]).all()
        np.True_
    """
    options = {"where": where, "step": step}
    return call("segment_history", orders, as_of, {**options, **scope})
