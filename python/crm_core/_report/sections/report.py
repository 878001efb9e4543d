"""All sections of the report: their numbers once, and what they show in a language."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import crm_core

from ..result import Frame
from . import (
    again,
    buyers,
    channels,
    conclusions,
    ltv,
    months,
    persons,
    products,
    size,
    subscriptions,
    today,
    together,
    value,
    wall,
    who,
)
from .ask import Ask
from .parts import Section
from .shop import Missing, shop_of
from .voice import Voice

if TYPE_CHECKING:
    from ..._reading.cost_reading import Costs

#: The sections with numbers of their own, in the order of their work.
SECTIONS = (
    "size", "today", "months", "again", "wall", "ltv", "value", "who", "channels", "products",
    "subscriptions", "persons", "buyers", "together",
)  # fmt: skip
# A section of which the file has no column is left out, and the appendix says so.
_COLUMNS = ("channel", "product", "kind", "attributes", "pairs")


@dataclass(frozen=True)
class Found:
    """The numbers of all sections."""

    size: size.Size
    today: today.Today | Missing
    months: months.Months | Missing
    again: again.Sources | Missing
    wall: wall.Wall | Missing
    ltv: ltv.Ltv | Missing
    value: value.Value | Missing
    who: who.Who
    channels: channels.Channels | Missing
    products: products.Products | Missing
    subscriptions: subscriptions.Subscriptions | Missing
    persons: persons.Persons | None
    buyers: buyers.Buyers | Missing
    together: together.Together | Missing

    @property
    def lists(self) -> Mapping[str, Frame]:
        """The lists of people to write to, by their names."""
        if isinstance(self.today, Missing):
            return {}
        return {group.key: group.people_list for group in self.today.groups if group.people}


def find(
    ask: Ask,
    cpm: Mapping[str, Any],
    *,
    carts: Frame | None = None,
    days: Sequence[datetime.date] = (),
    columns: Collection[str] = (),
    prospects: bool = False,
    people: Any = None,
    attributes: Sequence[str] = (),
    costs: Costs | None = None,
    step: Callable[[str], None] = lambda name: None,
) -> Found | None:
    """The numbers of all sections; None if no order counts.

    Args:
        ask: Runs analyses of the shop.
        cpm: The options of the portfolio.
        carts: Carts to follow up, where there are events.
        days: The ends of the months of the portfolio.
        columns: Roles of columns that the orders have: `channel`, `product`.
        prospects: Whether customers without an order are known.
        people: The records of customers, for `identify`; None if there are none.
        attributes: Columns of customers or orders by which buyers are shown.
        costs: What channels cost.
        step: Told the name of each section before its analyses run.
    """
    shop = shop_of(ask, cpm)
    if shop is None:
        return None
    work: dict[str, Callable[[], Any]] = {
        "size": lambda: size.find(shop),
        "today": lambda: today.find(shop, carts),
        "months": lambda: months.find(shop),
        "again": lambda: again.find(shop, "channel" in columns),
        "wall": lambda: wall.find(shop),
        "ltv": lambda: ltv.find(shop),
        "value": lambda: value.find(shop),
        "who": lambda: who.find(shop, days, prospects),
        "channels": lambda: channels.find(shop, "channel" in columns, costs),
        "products": lambda: products.find(shop, "product" in columns),
        "subscriptions": lambda: subscriptions.find(shop),
        "buyers": lambda: buyers.find(shop, attributes),
        "together": lambda: together.find(shop, "product" in columns),
        "persons": lambda: None if people is None else _persons(ask, people),
    }
    found = {}
    for name in SECTIONS:
        step(name)
        found[name] = work[name]()
    return Found(**found)


def _persons(ask: Ask, people: Any) -> persons.Persons:
    """The persons, and the shop under each policy with the report's own filters."""
    table = crm_core.identity_sensitivity(
        ask.orders,
        people,
        ask.as_of,
        where=ask.scope.get("where"),
        customers=ask.scope.get("customers"),
    )
    return persons.find(crm_core.identify(people), table)


def show(found: Found, voice: Voice, folder: str | None = None) -> list[Section]:
    """The sections in a language, without those of which the file has no column.

    Args:
        found: Their numbers.
        voice: The language.
        folder: Where the lists of people are; None if they were not written.
    """
    below = [
        size.show(found.size, voice),
        today.show(found.today, voice, folder),
        months.show(found.months, voice),
        again.show(found.again, voice),
        wall.show(found.wall, voice),
        ltv.show(found.ltv, voice),
        value.show(found.value, voice),
        who.show(found.who, voice),
    ]
    for module, one in ((channels, found.channels), (products, found.products)):
        if not (isinstance(one, Missing) and one.what in _COLUMNS):
            below.append(module.show(one, voice))
    if not isinstance(found.together, Missing):
        below.append(together.show(found.together, voice))
    if not isinstance(found.buyers, Missing):
        below.append(buyers.show(found.buyers, voice))
    if not isinstance(found.subscriptions, Missing):
        below.append(subscriptions.show(found.subscriptions, voice))
    if found.persons is not None:
        below.append(persons.show(found.persons, voice, voice("persons_review_option")))
    return [conclusions.show(below, found.size.changes, voice), *below]


def left_out(found: Found, voice: Voice) -> list[str]:
    """Why sections are left out, a sentence each."""
    every = (
        *(found.channels, found.products, found.subscriptions),
        *(found.buyers, found.together),
    )
    said = (
        voice.missing(one) for one in every if isinstance(one, Missing) and one.what in _COLUMNS
    )
    return list(dict.fromkeys(said))
