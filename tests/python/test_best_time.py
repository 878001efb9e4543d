"""`best_time` against a slow second computation in plain Python."""

import datetime
import math
import random
from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from messy import seeds

import crm_core as crm

stats = pytest.importorskip("scipy.stats")
Cells = dict[Any, dict[tuple[int, int], list[float]]]
HOUR = datetime.timedelta(hours=1)
TOKYO = ZoneInfo("Asia/Tokyo")
FIRST = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
lgamma = math.lgamma


def ln_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def shrunk(groups: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The rates of the shop's cells and their deviations, as num/shrunk_rates.rs defines them."""
    steps = []
    for k in range(48):
        s = 0.5 * math.exp(math.log(50_000 / 0.5) / 47 * k)
        w = [n / (1 + max(n - 1, 0) / (s + 1)) for _, n in groups]
        whole = sum(w) + 1
        m = (sum(v * x / n for v, (x, n) in zip(w, groups, strict=True)) + 0.5) / whole
        ln = sum(
            ln_beta(x + s * m, n - x + s * (1 - m)) - ln_beta(s * m, s * (1 - m)) for x, n in groups
        )
        steps.append((s, m, ln + 0.5 * math.log(1 / whole / s)))
    most = max(ln for *_, ln in steps)
    weights = [math.exp(ln - most) for *_, ln in steps]
    rates, deviations = [], []
    for x, n in groups:
        first = second = 0.0
        for v, (s, m, _) in zip(weights, steps, strict=True):
            mean, whole = (
                (x + s * m) / (n + s),
                1 + sum(n / (1 + max(n - 1, 0) / (s + 1)) for _, n in groups),
            )
            of_m = (s / (n + s)) ** 2 * m * (1 - m) / whole
            first += v * mean
            second += v * (mean * (1 - mean) / (n + s + 1) + of_m + mean * mean)
        rate = first / sum(weights)
        size = max(rate * (1 - rate) / (second / sum(weights) - rate * rate) - 1, 1e-3)
        low, high = stats.beta.ppf([0.025, 0.975], rate * size, (1 - rate) * size)
        rates.append(rate)
        deviations.append((high - low) / 2 / stats.norm.ppf(0.975))
    return rates, deviations


def most_likely(least: float, most: float, ln: Any) -> float:
    grid = [least * math.exp(math.log(most / least) / 40 * k) for k in range(41)]
    return max(grid, key=ln)


def expected(cells: Cells, order: list[tuple[int, int]]) -> dict[Any, tuple[Any, ...]]:
    """By customer: best cell, whether it is an own one, rate, its ends, rate at the shop's time."""
    sums = {
        c: [sum(own[c][k] for own in cells.values() if c in own) for k in (0, 1)] for c in order
    }
    rates, deviations = shrunk([(x, n) for x, n in sums.values()])
    rate = dict(zip(order, rates, strict=True))
    off = dict(zip(order, deviations, strict=True))
    shop = max(order, key=lambda c: rate[c])
    level = {
        u: (sum(x for x, _ in own.values()), sum(n * rate[c] for c, (_, n) in own.items()))
        for u, own in cells.items()
    }
    grid = [0.1 * 10_000 ** (k / 40) for k in range(41)]
    lns = [
        sum(
            lgamma(a + x) - lgamma(a) + a * math.log(a / (a + e)) - x * math.log(a + e)
            for x, e in level.values()
        )
        - 0.5 * math.log(a)
        for a in grid
    ]
    weights = [math.exp(ln - max(lns)) for ln in lns]
    weights = [v if v > 1e-6 else 0.0 for v in weights]
    factor, level_off = {}, {}
    for u, (x, e) in level.items():
        moments = [((x + a) / (e + a), (x + a) / (e + a) ** 2) for a in grid]
        first, second = (
            sum(v * of(*one) for v, one in zip(weights, moments, strict=True)) / sum(weights)
            for of in (lambda m, _: m, lambda m, spread: m * m + spread)
        )
        factor[u], level_off[u] = first, second / first**2 - 1

    def p(u: Any, c: tuple[int, int]) -> float:
        return min(0.95, rate[c] * factor[u])

    kappa = most_likely(
        1,
        100_000,
        lambda k: sum(
            ln_beta(x + k * p(u, c), n - x + k * (1 - p(u, c)))
            - ln_beta(k * p(u, c), k * (1 - p(u, c)))
            for u, own in cells.items()
            for c, (x, n) in own.items()
        ),
    )
    found = {}
    for u, own in cells.items():

        def beta(c: tuple[int, int], u: Any = u, own: Any = own) -> tuple[float, float]:
            x, n = own.get(c, (0, 0))
            return x + kappa * p(u, c), n - x + kappa * (1 - p(u, c))

        def mean(c: tuple[int, int], beta: Any = beta) -> float:
            a, b = beta(c)
            return float(a / (a + b))

        best = max(own, key=mean)
        low = stats.beta.ppf(0.025, *beta(best))
        is_own = best != shop and low > mean(shop)
        cell = best if is_own else shop
        a_b, m = sum(beta(cell)), mean(cell)
        uncertain = level_off[u] + (off[cell] / rate[cell]) ** 2
        share = kappa / a_b * p(u, cell)
        variance = m * (1 - m) / (a_b + 1) + share * share * uncertain
        size = max(m * (1 - m) / variance - 1, 1)
        ends = stats.beta.ppf([0.025, 0.975], m * size, (1 - m) * size)
        found[u] = (cell, is_own, m, *ends, mean(shop))
    return found


def check(table: dict[str, list[Any]], found: dict[Any, tuple[Any, ...]], names: list[Any]) -> None:
    assert table["customer_id"] == sorted(found)
    for at, customer in enumerate(table["customer_id"]):
        (channel, time), is_own, rate, low, high, at_shop = found[customer]
        assert table["preference"][at] == is_own
        assert table["channel"][at] == names[channel]
        assert table["weekday"][at] == DAYS[time // 8]
        assert table["hour_from"][at] == time % 8 * 3
        assert table["answer_rate"][at] == pytest.approx(rate, rel=1e-6)
        assert table["answer_rate_low"][at] == pytest.approx(low, rel=1e-5, abs=1e-9)
        assert table["answer_rate_high"][at] == pytest.approx(high, rel=1e-5)
        assert table["shop_time_rate"][at] == pytest.approx(at_shop, rel=1e-6)


@pytest.mark.parametrize("seed", seeds(4))
def test_clicks_per_message(seed: int) -> None:
    draw = random.Random(seed)
    rows: list[tuple[str, str, datetime.datetime, str | None, str | None]] = []
    cells: Cells = defaultdict(dict)
    numbers: dict[str | None, int] = {}
    truth: dict[Any, float] = {}
    likes = {f"u{k:02}": draw.choice([None, 0, 1]) for k in range(40)}
    for customer, liked in likes.items():
        for number in range(60):
            channel = draw.choice(["mail", "line"])
            hour = draw.choice([0, 1])
            # Monday or Tuesday, 9:10 or 21:10 in Tokyo.
            at = FIRST + (7 * number + hour) * 24 * HOUR + (12 * hour + 1 / 6) * HOUR
            rows.append((customer, "sent", at, channel, f"c{number}"))
            rate = 0.1 + 0.05 * (channel == "mail") + 0.6 * (liked == hour and channel == "line")
            clicked = draw.random() < rate
            if clicked:
                rows.append(
                    (customer, "clicked", at + draw.random() * 24 * HOUR, None, f"c{number}")
                )
            elif draw.random() < 0.3:  # another campaign, or too late
                other = draw.choice([(1, "x"), (60, f"c{number}")])
                rows.append((customer, "clicked", at + other[0] * HOUR, None, other[1]))
            local = at.astimezone(TOKYO)
            cell = (
                numbers.setdefault(channel, len(numbers)),
                local.weekday() * 8 + local.hour // 3,
            )
            own = cells[customer].setdefault(cell, [0, 0])
            own[0], own[1] = own[0] + clicked, own[1] + 1
            truth[customer, cell] = rate
    draw.shuffle(rows)
    names = ("customer_id", "kind", "occurred_at", "channel", "campaign")
    log = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    events = crm.Events(
        log,
        visitor_id="customer_id",
        customer_id="customer_id",
        channel="channel",
        campaign="campaign",
        timezone="Asia/Tokyo",
    )
    table = crm.best_time(events).to_dict()
    assert table["observed"] == [60] * 40
    order = sorted({cell for own in cells.values() for cell in own})
    found = expected(cells, order)
    check(table, found, list(numbers))
    shop = next(cell for cell, is_own, *_ in found.values() if not is_own)
    shown = [(u, cell) for u, (cell, is_own, *_) in found.items() if is_own]
    assert shown  # some preferences are as strong as that
    right = [u for u, cell in shown if truth[u, cell] > truth[u, shop]]
    assert len(right) >= 0.9 * len(shown)


@pytest.mark.parametrize("measure", ["views", "orders"])
def test_weeks_with_a_visit(measure: str) -> None:
    draw = random.Random(8)
    kind = {"views": "view", "orders": "purchase"}[measure]
    rows: list[tuple[str, str, datetime.datetime]] = []
    weeks: dict[str, int] = {}
    seen: dict[str, set[tuple[int, int]]] = defaultdict(set)
    end = FIRST + 7 * 30 * 24 * HOUR
    for k in range(15):
        customer, begin = f"u{k:02}", FIRST + draw.randrange(7 * 25) * 24 * HOUR
        night = draw.choice([None, 20])
        times = [begin]
        for day in range((end - begin).days):
            if draw.random() < 0.3:
                hour = draw.choice([8, 9, 13, night or 19])
                times.append(begin + day * 24 * HOUR + hour * HOUR)
        times = [at for at in times if at < end]
        rows += [(customer, kind, at) for at in times]
        weeks[customer] = ((end.date() - begin.date()).days) // 7
        for at in times:
            week = (at.date() - begin.date()).days // 7
            if week < weeks[customer]:
                seen[customer].add((at.weekday() * 8 + at.hour // 3, week))
    names = ("customer_id", "kind", "occurred_at")
    log = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    events = crm.Events(log, visitor_id="customer_id", customer_id="customer_id", timezone="UTC")
    last = (end - HOUR).date()
    table = crm.best_time(events, last, measure=measure).to_dict()  # type: ignore[arg-type]
    cells: Cells = {}
    for customer, n in weeks.items():
        if n:
            hits: dict[int, int] = defaultdict(int)
            for time, _ in seen[customer]:
                hits[time] += 1
            cells[customer] = {(0, time): [hits[time], n] for time in range(56)}
    assert table["observed"] == [weeks[u] for u in sorted(cells)]
    check(table, expected(cells, [(0, time) for time in range(56)]), [None])


def test_what_is_missing_is_said() -> None:
    log: dict[str, list[Any]] = {
        "visitor_id": ["a"],
        "kind": ["view"],
        "occurred_at": ["2026-03-01"],
    }
    with pytest.raises(crm.OptionError, match="a column of customers"):
        crm.best_time(crm.Events(log))
    events = crm.Events({**log, "who": ["a"]}, customer_id="who")
    with pytest.raises(crm.OptionError, match='means "sent"'):
        crm.best_time(events, measure="clicks")


def test_three_messages_say_little() -> None:
    """Two clicks of three messages are no rate that is known to half a percent."""
    log = {
        "customer_id": ["a", "a", "a", "b", "b"],
        "kind": ["sent", "clicked", "sent", "sent", "clicked"],
        "occurred_at": [
            *("2026-03-02T10:00", "2026-03-02T10:30", "2026-03-09T10:00"),
            *("2026-03-02T10:00", "2026-03-02T10:05"),
        ],
    }
    events = crm.Events(log, visitor_id="customer_id", customer_id="customer_id")
    table = crm.best_time(events).to_dict()
    for row, rate in enumerate(table["answer_rate"]):
        assert table["answer_rate_low"][row] < 0.4 < rate < 0.9 < table["answer_rate_high"][row]
    log["kind"] = ["sent", "opened", "sent", "sent", "noticed"]
    events = crm.Events(log, visitor_id="customer_id", customer_id="customer_id")
    with pytest.raises(crm.OptionError, match='"view"'):
        crm.best_time(events, measure="views")


def test_the_interval_has_the_truth_also_where_little_is_known() -> None:
    """Customers without a preference, with 4 and with 30 messages each."""
    for messages in (4, 30):
        draw = random.Random(messages)
        log: dict[str, list[Any]] = {"who": [], "kind": [], "at": [], "campaign": []}
        levels = {f"u{number:03}": draw.gammavariate(4, 0.25) for number in range(300)}
        for who, level in levels.items():
            for number in range(messages):
                cell = draw.randrange(8)
                at = FIRST + (7 * 24 * number + 3 * cell + 1) * HOUR
                rate = min(0.95, (0.15 if cell % 4 == 1 else 0.05) * level)
                for kind in ["sent"] + ["clicked"] * (draw.random() < rate):
                    row = (who, kind, at + (kind == "clicked") * HOUR / 3, number)
                    for name, cell_of in zip(log, row, strict=True):
                        log[name].append(cell_of)
        events = crm.Events(
            log,
            visitor_id="who",
            customer_id="who",
            occurred_at="at",
            kind="kind",
            campaign="campaign",
            timezone="UTC",
        )
        table = crm.best_time(events).to_dict()
        held = [
            low <= (0.15 if hour in (3, 15) else 0.05) * levels[who] <= high
            for who, hour, low, high in zip(
                table["customer_id"],
                table["hour_from"],
                table["answer_rate_low"],
                table["answer_rate_high"],
                strict=True,
            )
        ]
        assert sum(held) > 0.88 * len(held), messages
