"""Months ahead, and intervals of sums: in shops that no model assumes, and computed again."""

import math

import numpy as np
import pytest
from seasonal_shops import DAY0, shop

import crm_core as crm

Z = 1.2815515655446004  # of 80 %


def orders(customers, days, amounts=None):
    return crm.Orders(
        {
            "customer_id": customers.astype(np.int64),
            "ordered_at": (DAY0 + days).astype("datetime64[us]"),
            "amount": np.full(len(days), 100) if amounts is None else amounts,
        },
        currency="JPY",
    )


def rows(table):
    columns = table.to_dict()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="module")
def seasonal():
    return shop(500, 70, True, years=4)


def test_parts_and_months_add_up_to_the_base_forecast(seasonal):
    customers, days = seasonal
    some = orders(customers, days)
    found = rows(crm.shop_forecast(some, "2022-12-31"))
    assert [row["part"] for row in found] == ["existing", "new", "total"] * 13
    assert [str(row["month"]) for row in found[:36:3]] == [
        f"2023-{month:02}-01" for month in range(1, 13)
    ]
    assert [row["days"] for row in found[::3]] == [
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 365,
    ]  # fmt: skip
    for of, within in (("orders", 1e-9), ("revenue", 2)):
        for existing, new, total in zip(*(found[at::3] for at in range(3)), strict=True):
            assert existing[of] + new[of] == pytest.approx(total[of], abs=within)
        for at in range(3):
            months = sum(row[of] for row in found[at:36:3])
            assert months == pytest.approx(found[36 + at][of], abs=7 * within)
    for row in found:
        for of in ("orders", "revenue"):
            assert 0 <= row[f"{of}_low"] < row[of] < row[f"{of}_high"]
    # 2023 has 365 days: a year of the base forecast.
    base = rows(crm.base_forecast(some, "2022-12-31", years=1, draws=20))
    (year,) = (
        row for row in base if row["method"] == "model" and str(row["origin"])[:10] == "2022-12-31"
    )
    assert found[36]["orders"] == pytest.approx(year["expected_orders"], rel=1e-9)
    assert found[36]["revenue"] == pytest.approx(year["expected_revenue"], abs=2)


def test_the_months_follow_the_season_and_the_shop(seasonal):
    """Three shops, a year ahead, with customers whom nobody knows yet."""
    ratios, held, months, of_months = [], 0, 0, 0
    for seed in range(3):
        customers, days = shop(500, 80 + seed, True, years=5)
        at = int((np.datetime64("2024-12-31") - DAY0).astype(int))
        past = days <= at
        found = rows(crm.shop_forecast(orders(customers[past], days[past]), "2024-12-31"))
        totals = [row for row in found if row["part"] == "total"]
        for row in totals[:-1]:
            start = int((np.datetime64(str(row["month"])[:10]) - DAY0).astype(int))
            came = ((days >= start) & (days < start + row["days"])).sum()
            months += row["orders_low"] <= came <= row["orders_high"]
            of_months += 1
        came = ((days > at) & (days <= at + 365)).sum()
        ratios.append(totals[-1]["orders"] / came)
        held += totals[-1]["orders_low"] <= came <= totals[-1]["orders_high"]
        january, december = totals[0]["orders"], totals[11]["orders"]
        assert december > 2 * january
    assert 0.85 < np.mean(ratios) < 1.15, ratios
    assert held >= 2 and months / of_months > 0.6


def test_what_earlier_dates_said_is_in_the_notes(seasonal):
    customers, days = seasonal
    table = crm.shop_forecast(orders(customers, days), "2024-09-30", months=6)
    past = table.notes["past"]
    # Six months before, and every three months before that with a year of orders behind.
    assert [one["origin"] for one in past] == [
        "2024-03-31", "2023-12-31", "2023-09-30", "2023-06-30", "2023-03-31", "2022-12-31",
        "2022-09-30", "2022-06-30",
    ]  # fmt: skip
    # The same request at that date says the same.
    then = crm.shop_forecast(orders(customers, days), "2024-03-31", months=6)
    earlier = rows(then)
    at = [int((np.datetime64(day) - DAY0).astype(int)) for day in ("2024-03-31", "2024-09-30")]
    came = ((days > at[0]) & (days <= at[1])).sum()
    # Before it is moved by what was wrong earlier still.
    said = sum(
        row["orders"] / math.exp(then.notes["shift"][row["part"]]["orders"])
        for row in earlier[-3:-1]
    )
    assert past[0]["orders"] == pytest.approx(came / said, rel=1e-9)
    assert then.notes["shift"]["existing"]["orders"] != 0
    assert table.notes["seasons"]["months"] == "used"


def test_a_young_shop_has_no_interval_and_a_younger_one_no_forecast(seasonal):
    customers, days = seasonal
    young = crm.shop_forecast(orders(customers, days), "2021-10-15", months=3)
    assert young.notes["without_interval"] == "younger_than_a_year" and not young.notes["past"]
    found = rows(young)
    assert [str(row["month"])[:10] for row in found[:9:3]] == [
        "2021-10-16", "2021-11-01", "2021-12-01",
    ]  # fmt: skip
    assert [row["days"] for row in found[::3]] == [16, 30, 31, 77]
    assert all(row["orders"] > 0 and row["orders_low"] is None for row in found)
    none = crm.shop_forecast(orders(customers, days), "2021-02-20", months=1)
    assert none.notes["without_forecast"] in ("too_short", "no_repeat_customer")
    assert all(row["orders"] is None for row in rows(none))


def test_there_are_no_customers_to_choose(seasonal):
    some = orders(*seasonal)
    with pytest.raises(crm.OptionError, match="customers"):
        crm.run("shop_forecast", some, {"customers": {"orders": 3}})
    for months in (0, 61):
        with pytest.raises(crm.OptionError, match="1 to 60"):
            crm.shop_forecast(some, months=months)


# ---- backtest_clv ----------------------------------------------------------------------------


def test_intervals_and_coverage_are_those_computed_again(seasonal):
    """NBD: purchases to come are negative binomial, given the history."""
    customers, days = seasonal
    some = orders(customers, days)
    table = crm.backtest_clv(
        some, "2024-06-30", models=["nbd"], origins=4, within=60, step=60, seasonality="none"
    )
    errors = {"nbd": [], "own_rate": []}
    for row in rows(table):
        if row["method"] not in errors:
            continue
        said, came = row["expected_purchases"], row["actual_purchases"]
        variance = 0.12**2 + 1 / (said + 0.5)
        past = errors[row["method"]]
        scale = (3 + sum(past)) / (3 + len(past))
        wide = Z * math.sqrt(scale * variance)
        low = min(math.exp(-wide), max(0, 1 - wide / 2) ** 2)
        assert row["expected_purchases_low"] == pytest.approx(said * low, rel=1e-6)
        assert row["expected_purchases_high"] == pytest.approx(said * math.exp(wide), rel=1e-6)
        held = said * low <= came <= said * math.exp(wide)
        assert row["purchases_covered"] == held
        past.append(math.log((came + 0.5) / (said + 0.5)) ** 2 / variance)
        if row["method"] == "own_rate":
            assert row["coverage_purchases"] is None
            continue
        origin = str(row["origin"])[:10]
        assert row["coverage_purchases"] == pytest.approx(coverage(some, days, customers, origin))


def coverage(some, days, customers, origin):
    summary = crm.clv_summary(some, origin, seasonality="none")
    fit = crm.Nbd().fit(summary)
    r, alpha = fit.params_["r"], fit.params_["alpha"]
    at = int((np.datetime64(origin) - DAY0).astype(int))
    later = customers[(days > at) & (days <= at + 60)].tolist()
    inside = []
    for row in rows(summary):
        shape, p = r + row["frequency"], (alpha + row["T"]) / (alpha + row["T"] + 60)
        came = later.count(row["customer_id"])

        def cumulative(n, shape=shape, p=p):
            return sum(
                math.exp(
                    math.lgamma(shape + k) - math.lgamma(shape) - math.lgamma(k + 1)
                    + shape * math.log(p) + k * math.log1p(-p)
                )
                for k in range(n + 1)
            )  # fmt: skip

        inside.append(cumulative(came) >= 0.1 and cumulative(came - 1) < 0.9)
    return np.mean(inside)
