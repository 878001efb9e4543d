"""Conditions on customers as expressions: fields, comparisons, and their trees in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import OptionError
from ._request import plain

if TYPE_CHECKING:
    from ._types import Where

Tree = Mapping[str, Any]
"""Conditions: ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": ...}``, or
``{"field": name, operator: value}``; a `Condition` is one."""


class Condition(Mapping[str, Any]):
    """A tree of conditions: a mapping, joined by ``&`` and ``|`` and negated by ``~``.

    Args:
        tree: The conditions as JSON has them.

    Example:
        >>> many = crm.field("orders.count", days=365) >= 3
        >>> gone = crm.field("cpm.state") == "churned"
        >>> (many & ~gone)["all"][1]
        {'not': {'field': 'cpm.state', 'eq': 'churned'}}
    """

    def __init__(self, tree: Tree) -> None:
        """See the class."""
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
    """A field of a condition; comparisons make a `Condition`.

    Args:
        head: The field with what its values depend on; `field` makes it.

    Example:
        >>> recency = crm.field("rfm.recency_days")
        >>> recency < 30
        Condition({'field': 'rfm.recency_days', 'lt': 30})
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, head: Mapping[str, Any]) -> None:
        """See the class."""
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
        """From one value to another.

        Args:
            low: The least value.
            high: The greatest value.

        Returns:
            The condition; both ends are included.

        Example:
            >>> dict(crm.field("rfm.orders").between(2, 5))
            {'field': 'rfm.orders', 'between': [2, 5]}
        """
        return self._with("between", [low, high])

    def isin(self, values: Sequence[Any]) -> Condition:
        """One of several values.

        Args:
            values: The values.

        Returns:
            The condition.

        Example:
            >>> dict(crm.field("rfm.segment").isin(["champions", "loyal"]))
            {'field': 'rfm.segment', 'in': ['champions', 'loyal']}
        """
        if isinstance(values, (str, bytes)):
            raise TypeError("isin: expected a list of values, not a text")
        return self._with("in", list(values))

    def is_null(self, null: bool = True) -> Condition:
        """No value.

        Args:
            null: Whether there is none (default), or one.

        Returns:
            The condition.

        Example:
            >>> dict(crm.field("summary.gap_mean").is_null())
            {'field': 'summary.gap_mean', 'null': True}
        """
        return self._with("null", null)

    def starts(self, text: str) -> Condition:
        """A text that begins in some way; width and case make no difference.

        Args:
            text: The beginning.

        Returns:
            The condition.

        Example:
            >>> dict(crm.field("customers.first_product").starts("tea"))
            {'field': 'customers.first_product', 'starts': 'tea'}
        """
        return self._with("starts", text)

    def contains(self, text: str) -> Condition:
        """A text with a part; width and case make no difference.

        Args:
            text: The part.

        Returns:
            The condition.

        Example:
            >>> dict(crm.field("customers.first_product").contains("tea"))
            {'field': 'customers.first_product', 'contains': 'tea'}
        """
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
    head = {key: value for key, value in given.items() if value is not None}
    return Field({"field": name, **head})
