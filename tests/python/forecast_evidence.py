"""How right forecasts of totals are in shops of which no model is right (`forecast_worlds.py`).

    .venv/bin/python tests/python/forecast_evidence.py --shops 20 --customers 1000

Each shop is known for four years and followed for one. A line is a world: for the year of today's
customers (`base_forecast`, method `model`) and for the twelve months of the shop (`shop_forecast`),
said ÷ came on average over the shops, and the share of them whose 80 % interval held; of single
months the latter.

    .venv/bin/python tests/python/forecast_evidence.py --shops 10 --rule

applies the rule of `num/sum_error.rs` in Python to what `backtest_clv` said at earlier dates, half
a year apart, and tells the year's orders and revenue as they were said, as moved, and the share of
intervals that held. It takes a tenth of the time. docs/evidence.md has what both printed.
"""

import argparse
import math
import sys

import numpy as np
from forecast_worlds import DAY0, WORLDS, shop

import crm_core as crm

# Up to 30 November 2022.
KNOWN = 1430
CELLS = ("base orders", "base revenue", "shop orders", "shop revenue")


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--shops", type=int, default=20)
    read.add_argument("--customers", type=int, default=1000)
    read.add_argument("--worlds", nargs="+", default=list(WORLDS))
    read.add_argument("--rule", action="store_true")
    asked = read.parse_args()
    if asked.rule:
        by_rule(asked)
        return
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


MODELS = ("mbg_nbd", "mbg_cnbd_k")
TYPICAL = {"purchases": 0.12, "revenue": 0.15}
Z = 1.2815515655446004  # of 80 %


def by_rule(asked):
    print("| world | model | orders said | moved | held | revenue said | moved | held |")
    print("|" + "---|" * 8)
    for world in asked.worlds:
        found = [ruled(world, (300, 1000)[seed % 2], seed) for seed in range(asked.shops)]
        for model in MODELS:
            cells = [world, model]
            for of in TYPICAL:
                each = np.mean([one[model, of] for one in found if (model, of) in one], axis=0)
                cells += [f"{cell:.2f}" for cell in each]
            print("| " + " | ".join(cells) + " |")
            sys.stdout.flush()


def ruled(world, customers, seed):
    """Of one shop, by model: said ÷ came, the same after the shift, whether the interval held."""
    who, days, amounts = shop(world, customers, seed)
    orders = crm.Orders(
        {
            "customer_id": who.astype(np.int64),
            "ordered_at": (DAY0 + days).astype("datetime64[us]"),
            "amount": amounts,
        },
        currency="JPY",
    )
    table = crm.backtest_clv(
        orders, str(DAY0 + 5 * 365 - 1), within=365, step=182, origins=7, models=list(MODELS)
    ).to_dict()
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    found = {}
    for model in MODELS:
        of_model = [row for row in rows if row["method"] == model and row["expected_purchases"]]
        # The last is judged; the year of the one before it was not over by then.
        last, past = of_model[-1], of_model[-3::-1]
        past = [row for row in past if row["origin"] >= (DAY0 + 365).astype(object)]
        for of, typical in TYPICAL.items():
            part = 1 if of == "purchases" else 2

            def variance(row, part=part, typical=typical):
                return typical**2 + part / (row["expected_purchases"] + 0.5)

            errors = [
                math.log((row[f"actual_{of}"] + 0.5) / (row[f"expected_{of}"] + 0.5))
                for row in past
            ]
            weights = np.array([0.5 ** (at * 182 / 365) for at in range(len(past))])
            dates = weights.sum() ** 2 / (weights**2).sum()
            of_past = np.array([variance(row) for row in past])
            lasting = 0.5 * typical**2
            known = (1 + (dates - 1) * 182 / 365) * lasting
            noise = max(weights @ of_past / weights.sum() - lasting, 0)
            shift = weights @ errors / weights.sum() * known / (known + noise)
            squares = (np.array(errors) - shift) ** 2 / of_past
            scale = (3 + dates * (weights @ squares) / weights.sum()) / (3 + dates)
            wide = Z * math.sqrt(scale * variance(last))
            said, came = last[f"expected_{of}"], last[f"actual_{of}"]
            moved = said * math.exp(shift)
            low = moved * min(math.exp(-wide), max(0, 1 - wide / 2) ** 2)
            held = low <= came <= moved * math.exp(wide)
            found[model, of] = said / came, moved / came, held
    return found


def against(said, came):
    value, low, high = said
    return value / came if came else math.nan, low <= came <= high


if __name__ == "__main__":
    main()
