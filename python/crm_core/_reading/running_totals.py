"""Amounts that are a customer's total so far, instead of what the order comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from . import amount_meaning, groups, money_columns
from .groups import Groups, Values
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_CUSTOMERS = 10  # of chance amounts of three orders each sixth customer's rise
_ORDERS = 3


def said(reading: OrderReading) -> None:
    """A warning where nearly all amounts rise from order to order of nearly all customers."""
    customer = reading.table[reading.arguments["customer_id"]]
    days = reading.table[reading.arguments["ordered_at"]]
    dated = pa.types.is_timestamp(days.type) or pa.types.is_date(days.type)
    if not dated or pa.types.is_nested(customer.type):
        return
    values, _ = money_columns.worth(reading)
    of_customer = Groups.of(customer)
    keys = reading.keys
    if keys is None:
        rows = np.flatnonzero(values.valid & of_customer.known)
        money = values.floats[rows]
    else:
        first = keys.firsts(values.valid)
        rows = first[first >= 0]
        if reading.arguments["amount_is"] == "order":
            money = values.floats[rows]
        else:
            money = keys.sums(Values(values.floats, values.valid))[first >= 0]
        here = of_customer.known[rows]
        rows, money = rows[here], money[here]
    orders = np.bincount(of_customer.codes[rows], minlength=of_customer.size)
    if np.count_nonzero(orders >= _ORDERS) < _CUSTOMERS:
        return
    many = orders[of_customer.codes[rows]] >= _ORDERS
    rows, money = rows[many], money[many]
    moments = days.cast(pa.timestamp("us", getattr(days.type, "tz", None))).cast(pa.int64())
    order = _by_time(of_customer.codes[rows], groups.values(moments).numbers[rows])
    codes, money = of_customer.codes[rows][order], money[order]
    within = codes[1:] == codes[:-1]
    rises = int(np.count_nonzero(within & (money[1:] > money[:-1])))
    steps = int(np.count_nonzero(within))
    if steps - rises > groups.few_of(rises):
        return
    own = amount_meaning.rounded(money)
    last = amount_meaning.rounded(money[np.append(~within, True)])
    told = {
        "column": reading.arguments["amount"],
        "customers": int(np.count_nonzero(orders >= _ORDERS)),
        "rises": rises,
        "steps": steps,
        "own": f"{own:,}",
        "last": f"{last:,}",
    }
    reading.warnings.append(Note("running_total", told))


def _by_time(codes: Any, micros: Any) -> Any:
    """The places of rows by customer and second; one sort of whole numbers where these suffice."""
    seconds = micros // 1_000_000
    seconds = seconds - seconds.min()
    span = int(seconds.max()) + 1
    if (int(codes.max()) + 1) * span < 2**62:
        return np.argsort(codes.astype(np.int64) * span + seconds)
    return np.lexsort((micros, codes))
