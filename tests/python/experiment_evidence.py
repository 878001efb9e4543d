"""What `experiment` says of real ones: a mail test of 64,000 people, 78 tests looked at daily.

    .venv/bin/python tests/python/experiment_evidence.py --mail mail.csv.gz --looks looks.parquet

The first is K. Hillstrom's MineThatData challenge (columns segment, visit, conversion, spend,
history), the second the ASOS digital experiments dataset (Liu and others 2021; columns
experiment_id, variant_id, metric_id, time_since_start, count_c, mean_c, variance_c, count_t, ...).
docs/evidence.md has what it printed.
"""

import argparse
import collections

import numpy as np
import pandas as pd

import crm_core as crm


def mail(path):
    people = pd.read_csv(path).rename(columns={"segment": "variant"})
    measures = ["visit", "conversion", "spend"]
    table = crm.experiment(people, measures=measures, control="No E-Mail").to_pandas()
    columns = ["measure", "variant", "n", "mean", "difference", "difference_low", "p_adjusted"]
    print(table[columns].to_string(index=False))
    for measure in ("visit", "spend"):
        adjusted = crm.experiment(
            people, measures=[measure], control="No E-Mail", covariate="history"
        )
        print(measure, "variance taken away by history:", adjusted.notes["variance_reduction"])


def looks(path):
    log = pd.read_parquet(path)
    log = log[(log.variance_c > 0) & (log.variance_t > 0)].reset_index(drop=True)
    rows = []
    for variant, end in (("control", "c"), ("treatment", "t")):
        n, m, v = log[f"count_{end}"], log[f"mean_{end}"], log[f"variance_{end}"]
        rows.append(
            pd.DataFrame(
                {
                    "measure": np.arange(len(log)),
                    "variant": variant,
                    "n": n,
                    "sum": n * m,
                    "sum_squares": (n - 1) * v + n * m * m,
                }
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    series = list(zip(log.experiment_id, log.variant_id, log.metric_id, strict=True))
    last = log.groupby(["experiment_id", "variant_id", "metric_id"]).time_since_start.transform(
        "max"
    )
    for method in ("fixed", "always_valid"):
        table = crm.experiment(frame, method=method, adjust="none").to_dict()
        p = {int(m): p for m, p in zip(table["measure"], table["p"], strict=True) if p is not None}
        crossed = collections.defaultdict(bool)
        at_last = collections.defaultdict(bool)
        for row, key in enumerate(series):
            crossed[key] |= p[row] < 0.05
            if log.time_since_start[row] == last[row]:
                at_last[key] |= p[row] < 0.05
        print(
            f"{method}: of {len(crossed)} series {sum(crossed.values())} below .05 at some look, "
            f"{sum(at_last.values())} at the last"
        )


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--mail")
    read.add_argument("--looks")
    asked = read.parse_args()
    if asked.mail:
        mail(asked.mail)
    if asked.looks:
        looks(asked.looks)


if __name__ == "__main__":
    main()
