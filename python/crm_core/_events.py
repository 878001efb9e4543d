"""Events of a site or an app: built from columns, validated and sorted once, immutable."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._dataset import column_names, day, doubts, ids, listed, only_bytes
from ._input import source
from ._progress import shown
from ._request import conditions, dumps

if TYPE_CHECKING:
    from ._orders import Orders
    from ._reading.understanding import Understanding
    from ._types import Progress, Where


class Events:
    """Events of visitors (行動ログ): validated, sorted once, immutable.

    Args:
        data: Columns, in any of the forms that `Orders` takes. Only the columns named here are
            read.
        visitor_id: The visitor (訪問者): integers, texts, categories of these, fixed-size binary.
        occurred_at: The time of the event: a date or a timestamp, or texts of them (see
            `date_format`).
        kind: The kind of the event: free text. Kinds with a meaning are those of visits (view,
            product_view, add, remove, checkout, payment_failed, purchase), of messages (sent,
            bounced, opened, clicked, unsubscribed, complained, subscribed, held_out) and assigned;
            see `kinds`. Analyses of visits leave messages and assignments out.
        customer_id: The customer (会員ID), if known. A visitor who logs in or buys is joined to the
            customer, also for earlier and later events.
        page: The page.
        product: The product.
        quantity: The quantity; blank is 1.
        order_id: The order of a purchase: purchases with one order id are one order.
        channel: The channel of the visit (流入元).
        campaign: The campaign of a visit or a message, or the experiment of an assignment.
        variant: The variant of a message or an assignment.
        machine: Whether a machine opened or clicked the message: truth values, 0 and 1, or texts of
            them; blank is no.
        referrer: The referrer.
        amount: Money of the event, for all its units together.
        currency: ISO 4217 code of every amount. Required with `amount`.
        kinds: The meanings of the shop's own kinds, such as ``{"cart": "add"}``. A kind that is
            mapped to itself is declared to be right even if it does not occur.
        amount_unit: Whether amounts are in "major" units (dollars, yen) or "minor" units (cents).
        round_amounts: Whether to round amounts that are not a whole number of minor units, instead
            of refusing them.
        dimensions: Further columns to filter and break down by, such as the device.
        measures: Columns of numbers that describe a page view, such as its load time.
        timezone: The shop's zone, an IANA name or an offset. Naive times are wall clock there.
            Default: the time column's own zone, else UTC.
        date_format: The format of times in columns of texts or numbers: a pattern such as "%d/%m/%Y
            %H:%M", "epoch_s", "epoch_ms", "epoch_us" (since 1970) or "excel" (serial numbers).
            Default: detected from the texts; a column whose texts fit several formats is refused.
        decimal: The decimal sign of numbers in columns of texts: ".", "," or "auto" (detected from
            the column; a column whose texts fit both is refused).
        bad_rows: Rows that cannot be read: "error", or "drop" (left out and counted).
        pseudonym_key: A secret text by which ids of visitors and customers are replaced on the way
            in, as for `Orders`.
        progress: A function that is called with rows done and rows expected, about every 50 ms; if
            it returns False the call stops. True prints the progress to standard error.

    Raises:
        SchemaError: A column is missing (the message names those present), or of a wrong type.
        DataError: A row without visitor, time or kind, with a negative quantity, or that cannot be
            read.
        OptionError: An option that is unknown or out of range; amounts without a currency.

    Example:
        >>> import crm_core as crm, numpy as np
        >>> data = {"visitor_id": ["v", "v"], "kind": ["view", "purchase"],
        ...         "occurred_at": np.array(["2026-03-01T10:00", "2026-03-01T10:05"], "M8[s]")}
        >>> crm.Events(data)
        <crm_core.Events, 2 events of 1 visitors, 2026-03-01 to 2026-03-01, UTC>
    """

    __slots__ = ("_kinds", "_native", "_receipt", "_understanding")

    def __init__(
        self,
        data: Any,
        visitor_id: str = "visitor_id",
        occurred_at: str = "occurred_at",
        kind: str = "kind",
        *,
        customer_id: str | None = None,
        page: str | None = None,
        product: str | None = None,
        quantity: str | None = None,
        order_id: str | None = None,
        channel: str | None = None,
        campaign: str | None = None,
        variant: str | None = None,
        machine: str | None = None,
        referrer: str | None = None,
        amount: str | None = None,
        currency: str | None = None,
        kinds: Mapping[str, str] | None = None,
        amount_unit: Literal["major", "minor"] | None = None,
        round_amounts: bool | None = None,
        dimensions: Sequence[str] = (),
        measures: Sequence[str] = (),
        timezone: str | None = None,
        date_format: str | None = None,
        decimal: Literal["auto", ".", ","] | None = None,
        bad_rows: Literal["error", "drop"] | None = None,
        pseudonym_key: str | None = None,
        progress: Progress | bool | None = None,
    ) -> None:
        spec = dumps(
            {
                "visitor_id": visitor_id,
                "occurred_at": occurred_at,
                "kind": kind,
                "customer_id": customer_id,
                "page": page,
                "product": product,
                "quantity": quantity,
                "order_id": order_id,
                "channel": channel,
                "campaign": campaign,
                "variant": variant,
                "machine": machine,
                "referrer": referrer,
                "amount": amount,
                "currency": currency,
                "kinds": kinds,
                "amount_unit": amount_unit,
                "round_amounts": round_amounts,
                "dimensions": column_names("dimensions", dimensions),
                "measures": column_names("measures", measures),
                "timezone": timezone,
                "date_format": date_format,
                "decimal": decimal,
                "bad_rows": bad_rows,
                "pseudonym_key": pseudonym_key,
            }
        )
        columns = source(data, _native.events_columns(spec))
        columns = ids(columns, [visitor_id, customer_id, product, order_id])
        self._native = _native.Events(spec, columns, shown(progress))
        self._kinds = dict(kinds or {})
        self._receipt: dict[str, int] | None = None
        self._understanding: Understanding | None = None

    @property
    def understanding(self) -> Understanding | None:
        """How the data were read, for events of `read_events`; None for others.

        Example:
            >>> events.understanding is None
            True
        """
        return self._understanding

    def __len__(self) -> int:
        """Events."""
        return len(self._native)

    @property
    def n_visitors(self) -> int:
        """The number of visitors with an event.

        Example:
            >>> events.n_visitors
            300
        """
        return self._native.n_visitors

    @property
    def first_date(self) -> datetime.date | None:
        """The first event's date, in the shop's zone.

        Example:
            >>> events.first_date <= events.last_date
            True
        """
        return day(self._native.first_date)

    @property
    def last_date(self) -> datetime.date | None:
        """The last event's date, in the shop's zone.

        Example:
            >>> (events.last_date - events.first_date).days > 30
            True
        """
        return day(self._native.last_date)

    @property
    def rows_left_out(self) -> int:
        """The number of rows left out because they could not be read.

        Example:
            >>> events.rows_left_out
            0
        """
        return self._native.rows_left_out

    @property
    def timezone(self) -> str:
        """The shop's zone.

        Example:
            >>> events.timezone
            'Asia/Tokyo'
        """
        return self._native.timezone

    @property
    def understood(self) -> dict[str, str]:
        """How columns of texts were read, such as ``{"occurred_at": "epoch_ms"}``.

        Example:
            >>> data = {"visitor_id": [1], "kind": ["view"], "occurred_at": ["2026-03-01 10:00"]}
            >>> crm.Events(data).understood
            {'occurred_at': '%Y-%m-%d %H:%M'}
        """
        return dict(self._native.understood)

    def view(self, where: Where | None = None) -> Events:
        """Some of the events.

        Args:
            where: Conditions on the events' columns; all must hold.

        Returns:
            The events that were chosen.

        Raises:
            SchemaError: An unknown column.
            OptionError: A condition of a wrong type.

        Example:
            >>> carts = events.view({"kind": "add"})
            >>> len(carts) < len(events)
            True
        """
        chosen = conditions(where) if where is not None else None
        return _wrapped(self._native.view(chosen), self._kinds)

    def concat(self, more: Events) -> Events:
        """These events and more, as if built from all rows at once.

        Appending a day costs the day and not the history: the first analysis of the result merges
        the two, without a new sort.

        Args:
            more: Events of the same columns, settings and zone.

        Returns:
            New events; neither of the two changes.

        Raises:
            SchemaError: Ids of another type.
            OptionError: Other settings.

        Example:
            >>> day = {"visitor_id": [1], "kind": ["view"], "occurred_at": ["2026-03-01 10:00"]}
            >>> first = crm.Events(day)
            >>> len(first.concat(crm.Events({**day, "occurred_at": ["2026-03-02 10:00"]})))
            2
        """
        if not isinstance(more, Events):
            raise TypeError(f"more: expected crm_core.Events, not {type(more).__name__}")
        return _wrapped(self._native.concat(more._native), self._kinds)

    def forget(
        self, ids: Iterable[int | str], *, whose: Literal["customer", "visitor"] = "customer"
    ) -> Events:
        """The events without some people (個人情報の削除請求), as if they had never come in.

        The result lacks their events, their ids, and the kinds and values of dimensions that only
        they had. Events of a customer are those of visitors joined to the customer, also before the
        login; on a shared device events joined to another customer stay. Rows that were left out of
        the import stay counted, because their customers are unknown.

        Args:
            ids: Ids of the type that came in.
            whose: Whether the ids are of customers or of visitors.

        Returns:
            New events; their `receipt` has the counts. These events do not change.

        Raises:
            OptionError: A view, ids of another type than came in, or customers although the events
                have no customer column.

        Example:
            >>> when = ["2026-03-01", "2026-03-02"]
            >>> day = {"visitor_id": [1, 2], "kind": ["view", "view"], "occurred_at": when}
            >>> rest = crm.Events(day).forget([2, 9], whose="visitor")
            >>> len(rest), rest.receipt
            (1, {'events': 1, 'found': 1, 'unknown': 1})
        """
        import json

        rest, receipt = self._native.forget(listed(ids), whose)
        events = _wrapped(rest, self._kinds)
        events._understanding = self._understanding
        events._receipt = json.loads(receipt)
        return events

    @property
    def receipt(self) -> dict[str, int] | None:
        """What `forget` or `with_orders` has done to these events; none for other events.

        After `forget` it counts `events`, `found` (customers or visitors), and `unknown`, the given
        ids that are not in the data.

        Example:
            >>> events.receipt is None
            True
        """
        return self._receipt

    def to_bytes(self) -> bytes:
        """The events as bytes, for a file or a cache.

        The bytes contain the rows and the settings, with ids and values of dimensions as they were
        given. `pickle` uses them and keeps `understanding` as well.

        Returns:
            The bytes, with a checksum.

        Raises:
            OptionError: A view; save the whole log and make the view again.

        Example:
            >>> again = crm.Events.from_bytes(events.to_bytes())
            >>> len(again) == len(events)
            True
        """
        return self._native.to_bytes()

    @staticmethod
    def from_bytes(saved: bytes) -> Events:
        """Events that `to_bytes` has written. Every analysis gives the same numbers of them.

        Args:
            saved: The bytes.

        Returns:
            The events; `understanding` is none.

        Raises:
            DataError: Bytes that are no saved events, were cut short or changed, or are of another
                format.

        Example:
            >>> crm.Events.from_bytes(events.to_bytes()).timezone
            'Asia/Tokyo'
        """
        return _restored(only_bytes(saved), None)

    def __copy__(self) -> Events:
        """Events cannot be changed, so that a copy is the events."""
        return self

    def __deepcopy__(self, memo: object) -> Events:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.to_bytes(), self._understanding)

    def with_persons(self, persons: Any) -> Events:
        """The events under the ids of persons (名寄せ): one customer, one id.

        Customers who are no record keep their ids. Visitors do not change.

        Args:
            persons: What `identify` gives, its table of persons, or a frame with the columns
                record_id and person_id.

        Returns:
            New events; these do not change.

        Raises:
            OptionError: Events without a column of customers.
            SchemaError: Ids of another type than the customers'.
            DataError: Two persons for one record.

        Example:
            >>> persons = {"record_id": ["guest-7"], "person_id": ["hanako"]}
            >>> visit = {"visitor_id": ["v"], "kind": ["view"], "customer_id": ["guest-7"]}
            >>> visit["occurred_at"] = ["2026-03-01"]
            >>> log = crm.Events(visit, customer_id="customer_id")
            >>> len(log.with_persons(persons))
            1
        """
        from ._people import native_persons

        joined = _wrapped(self._native.with_persons(native_persons(persons)), self._kinds)
        joined._understanding = self._understanding
        return joined

    def with_orders(self, orders: Orders) -> Events:
        """The events and the orders of their customers, as one log.

        Each order that counts becomes a purchase of its customer, with its id and its net amount
        (discounts and refunds taken off), of the visitor of the customer who was there last. Orders
        whose times are all dates are at the end of their day. An order that the log has, too, by
        order id, counts once: it stays where it is, with the net amount. Purchases of orders that
        do not count are taken out, and those whose order id the orders have under another customer:
        the orders say whose an order is. Where orders of several shops have one order id, each is
        "id (shop)" in the log; a purchase of the log is then known by a column named as the shop
        of the orders, or by its customer.

        Args:
            orders: The orders; their policy says which count.

        Returns:
            New events; `receipt` of them counts orders `added` and `known`, orders `of_others`
            (customers without an event, guests), which are not added, purchases `not_counted` and
            `of_another_customer`, which are taken out, and purchases `without_order_id`, which may
            be among the orders.

        Raises:
            OptionError: A view, events without a column of customers, another currency, or
                purchases in the log where one of the two has no order ids; a purchase that may be
                an order of several shops.
            SchemaError: Ids of another type.

        Example:
            >>> sent = {"customer_id": ["a"], "kind": ["sent"], "occurred_at": ["2026-03-01"]}
            >>> mails = crm.Events(sent, visitor_id="customer_id", customer_id="customer_id")
            >>> bought = {"customer_id": ["a"], "ordered_at": ["2026-03-02"], "amount": [4980]}
            >>> log = mails.with_orders(crm.Orders(bought, currency="JPY"))
            >>> len(log), log.receipt["added"]
            (2, 1)
        """
        import json

        from ._orders import Orders

        if not isinstance(orders, Orders):
            raise TypeError(f"orders: expected crm_core.Orders, not {type(orders).__name__}")
        native, receipt = self._native.with_orders(orders._native)
        events = _wrapped(native, self._kinds)
        events._understanding = self._understanding
        events._receipt = json.loads(receipt)
        return events

    def _repr_html_(self) -> str:
        """What is in it, and how it was read."""
        import html

        read = self._understanding._repr_html_() if self._understanding is not None else ""
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{read}"

    def __repr__(self) -> str:
        span = f", {self.first_date} to {self.last_date}" if self.last_date else ""
        return (
            f"<crm_core.Events, {len(self):,} events of {self.n_visitors:,} visitors{span}, "
            f"{self.timezone}{doubts(self._understanding)}>"
        )


def in_own_words(task: str, events: Events, steps: Any) -> Any:
    """Steps that are a meaning of `kinds` as the log's own words for it; others as they are.

    Where the log has the word itself, the step is that word alone.
    """
    if not events._kinds or not isinstance(steps, list | tuple):
        return steps
    return [_in_own_words(task, events, step) for step in steps]


def _in_own_words(task: str, events: Events, step: Any) -> Any:
    own = [word for word, meaning in events._kinds.items() if meaning == step and word != step]
    if not isinstance(step, str) or not own or len(events.view({"kind": step})):
        return step
    return step_of(task, step, own)


def step_of(task: str, name: str, kinds: list[str]) -> dict[str, Any]:
    """A step of several kinds; those of sequences have no names."""
    return {"name": name, "kind": kinds} if task == "funnel" else {"kind": kinds}


def _wrapped(native: _native.Events, kinds: Mapping[str, str]) -> Events:
    events = object.__new__(Events)
    events._native = native
    events._kinds = dict(kinds)
    events._receipt = None
    events._understanding = None
    return events


def _restored(saved: bytes, understanding: Understanding | None) -> Events:
    import json

    native = _native.Events.from_bytes(saved)
    events = _wrapped(native, json.loads(native.spec)["kinds"])
    events._understanding = understanding
    return events
