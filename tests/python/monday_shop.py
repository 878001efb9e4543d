"""A Japanese shop of three years with facts that a report has to find.

The facts are planted, so that a test can say what is true: the share of new customers who buy again
within 90 days by channel and year (`AGAIN`), a December of twice the other months, products that
bring people back (`PULL`), a campaign channel whose customers do not return, and customers of a
steady cycle who have just stopped (`STOPPED`).
"""

from __future__ import annotations

import csv
import datetime
import random
from pathlib import Path

FIRST, LAST = datetime.date(2023, 12, 1), datetime.date(2026, 11, 28)
#: The probability of a second order (nearly all come within 90 days): last year's new customers,
#: this year's.
AGAIN = {
    "アプリ": (0.36, 0.44),
    "自社サイト": (0.34, 0.36),
    "楽天": (0.19, 0.19),
    "SNS広告": (0.12, 0.12),
}
_SHARES = {"アプリ": 0.2, "自社サイト": 0.35, "楽天": 0.35, "SNS広告": 0.1}
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

Line = tuple[str, str, str, str, int, str, int, int, str]
HEADINGS = (
    "注文番号", "会員ID", "注文日時", "商品名", "数量", "販売チャネル", "単価", "金額", "注文状況",
)  # fmt: skip


def lines(customers: int = 17_000, seed: int = 11) -> list[Line]:
    """The order lines of the shop, in the order of their numbers."""
    draw = random.Random(seed)
    orders: list[tuple[datetime.datetime, str, str, str]] = []
    span = (LAST - FIRST).days
    for number in range(customers):
        first = _first_day(draw, span)
        channel = _one_of(draw, _SHARES)
        product = draw.choice(list(PULL))
        name = f"M{number:06d}"
        orders.append((_at(draw, first), name, channel, product))
        this_year = first > LAST - datetime.timedelta(364 + 90)
        chance = min(AGAIN[channel][this_year] * PULL[product], 0.9)
        cycle, day, count = draw.lognormvariate(3.5, 0.35), first, 1
        while draw.random() < chance and count < 40:
            day += datetime.timedelta(max(1, round(cycle * draw.lognormvariate(0, 0.35))))
            if day > LAST:
                break
            count += 1
            chance = (0.6, 0.72, 0.8, 0.85)[min(count - 2, 3)]
            channel = channel if draw.random() < 0.85 else _one_of(draw, _SHARES)
            orders.append((_at(draw, day), name, channel, draw.choice(list(PULL))))
    for number in range(STOPPED):
        day = LAST - datetime.timedelta(75 + number % 6 + 30 * 8)
        for step in range(9):
            when = day + datetime.timedelta(30 * step + draw.randrange(-2, 3) * (step < 8))
            orders.append((_at(draw, when), f"S{number:06d}", "自社サイト", "コラーゲンドリンク"))
    orders.sort()
    return [line for at, order in enumerate(orders) for line in _lines(draw, at, *order)]


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
    draw: random.Random, at: int, when: datetime.datetime, name: str, channel: str, product: str
) -> list[Line]:
    others = [one for one in _PRICES if one != product]
    chosen = [product, *draw.sample(others, draw.choice((0, 0, 0, 1, 1, 2)))]
    state = "キャンセル" if draw.random() < 0.03 else "発送済み"
    found: list[Line] = []
    for one in chosen:
        count = draw.choice((1, 1, 1, 2))
        price = _PRICES[one]
        found.append(
            (f"{at:08d}", name, f"{when:%Y-%m-%d %H:%M}", one, count, channel, price,
             count * price, state)
        )  # fmt: skip
    return found
