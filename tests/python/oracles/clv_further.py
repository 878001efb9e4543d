"""What clv_models.py leaves out, as CSV files for the golden tests: scores and Hessians, counts,
discounted purchases, regular gaps, and spend.

Run with mpmath installed; writes next to the other golden files:

    python tests/python/oracles/clv_further.py tests/golden

None of it is the form that the library computes. Derivatives are mpmath's differences of the
log-likelihood at many digits; counts are integrals over the time of leaving, or incomplete beta
functions; discounted purchases are integrals of the rate of purchases; spend is integrated over the
customer's own rate. As in clv_models.py every value is computed with two numbers of digits.
"""

import random
import sys
from functools import partial
from pathlib import Path

from clv_models import (
    HERE,
    agreed,
    bg_alive,
    bg_log_likelihood,
    box,
    history,
    parameter,
    pareto_log_likelihood,
    pareto_w,
    text,
    write,
)
from mpmath import (
    beta,
    betainc,
    binomial,
    diff,
    exp,
    expint,
    hyp2f1,
    log,
    loggamma,
    mpf,
    polyval,
    quad,
    sqrt,
)

QUADRATURE = (30, 45)


def ordinary(rng):
    """A history and parameters that integrals end for: within a few orders of magnitude."""
    age = box(rng, -0.5, 2.5)
    x = rng.choice([0, 1, 2, 5, 13, 60])
    t_x = 0.0 if x == 0 else age * rng.choice([1.0, rng.random()])
    return [box(rng, -1, 1) for _ in range(4)], (x, t_x, age), box(rng, -1, 2)


# --- regular gaps: k stages make a purchase ------------------------------------------------------


def stages(k, r, alpha, x, t_x, age):
    """Of each number of stages passed in the silence: its integral over the rate, and the shape."""
    q, silence = r + k * x, age - t_x
    for j in range(k):
        # ∫ λ^(q−1) e^(−λ(α+T)) (λ silence)^j / j! dλ, by lnΓ
        ln = loggamma(q + j) - loggamma(j + 1) - (q + j) * log(alpha + age)
        yield j, (silence**j if j else mpf(1)) * exp(ln), q + j


def regular_parts(m, k, r, alpha, a, b, x, t_x, age):
    """Likelihoods of being here and of having left, but for the norm of the rate's law."""
    here = sum(w for _, w, _ in stages(k, r, alpha, x, t_x, age)) * beta(a, b + x + m) / beta(a, b)
    left = mpf(0)
    if x + m > 0:
        law = exp(loggamma(r + k * x) - (r + k * x) * log(alpha + t_x))
        left = law * beta(a + 1, b + x + m - 1) / beta(a, b)
    return here, left


def regular_log_likelihood(m, k, r, alpha, a, b, x, t_x, age):
    here, left = regular_parts(m, int(k), r, alpha, a, b, x, t_x, age)
    return r * log(alpha) - loggamma(r) + log(here + left)


def regular_alive(m, k, *rest):
    here, left = regular_parts(m, int(k), *rest)
    return here / (here + left)


def reaches(n, t, k, r, alpha, x, t_x, age):
    """P(n purchases would be made within t, if nobody left)."""
    if n == 0:
        return mpf(1)
    z = t / (alpha + age)
    laws = list(stages(k, r, alpha, x, t_x, age))
    each = [w * betainc(k * n - j, q, 0, z / (1 + z), regularized=True) for j, w, q in laws]
    return sum(each) / sum(w for _, w, _ in laws)


def regular_expected(m, k, r, alpha, a, b, x, t_x, age, t):
    """Σ over n of P(the n-th purchase is made): reached, and not left after any before it."""
    given, big, total, n = (int(k), r, alpha, x, t_x, age), b + x + m, mpf(0), 1
    while n < 400:
        term = beta(a, big + n - 1) / beta(a, big) * reaches(n, t, *given)
        total += term
        if term < mpf(10) ** -28 * total:
            return total * regular_alive(m, k, r, alpha, a, b, x, t_x, age)
        n += 1
    raise ValueError("too many purchases")


def regular_count(m, k, r, alpha, a, b, x, t_x, age, t, n):
    given, big, n = (int(k), r, alpha, x, t_x, age), b + x + m, int(n)
    stays = beta(a, big + n) / beta(a, big) * (reaches(n, t, *given) - reaches(n + 1, t, *given))
    leaves = mpf(0)
    if n > 0:
        leaves = beta(a + 1, big + n - 1) / beta(a, big) * reaches(n, t, *given)
    alive = regular_alive(m, k, r, alpha, a, b, x, t_x, age)
    return alive * (stays + leaves) + (1 - alive if n == 0 else 0)


def nbd_log_likelihood(r, alpha, x, t_x, age):
    ln = loggamma(r + x) - loggamma(r)
    return ln + r * log(alpha) - (r + x) * log(alpha + age)


# --- integrals over time ------------------------------------------------------------------------


def over_time(rate, to, scale):
    """∫₀^to, in pieces that grow by a factor, from a part of the scale on.

    Brought to a size of about 1 before: mpmath is content with an absolute error."""
    ends = [mpf(0)]
    at = scale / 16
    while at < to:
        ends.append(at)
        at *= 3
    ends.append(to)
    size = max(abs(rate(at)) * to for at in ends)
    return size * quad(lambda v: rate(v) / size, ends)


def pareto_count(r, alpha, s, beta_, x, t_x, age, t, n):
    """Leaves at v with n purchases before, or stays with n purchases."""
    q, a, b, n = r + x, alpha + age, beta_ + age, int(n)

    def buys(v):
        return binomial(q + n - 1, n) * (v / (a + v)) ** n * (a / (a + v)) ** q

    gone = over_time(lambda v: s * b**s / (b + v) ** (s + 1) * buys(v), t, min(a, b))
    alive = 1 / pareto_w(r, alpha, s, beta_, x, t_x, age)
    return alive * ((b / (b + t)) ** s * buys(t) + gone) + (1 - alive if n == 0 else 0)


def bg_discounted(m, r, alpha, a, b, x, t_x, age, delta, horizon):
    """∫ e^(−δt) E[λ e^(−λpt)] dt: the rate of purchases is a Gauss hypergeometric function of t."""
    q, big, scale = r + x, b + x + m, alpha + age

    def rate(t):
        return exp(-delta * t) * hyp2f1(q + 1, a, a + big, -t / scale)

    to = 120 / delta if horizon == 0 else horizon
    alive = bg_alive(m, r, alpha, a, b, x, t_x, age)
    return alive * q / scale * over_time(rate, to, min(scale / q, 1 / delta))


def pareto_discounted(r, alpha, s, beta_, x, t_x, age, delta, horizon):
    """In exponential integrals: b e^z (E_s(z) − w^(1−s) E_s(zw)), z = δb, w = 1 + H/b."""
    b = beta_ + age
    z, w = delta * b, 1 + horizon / b
    within = expint(s, z)
    if horizon > 0:
        within -= w ** (1 - s) * expint(s, z * w)
    alive = 1 / pareto_w(r, alpha, s, beta_, x, t_x, age)
    return alive * (r + x) / (alpha + age) * b * exp(z) * within


def regular_discounted(m, k, r, alpha, a, b, x, t_x, age, delta, horizon):
    """∫ e^(−δt) Σ over n of the density of the n-th purchase, and of not having left before it.

    With j stages passed the n-th purchase is stage kn−j, whose time over α+T is beta prime.
    """
    k, big, scale = int(k), b + x + m, alpha + age
    to = 60 / delta if horizon == 0 else horizon
    laws = list(stages(k, r, alpha, x, t_x, age))
    norm = sum(w for _, w, _ in laws)
    terms, stays, n = {j: [] for j, _, _ in laws}, mpf(1), 1
    while n < 700:
        for j, w, q in laws:
            terms[j].append(stays * w / norm / beta(k * n - j, q))
        if n % 8 == 0 and stays * reaches(n, to, k, r, alpha, x, t_x, age) < mpf(10) ** -27:
            break
        stays *= (big + n - 1) / (a + big + n - 1)
        n += 1
    else:
        raise ValueError("too many purchases")

    def rate(t):
        z = t / scale
        w = z / (1 + z)
        density = mpf(0)
        for j, _, q in laws:
            density += polyval(terms[j][::-1], w**k) * w ** (k - j - 1) * (1 + z) ** (-q - 1)
        return exp(-delta * t) * density / scale

    alive = regular_alive(m, k, r, alpha, a, b, x, t_x, age)
    return alive * over_time(rate, to, min(scale / (r + k * x), 1 / delta))


# --- spend --------------------------------------------------------------------------------------


def over_rates(shape, power):
    """∫ e^(shape·(1 + u − e^u)) e^(power·u) du: a gamma law, in the logarithm of rate over mean."""
    width = 1 / sqrt(shape)

    def ln(u):
        return shape * (1 + u - exp(u)) + power * u

    ends = [mpf(0)]
    for sign in (-1, 1):
        at = sign * width / 4
        while ln(at) > -160:
            ends.append(at)
            at *= 3
        ends.append(at)
    return quad(lambda u: exp(ln(u)), sorted(ends))


def spend_log_likelihood(p, q, g, x, mean):
    """ln ∫ Gamma(mean; px, νx) Gamma(ν; q, γ) dν, the mean rate (px+q)/(γ+xm) taken out."""
    px, shape = p * x, p * x + q
    ln = shape * log(shape / (g + x * mean)) - shape + log(over_rates(shape, 0))
    return ln + px * log(x) + (px - 1) * log(mean) + q * log(g) - loggamma(px) - loggamma(q)


def spend_expected(p, q, g, x, mean):
    """E[p/ν] given the mean."""
    shape = p * x + q
    return p * (g + x * mean) / shape * over_rates(shape, -1) / over_rates(shape, 0)


def spend_closed(p, q, g, x, mean):
    """The same likelihood in gamma functions, to be differentiated."""
    px = p * x
    ln = loggamma(px + q) - loggamma(px) - loggamma(q) + q * log(g) + (px - 1) * log(mean)
    return ln + px * log(x) - (px + q) * log(g + x * mean)


# --- writing ------------------------------------------------------------------------------------


def derivatives(function, values, data):
    """The gradient and the upper triangle of the Hessian of a likelihood in its parameters."""
    n = len(values)

    def at(order, *given):
        return diff(lambda *p: function(*p, *given[n:]), given[:n], order)

    places = [(i,) for i in range(n)] + [(i, j) for i in range(n) for j in range(i, n)]
    orders = [tuple(place.count(k) for k in range(n)) for place in places]
    return [agreed(partial(at, order), *values, *data, digits=(60, 80)) for order in orders]


def scores(rng, count):
    rows = []
    kinds = ["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k", "gamma_gamma"]
    for i in range(count):
        kind, k = kinds[i % 6], 1
        p = [parameter(rng) for _ in range(4)]
        data = history(rng)
        if kind == "gamma_gamma":
            data = (int(10 ** rng.uniform(0, 3.69897)), box(rng, -3, 5), 0.0)
            p[3] = 1.0
            found = derivatives(spend_closed, p[:3], data[:2])
            g, h = found[:3], found[3:]
            found = [*g, 0, *h[:3], 0, *h[3:5], 0, h[5], 0, 0]
        elif kind == "pareto_nbd":
            found = derivatives(pareto_log_likelihood, p, data)
        else:
            m = int(kind.startswith("mbg"))
            if kind.endswith("_k"):
                k = rng.randrange(2, 13)
                function = partial(regular_log_likelihood, m, k)
            else:
                function = partial(bg_log_likelihood, m)
            found = derivatives(function, p, data)
        rows.append([kind, str(k), *map(repr, p), *map(repr, data), *map(text, found)])
    return rows


def nbd_scores(rng, count):
    rows = []
    for _ in range(count):
        p, data = [parameter(rng) for _ in range(4)], history(rng)
        found = derivatives(nbd_log_likelihood, p[:2], data)
        g, h = found[:2], found[2:]
        found = [*g, 0, 0, *h[:2], 0, 0, h[2], 0, 0, 0, 0, 0]
        rows.append(["nbd", "1", *map(repr, p), *map(repr, data), *map(text, found)])
    return rows


def regular_discounts(rng, count):
    """Those whose sums end."""
    rows = []
    while len(rows) < count:
        m = len(rows) % 2
        k = rng.randrange(2, 13)
        p, h, horizon = ordinary(rng)
        delta = box(rng, -2, 0)
        horizon = horizon if len(rows) % 3 else 0.0
        found = agreed(regular_discounted, m, k, *p, *h, delta, horizon, digits=QUADRATURE)
        if found is not None:
            kind = ["bg_cnbd_k", "mbg_cnbd_k"][m]
            rows.append([kind, str(k), *map(repr, [*p, *h, delta, horizon]), text(found)])
    return rows


def main(folder, count):
    params = "r,alpha,a,b"
    rng = random.Random(20240301)

    rows = []
    for i in range(count):
        p, (x, mean) = [parameter(rng) for _ in range(2)], (rng.randrange(1, 6), box(rng, -2, 5))
        g = box(rng, -2, 5)
        x = x if i % 3 else int(10 ** rng.uniform(0, 3.69897))
        given = (*p, g, x, mean)
        expected = None
        if p[0] * x + p[1] > 1.01:
            expected = agreed(spend_expected, *given, digits=QUADRATURE)
        values = [agreed(spend_log_likelihood, *given, digits=QUADRATURE), expected]
        rows.append([*map(repr, given), *map(text, values)])
    write(folder / "clv_spend.csv", "p,q,gamma,x,mean,log_likelihood,expected", rows)

    rows = []
    for i in range(count):
        m, k = i % 2, rng.randrange(2, 13)
        p, h = [parameter(rng) for _ in range(4)], history(rng)
        values = [agreed(regular_log_likelihood, m, k, *p, *h), agreed(regular_alive, m, k, *p, *h)]
        t, expected = 1.0, None
        if i % 2:
            p, h, t = ordinary(rng)
            values = [agreed(f, m, k, *p, *h) for f in (regular_log_likelihood, regular_alive)]
            expected = agreed(regular_expected, m, k, *p, *h, t, digits=QUADRATURE)
        rows.append([str(m), str(k), *map(repr, [*p, *h, t]), *map(text, [*values, expected])])
    header = f"m,k,{params},x,t_x,age,t,log_likelihood,alive,expected"
    write(folder / "clv_regular.csv", header, rows)

    rows = []
    for i in range(count):
        p, h, t = ordinary(rng)
        n = rng.choice([0, 0, 1, 2, 7, 30])
        kind = ["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k"][i % 5]
        m, k = int(kind.startswith("mbg")), rng.randrange(2, 13) if kind.endswith("_k") else 1
        if kind == "pareto_nbd":
            found = agreed(pareto_count, *p, *h, t, n, digits=QUADRATURE)
        else:
            if i % 2:
                p, h, t = [parameter(rng) for _ in range(4)], history(rng), box(rng, -9, 6)
            found = agreed(regular_count, m, k, *p, *h, t, n)
        rows.append([kind, str(k), *map(repr, [*p, *h, t, n]), text(found)])
    write(folder / "clv_counts.csv", "model,k,p1,p2,p3,p4,x,t_x,age,t,n,probability", rows)

    rows = []
    for i in range(count):
        kind = ["bg_nbd", "mbg_nbd", "pareto_nbd", "pareto_nbd"][i % 4]
        p, h, horizon = ordinary(rng)
        delta = box(rng, -4, 0)
        if kind == "pareto_nbd" and i % 8 > 3:
            p, h = [parameter(rng) for _ in range(4)], history(rng)
            delta, horizon = box(rng, -6, 1), box(rng, -6, 5)
        horizon = horizon if i % 3 else 0.0  # 0 is without end
        if kind == "pareto_nbd":
            found = agreed(pareto_discounted, *p, *h, delta, horizon)
        else:
            m = int(kind == "mbg_nbd")
            found = agreed(bg_discounted, m, *p, *h, delta, horizon, digits=QUADRATURE)
        rows.append([kind, "1", *map(repr, [*p, *h, delta, horizon]), text(found)])
    rows += regular_discounts(random.Random(20261122), count // 5)
    header = "model,k,p1,p2,p3,p4,x,t_x,age,delta,horizon,discounted"
    write(folder / "clv_discounted.csv", header, rows)

    header = "model,k,p1,p2,p3,p4,x,t_x,age,g1,g2,g3,g4,h11,h12,h13,h14,h22,h23,h24,h33,h34,h44"
    rows = scores(rng, count) + nbd_scores(random.Random(20261123), count // 5)
    write(folder / "clv_score.csv", header, rows)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else HERE,
        int(sys.argv[2]) if len(sys.argv) > 2 else 400,
    )
