"""The analyses of the report, run once and kept as plain lists for the screen and the page.

Customers' rows are summed up here and forgotten: what the report holds are totals, so it can be
passed around. Sums of money are taken over the exact amounts.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import words
from .settings import Note

_WITHOUT_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
# From which size on, divided by what, called what.
_UNITS = {
    "en": ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")),
    "ja": ((1e9, 1e8, "億"), (1e5, 1e4, "万")),
}
MEAN_ORDERS_OF_CPM = 7  # MakeRepeater's multiple: 70,000 yen is about seven orders of 10,000


class Table(Protocol):
    """What the report needs of a result."""

    columns: Any
    definition: Any
    hash: Any

    def to_dict(self) -> dict[str, list[Any]]: ...


@dataclass(frozen=True)
class Frame:
    """A result as lists, with the definition that travels with it.

    Attributes:
        task: The analysis.
        columns: Lists of equal length, by name.
        definition: The request with every default written out; empty for a derived frame.
        hash: Its hash.
    """

    task: str
    columns: Mapping[str, list[Any]]
    definition: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""

    @staticmethod
    def of(task: str, table: Table) -> Frame:
        """A result of the library."""
        return Frame(task, table.to_dict(), table.definition or {}, table.hash or "")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row."""
        return [
            dict(zip(self.columns, row, strict=True))
            for row in zip(*self.columns.values(), strict=True)
        ]


@dataclass(frozen=True)
class Totals:
    """The line above everything: the shop's orders, and which of them are guests'.

    Attributes:
        customers: Customers with an order that counts.
        orders: Orders that count, guests' among them.
        revenue: Their revenue, as the months add up to.
        mean_order_value: Revenue by order, guests' among them.
        repeaters: Customers with two orders or more.
        active: Customers whom CPM calls active.
        first_date: The first order's date.
        last_date: The last order's date.
        guest_orders: Orders of guests, which no table by customer holds.
        guest_revenue: Their revenue.
    """

    customers: int
    orders: int
    revenue: float
    mean_order_value: float | None
    repeaters: int
    active: int
    first_date: datetime.date | None
    last_date: datetime.date | None
    guest_orders: int = 0
    guest_revenue: float = 0.0


@dataclass(frozen=True)
class Findings:
    """Everything that the report shows."""

    as_of: datetime.date | None
    currency: str
    totals: Totals
    monthly: Frame
    rfm_cells: Frame
    rfm_segments: Frame
    cpm_segments: Frame
    cpm_history: Frame
    deciles: Frame
    abc: Frame
    cycle_levels: Frame
    cycle_expected: Frame
    lorenz: Frame
    gini: float | None
    reconciliation: Frame
    breakdowns: Mapping[str, Frame]
    outlook: Mapping[str, Frame]
    definitions: Sequence[Frame]
    notes: Sequence[Note]


@dataclass(frozen=True)
class Request:
    """What the user asked for, beyond the file."""

    as_of: datetime.date | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    customers: Mapping[str, Any] = field(default_factory=dict)
    by: Sequence[str] = ()
    months: int = 24
    churn_days: int | None = None
    cpm_money: float | None = None
    prospects: bool = False


def analyse(
    crm: Any,
    orders: Any,
    currency: str,
    request: Request,
    step: Callable[[str], None] = lambda task: None,
) -> Findings:
    """Run the report's analyses.

    Args:
        crm: The library (`crm_core`).
        orders: Its `Orders`.
        currency: The orders' ISO code.
        request: What was asked for.
        step: Told the name of each analysis before it runs.
    """
    notes: list[Note] = []
    for code, chosen in (("filtered", request.where), ("filtered_customers", request.customers)):
        if chosen:
            notes.append(
                Note(
                    code,
                    {
                        "where": ", ".join(
                            f"{name} = {_said(value)}" for name, value in chosen.items()
                        )
                    },
                )
            )
    as_of = request.as_of or _date(orders.last_date)
    scope: dict[str, Any] = {
        "where": dict(request.where) or None,
        "customers": dict(request.customers) or None,
    }
    if request.churn_days is not None:
        scope["churn_days"] = request.churn_days
    definitions: list[Frame] = []
    from .outlook import look_ahead  # it needs Frame from here

    def run(task: str, day: Any = as_of, **options: Any) -> Frame:
        step(task)
        said = {key: value for key, value in {**scope, **options}.items() if value is not None}
        frame = Frame.of(task, getattr(crm, task)(orders, day, **said))
        definitions.append(frame)
        return frame

    rfm = run("rfm")
    totals_of = _revenue_of(rfm)
    orders_counted = sum(rfm["orders"])
    mean_order = totals_of / orders_counted if orders_counted else None
    prospects = {"prospects": True} if request.prospects else {}
    cpm_options: dict[str, Any] = {}
    if request.cpm_money is not None:
        cpm_options["money"] = request.cpm_money
        notes.append(Note("cpm_money_given", {"amount": money(request.cpm_money, currency)}))
    elif currency != "JPY":
        # Without orders there is no mean; any amount then gives the same (empty) table.
        threshold = round(MEAN_ORDERS_OF_CPM * (mean_order or 1), decimals(currency))
        cpm_options["money"] = threshold
        notes.append(
            Note("cpm_money", {"amount": money(threshold, currency), "currency": currency})
        )
    monthly = run("monthly")
    guest_orders = sum(monthly.columns.get("guest_orders", []))
    guest_revenue = math.fsum(monthly.columns.get("guest_revenue", []))
    shop_orders, shop_revenue = orders_counted + guest_orders, math.fsum(monthly["revenue"])
    without_order = round(shop_revenue - totals_of - guest_revenue, decimals(currency))
    if without_order:
        notes.append(Note("refunds_alone", {"amount": money(without_order, currency)}))
    if not shop_orders:
        notes.append(Note("no_orders"))

    cpm_segments = run("cpm_segments", **cpm_options, **prospects)
    history_days = _month_ends(_date(orders.first_date), as_of, request.months)
    history = (
        run("cpm_segments", history_days, **cpm_options)
        if history_days
        else Frame("cpm_segments", {})
    )
    decile = run("decile")
    lorenz = run("lorenz")
    abc = run("abc")
    cycle_levels = cycle_expected = Frame("cycle", {})
    if orders_counted and as_of is not None:
        from . import cycle  # which is made of frames, too

        given = {key: value for key, value in scope.items() if value is not None}
        cycle_levels, cycle_expected, behind = cycle.analyse(crm, orders, as_of, given, step)
        definitions += behind
    return Findings(
        as_of=as_of,
        currency=currency,
        totals=Totals(
            customers=len(rfm),
            orders=shop_orders,
            revenue=shop_revenue,
            guest_orders=guest_orders,
            guest_revenue=guest_revenue,
            mean_order_value=shop_revenue / shop_orders if shop_orders else None,
            repeaters=sum(count >= 2 for count in rfm["orders"]),
            active=_active(cpm_segments),
            first_date=_date(orders.first_date),
            last_date=_date(orders.last_date),
        ),
        monthly=monthly,
        rfm_cells=run("rfm_cross"),
        rfm_segments=run("rfm_segments", **prospects),
        cpm_segments=cpm_segments,
        cpm_history=history,
        deciles=_groups(decile, "decile"),
        abc=_groups(abc, "abc"),
        cycle_levels=cycle_levels,
        cycle_expected=cycle_expected,
        lorenz=lorenz,
        gini=next(iter(lorenz["gini"]), None),
        reconciliation=Frame.of("reconciliation", orders.reconciliation),
        breakdowns={
            name: _by(run("cpm_segments", by=[name], **cpm_options), name) for name in request.by
        },
        outlook=look_ahead(crm, run, cpm_options),
        definitions=definitions,
        notes=notes,
    )


def decimals(currency: str) -> int:
    """Decimals of a currency's minor unit (ISO 4217)."""
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def money(amount: float, currency: str) -> str:
    """An amount for people: ¥1,234, $12.50, 12.50 CHF."""
    return _with_sign(amount, f"{abs(amount):,.{decimals(currency)}f}", currency)


def brief(amount: float, currency: str, lang: str) -> str:
    """An amount where there is little room: $2.50M, ¥1,234万. Small ones keep every digit."""
    size = abs(amount)
    for least, unit, name in _UNITS[lang]:
        if size >= least:
            short = size / unit
            places = 0 if short >= 100 else 1 if short >= 10 else 2
            return _with_sign(amount, f"{short:,.{places}f}{name}", currency)
    places = 0 if size == 0 or size >= 100 else decimals(currency)
    return _with_sign(amount, f"{size:,.{places}f}", currency)


def _with_sign(amount: float, digits: str, currency: str) -> str:
    sign = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}.get(currency)
    minus = "-" if amount < 0 else ""
    return f"{minus}{sign}{digits}" if sign else f"{minus}{digits} {currency}"


def _active(segments: Frame) -> int:
    return sum(
        count
        for state, count in zip(segments["state"], segments["customers"], strict=True)
        if state == "active"
    )


def _groups(rows: Frame, name: str) -> Frame:
    """Customers and revenue of each decile or class, with the shares where they are defined."""
    found: dict[Any, list[float]] = {}
    for group, revenue in zip(rows[name], rows["revenue"], strict=True):
        found.setdefault(group, []).append(revenue)
    total = _revenue_of(rows)
    shares_defined = total > 0 and all(revenue >= 0 for revenue in rows["revenue"])
    groups = sorted(found)
    revenues = [math.fsum(found[group]) for group in groups]
    return Frame(
        name,
        {
            name: groups,
            "customers": [len(found[group]) for group in groups],
            "revenue": revenues,
            "revenue_per_customer": [
                revenue / len(found[group]) for group, revenue in zip(groups, revenues, strict=True)
            ],
            "revenue_share": [revenue / total if shares_defined else None for revenue in revenues],
            "cumulative_share": [
                math.fsum(revenues[: at + 1]) / total if shares_defined else None
                for at in range(len(groups))
            ],
        },
    )


def _by(segments: Frame, name: str) -> Frame:
    """Customers by a dimension's value: all, active and churned, and their revenue."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in segments.rows():
        found.setdefault(row[name], []).append(row)
    keys = sorted(found, key=lambda key: -sum(row["customers"] for row in found[key]))
    count = {
        key: {
            state: sum(row["customers"] for row in found[key] if row["state"] == state)
            for state in words.STATES
        }
        for key in keys
    }
    return Frame(
        "cpm_segments",
        {
            name: keys,
            "customers": [sum(row["customers"] for row in found[key]) for key in keys],
            "active": [count[key]["active"] for key in keys],
            "churned": [count[key]["churned"] for key in keys],
            "revenue": [math.fsum(row["revenue"] or 0 for row in found[key]) for key in keys],
        },
    )


def _month_ends(
    first: datetime.date | None, last: datetime.date | None, months: int
) -> list[datetime.date]:
    """The last `months` month ends up to `last`, and `last` itself."""
    if first is None or last is None or first > last:
        return []
    ends = [last]
    end = last.replace(day=1) - datetime.timedelta(days=1)
    while len(ends) < months and end >= first:
        ends.append(end)
        end = end.replace(day=1) - datetime.timedelta(days=1)
    return ends[::-1]


def _revenue_of(rows: Frame) -> float:
    return math.fsum(rows["revenue"])


def _date(day: Any) -> datetime.date | None:
    if isinstance(day, datetime.datetime):
        return day.date()
    return datetime.date.fromisoformat(day) if isinstance(day, str) else day


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value.get('from', '')}..{value.get('to', '')}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "|".join(map(str, value))
    return str(value)
