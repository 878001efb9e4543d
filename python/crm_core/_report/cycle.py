"""How many customers are due, late, slipping away, and who has just become so. Counts only:
customers are forgotten here.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable

from .result import Frame
from .sections.ask import Ask

LEVELS = ("ok", "due", "late", "churn_risk", "lost")
_WITHIN = 30  # days, as everywhere in the library


def analyse(ask: Ask, day: datetime.date, step: Callable[[str], None]) -> Frame:
    """Customers by level. One fit serves all three analyses."""
    step("cycle")
    told = ask("cycle", within=_WITHIN)
    learned = {"learned": told.notes["learned"]}
    step("likely_buyers")
    worth = ask("likely_buyers", within=_WITHIN, **learned)
    step("alerts")
    eve = (day - datetime.timedelta(days=1)).isoformat()
    levels = ["due", "late", "churn_risk", "lost"]
    new = ask("alerts", since=eve, levels=levels, **learned)
    return _levels(told, worth, new)


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
