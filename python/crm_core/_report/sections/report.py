"""All sections of the report: their numbers once, and what they show in a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..money import Currency
from ..result import Frame
from . import conclusions, ltv, size, today, value, wall
from .ask import Ask
from .parts import Section
from .shop import Missing, shop_of
from .voice import Voice

#: The sections with numbers of their own, in the order of their work.
SECTIONS = ("size", "today", "wall", "ltv", "value")


@dataclass(frozen=True)
class Found:
    """The numbers of all sections."""

    size: size.Size
    today: today.Today | Missing
    wall: wall.Wall | Missing
    ltv: ltv.Ltv | Missing
    value: value.Value | Missing

    @property
    def lists(self) -> Mapping[str, Frame]:
        """The lists of people to write to, by their names."""
        if isinstance(self.today, Missing):
            return {}
        return {group.key: group.people_list for group in self.today.groups if group.people}


def find(
    ask: Ask,
    cpm: Mapping[str, Any],
    carts: Frame | None = None,
    step: Callable[[str], None] = lambda name: None,
) -> Found | None:
    """The numbers of all sections; None if no order counts.

    Args:
        ask: Runs analyses of the shop.
        cpm: The options of the portfolio.
        carts: Carts to follow up, where there are events.
        step: Told the name of each section before its analyses run.
    """
    shop = shop_of(ask, cpm)
    if shop is None:
        return None
    step("size")
    of_size = size.find(shop)
    step("today")
    of_today = today.find(shop, carts)
    step("wall")
    of_wall = wall.find(shop)
    step("ltv")
    of_ltv = ltv.find(shop)
    step("value")
    return Found(of_size, of_today, of_wall, of_ltv, value.find(shop))


def show(found: Found, lang: str, currency: Currency, folder: str | None = None) -> list[Section]:
    """The sections in a language.

    Args:
        found: Their numbers.
        lang: `en` or `ja`.
        currency: The currency of amounts.
        folder: Where the lists of people are; None if they were not written.
    """
    voice = Voice(lang, currency)
    below = [
        size.show(found.size, voice),
        today.show(found.today, voice, folder),
        wall.show(found.wall, voice),
        ltv.show(found.ltv, voice),
        value.show(found.value, voice),
    ]
    return [conclusions.show(below, found.size.changes, voice), *below]
