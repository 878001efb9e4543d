"""Options at the last value that is allowed, and beyond it; the data are a few rows."""

import copy
import datetime
from typing import Any

import pytest

import crm_core as crm

ORDERS = {
    "customer_id": ["a", "a", "b", "b", "b", "c", "d"],
    "ordered_at": [
        *("2024-01-05", "2024-02-05", "2024-01-10", "2024-02-20", "2024-03-20", "2024-03-01"),
        "2024-03-25",
    ],
    "amount": [10, 20, 30, 40, 50, 60, 0],
    "cost": [1, 2, 3, 4, 5, 6, 0],
    "channel": ["web", "web", "app", "app", "web", "app", "web"],
    "product": ["x", "y", "x", "y", "z", "x", "x"],
}
EVENTS = {
    "visitor_id": ["v", "v", "w", "w"],
    "occurred_at": [f"2024-01-05T10:0{minute}:00" for minute in range(4)],
    "kind": ["view", "view", "view", "purchase"],
    "page": ["/a", "/b", "/a", "/b"],
    "channel": ["ads", "ads", "mail", "mail"],
}
MODEL = {"model": "mbg_nbd", "r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6, "unit": "day"}
BGBB = {"fit": {"alpha": 1.2, "beta": 0.7, "gamma": 0.6, "delta": 2.7}}
SUMMARY = {"frequency": [0, 2], "recency": [0.0, 20.0], "T": [30.0, 40.0]}
SPEND = {**SUMMARY, "monetary_value": [0.0, 12.0]}
PATTERNS = {"frequency": [0, 1, 3], "recency": [0, 1, 6], "n": [6, 6, 6]}
PATHS = {"path": ["ads > mail", "mail"], "conversions": [3, 2]}
ONE = {"occurred_at": ["2024-01-05"]}
REVIEW = {"trigger": "review"}
DAY = "2024-03-31"


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"field": "orders.count", "ge": 1}
    for _ in range(depth):
        tree = {"not": tree}
    return tree


def at(**options: Any) -> dict[str, Any]:
    return {"as_of": DAY, **options}


#: Analysis, data, options that are allowed, options that are not, what is said of these.
CASES: list[tuple[str, Any, dict[str, Any], dict[str, Any], str]] = [
    ("rfm", "orders", at(), {"as_of": "2024-03-31T10:00:00"}, "whole days, only events by instan"),
    ("sessions", "events", {"as_of": ["2024-01-06"]}, {"as_of": []}, "a moment or a list of at le"),
    ("attribution", "events", {"models": ["last"]}, {"models": []}, "at least one model"),
    ("attribution", "events", {"models": ["last", "linear"]},
     {"models": ["linear", "linear"]}, "at least one model, each once"),
    ("attribution", "events", {"order": 4}, {"order": 5}, "expected 1 to 4"),
    ("attribution", "events", {"bootstrap": 0}, {"bootstrap": 10_001}, "up to 10,000"),
    ("attribution", PATHS, {"models": ["linear"]}, {"models": ["time_decay"]},
     "models that need no times: a table of paths has none"),
    ("transitions", "events", {"steps": 100}, {"steps": 101}, "1 to 100, with order 1"),
    ("transitions", "events", {"order": 2}, {"order": 2, "steps": 1}, "1 to 100, with order 1"),
    ("transitions", "events", {"order": 2}, {"order": 3}, "1 or 2"),
    ("bgbb_histogram", PATTERNS, {**BGBB, "up_to": 10_000}, {**BGBB, "up_to": 10_001},
     "at most 10000"),
    ("bgbb_predict", PATTERNS, {**BGBB, "ahead": 100_000}, {**BGBB, "ahead": 0}, "1 to 100000"),
    ("bgbb_predict", PATTERNS, {**BGBB, "ahead": 1}, {**BGBB, "ahead": 100_001}, "1 to 100000"),
    ("clv_predict", SUMMARY, {"fit": MODEL, "draws": 10}, {"fit": MODEL, "draws": 9},
     "10 to 100000"),
    ("clv_tracking", "orders", at(fit=MODEL, calibration_end=DAY),
     at(fit=MODEL, calibration_end="2024-04-01"), r"a day up to as_of \(2024-03-31\)"),
    ("expected_surface", SUMMARY, {"fit": MODEL, "step": 10}, {"fit": MODEL, "step": 1e-5},
     "few enough steps for four million cells"),
    ("frequency_histogram", SUMMARY, {"fit": MODEL, "up_to": 10_000},
     {"fit": MODEL, "up_to": 10_001}, "at most 10000"),
    ("candidates", "orders", at(triggers=[REVIEW, {**REVIEW, "name": "again"}]),
     at(triggers=[REVIEW, REVIEW]), "a name that no other trigger has: keys contain it"),
    ("experiment_plan", {"baseline": [0.1], "effect": [0.01]}, {},
     {"relative": True, "_baseline": [0.0]}, "a number other than 0, of which effects are shares"),
    ("experiment_plan", {"baseline": [0.1], "effect": [0.01]}, {}, {"_effect": [0.0]},
     "a number other than 0"),
    ("experiment_plan", {"baseline": [0.1], "effect": [1e-6]}, {}, {"_effect": [1e-9]},
     "can be found with fewer than 10"),
    ("assign", {"customer_id": ["a"]}, {"experiment": "x", "variants": {"a": 0.3, "b": 0.7}},
     {"experiment": "x", "variants": {"a": 0.3, "b": 0.69}}, "shares that add up to 1"),
    ("survey", {"score": [9, 3]}, {"promoter": 7, "detractor": 6},
     {"promoter": 6, "detractor": 6}, "a score above `detractor`"),
    ("reviews", {"product": ["a"], "score": [3]}, {"prior_weight": 0.1}, {"prior_weight": 0},
     "a number above 0"),
    ("reviews", {"product": ["a"], "score": [3]}, {"scale": [3, 5]}, {"scale": [4, 5]},
     "a score within `scale`"),
    ("complaints", "orders", at(complaints=ONE, recurrence_days=3_660),
     at(complaints=ONE, recurrence_days=3_661), "1 to 3660 days"),
    ("complaint_cost", "orders", at(complaints=ONE, matches=100), at(complaints=ONE, matches=101),
     "1 to 100"),
    ("complaint_cost", "orders", at(complaints=ONE, within=1), at(complaints=ONE, within=0),
     "1 to 3660 days"),
    ("simulate_rules", "orders", at(days=1), at(days=0), "1 to 3660 days"),
    ("simulate_rules", "orders", at(days=1, at="23:59"), at(days=1, at="24:00"), "a time of day"),
    ("similar_items", "orders", at(k=1_000), at(k=1_001), "1 to 1,000"),
    ("similar_items", "orders", at(k=1), at(k=0), "1 to 1,000"),
    ("recommend", "orders", at(k=1_000), at(k=1_001), "1 to 1,000"),
    ("recommend", "orders", at(neighbours=1), at(neighbours=0), "1 to 1,000"),
    ("recommend", "orders", at(half_life=1), at(half_life=0), "days from 1 to 36,600"),
    ("recommend", "orders", at(method="blend", period=1), at(method="blend", period=0),
     "days from 1 to 3,660"),
    ("recommend", "orders", at(method="due", exclude="none"), at(method="due", exclude="bought"),
     "none with the methods due and bought"),
    ("backtest_recommend", "orders", at(k=1), at(k=0), "1 to 1,000"),
    ("backtest_recommend", "orders", at(horizon=1), at(horizon=0), "days from 1 to 3,660"),
    ("demand", "orders", at(horizon=1), at(horizon=0), "1 to 400"),
    ("demand", "orders", at(horizon=400), at(horizon=401), "1 to 400"),
    ("next_products", "orders", at(order=1), at(order=0), "1 or more"),
    ("next_products", "orders", at(within=3_660), at(within=3_661), "at most 3,660"),
    ("acquisition", "orders", at(basis="margin"), at(basis="margin", margin=0.5),
     "nothing with the basis margin: amounts are margins already"),
    ("acquisition", "orders", at(costs=[{"channel": "web", "cost": 5}]),
     at(costs=[{"channel": "web", "cost": "5"}]), 'a number under "cost"'),
    ("cohorts", "orders", at(step="month"), at(step="hour"),
     "orders with times of day: these have dates only"),
    ("cohorts", "orders", at(step="1d"), at(step="0d"), "at least 1 day"),
    ("lead_times", "orders", at(step="1d"), at(step="0d"), "at least 1 day"),
    ("abc", "orders", at(a_share=0.8, b_share=0.8), at(a_share=0.9, b_share=0.8),
     "0 < a_share <= b_share"),
    ("abc", "orders", at(a_share=0.5, b_share=1.0), at(a_share=0.0), "0 < a_share <= b_share"),
    ("cpm", "orders", at(preset="ltv_lab_120", churn_days=120),
     at(preset="ltv_lab_120", churn_days=121), r"the preset's value \(120\), or no preset"),
    ("lorenz", "orders", at(points=10_000), at(points=10_001), "1 to 10,000"),
    ("lorenz", "orders", at(points=1), at(points=0), "1 to 10,000"),
    ("movement", "orders", at(since=DAY), at(since="2024-04-01"), r"a date up to as_of \("),
    ("movement", "orders", at(since="2024-02-29", scheme="rfm", rfm={"levels": 5}),
     at(since="2024-02-29", scheme="rfm", rfm={"levels": 4}), "only then are there segments"),
    ("movement", "orders", at(since="2024-02-29", scheme="rfm", rfm={"levels": 5}),
     at(since="2024-02-29", scheme="cpm", rfm={"levels": 4}), 'nothing, or scheme "rfm"'),
    ("rfm_cross", "orders", at(rows="r", columns="m"), at(rows="r", columns="r"),
     "another axis than rows"),
    ("segment_sweep", "orders", at(values=[1]), at(values=[]), "at least one number"),
    ("segment", "orders", at(where=nested(20)), at(where=nested(60)),
     "nested more than 24 deep"),
    ("segment", "orders", at(where={"field": "rfm.r", "options": {"levels": 3}, "ge": 1}),
     at(where={"field": "rfm.r", "options": 3, "ge": 1}), "an object of options"),
    ("segment", "orders", at(where={"field": "rfm.r", "options": {"levels": 3}, "ge": 1}),
     at(where={"field": "rfm.r", "options": {"as_of": DAY}, "ge": 1}),
     "no such option: the segment gives it to all analyses"),
    ("segment", "orders", at(where={"field": "summary.revenue", "ge": {"quantile": 1}}),
     at(where={"field": "summary.revenue", "ge": {"quantile": 1.01}}), "a quantile from 0 to 1"),
    ("segment", "orders", at(where={"field": "summary.revenue", "ge": {"quantile": 0}}),
     at(where={"field": "summary.revenue", "ge": {"quantile": -0.01}}), "a quantile from 0 to 1"),
    ("survival_curve", {"duration": [3, 5], "observed": [1, 0]}, {}, {"_observed": [1, 2]},
     "true or false, or 1 or 0"),
    ("bgbb_predict", PATTERNS, BGBB, {**BGBB, "_frequency": [1, 1, 3]},
     "at most recency, and 0 only where recency is"),
    ("attribution", PATHS, {"models": ["linear"]},
     {"models": ["linear"], "_path": ["ads > mail", ""]}, "channels joined by `>`"),
]  # fmt: skip


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    roles = {"cost": "cost", "channel": "channel", "product": "product"}
    return {
        "orders": crm.Orders(ORDERS, currency="JPY", **roles),  # type: ignore[arg-type]
        "events": crm.Events(EVENTS, page="page", channel="channel"),
    }


@pytest.mark.parametrize(
    ("task", "given", "good", "bad", "says"),
    CASES,
    ids=[f"{case[0]}-{at}" for at, case in enumerate(CASES)],
)
def test_the_last_allowed_value_is_read_and_the_next_refused(
    task: str, given: Any, good: dict[str, Any], bad: dict[str, Any], says: str, data: Any
) -> None:
    """Options that begin with a low line take the place of a column."""
    table = data[given] if isinstance(given, str) else given
    crm.run(task, table, good)
    bad = copy.deepcopy(bad)
    if isinstance(table, dict):
        own = {name: bad.pop(f"_{name}") for name in table if f"_{name}" in bad}
        table = {**table, **own}
    with pytest.raises((crm.OptionError, crm.DataError), match=says):
        crm.run(task, table, bad)


def test_persons_need_customers(data: Any) -> None:
    persons = {"record_id": ["a"], "person_id": ["p"]}
    assert data["orders"].with_persons(persons).n_customers == 4
    with pytest.raises(crm.OptionError, match="events with a column of customers"):
        data["events"].with_persons(persons)


def test_money_beside_the_amount_is_not_negative() -> None:
    rows = {**ORDERS, "discount": [0, 1, 0, 0, 0, 0, 0]}
    assert crm.summary(
        crm.Orders(rows, currency="JPY", discount="discount"), as_of=datetime.date(2024, 3, 31)
    ).to_dict()["revenue"] == [29, 120, 60, 0]
    rows["discount"] = [0, -1, 0, 0, 0, 0, 0]
    with pytest.raises(crm.DataError, match=r"column `discount`, row 1.*zero or a positive number"):
        crm.Orders(rows, currency="JPY", discount="discount")


def test_simulated_shops_have_a_limit() -> None:
    with pytest.raises(crm.OptionError, match="a whole number from 0 to 10,000,000"):
        crm.simulate_orders(10_000_001)
