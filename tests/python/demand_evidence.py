"""How right forecasts of demand are, and how often their intervals hold, at dates not seen.

    .venv/bin/python tests/python/demand_evidence.py
    .venv/bin/python tests/python/demand_evidence.py --m3 m3.json --retail retail.parquet

Simulated daily series (season, trend, level that moves, intermittent) are made here. `--m3` is a
file of pairs (known values, values to come) of monthly series; the M3 competition's series are not
part of this project (every fifth of its 1,428 monthly series, in order, was measured). `--retail`
is UCI Online Retail II: weekly orders of 800 products. Where `statsforecast` is installed, its
AutoETS, AutoTheta and CrostonSBA forecast the same series from the last of the dates.
docs/evidence.md has what was measured.
"""

import argparse
import json
from datetime import date, timedelta

import numpy as np

import crm_core as crm

WEEK = np.array([1, 0.9, 0.95, 1, 1.2, 1.5, 1.3])


def simulated(count, days=758):
    random = np.random.default_rng(7)
    series, t = [], np.arange(days)
    for at in range(count):
        mean = np.full(days, np.exp(random.normal(2.5, 0.8)))
        level = np.cumsum(random.normal(0, random.choice([0, 0.01, 0.03]), days))
        mean = mean * np.exp(level - level.mean())
        if at % 4 in (0, 1):
            mean = mean * WEEK[t % 7] ** random.uniform(0.3, 1.5)
        if at % 4 in (1, 2):
            mean = mean * np.exp(random.normal(0, 0.8) * t / days)
        if at % 4 == 3:
            mean = np.full(days, np.exp(random.normal(-1.5, 0.5)))
        series.append(random.negative_binomial(5, 5 / (5 + mean)).astype(float))
    return series


def of_retail(path):
    import pandas as pd

    lines = pd.read_parquet(path)
    lines["day"] = pd.to_datetime(lines["InvoiceDate"]).dt.normalize()
    bought = ~lines["Invoice"].astype(str).str.startswith("C")
    lines = lines[bought & (lines["Price"] > 0) & (lines["Quantity"] > 0)]
    by_orders = lines.groupby("StockCode")["Invoice"].nunique().sort_values(ascending=False)
    others = np.random.default_rng(1).choice(by_orders.index[300:3000], 500, replace=False)
    lines = lines[lines["StockCode"].isin([*by_orders.index[:300], *others])]
    table = lines.pivot_table(
        index="day", columns="StockCode", values="Invoice", aggfunc="nunique", fill_value=0
    )
    weeks = table.resample("W-SUN").sum().iloc[1:-1]
    return [column.to_numpy(float) for _, column in weeks.items()]


def day_of(period, frequency):
    """The first day of a period, counted from Monday, 1 January 1990."""
    if frequency == "month":
        return date(1990 + period // 12, period % 12 + 1, 1)
    return date(1990, 1, 1) + timedelta(days=period * (7 if frequency == "week" else 1))


def measured(name, series, frequency, season, horizon, cuts):
    """`series` end together. The last `horizon` periods before each cut are to come."""
    longest = max(len(y) for y in series)
    columns = {"product": [], "ordered_at": [], "amount": [], "customer_id": []}
    for at, y in enumerate(series):
        for t, value in enumerate(y, start=longest - len(y)):
            if value > 0:
                columns["product"].append(f"{at:05}")
                columns["ordered_at"].append(day_of(t, frequency).isoformat())
                columns["amount"].append(round(float(value), 2))
                columns["customer_id"].append(1)
    orders = crm.Orders(columns, currency="USD", product="product")
    errors, percent, held, cells = [], [], np.zeros(2), np.zeros(2)
    for cut in cuts:
        end = longest - horizon - cut
        known = day_of(end, frequency) - timedelta(days=1)
        table = crm.demand(
            orders, known, horizon=horizon, per="product", measure="revenue", frequency=frequency
        ).to_dict()
        for at in range(0, len(table["series"]), horizon):
            rows = slice(at, at + horizon)
            y = series[int(table["series"][at])]
            end_of = len(y) - horizon - cut
            before, came = y[:end_of], y[end_of : end_of + horizon]
            before = before[np.argmax(before > 0) :]
            if len(before) < 2 * season + 8:
                continue
            said = np.array(table["expected"][rows])
            scale = np.abs(before[season:] - before[:-season]).mean()
            if scale > 0:
                errors.append(np.abs(said - came).mean() / scale)
            both = np.abs(said) + np.abs(came)
            percent.append(np.mean(200 * np.abs(said - came) / np.where(both > 0, both, 1)))
            for level, of in enumerate(("80", "95")):
                low = np.array(table[f"low_{of}"][rows], float)
                high = np.array(table[f"high_{of}"][rows], float)
                there = ~np.isnan(low)
                inside = (low - 1e-9 <= came) & (came <= high + 1e-9)
                held[level] += inside[there].sum()
                cells[level] += there.sum()
    print(
        f"{name}: MASE {np.mean(errors):.4f}, sMAPE {np.mean(percent):.2f},",
        f"80 % held {held[0] / cells[0]:.3f}, 95 % held {held[1] / cells[1]:.3f}",
        flush=True,
    )


def peers(name, series, season, horizon):
    try:
        import pandas as pd
        from statsforecast import StatsForecast
        from statsforecast.models import AutoETS, AutoTheta, CrostonSBA
    except ImportError:
        return
    rows = [(at, t, v) for at, y in enumerate(series) for t, v in enumerate(y[:-horizon])]
    table = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    for model in (AutoETS(season_length=season), AutoTheta(season_length=season), CrostonSBA()):
        found = StatsForecast(models=[model], freq=1).forecast(df=table, h=horizon)
        said = found.iloc[:, -1].to_numpy().reshape(len(series), horizon)
        errors = []
        for y, of in zip(series, said, strict=True):
            scale = np.abs(y[season:-horizon] - y[: -horizon - season]).mean()
            if scale > 0:
                errors.append(np.abs(of - y[-horizon:]).mean() / scale)
        print(f"{name}, {model}: MASE {np.mean(errors):.4f}", flush=True)


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--series", type=int, default=600)
    read.add_argument("--m3")
    read.add_argument("--retail")
    asked = read.parse_args()
    shops = [("simulated days", simulated(asked.series), "day", 7, 28, (0, 56, 112, 168))]
    if asked.m3:
        with open(asked.m3) as file:
            pairs = json.load(file)
        series = [np.array([*known, *came]) for known, came in pairs]
        shops.append(("M3 months", series, "month", 12, 18, (0,)))
    if asked.retail:
        weeks = of_retail(asked.retail)
        shops.append(("Online Retail II weeks", weeks, "week", 1, 8, range(0, 41, 8)))
    for name, series, frequency, season, horizon, cuts in shops:
        measured(name, series, frequency, season, horizon, cuts)
        peers(name, series, season, horizon)


if __name__ == "__main__":
    main()
