"""How right forecasts of totals are in shops of which no model is right (`forecast_worlds.py`).

    .venv/bin/python tests/python/forecast_evidence.py --shops 20 --customers 1000

Each shop is known for four years and followed for one. A line is a world: for the year of today's
customers (`base_forecast`, method `model`) and for the twelve months of the shop (`shop_forecast`), said ÷
came on average over the shops, and the share of them whose 80 % interval held; of single months the
latter. docs/evidence.md has what it printed.
"""

import argparse
import sys

import numpy as np
from forecast_worlds import DAY0, WORLDS, shop

import crm_core as crm

KNOWN = 4 * 365
CELLS = ("base orders", "base revenue", "shop orders", "shop revenue")


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--shops", type=int, default=20)
    read.add_argument("--customers", type=int, default=1000)
    read.add_argument("--worlds", nargs="+", default=list(WORLDS))
    asked = read.parse_args()
    heads = " | held | ".join(CELLS)
    print(f"| world | {heads} | held | months held |")
    print("|" + "---|" * (2 * len(CELLS) + 2))
    for world in asked.worlds:
        found = [judged(world, asked.customers, seed) for seed in range(asked.shops)]
        cells = [world]
        for cell in CELLS:
            cells.append(f"{np.mean([one[cell][0] for one in found]):.2f}")
            cells.append(f"{np.mean([one[cell][1] for one in found]):.2f}")
        cells.append(f"{np.mean([one['months held'] for one in found]):.2f}")
        print("| " + " | ".join(cells) + " |")
        sys.stdout.flush()


def judged(world, customers, seed, base=True):
    """Of one shop, by cell: said ÷ came, and whether the interval held."""
    who, days, amounts = shop(world, customers, seed)
    past = days < KNOWN
    # What comes later is not handed over: nothing of it can be seen.
    orders = crm.Orders(
        {
            "customer_id": who[past].astype(np.int64),
            "ordered_at": (DAY0 + days[past]).astype("datetime64[us]"),
            "amount": amounts[past],
        },
        currency="JPY",
    )
    as_of = str(DAY0 + KNOWN - 1)
    known = np.isin(who, who[past])

    def came(start, length, of=True):
        chosen = (days >= start) & (days < start + length) & of
        return int(chosen.sum()), int(amounts[chosen].sum())

    found = {}
    if base:
        year = crm.base_forecast(orders, as_of, years=1, draws=40).to_dict()
        at = next(
            at
            for at, (origin, method) in enumerate(zip(year["origin"], year["method"], strict=True))
            if method == "model" and str(origin)[:10] == as_of
        )
        for of, actual in zip(("orders", "revenue"), came(KNOWN, 365, known), strict=True):
            said = [year[f"expected_{of}{end}"][at] for end in ("", "_low", "_high")]
            found[f"base {of}"] = against(said, actual)
    ahead = crm.shop_forecast(orders, as_of).to_dict()
    start, months = KNOWN, []
    for at in range(2, len(ahead["part"]), 3):
        length = ahead["days"][at]
        whole = ahead["month"][at] is None
        actuals = came(KNOWN if whole else start, length)
        for of, actual in zip(("orders", "revenue"), actuals, strict=True):
            one = against([ahead[f"{of}{end}"][at] for end in ("", "_low", "_high")], actual)
            if whole:
                found[f"shop {of}"] = one
            else:
                months.append(one[1])
        start += length
    found["months held"] = np.mean(months)
    return found


def against(said, came):
    value, low, high = said
    return value / came, low <= came <= high


if __name__ == "__main__":
    main()
