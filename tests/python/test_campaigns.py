"""Messages, campaigns and experiments of a log, computed a second time in plain Python."""

import datetime
import random
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import crm_core as crm

DAY = 86_400
START = datetime.datetime(2026, 3, 2)
KINDS = ["sent", "bounced", "opened", "clicked", "unsubscribed", "complained", "purchase"]
NAMES = ["visitor_id", "customer_id", "occurred_at", "kind", "campaign", "variant", "machine"]
NAMES += ["order_id", "amount", "segment"]
# A log without some of these kinds has none of them.
KNOWN = {kind: kind for kind in ("opened", "clicked", "held_out", "purchase")}


def log_of(rows: list[dict[str, Any]], **more: Any) -> crm.Events:
    """Events of rows, of which each has some of the columns; `at` is in seconds."""
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in NAMES}
    columns["occurred_at"] = np.array([START + datetime.timedelta(0, row["at"]) for row in rows])
    columns["machine"] = [bool(row.get("machine")) for row in rows]
    roles = {name: name for name in [*NAMES[4:9], "customer_id"]}
    return crm.Events(columns, **roles, currency="JPY", dimensions=["segment"], kinds=KNOWN, **more)


def random_rows(seed: int) -> list[dict[str, Any]]:
    """A small log in which everything happens: two visitors of one customer, messages twice."""
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.randint(20, 260)):
        visitor = rng.randint(1, 12)
        kind = rng.choices(KINDS, [8, 1, 5, 5, 1, 1, 5])[0]
        message = kind != "purchase"
        rows.append(
            {
                "visitor_id": visitor,
                "customer_id": (visitor + 1) // 2 if visitor < 11 else None,
                "at": rng.randint(0, 24 * 40) * 3600,
                "kind": kind,
                "campaign": rng.choice(["a", "b", None]) if message else None,
                "variant": rng.choice(["x", "y", None]) if message else None,
                "machine": message and rng.random() < 0.2,
                "order_id": rng.choice([None, *range(30)]) if not message else None,
                "amount": rng.randint(-5, 90) if not message else None,
                "segment": rng.choice("pq"),
            }
        )
    return rows


def people(rows: list[dict[str, Any]], per: str) -> dict[Any, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["at"]):
        who = row["visitor_id" if per == "visitor" else "customer_id"]
        if who is not None:
            found[who].append(row)
    return dict(sorted(found.items()))


def orders_of(groups: dict[Any, list[dict[str, Any]]]) -> dict[Any, list[list[int]]]:
    """Time and amount of each order; one order id is one order, of whom has it first by id."""
    known: dict[Any, list[int]] = {}
    found = {}
    for who, rows in groups.items():
        found[who] = own = []
        for row in rows:
            if row["kind"] == "purchase":
                id = row.get("order_id")
                if id in known:
                    known[id][1] += row.get("amount") or 0
                    continue
                own.append(order := [row["at"], row.get("amount") or 0])
                if id is not None:
                    known[id] = order
    return found


def rates_by_hand(
    rows: list[dict[str, Any]], per: str, credit: str, window: int, by: list[str]
) -> tuple[dict[Any, dict[str, int]], int]:
    """The counts of each campaign and group, and events without a message."""
    groups = people(rows, per)
    orders = orders_of(groups)
    lines: dict[Any, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    money: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    lost = 0
    for who, own in groups.items():
        sends = [row for row in own if row["kind"] == "sent"]
        key = {id(row): (*(row.get(name) for name in by), row["campaign"]) for row in sends}
        bounced = set()
        clicks = []
        for row in own:
            if row["kind"] in ("purchase", "sent"):
                continue
            before = [s for s in sends if s["campaign"] == row["campaign"] and s["at"] <= row["at"]]
            if not before:
                lost += 1
                continue
            kind = (
                "machine_" if row["machine"] and row["kind"] in ("opened", "clicked") else ""
            ) + row["kind"]
            if kind == "bounced":
                bounced.add(id(before[-1]))
            else:
                lines[key[id(before[-1])]][kind].add(who)
            if kind == "clicked":
                clicks.append((row["at"], before[-1]))
        for row in sends:
            lines[key[id(row)]]["sent"].add(who)
            if id(row) not in bounced:
                lines[key[id(row)]]["delivered"].add(who)
        touches = (
            clicks if credit == "click" else [(s["at"], s) for s in sends if id(s) not in bounced]
        )
        for at, amount in orders[who]:
            last = [touch for touch in touches if touch[0] <= at]
            if last and at - last[-1][0] <= window * DAY:
                own_key = key[id(last[-1][1])]
                lines[own_key]["converted"].add(who)
                money[own_key][0] += 1
                money[own_key][1] += amount
    return {
        of: {kind: len(found) for kind, found in line.items()}
        | {"orders": money[of][0], "revenue": money[of][1]}
        for of, line in lines.items()
    }, lost


@pytest.mark.parametrize("seed", range(40))
def test_rates_are_those_counted_by_hand(seed: int) -> None:
    rows = random_rows(seed)
    if not any(row["kind"] == "sent" for row in rows):
        pytest.skip("nothing sent")
    # At one instant the order of events is by their contents: keep one event of a person each hour.
    rows = list({((row["visitor_id"] + 1) // 2, row["at"]): row for row in rows}.values())
    rng = random.Random(seed)
    per, credit = rng.choice(["visitor", "customer"]), rng.choice(["click", "send"])
    by = rng.choice([[], ["variant"], ["segment", "variant"]])
    window = rng.choice([1, 7])
    table = crm.campaign_rates(log_of(rows), per=per, credit=credit, window=window, by=by)
    expected, lost = rates_by_hand(rows, per, credit, window, by)
    found = table.to_dict()
    assert table.notes["without_message"] == lost
    keys = list(zip(*(found[name] for name in [*by, "campaign"]), strict=True))
    assert keys == sorted(expected, key=lambda key: [(cell is None, cell or "") for cell in key])
    for at, key in enumerate(keys):
        counts = expected[key]
        for name in ("sent", "delivered", "opened", "clicked", "unsubscribed", "complained"):
            assert found[name][at] == counts.get(name, 0), name
        for name in ("converted", "orders", "machine_opened", "machine_clicked"):
            assert found[name][at] == counts.get(name, 0), name
        assert found["bounced"][at] == counts["sent"] - counts.get("delivered", 0)
        assert found["revenue"][at] == counts["revenue"]
        delivered, opened = counts.get("delivered", 0), counts.get("opened", 0)
        for rate, part, whole in (
            ("open_rate", opened, delivered),
            ("click_rate", counts.get("clicked", 0), delivered),
            ("click_to_open_rate", counts.get("clicked", 0), opened),
            ("conversion_rate", counts.get("converted", 0), delivered),
            ("delivery_rate", delivered, counts["sent"]),
            ("revenue_per_delivered", counts["revenue"], delivered),
        ):
            share = found[rate][at]
            assert share == (pytest.approx(part / whole) if whole else None), rate
            if f"{rate}_low" in found:
                assert (found[f"{rate}_low"][at] is None) == (whole == 0 or part > whole)


def many(kind: str, n: int, at: int, first: int = 0) -> list[dict[str, Any]]:
    campaign = None if kind == "purchase" else "spring"
    return [
        {"visitor_id": k, "customer_id": k, "at": at, "kind": kind, "campaign": campaign}
        for k in range(first, first + n)
    ]


def test_the_published_campaign() -> None:
    """10,000 sent, 500 bounced, 2,375 opened, 285 clicked, 42 converted, 19 unsubscribed."""
    rows = many("sent", 10_000, 0) + many("bounced", 500, 60, first=9_500)
    rows += (
        many("opened", 2_375, DAY) + many("clicked", 285, DAY + 60) + many("purchase", 42, 2 * DAY)
    )
    rows += many("unsubscribed", 19, 3 * DAY, first=2_000)
    found = {name: cells[0] for name, cells in crm.campaign_rates(log_of(rows)).to_dict().items()}
    assert (found["sent"], found["bounced"], found["delivered"]) == (10_000, 500, 9_500)
    assert found["open_rate"] == 0.25 and found["click_rate"] == 0.03
    assert found["click_to_open_rate"] == 0.12 and found["unsubscribe_rate"] == 0.002
    assert found["conversion_rate"] == pytest.approx(0.00442, abs=5e-6)
    # An order on the eighth day after the click belongs to nobody, and by messages to this one.
    late = [{**row, "at": 9 * DAY} if row["kind"] == "purchase" else row for row in rows]
    assert crm.campaign_rates(log_of(late))["converted"].tolist() == [0]
    assert crm.campaign_rates(log_of(late), credit="send")["converted"].tolist() == [42]


def effect_by_hand(
    rows: list[dict[str, Any]], window: int, as_of: int, by: list[str]
) -> tuple[dict[Any, dict[str, list[tuple[int, int]]]], list[int]]:
    groups = people(rows, "customer")
    orders = orders_of(groups)
    arms: dict[Any, dict[str, list[tuple[int, int]]]] = defaultdict(
        lambda: {"sent": [], "held_out": []}
    )
    both, several, still_open = 0, 0, 0
    shared = []
    for who, own in groups.items():
        for campaign in sorted({row["campaign"] or "" for row in own if row["kind"] != "purchase"}):
            mine = [r for r in own if r["kind"] in arms[None] and (r["campaign"] or "") == campaign]
            if not mine:
                continue
            key = (*(mine[0].get(name) for name in by), mine[0]["campaign"])
            start = mine[0]["at"]
            if len({row["kind"] for row in mine}) > 1:
                both += 1
            elif len({tuple(row.get(name) for name in by) for row in mine}) > 1:
                several += 1
            elif start + window * DAY > as_of:
                still_open += 1
            else:
                within = [o for o in orders[who] if start <= o[0] <= start + window * DAY]
                one = (len(within), sum(o[1] for o in within))
                if mine[0]["kind"] == "held_out" and None in key[:-1]:
                    shared.append((key, one))
                else:
                    arms[key][mine[0]["kind"]].append(one)
    del arms[None]
    own_groups = list(arms)
    for key, one in shared:
        fits = [
            other
            for other in own_groups
            if all(a is None or a == b for a, b in zip(key[:-1], other[:-1], strict=True))
            and key[-1] == other[-1]
        ]
        for other in fits or [key]:
            arms[other]["held_out"].append(one)
    return arms, [both, several, still_open]


@pytest.mark.parametrize("seed", range(30))
def test_effects_are_those_of_people_counted_by_hand(seed: int) -> None:
    rng = random.Random(seed)
    rows = []
    for who in range(rng.randint(10, 80)):
        for campaign in rng.sample(["a", "b"], rng.randint(0, 2)):
            for _ in range(rng.choice([1, 1, 1, 2])):
                kind = rng.choice(["sent", "sent", "held_out"])
                rows.append(
                    {
                        "kind": kind,
                        "campaign": campaign,
                        "variant": rng.choice("xy") if kind == "sent" else rng.choice(["x", None]),
                        "who": who,
                    }
                )
        rows += [
            {"kind": "purchase", "who": who, "amount": rng.randint(1, 90)}
            for _ in range(rng.randint(0, 3))
        ]
    hours = rng.sample(range(24 * 60), len(rows))
    for row, hour in zip(rows, hours, strict=True):
        row.update(visitor_id=row["who"], customer_id=row["who"], at=hour * 3600)
    if not any(row["kind"] == "sent" for row in rows):
        pytest.skip("nothing sent")
    by = rng.choice([[], ["variant"]])
    window = rng.choice([3, 14])
    table = crm.campaign_effect(log_of(rows), window=window, by=by)
    arms, out = effect_by_hand(rows, window, max(row["at"] for row in rows), by)
    names = ["sent_and_held_out", "in_several_groups", "people_with_open_window"]
    assert [table.notes[name] for name in names] == out
    found = table.to_dict()
    keys = list(zip(*(found[name] for name in [*by, "campaign"]), strict=True))
    assert set(keys) == set(arms) and len(keys) == 3 * len(arms)
    for at, key in enumerate(keys):
        measure = found["measure"][at]
        of = {
            "purchase_rate": lambda one: float(one[0] > 0),
            "orders": lambda one: one[0],
            "revenue": lambda one: one[1],
        }[measure]
        sent, held = ([of(one) for one in arms[key][arm]] for arm in ("sent", "held_out"))
        assert (found["sent"][at], found["held_out"][at]) == (len(sent), len(held))
        means = [np.mean(cells) if cells else None for cells in (sent, held)]
        assert found["sent_mean"][at] == pytest.approx(means[0])
        assert found["held_out_mean"][at] == pytest.approx(means[1])
        if sent and held:
            difference = means[0] - means[1]
            assert found["difference"][at] == pytest.approx(difference, abs=1e-12)
            assert found["extra_total"][at] == pytest.approx(difference * len(sent), abs=1e-9)
        else:
            assert found["difference"][at] is None and found["p"][at] is None
        if measure == "purchase_rate" and sent and held:
            counts = {"variant": ["h", "s"], "n": [len(held), len(sent)]}
            counts["conversions"] = [int(sum(held)), int(sum(sent))]
            same = crm.experiment(counts, control="h").to_dict()
            for name in ("difference_low", "difference_high", "ratio_low", "ratio_high", "p"):
                assert found[name][at] == same[name][1], name


def one_campaign(sent: int, held: int, buyers: tuple[int, int]) -> list[dict[str, Any]]:
    rows = many("sent", sent, 0) + many("held_out", held, 0, first=sent)
    rows += many("purchase", buyers[0], DAY) + many("purchase", buyers[1], DAY, first=sent)
    return rows


def test_shares_costs_and_campaigns_without_a_control() -> None:
    rows = one_campaign(900, 100, (90, 5))
    for row in rows:
        row["amount"] = 1_000 if row["kind"] == "purchase" else None
    effect = crm.campaign_effect(
        log_of(rows), "2026-04-30", held_out_share=0.1, costs={"spring": 10_000}
    )
    found = effect.to_dict()
    assert found["measure"] == ["purchase_rate", "orders", "revenue"]
    assert found["difference"] == pytest.approx([0.05, 0.05, 50])
    assert found["ratio"] == pytest.approx([2, 2, 2])
    assert found["extra_total"] == pytest.approx([45, 45, 45_000])
    assert found["srm_p"] == [1, 1, 1] and found["cost"] == [None, None, 10_000]
    assert found["roi"][2] == pytest.approx(3.5)
    assert crm.campaign_effect(log_of(rows), "2026-04-30", held_out_share=0.5).notes[
        "sample_ratio_mismatch"
    ] == ["spring"]
    alone = crm.campaign_effect(log_of([r for r in rows if r["kind"] != "held_out"]), "2026-04-30")
    assert alone.notes["without_held_out"] == ["spring"]
    assert alone.to_dict()["sent_mean"][0] == 0.1 and alone.to_dict()["difference"][0] is None
    # Too early: nobody's two weeks are over.
    early = crm.campaign_effect(log_of(rows), "2026-03-10")
    assert len(early) == 0 and early.notes["people_with_open_window"] == 1000


def simulated(rng: Any, campaigns: int, sent: int, held: int) -> tuple[crm.Events, float, float]:
    """Campaigns whose effect is known, and that effect on the purchase rate and on revenue."""
    rate, base, sigma = 0.04, 0.03, 0.8
    n = sent + held
    people = np.arange(campaigns * n)
    is_sent = people % n < sent
    buys = rng.random(len(people)) < np.where(is_sent, rate, base)
    amount = np.round(np.exp(rng.normal(8, sigma, buys.sum())))
    day = np.datetime64("2026-03-01", "s")
    names = np.array([f"c{k:04d}" for k in range(campaigns)])[people // n]
    log = {
        "person": np.concatenate([people, people[buys]]),
        "occurred_at": np.concatenate(
            [np.full(len(people), day), day + rng.integers(1, 13 * DAY, buys.sum())]
        ),
        "kind": np.concatenate(
            [np.where(is_sent, "sent", "held_out"), np.full(buys.sum(), "purchase")]
        ).tolist(),
        "campaign": names.tolist() + [None] * int(buys.sum()),
        "amount": np.concatenate([np.full(len(people), np.nan), amount]),
    }
    events = crm.Events(
        log, visitor_id="person", campaign="campaign", amount="amount", currency="JPY"
    )
    return events, rate - base, (rate - base) * float(np.exp(8 + sigma * sigma / 2))


def test_intervals_hold_the_truth() -> None:
    """`campaign_evidence.py` has 2,000 campaigns of several sizes."""
    events, rate, revenue = simulated(np.random.default_rng(5), 200, 900, 300)
    table = crm.campaign_effect(events, "2026-03-31").to_dict()
    for measure, truth in (("purchase_rate", rate), ("revenue", revenue)):
        rows = [at for at, name in enumerate(table["measure"]) if name == measure]
        low, high = (
            np.array([table[f"difference_{end}"][at] for at in rows]) for end in ("low", "high")
        )
        held = np.mean((low <= truth) & (truth <= high))
        assert 0.90 <= held <= 0.99, (measure, held)


def test_orders_of_a_shop_are_purchases_of_the_log() -> None:
    rows = [
        *many("sent", 5, 3600),
        {"visitor_id": "web", "customer_id": 4, "at": 7200, "kind": "view"},
        {
            "visitor_id": 1,
            "customer_id": 1,
            "at": 9000,
            "kind": "purchase",
            "order_id": "A",
            "amount": 30,
        },
        {
            "visitor_id": 1,
            "customer_id": 1,
            "at": 9000,
            "kind": "purchase",
            "order_id": "A",
            "amount": 20,
        },
        {
            "visitor_id": 2,
            "customer_id": 2,
            "at": 9000,
            "kind": "purchase",
            "order_id": "B",
            "amount": 70,
        },
    ]
    for row in rows:
        row["visitor_id"] = str(row["visitor_id"])
    shop = {
        "customer_id": [1, 2, 3, 4, 9, None],
        "ordered_at": [
            "2026-03-02T05:00",
            "2026-03-02T05:00",
            "2026-03-02T06:00",
            "2026-03-03T01:00",
        ]
        + ["2026-03-03T01:00"] * 2,
        "order_id": list("ABCDEF"),
        "amount": [50, 70, 300, 400, 500, 600],
        "refunded": [8, 0, 100, 0, 0, 0],
        "status": ["completed", "cancelled", "completed", "completed", "completed", "completed"],
    }
    orders = crm.Orders(
        shop,
        currency="JPY",
        order_id="order_id",
        refunded="refunded",
        status="status",
        guests="keep",
    )
    log = log_of(rows).with_orders(orders)
    assert log.receipt == {
        "added": 2,
        "known": 1,
        "of_others": 2,
        "not_counted": 1,
        "without_order_id": 0,
        "of_another_customer": 0,
    }
    assert len(log) == len(rows) - 1 + 2
    rates = crm.campaign_rates(log, credit="send").to_dict()
    # 50 − 8 of order A, 300 − 100 of C, 400 of D; B was cancelled.
    assert (rates["converted"], rates["orders"], rates["revenue"]) == ([3], [3], [642])
    # D belongs to the visitor of customer 4 who was there last.
    bought = log.view({"kind": "purchase", "order_id": "D"})
    assert crm.visits_after_purchase(bought, per="visitor")["visitor_id"].tolist() == ["web"]
    again = crm.Events.from_bytes(log.to_bytes())
    assert crm.campaign_rates(again, credit="send").to_dict() == rates
    with pytest.raises(crm.OptionError, match="customers"):
        crm.Events({**_plain(), "kind": ["sent"]}).with_orders(orders)
    without = crm.Orders({**shop, "order_id": None} | {"x": [1] * 6}, currency="JPY", guests="keep")
    with pytest.raises(crm.OptionError, match="order ids"):
        log_of(rows).with_orders(without)
    with pytest.raises(crm.OptionError, match="view"):
        log.view({"kind": "sent"}).with_orders(orders)
    dollars = crm.Orders(shop, currency="USD", order_id="order_id", guests="keep")
    with pytest.raises(crm.OptionError, match="JPY"):
        log_of(rows).with_orders(dollars)


def _plain() -> dict[str, list[Any]]:
    return {"visitor_id": ["v"], "occurred_at": ["2026-03-01"], "campaign": ["c"]}


def test_orders_with_dates_only_come_after_what_was_sent_that_day() -> None:
    sent = {"customer_id": ["a"], "kind": ["sent"], "occurred_at": ["2026-03-02T10:00"]}
    log = crm.Events(
        {**sent, "campaign": ["c"]}, "customer_id", customer_id="customer_id", campaign="campaign"
    )
    shop = {"customer_id": ["a"], "ordered_at": ["2026-03-02"], "amount": [4980]}
    joined = log.with_orders(crm.Orders(shop, currency="JPY"))
    assert crm.campaign_rates(joined, credit="send").to_dict()["revenue"] == [4980]


def test_visits_are_without_messages() -> None:
    views = [{"visitor_id": 1, "customer_id": 1, "at": 60 * k, "kind": "view"} for k in range(3)]
    messages = [
        {**views[0], "at": DAY, "kind": "sent", "campaign": "c"},
        {**views[0], "at": DAY, "kind": "assigned"},
    ]
    both, alone = crm.sessions(log_of(views + messages)), crm.sessions(log_of(views))
    assert both.to_dict() == alone.to_dict()
    assert both.notes["messages_left_out"] == 2 and "messages_left_out" not in alone.notes


def test_what_is_missing_is_said() -> None:
    log = crm.Events({**_plain(), "kind": ["sent"]})
    with pytest.raises(crm.OptionError, match="campaign="):
        crm.campaign_rates(log)
    log = crm.Events({**_plain(), "kind": ["delivered"]}, campaign="campaign")
    with pytest.raises(crm.OptionError, match='"sent"'):
        crm.campaign_effect(log)
    log = crm.Events({**_plain(), "kind": ["sent"]}, campaign="campaign")
    for options in (
        {"by": ["campaign"]},
        {"by": ["a", "a"]},
        {"costs": {"x": 5.0}},
        {"costs": {"c": -1.0}},
    ):
        with pytest.raises(crm.OptionError):
            crm.campaign_effect(log, **options)
    with pytest.raises(crm.SchemaError, match="variant"):
        crm.campaign_rates(log, by=["variant"])
    with pytest.raises(crm.DataError, match="machine"):
        crm.Events({**_plain(), "kind": ["sent"], "machine": ["perhaps"]}, machine="machine")
    with pytest.raises(crm.OptionError, match="customer"):
        crm.campaign_rates(log, per="customer")


@pytest.mark.parametrize("machine", [[True, False], [1, 0], ["TRUE", ""], [1.0, None]])
def test_machines_are_told_in_any_form(machine: list[Any]) -> None:
    log = {"visitor_id": [1, 2] * 2, "kind": ["sent"] * 2 + ["opened"] * 2, "campaign": ["c"] * 4}
    log["occurred_at"] = ["2026-03-01"] * 2 + ["2026-03-02"] * 2
    log["machine"] = [machine[1]] * 2 + machine
    found = crm.campaign_rates(crm.Events(log, campaign="campaign", machine="machine", kinds=KNOWN))
    assert found["opened"].tolist() == [1] and found["machine_opened"].tolist() == [1]
    assert found.notes["machines"] == "apart"
    blind = crm.campaign_rates(crm.Events(log, campaign="campaign", kinds=KNOWN))
    assert blind["opened"].tolist() == [2] and blind.notes["machines"] == "unknown"


def test_weekdays_and_hours_are_those_of_the_message() -> None:
    rows = [
        {"visitor_id": k, "at": k * DAY + 3600 * k, "kind": "sent", "campaign": "c"}
        for k in range(7)
    ]
    found = crm.campaign_rates(log_of(rows), by=["weekday", "hour"], per="visitor").to_dict()
    assert found["weekday"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert found["hour"] == list(range(7))


def test_an_experiment_of_a_log_is_that_of_its_people() -> None:
    rng = random.Random(4)
    rows, units = (
        [],
        {"variant": [], "purchase_rate": [], "orders": [], "revenue": [], "before": []},
    )
    several = 0
    for who in range(400):
        variants = ["b", "a"] if rng.random() < 0.05 else [rng.choice("ab")]
        at = 40 * DAY + rng.randint(0, 20) * DAY
        person = {"visitor_id": who, "customer_id": who}
        for k, variant in enumerate([*variants, variants[0]]):  # assigned again on the next visit
            rows.append(
                {
                    **person,
                    "at": at + k * DAY,
                    "kind": "assigned",
                    "campaign": "page",
                    "variant": variant,
                }
            )
        rows.append({**person, "at": at, "kind": "assigned", "campaign": "other", "variant": "z"})
        bought = [
            (at + rng.randint(-35 * DAY, 20 * DAY), rng.randint(1, 99))
            for _ in range(rng.randint(0, 3))
        ]
        rows += [
            {**person, "at": when, "kind": "purchase", "amount": money} for when, money in bought
        ]
        if len(variants) > 1:
            several += 1
            continue
        after = [money for when, money in bought if at <= when <= at + 10 * DAY]
        units["variant"].append(variants[0])
        units["purchase_rate"].append(float(bool(after)))
        units["orders"].append(len(after))
        units["revenue"].append(sum(after))
        units["before"].append(sum(m for when, m in bought if at - 28 * DAY <= when < at))
    log = log_of(rows)
    when = "2026-06-30"
    found = crm.experiment(log, as_of=when, experiment="page", window=10)
    assert found.notes["in_several_variants"] == several
    expected = crm.experiment(units, measures=["purchase_rate", "orders", "revenue"])
    assert found.to_dict() == expected.to_dict()
    adjusted = crm.experiment(
        log, as_of=when, experiment="page", window=10, covariate="before", measures=["revenue"]
    )
    cuped = crm.experiment(units, measures=["revenue"], covariate="before").to_dict()
    for name, cells in adjusted.to_dict().items():
        assert cells == cuped[name], name
    with pytest.raises(crm.OptionError, match="other, page"):
        crm.experiment(log, as_of=when)
    with pytest.raises(crm.OptionError, match="covariate"):
        crm.experiment(log, as_of=when, experiment="page", covariate="age")
    with pytest.raises(crm.OptionError, match="measures"):
        crm.experiment(log, as_of=when, experiment="page", measures=["visits"])
    with pytest.raises(crm.OptionError, match="window"):
        crm.experiment(units, measures=["orders"], window=3)


def daily(orders: dict[datetime.date, list[tuple[str, int]]]) -> crm.Orders:
    rows = [(day, *one) for day, of in orders.items() for one in of]
    data = {"customer_id": list(range(len(rows))), "ordered_at": [row[0] for row in rows]}
    data |= {"channel": [row[1] for row in rows], "amount": [row[2] for row in rows]}
    return crm.Orders(data, currency="JPY", channel="channel")


def test_before_and_after_are_whole_weeks() -> None:
    rng = random.Random(8)
    first, change = datetime.date(2025, 9, 3), datetime.date(2026, 2, 10)
    log: dict[datetime.date, list[tuple[str, int]]] = {}
    for k in range(200):
        day = first + datetime.timedelta(k)
        n = rng.randint(5, 15) + (6 if day >= change else 0)
        log[day] = [(rng.choice(["web", "store"]), rng.randint(1, 99)) for _ in range(n)]
    orders = daily(log)

    def mean(channel: str | None, start: datetime.date, weeks: int, money: bool) -> float:
        days = [start + datetime.timedelta(k) for k in range(7 * weeks)]
        found = [one for day in days for one in log[day] if channel in (None, one[0])]
        return (sum(one[1] for one in found) if money else len(found)) / len(days)

    def difference(at: datetime.date, control: bool, money: bool) -> float:
        def step(channel: str | None) -> float:
            back = at - datetime.timedelta(28)
            return mean(channel, at, 4, money) - mean(channel, back, 4, money)

        return step("web") - step("store") if control else step(None)

    for money in (False, True):
        for control in (False, True):
            table = crm.before_after(
                orders,
                change=change,
                measure="revenue" if money else "orders",
                weeks=4,
                control={"channel": "store"} if control else None,
            )
            found = {name: cells[0] for name, cells in table.to_dict().items()}
            assert found["difference"] == pytest.approx(difference(change, control, money))
            assert found["after"] == pytest.approx(
                mean("web" if control else None, change, 4, money)
            )
            assert found["difference_low"] < found["difference"] < found["difference_high"]
            placebos, date = [], change - datetime.timedelta(28)
            while date - datetime.timedelta(28) >= first:
                placebos.append(abs(difference(date, control, money)))
                date -= datetime.timedelta(7)
            great = [d >= abs(found["difference"]) - 1e-12 for d in placebos]
            assert found["placebos"] == len(placebos) > 5
            assert found["placebo_share"] == pytest.approx(sum(great) / len(great))
            assert ("control_before" in found) == control
            assert table.notes["without_control"] != control
    assert crm.before_after(orders, change=change, weeks=4).to_dict()["difference_low"][0] > 3
    short = crm.before_after(orders, change="2026-02-27", weeks=8).to_dict()
    assert (short["weeks_before"], short["weeks_after"]) == ([8], [3])
    with pytest.raises(crm.DataError, match="weeks"):
        crm.before_after(orders, change="2026-03-15")
    with pytest.raises(crm.OptionError, match="change"):
        crm.before_after(orders)
    with pytest.raises(crm.OptionError, match="events"):
        crm.before_after(orders, change=change, measure="conversion_rate")
    with pytest.raises(crm.SchemaError, match="shop"):
        crm.before_after(orders, change=change, control={"shop": "x"})


def test_the_conversion_rate_before_and_after() -> None:
    rows = []
    for day in range(56):
        for k in range(20):
            who = {"visitor_id": day * 100 + k, "at": day * DAY + 60 * k, "segment": "pq"[k % 2]}
            rows.append({**who, "kind": "view"})
            # 2 of 20 each day, from the fifth week on 5.
            rows += [{**who, "kind": "purchase"}] * (k < (2 if day < 28 else 5))
    found = crm.before_after(
        log_of(rows), change="2026-03-30", measure="conversion_rate", weeks=4
    ).to_dict()
    assert (found["before"], found["after"]) == (pytest.approx([0.1]), pytest.approx([0.25]))
    # Of 10 visitors each: p has k = 0, 2, 4, q has 1, 3.
    split = crm.before_after(
        log_of(rows),
        change="2026-03-30",
        measure="conversion_rate",
        weeks=4,
        control={"segment": "q"},
    ).to_dict()
    assert split["before"] == pytest.approx([0.1]) and split["after"] == pytest.approx([0.3])
    assert split["control_after"] == pytest.approx([0.2])
    assert split["difference"] == pytest.approx([0.1])
