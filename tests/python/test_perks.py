"""Tiers, entitlements and points against plain Python, day by day."""

import datetime
import random

import pytest

import crm_core as crm

DAY = datetime.timedelta(1)
START = datetime.date(2023, 1, 1)
END = datetime.date(2025, 11, 14)
TIERS = [{"name": "silver", "from": 3_000}, {"name": "gold", "from": 9_000}]


def date(text):
    return datetime.date.fromisoformat(text)


def random_shop(seed, refunds):
    """A shop with refunds, and each customer's purchases and refunds as a request sees them:
    (day, amount, whether it is an order, points used, coupon, number), in the order of time."""
    chance = random.Random(seed)
    names = ["customer_id", "ordered_at", "amount", "refunded", "refunded_at", "used", "coupon"]
    shop = {name: [] for name in names}
    entries = {}
    minute = 0
    for customer in range(1, 16):
        own = entries.setdefault(customer, [])
        day = START + DAY * chance.randrange(300)
        while day <= END and chance.random() < 0.93:
            amount = chance.choice([0, 250, 999, 1_000, 2_350, 4_800])
            refunded = chance.choice([0, 0, 0, 0, 130, amount])
            refunded = min(refunded, amount)
            back = day + DAY * chance.randrange(1, 60)
            used = chance.choice([0, 0, 0, 5, 12])
            coupon = chance.choice([None, None, "gift", "A"])
            minute += 1
            time = datetime.timedelta(minutes=minute % 1_400)
            stamp = datetime.datetime.combine(day, datetime.time()) + time
            cells = [customer, stamp.isoformat(), amount, refunded, back.isoformat(), used, coupon]
            for name, cell in zip(names, cells, strict=True):
                shop[name].append(cell)
            if refunds == "refund_date":
                own.append((stamp, amount, True, used, coupon, minute))
                if refunded:
                    at = datetime.datetime.combine(back, datetime.time())
                    own.append((at, -refunded, False, used, coupon, minute))
            elif not (refunded and amount == refunded):
                own.append((stamp, amount - refunded, True, used, coupon, minute))
            day += DAY * chance.choice([1, 9, 30, 80, 200])
    orders = crm.Orders(
        shop,
        currency="JPY",
        refunded="refunded",
        refunded_at="refunded_at",
        dimensions=["used", "coupon"],
    )
    for own in entries.values():
        own.sort(key=lambda entry: entry[0])
    seen = {c: [(e[0].date(), *e[1:]) for e in own] for c, own in entries.items()}
    return orders, seen


def up_to(entries, day):
    """Purchases until a day, of the customers with an order among them."""
    found = {c: [e for e in own if e[0] <= day] for c, own in entries.items()}
    return {c: own for c, own in found.items() if any(e[2] for e in own)}


class Walk:
    """A customer's tiers, day by day."""

    def __init__(self, own, rules):
        self.own, self.rules = own, rules
        self.tier, self.since, self.pending = 0, None, None
        self.moves = []

    def value(self, last):
        first = last - DAY * (self.rules.get("window", 365) - 1)
        seen = [e for e in self.own if first <= e[0] <= last]
        by_orders = self.rules.get("measure") == "orders"
        return sum(e[2] for e in seen) if by_orders else sum(e[1] for e in seen)

    def merited(self, last):
        return sum(self.value(last) >= tier["from"] for tier in self.rules["tiers"])

    def is_review(self, day):
        review = self.rules.get("review", "yearly")
        if review == "monthly":
            return day.day == 1
        if review == "yearly":
            return day.day == 1 and day.month == self.rules.get("review_month", 1)
        if review == "anniversary":
            since = self.since
            leap = (since.month, since.day) == (2, 29)
            last = (day + DAY).month == 3 and day.month == 2
            same = (
                last
                if leap and (day + DAY).day == 1
                else (since.month, since.day)
                == (
                    day.month,
                    day.day,
                )
            )
            return same and day.year > since.year
        return False

    def move(self, tier, day, how):
        self.tier, self.since, self.how, self.pending = tier, day, how, None
        self.moves.append((day, tier))

    def step(self, day):
        if self.tier and day > self.since:
            if self.pending is not None:
                if day == self.pending:
                    self.pending = None
                    if self.merited(day - DAY) < self.tier:
                        self.move(self.merited(day - DAY), day, "down")
            elif self.is_review(day) and self.merited(day - DAY) < self.tier:
                grace = self.rules.get("grace", 0)
                if grace:
                    self.pending = day + DAY * grace
                else:
                    self.move(self.merited(day - DAY), day, "down")
        bought = any(e[0] == day and e[2] for e in self.own)
        if bought and self.merited(day) > self.tier:
            self.move(self.merited(day), day, "up")


def walked(own, rules, day):
    walk = Walk(own, rules)
    at = min(e[0] for e in own)
    while at <= day:
        walk.step(at)
        at += DAY
    return walk


RULES = [
    {"tiers": TIERS, "review": "yearly", "review_month": 4},
    {"tiers": TIERS, "review": "monthly", "window": 240, "grace": 20},
    {"tiers": TIERS, "review": "anniversary", "window": 200, "grace": 45},
    {"tiers": [{"name": "a", "from": 2}, {"name": "b", "from": 4}], "measure": "orders"},
    {"tiers": TIERS, "review": "never"},
]


@pytest.mark.parametrize("refunds", ["order_date", "refund_date"])
@pytest.mark.parametrize("at", range(len(RULES)))
def test_tiers_day_by_day(at, refunds):
    rules = RULES[at]
    orders, entries = random_shop(at, refunds)
    day = date("2025-03-09")
    table = crm.tiers(orders, day, refunds=refunds, **rules).to_dict()
    ahead = crm.tier_forecast(orders, day, horizon=60, refunds=refunds, **rules).to_dict()
    names = [None] + [tier["name"] for tier in rules["tiers"]]
    seen = up_to(entries, day)
    assert table["customer_id"] == sorted(seen)
    tiers = set()
    for row, customer in enumerate(table["customer_id"]):
        walk = walked(seen[customer], rules, day)
        tiers.add(walk.tier)
        assert table["tier"][row] == names[walk.tier]
        since = table["tier_since"][row]
        assert (since and str(since)[:10]) == (walk.since and walk.since.isoformat())
        assert table["reached_by"][row] == getattr(walk, "how", None)
        key = "missing_orders" if rules.get("measure") == "orders" else "missing_amount"
        if walk.tier < len(rules["tiers"]):
            wanted = rules["tiers"][walk.tier]["from"]
            assert table[key][row] == max(0, wanted - walk.value(day))
        else:
            assert table[key][row] is None
        # Without a further order.
        falls, before = None, walk.tier
        for days in range(1, 1_200):
            walk.step(day + DAY * days)
            if walk.tier != before:
                falls = day + DAY * days
                break
        assert (table["falls_at"][row] and str(table["falls_at"][row])[:10]) == (
            falls and falls.isoformat()
        )
        assert table["falls_to"][row] == (names[walk.tier] if falls else None)
        # The outlook, by its definition.
        on = day + DAY * 60
        again = Walk(seen[customer], rules)
        left = again.value(on)
        kept = "keep_orders" if rules.get("measure") == "orders" else "keep_amount"
        if before:
            wanted = rules["tiers"][before - 1]["from"]
            assert ahead[kept][row] == max(0, wanted - left)
        pace = left + max(0, again.value(day)) * 60 / rules.get("window", 365)
        is_near = falls is not None and falls <= on
        if before < len(rules["tiers"]) and pace >= rules["tiers"][before]["from"]:
            outlook = "rises"
        elif is_near and pace >= rules["tiers"][before - 1]["from"]:
            outlook = "at_risk"
        else:
            outlook = "falls" if is_near else "stays"
        assert ahead["outlook"][row] == outlook
    assert len(tiers) == 3


class Purse:
    """A customer's points, one by one: each is (the first day on which it is gone, its number, its
    order)."""

    def __init__(self):
        self.all, self.debt, self.number = [], 0, 0
        self.sums = dict.fromkeys(("earned", "used", "expired", "adjusted"), 0)

    def expire(self, day):
        gone = [p for p in self.all if p[0] is not None and p[0] <= day]
        self.sums["expired"] += len(gone)
        self.all = [p for p in self.all if p not in gone]

    def give(self, points, gone, kind, order=None):
        self.sums[kind] += points
        for _ in range(points):
            self.number += 1
            if self.debt:
                self.debt -= 1
            else:
                self.all.append((gone, self.number, order))

    def take(self, points, kind, refunded=None):
        """The oldest first; of a refunded order its own, then the newest."""
        self.sums[kind] += -points if kind == "adjusted" else points
        for _ in range(points):
            own = [at for at, point in enumerate(self.all) if refunded and point[2] == refunded]
            if self.all:
                self.all.pop(own[0] if own else -1 if refunded else 0)
            else:
                self.debt += 1

    @property
    def balance(self):
        return len(self.all) - self.debt


def earned_of(amount, rounding):
    """Three points for each 130."""
    whole, rest = divmod(3 * amount, 130)
    more = {"floor": False, "nearest": 2 * rest >= 130, "ceil": rest > 0}[rounding]
    return whole + more


@pytest.mark.parametrize("refunds", ["order_date", "refund_date"])
@pytest.mark.parametrize("rounding", ["floor", "nearest", "ceil"])
def test_points_one_by_one(rounding, refunds):
    orders, entries = random_shop(11, refunds)
    day = date("2025-03-09")
    options = {"points": 3, "per": 130, "rounding": rounding, "valid": 150, "used": "used"}
    options |= {"overdraw": "count", "refunds": refunds}
    table = crm.points(orders, day, soon=25, value=2, **options)
    rows = table.to_dict()
    seen = up_to(entries, day)
    assert rows["customer_id"] == sorted(seen)
    statement = crm.point_movements(orders, day, **options).to_dict()
    for row, customer in enumerate(rows["customer_id"]):
        purse, left = Purse(), {}
        for on, amount, is_order, used, _, number in seen[customer]:
            purse.expire(on)
            if is_order:
                purse.take(used, "used")
            before = earned_of(left.get(number, 0), rounding)
            left[number] = left.get(number, 0) + amount
            points = earned_of(left[number], rounding) - before
            if is_order:
                purse.give(points, on + DAY * 150, "earned", number)
            else:
                purse.take(-points, "adjusted", refunded=number)
        purse.expire(day)
        for name, points in purse.sums.items():
            assert rows[f"points_{name}"][row] == points, (customer, name)
        sums = purse.sums
        balance = sums["earned"] + sums["adjusted"] - sums["used"] - sums["expired"]
        assert rows["point_balance"][row] == purse.balance == balance
        assert rows["liability"][row] == 2 * balance
        soon = [p for p in purse.all if p[0] <= day + DAY * 26]
        assert rows["points_expiring"][row] == len(soon)
        changes = [
            (change, after)
            for one, change, after in zip(
                statement["customer_id"],
                statement["point_change"],
                statement["balance_after"],
                strict=True,
            )
            if one == customer
        ]
        assert sum(change for change, _ in changes) == balance
        assert not changes or changes[-1][1] == balance
    total = table.notes["total"]
    assert total["balance"] == sum(rows["point_balance"])
    assert total["liability"] == sum(rows["liability"])
    assert (
        total["earned"] + total["adjusted"] - total["used"] - total["expired"] == total["balance"]
    )
    assert (
        sum(rows["points_expired"])
        and sum(rows["points_used"])
        and table.notes["overdrawn"]["points"]
    )
    assert (refunds == "refund_date") == (min(rows["points_adjusted"]) < 0)


@pytest.mark.parametrize("rounding", ["floor", "nearest", "ceil"])
def test_refunds_at_their_own_date_leave_the_points_of_what_was_kept(rounding):
    options = {"points": 3, "per": 130, "rounding": rounding}
    balances = []
    for refunds in ("order_date", "refund_date"):
        orders, _ = random_shop(5, refunds)
        table = crm.points(orders, "2026-12-31", refunds=refunds, **options).to_dict()
        # Whose orders were all refunded in full has no row where they were never orders.
        balances.append(
            {
                who: points
                for who, points in zip(table["customer_id"], table["point_balance"], strict=True)
                if points
            }
        )
    assert balances[0] == balances[1] != {}
    # A refund of more than the order takes what it gave, in parts or not.
    shop = {"customer_id": ["a"], "ordered_at": ["2025-01-01"], "amount": [199]}
    shop |= {"refunded": [250], "refunded_at": ["2025-01-05"]}
    orders = crm.Orders(shop, currency="JPY", refunded="refunded", refunded_at="refunded_at")
    table = crm.points(orders, "2025-12-31", refunds="refund_date", **options)
    assert table.to_dict()["point_balance"] == [0]


def test_points_that_do_not_fit_are_refused():
    orders = crm.Orders(
        {"customer_id": ["a"], "ordered_at": ["2025-01-01"], "amount": [10**12]}, currency="JPY"
    )
    assert crm.points(orders, points=1, per=1).to_dict()["points_earned"] == [10**12]
    with pytest.raises(crm.OptionError, match=r"`per`.*1,000,000,000,000 points"):
        crm.points(orders, points=2, per=1)
    # What rounds to no minor unit is no amount, for any option that is one.
    for task, options in (
        ("points", {"per": 1e-9}),
        ("points", {"value": 1e-9}),
        ("tiers", {"tiers": [{"name": "a", "from": 1e-9}]}),
        ("entitlements", {"rules": [{"name": "a", "amount": 1e-9}]}),
    ):
        with pytest.raises(crm.OptionError, match="above 0 in whole minor units"):
            getattr(crm, task)(orders, **options)


def test_words_of_ledgers():
    moves = {
        "customer_id": ["a"] * 5,
        "occurred_at": [f"2026-01-0{day}" for day in range(1, 6)],
        "kind": ["獲得", "EARNED", " used ", "失効", "調整"],
        "points": [10, 20, 5, 4, -1],
    }
    found = crm.points(moves, currency="JPY").to_dict()
    sums = [found[f"points_{name}"][0] for name in ("earned", "used", "expired", "adjusted")]
    assert sums == [30, 5, 4, -1] and found["point_balance"] == [20]


def test_points_of_a_table_are_those_of_its_movements():
    chance = random.Random(3)
    rows = []
    for number in range(400):
        kind = chance.choice(["earned", "earned", "used", "adjusted"])
        on = START + DAY * chance.randrange(700)
        points = chance.randrange(-9, 10) if kind == "adjusted" else chance.randrange(20)
        gives = kind == "earned" or (kind == "adjusted" and points >= 0)
        ends = on + DAY * chance.randrange(90) if gives and chance.random() < 0.7 else None
        minutes = datetime.timedelta(minutes=number)
        at = datetime.datetime.combine(on, datetime.time()) + minutes
        rows.append((f"c{chance.randrange(8)}", at, kind, points, ends))
    day = date("2024-10-01")
    purses = {}
    for who, at, kind, points, ends in sorted(rows, key=lambda row: row[1]):
        if at.date() > day:
            continue
        purse = purses.setdefault(who, Purse())
        purse.expire(at.date())
        if kind == "earned" or (kind == "adjusted" and points >= 0):
            purse.give(points, ends and ends + DAY, kind)
        else:
            purse.take(abs(points), kind)
    chance.shuffle(rows)
    moves = {
        "customer_id": [row[0] for row in rows],
        "occurred_at": [row[1].isoformat() for row in rows],
        "kind": [row[2] for row in rows],
        "points": [row[3] for row in rows],
        "expires_at": [row[4] and row[4].isoformat() for row in rows],
    }
    found = crm.points(moves, until=day, currency="USD", value=0.01, overdraw="count")
    table = found.to_dict()
    assert table["customer_id"] == sorted(purses)
    for row, who in enumerate(table["customer_id"]):
        purses[who].expire(day)
        for name, points in purses[who].sums.items():
            assert table[f"points_{name}"][row] == points
        assert table["point_balance"][row] == purses[who].balance
        assert table["liability"][row] == pytest.approx(purses[who].balance / 100, abs=1e-12)
    assert crm.points(moves, currency="JPY", overdraw="count").notes["overdrawn"]["movements"] > 0


def earned_by(own, rule, day, field):
    """Days on which a rule's perk is earned, and what is missing."""
    spent, earned = [], []
    needed = rule["amount"] if field == 1 else rule["orders"]
    window = rule.get("window")

    def inside(at):
        return [e for e in spent if window is None or e[0] > at - DAY * window]

    for entry in own:
        spent.append((entry[0], entry[1] if field == 1 else int(entry[2])))
        spent[:] = inside(entry[0])
        total = sum(value for _, value in spent)
        if entry[2] and total >= needed:
            earned += [entry[0]] * (total // needed if rule.get("repeat") else 1)
            if not rule.get("repeat"):
                return earned, None
            spent[:] = [(entry[0], total % needed)]
    return earned, max(1, needed - sum(value for _, value in inside(day)))


@pytest.mark.parametrize("refunds", ["order_date", "refund_date"])
def test_entitlements_by_hand(refunds):
    orders, entries = random_shop(5, refunds)
    day = date("2025-03-09")
    rules = [
        {"name": "gift", "orders": 2, "repeat": True, "valid": 90},
        {"name": "card", "amount": 5_000, "window": 100, "repeat": True, "code": "A"},
        {"name": "once", "amount": 8_000},
        {"name": "five", "orders": 5, "window": 365},
        {"name": "of A", "orders": 2, "where": {"coupon": "A"}},
        {"name": "third", "nth": 3, "valid": 400},
        {"name": "third with A", "nth": 3, "where": {"coupon": "A"}, "code": "x"},
        {"name": "gold", "tier": "gold"},
    ]
    tier_rules = {"tiers": TIERS, "review": "monthly", "window": 120}
    table = crm.entitlements(orders, day, rules=rules, used="coupon", refunds=refunds, **tier_rules)
    rows = table.to_dict()
    seen = up_to(entries, day)
    expected = [(c, rule["name"]) for c in sorted(seen) for rule in rules]
    assert list(zip(rows["customer_id"], rows["perk"], strict=True)) == expected
    unearned = 0
    for row, (customer, name) in enumerate(expected):
        rule = next(rule for rule in rules if rule["name"] == name)
        own = seen[customer]
        counts = [e for e in own if "where" not in rule or e[4] == "A"]
        ends = {}
        if "nth" in rule:
            all_orders = [e for e in own if e[2]]
            earned = [e[0] for e in all_orders[rule["nth"] - 1 : rule["nth"]] if e in counts]
            missing = max(0, rule["nth"] - len(all_orders)) or None
        elif "tier" in rule:
            walk = walked(own, tier_rules, day)
            earned, has = [], False
            for on, tier in walk.moves:
                if tier == 2 and not has:
                    earned.append(on)
                elif tier < 2 and has:
                    ends[earned[-1]] = on
                has = tier == 2
            missing = None if has else max(0, 9_000 - walk.value(day))
        else:
            earned, missing = earned_by(counts, rule, day, 1 if "amount" in rule else 2)
        perks = [[on, ends.get(on), False] for on in earned]
        for perk in perks:
            if "valid" in rule:
                perk[1] = perk[0] + DAY * rule["valid"]
        code = rule.get("code", name)
        for entry in own:
            if entry[2] and entry[4] == code:
                fits = [
                    perk
                    for perk in perks
                    if perk[0] <= entry[0]
                    and (perk[1] is None or entry[0] < perk[1])
                    and not perk[2]
                ]
                unearned += not fits
                if fits:
                    fits[0][2] = True
        usable = [p for p in perks if not p[2] and (p[1] is None or day < p[1])]
        used = sum(p[2] for p in perks)
        assert rows["perks_earned"][row] == len(perks), (customer, name)
        assert rows["perks_used"][row] == used
        assert rows["perks_usable"][row] == len(usable)
        assert rows["perks_expired"][row] == len(perks) - used - len(usable)
        money = "amount" in rule or "tier" in rule
        assert rows["to_next_amount" if money else "to_next_orders"][row] == missing
        if not usable and missing is not None:
            said = f"あと{missing:,}円で{name}" if money else f"あと{missing}回の購入で{name}"
            assert rows["message_ja"][row] == said
        elif not usable:
            assert rows["message_ja"][row] is None
    assert table.notes["used_unearned"] == unearned > 0
    assert sum(rows["perks_used"]) and sum(rows["perks_expired"])
    plain = crm.entitlements(orders, day, rules=rules[:1], refunds=refunds).to_dict()
    assert set(plain["perks_used"]) == set(plain["perks_expired"]) == {None}


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("tiers", {}, "`tiers`"),
        ("tiers", {"tiers": [TIERS[1], TIERS[0]]}, "`tiers.1.from`"),
        ("tiers", {"tiers": [TIERS[0], TIERS[0]]}, "`tiers.1.from`"),
        ("tiers", {"tiers": [{"name": "a", "from": 0}]}, "`tiers.0.from`"),
        ("tiers", {"tiers": [{"name": "a", "from": 1.5}]}, "`tiers.0.from`"),
        ("tiers", {"tiers": [{"name": " ", "from": 1}]}, "`tiers.0.name`"),
        ("tiers", {"tiers": [{"name": "a"}]}, "`tiers.0`: expected an object with `from`"),
        ("tiers", {"tiers": [TIERS[0], {"name": "a", "from": "9"}]}, "`tiers.1.from`"),
        ("tiers", {"tiers": [{"name": "a", "from": 1, "x": 2}]}, "`tiers.0.x`"),
        ("tiers", {"tiers": TIERS, "window": 0}, "`window`"),
        ("tiers", {"tiers": TIERS, "window": "36h"}, "`window`"),
        ("tiers", {"tiers": TIERS, "review": "never", "grace": 5}, "`grace`"),
        ("tiers", {"tiers": TIERS, "review": "monthly", "review_month": 4}, "`review_month`"),
        ("tiers", {"tiers": [{"name": "a", "from": 1.5}], "measure": "orders"}, "whole number"),
        ("tier_forecast", {"tiers": TIERS, "horizon": 0}, "`horizon`"),
        ("entitlements", {}, "`rules`"),
        ("entitlements", {"rules": [{"name": "a"}]}, "`rules.0`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1, "nth": 1}]}, "`rules.0`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 0}]}, "`rules.0.orders`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1}] * 2}, "`rules.1.name`"),
        ("entitlements", {"rules": [{"name": "a", "nth": 1, "window": 3}]}, "`rules.0.window`"),
        ("entitlements", {"rules": [{"name": "a", "nth": 1, "repeat": True}]}, "`rules.0.repeat`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1, "window": 0}]}, "`rules.0.window`"),
        ("entitlements", {"rules": [{"name": "a", "tier": "gold"}]}, "`rules.0.tier`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1, "where": {"no": 1}}]}, "`no`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1}], "used": "no"}, "`no`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1}], "grace": 3}, "`tiers`"),
        ("entitlements", {"rules": [{"name": "a", "orders": -1}]}, "`rules.0.orders`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1}], "tiers": TIERS}, "`tiers`"),
        ("entitlements", {"rules": [{"name": "a", "orders": 1, "code": "A"}]}, "`rules.0.code`"),
        ("points", {"soon": 5}, "`soon`"),
        ("points", {"points": 0}, "`points`"),
        ("points", {"per": 0}, "`per`"),
        ("points", {"value": 0.5}, "`value`"),
        ("points", {"valid": 0}, "`valid`"),
        ("points", {"used": "coupon"}, "`used`"),
        ("points", {"used": "used"}, "more points than the customer has"),
        ("points", {"until": "2025-01-01"}, "`until`"),
        ("points", {"currency": "JPY"}, "`currency`"),
        ("coupon_effect", {"coupon": "no"}, "`no`"),
        ("coupon_effect", {"periods": {"B": ["2025-01-01", "2025-01-02"]}}, "`periods.B`"),
        ("coupon_effect", {"periods": {"A": ["2025-01-02", "2025-01-01"]}}, "`periods.A`"),
        ("coupon_effect", {"held_out": {"first_coupon": "A"}}, "`offered`"),
        ("referrals", {}, "`referred_by`"),
        ("referrals", {"referred_by": "coupon"}, "`referred_by`"),
        ("referrals", {"referred_by": "first_coupon", "referrer_reward": 0.5}, "`referrer_reward`"),
    ],
)
def test_bad_rules_are_refused_by_their_path(task, options, message):
    orders, _ = random_shop(2, "order_date")
    with pytest.raises(crm.CrmError, match=message.replace(".", r"\.")):
        getattr(crm, task)(orders, "2025-03-09", **options)


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("points", [5, 6], "column `points`, row 1"),
        ("points", [5, 1.5], "column `points`, row 1"),
        ("points", [5, -1], "column `points`, row 1"),
        ("kind", ["earned", "spent"], "column `kind`, row 1"),
        ("occurred_at", ["2026-01-01", "soon"], "column `occurred_at`, row 1"),
        ("occurred_at", ["2026-01-01", None], "column `occurred_at`, row 1"),
        ("expires_at", ["2025-12-31", None], "column `expires_at`, row 0"),
        ("expires_at", [None, "2026-12-31"], "column `expires_at`, row 1"),
    ],
)
def test_bad_movements_are_named_by_their_row(column, cells, message):
    moves = {
        "customer_id": ["a", "a"],
        "occurred_at": ["2026-01-01", "2026-01-02"],
        "kind": ["earned", "used"],
        "points": [5, 5],
    }
    assert crm.points(moves, currency="JPY").to_dict()["point_balance"] == [0]
    with pytest.raises(crm.CrmError, match=message):
        crm.points({**moves, column: cells}, currency="JPY")
    with pytest.raises(crm.OptionError, match="`currency`"):
        crm.points(moves)
    with pytest.raises(crm.OptionError, match="`per`"):
        crm.points(moves, currency="JPY", per=50)
    with pytest.raises(crm.SchemaError, match="points"):
        crm.points(
            {name: moves[name] for name in ("customer_id", "occurred_at", "kind")}, currency="JPY"
        )
    twice = {**moves, "kind": ["earned", "expired"], "expires_at": ["2026-02-01", None]}
    with pytest.raises(crm.DataError, match="twice"):
        crm.points(twice, currency="JPY")
