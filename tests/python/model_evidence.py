"""Which model of purchases predicts best, and what seasons are worth, where no model is right.

    .venv/bin/python tests/python/model_evidence.py --shops 6 --choice
    .venv/bin/python tests/python/model_evidence.py --shops 10 --seasons

The shops are those of `forecast_worlds.py`. Own time is computed here, from the factors that
`seasonality` finds, and handed over as a frame: nothing but the likelihoods is the library's.

`--choice` prints for each way to choose a model the year's purchases said ÷ came, over all worlds:
the mean, the root of the mean square of its logarithm, and how often each model was chosen.
`--seasons` prints said ÷ came of the next 30, 90 and 365 days, in own time and by the calendar.
docs/evidence.md has what both printed.
"""

import argparse
import collections

import numpy as np
from forecast_worlds import DAY0, WORLDS, shop

import crm_core as crm

KINDS = ("nbd", "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k")
MONTH_DAYS = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CUSTOMERS = 500
# 30 November, 31 December, 31 October 2022, 31 March 2023.
DAYS = {"30 Nov": 1429, "31 Dec": 1460, "31 Oct": 1399, "31 Mar": 1550}


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--shops", type=int, default=6)
    read.add_argument("--choice", action="store_true")
    read.add_argument("--seasons", action="store_true")
    asked = read.parse_args()
    if asked.choice:
        print_choice(asked.shops)
    if asked.seasons:
        print_seasons(asked.shops)


class Known:
    """What is known of a shop at the end of a day, in own time or by the calendar."""

    def __init__(self, rows, end, seasons=True):
        who, days, amounts = rows
        self.rows, self.end = rows, end
        past = days <= end
        orders = crm.Orders(
            {
                "customer_id": who[past].astype(np.int64),
                "ordered_at": (DAY0 + days[past]).astype("datetime64[us]"),
                "amount": amounts[past],
            },
            currency="JPY",
        )
        notes = crm.seasonality(orders, str(DAY0 + end)).notes
        self.factors = notes["seasonality"] if seasons else {}
        self.sums = clock(self.factors, end + 800)
        order = np.lexsort((days[past], who[past]))
        of, day = who[past][order], days[past][order]
        self.ids, first, count = np.unique(of, return_index=True, return_counts=True)
        own, now = self.at(day), self.at(end)
        same = np.diff(of) == 0
        gaps = np.log(np.maximum(np.diff(own)[same], 0.5))
        places = np.searchsorted(self.ids, of[1:][same])
        recency = own[first + count - 1] - own[first]
        self.frame = {
            "frequency": (count - 1).astype(float),
            "recency": recency,
            "T": np.maximum(now - own[first], recency),
            "ln_gaps": np.bincount(places, weights=gaps, minlength=len(self.ids)),
        }

    def at(self, days):
        return np.interp(np.asarray(days, float) + 0.5, np.arange(len(self.sums)), self.sums)

    def ahead(self, days):
        return float(self.at(self.end + days + 0.5) - self.at(self.end + 0.5))

    def fit(self, kind):
        return crm.run("clv_fit", self.frame, {"model": kind, "unit": "day"}).notes

    def said(self, fit, days, column="expected_purchases", rows=None, **options):
        names = ("frequency", "recency", "T")
        frame = {
            name: self.frame[name] if rows is None else self.frame[name][rows] for name in names
        }
        request = {"fit": fit, "t": self.ahead(days), "only": [column], **options}
        return np.array(crm.run("clv_predict", frame, request)[column], float)

    def came(self, days):
        who, day, _ = self.rows
        later = who[(day > self.end) & (day <= self.end + days)]
        later = later[np.isin(later, self.ids)]
        return np.bincount(np.searchsorted(self.ids, later), minlength=len(self.ids))


def clock(factors, length):
    """Own time by the beginning of each day."""
    dates = DAY0 + np.arange(length)
    months = np.array([factors.get(str(month), 1.0) for month in range(1, 13)])
    months = months / (months @ MONTH_DAYS / MONTH_DAYS.sum())
    week = np.array([factors.get(name, 1.0) for name in WEEKDAYS])
    week = week / week.mean()
    weekday = (dates.astype("datetime64[D]").astype(int) + 3) % 7
    pace = months[dates.astype("datetime64[M]").astype(int) % 12] * week[weekday]
    return np.concatenate([[0.0], np.cumsum(pace)])


def log_scores(known, fit, days):
    """ln P of what each customer bought."""
    came = known.came(days)
    scores = np.zeros(len(came))
    for n in np.unique(came):
        rows = came == n
        p = known.said(fit, days, "probability_of_n", rows, n=int(n))
        scores[rows] = np.log(np.maximum(p, 1e-30))
    return scores


def print_choice(shops):
    found = collections.defaultdict(list)
    for world in WORLDS:
        for seed in range(shops):
            rows = shop(world, CUSTOMERS, seed)
            now = Known(rows, DAYS["30 Nov"])
            fits = {kind: now.fit(kind) for kind in KINDS}
            came = now.came(365).sum()
            ratio = {kind: now.said(fits[kind]["fit"], 365).sum() / came for kind in KINDS}
            held = {kind: [] for kind in KINDS}
            for back in (180, 360, 540):
                then = Known(rows, DAYS["30 Nov"] - back)
                for kind in KINDS:
                    held[kind].append(log_scores(then, then.fit(kind)["fit"], 180))
            scores = {kind: np.concatenate(held[kind]) for kind in KINDS}
            ways = {
                "MBG/NBD": "mbg_nbd",
                "MBG/CNBD-k": "mbg_cnbd_k",
                "likelihood": min(KINDS, key=lambda kind: fits[kind]["aic"]),
                "holdout": simplest(scores, 0.0),
                "holdout, ties": simplest(scores, 1.0),
            }
            for way, kind in ways.items():
                found[way].append((np.log(ratio[kind]), kind))
    print("| chosen by | mean | root mean square | chosen |")
    print("|" + "---|" * 4)
    for way, each in found.items():
        logs = np.array([log for log, _ in each])
        chosen = collections.Counter(kind for _, kind in each)
        mean, off = np.exp(logs.mean()), np.sqrt((logs**2).mean())
        print(f"| {way} | {mean:.2f} | {off:.3f} | {dict(chosen)} |", flush=True)


def simplest(scores, errors):
    """The first model that is not more than so many standard errors behind the best."""
    best = max(KINDS, key=lambda kind: scores[kind].sum())
    for kind in KINDS:
        off = scores[best] - scores[kind]
        if off.sum() <= errors * np.sqrt(len(off)) * off.std():
            return kind
    return best


def print_seasons(shops):
    print("| world | day | time | 30 days | 90 days | a year |")
    print("|" + "---|" * 6)
    for world in ("even", "seasonal", "two kinds", "growing"):
        for day, end in DAYS.items():
            ratios = collections.defaultdict(list)
            for seed in range(shops):
                rows = shop(world, CUSTOMERS, seed, years=6)
                for time in ("own", "calendar"):
                    known = Known(rows, end, time == "own")
                    fit = known.fit("mbg_cnbd_k")["fit"]
                    for days in (30, 90, 365):
                        said = known.said(fit, days).sum()
                        ratios[time, days].append(said / known.came(days).sum())
            for time in ("own", "calendar"):
                cells = " | ".join(f"{np.mean(ratios[time, days]):.2f}" for days in (30, 90, 365))
                print(f"| {world} | {day} | {time} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
