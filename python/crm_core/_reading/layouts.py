"""Layouts: what the columns of a platform's export mean, as data.

A layout is a TOML file in `crm_core/layouts`, or one of the user's own (`--layout my.toml`). It is
recognised by headings that belong to it alone. The general vocabulary for files of no known layout
is `layouts/words.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from .._problem import Misuse, Problem
from .messages import say

MEANINGS = (
    "completed",
    "pending",
    "not_ordered",
    "cancelled",
    "payment_failed",
    "refunded",
    "returned",
    "test",
)
KINDS = (
    *("view", "product_view", "add", "remove", "checkout", "payment_failed", "purchase"),
    *("sent", "bounced", "opened", "clicked", "unsubscribed", "complained", "subscribed"),
    *("held_out", "assigned"),
)
ROLES = {
    "orders": (
        *("customer_id", "ordered_at", "amount", "order_id", "status", "quantity", "currency"),
        *("refunded", "refunded_at", "cancelled_at", "discount", "shipping", "tax", "cost"),
        *("product", "category", "channel", "shop", "kind", "line_kind"),
    ),
    "events": (
        *("visitor_id", "occurred_at", "kind", "customer_id", "session", "page", "product"),
        *("quantity", "order_id", "channel", "campaign", "variant", "machine", "referrer"),
        *("amount", "currency"),
    ),
}
_VOCABULARY = ("words", "doubts", "marks", "languages")  # no layouts
_TIMES = {"orders": "ordered_at", "events": "occurred_at"}
_KEYS = {
    *("name", "reads", "source", "seen", "headings", "identify", "encoding", "roles", "amount"),
    *("order_level", "ignore", "status", "cancelled", "refused", "dates", "currency", "guest"),
    *("kinds", "says"),
}
_IN_AMOUNT = ("shipping", "tax", "discount")


@dataclass(frozen=True)
class Layout:
    """An export of one platform.

    Attributes:
        id: The file's stem.
        name: For people.
        reads: `orders` or `events`.
        roles: Headings of each role, by preference.
        clock: The heading of the time of day, if the date's column has none.
        identify: Lists of headings; a file that has all of one list is of this layout.
        amount_contains: Roles whose money is part of the amount.
        says: Headings, and what is not done with their values, in English and Japanese.
        order_level: Headings of money that is the order's, though it is repeated on its lines.
        ignore: Headings that look like a state and do not matter.
        status: The platform's own words, folded, and their meaning.
        cancelled: Further columns that cancel an order, and the words with which; "*" is any.
        keep: Columns, and the values of the rows that are orders.
        only_received: A column of kinds; amounts below zero are the shop's own payments or, by
            their word, refunds.
        refuses: Why a file of this layout is not read, and what to read instead.
        guests: Values of the customer's column that mean no account.
        text: The file as it is written.
    """

    id: str
    name: str
    reads: str
    roles: Mapping[str, tuple[str, ...]]
    clock: str = ""
    identify: Sequence[Sequence[str]] = ()
    headings: Sequence[str] = ()
    source: str = ""
    encoding: str = ""
    amount_is: str = ""
    amount_unit: str = ""
    amount_about: str = ""
    amount_contains: Sequence[str] = ()
    says: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    order_level: Sequence[str] = ()
    ignore: Sequence[str] = ()
    status: Mapping[str, str] = field(default_factory=dict)
    cancelled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keep: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only_received: str = ""
    refuses: str = ""
    date_format: str = ""
    timezone: str = ""
    currency: str = ""
    guests: Sequence[str] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    text: str = ""


@lru_cache(maxsize=1 << 15)
def fold(heading: str) -> str:
    """A heading without what people vary in it: width, case, accents, blanks, punctuation."""
    text = unicodedata.normalize("NFKC", heading).strip().strip("\"'*").lower()
    return re.sub(r"[\s_\-./:?【】()\[\]{}・'’°º]+", "", unaccented(text))


def fold_word(word: str) -> str:
    """A word of a status: blanks, and the okurigana that shops leave out, are gone."""
    text = unicodedata.normalize("NFKC", word).strip().lower().replace("_", " ")
    text = re.sub(r"(?<=\w)-", " ", text)  # a code below zero keeps its sign
    text = unaccented(" ".join(text.removeprefix("wc ").split()))
    if text.isascii():
        return text
    for left_out in ("しました", "り", "み", "し", "ち", " "):
        text = text.replace(left_out, "")
    return text


@lru_cache(maxsize=4096)
def low(text: str) -> str:
    """A text in which parts of headings and words are looked for: `isTest`, `is_test`, `Is-Test`
    and `Is Test` are alike, as are the letters of `İade` and `iade`.
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return unaccented(" ".join(re.sub(r"[_\-\s]+", " ", text).lower().split()))


def holds(text: str, word: str) -> bool:
    """Whether a text holds a word; Latin letters stand alone, but for an ending."""
    word = low(word)
    if not re.fullmatch(r"[a-z '€$£().0]+", word):
        return word in text
    return (
        re.search(rf"(?<![a-z0-9]){re.escape(word)}(s|es|ed|d|n|en|e|er|te)?(?![a-z0-9])", text)
        is not None
    )


@cache
def smells(what: str) -> tuple[str, ...]:
    """The parts of `smells` in `words.toml`, as `low` writes them."""
    return tuple(dict.fromkeys(map(low, words()["smells"][what])))


# Letters that are no other letter with a mark.
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d"})


def unaccented(text: str) -> str:
    """Without the accents of Latin letters; the marks of kana stay."""
    if text.isascii():
        return text
    apart = re.sub("[̀-ͯ]", "", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", apart).translate(_LETTERS)


@cache
def words() -> Mapping[str, Any]:
    """The general words: `words.toml`, continued by the files beside it, and the words of
    states from the platforms' translations.
    """
    folder = files("crm_core") / "layouts"
    found: dict[str, Any] = {}
    for stem in _VOCABULARY:
        found = _continued(found, tomllib.loads((folder / f"{stem}.toml").read_text("utf-8")))
    for one in found["state_words"]:
        for meaning in MEANINGS:
            found["status"][meaning] += one.get(meaning, [])
        found["other_status"]["partial"] += one.get("partial", [])
    return found


def _continued(words: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with further keys, and lists with further texts."""
    for key, value in more.items():
        there = words.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            words[key] = _continued(there, value)
        else:
            words[key] = [*there, *value] if isinstance(there, list) else value
    return words


@cache
def shipped() -> Mapping[str, Layout]:
    """The layouts that come with the package, by id."""
    folder = files("crm_core") / "layouts"
    names = sorted(one.name for one in folder.iterdir())
    stems = [name.removesuffix(".toml") for name in names if name.endswith(".toml")]
    return {
        stem: _parse(stem, (folder / f"{stem}.toml").read_text("utf-8"))
        for stem in stems
        if stem not in _VOCABULARY
    }


def named(text: str) -> Layout:
    """A layout of the package by its id, or one of the user's own by its file."""
    if text in shipped():
        return shipped()[text]
    path = Path(text)
    if not path.is_file():
        raise Misuse(
            f"{say.layout}: there is no layout {text}, and no such file", "crm layouts lists them."
        )
    try:
        written = path.read_text("utf-8")
    except UnicodeError:
        raise Misuse(f"{say.layout}: {path.name} is not UTF-8") from None
    return _parse(path.stem, written, own=True)


def detect(headings: Sequence[str], reads: str) -> Layout | None:
    """The layout of a file with these headings: the one with the longest list that is there."""
    present = {fold(heading) for heading in headings}
    best: tuple[int, int] = (0, 0)
    found: Layout | None = None
    for one in shipped().values():
        if one.reads != reads:
            continue
        fits = [len(some) for some in one.identify if all(fold(name) in present for name in some)]
        if not fits:
            continue
        rank = (max(fits), sum(fold(name) in present for name in one.headings))
        if rank > best:
            best, found = rank, one
    return found


def column(names: Sequence[str], headings: Sequence[str]) -> str | None:
    """The first of the names that the file has, as the file writes it."""
    present: dict[str, str] = {}
    for heading in headings:
        present.setdefault(fold(heading), heading)
    return next((present[fold(name)] for name in names if fold(name) in present), None)


def _parse(stem: str, text: str, own: bool = False) -> Layout:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"layout {stem}: not TOML: {error}") from None
    for key in said:
        if key not in _KEYS:
            raise Problem(f"layout {stem}: there is no key {key}", _one_of(sorted(_KEYS)))
    for key in ("name", "reads", "identify", "roles"):
        if key not in said:
            raise Problem(f"layout {stem}: {key} is missing")
    reads = said["reads"]
    if reads not in ROLES:
        raise Problem(f"layout {stem}: reads is {reads!r}", _one_of(list(ROLES)))
    roles, clock = _roles(stem, reads, said["roles"])
    amount, dates = said.get("amount", {}), said.get("dates", {})
    _one(stem, "amount.is", amount.get("is", ""), ("", "order", "line", "unit"))
    _one(stem, "amount.unit", amount.get("unit", ""), ("", "major", "minor"))
    for role in amount.get("contains", ()):
        _one(stem, "amount.contains", role, _IN_AMOUNT)
    for name, sentences in said.get("says", {}).items():
        if not isinstance(sentences, dict) or {*sentences} != {"en", "ja"}:
            raise Problem(
                f'layout {stem}: says."{name}" is no sentence', '{ en = "...", ja = "..." }'
            )
    for table, meanings in (("status", MEANINGS), ("kinds", KINDS)):
        for word, meaning in said.get(table, {}).items():
            _one(stem, f'{table}."{word}"', meaning, meanings)
    return Layout(
        id=stem,
        name=said["name"],
        reads=reads,
        roles=roles,
        clock=clock,
        identify=said["identify"],
        headings=said.get("headings", ()),
        source=said.get("source", ""),
        encoding=said.get("encoding", ""),
        amount_is=amount.get("is", ""),
        amount_unit=amount.get("unit", ""),
        amount_about=amount.get("about", ""),
        amount_contains=amount.get("contains", ()),
        says=said.get("says", {}),
        order_level=said.get("order_level", ()),
        ignore=said.get("ignore", ()),
        status={fold_word(word): meaning for word, meaning in said.get("status", {}).items()},
        cancelled={
            name: [value] if isinstance(value, str) else list(value)
            for name, value in said.get("cancelled", {}).items()
        },
        keep=said.get("refused", {}).get("keep", {}),
        only_received=said.get("refused", {}).get("below_zero_by", ""),
        refuses=said.get("refused", {}).get("why", ""),
        date_format=dates.get("format", ""),
        timezone=dates.get("timezone", ""),
        currency=said.get("currency", {}).get("code", ""),
        guests=said.get("guest", {}).get("customer_id", ()),
        kinds=said.get("kinds", {}),
        own=own,
        text=text,
    )


def _roles(
    stem: str, reads: str, said: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, ...]], str]:
    roles: dict[str, tuple[str, ...]] = {}
    clock = ""
    for role, names in said.items():
        _one(stem, "roles", role, ROLES[reads])
        if isinstance(names, dict) and role == _TIMES[reads] and {*names} == {"date", "time"}:
            names, clock = names["date"], names["time"]
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Problem(
                f"layout {stem}: roles.{role} is no heading",
                f'A heading, a list of headings, or {{date = "...", time = "..."}} for '
                f"{_TIMES[reads]}.",
            )
        roles[role] = tuple(names)
    return roles, clock


def _one(stem: str, key: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise Problem(
            f"layout {stem}: {key} is {value!r}", _one_of([one for one in choices if one])
        )


def _one_of(choices: Sequence[str]) -> str:
    return f"There are {', '.join(choices)}."
