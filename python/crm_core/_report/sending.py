"""Who is written to today by the rules, why, and why not: candidates of orders and of the site,
decided with the log of messages.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import crm_core

from .. import _native
from .._reading.settings import Note
from .._table import Table
from .result import Frame
from .sending_rules import Rules, SiteTrigger

_ORDER = {"send": 0, "hold": 1, "skip": 2}
_OF_CANDIDATES = (
    *("customer_id", "trigger", "due_at", "expires_at", "dedupe_key", "value", "event_on"),
    *("days_after", "last_order_at", "excluded_by"),
)


@dataclass(frozen=True)
class Row:
    """A candidate with its decision; see `candidates` and `decide`.

    Attributes:
        customer_id: The customer.
        trigger: The rule's name.
        kind: The trigger of that rule.
        decision: `send`, `hold` or `skip`.
        why_not: The reason's code; None if it is sent.
        decided_by: The path of the rule, or the column; None if it is sent.
        channel: The channel; only if it is sent.
        send_at: When it is sent or may be.
        value: What is at stake.
        due_at: From when it is due.
        expires_at: Until when.
        event_on: The day or the instant that it counts from.
        after: Days from it; of triggers of the site hours.
        last_order_at: The day of the last order.
        dedupe_key: The key under which it is sent once.
    """

    customer_id: Any
    trigger: str
    kind: str
    decision: str
    why_not: str | None
    decided_by: str | None
    channel: str | None
    send_at: datetime.datetime | None
    value: float | None
    due_at: datetime.date
    expires_at: datetime.date | None
    event_on: datetime.date | None
    after: int | None
    last_order_at: datetime.date | None
    dedupe_key: str


@dataclass(frozen=True)
class Sending:
    """All candidates of a day.

    Attributes:
        rows: What is sent first, then what waits, then the rest; the most valuable first.
        now: The instant of the decision.
        zone: The zone of civil days.
        rules: The rules.
        notes: What the reader has to know, as codes of `words_sending`.
        definitions: The requests.
        labels: The library's words for decisions and reasons.
    """

    rows: list[Row]
    now: datetime.datetime
    zone: str
    rules: Rules
    notes: list[Note]
    definitions: list[Frame]
    labels: Frame

    def of(self, decision: str) -> list[Row]:
        """The rows of a decision."""
        return [row for row in self.rows if row.decision == decision]


def decided(
    orders: crm_core.Orders,
    rules: Rules,
    day: datetime.date,
    time: datetime.time,
    *,
    events: crm_core.Events | None = None,
    messages: Mapping[str, list[Any]] | None = None,
    where: Mapping[str, Any] | None = None,
    customers: Mapping[str, Any] | None = None,
    registered: bool = False,
) -> Sending:
    """Finds the candidates of a day and decides on them.

    Args:
        orders: The orders.
        rules: The rules.
        day: The day.
        time: The time of the decision on that day, in the zone of the rules.
        events: The log of the site.
        messages: The log of messages; None if there is none.
        where: Chooses orders.
        customers: Chooses customers.
        registered: Whether the orders have a table of customers.
    """
    zone = rules.plan.get("timezone") or orders.timezone or "UTC"
    now = datetime.datetime.combine(day, time, ZoneInfo(zone))
    scope = {"where": where or None, "customers": customers or None}
    notes: list[Note] = []
    tables, columns = _of_orders(orders, rules, day, scope, notes)
    totals = crm_core.summary(orders, day, **scope).to_dict()  # type: ignore[arg-type]
    last = dict(zip(totals["customer_id"], totals["last_date"], strict=True))
    known = _selected(orders, day, {"all": []})
    opted_out = _selected(orders, day, {"field": "customers.opted_out", "eq": True})
    unknown: set[Any] = set()
    for trigger in rules.of_events if events is not None else ():
        tables.append(_definition(trigger))
        unknown |= _of_site(events, trigger, now, last, opted_out, columns)
    if unknown:
        notes.append(Note("unknown_visitors", {"count": f"{len(unknown):,}"}))
    names = {one.name for one in rules.of_events} if events is None else set()
    if names:
        notes.append(Note("needs_events", {"triggers": ", ".join(sorted(names))}))
    needs = [name for name, kind in rules.kinds.items() if kind == "registered"]
    if needs and not registered:
        notes.append(Note("needs_customers", {"triggers": ", ".join(needs)}))
    if messages is None:
        notes.append(Note("no_messages"))
    elif strangers := sum(one not in known for one in messages["customer_id"]):
        notes.append(Note("unknown_recipients", {"count": f"{strangers:,}"}))
    plan = {**rules.plan, "timezone": zone}
    given = {name: columns[name] for name in columns if name not in ("event_on", "days_after")}
    table = crm_core.decide(_texts(given), messages, rules=plan, now=now)
    if of_all := table.notes.get("opt_outs_of_other_channels"):
        notes.append(Note("of_all_channels", {"count": f"{of_all:,}"}))
    frame = Frame.of("decide", table)
    tables.append(frame)
    return Sending(_rows(frame, columns, rules), now, zone, rules, notes, tables, frame)


def _selected(orders: crm_core.Orders, day: datetime.date, where: dict[str, Any]) -> set[Any]:
    """The ids of customers, with those of the customers table, who meet a condition."""
    try:
        return set(crm_core.segment(orders, day, where=where).to_dict()["customer_id"])
    except crm_core.OptionError:
        return set()  # no column says who has opted out


def _rows(decisions: Frame, columns: Mapping[str, list[Any]], rules: Rules) -> list[Row]:
    """The candidates beside their decisions: what is sent first, the most valuable first."""
    of_key = {key: at for at, key in enumerate(columns["dedupe_key"])}
    rows = []
    for one in decisions.rows():
        at = of_key[one["dedupe_key"]]
        rows.append(
            Row(
                customer_id=one["customer_id"],
                trigger=one["trigger"],
                kind=rules.kinds[one["trigger"]],
                decision=one["decision"],
                why_not=one["reason_code"],
                decided_by=one["decided_by"],
                channel=one["channel"],
                send_at=one["send_at"],
                value=columns["value"][at],
                due_at=columns["due_at"][at],
                expires_at=columns["expires_at"][at],
                event_on=columns["event_on"][at],
                after=columns["days_after"][at],
                last_order_at=columns["last_order_at"][at],
                dedupe_key=one["dedupe_key"],
            )
        )
    rows.sort(key=lambda row: (_ORDER[row.decision], -(row.value or 0)))
    return rows


def _of_orders(
    orders: crm_core.Orders,
    rules: Rules,
    day: datetime.date,
    scope: dict[str, Any],
    notes: list[Note],
) -> tuple[list[Frame], dict[str, list[Any]]]:
    """The candidates of orders. A trigger for which the shop is too small is left out and said."""
    columns: dict[str, list[Any]] = {name: [] for name in _OF_CANDIDATES}
    if not rules.triggers:
        return [], columns
    try:
        tables = [crm_core.candidates(orders, day, triggers=rules.triggers, **scope)]
    except crm_core.DataError:
        tables, small = [], []
        for trigger in rules.triggers:
            try:
                tables.append(crm_core.candidates(orders, day, triggers=[trigger], **scope))
            except crm_core.DataError as error:
                small.append(trigger["name"])
                told = str(error)
        if not small:
            raise
        notes.append(Note("too_small", {"triggers": ", ".join(small), "told": told}))
    for table in tables:
        found = table.to_dict()
        for name in _OF_CANDIDATES:
            columns[name] += found[name]
    return [Frame.of("candidates", table) for table in tables], columns


def _of_site(
    events: Any,
    trigger: SiteTrigger,
    now: datetime.datetime,
    last: Mapping[Any, datetime.date],
    opted_out: set[Any],
    columns: dict[str, list[Any]],
) -> set[Any]:
    """Appends the candidates of a trigger of the site; gives the visitors who are not known."""
    unknown = set()
    for hours in trigger.hours:
        if trigger.trigger == "cart":
            age = (
                f"{hours + trigger.valid}h"  # from the last activity; of views from the wait's end
            )
            table = crm_core.cart_follow_ups(events, now, window=f"{hours}h", max_age=age)
            event, value, began = "last_activity_at", "amount", "started_at"
        else:
            age = f"{trigger.valid}h"
            table = crm_core.browse_abandonment(events, now, wait=f"{hours}h", max_age=age)
            event, value, began = "viewed_at", "", "viewed_at"
        for row in Frame.of(trigger.trigger, table).rows():
            customer = row["customer_id"]
            if customer is None:
                unknown.add(row["visitor_id"])
                continue
            wait = datetime.timedelta(hours=hours)
            due = row[event] + wait
            ordered = last.get(customer)
            since = ordered is not None and ordered > row[event].date()
            against = "opted_out" if customer in opted_out else "ordered" if since else None
            stamp = row[began].astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            cells = {
                "customer_id": customer,
                "trigger": trigger.name,
                "due_at": due,
                "expires_at": due + datetime.timedelta(hours=trigger.valid),
                "dedupe_key": f"{trigger.name}/{customer}/{stamp}/{hours}h",
                "value": row.get(value),
                "event_on": row[event],
                "days_after": hours,
                "last_order_at": ordered,
                "excluded_by": against or row["suppressed_by"],
            }
            for name in _OF_CANDIDATES:
                columns[name].append(cells[name])
    return unknown


def _definition(trigger: SiteTrigger) -> Frame:
    """What a trigger of the site was asked."""
    said = {"trigger": trigger.trigger, "hours": trigger.hours, "valid": trigger.valid}
    return Frame(trigger.name, {}, said)


def _texts(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Days and instants beside each other, as texts."""
    found = dict(columns)
    for name in ("due_at", "expires_at", "last_order_at"):
        found[name] = [None if one is None else one.isoformat() for one in columns[name]]
    return found


def channels(rows: Sequence[Row]) -> Counter[str]:
    """How many messages each channel has."""
    return Counter(row.channel or "" for row in rows)


def people(rows: Sequence[Row]) -> int:
    """How many customers."""
    return len({row.customer_id for row in rows})


def at_stake(rows: Sequence[Row]) -> float | None:
    """What is at stake: of a customer with several messages the largest. None if nothing is known
    of any.
    """
    most: dict[Any, float] = {}
    for row in rows:
        if row.value is not None:
            most[row.customer_id] = max(most.get(row.customer_id, 0.0), row.value)
    return math.fsum(most.values()) if most else None


def as_table(found: Sending, reasons: Sequence[str], words: Sequence[str | None]) -> Table:
    """Every candidate as a table, with its reason and its decision in words.

    What is sent and held out has the columns of a log of messages (`kind`, `occurred_at`), so that
    the file itself, once the messages have left, is such a log.
    """
    import pyarrow as pa

    from .._input import source

    log = {"send": "sent"}
    kinds = [
        "held_out" if row.why_not == "holdout" else log.get(row.decision) for row in found.rows
    ]
    now = found.now
    zoned = pa.timestamp("us", found.zone)
    columns: dict[str, Any] = {
        "customer_id": [row.customer_id for row in found.rows],
        "trigger": _text([row.trigger for row in found.rows]),
        "decision": _text([row.decision for row in found.rows]),
        "channel": _text([row.channel for row in found.rows]),
        "send_at": pa.array([row.send_at for row in found.rows], zoned),
        "reason": _text(list(reasons)),
        "why_not": _text(list(words)),
        "reason_code": _text([row.why_not for row in found.rows]),
        "decided_by": _text([row.decided_by for row in found.rows]),
        "value": pa.array([row.value for row in found.rows], pa.float64()),
        "due_at": _text([row.due_at.isoformat() for row in found.rows]),
        "expires_at": _text(
            [None if row.expires_at is None else row.expires_at.isoformat() for row in found.rows]
        ),
        "dedupe_key": _text([row.dedupe_key for row in found.rows]),
        "kind": _text(kinds),
        "occurred_at": pa.array([now if kind else None for kind in kinds], zoned),
    }
    table = pa.table(columns)
    names = list(columns)
    return Table(_native.Table.from_columns(source(table, names), names))


def _text(cells: list[Any]) -> Any:
    import pyarrow as pa

    return pa.array(cells, pa.string())
