"""`simulate_rules` is `candidates` and `decide` day by day; `why` is the trace of `decide`."""

import datetime
import random
from collections import Counter
from typing import Any

import pytest
from messy import seeds
from test_candidates import AS_OF, DAY, orders_of, world

import crm_core as crm

TRIGGERS: list[Any] = [
    "second_purchase",
    {"trigger": "step", "days": [2, 5], "valid": 3},
    {"trigger": "review", "valid": 10},
    {"trigger": "win_back", "days": [100], "valid": 40},
]
QUESTIONS = [
    *("already_sent", "held_out_before", "duplicate", "expired", "no_rule", "excluded", "bought"),
    *("not_due", "unreachable", "opted_out", "cap", "group", "budget", "holdout", "quiet_hours"),
]
PLACES = {
    None: "sent",
    "holdout": "held_out",
    "cap": "capped",
    "group": "grouped",
    "budget": "over_budget",
    "quiet_hours": "quiet",
}


def rules_of(draw: random.Random) -> dict[str, Any]:
    return {
        "timezone": draw.choice(["UTC", "Asia/Tokyo", "America/New_York"]),
        "channels": ["mail", "line"],
        "caps": [{"days": draw.choice([1, 3, 9]), "messages": draw.choice([1, 2])}],
        "budget": draw.choice([None, 2, 5]),
        "holdout": {"share": draw.choice([0, 0.3])},
        "groups": {"g": {"triggers": ["step", "review"], "days": draw.choice([1, 5])}},
        "bought_within": draw.choice([None, 4]),
        "quiet_hours": draw.choice([None, {"from": "21:00", "to": "08:00"}]),
    }


@pytest.mark.parametrize("seed", seeds(6))
def test_a_simulation_is_candidates_and_decisions_day_by_day(seed: int) -> None:
    draw = random.Random(seed)
    orders = orders_of(*world(seed))
    rules, at = rules_of(draw), draw.choice(["10:00", "10:00", "22:30"])
    table = crm.simulate_rules(
        orders, AS_OF, triggers=TRIGGERS, rules=rules, days=12, warm_up=4, at=at
    ).to_dict()
    names = ("customer_id", "kind", "occurred_at", "channel", "dedupe_key", "trigger")
    log: dict[str, list[Any]] = {name: [] for name in names}
    expected: dict[tuple[datetime.date, str], Counter[str]] = {}
    for back in reversed(range(16)):
        day = AS_OF - back * DAY
        waiting = crm.candidates(orders, day, triggers=TRIGGERS)
        now = f"{day}T{at}"
        messages = {name: list(cells) for name, cells in log.items()} if log["kind"] else None
        decided = crm.decide(waiting, messages, rules=rules, now=now).to_dict()
        for row in range(len(decided["decision"])):
            reason, trigger = decided["reason_code"][row], decided["trigger"][row]
            if reason in ("already_sent", "held_out_before"):
                continue
            counts = expected.setdefault((day, trigger), Counter())
            counts["candidates"] += 1
            counts[PLACES.get(reason, "skipped")] += 1
            if reason in (None, "holdout"):
                log["kind"].append("held_out" if reason else "sent")
                # Of the day; caps and groups count civil days of the rules' zone.
                stamp = decided["send_at"][row]
                log["occurred_at"].append(stamp.isoformat() if stamp else now)
                for name in ("customer_id", "channel", "dedupe_key", "trigger"):
                    log[name].append(decided[name][row])
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    shown = {key: counts for key, counts in expected.items() if key[0] > AS_OF - 12 * DAY}
    assert [(row["date"], row["trigger"]) for row in rows] == sorted(shown)
    for row in rows:
        counts = shown[row.pop("date"), row.pop("trigger")]
        assert row == {name: counts[name] for name in row}
        assert row.pop("candidates") == sum(row.values())


@pytest.mark.parametrize("seed", seeds(4))
def test_a_trace_ends_with_the_reason_of_the_decision(seed: int) -> None:
    draw = random.Random(seed)
    orders = orders_of(*world(seed))
    waiting, rules = crm.candidates(orders, AS_OF, triggers=TRIGGERS), rules_of(draw)
    now = f"{AS_OF}T10:00"
    decided = crm.decide(waiting, rules=rules, now=now).to_dict()
    for customer in sorted(set(decided["customer_id"]))[:8]:
        trace = crm.why(waiting, customer=customer, rules=rules, now=now).to_dict()
        assert set(trace["customer_id"]) == {customer}
        of = [k for k, who in enumerate(decided["customer_id"]) if who == customer]
        at = 0
        for k in of:
            reason = decided["reason_code"][k]
            asked = QUESTIONS if reason is None else QUESTIONS[: QUESTIONS.index(reason) + 1]
            rows = range(at, at + len(asked))
            assert [trace["asked"][row] for row in rows] == list(asked)
            assert [trace["number"][row] for row in rows] == [*range(1, len(asked) + 1)]
            true = [trace["asked"][row] for row in rows if trace["is_true"][row]]
            assert true == ([] if reason is None else [reason])
            assert {trace["dedupe_key"][row] for row in rows} == {decided["dedupe_key"][k]}
            assert {trace["decision"][row] for row in rows} == {decided["decision"][k]}
            paths = [trace["decided_by"][row] for row in rows]
            assert paths == [None] * (len(asked) - (reason is not None)) + (
                [decided["decided_by"][k]] if reason else []
            )
            at += len(asked)
        assert at == len(trace["number"])


def test_an_unknown_customer_is_refused_without_being_named() -> None:
    waiting = {
        "customer_id": ["c1"],
        "trigger": ["a"],
        "dedupe_key": ["k"],
        "due_at": ["2026-03-01"],
    }
    for customer, says in (("hanako", "a customer who has a candidate"), (None, "the id of one")):
        with pytest.raises(crm.OptionError, match=says) as error:
            crm.why(waiting, customer=customer, now="2026-03-15")
        assert "hanako" not in str(error.value)
