"""Whether fits with covariates find the truth, and what CLVTools has published.

    .venv/bin/python tests/python/covariate_evidence.py --shops 100
    .venv/bin/python tests/python/covariate_evidence.py --clvtools DIRECTORY

`--shops` simulates shops of `covariate_shops.py` and prints for each model and coefficient how
many 95 % intervals hold the truth, and the mean estimate. `--clvtools` fits the apparel retailer of
the R package CLVTools, from its files apparelTrans.rda and apparelStaticCov.rda (GPL, so they are
not here; read by the package rdata), and prints the estimates beside the published ones.
docs/evidence.md has what both printed.
"""

import argparse
import pathlib

import numpy as np
from covariate_shops import DROPOUT, DROPOUT_B, PURCHASE, shop

import crm_core as crm

# The page "Walkthrough for the CLVTools Package" at clvtools.com, CLVTools 0.12.1 of 2025-11-06:
# Pareto/NBD with static covariates, 104 weeks; log-likelihood -5821.0627.
PUBLISHED = {
    "r": ("r", 1.8387, 0.3457),
    "alpha": ("alpha", 92.9435, 16.9749),
    "s": ("s", 0.5913, 0.2603),
    "beta": ("beta", 49.5048, 36.1444),
    "life.Gender": ("dropout.Gender", -0.6428, 0.2956),
    "life.Channel": ("dropout.Channel", 0.7902, 0.3058),
    "trans.Gender": ("purchase.Gender", 0.2860, 0.1041),
    "trans.Channel": ("purchase.Channel", 0.6239, 0.1049),
}
MODELS = {"pareto_nbd": crm.ParetoNbd, "mbg_nbd": crm.MbgNbd, "bg_nbd": crm.BgNbd}


def main() -> None:
    read = argparse.ArgumentParser()
    read.add_argument("--shops", type=int, default=0)
    read.add_argument("--customers", type=int, default=2_000)
    read.add_argument("--models", nargs="*", default=list(MODELS))
    read.add_argument("--clvtools", type=pathlib.Path)
    asked = read.parse_args()
    for kind in asked.models if asked.shops else ():
        print_coverage(kind, asked.shops, asked.customers)
    if asked.clvtools:
        print_published(asked.clvtools)


def print_coverage(kind: str, shops: int, customers: int) -> None:
    truth = [*PURCHASE, *DROPOUT] + ([] if kind == "pareto_nbd" else [*DROPOUT_B])
    held, found = np.zeros(len(truth)), []
    for seed in range(shops):
        frame = shop(kind, customers, seed)
        model = MODELS[kind]().fit(frame, unit="week", covariates=["channel", "age"])
        if model.intervals_ is None:
            continue
        ends = list(model.intervals_.values())[4:]
        held += [low <= value <= high for (low, high), value in zip(ends, truth, strict=True)]
        found.append(list(model.params_.values())[4:])
    print(f"{kind}: {shops} shops of {customers} customers, {len(found)} with a maximum")
    names = list(model.params_)[4:]
    for i, name in enumerate(names):
        mean = np.mean([values[i] for values in found])
        print(f"  {name:24} truth {truth[i]:6.3f} mean {mean:7.4f} held {held[i] / len(found):.2f}")
    print(f"  all coefficients together: {held.sum() / len(found) / len(truth):.3f}")


def print_published(folder: pathlib.Path) -> None:
    import rdata

    rows = rdata.read_rda(folder / "apparelTrans.rda")["apparelTrans"]
    about = rdata.read_rda(folder / "apparelStaticCov.rda")["apparelStaticCov"]
    rows = rows.drop_duplicates(["Id", "Date"])
    end = rows["Date"].min() + 104 * 7
    days = rows[rows["Date"] <= end].groupby("Id")["Date"]
    frame = about.set_index("Id")
    frame["frequency"] = days.count() - 1.0
    frame["recency"] = (days.max() - days.min()) / 7
    frame["T"] = (end - days.min()) / 7
    model = crm.ParetoNbd().fit(frame, unit="week", covariates=["Gender", "Channel"])
    print(f"log-likelihood {model.log_likelihood_:.4f}, published -5821.0627")
    for name, (ours, value, error) in PUBLISHED.items():
        mine, my_error = model.params_[ours], model.standard_errors_[ours]
        print(
            f"  {name:14} {mine:9.4f} ({my_error:.4f}), published {value:9.4f} ({error:.4f}),"
            f" apart by {abs(mine - value) / error:.4f} standard errors"
        )


if __name__ == "__main__":
    main()
