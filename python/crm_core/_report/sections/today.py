"""What do I do today: whom to write to, what it is worth, and the file of the list."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

import numpy as np

from ..grid import Grid
from ..result import Frame
from .ask import Arrays
from .parts import Headline, Section, Text
from .shop import Missing, Shop
from .voice import Voice

WEEK = 7  # days: what is new since the last report
HORIZON = 30  # days of the expected revenue of buyers
_ALERTS = 180  # days of the expected revenue of alerts, see `alerts` of the library
_TOP = 1_000
_LEVELS = ("due", "churn_risk")


@dataclass(frozen=True)
class Group:
    """People to write to.

    Attributes:
        key: `slipping`, `due`, `second`, `top` or `carts`.
        people: How many.
        revenue: What is expected of them; for carts what lies in them.
        days: The time of that revenue; None for carts.
        people_list: Their ids and what one has to know, the most valuable first.
    """

    key: str
    people: int
    revenue: float
    days: int | None
    people_list: Frame


@dataclass(frozen=True)
class Today:
    """The groups of today.

    Attributes:
        groups: Those that there can be.
        expected: Revenue expected of all customers in 30 days.
        usual: The day after the first order by which half of those who came back were back.
        latest: The day by which nine of ten were.
        top_share: The share of the expected revenue that the best customers hold.
    """

    groups: list[Group]
    expected: float
    usual: int | None
    latest: int | None
    top_share: float | None


def find(shop: Shop, carts: Frame | None = None) -> Today | Missing:
    """The groups, or what the shop lacks for them."""
    if (lacks := shop.lacks()) is not None:
        return lacks
    ask = shop.ask
    learned = {"learned": ask.table("cycle", within=HORIZON).notes["learned"]}
    buyers = ask.arrays("likely_buyers", within=HORIZON, **learned)
    since = shop.as_of - datetime.timedelta(WEEK)
    alerts = ask.arrays(
        "alerts", since=since.isoformat(), levels=["due", "late", "churn_risk", "lost"], **learned
    )
    usual, latest = _usual(ask("lead_times", step=1))
    groups = [
        _alerted("slipping", alerts, "churn_risk"),
        _alerted("due", alerts, "due"),
        _second(shop, buyers, usual, latest),
        _top(buyers),
    ]
    if carts is not None:
        groups.append(_carts(carts))
    expected = float(np.nansum(buyers["expected_revenue"]))
    share = groups[3].revenue / expected if expected > 0 else None
    return Today(groups, expected, usual, latest, share)


def _alerted(key: str, alerts: Arrays, level: str) -> Group:
    """Customers who reached a level this week, and to whom one may write."""
    free = np.array([word is None for word in alerts["suppressed_by"]], bool)
    here = free & (alerts["level"] == level) & (alerts["change"] == "reached")
    names = (
        "customer_id",
        "expected_revenue",
        "last_date",
        "usual_gap_days",
        "reason",
        "reason_ja",
    )
    return _group(key, alerts, here, names, _ALERTS)


def _second(shop: Shop, buyers: Arrays, usual: int | None, latest: int | None) -> Group:
    """Customers of one order, past the usual day of the second and before its latest."""
    once = shop.summary
    here = np.zeros(len(buyers["customer_id"]), bool)
    if usual is not None and latest is not None:
        waits = (once["orders"] == 1) & (once["recency_days"] > usual)
        waits &= once["recency_days"] <= latest
        here = np.isin(buyers["customer_id"], once["customer_id"][waits])
    names = ("customer_id", "expected_revenue", "probability_within", "last_date")
    return _group("second", buyers, here, names, HORIZON)


def _top(buyers: Arrays) -> Group:
    """The best customers by expected revenue, a tenth of a small shop."""
    most = min(_TOP, math.ceil(len(buyers["rank"]) / 10))
    names = ("customer_id", "expected_revenue", "probability_within", "last_date")
    return _group("top", buyers, buyers["rank"] <= most, names, HORIZON)


def _carts(carts: Frame) -> Group:
    """Carts that were left by known customers to whom one may write."""
    rows = [
        row
        for row in carts.rows()
        if row["suppressed_by"] is None and row["customer_id"] is not None
    ]
    rows.sort(key=lambda row: -(row.get("amount") or 0))
    names = ("customer_id", "amount", "stage", "products", "abandoned_at")
    listed = Frame(
        "cart_follow_ups",
        {name: [row[name] for row in rows] for name in names if name in carts.columns},
    )
    people = len({row["customer_id"] for row in rows})
    return Group("carts", people, math.fsum(row.get("amount") or 0 for row in rows), None, listed)


def _group(key: str, table: Arrays, here: np.ndarray, names: tuple[str, ...], days: int) -> Group:
    revenue = np.nan_to_num(table["expected_revenue"][here])
    order = np.argsort(-revenue, kind="stable")
    listed = {name: table[name][here][order].tolist() for name in names}
    return Group(key, int(here.sum()), float(revenue.sum()), days, Frame(key, listed))


def _usual(times: Frame) -> tuple[int | None, int | None]:
    """The days by which half and nine tenths of those who came back were back."""
    total, seen = sum(times["customers"]), 0
    found: dict[float, int] = {}
    for day, count in zip(times["from_days"], times["customers"], strict=True):
        seen += count
        for share in (0.5, 0.9):
            if total and seen >= share * total:
                found.setdefault(share, int(day))
    return found.get(0.5), found.get(0.9)


def show(found: Today | Missing, voice: Voice, folder: str | None = None) -> Section:
    """A row for each group: people, money with its horizon, what to do, and the list."""
    if isinstance(found, Missing):
        return Section(
            "today",
            voice("today_missing"),
            voice("today"),
            voice("today_question"),
            [Text(voice.missing(found))],
            [Headline(voice("few_said", lacks=voice.missing(found)), 0.5, True)],
        )
    rows = []
    for group in found.groups:
        if not group.people:
            continue
        horizon = "carts_worth" if group.days is None else "money_in_days"
        rows.append(
            [
                voice(
                    f"group_{group.key}",
                    usual=found.usual,
                    latest=found.latest,
                    people=voice.count(group.people),
                ),
                voice.count(group.people),
                voice(horizon, amount=voice.money(group.revenue), days=group.days),
                voice(f"do_{group.key}"),
                f"{folder}/{group.key}.csv" if folder else voice("list_option"),
            ]
        )
    headings = [voice(f"today_{name}") for name in ("group", "people", "money", "do", "list")]
    grid = Grid(voice("today"), headings, rows, [False, True, True, False, False])
    parts: list[Text | Grid] = [grid] if rows else []
    parts.append(Text(voice("today_note")))
    by_key = {group.key: group for group in found.groups}
    slipping, due = by_key["slipping"], by_key["due"]
    text = voice(
        "slipping_said",
        people=voice.count(slipping.people),
        amount=voice.money(slipping.revenue),
        days=_ALERTS,
    )
    headlines = [Headline(text, 1.0, True)] if slipping.people else []
    if found.top_share is not None:
        values = {
            "people": voice.count(by_key["top"].people),
            "share": voice.percent(found.top_share, 0),
        }
        headlines.append(Headline(voice("depends_said", days=HORIZON, **values), 0.2, True))
    return Section(
        "today",
        _title(found, slipping, due, voice),
        voice("today"),
        voice("today_question"),
        parts,
        headlines,
    )


def _title(found: Today, slipping: Group, due: Group, voice: Voice) -> str:
    title = voice(
        "today_title" if slipping.people or due.people else "today_title_none",
        slipping=voice.count(slipping.people),
        due=voice.count(due.people),
        amount=voice.money(slipping.revenue + due.revenue),
        days=_ALERTS,
    )
    top = next(group for group in found.groups if group.key == "top")
    if found.top_share is None or not top.people:
        return title
    joint = "" if voice.lang == "ja" else " "
    share = voice.percent(found.top_share, 0)
    return (
        title
        + joint
        + voice("today_top", people=voice.count(top.people), share=share, days=HORIZON)
    )
