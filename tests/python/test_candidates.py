"""`candidates` against a slow second computation in plain Python, and over many dates."""

import datetime
import random
from typing import Any

import pytest
from messy import seeds

import crm_core as crm

DAY = datetime.timedelta(days=1)
AS_OF = datetime.date(2028, 3, 3)
TRIGGERS: list[Any] = [
    "registered",
    "second_purchase",
    {"trigger": "step", "days": [2, 5], "valid": 3},
    {"trigger": "step", "name": "welcome", "of": "first", "days": [0, 10], "valid": 10},
    {"trigger": "review", "valid": 30},
    {"trigger": "win_back", "days": [200, 300], "valid": 40},
    {"trigger": "birthday", "column": "born", "days": [-7, -1]},
]


def world(seed: int) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    draw = random.Random(seed)
    n = 80
    rows: dict[str, list[Any]] = {
        "customer_id": [f"c{draw.randrange(40):02}" for _ in range(n)],
        "ordered_at": [AS_OF - draw.randrange(-10, 330) * DAY for _ in range(n)],
        "amount": [draw.randrange(100, 900) for _ in range(n)],
    }
    near = [AS_OF + k * DAY for k in (-2, -1, 0, 1, 3, 6, 7, 8, 9)]
    people: dict[str, list[Any]] = {
        "customer_id": [f"c{k:02}" for k in range(60)],
        "registered_at": [AS_OF - draw.randrange(0, 25) * DAY for _ in range(60)],
        "born": [
            draw.choice([None, "2000-02-29", *(day.replace(year=1990).isoformat() for day in near)])
            for _ in range(60)
        ],
        "stop": [draw.random() < 0.2 for _ in range(60)],
    }
    return rows, people


def orders_of(rows: dict[str, list[Any]], people: dict[str, list[Any]]) -> crm.Orders:
    customers = crm.Customers(
        people, registered_at="registered_at", opted_out="stop", dimensions=["born"]
    )
    return crm.Orders(rows, currency="JPY", customers=customers)


def slow(rows: dict[str, list[Any]], people: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    """Customer, trigger, due, expires, key, value, event and exclusion of each candidate."""
    bought: dict[str, list[tuple[datetime.date, int]]] = {}
    for customer, day, amount in zip(*rows.values(), strict=True):
        if day <= AS_OF:
            bought.setdefault(customer, []).append((day, amount))
    found = []
    for at, customer in enumerate(people["customer_id"]):
        mine = sorted(bought.get(customer, []))
        value = sum(amount for _, amount in mine) // len(mine) if mine else 0
        reason = "opted_out" if people["stop"][at] else None
        events: list[tuple[str, datetime.date, list[int], int]] = []
        if not mine:
            events.append(("registered", people["registered_at"][at], [1, 3, 7, 14], 7))
        else:
            first, last = mine[0][0], mine[-1][0]
            if len(mine) == 1:
                events.append(("second_purchase", first, [30, 60, 90], 7))
            events.append(("step", last, [2, 5], 3))
            events.append(("welcome", first, [0, 10], 10))
            events.append(("review", last, [14], 30))
            events.append(("win_back", last, [200, 300], 40))
        if people["born"][at]:
            _, month, day = map(int, people["born"][at].split("-"))
            for year in (2028, 2029):
                leap = year % 4 == 0
                of_year = 28 if (month, day) == (2, 29) and not leap else day
                events.append(("birthday", datetime.date(year, month, of_year), [-7, -1], 7))
        for name, event, days, valid in events:
            for k in days:
                due = event + k * DAY
                if due <= AS_OF < due + valid * DAY:
                    key = f"{name}/{customer}/{event}/{k}"
                    end = due + valid * DAY
                    found.append((customer, name, due, end, key, value, event, reason))
    return sorted(found)


@pytest.mark.parametrize("seed", seeds(8))
def test_candidates_equal_the_slow_ones(seed: int) -> None:
    rows, people = world(seed)
    orders = orders_of(rows, people)
    table = crm.candidates(orders, AS_OF, triggers=TRIGGERS).to_dict()
    names = [
        "customer_id",
        "trigger",
        "due_at",
        "expires_at",
        "dedupe_key",
        "value",
        "event_on",
        "excluded_by",
    ]
    found = sorted(zip(*(table[name] for name in names), strict=True))
    assert found == slow(rows, people)
    assert len({key for *_, key, _, _, _ in found}) == len(found)
    assert len(found) > 20


def test_keys_are_the_same_on_all_days_and_each_is_sent_once(orders: crm.Orders) -> None:
    """A week of days, each with what was sent before: no key twice, no customer over a cap."""
    sent: dict[str, list[Any]] = {
        name: [] for name in ("customer_id", "kind", "occurred_at", "channel", "dedupe_key")
    }
    seen = set()
    for day in (datetime.date(2025, 6, 23) + k * DAY for k in range(7)):
        waiting = crm.candidates(
            orders, day, triggers=["step", "review", "second_purchase", "slipping_away"]
        )
        seen |= set(waiting.to_dict()["dedupe_key"])
        now = datetime.datetime(day.year, day.month, day.day, 1, tzinfo=datetime.UTC)
        log = sent if sent["kind"] else None
        rules = {"timezone": "Asia/Tokyo"}
        said = crm.decide(waiting, log, rules=rules, now=now).filter(decision="send").to_dict()
        n = len(said["customer_id"])
        for name in ("customer_id", "channel", "dedupe_key"):
            sent[name] += said[name]
        sent["kind"] += ["sent"] * n
        sent["occurred_at"] += [now] * n
    assert len(sent["dedupe_key"]) == len(set(sent["dedupe_key"])) > 5
    assert set(sent["dedupe_key"]) <= seen


def test_predictions_make_candidates(orders: crm.Orders) -> None:
    day = datetime.date(2025, 6, 30)
    alerts = crm.alerts(orders, day).to_dict()
    slipping = crm.candidates(
        orders, day, triggers=[{"trigger": "slipping_away", "valid": 3660}]
    ).to_dict()
    alike = sorted(
        zip(
            *(alerts[name] for name in ("customer_id", "reached_on", "expected_revenue")),
            strict=True,
        )
    )
    names = ("customer_id", "event_on", "value")
    assert sorted(zip(*(slipping[name] for name in names), strict=True)) == alike
    cycle = crm.cycle(orders, day).to_dict()
    wide = {"trigger": "forgot_to_buy", "days": [-60], "valid": 200}
    forgot = crm.candidates(orders, day, triggers=[wide]).to_dict()
    dates = dict(zip(cycle["customer_id"], cycle["predicted_date"], strict=True))
    expected = {c: d for c, d in dates.items() if d and d - 60 * DAY <= day < d + 140 * DAY}
    assert dict(zip(forgot["customer_id"], forgot["event_on"], strict=True)) == expected != {}
    buyers = crm.likely_buyers(orders, day).to_dict()
    likely = crm.candidates(
        orders, day, triggers=[{"trigger": "likely_buyer", "probability": 0.3}]
    ).to_dict()
    chances = zip(buyers["customer_id"], buyers["probability_within"], strict=True)
    assert likely["customer_id"] == sorted(c for c, p in chances if p >= 0.3) != []
    assert set(likely["due_at"]) == {day}


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"trigger": "stepp"}, "did you mean|one of"),
        ({"trigger": "step", "days": []}, r"`triggers.0.days`"),
        ({"trigger": "step", "days": [1, 1]}, r"`triggers.0.days`: .*once"),
        ({"trigger": "step", "valid": 0}, r"`triggers.0.valid`"),
        ({"trigger": "review", "of": "first"}, r"`triggers.0.of`: .*only `step`"),
        ({"trigger": "review", "probability": 0.1}, r"`triggers.0.probability`"),
        ({"trigger": "review", "column": "born"}, r"`triggers.0.column`"),
        ({"trigger": "birthday"}, r"`triggers.0.column`"),
        ({"trigger": "birthday", "column": "channel"}, r"`triggers.0.column`"),
        ({"trigger": "review", "name": "step"}, r"`triggers.1.name`"),
    ],
)
def test_wrong_settings_are_refused(trigger: Any, said: str, orders: crm.Orders) -> None:
    more = ["step"] if trigger.get("name") else []
    with pytest.raises(crm.OptionError, match=said):
        crm.candidates(orders, "2025-06-30", triggers=[*more, trigger])
