"""The numbers of the library a second time: as they are defined, one row after the other.

Plain Python: dicts, whole numbers and fractions, the standard library's calendar and zones. It
reads the shops of `messy.py`; nothing of the library is in it.
"""

import dataclasses
import datetime
import zoneinfo
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from messy import DECIMALS, KINDS, LINES, STATUSES, Shop

DAY = datetime.timedelta(days=1)
POLICY = {
    "statuses": ["completed", "pending"],
    "kinds": ["one_off", "sub_first", "sub_renewal"],
    "zero_value": True,
}
MIXED = object()  # lines of one order differ
Table = dict[str, list[Any]]


@dataclasses.dataclass
class Line:
    customer: Any
    time: datetime.datetime | None
    money: dict[str, int | None]  # amount discount refunded shipping tax cost
    refunded_at: datetime.datetime | None
    status: str | None
    kind: str | None
    order: Any
    dims: dict[str, Any]
    total: Any  # the amount that the row itself gave
    as_read: tuple[Any, ...] = ()  # of what the amounts were made

    @property
    def net(self) -> int:
        if self.money["amount"] is None:
            return 0  # nobody knows of what the rest would be taken off
        return sum(
            sign * (self.money[name] or 0)
            for name, sign in (("amount", 1), ("discount", -1), ("refunded", -1))
        )


@dataclasses.dataclass
class Order:
    customer: Any
    time: datetime.datetime
    net: int
    gross: int
    more: dict[str, int]  # shipping tax cost
    refunded: int
    refunded_at: datetime.datetime | None
    status: str
    kind: str
    what: str  # order, refund, full_refund, zero_value
    id: Any
    dims: dict[str, Any]
    lines: list[Line]


class Book:
    """What became of every row: orders with their lines, and rows left out by reason."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.spec = shop, shop.settings
        self.zone = zone_of(self.spec["timezone"])
        self.scale = 10 ** DECIMALS[self.spec["currency"]]
        self.is_by_order = "order_id" in self.spec
        names = [self.spec.get(role) for role in ("channel", "shop", "product", "category")]
        self.dims = [name for name in names if name] + self.spec["dimensions"]
        self.left_out: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.rounded = 0
        lines = self.complete(self.without_repeated(self.read()))
        self.orders = self.grouped(lines)
        self.last = max((self.day(order.time) for order in self.orders), default=None)
        ids = {order.customer for order in self.orders} - {None}
        self.registered = {row["id"]: row for row in shop.customers or []}
        self.ids = sorted(ids | self.registered.keys())

    # ---- rows

    def read(self) -> list[Line]:
        lines = []
        for row in self.shop.rows:
            reasons: list[str] = []
            line = self.line(row, reasons)
            lines += [line] if not reasons else []
            if reasons:
                self.leave_out(reasons[0], line)
        return lines

    def leave_out(self, reason: str, line: Line, net: int | None = None) -> None:
        assert reason in ("guest_dropped", "repeated_row") or self.spec["bad_rows"] == "drop"
        self.left_out[reason][0] += 1
        self.left_out[reason][1] += line.net if net is None else net

    def line(self, row: dict[str, Any], bad: list[str]) -> Line:
        def cell(role: str) -> Any:
            return row[self.spec[role]] if self.spec.get(role) is not None else None

        def word(role: str, words: tuple[str, ...]) -> str | None:
            text = (cell(role) or "").strip()
            text = self.spec.get(f"{role}_map", {}).get(text, text)
            if text and text not in words:
                bad.append("bad_word")
                return None
            return text or None

        names = ("amount", "discount", "refunded", "shipping", "tax", "cost")
        money = {name: self.minor(name, cell(name), bad) for name in names}
        as_read = [*(money[name] or 0 for name in names)]
        if self.spec["amount_is"] == "unit":
            as_read.append(cell("quantity"))
            quantity = cell("quantity")
            if quantity is None:
                bad.append("bad_quantity")
            known = None not in (money["amount"], quantity)
            money["amount"] = money["amount"] * quantity if known else None
        kind = word("line_kind", LINES)
        as_read.append(kind)
        amount = money["amount"] or 0
        if kind not in (None, "product"):
            money["amount"] = 0
        if kind in ("discount", "coupon"):
            money["discount"] = (money["discount"] or 0) + abs(amount)
        elif kind == "refund":
            money["refunded"] = (money["refunded"] or 0) + abs(amount)
        elif kind in ("shipping", "fee"):
            money["shipping"] = (money["shipping"] or 0) + amount
        if (cell("currency_column") or self.spec["currency"]).upper() != self.spec["currency"]:
            bad.append("bad_currency")
        if self.is_by_order and cell("order_id") is None:
            bad.append("bad_order_id")
        if not self.is_by_order and cell("ordered_at") is None:
            bad.append("bad_time")
        # Each order belongs to one shop: its key is both.
        key = (cell("shop"), cell("order_id"))
        status, type_ = word("status", STATUSES), word("kind", KINDS)
        if not self.is_by_order and cell("customer_id") is None and self.spec["guests"] == "drop":
            bad.append("guest_dropped")
        return Line(
            cell("customer_id"),
            self.instant(cell("ordered_at")),
            money,
            self.instant(cell("refunded_at")),
            status,
            type_,
            key if self.is_by_order else None,
            {name: row[name] for name in self.dims},
            cell("amount"),
            tuple(as_read),
        )

    def minor(self, name: str, cell: Any, bad: list[str]) -> int | None:
        if cell is None:
            if name == "amount" and self.spec["amount_is"] != "order":
                bad.append("bad_amount")
            return None
        exact = Fraction(cell) * (1 if self.spec["amount_unit"] == "minor" else self.scale)
        if exact.denominator != 1:
            if not self.spec["round_amounts"]:
                bad.append("bad_amount" if name == "amount" else "bad_money")
                return None
            self.rounded += 1
        if name in ("discount", "refunded") and exact < 0:
            bad.append("bad_money")
        return round(exact)  # half to even

    def instant(self, cell: Any) -> datetime.datetime | None:
        """In UTC. A wall clock in a gap is shifted forward, in a fold it is the earlier one."""
        if cell is None:
            return None
        if not isinstance(cell, datetime.datetime):
            cell = datetime.datetime.combine(cell, datetime.time())
        if cell.tzinfo is None:
            cell = cell.replace(tzinfo=self.zone, fold=0)
        return cell.astimezone(datetime.UTC)

    def day(self, instant: datetime.datetime) -> datetime.date:
        return instant.astimezone(self.zone).date()

    def without_repeated(self, lines: list[Line]) -> list[Line]:
        if self.spec["repeated_rows"] == "keep":
            return lines
        seen, kept = set(), []
        for line in lines:
            # Blank is no discount, no refund, no cost.
            money = tuple(line.money[name] or 0 for name in line.money)
            dims = tuple(line.dims.values())
            words = (line.customer, line.time, line.refunded_at, line.status, line.kind)
            key = (money, dims, words, line.order, line.as_read)
            if key in seen:
                self.leave_out("repeated_row", line)
            else:
                kept.append(line)
            seen.add(key)
        return kept

    def complete(self, lines: list[Line]) -> list[Line]:
        """What one line of an order says and another leaves blank; contradictions are left out."""
        if not self.is_by_order:
            return lines
        kept = []
        for mine in by_key(lines, lambda line: line.order).values():
            good = []
            for line in mine:
                reason = None
                for name, why in (
                    ("customer", "bad_order_id"),
                    ("status", "bad_word"),
                    ("kind", "bad_word"),
                ):
                    said = [getattr(other, name) for other in good]
                    first = next((one for one in said if one is not None), None)
                    if None not in (first, getattr(line, name)) and first != getattr(line, name):
                        reason = reason or why
                if reason:
                    self.leave_out(reason, line)
                else:
                    good.append(line)
            came = [line.net for line in good]  # as it came, not as it is filled
            times = [line.time for line in good if line.time is not None]
            totals = self.spec["amount_is"] == "order"
            for line in good:
                for name in ("customer", "status", "kind"):
                    said = [getattr(other, name) for other in good]
                    setattr(line, name, next((one for one in said if one is not None), None))
                line.time = min(times, default=None)
                for name in line.money if totals else ():
                    line.money[name] = next((m.money[name] for m in good if m.money[name]), 0)
            blank = totals and all(line.total is None for line in good)
            for line, net in zip(good, came, strict=True):
                if line.time is None or blank:
                    self.leave_out("bad_time" if line.time is None else "bad_amount", line, net)
                elif line.customer is None and self.spec["guests"] == "drop":
                    self.leave_out("guest_dropped", line, net)
                else:
                    kept.append(line)
        for name in self.dims:
            # A column of orders is blank on later lines; a column of lines may be blank.
            orders = by_key(kept, lambda line: line.order).values()
            values = [{line.dims[name] for line in mine} - {None} for mine in orders]
            if all(len(said) <= 1 for said in values):
                for mine, said in zip(orders, values, strict=True):
                    for line in mine:
                        line.dims[name] = next(iter(said), None)
        return kept

    # ---- orders

    def grouped(self, lines: list[Line]) -> list[Order]:
        if not self.is_by_order:
            return [self.order([line]) for line in lines]
        return [self.order(mine) for mine in by_key(lines, lambda line: line.order).values()]

    def order(self, lines: list[Line]) -> Order:
        once = self.spec["amount_is"] == "order"
        total = {
            name: sum(line.money[name] or 0 for line in (lines[:1] if once else lines))
            for name in lines[0].money
        }
        net = total["amount"] - total["discount"] - total["refunded"]
        positive = any((line.money["amount"] or 0) > 0 for line in lines)
        if (self.is_by_order and positive and total["amount"] <= 0) or (
            total["refunded"] > 0 and net <= 0
        ):
            what = "full_refund"
        elif total["amount"] < 0:
            what = "refund"
        else:
            what = "order" if net else "zero_value"
        dims = {}
        for name in self.dims:
            said = {line.dims[name] for line in lines}
            dims[name] = said.pop() if len(said) == 1 else MIXED
        first = lines[0]
        assert first.time is not None
        return Order(
            first.customer,
            first.time,
            net,
            total["amount"],
            {name: total[name] for name in ("shipping", "tax", "cost")},
            total["refunded"],
            max((line.refunded_at for line in lines if line.refunded_at), default=None),
            first.status or "completed",
            first.kind or "one_off",
            what,
            first.order and first.order[1],
            dims,
            lines,
        )

    # ---- the reconciliation

    def reason(self, order: Order, policy: dict[str, Any]) -> str:
        if order.status not in policy["statuses"]:
            return order.status
        if order.kind not in policy["kinds"]:
            return order.kind
        if order.what in ("full_refund", "refund"):
            return order.what
        if order.what == "zero_value" and not policy["zero_value"]:
            return order.what
        return "guest" if order.customer is None else "counted"

    def reconciliation(self) -> dict[str, tuple[int, int, int, int]]:
        """Rows, orders, customers and amount by reason."""
        policy = self.spec.get("policy", POLICY)
        found: dict[str, list[Any]] = defaultdict(lambda: [0, 0, set(), 0])
        for order in self.orders:
            for reason in (self.reason(order, policy), "total"):
                line = found[reason]
                line[0] += len(order.lines)
                line[1] += order.what != "refund"
                line[2] |= {order.customer} - {None}
                line[3] += order.net
        for reason, (rows, amount) in self.left_out.items():
            for to in (found[reason], found["total"]):
                to[0] += rows
                to[1] += 0 if self.is_by_order else rows
                to[3] += amount
        for reason in ("counted", "total"):
            found[reason] = found[reason]
        return {
            reason: (rows, orders, len(customers), amount)
            for reason, (rows, orders, customers, amount) in found.items()
        }


def by_key(items: list[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def zone_of(name: str) -> datetime.tzinfo:
    if name[0] in "+-":
        hours, minutes = int(name[1:3]), int(name[4:6])
        offset = datetime.timedelta(hours=hours, minutes=minutes)
        return datetime.timezone(-offset if name[0] == "-" else offset)
    return datetime.UTC if name == "UTC" else zoneinfo.ZoneInfo(name)


# ---- a scope -------------------------------------------------------------------------------------


class Seen:
    """A book under a scope, at one date."""

    def __init__(self, book: Book, scope: dict[str, Any]) -> None:
        self.book, self.scope = book, scope
        self.policy = POLICY | (scope.get("policy") or book.spec.get("policy") or {})
        self.basis = scope.get("basis", "net")
        booked = scope.get("refunds") == "refund_date"
        self.orders = with_refunds_booked(book.orders) if booked else list(book.orders)
        self.choose(scope.get("where", {}))
        tests = [self.passes(*pair) for pair in scope.get("customers", {}).items()]
        self.shown = [one for one in book.ids if all(test(one) for test in tests)]
        self.shows_guests = not tests

    # ---- what orders count as

    def counts(self, order: Order) -> bool:
        """Whether it is an order that counts."""
        zero = order.what == "zero_value" and self.policy["zero_value"]
        return self.is_in(order) and (order.what == "order" or zero)

    def lowers(self, order: Order) -> bool:
        return self.is_in(order) and order.what == "refund"

    def is_in(self, order: Order) -> bool:
        return order.status in self.policy["statuses"] and order.kind in self.policy["kinds"]

    def is_cancelled(self, order: Order) -> bool:
        left = "cancelled" not in self.policy["statuses"] and order.kind in self.policy["kinds"]
        return left and order.status == "cancelled" and order.what != "refund"

    def amount(self, order: Order) -> int:
        column = {"net_shipping": "shipping", "net_ex_tax": "tax", "margin": "cost"}
        if self.basis == "gross":
            return order.gross
        if self.basis in column:
            more = order.more[column[self.basis]]
            return order.net + (more if self.basis == "net_shipping" else -more)
        return order.net

    def day(self, order: Order) -> datetime.date:
        return self.book.day(order.time)

    def sort_key(self, order: Order) -> Any:
        dims = [none_first(value) for value in order.dims.values() if value is not MIXED]
        words = (STATUSES.index(order.status), KINDS.index(order.kind))
        return (order.time, none_first(order.id), order.net, *words, dims)

    # ---- columns

    def column(self, name: str) -> str:
        """The column of a role, or of its own name."""
        return str(self.book.spec.get(name) or name)

    def value(self, name: str, order: Order) -> Any:
        """Of an order; of one whose lines differ, `MIXED`."""
        spec, column = self.book.spec, self.column(name)
        own = {
            spec["customer_id"]: order.customer,
            spec["ordered_at"]: self.day(order).isoformat(),
            spec["amount"]: float(Fraction(order.net, self.book.scale)),
            spec.get("status"): order.status,
            spec.get("kind"): order.kind,
        }
        return own[column] if column in own else order.dims[column]

    def is_of_lines(self, name: str) -> bool:
        column = self.column(name)
        return any(order.dims.get(column) is MIXED for order in self.orders)

    def of_customer(self, name: str, customer: Any) -> Any:
        """A column of the customers' table, or of the first order."""
        row = self.book.registered.get(customer, {})
        if name == "tier":
            return row.get("tier")
        if name == "opted_out":
            return bool(row.get("silent"))
        if name == "registered_at":
            day = row.get("registered")
            return day and day.isoformat()
        mine = [order for order in self.orders if order.customer == customer]
        first = min(filter(self.counts, mine), key=self.sort_key, default=None)
        name = name.removeprefix("first_")
        if first is None:
            return 0.0 if name == "amount" else None
        if name == "month":
            return self.day(first).replace(day=1).isoformat()
        if not self.is_of_lines(name):
            return self.value(name, first)
        # Of lines that differ, that of the greatest amount; of equal ones, the first by dimensions.
        lines = sorted(first.lines, key=lambda line: [none_last(v) for v in line.dims.values()])
        return max(lines, key=lambda line: line.money["amount"] or 0).dims[self.column(name)]

    def is_customers(self, name: str) -> bool:
        return name in ("tier", "opted_out", "registered_at") or name.startswith("first_")

    def passes(self, name: str, condition: Any) -> Callable[[Any], bool]:
        if self.column(name) == self.book.spec["customer_id"]:
            return lambda customer: is_met(condition, customer)
        return lambda customer: is_met(condition, self.of_customer(name, customer))

    # ---- choosing

    def choose(self, where: dict[str, Any]) -> None:
        """Orders that meet every condition; of orders whose lines differ, the lines that do."""
        of_lines = {self.column(name): c for name, c in where.items() if self.is_of_lines(name)}
        kept = []
        for order in self.orders:
            tests = [
                order.customer is not None
                and is_met(condition, self.of_customer(name, order.customer))
                if self.is_customers(name)
                else is_met(condition, self.value(name, order))
                for name, condition in where.items()
                if not self.is_of_lines(name)
            ]
            lines = [
                line
                for line in order.lines
                if all(is_met(condition, line.dims[name]) for name, condition in of_lines.items())
            ]
            if all(tests) and (lines or not of_lines):
                kept.append(self.book.order(lines) if of_lines else order)
        self.orders = kept

    def parts(self) -> list[tuple[dict[str, Any], "Seen"]]:
        """The orders of each group of a breakdown, ascending, nulls last."""
        by = self.scope.get("by", [])
        if not by:
            return [({}, self)]
        items: list[tuple[Order, Line | None]] = [(order, None) for order in self.orders]
        if any(self.is_of_lines(name) for name in by):
            items = [(order, line) for order in self.orders for line in order.lines]

        def key(item: tuple[Order, Line | None]) -> tuple[Any, ...]:
            return tuple(self.group(name, *item) for name in by)

        parts = []
        groups = by_key(items, key)
        for values in sorted(groups, key=lambda values: [none_last(one) for one in values]):
            mine = groups[values]
            part = object.__new__(Seen)
            part.__dict__ = dict(self.__dict__)
            if mine[0][1] is None:
                part.orders = [order for order, _ in mine]
            else:
                orders = by_key(mine, lambda item: id(item[0])).values()
                part.orders = [self.book.order([line for _, line in of]) for of in orders]
            parts.append(({n: unranked(v) for n, v in zip(by, values, strict=True)}, part))
        return parts or [(dict.fromkeys(by), self)]

    def group(self, name: str, order: Order, line: Line | None) -> Any:
        if self.is_customers(name):
            if order.customer is None:
                return None
            value = self.of_customer(name, order.customer)
        elif line is not None and self.column(name) in line.dims:
            value = line.dims[self.column(name)]
        else:
            value = self.value(name, order)
        words = {"status": STATUSES, "kind": KINDS}.get(name.removeprefix("first_"))
        return (words.index(value), value) if words and value is not None else value

    # ---- customers

    def customers(self, as_of: datetime.date) -> list[tuple[Any, list[Order]]]:
        """Those with an order that counts, and all of their orders up to the date."""
        mine = by_key(self.until(as_of), lambda order: order.customer)
        all_of = [
            (one, sorted(mine[one], key=self.sort_key)) for one in self.book.ids if one in mine
        ]
        return [(one, orders) for one, orders in all_of if any(map(self.counts, orders))]

    def until(self, as_of: datetime.date) -> list[Order]:
        return [order for order in self.orders if self.day(order) <= as_of]

    def revenue(self, orders: list[Order]) -> int:
        return sum(self.amount(one) for one in orders if self.counts(one) or self.lowers(one))

    def purchases(self, orders: list[Order], occasion: str) -> list[tuple[datetime.date, int]]:
        """Day and revenue of each; a refund row belongs to the purchase before it."""
        found: list[tuple[datetime.date, int]] = []
        for order in orders:
            day, amount = self.day(order), self.amount(order)
            same = occasion == "day" and bool(found) and found[-1][0] == day
            if self.counts(order) and not same:
                found.append((day, amount))
            elif found and (self.counts(order) or self.lowers(order)):
                found[-1] = (found[-1][0], found[-1][1] + amount)
        return found

    def occasion(self, default: str) -> str:
        return str(self.scope.get("occasion", default))


def with_refunds_booked(orders: list[Order]) -> list[Order]:
    """Each order with its whole amount, each refund at its own date."""
    booked = []
    for order in orders:
        if not order.refunded:
            booked.append(order)
            continue
        net = order.net + order.refunded
        what = "order" if net else "zero_value"
        if net < 0 and order.what == "refund":
            what = "refund"
        booked.append(dataclasses.replace(order, net=net, what=what))
        booked.append(
            dataclasses.replace(
                order,
                time=order.refunded_at or order.time,
                net=-order.refunded,
                gross=0,
                more=dict.fromkeys(order.more, 0),
                what="refund",
            )
        )
    return booked


def is_met(condition: Any, value: Any) -> bool:
    """A value, a list of them, or a range with both ends in it; null meets null only."""
    if isinstance(condition, list):
        return any(is_met(one, value) for one in condition)
    if isinstance(condition, dict):
        if value is None:
            return False
        above = "from" not in condition or value >= condition["from"]
        return above and ("to" not in condition or value <= condition["to"])
    return bool(value == condition)


def none_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)


def none_last(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else value)


def unranked(value: Any) -> Any:
    return value[1] if isinstance(value, tuple) else value
