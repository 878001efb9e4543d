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


@pytest.mark.parametrize("kind", MODELS)
def test_fits_agree(weeks: crm.Table, kind: str) -> None:
    # Pareto/NBD is flat in (s, beta): its own stopping rule leaves the fourth digit open.
    digits = 5e-4 if kind == "pareto_nbd" else 1e-5
    assert MODELS[kind]().fit(weeks).params_ == pytest.approx(PEER[kind]["fit"], rel=digits)


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
