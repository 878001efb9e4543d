"""The analyses of the report, run once and kept as plain lists for the screen and the page.

Customers' rows are summed up here and forgotten: what the report holds are totals, so it can be
passed around. Sums of money are taken over the exact amounts.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._errors import CrmError, SchemaError
from .._orders import Orders
from .._reading.settings import Note
from . import cycle, words
from .money import Currency, money
from .outlook import look_ahead
from .outlook import requests as look_ahead_requests
from .result import Frame
from .sections import report
from .sections.ask import Ask

if TYPE_CHECKING:
    from .._reading.cost_reading import Costs

MEAN_ORDERS_OF_CPM = 7  # MakeRepeater's multiple: 70,000 yen is about seven orders of 10,000


# The analyses that a report of a shop with everything runs, in their order, each as often as it
# runs; those of `by` come on top.
ANALYSES = (
    "rfm", "monthly", "cpm_segments", "decile", "lorenz", "abc", "cycle", "likely_buyers",
    "alerts", "rfm_segments", *report.SECTIONS, "shop_forecast", "base_forecast", "backtest",
    "threshold_sweep",
)  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """The line above everything: the shop's orders, and which of them are guests'.

    Attributes:
        customers: Customers with an order that counts.
        orders: Orders that count, guests' among them.
        revenue: Their revenue, as the months add up to.
        mean_order_value: Revenue by order, guests' among them.
        repeaters: Customers with two orders or more.
        active: Customers who are active by CPM.
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
    currency: Currency
    totals: Totals
    rfm_segments: Frame
    deciles: Frame
    abc: Frame
    cycle_levels: Frame
    gini: float | None
    reconciliation: Frame
    breakdowns: Mapping[str, Frame]
    outlook: Mapping[str, Frame]
    definitions: Sequence[Frame]
    notes: Sequence[Note]
    sections: report.Found | None = None


@dataclass(frozen=True)
class Request:
    """The user's request, besides the file; `columns` are the roles that the orders have, `people`
    the records of customers, `attributes` columns by which buyers are shown, `costs` what channels
    cost, see `cost_reading`.
    """

    as_of: datetime.date | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    customers: Mapping[str, Any] = field(default_factory=dict)
    by: Sequence[str] = ()
    months: int = 24
    churn_days: int | None = None
    cpm_money: float | None = None
    prospects: bool = False
    columns: Collection[str] = ()
    people: Any = None
    attributes: Sequence[str] = ()
    costs: Costs | None = None


def analyse(
    orders: Orders,
    request: Request,
    step: Callable[[str], None] = lambda task: None,
    carts: Frame | None = None,
) -> Findings:
    """Run the report's analyses.

    Args:
        orders: The shop's orders.
        request: The request.
        step: Told the name of each analysis before it runs; see `ANALYSES`.
        carts: Carts to follow up, where there are events.
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
    ask = Ask(orders, as_of, scope)
    try:
        return _analyse(ask, request, notes, step, carts)
    finally:
        ask.end()


def _analyse(
    ask: Ask,
    request: Request,
    notes: list[Note],
    step: Callable[[str], None],
    carts: Frame | None,
) -> Findings:
    orders = ask.orders
    currency = Currency.of(orders)
    as_of = request.as_of or _date(orders.last_date)

    def run(task: str, day: Any = as_of, **options: Any) -> Frame:
        step(task)
        return ask(task, day, **options)

    rfm = run("rfm")
    totals_of = _revenue_of(rfm)
    orders_counted = sum(rfm["orders"])
    mean_order = totals_of / orders_counted if orders_counted else None
    prospects = {"prospects": True} if request.prospects else {}
    cpm_options: dict[str, Any] = {}
    if request.cpm_money is not None:
        cpm_options["money"] = request.cpm_money
        notes.append(Note("cpm_money_given", {"amount": money(request.cpm_money, currency)}))
    elif currency.code != "JPY":
        # Without orders there is no mean; any amount then gives the same (empty) table.
        threshold = round(MEAN_ORDERS_OF_CPM * (mean_order or 1), currency.decimals)
        cpm_options["money"] = threshold
        notes.append(
            Note("cpm_money", {"amount": money(threshold, currency), "currency": currency.code})
        )
    monthly = run("monthly")
    guest_orders = sum(monthly.columns.get("guest_orders", []))
    guest_revenue = math.fsum(monthly.columns.get("guest_revenue", []))
    shop_orders, shop_revenue = orders_counted + guest_orders, math.fsum(monthly["revenue"])
    without_order = round(shop_revenue - totals_of - guest_revenue, currency.decimals)
    if without_order:
        notes.append(Note("refunds_alone", {"amount": money(without_order, currency)}))
    if not shop_orders:
        notes.append(Note("no_orders"))
    ask.begin(look_ahead_requests(cpm_options, whole=not request.customers))

    cpm_segments = run("cpm_segments", **cpm_options, **prospects)
    history_days = _month_ends(_date(orders.first_date), as_of, request.months)
    decile = run("decile")
    lorenz = run("lorenz")
    abc = run("abc")
    cycle_levels = Frame("cycle", {})
    if orders_counted and as_of is not None:
        cycle_levels = cycle.analyse(ask, as_of, step)
    found = None
    if as_of is not None:
        found = report.find(
            ask,
            cpm_options,
            carts=carts,
            days=history_days,
            columns=request.columns,
            prospects=request.prospects,
            people=request.people,
            attributes=request.attributes,
            costs=request.costs,
            step=step,
        )
    return Findings(
        as_of=as_of,
        sections=found,
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
        rfm_segments=run("rfm_segments", **prospects),
        deciles=_groups(decile, "decile"),
        abc=_groups(abc, "abc"),
        cycle_levels=cycle_levels,
        gini=next(iter(lorenz["gini"]), None),
        reconciliation=_reconciled(orders, request),
        breakdowns={
            name: _by(run("cpm_segments", by=[name], **cpm_options), name) for name in request.by
        },
        outlook=look_ahead(run, cpm_options, whole=not request.customers),
        definitions=ask.definitions,
        notes=notes,
    )


def has_column(data: Any, column: str) -> bool:
    """Whether a dataset has a column."""
    try:
        data.view({column: None})
    except SchemaError:
        return False
    except CrmError:
        return True
    return True


def _reconciled(orders: Orders, request: Request) -> Frame:
    """Every row of the input by how it was counted; filters and the date are applied."""
    where = dict(request.where)
    if request.as_of is not None and "ordered_at" not in where:
        where["ordered_at"] = {"to": request.as_of}
    seen = orders.view(where) if where else orders
    return Frame.of("reconciliation", seen.reconciliation)


def _active(segments: Frame) -> int:
    return sum(
        count
        for state, count in zip(segments["state"], segments["customers"], strict=True)
        if state == "active"
    )


def _groups(rows: Frame, name: str) -> Frame:
    """Customers and revenue of each decile or class, with the shares if they are defined."""
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
