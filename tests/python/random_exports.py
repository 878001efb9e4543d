"""Random exports of small shops of which the true total is known.

A shop is drawn first, as orders of lines. It is then written in a random way: headings from the
general vocabulary, amounts of lines, of orders or of pieces, states and flags, dates and decimals
as different countries write them, and columns that have nothing to do with the total.
"""

import datetime
import random
from decimal import Decimal

from crm_core._reading import layouts

WORDS = layouts.words()
HEADINGS = WORDS["headings"]
STOPS = ("not_ordered", "cancelled", "payment_failed", "refunded", "returned", "test")
# Words of an amount, by what each row holds.
KINDS = {
    "line": ("line", "row", "subtotal", "price_of_row"),
    "order": ("order", "subtotal"),
    "unit": ("unit", "price", "item_price"),
}
EXTRA = ("note", "memo", "warehouse", "都道府県", "Land", "gift", "weight", "points", "age", "rank")


def shop(draw):
    """Orders of lines: (id, customer, day, state, [(product, price, pieces)])."""
    prices = {f"P{at}": Decimal(draw.randint(1, 9000)) / draw.choice((1, 100)) for at in range(6)}
    if draw.random() < 0.3:  # whole amounts only
        prices = {one: Decimal(int(price) + 1) for one, price in prices.items()}
    meanings = draw.choice((("completed",), ("completed", "pending"), ("completed", *STOPS)))
    orders = []
    start = datetime.date(2023, 1, 1)
    for at in range(draw.randint(1, 14)):
        lines = [
            (product, prices[product], draw.choice((1, 1, 1, 2, 3)))
            for product in draw.choices(sorted(prices), k=draw.choice((1, 1, 2, 3)))
        ]
        day = start + datetime.timedelta(days=draw.randint(0, 700))
        customer = f"C{draw.randint(1, 5):03d}"
        orders.append((str(1001 + at), customer, day, draw.choice(meanings), lines))
    return orders


def truth(orders):
    """What the orders that count come to."""
    return sum(
        (
            price * pieces
            for _, _, _, state, lines in orders
            if state not in STOPS
            for _, price, pieces in lines
        ),
        Decimal(0),
    )


def _amount(draw, value, style):
    text = f"{value:.2f}" if style["cents"] else f"{value:f}".rstrip("0").rstrip(".") or "0"
    if "." not in f"{value:f}":
        text = f"{value:.2f}" if style["cents"] else f"{value}"
    whole, _, rest = text.partition(".")
    if style["groups"]:
        whole = f"{int(whole):,}".replace(",", style["groups"])
    return whole + (style["sign"] + rest if rest else "")


def _style(draw):
    sign = draw.choice((".", ".", ","))
    return {
        "sign": sign,
        "groups": draw.choice(("", "", "," if sign == "." else ".")),
        "cents": draw.random() < 0.6,
        "day": draw.choice(("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d")),
    }


def export(seed):
    """A dict of columns, and the total that it has to come to."""
    draw = random.Random(seed)
    orders = shop(draw)
    style = _style(draw)
    level = draw.choice(("line", "line", "order", "unit", "rows"))
    names = {
        role: draw.choice(HEADINGS["orders"][role])
        for role in ("customer_id", "ordered_at", "order_id", "status", "quantity")
    }
    names["product"] = draw.choice(HEADINGS["further"]["product"])
    rows = []
    amounts = {
        role: draw.choice([name for kind in kinds if kind in HEADINGS["amount"]
                           for name in HEADINGS["amount"][kind]])
        for role, kinds in KINDS.items()
    }  # fmt: skip
    has = {
        "order_id": level != "rows" or draw.random() < 0.6,
        "status": any(one[3] != "completed" for one in orders) or draw.random() < 0.3,
        "product": draw.random() < 0.6,
        "quantity": level == "unit" or draw.random() < 0.4,
    }
    words = {
        state: draw.choice(WORDS["status"][state]) for state in sorted({one[3] for one in orders})
    }
    once = draw.random() < 0.3  # an order's total on its first line only
    both = draw.random() < 0.25  # another column of money beside
    for number, customer, day, state, lines in orders:
        total = sum(price * pieces for _, price, pieces in lines)
        if level == "rows":
            lines = [("P0", total, 1)]
        for at, (product, price, pieces) in enumerate(lines):
            row = {
                names["customer_id"]: customer,
                names["ordered_at"]: day.strftime(style["day"]),
            }
            if has["order_id"]:
                row[names["order_id"]] = number
            if has["status"]:
                row[names["status"]] = words[state]
            if has["product"]:
                row[names["product"]] = product
            if has["quantity"]:
                row[names["quantity"]] = str(pieces)
            values = {
                "line": price * pieces,
                "order": total if at == 0 or not once else None,
                "unit": price,
            }
            shown = [{"rows": "order"}.get(level, level)]
            if both:
                shown += [one for one in ("order", "line") if one not in shown][:1]
            for one in shown:
                value = values[one]
                row[amounts[one]] = None if value is None else _amount(draw, value, style)
            rows.append(row)
    for name in draw.sample(EXTRA, draw.randint(0, 2)):
        for row in rows:
            row[name] = str(draw.randint(0, 3))
    if draw.random() < 0.2:
        flag = draw.choice(WORDS["other_status"]["consents"])
        if flag not in rows[0]:
            for row in rows:
                row[flag] = draw.choice(("1", "1", "0"))
    total = truth(orders) - _taken_away(draw, orders, rows, names, style, has, level)
    columns = list(rows[0])
    draw.shuffle(columns)
    return {name: [row.get(name) for row in rows] for name in columns}, total


def _taken_away(draw, orders, rows, names, style, has, level):
    """Adds a column of what was refunded, taken off or cancelled; and what it takes away."""
    what = draw.choice(("", "", "refund", "discount", "cancelled", "state"))
    if not what or not has["order_id"]:
        return 0
    heading = {
        "refund": HEADINGS["orders"]["refunded"],
        "discount": WORDS["smells"]["discount"],
        "cancelled": HEADINGS["orders"]["cancelled_at"],
        "state": WORDS["other_status"]["headings"],
    }[what]
    heading = draw.choice([one for one in heading if one not in rows[0]])
    away = Decimal(0)
    repeated = draw.random() < 0.7  # on each line of the order, as its own
    for number, _, day, state, lines in orders:
        total = sum(price * pieces for _, price, pieces in lines)
        touched = draw.random() < 0.3
        mine = [row for row in rows if row[names["order_id"]] == number]
        cell = {
            "refund": _amount(draw, total if touched else Decimal(0), style),
            "discount": _amount(draw, total / 2 if touched else Decimal(0), style),
            "cancelled": day.strftime(style["day"]) if touched else None,
            "state": draw.choice(WORDS["status"]["cancelled" if touched else "completed"]),
        }[what]
        for at, row in enumerate(mine):
            row[heading] = cell if repeated or at == 0 or what != "refund" else "0"
        if touched and state not in STOPS:
            # A refund in full is an order that does not count; the discount was not yet taken off.
            away += total if what != "discount" else Decimal(0)
    return away
