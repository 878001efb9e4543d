"""How do subscriptions do: their share, and who goes on after each delivery (定期購入)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from ..grid import Grid
from .parts import Part, Section
from .shop import Missing, Shop
from .voice import Voice

_KINDS = ("sub_first", "sub_renewal")
_YEAR = 364
_FEWEST = 30
_MOST = 12


@dataclass(frozen=True)
class Subscriptions:
    """Revenue of a year by kind, and deliveries of subscriptions, see `purchase_counts`."""

    revenue: dict[str, float]
    orders: dict[str, int]
    rows: list[dict[str, Any]]

    @property
    def share(self) -> float:
        """The share of subscriptions in revenue."""
        total = sum(self.revenue.values())
        return sum(self.revenue.get(kind, 0) for kind in _KINDS) / total if total > 0 else 0.0


def find(shop: Shop) -> Subscriptions | Missing:
    """The kinds of the last 364 days; `Missing` if no order is a subscription's."""
    since = shop.as_of - datetime.timedelta(_YEAR - 1)
    span = {"from": since.isoformat(), "to": shop.as_of.isoformat()}
    revenue: dict[str, float] = {}
    orders: dict[str, int] = {}
    table = shop.ask("monthly", period="year", by=["kind"], where={"ordered_at": span})
    for row in table.rows():
        revenue[row["kind"]] = revenue.get(row["kind"], 0.0) + row["revenue"]
        orders[row["kind"]] = orders.get(row["kind"], 0) + row["orders"]
    if not any(orders.get(kind) for kind in _KINDS):
        return Missing("kind")
    rows = shop.ask("purchase_counts", kinds=list(_KINDS), up_to=_MOST).rows()
    rows = [row for row in rows if row["reach"] >= _FEWEST and row["continue_rate"] is not None]
    return Subscriptions(revenue, orders, rows)


def show(found: Subscriptions, voice: Voice) -> Section:
    """Revenue by kind, and the share who went on after each delivery."""
    total = sum(found.revenue.values()) or 1
    kinds = [
        [voice(f"kind_{kind}"), voice.count(found.orders.get(kind, 0)), voice.money(revenue),
         voice.percent(revenue / total)]
        for kind, revenue in found.revenue.items()
    ]  # fmt: skip
    headings = [voice(f"kinds_{name}") for name in ("kind", "orders", "revenue", "share")]
    parts: list[Part] = [Grid(voice("kinds"), headings, kinds, [False, True, True, True])]
    if found.rows:
        rows = [
            [
                voice("purchase_k", k=row["k"]),
                voice.count(row["reach"]),
                voice.percent(row["continue_rate"]),
                voice.interval(
                    voice.percent(row["continue_rate_low"]),
                    voice.percent(row["continue_rate_high"]),
                ),
                voice.percent(row["survival_rate"]),
            ]
            for row in found.rows
        ]
        names = ("delivery", "reach", "goes_on", "interval", "left")
        headings = [voice(f"deliveries_{name}") for name in names]
        bars = [[None, None, None, None, row["survival_rate"]] for row in found.rows]
        parts.append(Grid(voice("deliveries"), headings, rows, [False, *[True] * 4], bars=bars))
    title = voice("subscriptions_title", share=voice.percent(found.share))
    if found.rows:
        joint = "" if voice.lang == "ja" else " "
        rate = voice.percent(found.rows[0]["continue_rate"])
        title += joint + voice("subscriptions_first", rate=rate)
    return Section(
        "subscriptions", title, voice("subscriptions"), voice("subscriptions_question"), parts
    )
