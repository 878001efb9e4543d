"""Which column of a log of events is which, and what its kinds mean.

As for orders: a layout decides, else headings are compared after folding with the lists of
`layouts/words.toml`; what was chosen is shown, and every choice has an option.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import pyarrow as pa

from .._problem import Misuse, Problem
from . import layouts
from .headings import CATEGORIES, Choice, amount_kind, listed, matched, names_of
from .layouts import KINDS, Layout, fold
from .messages import say

ROLES = (
    *("visitor_id", "occurred_at", "kind", "customer_id", "page", "product", "quantity"),
    *("order_id", "channel", "campaign", "variant", "machine", "referrer", "amount"),
)
REQUIRED = ("visitor_id", "occurred_at", "kind")


#: The heading of the kinds of a log that holds nothing but views of pages.
VIEWS = "(all views)"


def with_views(table: pa.Table) -> pa.Table:
    """The table with a column of kinds that says that each event is a view of a page."""
    return table.append_column(VIEWS, pa.repeat(pa.scalar("view"), table.num_rows))


def _names(role: str) -> Sequence[str]:
    """The headings of a role of events; customers and products are called as in orders."""
    own: Sequence[str] | None = layouts.words()["headings"]["events"].get(role)
    if role in CATEGORIES:
        return [*names_of(role), *(own or ())]
    return names_of(role) if own is None else own


def choose(
    headings: Sequence[str],
    given: Mapping[str, str | None],
    layout: Layout | None = None,
    filled: Callable[[str, str], bool] = lambda role, heading: True,
) -> dict[str, Choice]:
    """A column for every role that has one.

    Args:
        headings: The file's headings.
        given: The user's columns, by role; an empty string turns a role off.
        layout: The layout of the file.
        filled: Whether a column has values for a role. One without goes last.
    """
    unknown = next((role for role in given if role not in ROLES), None)
    if unknown is not None:
        raise Misuse(f"{say.event_column}: there is no {unknown}", f"There are {', '.join(ROLES)}.")
    names = {
        role: _names(role)
        if layout is None
        else [*layout.roles.get(role, ()), *(_names(role) if role in REQUIRED else ())]
        for role in ROLES
    }
    chosen = matched(headings, given, names, layout, filled)
    for role in REQUIRED:
        if role not in chosen:
            raise Problem(
                f"no column of the events looks like {role}; the headings are: {listed(headings)}",
                f"Say which column it is with {say.event_column:{role}=COLUMN}."
                + f" {say.event_column:kind=} says that all are views of pages." * (role == "kind"),
            )
    priced = "amount" in chosen and amount_kind(chosen["amount"].value) in ("unit", "price")
    if priced and "quantity" in chosen and given.get("amount") is None:
        # The amount of an event is that of all its pieces, and a price is not.
        del chosen["amount"]
    return chosen


def varying(
    chosen: Mapping[str, Choice], headings: Sequence[str], words_of: Callable[[str], Sequence[str]]
) -> Choice | None:
    """Another column of kinds, if the column found by its heading has one value in all rows.

    Args:
        chosen: The column of each role.
        headings: The file's headings.
        words_of: The different words of a column; none where it cannot be one of kinds.
    """
    own = chosen["kind"]
    if own.reason != "heading" or len(words_of(own.value)) != 1:
        return None
    known = _general()
    beside = layouts.words()["headings"]["events"]["beside_kind"]
    tells = any(fold(word) in known for word in words_of(own.value))
    for name in _others(chosen, headings, beside):
        words = words_of(name)
        plain = not tells and fold(name) not in map(fold, beside)
        if len(words) > 1 and (plain or any(fold(word) in known for word in words)):
            return Choice("kind", name, "constant", own.value)
    return None


def telling_more(
    chosen: Mapping[str, Choice], headings: Sequence[str], words_of: Callable[[str], Sequence[str]]
) -> dict[str, object] | None:
    """The warning about a column with more known kinds than the one found by its heading."""
    own = chosen["kind"]
    if own.reason != "heading":
        return None
    known = _general()
    count = sum(fold(word) in known for word in words_of(own.value))
    for name in _others(chosen, headings, ()):
        there = [word for word in words_of(name) if fold(word) in known]
        if len(there) > max(count, 1):
            return {"column": own.value, "other": name, "words": ", ".join(there[:5])}
    return None


def _others(
    chosen: Mapping[str, Choice], headings: Sequence[str], more: Sequence[str]
) -> list[str]:
    """Columns that no role has taken, with headings of kinds or such as these."""
    taken = {choice.value for choice in chosen.values()}
    present = {fold(name): name for name in headings if name not in taken}
    names = map(fold, [*_names("kind"), *more])
    return [present[one] for one in dict.fromkeys(names) if one in present]


@cache
def _general() -> Mapping[str, str]:
    known = layouts.words()["kinds"]
    return {fold(name): meaning for meaning in KINDS for name in known[meaning]}


@cache
def _robots() -> re.Pattern[str]:
    words = "|".join(map(re.escape, layouts.words()["machines"]["robots"]))
    return re.compile(rf"(?:{words})(?![a-z])", re.I)


def is_robot(agent: str) -> bool:
    """Whether a browser's name is a robot's."""
    return _robots().search(agent) is not None


def is_agent(heading: str) -> bool:
    """Whether a heading is that of the browser's name."""
    return fold(heading) in layouts.words()["machines"]["agents"]


@cache
def _machines() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["machines"]["headings"]))


def is_machine(heading: str) -> bool:
    """Whether a heading is that of a flag of robots, of tests or of the shop's own visits."""
    return fold(heading) in _machines()


def kinds(
    present: Iterable[str], given: Mapping[str, str], layout: Layout | None = None
) -> dict[str, str]:
    """What the kinds in the log mean: by the user, by the layout, else by their names."""
    for meaning in given.values():
        if meaning not in KINDS:
            raise Misuse(
                f"{say.event_kind}: {meaning} is no meaning", f"There are {', '.join(KINDS)}."
            )
    own = {fold(word): meaning for word, meaning in (layout.kinds if layout else {}).items()}
    known = {**_general(), **own}
    return {
        word: given[word] if word in given else known[fold(word)]
        for word in present
        if word in given or fold(word) in known
    }
