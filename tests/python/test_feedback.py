"""Complaints, their cost, reviews, satisfaction: a slow second computation in plain Python."""

import datetime
import math
import random
import statistics
from collections import defaultdict
from typing import Any

import pytest
from messy import seeds

import crm_core as crm

DAY = datetime.timedelta(days=1)
FIRST = datetime.datetime(2025, 1, 1)
AS_OF = datetime.date(2025, 12, 31)
stats = pytest.importorskip("scipy.stats")
Rows = dict[str, list[Any]]


def shop(draw: random.Random) -> Rows:
    n = 400
    return {
        "order_id": [f"o{k}" for k in range(n)],
        "customer_id": [draw.choice([None, *range(90)]) for _ in range(n)],
        "ordered_at": [FIRST + draw.randrange(365 * 24) * DAY / 24 for _ in range(n)],
        "amount": [draw.randrange(100, 9000) for _ in range(n)],
        "channel": [draw.choice(["web", "store", None]) for _ in range(n)],
    }


def complaints_of(draw: random.Random, orders: Rows, n: int = 60) -> Rows:
    rows: Rows = defaultdict(list)
    for _ in range(n):
        at = FIRST + draw.randrange(380 * 24) * DAY / 24
        took = draw.choice([None, draw.randrange(90 * 60)])
        rows["occurred_at"].append(at)
        rows["answered_at"].append(took and at + datetime.timedelta(minutes=took))
        rows["order_id"].append(draw.choice([None, "unknown", *orders["order_id"]]))
        rows["customer_id"].append(draw.choice([None, 999, *range(90)]))
        rows["channel"].append(draw.choice([None, None, "phone", "web"]))
    return dict(rows)


def orders_of(rows: Rows) -> crm.Orders:
    return crm.Orders(rows, currency="JPY", order_id="order_id", channel="channel", guests="keep")


def wilson(p: float, n: float) -> tuple[float, float]:
    z = statistics.NormalDist().inv_cdf(0.975)
    middle, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def near(found: Any, expected: Any) -> bool:
    if expected is None or found is None:
        return found is expected
    return bool(found == pytest.approx(expected, rel=1e-9, abs=1e-9))


@pytest.mark.parametrize("seed", seeds(8))
def test_complaints_by_channel(seed: int) -> None:
    draw = random.Random(seed)
    orders = shop(draw)
    rows = complaints_of(draw, orders)
    table = crm.complaints(
        orders_of(orders), AS_OF, complaints=rows, by="channel", in_time="12h", recurrence_days=60
    )
    of_orders = zip(orders["customer_id"], orders["channel"], strict=True)
    owner = dict(zip(orders["order_id"], of_orders, strict=True))
    end = datetime.datetime.combine(AS_OF + DAY, datetime.time())
    groups: dict[Any, list[Any]] = defaultdict(list)
    for at, answered, order, customer, channel in zip(*rows.values(), strict=True):
        of_order = owner.get(order, (None, None))
        customer = of_order[0] if customer is None else customer if customer < 90 else None
        # Customers who never ordered are not known, either.
        customer = customer if customer in orders["customer_id"] else None
        if at < end:
            answered = answered if answered and answered < end else None
            groups[channel or of_order[1]].append((at, answered, customer))
    first = min(at for all_of in groups.values() for at, *_ in all_of).date()
    bought: dict[Any, list[Any]] = defaultdict(list)
    for at, customer, channel in zip(
        orders["ordered_at"], orders["customer_id"], orders["channel"], strict=True
    ):
        if first <= at.date() <= AS_OF:
            bought[channel].append(customer)
    names = sorted({*groups, *bought} - {None}) + [None] * (None in {*groups, *bought})
    assert table.to_dict()["group"] == names
    for at, name in enumerate(names):
        row = {key: cells[at] for key, cells in table.to_dict().items()}
        own, n = groups[name], len(bought[name])
        assert (row["complaints"], row["orders"]) == (len(own), n)
        assert near(row["complaints_per_100_orders"], 100 * len(own) / n if n else None)
        # Clusters: a customer, or one guest's order, or a complaint of nobody known.
        counts: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
        for k, (*_, customer) in enumerate(own):
            counts[("c", k) if customer is None else customer][0] += 1
        for k, customer in enumerate(bought[name]):
            counts[("o", k) if customer is None else customer][1] += 1
        if n and 0 < len(own) < n:
            p, m = len(own) / n, sum(trials > 0 for _, trials in counts.values())
            squares = sum((hits - p * trials) ** 2 for hits, trials in counts.values())
            variance = m / (m - 1) * squares / n**2
            low, high = wilson(p, max(1, min(n, p * (1 - p) / variance)))
            assert near(row["complaints_per_100_orders_low"], 100 * low)
            assert near(row["complaints_per_100_orders_high"], 100 * high)
        took = sorted((done - at).total_seconds() / 3600 for at, done, _ in own if done)
        waits = [*took, *[math.inf] * (len(own) - len(took))]
        median = statistics.median(waits) if waits else math.inf
        assert near(row["median_hours"], None if math.isinf(median) else median)
        due = [1 for at, done, _ in own if done or (end - at).total_seconds() > 12 * 3600]
        kept = sum(hours <= 12 for hours in took)
        assert near(row["in_time_rate"], kept / len(due) if due else None)
        by_customer: dict[Any, list[datetime.date]] = defaultdict(list)
        for at, _, customer in sorted(own, key=lambda one: one[0]):
            if customer is not None:
                by_customer[customer].append(at.date())
        followed = [d for d in by_customer.values() if (AS_OF - d[0]).days >= 60]
        again = sum(len(d) > 1 and (d[1] - d[0]).days <= 60 for d in followed)
        assert row["customers"] == len(by_customer)
        assert near(row["recurrence_rate"], again / len(followed) if followed else None)
        if followed:
            low, high = wilson(again / len(followed), len(followed))
            assert near(row["recurrence_rate_low"], max(low, 0) if again else 0)


def matched(
    history: dict[Any, list[tuple[datetime.date, int]]],
    cases: dict[Any, datetime.date],
    first: dict[Any, datetime.date],
) -> list[Any]:
    """For each case its day, its own outcome, and the controls with theirs."""

    def place(customer: Any, day: datetime.date) -> Any:
        before = [(on, amount) for on, amount in history[customer] if on <= day]
        if not before:
            return None
        last = max(on for on, _ in before)
        revenue = sum(amount for _, amount in before)
        recency = (day - last).days
        return last, (math.log(1 + recency), math.log(len(before)), math.log(1 + revenue))

    def outcome(customer: Any, day: datetime.date) -> tuple[float, float]:
        after = [amount for on, amount in history[customer] if 0 < (on - day).days <= 60]
        return float(bool(after)), float(sum(after))

    places = {customer: place(customer, day) for customer, day in cases.items()}
    places = {customer: found for customer, found in places.items() if found}
    scale = [statistics.stdev(found[1][k] for found in places.values()) for k in range(3)]
    all_of = []
    for customer, (last, own) in places.items():
        day = cases[customer]
        free = [c for c in sorted(history) if c != customer and first.get(c, AS_OF + DAY) > day]
        near_by = [(c, place(c, day)) for c in free]
        for width in range(31):
            found = [(c, p) for c, p in near_by if p and abs((p[0] - last).days) <= width]
            if len(found) >= 3 * 20:
                break
        distance = {
            c: sum(((own[k] - p[1][k]) / scale[k]) ** 2 for k in range(3)) for c, p in found
        }
        chosen = sorted(distance, key=lambda c: (distance[c], c))[:3]
        if chosen:
            all_of.append((customer, outcome(customer, day), {c: outcome(c, day) for c in chosen}))
    return all_of


@pytest.mark.parametrize("seed", seeds(6))
def test_the_cost_of_complaints(seed: int) -> None:
    draw = random.Random(seed)
    orders = shop(draw)
    rows = complaints_of(draw, orders, 40)
    del rows["channel"], rows["order_id"]
    table = crm.complaint_cost(
        orders_of(orders), AS_OF, complaints=rows, within=60, matches=3, in_time="24h"
    ).to_dict()
    history: dict[Any, list[tuple[datetime.date, int]]] = defaultdict(list)
    for customer, at, amount in zip(
        orders["customer_id"], orders["ordered_at"], orders["amount"], strict=True
    ):
        if customer is not None and at.date() <= AS_OF:
            history[customer].append((at.date(), amount))
    first: dict[Any, datetime.date] = {}
    in_time: dict[Any, bool] = {}
    log = sorted(zip(*rows.values(), strict=True), key=lambda one: one[0])
    for at, answered, customer in log:
        if customer in history and at.date() <= AS_OF and customer not in first:
            first[customer] = at.date()
            in_time[customer] = answered is not None and answered - at <= DAY
    cases = {customer: day for customer, day in first.items() if (AS_OF - day).days >= 60}
    everyone = matched(history, cases, first)
    for at, answer in enumerate(table["answer"]):
        row = {name: cells[at] for name, cells in table.items()}
        own = [m for m in everyone if answer == "all" or in_time[m[0]] == (answer == "in_time")]
        n = len(own)
        assert row["customers"] == n
        for part, names in enumerate(
            [
                ("repeat_rate", "matched_repeat_rate", "repeat_rate_difference"),
                ("revenue_per_customer", "matched_revenue_per_customer", "revenue_difference"),
            ]
        ):
            cases_mean = statistics.fmean(m[1][part] for m in own)
            controls = [[o[part] for o in m[2].values()] for m in own]
            gaps = [m[1][part] - statistics.fmean(c) for m, c in zip(own, controls, strict=True)]
            assert near(row[names[0]], cases_mean)
            assert near(row[names[1]], cases_mean - statistics.fmean(gaps))
            assert near(row[names[2]], statistics.fmean(gaps))
            sums: dict[Any, list[list[float]]] = defaultdict(list)
            for m, c in zip(own, controls, strict=True):
                for control in m[2]:
                    sums[control].append([1 / len(c), statistics.variance(c) if c[1:] else -1])
            squares = sum((gap - statistics.fmean(gaps)) ** 2 for gap in gaps)
            for uses in sums.values():
                known = [variance for _, variance in uses if variance >= 0]
                k = sum(weight for weight, _ in uses) ** 2 - sum(w * w for w, _ in uses)
                squares += k * statistics.fmean(known) if known else 0
            if n > 1 and squares > 0:
                half = stats.t.ppf(0.975, n - 1) * math.sqrt(squares) / n
                # A difference of rates is from -1 to 1.
                most = 1 if "rate" in names[2] else math.inf
                low, high = statistics.fmean(gaps) - half, statistics.fmean(gaps) + half
                assert near(row[f"{names[2]}_low"], max(low, -most))
                assert near(row[f"{names[2]}_high"], min(high, most))
        assert near(row["revenue_lost"], -row["revenue_difference"] * n)


@pytest.mark.parametrize("seed", seeds(6))
def test_churn_by_band(seed: int) -> None:
    draw = random.Random(seed)
    orders = shop(draw)
    answers: Rows = {
        "customer_id": [draw.choice([500, *range(90)]) for _ in range(150)],
        "answered_at": [(FIRST + draw.randrange(370) * DAY).date() for _ in range(150)],
        "score": [draw.choice([None, *range(11)]) for _ in range(150)],
    }
    table = crm.satisfaction_churn(orders_of(orders), AS_OF, answers=answers, within=45).to_dict()
    last: dict[Any, tuple[datetime.date, float]] = {}
    for customer, day, score in zip(*answers.values(), strict=True):
        if score is None or (AS_OF - day).days < 45:
            continue
        known = last.get(customer)
        if known is None or (day, -score) > (known[0], -known[1]):
            last[customer] = (day, score)
    bands: list[list[list[int]]] = [[], [], []]
    for customer, (day, score) in last.items():
        own = [
            (at.date(), amount)
            for c, at, amount in zip(
                orders["customer_id"], orders["ordered_at"], orders["amount"], strict=True
            )
            if c == customer
        ]
        if any(on <= day for on, _ in own):
            after = [amount for on, amount in own if 0 < (on - day).days <= 45]
            bands[0 if score <= 6 else 1 if score <= 8 else 2].append(after)
    assert table["band"] == [k + 1 for k, band in enumerate(bands) if band]
    for at, band in enumerate(band for band in bands if band):
        churned = sum(not after for after in band) / len(band)
        assert table["customers"][at] == len(band)
        assert near(table["churn_rate"][at], churned)
        high = wilson(churned, len(band))[1]
        assert near(table["churn_rate_high"][at], min(high, 1) if churned < 1 else 1)
        mean = statistics.fmean(sum(after) for after in band)
        assert near(table["revenue_per_customer"][at], mean)
        if len(band) > 1:
            assert table["revenue_per_customer_low"][at] <= mean
            assert mean <= table["revenue_per_customer_high"][at]


@pytest.mark.parametrize("seed", seeds(4))
def test_reviews_by_the_formulas(seed: int) -> None:
    draw = random.Random(seed)
    n = 200
    rows: Rows = {
        "product": [draw.choice("abcdefgh"[: 2 + draw.randrange(7)]) for _ in range(n)],
        "score": [draw.choice([None, 1, 2, 3, 3, 4, 4, 5, 5]) for _ in range(n)],
        "reviewed_at": [AS_OF - draw.randrange(300) * DAY for _ in range(n)],
    }
    of: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    last = max(rows["reviewed_at"])
    for product, score, day in zip(*rows.values(), strict=True):
        if score is not None:
            of[product].append((score, (last - day).days < 90))
    scores = {p: [score for score, _ in all_of] for p, all_of in of.items()}
    total = sum(map(len, scores.values()))
    within = sum((x - statistics.fmean(c)) ** 2 for c in scores.values() for x in c)
    sigma2 = (within + 4) / (total - len(scores) + 1)
    for weight in (None, 7.5):
        table = crm.reviews(rows, prior_weight=weight).to_dict()
        assert table["product"] == sorted(scores)
        taus = [2 * k / 63 for k in range(64)] if weight is None else [math.sqrt(sigma2 / weight)]
        steps = []
        for tau in taus:
            w = {p: 1 / (tau**2 + sigma2 / len(c)) for p, c in scores.items()}
            m = sum(w[p] * statistics.fmean(c) for p, c in scores.items()) / sum(w.values())
            ln = sum(math.log(w[p]) - w[p] * (statistics.fmean(scores[p]) - m) ** 2 for p in w) / 2
            steps.append((tau, m, sum(w.values()), ln - math.log(sum(w.values())) / 2))
        most = max(step[3] for step in steps)
        for at, (product, own) in enumerate(sorted(scores.items())):
            first = second = whole = 0.0
            for tau, m, weights, ln in steps:
                b = (sigma2 / len(own)) / (tau**2 + sigma2 / len(own))
                mean, variance = (
                    b * m + (1 - b) * statistics.fmean(own),
                    tau**2 * b + b**2 / weights,
                )
                first += math.exp(ln - most) * mean
                second += math.exp(ln - most) * (variance + mean**2)
                whole += math.exp(ln - most)
            mean = first / whole
            half = 1.959963984540054 * math.sqrt(second / whole - mean**2)
            assert near(table["bayesian_average"][at], mean)
            assert near(table["bayesian_average_low"][at], max(1, mean - half))
            assert near(table["bad_share"][at], sum(x <= 2 for x in own) / len(own))
            recent = [x for x, is_recent in of[product] if is_recent]
            before = [x for x, is_recent in of[product] if not is_recent]
            assert table["recent_reviews"][at] == len(recent)
            if recent and before:
                trend = statistics.fmean(recent) - statistics.fmean(before)
                error = math.sqrt(sigma2 * (1 / len(recent) + 1 / len(before)))
                half = stats.t.ppf(0.975, total - len(scores) + 1) * error
                assert near(table["trend"][at], trend)
                assert near(table["trend_high"][at], trend + half)
            else:
                assert table["trend"][at] is None


def test_frames_of_rows_are_alike() -> None:
    """Lists, numpy, pandas, polars and pyarrow give one request."""
    draw = random.Random(5)
    orders = shop(draw)
    rows = complaints_of(draw, orders)
    plain = crm.complaints(orders_of(orders), AS_OF, complaints=rows)
    for module, make in (("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "table")):
        library = pytest.importorskip(module)
        frame = getattr(library, make)(rows)
        assert (
            crm.complaints(orders_of(orders), AS_OF, complaints=frame).to_dict() == plain.to_dict()
        )
    assert "sha256" in plain.definition["options"]["complaints"]


def test_what_is_wrong_is_refused() -> None:
    orders = orders_of(shop(random.Random(1)))
    for rows, says in (
        ({"customer_id": [1]}, "`occurred_at`"),
        ({"occurred_at": ["soon"], "customer_id": [1]}, "complaints.occurred_at.*row 0"),
        ({"occurred_at": ["2025-03-01"], "customer_id": ["x"]}, "of the type that the orders"),
        (
            {"occurred_at": ["2025-03-01"], "answered_at": ["2025-02-01"]},
            "not before the complaint",
        ),
    ):
        with pytest.raises(crm.CrmError, match=says):
            crm.complaints(orders, complaints=rows)
    with pytest.raises(crm.OptionError, match="a list for each column"):
        crm.complaint_cost(orders)
    with pytest.raises(crm.OptionError, match="ascending"):
        answers: Rows = {"customer_id": [], "answered_at": [], "score": []}
        crm.satisfaction_churn(orders, answers=answers, bands=[8, 6])
    with pytest.raises(crm.DataError, match="within `scale`"):
        crm.reviews({"product": ["a"], "score": [6]})


def test_order_ids_that_two_shops_have() -> None:
    """A complaint is about the order of its shop or customer; else about none that is known."""
    orders = crm.Orders(
        {
            "customer_id": ["a", "b", "a", "b", "c"],
            "ordered_at": [f"2025-01-0{day}" for day in range(1, 6)],
            "amount": [100] * 5,
            "id": ["1", "1", "2", "2", "3"],
            "shop": ["s", "t", "s", "t", "s"],
        },
        currency="JPY",
        order_id="id",
        shop="shop",
    )
    rows: Rows = {"occurred_at": ["2025-02-01"] * 3, "order_id": ["1", "2", "3"]}

    def found(**more: list[Any]) -> tuple[Rows, Any]:
        table = crm.complaints(
            orders, "2025-12-31", complaints=rows | more, by="shop", since="2025-01-01"
        )
        cells = table.to_dict()
        names = ("complaints", "customers")
        of = zip(cells["group"], *(cells[name] for name in names), strict=True)
        return {name: list(numbers) for name, *numbers in of}, table.notes

    groups, notes = found()
    assert groups == {"s": [1, 1], "t": [0, 0], None: [2, 0]}
    assert notes["complaints_of_several_orders"] == 2
    groups, notes = found(shop=["t", "s", None])
    assert groups == {"s": [2, 2], "t": [1, 1]}
    groups, notes = found(customer_id=["b", "a", "a"])
    assert groups == {"s": [2, 1], "t": [1, 1]}
    assert notes["complaints_of_another_customers_order"] == 1  # the third is of c's order
    assert "complaints_of_several_orders" not in notes


def test_reviews_at_the_ends_of_what_is_possible() -> None:
    rows: Rows = {"product": ["a"] * 5 + ["b"] * 5, "score": [5] * 10}
    table = crm.reviews(rows).to_dict()
    for name in ("bayesian_average", "bayesian_average_high"):
        assert table[name] == [5.0, 5.0]
    for options, says in (
        ({"prior_weight": 1e-308}, "0.000001 to"),
        ({"prior_weight": 1e308}, "0.000001 to"),
        ({"scale": [1, 1e308]}, "within a million"),
        ({"bad": 9}, "`bad`"),
        ({"recent_days": 10}, "`recent_days`"),
        ({"until": "2025-01-01"}, "`until`"),
    ):
        with pytest.raises(crm.OptionError, match=says):
            crm.reviews(rows, **options)
    for options in ({"prior_weight": 1e-6}, {"prior_weight": 1e9}, {"scale": [0, 1e6]}):
        averages = crm.reviews(rows, **options).to_dict()["bayesian_average"]
        assert all(math.isfinite(one) for one in averages)


def test_equal_revenues_have_no_interval() -> None:
    rows: Rows = {"customer_id": [], "ordered_at": [], "amount": []}
    for who in range(4):
        for day in ("2025-01-05", "2025-03-05"):
            rows["customer_id"].append(who)
            rows["ordered_at"].append(day)
            rows["amount"].append(1_000 + (who == 3) * 500)
    orders = crm.Orders(rows, currency="JPY")
    answers = {
        "customer_id": [0, 1, 2, 3],
        "answered_at": ["2025-02-01"] * 4,
        "score": [1, 1, 9, 9],
    }
    table = crm.satisfaction_churn(orders, "2025-12-31", answers=answers).to_dict()
    lows = table["revenue_per_customer_low"]
    assert lows[0] is None and lows[1] < 1_250
