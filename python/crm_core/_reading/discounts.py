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

from .._problem import Problem
from . import groups, headings, layouts, money_columns, statuses
from .columns import numbers, shown
from .groups import Values
from .headings import is_goods
from .layouts import fold
from .messages import say
from .money_columns import counted
from .settings import Note

if TYPE_CHECKING:
    from .order_reading import OrderReading

_NEARLY_ALL = 0.95
_PERCENT = r"^\s*-?\d+([.,]\d+)?\s*[%％]\s*$"
_SMALL = 5.0  # an amount below it may have a discount of less than one
_EQUAL = 0.005


def refuse_percent(reading: OrderReading) -> None:
    """Refuses discounts and refunds whose cells or heading say percent; nothing is read yet."""
    for role in ("discount", "refunded"):
        if role in reading.chosen:
            _refuse_percent(reading, role, reading.chosen[role].value)


def _refuse_percent(reading: OrderReading, role: str, name: str) -> None:
    text = shown(reading.table[name])
    marked = 0 if text is None else pc.sum(pc.match_substring_regex(text, _PERCENT)).as_py() or 0
    if marked:
        what = f"cells with a percent sign ({marked} rows)"
    elif statuses.speaks_of("percent", name) and not reading.settings.ignores(name):
        what = "a rate by its heading"
    else:
        return
    told = "discount" if role == "discount" else "refund"
    raise Problem(
        f'the {told} "{name}" holds {what}, and a {told} is money',
        f"Write in the file what is taken off, or take it off the amounts and leave the {told} "
        "out." + ("" if marked else f" {say.ignore:{name}} says that it is money."),
    )


def refuse_fractions(reading: OrderReading) -> None:
    """Refuses a discount that looks like a share of the amount; the amounts are read."""
    if "discount" not in reading.arguments:
        return
    name = reading.arguments["discount"]
    off = money_columns.floats(groups.values(reading.plain_amounts(name)))
    amounts = money_columns.amounts(reading)
    if reading._of_layout("discount") or reading.settings.ignores(name):
        return
    if not _are_shares(off, amounts):
        return
    own = counted(reading, amounts)
    less, share = amounts - _filled(off), amounts * (1 - _filled(off))
    raise Problem(
        f'is the discount "{name}" money (total {counted(reading, less):,}) '
        f"or a share of the amount (total {counted(reading, share):,}; "
        f"{own:,} without it)? Its values are at most 1, and the amounts are larger.",
        f"Write in the file what is taken off; {say.ignore:{name}} says that it is money.",
    )


def said(reading: OrderReading) -> None:
    """Warnings on discounts that are not read; `reading` has orders, amounts and money."""
    name = reading.arguments["amount"]
    amounts = groups.values(reading.plain_amounts(name))
    if reading.arguments["amount_is"] == "order":
        _before_discount(reading, name, amounts)
    _less_discount(reading, name)
    _twice(reading, name)


def _twice(reading: OrderReading, name: str) -> None:
    """A discount that is taken off amounts that are after it already."""
    discount = reading.arguments.get("discount")
    amounts = money_columns.amounts(reading)
    if discount is None or not _is_off_already(reading, discount, amounts):
        return
    off = np.abs(_filled(money_columns.floats(groups.values(reading.plain_amounts(discount)))))
    told = {"column": name, "discount": discount, "own": f"{counted(reading, amounts):,}"}
    told["less"] = f"{counted(reading, amounts - off):,}"
    reading.warnings.append(Note("discount_twice", told))


def unread(reading: OrderReading) -> None:
    """Discounts, coupons and points if the amounts of lines may not be net of them."""
    of_order = reading.arguments["amount_is"] == "order"
    if reading.layout is not None or (of_order and not is_goods(reading.arguments["amount"])):
        return
    amounts = money_columns.amounts(reading)
    for name in reading.unread:
        if name in reading.dimensions or reading.settings.ignores(name):
            continue
        if not statuses.is_discount(name) or _is_off_already(reading, name, amounts):
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
            share = _filled(money_columns.floats(groups.values(values)))
            share = np.where(share > 1.5, share / 100, share)
            paid = amounts * np.where(share > 0, share, 1.0)
            told |= {
                "own": f"{counted(reading, amounts):,}",
                "less": f"{counted(reading, paid):,}",
            }
        elif values is None or statuses.speaks_of("percent", name):
            code = "unread_percent"
        elif _are_shares(off := money_columns.floats(groups.values(values)), amounts):
            code = "unread_share"
            less = amounts * (1 - _filled(off))
            told |= {
                "own": f"{counted(reading, amounts):,}",
                "less": f"{counted(reading, less):,}",
            }
        elif "discount" in reading.arguments:
            code = "second_discount"
        reading.warnings.append(Note(code, told))


def _is_off_already(reading: OrderReading, name: str, amounts: Any) -> bool:
    """Whether another column less this discount is the amount in every row, also with a tax."""
    off = money_columns.money(reading, name)
    if off is None or not np.any(_filled(off) != 0):
        return False
    names = [one for one in money_columns.unread(reading) if one != name]
    columns = {one: money_columns.money(reading, one) for one in names}
    charges = [money for one, money in columns.items() if money is not None and _is_charge(one)]
    for one, money in columns.items():
        if money is None or _is_charge(one) or statuses.is_discount(one):
            continue
        less = money - np.abs(_filled(off)) * np.sign(np.nan_to_num(money))
        every = sum((_filled(charge) for charge in charges), np.zeros(len(less)))
        for found in (less, less + every, *(less + _filled(charge) for charge in charges)):
            here = ~np.isnan(found) & ~np.isnan(amounts)
            if np.any(here & (_filled(off) != 0)) and np.all(
                np.abs(found - amounts)[here] <= _EQUAL
            ):
                return True
    return False


def _before_discount(reading: OrderReading, name: str, amounts: Values) -> None:
    """A total that is the sum of the other amounts, with a discount that it does not take off."""
    money: dict[str, Any] = {}
    for one in reading.unread:
        of_money = headings.amount_kind(one) in ("order", "subtotal", "row") or statuses.speaks_of(
            "parts_of_total", one
        )
        if of_money or statuses.is_discount(one):
            found = numbers(reading.table[one], reading.settings.decimal)
            if found is not None:
                money[one] = _filled(money_columns.floats(groups.values(found)))
    taken = [one for one in money if statuses.is_discount(one)]
    parts = [one for one in money if one not in taken]
    goods = [one for one in parts if headings.amount_kind(one) in ("order", "subtotal", "row")]
    for discount in taken:
        rows = amounts.valid & (money[discount] != 0)
        if not np.any(rows) or reading.settings.ignores(discount):
            continue
        off = sum((np.abs(money[one]) for one in taken), np.zeros(len(rows)))
        for good in goods:
            others = sum((money[one] for one in parts if one not in goods), np.zeros(len(rows)))
            after = np.abs(money[good] + others - off - amounts.floats)[rows] <= _EQUAL
            if np.mean(after) >= 0.9:
                break  # all discounts are off, and charges alone make up for it
            for sum_ in (money[good], money[good] + others):
                fits = np.abs(sum_ - amounts.floats)[rows] <= _EQUAL
                if np.mean(fits) >= 0.9:
                    said = {"column": discount, "amount": name, "rows": int(np.sum(rows))}
                    reading.warnings.append(Note("before_discount", said))
                    return


def _less_discount(reading: OrderReading, name: str) -> None:
    """A column that is the amount less a discount, or less charges too, which is not read."""
    names = list(money_columns.unread(reading))
    taken = {one: money_columns.money(reading, one) for one in names if statuses.is_discount(one)}
    if all(off is None or not np.any(_filled(off) != 0) for off in taken.values()):
        return  # the other columns are not parsed
    columns = taken | {one: money_columns.money(reading, one) for one in names if one not in taken}
    own = money_columns.amounts(reading)
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
                taken_off = here & (_filled(off) != 0)
                if code == "less_share":
                    taken_off &= money != 0  # all taken off may be chance, such as a way to pay
                if not np.any(taken_off):
                    continue
                near = _near(money) if code == "less_share" else _EQUAL
                if np.mean(np.abs(less - money)[here] <= near) < _NEARLY_ALL:
                    continue
                values = {
                    "column": name,
                    "discount": discount,
                    "other": other,
                    "more": ", ".join(f'"{one}"' for one in more),
                    "own": f"{counted(reading, own):,}",
                    "total": f"{counted(reading, money):,}",
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
    low = layouts.low(heading)
    parts = layouts.smells("parts_of_total")
    return any(re.search(rf"(?<![a-z]){re.escape(part)}", low) for part in parts)


def _are_shares(off: Any, amounts: Any) -> bool:
    """Whether all values of a discount are at most 1, with fractions, beside larger amounts."""
    some = np.abs(off[~np.isnan(off) & (off != 0)])
    if not len(some) or not np.all(some <= 1) or np.all(some == 1):
        return False
    beside = np.abs(amounts[~np.isnan(off) & (off != 0) & ~np.isnan(amounts)])
    return len(beside) > 0 and bool(np.median(beside) >= _SMALL)


def _filled(money: Any) -> Any:
    return np.nan_to_num(money)


def _near(money: Any) -> float:
    """One smallest unit of a column, which the rounding of a share may differ by."""
    some = money[~np.isnan(money)]
    return 1.0 if np.all(some == np.round(some)) else 0.0101
