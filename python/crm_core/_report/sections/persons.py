"""Which records are one customer (名寄せ), and what the answer does to the numbers of the shop.

The section has counts only: no id, no name, no identifier, not even masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..grid import Grid
from .parts import Headline, Part, Section, Text
from .voice import Voice

_POLICY = "standard"
_FEWEST_POINTS = 0.01  # a difference of F2 that the top of the page names


@dataclass(frozen=True)
class Persons:
    """What identification found.

    Attributes:
        policy: The policy that joined the records.
        records: Records of people.
        persons: Persons that they are.
        several: Persons with two records or more.
        households: Households of two persons or more.
        rules: Pairs of records that were joined, by what joined them.
        review: Pairs for a human.
        shared: Values that are nobody's by identifier: how many, and records that have one.
        skipped: Pairs with a common key that were not compared.
        unusable: Cells that could not be used, by column.
        rows: The shop under each policy, see `identity_sensitivity`; empty without orders.
    """

    policy: str
    records: int
    persons: int
    several: int
    households: int
    rules: Mapping[str, int]
    review: int
    shared: Mapping[str, tuple[int, int]]
    skipped: int
    unusable: Mapping[str, int]
    rows: list[dict[str, Any]]

    @property
    def before(self) -> dict[str, Any] | None:
        """The shop by account."""
        return self.rows[0] if self.rows and self.rows[0]["customers"] else None

    @property
    def after(self) -> dict[str, Any] | None:
        """The shop by person."""
        return next((row for row in self.rows if row["policy"] == self.policy), None)


def find(identity: Any, sensitivity: Any = None, policy: str = _POLICY) -> Persons:
    """The counts.

    Args:
        identity: The result of `identify`.
        sensitivity: The table of `identity_sensitivity`; None without orders.
        policy: The policy of `identity`.
    """
    persons = identity.persons.to_dict()
    notes = identity.persons.notes["identity"]
    of_person = Counter(persons["person_id"])
    homes: dict[Any, set[Any]] = {}
    for home, person in zip(persons["household_id"], persons["person_id"], strict=True):
        homes.setdefault(home, set()).add(person)
    links = identity.links.to_dict()
    joined = [
        rule
        for rule, decision in zip(links["linked_by"], links["decision"], strict=True)
        if decision == "joined"
    ]
    shared: dict[str, tuple[int, int]] = {}
    table = identity.shared_identifiers.to_dict()
    for kind, records in zip(table["identifier"], table["records"], strict=True):
        values, before = shared.get(kind, (0, 0))
        shared[kind] = (values + 1, before + records)
    rows: list[dict[str, Any]] = []
    if sensitivity is not None:
        columns = sensitivity.to_dict()
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return Persons(
        policy=policy,
        records=len(persons["record_id"]),
        persons=len(of_person),
        several=sum(count > 1 for count in of_person.values()),
        households=sum(len(one) > 1 for one in homes.values()),
        rules=dict(Counter(joined)),
        review=len(identity.review),
        shared=shared,
        skipped=notes["skipped_pairs"],
        unusable={name: count for name, count in notes["unusable"].items() if count},
        rows=rows,
    )


def show(found: Persons, voice: Voice, command: str = "") -> Section:
    """The shop under each policy, what was found, and identifiers that are nobody's.

    Args:
        found: The counts.
        voice: The language.
        command: Where the pairs for review are, in words; nothing where they are not written.
    """
    parts: list[Part] = []
    if found.before is not None:
        parts.append(_policies(found, voice))
    counts = [
        [voice(f"persons_{name}"), voice.count(number)]
        for name, number in (
            ("records", found.records),
            ("persons", found.persons),
            ("several", found.several),
            ("households", found.households),
            *((f"rule_{rule}", found.rules[rule]) for rule in _RULES if rule in found.rules),
            ("review", found.review),
            ("skipped", found.skipped),
        )
    ]
    headings = [voice("persons_what"), voice("persons_count")]
    parts.append(Grid(voice("persons_found"), headings, counts, [False, True]))
    if found.shared:
        shared = [
            [voice(f"persons_field_{kind}"), voice.count(values), voice.count(records)]
            for kind, (values, records) in found.shared.items()
        ]
        headings = [voice(f"persons_{name}") for name in ("identifier", "values", "their_records")]
        parts.append(Grid(voice("persons_shared"), headings, shared, [False, True, True]))
    if found.unusable:
        joint = "、" if voice.lang == "ja" else ", "
        cells = joint.join(
            voice("persons_cells", field=voice(f"persons_field_{name}"), cells=voice.count(cells))
            for name, cells in found.unusable.items()
        )
        parts.append(Text(voice("persons_unusable", cells=cells)))
    note = voice("persons_note")
    parts.append(Text(note + (("" if voice.lang == "ja" else " ") + command if command else "")))
    return Section(
        "persons",
        _title(found, voice),
        voice("persons"),
        voice("persons_question"),
        parts,
        _headlines(found, voice),
    )


#: What joins records, the surest first.
_RULES = ("account", "email_and_name", "comparison")


def _policies(found: Persons, voice: Voice) -> Grid:
    names = ("policy", "customers", "f2", "repeaters", "orders_each", "revenue_each")
    rows = [
        [
            voice(f"persons_policy_{row['policy']}"),
            voice.count(row["customers"]),
            _rate(row, voice),
            voice.count(row["repeaters"]),
            f"{row['orders_per_customer']:.2f}",
            voice.amount(row["revenue_per_customer"]),
        ]
        for row in found.rows
    ]
    headings = [voice(f"persons_{name}") for name in names]
    return Grid(voice("persons_policies"), headings, rows, [False, *[True] * 5])


def _rate(row: Mapping[str, Any], voice: Voice) -> str:
    if row["repeat_rate"] is None:
        return "–"
    ends = (voice.percent(row[f"repeat_rate_{end}"]) for end in ("low", "high"))
    return f"{voice.percent(row['repeat_rate'])} ({voice.interval(*ends)})"


def _title(found: Persons, voice: Voice) -> str:
    values = {"records": voice.count(found.records), "persons": voice.count(found.persons)}
    before, after = found.before, found.after
    if before is None or after is None:
        return voice("persons_title", several=voice.count(found.several), **values)
    if before["repeat_rate"] is None or after["repeat_rate"] is None:
        customers = {
            "accounts": voice.count(before["customers"]),
            "people": voice.count(after["customers"]),
        }
        return voice("persons_title_customers", **customers)
    return voice(
        "persons_title_f2",
        before=voice.percent(before["repeat_rate"]),
        after=voice.percent(after["repeat_rate"]),
        accounts=voice.count(before["customers"]),
        people=voice.count(after["customers"]),
    )


def _headlines(found: Persons, voice: Voice) -> list[Headline]:
    """That the page's F2 is one of accounts, where that matters."""
    before, after = found.before, found.after
    if before is None or after is None:
        return []
    if before["repeat_rate"] is None or after["repeat_rate"] is None:
        return []
    difference = after["repeat_rate"] - before["repeat_rate"]
    if abs(difference) < _FEWEST_POINTS:
        return []
    text = voice(
        "persons_said",
        before=voice.percent(before["repeat_rate"]),
        after=voice.percent(after["repeat_rate"]),
        change=voice.points(difference),
    )
    return [Headline(text, abs(difference) / max(before["repeat_rate"], _FEWEST_POINTS), True)]
