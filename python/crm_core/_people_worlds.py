"""Records of people whose truth is known: persons, families, companies, corrupted copies.

The makers know nothing of `identify`: names are put together from characters and their readings,
addresses from cities and towns, and a copy is what another clerk or shop would have written.
`simulate_people` gives them as a table.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from ._people_names import (
    BUILDINGS,
    CITIES,
    COLUMNS,
    DOMAINS,
    FAMILY,
    HALF,
    MEN,
    OLD,
    RARE,
    ROMAN,
    TOWNS,
    VOICED,
    WOMEN,
)

Row = dict[str, str]


def romaji(kana: str) -> str:
    """Kana in Latin letters, as passports have it, with long vowels left out."""
    small = {"ャ": "ya", "ュ": "yu", "ョ": "yo"}
    out = ""
    for at, c in enumerate(kana):
        if c in small:
            stem = out[:-1]
            out = stem + (small[c][1:] if stem.endswith(("sh", "ch", "j")) else small[c])
        elif c == "ッ":
            out += "t"
        elif not (at and ((c == "ウ" and out[-1] in "ou") or (c == "オ" and out[-1] == "o"))):
            out += ROMAN[c]
    return out


class World:
    """Makes persons and copies from a seed."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.rows: list[Row] = []

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def family(self) -> list[str]:
        if self.chance(0.5):
            return self.r.choices(FAMILY, [1 / (3 + at) for at in range(len(FAMILY))])[0]
        return self.r.choice(RARE)

    def address(self) -> Row:
        prefecture, city = self.r.choice(CITIES).split("/")
        town = self.r.choice(TOWNS)
        place = (
            (CITIES.index(f"{prefecture}/{city}") * len(TOWNS) + TOWNS.index(town)) * 7 % 9_000_000
        )
        block = [self.r.randint(1, 6), self.r.randint(1, 30), self.r.randint(1, 20)]
        building = ""
        if self.chance(0.5):
            building = (
                f"{self.r.choice(BUILDINGS)}{town[:2]}{self.r.randint(1, 9)}0{self.r.randint(1, 9)}"
            )
        return {
            "zip": f"{1_000_000 + place:07d}",
            "prefecture": prefecture,
            "city": city,
            "address": f"{town}{block[0]}-{block[1]}-{block[2]}",
            "building": building,
        }

    def mobile(self) -> str:
        return f"0{self.r.choice('789')}0{self.r.randint(10_000_000, 99_999_999)}"

    def landline(self) -> str:
        return f"0{self.r.randint(3, 9)}{self.r.randint(20_000_000, 99_999_999)}"

    def email(self, family: list[str], given: list[str]) -> str:
        first, last = romaji(given[1]), romaji(family[1])
        form = self.r.choice(["{g}.{f}{n}", "{f}{g}{n}", "{g}{n}", "{f}_{n}", "{n}{g}"])
        local = form.format(g=first, f=last, n=self.r.randint(1, 99_999))
        return f"{local}@{self.r.choice(DOMAINS)}"

    def birth(self, first: int = 1935, last: int = 2006) -> str:
        return (
            f"{self.r.randint(first, last)}-{self.r.randint(1, 12):02d}-{self.r.randint(1, 28):02d}"
        )

    def person(self, truth: int, family: list[str], home: Row, **known: str) -> Row:
        sex = known.get("sex") or self.r.choice("mf")
        given = self.r.choice(MEN if sex == "m" else WOMEN)
        return {
            **dict.fromkeys(COLUMNS, ""),
            **home,
            "email": self.email(family, given),
            "phone": self.mobile(),
            "family_name": family[0],
            "given_name": given[0],
            "family_kana": family[1],
            "given_kana": given[1],
            "birth_date": self.birth(),
            "sex": sex,
            "truth": str(truth),
            **known,
        }

    def add(self, row: Row, source: str) -> None:
        day = self.r.randint(0, 2_000)
        row["source"] = source
        row["record_id"] = f"{source[0]}{len(self.rows):07d}"
        row["registered_at"] = f"{2019 + day // 365}-{1 + day % 365 // 31:02d}-{1 + day % 28:02d}"
        self.rows.append(row)

    def typo(self, text: str) -> str:
        """One character left out or two exchanged."""
        if len(text) < 3:
            return text
        at = self.r.randrange(len(text) - 1)
        if self.chance(0.5):
            return text[:at] + text[at + 1 :]
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def digit(self, text: str) -> str:
        """One digit changed."""
        places = [at for at, c in enumerate(text) if c.isdigit()]
        at = self.r.choice(places)
        return (
            text[:at] + self.r.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]
        )

    def half(self, kana: str) -> str:
        return "".join(HALF[VOICED[c]] + "ﾞ" if c in VOICED else HALF.get(c, c) for c in kana)

    def hiragana(self, kana: str) -> str:
        return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in kana)

    def spelled(self, row: Row) -> None:
        """The same facts as another clerk writes them."""
        if self.chance(0.15):
            row["family_name"] = "".join(OLD.get(c, c) for c in row["family_name"])
        if self.chance(0.3):
            kana: Callable[[str], str] = self.r.choice([self.half, self.hiragana])
            row["family_kana"], row["given_kana"] = (
                kana(row["family_kana"]),
                kana(row["given_kana"]),
            )
        if row["phone"] and self.chance(0.5):
            p = row["phone"]
            cut = (3, 7) if len(p) == 11 else (2, 6)
            parts = [p[: cut[0]], p[cut[0] : cut[1]], p[cut[1] :]]
            row["phone"] = self.r.choice(
                [
                    "-".join(parts),
                    "+81 " + " ".join([parts[0][1:], *parts[1:]]),
                    f"{parts[0]}({parts[1]}){parts[2]}",
                ]
            )
        if row["email"] and self.chance(0.2):
            row["email"] = row["email"].upper() if self.chance(0.5) else f" {row['email']}"
        if self.chance(0.4):
            town = row["address"].rstrip("0123456789-")
            block = row["address"][len(town) :].split("-")
            wide = str.maketrans("0123456789-", "０１２３４５６７８９－")
            kanji = dict(zip("123456", "一二三四五六", strict=True))
            row["address"] = self.r.choice(
                [
                    f"{town}{block[0]}丁目{block[1]}番{block[2]}号",
                    f"{town}{kanji[block[0]]}丁目{block[1]}番地{block[2]}",
                    row["address"].translate(wide),
                    f"{town} {'−'.join(block)}",
                ]
            )
        if self.chance(0.2):
            row["address"], row["building"] = f"{row['address']} {row['building']}", ""
        if row["birth_date"] and self.chance(0.3):
            year, month, day = row["birth_date"].split("-")
            row["birth_date"] = self.r.choice(
                [
                    f"{year}/{int(month)}/{int(day)}",
                    f"{year}{month}{day}",
                    f"{year}年{int(month)}月{int(day)}日",
                ]
            )

    def copy(self, row: Row, hard: bool) -> Row:
        """A record of the same person in another shop, as a guest or years later."""
        copy = dict(row)
        family, given = (
            [row["family_name"], row["family_kana"]],
            [row["given_name"], row["given_kana"]],
        )
        # What contacts the two have in common: at least one of the three.
        changed = self.r.choices([0, 1, 2], [0.5, 0.35, 0.15])[0]
        for field in self.r.sample(["email", "phone", "home"], changed):
            if field == "email":
                copy["email"] = self.email(family, given) if self.chance(0.7) else ""
            elif field == "phone":
                copy["phone"] = self.mobile() if self.chance(0.5) else ""
            else:
                copy.update(self.address())
        if hard and row["sex"] == "f" and self.chance(0.05):
            married = self.family()
            copy["family_name"], copy["family_kana"] = married
            copy.update(self.address())
            copy["email"], copy["phone"] = (row["email"], row["phone"])
        if self.chance(0.15):
            copy["birth_date"] = ""
        elif self.chance(0.02):
            copy["birth_date"] = self.digit(copy["birth_date"])
            if (
                not "01" <= copy["birth_date"][5:7] <= "12"
                or not "01" <= copy["birth_date"][8:] <= "28"
            ):
                copy["birth_date"] = row["birth_date"]
        if self.chance(0.2):
            copy["sex"] = ""
        if self.chance(0.03):
            copy["given_kana"] = self.typo(copy["given_kana"])
        elif self.chance(0.15):
            copy["family_kana"] = copy["given_kana"] = ""
        if copy["phone"] and self.chance(0.01):
            copy["phone"] = self.digit(copy["phone"][:10]) + copy["phone"][10:]
        if copy["email"] and self.chance(0.02):
            local, domain = copy["email"].split("@")
            copy["email"] = f"{self.typo(local)}@{domain}"
        if self.chance(0.1):
            copy["building"] = ""
        if copy["family_kana"] and self.chance(0.02):
            copy["family_name"], copy["given_name"] = copy["family_kana"], copy["given_kana"]
        self.spelled(copy)
        return copy


def easy(records: int, seed: int = 1) -> list[Row]:
    """Persons who live alone, and a corrupted copy for every fourth."""
    world = World(seed)
    truth = 0
    while len(world.rows) < records:
        person = world.person(truth, world.family(), world.address())
        world.add(person, "shop")
        if world.chance(0.25) and len(world.rows) < records:
            world.add(world.copy(person, hard=False), world.r.choice(["mall", "guest"]))
        truth += 1
    world.r.shuffle(world.rows)
    return world.rows


def hard(records: int, seed: int = 2) -> list[Row]:
    """Families that share all but the person; twins, companies, dummies, changed names."""
    world = World(seed)
    companies = [world.landline() for _ in range(max(1, records // 2_000))]
    dummies = ["0000000000", "09000000000", "0312345678", "08011111111"]
    truth = 0
    while len(world.rows) < records:
        family, home = world.family(), world.address()
        shared_phone, shared_email = world.landline(), world.email(family, world.r.choice(MEN))
        size = world.r.choices([1, 2, 3, 4, 5], [0.4, 0.25, 0.15, 0.15, 0.05])[0]
        phones, emails = world.chance(0.5), world.chance(0.25)
        members: list[Row] = []
        for at in range(size):
            parents = at < 2
            person = world.person(
                truth,
                family,
                home,
                birth_date=world.birth(1940, 1985) if parents else world.birth(1986, 2012),
                **({"sex": "mf"[at]} if parents else {}),
            )
            if (
                not parents
                and members[-1]["truth"] != members[0]["truth"]
                and at > 2
                and world.chance(0.05)
            ):
                # Twins.
                person["birth_date"] = members[-1]["birth_date"]
            if any(person["given_kana"] == m["given_kana"] for m in members):
                continue
            if phones:
                person["phone"] = shared_phone
            if emails:
                person["email"] = shared_email
            if world.chance(0.03):
                person["phone"] = world.r.choice(dummies)
            elif world.chance(0.03):
                person["phone"] = world.r.choice(companies)
            truth += 1
            members.append(person)
            world.add(person, "shop")
            if world.chance(0.25):
                world.add(world.copy(person, hard=True), world.r.choice(["mall", "guest"]))
    world.rows = world.rows[:records]
    world.r.shuffle(world.rows)
    return world.rows


def columns(
    rows: list[Row], *, without: tuple[str, ...] = ("truth",)
) -> dict[str, list[str | None]]:
    """The rows as columns; blank cells are None."""
    return {name: [row[name] or None for row in rows] for name in COLUMNS if name not in without}
