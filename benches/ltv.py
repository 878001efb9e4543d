"""Predicted value beside `lifetimes` 0.11.3 and pymc-marketing's MAP, and the retention tables.

`lifetimes` runs in an environment of its own with the versions it still works with, made here on
first use (benches/.lifetimes). Two workers, one of each, take turns on the same data, one thread
each; printed are medians of CPU seconds and of the ratios of neighbouring turns. What is too slow
there for a million customers is measured on the first part of them and scaled up linearly; the
line says so. pymc-marketing has its own environment, too (benches/.pymc), and is left out where it
cannot be installed; its MAP is the mode under its default priors, near the maximum of the
likelihood with so many customers. It compiles its models before the turns, which is not counted.

The shop: a million customers arrive evenly over 545 days, buy at gamma rates and leave at gamma
rates (Pareto/NBD with the parameters of CDNOW), at whole days, up to day 546. Aggregation is part
of the fits, and reading the caller's arrays part of everything.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PEER = [
    "lifetimes==0.11.3",
    "numpy==1.26.4",
    "scipy==1.11.4",
    "pandas==1.5.3",
    "autograd==1.6.2",
]
PYMC = ["pymc-marketing==0.19.2"]
LAST = 546
SPLIT = 364
START = np.datetime64("2024-01-01")
PARAMS = {
    "bg_nbd": {"r": 0.55, "alpha": 52.0, "a": 0.79, "b": 2.43},
    "mbg_nbd": {"r": 0.525, "alpha": 43.3, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 74.0, "s": 0.606, "beta": 81.7},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "gamma": 15.44},
}


def shop(customers: int) -> dict[str, np.ndarray]:
    """The simulated shop, seeded: orders by customer and day, and the histories made of them."""
    rng = np.random.default_rng(20260702)
    born = rng.integers(0, LAST - 1, customers)
    rate = rng.gamma(0.553, 1 / 74.0, customers)
    life = rng.exponential(size=customers) / rng.gamma(0.606, 1 / 81.7, customers)
    alive = np.minimum(life, LAST - born)
    repeats = rng.poisson(rate * alive)
    who = np.repeat(np.arange(customers), repeats)
    day = born[who] + np.floor(rng.random(len(who)) * alive[who]).astype(np.int64)
    who, day = np.concatenate([np.arange(customers), who]), np.concatenate([born, day])
    spend = np.round(np.exp(rng.normal(3.4, 0.5, len(who))), 2)
    order = np.lexsort([day, who])
    who, day, spend = who[order], day[order], spend[order]
    days = np.unique(who * 1000 + day)  # purchase days
    owner, at = days // 1000, days % 1000
    last = np.zeros(customers, dtype=np.int64)
    last[owner] = at
    x = np.bincount(owner, minlength=customers) - 1
    per_customer = np.bincount(who, weights=spend, minlength=customers) / np.bincount(who)
    return {
        "who": who,
        "day": day,
        "spend": spend,
        "frequency": x,
        "recency": (last - born).astype(float),
        "T": (LAST - born).astype(float),
        "monetary_value": np.where(x > 0, per_customer, 0.0),
    }


# ---- the same work twice -------------------------------------------------------------------------


def ours(data: dict[str, np.ndarray]) -> dict[str, Callable[[], Any]]:
    """What crm does."""
    import crm_core as crm

    crm.set_threads(1)
    names = ("frequency", "recency", "T", "monetary_value")
    frame = {name: data[name] for name in names}
    models = {"bg_nbd": crm.BgNbd, "mbg_nbd": crm.MbgNbd, "pareto_nbd": crm.ParetoNbd}
    given = {name: model.from_params(**PARAMS[name], unit="day") for name, model in models.items()}
    spend = crm.GammaGamma.from_params(**PARAMS["gamma_gamma"])
    columns = ["probability_alive", "expected_purchases"]
    at = START + data["day"].astype("timedelta64[D]")
    split = str(START + SPLIT)
    end = str(START + LAST)

    def summary() -> Any:
        orders = crm.Orders(
            {"customer_id": data["who"], "ordered_at": at, "amount": data["spend"]}, currency="USD"
        )
        return crm.clv_summary(orders, end, calibration_end=split)

    work: dict[str, Callable[[], Any]] = {}
    for name, model in models.items():
        work[f"fit {name}"] = lambda model=model: model().fit(frame, unit="day")
        work[f"predict {name}"] = lambda m=given[name]: m.predict(frame, 30, only=columns)
    work["fit gamma_gamma"] = lambda: crm.GammaGamma().fit(frame)
    work["value"] = lambda: crm.clv(given["mbg_nbd"], spend, frame, intervals=False)
    work["calibration and holdout"] = summary
    fitted = crm.MbgNbd().fit(frame, unit="day"), crm.GammaGamma().fit(frame)
    work["value, both intervals"] = lambda: crm.clv(*fitted, frame)
    return work


def theirs(data: dict[str, np.ndarray]) -> dict[str, Callable[[], Any]]:
    """What lifetimes does."""
    import warnings

    warnings.simplefilter("ignore")
    import lifetimes
    import pandas as pd
    from lifetimes.utils import calibration_and_holdout_data

    x, t_x, age, mean = (
        pd.Series(data[name]) for name in ("frequency", "recency", "T", "monetary_value")
    )
    models = {
        "bg_nbd": lifetimes.BetaGeoFitter,
        "mbg_nbd": lifetimes.ModifiedBetaGeoFitter,
        "pareto_nbd": lifetimes.ParetoNBDFitter,
    }
    given = {}
    for name, model in models.items():
        given[name] = model()
        given[name].params_ = pd.Series(PARAMS[name])
        given[name].predict = given[name].conditional_expected_number_of_purchases_up_to_time
    spend = lifetimes.GammaGammaFitter()
    p, q, gamma = PARAMS["gamma_gamma"].values()
    spend.params_ = pd.Series({"p": p, "q": q, "v": gamma})
    orders = pd.DataFrame(
        {
            "id": data["who"],
            "day": pd.to_datetime(START + data["day"].astype("timedelta64[D]")),
            "spend": data["spend"],
        }
    )
    repeat = (x > 0) & (mean > 0)

    def predict(m: Any) -> Any:
        return m.conditional_probability_alive(x, t_x, age), m.predict(30, x, t_x, age)

    work: dict[str, Callable[[], Any]] = {}
    for name, model in models.items():
        work[f"fit {name}"] = lambda model=model: model().fit(x, t_x, age)
        work[f"predict {name}"] = lambda m=given[name]: predict(m)
    work["fit gamma_gamma"] = lambda: lifetimes.GammaGammaFitter().fit(x[repeat], mean[repeat])
    work["value"] = lambda: spend.customer_lifetime_value(
        given["mbg_nbd"], x, t_x, age, mean, time=12, discount_rate=0.008, freq="D"
    )
    work["calibration and holdout"] = lambda: calibration_and_holdout_data(
        orders,
        "id",
        "day",
        str(START + SPLIT),
        str(START + LAST),
        freq="D",
        monetary_value_col="spend",
    )
    return work


def modes(data: dict[str, np.ndarray]) -> dict[str, Callable[[], Any]]:
    """What pymc-marketing does."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    import pandas as pd
    from pymc_marketing import clv

    logging.disable(logging.CRITICAL)
    names = ("frequency", "recency", "T", "monetary_value")
    frame = pd.DataFrame({"customer_id": np.arange(len(data["T"]))} | {n: data[n] for n in names})
    repeat = frame[(frame.frequency > 0) & (frame.monetary_value > 0)]
    models = {
        "bg_nbd": (clv.BetaGeoModel, frame),
        "mbg_nbd": (clv.ModifiedBetaGeoModel, frame),
        "pareto_nbd": (clv.ParetoNBDModel, frame),
        "gamma_gamma": (clv.GammaGammaModel, repeat),
    }

    def fit(model: Any, rows: Any) -> Any:
        return model(data=rows).fit(method="map", progressbar=False)

    return {
        f"fit {name}": lambda model=model, rows=rows: fit(model, rows)
        for name, (model, rows) in models.items()
    }


def worker(which: str, path: str) -> None:
    """Does what the lines of its input name, and answers with seconds of CPU."""
    data = dict(np.load(path))
    parts: dict[int, dict[str, Callable[[], Any]]] = {}
    for line in sys.stdin:
        name, customers = json.loads(line)
        if customers not in parts:
            orders = data["who"] < customers
            cut = {
                k: v[orders] if k in ("who", "day", "spend") else v[:customers]
                for k, v in data.items()
            }
            parts[customers] = {"crm": ours, "lifetimes": theirs, "pymc": modes}[which](cut)
        before = time.process_time()
        try:
            result = parts[customers][name]()
            answer: Any = time.process_time() - before
            del result
        except Exception as error:  # a peer that cannot do it is a line of the report, too
            answer = f"{type(error).__name__}: {error}".splitlines()[0]
        print(json.dumps(answer), flush=True)


# ---- turns ---------------------------------------------------------------------------------------


class Worker:
    """A process that does what it is told."""

    def __init__(self, python: str, which: str, path: Path) -> None:
        self.which = which
        threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        self.process = subprocess.Popen(
            [python, __file__, "--worker", which, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **dict.fromkeys(threads, "1")},
        )

    def ask(self, name: str, customers: int) -> float:
        """The seconds of CPU that a piece of work takes."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, customers]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if isinstance(answer, str):
            raise SystemExit(f"{name}: {answer}")
        return float(answer)


def peer(name: str, packages: list[str]) -> str:
    """The interpreter of a pinned environment, made if need be."""
    home = Path(__file__).parent / f".{name}"
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (home / ".ready").touch()
    return str(python)


def beside_peers(customers: int, runs: int) -> None:
    """Prints a line per piece of work."""
    part, few = customers // 10, customers // 100
    # (work, customers of the peer, turns of the peer)
    cases = [
        ("fit bg_nbd", customers, runs),
        ("fit mbg_nbd", customers, runs),
        ("fit gamma_gamma", customers, runs),
        ("fit pareto_nbd", part, runs),
        ("predict bg_nbd", customers, runs),
        ("predict mbg_nbd", customers, runs),
        ("predict pareto_nbd", part, runs),
        ("value", part, 1),
        ("calibration and holdout", customers, 1),
        ("value, both intervals", 0, 0),
    ]
    fits = [
        ("fit bg_nbd", customers, runs),
        ("fit mbg_nbd", customers, runs),
        ("fit gamma_gamma", customers, runs),
        ("fit pareto_nbd", part, 1),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.npz"
        data = shop(customers)
        np.savez(path, **data)
        distinct = len(
            np.unique(np.stack([data[k] for k in ("frequency", "recency", "T")]), axis=1)[0]
        )
        print(
            f"{customers:,} customers, {len(data['who']):,} orders, {distinct:,} distinct histories;"
            " CPU seconds of one thread, medians; ratios are the peer's time over crm's"
        )
        crm = Worker(sys.executable, "crm", path)
        in_turns(crm, Worker(peer("lifetimes", PEER), "lifetimes", path), cases, customers, runs)
        try:
            modes_peer = Worker(peer("pymc", PYMC), "pymc", path)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"pymc-marketing is left out: {error}")
            return
        for name, *_ in fits:
            modes_peer.ask(name, few)
        in_turns(crm, modes_peer, fits, customers, runs)


def in_turns(
    crm: Worker, other: Worker, cases: list[tuple[str, int, int]], customers: int, runs: int
) -> None:
    """Prints a line per piece of work that the two did one after the other."""
    for name, size, turns in cases:
        crm.ask(name, customers)  # the first is for warming up
        pairs = []
        for turn in range(runs):
            mine = crm.ask(name, customers)
            theirs = other.ask(name, size) * customers / size if turn < turns else None
            pairs.append((mine, theirs))
        mine = statistics.median(p[0] for p in pairs)
        ratios = [p[1] / p[0] for p in pairs if p[1] is not None]
        line = f"{name:26} crm {mine:7.3f} s"
        if ratios:
            whole = statistics.median(p[1] for p in pairs if p[1] is not None)
            line += f"   {other.which} {whole:8.2f} s   ×{statistics.median(ratios):6.0f}"
            line += f"   ({turns} turns" if turns > 1 else "   (one turn"
            line += f", measured at {size:,} and scaled up)" if size < customers else ")"
        print(line, flush=True)


RETENTION: dict[str, dict[str, Any]] = {
    "purchase_counts": {},
    "repeat_rate": {},
    "lead_times": {},
    "cohorts": {},
    "cohorts all": {"rows": "all"},
    "cohorts channel": {"rows": "channel"},
    "purchase_flow": {},
    "first_product": {},
    "acquisition": {},
}


def retention(customers: int, orders: int, runs: int) -> None:
    """Prints nanoseconds an order of each retention table, beside those of the index."""
    import crm_core as crm
    import pyarrow as pa
    from peers import AS_OF, store

    crm.set_threads(1)
    data = store(customers, orders, "dense", True)
    rng = np.random.default_rng(3)
    columns = [f"P{i:03d}" for i in range(200)], [f"C{i}" for i in range(8)]
    for name, values in zip(("product", "channel"), columns, strict=True):
        codes = pa.array((rng.integers(0, len(values), orders)).astype(np.int32))
        data = data.append_column(name, pa.DictionaryArray.from_arrays(codes, pa.array(values)))

    def spent(work: Callable[[], Any]) -> float:
        before = time.process_time()
        result = work()
        after = time.process_time()
        del result
        return (after - before) / orders * 1e9

    shops = [
        crm.Orders(data, currency="JPY", product="product", channel="channel") for _ in range(runs)
    ]
    builds = [spent(lambda shop=shop: crm.purchase_counts(shop, AS_OF)) for shop in shops]
    shop, all_tables = shops[0], 0.0
    times = {}
    for name, options in RETENTION.items():
        work = lambda name=name, options=options: crm.run(
            name.split()[0], shop, {"as_of": AS_OF, **options}
        )
        times[name] = statistics.median(spent(work) for _ in range(runs))
        all_tables += times[name]
    built = statistics.median(builds) - times["purchase_counts"]
    print(
        f"retention tables: {orders:,} orders of {customers:,} customers, CPU ns an order, one thread"
    )
    print(f"{'the index itself, built once':30} {built:7.1f}")
    for name, ns in times.items():
        print(f"{name:30} {ns:7.1f}")
    print(f"{'all of these':30} {all_tables:7.1f}   ×{all_tables / built:.1f} of the index")


def main() -> None:
    """Measures everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(*args.worker)
        return
    if args.quick:
        args.customers, args.orders = args.customers // 10, args.orders // 10
    retention(args.customers, args.orders, args.runs)
    beside_peers(args.customers, args.runs)


if __name__ == "__main__":
    main()
