"""`lifetimes` 0.11.3 on the CDNOW sample: its summary, its fits, and what it expects.

Its answers are in tests/golden/clv_lifetimes.json; tests/python/oracles/clv_lifetimes.py made them
in an environment of its own. Its fits end where its tolerance lets them, some five digits in;
quantities are compared at the parameters that the file holds, to nearly all digits.
"""

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import crm_core as crm

PEER = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "clv_lifetimes.json").read_text())
MODELS: dict[str, Any] = {
    "bg_nbd": crm.BgNbd,
    "mbg_nbd": crm.MbgNbd,
    "pareto_nbd": crm.ParetoNbd,
}


@pytest.fixture(scope="module")
def weeks(cdnow_sample: crm.Orders) -> crm.Table:
    return crm.clv_summary(cdnow_sample, "1997-09-30", unit="week")


@pytest.fixture(scope="module")
def histories() -> dict[str, Any]:
    return {name: np.array(values) for name, values in PEER["histories"].items()}


def test_summaries_agree(cdnow_sample: crm.Orders, weeks: crm.Table) -> None:
    peer = PEER["summary"]
    assert PEER["lifetimes"] == "0.11.3"
    assert len(weeks) == peer["customers"]
    assert weeks["frequency"].sum() == peer["frequency"]
    assert weeks["recency"].sum() == pytest.approx(peer["recency"], rel=1e-12)
    assert weeks["T"].sum() == pytest.approx(peer["T"], rel=1e-12)
    both = crm.clv_summary(cdnow_sample, unit="week", calibration_end="1997-09-30")
    assert both["holdout_frequency"].sum() == peer["holdout_frequency"]


@pytest.mark.parametrize("unit", ["calendar_week", "month"])
def test_summaries_of_the_calendar_agree(cdnow_sample: crm.Orders, unit: Any) -> None:
    """By pandas' periods. A month's recency and T are whole numbers here; there they are the days
    between the beginnings of months by 30.436875."""
    peer = PEER[unit]
    table = crm.clv_summary(cdnow_sample, peer["end"], unit=unit)
    assert len(table) == peer["customers"]
    ours = {name: np.nan_to_num(table[name]) for name in peer["sums"]}
    assert ours["frequency"].sum() == peer["sums"]["frequency"]
    assert ours["monetary_value"].sum() == pytest.approx(peer["sums"]["monetary_value"], rel=1e-12)
    at = np.searchsorted(table["customer_id"], peer["ids"])
    assert table["customer_id"][at].tolist() == peer["ids"]
    assert ours["frequency"][at].tolist() == peer["rows"]["frequency"]
    assert ours["monetary_value"][at] == pytest.approx(peer["rows"]["monetary_value"], rel=1e-12)
    for name in ("recency", "T"):
        theirs = np.array(peer["rows"][name])
        assert (ours[name] == np.round(ours[name])).all()
        if unit == "calendar_week":
            assert ours[name][at].tolist() == theirs.tolist()
            assert ours[name].sum() == peer["sums"][name]
        else:
            assert np.abs(ours[name][at] - theirs).max() < 0.1
            assert ours[name].sum() == pytest.approx(peer["sums"][name], rel=0.02)
    both = crm.clv_summary(cdnow_sample, peer["last"], unit=unit, calibration_end=peer["end"])
    assert both["holdout_frequency"].sum() == peer["holdout_frequency"]
    assert set(both["holdout_duration"]) == {peer["holdout_duration"]}
    assert both["T"].tolist() == table["T"].tolist()


@pytest.mark.parametrize(("unit", "freq"), [("calendar_week", "W"), ("month", "M")])
def test_summaries_of_the_calendar_are_those_of_periods(
    cdnow_sample: crm.Orders, cdnow_sample_rows: list[tuple[Any, ...]], unit: Any, freq: str
) -> None:
    """A second computation with pandas' periods, of every customer, in the middle of one."""
    pd = pytest.importorskip("pandas")
    end = "1997-10-15"
    rows = pd.DataFrame(cdnow_sample_rows, columns=["id", "day", "cds", "spend"])
    rows["day"], rows["spend"] = pd.to_datetime(rows["day"]), rows["spend"].astype(float)
    rows = rows[rows["day"] <= end]
    rows["period"] = rows["day"].dt.to_period(freq).map(lambda p: p.ordinal)
    spent = rows.groupby(["id", "period"])["spend"].sum().reset_index()
    first = spent.groupby("id")["period"].transform("min")
    by = spent.groupby("id")["period"]
    table = crm.clv_summary(cdnow_sample, end, unit=unit)
    assert table["customer_id"].tolist() == by.min().index.tolist()
    assert table["frequency"].tolist() == (by.count() - 1).tolist()
    assert table["recency"].tolist() == (by.max() - by.min()).tolist()
    assert table["T"].tolist() == (pd.Period(end, freq).ordinal - by.min()).tolist()
    mean = spent[spent["period"] > first].groupby("id")["spend"].mean()
    repeats = table["frequency"] > 0
    assert table["customer_id"][repeats].tolist() == mean.index.tolist()
    assert table["monetary_value"][repeats] == pytest.approx(mean.to_numpy(), rel=1e-12)
    gaps = spent.assign(gap=by.diff().map(np.log)).groupby("id")["gap"].sum()
    assert np.nan_to_num(table["ln_gaps"]) == pytest.approx(gaps.to_numpy(), rel=1e-12, abs=1e-12)


def test_models_of_months_know_their_unit(cdnow_sample: crm.Orders) -> None:
    months = crm.clv_summary(cdnow_sample, "1997-09-30", unit="month")
    m = crm.MbgNbd().fit(months)
    assert m.unit_ == "month"
    g = crm.GammaGamma().fit(months)
    # A year of no discount is twelve months.
    year = crm.clv(m, g, months, annual_discount_rate=0.0, interval=None)
    expected = m.conditional_expected_purchases(
        12.0, months["frequency"], months["recency"], months["T"]
    )
    assert year["expected_purchases"] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(crm.OptionError, match="month, the unit of the model"):
        m.predict(crm.clv_summary(cdnow_sample, "1997-09-30", unit="week"))
    with pytest.raises(crm.OptionError, match="purchase days are counted"):
        m.tracking(cdnow_sample)
    with pytest.raises(crm.OptionError, match="last day of a month"):
        crm.clv_summary(cdnow_sample, unit="month", calibration_end="1997-09-29")
    with pytest.raises(crm.OptionError, match="Sunday"):
        crm.clv_summary(cdnow_sample, unit="calendar_week", calibration_end="1997-09-30")


@pytest.mark.parametrize("kind", MODELS)
def test_fits_agree(weeks: crm.Table, kind: str) -> None:
    # Pareto/NBD is flat in (s, beta): its own stopping rule leaves the fourth digit open.
    digits = 5e-4 if kind == "pareto_nbd" else 1e-5
    assert MODELS[kind]().fit(weeks).params_ == pytest.approx(PEER[kind]["fit"], rel=digits)


def test_gifts_agree() -> None:
    """BG/BB of the donors of 1995, which its package brings along: the fit, and gifts by number."""
    peer = PEER["bgbb"]
    donors = peer["patterns"]
    patterns = {
        "frequency": donors["frequency"],
        "recency": donors["recency"],
        "n": donors["periods"],
        "weight": donors["weights"],
    }
    assert crm.BgBb().fit(patterns).params_ == pytest.approx(peer["fit"], rel=1e-4)
    table = crm.BgBb.from_params(**peer["parameters"]).frequency_histogram(patterns)
    assert table["frequency"].tolist() == peer["frequency"]
    assert not table["or_more"].any()
    assert table["customers"].tolist() == peer["customers"]
    assert table["expected_customers"] == pytest.approx(peer["expected_customers"], rel=1e-10)


@pytest.mark.parametrize("kind", MODELS)
def test_quantities_agree(histories: dict[str, Any], kind: str) -> None:
    peer = PEER[kind]
    m = MODELS[kind].from_params(**peer["parameters"], unit="week")
    assert m.probability_alive(**histories) == pytest.approx(peer["alive"], rel=1e-9)
    for t, expected in zip(peer["times"], peer["expected"], strict=True):
        found = m.conditional_expected_purchases(t, **histories)
        assert found == pytest.approx(expected, rel=1e-8)
    new = m.expected_purchases(peer["times"])
    assert new == pytest.approx(peer["expected_of_new"], rel=1e-9)
    if kind == "pareto_nbd":
        found = m.predict(histories, 13, only=["probability_none"])["probability_none"]
        assert found == pytest.approx(peer["none_in_13"], rel=1e-8)
    else:
        found = m.probability_of(np.arange(8), 26.0)
        assert found == pytest.approx(peer["probability_of_n_in_26"], rel=1e-9)


def test_spend_agrees(weeks: crm.Table) -> None:
    peer = PEER["gamma_gamma"]
    g = crm.GammaGamma().fit(weeks)
    # Its v is our gamma.
    theirs = dict(zip(("p", "q", "gamma"), peer["fit"].values(), strict=True))
    assert g.customers_ == peer["customers"]
    assert g.params_ == pytest.approx(theirs, rel=1e-4)
    p, q, gamma = peer["parameters"].values()
    given = crm.GammaGamma.from_params(p=p, q=q, gamma=gamma)
    found = given.expected_spend(peer["frequency"], peer["monetary_value"])
    assert found == pytest.approx(peer["expected_spend"], rel=1e-12)
