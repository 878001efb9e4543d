"""Who buys: the second order by attributes of customers and orders (属性別分析)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..._errors import OptionError, SchemaError
from .. import figures
from ..grid import Grid
from .parts import Part, Section, Text
from .shop import Missing, Shop
from .voice import Voice

_FEWEST = 30  # buyers of a row
_MOST = 12  # rows of an attribute
_ATTRIBUTES = 4
_CHANCE = 0.05


@dataclass(frozen=True)
class Attribute:
    """A column, and rows of `attributes`, the most buyers first.

    Attributes:
        name: The column.
        of_orders: Whether it is one of orders: a customer then has the value of the first order.
        rows: Values with enough buyers, as `value`; `cancel_rate_shrunk` is of the value's orders.
        left_out: Values with fewer, or beyond the most.
        overall: The rate of all customers.
        apart: Rows that differ from all by more than chance, the farthest first: intervals wide
            enough for all values of all attributes (Bonferroni) do not hold the rate of all.
    """

    name: str
    of_orders: bool
    rows: list[dict[str, Any]]
    left_out: int
    overall: float
    apart: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Buyers:
    """The attributes with something to compare."""

    attributes: list[Attribute]


def find(shop: Shop, columns: Sequence[str]) -> Buyers | Missing:
    """The attributes of which two values or more have enough buyers."""
    if not columns:
        return Missing("attributes")
    if (lacks := shop.lacks(regulars=0)) is not None:
        return lacks
    overall = shop.ask("repeat_rate", churn_days=None).rows()[0]["repeat_rate"]
    found = []
    for name in columns if overall is not None else ():
        every, of_orders = _rows(shop, name)
        rows = [
            row
            for row in every
            if row["value"] is not None
            and row["buyers"] >= _FEWEST
            and row["repeat_rate_shrunk"] is not None
        ]
        rows.sort(key=lambda row: (-row["buyers"], str(row["value"])))
        if len(rows) > 1:
            left_out = len(every) - len(rows[:_MOST])
            found.append(Attribute(name, of_orders, rows[:_MOST], left_out, overall))
    found = found[:_ATTRIBUTES]
    confidence = 1 - _CHANCE / max(sum(len(one.rows) for one in found), 1)
    tested = [replace(one, apart=_apart(shop, one, confidence)) for one in found]
    return Buyers(tested) if found else Missing("attributes")


def _apart(shop: Shop, one: Attribute, confidence: float) -> list[dict[str, Any]]:
    """Rows whose interval of a confidence does not hold the rate of all."""
    every, _ = _rows(shop, one.name, confidence)
    ends = {
        row["value"]: (row["repeat_rate_shrunk_low"], row["repeat_rate_shrunk_high"])
        for row in every
    }
    rows = []
    for row in one.rows:
        low, high = ends[row["value"]]
        if not low <= one.overall <= high:
            rows.append(row)
    return sorted(rows, key=lambda row: -abs(row["repeat_rate_shrunk"] - one.overall))


def _rows(
    shop: Shop, name: str, confidence: float | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """A row for each value, and whether the column is one of orders.

    By a column of orders a customer is in every value of the own orders, and a second order of
    another value is none there. So customers are compared by the value of the first order.
    """
    try:
        of_value = {row[name]: row for row in _asked(shop, name, confidence)}
    except (OptionError, SchemaError):
        return [], False  # a column of lines, which is no attribute of an order
    try:
        first = f"first_{name}"
        rows = [{**row, "value": row[first]} for row in _asked(shop, first, confidence)]
    except SchemaError:
        return [{**row, "value": value} for value, row in of_value.items()], False
    for row in rows:
        row["cancel_rate_shrunk"] = of_value.get(row["value"], row)["cancel_rate_shrunk"]
    return rows, True


def _asked(shop: Shop, column: str, confidence: float | None) -> list[dict[str, Any]]:
    return shop.ask("attributes", by=[column], confidence=confidence, churn_days=None).rows()


def show(found: Buyers, voice: Voice) -> Section:
    """A table for each attribute, the rates as dots with their intervals."""
    parts: list[Part] = [_grid(one, voice) for one in found.attributes]
    left_out = sum(one.left_out for one in found.attributes)
    if left_out:
        parts.append(Text(voice("buyers_left_out", count=left_out, least=_FEWEST)))
    parts.append(Text(voice("buyers_note")))
    overall = voice.percent(found.attributes[0].overall)
    question = voice("buyers_question", overall=overall)
    return Section("buyers", _title(found, voice), voice("buyers"), question, parts)


def _grid(one: Attribute, voice: Voice) -> Grid:
    most = max(row["repeat_rate_shrunk_high"] for row in one.rows)
    registered = any(row["purchase_rate"] is not None for row in one.rows)
    rows, dots = [], {}
    for at, row in enumerate(one.rows):
        ends = ("repeat_rate_shrunk", "repeat_rate_shrunk_low", "repeat_rate_shrunk_high")
        rate, low, high = (row[end] for end in ends)
        said = f"{voice.percent(rate)} ({voice.interval(voice.percent(low), voice.percent(high))})"
        cells = [str(row["value"]), voice.count(row["buyers"]), said, ""]
        dots[at, 3] = figures.dots(f"{cells[0]}: {said}", [("now", rate, low, high)], most)
        cells += [
            voice.percent(row["cancel_rate_shrunk"]),
            voice.amount(row["revenue_per_buyer"]),
            voice.percent(row["share"]),
        ]
        if registered:
            cells.append(voice.percent(row["purchase_rate_shrunk"]))
        rows.append(cells)
    names = ["buyers", "rate", "dots", "cancelled", "each", "share"]
    names += ["purchase"] if registered else []
    name = _named(one, voice)
    headings = [name, *(voice(f"buyers_{name}") for name in names)]
    numeric = [False, True, True, False, *[True] * (len(names) - 3)]
    return Grid(name, headings, rows, numeric, dots=dots)


def _named(one: Attribute, voice: Voice) -> str:
    return voice("buyers_first", name=one.name) if one.of_orders else one.name


def _title(found: Buyers, voice: Voice) -> str:
    """The value that is clearly farthest from all, if there is one."""
    apart = [(one, one.apart[0]) for one in found.attributes if one.apart]
    if not apart:
        joint = "、" if voice.lang == "ja" else ", "
        return voice(
            "buyers_title_alike", names=joint.join(_named(one, voice) for one in found.attributes)
        )
    one, row = max(apart, key=lambda pair: abs(pair[1]["repeat_rate_shrunk"] - pair[0].overall))
    return voice(
        "buyers_title",
        name=_named(one, voice),
        value=row["value"],
        rate=voice.percent(row["repeat_rate_shrunk"]),
        overall=voice.percent(one.overall),
    )
