"""What an amount means: a line's, the whole order's, or the price of one piece.

The order of authority: the user; the layout; the words of the heading; arithmetic that holds in
(nearly) all rows. That amounts are equal within orders decides nothing, because two lines may cost
the same. If neither the heading nor the arithmetic decides, the user is asked, with the total of
each reading; and so is a contradiction of the two.

The same for other columns of money, such as a refund or shipping: an order's, repeated on its
lines, counts once, a line's counts on each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .._problem import Problem
from .groups import Flags, Groups, Values
from .messages import say

Floats = npt.NDArray[np.float64]

# A few orders with two totals are a fault of the file, which the library names; they must not turn
# every total into a line's amount.
_STRAY = 0.1
_NEARLY_ALL = 0.95
_EQUAL = 0.011  # one cent of rounding
_SAID = {"line": "the amount of a line", "order": "the order's total", "unit": "a price"}


@dataclass(frozen=True)
class Check:
    """A sum that was tried: in how many rows or orders it holds, of how many."""

    what: str
    holds: int
    of: int

    @property
    def true(self) -> bool:
        """Whether it holds in nearly all."""
        return self.of > 0 and self.holds >= self.of * _NEARLY_ALL


@dataclass(frozen=True)
class Meaning:
    """The decision, the reason's code of `reason_sentences.REASONS`, and the sums tried."""

    kind: str
    reason: str
    detail: str
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """What there is to compare an amount with.

    Attributes:
        name: The amount's heading.
        amount: The amounts.
        keys: The order of each row; None where each row is an order.
        quantity: Pieces.
        prices: Headings of other columns that call themselves prices of one piece.
        totals: Of other columns that call themselves an order's total.
        lines: Of other columns that call themselves a line's amount.
        read: The numbers under a heading; None if they are no numbers.
        products: The product of each row; None where nothing names it.
    """

    name: str
    amount: Values
    keys: Groups | None
    quantity: Values | None
    prices: Sequence[str]
    totals: Sequence[str]
    lines: Sequence[str]
    read: Callable[[str], Values | None]
    products: Callable[[], Groups | None]

    @cached_property
    def floats(self) -> Floats:
        """The amounts, for sums that are compared; missing ones are not a number."""
        return _floats(self.amount)

    def beside(self, names: Sequence[str]) -> Iterator[tuple[str, Floats]]:
        """Each of the other columns, read when its turn comes."""
        for name in names:
            found = self.read(name)
            if found is not None:
                yield name, _floats(found)


def decide(words: str, columns: Columns) -> Meaning:
    """What the amount means, if neither the user nor a layout gives it.

    Args:
        words: The kind of amount by its heading (`headings.amount_kind`).
        columns: The amount, and the other columns.
    """
    if words in ("unit", "price", "item_price"):
        return _price(words, columns)
    if columns.keys is None:
        return Meaning("line", "row_is_order", columns.name)
    several, differing = repeats(columns.keys, columns.amount)
    if not several:
        return Meaning("order" if words == "order" else "line", "one_row", columns.name)
    totals = readings(columns)
    if totals["order"] == totals["line"]:
        # Zeros on an order's other lines are amounts of lines: an order has one total.
        return Meaning("line" if differing else "order", "once", columns.name)
    lines, orders = _sums(columns)
    checks = [*lines, *orders]
    line = next((one for one in lines if one.true), None)
    order = next((one for one in orders if one.true), None)
    may_be_order = differing <= several * _STRAY
    if words == "line" or (words != "order" and line and not order):
        if words == "line" and order and not line and may_be_order:
            raise asked(columns.name, totals, f"its heading says a line's, but {order.what}")
        return Meaning(
            "line",
            "line_heading" if words == "line" else "line_sum",
            columns.name if words == "line" or line is None else line.what,
            checks,
        )
    if not may_be_order:
        if _looks_like_price(columns):
            raise asked(
                columns.name,
                {"line": totals["line"], "unit": totals["unit"]},
                "a product costs the same whatever its quantity, as a price would",
            )
        against = words == "order" and line is None
        return Meaning("line", "differs_total" if against else "differs", columns.name, checks)
    if words == "order":
        if line and not order:
            raise asked(columns.name, totals, f"its heading says the order's, but {line.what}")
        return Meaning("order", "total_heading", columns.name, checks)
    if order and not line:
        return Meaning("order", "order_sum", order.what, checks)
    raise asked(columns.name, totals, "neither its heading nor a sum tells")


def _price(words: str, columns: Columns) -> Meaning:
    """A heading of a price: of one piece, or of all pieces of the row."""
    quantity = columns.quantity
    if quantity is None:
        return Meaning("line", "price_row", columns.name)
    pieces = _floats(quantity)
    if not np.any(quantity.valid & (pieces != 1.0)):
        return Meaning("unit", "unit_price", columns.name)
    amount = columns.floats
    whole = amount * pieces
    checks: list[Check] = []
    unit = line = False
    for name, total in columns.beside(columns.totals):
        per_unit = _adds_up(f"price × quantity adds up to {name}", columns.keys, whole, total)
        per_line = _adds_up(f"{columns.name} adds up to {name}", columns.keys, amount, total)
        checks += [per_unit, per_line]
        unit, line = unit or per_unit.true, line or per_line.true
    for name, other in columns.beside(columns.lines):
        one = _same(f"{columns.name} × quantity = {name}", whole, other)
        checks.append(one)
        unit = unit or one.true
    if not unit and not line:
        of_product = by_product(columns)
        checks += of_product
        unit, line = (one.true for one in of_product)
    totals = {"unit": rounded(whole), "line": readings(columns)["line"]}
    if unit != line:
        if line and words != "item_price":
            found = next(one for one in checks if one.true)
            raise asked(columns.name, totals, f"its heading says a price, but {found.what}")
        return Meaning(
            "unit" if unit else "line",
            "unit_price" if unit else "line_sum",
            columns.name if unit else next(one for one in checks if one.true).what,
            checks,
        )
    if words == "item_price":
        raise asked(columns.name, totals, "neither its heading nor a sum tells")
    return Meaning("unit", "unit_price", columns.name, checks)


def asked(name: str, totals: Mapping[str, Any], why: str) -> Problem:
    """The question, with the file's total under each reading."""
    said = ", or ".join(
        f"{_SAID[kind]} (total {total:,})"
        for kind, total in totals.items()
        if kind in ("line", "order") or "order" not in totals
    )
    return Problem(
        f'what is "{name}": {said}? {why[0].upper()}{why[1:]}.',
        "Say so with "
        + " or ".join(
            f"{say.amount_is:{kind}}"
            for kind in totals
            if kind in ("line", "order") or "order" not in totals
        )
        + ".",
    )


def readings(columns: Columns) -> dict[str, Any]:
    """The total of all rows when amounts are lines', orders' or prices."""
    totals: dict[str, Any] = {"line": total(columns.amount)}
    if columns.keys is not None:
        totals["order"] = total(columns.amount, columns.keys)
    if columns.quantity is not None:
        totals["unit"] = rounded(columns.floats * _floats(columns.quantity))
    return totals


def total(found: Values, keys: Groups | None = None) -> Any:
    """The sum of all rows; or, with the order of each row, of the first value of each order."""
    here = found.valid
    if keys is not None:
        firsts = keys.firsts(found.valid)
        here = found.valid & ~keys.known
        here[firsts[firsts >= 0]] = True
    some = found.numbers[here]
    if some.dtype == np.float64:
        return rounded(some)
    # Halves of 32 bits: a sum of whole numbers never overflows.
    whole = (
        sum(some.tolist())
        if some.dtype == object
        else (int((some >> 32).sum()) << 32) + int((some & 0xFFFFFFFF).sum())
    )
    exact = Decimal(whole).scaleb(-found.scale)
    return int(exact) if exact == int(exact) else exact


def repeats(keys: Groups, amounts: Values) -> tuple[int, int]:
    """How many orders have several rows, and how many of these have several amounts."""
    low, high, _ = keys.ends(amounts)
    return int(np.count_nonzero(keys.rows > 1)), int(np.count_nonzero(low < high))


def _sums(columns: Columns) -> tuple[list[Check], list[Check]]:
    """Sums that show a line's amount, and sums that show an order's, in orders of several rows."""
    keys = columns.keys
    assert keys is not None  # the caller has looked
    amount = columns.floats
    lines: list[Check] = []
    orders: list[Check] = []
    in_several = np.asarray(keys.each(keys.rows > 1, False), np.bool_)

    def parts() -> Iterator[tuple[str, Floats]]:
        yield from columns.beside(columns.lines)
        if columns.quantity is not None:
            pieces = _floats(columns.quantity)
            for name, price in columns.beside(columns.prices):
                yield f"{name} × quantity", price * pieces

    for name, part in parts():
        lines.append(_same(f"{name} = {columns.name}", part, amount, in_several))
        what = f"{name} adds up to {columns.name}"
        orders.append(_adds_up(what, keys, part, amount, several=True))
    for name, whole in columns.beside(columns.totals):
        what = f"{columns.name} adds up to {name}"
        lines.append(_adds_up(what, keys, amount, whole, several=True))
    return lines, orders


def _looks_like_price(columns: Columns) -> bool:
    if columns.quantity is None:
        return False
    unit, line = by_product(columns)
    return unit.true and not line.true


def by_product(columns: Columns) -> list[Check]:
    """How many products of several quantities have one price, and one price per piece."""
    names = (
        f"a product's {columns.name} is the same whatever its quantity",
        f"a product's {columns.name} grows with its quantity",
    )
    products = columns.products() if columns.quantity is not None else None
    if products is None or columns.quantity is None:
        return [Check(name, 0, 0) for name in names]
    pieces = _floats(columns.quantity)
    sold = pieces > 0
    few, many, _ = products.ends(_values(pieces), sold)
    several = few < many
    checks = []
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.round(columns.floats / pieces, 2)
    for name, price in zip(names, (columns.floats, each), strict=True):
        low, high, _ = products.ends(_values(price), sold)
        same = np.count_nonzero(several & (low == high))
        checks.append(Check(name, int(same), int(np.count_nonzero(several))))
    return checks


def _same(what: str, left: Floats, right: Floats, where: Flags | None = None) -> Check:
    apart = np.abs(left - right)
    here = ~np.isnan(apart) if where is None else ~np.isnan(apart) & where
    return Check(what, int(np.count_nonzero(apart[here] < _EQUAL)), int(np.count_nonzero(here)))


def _adds_up(
    what: str, keys: Groups | None, part: Floats, whole: Floats, several: bool = False
) -> Check:
    if keys is None:
        return _same(what, part, whole)
    low, high, some = keys.ends(_values(whole))
    parts = _values(part)
    here = some & (keys.counts(parts.valid) > 0)
    if several:
        here &= keys.rows > 1
    near = (np.abs(keys.sums(parts) - high) < _EQUAL) & (high - low < _EQUAL)
    return Check(what, int(np.count_nonzero(near & here)), int(np.count_nonzero(here)))


def _floats(found: Values) -> Floats:
    return np.where(found.valid, found.floats, np.nan)


def _values(numbers: Floats) -> Values:
    return Values(numbers, ~np.isnan(numbers))


def rounded(numbers: Floats) -> Any:
    """The sum of floats, without what binary floats add to it."""
    return Decimal(f"{np.nansum(numbers):.2f}").normalize() + 0


# ---- money beside the amount ---------------------------------------------------------------------


def level(
    name: str, money: Values, keys: Groups, amounts: Floats | None, vouched: bool
) -> tuple[str, str]:
    """Whether another column of money is the order's or the line's, and why.

    Args:
        name: Its heading.
        money: The money.
        keys: The order of each row.
        amounts: The lines' amounts; None where the amount is the order's.
        vouched: Whether a layout names the column, and so vouches for it being the line's.

    Raises:
        Problem: It is the same on all lines of equal amounts, so it cannot be decided.
    """
    filled = Values(np.where(money.valid, money.numbers, 0), np.ones_like(money.valid))
    low, high, _ = keys.ends(filled)
    # Orders of which more than one line has the money.
    of = (keys.rows > 1) & (keys.counts(filled.numbers != 0) > 1)
    orders = int(np.count_nonzero(of))
    varying = int(np.count_nonzero(of & (low != high)))
    if not orders:
        return "line", "one_line_each"
    if varying > orders * _STRAY:
        return "line", "varies"
    if amounts is None:
        return "order", "beside_total"
    least, most, _ = keys.ends(_values(amounts))
    if not varying and np.any(of & (least < most)):
        return "order", "constant"
    if vouched:
        return "line", "layout"
    once, each = total(money, keys), total(money)
    raise Problem(
        f"is \"{name}\" the order's, repeated on its lines (total {once:,}), or a line's "
        f"(total {each:,})? Nothing tells: it is the same on lines of the same amount.",
        f"Say so with {say.order_level:{name}} or {say.line_level:{name}}.",
    )


def spread(money: Values, keys: Groups, own: str, wanted: str) -> Values:
    """An order's money once, on its first row; or lines' money summed, on every row.

    Args:
        money: The money.
        keys: The order of each row.
        own: Whose it is in the file: `order` or `line`.
        wanted: Whose the amount is, which the money has to follow.
    """
    if own == wanted:
        return money
    filled = np.where(money.valid, money.numbers, 0)
    every = np.ones_like(money.valid)
    whole = Values(filled, every, money.scale)
    if wanted == "order":
        sums = keys.each(keys.sums(whole), 0)
        return Values(np.where(keys.known, sums, filled), every, money.scale)
    low, high, _ = keys.ends(whole)
    # Where the order's first line leaves it blank, a later one has it.
    most = np.where(high != 0, high, low)
    first = ~keys.known
    first[keys.firsts()] = True
    once = np.where(keys.known, keys.each(most, 0), filled)
    return Values(np.where(first, once, 0), every, money.scale)


def by_kind(names: Sequence[str], kind_of: Callable[[str], str]) -> dict[str, list[str]]:
    """Headings of money by kind: prices, totals and lines."""
    groups = {
        "prices": ("unit", "price", "item_price"),
        "totals": ("order",),
        "lines": ("line",),
    }
    return {
        group: [name for name in names if kind_of(name) in kinds] for group, kinds in groups.items()
    }
