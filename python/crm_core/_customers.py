"""The customers table: built from columns, validated once, immutable."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _native
from ._dataset import column_names, ids, listed, only_bytes
from ._errors import ReadingWarning
from ._input import source
from ._request import dumps


class Customers:
    """The customers table (会員マスタ): all registered customers, with or without orders.

    Customers in it without an order are prospects (見込み). Its columns can be used in `customers=`
    and `by=`. Customers with orders who are not in it are counted, not dropped.

    Args:
        data: Columns, in any of the forms that `Orders` takes.
        customer_id: The customer (会員ID), of the same type as in the orders.
        registered_at: The date of registration (登録日).
        opted_out: Whether the customer has opted out of messages (配信停止): truth values, 0 and 1,
            or texts true and false; blank is false. A column that looks like it and is not named
            is warned of.
        birth_date: The date of birth (生年月日). It makes the columns `birth_date`, `birth_month`
            (1 to 12) and `age_band` ("20-29": complete years on the date of the analysis).
        dimensions: Further columns to choose customers by and to break results down by.
        bins: Columns of numbers to cut into bands, with the bounds: `{"height": [150, 160]}` makes
            "under 150", "150 to 160" (160 not included) and "160 or more". They are dimensions.
        timezone: The shop's zone, for `registered_at`.
        date_format: The format of `registered_at` and `birth_date`, as for `Orders`.
        pseudonym_key: The key by which ids are replaced on the way in, as for `Orders`.

    Raises:
        SchemaError: A column is missing or of a wrong type.
        DataError: A duplicate id, or a row that cannot be read.

    Example:
        >>> table = {"id": [1, 2, 3], "plan": ["gold", "none", "gold"]}
        >>> crm.Customers(table, "id", dimensions=["plan"])
        <crm_core.Customers, 3 customers>
    """

    __slots__ = ("_native", "_receipt")

    def __init__(
        self,
        data: Any,
        customer_id: str = "customer_id",
        *,
        registered_at: str | None = None,
        opted_out: str | None = None,
        birth_date: str | None = None,
        dimensions: Sequence[str] = (),
        bins: Mapping[str, Sequence[float]] | None = None,
        timezone: str | None = None,
        date_format: str | None = None,
        pseudonym_key: str | None = None,
    ) -> None:
        spec = dumps(
            {
                "customer_id": customer_id,
                "registered_at": registered_at,
                "opted_out": opted_out,
                "birth_date": birth_date,
                "dimensions": column_names("dimensions", dimensions),
                "bins": {} if bins is None else bins,
                "timezone": timezone,
                "date_format": date_format,
                "pseudonym_key": pseudonym_key,
            }
        )
        wanted = _native.customers_columns(spec)
        columns = source(data, wanted)
        if opted_out is None:
            _warn_of_opt_outs(data, wanted)
        self._native = _native.Customers(spec, ids(columns, [customer_id]))
        self._receipt: dict[str, int] | None = None

    def __len__(self) -> int:
        """Customers."""
        return len(self._native)

    def forget(self, ids: Iterable[int | str]) -> Customers:
        """The table without some customers (個人情報の削除請求), as if they had never come in.

        Args:
            ids: Customer ids, of the type that came in.

        Returns:
            A new table; its `receipt` has the counts. This table does not change, and neither do
            orders that were made with it: `Orders.forget` removes people from both.

        Raises:
            OptionError: Ids of another type than came in.

        Example:
            >>> rest = crm.Customers({"id": [1, 2, 3]}, "id").forget([2, 9])
            >>> len(rest), rest.receipt
            (2, {'customers': 1, 'unknown': 1})
        """
        import json

        rest, receipt = self._native.forget(listed(ids))
        table = _table(rest)
        counts = json.loads(receipt)
        table._receipt = {name: counts[name] for name in ("customers", "unknown")}
        return table

    @property
    def receipt(self) -> dict[str, int] | None:
        """What `forget` has taken out of this table; none for other tables.

        It counts `customers`, and `unknown`, the given ids that are not in the table.

        Example:
            >>> crm.Customers({"id": [1, 2, 3]}, "id").receipt is None
            True
        """
        return self._receipt

    def to_bytes(self) -> bytes:
        """The table as bytes, for a file or a cache; `pickle` uses them.

        The bytes contain ids and values of dimensions as they were given. `Orders.to_bytes`
        contains the table of its orders, too.

        Returns:
            The bytes, with a checksum.

        Example:
            >>> table = crm.Customers({"id": [1, 2, 3]}, "id")
            >>> len(crm.Customers.from_bytes(table.to_bytes()))
            3
        """
        return self._native.to_bytes()

    @staticmethod
    def from_bytes(saved: bytes) -> Customers:
        """A table that `to_bytes` has written.

        Args:
            saved: The bytes.

        Returns:
            The table.

        Raises:
            DataError: Bytes that are no saved table, were cut short or changed, or are of another
                format.

        Example:
            >>> crm.Customers.from_bytes(b"PK")
            Traceback (most recent call last):
            crm_core.DataError: saved state: the bytes are no saved state
        """
        return _table(_native.Customers.from_bytes(only_bytes(saved)))

    def __copy__(self) -> Customers:
        """A table cannot be changed, so that a copy is the table."""
        return self

    def __deepcopy__(self, memo: object) -> Customers:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Customers.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return f"<crm_core.Customers, {len(self):,} customer{'s' * (len(self) != 1)}>"


# What headings of columns of opt-outs have in them.
_OPT_OUTS = re.compile(
    r"unsubscri|opt(ed)?[ _-]?(out|in)\b|do[ _-]?not[ _-]?(e?mail|contact)"
    r"|accepts?[ _-]?(email|marketing)|(marketing|email)[ _-]?consent|newsletter"
    r"|配信停止|配信解除|配信拒否|受信拒否|メルマガ|メールマガジン|メール配信|配信希望"
    r"|メール受信|受信可否|配信可否|オプトアウト|オプトイン",
    re.IGNORECASE,
)


def _warn_of_opt_outs(data: Any, wanted: Sequence[str]) -> None:
    """Warns of columns that are not read and may say who wants no messages."""
    names = getattr(data, "column_names", None)
    if isinstance(data, Mapping):
        names = list(data)
    elif hasattr(data, "collect_schema"):
        names = data.collect_schema().names()
    elif not isinstance(names, list):
        names = list(getattr(data, "columns", ()))
    for name in map(str, names):
        if name not in wanted and _OPT_OUTS.search(name):
            warnings.warn(
                f'the column "{name}" is not read, and it may say who wants no messages: '
                "opted_out= reads a column whose true is an opt-out",
                ReadingWarning,
                stacklevel=3,
            )


def _table(native: _native.Customers) -> Customers:
    table = object.__new__(Customers)
    table._native = native
    table._receipt = None
    return table
