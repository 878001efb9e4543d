"""What do customers start with and go on to, and which products bring the revenue."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from ..grid import Grid
from .change import Rate, of_best_and_worst
from .parts import Part, Section
from .shop import Missing, Shop
from .size import rate
from .voice import Voice
from .wall import missing

_FEWEST = 30
_MOST = 12
_YEAR = 364


@dataclass(frozen=True)
class Products:
    """First products, the moves from them, and the revenue of products.

    Attributes:
        first: Rows of `first_product`, the most customers first.
        next: For a first product the most frequent next one and its share of the customers.
        revenue: Products and the revenue of their lines in 364 days, the largest first.
        total: Revenue of all products in these days.
    """

    first: list[dict[str, Any]]
    next: dict[str, tuple[str, float]]
    revenue: list[tuple[str, float]]
    total: float


def find(shop: Shop, products: bool) -> Products | Missing:
    """The products with enough customers."""
    if not products:
        return Missing("product")
    if (lacks := shop.lacks(regulars=0)) is not None:
        return lacks
    rows = [row for row in shop.ask("first_product").rows() if row["first"] is not None]
    rows = [row for row in rows if row["customers"] >= _FEWEST and row["repeat_rate"] is not None]
    rows.sort(key=lambda row: (-row["customers"], str(row["first"])))
    moves: dict[str, tuple[str, float]] = {}
    for row in shop.ask("purchase_flow", up_to=2, top=_MOST).rows():
        if row["k"] != 1 or row["outcome"] != "continued":
            continue
        known = moves.get(row["source"])
        if known is None or row["transition_rate"] > known[1]:
            moves[row["source"]] = (row["target"], row["transition_rate"])
    since = shop.as_of - datetime.timedelta(_YEAR - 1)
    span = {"from": since.isoformat(), "to": shop.as_of.isoformat()}
    found: dict[str, float] = {}
    table = shop.ask("monthly", period="year", by=["product"], where={"ordered_at": span})
    for row in table.rows():
        name = "–" if row["product"] is None else str(row["product"])
        found[name] = found.get(name, 0.0) + row["revenue"]
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return Products(rows[:_MOST], moves, ranked[:_MOST], sum(found.values()))


def show(found: Products | Missing, voice: Voice) -> Section:
    """First products with F2 and LTV, and the ranking by revenue of lines."""
    if isinstance(found, Missing):
        return missing("products", found, voice)
    rows, bars = [], []
    for row in found.first:
        low, high = (voice.percent(row[f"repeat_rate_{end}"]) for end in ("low", "high"))
        target = found.next.get(str(row["first"]))
        rows.append(
            [
                str(row["first"]),
                voice.count(row["customers"]),
                voice.percent(row["repeat_rate"]),
                voice.interval(low, high),
                voice.amount(row["ltv_180"]),
                "–" if target is None else f"{target[0]} ({voice.percent(target[1])})",
            ]
        )
        bars.append([None, None, row["repeat_rate"], None, None, None])
    names = ("first", "new", "again", "interval", "ltv", "next")
    numeric = [False, True, True, True, True, False]
    headings = [voice(f"products_{name}") for name in names]
    parts: list[Part] = []
    if rows:
        parts.append(Grid(voice("products_starts"), headings, rows, numeric, bars=bars))
    if found.revenue and found.total > 0:
        largest = max(found.revenue[0][1], 1)
        ranking = [
            [name, voice.money(revenue), voice.percent(revenue / found.total)]
            for name, revenue in found.revenue
        ]
        shares = [[None, None, max(revenue, 0) / largest] for _, revenue in found.revenue]
        headings = [voice(f"products_{name}") for name in ("product", "revenue", "share")]
        parts.append(
            Grid(voice("products_ranking"), headings, ranking, [False, True, True], bars=shares)
        )
    return Section(
        "products", _title(found, voice), voice("products"), voice("products_question"), parts
    )


def _title(found: Products, voice: Voice) -> str:
    """The first product after which clearly more come back than after the others."""
    rates: list[tuple[str, Rate]] = []
    for row in found.first:
        one = rate({**row})
        if one is not None:
            rates.append((str(row["first"]), one))
    if len(rates) > 1:
        rates.sort(key=lambda one: -one[1].value)
        (best, high), (worst, low) = rates[0], rates[-1]
        if of_best_and_worst(high, low, len(rates)).verdict == "up":
            return voice(
                "products_title",
                best=best,
                high=voice.percent(high.value),
                worst=worst,
                low=voice.percent(low.value),
            )
    if found.revenue and found.total > 0:
        name, revenue = found.revenue[0]
        return voice("products_title_top", name=name, share=voice.percent(revenue / found.total, 0))
    return voice("products")
