"""Purchase cycles of a shop whose demand has seasons, and backtests of them."""

import datetime
import random
import statistics
from typing import Any

import pytest
from shops import DAY, START, Rows, build, by_id, regulars

import crm_core as crm

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
    plain_error, _, plain_expected, _ = judge(seasonality="none")
    assert error < 0.9 * plain_error
    assert 0.75 < inside < 0.87
    assert abs(expected / observed - 1) < 0.07
    assert abs(plain_expected / observed - 1) > 0.15

    # Learnt with its seasons, and applied with them.
    learned = crm.learn(orders, seen, seasonality=FACTORS)
    again = crm.cycle(orders, seen, learned=learned).to_dict()
    assert again == crm.cycle(orders, seen, seasonality=FACTORS).to_dict()
    with pytest.raises(crm.OptionError, match="beside `learned`"):
        crm.cycle(orders, seen, learned=learned, seasonality=FACTORS)
    even = crm.cycle(orders, seen, seasonality={})
    assert even.to_dict() == crm.cycle(orders, seen, seasonality="none").to_dict()


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

    lines: dict[str, Any] = {
        "days": [],
        "levels": [0.5, 0.9],
        "follow": 200,
        "seasonality": factors,
    }
    sweep = crm.threshold_sweep(orders, end, **lines).to_dict()
    for at, line in enumerate(lines["levels"]):
        flagged = {c for c in told if told[c]["overdue_probability"] >= line}
        assert sweep["flagged"][at] == len(flagged) > 0
        assert sweep["returned"][at] == len(flagged & set(back))


def test_a_backtest_is_of_customers() -> None:
    orders = build(regulars(20), product=["a"] * len(regulars(20)))
    for task in ("backtest", "backtest_calibration", "backtest_alerts"):
        with pytest.raises(crm.OptionError, match="`per`"):
            crm.run(task, orders, {"as_of": DAY, "per": "product"})


def _texts(factors: dict[datetime.date, int]) -> dict[str, int]:
    return {str(day): factor for day, factor in factors.items()}
