"""Each word of the options of `experiment`, against formulas in plain Python and scipy."""

import math
from typing import Any

import pytest
from scipy import optimize, stats

import crm_core as crm

COUNTS = {"variant": ["a", "b", "c"], "n": [50, 60, 70], "conversions": [20, 30, 50]}
Z = stats.norm.ppf(0.975)


def run(**options: Any) -> dict[str, list[Any]]:
    return crm.run("experiment", COUNTS, options).to_dict()


def wilson(x: int, n: int) -> tuple[float, float]:
    p, zz = x / n, Z * Z
    middle, half = p + zz / (2 * n), Z * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return (middle - half) / (1 + zz / n), (middle + half) / (1 + zz / n)


def exact(x: int, n: int) -> tuple[float, float]:
    return stats.beta.ppf(0.025, x, n - x + 1), stats.beta.ppf(0.975, x + 1, n - x)


def jeffreys(x: int, n: int) -> tuple[float, float]:
    return tuple(stats.beta.ppf([0.025, 0.975], x + 0.5, n - x + 0.5))


@pytest.mark.parametrize(
    ("word", "formula"), [("wilson", wilson), ("clopper_pearson", exact), ("jeffreys", jeffreys)]
)
def test_intervals_of_rates(word: str, formula: Any) -> None:
    found = run(rate_interval=word)
    for at, (x, n) in enumerate(zip(COUNTS["conversions"], COUNTS["n"], strict=True)):
        ends = found["mean_low"][at], found["mean_high"][at]
        assert ends == pytest.approx(formula(x, n), rel=1e-9)


def newcombe(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    (l1, u1), (l2, u2), d = wilson(x, n), wilson(y, m), y / m - x / n
    p, q = x / n, y / m
    return d - math.hypot(q - l2, u1 - p), d + math.hypot(u2 - q, p - l1)


def wald(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    p, q = x / n, y / m
    half = Z * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return q - p - half, q - p + half


def score(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """Miettinen and Nurminen (1985): score statistics of the most likely rates."""

    def distance(d: float) -> float:
        def loss(p: float) -> float:
            q = p + d
            rates = ((x, p), (n - x, 1 - p), (y, q), (m - y, 1 - q))
            return -sum(k * math.log(rate) for k, rate in rates)

        low, high = max(0.0, -d) + 1e-12, min(1.0, 1 - d) - 1e-12
        found = optimize.minimize_scalar(
            loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}
        )
        p = found.x
        q = p + d
        variance = (p * (1 - p) / n + q * (1 - q) / m) * (n + m) / (n + m - 1)
        return (y / m - x / n - d) / math.sqrt(variance)

    d = y / m - x / n
    low = optimize.brentq(lambda v: distance(v) - Z, d - 0.5, d, xtol=1e-13)
    high = optimize.brentq(lambda v: distance(v) + Z, d, d + 0.5, xtol=1e-13)
    return low, high


@pytest.mark.parametrize(
    ("word", "formula", "near"),
    [("newcombe", newcombe, 1e-9), ("wald", wald, 1e-9), ("score", score, 1e-5)],
)
def test_intervals_of_differences(word: str, formula: Any, near: float) -> None:
    found = run(difference_interval=word)
    for at in (1, 2):
        ends = found["difference_low"][at], found["difference_high"][at]
        expected = formula(20, 50, COUNTS["conversions"][at], COUNTS["n"][at])
        assert ends == pytest.approx(expected, rel=near)


def test_the_interval_of_the_ratio_on_the_scale_of_logarithms() -> None:
    found = run(ratio_interval="log")
    half = Z * math.sqrt(1 / 20 - 1 / 50 + 1 / 30 - 1 / 60)
    ends = found["ratio_low"][1], found["ratio_high"][1]
    assert ends == pytest.approx((1.25 * math.exp(-half), 1.25 * math.exp(half)), rel=1e-9)


def test_the_tests_of_two_rates() -> None:
    for at, (x, n) in ((1, (30, 60)), (2, (50, 70))):
        table = [[20, 30], [x, n - x]]
        fisher = stats.fisher_exact(table).pvalue
        yates = stats.chi2_contingency(table, correction=True).pvalue
        pooled = stats.chi2_contingency(table, correction=False).pvalue  # z² of pooled rates
        for word, expected in (("fisher", fisher), ("yates", yates), ("z", pooled)):
            assert run(test=word)["p"][at] == pytest.approx(expected, rel=1e-9), word
            assert run(test=word)["p_exact"][at] == pytest.approx(fisher, rel=1e-9)


def test_p_values_of_several_variants_are_adjusted() -> None:
    p = run(adjust="none")["p_adjusted"][1:]
    assert p == run()["p"][1:]
    smaller, greater = sorted(p)
    expected = {
        "holm": {smaller: 2 * smaller, greater: max(2 * smaller, greater)},
        "bh": {smaller: min(2 * smaller, greater), greater: greater},
    }
    for word, adjusted in expected.items():
        found = run(adjust=word)["p_adjusted"][1:]
        assert found == pytest.approx([adjusted[one] for one in p], rel=1e-12)
    # Where both are the same, Benjamini and Hochberg's are the p-values, Holm's are doubled.
    rows = {"variant": ["a", "b", "c"], "n": [50, 60, 60], "conversions": [20, 30, 30]}
    same = crm.run("experiment", rows, {}).to_dict()["p"][1]
    for word, factor in (("holm", 2), ("bh", 1), ("none", 1)):
        found = crm.run("experiment", rows, {"adjust": word}).to_dict()["p_adjusted"][1:]
        assert found == pytest.approx([factor * same] * 2, rel=1e-12)


@pytest.mark.parametrize("variance", ["unpooled", "pooled"])
def test_the_people_that_an_experiment_needs(variance: str) -> None:
    """Fleiss, Levin and Paik (2003), eq. 4.14 without the correction, and with both variances."""
    found = crm.run("experiment_plan", {"baseline": [0.1], "effect": [0.01]},
                    {"variance": variance}).to_dict()  # fmt: skip
    p, q = 0.1, 0.11
    own = p * (1 - p) + q * (1 - q)
    null = 2 * ((p + q) / 2) * (1 - (p + q) / 2) if variance == "pooled" else own
    root = Z * math.sqrt(null) + stats.norm.ppf(0.8) * math.sqrt(own)
    assert found["n_per_variant"] == [math.ceil((root / 0.01) ** 2)]
    assert found["people"] == [2 * found["n_per_variant"][0]]
