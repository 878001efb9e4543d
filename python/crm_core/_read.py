"""Reading of files and frames as shops export them.

`read_orders` and `read_events` take what `Orders` and `Events` do not: texts of dates and amounts,
headings of any platform, states in the shop's words. What was understood is said in
`orders.understanding`. The command `crm` reads by the same functions.
"""

from __future__ import annotations

import datetime
import importlib.util
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, get_args

from ._customers import Customers
from ._errors import CrmError, DataError, OptionError, ReadingWarning, meant
from ._events import Events
from ._orders import Orders

if TYPE_CHECKING:
    from ._reading.settings import Loaded
    from ._reading.understanding import Understanding
    from ._types import Progress

Columns = str | Sequence[str] | None
Unit = Literal["major", "minor", "thousands", "ten_thousands", "millions"]


def read_orders(
    data: Any,
    *,
    customer_id: str | None = None,
    ordered_at: str | None = None,
    amount: str | None = None,
    order_id: str | None = None,
    status: Columns = None,
    quantity: str | None = None,
    cancelled_at: str | None = None,
    refunded: str | None = None,
    refunded_at: str | None = None,
    discount: str | None = None,
    shipping: str | None = None,
    tax: str | None = None,
    cost: str | None = None,
    product: str | None = None,
    category: str | None = None,
    channel: str | None = None,
    shop: str | None = None,
    kind: str | None = None,
    dimensions: Sequence[str] = (),
    ignore: Sequence[str] = (),
    layout: str | None = None,
    amount_is: Literal["line", "order", "unit"] | None = None,
    amount_unit: Unit | None = None,
    round_amounts: bool = False,
    order_level: Sequence[str] = (),
    line_level: Sequence[str] = (),
    fill_down: Sequence[str] = (),
    keep_last: str | None = None,
    status_map: Mapping[str, str] | None = None,
    kind_map: Mapping[str, str] | None = None,
    id_fold: Literal["email", "case", "number", "none"] | None = None,
    guest_id: Sequence[str] = (),
    currency: str | None = None,
    timezone: str | None = None,
    date_format: str | None = None,
    decimal: Literal["auto", ".", ","] = "auto",
    encoding: str = "auto",
    delimiter: str = "auto",
    guests: Literal["error", "drop", "keep"] | None = None,
    bad_rows: Literal["error", "drop"] = "error",
    repeated_orders: Literal["error", "last", "add"] = "error",
    repeated_rows: Literal["keep", "drop", "error"] | None = None,
    refund_rows: Mapping[str, str | Sequence[str]] | None = None,
    strict: bool = False,
    known: Sequence[str] = (),
    customers: Customers | None = None,
    progress: Progress | bool | None = None,
) -> Orders:
    """Orders (受注) from an export, as a file or a frame, whatever its headings.

    The headings, and without them sums that hold in nearly all rows, decide which column is which
    and what an amount means. If nothing decides, there is a `DataError` with the readings, and the
    argument for each.

    Args:
        data: A path, a pandas or polars frame, a pyarrow table, a DuckDB relation, a dict of
            columns; or a list of these, read as one.
        customer_id: The customer (会員ID). Columns are found by their headings; "" is none.
        ordered_at: When the order was made (受注日時).
        amount: The order's or line's amount (金額).
        order_id: The order's number (注文番号).
        status: The state of the order (対応状況), or several columns of it; "" counts every order.
        quantity: Pieces, when the amount is a price (数量).
        cancelled_at: A date or flag of cancellation (キャンセル日).
        refunded: What was paid back (返金額).
        refunded_at: When it was paid back.
        discount: What is subtracted from the amount (値引き).
        shipping: Shipping and fees (送料).
        tax: Tax contained in the amount.
        cost: What it cost the shop.
        product: The product (商品).
        category: Its category.
        channel: The channel of the order.
        shop: The shop, part of an order's key.
        kind: Whether the order is a subscription's (購入種別); read only where it is named.
        dimensions: Further columns to filter and break down by; roles such as "product" too.
        ignore: Columns, or lists of JSON, that a warning or an error names and that do not matter.
        layout: The id of a layout (`crm layouts`), or a file of your own.
        amount_is: What an amount is: a "line"'s, the "order"'s, or a "unit"'s price.
        amount_unit: Whether amounts are in "major" units, "minor" ones, or "thousands",
            "ten_thousands" or "millions" of major ones.
        round_amounts: Round amounts that are no whole minor unit.
        order_level: Columns of other money that are the order's, repeated on its lines.
        line_level: Money beside the amount that is a line's; or the status, where it differs within
            an order.
        fill_down: Columns whose blank cells take the value above them, as merged cells of a
            spreadsheet leave them.
        keep_last: A column, such as the day of a state or a version: of each order only the rows
            with the last value in it are read.
        status_map: What the shop's words mean.
        kind_map: What the words of `kind` mean: "one_off", "subscription" (its first order is found
            by the dates), "sub_first", "sub_renewal", "swap" or "sample".
        id_fold: Ids alike are one: but for case, width and blanks ("email", "case"), or for zeros
            before it and a ".0" behind it ("number"); or "none".
        guest_id: Ids that mean no account, such as "0".
        currency: ISO 4217 code of the amounts.
        timezone: The shop's zone.
        date_format: A `strptime` format, or "epoch_s", "epoch_ms", "epoch_us" or "excel"; before it
            or alone the calendar of the years: "buddhist", "minguo" or "persian".
        decimal: The decimal sign of amounts: "." or ",".
        encoding: Of text files.
        delimiter: Of text files.
        guests: Rows without a customer: "error", "drop" or "keep" (default).
        bad_rows: Rows that cannot be read: "error" or "drop".
        repeated_orders: Orders that several files have with different lines: "error", "last" or
            "add".
        repeated_rows: Rows that are equal in every column of the file: "keep", "drop" or "error".
            By default they count, and a warning says so where they are many.
        refund_rows: Rows that give money back, by words of a column, such as
            ``{"type": "Refund"}``: their amounts count below zero.
        strict: Make warnings errors.
        known: Codes of warnings that you know and that are notes from then on, such as
            "title_word"; the error of `strict` names the code.
        customers: The customers table.
        progress: As for `Orders`.

    Returns:
        Orders, whose `understanding` says how the data were read.

    Raises:
        DataError: Something is missing, ambiguous or contradictory; the hint says what to give.
        ImportError: pyarrow is not installed.

    Warns:
        ReadingWarning: What may be wrong, a warning for each of `understanding.warnings`.
    """
    given = dict(locals())
    _needs_arrow()
    from ._reading.frame_source import sources_in
    from ._reading.headings import CATEGORIES
    from ._reading.ids import FOLDS
    from ._reading.order_kinds import understood
    from ._reading.order_reading import load_sources
    from ._reading.settings import ROLES_SAID, Settings

    _one_of("id_fold", id_fold, FOLDS)
    _one_of("amount_is", amount_is, ("line", "order", "unit"))
    _one_of("amount_unit", amount_unit, get_args(Unit))
    _one_of("decimal", decimal, ("auto", ".", ","))
    _one_of("repeated_orders", repeated_orders, ("error", "last", "add"))
    for role in ROLES_SAID:
        if not isinstance(given[role], str | None):
            raise OptionError(f"option `{role}`: expected the heading of one column")
    states = [status] if isinstance(status, str) else list(status or ())
    with _as_error():
        sources = sources_in(data, encoding, delimiter)
        settings = Settings(
            columns={
                **{role: given[role] for role in ROLES_SAID},
                "status": states[0] if states else None,
            },
            statuses=states[1:],
            status_map=dict(status_map or {}),
            kind_map=dict(kind_map or {}),
            guest_ids=_texts("guest_id", guest_id),
            dimensions=_texts("dimensions", dimensions),
            ignore=_texts("ignore", ignore),
            order_level=_texts("order_level", order_level),
            line_level=_texts("line_level", line_level),
            fill_down=_texts("fill_down", fill_down),
            keep_last=keep_last,
            today=datetime.date.today(),
            layout=layout,
            amount_is=amount_is,
            amount_unit=amount_unit,
            round_amounts=round_amounts,
            id_fold=id_fold,
            currency=currency,
            timezone=timezone,
            date_format=date_format,
            decimal=decimal,
            encoding=encoding,
            delimiter=delimiter,
            guests=guests,
            bad_rows=bad_rows,
            repeated_orders=repeated_orders,
            repeated_rows=_one_of("repeated_rows", repeated_rows, ("keep", "drop", "error")),
            refund_rows={
                name: [words] if isinstance(words, str) else _texts("refund_rows", words)
                for name, words in (refund_rows or {}).items()
            },
            strict=strict,
            known=_texts("known", known),
        )
        _known_dimensions(dimensions, sources, (*CATEGORIES, *ROLES_SAID, "status"))
        loaded = understood(load_sources(sources, settings), settings.kind_map)
    with _named_rows(loaded):
        orders = orders_from(loaded, customers, progress)
    _warn(orders.understanding)
    return orders


def read_events(
    data: Any,
    *,
    visitor_id: str | None = None,
    occurred_at: str | None = None,
    kind: str | None = None,
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
    dimensions: Sequence[str] = (),
    layout: str | None = None,
    kinds: Mapping[str, str] | None = None,
    currency: str | None = None,
    amount_unit: Unit | None = None,
    round_amounts: bool = False,
    timezone: str | None = None,
    date_format: str | None = None,
    decimal: Literal["auto", ".", ","] = "auto",
    encoding: str = "auto",
    delimiter: str = "auto",
    bad_rows: Literal["error", "drop"] = "error",
    repeated_rows: Literal["keep", "drop", "error"] | None = None,
    strict: bool = False,
    known: Sequence[str] = (),
    progress: Progress | bool | None = None,
) -> Events:
    """What visitors did (行動ログ), from a log as a file or a frame, whatever its headings.

    Args:
        data: As for `read_orders`.
        visitor_id: The visitor. Columns are found by their headings; "" is none.
        occurred_at: When it happened.
        kind: What happened; "" is a view of a page in each row.
        customer_id: The customer, where known.
        page: The page.
        product: The product.
        quantity: Pieces.
        order_id: The order of a purchase.
        channel: The channel of the visit.
        campaign: The campaign of a visit or a message, or the experiment of an assignment.
        variant: The variant of a message or an assignment.
        machine: Whether a machine opened or clicked the message.
        referrer: The referrer.
        amount: Money of the event.
        dimensions: Further columns.
        layout: The id of a layout, or a file of your own.
        kinds: What the log's words mean, such as ``{"cart": "add"}``.
        currency: ISO 4217 code of the amounts.
        amount_unit: Whether amounts are in "major" units, "minor" ones, or "thousands",
            "ten_thousands" or "millions" of major ones.
        round_amounts: Round amounts that are no whole minor unit.
        timezone: The shop's zone.
        date_format: As for `read_orders`.
        decimal: The decimal sign of amounts: "." or ",".
        encoding: Of text files.
        delimiter: Of text files.
        bad_rows: Rows that cannot be read: "error" or "drop".
        repeated_rows: As for `read_orders`.
        strict: Make warnings errors.
        known: As for `read_orders`.
        progress: As for `Events`.

    Returns:
        Events, whose `understanding` says how the data were read.

    Raises:
        DataError: Something is missing, ambiguous or contradictory; the hint says what to give.
        ImportError: pyarrow is not installed.

    Warns:
        ReadingWarning: As for `read_orders`.
    """
    given = dict(locals())
    _needs_arrow()
    from ._reading.event_headings import ROLES
    from ._reading.event_reading import load_event_sources
    from ._reading.frame_source import sources_in
    from ._reading.settings import Settings

    with _as_error():
        settings = Settings(
            columns={role: given[role] for role in ROLES if given[role] is not None},
            dimensions=_texts("dimensions", dimensions),
            today=datetime.date.today(),
            layout=layout,
            amount_unit=amount_unit,
            round_amounts=round_amounts,
            currency=currency,
            timezone=timezone,
            date_format=date_format,
            decimal=decimal,
            encoding=encoding,
            delimiter=delimiter,
            bad_rows=bad_rows,
            repeated_rows=_one_of("repeated_rows", repeated_rows, ("keep", "drop", "error")),
            strict=strict,
            known=_texts("known", known),
        )
        sources = sources_in(data, encoding, delimiter)
        _known_dimensions(dimensions, sources, ROLES)
        loaded, _ = load_event_sources(sources, settings, dict(kinds or {}), currency)
    with _named_rows(loaded):
        events = events_from(loaded, progress)
    _warn(events.understanding)
    return events


def _warn(understanding: Understanding | None) -> None:
    """Each doubt as a warning of Python, for those who do not look at `understanding`."""
    for text in understanding.warnings if understanding is not None else ():
        warnings.warn(text, ReadingWarning, stacklevel=3)


def _known_dimensions(names: Sequence[str], sources: Sequence[Any], roles: Sequence[str]) -> None:
    """Refuses dimensions that are neither a heading nor a role."""
    from ._reading.headings import find

    headings = sources[0].headings
    for name in names:
        if name not in headings and name not in roles:
            find(name, headings, "dimensions")


def _one_of(option: str, value: Any, words: Sequence[str]) -> Any:
    """The value, if it is one of the words or not given."""
    if value is None or value in words:
        return value
    raise OptionError(
        f'option `{option}`: expected one of {", ".join(words)}, found "{value}"',
        hint=meant(str(value), words),
    )


def orders_from(
    loaded: Loaded, customers: Customers | None = None, progress: Progress | bool | None = None
) -> Orders:
    """The orders of what was read."""
    from ._reading.messages import python
    from ._reading.understanding import understanding

    orders = Orders(loaded.table, **loaded.arguments, customers=customers, progress=progress)
    orders._understanding = understanding(loaded, python)
    orders._unread = []  # the understanding says it
    return orders


def events_from(loaded: Loaded, progress: Progress | bool | None = None) -> Events:
    """The events of what was read."""
    from ._reading.messages import python
    from ._reading.understanding import understanding

    events = Events(loaded.table, **loaded.arguments, progress=progress)
    events._understanding = understanding(loaded, python)
    return events


def _needs_arrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise ImportError("reading files needs pyarrow: pip install 'crm-core[report]'")


@contextmanager
def _as_error() -> Iterator[None]:
    """What the reading cannot decide, as the library's error with Python's arguments."""
    from ._problem import Problem
    from ._reading.messages import python

    try:
        yield
    except Problem as problem:
        message, hint = problem.told(python)
        raise DataError(message, hint=hint or None) from None


@contextmanager
def _named_rows(loaded: Loaded) -> Iterator[None]:
    """Errors of the library with the rows as the file has them."""
    try:
        yield
    except CrmError as error:
        said = str(error)
        message = re.sub(r"\brow (\d+)", lambda row: loaded.rows.name(int(row[1])), said)
        if message == said:
            raise
        raise type(error)(
            message, code=error.code, column=error.column, row=error.row, hint=error.hint
        ) from None


def _texts(option: str, names: Sequence[str]) -> list[str]:
    if isinstance(names, str):
        raise OptionError(f"option `{option}`: expected a list of texts, found one text")
    return list(names)
