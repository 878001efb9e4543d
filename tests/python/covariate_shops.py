"""Simulated customers whose rates depend on what is known of them; their likelihood by scipy.

The purchases are drawn one by one from the definition of the models; the likelihood is that of the
papers with the customer's own parameters (Fader and Hardie 2007), written with scipy's functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

BASE = {"mbg_nbd": [0.8, 12.0, 0.9, 2.5], "bg_nbd": [0.8, 12.0, 0.9, 2.5]}
BASE["pareto_nbd"] = [0.9, 12.0, 1.2, 60.0]
# Columns of the shop, with the coefficients of the truth: channel app and web to store, and age.
PURCHASE = np.array([0.5, -0.3, 0.01])
DROPOUT = np.array([-0.4, 0.3, 0.02])
DROPOUT_B = np.array([0.2, -0.1, 0.01])
CHANNELS = np.array(["store", "app", "web"])


def design(channel: Any, age: Any) -> Any:
    return np.column_stack([channel == "app", channel == "web", age]).astype(float)


def own(kind: str, base: Any, gammas: list[Any], z: Any) -> tuple[Any, ...]:
    """Each customer's parameters."""
    r, alpha, third, fourth = base
    alpha = alpha * np.exp(-z @ gammas[0])
    if kind == "pareto_nbd":
        return r, alpha, third, fourth * np.exp(-z @ gammas[1])
    return r, alpha, third * np.exp(z @ gammas[1]), fourth * np.exp(z @ gammas[2])


def shop(kind: str, customers: int, seed: int) -> dict[str, Any]:
    """A frame with frequency, recency, T in weeks, channel and age."""
    rng = np.random.default_rng(seed)
    channel = rng.choice(CHANNELS, customers, p=[0.5, 0.3, 0.2])
    age = rng.integers(18, 70, customers)
    gammas = [PURCHASE, DROPOUT, DROPOUT_B]
    r, alpha, third, fourth = own(kind, BASE[kind], gammas, design(channel, age))
    rate = rng.gamma(r, 1 / alpha)
    end = rng.integers(60, 120, customers).astype(float)
    if kind == "pareto_nbd":
        leaves = rng.exponential(1 / rng.gamma(third, 1 / fourth))
    else:
        stays = 1 - rng.beta(third, fourth)
    frequency, recency = np.zeros(customers), np.zeros(customers)
    for i in range(customers):
        now = 0.0
        if kind == "mbg_nbd" and rng.uniform() > stays[i]:
            continue
        until = min(end[i], leaves[i]) if kind == "pareto_nbd" else end[i]
        while (now := now + rng.exponential(1 / rate[i])) <= until:
            frequency[i] += 1
            recency[i] = now
            if kind != "pareto_nbd" and rng.uniform() > stays[i]:
                break
    return {
        "frequency": frequency,
        "recency": recency,
        "T": end,
        "channel": channel,
        "age": age,
    }


def log_likelihood(kind: str, frame: dict[str, Any], parameters: Any) -> Any:
    """Of each customer; `parameters` are r, alpha, a, b (or s, beta) by customer."""
    x, t, end = (np.asarray(frame[name], float) for name in ("frequency", "recency", "T"))
    r, alpha, a, b = parameters
    q = r + x
    first = special.gammaln(q) - special.gammaln(r) + r * np.log(alpha)
    if kind == "pareto_nbd":
        s, beta = a, b
        all_of = q + s
        least, second = np.maximum(alpha, beta), np.where(alpha >= beta, s + 1, q)
        distance = np.abs(alpha - beta)

        def integral(u: Any) -> Any:
            f = special.hyp2f1(all_of, second, all_of + 1, distance / (least + u))
            return f / (least + u) ** all_of

        alive = (alpha + end) ** -q * (beta + end) ** -s
        left = s / all_of * (integral(t) - integral(end))
        return first + s * np.log(beta) + np.log(alive + left)
    m = 1.0 if kind == "mbg_nbd" else 0.0
    n = x + m
    stays = special.betaln(a, b + n) - special.betaln(a, b) - q * np.log(alpha + end)
    leaves = special.betaln(a + 1, b + n - 1) - special.betaln(a, b) - q * np.log(alpha + t)
    return first + np.where(n > 0, np.logaddexp(stays, leaves), stays)
