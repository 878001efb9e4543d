"""Tables for people: headings and cells as text, from a result's columns.

The screen and the page show the same grids, so that a number is formatted in one place.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from markupsafe import Markup

from .._reading import event_headings
from .._reading.headings import Choice
from . import figures, words
from .behavior import OTHER, Behavior, flows
from .money import Currency, brief, money
from .outlook import ALL_MONTHS
from .result import Frame

if TYPE_CHECKING:
    from .findings import Findings

_MONEY = (
    "revenue", "amount", "mean_order_value", "revenue_per_customer", "mean_revenue", "cost",
    "value_lost", "value_recovered",
)  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """A table of text.

    Attributes:
        title: Its caption.
        headings: One per column.
        rows: Cells, as shown.
        numeric: Which columns are set right-aligned.
        weights: For heat: one per cell, 0 to 1, `None` for none. Empty where there is no heat.
        bars: For bars in cells, as `weights`.
        hatched: Cells of what is not complete, as (row, column).
        dots: Points with intervals in a cell: (row, column) to them, on a common scale.
    """

    kind: ClassVar = "grid"
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool]
    weights: Sequence[Sequence[float | None]] = field(default_factory=tuple)
    bars: Sequence[Sequence[float | None]] = field(default_factory=tuple)
    hatched: Collection[tuple[int, int]] = ()
    dots: Mapping[tuple[int, int], Markup] = field(default_factory=dict)


def of(frame: Frame, title: str, lang: str, currency: Currency) -> Grid:
    """All columns of a frame, in its order."""
    names = list(frame.columns)

    def shown(name: str, value: Any) -> str:
        label = frame.label(name, value, lang) if isinstance(value, str) else None
        return label or cell(name, value, lang, currency)

    rows = [
        [shown(name, value) for name, value in zip(names, row, strict=True)]
        for row in zip(*(frame[name] for name in names), strict=True)
    ]
    numeric = [
        all(isinstance(value, int | float) or value is None for value in frame[name])
        for name in names
    ]
    return Grid(title, [words.column(name, lang) for name in names], rows, numeric)


def cpm_portfolio(segments: Frame, title: str, lang: str, currency: Currency) -> Grid:
    """Segments down; active and churned customers with their share, and revenue, across."""
    found = {(row["segment"], row["state"]): row for row in segments.rows()}
    everyone = sum(segments["customers"]) or 1
    largest = max(segments["customers"], default=0) or 1
    headings = [words.column("segment", lang)]
    headings += [
        f"{_label(segments, 'state', state, lang)} · {words.column('customers', lang)}"
        for state in words.STATES
    ]
    headings += [
        f"{_label(segments, 'state', state, lang)} · {words.column('revenue', lang)}"
        for state in words.STATES
    ]
    rows: list[list[str]] = []
    weights: list[list[float | None]] = []
    for segment in words.CPM_ORDER:
        states = [found.get((segment, state)) for state in words.STATES]
        outside = next(
            (
                row
                for (name, state), row in found.items()
                if name == segment and state not in words.STATES
            ),
            None,
        )
        if outside is not None and not any(states):
            states = [outside, None]
        if not any(row and row["customers"] for row in states):
            continue
        counts = [row["customers"] if row else 0 for row in states]
        revenue = [row["revenue"] if row and row["revenue"] is not None else 0 for row in states]
        rows.append(
            [
                _label(segments, "segment", segment, lang),
                *(f"{count:,} ({count / everyone:.1%})" for count in counts),
                *(brief(one, currency, lang) for one in revenue),
            ]
        )
        weights.append([None, *(count / largest for count in counts), None, None])
    return Grid(title, headings, rows, [False, True, True, True, True], weights)


def cpm_history(history: Frame, title: str, lang: str) -> Grid:
    """A row per month, a column per segment and state."""
    days, counts = by_month(history)
    keys = [
        (segment, state)
        for state in words.STATES
        for segment in words.CPM_ORDER
        if any(counts.get((segment, state), []))
    ]
    headings = [
        words.column("as_of", lang),
        *(cpm_name(history, segment, state, lang) for segment, state in keys),
    ]
    rows = [
        [day.isoformat(), *(f"{counts[key][at]:,}" for key in keys)] for at, day in enumerate(days)
    ]
    return Grid(title, headings, rows, [False] + [True] * len(keys))


def cpm_name(frame: Frame, segment: str, state: str, lang: str) -> str:
    """The name of one of the ten segments: 優良現役, "Excellent, active"."""
    first = _label(frame, "segment", segment, lang)
    if segment in ("prospect", "trial"):
        return first
    second = _label(frame, "state", state, lang)
    return f"{first}{second}" if lang == "ja" else f"{first}, {second.lower()}"


def _label(frame: Frame, column: str, word: str, lang: str) -> str:
    return frame.label(column, word, lang) or words.value(word, lang)


def by_month(history: Frame) -> tuple[list[datetime.date], dict[tuple[str, str], list[int]]]:
    """Customers of each segment and state, a value per date."""
    if not history.columns:
        return [], {}
    days = sorted(set(history["as_of"]))
    place = {day: at for at, day in enumerate(days)}
    counts: dict[tuple[str, str], list[int]] = {}
    for row in history.rows():
        counts.setdefault((row["segment"], row["state"]), [0] * len(days))[place[row["as_of"]]] += (
            row["customers"]
        )
    return days, counts


def choices(chosen: Sequence[Choice], title: str, lang: str, option: str = "--") -> Grid:
    """The role of each column, the reason, and the option that changes it."""
    of_people = option == "--people-column"

    def changed(role: str) -> str:
        if role == "money_of":
            return "--order-level, --line-level"
        columns = of_people or (option != "--" and role in event_headings.ROLES)
        return f"{option} {role}=…" if columns else f"--{role.replace('_', '-')}"

    headings = [words.column(name, lang) for name in ("role", "value", "why", "option")]
    rows = [
        [
            words.column(f"people_{one.role}" if of_people else one.role, lang),
            one.value,
            words.reason(one.reason, one.detail, lang),
            changed(one.role),
        ]
        for one in chosen
    ]
    return Grid(title, headings, rows, [False] * 4)


def lead(findings: Findings, lang: str) -> str:
    """The span of the orders, and the day of the report."""
    totals = findings.totals
    if totals.first_date is None:
        return words.page("lead_empty", lang)
    return words.page(
        "lead", lang, first=totals.first_date, last=totals.last_date, as_of=findings.as_of
    )


def site_lead(found: Behavior, lang: str) -> str:
    """What the events are, in a sentence or two."""
    if not found.events:
        return words.page("behavior_empty", lang)
    lead = words.page(
        "behavior_lead",
        lang,
        events=f"{found.events:,}",
        visitors=f"{found.visitors:,}",
        first=found.first_date,
        last=found.last_date,
    )
    if found.sessions is None:
        return lead
    joint = "" if lang == "ja" else " "
    return lead + joint + words.page("behavior_sessions", lang, sessions=f"{found.sessions:,}")


def funnel_text(frame: Frame, lang: str) -> str:
    """What the funnel counts."""
    window = frame.definition.get("options", {}).get("window", "")
    if isinstance(window, int):
        window = words.page("days", lang, days=window)
    return words.page("funnel_text", lang, window=window)


def carts_text(frame: Frame, lang: str) -> str:
    """What carts are counted, and how many were abandoned."""
    rate = frame["abandonment_rate"][0]
    return words.page("carts_text", lang, rate="–" if rate is None else f"{rate:.1%}")


def between(transitions: Frame, named: Sequence[str], title: str, lang: str) -> Grid:
    """Stations down and across; the darker, the more went on from one to the other."""
    totals: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    for pair, count in flows(transitions, named).items():
        counts[pair] = count
        totals[pair[0]] = totals.get(pair[0], 0) + count
    down = [name for name in ("(start)", *named, OTHER) if totals.get(name)]
    across = [
        name for name in (*named, OTHER, "(end)") if any(counts.get((one, name)) for one in down)
    ]
    shares = [[counts.get((one, to), 0) / totals[one] for to in across] for one in down]
    rows = [
        [station(one, lang), *(f"{share:.0%}" if share else "–" for share in of)]
        for one, of in zip(down, shares, strict=True)
    ]
    headings = ["", *(station(name, lang) for name in across)]
    weights = [[None, *of] for of in shares]
    return Grid(title, headings, rows, [False] + [True] * len(across), weights)


def station(name: str, lang: str) -> str:
    """What a station of the map is called."""
    keys = {"(start)": "start", "(end)": "end", OTHER: "other"}
    return words.page(keys[name], lang) if name in keys else figures.shortened(name, 24)


def summary(findings: Findings, lang: str) -> list[tuple[str, str]]:
    """The numbers above everything, with their names."""
    totals, currency = findings.totals, findings.currency
    share = [
        f"{count / totals.customers:.1%}" if totals.customers else "–"
        for count in (totals.repeaters, totals.active)
    ]
    guests = "_all" if totals.guest_orders else ""
    tiles = [
        ("customers", f"{totals.customers:,}"),
        (f"orders{guests}", f"{totals.orders:,}"),
        (f"revenue{guests}", brief(totals.revenue, currency, lang)),
        (
            f"mean_order{guests}",
            "–"
            if totals.mean_order_value is None
            else money(totals.mean_order_value, currency, lang),
        ),
    ]
    if guests:
        own = (totals.orders - totals.guest_orders, totals.revenue - totals.guest_revenue)
        for name, (count, revenue) in (
            ("of_customers", own),
            ("of_guests", (totals.guest_orders, totals.guest_revenue)),
        ):
            amount = brief(revenue, currency, lang)
            mean = money(revenue / count, currency, lang) if count else "–"
            said = words.page("orders_for", lang, orders=f"{count:,}", amount=amount, mean=mean)
            tiles.append((name, said))
    tiles += zip(("repeaters", "active"), share, strict=True)
    return [(words.page(name, lang), value) for name, value in tiles]


def cell(name: str, value: Any, lang: str, currency: Currency) -> str:
    """One value, as people write it."""
    if value is None:
        return "–"
    if name == "month":
        return words.page("all_months", lang) if value == ALL_MONTHS else str(value)[:7]
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        if "share" in name or name == "rate" or "_rate" in name:
            return f"{value:.1%}"
        if name in ("threshold", "revenue_multiple"):
            return f"{value:,.3g}"
        if name in _MONEY or name.endswith("_revenue"):
            return money(value, currency, lang)
        if name.endswith("_seconds"):
            return f"{value:,.0f}"
        return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    if name == "page":
        return figures.shortened(str(value), 60)
    return words.value(value, lang) if name == "period" else str(value)
