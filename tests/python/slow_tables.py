"""The tables of some analyses, computed the slow way over the orders that `slow.py` has made."""

import datetime
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from slow import DAY, Book, Order, Seen, Table, by_key


def run(task: str, book: Book, scope: dict[str, Any]) -> Table:
    """The table of an analysis: of its columns those that are computed here."""
    given = scope.get("as_of", book.last and book.last.isoformat())
    days = given if isinstance(given, list) else [given or "1970-01-01"]
    rows: list[dict[str, Any]] = []
    parts = Seen(book, scope).parts()
    for day in days:
        for keys, part in parts:
            before = {"as_of": day} if isinstance(given, list) else {}
            analysis = ANALYSES[task](part, datetime.date.fromisoformat(day))
            rows += [before | keys | row for row in analysis]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def mean(total: int, count: int) -> float:
    """One division of whole numbers, rounded once."""
    return float(Fraction(total, count))


def summary(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    rows = []
    for customer, orders in seen.customers(as_of):
        counted = [order for order in orders if seen.counts(order)]
        days = sorted({seen.day(order) for order in counted})
        gaps = [(b - a).days for a, b in itertools.pairwise(days)]
        n, revenue = len(counted), seen.revenue(orders)
        cancelled = sum(map(seen.is_cancelled, orders))
        spread = sum((g - Fraction(sum(gaps), len(gaps))) ** 2 for g in gaps) if gaps else 0
        row = {
            "customer_id": customer,
            "first_date": days[0],
            "last_date": days[-1],
            "orders": n,
            "purchase_days": len(days),
            "revenue": revenue,
            "mean_order_value": mean(revenue, n * seen.book.scale),
            "tenure_days": (days[-1] - days[0]).days,
            "recency_days": (as_of - days[-1]).days,
            "gap_count": len(gaps),
            "gap_mean": mean(sum(gaps), len(gaps)) if gaps else None,
            "gap_sd": math.sqrt(spread / (len(gaps) - 1)) if len(gaps) > 1 else None,
            "gap_min": min(gaps, default=None),
            "gap_max": max(gaps, default=None),
            "cancelled_orders": cancelled,
            "cancel_rate": mean(cancelled, n + cancelled),
        }
        rows += [row] if customer in seen.shown else []
    return rows


def rfm(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    rows = []
    for customer, orders in seen.customers(as_of):
        days = [seen.day(order) for order in orders if seen.counts(order)]
        times = len(set(days)) if seen.occasion("order") == "day" else len(days)
        recency, revenue = (as_of - max(days)).days, seen.revenue(orders)
        row = {"customer_id": customer, "recency_days": recency, "orders": times}
        rows.append(row | {"revenue": revenue})
    for axis, column, sign in (("r", "recency_days", -1), ("f", "orders", 1), ("m", "revenue", 1)):
        values = [sign * row[column] for row in rows]
        for row, value in zip(rows, values, strict=True):
            worse = sum(other < value for other in values)
            row[axis] = 1 + 5 * worse // len(rows) if len(set(values)) > 1 else 3
    return [row for row in rows if row["customer_id"] in seen.shown]


def ranked(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    rows = [
        {"customer_id": customer, "revenue": seen.revenue(orders)}
        for customer, orders in seen.customers(as_of)
    ]
    return sorted(rows, key=lambda row: -row["revenue"])


def shown(seen: Seen, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    places = {customer: at for at, customer in enumerate(seen.book.ids)}
    rows = [row for row in rows if row["customer_id"] in seen.shown]
    return sorted(rows, key=lambda row: places[row["customer_id"]])


def decile(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    rows = ranked(seen, as_of)
    return shown(seen, [row | {"decile": 1 + 10 * i // len(rows)} for i, row in enumerate(rows)])


def abc(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    rows = ranked(seen, as_of)
    total = sum(max(row["revenue"], 0) for row in rows)
    before = 0
    for row in rows:
        share = Fraction(before, total) if row["revenue"] > 0 else 1
        row["abc"] = "A" if share < Fraction(7, 10) else "B" if share < Fraction(9, 10) else "C"
        before += row["revenue"]
    return shown(seen, rows)


def monthly(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    months: dict[datetime.date, dict[str, Any]] = {}
    names = ("orders", "new_revenue", "repeat_revenue", "guest_orders", "guest_revenue")

    def month(order: Order) -> dict[str, Any]:
        day = seen.day(order).replace(day=1)
        sets = {name: set() for name in ("customers", "new_customers", "repeat_customers")}
        return months.setdefault(day, {"month": day, **dict.fromkeys(names, 0), **sets})

    for customer, orders in by_key(seen.until(as_of), lambda order: order.customer).items():
        bought = 0
        if not (seen.shows_guests if customer is None else customer in seen.shown):
            continue
        for order in sorted(orders, key=seen.sort_key):
            if not (seen.counts(order) or seen.lowers(order)):
                continue
            row = month(order)
            row["orders"] += seen.counts(order)
            if customer is None:
                row["guest_orders"] += seen.counts(order)
                row["guest_revenue"] += seen.amount(order)
                continue
            bought += seen.counts(order)
            new = "new" if bought <= 1 else "repeat"
            row[f"{new}_revenue"] += seen.amount(order)
            if seen.counts(order):
                row["customers"].add(customer)
                row[f"{new}_customers"].add(customer)
    for row in months.values():
        row |= {name: len(row[name]) for name in row if isinstance(row[name], set)}
        row["revenue"] = row["new_revenue"] + row["repeat_revenue"] + row["guest_revenue"]
    used = sorted(day for day, row in months.items() if row["orders"] or row["revenue"])
    rows, day = [], used[0] if used else None
    while day is not None and day <= used[-1]:
        # Quiet months between the first and the last stay.
        quiet = dict.fromkeys(months[used[0]], 0) | {"month": day}
        rows.append(months.get(day, quiet))
        day = (day + 31 * DAY).replace(day=1)
    return rows


def purchase_counts(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    churn = seen.scope.get("churn_days", 180) + (seen.scope.get("churn_boundary") == "after")
    histories = shown_purchases(seen, as_of, "order")
    rows: list[dict[str, Any]] = []
    cumulative = 0
    for k in range(1, 25):
        reached = [mine for mine in histories if len(mine) >= k]
        if not reached:
            break
        silent = [(as_of - mine[-1][0]).days for mine in reached if len(mine) == k]
        waits = sorted((mine[k][0] - mine[k - 1][0]).days for mine in reached if len(mine) > k)
        revenue = sum(mine[k - 1][1] for mine in reached)
        cumulative += revenue
        middle = (waits[(len(waits) - 1) // 2] + waits[len(waits) // 2]) / 2 if waits else None
        rows.append(
            {
                "k": k,
                "reach": len(reached),
                "continued": len(waits),
                "churned": sum(days >= churn for days in silent),
                "pending": sum(days < churn for days in silent),
                "continue_rate": mean(len(waits), len(reached)),
                "survival_rate": mean(len(reached), len(histories)),
                "mean_order_value": mean(revenue, len(reached) * seen.book.scale),
                "cumulative_ltv": mean(cumulative, len(histories) * seen.book.scale),
                "median_days": middle,
            }
        )
    return rows


def shown_purchases(
    seen: Seen, as_of: datetime.date, default: str
) -> list[list[tuple[datetime.date, int]]]:
    of_all = seen.customers(as_of)
    chosen = [orders for customer, orders in of_all if customer in seen.shown]
    return [seen.purchases(orders, seen.occasion(default)) for orders in chosen]


def repeat_rate(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    histories = shown_purchases(seen, as_of, "day")
    n, repeated = len(histories), sum(len(mine) > 1 for mine in histories)
    rate = mean(repeated, n) if n else None
    return [{"customers": n, "repeated": repeated, "repeat_rate": rate}]


def lead_times(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    histories = shown_purchases(seen, as_of, "day")
    waits = [(mine[1][0] - mine[0][0]).days // 30 for mine in histories if len(mine) > 1]
    return [
        {
            "from_days": 30 * step,
            "until_days": 30 * (step + 1),
            "customers": waits.count(step),
            "share": mean(waits.count(step), len(waits)),
        }
        for step in range(max(waits, default=-1) + 1)
    ]


def clv_summary(seen: Seen, as_of: datetime.date) -> list[dict[str, Any]]:
    rows = []
    for customer, orders in seen.customers(as_of):
        days = sorted({seen.day(order) for order in orders if seen.counts(order)})
        later = seen.revenue([order for order in orders if seen.day(order) in days[1:]])
        repeats = len(days) - 1
        row = {
            "customer_id": customer,
            "frequency": repeats,
            "recency": float((days[-1] - days[0]).days),
            "T": float((as_of - days[0]).days),
            "monetary_value": mean(later, repeats * seen.book.scale) if repeats else None,
        }
        rows += [row] if customer in seen.shown else []
    return rows


ANALYSES: dict[str, Callable[[Seen, datetime.date], list[dict[str, Any]]]] = {
    "summary": summary,
    "monthly": monthly,
    "rfm": rfm,
    "decile": decile,
    "abc": abc,
    "purchase_counts": purchase_counts,
    "repeat_rate": repeat_rate,
    "lead_times": lead_times,
    "clv_summary": clv_summary,
}
