"""Forecasts of demand: series by hand, sums, known days, and intervals at dates not seen."""

from datetime import date, timedelta

import numpy as np
import pytest

import crm_core as crm

DAY = date(2026, 1, 5)  # a Monday

# Fewer than ten days: the forecast is the mean of the days since the first demand.
LINES = [
    # order, day, product, category, quantity, amount
    (1, 0, "tea", "drink", 2, 1000),
    (1, 0, "tea", "drink", 1, 500),
    (1, 0, "cup", "ware", 1, 900),
    (2, 1, "tea", "drink", 3, 1500),
    (3, 3, "cup", "ware", 2, 1800),
    (3, 3, "tea", "drink", 1, -500),
    (4, 3, None, "ware", 5, 700),
]


def shop():
    order, day, product, category, quantity, amount = zip(*LINES, strict=True)
    return crm.Orders(
        {
            "order_id": order,
            "customer_id": [number % 3 for number in order],
            "ordered_at": [(DAY + timedelta(days=at)).isoformat() for at in day],
            "product": product,
            "category": category,
            "quantity": quantity,
            "amount": amount,
        },
        currency="JPY",
        order_id="order_id",
        product="product",
        category="category",
        dimensions=["quantity"],
    )


def first_of(orders, **options):
    """The first forecast of each series."""
    table = crm.demand(orders, horizon=1, **options)
    assert set(table.to_dict()["method"]) <= {"mean", None}
    cells = table.to_dict()
    return dict(zip(cells["series"], cells["expected"], strict=True))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # Four days from Monday; tea is returned in order 3, which is not an order of tea.
        ("orders", {"cup": 2 / 4, "tea": 2 / 4, "(none)": 1 / 1}),
        ("revenue", {"cup": 2700 / 4, "tea": 2500 / 4, "(none)": 700 / 1}),
        ("quantity", {"cup": 3 / 4, "tea": 7 / 4, "(none)": 5 / 1}),
    ],
)
def test_series_by_hand(measure, expected):
    found = first_of(shop(), per="product", measure=measure)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected)


def test_the_shop_and_a_column():
    assert first_of(shop()) == {"shop": 1.0}
    assert first_of(shop(), measure="revenue") == {"shop": 5900 / 4}
    found = first_of(shop(), per="category", measure="revenue", bottom_up=True)
    assert found == {"drink": 2500 / 4, "ware": 3400 / 4, "(all)": 5900 / 4}


def test_lines_have_no_other_basis():
    with pytest.raises(crm.OptionError, match="basis"):
        crm.demand(shop(), per="product", measure="revenue", basis="gross")


def test_first_orders_apart():
    # Orders 1 to 3 are first orders of customers 1, 2 and 0; order 4 is the second of customer 1.
    table = crm.demand(shop(), horizon=1, split="new_repeat").to_dict()
    assert list(zip(table["part"], table["expected"], strict=True)) == [
        ("new", 3 / 4),
        ("repeat", 1 / 4),
    ]


def test_dates_as_keys_of_the_calendar():
    tomorrow = DAY + timedelta(days=4)
    for key in (tomorrow, tomorrow.isoformat()):
        table = crm.demand(shop(), horizon=2, calendar={key: 3}).to_dict()
        assert table["expected"] == [3.0, 1.0]


def test_intervals_hold_at_a_date_not_seen():
    random = np.random.default_rng(5)
    days, ahead, products = 330, 14, 30
    mean = np.exp(random.normal(1.5, 0.6, products))[:, None]
    week = np.array([1, 0.8, 0.9, 1, 1.1, 1.4, 1.2])[np.arange(days + ahead) % 7]
    sold = random.poisson(mean * week)
    at, day = np.nonzero(sold)
    orders = crm.Orders(
        {
            "customer_id": np.ones(len(at), np.int64),
            "product": [f"{number:02}" for number in at],
            "ordered_at": [(DAY + timedelta(days=int(number))).isoformat() for number in day],
            "amount": sold[at, day],
        },
        currency="JPY",
        product="product",
    )
    table = crm.demand(
        orders,
        DAY + timedelta(days=days - 1),
        horizon=ahead,
        per="product",
        measure="revenue",
    )
    found = table.to_numpy()
    assert found["period"][0] == np.datetime64(DAY + timedelta(days=days))
    came = sold[:, days:].ravel()
    for level, least, most in (("80", 0.75, 0.87), ("95", 0.91, 0.985)):
        held = (found[f"low_{level}"] <= came) & (came <= found[f"high_{level}"])
        assert least < held.mean() < most
    # Better than the same day a week before: MASE about 1 / √2 of independent days.
    assert 0.6 < table.notes["errors"]["mase"] < 0.85


def told(sold, names=None):
    """Orders of series: so much revenue of a product on each day."""
    at, day = np.nonzero(sold)
    return crm.Orders(
        {
            "customer_id": np.ones(len(at), np.int64),
            "product": [names[number] if names else f"{number:02}" for number in at],
            "ordered_at": [(DAY + timedelta(days=int(number))).isoformat() for number in day],
            "amount": sold[at, day],
        },
        currency="JPY",
        product="product",
    )


def test_intervals_of_what_is_seldom_sold():
    # Half of the days and more are empty, so that an interval without 0 would miss them.
    random = np.random.default_rng(3)
    days, ahead = 300, 14
    shares = random.uniform(0.05, 0.4, 60)[:, None]
    sold = (random.random((60, days + ahead)) < shares) * (
        1 + random.poisson(1.5, (60, days + ahead))
    )
    last = DAY + timedelta(days=days - 1)
    table = crm.demand(told(sold), last, horizon=ahead, per="product", measure="revenue")
    found = table.to_numpy()
    assert len(found["series"]) == 60 * ahead and not found["low_80"].any()
    came = sold[:, days:].ravel()
    assert 0.76 < (came <= found["high_80"]).mean() < 0.84
    assert 0.92 < (came <= found["high_95"]).mean() < 0.97


def test_the_sum_of_products_that_come_and_go():
    # Each of twenty places of the shop has a new product every 250 days; the shop is even.
    random = np.random.default_rng(5)
    days, ahead = 640, 28
    places = random.poisson(3, (20, days + ahead))
    begins = random.integers(0, 250, 20)
    sold, names = [], []
    for place, begin in zip(places, begins, strict=True):
        which = (np.arange(days + ahead) + begin) // 250
        for number in range(which.max() + 1):
            sold.append(np.where(which == number, place, 0))
            names.append(f"{len(names):03}")
    orders = told(np.array(sold), names)
    asked = {"horizon": ahead, "per": "product", "measure": "revenue", "bottom_up": True}
    table = crm.demand(orders, DAY + timedelta(days=days - 1), **asked)
    assert table.notes["methods"]["ended"] > 30
    found = table.filter(series="(all)").to_numpy()
    expected, low, high = (found[name] for name in ("expected", "low_80", "high_80"))
    # Products that have ended were forecast while they were sold: the errors are even around 0.
    assert (expected - low).mean() > 0.4 * (high - expected).mean()
    came = places.sum(axis=0)[days:]
    assert ((low <= came) & (came <= high)).mean() > 0.6


def test_a_calendar_that_says_nothing():
    calendar = {"1990-01-01": 0, "2026-01-06": 2, "2040-01-01": 0}
    table = crm.demand(shop(), horizon=2, calendar=calendar)
    assert table.notes["calendar_days_outside"] == 2
    assert table.notes["a_year_ago_known"] is False
    for wrong in ([("2026-01-06", 2)], "2026-01-06"):
        with pytest.raises(crm.OptionError, match="calendar"):
            crm.demand(shop(), horizon=2, calendar=wrong)
