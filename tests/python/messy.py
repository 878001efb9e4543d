"""Small messy shops, one for each seed: what real exports hold, all of it, and on one page.

A shop is plain Python: rows of cells by column name, where `None` is no value. An amount in major
units is a `Decimal`, one in minor units an `int`, a time a `datetime` with or without a zone, or a
`date`. `doors.py` makes columns of it, `slow.py` computes from it.
"""

import dataclasses
import datetime
import decimal
import os
import random
import uuid
from typing import Any

Row = dict[str, Any]

# What a shop may call its columns.
JAPANESE = {
    "customer_id": "会員ID",
    "ordered_at": "受注日時",
    "amount": "金額",
    "order_id": "注文番号",
    "product": "商品",
    "shop": "店舗",
    "channel": "流入元",
}
DECIMALS = {"JPY": 0, "USD": 2, "KWD": 3, "BHD": 3}
MONEY = ("amount", "discount", "refunded", "shipping", "tax", "cost")
STATUSES = (
    *("completed", "pending", "not_ordered", "cancelled"),
    *("payment_failed", "refunded", "returned", "test"),
)
KINDS = ("one_off", "sub_first", "sub_renewal", "swap", "sample")
LINES = ("product", "discount", "coupon", "refund", "shipping", "fee", "tax")
INTEGERS = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
# Zones, and wall clocks near which something happens: gaps, folds, midnights of another zone.
CLOCKS: dict[str, tuple[str, ...]] = {
    "UTC": ("2024-02-29T23:59:59", "1969-12-31T23:59:59"),
    "+05:30": ("2024-01-01T05:29:59",),
    "Asia/Tokyo": ("2024-01-01T08:59:59", "1948-05-02T00:30:00", "1948-09-12T00:30:00"),
    "America/New_York": ("2024-03-10T02:30:00", "2024-11-03T01:30:00", "2024-11-03T00:59:59"),
    "America/Sao_Paulo": ("2018-11-04T00:30:00", "2018-02-17T23:30:00"),
}


@dataclasses.dataclass
class Shop:
    """Rows, what the settings of `crm.Orders` say of them, and the type of each column."""

    seed: int
    settings: dict[str, Any]
    rows: list[Row]
    types: dict[str, str]
    customers: list[Row] | None = None
    customer_settings: dict[str, Any] = dataclasses.field(default_factory=dict)


def seeds(count: int) -> list[int]:
    """The seeds of a random test: those of `CRM_SEED` (17, or 100-129), or the first so many."""
    given = os.environ.get("CRM_SEED", f"0-{count - 1}")
    first, _, last = given.partition("-")
    return list(range(int(first), int(last or first) + 1))


def shop(seed: int) -> Shop:
    return _Maker(seed).shop()


class _Maker:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.currency = rng.choice(list(DECIMALS))
        self.zone = rng.choice(list(CLOCKS))
        self.clock = datetime.datetime.fromisoformat(rng.choice(CLOCKS[self.zone]))
        self.time = rng.choice(["naive", "naive", "aware", "date"])
        self.lines = rng.random() < 0.7
        self.drop = rng.random() < 0.3
        self.is_minor = rng.random() < 0.3
        self.has = {
            name: rng.random() < chance
            for name, chance in {
                **dict.fromkeys(MONEY[1:], 0.4),
                **dict.fromkeys(("status", "kind", "channel", "product", "category"), 0.6),
                **dict.fromkeys(("shop", "area", "age", "currency"), 0.4),
                "refunded_at": 0.6,
                "line_kind": 0.3,
            }.items()
        }
        self.amount_is = rng.choice(["line", "line", "line", "unit", "order"])
        if self.amount_is == "order" and not self.lines:
            self.amount_is = "line"
        self.has["refunded_at"] &= self.has["refunded"]
        self.has["line_kind"] &= self.lines and self.amount_is != "order"
        self.types = {
            "customer_id": self.id_type(),
            "order_id": self.id_type(),
            "shop": rng.choice(["text", "int8", "uint16"]),
            "product": rng.choice(["text", "int64", "words"]),
            "age": "int64",
            "ordered_at": self.time,
            "refunded_at": self.time,
            "quantity": "int16",
            **{name: self.money_type() for name in MONEY},
            **dict.fromkeys(("status", "kind", "line_kind", "currency"), "words"),
            **dict.fromkeys(("channel", "category", "area"), "text"),
        }
        self.customer_ids = self.ids("customer_id", rng.randint(1, 9))
        self.order_ids = self.ids("order_id", 60)
        self.products = self.ids("product", 4)
        self.shops = self.ids("shop", 3)
        self.round = self.drop and self.is_round()

    # ---- types

    def id_type(self) -> str:
        return self.rng.choice([*INTEGERS, "text", "text", "words", "uuid"])

    def money_type(self) -> str:
        return "minor" if self.is_minor else self.rng.choice(["decimal", "float", "whole"])

    def is_round(self) -> bool:
        return self.rng.random() < 0.4

    def ids(self, column: str, count: int) -> list[Any]:
        """Different ids of a column's type, the least and the greatest of it among them."""
        rng, kind = self.rng, self.types[column]
        if kind in INTEGERS:
            low, high = INTEGERS[kind]
            near = [*range(max(low, -3), 40), low, high, high // 2 + 1]
            while len(near) < min(count + 50, high - low):
                near.append(rng.randint(low, high))
            return rng.sample(sorted(set(near)), count)
        if kind == "uuid":
            return [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(count)]
        words = [
            "",
            "a",
            "A",
            "é",
            "東京",
            "a b",
            "a longer id than any inline view",
            "😀",
            "0",
            "-1",
        ]
        return rng.sample([*words, *(f"id{n}" for n in range(max(0, count)))], count)

    # ---- cells

    def often(self, value: Any, chance: float = 0.8) -> Any:
        return value if self.rng.random() < chance else None

    def moment(self) -> datetime.datetime:
        """A wall clock near the turn of the shop's clocks, or in the year after."""
        rng = self.rng
        if rng.random() < 0.4:
            return self.clock + datetime.timedelta(seconds=rng.choice([-7200, -1, 0, 1, 60, 3600]))
        minutes = rng.choice([rng.randrange(3 * 1440), rng.randrange(400 * 1440)])
        return self.clock + datetime.timedelta(minutes=minutes, microseconds=rng.choice([0, 1]))

    def as_time(self, moment: datetime.datetime | None) -> Any:
        if moment is None or self.time == "naive":
            return moment
        if self.time == "date":
            return moment.date()
        hours = self.rng.choice([0, 0, 5, 14])
        return moment.replace(tzinfo=datetime.UTC) + datetime.timedelta(hours=hours)

    def money(self, column: str, least: int = 0) -> Any:
        """An amount in minor units, as its column has it."""
        rng, kind = self.rng, self.types[column]
        digits = DECIMALS[self.currency]
        greatest = rng.choice([10, 1000, 100_000, 10_000_000])
        minor = rng.choice([0, 1, rng.randint(1, greatest), rng.randint(1, greatest)])
        if column == "amount" and rng.random() < 0.04 and kind in ("minor", "decimal"):
            minor = rng.randint(2**53, 2**56)
        if least < 0 and rng.random() < 0.15:
            minor = -minor
        if kind == "minor":
            return minor
        if kind == "whole":
            return decimal.Decimal(minor)
        amount = decimal.Decimal(minor).scaleb(-digits)
        if self.round and rng.random() < 0.2:
            # A tie is a tie in decimals only: no float is half a cent.
            odd = rng.choice([3, 5, 7]) if kind == "decimal" else rng.choice([3, 7])
            amount += decimal.Decimal(odd).scaleb(-digits - 1)
        return amount

    def price(self) -> Any:
        cell = self.money("amount", least=-1)
        # Times a quantity it must still fit.
        return min(cell, 10**9) if self.amount_is == "unit" else cell

    def own_words(self, column: str, words: tuple[str, ...], first: int) -> str | None:
        """A word, mostly one of the first; blank in one of its forms; spaces around it."""
        rng = self.rng
        word = rng.choice(words[:first] if rng.random() < 0.7 else words)
        if column == "status" and word == "cancelled" and rng.random() < 0.5:
            word = "取消"
        return rng.choice([word, word, word, f" {word} ", None, "", " "])

    # ---- rows

    def order(self, number: int) -> list[Row]:
        """The lines of an order: what belongs to the order is on some of them."""
        rng = self.rng
        count = rng.choice([1, 1, 2, 3]) if self.lines else 1
        whole = {
            "order_id": self.order_ids[number % 60],
            "shop": rng.choice(self.shops),
            "customer_id": rng.choice(self.customer_ids) if rng.random() < 0.9 else None,
            "ordered_at": self.moment(),
            "status": self.own_words("status", STATUSES, 2),
            "kind": self.own_words("kind", KINDS, 3),
            "channel": self.often(rng.choice(["web", "app", "店頭"])),
            "area": self.often(rng.choice(["east", "west", ""])),
            "total": {name: self.money(name) for name in MONEY},
        }
        refunded, in_full = rng.random() < 0.4, rng.random() < 0.4
        rows = []
        for at in range(count):
            # A later line may leave blank what the first says, and may come hours later.
            keep = lambda value, at=at: value if at == 0 or rng.random() < 0.6 else None  # noqa: E731
            hours = rng.choice([0, 0, 1, 5, 30, -4]) if at else 0
            moment = keep(whole["ordered_at"] + datetime.timedelta(hours=hours))
            product = rng.randrange(4)
            row = {
                **{name: keep(whole[name]) for name in ("customer_id", "status", "kind")},
                **{name: keep(whole[name]) for name in ("channel", "area")},
                "order_id": whole["order_id"],
                "shop": whole["shop"] if self.lines else self.often(whole["shop"]),
                "ordered_at": self.as_time(moment),
                "product": self.often(self.products[product], 0.9),
                "category": self.often("茶" if product < 2 else "coffee", 0.9),
                "age": self.often(rng.choice([-1, 0, 7, 2**40])),
                "currency": self.often(rng.choice([self.currency, self.currency.lower()])),
                "line_kind": self.own_words("line_kind", LINES, 1),
                "quantity": rng.choice([1, 1, 2, 3, 0, -1]),
            }
            for name in MONEY:
                if self.amount_is == "order":
                    row[name] = keep(whole["total"][name])
                else:
                    row[name] = (
                        self.price() if name == "amount" else self.often(self.money(name), 0.6)
                    )
            if not refunded and self.amount_is != "order":
                row["refunded"] = self.often(None)
            elif self.amount_is != "order" and (in_full or rng.random() < 0.6):
                off = (row["discount"] or 0) if self.has["discount"] else 0
                row["refunded"] = self.part(row["amount"], off, in_full)
            later = datetime.timedelta(days=rng.choice([0, 1, 20, 200]), minutes=rng.randrange(90))
            back = whole["ordered_at"] + later if row["refunded"] else None
            row["refunded_at"] = self.as_time(self.often(back))
            rows.append(row)
        return rows

    def part(self, amount: Any, discount: Any, in_full: bool) -> Any:
        """A refund of all, of a part or of more than an amount, as its column has it."""
        amount = max(amount - discount, 0) if self.amount_is == "line" else 0
        if self.types["refunded"] == "whole":
            amount = decimal.Decimal(int(amount))
        if self.types["refunded"] == "float" and abs(amount) > 2**40:
            amount = decimal.Decimal(5)
        return amount if in_full else self.rng.choice([amount * 2, self.money("refunded")])

    def spoilt(self, row: Row) -> Row:
        """A row with one thing that cannot be read."""
        rng, has, row = self.rng, self.has, dict(row)
        minor = self.is_minor
        faults: list[tuple[str, Any]] = [("amount", None)] if self.amount_is != "order" else []
        tiny = decimal.Decimal("0.00001")
        if not minor and not self.round and self.types["amount"] == "decimal":
            faults.append(("amount", tiny))
        if self.lines:
            faults.append(("order_id", None))
        else:
            faults.append(("ordered_at", None))
        faults += [(name, "おまかせ") for name in ("status", "kind", "line_kind") if has[name]]
        if has["currency"]:
            faults.append(("currency", "EUR"))
        for name in ("discount", "refunded"):
            if has[name]:
                faults.append((name, -5 if minor else decimal.Decimal(-5)))
        if self.amount_is == "unit":
            faults.append(("quantity", None))
        name, cell = rng.choice(faults)
        row[name] = cell
        return row

    def settings(self) -> dict[str, Any]:
        rng, has = self.rng, self.has
        names = JAPANESE if rng.random() < 0.5 else {}
        roles = [*MONEY[1:], "refunded_at", "status", "kind", "line_kind"]
        roles += ["channel", "product", "category", "shop"]
        settings: dict[str, Any] = {
            "currency": self.currency,
            "timezone": self.zone,
            **{name: names.get(name, name) for name in ("customer_id", "ordered_at", "amount")},
            **{name: names.get(name, name) for name in roles if has[name]},
            "dimensions": [name for name in ("area", "age") if has[name]],
            "guests": rng.choice(["keep", "drop"]),
            "bad_rows": "drop" if self.drop else "error",
            "repeated_rows": rng.choice(["keep", "keep", "drop"]),
            "amount_is": self.amount_is,
            "amount_unit": "minor" if self.is_minor else "major",
            "round_amounts": self.round,
        }
        if self.lines:
            settings["order_id"] = names.get("order_id", "order_id")
        if has["currency"]:
            settings["currency_column"] = "currency"
        if has["status"]:
            settings["status_map"] = {"取消": "cancelled"}
        if self.amount_is == "unit":
            settings["quantity"] = "quantity"
        if rng.random() < 0.2:
            settings["policy"] = policy(rng)
        return settings

    def shop(self) -> Shop:
        rng = self.rng
        settings = self.settings()
        rows: list[Row] = []
        used = set()
        for number in range(rng.choice([0, 1, 5, 20, 40])):
            # Two shops share order ids; within one of them an id is one order.
            number = rng.randrange(number // 2 + 1) if self.has["shop"] else number
            lines = self.order(number)
            key = (number, lines[0]["shop"] if self.has["shop"] else None)
            if key in used and self.lines:
                continue
            used.add(key)
            rows += lines
        if rows and settings["repeated_rows"] == "drop" and self.amount_is != "order":
            rows += [dict(row) for row in rng.sample(rows, rng.randint(1, min(3, len(rows))))]
        if self.drop and rows:
            for at in rng.sample(range(len(rows)), rng.randint(1, min(4, len(rows)))):
                rows[at] = self.spoilt(rows[at])
            rows += self.contradictions(rows)
        rng.shuffle(rows)
        names = {settings[role]: role for role in self.types if settings.get(role) is not None}
        names |= {name: name for name in settings["dimensions"]}
        names |= {"currency": "currency"} if self.has["currency"] else {}
        names |= {settings["currency_column"]: "currency"} if self.has["currency"] else {}
        names.pop(self.currency, None)
        made = Shop(
            self.seed,
            settings,
            [{name: row[role] for name, role in names.items()} for row in rows],
            {name: self.types[role] for name, role in names.items()},
        )
        if rng.random() < 0.4:
            self.add_customers(made)
        return made

    def contradictions(self, rows: list[Row]) -> list[Row]:
        """A later line of an order that names another customer."""
        known = [row for row in rows if row["customer_id"] is not None and row["order_id"]]
        if not self.lines or not known or len(self.customer_ids) < 2 or self.amount_is == "order":
            return []
        row = dict(self.rng.choice(known))
        others = [one for one in self.customer_ids if one != row["customer_id"]]
        return [row | {"customer_id": self.rng.choice(others)}]

    def add_customers(self, made: Shop) -> None:
        rng = self.rng
        key = made.settings["customer_id"]
        strangers = [one for one in self.ids("customer_id", 3) if one not in self.customer_ids]
        chosen = [*rng.sample(self.customer_ids, len(self.customer_ids) - 1), *strangers]
        made.customers = [
            {
                "id": one,
                "registered": self.often(self.clock.date() + datetime.timedelta(rng.randrange(9))),
                "silent": self.often(rng.random() < 0.5),
                "tier": self.often(rng.choice(["gold", "silver", ""])),
            }
            for one in chosen
        ]
        made.types |= {
            "id": made.types[key],
            "registered": "date",
            "silent": "bool",
            "tier": "text",
        }
        made.customer_settings = {
            "customer_id": "id",
            "registered_at": "registered",
            "opted_out": "silent",
            "dimensions": ["tier"],
        }


def policy(rng: random.Random) -> dict[str, Any]:
    return {
        "statuses": rng.sample(STATUSES, rng.randint(1, 5)),
        "kinds": rng.sample(KINDS, rng.randint(1, 4)),
        "zero_value": rng.random() < 0.5,
    }


# ---- requests ------------------------------------------------------------------------------------


def requests(seed: int, made: Shop, days: list[datetime.date]) -> list[dict[str, Any]]:
    """Scopes to ask under: the plain one, and some of everything at once."""
    rng = random.Random(f"requests {seed}")
    bases = {"net_shipping": "shipping", "net_ex_tax": "tax", "margin": "cost"}
    scopes: list[dict[str, Any]] = [
        {},
        {"policy": {"zero_value": False}},
        *({"basis": basis} for basis, column in bases.items() if column in made.settings),
        *([{"refunds": "refund_date"}] if "refunded" in made.settings else []),
    ]
    return [*scopes, *(_request(rng, made, days) for _ in range(4))]


def _request(rng: random.Random, made: Shop, days: list[datetime.date]) -> dict[str, Any]:
    settings, scope = made.settings, {}
    day = lambda: rng.choice(days or [datetime.date(2024, 1, 1)])  # noqa: E731
    if rng.random() < 0.5:
        scope["as_of"] = (day() + datetime.timedelta(rng.choice([0, 0, -1, 50]))).isoformat()
    elif rng.random() < 0.2:
        scope["as_of"] = [day().isoformat(), day().isoformat()]
    has_lines = "order_id" in settings
    booked = "refunded" in settings and rng.random() < 0.4
    if booked:
        scope["refunds"] = "refund_date"
    free = [role for role in ("channel", "shop", "product", "category") if role in settings]
    free += settings["dimensions"]
    # A refund of its own has no lines to choose.
    free = [] if booked and has_lines else free
    words = [name for name in ("status", "kind") if name in settings]
    names = [*free, *words, "customer_id", "ordered_at", "amount"]
    if rng.random() < 0.5:
        chosen = rng.sample(names, rng.choice([1, 1, 2]))
        scope["where"] = {
            _named(rng, settings, name): _condition(rng, made, name, days) for name in chosen
        }
    of_customers = ["customer_id", "first_month"]
    if made.customers is not None:
        of_customers += ["tier", "opted_out", "registered_at"]
    if "where" not in scope:
        of_customers += [f"first_{name}" for name in [*free, *words, "amount", "ordered_at"]]
    if rng.random() < 0.3:
        name = rng.choice(of_customers)
        scope["customers"] = {name: _condition(rng, made, name, days)}
    if rng.random() < 0.4:
        broad = [*free, *words, *(["tier"] if made.customers is not None else [])]
        broad += ["first_month"] if "where" not in scope else []
        scope["by"] = rng.sample(broad, min(len(broad), rng.choice([1, 1, 2])))
    if rng.random() < 0.3:
        scope["policy"] = policy(rng)
    bases = {"net_shipping": "shipping", "net_ex_tax": "tax", "margin": "cost", "gross": "amount"}
    possible = [basis for basis, column in bases.items() if column in settings]
    if rng.random() < 0.4:
        scope["basis"] = rng.choice(possible)
    if rng.random() < 0.4:
        scope["occasion"] = rng.choice(["day", "order"])
    if rng.random() < 0.4:
        scope["churn_days"] = rng.choice([1, 30, 100])
        scope["churn_boundary"] = rng.choice(["from", "after"])
    return scope


def _named(rng: random.Random, settings: dict[str, Any], name: str) -> str:
    """A column by its role, or by its own heading."""
    return rng.choice([name, settings.get(name, name)])


def _condition(rng: random.Random, made: Shop, name: str, days: list[datetime.date]) -> Any:
    """A value, a list with or without null, or a range, open at either end or at none."""
    values = _values(made, name.removeprefix("first_"), days)
    pick = lambda: rng.choice(values) if values else None  # noqa: E731
    form = rng.choice(["is", "in", "range", "range"])
    column = made.settings.get(name.removeprefix("first_"), name)
    if made.types.get(column) == "uuid" and form == "range":
        form = "in"
    if form == "range":
        ends = [one for one in (pick(), pick()) if one is not None]
        ends.sort()
        if len(ends) < 2 or rng.random() < 0.6:
            return {rng.choice(["from", "to"]): ends[0]} if ends else None
        return {"from": ends[0], "to": ends[1]}
    return pick() if form == "is" else [pick() for _ in range(rng.randint(0, 3))]


def _values(made: Shop, name: str, days: list[datetime.date]) -> list[Any]:
    settings = made.settings
    if name in ("ordered_at", "month"):
        return [day.isoformat() for day in days]
    if name == "opted_out":
        return [True, False]
    if name in ("tier", "registered_at"):
        column = {"registered_at": "registered"}.get(name, name)
        cells = [row[column] for row in made.customers or []]
        return [one.isoformat() if isinstance(one, datetime.date) else one for one in cells]
    if name in ("status", "kind"):
        return list(STATUSES if name == "status" else KINDS)
    cells = [row[settings.get(name, name)] for row in made.rows]
    if name == "amount":
        unit = DECIMALS[settings["currency"]] if settings["amount_unit"] == "minor" else 0
        return [float(decimal.Decimal(one).scaleb(-unit)) for one in cells if one is not None]
    return cells
