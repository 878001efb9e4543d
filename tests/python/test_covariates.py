"""Fits whose rates depend on columns of customers, against scipy and the plain models."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from covariate_shops import CHANNELS, design, log_likelihood, own, shop

import crm_core as crm

MODELS: dict[str, Any] = {
    "bg_nbd": crm.BgNbd,
    "mbg_nbd": crm.MbgNbd,
    "pareto_nbd": crm.ParetoNbd,
}
COVARIATES = ["channel", "age"]


@pytest.fixture(scope="module", params=MODELS)
def fitted(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], Any]:
    frame = shop(request.param, 1_200, 5)
    model = MODELS[request.param]().fit(frame, unit="week", covariates=COVARIATES)
    return request.param, frame, model


def effects(kind: str) -> list[str]:
    return (
        ["purchase", "dropout"] if kind == "pareto_nbd" else ["purchase", "dropout_a", "dropout_b"]
    )


def likelihood(kind: str, frame: dict[str, Any], values: Any) -> float:
    """At logarithms of the four parameters and coefficients, by scipy."""
    gammas = list(np.reshape(values[4:], (-1, 3)))
    z = design(frame["channel"], frame["age"])
    mine = own(kind, np.exp(values[:4]), gammas, z)
    return float(log_likelihood(kind, frame, mine).sum())


def test_it_is_the_maximum_with_its_curvature(fitted: Any) -> None:
    """The likelihood is scipy's, its slopes are 0, and the errors are those of its curvature."""
    kind, frame, model = fitted
    names = [
        f"{effect}.{column}"
        for effect in effects(kind)
        for column in ("channel=app", "channel=web", "age")
    ]
    assert list(model.params_)[4:] == names
    assert model.status_ == "converged"
    found = np.array(list(model.params_.values()))
    at = np.concatenate([np.log(found[:4]), found[4:]])
    assert likelihood(kind, frame, at) == pytest.approx(model.log_likelihood_, abs=1e-6)
    assert model.aic_ == pytest.approx(2 * len(at) - 2 * model.log_likelihood_)
    errors = np.array(list(model.standard_errors_.values()))
    errors[:4] /= found[:4]
    step = 0.01 * errors

    def moved(*places: tuple[int, float]) -> float:
        there = at.copy()
        for place, steps in places:
            there[place] += steps * step[place]
        return likelihood(kind, frame, there)

    here, n = moved(), len(at)
    hessian = np.empty((n, n))
    for i in range(n):
        # The slope per standard error; steps of 0.001 errors.
        slope = (moved((i, 0.1)) - moved((i, -0.1))) / 0.002
        assert abs(slope) < 1e-4, f"{list(model.params_)[i]} is not at its maximum"
        up, down = moved((i, 1)), moved((i, -1))
        hessian[i, i] = (up + down - 2 * here) / step[i] ** 2
        for j in range(i):
            corners = [moved((i, a), (j, b)) * a * b for a in (1, -1) for b in (1, -1)]
            hessian[i, j] = hessian[j, i] = sum(corners) / (4 * step[i] * step[j])
    by_scipy = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    assert errors == pytest.approx(by_scipy, rel=0.02)


def test_a_customer_is_that_of_the_plain_model(fitted: Any) -> None:
    """Predictions of each customer, and their errors, are those of a model of such customers."""
    _, frame, model = fitted
    predicted = model.predict(frame, t=20.0, n=2, draws=10)
    for channel, age in [("store", 30), ("web", 51)]:
        rows = np.flatnonzero((frame["channel"] == channel) & (frame["age"] == age))
        assert len(rows)
        plain = model.with_covariates({"channel": channel, "age": age})
        assert plain.covariates_ == [] and len(plain.params_) == 4
        some = {name: frame[name][rows] for name in ("frequency", "recency", "T")}
        alone = plain.predict(some, t=20.0, n=2, draws=10)
        for name in alone.columns:
            if name not in ("purchases_low", "purchases_high"):  # by other random numbers
                assert predicted[name][rows] == pytest.approx(alone[name], rel=1e-12), name
    # By the formula: alpha of a customer is alpha e^(-z gamma).
    params = model.params_
    plain = model.with_covariates({"channel": "web", "age": 51})
    power = params["purchase.channel=web"] + 51 * params["purchase.age"]
    assert plain.params_["alpha"] == pytest.approx(params["alpha"] * np.exp(-power))


def test_values_and_totals(fitted: Any) -> None:
    """Rows are those of each customer's model; the total has the variance that all share."""
    _, frame, model = fitted
    rng = np.random.default_rng(0)
    x = frame["frequency"]
    mean = rng.gamma(6 * np.maximum(x, 1)) / np.maximum(x, 1) / rng.gamma(4, 0.1, len(x))
    frame = {**frame, "monetary_value": np.where(x > 0, mean, 0.0)}
    spend = crm.GammaGamma().fit(frame)
    values = crm.clv(model, spend, frame, shared_error=0.0, draws=60)
    total = values.notes["total"]
    assert total["clv"] == pytest.approx(values["clv"].sum())
    picked = np.flatnonzero((frame["channel"] == "app") & (frame["age"] == 40))
    plain = model.with_covariates({"channel": "app", "age": 40})
    some = {name: frame[name][picked] for name in ("frequency", "recency", "T", "monetary_value")}
    alone = crm.clv(plain, spend, some, draws=10)
    for name in ("clv", "expected_low", "expected_high"):
        assert values[name][picked] == pytest.approx(alone[name], rel=1e-9), name
    # Both intervals hold the sum; that of the outcome is wider, and no independent sum.
    (low, high), (least, most) = total["expected"], total["outcome"]
    assert least < low < total["clv"] < high < most
    # Shares of the total by a column that one half of the customers has: the interval is of all
    # draws together, so it does not depend on how customers are grouped.
    back = {name: cells[::-1] for name, cells in frame.items()}
    again = crm.clv(model, spend, back, shared_error=0.0, draws=10)
    assert again.notes["total"]["expected"] == pytest.approx(total["expected"], rel=1e-9)


def test_the_total_is_that_of_the_plain_model_where_nothing_depends_on_the_column() -> None:
    """With a coefficient of 0 and no error, all customers have one model."""
    frame = shop("mbg_nbd", 400, 3)
    bought = frame["frequency"] > 0
    spent = np.random.default_rng(3).gamma(9 * np.maximum(frame["frequency"], 1)) * 3
    levels = np.random.default_rng(4).gamma(4, 0.25, 400)
    mean = spent / np.maximum(frame["frequency"], 1) / levels
    frame["monetary_value"] = np.where(bought, mean, 0.0)
    plain = crm.MbgNbd().fit(frame, unit="week")
    spend = crm.GammaGamma().fit(frame)
    fit = json.loads(plain.to_json())
    four = np.reshape(fit.pop("covariance_of_logs"), (4, 4))
    more = np.zeros((5, 5))
    more[:4, :4] = four
    coefficient = {"effect": "purchase", "column": "channel", "level": "web", "value": 0.0}
    fit["covariates"] = {
        "columns": [{"name": "channel", "levels": list(CHANNELS)}],
        "coefficients": [coefficient],
        "covariance": more.ravel().tolist(),
    }
    fit["covariance_of_logs"] = None
    model = crm.MbgNbd.from_json(json.dumps(fit))
    one, two = (crm.clv(m, spend, frame, draws=200) for m in (plain, model))
    assert two["clv"] == pytest.approx(one["clv"], rel=1e-12)
    for name in ("expected", "outcome"):
        low, high = one.notes["total"][name]
        width = 0.02 * (high - low) if name == "expected" else 0.15 * (high - low)
        assert two.notes["total"][name] == pytest.approx([low, high], abs=width)
    a, b = (m.predict(frame, t=30.0) for m in (plain, model))
    for name in ("expected_low", "expected_high", "probability_alive"):
        assert a[name] == pytest.approx(b[name], rel=1e-10)
    histogram = model.frequency_histogram(frame)
    assert histogram["expected_customers"] == pytest.approx(
        plain.frequency_histogram(frame)["expected_customers"]
    )


def test_equal_rows_are_counted_together() -> None:
    """By weights, by rows, in any order."""
    frame = shop("mbg_nbd", 300, 8)
    twice = {name: np.concatenate([cells, cells[::-1]]) for name, cells in frame.items()}
    weighed = {**frame, "weight": np.full(300, 2.0)}
    one = crm.MbgNbd().fit(twice, unit="week", covariates=COVARIATES)
    two = crm.MbgNbd().fit(weighed, unit="week", covariates=COVARIATES)
    assert list(one.params_.values()) == pytest.approx(list(two.params_.values()), rel=1e-9)
    assert one.customers_ == two.customers_ == 600


def test_numbers_truth_values_and_units() -> None:
    """A column in other numbers has coefficients in these numbers; a truth value is 0 or 1."""
    frame = shop("pareto_nbd", 600, 4)
    months = {**frame, "age": (frame["age"] - 18) * 12.0}
    years = crm.ParetoNbd().fit(frame, unit="week", covariates=COVARIATES)
    other = crm.ParetoNbd().fit(months, unit="week", covariates=COVARIATES)
    assert other.log_likelihood_ == pytest.approx(years.log_likelihood_, abs=1e-7)
    for name in ("purchase.age", "dropout.age"):
        assert 12 * other.params_[name] == pytest.approx(years.params_[name], rel=1e-4)
        errors = [m.standard_errors_[name] for m in (years, other)]
        assert 12 * errors[1] == pytest.approx(errors[0], rel=1e-4)
    web = {**frame, "web": frame["channel"] == "web"}
    asked = {"purchase": ["web"], "dropout": []}
    truth = crm.ParetoNbd().fit(web, unit="week", covariates=asked)
    number = crm.ParetoNbd().fit({**web, "web": web["web"] * 1}, unit="week", covariates=asked)
    assert truth.params_ == number.params_ and list(truth.params_)[4:] == ["purchase.web"]


def test_a_model_of_each_kind() -> None:
    frame = shop("mbg_nbd", 500, 6)
    frame["ln_gaps"] = np.where(frame["frequency"] > 0, frame["frequency"] * 1.5, np.nan)
    for one, count in ((crm.Nbd, 2 + 3), (crm.BgCnbd, 4 + 9), (crm.BestModel, None)):
        model = one().fit(frame, unit="week", covariates=COVARIATES)
        assert count is None or len(model.params_) == count
        assert model.status_ in ("converged", "boundary")
    with pytest.raises(crm.OptionError, match="does not drop out"):
        crm.Nbd().fit(frame, unit="week", covariates={"dropout": ["age"]})


def test_a_category_without_repeat_purchases_is_a_boundary() -> None:
    frame = shop("mbg_nbd", 400, 9)
    web = frame["channel"] == "web"
    frame["frequency"][web] = frame["recency"][web] = 0.0
    asked = {"purchase": ["channel"]}
    model = crm.MbgNbd().fit(frame, unit="week", covariates=asked)
    assert model.status_ == "boundary" and model.boundary_ == "purchase.channel=web"
    predicted = model.predict(frame, t=10.0)["expected_purchases"]
    assert np.isfinite(predicted).all() and predicted[web].max() < 1e-3


def test_what_is_missing_or_unknown_is_refused() -> None:
    frame = shop("mbg_nbd", 200, 2)
    fit = crm.MbgNbd().fit
    holes = {**frame, "age": np.where(frame["age"] < 25, np.nan, frame["age"])}
    count = int((frame["age"] < 25).sum())
    with pytest.raises(crm.DataError, match=rf"age.*\({count} of 200 rows have none\)"):
        fit(holes, unit="week", covariates=["age"])
    with pytest.raises(crm.SchemaError, match="agee"):
        fit(frame, unit="week", covariates=["agee"])
    with pytest.raises(crm.OptionError, match="expected a list of columns"):
        fit(frame, unit="week", covariates="age")
    with pytest.raises(crm.OptionError, match="each column once"):
        fit(frame, unit="week", covariates=["age", "age"])
    with pytest.raises(crm.OptionError, match="at least two values"):
        fit({**frame, "one": np.ones(200)}, unit="week", covariates=["one"])
    with pytest.raises(crm.OptionError, match="at least two values"):
        fit({**frame, "one": ["web"] * 200}, unit="week", covariates=["one"])
    with pytest.raises(crm.OptionError, match="a billionth of themselves"):
        fit({**frame, "far": 1e12 + frame["age"]}, unit="week", covariates=["far"])
    same = {**frame, "born": 2026 - frame["age"]}
    with pytest.raises(crm.OptionError, match="do not follow from the others"):
        fit(same, unit="week", covariates=["age", "born"])
    with pytest.raises(crm.OptionError, match="at most 32"):
        many = {**frame, "town": np.array([f"t{i % 40}" for i in range(200)])}
        fit(many, unit="week", covariates=["town"])
    with pytest.raises(crm.OptionError, match="errors come from the likelihood"):
        crm.MbgNbd(bootstrap=20).fit(frame, unit="week", covariates=["age"])
    model = fit(frame, unit="week", covariates=COVARIATES)
    with pytest.raises(crm.DataError, match=r"channel.*a value that the fit has seen"):
        model.predict({**frame, "channel": np.full(200, "tv")}, t=1.0)
    with pytest.raises(crm.SchemaError, match="as in the fit"):
        model.predict({**frame, "age": np.full(200, "old")}, t=1.0)
    with pytest.raises(crm.SchemaError, match="channel"):
        model.predict({name: frame[name] for name in ("frequency", "recency", "T", "age")})
    with pytest.raises(crm.OptionError, match="with_covariates"):
        model.expected_purchases(10.0)
    with pytest.raises(crm.OptionError, match="without covariates"):
        crm.run("expected_surface", frame, {"fit": model._fit(), "unit": "week"})
    for values in ({"channel": "web"}, {"channel": "tv", "age": 3}, {"age": 3, "x": 1}):
        with pytest.raises(crm.OptionError, match="covariates"):
            model.with_covariates(values)
    broken = json.loads(model.to_json())
    broken["covariates"]["coefficients"][0]["column"] = "other"
    with pytest.raises(crm.OptionError, match="fit"):
        crm.MbgNbd.from_json(json.dumps(broken))


def orders_of_customers() -> crm.Orders:
    """Orders with a channel, and a table of customers with sex and age."""
    log = crm.simulate_orders(250, seed=3)
    ids = sorted({one for one in log["customer_id"] if one})
    rng = np.random.default_rng(1)
    customers = {
        "customer_id": ids,
        "sex": [["f", "m"][i % 2] for i in range(len(ids))],
        "age": rng.integers(20, 70, len(ids)).tolist(),
    }
    table = crm.Customers(customers, dimensions=["sex", "age"])
    return crm.Orders(log, currency="JPY", channel="channel", guests="drop", customers=table)


def test_columns_of_the_customers_of_orders() -> None:
    orders = orders_of_customers()
    columns = ["sex", "age", "first_channel"]
    summary = crm.clv_summary(orders, unit="week", covariates=columns)
    assert summary.columns[-3:] == columns
    assert set(summary["sex"]) == {"f", "m"} and summary["age"].dtype.kind in "if"
    asked = {"purchase": columns, "dropout": ["sex"]}
    one = crm.MbgNbd().fit(orders, unit="week", covariates=asked)
    two = crm.MbgNbd().fit(summary, covariates=asked)
    assert one.params_ == two.params_ and one.covariates_ == ["age", "first_channel", "sex"]
    assert "purchase.age" in one.params_ and "dropout_b.sex=m" in {
        name.replace("=f", "=m") for name in one.params_
    }
    a, b = one.predict(orders, t=8.0, draws=20), one.predict(summary, t=8.0, draws=20)
    assert a["expected_purchases"].tolist() == b["expected_purchases"].tolist()
    with pytest.raises(crm.OptionError, match="columns of customers"):
        crm.clv_summary(orders, covariates=["channel"])
    # Tracking sums each customer's own model; the path is that of the customer's model.
    tracked = one.tracking(orders, step=30)
    first = np.array(summary["T"])
    whole = sum(
        one.with_covariates({name: row[name] for name in one.covariates_}).expected_purchases(t)
        for row, t in zip(rows_of(summary, columns), first, strict=True)
    )
    assert tracked["cumulative_expected"][-1] == pytest.approx(whole, rel=1e-9)
    who = summary["customer_id"][0]
    path = one.alive_path(orders, step=10, customers={"customer_id": who})
    row = next(iter(rows_of(summary, columns)))
    own_model = one.with_covariates({name: row[name] for name in one.covariates_})
    same = own_model.alive_path(orders, step=10, customers={"customer_id": who})
    assert path["probability_alive"].tolist() == same["probability_alive"].tolist()


def rows_of(table: crm.Table, columns: list[str]) -> list[dict[str, Any]]:
    cells = {name: np.asarray(table[name]).tolist() for name in columns}
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
