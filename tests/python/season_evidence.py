"""How right totals, probabilities and dates are in shops that the models do not assume.

    .venv/bin/python tests/python/season_evidence.py --shops 20 --sizes 200 2000

Each shop is simulated (`seasonal_shops.py`), cut at a day, predicted, and compared with what came.
A line is a world, a size and a day: what was said ÷ what came on average, and in how many shops
the 80 % interval held. `make evidence` runs it; docs/evidence.md has what it printed.
"""

import argparse
import datetime
import sys

import numpy as np
from seasonal_shops import DAY0, shop

import crm_core as crm

WORLDS = {
    "even": {"seasonal": False},
    "seasonal": {"seasonal": True},
    "growing": {"seasonal": False, "growing": True},
    "seasonal, two kinds": {"seasonal": True, "two_kinds": True},
}
YEARS = 5


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--shops", type=int, default=20)
    read.add_argument("--sizes", type=int, nargs="+", default=[200, 2000])
    read.add_argument("--days", nargs="+", default=["2023-12-31", "2024-03-31", "2023-10-31"])
    read.add_argument("--worlds", nargs="+", default=list(WORLDS))
    asked = read.parse_args()
    print("| world | customers | day | base: orders | held | revenue | held ", end="")
    print("| shop: orders | held | revenue | held | new | held | month held | P(30 d) | dates |")
    print("|" + "---|" * 16)
    for world in asked.worlds:
        for size in asked.sizes:
            for day in asked.days:
                line(world, size, day, asked.shops)


def line(world, size, day, shops):
    ratios = {name: [] for name in ("bo", "br", "so", "sr", "sn", "p")}
    held = dict.fromkeys(("bo", "br", "so", "sr", "sn"), 0)
    months, dates, of_months, of_dates = 0, 0, 0, 0
    for seed in range(shops):
        one = Shop(world, size, seed, day)
        for name, (said, came) in one.totals().items():
            value, low, high = said
            ratios[name].append(value / came if came else np.nan)
            held[name] += low <= came <= high
        for (_, low, high), came in one.by_month():
            months, of_months = months + (low <= came <= high), of_months + 1
        said, came, inside, of = one.customers()
        ratios["p"].append(said / came if came else np.nan)
        dates, of_dates = dates + inside, of_dates + of
    mean = {name: f"{np.nanmean(some):.2f}" for name, some in ratios.items()}
    cells = [world, size, day]
    for name in ("bo", "br", "so", "sr", "sn"):
        cells += [mean[name], f"{held[name]}/{shops}"]
    cells += [f"{months / of_months:.2f}", mean["p"], f"{dates / max(of_dates, 1):.2f}"]
    print("| " + " | ".join(map(str, cells)) + " |")
    sys.stdout.flush()


class Shop:
    def __init__(self, world, size, seed, day):
        self.customers_, self.days = shop(size, 1000 + seed, years=YEARS, **WORLDS[world])
        rng = np.random.default_rng(seed)
        self.amounts = np.maximum(1, np.exp(rng.normal(8, 0.5, len(self.days)))).astype(int)
        self.day = day
        self.at = int((np.datetime64(day) - DAY0).astype(int))
        # What comes later is not handed over: nothing of it can be seen.
        past = self.days <= self.at
        self.known = set(self.customers_[past].tolist())
        self.of_known = np.array([one in self.known for one in self.customers_.tolist()])
        self.orders = crm.Orders(
            {
                "customer_id": self.customers_[past].astype(np.int64),
                "ordered_at": (DAY0 + self.days[past]).astype("datetime64[us]"),
                "amount": self.amounts[past],
            },
            currency="JPY",
        )
        self.ahead = crm.shop_forecast(self.orders, day).to_dict()

    def came(self, kept, start, end):
        kept = kept & (self.days >= start) & (self.days < end)
        return int(kept.sum()), int(self.amounts[kept].sum())

    def totals(self):
        every = np.ones(len(self.days), bool)
        after = self.at + 1
        year = self.came(self.of_known, after, after + 365)
        base = crm.base_forecast(self.orders, self.day, years=1, draws=60).to_dict()
        at = next(
            at
            for at, (origin, method) in enumerate(zip(base["origin"], base["method"], strict=True))
            if method == "model" and str(origin)[:10] == self.day
        )
        found = {}
        for short, name, came in (("bo", "orders", year[0]), ("br", "revenue", year[1])):
            ends = (base[f"expected_{name}{end}"][at] for end in ("", "_low", "_high"))
            found[short] = tuple(ends), came
        end = after + sum(
            days
            for days, part, month in zip(
                *map(self.ahead.get, ("days", "part", "month")), strict=True
            )
            if part == "total" and month is not None
        )
        whole = self.came(every, after, end)
        new = self.came(~self.of_known, after, end)
        for short, name, part, came in (
            ("so", "orders", "total", whole[0]),
            ("sr", "revenue", "total", whole[1]),
            ("sn", "orders", "new", new[0]),
        ):
            (said,) = (said for month, said in self.said(part, name) if month is None)
            found[short] = said, came
        return found

    def said(self, part, name):
        for at, of in enumerate(self.ahead["part"]):
            if of == part:
                ends = (self.ahead[f"{name}{end}"][at] for end in ("", "_low", "_high"))
                yield self.ahead["month"][at], tuple(ends)

    def by_month(self):
        every = np.ones(len(self.days), bool)
        for month, said in self.said("total", "orders"):
            if month is not None:
                start = int((np.datetime64(str(month)[:10]) - DAY0).astype(int))
                following = (np.datetime64(str(month)[:7]) + 1).astype("datetime64[D]")
                end = int((following - DAY0).astype(int))
                yield said, self.came(every, start, end)[0]

    def customers(self):
        """Buyers in 30 days, said and come; dates in their interval, of those who came back."""
        told = crm.cycle(self.orders, self.day, within=30).to_dict()
        nexts = {}
        later = self.days > self.at
        for one, day in zip(
            self.customers_[later].tolist(), self.days[later].tolist(), strict=True
        ):
            nexts[one] = min(day, nexts.get(one, day))
        said = np.nansum(np.array(told["probability_within"], float))
        came = sum(nexts.get(one, 10**9) <= self.at + 30 for one in self.known)
        inside = of = 0
        for one, low, high in zip(
            told["customer_id"], told["date_p10"], told["date_p90"], strict=True
        ):
            if low is not None and high is not None and one in nexts:
                day = datetime.date(2021, 1, 1) + datetime.timedelta(nexts[one])
                inside, of = inside + (low <= day <= high), of + 1
        return said, came, inside, of


if __name__ == "__main__":
    main()
