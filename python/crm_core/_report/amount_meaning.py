"""What an amount means: a line's, the whole order's, or the price of one piece.

The order of authority: the user; the layout; the words of the heading; arithmetic that holds in
(nearly) all rows. That amounts are equal within orders decides nothing, because two lines may cost
the same. What the heading leaves open and the arithmetic too is asked, with the total of each
reading; and so is a contradiction of the two.

The same for money beside the amount, such as a refund or shipping: an order's, repeated on its
lines, counts once, a line's counts on each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .columns import firsts
from .problem import Problem

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
    """The decision, the reason's code of `sentences.REASONS`, and the sums that were tried."""

    kind: str
    reason: str
    detail: str
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """What there is to compare an amount with. Numbers are floats, None where there is no column.

    Attributes:
        name: The amount's heading.
        amount: The amounts, exact.
        keys: The order of each row; None where each row is an order.
        quantity: Pieces.
        prices: Other columns that their headings call prices of one piece.
        totals: Other columns that their headings call an order's total, or a line's amount.
        lines: Other columns that their headings call a line's amount.
        product: The product of each row.
    """

    name: str
    amount: pa.ChunkedArray
    keys: pa.ChunkedArray | None
    quantity: pa.ChunkedArray | None
    prices: Mapping[str, pa.ChunkedArray]
    totals: Mapping[str, pa.ChunkedArray]
    lines: Mapping[str, pa.ChunkedArray]
    product: pa.ChunkedArray | None


def decide(words: str, columns: Columns) -> Meaning:
    """What the amount means, where neither the user nor a layout says so.

    Args:
        words: What the heading says (`headings.amount_kind`).
        columns: The amount, and what there is beside it.
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
        return Meaning("order", "once", columns.name)
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
    """A heading that speaks of a price: of one piece, or of all pieces of the row."""
    quantity = columns.quantity
    if quantity is None:
        return Meaning("line", "price_row", columns.name)
    pieces = pc.any(pc.not_equal(quantity, 1.0)).as_py()
    if not pieces:
        return Meaning("unit", "unit_price", columns.name)
    amount = columns.amount.cast(pa.float64())
    whole = pc.multiply(amount, quantity)
    checks: list[Check] = []
    unit = line = False
    for name, total in columns.totals.items():
        per_unit = _adds_up(f"price × quantity adds up to {name}", columns.keys, whole, total)
        per_line = _adds_up(f"{columns.name} adds up to {name}", columns.keys, amount, total)
        checks += [per_unit, per_line]
        unit, line = unit or per_unit.true, line or per_line.true
    for name, other in columns.lines.items():
        one = _same(f"{columns.name} × quantity = {name}", whole, other)
        checks.append(one)
        unit = unit or one.true
    if not unit and not line:
        of_product = _by_product(columns)
        checks += of_product
        unit, line = (one.true for one in of_product)
    totals = {"unit": _total(whole), "line": readings(columns)["line"]}
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
            f"--amount-is {kind}"
            for kind in totals
            if kind in ("line", "order") or "order" not in totals
        )
        + ".",
    )


def readings(columns: Columns) -> dict[str, Any]:
    """The total of all rows when amounts are lines', orders' or prices."""
    amount = columns.amount
    totals: dict[str, Any] = {"line": _total(amount)}
    if columns.keys is not None:
        totals["order"] = _total(_once(columns.keys, amount))
    if columns.quantity is not None:
        totals["unit"] = _total(pc.multiply(amount.cast(pa.float64()), columns.quantity))
    return totals


def repeats(keys: pa.ChunkedArray, values: pa.ChunkedArray) -> tuple[int, int]:
    """How many orders have several rows, and how many of those several amounts."""
    table = pa.table({"key": keys, "value": values}).filter(pc.is_valid(keys))
    # Least and greatest: counting distinct values takes several times the memory.
    counted = table.group_by("key", use_threads=False).aggregate(
        [([], "count_all"), ("value", "min"), ("value", "max")]
    )
    several = pc.sum(pc.greater(counted["count_all"], 1)).as_py() or 0
    differing = pc.greater(counted["value_max"], counted["value_min"])
    return several, pc.sum(differing).as_py() or 0


def _sums(columns: Columns) -> tuple[list[Check], list[Check]]:
    """Sums that tell a line's amount, and sums that tell an order's, in orders of several rows."""
    assert columns.keys is not None  # the caller has looked
    amount = columns.amount.cast(pa.float64())
    lines: list[Check] = []
    orders: list[Check] = []
    in_several = _several_rows(columns.keys)
    parts = dict(columns.lines)
    if columns.quantity is not None:
        for name, price in columns.prices.items():
            product = pc.multiply(price, columns.quantity)
            parts[f"{name} × quantity"] = product
    for name, part in parts.items():
        lines.append(_same(f"{name} = {columns.name}", part, amount, in_several))
        orders.append(
            _adds_up(f"{name} adds up to {columns.name}", columns.keys, part, amount, several=True)
        )
    for name, total in columns.totals.items():
        lines.append(
            _adds_up(f"{columns.name} adds up to {name}", columns.keys, amount, total, several=True)
        )
    return lines, orders


def _looks_like_price(columns: Columns) -> bool:
    if columns.quantity is None:
        return False
    unit, line = _by_product(columns)
    return unit.true and not line.true


def _by_product(columns: Columns) -> list[Check]:
    """Of products sold in several quantities: those of one price, those of one price a piece."""
    names = (
        f"a product's {columns.name} is the same whatever its quantity",
        f"a product's {columns.name} grows with its quantity",
    )
    if columns.product is None or columns.quantity is None:
        return [Check(name, 0, 0) for name in names]
    amount = columns.amount.cast(pa.float64())
    table = pa.table(
        {
            "product": columns.product,
            "quantity": columns.quantity,
            "price": amount,
            "each": pc.round(pc.divide(amount, columns.quantity), 2),
        }
    ).filter(pc.greater(columns.quantity, 0))
    found = table.group_by("product").aggregate(
        [(name, "count_distinct") for name in ("quantity", "price", "each")]
    )
    found = found.filter(pc.greater(found["quantity_count_distinct"], 1))
    return [
        Check(name, pc.sum(pc.equal(found[f"{column}_count_distinct"], 1)).as_py() or 0, len(found))
        for name, column in zip(names, ("price", "each"), strict=True)
    ]


def _same(
    what: str,
    left: pa.ChunkedArray,
    right: pa.ChunkedArray,
    where: pa.ChunkedArray | None = None,
) -> Check:
    near = pc.less(pc.abs(pc.subtract(left, right)), _EQUAL)
    if where is not None:
        near = near.filter(where)
    near = near.drop_null()
    return Check(what, pc.sum(near).as_py() or 0, len(near))


def _adds_up(
    what: str,
    keys: pa.ChunkedArray | None,
    part: pa.ChunkedArray,
    total: pa.ChunkedArray,
    several: bool = False,
) -> Check:
    if keys is None:
        return _same(what, part, total)
    table = pa.table({"key": keys, "part": part, "total": total}).filter(pc.is_valid(keys))
    by = table.group_by("key", use_threads=False).aggregate(
        [("part", "sum"), ("total", "max"), ("total", "min"), ([], "count_all")]
    )
    if several:
        by = by.filter(pc.greater(by["count_all"], 1))
    near = pc.and_(
        pc.less(pc.abs(pc.subtract(by["part_sum"], by["total_max"])), _EQUAL),
        pc.less(pc.subtract(by["total_max"], by["total_min"]), _EQUAL),
    ).drop_null()
    return Check(what, pc.sum(near).as_py() or 0, len(near))


def _several_rows(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    counts = keys.value_counts()
    several = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    return pc.is_in(keys, value_set=pc.struct_field(several, "values"), skip_nulls=True)


def _once(keys: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The first value of each order, and of each row without an order."""
    valid = pc.is_valid(values)
    known = keys.filter(valid)
    rows = firsts(known, pc.indices_nonzero(valid))["row_min"]
    alone = values.filter(valid).filter(pc.is_null(known))
    return pa.chunked_array([*values.take(rows).chunks, *alone.chunks], type=values.type)


def _total(values: pa.ChunkedArray) -> Any:
    total = pc.sum(values).as_py() or 0
    return Decimal(f"{total:.2f}").normalize() + 0 if isinstance(total, float) else total


# ---- money beside the amount ---------------------------------------------------------------------


def level(
    name: str,
    values: pa.ChunkedArray,
    keys: pa.ChunkedArray,
    amounts: pa.ChunkedArray | None,
    vouched: bool,
) -> tuple[str, str]:
    """Whether money beside the amount is the order's or the line's, and why.

    Args:
        name: Its heading.
        values: The money.
        keys: The order of each row.
        amounts: The lines' amounts; None where the amount is the order's.
        vouched: Whether a layout names the column, and so vouches for it being the line's.

    Raises:
        Problem: It is the same on all lines of equal amounts, so nothing tells.
    """
    table = pa.table(
        {"key": keys, "value": values, "amount": amounts if amounts is not None else values}
    )
    table = table.filter(pc.is_valid(keys))
    money = table.set_column(1, "value", pc.fill_null(table["value"], 0))
    by = money.group_by("key").aggregate(
        [("value", "min"), ("value", "max"), ("amount", "count_distinct"), ([], "count_all")]
    )
    by = by.filter(pc.and_(pc.greater(by["count_all"], 1), _lines_with(money, by)))
    varying = pc.sum(pc.not_equal(by["value_min"], by["value_max"])).as_py() or 0
    if not len(by):
        return "line", "one_line_each"
    if varying > len(by) * _STRAY:
        return "line", "varies"
    if amounts is None:
        return "order", "beside_total"
    telling = by.filter(
        pc.and_(
            pc.equal(by["value_min"], by["value_max"]), pc.greater(by["amount_count_distinct"], 1)
        )
    )
    if not varying and len(telling):
        return "order", "constant"
    if vouched:
        return "line", "layout"
    once, each = _total(_once(keys, values)), _total(values)
    raise Problem(
        f"is \"{name}\" the order's, repeated on its lines (total {once:,}), or a line's "
        f"(total {each:,})? Nothing tells: it is the same on lines of the same amount.",
        f'Say so with --order-level "{name}" or --line-level "{name}".',
    )


def _lines_with(money: pa.Table, by: pa.Table) -> pa.ChunkedArray:
    """Whether more than one line of an order has the money, order by order."""
    some = (
        money.filter(pc.not_equal(money["value"], 0)).group_by("key").aggregate([([], "count_all")])
    )
    some = some.filter(pc.greater(some["count_all"], 1))
    return pc.is_in(by["key"], value_set=some["key"].combine_chunks())


def spread(
    values: pa.ChunkedArray, keys: pa.ChunkedArray, own: str, wanted: str
) -> pa.ChunkedArray:
    """An order's money once, on its first row; or lines' money summed, on every row.

    Args:
        values: The money.
        keys: The order of each row.
        own: Whose it is in the file: `order` or `line`.
        wanted: Whose the amount is, which the money has to follow.
    """
    filled = pc.fill_null(values, 0)
    if own == wanted:
        return values
    table = pa.table({"key": keys, "value": filled, "row": pa.array(range(len(keys)), pa.int64())})
    known = table.filter(pc.is_valid(keys))
    if wanted == "order":
        sums = known.group_by("key").aggregate([("value", "sum")])
        at = pc.index_in(keys, value_set=sums["key"].combine_chunks(), skip_nulls=True)
        return pc.coalesce(sums["value_sum"].cast(values.type).take(at), filled)
    by = known.group_by("key").aggregate([("row", "min"), ("value", "max"), ("value", "min")])
    at = pc.index_in(keys, value_set=by["key"].combine_chunks(), skip_nulls=True)
    first = pc.fill_null(pc.equal(by["row_min"].take(at), table["row"]), True)
    # Where the order's first line leaves it blank, a later one has it.
    most = pc.if_else(pc.not_equal(by["value_max"], 0), by["value_max"], by["value_min"]).take(at)
    return pc.if_else(first, pc.coalesce(most, filled), pc.subtract(filled, filled))


def columns_by_kind(
    names: Sequence[str],
    kind_of: Callable[[str], str],
    read: Callable[[str], pa.ChunkedArray | None],
) -> dict[str, dict[str, pa.ChunkedArray]]:
    """The unread columns of money by what their headings say: prices, totals and lines."""
    groups = {
        "prices": ("unit", "price", "item_price"),
        "totals": ("order",),
        "lines": ("line",),
    }
    found: dict[str, dict[str, pa.ChunkedArray]] = {group: {} for group in groups}
    for name in names:
        group = next((group for group, kinds in groups.items() if kind_of(name) in kinds), None)
        column = read(name) if group else None
        if group and column is not None:
            found[group][name] = column
    return found
