"""Orders: built from columns, validated once, immutable."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._customers import Customers
from ._dataset import column_names, day, doubts, far_years, ids, listed, only_bytes
from ._errors import DataError, ReadingWarning
from ._input import source
from ._progress import shown
from ._request import conditions, dumps
from ._table import Table

if TYPE_CHECKING:
    from ._reading.understanding import Understanding
    from ._types import Progress, Where


class Orders:
    """A shop's orders (受注), validated and immutable.

    It takes the columns as they are named and doubts no meaning: whole amounts that may be cents,
    or a total that is repeated on an order's lines, are added up as given. `read_orders` takes the
    same frames, asks where the data do not decide, and says what may be wrong. Of columns that are
    not named it looks at three: one called `currency` with another code than `currency` is an
    error, one called `status` or `refunded` is warned of, as rows that it may leave out or take off
    count. Years far from ours in texts of dates, as of another calendar, are
    warned of too.

    Args:
        data: A pandas or polars frame (lazy ones too), a pyarrow Table or RecordBatch(Reader), a
            DuckDB relation, a dict of arrays or lists, or anything with ``__arrow_c_stream__``.
            Only the columns named here are read. Long columns are read in place: no other thread
            may write to them meanwhile.
        customer_id: The customer (会員ID): integers (also whole floats, which pandas makes of a
            column with a blank id), texts, categories of these, or fixed-size binary such as UUIDs.
        ordered_at: The time of the order (受注日時): a date or a timestamp, or texts of them (see
            `date_format`).
        amount: The amount (金額).
        currency: ISO 4217 code of every amount, such as "JPY". It has no default.
        order_id: The order (注文番号): rows of one order are its lines. Without it each row is an
            order.
        amount_is: What a row's amount is: the amount of the "line" (lines are summed), of the whole
            "order" (repeated or blank on later lines, counted once), or of one "unit" (times
            `quantity`).
        quantity: The quantity of a line (数量).
        amount_unit: Whether amounts are in "major" units (dollars, yen) or "minor" units (cents).
        round_amounts: Whether to round amounts that are not a whole number of minor units (half to
            even), and count them, instead of refusing them.
        currency_column: A column of currency codes; every row must be in `currency`.
        status: The order's status (対応状況): completed pending not_ordered cancelled
            payment_failed refunded returned test; null is completed.
        status_map: The shop's own words for them.
        kind: The order's kind (購入種別): one_off sub_first sub_renewal swap sample; null is
            one_off.
        kind_map: The shop's own words for them.
        refunded: The refunded amount of a row (返金額).
        refunded_at: The time of the refund.
        discount: Discounts and coupons of a row (値引き), to be subtracted.
        shipping: Shipping and fees of a row (送料), not contained in the amount.
        tax: Tax contained in a row's amount (税).
        cost: The cost of a row to the shop (原価).
        line_kind: The kind of a line: product discount coupon refund shipping fee tax.
        line_kind_map: The shop's own words for them.
        product: The product of a line (商品).
        category: The product's category.
        channel: The channel of the order (流入元).
        shop: The shop (店舗), part of an order's key.
        dimensions: Further columns to filter and break down by.
        customers: The customers table, as `Customers`.
        timezone: The shop's zone, an IANA name or an offset. Naive times are wall clock there,
            aware ones are converted. Default: the time column's own zone, else UTC.
        date_format: The format of dates in columns of texts or numbers: a pattern such as "%d/%m/%Y
            %H:%M", "epoch_s", "epoch_ms", "epoch_us" (since 1970) or "excel" (serial numbers).
            Default: detected from the texts; a column whose texts fit several formats is refused.
        decimal: The decimal sign of numbers in columns of texts: ".", "," or "auto" (detected from
            the column; a column whose texts fit both is refused).
        guests: Rows without a customer: "error", "drop", or "keep" (in shop totals, never per
            customer).
        bad_rows: Rows that cannot be read: "error", or "drop" (left out and counted by reason).
        repeated_rows: Rows equal in every column that is read: "keep", "drop" or "error". Cells are
            compared as read: ids exactly, words after translation, dates and amounts by value.
        policy: Which orders count: ``{"statuses": [...], "kinds": [...], "zero_value": bool}``.
            Default: completed and pending; one_off, sub_first and sub_renewal; amounts of zero too.
        pseudonym_key: A secret text of at least 16 bytes by which customer ids are replaced on the
            way in (仮名化), so that nothing that is kept or saved holds them. `pseudonyms` gives
            that of an id, for filters, `forget` and `of_customers`. Saved orders hold no key.
        progress: A function that is called with rows done and rows expected, about every 50 ms; if
            it returns False the call stops. True prints the progress to standard error.

    Raises:
        SchemaError: A column is missing (the message names those present), or of a wrong type.
        DataError: A row that cannot be read, an unknown word, rows that contradict each other,
            amounts that are not whole minor units, sums that are too large.
        OptionError: An option that is unknown, out of range, or needs a column that is not given.

    Warns:
        ReadingWarning: A column `status` or `refunded` that is not read; texts of dates with
            years before 1600 or after 2300. ``warnings.simplefilter("error", crm.ReadingWarning)``
            makes errors of them.

    Example:
        >>> import datetime, crm_core as crm
        >>> data = {"customer_id": [1, 1, 2], "amount": [5000, 7000, 2000],
        ...         "ordered_at": [datetime.date(2026, 1, 5), datetime.date(2026, 3, 1),
        ...                        datetime.date(2026, 2, 1)]}
        >>> crm.Orders(data, currency="JPY")
        <crm_core.Orders, 3 orders of 2 customers, 2026-01-05 to 2026-03-01, JPY, UTC>
    """

    __slots__ = ("_in_both", "_native", "_receipt", "_twice", "_understanding", "_unread")

    def __init__(
        self,
        data: Any,
        customer_id: str = "customer_id",
        ordered_at: str = "ordered_at",
        amount: str = "amount",
        *,
        currency: str,
        order_id: str | None = None,
        amount_is: Literal["line", "order", "unit"] | None = None,
        quantity: str | None = None,
        amount_unit: Literal["major", "minor"] | None = None,
        round_amounts: bool | None = None,
        currency_column: str | None = None,
        status: str | None = None,
        status_map: Mapping[str, str] | None = None,
        kind: str | None = None,
        kind_map: Mapping[str, str] | None = None,
        refunded: str | None = None,
        refunded_at: str | None = None,
        discount: str | None = None,
        shipping: str | None = None,
        tax: str | None = None,
        cost: str | None = None,
        line_kind: str | None = None,
        line_kind_map: Mapping[str, str] | None = None,
        product: str | None = None,
        category: str | None = None,
        channel: str | None = None,
        shop: str | None = None,
        dimensions: Sequence[str] = (),
        customers: Customers | None = None,
        timezone: str | None = None,
        date_format: str | None = None,
        decimal: Literal["auto", ".", ","] | None = None,
        guests: Literal["error", "drop", "keep"] | None = None,
        bad_rows: Literal["error", "drop"] | None = None,
        repeated_rows: Literal["keep", "drop", "error"] | None = None,
        policy: Mapping[str, Any] | None = None,
        pseudonym_key: str | None = None,
        progress: Progress | bool | None = None,
    ) -> None:
        if customers is not None and not isinstance(customers, Customers):
            raise TypeError(
                f"customers: expected crm_core.Customers, not {type(customers).__name__}"
            )
        spec = dumps(
            {
                "customer_id": customer_id,
                "ordered_at": ordered_at,
                "amount": amount,
                "currency": currency,
                "order_id": order_id,
                "amount_is": amount_is,
                "quantity": quantity,
                "amount_unit": amount_unit,
                "round_amounts": round_amounts,
                "currency_column": currency_column,
                "status": status,
                "status_map": status_map,
                "kind": kind,
                "kind_map": kind_map,
                "refunded": refunded,
                "refunded_at": refunded_at,
                "discount": discount,
                "shipping": shipping,
                "tax": tax,
                "cost": cost,
                "line_kind": line_kind,
                "line_kind_map": line_kind_map,
                "product": product,
                "category": category,
                "channel": channel,
                "shop": shop,
                "dimensions": column_names("dimensions", dimensions),
                "timezone": timezone,
                "date_format": date_format,
                "decimal": decimal,
                "guests": guests,
                "bad_rows": bad_rows,
                "repeated_rows": repeated_rows,
                "policy": policy,
                "pseudonym_key": pseudonym_key,
            }
        )
        wanted = _native.orders_columns(spec)
        columns = source(data, wanted)
        self._unread = _unnamed(data, wanted)
        _one_currency(data, wanted, currency)
        self._in_both, self._twice = 0, ""
        columns = ids(columns, [customer_id, order_id, product])
        table = customers._native if customers is not None else None
        self._native = _native.Orders(spec, columns, table, shown(progress))
        self._understanding: Understanding | None = None
        self._receipt: dict[str, int] | None = None
        for name in self._unread:
            if name in _STATES:
                warnings.warn(
                    f'the column "{name}" is not read, and rows that it may leave out or take off '
                    f'count: {name}="{name}" reads it',
                    ReadingWarning,
                    stacklevel=2,
                )
        if self.understood:  # texts of dates
            for said in far_years(self.first_date, self.last_date):
                warnings.warn(said, ReadingWarning, stacklevel=2)

    @property
    def understanding(self) -> Understanding | None:
        """How the data were read, for orders of `read_orders`; None for others.

        Example:
            >>> orders.understanding is None
            True
        """
        return self._understanding

    @property
    def notes(self) -> list[str]:
        """Hints about the data: columns that were not read although their names suggest a meaning.

        Columns that are not named in the call are ignored. A column called `order_id`, `status`,
        `refunded` or `discount` would change totals, so it is listed here and in `repr`; of
        `status` and `refunded` there is a `ReadingWarning` besides when the orders are made. A
        column `currency` with another code is no note but an error. What `read_orders` doubts is in
        `understanding.warnings`.

        Example:
            >>> crm.Orders(shop, currency="JPY", guests="drop").notes[0]
            'the column "order_id" is not read; order_id="order_id" reads it'
        """
        unread = [
            f'the column "{name}" is not read; {name}="{name}" reads it' for name in self._unread
        ]
        if self._in_both:
            twice = f", so that {self._twice} count twice" if self._twice else ""
            unread.append(
                f"{self._in_both} orders are in both parts of concat: each has the lines of both"
                f"{twice}"
            )
        return unread

    def __len__(self) -> int:
        """The number of orders, also those that do not count; in a view, the orders of the view."""
        return len(self._native)

    @property
    def n_customers(self) -> int:
        """The number of customers with one of these orders, whether or not it counts.

        Example:
            >>> orders.n_customers >= len(crm.summary(orders))
            True
        """
        return self._native.n_customers

    @property
    def first_date(self) -> datetime.date | None:
        """The date of the first of these orders, in the shop's zone.

        Example:
            >>> orders.first_date <= orders.last_date
            True
        """
        return day(self._native.first_date)

    @property
    def last_date(self) -> datetime.date | None:
        """The date of the last order of the whole import, also for views; the default `as_of`.

        Example:
            >>> orders.last_date.year
            2025
        """
        return day(self._native.last_date)

    @property
    def currency(self) -> str:
        """The currency's ISO 4217 code.

        Example:
            >>> orders.currency
            'JPY'
        """
        return self._native.currency

    @property
    def timezone(self) -> str:
        """The shop's zone.

        Example:
            >>> orders.timezone
            'Asia/Tokyo'
        """
        return self._native.timezone

    @property
    def understood(self) -> dict[str, str]:
        """How columns of texts were read, such as ``{"date": "%d/%m/%Y"}``.

        Example:
            >>> data = {"customer_id": [1], "amount": [5000], "ordered_at": ["31/01/2026"]}
            >>> crm.Orders(data, currency="JPY").understood
            {'ordered_at': '%d/%m/%Y'}
        """
        return dict(self._native.understood)

    @property
    def reconciliation(self) -> Table:
        """The reconciliation: rows that count, and the reasons why others do not.

        Columns: reason, rows, orders, customers, amount. They add up to the whole input; in a view,
        orders outside of its filter have their own line.

        Example:
            >>> orders.reconciliation.columns
            ['reason', 'rows', 'orders', 'customers', 'amount']
        """
        return Table(self._native.reconciliation())

    def view(
        self,
        where: Where | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> Orders:
        """Some of the orders, or all with another policy; the data are shared, not copied.

        Args:
            where: Conditions on the orders' columns; all must hold.
            policy: Which orders count, as in `Orders`.

        Returns:
            Orders; their analyses use only the chosen orders.

        Raises:
            OptionError: An unknown column, or a condition of a wrong type.

        Example:
            >>> ads = orders.view({"channel": "ads"})
            >>> len(crm.summary(ads)) < len(crm.summary(orders))
            True
        """
        chosen = conditions(where) if where is not None else None
        counted = dumps(policy) if policy is not None else None
        return _wrapped(self._native.view(chosen, counted), self._understanding, self._unread)

    def concat(self, more: Orders) -> Orders:
        """These orders and more, as if built from all rows at once.

        Args:
            more: Orders of the same columns, settings, currency, zone, policy and customers table
                (a table that only one of them has applies to all).

        Returns:
            New orders; neither of the two changes. An order of both parts has the lines of both:
            `notes` has their number, and their amounts where one part contains the other.

        Raises:
            OptionError: A setting that differs (the message names it), or a view with a filter.
            SchemaError: Ids of another type.
            DataError: Rows that contradict each other.

        Example:
            >>> day = {"customer_id": [1], "amount": [500], "ordered_at": ["2026-01-05"]}
            >>> first = crm.Orders(day, currency="JPY")
            >>> more = crm.Orders({**day, "ordered_at": ["2026-01-06"]}, currency="JPY")
            >>> len(first.concat(more))
            2
        """
        if not isinstance(more, Orders):
            raise TypeError(f"more: expected crm_core.Orders, not {type(more).__name__}")
        orders = _wrapped(self._native.concat(more._native))
        orders._in_both = len(self) + len(more) - len(orders)
        smaller = min((self, more), key=len)
        if orders._in_both == len(smaller):  # of single orders nothing is known here
            orders._twice = _all_of(smaller)
        return orders

    def append(
        self,
        more: Any,
        *,
        on_repeat: Literal["refuse", "replace", "first", "add"] | None = None,
    ) -> Orders:
        """These orders and more of the same columns, such as a shop's export of each day.

        An order is recognised by its order id (and shop). With `on_repeat="replace"` a cancellation
        or a correction takes the place of the order that is here already.

        Args:
            more: Rows with the columns of these orders, in any of the forms that `Orders` takes, or
                `Orders` that were read with the same arguments.
            on_repeat: What happens to an order that is here already. "refuse" (the default) is an
                error that names its row, "replace" puts the new order with all its lines in its
                place, "first" leaves the new one out, and "add" counts its rows as further lines,
                as `concat` does. Rows left out stay in the reconciliation. Orders without an order
                id cannot be recognised; all are added.

        Returns:
            New orders; their `receipt` has the counts. These orders do not change. Their policy and
            customers table apply to all. If no order was here already the call is cheap: the first
            analysis of all orders puts them together; `of_customers` does not.

        Raises:
            OptionError: A setting that differs, a view with a filter, or an `on_repeat` although
                the orders have no order id.
            DataError: An order that is here already, or rows that cannot be read.
            SchemaError: A column is missing or of a wrong type.

        Example:
            >>> row = {"customer_id": ["a"], "ordered_at": ["2026-01-05"], "amount": [500]}
            >>> held = crm.Orders({**row, "id": [1]}, currency="JPY", order_id="id")
            >>> now = held.append({**row, "id": [1], "amount": [400]}, on_repeat="replace")
            >>> crm.summary(now)["revenue"], now.receipt["repeated"]
            (array([400.]), 1)
        """
        import json

        if not isinstance(more, Orders):
            spec = self._native.spec
            read = json.loads(spec)
            columns = source(more, _native.orders_columns(spec))
            columns = ids(columns, [read["customer_id"], read["order_id"], read["product"]])
            native = self._native.read(columns)
        else:
            native = more._native
        joined, receipt = self._native.append(native, on_repeat)
        orders = _wrapped(joined, self._understanding, self._unread)
        orders._receipt = json.loads(receipt)
        return orders

    def of_customers(self, ids: Iterable[int | str]) -> Orders:
        """The orders of some customers and nothing else, for the page of one customer.

        `customer`, `cycle` and `alerts` with a document of `learn` give the same of them as of all
        orders. The call does not read the orders of others; the first call makes an index of rows.
        Rows of the customers table stay. The last date, the default `as_of`, is that of all orders.

        Args:
            ids: Customer ids, of the type that came in; unknown ones have no orders.

        Returns:
            New orders.

        Raises:
            OptionError: A view with a filter, or ids of another type than came in.

        Example:
            >>> somebody = crm.summary(orders).to_dict()["customer_id"][0]
            >>> orders.of_customers([somebody]).n_customers
            1
        """
        return _wrapped(self._native.of_customers(listed(ids)), self._understanding, self._unread)

    def forget(self, ids: Iterable[int | str]) -> Orders:
        """The orders without some customers (個人情報の削除請求), as if they had never come in.

        The result lacks their rows, their rows of the customers table, their ids, and the order ids
        and values of dimensions that only they had. Rows that were left out of the import stay
        counted, because their customers are unknown.

        Args:
            ids: Customer ids, of the type that came in.

        Returns:
            New orders; their `receipt` has the counts. These orders do not change.

        Raises:
            OptionError: A view with a filter, or ids of another type than came in.

        Example:
            >>> somebody = crm.summary(orders).to_dict()["customer_id"][0]
            >>> rest = orders.forget([somebody, "nobody"])
            >>> rest.receipt["customers"], rest.receipt["unknown"]
            (1, 1)
        """
        import json

        rest, receipt = self._native.forget(listed(ids))
        orders = _wrapped(rest, self._understanding, self._unread)
        orders._receipt = json.loads(receipt)
        return orders

    def with_persons(self, persons: Any) -> Orders:
        """The orders under the ids of persons (名寄せ): one customer, one id.

        As if the input had the persons' ids; customers who are no record keep theirs. Another
        table of persons on the original orders undoes a merge. Of a customers table a person has
        the row with its own id, else that of the least id; the first registration counts, and a
        person who has opted out in one of the rows has opted out.

        Args:
            persons: What `identify` gives, its table of persons, or a frame with the columns
                record_id and person_id.

        Returns:
            New orders; these do not change. Their `receipt` counts `records`, and `unknown`, those
            that are no customer; if all are, a `ReadingWarning` says so.

        Raises:
            OptionError: A view with a filter.
            SchemaError: Ids of another type than the customers'.
            DataError: Two persons for one record.

        Example:
            >>> first, second = crm.summary(orders).to_dict()["customer_id"][:2]
            >>> joined = {"record_id": [first, second], "person_id": [first, first]}
            >>> orders.n_customers - orders.with_persons(joined).n_customers
            1
        """
        from ._people import native_persons

        table = native_persons(persons)
        orders = _wrapped(self._native.with_persons(table), self._understanding, self._unread)
        unknown = self._native.unknown_records(table)
        orders._receipt = {"records": len(table), "unknown": unknown}
        if unknown and unknown == len(table):
            warnings.warn(
                f"none of the {unknown:,} records of persons is a customer of the orders: "
                "another form of ids?",
                ReadingWarning,
                stacklevel=2,
            )
        return orders

    @property
    def receipt(self) -> dict[str, int] | None:
        """What `append` has added, `forget` taken out or `with_persons` met; none for other orders.

        `append` counts the added `orders` and `rows`, `repeated` (orders that were here already)
        and `rows_left_out`. `forget` counts `customers`, `orders`, `rows`, and `unknown`, the given
        ids that are not in the data. `with_persons` counts `records` and `unknown`.

        Example:
            >>> orders.receipt is None
            True
        """
        return self._receipt

    def to_bytes(self) -> bytes:
        """The orders as bytes, for a file or a cache.

        The bytes contain the rows, the settings, the policy and the customers table, with ids and
        values of dimensions as they were given. `pickle` uses them and keeps `understanding` as
        well.

        Returns:
            The bytes, with a checksum.

        Raises:
            OptionError: A view with a filter; save the whole import and make the view again.

        Example:
            >>> saved = orders.to_bytes()
            >>> again = crm.Orders.from_bytes(saved)
            >>> len(again) == len(orders)
            True
        """
        return self._native.to_bytes()

    @staticmethod
    def from_bytes(saved: bytes) -> Orders:
        """Orders that `to_bytes` has written. Every analysis gives the same numbers of them.

        Args:
            saved: The bytes.

        Returns:
            The orders; `understanding` is none.

        Raises:
            DataError: Bytes that are no saved orders, were cut short or changed, or are of another
                format.

        Example:
            >>> crm.Orders.from_bytes(orders.to_bytes()).currency
            'JPY'
        """
        return _wrapped(_native.Orders.from_bytes(only_bytes(saved)))

    def __copy__(self) -> Orders:
        """Orders cannot be changed, so that a copy is the orders."""
        return self

    def __deepcopy__(self, memo: object) -> Orders:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.to_bytes(), self._understanding, self._unread)

    def __repr__(self) -> str:
        span = f", {self.first_date} to {self.last_date}" if self.last_date else ""
        unread = f", not read: {', '.join(self._unread)}" if self._unread else ""
        return (
            f"<crm_core.Orders, {len(self):,} orders of {self.n_customers:,} customers{span}, "
            f"{self.currency}, {self.timezone}{unread}{doubts(self._understanding)}>"
        )

    def _repr_html_(self) -> str:
        """What is in it, how it was read, and what counts."""
        import html

        read = self._understanding._repr_html_() if self._understanding is not None else ""
        counted = self.reconciliation.to_html(rows=None)
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{read}{counted}"


def _restored(saved: bytes, understanding: Understanding | None, unread: Sequence[str]) -> Orders:
    return _wrapped(_native.Orders.from_bytes(saved), understanding, unread)


def _wrapped(
    native: _native.Orders,
    understanding: Understanding | None = None,
    unread: Sequence[str] = (),
) -> Orders:
    orders = object.__new__(Orders)
    orders._native = native
    orders._understanding = understanding
    orders._receipt = None
    orders._unread = list(unread)
    orders._in_both, orders._twice = 0, ""
    return orders


def _all_of(orders: Orders) -> str:
    """What all orders come to, for a hint."""
    found = orders.reconciliation
    amount = found.to_dict()["amount"][-1]
    return f"{amount:,.{found.schema['amount']['decimals']}f} {orders.currency}"


# Arguments that change totals; a column of such a name usually has that meaning.
_MEANT = ("order_id", "status", "refunded", "discount")


# Of these, the ones by which rows do not count.
_STATES = ("status", "refunded")


def _one_currency(data: Any, wanted: Sequence[str], currency: str) -> None:
    """Refuses a column `currency` that is not read and holds other codes than the one given."""
    name = "currency"
    if name in wanted:
        return
    if isinstance(data, Mapping):
        values = data.get(name, ())
    elif not hasattr(data, "collect") and any(
        hasattr(data, name) for name in ("unique", "iloc", "num_rows")
    ):
        names = list(getattr(data, "column_names", getattr(data, "columns", ())))
        values = data[name] if name in names else ()
    else:  # what can be read once only, or has to be asked for
        return
    unique = getattr(values, "unique", None)
    if unique is not None:
        values = unique()
    found = getattr(values, "tolist", getattr(values, "to_list", None))
    texts = {str(one).strip().upper() for one in (found() if found else values)}
    codes = {one for one in texts if len(one) == 3 and one.isascii() and one.isalpha()} - {"NAN"}
    others = sorted(codes - {str(currency).upper()})
    if others and len(texts) <= 200:
        raise DataError(
            f'column "{name}" is not read and holds {", ".join(others[:5])}, and the currency is '
            f"{currency}",
            column=name,
            hint="Give one frame for each currency; leave the column out if all amounts are in "
            f"{currency}.",
        )


def _unnamed(data: Any, wanted: Sequence[str]) -> list[str]:
    """Columns that are not read although they have the name of an argument."""
    if isinstance(data, Mapping):
        found: Any = list(data)
    elif hasattr(data, "collect_schema"):  # polars warns of `columns` of a lazy frame
        found = data.collect_schema().names()
    else:
        found = getattr(data, "column_names", getattr(data, "columns", None))
    names = [str(one) for one in (found if found is not None else ())]
    return [name for name in _MEANT if name in names and name not in wanted]
