"""Purchase cycles: the curve of gaps, alerts that stand still, and input that has no answer."""

import collections
import csv
import datetime
import io
import itertools
import json
import math
import pathlib
import random
import statistics
from typing import Any

import pytest
from shops import ALL_LEVELS, DAY, START, build, by_id, days, regulars

import crm_core as crm
from crm_core import _cli

# ---- the curve of all gaps -----------------------------------------------------------------------


def test_the_curve_of_gaps_by_hand() -> None:
    """S by its product, the variance from each customer's influence on ln S, summed and squared."""
    rows = regulars()
    dates: dict[str, list[datetime.date]] = {}
    for customer, day, _ in rows:
        dates.setdefault(customer, []).append(day)
    end = START + datetime.timedelta(900)
    found = []  # customer, days, seen
    for customer, of_one in dates.items():
        of_one = sorted(set(of_one))
        gaps = [(b - a).days for a, b in itertools.pairwise(of_one)]
        found += [(customer, gap, True) for gap in gaps]
        found.append((customer, (end - of_one[-1]).days, False))
    shared = collections.Counter(customer for customer, *_ in found)
    for weight in ("customer", "gap"):
        weights = [1 / shared[c] if weight == "customer" else 1.0 for c, *_ in found]
        curve = crm.kaplan_meier(build(rows), end, weight=weight).to_dict()
        influence: dict[str, float] = dict.fromkeys(shared, 0.0)
        survival, hazard = 1.0, 0.0
        for at, day in enumerate(curve["days"]):
            of_day = list(zip(found, weights, strict=True))
            risk = math.fsum(w for (_, d, _), w in of_day if d >= day)
            events = math.fsum(w for (_, d, seen), w in of_day if d == day and seen)
            survival *= 1 - events / risk
            for (customer, d, seen), w in of_day:
                if d >= day and events:
                    influence[customer] += w * events / (risk * (risk - events))
                if d == day and seen:
                    influence[customer] -= w / (risk - events)
            assert curve["at_risk"][at] == pytest.approx(risk, rel=1e-12)
            assert curve["survival_rate"][at] == pytest.approx(survival, rel=1e-10)
            hazard = math.log(survival)
            if survival < 1:
                error = math.sqrt(math.fsum(u * u for u in influence.values()))
                stretch = statistics.NormalDist().inv_cdf(0.975) * error / -hazard
                low, high = (math.exp(hazard * math.exp(s)) for s in (stretch, -stretch))
                assert curve["survival_rate_low"][at] == pytest.approx(low, rel=1e-8)
                assert curve["survival_rate_high"][at] == pytest.approx(high, rel=1e-8)


def test_laws_weigh_customers_as_the_curve_does() -> None:
    """An open gap of 0 days says nothing of a law, and has its share of the weight all the same."""
    rows = [row for row in regulars() if row[1] <= DAY]
    rows += [(f"c{k:03}", DAY, 1) for k in range(0, 120, 2)]
    by_customer: dict[str, set[datetime.date]] = {}
    for customer, day, _ in rows:
        by_customer.setdefault(customer, set()).add(day)
    told = crm.gap_fits(build(rows), DAY).to_dict()
    scale, shape = told["value"][:2]
    assert told["parameter"][:2] == ["scale", "shape"]
    total = 0.0
    for found in by_customer.values():
        ordered = sorted(found)
        gaps = [(b - a).days for a, b in itertools.pairwise(ordered)]
        silent = (DAY - ordered[-1]).days
        logs = [math.log(shape / scale) + (shape - 1) * math.log(t / scale) for t in gaps]
        fallen = sum((t / scale) ** shape for t in [*gaps, silent])
        total += (sum(logs) - fallen) / (len(gaps) + 1)
    assert told["log_likelihood"][0] == pytest.approx(total, rel=1e-9)


def test_the_curve_of_durations_is_that_of_the_gaps() -> None:
    rows = regulars()
    by_customer: dict[str, list[datetime.date]] = {}
    for customer, day, _ in rows:
        by_customer.setdefault(customer, []).append(day)
    end = START + datetime.timedelta(900)
    durations, seen = [], []
    for of_one in by_customer.values():
        of_one = sorted(set(of_one))
        durations += [(b - a).days for a, b in itertools.pairwise([*of_one, end])]
        seen += [True] * (len(of_one) - 1) + [False]
    frame = {"duration": durations, "observed": seen, "left alone": [{}] * len(seen)}
    curve = crm.survival_curve(frame)
    whole = crm.kaplan_meier(build(rows), end, weight="gap")
    for name in ("at_risk", "events", "survival_rate"):
        assert curve[name].tolist() == whole[name].tolist()
    assert curve["duration"].tolist() == whole["days"].tolist()
    assert curve.notes["quantiles"] == whole.notes["quantiles"]
    with pytest.raises(crm.SchemaError, match="`duration`"):
        crm.survival_curve({"days": durations})
    with pytest.raises(crm.DataError, match="`duration`, row 1"):
        crm.survival_curve({"duration": [1, -1]})


# ---- alerts --------------------------------------------------------------------------------------


def test_alert_dates_do_not_move_until_an_order_arrives() -> None:
    rows = regulars()
    orders = build(rows)
    learned = crm.learn(orders, DAY)
    said: dict[tuple[str, str], datetime.date] = {}
    dates: dict[tuple[str, Any], set[Any]] = {}
    for k in range(0, 120, 5):
        today = DAY + datetime.timedelta(k)
        for alert in by_id(
            crm.alerts(orders, today, levels=["churn_risk", "lost"], learned=learned)
        ).values():
            if alert["change"] == "reached" and alert["level"] == "lost":
                key = (alert["customer_id"], f"{alert['last_date']} lost")
                dates.setdefault(key, set()).add((alert["reached_on"], alert["alert_key"]))
            elif alert["change"] == "reached":
                key = (alert["customer_id"], alert["last_date"])
                dates.setdefault(key, set()).add((alert["reached_on"], alert["alert_key"]))
        for one in by_id(crm.customer(orders, today, learned=learned)).values():
            if one["next_level"] is not None:
                key = (one["customer_id"], f"{one['last_date']} {one['next_level']}")
                date = said.setdefault(key, one["next_level_date"])
                assert one["next_level_date"] == date
                assert str(date) in one["counterfactual"] and str(date) in one["counterfactual_ja"]
    assert len(dates) > 50 and len(said) > 50
    assert all(len(told) == 1 for told in dates.values())


def test_the_counterfactual_comes_true() -> None:
    rows = [row for row in regulars() if row[1] <= DAY]
    orders = build(rows)
    learned = crm.learn(orders, DAY)
    today = by_id(crm.customer(orders, DAY, learned=learned))
    one = next(t for t in today.values() if t["level"] in ("due", "late", "churn_risk"))
    on, level = one["next_level_date"], one["next_level"]
    table = crm.customer(orders, DAY, learned=learned)
    column, row = table.columns.index("next_level"), list(today).index(one["customer_id"])
    english = level.replace("_", " ").capitalize()
    japanese = list(table.to_dict(labels="ja").values())[column][row]
    assert one["counterfactual"] == f"{english} from {on} unless an order arrives."
    assert one["counterfactual_ja"] == f"このまま注文がなければ{on}に「{japanese}」になります。"
    eve = on - datetime.timedelta(1)
    for day, expected in ((eve, one["level"]), (on, level)):
        then = by_id(crm.cycle(orders, day, learned=learned))[one["customer_id"]]
        assert then["level"] == expected
    fresh = by_id(crm.alerts(orders, on, since=eve, levels=[level], learned=learned))
    assert fresh[one["customer_id"]]["reached_on"] == on

    # With an order in between there is none, and the change says so.
    more = build([*rows, (one["customer_id"], eve, 1)])
    later = by_id(crm.alerts(more, on, levels=[one["level"]], since=DAY, learned=learned))
    assert later[one["customer_id"]]["change"] == "returned"
    assert later[one["customer_id"]]["reason"] == f"An order arrived on {eve} after the alert."


def test_dates_of_shops_learnt_anew_move_little() -> None:
    """What the module of `alerts` says of runs without `learned`, held loosely."""
    moved: dict[tuple[str, int], list[int]] = collections.defaultdict(list)
    for customers, seed in ((30, 1), (30, 2), (60, 3), (200, 4)):
        orders = build(regulars(customers, seed))
        for start, later in itertools.product(range(600, 900, 75), (1, 30)):
            first, then = (
                by_id(crm.alerts(orders, START + datetime.timedelta(k), levels=["due"]))
                for k in (start, start + later)
            )
            for customer in set(first) & set(then):
                one, two = first[customer], then[customer]
                for date, level in (("reached_on", "level"), ("next_level_date", "next_level")):
                    same = all(one[name] == two[name] for name in ("last_date", level))
                    if same and one[date]:
                        moved[date, later].append(abs((two[date] - one[date]).days))
    for (date, later), least in {
        ("reached_on", 1): 0.9,
        ("next_level_date", 1): 0.85,
        ("reached_on", 30): 0.75,
        ("next_level_date", 30): 0.4,
    }.items():
        off = moved[date, later]
        assert len(off) > 20 and sum(days <= 1 for days in off) > least * len(off), (date, later)


@pytest.mark.parametrize(
    ("per", "learnt"), [("customer", False), ("customer", True), ("product", False)]
)
def test_what_changed_is_the_difference_of_two_runs(per: str, learnt: bool) -> None:
    """Each run may learn the shop anew: nobody is lost between two of them, nobody told twice."""
    rows = regulars(250)
    products = ["tea" if k % 3 else "milk" for k in range(len(rows))]
    orders = build(rows, product=products)
    options: dict[str, Any] = {"per": per, "levels": ["late", "churn_risk"]}
    if learnt:
        options["learned"] = crm.learn(orders, START + datetime.timedelta(600))

    def standing(day: datetime.date, **more: Any) -> dict[tuple[Any, ...], tuple[str, str]]:
        told = crm.alerts(orders, day, **options, **more).to_dict()
        what = zip(
            told["customer_id"], told[per if per == "product" else "customer_id"], strict=True
        )
        said = zip(told["change"], told["level"], strict=True)
        return dict(zip(what, said, strict=True))

    seen: dict[str, int] = {"reached": 0, "returned": 0}
    # A run that learns the products anew is slow.
    for k in range(620, 900, 80 if per == "product" else 40):
        since, day = (START + datetime.timedelta(at) for at in (k, k + 7))
        before, now = standing(since), standing(day)
        ordered = {
            (c, product if per == "product" else c)
            for (c, at, _), product in zip(rows, products, strict=True)
            if since < at <= day
        }
        expected = {}
        for who, (_, level) in now.items():
            then = None if who in ordered else before.get(who)
            if then is None or ALL_LEVELS.index(level) > ALL_LEVELS.index(then[1]):
                expected[who] = ("reached", level)
        for who in ordered & set(before) - set(now):
            expected[who] = ("returned", before[who][1])
        assert standing(day, since=since) == expected
        for change, _ in expected.values():
            seen[change] += 1
    assert min(seen.values()) > 5


def test_no_two_alerts_have_one_key() -> None:
    """Customer 1 with product 23 is not customer 12 with product 3, nor a company customer 123."""
    days = [START + datetime.timedelta(30 * k) for k in range(4)]
    pairs = [("1", "23"), ("12", "3"), ("123", "")]
    rows = [(customer, day, 100) for customer, _ in pairs for day in days]
    orders = build(rows, product=[product for _, product in pairs for _ in days])
    late = START + datetime.timedelta(900)
    keys = [
        key
        for per in ("customer", "product")
        for key in crm.alerts(orders, late, per=per, levels=["lost"]).to_dict()["alert_key"]
    ]
    assert len(keys) == len(set(keys)) == 6


def test_levels_asked_for_are_thresholds() -> None:
    orders = build(regulars())
    told = by_id(crm.cycle(orders, DAY))
    for at, level in enumerate(ALL_LEVELS):
        ours = set(by_id(crm.alerts(orders, DAY, levels=[level])))
        # Who stands at lost is on no list but that of the lost, and is counted beside.
        reached = ALL_LEVELS[at:] if level == "lost" else ALL_LEVELS[at:-1]
        assert ours == {c for c, one in told.items() if one["level"] in reached}
        lost = sum(one["level"] == "lost" for one in told.values())
        notes = crm.alerts(orders, DAY, levels=[level]).notes
        assert notes.get("lost_left_out") == (None if level == "lost" else lost)
        assert set(crm.alerts(orders, DAY, levels=[level]).to_dict()["level"]) <= {level}
    assert set(by_id(crm.alerts(orders, DAY))) == set(
        by_id(crm.alerts(orders, DAY, levels=["churn_risk"]))
    )
    standing = {c: one["level"] for c, one in told.items() if one["level"] in ALL_LEVELS[2:]}
    both = by_id(crm.alerts(orders, DAY, levels=["churn_risk", "lost"]))
    assert {c: one["level"] for c, one in both.items()} == standing
    with pytest.raises(crm.OptionError, match="at least one of due, late, churn_risk, lost"):
        crm.alerts(orders, DAY, levels=[])
    with pytest.raises(crm.OptionError, match="a day before as_of"):
        crm.alerts(orders, DAY, since=DAY)


def test_lost_by_churn_days_whichever_comes_first() -> None:
    orders = build(regulars())
    options: dict[str, Any] = {"lost_by_churn_days": True, "churn_days": 60}
    told = by_id(crm.cycle(orders, DAY, **options))
    ours = by_id(crm.alerts(orders, DAY, levels=["lost"], **options))
    assert set(ours) == {c for c, one in told.items() if one["level"] == "lost"}
    plain = by_id(crm.alerts(orders, DAY, levels=["lost"]))
    assert set(plain) < set(ours)
    for customer, alert in ours.items():
        churned = alert["last_date"] + datetime.timedelta(60)
        own = plain.get(customer, {"reached_on": datetime.date.max})["reached_on"]
        assert alert["reached_on"] == min(churned, own)
    for alert in crm.alerts(orders, DAY, levels=["due"], **options).to_dict()["next_level_date"]:
        assert alert is None or alert > DAY


def test_why_not_to_write() -> None:
    rows = regulars(40)
    last = {customer: max(r[1] for r in rows if r[0] == customer) for customer, *_ in rows}
    names = sorted(last)
    out, pending, both = names[:10], names[10:20], names[5:15]
    status = ["pending" if r[0] in pending and r[1] == last[r[0]] else "completed" for r in rows]
    orders = crm.Orders(
        {
            "customer_id": [row[0] for row in rows],
            "ordered_at": [row[1] for row in rows],
            "amount": [row[2] for row in rows],
            "status": status,
        },
        currency="JPY",
        status="status",
        customers=crm.Customers(
            {"customer_id": names, "out": [name in out + both for name in names]}, opted_out="out"
        ),
    )
    alerts = by_id(crm.alerts(orders, DAY + datetime.timedelta(400), levels=["due", "lost"]))
    assert len(alerts) > 35
    for customer, alert in alerts.items():
        expected = "order_pending" if customer in pending else None
        if customer in out + both:
            expected = "opted_out"
        assert alert["suppressed_by"] == expected


@pytest.mark.parametrize("per", ["customer", "product"])
def test_a_subscription_is_open_until_it_has_been_silent_for_two_cycles(per: str) -> None:
    """By the definition, row by row, whatever one-off orders came in between and since."""
    rng = random.Random(8)
    rows = regulars(200)
    kinds = []
    for k in range(len(rows)):
        begins = k == 0 or rows[k - 1][0] != rows[k][0] or rng.random() < 0.1
        word = rng.choices(["sub", "one_off"], [1, 1 + int(rows[k][0][1:]) % 3])[0]
        kinds.append(word if word == "one_off" else "sub_first" if begins else "sub_renewal")
    products = [rng.choice(["tea", "milk"]) for _ in rows]
    orders = build(rows, kind=kinds, product=products)

    seen: dict[Any, list[tuple[datetime.date, str]]] = collections.defaultdict(list)
    for (customer, day, _), kind, product in zip(rows, kinds, products, strict=True):
        whom = customer if per == "customer" else (customer, product)
        if day <= DAY:
            seen[whom] += [(day, kind)] if kind != "one_off" else []
    own = {
        whom: [(b - a).days for (a, _), (b, k) in itertools.pairwise(of) if k == "sub_renewal"]
        for whom, of in seen.items()
    }
    shop = statistics.median_low(gap for gaps in own.values() for gap in gaps)
    for cycles in (2, 1.25):
        found = {None: 0, "subscription_open": 0}
        options = {} if cycles == 2 else {"subscription_cycles": cycles}
        told = crm.alerts(orders, DAY, levels=["due", "lost"], per=per, **options).to_dict()
        what = told["customer_id"]
        for whom, word in zip(
            what if per == "customer" else zip(what, told["product"], strict=True),
            told["suppressed_by"],
            strict=True,
        ):
            cycle = statistics.median_low(own[whom]) if own[whom] else shop
            silent = (DAY - seen[whom][-1][0]).days if seen[whom] else math.inf
            expected = "subscription_open" if silent <= cycles * cycle else None
            assert word == expected, (whom, silent, cycle)
            found[expected] += 1
        assert min(found.values()) > 5, found


def test_who_left_is_told_of_and_who_bought_something_else_is_not() -> None:
    """A subscriber silent for a year has left, also one who once renewed after a year's pause; a
    one-off after a renewal ends no subscription."""
    rows = regulars(60)
    left = [("left", day, 3000) for day in days(0, 30, 60, 90)]
    paused = [("paused", day, 3000) for day in days(0, 30, 60, 425, 455)]
    runs = [("runs", day, 3000) for day in days(*range(0, 900, 100))]
    extra = [("runs", START + datetime.timedelta(805), 100)]
    kinds = ["one_off"] * len(rows) + ["sub_first"] + ["sub_renewal"] * 3
    kinds += ["sub_first"] + ["sub_renewal"] * 4
    kinds += ["sub_first"] + ["sub_renewal"] * 8 + ["one_off"]
    orders = build([*rows, *left, *paused, *runs, *extra], kind=kinds)
    told = by_id(crm.alerts(orders, START + datetime.timedelta(995), levels=["due", "lost"]))
    assert told["left"]["suppressed_by"] is None is told["paused"]["suppressed_by"]
    assert told["runs"]["suppressed_by"] == "subscription_open"
    with pytest.raises(crm.OptionError, match="subscription_cycles"):
        crm.alerts(orders, DAY, subscription_cycles=0)


def test_a_rerun_changes_nothing_and_the_best_come_first() -> None:
    orders = build(regulars())
    first, again = (crm.alerts(orders, DAY, since="2025-06-01").to_dict() for _ in range(2))
    assert first == again
    alerts = crm.alerts(orders, DAY, levels=["due"]).to_dict()
    ranked = sorted(zip(alerts["priority"], alerts["expected_revenue"], strict=True))
    assert [priority for priority, _ in ranked] == list(range(1, len(ranked) + 1))
    assert [worth for _, worth in ranked] == sorted(alerts["expected_revenue"], reverse=True)


# ---- input that has no answer, or a wide one -----------------------------------------------------


def test_one_purchase_only_has_a_wide_answer() -> None:
    rows = [*regulars(60), ("new", DAY, 100)]
    told = by_id(crm.cycle(build(rows), DAY))
    new = told["new"]
    assert new["gaps"] == 0 and 0 < new["probability_within"] < new["probability_alive"] < 1
    # As wide as the gaps of the shop differ.
    at: dict[str, list[datetime.date]] = {}
    for customer, day, _ in rows:
        at.setdefault(customer, []).append(day)
    gaps = [(b - a).days for own in at.values() for a, b in itertools.pairwise(sorted(own))]
    lower, _, upper = statistics.quantiles([gap for gap in gaps if gap], n=4)
    assert (new["date_p10"] - DAY).days < lower < upper < (new["date_p90"] - DAY).days


def test_a_shop_without_repeat_customers_has_no_dates() -> None:
    orders = build([(f"c{k}", day, 100) for k, day in enumerate(days(*range(50)))])
    table = crm.cycle(orders, DAY).to_dict()
    for column in ("predicted_date", "date_p10", "probability_within", "level"):
        assert table[column] == [None] * 50, column
    assert len(crm.alerts(orders, DAY)) == 0
    assert crm.likely_buyers(orders, DAY).to_dict()["rank"] == [None] * 50
    assert crm.cycle(orders, DAY, method="mean").to_dict()["predicted_date"] == [None] * 50
    document = crm.learn(orders, DAY).notes["learned"]
    assert document["gap_model"] is None
    one = crm.customer(build([("c1", START, 100)]), DAY, learned=document).to_dict()
    assert (one["predicted_date"], one["level"], one["reason"]) == ([None], [None], [None])
    assert one["counterfactual"] == [None]


def test_all_on_one_day_is_one_purchase() -> None:
    orders = build([("a", START, 100), ("a", START, 200), ("b", START, 100)])
    table = crm.cycle(orders, DAY).to_dict()
    assert table["gaps"] == [0, 0] and table["predicted_date"] == [None, None]


def test_equal_gaps_are_answered_with_a_narrow_but_not_a_bare_date() -> None:
    rows = [(f"c{k}", day, 100) for k in range(40) for day in days(*range(k, 800, 30))]
    table = crm.cycle(build(rows), START + datetime.timedelta(810)).to_dict()
    silent = [(START + datetime.timedelta(810) - day).days for day in table["last_date"]]
    assert min(silent) < 20 and max(silent) > 35
    for days_silent, early, middle, late in zip(
        silent, table["date_p10"], table["predicted_date"], table["date_p90"], strict=True
    ):
        assert early <= middle <= late
        width = (late - early).days
        # Who has missed the day is off the beat: then nobody knows so well.
        assert 0 <= width <= 12 if days_silent < 32 else 5 <= width <= 90, days_silent
    assert all(0 < p < 1 for p in table["probability_alive"])


@pytest.mark.parametrize("gaps", [[30], [1], [1, 1], [3000]])
def test_a_single_repeat_customer_is_enough_to_say_something_wide(gaps: list[int]) -> None:
    at = [0]
    for gap in gaps:
        at.append(at[-1] + gap)
    today = START + datetime.timedelta(at[-1] + 5)
    rows = [("a", day, 100) for day in days(*at)] + [("b", START, 100)]
    table = crm.cycle(build(rows), today).to_dict()
    for customer in (0, 1):
        assert table["predicted_date"][customer] is None or (
            table["date_p10"][customer] <= table["predicted_date"][customer]
        )
        assert 0 <= table["probability_within"][customer] <= 1


def test_as_of_before_or_long_after_the_last_order() -> None:
    orders = build(regulars(60))
    assert len(crm.cycle(orders, "2020-01-01")) == 0
    assert len(crm.alerts(orders, "2020-01-01")) == 0
    before = by_id(crm.cycle(orders, "2024-01-01"))
    known = {row[0] for row in regulars(60) if row[1] <= datetime.date(2024, 1, 1)}
    assert set(before) == known
    late = crm.cycle(orders, "2075-01-01").to_dict()
    assert set(late["level"]) == {"lost"}
    assert max(late["probability_within"]) < 0.01
    for day in [*late["date_p10"], *late["predicted_date"]]:
        assert day is None or day > datetime.date(2075, 1, 1)
    assert crm.alerts(orders, "2075-01-01", levels=["lost"]).to_dict()["next_level"] == [
        None
    ] * len(set(late["customer_id"]))


def test_a_history_shorter_than_the_horizon() -> None:
    rows = [(f"c{k}", day, 100) for k in range(30) for day in days(k % 3, 5 + k % 4)]
    orders = build(rows)
    today = START + datetime.timedelta(10)
    table = crm.cycle(orders, today, within=365).to_dict()
    assert all(0 < p < 1 and math.isfinite(p) for p in table["probability_within"])
    with pytest.raises(crm.OptionError, match="1 to 36,525 days"):
        crm.cycle(orders, today, within=0)
    with pytest.raises(crm.OptionError, match="1 to 36,525 days"):
        crm.likely_buyers(orders, today, within=40_000)
    # A backtest has no origin there, and says so.
    with pytest.raises(crm.DataError, match="at least 365 days of history before as_of"):
        crm.backtest(orders, today, within=365)


def test_gaps_beyond_the_model_are_refused_as_what_they_are() -> None:
    years = ("1900-01-01", "5000-01-01", "9999-01-01")
    rows = [(f"c{k}", datetime.date.fromisoformat(year), 1) for k in range(30) for year in years]
    with pytest.raises(
        crm.ConvergenceError, match="gap model did not converge: gaps are longer or shorter"
    ):
        crm.cycle(build(rows), "9999-12-31")


@pytest.mark.parametrize("days", [10**9, 2**31, 4 * 10**9])
def test_a_horizon_longer_than_all_time_is_refused(days: int) -> None:
    orders = build(regulars(5))
    for task, option in (("cycle", "within"), ("backtest", "step"), ("threshold_sweep", "margin")):
        with pytest.raises(crm.OptionError, match=option):
            crm.run(task, orders, {"as_of": DAY, option: days})


def test_a_column_that_there_is_not() -> None:
    with pytest.raises(crm.SchemaError, match="product"):
        crm.cycle(build(regulars(5)), DAY, per="product")
    with pytest.raises(crm.OptionError, match=r"seasonality\.13"):
        crm.cycle(build(regulars(5)), DAY, seasonality={13: 1})


# ---- the command line ----------------------------------------------------------------------------


def test_alerts_on_the_command_line(
    tmp_path: pathlib.Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    pytest.importorskip("pyarrow")
    rows = regulars()
    path = tmp_path / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "ordered_at", "amount"])
        writer.writerows((c, day.isoformat(), amount) for c, day, amount in rows)
    said = ["-q", "--currency", "JPY"]

    def lines(*arguments: str) -> list[dict[str, str]]:
        status = _cli.main([arguments[0], str(path), *said, *arguments[1:]])
        rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))
        assert status == (0 if rows else 1)
        return rows

    ours = lines("alerts", "--as-of", str(DAY), "--since", "2025-06-29")
    eve = crm.alerts(build(rows), DAY, since="2025-06-29").to_dict()
    assert [one["alert_key"] for one in ours] == eve["alert_key"]
    levels = lines("alerts", "--as-of", str(DAY), "--level", "due,late")
    expected = crm.alerts(build(rows), DAY, levels=["due", "late"]).to_dict()
    assert [one["customer_id"] for one in levels] == expected["customer_id"]
    # Left alone, it is about the day of the last order, and yesterday is the day before.
    left_alone = lines("alerts", "--since", "yesterday")
    last = build(rows).last_date
    eve = last - datetime.timedelta(1)
    assert [one["alert_key"] for one in left_alone] == (
        crm.alerts(build(rows), last, since=eve).to_dict()["alert_key"]
    )
    document = tmp_path / "learned.json"
    arguments = ["learn", str(path), *said, "--as-of", str(DAY), "-o", str(document)]
    assert _cli.main(arguments) == 0
    assert json.loads(document.read_text()) == crm.learn(build(rows), DAY).notes["learned"]
    assert lines("alerts", "--as-of", str(DAY), "--learned", str(document))
    assert _cli.main(["alerts", str(path), *said, "--since", "soon"]) == 2
    assert b"--since: soon is not a date" in capsysbinary.readouterr().err
    assert _cli.main(["alerts", str(path), *said, "--learned", str(path)]) == 2
    assert b"is not what `crm learn` has written" in capsysbinary.readouterr().err


def test_dates_end_where_the_calendar_does() -> None:
    """The same shop eight thousand years later says the same; what is past 9999 has no date."""
    rows, late = regulars(60), datetime.date(9999, 12, 1)
    ahead = (late - DAY).days
    last = datetime.date.max.toordinal() - ahead

    def later(value: Any) -> Any:
        if not isinstance(value, datetime.date):
            return value
        ends = value.toordinal() > last
        return None if ends else value + datetime.timedelta(ahead)

    now = build(rows)
    then = build([(who, later(day), amount) for who, day, amount in rows if day <= DAY])
    ends = 0
    for analysis in (crm.cycle, crm.alerts):
        options: dict[str, Any] = {"levels": ALL_LEVELS} if analysis is crm.alerts else {}
        ours, expected = (analysis(at[0], at[1], **options) for at in ((then, late), (now, DAY)))
        for name, cells in expected.to_dict().items():
            if name in ("alert_key", "reason", "reason_ja", "counterfactual", "counterfactual_ja"):
                continue
            found = ours.to_dict()[name]
            if name == "next_level":
                dates = zip(cells, expected.to_dict()["next_level_date"], strict=True)
                cells = [level if later(day) else None for level, day in dates]
            assert found == [later(cell) for cell in cells], name
            ends += sum(cell is not None and later(cell) is None for cell in cells)
    assert ends > 20
