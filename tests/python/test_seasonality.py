"""Seasons of shops that the library's models do not assume, and their factors computed again."""

import datetime
import math

import numpy as np
import pytest
from seasonal_shops import DAY0, MONTH_DAYS, SEASON, factors, shop

import crm_core as crm


def orders(customers, days, amounts=None):
    return crm.Orders(
        {
            "customer_id": customers.astype(np.int64),
            "ordered_at": (DAY0 + days).astype("datetime64[us]"),
            "amount": np.full(len(days), 100) if amounts is None else amounts,
        },
        currency="JPY",
    )


def date(day):
    return str(DAY0 + day)


def rows(table, kind):
    return [row for row in table.to_pandas().to_dict("records") if row["kind"] == kind]


@pytest.mark.parametrize(("seasonal", "seed"), [(True, 1), (False, 2)])
def test_factors_are_those_of_dense_matrices(seasonal, seed):
    customers, days = shop(300, seed, seasonal, growing=True)
    as_of = 3 * 365 - 1
    found = crm.seasonality(orders(customers, days), date(as_of), interval=0.9)
    months, sd, p, weekdays = factors(customers, days, as_of)
    of_month = rows(found, "month")
    assert [row["key"] for row in of_month] == [str(at) for at in range(1, 13)]
    np.testing.assert_allclose([row["factor"] for row in of_month], months, rtol=1e-6)
    width = [math.log(row["factor_high"] / row["factor_low"]) for row in of_month]
    np.testing.assert_allclose(width, 2 * 1.6448536269514722 * sd, rtol=1e-5, atol=1e-9)
    assert found.notes["months_p"] == pytest.approx(p, rel=1e-5)
    assert found.notes["months"] == ("used" if seasonal else "no_difference")
    # Weekdays by chance are pulled to 1, and keep their order.
    levels = [math.log((count + 0.5) / (expected + 0.5)) for count, expected in weekdays]
    ours = [math.log(row["factor"]) for row in rows(found, "weekday")]
    assert max(map(abs, ours)) <= max(abs(level - np.mean(levels)) for level in levels) + 1e-9


def test_a_season_is_found_and_none_is_invented():
    true = SEASON / (MONTH_DAYS @ SEASON / MONTH_DAYS.sum())
    inside = total = invented = 0
    for seed in range(6):
        found = crm.seasonality(orders(*shop(400, seed, True)), date(3 * 365 - 1))
        assert found.notes["months"] == "used" and found.notes["explained"] > 0.5
        for row, factor in zip(rows(found, "month"), true, strict=True):
            total += 1
            inside += row["factor_low"] <= factor <= row["factor_high"]
        even = crm.seasonality(orders(*shop(400, 100 + seed, False, growing=True)), date(1094))
        invented += even.notes["months"] == "used"
        assert all(0.9 < row["factor"] < 1.1 for row in rows(even, "month"))
    assert invented <= 1
    assert 0.6 < inside / total < 0.97  # of intervals of 80 %


def test_what_is_too_short_or_too_little_is_said():
    customers, days = shop(300, 3, True)
    short = crm.seasonality(orders(customers, days), date(450))
    assert short.notes["months"] == "too_short" and not rows(short, "month")
    assert short.notes["seasonality"] == {} and len(rows(short, "weekday")) == 7
    few = crm.seasonality(orders(customers[:40], days[:40]), date(1094))
    assert few.notes["months"] == "too_few_purchases" and len(few) == 0
    nobody = crm.seasonality(orders(customers[:1], days[:1]), date(int(days[0])))
    assert len(nobody) == 0 and nobody.notes["months"] == "too_short"


def test_a_month_without_orders_is_left_out_and_named():
    customers, days = shop(600, 4, True)
    closed = (DAY0 + days).astype("datetime64[M]") == np.datetime64("2022-04")
    found = crm.seasonality(orders(customers[~closed], days[~closed]), date(1094))
    assert found.notes["unlike"] == ["2022-04-01"] and found.notes["months"] == "used"
    april = next(row for row in rows(found, "month") if row["key"] == "4")
    assert april["factor_low"] < 0.85 < april["factor_high"] * 1.3


def test_weekdays_and_named_days():
    customers, days = shop(500, 5, False)
    # One in two purchases of other days is put off to the Saturday after, some to a sale.
    rng = np.random.default_rng(0)
    weekday = ((DAY0 + days).astype(int) + 3) % 7
    days = np.where(rng.random(len(days)) < 0.5, days + (5 - weekday) % 7, days)
    sale = 700
    near = (np.abs(days - sale) < 25) & (rng.random(len(days)) < 0.3)
    days = np.where(near, sale, days)
    keep = days < 1095
    named = {date(sale): "sale", date(1100): "sale"}
    found = crm.seasonality(orders(customers[keep], days[keep]), date(1094), events=named)
    factor = {row["key"]: row["factor"] for row in rows(found, "weekday")}
    assert factor["sat"] > 3 * factor["mon"] and found.notes["weekdays"] == "used"
    (event,) = rows(found, "event")
    assert event["key"] == "sale" and event["factor"] > 3
    document = found.notes["seasonality"]
    assert document[date(sale)] == document[date(1100)] == event["factor"]
    assert document["sat"] == factor["sat"]


def test_bad_events_are_refused():
    some = orders(*shop(50, 1, False))
    with pytest.raises(crm.OptionError, match="dates such as"):
        crm.seasonality(some, events={"nonsense": "sale"})
    with pytest.raises(crm.OptionError, match=r"events\.2022-01-01.*a name"):
        crm.seasonality(some, events={"2022-01-01": ""})
    with pytest.raises(crm.OptionError, match="`auto`, `none` or an object of factors"):
        crm.cycle(some, date(1000), seasonality="autumn")


# ---- predictions ---------------------------------------------------------------------------------


def test_the_chance_of_the_next_month_follows_the_season():
    said = {"auto": [], "none": []}
    came = []
    for seed in range(3):
        customers, days = shop(1_000, 20 + seed, True, years=4)
        some = orders(customers, days)
        as_of = int((np.datetime64("2023-12-31") - DAY0).astype(int))
        soon = set(customers[(days > as_of) & (days <= as_of + 30)])
        for how in said:
            table = crm.cycle(some, date(as_of), seasonality=how)
            said[how].append(np.nanmean(table["probability_within"]))
        came.append(np.mean([one in soon for one in table["customer_id"]]))
    assert np.mean(said["none"]) > 1.6 * np.mean(came)
    assert abs(np.mean(said["auto"]) / np.mean(came) - 1) < 0.2


def test_what_was_learnt_has_its_season_with_it():
    customers, days = shop(400, 30, True)
    some = orders(customers, days)
    learned = crm.learn(some, date(1000))
    document = learned.notes["learned"]["seasonality"]
    assert (
        document["12"] > 1.5 and document == crm.seasonality(some, date(1000)).notes["seasonality"]
    )
    again = crm.cycle(some, date(1000), learned=learned)
    own = crm.cycle(some, date(1000))
    np.testing.assert_allclose(
        np.asarray(again["probability_within"], float), np.asarray(own["probability_within"], float)
    )
    with pytest.raises(crm.OptionError, match='"auto" beside `learned`'):
        crm.cycle(some, date(1000), learned=learned, seasonality="none")
    known = crm.cycle(some, date(1000), seasonality=document)
    np.testing.assert_array_equal(known["probability_within"], own["probability_within"])


def test_totals_of_a_year_hold_what_they_say():
    held = {"orders": 0, "revenue": 0}
    ratios = []
    shops = 8
    for seed in range(shops):
        customers, days = shop(500, 40 + seed, True, years=4)
        rng = np.random.default_rng(seed)
        amounts = np.maximum(1, np.exp(rng.normal(8, 0.5, len(days)))).astype(int)
        as_of = int((np.datetime64("2023-12-31") - DAY0).astype(int))
        known = set(customers[days <= as_of])
        later = (days > as_of) & (days <= as_of + 365) & [one in known for one in customers]
        came = {"orders": later.sum(), "revenue": amounts[later].sum()}
        table = crm.base_forecast(orders(customers, days, amounts), date(as_of), years=1, draws=40)
        row = next(
            row
            for row in table.to_pandas().to_dict("records")
            if row["method"] == "model" and str(row["origin"])[:10] == date(as_of)
        )
        ratios.append(row["expected_orders"] / came["orders"])
        for of in held:
            held[of] += row[f"expected_{of}_low"] <= came[of] <= row[f"expected_{of}_high"]
    assert 0.9 < np.mean(ratios) < 1.1
    assert min(held.values()) >= 0.7 * shops


def test_a_forecast_that_missed_is_named():
    customers, days = shop(300, 60, False, years=4)
    # Nobody buys in the last year.
    kept = days < 3 * 365
    some = orders(customers[kept], days[kept])
    table = crm.base_forecast(some, date(4 * 365), years=1, draws=40)
    missed = table.notes["missed"]
    assert {one["of"] for one in missed if one["method"] == "model"} == {"orders", "revenue"}
    assert all(one["ratio"] == 0 for one in missed)
    assert datetime.date.fromisoformat(missed[0]["origin"]) < datetime.date(2025, 1, 1)
