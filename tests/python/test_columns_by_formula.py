"""Columns and notes that few other tests name, against formulas in plain Python and scipy."""

import math
from typing import Any

import pytest
from scipy import stats
from scipy.special import betaln

import crm_core as crm


def rise(a: float, x: float, b: float, y: float) -> float:
    """B(a + x, b + y) / B(a, b)."""
    return math.exp(betaln(a + x, b + y) - betaln(a, b))


def test_the_shifted_beta_geometric_distribution() -> None:
    """Fader and Hardie (2007, 2010): S(t) = B(a, b + t) / B(a, b), renewals from S and the rate."""
    a, b, rate = 0.7, 3.8, 0.1
    rows = {"t": [0, 1, 2, 7]}
    found = crm.run("sbg_predict", rows, {"fit": {"alpha": a, "beta": b}}).to_dict()
    left = [rise(a, 0, b, t) for t in range(4_000)]
    assert found["survival_rate"] == pytest.approx([left[t] for t in rows["t"]], rel=1e-12)
    renewing = [left[max(t, 1)] / left[max(t, 1) - 1] for t in rows["t"]]
    assert found["retention_rate"] == pytest.approx(renewing, rel=1e-12)
    for t, renewals in zip(rows["t"][1:], found["expected_renewals"][1:], strict=True):
        ahead = sum(left[k] / left[t - 1] / (1 + rate) ** (k - t) for k in range(t, 4_000))
        assert renewals == pytest.approx(ahead, rel=1e-9)


def test_the_beta_geometric_beta_bernoulli_model() -> None:
    """Fader, Hardie and Shang (2010), eq. 5 and 11; purchases ahead as a sum over the states."""
    a, b, g, d = 1.2, 0.7, 0.6, 2.7
    fit = {"fit": {"alpha": a, "beta": b, "gamma": g, "delta": d}}
    rows = {"frequency": [0, 1, 3, 6], "recency": [0, 1, 5, 6], "n": [6, 6, 6, 6]}
    found = crm.run("bgbb_predict", rows, {**fit, "ahead": 4}).to_dict()
    for at, (x, last, n) in enumerate(zip(*rows.values(), strict=True)):
        alive = rise(a, x, b, n - x) * rise(g, 0, d, n)
        dead = [rise(a, x, b, last - x + i) * rise(g, 1, d, last + i) for i in range(n - last)]
        total = alive + sum(dead)
        assert found["log_likelihood"][at] == pytest.approx(math.log(total), rel=1e-10)
        now = [rise(a, x, b, n - x) * rise(g, 0, d, n + k) / total for k in range(5)]
        assert found["probability_alive"][at] == pytest.approx(now[4], rel=1e-10)
        # Alive at each of the four opportunities, and buying there.
        buys = (a + x) / (a + b + n)
        assert found["expected_purchases"][at] == pytest.approx(buys * sum(now[1:]), rel=1e-10)


def test_two_attributes_against_each_other() -> None:
    rows = [("web", "x")] * 8 + [("web", "y")] * 3 + [("app", "x")] * 2 + [("app", "y")] * 9
    names = {"customer_id": list(range(22)), "ordered_at": ["2024-01-05"] * 22, "amount": [1] * 22}
    own = {"channel": [one for one, _ in rows], "product": [two for _, two in rows]}
    orders = crm.Orders({**names, **own}, currency="JPY", channel="channel", product="product")
    asked = {"rows": "channel", "columns": "product", "value": "orders"}
    table = crm.run("cross", orders, asked)
    found = table.to_dict()
    assert list(zip(found["row"], found["column"], found["orders"], strict=True)) == [
        *(("app", "x", 2), ("app", "y", 9), ("web", "x", 8), ("web", "y", 3))
    ]
    counts = [[2, 9], [8, 3]]
    test = stats.chi2_contingency(counts, correction=False)
    assert found["expected"] == pytest.approx([*test.expected_freq.flat])
    assert found["row_share"] == pytest.approx([2 / 11, 9 / 11, 8 / 11, 3 / 11])
    assert found["column_share"] == pytest.approx([2 / 10, 9 / 12, 8 / 10, 3 / 12])
    residuals = [
        (counts[i][j] - e) / math.sqrt(e * (1 - sum(counts[i]) / 22) * (1 - (10, 12)[j] / 22))
        for (i, j), e in zip(((0, 0), (0, 1), (1, 0), (1, 1)), test.expected_freq.flat, strict=True)
    ]
    assert found["residual"] == pytest.approx(residuals)
    assert table.notes["chi_squared"] == pytest.approx(test.statistic)
    assert (table.notes["df"], table.notes["p"]) == pytest.approx((1, test.pvalue))
    assert table.notes["cramers_v"] == pytest.approx(stats.contingency.association(counts))
    assert table.notes["expected_below_5"] == 0
    fewer = crm.run("cross", orders, {**asked, "where": {"customer_id": {"to": 11}}})
    assert fewer.notes["expected_below_5"] == 3  # 1 × 8 / 12, 1 × 4 / 12, 11 × 4 / 12


def test_what_a_fit_of_amounts_left_out_and_how_they_go_with_purchases() -> None:
    frequency, mean = [0, 2, 3, 5, 1, 4, 6], [0.0, 12.0, 30.0, 8.0, 0.0, 20.0, 22.0]
    rows = {"frequency": frequency, "monetary_value": mean}
    notes: dict[str, Any] = crm.run("gamma_gamma_fit", rows, {}).notes
    assert (notes["customers"], notes["without_repeat"], notes["without_spend"]) == (5, 1, 1)
    pairs = [(x, m) for x, m in zip(frequency, mean, strict=True) if m > 0]
    assert notes["pearson"] == pytest.approx(stats.pearsonr(*zip(*pairs, strict=True)).statistic)
    assert notes["spearman"] == pytest.approx(stats.spearmanr(*zip(*pairs, strict=True)).statistic)


def test_how_far_customers_are_from_the_borders_of_the_portfolio() -> None:
    rows = {
        "customer_id": ["a", "a", "b", "c", "c"],
        "ordered_at": ["2024-01-05", "2024-04-04", "2024-03-01", "2023-06-01", "2024-06-01"],
        "amount": [90_000, 10, 500, 60_000, 10_000],
    }
    orders = crm.Orders(rows, currency="JPY")
    found = crm.run("cpm", orders, {"as_of": "2024-06-30", "toddler_days": 90, "trend_days": 366})
    table = found.to_dict()
    assert table["tenure_days"] == [90, 0, 366]
    assert table["toddler_distance_days"] == [0, -90, 276]
    assert table["trend_distance_days"] == [-276, -366, 0]
    assert found.notes["money_threshold"] == 70_000
    assert table["money_distance"] == [20_010, -69_500, 0]
    own = crm.run("cpm", orders, {"as_of": "2024-06-30", "money": 500}).to_dict()
    assert own["money_distance"] == [89_510, 0, 69_500]
