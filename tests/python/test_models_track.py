"""Do the models follow the shop, what else they can be asked, and models of counted time.

Second computations are sums over the customers with the models' own functions of arrays; published
values are those of Fader, Hardie 2007 (sBG), Fader, Hardie, Shang 2010 (BG/BB) and Fader, Hardie,
Lee 2005 (DERT).
"""

import datetime
import json
import math
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crm_core as crm

END = datetime.date(1997, 9, 30)


@pytest.fixture(scope="module")
def weeks(cdnow_sample: crm.Orders) -> crm.Table:
    return crm.clv_summary(cdnow_sample, END, unit="week")


@pytest.fixture(scope="module")
def mbg(weeks: crm.Table) -> crm.MbgNbd:
    return crm.MbgNbd().fit(weeks)


# ---- tracking ----------------------------------------------------------------------------------


def test_tracking_is_the_sum_over_customers(
    cdnow_sample: crm.Orders, mbg: crm.MbgNbd, weeks: crm.Table
) -> None:
    table = mbg.tracking(cdnow_sample, calibration_end=END)
    frame = table.to_pandas()
    assert table.notes["customers"] == 2_357
    # The columns of the summary, which another test compares with the literature.
    inside = frame[frame["in_calibration"]]
    assert inside["period_end"].iloc[-1].date() == END
    assert inside["cumulative_actual"].iloc[-1] == 2_457
    # The holdout ends with the last whole week, six days before the data do.
    last = frame["period_end"].iloc[-1].date()
    holdout = crm.clv_summary(cdnow_sample, last, calibration_end=END)["holdout_frequency"].sum()
    assert frame["cumulative_actual"].iloc[-1] == 2_457 + holdout
    ages = weeks["T"]
    for _, row in frame.iloc[[0, 5, 20, -1]].iterrows():
        age = ages + (row["period_end"].date() - END).days / 7
        expected = np.sum(mbg.expected_purchases(age[age > 0]))
        assert row["cumulative_expected"] == pytest.approx(expected, rel=1e-12)
    assert frame["expected"].cumsum().to_numpy() == pytest.approx(frame["cumulative_expected"])
    assert frame["actual"].sum() == frame["cumulative_actual"].iloc[-1]
    # Within some percent of what happened, as in the papers' figures.
    assert frame["cumulative_expected"].iloc[-1] == pytest.approx(2_457 + 1_882, rel=0.08)


def test_without_a_fit_the_model_is_fitted_to_the_calibration(
    cdnow_sample: crm.Orders, mbg: crm.MbgNbd
) -> None:
    options = {"calibration_end": END.isoformat(), "step": "4w"}
    table = crm.run("clv_tracking", cdnow_sample, options)
    by_week = mbg.tracking(cdnow_sample, calibration_end=END, step=28)
    assert table["actual"].tolist() == by_week["actual"].tolist()
    assert table["expected"] == pytest.approx(by_week["expected"], rel=1e-5)
    again = crm.MbgNbd.from_json(json.dumps(table.notes["fit"]))
    assert again.unit_ == "day" and again.status_ == "converged"
    with pytest.raises(crm.OptionError, match="calibration_end"):
        mbg.tracking(cdnow_sample, END, calibration_end="1998-01-01")
    with pytest.raises(crm.OptionError, match="`step`"):
        mbg.tracking(cdnow_sample, step="36h")


def test_the_histogram_is_the_sum_over_customers(mbg: crm.MbgNbd, weeks: crm.Table) -> None:
    table = mbg.frequency_histogram(weeks, up_to=4)
    assert table["frequency"].tolist() == [0, 1, 2, 3, 4]
    assert table["or_more"].tolist() == [False] * 4 + [True]
    x = weeks["frequency"]
    assert table["customers"].tolist() == [*(np.sum(x == n) for n in range(4)), np.sum(x >= 4)]
    for n in range(4):
        expected = np.sum(mbg.probability_of(np.full(len(x), n), weeks["T"]))
        assert table["expected_customers"][n] == pytest.approx(expected, rel=1e-11)
    assert table["expected_customers"].sum() == pytest.approx(2_357)


def test_the_surface_is_what_is_expected_of_its_cells(mbg: crm.MbgNbd, weeks: crm.Table) -> None:
    table = mbg.expected_surface(weeks, 13, up_to=3, step=10).to_pandas()
    assert table["recency"].max() == 30 and table["frequency"].max() == 3
    age = weeks["T"].max()
    assert len(table) == 1 + 3 * 3, "recency and frequency are 0 together only"
    for _, row in table.iterrows():
        history = (row["frequency"], row["recency"], age)
        assert row["probability_alive"] == pytest.approx(mbg.probability_alive(*history), rel=1e-12)
        expected = mbg.conditional_expected_purchases(13, *history)
        assert row["expected_purchases"] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(crm.OptionError, match="four million"):
        mbg.expected_surface(weeks, step=1e-5)


def test_the_path_of_a_customer(cdnow_sample: crm.Orders, mbg: crm.MbgNbd) -> None:
    # Customer 4 of the file bought on 1 and 18 January, 2 August and 12 December 1997.
    path = mbg.alive_path(cdnow_sample, "1997-12-31", customers={"customer_id": 4}).to_pandas()
    assert len(path) == 365 and set(path["customer_id"]) == {4}
    at = path.set_index("date")["probability_alive"]
    for day, x, last in [("1997-01-17", 0, 0), ("1997-08-01", 1, 17), ("1997-12-31", 3, 345)]:
        age = (datetime.date.fromisoformat(day) - datetime.date(1997, 1, 1)).days
        expected = mbg.probability_alive(x, last / 7, age / 7)
        assert at[day] == pytest.approx(expected, rel=1e-12)
    assert path["frequency"].iloc[-1] == 3
    weekly = mbg.alive_path(cdnow_sample, "1997-12-31", step=7, customers={"customer_id": 4})
    assert len(weekly) == 53


# ---- discounted, drawn, resampled --------------------------------------------------------------


def test_discounted_residual_transactions_are_those_published() -> None:
    pareto = crm.ParetoNbd.from_params(r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562, unit="week")
    rate = 0.0027 * 365 / 7
    found = pareto.discounted_expected_purchases(
        26, 30.86, 31, annual_discount_rate=rate, compounding="continuous"
    )
    assert found == pytest.approx(86.030376, abs=6e-7)
    finite = [
        pareto.discounted_expected_purchases(26, 30.86, 31, t=t, annual_discount_rate=rate)
        for t in (52, 520, 5_200)
    ]
    assert finite == sorted(finite) and finite[0] < 25.454914
    undiscounted = pareto.discounted_expected_purchases(26, 30.86, 31, t=52, annual_discount_rate=0)
    assert undiscounted == pytest.approx(25.454914, abs=1e-6)
    endless = pareto.discounted_expected_purchases([26], [30.86], [31], annual_discount_rate=0)
    assert np.isposinf(endless).all(), "it has no limit at s below 1"
    with pytest.raises(crm.OptionError, match="annual_discount_rate"):
        pareto.discounted_expected_purchases(26, 30.86, 31, annual_discount_rate=-1)


@pytest.mark.parametrize("model", [crm.BgNbd, crm.MbgNbd, crm.ParetoNbd, crm.Nbd, crm.MbgCnbd])
def test_the_outcome_lies_in_its_interval(weeks: crm.Table, model: Any) -> None:
    m = model().fit(weeks)
    ends = ["purchases_low", "purchases_high"]
    table = m.predict(weeks, 39, only=ends, draws=400)
    low, high = table[ends[0]], table[ends[1]]
    assert np.all(low <= high) and np.all(low == np.floor(low)) and np.all(high == np.floor(high))
    # The 90 % point of the law itself, at the estimates.
    for row in range(0, len(weeks), 211):
        history = {name: [weeks[name][row]] for name in ("frequency", "recency", "T")}
        none = m.predict(history, 39, only=["probability_none"])["probability_none"][0]
        if none > 0.95:
            assert high[row] == 0
        if none < 0.85:
            assert high[row] > 0
    for threads in (1, 3):
        crm.set_threads(threads)
        again = m.predict(weeks, 39, only=ends, draws=400)
        assert again.to_dict() == table.to_dict()
    crm.set_threads(None)
    other = m.predict(weeks, 39, only=ends, draws=400, seed=1)
    assert other.to_dict() != table.to_dict()


def test_holdout_counts_lie_in_the_interval(cdnow_sample: crm.Orders) -> None:
    both = crm.clv_summary(cdnow_sample, unit="week", calibration_end=END)
    m = crm.ParetoNbd().fit(both)
    t = both["holdout_duration"][0]
    ends = m.predict(both, t, only=["purchases_low", "purchases_high"])
    actual = both["holdout_frequency"]
    held = np.mean((ends["purchases_low"] <= actual) & (actual <= ends["purchases_high"]))
    assert 0.8 <= held <= 0.97, "counts are whole, so that 80 % is a lower bound"


@pytest.mark.parametrize("model", [crm.BgNbd, crm.MbgNbd, crm.ParetoNbd, crm.Nbd, crm.MbgCnbd])
def test_simulated_customers_are_the_models_own(weeks: crm.Table, model: Any) -> None:
    m = model().fit(weeks)
    ages = np.full(4_000, 30.0)
    drawn = m.simulate(ages, seed=5)
    assert drawn.to_dict() == m.simulate(ages, seed=5).to_dict()
    assert drawn.to_dict() != m.simulate(ages, seed=6).to_dict()
    x = drawn["frequency"]
    error = np.std(x) / math.sqrt(len(x))
    assert abs(np.mean(x) - m.expected_purchases(30.0)) < 4 * error
    none = m.probability_of(0, 30.0)
    assert abs(np.mean(x == 0) - none) < 4 * math.sqrt(none * (1 - none) / len(x))
    with pytest.raises(crm.DataError):
        m.simulate([-1.0])


def test_dropout_is_tested_where_models_are_nested(weeks: crm.Table) -> None:
    table = crm.compare_models(weeks, models=["nbd", "pareto_nbd"])
    outer, inner = table["log_likelihood"]
    # Half a point mass at 0, half chi-squared with one degree of freedom.
    p = 0.5 * math.erfc(math.sqrt(outer - inner))
    assert table.notes["no_dropout_p_value"] == pytest.approx(p)
    alone = crm.compare_models(weeks, models=["nbd", "mbg_nbd"])
    assert alone.notes["no_dropout_p_value"] is None


def test_the_bootstrap_is_seeded(weeks: crm.Table) -> None:
    plain = crm.MbgNbd().fit(weeks)
    m = crm.MbgNbd(bootstrap=60, seed=3).fit(weeks)
    assert m.params_ == plain.params_ and m.log_likelihood_ == plain.log_likelihood_
    assert m.standard_errors_ is not None and plain.standard_errors_ is not None
    for name, error in m.standard_errors_.items():
        assert 0.5 < error / plain.standard_errors_[name] < 2.5
    assert m.intervals_ is not None and m.intervals_ != plain.intervals_
    for threads in (1, 3):
        crm.set_threads(threads)
        assert crm.MbgNbd(bootstrap=60, seed=3).fit(weeks).to_json() == m.to_json()
    crm.set_threads(None)
    assert crm.MbgNbd(bootstrap=60, seed=4).fit(weeks).to_json() != m.to_json()
    g = crm.GammaGamma(bootstrap=40).fit(weeks)
    assert g.standard_errors_ is not None and 0.2 < g.standard_errors_["q"] < 0.5
    with pytest.raises(crm.OptionError, match="20 to 10000"):
        crm.MbgNbd(bootstrap=5).fit(weeks)


# ---- contracts and opportunities ---------------------------------------------------------------

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668088, 3.806095, -1611.158147), (REGULAR, 0.704077, 1.182043, -1680.265188)],
)
def test_contracts_are_as_published(
    survivors: list[int], alpha: float, beta: float, log_likelihood: float
) -> None:
    m = crm.Sbg().fit(survivors)
    assert m.status_ == "converged" and m.customers_ == 1_000
    assert m.params_ == pytest.approx({"alpha": alpha, "beta": beta}, abs=6e-7)
    assert m.log_likelihood_ == pytest.approx(log_likelihood, abs=6e-7)
    table = m.predict(np.arange(8))
    assert table["survival_rate"][0] == 1
    assert table["survival_rate"] == pytest.approx(np.array(survivors) / 1000, abs=0.02)
    product = np.cumprod(table["retention_rate"][1:])
    assert table["survival_rate"][1:] == pytest.approx(product, rel=1e-12)
    assert np.isnan(m.predict([1], discount_rate=0)["expected_renewals"]).all()


def test_cohorts_of_contracts_are_fitted_together() -> None:
    frame = {"period": [*range(8), *range(5)], "survivors": HIGH_END + REGULAR[:5]}
    m = crm.Sbg().fit(pd.DataFrame(frame))
    assert m.customers_ == 2_000
    # The sum of both likelihoods, written out, is highest there.
    one, two = np.array(HIGH_END, float), np.array(REGULAR[:5], float)

    def total(alpha: float, beta: float) -> float:
        churn = [alpha / (alpha + beta + t) for t in range(7)]
        rows = [
            (s[t] - s[t + 1], s[t + 1], churn[t]) for s in (one, two) for t in range(len(s) - 1)
        ]
        return math.fsum(gone * math.log(c) + left * math.log(1 - c) for gone, left, c in rows)

    alpha, beta = m.params_["alpha"], m.params_["beta"]
    best = total(alpha, beta)
    assert m.log_likelihood_ == pytest.approx(best, rel=1e-12)
    for factor in (0.99, 1.01):
        assert total(alpha * factor, beta) < best and total(alpha, beta * factor) < best
    again = pickle.loads(pickle.dumps(m))
    assert again.params_ == m.params_ and crm.Sbg.from_json(m.to_json()).params_ == m.params_
    with pytest.raises(crm.DataError) as caught:
        crm.Sbg().fit([10, 11])
    assert (caught.value.column, caught.value.row) == ("survivors", 1)
    with pytest.raises(crm.DataError) as caught:
        crm.Sbg().fit({"survivors": [10, 8, 7], "period": [0, 2, 3]})
    assert (caught.value.column, caught.value.row) == ("period", 1)
    with pytest.raises(crm.DataError, match="who left"):
        crm.Sbg().fit([10, 10])


@pytest.fixture(scope="module")
def donors() -> pd.DataFrame:
    """The 11,104 donors of the paper's table 1, six years."""
    rows = [
        *((0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119)),
        *((1, 6, 129), (2, 2, 613), (2, 3, 255), (2, 4, 155), (2, 5, 173), (2, 6, 234)),
        *((3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357), (4, 4, 240), (4, 5, 284)),
        *((4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203)),
    ]
    return pd.DataFrame(rows, columns=["frequency", "recency", "weight"]).assign(n=6)


def test_donors_are_as_published(donors: pd.DataFrame) -> None:
    m = crm.BgBb().fit(donors)
    published = {"alpha": 1.2035224, "beta": 0.74971636, "gamma": 0.65671821, "delta": 2.7834422}
    assert m.params_ == pytest.approx(published, rel=1e-7)
    assert m.log_likelihood_ == pytest.approx(-33225.581274, abs=6e-7)
    assert m.customers_ == 11_104
    table = m.predict(donors, 5)
    total = np.sum(table["log_likelihood"] * donors["weight"])
    assert total == pytest.approx(m.log_likelihood_, rel=1e-12)
    given = crm.BgBb.from_params(alpha=1.2035, beta=0.7497, gamma=0.6568, delta=2.7834)
    alive = given.probability_alive([0, 2, 6, 4], [0, 4, 6, 5], [6, 6, 6, 6])
    assert alive == pytest.approx([0.10811, 0.58962, 0.93043, 0.69677], abs=6e-6)
    # The expectation is the sum over opportunities.
    mean = (1.2035 + 2) / (1.2035 + 0.7497 + 6)
    each = [given.probability_alive(2, 4, 6, ahead=h) for h in range(1, 6)]
    found = given.conditional_expected_purchases(5, 2, 4, 6)
    assert found == pytest.approx(mean * math.fsum(each), rel=1e-12)
    with pytest.raises(crm.DataError) as caught:
        crm.BgBb().fit({"frequency": [3], "recency": [2], "n": [6]})
    assert caught.value.column == "frequency"
    with pytest.raises(crm.OptionError, match="ahead"):
        m.predict(donors, 0)


def test_counted_time_is_never_ranked_with_the_others(weeks: crm.Table) -> None:
    for kind in ("sbg", "bgbb"):
        with pytest.raises(crm.OptionError, match="models"):
            crm.compare_models(weeks, models=[kind])
    with pytest.raises(crm.OptionError):
        crm.MbgNbd.from_json(crm.Sbg().fit(HIGH_END).to_json())
