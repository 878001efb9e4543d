"""Bad input to the models is named, with its message; data at the boundary are answered."""

import math
from typing import Any

import numpy as np
import pytest

import crm_core as crm

MODELS: list[Any] = [crm.BgNbd, crm.MbgNbd, crm.ParetoNbd, crm.Nbd]
GOOD = {"frequency": [0, 2, 3, 1], "recency": [0.0, 5.0, 7.0, 2.0], "T": [9.0, 9.0, 9.0, 9.0]}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("frequency", -1, "a whole number from 0 to 16777215"),
        ("frequency", 1.5, "a whole number from 0 to 16777215"),
        ("frequency", math.inf, "a finite number"),
        ("recency", -1.0, "a number from 0 to T"),
        ("recency", 9.5, "a number from 0 to T"),
        ("recency", math.inf, "a finite number"),
        ("T", -1.0, "a finite number, at least 0"),
        ("T", math.inf, "a finite number"),
    ],
)
def test_histories_that_cannot_be(model: Any, column: str, value: float, message: str) -> None:
    frame = {name: list(values) for name, values in GOOD.items()}
    frame[column][2] = value
    given = model.from_json(model().fit(good(), unit="day").to_json())
    for attempt in (
        lambda: model().fit(frame, unit="day"),
        lambda: given.predict(frame),
        lambda: given.probability_alive(**frame),
    ):
        with pytest.raises(crm.DataError, match=message) as caught:
            attempt()
        assert (caught.value.column, caught.value.row) == (column, 2)
        assert caught.value.hint is None, "bad_rows is an option of orders, not of models"


def good() -> dict[str, Any]:
    """Customers to whom any model can be fitted."""
    rng = np.random.default_rng(3)
    age = rng.integers(60, 120, 400).astype(float)
    rate, left = rng.gamma(0.9, 1 / 12, 400), rng.exponential(1 / rng.gamma(1.2, 1 / 40, 400))
    x = rng.poisson(rate * np.minimum(age, left))
    recency = np.where(x > 0, np.floor(np.minimum(age, left) * x / (x + 1.0)), 0.0)
    x = np.where(recency > 0, x, 0)
    return {"frequency": x, "recency": recency, "T": age}


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ((0, 3.0, 9.0), "recency", "0 where frequency is 0"),
        ((1, 0.0, 0.0), "T", "above 0 where frequency is"),
    ],
)
def test_columns_that_contradict_each_other(
    row: tuple[float, ...], column: str, message: str
) -> None:
    frame = {name: [*values, cell] for (name, values), cell in zip(GOOD.items(), row, strict=True)}
    with pytest.raises(crm.DataError, match=message) as caught:
        crm.MbgNbd().fit(frame, unit="day")
    assert (caught.value.column, caught.value.row) == (column, 4)


def test_lengths_weights_and_missing_cells() -> None:
    with pytest.raises(crm.SchemaError, match="rows"):
        crm.MbgNbd().fit({**GOOD, "T": [9.0] * 3}, unit="day")
    with pytest.raises(crm.DataError, match="a finite number, at least 0"):
        crm.MbgNbd().fit({**GOOD, "weight": [1.0, 1.0, -1.0, 1.0]}, unit="day")
    with pytest.raises(crm.DataError, match="a finite number") as caught:
        crm.MbgNbd().fit({**GOOD, "recency": [0.0, None, 7.0, 2.0]}, unit="day")
    assert (caught.value.column, caught.value.row, caught.value.hint) == ("recency", 1, None)


def test_somebody_acquired_today_is_valid() -> None:
    frame = {name: [*values, 0] for name, values in GOOD.items()}
    given = crm.ParetoNbd.from_params(r=0.5, alpha=10, s=0.6, beta=12, unit="day")
    table = given.predict(frame, 30)
    assert table["log_likelihood"][4] == 0
    assert table["probability_alive"][4] == 1
    assert table["expected_purchases"][4] == pytest.approx(given.expected_purchases(30))


@pytest.mark.parametrize("model", MODELS)
def test_too_few_repeat_customers_are_counted(model: Any) -> None:
    frame = {"frequency": [0, 0, 4], "recency": [0, 0, 3], "T": [9, 9, 9]}
    with pytest.raises(crm.DataError, match="customers with a repeat purchase") as caught:
        model().fit(frame, unit="day")
    assert "2" in str(caught.value) and "1" in str(caught.value), "needed and found"


@pytest.mark.parametrize("model", MODELS)
def test_identical_customers_are_a_boundary_or_a_fit_and_never_a_failure(model: Any) -> None:
    frame = {"frequency": [3] * 50, "recency": [20.0] * 50, "T": [40.0] * 50}
    m = model().fit(frame, unit="day")
    assert m.status_ in ("boundary", "converged")
    assert (m.standard_errors_ is None) == (m.status_ == "boundary")
    table = m.predict(frame, 30)
    for name in ("probability_alive", "expected_purchases", "discounted_purchases"):
        assert np.isfinite(table[name]).all()
    assert 0 < table["probability_alive"][0] <= 1
    assert np.isfinite(list(m.params_.values())).all()
    assert m.params_ == model().fit(frame, unit="day").params_


@pytest.mark.parametrize("model", MODELS[:3])
def test_nobody_leaves(model: Any) -> None:
    """Everybody bought just now: s and a go to 0, as they do in real shops."""
    rng = np.random.default_rng(8)
    age = rng.integers(40, 60, 500).astype(float)
    x = rng.poisson(rng.gamma(2, 2, 500))
    frame = {"frequency": x, "recency": np.where(x > 0, age, 0.0), "T": age}
    m = model().fit(frame, unit="day")
    if m.status_ == "boundary":
        assert m.boundary_ in m.params_ and m.standard_errors_ is None
    table = m.predict(frame, 30)
    repeat = x > 0
    assert np.all(table["probability_alive"][repeat] > 0.9)
    assert np.isfinite(table["expected_purchases"]).all()
    assert m.predict(frame, 30).to_dict() == table.to_dict()
    if model is crm.ParetoNbd:
        assert m.status_ == "boundary" and m.boundary_ in ("s", "beta")
        nbd = crm.Nbd().fit(frame, unit="day")
        assert m.log_likelihood_ == pytest.approx(nbd.log_likelihood_, rel=1e-4)


def test_spend_that_cannot_be() -> None:
    g = crm.GammaGamma.from_params(p=6, q=4, gamma=15)
    frame = {"frequency": [1, 2, 3], "monetary_value": [10.0, -1.0, 20.0]}
    with pytest.raises(crm.DataError, match="a number above 0 where frequency is") as caught:
        crm.GammaGamma(no_spend="error").fit(frame)
    assert (caught.value.column, caught.value.row) == ("monetary_value", 1)
    dropped = crm.GammaGamma(no_spend="drop").fit({**frame, "frequency": [1, 2, 3]})
    assert dropped.without_spend_ == 1 and dropped.customers_ == 2
    for value, message in ((math.inf, "a finite number"), (-1.0, "where frequency is above 0")):
        with pytest.raises(crm.DataError, match=message):
            g.expected_spend([1], [value])
    with pytest.raises(crm.DataError, match="customers with a repeat purchase and spend"):
        crm.GammaGamma().fit({"frequency": [1, 0], "monetary_value": [5.0, None]})


def test_a_summary_of_several_dates_is_several_summaries(cdnow_sample: crm.Orders) -> None:
    summary = crm.clv_summary(cdnow_sample, ["1997-06-30", "1997-09-30"], unit="week")
    m = crm.MbgNbd.from_params(r=0.5, alpha=6, a=0.9, b=1.6, unit="week")
    g = crm.GammaGamma.from_params(p=6, q=4, gamma=15)
    asked: list[Any] = [
        lambda s: crm.MbgNbd().fit(s, unit="week"),
        lambda s: crm.GammaGamma().fit(s),
        lambda s: crm.compare_models(s, unit="week"),
        lambda s: m.frequency_histogram(s),
        lambda s: crm.clv(m, g, s, intervals=False),
    ]
    frame = summary.to_pandas()
    texts = frame.assign(as_of=frame["as_of"].astype(str))
    row = len(crm.clv_summary(cdnow_sample, "1997-06-30"))
    for ask in asked:
        for several in (summary, frame, summary.to_polars(), texts):
            with pytest.raises(crm.DataError, match=f"`as_of`, row {row}: .*choose one as_of"):
                ask(several)
    one = crm.clv_summary(cdnow_sample, ["1997-09-30"], unit="week")
    plain = crm.clv_summary(cdnow_sample, "1997-09-30", unit="week")
    assert crm.MbgNbd().fit(one).params_ == crm.MbgNbd().fit(plain).params_
    last = frame[frame["as_of"] == frame["as_of"].max()]
    assert crm.MbgNbd().fit(last, unit="week").params_ == crm.MbgNbd().fit(plain).params_


def test_models_in_another_order_are_named() -> None:
    m: Any = crm.MbgNbd.from_params(r=0.5, alpha=6, a=0.9, b=1.6, unit="day")
    g: Any = crm.GammaGamma.from_params(p=6, q=4, gamma=15)
    bad: Any = GOOD
    for arguments, message in (
        ((g, m, bad), "m: expected a model of purchases such as MbgNbd, not GammaGamma"),
        ((bad, m, g), "m: expected a model of purchases such as MbgNbd, not dict"),
        ((m, bad, g), "g: expected a model of spend, GammaGamma, not dict"),
        ((m, m, bad), "g: expected a model of spend, GammaGamma, not MbgNbd"),
    ):
        with pytest.raises(TypeError, match=message):
            crm.clv(*arguments)


def test_survivors_are_whole_customers() -> None:
    expected = "`survivors`, row 1: expected a whole number of customers"
    for bad in ([10, 5.5], [10, 11], [10, -1]):
        with pytest.raises(crm.DataError, match=expected):
            crm.Sbg().fit(bad)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("weights", "weight"),
        ("Weight", "weight"),
        ("n_weight", "weight"),
        ("ln_gap", "ln_gaps"),
    ],
)
def test_a_column_that_is_nearly_one_is_refused(name: str, meant: str) -> None:
    """It was ignored in silence, and the fit was of other customers."""
    frame = {**GOOD, name: [1, 1, 1, 1]}
    message = f"`{name}`: not a column that is read; did you mean `{meant}`"
    with pytest.raises(crm.SchemaError, match=message):
        crm.BgNbd().fit(frame, unit="day")
    with pytest.raises(crm.SchemaError, match=message):
        crm.run("clv_fit", frame, {"unit": "day"})


def test_columns_of_other_meaning_are_left_alone() -> None:
    plain = crm.BgNbd().fit(GOOD, unit="day")
    more = {"channel": ["a"] * 4, "n": [1] * 4, "spend": [2.0] * 4, "T_holdout": [3.0] * 4}
    assert crm.BgNbd().fit({**GOOD, **more}, unit="day").to_json() == plain.to_json()
    both = {**GOOD, "weight": [1] * 4, "weights": [9] * 4}
    ones = {**GOOD, "weight": [1] * 4}
    assert (
        crm.BgNbd().fit(both, unit="day").to_json() == crm.BgNbd().fit(ones, unit="day").to_json()
    )


def test_columns_of_durations_that_are_nearly_read_are_refused() -> None:
    lives = {"duration": [3, 5, 5, 8], "event_observed": [True, True, False, False]}
    message = "`event_observed`: not a column that is read; did you mean `observed`"
    with pytest.raises(crm.SchemaError, match=message):
        crm.survival_curve(lives)
    with pytest.raises(crm.SchemaError, match="did you mean `weight`"):
        crm.survival_curve({"duration": [3, 5], "weights": [1, 2]})
    with pytest.raises(crm.SchemaError, match=r"`n_periods`.*did you mean `period`"):
        crm.Sbg().fit({"survivors": [10, 5], "n_periods": [0, 1]})


def test_spend_without_a_mean_is_infinite() -> None:
    """With q below 1 a new customer spends without limit (Fader and Hardie 2013: the mean of
    spend is p gamma / (q - 1)); after purchases it is p (gamma + x m) / (p x + q - 1)."""
    model = crm.GammaGamma.from_params(p=6, q=0.5, gamma=15)
    spend = model.expected_spend([0, 1], [0.0, 10.0])
    assert spend[0] == math.inf  # type: ignore[index]
    assert spend[1] == pytest.approx(6 * (15 + 10) / (6 + 0.5 - 1))  # type: ignore[index]
    assert model.expected_spend(0, 0.0) == math.inf


def refunded(**columns: Any) -> crm.Orders:
    """Orders whose refunds have dates of their own; money in whole units."""
    return crm.Orders(
        {name: list(values) for name, values in columns.items()},
        currency="USD",
        refunded="refunded",
        refunded_at="refunded_at",
    )


def test_refunds_of_other_days_are_in_no_repeat_purchase_day() -> None:
    one = refunded(
        customer_id=["a", "a"],
        ordered_at=["2026-01-01", "2026-01-10"],
        amount=[100.0, 60.0],
        refunded=[100.0, None],
        refunded_at=["2026-01-03", None],
    )
    summary = crm.clv_summary(one, "2026-02-01", refunds="refund_date")
    assert summary["monetary_value"].tolist() == [60.0]
    # A refund on the day of the repeat purchase belongs to that day: 60 − 10.
    same = refunded(
        customer_id=["a", "a"],
        ordered_at=["2026-01-01", "2026-01-10"],
        amount=[100.0, 60.0],
        refunded=[10.0, None],
        refunded_at=["2026-01-10", None],
    )
    summary = crm.clv_summary(same, "2026-02-01", refunds="refund_date")
    assert summary["monetary_value"].tolist() == [50.0]


def test_a_customer_whom_no_model_can_take_stops_nobody() -> None:
    days = ["2026-01-01", "2026-01-10", "2026-01-20"]
    customers = [f"c{i:02}" for i in range(60)]
    rng = np.random.default_rng(5)
    rows = [
        (c, d, float(rng.integers(20, 90))) for c in customers for d in days[: rng.integers(1, 4)]
    ]
    rows = [row for row in rows if row[0] != "c07"]
    # c07: the first order comes back on the day of the second, 60 − 100.
    rows += [("c07", "2026-01-01", 100.0), ("c07", "2026-01-10", 60.0)]
    refund = [100.0 if row == ("c07", "2026-01-01", 100.0) else None for row in rows]
    orders = refunded(
        customer_id=[row[0] for row in rows],
        ordered_at=[row[1] for row in rows],
        amount=[row[2] for row in rows],
        refunded=refund,
        refunded_at=[None if amount is None else "2026-01-10" for amount in refund],
    )
    summary = crm.clv_summary(orders, "2026-03-01", refunds="refund_date")
    at = summary["customer_id"].tolist().index("c07")
    assert summary["monetary_value"][at] == -40.0
    model = crm.MbgNbd.from_params(r=0.5, alpha=20.0, a=0.8, b=2.4, unit="day")
    spend = crm.GammaGamma().fit(summary)
    assert spend.without_spend_ == 1.0
    for table, column in (
        (crm.clv(model, spend, summary), "clv"),
        (spend.predict(summary), "expected_spend"),
    ):
        assert table.notes["rows_left_out"] == {"monetary_value": 1}
        values = np.asarray(table[column], dtype=float)
        assert np.isnan(values[at]) and np.isfinite(np.delete(values, at)).all()
        with pytest.raises(crm.DataError) as caught:
            (
                crm.clv(model, spend, summary, bad_rows="error"),
                spend.predict(summary, bad_rows="error"),
            )
        assert (caught.value.column, caught.value.row) == ("monetary_value", at)
    # The others are as if it were not there.
    frame = {
        name: np.delete(np.asarray(summary[name]), at) for name in ("frequency", "recency", "T")
    }
    frame["monetary_value"] = np.delete(np.asarray(summary["monetary_value"], dtype=float), at)
    alone = crm.clv(model, spend, frame, intervals=False)["clv"]
    assert (
        np.delete(crm.clv(model, spend, summary, intervals=False)["clv"], at).tolist()
        == alone.tolist()
    )


def test_bad_rows_of_a_frame_are_dropped_on_demand_only() -> None:
    frame = good()
    fitted = crm.MbgNbd().fit(frame, unit="day")
    worse = {
        name: [*values, bad]
        for (name, values), bad in zip(frame.items(), (3, 99.0, 9.0), strict=True)
    }
    with pytest.raises(crm.DataError, match="a number from 0 to T"):
        crm.MbgNbd().fit(worse, unit="day")
    dropped = crm.MbgNbd().fit(worse, unit="day", bad_rows="drop")
    assert dropped.params_ == fitted.params_
    found = fitted.predict(worse, bad_rows="drop", only=["probability_alive"])
    assert found.notes["rows_left_out"] == {"recency": 1}
    assert math.isnan(found["probability_alive"][400])
    assert (
        found["probability_alive"][:400].tolist()
        == fitted.predict(frame)["probability_alive"].tolist()
    )


def test_money_of_the_holdout_by_hand() -> None:
    orders = crm.Orders(
        {
            "customer_id": ["a", "a", "a", "a", "b"],
            "ordered_at": ["2026-01-01", "2026-01-10", "2026-02-03", "2026-02-09", "2026-01-05"],
            "amount": [10.0, 20.0, 30.0, 50.0, 7.0],
        },
        currency="USD",
    )
    summary = crm.clv_summary(orders, "2026-02-28", calibration_end="2026-01-31")
    assert summary["holdout_frequency"].tolist() == [2, 0]
    money = summary["holdout_monetary_value"].tolist()
    assert money[0] == 40.0 and math.isnan(money[1])
    assert summary["monetary_value"].tolist()[0] == 20.0


def test_probabilities_of_n_add_up_to_the_expectation() -> None:
    model = crm.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    frame = {"frequency": [2, 0], "recency": [30.43, 0.0], "T": [38.86, 38.86]}
    of_n = [
        np.asarray(model.predict(frame, 39.0, n=n, only=["probability_of_n"])["probability_of_n"])
        for n in range(120)
    ]
    expected = model.predict(frame, 39.0, only=["expected_purchases", "probability_none"])
    assert np.allclose(sum(of_n), 1.0, atol=1e-9)
    assert np.allclose(of_n[0], expected["probability_none"], atol=1e-12)
    mean = sum(n * p for n, p in enumerate(of_n))
    assert np.allclose(mean, expected["expected_purchases"], atol=1e-6)
    with pytest.raises(crm.OptionError, match="probability_of_n"):
        model.predict(frame, only=["probability_of_n"])
