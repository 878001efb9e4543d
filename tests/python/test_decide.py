"""`decide` against a slow second one in plain Python, and what holds for all rules."""

import copy
import datetime
import hashlib
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from messy import seeds

import crm_core as crm

TRIGGERS = ["birthday", "browse", "cart", "review"]
CHANNELS = ["mail", "line", "dm"]
DAY = datetime.timedelta(days=1)
# Days on which clocks change, and one on which they do not.
PLACES = [
    ("Asia/Tokyo", datetime.date(2026, 11, 30)),
    ("Europe/Berlin", datetime.date(2026, 3, 29)),
    ("Europe/Berlin", datetime.date(2026, 10, 25)),
    ("America/St_Johns", datetime.date(2026, 3, 8)),
    ("America/New_York", datetime.date(2026, 11, 1)),
]

Row = dict[str, Any]


def world(seed: int) -> tuple[list[Row], list[Row], dict[str, Any], datetime.datetime]:
    draw = random.Random(seed)
    zone_name, around = draw.choice(PLACES)
    zone = ZoneInfo(zone_name)
    day = around + draw.randrange(-1, 3) * DAY
    now = datetime.datetime(day.year, day.month, day.day, draw.randrange(24), tzinfo=zone)
    now = now.astimezone(datetime.UTC)

    def instant(low: float, high: float) -> datetime.datetime:
        seconds = draw.uniform(low * 86400, high * 86400)
        return now + datetime.timedelta(seconds=int(seconds))

    people = [f"c{at}" for at in range(8)]
    candidates: list[Row] = [
        {
            "customer_id": draw.choice(people),
            "trigger": draw.choice(TRIGGERS),
            "dedupe_key": f"k{draw.randrange(60)}",
            "due_at": instant(-5, 1),
            "expires_at": instant(-1, 5) if draw.random() < 0.5 else None,
            "value": draw.choice([0.0, 10.0, 20.0, None]),
            "channels": draw.choice([None, "mail", "mail line", "dm", "line,dm", "fax"]),
            "excluded_by": draw.choice([None, None, None, "inquiry", "pending", "opted_out"]),
            "last_order_at": instant(-9, 0) if draw.random() < 0.4 else None,
        }
        for _ in range(40)
    ]
    kinds = ["sent"] * 6 + ["held_out", "unsubscribed", "complained", "subscribed", "opened"]
    messages: list[Row] = [
        {
            "customer_id": draw.choice(people),
            "kind": draw.choice(kinds),
            "occurred_at": instant(-10, 0.5),
            "channel": draw.choice([*CHANNELS, None, "fax"]),
            "dedupe_key": draw.choice([None, f"k{draw.randrange(200)}"]),
            "trigger": draw.choice([*TRIGGERS, None, "other"]),
        }
        for _ in range(draw.choice([0, 10, 40]))
    ]
    rules: dict[str, Any] = {"timezone": zone_name, "channels": CHANNELS}
    if draw.random() < 0.8:
        rules["caps"] = [
            {"days": draw.choice([1, 2, 7]), "messages": draw.choice([1, 2, 3])}
            | ({"channel": draw.choice(CHANNELS)} if draw.random() < 0.5 else {})
            for _ in range(draw.randrange(4))
        ]
    if draw.random() < 0.3:
        hours = draw.choice([("21:00", "08:00"), ("00:30", "06:15"), ("12:00", "22:59")])
        rules["quiet_hours"] = dict(zip(["from", "to"], hours, strict=True))
    if draw.random() < 0.4:
        rules["holdout"] = {"share": draw.choice([0.2, 0.5]), "salt": "s"}
    if draw.random() < 0.4:
        rules["budget"] = draw.randrange(8)
    if draw.random() < 0.5:
        rules["groups"] = {"g": {"triggers": draw.sample(TRIGGERS, 2), "days": draw.choice([1, 3])}}
    if draw.random() < 0.4:
        rules["exclusions"] = draw.choice([["inquiry"], [], ["inquiry", "pending"]])
    if draw.random() < 0.4:
        rules["bought_within"] = draw.choice([1, 4])
    if draw.random() < 0.6:
        rules["triggers"] = {
            trigger: {
                name: value
                for name, value in {
                    "priority": draw.randrange(-2, 3),
                    "channels": draw.sample(CHANNELS, 2),
                    "exclusions": draw.choice([[], ["pending"]]),
                    "bought_within": 2,
                    "holdout": 0.4,
                }.items()
                if draw.random() < 0.4
            }
            for trigger in TRIGGERS
            if draw.random() < 0.9 or trigger in str(rules.get("groups"))
        }
    return candidates, messages, rules, now


def decided(
    candidates: list[Row], messages: list[Row], rules: dict[str, Any], now: datetime.datetime
) -> list[Row]:
    table = crm.decide(frame(candidates), frame(messages) or None, rules=rules, now=now).to_dict()
    return [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def frame(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def start_of(day: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    """The first instant of a civil day, by looking."""
    at = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC) - 2 * DAY
    quarter = datetime.timedelta(minutes=15)
    while at.astimezone(zone).date() < day:
        at += quarter
    return at


def share_of(salt: str, experiment: str, customer: str) -> float:
    digest = hashlib.sha256(f"{salt}:{experiment}:{customer}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def slow(
    candidates: list[Row], messages: list[Row], rules: dict[str, Any], now: datetime.datetime
) -> list[Row]:
    """The decisions as the documentation says them, one candidate and one message at a time."""
    zone = ZoneInfo(rules.get("timezone", "UTC"))
    today = now.astimezone(zone).date()
    channels = rules.get("channels", ["mail"])
    caps = rules.get("caps", [{"days": 1, "messages": 1}, {"days": 7, "messages": 3}])
    triggers = rules.get("triggers")
    log = [message for message in messages if message["occurred_at"] <= now]
    # What is later today was sent today; a key and a refusal count whenever they are.
    later_today = [
        m
        for m in messages
        if m["occurred_at"] > now and m["occurred_at"].astimezone(zone).date() == today
    ]
    sent_here: list[Row] = []
    results = []
    seen: set[str] = set()

    def own(trigger: str) -> Row:
        found: Row = (triggers or {}).get(trigger, {})
        return found

    def messages_of(customer: str) -> list[tuple[datetime.date, str | None, str | None]]:
        past = [
            (m["occurred_at"].astimezone(zone).date(), m["channel"], m["trigger"])
            for m in log + later_today
            if m["kind"] == "sent" and m["customer_id"] == customer
        ]
        return past + [
            (today, m["channel"], m["trigger"]) for m in sent_here if m["customer_id"] == customer
        ]

    def free_on(days: list[datetime.date], length: int, most: int) -> datetime.date | None:
        """The first day on which one more is allowed; none if it is today."""
        day = today
        while sum(day - length * DAY < of <= today for of in days) >= most:
            day += DAY
        return None if day == today else day

    def refused(customer: str, channel: str) -> bool:
        wishes = [
            (m["occurred_at"], m["kind"] != "subscribed")
            for m in messages
            if m["customer_id"] == customer
            and m["kind"] in ("unsubscribed", "complained", "subscribed")
            and (m["kind"] != "subscribed" or m["occurred_at"] <= now)
            # A refusal by a channel that there is not is one of all.
            and (
                m["channel"] in (channel, None)
                or (m["kind"] != "subscribed" and m["channel"] == "fax")
            )
        ]
        return max(wishes)[1] if wishes else False

    def why(c: Row) -> tuple[str, str, str, Any, Any]:
        key, trigger, customer = c["dedupe_key"], c["trigger"], c["customer_id"]
        marks = {m["kind"] for m in messages if m["dedupe_key"] == key}
        if "sent" in marks:
            return "skip", "already_sent", "messages.sent", None, None
        if "held_out" in marks:
            return "skip", "held_out_before", "messages.held_out", None, None
        if key in seen:
            return "skip", "duplicate", "candidates.dedupe_key", None, None
        seen.add(key)
        if c["expires_at"] is not None and c["expires_at"] <= now:
            return "skip", "expired", "candidates.expires_at", None, None
        if triggers is not None and trigger not in triggers:
            return "skip", "no_rule", "rules.triggers", None, None
        reason = c["excluded_by"]
        exclusions = own(trigger).get("exclusions", rules.get("exclusions"))
        always = reason in ("opted_out", "配信停止")
        if reason is not None and (always or exclusions is None or reason in exclusions):
            return "skip", "excluded", f"excluded_by.{reason}", None, None
        path = f"rules.triggers.{trigger}." if "bought_within" in own(trigger) else "rules."
        within = own(trigger).get("bought_within", rules.get("bought_within"))
        if within and c["last_order_at"] and c["last_order_at"] > now - within * DAY:
            return "skip", "bought", f"{path}bought_within", None, None
        mine = messages_of(customer)
        reach = c["channels"]
        usable = [
            channel
            for channel in own(trigger).get("channels", channels)
            if reach is None or channel in reach.replace(",", " ").split()
        ]
        groups = [
            (name, group)
            for name, group in sorted(rules.get("groups", {}).items())
            if trigger in group["triggers"]
        ]

        def allowed(channel: str | None, day: datetime.date) -> bool:
            """Whether caps of a channel (None: of all) allow one more on a day."""
            for cap in caps:
                if cap.get("channel") == channel:
                    on = [d for d, by, _ in mine if channel is None or by in (channel, None)]
                    if sum(day - cap["days"] * DAY < d for d in on) >= cap["messages"]:
                        return False
            return True

        def first_time() -> datetime.datetime | None:
            """The first time, by looking day by day, and then to the end of quiet hours."""
            open_to = [channel for channel in usable if not refused(customer, channel)]
            day = today
            while not (
                (not open_to or any(allowed(channel, day) for channel in open_to))
                and allowed(None, day)
                and all(
                    not any(
                        of in group["triggers"] and d > day - group.get("days", 1) * DAY
                        for d, _, of in mine
                    )
                    for _, group in groups
                )
            ):
                day += DAY
            at = max(c["due_at"], now if day == today else start_of(day, zone))
            if "quiet_hours" in rules:
                at = quiet_until(rules["quiet_hours"], at, zone) or at
            return at if c["expires_at"] is None or at < c["expires_at"] else None

        if c["due_at"] > now:
            return "hold", "not_due", "candidates.due_at", first_time(), None
        if not usable:
            return "skip", "unreachable", "candidates.channels", None, None
        chosen, full = None, None
        for channel in usable:
            if refused(customer, channel):
                continue
            for at, cap in enumerate(caps):
                days = [day for day, by, _ in mine if by in (channel, None)]
                if cap.get("channel") == channel:
                    free = free_on(days, cap["days"], cap["messages"])
                    if free is not None:
                        full = full or (f"rules.caps.{at}", free)
                        break
            else:
                chosen = channel
                break
        if chosen is None and full is None:
            return "skip", "opted_out", "messages.unsubscribed", None, None
        if chosen is None:
            assert full is not None
            return "hold", "cap", full[0], first_time(), None
        for at, cap in enumerate(caps):
            if "channel" not in cap:
                free = free_on([day for day, _, _ in mine], cap["days"], cap["messages"])
                if free is not None:
                    return "hold", "cap", f"rules.caps.{at}", first_time(), None
        for name, group in groups:
            days = [day for day, _, of in mine if of in group["triggers"]]
            if free_on(days, group.get("days", 1), 1) is not None:
                return "hold", "group", f"rules.groups.{name}", first_time(), None
        if "budget" in rules and sum(m["uses"] for m in sent_here) >= rules["budget"]:
            return "hold", "budget", "rules.budget", None, None
        place = {"customer_id": customer, "channel": chosen, "trigger": trigger, "uses": True}
        sent_here.append(place)
        holdout = rules.get("holdout", {})
        experiment = holdout.get("experiment", "holdout")
        path, share = "rules.holdout", holdout.get("share", 0)
        if "holdout" in own(trigger):
            path, share = f"rules.triggers.{trigger}.holdout", own(trigger)["holdout"]
            experiment = f"{experiment}/{trigger}"
        if share_of(holdout.get("salt", ""), experiment, customer) < share:
            place["uses"] = False
            return "skip", "holdout", path, None, None
        if "quiet_hours" in rules:
            until = quiet_until(rules["quiet_hours"], now, zone)
            if until is not None:
                return "hold", "quiet_hours", "rules.quiet_hours", first_time_of(c, until), None
        return "send", "", "", now, chosen

    def first_time_of(c: Row, at: datetime.datetime) -> datetime.datetime | None:
        return at if c["expires_at"] is None or at < c["expires_at"] else None

    def order_of(c: Row) -> Any:
        return (
            own(c["trigger"]).get("priority", 0),
            -(c["value"] or 0),
            c["due_at"],
            c["customer_id"],
            c["trigger"],
            c["dedupe_key"],
        )

    for c in sorted(candidates, key=order_of):
        decision, reason, path, send_at, channel = why(c)
        results.append(
            {
                "customer_id": c["customer_id"],
                "trigger": c["trigger"],
                "dedupe_key": c["dedupe_key"],
                "decision": decision,
                "reason_code": reason or None,
                "decided_by": path or None,
                "send_at": send_at,
                "channel": channel,
            }
        )
    return results


def quiet_until(
    hours: dict[str, str], now: datetime.datetime, zone: ZoneInfo
) -> datetime.datetime | None:
    """The end of the quiet hours, by looking at every minute."""
    first, last = hours["from"], hours["to"]

    def quiet(at: datetime.datetime) -> bool:
        time = at.astimezone(zone).strftime("%H:%M")
        return first <= time < last if first < last else time >= first or time < last

    if not quiet(now):
        return None
    at = now.replace(second=0, microsecond=0)
    while quiet(at):
        at += datetime.timedelta(minutes=1)
    return at


def by_row(rows: list[Row]) -> list[str]:
    def text(value: Any) -> str:
        is_instant = isinstance(value, datetime.datetime)
        return str(value.astimezone(datetime.UTC) if is_instant else value)

    return sorted(str({name: text(value) for name, value in row.items()}) for row in rows)


def unique(candidates: list[Row]) -> list[Row]:
    """Without candidates that only the rest of their cells tells apart."""
    found = {}
    for c in candidates:
        found[(c["customer_id"], c["trigger"], c["dedupe_key"])] = c
    return list(found.values())


@pytest.mark.parametrize("seed", seeds(60))
def test_decisions_equal_the_slow_ones(seed: int) -> None:
    candidates, messages, rules, now = world(seed)
    candidates = unique(candidates)
    found = decided(candidates, messages, rules, now)
    expected = slow(candidates, messages, rules, now)
    assert by_row(found) == by_row(expected)


def sends(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["decision"] == "send"]


@pytest.mark.parametrize("seed", seeds(30))
def test_what_holds_for_all_rules(seed: int) -> None:
    draw = random.Random(5000 + seed)
    candidates, messages, rules, now = world(seed)
    found = decided(candidates, messages, rules, now)
    # No candidate is lost, and no key is sent twice.
    assert len(found) == len(candidates)
    keys = [row["dedupe_key"] for row in sends(found)]
    assert len(keys) == len(set(keys))
    done = {m["dedupe_key"] for m in messages if m["kind"] in ("sent", "held_out")}
    assert not done & set(keys)
    # Neither the order of rows nor a second run changes anything.
    mixed = draw.sample(candidates, len(candidates)), draw.sample(messages, len(messages))
    assert decided(*mixed, rules, now) == found
    # No cap is exceeded.
    zone = ZoneInfo(rules["timezone"])
    today = now.astimezone(zone).date()
    past = [m for m in messages if m["kind"] == "sent" and m["occurred_at"] <= now]
    caps = rules.get("caps", [{"days": 1, "messages": 1}, {"days": 7, "messages": 3}])
    for row in sends(found):
        for cap in caps:
            if cap.get("channel", row["channel"]) != row["channel"]:
                continue
            days = [
                m["occurred_at"].astimezone(zone).date()
                for m in past
                if m["customer_id"] == row["customer_id"]
                and m["channel"] == cap.get("channel", m["channel"])
            ]
            days += [
                today
                for other in sends(found)
                if other["customer_id"] == row["customer_id"]
                and other["channel"] == cap.get("channel", other["channel"])
            ]
            assert sum(day > today - cap["days"] * DAY for day in days) <= cap["messages"]
    # What was sent or held out and is in the log is decided on no more.
    log = messages + [
        {
            "customer_id": row["customer_id"],
            "kind": "sent" if row["decision"] == "send" else "held_out",
            "occurred_at": now,
            "channel": row["channel"],
            "dedupe_key": row["dedupe_key"],
            "trigger": row["trigger"],
        }
        for row in found
        if row["decision"] == "send" or row["reason_code"] == "holdout"
    ]
    later = {row["dedupe_key"]: row["reason_code"] for row in decided(candidates, log, rules, now)}
    for row in sends(found):
        assert later[row["dedupe_key"]] == "already_sent"
    # A rule that is added never sends more.
    more: list[dict[str, Any]] = [
        {"quiet_hours": {"from": "20:00", "to": "09:00"}},
        {"holdout": {"share": 0.5}},
        {"budget": min(3, rules.get("budget", 3))},
        {"caps": [*caps, {"days": 1, "messages": 1}]},
        {"bought_within": 6},
    ]
    for rule in more:
        if set(rule) & set(rules) - {"budget", "caps"}:
            continue
        added = {**copy.deepcopy(rules), **rule}
        assert len(sends(decided(candidates, messages, added, now))) <= len(sends(found)), rule


def test_the_defaults_are_one_a_day_and_three_in_a_week() -> None:
    day = datetime.datetime(2026, 11, 21, 3, tzinfo=datetime.UTC)
    candidates = [
        {
            "customer_id": customer,
            "trigger": "cart",
            "dedupe_key": f"{customer}/{n}",
            "due_at": day - n * DAY,
        }
        for customer in ["a", "b"]
        for n in range(2)
    ]
    messages = [
        {"customer_id": "b", "kind": "sent", "occurred_at": day - n * DAY} for n in (1, 3, 6)
    ]
    table = crm.decide(
        frame(candidates), frame(messages), now=day, rules={"timezone": "Asia/Tokyo"}
    )
    said = table.to_dict()
    assert said["decision"] == ["hold", "send", "hold", "hold"]
    assert said["decided_by"] == ["rules.caps.0", None, "rules.caps.1", "rules.caps.1"]
    # The first of three falls out of the week on the 22nd; noon in Tokyo is 3:00 UTC.
    midnight = datetime.datetime(2026, 11, 21, 15, tzinfo=datetime.UTC)
    assert [at.astimezone(datetime.UTC) for at in said["send_at"]] == [midnight, day] + [
        midnight
    ] * 2
    assert table.notes == {"messages_after_now": 0, "messages_of_other_kinds": 0}


def test_what_is_wrong_is_refused() -> None:
    good = {
        "customer_id": ["a"],
        "trigger": ["cart"],
        "dedupe_key": ["k"],
        "due_at": [datetime.date(2026, 1, 1)],
    }
    with pytest.raises(crm.OptionError, match="`now`"):
        crm.decide(good)
    with pytest.raises(crm.OptionError, match=r"`rules.caps.0.messages`: .*no cap"):
        crm.decide(good, now="2026-02-01", rules={"caps": [{"days": 1, "messages": 0}]})
    for name in good:
        part = {column: cells for column, cells in good.items() if column != name}
        with pytest.raises(crm.SchemaError, match=f"`{name}`"):
            crm.decide(part, now="2026-02-01")
    for name in ("customer_id", "trigger", "dedupe_key"):
        with pytest.raises(crm.DataError, match=f"`{name}`, row 1: no value"):
            crm.decide(
                {column: cells * 2 for column, cells in good.items()} | {name: ["x", None]},
                now="2026-02-01",
            )
    with pytest.raises(crm.DataError, match="`due_at`, row 0: expected a date or a time"):
        crm.decide(good | {"due_at": ["soon"]}, now="2026-02-01")
    with pytest.raises(crm.SchemaError, match="`due_at` is of type"):
        crm.decide(good | {"due_at": [1.5]}, now="2026-02-01")
    log = {"customer_id": ["a"], "kind": ["sent"], "occurred_at": [datetime.date(2026, 1, 1)]}
    with pytest.raises(crm.SchemaError, match="`kind`"):
        crm.decide(good, {"customer_id": ["a"]}, now="2026-02-01")
    with pytest.raises(crm.SchemaError, match="`customer_id` is of type"):
        crm.decide(good, log | {"customer_id": [1]}, now="2026-02-01")
    with pytest.raises(crm.DataError, match="`occurred_at`"):
        crm.decide(
            good,
            {n: c * 2 for n, c in log.items()} | {"occurred_at": [None, datetime.date(2026, 1, 1)]},
            now="2026-02-01",
        )


ONE = {
    "customer_id": ["a"],
    "trigger": ["t"],
    "dedupe_key": ["k"],
    "due_at": ["2026-11-20"],
}
NOW = "2026-11-21T10:00:00+09:00"


def reason(candidate: dict[str, Any], messages: Any = None, **rules: Any) -> str | None:
    found: str | None = crm.decide(candidate, messages, rules=rules, now=NOW).to_dict()[
        "reason_code"
    ][0]
    return found


@pytest.mark.parametrize("why", ["opted_out", "Unsubscribed", "opt-out", "配信停止", "staff"])
def test_no_rule_switches_an_opt_out_off(why: str) -> None:
    out = {**ONE, "excluded_by": [why]}
    assert reason(out) == "excluded"
    assert reason(out, exclusions=["inquiry"]) == "excluded"
    assert reason(out, exclusions=[], triggers={"t": {"exclusions": []}}) == "excluded"
    assert reason({**ONE, "excluded_by": ["inquiry"]}, exclusions=[]) is None


@pytest.mark.parametrize(
    "kind", ["unsubscribed", "Unsubscribed", "配信停止", "Opt-out", "complaint"]
)
@pytest.mark.parametrize(
    "channel", [None, "mail", "Mail", "E-mail", "email", "メール", "fax", "magazine"]
)
def test_an_opt_out_counts_in_all_spellings(kind: str, channel: str | None) -> None:
    log = {
        "customer_id": ["a"],
        "kind": [kind],
        "occurred_at": ["2026-11-01"],
        "channel": [channel],
    }
    table = crm.decide(ONE, log, now=NOW)
    assert table.to_dict()["reason_code"] == ["opted_out"]
    of_all = channel in ("fax", "magazine")
    assert table.notes.get("opt_outs_of_other_channels", 0) == of_all


def test_an_opt_out_of_another_channel_of_the_rules_leaves_the_others() -> None:
    log = {"customer_id": ["a"], "kind": ["unsubscribed"], "occurred_at": ["2026-11-01"]}
    log["channel"] = ["Line"]
    table = crm.decide(ONE, log, now=NOW, rules={"channels": ["line", "mail"]}).to_dict()
    assert (table["decision"], table["channel"]) == (["send"], ["mail"])


def test_what_was_sent_after_the_decision_is_not_sent_again() -> None:
    log: dict[str, list[Any]] = {"customer_id": ["a"], "kind": ["sent"], "dedupe_key": ["k"]}
    log["occurred_at"] = ["2026-11-21T10:03:00+09:00"]
    assert reason(ONE, log) == "already_sent"
    # Another message of the same day counts in caps; a wish for no more counts at any time.
    log["dedupe_key"] = ["other"]
    assert reason(ONE, log, timezone="Asia/Tokyo") == "cap"
    log["kind"] = ["unsubscribed"]
    assert reason(ONE, log) == "opted_out"


def test_a_message_without_a_channel_counts_in_the_caps_of_each() -> None:
    log = {"customer_id": ["a"], "kind": ["sent"], "occurred_at": ["2026-11-20T00:00:00Z"]}
    cap = {"days": 7, "messages": 1, "channel": "mail"}
    assert reason(ONE, log, caps=[cap]) == "cap"
    assert reason(ONE, {**log, "channel": ["fax"]}, caps=[cap]) is None


def test_notes_say_what_met_nothing() -> None:
    log = {"customer_id": ["A "], "kind": ["sent"], "occurred_at": ["2026-11-20"]}
    rules = {"exclusions": ["zzz"], "triggers": {"t": {}, "brithday": {}}}
    notes = crm.decide(ONE, log, rules=rules, now=NOW).notes
    assert notes["messages_of_other_customers"] == 1
    assert notes["exclusions_without_candidates"] == ["zzz"]
    assert notes["triggers_without_candidates"] == ["brithday"]


def test_an_error_names_the_row_of_its_own_table() -> None:
    log = {"customer_id": ["a", "b"], "kind": ["sent"] * 2, "occurred_at": ["2026-11-20", "x"]}
    three = {name: cells * 3 for name, cells in ONE.items()}
    with pytest.raises(crm.DataError, match="messages, row 1") as caught:
        crm.decide({**three, "dedupe_key": ["k", "l", "m"]}, log, now=NOW)
    assert caught.value.row == 1


def test_a_wrong_section_is_no_struct() -> None:
    with pytest.raises(crm.OptionError, match="an object") as caught:
        crm.decide(ONE, rules={"holdout": 0.1}, now=NOW)
    assert "struct" not in str(caught.value)
