"""High-precision values of the buy-till-you-die models, as CSV files for the golden tests.

Run with mpmath installed; writes next to the other golden files:

    python tests/python/oracles/clv_models.py tests/golden

The formulas are the papers' own, with mpmath's hypergeometric functions, and not the forms that the
library computes, which do not cancel. Every value is computed twice, with 110 and with 160 digits,
and kept only if both agree to 20. Inputs are doubles, written so that reading them back gives the
same bits.
"""

import random
import sys
from pathlib import Path

from mpmath import hyp2f1, log, loggamma, mp, mpf

HERE = Path(__file__).resolve().parents[2] / "golden"


def box(rng, low, high):
    return float("%.6g" % 10 ** rng.uniform(low, high))


def history(rng):
    """x, t_x, T over the wide box, with the corners over-represented."""
    age = box(rng, -9, 6)
    kind = rng.randrange(6)
    if kind == 0:
        return 0, 0.0, age
    x = int(10 ** rng.uniform(0, 3.69897))
    share = {1: 1.0, 2: 1 - 10 ** rng.uniform(-9, -1)}.get(kind, rng.random())
    return x, age * share, age


def parameter(rng):
    return {0: 1.0}.get(rng.randrange(8), box(rng, -3, 3))


# --- BG/NBD and MBG/NBD ---------------------------------------------------------------------


def bg_odds(m, r, alpha, a, b, x, t_x, age):
    """e^D: odds of having left."""
    if x + m == 0:
        return mpf(0)
    return a / (b + x - 1 + m) * ((alpha + age) / (alpha + t_x)) ** (r + x)


def bg_log_likelihood(m, r, alpha, a, b, x, t_x, age):
    q = r + x
    odds = bg_odds(m, r, alpha, a, b, x, t_x, age)
    return (
        loggamma(q)
        - loggamma(r)
        + r * log(alpha)
        - q * log(alpha + age)
        + loggamma(b + x + m)
        - loggamma(a + b + x + m)
        - loggamma(b)
        + loggamma(a + b)
        + log(1 + odds)
    )


def bg_alive(m, r, alpha, a, b, x, t_x, age):
    return 1 / (1 + bg_odds(m, r, alpha, a, b, x, t_x, age))


def bg_expected(m, r, alpha, a, b, x, t_x, age, t):
    """P(alive) times the published hypergeometric form, at a moved off 1 by 1e-25."""
    q, bb = r + x, b + x + m
    if a == 1:
        a = a + mpf(10) ** (-mp.dps // 2)
    z = t / (alpha + age)
    w = z / (1 + z)
    f = hyp2f1(q, bb, a + bb - 1, w)
    value = (a + bb - 1) / (a - 1) * (1 - (1 + z) ** (-q) * f)
    return value * bg_alive(m, r, alpha, a, b, x, t_x, age)


def bg_alive_later(m, r, alpha, a, b, x, t_x, age, t):
    q, bb = r + x, b + x + m
    z = t / (alpha + age)
    f = (1 + z) ** (-q) * hyp2f1(q, bb, a + bb, z / (1 + z))
    return f * bg_alive(m, r, alpha, a, b, x, t_x, age)


# --- Pareto/NBD -----------------------------------------------------------------------------


def tail(q, s, a, b):
    """s/(q+s) 2F1(1, ...), by mpmath's own function."""
    if a >= b:
        return s / (q + s) * hyp2f1(1, q, q + s + 1, (a - b) / a)
    return s / (q + s) * a / b * hyp2f1(1, s + 1, q + s + 1, (b - a) / b)


def pareto_w(r, alpha, s, beta_, x, t_x, age):
    q = r + x
    e = ((alpha + age) / (alpha + t_x)) ** q * ((beta_ + age) / (beta_ + t_x)) ** s
    return 1 - tail(q, s, alpha + age, beta_ + age) + e * tail(q, s, alpha + t_x, beta_ + t_x)


def pareto_log_likelihood(r, alpha, s, beta_, x, t_x, age):
    q = r + x
    w = pareto_w(r, alpha, s, beta_, x, t_x, age)
    return (
        loggamma(q)
        - loggamma(r)
        + r * log(alpha)
        + s * log(beta_)
        - q * log(alpha + age)
        - s * log(beta_ + age)
        + log(w)
    )


def pareto_expected(r, alpha, s, beta_, x, t_x, age, t):
    q, big = r + x, beta_ + age
    w = 1 + t / big
    integral = big * log(w) if s == 1 else big / (s - 1) * (1 - w ** (1 - s))
    return q / (alpha + age) * integral / pareto_w(r, alpha, s, beta_, x, t_x, age)


# --- Writing --------------------------------------------------------------------------------


def agreed(function, *arguments, digits=(110, 160)):
    """The value with the larger number of digits, if the smaller one says the same; None otherwise.

    The hypergeometric forms cancel; the digits are many so that enough are left."""
    found = []
    for mp.dps in digits:
        try:
            found.append(function(*[mpf(v) for v in arguments]))
        except Exception:  # mpmath gives up on some corners; they are left to other points
            return None
    if found[1] != 0 and abs(found[0] / found[1] - 1) > mpf(10) ** -20:
        return None
    return found[1]


def text(value):
    return "" if value is None else mp.nstr(value, 25, min_fixed=0, max_fixed=0)


def write(path, header, rows):
    """The first line says where the numbers are from, the second names the columns."""
    source = f"# 25 digits of mpmath; tests/python/oracles/{Path(sys.argv[0]).name}"
    path.write_text("\n".join([source, header, *[",".join(row) for row in rows]]) + "\n")
    print(path.name, len(rows), "rows")


def main(folder, count):
    rng = random.Random(20240229)
    rows = []
    for i in range(count):
        m = i % 2
        p = [parameter(rng) for _ in range(4)]
        x, t_x, age = history(rng)
        t = box(rng, -9, 6)
        values = [
            agreed(bg_log_likelihood, m, *p, x, t_x, age),
            agreed(bg_alive, m, *p, x, t_x, age),
            agreed(bg_expected, m, *p, x, t_x, age, t),
            agreed(bg_alive_later, m, *p, x, t_x, age, t),
        ]
        rows.append(
            [str(m), *map(repr, p), str(x), repr(t_x), repr(age), repr(t), *map(text, values)]
        )
    header = "m,r,alpha,a,b,x,t_x,age,t,log_likelihood,alive,expected,alive_later"
    write(folder / "clv_bg.csv", header, rows)

    rows = []
    for i in range(count):
        p = [parameter(rng) for _ in range(4)]
        if i % 5 == 0:
            # 1 - z below 1e-4: scales far apart, and the time small.
            p[1], p[3] = box(rng, 1, 3), box(rng, -3, -1.5)
            if i % 10 == 0:
                p[1], p[3] = p[3], p[1]
        x, t_x, age = history(rng)
        t = box(rng, -9, 6)
        values = [
            agreed(pareto_log_likelihood, *p, x, t_x, age),
            agreed(lambda *v: 1 / pareto_w(*v), *p, x, t_x, age),
            agreed(pareto_expected, *p, x, t_x, age, t),
        ]
        rows.append([*map(repr, p), str(x), repr(t_x), repr(age), repr(t), *map(text, values)])
    header = "r,alpha,s,beta,x,t_x,age,t,log_likelihood,alive,expected"
    write(folder / "clv_pareto.csv", header, rows)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else HERE,
        int(sys.argv[2]) if len(sys.argv) > 2 else 1000,
    )
