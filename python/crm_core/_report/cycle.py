"""The report's section on purchase cycles: how many customers are due, late, slipping away; who has
just become so; and when how many are expected back. Counts only: customers are forgotten here.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

import crm_core

from .._orders import Orders
from .result import Frame

LEVELS = ("ok", "due", "late", "churn_risk", "lost")
_WITHIN = 30  # days, as everywhere in the library
_PERIODS = ((7, "days_7"), (14, "days_14"), (30, "days_30"), (60, "days_60"), (90, "days_90"))


def analyse(
    orders: Orders,
    day: datetime.date,
    scope: Mapping[str, Any],
    step: Callable[[str], None],
) -> tuple[Frame, Frame, list[Frame]]:
    """Customers by level, expected returns by period, and their definitions.

    One fit serves all three analyses.
    """
    step("cycle")
    cycle = crm_core.cycle(orders, day, within=_WITHIN, **scope)
    learned = {"learned": cycle.notes["learned"]}
    step("likely_buyers")
    buyers = crm_core.likely_buyers(orders, day, within=_WITHIN, **learned, **scope)
    step("alerts")
    eve = day - datetime.timedelta(days=1)
    alerts = crm_core.alerts(
        orders, day, since=eve, levels=["due", "late", "churn_risk", "lost"], **learned, **scope
    )
    told = Frame.of("cycle", cycle)
    worth = Frame.of("likely_buyers", buyers)
    new = Frame.of("alerts", alerts)
    return _levels(told, worth, new), _expected(told, day), [told, worth, new]


def _levels(cycle: Frame, buyers: Frame, alerts: Frame) -> Frame:
    known = [level for level in cycle["level"] if level is not None]
    reached = [
        level
        for level, change in zip(alerts["level"], alerts["change"], strict=True)
        if change == "reached"
    ]
    revenue = {
        level: math.fsum(
            amount
            for own, amount in zip(buyers["level"], buyers["expected_revenue"], strict=True)
            if own == level and amount is not None
        )
        for level in LEVELS
    }
    return Frame(
        "cycle",
        {
            "level": list(LEVELS) if known else [],
            "customers": [known.count(level) for level in LEVELS] if known else [],
            "customer_share": [known.count(level) / len(known) for level in LEVELS]
            if known
            else [],
            "reached_today": [reached.count(level) for level in LEVELS] if known else [],
            "expected_revenue": [revenue[level] for level in LEVELS] if known else [],
        },
        labels={"level": cycle.labels.get("level", {})},
    )


def _expected(cycle: Frame, day: datetime.date) -> Frame:
    """How many predicted dates fall into each period; the dates are conditional on a return."""
    counts = {name: 0 for _, name in _PERIODS} | {"later": 0}
    for date, level in zip(cycle["predicted_date"], cycle["level"], strict=True):
        if level is None:
            continue
        away = (date - day).days if date is not None else math.inf
        counts[next((name for days, name in _PERIODS if away <= days), "later")] += 1
    filled = any(counts.values())
    return Frame(
        "cycle",
        {
            "period": list(counts) if filled else [],
            "customers": list(counts.values()) if filled else [],
        },
    )
