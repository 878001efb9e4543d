"""Oracle values for num::survival and num::lifetime.

    pip install lifelines scipy mpmath
    python tests/python/oracles/survival.py        # rewrites tests/golden/survival_*.csv

Curves come from lifelines' KaplanMeierFitter. Fits: the log-likelihood lifelines reaches with its
parameters, and the maximum itself from mpmath at 30 digits (findroot on the score, started at
lifelines' answer).
"""

from pathlib import Path

import mpmath as mp
import numpy as np
from lifelines import KaplanMeierFitter, LogNormalFitter, WeibullFitter

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
mp.mp.dps = 30


def data_sets():
    rng = np.random.default_rng(20240601)
    gaps = np.maximum(1, np.round(rng.gamma(2.0, 20.0, 120)))
    window = rng.integers(1, 120, 120)
    yield "gaps", np.minimum(gaps, window), gaps <= window, np.ones(120)
    # Day 0 events, ties between events and censorings, an end where everybody has had the event.
    yield (
        "ties",
        np.array([0, 0, 0, 5, 5, 5, 9, 9, 30, 30.0]),
        np.array([1, 1, 0, 1, 0, 1, 0, 1, 1, 1], bool),
        np.ones(10),
    )
    heavy = np.exp(rng.normal(3.0, 1.1, 80))
    limit = rng.exponential(60.0, 80) + 0.5
    yield "heavy", np.minimum(heavy, limit), heavy <= limit, np.ones(80)
    counts = rng.integers(1, 6, 60).astype(float)
    days = rng.integers(1, 40, 60).astype(float)
    yield "counted", days, rng.random(60) < 0.6, counts


def fits(durations, observed, weights):
    t, d, w = ([mp.mpf(float(v)) for v in column] for column in (durations, observed, weights))

    def weibull(ln_scale, ln_shape):
        shape = mp.exp(ln_shape)
        z = [shape * (mp.log(x) - ln_scale) for x in t]
        return mp.fsum(
            c * (e * (ln_shape - mp.log(x) + a) - mp.exp(a))
            for x, e, c, a in zip(t, d, w, z, strict=True)
        )

    def log_normal(mu, ln_sigma):
        sigma = mp.exp(ln_sigma)
        total = mp.mpf(0)
        for x, e, c in zip(t, d, w, strict=True):
            z = (mp.log(x) - mu) / sigma
            if e:
                total += c * (-mp.log(x) - ln_sigma - mp.log(mp.sqrt(2 * mp.pi)) - z * z / 2)
            else:
                total += c * mp.log(mp.erfc(z / mp.sqrt(2)) / 2)
        return total

    for family, model, names, ell, to, back in [
        (
            "weibull",
            WeibullFitter(),
            ("lambda_", "rho_"),
            weibull,
            (mp.log, mp.log),
            (mp.exp, mp.exp),
        ),
        (
            "log_normal",
            LogNormalFitter(),
            ("mu_", "sigma_"),
            log_normal,
            (mp.mpf, mp.log),
            (mp.mpf, mp.exp),
        ),
    ]:
        model.fit(durations, observed, weights=weights)
        start = [f(mp.mpf(float(getattr(model, name)))) for f, name in zip(to, names, strict=True)]
        score = [lambda a, b, ell=ell, k=k: mp.diff(ell, (a, b), (1 - k, k)) for k in (0, 1)]
        a, b = mp.findroot(score, start)
        errors = [float(model.summary.loc[name, "se(coef)"]) for name in names]
        yield (
            family,
            float(back[0](a)),
            float(back[1](b)),
            *errors,
            float(ell(a, b)),
            float(model.log_likelihood_),
            *(float(getattr(model, name)) for name in names),
        )


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    rows, curve, laws = [], [], []
    for name, durations, observed, weights in data_sets():
        rows += [
            (name, repr(float(t)), int(e), repr(float(w)))
            for t, e, w in zip(durations, observed, weights, strict=True)
        ]
        km = KaplanMeierFitter().fit(durations, observed, weights=weights)
        table = km.event_table
        interval = km.confidence_interval_
        for time in np.unique(durations):
            s = float(km.survival_function_.loc[time].iloc[0])
            low, high = (float(v) for v in interval.loc[time])
            curve.append(
                (
                    name,
                    repr(float(time)),
                    repr(float(table.at_risk.loc[time])),
                    repr(s),
                    repr(low),
                    repr(high),
                )
            )
        if (durations > 0).all():
            laws += [
                (name, family, *map(repr, values))
                for family, *values in fits(durations, observed, weights)
            ]
    for file, header, lines in [
        ("survival_rows", "set,duration,observed,weight", rows),
        ("survival_curve", "set,time,at_risk,survival,low,high", curve),
        (
            "survival_fits",
            "set,family,first,second,first_error,second_error,log_likelihood,"
            "lifelines_log_likelihood,lifelines_first,lifelines_second",
            laws,
        ),
    ]:
        source = "# lifelines and 30 digits of mpmath; tests/python/oracles/survival.py"
        text = "\n".join([source, header, *(",".join(map(str, line)) for line in lines)]) + "\n"
        (GOLDEN / f"{file}.csv").write_text(text)


if __name__ == "__main__":
    main()
