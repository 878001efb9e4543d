"""A Japanese shop of three years with facts that a report has to find.

The facts are planted, so that a test can say what is true. Some are exact: of the new customers of
the months whose second order is compared, just the shares `AGAIN` come back within 90 days, `F2` of
all of them; and the revenue of the last 28 days is `MORE` than that of the same weekdays a year
before. Others are tendencies: a December of twice the other months, products that bring people back
(`PULL`), customers of a steady cycle who have just stopped (`STOPPED`), subscriptions of a drink.
"""

from __future__ import annotations

import csv
import datetime
import random
from pathlib import Path

FIRST, LAST = datetime.date(2023, 12, 1), datetime.date(2026, 11, 28)
#: The share of new customers who come back within 90 days, by channel: a year before, this year.
#: The shop's own site has what the others leave of `F2`.
AGAIN = {"アプリ": (0.36, 0.415), "楽天": (0.195, 0.199), "SNS広告": (0.21, 0.22)}
F2 = (0.281, 0.313)
#: How much more the last 28 days bring.
MORE = 0.156
_OWN = "自社サイト"
_SHARES = {"アプリ": 0.3, _OWN: 0.35, "楽天": 0.25, "SNS広告": 0.1}
_CHANCE = {"アプリ": 0.38, _OWN: 0.31, "楽天": 0.2, "SNS広告": 0.215}
#: The months in which the customers came whose second order is compared.
MONTHS = range(2, 8)
#: What a first product does to the probability of a second order.
PULL = {
    "薬用美白美容液": 1.0,
    "コラーゲンドリンク": 1.35,
    "お試しセット": 0.7,
    "洗顔フォーム": 1.0,
    "日焼け止め": 0.9,
}
_PRICES = {
    "薬用美白美容液": 5800,
    "コラーゲンドリンク": 3980,
    "お試しセット": 1480,
    "洗顔フォーム": 1980,
    "日焼け止め": 2480,
}
#: Customers of a cycle of 30 days whose last order is 75 to 80 days before the end.
STOPPED = 60
_DECEMBER = 2.0
_CANCELLED = 0.03

Line = tuple[str, str, str, str, int, str, int, int, str, str]
Order = tuple[datetime.datetime, str, str, str, str, str]
HEADINGS = (
    "注文番号", "会員ID", "注文日時", "商品名", "数量", "販売チャネル", "単価", "金額", "注文状況",
    "購入種別",
)  # fmt: skip


def lines(customers: int = 17_000, seed: int = 11) -> list[Line]:
    """The order lines of the shop, in the order of their numbers."""
    draw = random.Random(seed)
    span = (LAST - FIRST).days
    came = [
        (_first_day(draw, span), _one_of(draw, _SHARES), draw.choice(list(PULL)))
        for _ in range(customers)
    ]
    back = _who_come_back(draw, came)
    orders: list[Order] = []
    for number, (first, channel, product) in enumerate(came):
        subscriber = channel == _OWN and product == "コラーゲンドリンク" and draw.random() < 0.5
        kind = "定期" if subscriber else "通常"
        name = f"M{number:06d}"
        orders.append((_at(draw, first), name, channel, product, kind, "発送済み"))
        chance = min(_CHANCE[channel] * PULL[product], 0.9)
        cycle, day, count = draw.lognormvariate(3.5, 0.35), first, 1
        within = number in back if _is_compared(first) else None
        while (within if count == 1 and within is not None else draw.random() < chance) and (
            count < 40
        ):
            gap = max(1, round(cycle * draw.lognormvariate(0, 0.35)))
            day += datetime.timedelta(min(gap, 90) if count == 1 else gap)
            if day > LAST:
                break
            count += 1
            chance = (0.6, 0.72, 0.8, 0.85)[min(count - 2, 3)]
            channel = channel if draw.random() < 0.85 else _one_of(draw, _SHARES)
            product = "コラーゲンドリンク" if subscriber else draw.choice(list(PULL))
            orders.append((_at(draw, day), name, channel, product, kind, "発送済み"))
    orders += _stopped(draw)
    # An order that was made twice by mistake, once of which was cancelled.
    orders += [(*one[:5], "キャンセル") for one in orders if draw.random() < _CANCELLED]
    orders.sort()
    found = [line for at, order in enumerate(orders) for line in _lines(draw, at, *order)]
    return _with_more(found)


def _is_compared(first: datetime.date) -> bool:
    return first.month in MONTHS and first.year in (LAST.year - 1, LAST.year)


def _who_come_back(draw: random.Random, came: list[tuple[datetime.date, str, str]]) -> set[int]:
    """The customers of the compared months who come back within 90 days: exact shares of them."""
    back: set[int] = set()
    for year in (LAST.year - 1, LAST.year):
        this = year == LAST.year
        here = [at for at, one in enumerate(came) if _is_compared(one[0]) and one[0].year == year]
        left = round(F2[this] * len(here))
        for channel in (*AGAIN, _OWN):
            of = [at for at in here if came[at][1] == channel]
            of.sort(key=lambda at: -(draw.random() ** (1 / PULL[came[at][2]])))
            count = left if channel == _OWN else round(AGAIN[channel][this] * len(of))
            back |= set(of[: max(count, 0)])
            left -= count
    return back


def _stopped(draw: random.Random) -> list[Order]:
    found: list[Order] = []
    for number in range(STOPPED):
        day = LAST - datetime.timedelta(75 + number % 6 + 30 * 8)
        for step in range(9):
            when = day + datetime.timedelta(30 * step + draw.randrange(-2, 3) * (step < 8))
            name = f"S{number:06d}"
            found.append((_at(draw, when), name, _OWN, "コラーゲンドリンク", "通常", "発送済み"))
    return found


def _with_more(found: list[Line]) -> list[Line]:
    """The lines with quantities of the last 28 days such that their revenue is `MORE`."""
    day = datetime.timedelta(1)
    now = (LAST - 27 * day).isoformat(), f"{LAST} 24"
    before = (LAST - 391 * day).isoformat(), f"{LAST - 364 * day} 24"

    def within(span: tuple[str, str]) -> list[int]:
        return [
            at for at, one in enumerate(found)
            if span[0] <= one[2] < span[1] and one[8] != "キャンセル"
        ]  # fmt: skip

    here = within(now)
    missing = round((1 + MORE) * sum(found[at][7] for at in within(before)))
    missing -= sum(found[at][7] for at in here)
    for at in sorted(here, key=lambda at: -found[at][6]) * 3:
        line = found[at]
        pieces = line[4] + (1 if missing > 0 else -1)
        if pieces < 1 or pieces > 4 or line[6] / 2 > abs(missing):
            continue
        missing -= (pieces - line[4]) * line[6]
        found[at] = (*line[:4], pieces, line[5], line[6], pieces * line[6], *line[8:])
    return found


def log(found: list[Line], days: int = 60, seed: int = 12) -> list[tuple[str, ...]]:
    """A log of the site of the last days: visits that end in an order, carts left, and others."""
    draw = random.Random(seed)
    since = (LAST - datetime.timedelta(days)).isoformat()
    events: list[tuple[str, ...]] = []
    names = sorted({line[1] for line in found})

    def visit(
        who: str, when: datetime.datetime, pages: list[tuple[str, str]], known: bool,
        order: str = "", amount: int = 0,
    ) -> None:  # fmt: skip
        for kind, product in pages:
            when += datetime.timedelta(seconds=draw.randrange(5, 120))
            page = {"add": "/cart", "checkout": "/checkout", "purchase": "/thanks"}.get(kind)
            address = page or (f"/item/{list(PULL).index(product)}" if product else "/")
            is_order = kind == "purchase"
            events.append(
                (who, f"{when:%Y-%m-%d %H:%M:%S}", kind, address, product, who if known else "",
                 order if is_order else "", str(amount) if is_order or kind == "add" else "")
            )  # fmt: skip

    for line in found:
        if line[2] < since or line[8] == "キャンセル":
            continue
        when = datetime.datetime.fromisoformat(line[2]) - datetime.timedelta(minutes=20)
        bought = [("view", ""), ("product_view", line[3]), ("add", line[3]), ("checkout", "")]
        visit(line[1], when, [*bought, ("purchase", line[3])], True, line[0], line[7])
    start = datetime.datetime.fromisoformat(since)
    for number in range(len(events) // 3):
        when = start + datetime.timedelta(days * draw.random())
        product = draw.choice(list(PULL))
        pages = [("view", "")] + [("product_view", product)] * (draw.random() < 0.6)
        if left := draw.random() < 0.15:
            pages += [("product_view", product), ("add", product)]
        known = left and draw.random() < 0.5
        who = draw.choice(names) if known else f"V{number:06d}"
        visit(who, when, pages, known, amount=_PRICES[product])
    return sorted(events, key=lambda one: one[1])


def write_log(path: Path, events: list[tuple[str, ...]]) -> Path:
    """The log of the site as a file."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ("visitor_id", "occurred_at", "kind", "page", "product", "customer_id", "order_id",
             "amount")
        )  # fmt: skip
        out.writerows(events)
    return path


def write(path: Path, rows: list[Line], encoding: str = "cp932") -> Path:
    """The export of the shop as a file."""
    with open(path, "w", encoding=encoding, newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADINGS)
        out.writerows(rows)
    return path


def _first_day(draw: random.Random, span: int) -> datetime.date:
    """More new customers from year to year, and twice as many in December."""
    while True:
        at = draw.randrange(span + 1)
        day = FIRST + datetime.timedelta(at)
        weight = (0.7 + 0.3 * at / span) * (1.0 if day.month == 12 else 1 / _DECEMBER)
        if draw.random() < weight:
            return day


def _one_of(draw: random.Random, shares: dict[str, float]) -> str:
    return draw.choices(list(shares), list(shares.values()))[0]


def _at(draw: random.Random, day: datetime.date) -> datetime.datetime:
    return datetime.datetime(
        day.year, day.month, day.day, draw.randrange(8, 23), draw.randrange(60)
    )


def _lines(
    draw: random.Random, at: int, when: datetime.datetime, name: str, channel: str, product: str,
    kind: str, state: str,
) -> list[Line]:  # fmt: skip
    others = [one for one in _PRICES if one != product]
    chosen = [product, *draw.sample(others, draw.choice((0, 0, 0, 1, 1, 2)))]
    found: list[Line] = []
    for one in chosen:
        count = draw.choice((1, 1, 1, 2))
        price = _PRICES[one]
        found.append(
            (f"{at:08d}", name, f"{when:%Y-%m-%d %H:%M}", one, count, channel, price,
             count * price, state, kind)
        )  # fmt: skip
    return found
