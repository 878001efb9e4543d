"""More high-precision values of the buy-till-you-die models, for tests/golden/clv_more.json.

Run with mpmath installed:

    python tests/python/oracles/clv_more.py tests/golden/clv_more.json

As in clv_models.py, nothing here is the closed form that the library is written in: counts, discounted
purchases, regular gaps and spend are integrals over the latent variables, taken as the papers define
the models. Fits are roots of the score, which mpmath differentiates numerically from the
log-likelihood of the definition; standard errors come from its Hessian.
"""

import json
import random
import sys
from pathlib import Path

from mpmath import beta, exp, factorial, findroot, gamma, inf, log, matrix, mp, mpf, quad, rf

mp.dps = 40


# --- what is integrated -----------------------------------------------------------------------


def negative_binomial(n, q, z):
    """Poisson(λz), λ ~ Gamma(q, 1), by its own integral turned into a product."""
    return rf(q, n) / factorial(n) * (z / (1 + z)) ** n * (1 + z) ** (-q)


def at_least(n, q, z):
    return 1 - sum(negative_binomial(j, q, z) for j in range(n))


def erlang_tail(k, u):
    """P(an Erlang-k gap of rate 1 is longer than u)."""
    return exp(-u) * sum(u**j / factorial(j) for j in range(k))


def bg_parts(m, k, r, alpha, a, b, x, t_x, age):
    """Integrals over λ of having stayed, and of having left after the last purchase."""
    stay = lambda v: v ** (k * x + r - 1) * exp(-v * (alpha + t_x)) * erlang_tail(k, v * (age - t_x))
    left = lambda v: v ** (k * x + r - 1) * exp(-v * (alpha + t_x))
    scale = (k * x + r) / (alpha + t_x)
    cuts = [0, scale / 4, scale, 3 * scale, 12 * scale, inf]
    alive = quad(stay, cuts) * beta(a, b + x + m) / beta(a, b)
    gone = mpf(0)
    if x + m > 0:
        gone = quad(left, cuts) * beta(a + 1, b + x + m - 1) / beta(a, b)
    return alive, gone, alpha**r / gamma(r)


def bg_log_likelihood(*given):
    alive, gone, norm = bg_parts(*given)
    return log(norm * (alive + gone))


def bg_alive(*given):
    alive, gone, _ = bg_parts(*given)
    return alive / (alive + gone)


def bg_stages(m, k, r, alpha, a, b, x, t_x, age):
    """Weights of j stages passed in the silence, and the law of λ with each."""
    q, silence = k * x + r, age - t_x
    weights = []
    for j in range(k):
        # ∫ λ^(q−1) e^(−λ(α+T)) (λ silence)^j / j! dλ
        weights.append(silence**j / factorial(j) * gamma(q + j) / (alpha + age) ** (q + j))
    total = sum(weights)
    return [(j, w / total, q + j) for j, w in enumerate(weights)]


def bg_reaches(n, t, m, k, r, alpha, a, b, x, t_x, age):
    """P(at least n purchases would be made within t | alive, nobody leaves)."""
    z = t / (alpha + age)
    return sum(w * at_least(max(k * n - j, 0), q, z) for j, w, q in bg_stages(m, k, r, alpha, a, b, x, t_x, age))


def bg_expected(t, m, k, r, alpha, a, b, x, t_x, age):
    given = (m, k, r, alpha, a, b, x, t_x, age)
    big = b + x + m
    total, n = mpf(0), 1
    while True:
        term = beta(a, big + n - 1) / beta(a, big) * bg_reaches(n, t, *given)
        total += term
        if term < mpf(10) ** -32 * total:
            return total * bg_alive(*given)
        n += 1


def bg_probability_of(n, t, m, k, r, alpha, a, b, x, t_x, age):
    given = (m, k, r, alpha, a, b, x, t_x, age)
    big = b + x + m
    stays = beta(a, big + n) / beta(a, big) * (bg_reaches(n, t, *given) - bg_reaches(n + 1, t, *given))
    leaves = mpf(0)
    if n > 0:
        leaves = beta(a + 1, big + n - 1) / beta(a, big) * bg_reaches(n, t, *given)
    alive = bg_alive(*given)
    return alive * (stays + leaves) + (1 - alive if n == 0 else 0)


def bg_discounted(delta, horizon, m, k, r, alpha, a, b, x, t_x, age):
    """∫ e^(−δt) E[λ e^(−λpt)] dt over the posterior of the living (k = 1)."""
    q, big, scale = r + x, b + x + m, alpha + age
    rate = lambda t, p: q / scale * (1 + p * t / scale) ** (-q - 1)
    law = lambda p: p ** (a - 1) * (1 - p) ** (big - 1) / beta(a, big)
    ends = [0, 1 / delta, 5 / delta, 20 / delta, inf] if horizon is None else [0, horizon / 4, horizon]
    inner = lambda p: quad(lambda t: exp(-delta * t) * rate(t, p), ends)
    cuts = [0, mpf(1) / 8, mpf(1) / 2, mpf(7) / 8, 1]
    return bg_alive(m, k, r, alpha, a, b, x, t_x, age) * quad(lambda p: law(p) * inner(p), cuts)


def pareto_parts(r, alpha, s, beta_, x, t_x, age):
    """Over the time y at which the customer leaves: after age, and between t_x and it."""
    q = r + x
    buys = lambda y: gamma(q) / gamma(r) * alpha**r / (alpha + y) ** q
    leaves = lambda y: s * beta_**s / (beta_ + y) ** (s + 1)
    alive = buys(age) * (beta_ / (beta_ + age)) ** s
    gone = quad(lambda y: buys(y) * leaves(y), [t_x, (t_x + age) / 2, age]) if age > t_x else mpf(0)
    return alive, gone


def pareto_log_likelihood(*given):
    alive, gone = pareto_parts(*given)
    return log(alive + gone)


def pareto_alive(*given):
    alive, gone = pareto_parts(*given)
    return alive / (alive + gone)


def pareto_probability_of(n, t, r, alpha, s, beta_, x, t_x, age):
    q, a, b = r + x, alpha + age, beta_ + age
    buys = lambda v: negative_binomial(n, q, v / a)
    leaves = lambda v: s * b**s / (b + v) ** (s + 1)
    stays = (b / (b + t)) ** s * buys(t)
    left = quad(lambda v: leaves(v) * buys(v), [0, t / 10, t / 2, t])
    alive = pareto_alive(r, alpha, s, beta_, x, t_x, age)
    return alive * (stays + left) + (1 - alive if n == 0 else 0)


def pareto_discounted(delta, horizon, r, alpha, s, beta_, x, t_x, age):
    b = beta_ + age
    rate = lambda t: (r + x) / (alpha + age) * (b / (b + t)) ** s
    ends = [0, 1 / delta, 5 / delta, 20 / delta, inf] if horizon is None else [0, horizon / 4, horizon]
    total = quad(lambda t: exp(-delta * t) * rate(t), ends)
    return pareto_alive(r, alpha, s, beta_, x, t_x, age) * total


def spend_law(p, q, g, x, mean):
    """Density of the mean of x purchases, as a function of the rate ν, times that of ν."""
    def density(v):
        shape = p * x
        own = (v * x) ** shape * mean ** (shape - 1) * exp(-v * x * mean) / gamma(shape)
        return own * g**q * v ** (q - 1) * exp(-g * v) / gamma(q)

    scale = (p * x + q) / (g + x * mean)
    return density, [0, scale / 4, scale, 3 * scale, 12 * scale, inf]


def spend_log_likelihood(p, q, g, x, mean):
    density, cuts = spend_law(p, q, g, x, mean)
    return log(quad(density, cuts))


def spend_expected(p, q, g, x, mean):
    density, cuts = spend_law(p, q, g, x, mean)
    return quad(lambda v: p / v * density(v), cuts) / quad(density, cuts)


# --- points -----------------------------------------------------------------------------------


def checked(function, *given):
    """The value at 40 digits, if 55 give the first 20 of them."""
    found = []
    for digits in (30, 45):
        mp.dps = digits
        found.append(function(*[mpf(v) if isinstance(v, float) else v for v in given]))
    mp.dps = 40
    if abs(found[0] / found[1] - 1) > mpf(10) ** -15:
        raise SystemExit(f"{function.__name__}{given}: {found}")
    return mp.nstr(found[1], 22, min_fixed=0, max_fixed=0)


def points():
    rng = random.Random(20260801)
    draw = lambda low, high: float("%.5g" % 10 ** rng.uniform(low, high))
    out = []

    def history():
        age = draw(0.5, 2)
        x = rng.choice([0, 0, 1, 2, 3, 7, 12])
        return x, (float("%.5g" % (age * rng.uniform(0.2, 0.98))) if x else 0.0), age

    def add(what, model, h, value, **other):
        x, t_x, age = h
        out.append({"what": what, "model": model, "x": x, "t_x": t_x, "T": age, **other, "value": value})

    for i in range(24):
        m, k = i % 2, [1, 2, 3, 1, 5, 4][i % 6]
        r, alpha, a, b = draw(-0.7, 0.7), draw(0, 1.5), draw(-0.5, 0.7), draw(-0.5, 0.9)
        h = history()
        word = ("m" if m else "") + ("bg_nbd" if k == 1 else "bg_cnbd_k")
        model = {"model": word, "r": r, "alpha": alpha, "a": a, "b": b, "unit": "week"}
        if k > 1:
            model["k"] = k
        given = (m, k, r, alpha, a, b, *h)
        t = draw(0, 1.6)
        add("log_likelihood", model, h, checked(bg_log_likelihood, *given))
        add("probability_alive", model, h, checked(bg_alive, *given))
        add("expected", model, h, checked(bg_expected, t, *given), t=t)
        for n in (0, 1, 4):
            add("probability_of", model, h, checked(bg_probability_of, n, t, *given), t=t, n=n)
        if k == 1 and i % 3 == 0:
            delta = draw(-3, -1)
            add("discounted", model, h, checked(bg_discounted, delta, t, *given), t=t, delta=delta)
            add("discounted", model, h, checked(bg_discounted, delta, None, *given), delta=delta)
    for _ in range(12):
        r, alpha, s, beta_ = draw(-0.7, 0.7), draw(0, 1.5), draw(-0.7, 0.7), draw(0, 1.5)
        h = history()
        model = {"model": "pareto_nbd", "r": r, "alpha": alpha, "s": s, "beta": beta_, "unit": "week"}
        given, t, delta = (r, alpha, s, beta_, *h), draw(0, 1.6), draw(-3, -1)
        add("log_likelihood", model, h, checked(pareto_log_likelihood, *given))
        add("probability_alive", model, h, checked(pareto_alive, *given))
        for n in (0, 1, 4):
            add("probability_of", model, h, checked(pareto_probability_of, n, t, *given), t=t, n=n)
        add("discounted", model, h, checked(pareto_discounted, delta, t, *given), t=t, delta=delta)
        add("discounted", model, h, checked(pareto_discounted, delta, None, *given), delta=delta)
    spend = []
    for _ in range(16):
        p, q, g = draw(-0.3, 1), draw(0.1, 0.9), draw(0, 3)
        x, mean = rng.choice([1, 2, 5, 30]), draw(0, 3)
        spend.append(
            {
                **{"p": p, "q": q, "gamma": g, "x": x, "mean": mean},
                "log_likelihood": checked(spend_log_likelihood, p, q, g, x, mean),
                "expected": checked(spend_expected, p, q, g, x, mean),
            }
        )
    return out, spend


# --- fits -------------------------------------------------------------------------------------


def simulated(rng, customers):
    """Whole-day histories of customers who buy and leave at rates of their own."""
    rows = []
    for _ in range(customers):
        age = float(rng.randrange(60, 120))
        rate, hazard = rng.gammavariate(0.9, 1 / 12), rng.gammavariate(1.2, 1 / 40)
        until, now, times = min(age, rng.expovariate(hazard)), 0.0, set()
        while True:
            now += rng.expovariate(rate)
            if now > until:
                break
            times.add(float(int(now) + 1) if int(now) + 1 <= age else age)
        rows.append((len(times), max(times) if times else 0.0, age))
    return rows


def closed(kind):
    """Log-likelihood in closed form where the integral would be slow, checked against it."""
    from clv_models import bg_log_likelihood as bg
    from clv_models import pareto_log_likelihood as pareto

    def regular(m, k):
        return lambda r, alpha, a, b, x, t_x, age: bg_log_likelihood(m, k, r, alpha, a, b, x, t_x, age)

    def spend(p, q, g, x, mean):
        px = p * x
        ln = log(gamma(px + q)) - log(gamma(px)) - log(gamma(q))
        return ln + q * log(g) + (px - 1) * log(mean) + px * log(x) - (px + q) * log(g + x * mean)

    return {
        "bg_nbd": lambda *v: bg(0, *v),
        "mbg_nbd": lambda *v: bg(1, *v),
        "pareto_nbd": pareto,
        "mbg_cnbd_2": regular(1, 2),
        "gamma_gamma": spend,
    }[kind]


def fit(kind, rows, start):
    """Root of the score in the logarithms of the parameters, and errors from the Hessian."""
    mp.dps = 30
    one, n = closed(kind), len(start)
    counts = {row: rows.count(row) for row in rows}

    def total(*theta):
        at = [exp(v) for v in theta]
        return sum(w * one(*at, *[mpf(v) for v in row]) for row, w in counts.items())

    def score(*theta):
        step = mpf(10) ** -10
        out = []
        for i in range(n):
            up, down = list(theta), list(theta)
            up[i], down[i] = theta[i] + step, theta[i] - step
            out.append((total(*up) - total(*down)) / (2 * step))
        return out

    theta = list(findroot(score, [log(mpf(v)) for v in start], tol=mpf(10) ** -22, maxsteps=30))
    hessian = matrix(n, n)
    step = mpf(10) ** -6
    for i in range(n):
        up, down = list(theta), list(theta)
        up[i], down[i] = theta[i] + step, theta[i] - step
        for j, (a, b) in enumerate(zip(score(*up), score(*down), strict=True)):
            hessian[i, j] = (a - b) / (2 * step)
    covariance = (-hessian) ** -1
    text = lambda v: mp.nstr(v, 16, min_fixed=0, max_fixed=0)
    return {
        "kind": kind,
        "rows": rows,
        "values": [text(exp(v)) for v in theta],
        "errors": [text(mp.sqrt(covariance[i, i]) * exp(theta[i])) for i in range(n)],
        "log_likelihood": text(total(*theta)),
    }


def main(path):
    rng = random.Random(7)
    rows = simulated(rng, 240)
    mean = lambda x: float("%.2f" % (rng.gammavariate(6 * x, 1) / rng.gammavariate(4, 1) * 15 / x))
    spend_rows = [(x, mean(x)) for x, _, _ in rows if x > 0]
    fits = [
        fit("bg_nbd", rows, (0.8, 12, 0.8, 2.4)),
        fit("mbg_nbd", rows, (1, 12, 0.8, 1.6)),
        fit("pareto_nbd", rows, (0.9, 12, 1.2, 40)),
        fit("gamma_gamma", spend_rows, (6, 4, 15)),
    ]
    found, spend = points()
    out = {"points": found, "spend": spend, "fits": fits}
    Path(path).write_text(json.dumps(out) + "\n")
    print(path, len(found), len(spend), len(fits))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/clv_more.json")
