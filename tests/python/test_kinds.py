"""Kinds of customers: the library's fit beside plain EM, and its predictions beside plain Python.

Nothing here is shared with the library. Densities of gaps are products of one prediction after the
other, where the library has closed forms.
"""

import math

import numpy as np
import pytest
from kinds_evidence import LENGTH, people, told

VARIATION = (0.05, 0.12, 0.22, 0.35, 0.5, 0.7, 0.95, 1.3, 1.8)
SIGMA2 = np.array([math.log(1 + v * v) for v in VARIATION])
RETURN = 30


@pytest.fixture(scope="module")
def case():
    shop = people("two kinds", 1_200, 3)
    table = told(shop)
    return [days for days, _ in shop], table, table.notes["learned"]["gap_model"]


def upper_tail(z):
    return 0.5 * np.array([math.erfc(one / math.sqrt(2)) for one in np.ravel(z)]).reshape(z.shape)


class Kind:
    """A kind's densities of each customer's gaps and of the silence after them, by class."""

    def __init__(self, customers, kind):
        self.share = kind["share"]
        self.weights = np.array(kind["class_weights"])
        self.a, self.b = kind["dropout"]["a"], kind["dropout"]["b"]
        m, tau = math.log(kind["typical_gap"]), kind["spread"]
        self.mean = np.full((len(customers), len(VARIATION)), m)
        self.variance = np.full_like(self.mean, tau**2)
        ln = np.zeros_like(self.mean)
        for row, days in enumerate(customers):
            for gap in np.diff(days):
                y = math.log(gap)
                wide = self.variance[row] + SIGMA2
                off = y - self.mean[row]
                # The density of this gap, given those before it. Then the mean is known better.
                ln[row] += -0.5 * np.log(2 * np.pi * wide) - 0.5 * off**2 / wide - y
                self.mean[row] += self.variance[row] / wide * off
                self.variance[row] *= SIGMA2 / wide
        self.n = np.array([len(days) - 1 for days in customers])
        self.open = np.array([LENGTH - days[-1] for days in customers])
        self.density = np.exp(ln)

    def survival(self, x):
        z = (np.log(x)[:, None] - self.mean) / np.sqrt(self.variance + SIGMA2)
        return upper_tail(z)

    def leaves(self, a, b):
        return a / (a + b + self.n)

    def parts(self, weights=None, dropout=None):
        """For each customer and class, the likelihood of gaps, of silence, of having stayed."""
        a, b = dropout or (self.a, self.b)
        weights = self.weights if weights is None else weights
        stayed = np.array([math.prod((b + k) / (a + b + k) for k in range(n)) for n in self.n])
        q = self.leaves(a, b)[:, None]
        silent = q + (1 - q) * self.survival(self.open + 0.5)
        return stayed[:, None] * weights * self.density * silent


def test_plain_em_ends_where_the_library_does(case):
    customers, _, model = case
    assert model["family"] == "log_normal"
    assert [round(kind["share"], 1) for kind in model["kinds"]] == [0.3, 0.7]
    kinds = [Kind(customers, kind) for kind in model["kinds"]]
    # What a customer is worth by kind and class, without share and weights.
    bare = np.array([kind.parts(np.ones(len(VARIATION))) for kind in kinds])
    shares = np.full(len(kinds), 1 / len(kinds))
    weights = np.full((len(kinds), len(VARIATION)), 1 / len(VARIATION))
    for _ in range(300):
        of = shares[:, None, None] * weights[:, None, :] * bare
        of /= of.sum((0, 2))[None, :, None]
        # Priors: two customers a kind, and two over the classes.
        shares = 2 + of.sum((1, 2))
        shares /= shares.sum()
        weights = 2 / len(VARIATION) + of.sum(1)
        weights /= weights.sum(1)[:, None]
    for kind, share, ours in zip(kinds, shares, weights, strict=True):
        assert kind.share == pytest.approx(share, abs=0.004)
        # Neighbouring classes are hard to tell apart: their mean is what counts.
        mean = kind.weights @ np.array(VARIATION)
        assert mean == pytest.approx(ours @ np.array(VARIATION), abs=0.01)


def prior(kind):
    """The log prior of `fit`: ln typical gap, ln spread, logit and ln of the dropout."""
    a, b = kind["dropout"]["a"], kind["dropout"]["b"]
    points = (math.log(kind["typical_gap"]), math.log(kind["spread"]), math.log(a / b))
    middle = ((4.0, 2.0), (-0.5, 1.0), (-1.0, 1.5))
    last = (math.log(a + b) - 2.0) / 2.0
    return -0.5 * (
        last**2 + sum(((p - m) / sd) ** 2 for p, (m, sd) in zip(points, middle, strict=True))
    )


@pytest.mark.parametrize("name", ["typical_gap", "spread", "dropout"])
def test_no_step_to_the_side_is_much_better(case, name):
    """A search ends when a round gains less than one in the log-likelihood; three are left."""
    customers, _, model = case
    kinds = model["kinds"]
    total = sum(kind["share"] * Kind(customers, kind).parts().sum(1) for kind in kinds)
    for kind in kinds:
        others = total - kind["share"] * Kind(customers, kind).parts().sum(1)
        best = np.log(total).sum() + prior(kind)
        for step in (-0.3, 0.3):
            moved = {**kind, "dropout": dict(kind["dropout"])}
            if name == "dropout":
                # The share who leave, at the same a + b.
                of = kind["dropout"]["a"] + kind["dropout"]["b"]
                odds = kind["dropout"]["a"] / kind["dropout"]["b"] * math.exp(step)
                moved["dropout"] = {"a": of * odds / (1 + odds), "b": of / (1 + odds)}
            else:
                moved[name] *= math.exp(step)
            own = kind["share"] * Kind(customers, moved).parts().sum(1)
            assert np.log(others + own).sum() + prior(moved) < best + 3, (name, step)


def test_predictions_are_those_of_the_mixture(case):
    customers, table, model = case
    gone, silent, later = 0.0, 0.0, 0.0
    # By kind, from the gaps that are complete: the kind's probability, and the classes.
    kinds = [Kind(customers, kind) for kind in model["kinds"]]
    each = []
    for kind in kinds:
        stayed = [math.prod((kind.b + k) / (kind.a + kind.b + k) for k in range(n)) for n in kind.n]
        each.append(kind.share * np.array(stayed) * (kind.weights * kind.density).sum(1))
    total = sum(each)
    for kind, own in zip(kinds, each, strict=True):
        classes = kind.weights * kind.density
        classes /= classes.sum(1)[:, None]
        # One gap in twenty of the three most regular classes is of the class .7.
        off = 0.05 * classes[:, :3].sum(1)
        classes[:, :3] *= 0.95
        classes[:, 5] += off
        q = kind.leaves(kind.a, kind.b)
        of = own / total
        gone = gone + of * q
        silent = silent + of * (1 - q) * (classes * kind.survival(kind.open + 0.5)).sum(1)
        later = later + of * (1 - q) * (classes * kind.survival(kind.open + RETURN + 0.5)).sum(1)
    alive = silent / (gone + silent)
    within = (silent - later) / (gone + silent)
    assert np.abs(np.array(table["probability_alive"], float) - alive).max() < 2e-3
    assert np.abs(np.array(table["probability_within"], float) - within).max() < 2e-3
    assert alive.min() < 0.01 and alive.max() > 0.95


def test_one_kind_has_none_and_keeps_its_document():
    model = told(people("log-normal", 1_200, 3)).notes["learned"]["gap_model"]
    assert "kinds" not in model
