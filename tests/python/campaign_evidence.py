"""How often the intervals of `campaign_effect` hold the truth, in simulated campaigns.

    .venv/bin/python tests/python/campaign_evidence.py

Each setting has 2,000 campaigns; docs/evidence.md has what it printed.
"""

import numpy as np
from scipy import stats

import crm_core as crm

CAMPAIGNS = 2_000
# People sent and held out, rates of both, the spread of the logarithm of an order's value.
SETTINGS = [
    (900, 300, 0.04, 0.03, 0.8),
    (4_500, 500, 0.04, 0.03, 0.8),
    (2_700, 300, 0.03, 0.02, 0.8),
    (2_000, 2_000, 0.06, 0.05, 1.0),
    (2_000, 500, 0.12, 0.10, 1.2),
    (1_800, 200, 0.03, 0.02, 0.6),
    (1_000, 1_000, 0.33, 0.30, 0.8),
]


def campaigns(rng, sent, held, rate, base, sigma, n):
    """A log of `n` campaigns, each of people of its own."""
    people = np.arange(n * (sent + held))
    is_sent = people % (sent + held) < sent
    buys = rng.random(len(people)) < np.where(is_sent, rate, base)
    bought = int(buys.sum())
    amount = np.round(np.exp(rng.normal(8, sigma, bought)))
    start = np.datetime64("2026-03-01", "s")
    names = np.array([f"c{k:04d}" for k in range(n)])[people // (sent + held)]
    log = {
        "person": np.concatenate([people, people[buys]]),
        "at": np.concatenate(
            [np.full(len(people), start), start + rng.integers(1, 13 * 86_400, bought)]
        ),
        "kind": np.where(is_sent, "sent", "held_out").tolist() + ["purchase"] * bought,
        "campaign": names.tolist() + [None] * bought,
        "amount": np.concatenate([np.full(len(people), np.nan), amount]),
    }
    events = crm.Events(
        log, "person", "at", "kind", campaign="campaign", amount="amount", currency="JPY"
    )
    return events, people, is_sent, buys, amount


def welch(people, is_sent, buys, amount, n):
    """Welch's interval of revenue per person of each campaign."""
    paid = np.zeros(len(people))
    paid[buys] = amount
    ends = []
    for of, sent in zip(np.split(paid, n), np.split(is_sent, n), strict=True):
        test = stats.ttest_ind(of[sent], of[~sent], equal_var=False)
        ends.append(test.confidence_interval(0.95))
    return np.array([end.low for end in ends]), np.array([end.high for end in ends])


def main():
    rng = np.random.default_rng(11)
    print("sent   held  rates      sigma  rate   revenue  Welch   below  above")
    for sent, held, rate, base, sigma in SETTINGS:
        # In parts, so that a log fits into memory.
        inside = {"purchase_rate": [], "revenue": [], "welch": []}
        sides = []
        for _ in range(10):
            part = CAMPAIGNS // 10
            events, *drawn = campaigns(rng, sent, held, rate, base, sigma, part)
            table = crm.campaign_effect(events, "2026-03-31").to_pandas()
            truth = {"purchase_rate": rate - base}
            truth["revenue"] = (rate - base) * np.exp(8 + sigma * sigma / 2)
            for measure, value in truth.items():
                rows = table[table["measure"] == measure]
                low, high = rows["difference_low"], rows["difference_high"]
                inside[measure].extend((low <= value) & (value <= high))
            sides.extend(zip(truth["revenue"] > high, truth["revenue"] < low, strict=True))
            low, high = welch(*drawn, part)
            inside["welch"].extend((low <= truth["revenue"]) & (truth["revenue"] <= high))
        found = {name: np.mean(cells) for name, cells in inside.items()}
        above, below = np.mean(np.array(sides), axis=0)
        print(
            f"{sent:5} {held:6} {rate:.3f} {base:.3f} {sigma:5.1f}  {found['purchase_rate']:.3f}  "
            f"{found['revenue']:.3f}    {found['welch']:.3f}   {below:.3f}  {above:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
