"""Discounts beside the amount: read or not, money or a share, taken off already or not.

A discount that is read has to be money. Of one that is not read the totals with and without it are
said where they can be computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import amount_meaning, groups, headings, layouts, statuses
from .columns import numbers, shown
from .groups import Values
from .headings import is_goods
from .layouts import fold
from .problem import Problem
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_NEARLY_ALL = 0.95
_PERCENT = r"^\s*-?\d+([.,]\d+)?\s*[%％]\s*$"
_SMALL = 5.0  # an amount below it may have a discount of less than one
_EQUAL = 0.005


def refuse_percent(reading: OrderReading) -> None:
    """Refuses a discount whose cells or heading say percent; nothing is read yet."""
    if "discount" not in reading.chosen:
        return
    name = reading.chosen["discount"].value
    text = shown(reading.table[name])
    marked = 0 if text is None else pc.sum(pc.match_substring_regex(text, _PERCENT)).as_py() or 0
    if marked:
        what = f"cells with a percent sign ({marked} rows)"
    elif statuses.speaks_of("percent", name) and not _confirmed(reading, name):
        what = "a rate by its heading"
    else:
        return
    raise Problem(
        f'the discount "{name}" holds {what}, and a discount is money',
        "Write in the file what is taken off, or take it off the amounts and leave the discount "
        "out." + ("" if marked else f' --ignore "{name}" says that it is money.'),
    )


def refuse_fractions(reading: OrderReading) -> None:
    """Refuses a discount that looks like a share of the amount; the amounts are read."""
    if "discount" not in reading.arguments:
        return
    name = reading.arguments["discount"]
    off = _floats(groups.values(reading.plain_amounts(name)))
    amounts = _amounts(reading)
    if reading._of_layout("discount") or _confirmed(reading, name) or not _are_shares(off, amounts):
        return
    keys = reading.keys if reading.arguments["amount_is"] == "order" else None
    own = _total(reading, amounts, keys)
    raise Problem(
        f'is the discount "{name}" money (total {_total(reading, amounts - _filled(off), keys):,}) '
        f"or a share of the amount (total {_total(reading, amounts * (1 - _filled(off)), keys):,}; "
        f"{own:,} without it)? Its values are at most 1, and the amounts are larger.",
        f'Write in the file what is taken off; --ignore "{name}" says that it is money.',
    )


def said(reading: OrderReading) -> None:
    """Warnings on discounts that are not read; `reading` has orders, amounts and money."""
    name = reading.arguments["amount"]
    amounts = groups.values(reading.plain_amounts(name))
    if reading.arguments["amount_is"] == "order":
        _before_discount(reading, name, amounts)
    _less_discount(reading, name)


def unread(reading: OrderReading) -> None:
    """Discounts, coupons and points if the amounts of lines may not be net of them."""
    of_order = reading.arguments["amount_is"] == "order"
    if reading.layout is not None or (of_order and not is_goods(reading.arguments["amount"])):
        return
    amounts = _amounts(reading)
    keys = reading.keys if of_order else None
    for name in reading.unread:
        if name in reading.dimensions or _confirmed(reading, name):
            continue
        if not statuses.is_discount(name):
            continue
        values = numbers(reading.table[name], reading.settings.decimal)
        count = 0
        if values is not None:
            count = pc.sum(pc.not_equal(values.cast(pa.float64()), 0.0)).as_py() or 0
        elif (text := shown(reading.table[name])) is not None:
            count = pc.sum(pc.match_substring_regex(text, _PERCENT)).as_py() or 0
        if not count:
            continue
        told: dict[str, object] = {"column": name, "rows": count}
        code = "unread_discount"
        rates = layouts.words()["row_columns"]["rates_paid"]
        if values is not None and fold(name) in map(fold, rates):
            code = "unread_rate"
            share = _filled(_floats(groups.values(values)))
            share = np.where(share > 1.5, share / 100, share)
            told |= {
                "own": f"{_total(reading, amounts, keys):,}",
                "less": f"{_total(reading, amounts * np.where(share > 0, share, 1.0), keys):,}",
            }
        elif values is None or statuses.speaks_of("percent", name):
            code = "unread_percent"
        elif _are_shares(off := _floats(groups.values(values)), amounts):
            code = "unread_share"
            less = amounts * (1 - _filled(off))
            told |= {
                "own": f"{_total(reading, amounts, keys):,}",
                "less": f"{_total(reading, less, keys):,}",
            }
        elif "discount" in reading.arguments:
            code = "second_discount"
        reading.warnings.append(Note(code, told))


def _before_discount(reading: OrderReading, name: str, amounts: Values) -> None:
    """A total that is the sum of the other amounts, with a discount that it does not take off."""
    ignored = {fold(one) for one in reading.settings.ignore}
    money: dict[str, Any] = {}
    for one in reading.unread:
        low = one.lower()
        of_money = headings.amount_kind(one) in ("order", "subtotal", "row") or any(
            part in low for part in layouts.words()["smells"]["parts_of_total"]
        )
        if of_money or statuses.is_discount(one):
            found = numbers(reading.table[one], reading.settings.decimal)
            if found is not None:
                money[one] = _filled(_floats(groups.values(found)))
    taken = [one for one in money if statuses.is_discount(one)]
    parts = [one for one in money if one not in taken]
    goods = [one for one in parts if headings.amount_kind(one) in ("order", "subtotal", "row")]
    for discount in taken:
        rows = amounts.valid & (money[discount] != 0)
        if not np.any(rows) or fold(discount) in ignored:
            continue
        for good in goods:
            others = sum((money[one] for one in parts if one not in goods), np.zeros(len(rows)))
            for sum_ in (money[good], money[good] + others):
                fits = np.abs(sum_ - amounts.floats)[rows] <= _EQUAL
                if np.mean(fits) >= 0.9:
                    said = {"column": discount, "amount": name, "rows": int(np.sum(rows))}
                    reading.warnings.append(Note("before_discount", said))
                    return


def _less_discount(reading: OrderReading, name: str) -> None:
    """A column that is the amount less a discount, or less charges too, which is not read."""
    names = _candidates(reading)
    taken = {one: _money(reading, one) for one in names if statuses.is_discount(one)}
    if all(off is None or not np.any(_filled(off) != 0) for off in taken.values()):
        return  # the other columns are not parsed
    columns = taken | {one: _money(reading, one) for one in names if one not in taken}
    own = _amounts(reading)
    charges = {
        one: money
        for one, money in columns.items()
        if one not in taken and money is not None and _is_charge(one)
    }
    for discount, off in taken.items():
        if off is None or not np.any(_filled(off) != 0):
            continue
        for other, money in columns.items():
            if money is None or other in taken or other in charges:
                continue
            for less, code, more in _after(own, off, charges):
                here = ~np.isnan(money) & ~np.isnan(less)
                if not np.any(here & (_filled(off) != 0)):
                    continue
                near = _near(money) if code == "less_share" else _EQUAL
                if np.mean(np.abs(less - money)[here] <= near) < _NEARLY_ALL:
                    continue
                keys = reading.keys if reading.arguments["amount_is"] == "order" else None
                values = {
                    "column": name,
                    "discount": discount,
                    "other": other,
                    "more": ", ".join(f'"{one}"' for one in more),
                    "own": f"{_total(reading, own, keys):,}",
                    "total": f"{_total(reading, money, keys):,}",
                }
                reading.warnings.append(Note(code, values))
                return


def _after(own: Any, off: Any, charges: dict[str, Any]) -> Iterator[tuple[Any, str, list[str]]]:
    """What may be left of the amounts: less the discount, also with charges, or less a share."""
    off = np.abs(_filled(off))
    yield own - off, "less_discount", []
    filled = {one: _filled(money) for one, money in charges.items() if np.any(_filled(money) != 0)}
    for name, money in filled.items():
        yield own - off + money, "less_discount_plus", [name]
    if len(filled) > 1:
        every = sum(filled.values(), np.zeros(len(own)))
        yield own - off + every, "less_discount_plus", list(filled)
    if np.all(off <= 1):
        yield own * (1 - off), "less_share", []
    elif np.all(off <= 100):
        yield own * (1 - off / 100), "less_share", []


def _is_charge(heading: str) -> bool:
    low = heading.lower()
    parts = layouts.words()["smells"]["parts_of_total"]
    return any(re.search(rf"(?<![a-z]){re.escape(part)}", low) for part in parts)


def _candidates(reading: OrderReading) -> list[str]:
    ignored = {fold(one) for one in reading.settings.ignore}
    return [
        one
        for one in reading.unread
        if fold(one) not in ignored
        and one not in reading.dimensions
        and one in reading.table.column_names
    ]


def _confirmed(reading: OrderReading, name: str) -> bool:
    return fold(name) in map(fold, reading.settings.ignore)


def _are_shares(off: Any, amounts: Any) -> bool:
    """Whether all values of a discount are at most 1, with fractions, beside larger amounts."""
    some = np.abs(off[~np.isnan(off) & (off != 0)])
    if not len(some) or not np.all(some <= 1) or np.all(some == 1):
        return False
    beside = np.abs(amounts[~np.isnan(off) & (off != 0) & ~np.isnan(amounts)])
    return len(beside) > 0 and bool(np.median(beside) >= _SMALL)


def _amounts(reading: OrderReading) -> Any:
    return _floats(groups.values(reading.plain_amounts(reading.arguments["amount"])))


def _money(reading: OrderReading, name: str) -> Any:
    found = numbers(reading.table[name], reading.settings.decimal)
    return None if found is None else _floats(groups.values(found))


def _floats(found: Values) -> Any:
    return np.where(found.valid, found.floats, np.nan)


def _filled(money: Any) -> Any:
    return np.nan_to_num(money)


def _near(money: Any) -> float:
    """One smallest unit of a column, which the rounding of a share may differ by."""
    some = money[~np.isnan(money)]
    return 1.0 if np.all(some == np.round(some)) else 0.0101


def _total(reading: OrderReading, money: Any, keys: groups.Groups | None) -> Any:
    """The sum, once an order where amounts are the order's, times the pieces where prices."""
    if reading.arguments["amount_is"] == "unit":
        money = money * reading.floats("quantity")
    values = Values(money, ~np.isnan(money))
    return amount_meaning.total(values, keys)
