"""Purchase cycles: what is learnt once says the same of a customer shown alone; products, companies
and seasons; alerts that stand still; and input that has no answer."""

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

import crm_core as crm
from crm_core import _cli

DAY = datetime.date(2025, 6, 30)
START = datetime.date(2023, 1, 1)
ALL_LEVELS = ["due", "late", "churn_risk", "lost"]

Rows = list[tuple[str, datetime.date, int]]


def build(rows: Rows, currency: str = "JPY", **columns: list[Any]) -> crm.Orders:
    """Orders of (customer, day, amount), with further columns by their role."""
    customers, days, amounts = ([row[at] for row in rows] for at in range(3))
    data = {"customer_id": customers, "ordered_at": days, "amount": amounts, **columns}
    roles: dict[str, Any] = {role: role for role in columns}
    return crm.Orders(data, currency=currency, **roles)


def days(*offsets: int) -> list[datetime.date]:
    return [START + datetime.timedelta(offset) for offset in offsets]


def regulars(customers: int = 120, seed: int = 5, last: int = 900) -> Rows:
    """Customers of rhythms of their own, of whom some leave."""
    rng = random.Random(seed)
    rows: Rows = []
    for k in range(customers):
        typical, at = 15 + 10 * (k % 7), rng.randrange(500)
        while at <= last:
            rows.append((f"c{k:03}", START + datetime.timedelta(at), 1000 + 100 * (k % 9)))
            if rng.random() < 0.1:
                break
            at += max(1, round(typical * rng.gammavariate(5, 1 / 5)))
    return rows


def by_id(table: crm.Table) -> dict[Any, dict[str, Any]]:
    columns = table.to_dict()
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return {row[names.index("customer_id")]: dict(zip(names, row, strict=True)) for row in rows}


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


# ---- learn and customer --------------------------------------------------------------------------


@pytest.mark.parametrize("currency", ["JPY", "USD"])
def test_a_customer_alone_is_what_the_whole_shop_says(currency: str) -> None:
    rows = regulars()
    orders = build(rows, currency)
    learned = crm.learn(orders, DAY)
    text = json.dumps(learned.notes["learned"])
    assert len(text) < 5000

    money = None if currency == "JPY" else {"mean_order_values": 7}
    summary = crm.clv_summary(orders, DAY)
    models = crm.MbgNbd().fit(summary), crm.GammaGamma().fit(summary)
    value = by_id(crm.clv(*models, summary, interval=None))
    rfm, cpm = by_id(crm.rfm(orders, DAY)), by_id(crm.cpm(orders, DAY, money=money))
    cycle, alerts = by_id(crm.cycle(orders, DAY)), by_id(crm.alerts(orders, DAY, levels=ALL_LEVELS))
    seen = set()
    for customer in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == customer and row[1] <= DAY]
        if not own:
            continue
        one = crm.customer(build(own, currency), DAY, learned=json.loads(text)).to_dict()
        told = {name: cells[0] for name, cells in one.items()}
        for name in ("orders", "revenue", "recency_days", "r", "f", "m"):
            assert told[name] == rfm[customer][name], name
        assert told["rfm_segment"] == rfm[customer]["segment"]
        assert told["cpm_segment"] == cpm[customer]["segment"]
        assert told["cpm_state"] == cpm[customer]["state"]
        for name in cycle[customer]:
            if isinstance(told[name], float):
                assert told[name] == pytest.approx(cycle[customer][name], abs=1e-12), name
            else:
                assert told[name] == cycle[customer][name], name
        seen.add(told["level"])
        alert = alerts.get(customer, {"reason_code": None, "reason": None, "reason_ja": None})
        for name in ("reason_code", "reason", "reason_ja"):
            assert told[name] == alert[name], name
        if customer in alerts:
            for name in ("reached_on", "next_level", "next_level_date", "counterfactual"):
                assert told[name] == alert[name], name
        for name in ("expected_purchases", "expected_spend", "clv"):
            assert told[name] == pytest.approx(value[customer][name], rel=1e-9), name
    assert {"ok", "due", "lost"} <= seen


def test_what_was_learnt_is_applied_by_every_analysis() -> None:
    rows = regulars()
    orders = build(rows)
    learned = crm.learn(orders, DAY)
    later = DAY + datetime.timedelta(60)
    some = build([row for row in rows if row[0] < "c030"])
    assert crm.rfm(some, DAY, learned=learned).to_dict()["r"] != crm.rfm(some, DAY).to_dict()["r"]
    frozen = by_id(crm.rfm(orders, DAY, learned=learned))
    assert frozen == by_id(crm.rfm(orders, DAY))
    cuts = crm.rfm(orders, DAY).notes["cuts"]
    by_cuts = crm.rfm(orders, later, mode="frozen", cuts=cuts).to_dict()
    assert crm.rfm(orders, later, learned=learned).to_dict() == by_cuts
    for analysis in (crm.cycle, crm.likely_buyers, crm.alerts):
        alone, whole = by_id(analysis(some, DAY, learned=learned)), by_id(analysis(orders, DAY))
        assert alone
        for customer, told in alone.items():
            assert {n: v for n, v in told.items() if n not in ("rank", "priority")} == {
                n: v for n, v in whole[customer].items() if n not in ("rank", "priority")
            }


def test_a_document_of_another_shop_or_form_is_refused() -> None:
    orders = build(regulars(20))
    document = crm.learn(orders, DAY).notes["learned"]
    dollars = build(regulars(20), "USD")
    for wrong, says in [
        ({**document, "version": 2}, "version 1 or older"),
        ({"gap_model": None}, "version 1 or older"),
        ({**document, "gap_model": {"family": "gamma"}}, "learned.gap_model"),
    ]:
        with pytest.raises(crm.OptionError, match=says):
            crm.customer(orders, DAY, learned=wrong)
    with pytest.raises(crm.OptionError, match=r"learned\.currency.*\"USD\", as in this request"):
        crm.customer(dollars, DAY, learned=document)
    with pytest.raises(crm.OptionError, match=r"learned\.currency"):
        crm.rfm(dollars, DAY, learned=document)
    with pytest.raises(crm.OptionError, match="cuts from one place"):
        crm.rfm(orders, DAY, mode="threshold", preset="uchide_repeat", learned=document)
    with pytest.raises(crm.OptionError, match="expected what `learn` has given"):
        crm.rfm(orders, DAY, learned="no json")
    with pytest.raises(crm.OptionError, match="what is learnt is of customers"):
        crm.cycle(orders, DAY, learned=document, per="ordered_at")
    with pytest.raises(crm.OptionError, match="a date: this analysis asks about a given day"):
        crm.customer(orders, None, learned=document)


# ---- per product, per company --------------------------------------------------------------------


def supplies(seed: int = 3) -> tuple[Rows, list[str], dict[tuple[str, str], datetime.date]]:
    """A shop whose products are used up at paces of their own, and what is bought after `DAY`."""
    rng = random.Random(seed)
    rows: Rows = []
    products: list[str] = []
    then: dict[tuple[str, str], datetime.date] = {}
    for k in range(500):
        for product, pace in (("milk", 10), ("tea", 40), ("lamp", 160)):
            if rng.random() < 0.5:
                continue
            typical = pace * rng.lognormvariate(0, 0.25)
            at = rng.randrange(0, 905)
            while True:
                day = START + datetime.timedelta(at)
                if day > DAY:
                    then[f"c{k}", product] = day
                    break
                rows.append((f"c{k}", day, 500))
                products.append(product)
                if rng.random() < 0.05:
                    break
                at += max(1, round(typical * rng.gammavariate(9, 1 / 9)))
    return rows, products, then


def test_products_have_paces_of_their_own() -> None:
    rows, products, then = supplies()
    ours = crm.cycle(build(rows, product=products), DAY, per="product").to_dict()
    assert list(ours)[:2] == ["customer_id", "product"]
    pairs = list(zip(ours["customer_id"], ours["product"], strict=True))
    assert pairs == sorted(set(pairs)) and len(pairs) > 600
    of_pair: dict[tuple[str, str], set[datetime.date]] = {}
    for row, product in zip(rows, products, strict=True):
        of_pair.setdefault((row[0], product), set()).add(row[1])
    assert pairs == sorted(of_pair)
    assert ours["last_date"] == [max(of_pair[pair]) for pair in pairs]
    assert ours["gaps"] == [len(of_pair[pair]) - 1 for pair in pairs]

    # Against the same pairs as if they were customers, without a pace of their product.
    apart = [(f"{row[0]}|{product}", *row[1:]) for row, product in zip(rows, products, strict=True)]
    plain = by_id(crm.cycle(build(apart), DAY))

    def error(predicted: list[Any], chosen: list[int]) -> float:
        off = [abs((predicted[i] - then[pairs[i]]).days) for i in chosen]
        return statistics.mean(off)

    returners = [i for i, pair in enumerate(pairs) if pair in then]
    fresh = [i for i in returners if ours["gaps"][i] <= 1]
    others = [plain["|".join(pair)]["predicted_date"] for pair in pairs]
    assert len(fresh) > 20
    assert error(ours["predicted_date"], returners) < error(others, returners)
    assert error(ours["predicted_date"], fresh) < 0.8 * error(others, fresh)

    buyers = crm.likely_buyers(build(rows, product=products), DAY, per="product", limit=10)
    assert len(buyers) == 10 and buyers.columns[:3] == ["customer_id", "product", "rank"]
    keys = crm.alerts(build(rows, product=products), DAY, per="product").to_dict()["alert_key"]
    assert len(set(keys)) == len(keys) > 20


def test_lines_of_an_order_are_of_their_products() -> None:
    at = days(0, 0, 30, 60, 60, 90)
    data = {
        "customer_id": ["a"] * 6,
        "order_id": [1, 1, 2, 3, 3, 4],
        "ordered_at": at,
        "amount": [100, 900, 100, 100, 900, 100],
        "product": ["milk", "lamp", "milk", "milk", "lamp", "milk"],
    }
    orders = crm.Orders(data, currency="JPY", order_id="order_id", product="product")
    table = crm.likely_buyers(orders, days(100)[0], per="product").to_dict()
    assert table["product"] == ["lamp", "milk"]
    assert table["last_date"] == [at[4], at[5]]
    assert table["usual_gap_days"] == [60, 30]
    first = crm.cycle(orders, days(40)[0], per="product", where={"product": "milk"}).to_dict()
    assert (first["product"], first["gaps"]) == (["milk"], [1])


def test_companies_are_their_users_together() -> None:
    rows = regulars(90)
    users = sorted({row[0] for row in rows})
    company = {user: f"co{int(user[1:]) % 25}" for user in users[:80]}
    table = {"customer_id": users, "company": [company.get(user) for user in users]}
    customers = crm.Customers(table, dimensions=["company"])
    columns = list(zip(*rows, strict=True))
    data = dict(zip(("customer_id", "ordered_at", "amount"), map(list, columns), strict=True))
    orders = crm.Orders(data, currency="JPY", customers=customers)

    merged = [(company[row[0]], *row[1:]) for row in rows if row[0] in company]
    for analysis in (crm.cycle, crm.likely_buyers, crm.alerts):
        ours = analysis(orders, DAY, per="company").to_dict()
        expected = analysis(build(merged), DAY).to_dict()
        assert ours.pop("company") == expected.pop("customer_id")
        rolled_up = ours.pop("customers")
        if analysis is crm.cycle:
            active = {(company[r[0]], r[0]) for r in rows if r[0] in company and r[1] <= DAY}
            counts = [sum(c == name for c, _ in active) for name in sorted(set(company.values()))]
            assert rolled_up == counts
        assert ours == expected
    shown = crm.cycle(orders, DAY, per="company", customers={"customer_id": "c003"}).to_dict()
    assert shown["company"] == [company["c003"]]


# ---- seasons -------------------------------------------------------------------------------------

FACTORS = dict(zip(range(1, 13), (0.4, 0.4, 0.7, 1, 1, 1, 1, 1, 1, 1, 2, 3.5), strict=True))


def seasonal(seed: int = 8) -> tuple[Rows, dict[str, datetime.date], datetime.date]:
    """A shop whose customers' time runs by `FACTORS`, seen in the middle of November."""
    rng = random.Random(seed)
    seen = datetime.date(2025, 11, 15)
    mean = sum(FACTORS[(START + datetime.timedelta(d)).month] for d in range(1461)) / 1461
    clock = [0.0]
    for d in range(2000):
        clock.append(clock[-1] + FACTORS[(START + datetime.timedelta(d)).month] / mean)
    rows: Rows = []
    then: dict[str, datetime.date] = {}
    for k in range(700):
        typical, own = 35 * rng.lognormvariate(0, 0.4), rng.random() * clock[1000]
        while True:
            at = next(d for d in range(len(clock)) if clock[d + 1] > own)
            day = START + datetime.timedelta(at)
            if day > seen:
                then[f"c{k}"] = day
                break
            rows.append((f"c{k}", day, 700))
            if rng.random() < 0.04:
                break
            own += typical * rng.gammavariate(6, 1 / 6)
    return rows, then, seen


def test_known_seasons_are_better_than_none() -> None:
    rows, then, seen = seasonal()
    orders = build(rows)

    def judge(**options: Any) -> tuple[float, float, float, float]:
        told = by_id(crm.cycle(orders, seen, **options))
        off = [abs((told[c]["predicted_date"] - day).days) for c, day in then.items()]
        inside = [told[c]["date_p10"] <= day <= told[c]["date_p90"] for c, day in then.items()]
        horizon = seen + datetime.timedelta(30)
        expected = statistics.mean(one["probability_within"] for one in told.values())
        observed = sum(day <= horizon for day in then.values()) / len(told)
        return statistics.mean(off), statistics.mean(inside), expected, observed

    error, inside, expected, observed = judge(seasonality=FACTORS)
    plain_error, _, plain_expected, _ = judge()
    assert error < 0.9 * plain_error
    assert 0.75 < inside < 0.87
    assert abs(expected / observed - 1) < 0.07
    assert abs(plain_expected / observed - 1) > 0.15

    # Learnt with its seasons, and applied with them.
    learned = crm.learn(orders, seen, seasonality=FACTORS)
    again = crm.cycle(orders, seen, learned=learned).to_dict()
    assert again == crm.cycle(orders, seen, seasonality=FACTORS).to_dict()
    with pytest.raises(crm.OptionError, match="nothing beside `learned`"):
        crm.cycle(orders, seen, learned=learned, seasonality=FACTORS)
    even = crm.cycle(orders, seen, seasonality={})
    assert even.to_dict() == crm.cycle(orders, seen).to_dict()


def test_a_closed_shop_moves_the_dates() -> None:
    orders = build(regulars())
    learned = crm.learn(orders, DAY).notes["learned"]
    plain = by_id(crm.cycle(orders, DAY, learned=learned))
    closed = {DAY + datetime.timedelta(d): 0 for d in range(1, 11)}
    shut = by_id(crm.cycle(orders, DAY, learned={**learned, "seasonality": _texts(closed)}))
    for customer, told in plain.items():
        assert shut[customer]["overdue_probability"] == told["overdue_probability"]
        assert shut[customer]["date_p10"] == told["date_p10"] + datetime.timedelta(10)
        assert shut[customer]["probability_within"] <= told["probability_within"]


@pytest.mark.parametrize("factors", [None, FACTORS])
def test_a_backtest_judges_what_cycle_says(factors: dict[int, float] | None) -> None:
    """Errors, probabilities and alerts of one origin, from `cycle` and `alerts` of that day."""
    rows = regulars(200)
    orders = build(rows)
    end = START + datetime.timedelta(900)
    plan: dict[str, Any] = {"origins": 1, "follow": 200, "seasonality": factors}
    judged = crm.backtest(orders, end, within=40, **plan).to_dict()
    origin = judged["origin"][0]
    assert origin == end - datetime.timedelta(200)
    told = by_id(crm.cycle(orders, origin, within=40, seasonality=factors))
    after = {customer: [] for customer in told}
    for customer, day, _ in rows:
        if day > origin and customer in told:
            after[customer].append(day)
    back = {customer: min(days) for customer, days in after.items() if days}
    errors = [abs((told[c]["predicted_date"] - day).days) for c, day in back.items()]
    assert judged["returned"][0] == len(back) > 30
    assert judged["mae_days"][0] == pytest.approx(statistics.mean(errors), rel=1e-12)
    assert judged["median_error_days"][0] == statistics.median(errors)
    soon = {c for c, day in back.items() if (day - origin).days <= 40}
    misses = [(told[c]["probability_within"] - (c in soon)) ** 2 for c in told]
    assert judged["brier"][0] == pytest.approx(statistics.mean(misses), rel=1e-10)
    assert judged["observed_rate"][0] == pytest.approx(len(soon) / len(told), rel=1e-12)
    expected = statistics.mean(one["probability_within"] for one in told.values())
    assert judged["expected_rate"][0] == pytest.approx(expected, rel=1e-10)

    bins = crm.backtest_calibration(orders, end, within=40, **plan).to_dict()
    for at in range(10):
        of_bin = [c for c in told if min(9, int(10 * told[c]["probability_within"])) == at]
        assert bins["customers"][at] == len(of_bin)
        assert bins["bought"][at] == len(soon & set(of_bin))

    found = crm.backtest_alerts(orders, end, k=[7], **plan).to_dict()
    levels = ["due", "late", "churn_risk", "lost"]
    for at, level in enumerate(levels):
        flagged = {c for c in told if told[c]["level"] in levels[at:]}
        gone = flagged - set(back)
        assert found["rule"][at] == level
        assert found["flagged"][at] == len(flagged)
        if flagged:
            assert found["precision_rate"][at] == pytest.approx(len(gone) / len(flagged))
            assert found["recall_rate"][at] == pytest.approx(len(gone) / (len(told) - len(back)))


def test_a_backtest_is_of_customers() -> None:
    orders = build(regulars(20), product=["a"] * len(regulars(20)))
    for task in ("backtest", "backtest_calibration", "backtest_alerts"):
        with pytest.raises(crm.OptionError, match="`per`"):
            crm.run(task, orders, {"as_of": DAY, "per": "product"})


def _texts(factors: dict[datetime.date, int]) -> dict[str, int]:
    return {str(day): factor for day, factor in factors.items()}


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
            crm.alerts(orders, today, levels=["churn_risk"], learned=learned)
        ).values():
            if alert["change"] == "reached":
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


def test_levels_asked_for_are_thresholds() -> None:
    orders = build(regulars())
    told = by_id(crm.cycle(orders, DAY))
    for at, level in enumerate(ALL_LEVELS):
        ours = set(by_id(crm.alerts(orders, DAY, levels=[level])))
        assert ours == {c for c, one in told.items() if one["level"] in ALL_LEVELS[at:]}
        assert set(crm.alerts(orders, DAY, levels=[level]).to_dict()["level"]) <= {level}
    assert set(by_id(crm.alerts(orders, DAY))) == set(
        by_id(crm.alerts(orders, DAY, levels=["churn_risk"]))
    )
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
    out, pending, subscribed, both = names[:10], names[10:20], names[20:30], names[5:15]
    status = ["pending" if r[0] in pending and r[1] == last[r[0]] else "completed" for r in rows]
    kind = ["sub_renewal" if r[0] in subscribed else "one_off" for r in rows]
    table = {"customer_id": names, "out": [name in out + both for name in names]}
    columns = dict(
        zip(
            ("customer_id", "ordered_at", "amount"),
            map(list, zip(*rows, strict=True)),
            strict=True,
        )
    )
    orders = crm.Orders(
        {**columns, "status": status, "kind": kind},
        currency="JPY",
        status="status",
        kind="kind",
        customers=crm.Customers(table, opted_out="out"),
    )
    alerts = by_id(crm.alerts(orders, DAY + datetime.timedelta(400), levels=["due"]))
    assert len(alerts) > 35
    for customer, alert in alerts.items():
        expected = None
        if customer in out or customer in both:
            expected = "opted_out"
        elif customer in pending:
            expected = "order_pending"
        elif customer in subscribed:
            expected = "subscription_open"
        assert alert["suppressed_by"] == expected


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
    for early, middle, late in zip(
        table["date_p10"], table["predicted_date"], table["date_p90"], strict=True
    ):
        assert early <= middle <= late
        assert 0 <= (late - early).days <= 12
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
        assert _cli.main([arguments[0], str(path), *said, *arguments[1:]]) == 0
        return list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))

    ours = lines("alerts", "--as-of", str(DAY), "--since", "2025-06-29")
    eve = crm.alerts(build(rows), DAY, since="2025-06-29").to_dict()
    assert [one["alert_key"] for one in ours] == eve["alert_key"]
    levels = lines("alerts", "--as-of", str(DAY), "--level", "due,late")
    expected = crm.alerts(build(rows), DAY, levels=["due", "late"]).to_dict()
    assert [one["customer_id"] for one in levels] == expected["customer_id"]
    # Left alone, it is about today, when all of these have left long ago.
    today = lines("alerts", "--since", "yesterday")
    assert today == []
    document = tmp_path / "learned.json"
    arguments = ["learn", str(path), *said, "--as-of", str(DAY), "-o", str(document)]
    assert _cli.main(arguments) == 0
    assert json.loads(document.read_text()) == crm.learn(build(rows), DAY).notes["learned"]
    assert lines("alerts", "--as-of", str(DAY), "--learned", str(document))
    assert _cli.main(["alerts", str(path), *said, "--since", "soon"]) == 2
    assert b"--since: soon is not a date" in capsysbinary.readouterr().err
    assert _cli.main(["alerts", str(path), *said, "--learned", str(path)]) == 2
    assert b"is not what `crm learn` has written" in capsysbinary.readouterr().err
