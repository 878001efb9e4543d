"""Coupons and referrals against plain Python."""

import random

import pytest
from test_perks import DAY, START, date

import crm_core as crm


def test_coupons_beside_people_held_out():
    """Of 100 who were offered it 40 buy, of 50 held out 10: half of them would have anyway."""
    customers = list(range(150))
    group = ["offered" if c < 100 else "held_out" for c in customers]
    bought = {"customer_id": [*customers], "ordered_at": ["2026-01-05"] * 150}
    bought |= {"amount": [1_000] * 150, "discount": [0] * 150, "coupon": [None] * 150}
    for c in [*range(40), *range(100, 110)]:
        row = (
            c,
            "2026-03-0" + str(1 + c % 5),
            2_000,
            300 if c < 40 else 0,
            "SPRING" if c < 40 else None,
        )
        for name, cell in zip(bought, row, strict=True):
            bought[name].append(cell)
    orders = crm.Orders(
        bought,
        currency="JPY",
        discount="discount",
        dimensions=["coupon"],
        customers=crm.Customers({"id": customers, "group": group}, "id", dimensions=["group"]),
    )
    found = crm.coupon_effect(
        orders, "2026-03-31", held_out={"group": "held_out"}, offered={"group": "offered"}
    )
    row = {name: cells[0] for name, cells in found.to_dict().items()}
    assert (row["coupon"], row["redeemed"], row["redeemers"], row["new_redeemers"]) == (
        "SPRING",
        40,
        40,
        0,
    )
    assert (row["revenue"], row["discount_given"]) == (40 * 1_700, 40 * 300)
    assert row["anyway_share"] == pytest.approx(0.5, abs=1e-15) and row["anyway_known"] == 50
    # Katz: 0.5 · exp(± 1.96 √(.6/40 + .8/10))
    spread = 1.959963984540054 * (0.6 / 40 + 0.8 / 10) ** 0.5
    assert row["anyway_share_low"] == pytest.approx(0.5 * 2.718281828459045**-spread, rel=1e-12)
    assert row["anyway_share_high"] == pytest.approx(0.5 * 2.718281828459045**spread, rel=1e-12)
    assert found.notes["offered_and_held_out"] == 0


def test_coupons_in_their_time_of_customers_and_guests():
    shop = {
        "customer_id": ["a", "a", "b", None, "c", "d"],
        "ordered_at": [f"2026-02-0{day}" for day in range(1, 7)],
        "amount": [100, 200, 400, 800, 1_600, 3_200],
        "coupon": ["X", "X", None, "X", "", " "],
    }
    orders = crm.Orders(shop, currency="JPY", guests="keep", dimensions=["coupon"])
    found = crm.coupon_effect(orders, "2026-03-01").to_dict()
    named = [found[name] for name in ("coupon", "redeemed", "redeemers", "revenue")]
    assert named == [["X"], [3], [1], [1_100]]  # a blank is no coupon, a guest's order is one
    periods = {"X": ["2026-02-02", "2026-02-03"]}
    table = crm.coupon_effect(orders, "2026-03-01", periods=periods)
    found = table.to_dict()
    assert [found[name] for name in ("redeemed", "revenue", "new_redeemers")] == [[1], [200], [0]]
    assert table.notes["redeemed_outside_periods"] == 2


def test_a_blank_referrer_is_none():
    people = {"id": ["a", "b", "c", "d"], "referred_by": ["", " ", "a", None]}
    members = crm.Customers(people, "id", dimensions=["referred_by"])
    shop = {"customer_id": ["a", "b", "c", "d"], "ordered_at": ["2025-01-05"] * 4}
    shop |= {"amount": [300, 500, 900, 700]}
    orders = crm.Orders(shop, currency="JPY", customers=members)
    table = crm.referrals(orders, "2026-12-31")
    found = table.to_dict()
    assert found["customer_id"] == ["c"] and table.notes["unknown_referrer"] == 0
    assert found["others_365"] == [500]  # of a, b and d
    with pytest.raises(crm.OptionError, match="0, or an amount above it"):
        crm.referrals(orders, referrer_reward=-5)


def test_coupons_by_the_own_cycle_are_what_the_cycle_says():
    shop = crm.simulate_orders(300, seed=4).to_dict()
    ids = [one for one in shop["customer_id"] if one is not None]
    spring = [
        "SPRING" if "2025-03-01" <= str(at)[:10] <= "2025-03-14" and one in ids[::3] else None
        for one, at in zip(shop["customer_id"], shop["ordered_at"], strict=True)
    ]
    orders = crm.Orders(
        {
            **{name: shop[name] for name in ("customer_id", "ordered_at", "amount", "order_id")},
            "coupon": spring,
        },
        currency="JPY",
        order_id="order_id",
        guests="keep",
        dimensions=["coupon"],
    )
    periods = {"SPRING": ["2025-03-01", "2025-03-14"]}
    row = {
        k: v[0]
        for k, v in crm.coupon_effect(orders, "2025-06-30", periods=periods).to_dict().items()
    }
    assert row["anyway_by"] == "own_cycle" and row["anyway_share_low"] is None
    redeemers = {
        one
        for one, coupon in zip(shop["customer_id"], spring, strict=True)
        if coupon and one is not None
    }
    cycle = crm.cycle(orders, "2025-02-28", within=14).to_dict()
    own = [
        p
        for one, p in zip(cycle["customer_id"], cycle["probability_within"], strict=True)
        if one in redeemers
    ]
    assert row["redeemers"] == len(redeemers) and row["anyway_known"] == len(own) > 5
    assert row["new_redeemers"] == len(redeemers) - len(own)
    assert row["anyway_share"] == pytest.approx(sum(own) / len(own), rel=1e-12)


def test_referrals_beside_others_of_the_month():
    chance = random.Random(8)
    ids = [f"c{number:03}" for number in range(160)]
    brought = [chance.choice([None, None, chance.choice(ids), "nobody"]) for _ in ids]
    # A pair who brought each other, one who brought themselves, a circle of three.
    brought[:7] = ["c001", "c000", "c002", "c004", "c005", "c003", "c000"]
    registered = [(START + DAY * chance.randrange(800)).isoformat() for _ in ids]
    people = {"id": ids, "referred_by": brought, "registered": registered}
    shop = {"customer_id": [], "ordered_at": [], "amount": []}
    for one in ids:
        for _ in range(chance.randrange(5)):
            shop["customer_id"].append(one)
            shop["ordered_at"].append((START + DAY * chance.randrange(900)).isoformat())
            shop["amount"].append(chance.randrange(1, 9_000))
    members = crm.Customers(people, "id", registered_at="registered", dimensions=["referred_by"])
    orders = crm.Orders(shop, currency="JPY", customers=members)
    day = date("2025-02-01")
    table = crm.referrals(orders, day, referrer_reward=500, referred_reward=300)
    rows = table.to_dict()
    own = {one: [] for one in ids}
    for one, at, amount in zip(*shop.values(), strict=True):
        if date(at) <= day:
            own[one].append((date(at), amount))
    of = dict(zip(ids, brought, strict=True))

    def value(one, span):
        first = min(at for at, _ in own[one])
        if first + DAY * (span - 1) > day:
            return None
        return sum(amount for at, amount in own[one] if at < first + DAY * span)

    assert rows["customer_id"] == [one for one in ids if of[one] is not None]
    cost = 0
    for row, one in enumerate(rows["customer_id"]):
        chain, at = [], of[one]
        while at in of and at not in chain and of[at] is not None:
            chain.append(at)
            at = of[at]
        flag = None
        if of[one] not in of:
            flag = "unknown"
        elif of[one] == one:
            flag = "self"
        elif one in chain:
            flag = "circular"
        assert rows["referral_flag"][row] == flag, one
        has = bool(own[one])
        assert rows["accepted"][row] == (has or date(registered[ids.index(one)]) <= day)
        assert rows["referrer_reward"][row] == (500 if has and flag is None else 0)
        cost += 800 * (has and flag is None)
        for span in (90, 180, 365):
            assert rows[f"value_{span}"][row] == (value(one, span) if has else None)
            others = None
            if has:
                month = min(at for at, _ in own[one]).replace(day=1)
                same = [
                    value(other, span)
                    for other in ids
                    if of[other] is None
                    and own[other]
                    and min(at for at, _ in own[other]).replace(day=1) == month
                ]
                same = [v for v in same if v is not None]
                others = sum(same) / len(same) if same else None
            assert rows[f"others_{span}"][row] == others  # one division, rounded once
    assert table.notes["reward_cost"] == cost > 0
    assert (table.notes["self"], table.notes["circular"] >= 5) == (
        rows["referral_flag"].count("self"),
        True,
    )
