"""Baskets beside mlxtend and efficient-apriori, on random baskets and on a file of groceries.

    .venv/bin/pip install mlxtend efficient-apriori
    .venv/bin/python tests/python/basket_evidence.py --groceries groceries.csv

The file is the data set Groceries of the R package arules (Hahsler, Hornik, Reutterer 2006): 9,835
baskets, one a line, items between commas. docs/evidence.md has what this printed.
"""

import argparse
import collections
import resource
import time

import numpy as np

import crm_core as crm

#: Of the groceries: support, sets by size, confidence, rules.
KNOWN = [
    (0.01, [88, 213, 32], 0.5, 15),
    (0.001, [157, 2981, 6831, 3137, 376, 10], 0.8, 410),
]


def frame(baskets):
    rows = [(at, item) for at, basket in enumerate(baskets) for item in basket]
    return {"basket_id": [at for at, _ in rows], "item": [item for _, item in rows]}


def groceries(path):
    with open(path, encoding="utf-8") as file:
        baskets = [[item.strip() for item in line.split(",")] for line in file]
    data = frame(baskets)
    for support, sizes, confidence, rules in KNOWN:
        found = crm.itemsets(data, min_support=support)["size"].tolist()
        count = len(crm.rules(data, min_support=support, min_confidence=confidence))
        by_size = [n for _, n in sorted(collections.Counter(found).items())]
        assert (by_size, count) == (sizes, rules), (support, by_size, count)
        print(f"groceries, support {support}: {sum(sizes)} sets, {rules} rules, as in arules")
    top = crm.rules(data, min_support=0.001, min_confidence=0.8).sort("lift", descending=True)
    row = {name: cells[0] for name, cells in top.to_dict().items()}
    assert row["antecedent"] == "liquor + red/blush wine" and row["consequent"] == "bottled beer"
    assert row["support"] == 0.0019318759532282665
    assert row["confidence"] == 0.9047619047619048
    assert row["lift"] == 11.23526936026936
    return data


def beside(baskets, support):
    try:
        import pandas as pd
        from efficient_apriori import itemsets_from_transactions
        from mlxtend.frequent_patterns import association_rules, fpgrowth
        from mlxtend.preprocessing import TransactionEncoder
    except ImportError as missing:
        print("not compared:", missing)
        return
    data = frame(baskets)
    ours = crm.itemsets(data, min_support=support).to_dict()
    ours = {frozenset(s.split(" + ")): n for s, n in zip(ours["items"], ours["n"], strict=True)}
    theirs, _ = itemsets_from_transactions([tuple(b) for b in baskets], support)
    theirs = {frozenset(s): n for sets in theirs.values() for s, n in sets.items()}
    assert ours == theirs, "efficient-apriori"
    encoder = TransactionEncoder()
    wide = pd.DataFrame(encoder.fit_transform(baskets), columns=encoder.columns_)
    frequent = fpgrowth(wide, min_support=support, use_colnames=True)
    assert {*frequent["itemsets"]} == {*ours}
    theirs = association_rules(frequent, metric="confidence", min_threshold=0.2)
    theirs = theirs[theirs.consequents.map(len) == 1]
    keys = zip(theirs.antecedents, theirs.consequents, strict=True)
    theirs = dict(zip(keys, theirs.to_dict("records"), strict=True))
    rules = crm.rules(data, min_support=support, min_confidence=0.2).to_dict()
    assert len(rules["n"]) == len(theirs)
    worst = 0.0
    for at, (a, c) in enumerate(zip(rules["antecedent"], rules["consequent"], strict=True)):
        row = theirs[frozenset(a.split(" + ")), frozenset([c])]
        for name in ("support", "confidence", "lift", "leverage", "zhang", "jaccard"):
            other = row.get(name, row.get({"zhang": "zhangs_metric"}.get(name, name)))
            worst = max(worst, abs(rules[name][at] - other))
    print(f"support {support}: {len(ours)} sets and {len(theirs)} rules agree, within {worst:.1e}")


def speed():
    rng = np.random.default_rng(7)
    weights = 1 / (np.arange(5_000) + 20) ** 0.8
    sizes = 1 + np.minimum(rng.exponential(4.5, 500_000).astype(int), 60)
    data = {
        "basket_id": np.repeat(np.arange(500_000), sizes),
        "item": rng.choice(5_000, sizes.sum(), p=weights / weights.sum()),
    }
    for name, options in (("pairs", {}), ("itemsets", {"min_support": 0.001})):
        before, since = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        rows = len(getattr(crm, name)(data, **options))
        took = time.process_time() - since
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"{name}: {sizes.sum():,} rows, {rows:,} found, {took:.2f} CPU s, {more:.0f} MB more")


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--groceries")
    asked = read.parse_args()
    rng = np.random.default_rng(3)
    for support in (0.02, 0.05):
        chances = rng.uniform(0.02, 0.4, 20)
        drawn = rng.uniform(size=(2_000, 20)) < chances
        baskets = [[f"i{item}" for item in np.flatnonzero(row)] for row in drawn]
        beside([basket for basket in baskets if basket], support)
    if asked.groceries:
        groceries(asked.groceries)
    speed()


if __name__ == "__main__":
    main()
