"""Shops for the tests of the purchase cycle: orders of (customer, day, amount)."""

import datetime
import random
from typing import Any

import crm_core as crm

DAY = datetime.date(2025, 6, 30)
START = datetime.date(2023, 1, 1)
ALL_LEVELS = ["due", "late", "churn_risk", "lost"]

Rows = list[tuple[str, datetime.date, int]]


def build(rows: Rows, currency: str = "JPY", **columns: list[Any]) -> crm.Orders:
    """Orders of (customer, day, amount), with further columns by their role."""
    customers, days, amounts = ([row[at] for row in rows] for at in range(3))
    data = {"customer_id": customers, "ordered_at": days, "amount": amounts, **columns}
    roles: dict[str, Any] = {role: role for role in columns}
    return crm.Orders(data, currency=currency, **roles)


def days(*offsets: int) -> list[datetime.date]:
    return [START + datetime.timedelta(offset) for offset in offsets]


def regulars(customers: int = 120, seed: int = 5, last: int = 900) -> Rows:
    """Customers of rhythms of their own, of whom some leave."""
    rng = random.Random(seed)
    rows: Rows = []
    for k in range(customers):
        typical, at = 15 + 10 * (k % 7), rng.randrange(500)
        while at <= last:
            rows.append((f"c{k:03}", START + datetime.timedelta(at), 1000 + 100 * (k % 9)))
            if rng.random() < 0.1:
                break
            at += max(1, round(typical * rng.gammavariate(5, 1 / 5)))
    return rows


def by_id(table: crm.Table) -> dict[Any, dict[str, Any]]:
    columns = table.to_dict()
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return {row[names.index("customer_id")]: dict(zip(names, row, strict=True)) for row in rows}
