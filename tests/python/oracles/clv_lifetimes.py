"""What `lifetimes` 0.11.3 says of the CDNOW sample, as a file for the golden tests.

It needs an environment of its own, with the versions that package still runs with:

    python -m venv old
    old/bin/pip install lifetimes==0.11.3 numpy==1.26.4 scipy==1.11.4 pandas==1.5.3 autograd==1.6.2
    old/bin/python tests/python/oracles/clv_lifetimes.py tests/golden/clv_lifetimes.json

Aggregation, fits and quantities are all that package's own. The fits stop where its tolerance
lets them (five digits or so); the quantities are taken at fixed parameters, which the file holds,
and have all their digits.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import lifetimes
import lifetimes.datasets
import numpy as np
import pandas as pd
from lifetimes.utils import calibration_and_holdout_data, summary_data_from_transaction_data

END, LAST = "1997-09-30", "1998-06-30"
FITTERS = {
    "bg_nbd": lifetimes.BetaGeoFitter,
    "mbg_nbd": lifetimes.ModifiedBetaGeoFitter,
    "pareto_nbd": lifetimes.ParetoNBDFitter,
}
GIVEN = {
    "bg_nbd": {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259},
    "mbg_nbd": {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.614},
    "pareto_nbd": {"r": 0.5533, "alpha": 10.5777, "s": 0.6062, "beta": 11.6687},
    "gamma_gamma": {"p": 6.2488, "q": 3.7446, "v": 15.4477},
}


def transactions():
    """The sample's orders: customer, day, dollars."""
    path = Path(lifetimes.__file__).parent / "datasets" / "CDNOW_sample.txt"
    lines = [line.split() for line in path.read_text().splitlines()]
    rows = [line for line in lines if line and line[0].isdigit()]
    return pd.DataFrame(
        {
            "id": [int(row[0]) for row in rows],
            "day": pd.to_datetime([row[2] for row in rows], format="%Y%m%d"),
            "spend": [float(row[4]) for row in rows],
        }
    )


def quantities(kind, fitter, x, t_x, age):
    """At the given parameters, of the given histories."""
    fitter.params_ = pd.Series(GIVEN[kind])
    times = np.array([1.0, 13.0, 39.0, 52.0])
    alive = fitter.conditional_probability_alive(x, t_x, age)
    ahead = [
        fitter.conditional_expected_number_of_purchases_up_to_time(t, x, t_x, age) for t in times
    ]
    new = fitter.expected_number_of_purchases_up_to_time(times)
    out = {
        "parameters": GIVEN[kind],
        "alive": np.asarray(alive).tolist(),
        "times": times.tolist(),
        "expected": np.asarray(ahead).tolist(),
        "expected_of_new": np.asarray(new).tolist(),
    }
    if kind == "pareto_nbd":
        none = fitter.conditional_probability_of_n_purchases_up_to_time(0, 13.0, x, t_x, age)
        out["none_in_13"] = np.asarray(none).tolist()
    else:
        of_n = fitter.probability_of_n_purchases_up_to_time
        out["probability_of_n_in_26"] = [float(of_n(26.0, n)) for n in range(8)]
    return out


def calendar(orders, freq, end, last):
    """By calendar weeks or months: sums, every 97th customer, and what came after."""
    ended = orders[orders["day"] <= end]
    s = summary_data_from_transaction_data(
        ended, "id", "day", "spend", observation_period_end=end, freq=freq
    ).sort_index()
    both = calibration_and_holdout_data(
        orders[orders["day"] <= last], "id", "day", end, last, freq=freq
    )
    return {
        "end": end,
        "last": last,
        "customers": len(s),
        "sums": {name: float(s[name].sum()) for name in s.columns},
        "ids": s.index[::97].tolist(),
        "rows": {name: s[name].iloc[::97].tolist() for name in s.columns},
        "holdout_frequency": int(both["frequency_holdout"].sum()),
        "holdout_duration": float(both["duration_holdout"].iloc[0]),
    }


def gifts():
    """BG/BB of its donors: its fit, and donors by number of gifts as it expects them."""
    donors = lifetimes.datasets.load_donations()
    columns = [donors[name] for name in ("frequency", "recency", "periods", "weights")]
    f = lifetimes.BetaGeoBetaBinomFitter().fit(*columns)
    fit = f.params_.to_dict()
    f.params_ = pd.Series({"alpha": 1.2035, "beta": 0.7497, "gamma": 0.6568, "delta": 2.7834})
    expected = f.expected_number_of_transactions_in_first_n_periods(6)
    return {
        "fit": fit,
        "parameters": f.params_.to_dict(),
        "patterns": {name: donors[name].tolist() for name in donors.columns},
        "customers": donors.groupby("frequency")["weights"].sum().tolist(),
        "expected_customers": expected.iloc[:, 0].tolist(),
        "frequency": expected.index.tolist(),
    }


def main(path):
    orders = transactions()
    weeks = summary_data_from_transaction_data(
        orders, "id", "day", "spend", observation_period_end=END, freq="D", freq_multiplier=7
    )
    both = calibration_and_holdout_data(orders, "id", "day", END, LAST, freq="D", freq_multiplier=7)
    out = {
        "lifetimes": version("lifetimes"),
        "summary": {
            "customers": len(weeks),
            "frequency": int(weeks["frequency"].sum()),
            "recency": float(weeks["recency"].sum()),
            "T": float(weeks["T"].sum()),
            "holdout_frequency": int(both["frequency_holdout"].sum()),
        },
    }
    out["calendar_week"] = calendar(orders, "W", "1997-09-28", "1998-06-28")
    out["month"] = calendar(orders, "M", END, LAST)
    out["bgbb"] = gifts()
    # Every 97th customer, and the corners of the table.
    some = pd.concat([weeks.iloc[::97], weeks.nlargest(5, "frequency"), weeks.nlargest(5, "T")])
    x, t_x, age = (some[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    out["histories"] = {"frequency": x.tolist(), "recency": t_x.tolist(), "T": age.tolist()}
    for kind, fitter in FITTERS.items():
        f = fitter().fit(weeks["frequency"], weeks["recency"], weeks["T"])
        # Its log-likelihood is of rescaled times, and a mean: nothing to compare.
        out[kind] = {"fit": f.params_.to_dict(), **quantities(kind, fitter(), x, t_x, age)}
    repeat = weeks[(weeks["frequency"] > 0) & (weeks["monetary_value"] > 0)]
    g = lifetimes.GammaGammaFitter().fit(repeat["frequency"], repeat["monetary_value"])
    fit = g.params_.to_dict()
    g.params_ = pd.Series(GIVEN["gamma_gamma"])
    some = weeks.iloc[::97]
    spend = g.conditional_expected_average_profit(some["frequency"], some["monetary_value"])
    out["gamma_gamma"] = {
        "fit": fit,
        "customers": len(repeat),
        "parameters": GIVEN["gamma_gamma"],
        "frequency": some["frequency"].tolist(),
        "monetary_value": some["monetary_value"].tolist(),
        "expected_spend": spend.tolist(),
    }
    Path(path).write_text(json.dumps(out, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/clv_lifetimes.json")
