"""Models of repeat purchases and of spend: published values, and the shape of an estimator.

The published values are those of the papers and their notes (Fader, Hardie, Lee 2005; Batislam,
Denizel, Filiztekin 2007; Fader, Hardie 2005; Fader, Hardie 2013; Platzer, Reutterer 2016) for the
CDNOW sample: weeks, calibration to 1997-09-30, 2,357 customers.
"""

import copy
import datetime
import importlib.util
import json
import math
import pathlib
import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import crm_core as crm

ALL: list[Any] = [crm.BgNbd, crm.MbgNbd, crm.ParetoNbd, crm.Nbd, crm.BgCnbd, crm.MbgCnbd]


@pytest.fixture(scope="module")
def weeks(cdnow_sample: crm.Orders) -> crm.Table:
    return crm.clv_summary(cdnow_sample, "1997-09-30", unit="week")


@pytest.fixture(scope="module")
def histories(weeks: crm.Table) -> dict[str, Any]:
    return {name: weeks[name] for name in ("frequency", "recency", "T")}


# ---- published values --------------------------------------------------------------------------


def test_the_sample_is_the_one_of_the_literature(
    cdnow_sample: crm.Orders, weeks: crm.Table
) -> None:
    assert len(weeks) == 2_357
    assert weeks["frequency"].sum() == 2_457
    both = crm.clv_summary(cdnow_sample, unit="week", calibration_end="1997-09-30")
    assert both["holdout_frequency"].sum() == 1_882


@pytest.mark.parametrize(
    ("model", "parameters", "log_likelihood"),
    [
        (
            crm.BgNbd,
            {"r": 0.242595, "alpha": 4.413602, "a": 0.792922, "b": 2.425907},
            -9582.429207,
        ),
        (
            crm.MbgNbd,
            {"r": 0.524843, "alpha": 6.183085, "a": 0.891359, "b": 1.614002},
            -9582.135716,
        ),
        (
            crm.ParetoNbd,
            {"r": 0.553277, "alpha": 10.577683, "s": 0.606240, "beta": 11.668735},
            -9594.976179,
        ),
    ],
)
def test_maxima_are_those_published(
    weeks: crm.Table, model: Any, parameters: dict[str, float], log_likelihood: float
) -> None:
    m = model().fit(weeks)
    assert m.status_ == "converged" and m.boundary_ is None
    # All digits given, from the raw dates of CDNOW_sample.txt.
    assert m.params_ == pytest.approx(parameters, abs=6e-7)
    assert m.log_likelihood_ == pytest.approx(log_likelihood, abs=6e-7)
    assert m.aic_ == pytest.approx(8 - 2 * log_likelihood, abs=1e-5)
    assert m.bic_ == pytest.approx(4 * math.log(2_357) - 2 * log_likelihood, abs=1e-5)
    assert m.customers_ == 2_357 and m.unit_ == "week"


def test_errors_of_pareto_nbd_are_those_published(weeks: crm.Table) -> None:
    m = crm.ParetoNbd(confidence=0.9).fit(weeks)
    published = {"r": 0.047628, "alpha": 0.84272, "s": 0.18728, "beta": 6.2111}
    found = m.standard_errors_
    assert found is not None
    for name, half_a_digit in (("r", 6e-7), ("alpha", 6e-6), ("s", 6e-6), ("beta", 6e-5)):
        assert found[name] == pytest.approx(published[name], abs=half_a_digit)
    assert m.intervals_ is not None
    for name, (low, high) in m.intervals_.items():
        value = m.params_[name]
        width = 1.644853627 * published[name] / value  # the normal law's 95 %
        ends = (value * math.exp(-width), value * math.exp(width))
        assert (low, high) == pytest.approx(ends, rel=2e-5)


def test_gamma_gamma_is_as_published(weeks: crm.Table) -> None:
    package = importlib.util.find_spec("lifetimes")
    assert package is not None and package.origin is not None
    # The note's file, cdnow_customers_summary_with_transactions.csv, has means rounded to cents,
    # halves up. From the raw dates and so rounded they are the same; not rounded, the estimates
    # differ in the fifth digit.
    name = "cdnow_customers_summary_with_transactions.csv"
    path = pathlib.Path(package.origin).parent / "datasets" / name
    frame = pd.read_csv(path).rename(columns={"x": "frequency", "zbar": "monetary_value"})
    raw = weeks.to_pandas()[["frequency", "monetary_value"]]
    cents = (raw["monetary_value"] * raw["frequency"] * 100).round()
    rounded = np.floor(cents / raw["frequency"].where(raw["frequency"] > 0) + 0.5) / 100
    for data in (frame, raw.assign(monetary_value=rounded)):
        g = crm.GammaGamma().fit(data)
        published = {"p": 6.2488, "q": 3.7446, "gamma": 15.4477}
        assert g.params_ == pytest.approx(published, abs=6e-5)
        found = g.standard_errors_
        assert found is not None
        for name, error, half_a_digit in (
            ("p", 1.190, 6e-4),
            ("q", 0.2902, 6e-5),
            ("gamma", 4.160, 6e-4),
        ):
            assert found[name] == pytest.approx(error, abs=half_a_digit)
        assert g.log_likelihood_ == pytest.approx(-4055.92, abs=6e-3)
        assert g.customers_ == 946 and g.without_spend_ == 0
    exact = crm.GammaGamma().fit(raw)
    assert exact.params_["p"] == pytest.approx(6.2496, abs=6e-5)
    assert exact.params_["gamma"] == pytest.approx(15.4435, abs=6e-5)
    assert g.pearson_ == pytest.approx(0.114, abs=5e-4)
    repeat = frame[frame["frequency"] > 0]
    ranks = repeat[["frequency", "monetary_value"]].rank()
    spearman = np.corrcoef(ranks["frequency"], ranks["monetary_value"])[0, 1]
    assert crm.GammaGamma().fit(frame).spearman_ == pytest.approx(spearman, rel=1e-9)


def test_regular_gaps_are_judged_as_published(weeks: crm.Table, histories: dict[str, Any]) -> None:
    given = {"r": 0.579896, "alpha": 2.288149, "a": 1.134453, "b": 1.584974}
    two = crm.MbgCnbd.from_params(**given, k=2, unit="week")
    gaps = np.nansum(weeks["ln_gaps"])
    total = np.sum(two.log_likelihood(**histories)) + gaps
    assert total == pytest.approx(-9853.253129, abs=1e-5)
    best = crm.MbgCnbd().fit(weeks)
    assert best.k_ == 1
    assert best.params_ == crm.MbgNbd().fit(weeks).params_


def test_quantities_are_those_published() -> None:
    bg = crm.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    assert bg.conditional_expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(
        1.226028, abs=1e-6
    )
    found = bg.probability_alive([2, 26, 0], [30.43, 30.86, 0], [38.86, 31, 39])
    assert found == pytest.approx([0.726579, 0.968916, 1], abs=1e-6)
    assert bg.conditional_expected_purchases(52, [26], [30.86], [31]) == pytest.approx(
        [25.758196], abs=1e-6
    )
    pareto = crm.ParetoNbd.from_params(r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562, unit="week")
    assert pareto.expected_purchases(52) == pytest.approx(1.473067, abs=1e-6)
    assert pareto.probability_alive(26, 30.86, 31) == pytest.approx(0.997918, abs=1e-6)
    assert pareto.probability_alive(0, 0, 39) == pytest.approx(0.294142, abs=1e-6)
    expected = pareto.conditional_expected_purchases(52, 26, 30.86, 31)
    assert expected == pytest.approx(25.454914, abs=1e-6)
    g = crm.GammaGamma.from_params(p=6.25, q=3.74, gamma=15.44)
    found = g.expected_spend([0, 2, 3], [math.nan, 22.35, 35])
    assert found == pytest.approx([35.218978, 24.663714, 35.02792], rel=1e-6)


# ---- laws --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [crm.BgNbd, crm.MbgNbd, crm.ParetoNbd, crm.Nbd])
def test_the_unit_changes_scale_and_nothing_else(
    cdnow_sample: crm.Orders, weeks: crm.Table, model: Any
) -> None:
    by_week = model().fit(weeks)
    by_day = model().fit(crm.clv_summary(cdnow_sample, "1997-09-30", unit="day"))
    scaled = {
        name: value * (7 if name in ("alpha", "beta") else 1)
        for name, value in by_week.params_.items()
    }
    assert by_day.params_ == pytest.approx(scaled, rel=1e-5)
    shift = 2_457 * math.log(7)
    assert by_day.log_likelihood_ == pytest.approx(by_week.log_likelihood_ - shift, rel=1e-10)


def test_the_best_model_is_not_clearly_worse_than_the_first_of_compare_models(
    weeks: crm.Table,
) -> None:
    best = crm.BestModel().fit(weeks)
    compared = crm.compare_models(weeks)
    assert best.aic_ is not None and best.aic_ <= compared["aic"].min() + 2.0
    assert best.choice_ is not None and best.choice_["by"] == "likelihood"
    assert {one["model"] for one in best.choice_["compared"]} <= set(best._kinds)
    again = crm.BestModel.from_json(best.to_json())
    assert (again.model_, again.choice_) == (best.model_, None)
    assert again.params_ == best.params_


@pytest.mark.parametrize("model", ALL)
def test_rows_add_up_to_the_fit(weeks: crm.Table, histories: dict[str, Any], model: Any) -> None:
    m = model().fit(weeks)
    each = m.log_likelihood(**histories)
    assert np.sum(each) == pytest.approx(m.log_likelihood_, rel=1e-12)
    table = m.predict(weeks, 13)
    assert table.columns[0] == "customer_id" and len(table) == len(weeks)
    assert np.array_equal(table["log_likelihood"], each)
    assert np.array_equal(table["probability_alive"], m.probability_alive(**histories))
    assert np.array_equal(table["probability_alive_later"], m.probability_alive(**histories, t=13))
    expected = m.conditional_expected_purchases(13, **histories)
    assert np.array_equal(table["expected_purchases"], expected)
    assert np.all((table["expected_low"] < expected) & (expected < table["expected_high"]))
    assert m.predict(weeks, only=["probability_none"]).columns == [
        "customer_id",
        "probability_none",
    ]


@pytest.mark.parametrize("model", ALL)
def test_counts_of_a_new_customer_add_up(weeks: crm.Table, model: Any) -> None:
    m = model().fit(weeks)
    counts = np.arange(400)
    chances = m.probability_of(counts, 30.0)
    assert np.sum(chances) == pytest.approx(1, abs=1e-6)
    assert np.sum(counts * chances) == pytest.approx(m.expected_purchases(30.0), rel=1e-4)


def test_weights_are_repeated_rows(histories: dict[str, Any]) -> None:
    frame = pl.DataFrame(histories)
    few = frame.group_by(["frequency", "recency", "T"]).len("weight")
    assert len(few) < len(frame)
    one = crm.MbgNbd().fit(frame, unit="week")
    two = crm.MbgNbd().fit(few, unit="week")
    assert two.params_ == pytest.approx(one.params_, rel=1e-9)
    assert two.customers_ == 2_357


def test_without_discount_value_is_purchases_times_spend(weeks: crm.Table) -> None:
    m, g = crm.MbgNbd().fit(weeks), crm.GammaGamma().fit(weeks)
    table = crm.clv(m, g, weeks, annual_discount_rate=0, margin=0.5, intervals=False)
    value = table["expected_purchases"] * table["expected_spend"]
    assert table["clv"] == pytest.approx(value * 0.5, rel=1e-12)
    assert np.isnan(table["clv_low"]).all()
    spend = g.predict(weeks)
    assert np.array_equal(spend["expected_spend"], table["expected_spend"])
    assert np.array_equal(spend["customer_id"], weeks["customer_id"])


def test_value_has_two_intervals(weeks: crm.Table) -> None:
    m, g = crm.ParetoNbd().fit(weeks), crm.GammaGamma().fit(weeks)
    table = crm.clv(m, g, weeks, draws=50, seed=3)
    assert table.to_dict() == crm.clv(m, g, weeks, draws=50, seed=3).to_dict()
    expected, value = table["expected_purchases"] * table["expected_spend"], table["clv"]
    assert np.all((value > 0) & (value < expected)), "10 % a year is the default"
    assert np.all(table["expected_low"] < value)
    assert np.all(value < table["expected_high"])
    outcome = table["clv_high"] - table["clv_low"]
    assert outcome.mean() > 2 * (table["expected_high"] - table["expected_low"]).mean()
    assert table.notes["total"]["clv"] == pytest.approx(value.sum())


def test_models_are_compared_on_the_same_customers(weeks: crm.Table) -> None:
    table = crm.compare_models(weeks).to_dict()
    # Those of regular gaps chose k = 1 here, and stand beside the plain model that they are.
    assert table["model"] == ["mbg_nbd", "mbg_nbd", "bg_nbd", "bg_nbd", "pareto_nbd", "nbd"]
    assert table["aic"] == sorted(table["aic"])
    only = crm.compare_models(weeks, models=["nbd", "mbg_cnbd_k"]).to_dict()
    assert only["log_likelihood"] == [table["log_likelihood"][at] for at in (0, 5)]
    both = crm.compare_models(weeks, models=["mbg_nbd", "mbg_cnbd_k", "bg_nbd"])
    assert both.to_dict()["model"][:2] == ["mbg_nbd", "mbg_nbd"]
    assert both.notes["chose_k_1"] == {"mbg_cnbd_k": "mbg_nbd"}
    plain = crm.compare_models(weeks, models=["mbg_nbd", "nbd"])
    assert "chose_k_1" not in plain.notes


def test_regular_buyers_are_seen_to_be_regular() -> None:
    random = np.random.default_rng(5)
    rows: list[tuple[int, datetime.date]] = []
    for customer in range(600):
        day, mean = int(random.integers(0, 200)), random.gamma(4, 8)
        while day < 700:
            rows.append((customer, datetime.date(2024, 1, 1) + datetime.timedelta(day)))
            if random.random() < 0.15:
                break
            day += max(1, round(random.gamma(4, mean / 4)))
    orders = crm.Orders(
        {
            "customer_id": [row[0] for row in rows],
            "ordered_at": [row[1] for row in rows],
            "amount": [100] * len(rows),
        },
        currency="JPY",
    )
    regular = crm.MbgCnbd().fit(orders, unit="day")
    assert 3 <= regular.k_ <= 5, "gaps of four stages"
    plain = crm.MbgNbd().fit(orders, unit="day")
    assert regular.aic_ is not None and plain.aic_ is not None
    assert regular.aic_ < plain.aic_
    assert crm.MbgCnbd.from_json(regular.to_json()).k_ == regular.k_
    compared = crm.compare_models(orders, models=["mbg_nbd", "mbg_cnbd_k"])
    assert compared["model"][0] == "mbg_cnbd_k" and "chose_k_1" not in compared.notes


# ---- the shape of an estimator -----------------------------------------------------------------


@pytest.mark.parametrize("model", ALL)
def test_frames_of_all_kinds_fit_alike(
    weeks: crm.Table, histories: dict[str, Any], model: Any
) -> None:
    expected = model().fit(weeks).params_
    for frame in (weeks.to_pandas(), weeks.to_polars(), weeks.to_arrow()):
        assert model().fit(frame, unit="week").params_ == expected
    if model not in (crm.BgCnbd, crm.MbgCnbd):
        other = {"note": [object()] * len(weeks), **histories}
        assert model().fit(pd.DataFrame(other), unit="week").params_ == expected


@pytest.mark.parametrize("model", [*ALL, crm.GammaGamma])
def test_models_travel(weeks: crm.Table, model: Any) -> None:
    m = model(confidence=0.9).fit(weeks)
    for again in (pickle.loads(pickle.dumps(m)), copy.deepcopy(m), model.from_json(m.to_json())):
        assert type(again) is model
        assert again.params_ == m.params_
        assert again.standard_errors_ == m.standard_errors_
        assert (again.log_likelihood_, again.aic_, again.bic_) == (
            m.log_likelihood_,
            m.aic_,
            m.bic_,
        )
        assert again.status_ == "converged" and again.to_json() == m.to_json()
        assert repr(again) == repr(m)
        assert again.predict(weeks).to_dict() == m.predict(weeks).to_dict()
    parameters = json.dumps(json.loads(m.to_json())["model"])
    given = model.from_json(parameters)
    assert given.params_ == m.params_
    assert given.status_ == "given"
    assert given.standard_errors_ is None and given.intervals_ is None
    assert given.log_likelihood_ is None and given.aic_ is None and given.bic_ is None


def test_parameters_from_elsewhere_are_checked() -> None:
    with pytest.raises(crm.OptionError, match="greater than 0"):
        crm.Nbd.from_params(r=0, alpha=2, unit="day")
    with pytest.raises(crm.OptionError, match="finite"):
        crm.ParetoNbd.from_params(r=1, alpha=1, s=math.inf, beta=1, unit="day")
    with pytest.raises(crm.OptionError, match="quarter"):
        crm.Nbd.from_params(r=1, alpha=2, unit="quarter")  # type: ignore[arg-type]
    with pytest.raises(crm.OptionError, match="`k`"):
        crm.BgCnbd.from_params(r=1, alpha=2, a=1, b=1, k=0, unit="day")
    with pytest.raises(crm.OptionError, match="greater than 0"):
        crm.GammaGamma.from_params(p=1, q=-1, gamma=1)
    nbd = crm.Nbd.from_params(r=1, alpha=2, unit="day")
    with pytest.raises(crm.OptionError, match="expected a fit of bg_nbd, found nbd"):
        crm.BgNbd.from_json(nbd.to_json())
    with pytest.raises(crm.OptionError):
        crm.GammaGamma.from_json(nbd.to_json())
    with pytest.raises(crm.OptionError, match="JSON of a fit"):
        crm.Nbd.from_json("{")


@pytest.mark.parametrize("model", [*ALL, crm.GammaGamma])
def test_a_model_is_fitted_first(weeks: crm.Table, model: Any) -> None:
    m = model()
    attributes = ["params_", "standard_errors_", "intervals_", "log_likelihood_", "aic_", "bic_"]
    for name in [*attributes, "status_", "boundary_", "customers_"]:
        with pytest.raises(crm.NotFittedError, match="not fitted"):
            getattr(m, name)
    with pytest.raises(crm.NotFittedError):
        m.predict(weeks)
    with pytest.raises(crm.NotFittedError):
        m.to_json()
    assert repr(m) == f"{model.__name__}()"
    assert m.get_params()["confidence"] is None
    assert m.set_params(confidence=0.5).confidence == 0.5
    with pytest.raises(crm.OptionError, match="unknown option `trust`"):
        m.set_params(trust=1)


def test_units_are_never_mixed(weeks: crm.Table, histories: dict[str, Any]) -> None:
    with pytest.raises(crm.OptionError, match="`unit`"):
        crm.BgNbd().fit(histories)
    with pytest.raises(crm.OptionError, match="`unit`"):
        crm.BgNbd().fit(weeks, unit="day")
    daily = crm.BgNbd.from_params(r=0.2, alpha=30, a=0.8, b=2.4, unit="day")
    with pytest.raises(crm.OptionError, match="day, the unit of the model"):
        daily.predict(weeks)
    with pytest.raises(crm.OptionError, match="day, the unit of the model"):
        crm.clv(daily, crm.GammaGamma.from_params(p=6, q=4, gamma=15), weeks)
    assert len(daily.predict(histories)) == len(weeks), "a frame that does not say is taken so"


def test_orders_are_summarised_in_the_unit_of_the_model(cdnow_sample: crm.Orders) -> None:
    m = crm.MbgNbd().fit(cdnow_sample, unit="week")
    weekly = crm.clv_summary(cdnow_sample, unit="week")
    assert m.params_ == crm.MbgNbd().fit(weekly).params_
    assert m.predict(cdnow_sample).to_dict() == m.predict(weekly).to_dict()
    g = crm.GammaGamma().fit(cdnow_sample)
    assert crm.clv(m, g, cdnow_sample, intervals=False).to_dict() == (
        crm.clv(m, g, weekly, intervals=False).to_dict()
    )
    assert crm.MbgNbd().fit(cdnow_sample).unit_ == "day"
    histogram, surface = m.frequency_histogram, m.expected_surface
    assert histogram(cdnow_sample).to_dict() == histogram(weekly).to_dict()
    assert surface(cdnow_sample, up_to=2).to_dict() == surface(weekly, up_to=2).to_dict()
    for ask in (histogram, surface, m.predict):
        with pytest.raises(crm.OptionError, match="week, the unit of the model"):
            ask(cdnow_sample, unit="day")


def test_arrays_in_arrays_out() -> None:
    m = crm.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    one = m.probability_alive(2, 30.43, 38.86)
    assert isinstance(one, float)
    columns: list[Any] = [
        ([2, 2], [30.43, 30.43]),
        (np.array([2, 2], dtype="u1"), np.array([30.43, 30.43])),
        (pd.Series([2, 2], index=[7, 9]), pl.Series([30.43, 30.43])),
    ]
    for frequency, recency in columns:
        assert list(np.asarray(m.probability_alive(frequency, recency, 38.86))) == [one, one]
    assert len(np.asarray(m.expected_purchases([]))) == 0
    with pytest.raises(crm.SchemaError, match="rows"):
        m.probability_alive([2, 2], [30.43], 38.86)
    for wrong, column in [
        ((-1, 0, 9), "frequency"),
        ((1.5, 1, 9), "frequency"),
        ((1, 10, 9), "recency"),
        ((1, 0, 0), "T"),
        ((1, 1, math.inf), "T"),
        ((math.nan, 1, 9), "frequency"),
    ]:
        with pytest.raises(crm.DataError) as caught:
            m.log_likelihood(*wrong)
        assert caught.value.column == column
    with pytest.raises(crm.OptionError, match="`t`"):
        m.conditional_expected_purchases(-1, 2, 30.43, 38.86)
    with pytest.raises(crm.DataError):
        m.expected_purchases([-1])


def test_too_little_is_said_to_be_too_little() -> None:
    frame = {"frequency": [0, 1], "recency": [0, 3], "T": [9, 9]}
    for model in ALL[:4]:
        with pytest.raises(crm.DataError, match="repeat purchase"):
            model().fit(frame, unit="day")
    with pytest.raises(crm.SchemaError, match="`ln_gaps`"):
        crm.MbgCnbd().fit(frame, unit="day")
    with pytest.raises(crm.SchemaError, match="`recency`"):
        crm.BgNbd().fit({"frequency": [1], "T": [9]}, unit="day")
    with pytest.raises(crm.DataError) as caught:
        crm.MbgCnbd().fit({**frame, "ln_gaps": [None, math.inf]}, unit="day")
    assert (caught.value.column, caught.value.row) == ("ln_gaps", 1)


def test_customers_without_spend() -> None:
    random = np.random.default_rng(2)
    frame = {
        "frequency": random.integers(1, 9, 300),
        "monetary_value": np.where(np.arange(300) % 50, random.gamma(6, 5, 300), 0.0),
    }
    assert crm.GammaGamma().fit(frame).without_spend_ == 6
    assert crm.GammaGamma(no_spend={"clamp": 0.01}).fit(frame).customers_ == 300
    with pytest.raises(crm.DataError) as caught:
        crm.GammaGamma(no_spend="error").fit(frame)
    assert caught.value.column == "monetary_value"


def test_a_boundary_is_a_status(weeks: crm.Table) -> None:
    # Nobody drops out: everybody's last purchase was just now.
    x = np.arange(400) % 7
    age = 40 + np.arange(400) % 5
    frame = {"frequency": x, "recency": np.where(x > 0, age, 0), "T": age}
    m = crm.ParetoNbd().fit(frame, unit="week")
    assert m.status_ == "boundary" and m.boundary_ in m.params_
    assert m.standard_errors_ is None
    assert np.isfinite(m.predict(frame)["expected_purchases"]).all()
