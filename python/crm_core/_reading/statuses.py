"""The words that shops use for the state of an order, in the words this library counts by.

`completed` and `pending` count as orders; `not_ordered`, `cancelled`, `payment_failed`, `refunded`,
`returned` and `test` do not. A shop's own word that neither its layout nor `words.toml` lists is
never guessed at: the report stops and shows it, because one wrong word silently changes every
number.

States also stand in other columns: a date of cancellation, a flag, the state of the delivery or of
the payment. Those that plainly are such are used (`others`); what only looks so is shown with the
number of orders it touches (`looks_like_state`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from . import layouts
from .layouts import MEANINGS, Layout, fold, fold_word

_ZERO = re.compile(
    r"[^\w]?\s*0+([.,]0+)?\s*[^\w]?|0000([-/.]?)00\2(00)?([ T][0:.]+)?|00([-/.])00\5(00)?00"
)
_ALONE = re.compile(r"[a-zа-яđ]", re.I)  # in scripts that put blanks between words
#: Meanings that do not count as orders, the strongest first: where columns differ, it holds.
STOPS = ("test", "not_ordered", "cancelled", "payment_failed", "returned", "refunded")


@cache
def general() -> Mapping[str, str]:
    """The meaning of every known word, folded."""
    known = layouts.words()
    partial = {fold_word(word): "completed" for word in known["other_status"]["partial"]}
    return partial | {
        fold_word(word): meaning for meaning in MEANINGS for word in known["status"][meaning]
    }


@cache
def stopping_words() -> tuple[str, ...]:
    """The known words for what does not count, as `low` writes them, and those for unpaid."""
    known = layouts.words()
    words = [word for one in STOPS for word in known["status"][one]]
    return tuple(map(layouts.low, [*words, *known["other_status"]["unpaid"]]))


def meanings(
    words: Iterable[str], layout: Layout | None, own: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The meaning of each word of a file, and the words without a known meaning.

    Args:
        words: The distinct words of the status column.
        layout: The layout whose status column it is; its words and codes go before the general.
        own: The user's `--status-map`, which goes first.
    """
    platform = layout.status if layout is not None else {}
    mine = {fold_word(word): meaning for word, meaning in own.items()}
    known: dict[str, str] = {}
    unknown: list[str] = []
    for word in sorted(words):
        key = fold_word(word)
        meaning = mine.get(key) or platform.get(key) or general().get(key)
        meaning = meaning or ("cancelled" if cancelled_at_end(word) else None)
        if meaning is None:
            unknown.append(word)
        else:
            known[word] = meaning
    return known, unknown


def cancelled_at_end(word: str) -> str:
    """The word for a cancelled order with which a text ends, such as 取消 of 店舗都合取消.

    Or with which it begins, before the one who has called it off. Nothing where the text negates
    it, speaks of a part or of a parcel, or is a sentence.
    """
    known = layouts.words()["status_endings"]
    bare = re.sub(r"\s*[(\[][^()\[\]]*[)\]]\s*$", "", unicodedata.normalize("NFKC", word))
    told = re.match(rf"(\w+(?: \w+)?) (?:{'|'.join(known['by'])}) ", f"{bare.lower()} ")
    bare = bare if told is None else told[1]
    found = max((one for one in known["cancelled"] if _ends(bare, one)), key=len, default="")
    if not found or len(word) > 40 or speaks_of("part", word):
        return ""
    low = bare.lower()
    rest = low.removesuffix(found.lower()) if low.endswith(found.lower()) else low
    if any(one in low for one in known["not_of"]) or _denies(word, rest):
        return ""
    return str(found)


def _ends(text: str, ending: str) -> bool:
    """Whether a text ends so; of letters that stand alone as a word of its own."""
    if not _ALONE.match(ending):
        return fold_word(text).endswith(fold_word(ending))
    plain = fold(ending)
    words = re.split(r"[\W_]+", text.strip())
    some = len(re.split(r"[\W_]+", ending))
    return fold("".join(words[-some:])) == plain


def likely(word: str) -> str:
    """What a word may mean, by the known words that it holds; else the choices.

    A word that denies one that it holds, such as "not yet paid", gets the choices.
    """
    choices = "completed|pending|cancelled|..."
    key = fold_word(word)
    found = [
        (len(known), meaning, known)
        for known, meaning in general().items()
        if len(known) >= (4 if known.isascii() else 2)
        and (re.search(rf"(?<!\w){re.escape(known)}", key) if known.isascii() else known in key)
    ]
    stopping = [one for one in found if one[1] in STOPS]
    low = layouts.low(word)
    cancels = [part for part in layouts.smells("cancelled") if part in low]
    if not stopping and cancels:
        return (
            choices
            if speaks_of("part", word) or _denies(word, key.replace(max(cancels, key=len), " "))
            else "cancelled"
        )
    # "cancelled after payment" is cancelled.
    _, best, known = max(stopping or found, default=(0, "", ""))
    in_part = best in STOPS and speaks_of("part", word)
    return choices if not best or in_part or _denies(word, key.replace(known, " ")) else best


def _denies(word: str, rest: str) -> bool:
    """Whether other words in a text negate the known word."""
    smells = layouts.words()["smells"]
    words = re.split(r"[\W_]+", rest)
    # Folding takes a kana of "なし" away.
    return any(one in words for one in smells["not"]) or any(
        one in (word if len(one) > 1 else rest) for one in smells["not_in"]
    )


def opposite(one: str, other: str) -> bool:
    """Whether one of two headings negates the other, as paid and unpaid do."""

    def denied(long: str, short: str) -> bool:
        before = long.removesuffix(short)
        denials = layouts.words()["smells"]
        return long != before and before in {
            *denials["not"],
            *denials["not_in"],
            *denials["not_before"],
        }

    one, other = fold(one), fold(other)
    return denied(one, other) or denied(other, one)


def stops(heading: str, words: Iterable[str], own: Mapping[str, str]) -> dict[str, str]:
    """The words of a further column of states that stop an order.

    A failure in a column on the delivery is one of the parcel, and means nothing for the order.
    """
    known, _ = meanings(words, None, own)
    parts = layouts.words()["other_status"]["delivery"]
    of_delivery = any(part in layouts.low(heading) for part in parts)
    return {
        word: meaning
        for word, meaning in known.items()
        if meaning in STOPS and not (of_delivery and meaning == "payment_failed")
    }


@cache
def _other_headings() -> frozenset[str]:
    orders = layouts.words()["headings"]["orders"]["status"]
    return frozenset(map(fold, [*layouts.words()["other_status"]["headings"], *orders]))


def is_state(heading: str) -> bool:
    """Whether a heading is that of a column of states."""
    return fold(heading) in _other_headings()


@cache
def _kinds() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["other_status"]["kinds"]))


def is_kind(heading: str) -> bool:
    """Whether a heading is that of a column of kinds of rows."""
    return fold(heading) in _kinds()


@cache
def _cancel_headings() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["headings"]["orders"]["cancelled_at"]))


def is_cancel(heading: str) -> bool:
    """Whether a heading is plainly that of a date or flag of cancellation."""
    return fold(heading) in _cancel_headings()


def counting(heading: str) -> str:
    """`yes` or `no` for a flag whose rows count where it says so; nothing for other headings."""
    known = layouts.words()["row_columns"]
    low = layouts.low(heading)
    if is_side_matter(heading):
        return ""
    if any(layouts.low(part) in low for part in known["leaving_out"]):
        return "no"
    if not any(layouts.low(part) in low for part in known["counting"]):
        return ""
    denied = set(re.split(r"[\W_]+", low)) & set(layouts.smells("not"))
    return "no" if denied or speaks_of("cancelled", heading) else "yes"


def is_remark(heading: str) -> bool:
    """Whether a heading is of remarks in words of their own."""
    low = layouts.low(heading)
    return any(layouts.holds(low, part) for part in layouts.words()["row_columns"]["remarks"])


def is_side_matter(heading: str) -> bool:
    """Whether a heading speaks of taxes, gifts, letters and the like."""
    low = layouts.low(heading)
    return any(part in low for part in layouts.words()["row_columns"]["not_counting"])


@cache
def _replaced() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["row_columns"]["replaced_by"]))


def is_replaced(heading: str) -> bool:
    """Whether a heading is of the order that stands in the place of another one."""
    return fold(heading) in _replaced()


@cache
def _tests() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["other_status"]["tests"]))


def smell(heading: str) -> str:
    """`cancelled` or `refunded` if a heading is about it, else nothing."""
    if fold(heading) in _tests():
        return "cancelled"
    if is_harmless(heading):
        return ""
    kinds = ("cancelled", "refunded")
    return next((what for what in kinds if speaks_of(what, heading)), "")


def speaks_of(what: str, heading: str) -> bool:
    """Whether a heading holds one of the parts of `smells`, such as `discount` or `item`."""
    text = layouts.low(heading)
    return any(part in text for part in layouts.smells(what))


@cache
def _consents() -> frozenset[str]:
    known = layouts.words()["other_status"]
    return frozenset(map(fold, [*known["consents"], *known["latest"]]))


def is_consent(heading: str) -> bool:
    """Whether a heading is of a flag without which an order may not count, such as paid."""
    return fold(heading) in _consents()


def is_latest(heading: str) -> bool:
    """Whether a heading is of a flag of the row that holds, such as is_latest."""
    return fold(heading) in map(fold, layouts.words()["other_status"]["latest"])


def stopped_by(heading: str) -> str:
    """What an order is whose flag says no: of rows that hold, of live orders, else of payment."""
    if speaks_of("live", heading):
        return "test"
    standing = is_latest(heading) or speaks_of("standing", heading) or counting(heading) == "yes"
    return "cancelled" if standing else "payment_failed"


@cache
def _unpaid() -> frozenset[str]:
    return frozenset(map(fold_word, layouts.words()["other_status"]["unpaid"]))


def is_unpaid(word: str) -> bool:
    """Whether a word means not paid yet."""
    return fold_word(word) in _unpaid()


@cache
def _owed() -> frozenset[str]:
    return frozenset(map(fold_word, layouts.words()["other_status"]["owed"]))


def is_owed(heading: str, word: str) -> bool:
    """Whether a word means not paid yet, in a column with this heading."""
    return is_unpaid(word) or (speaks_of("paying", heading) and fold_word(word) in _owed())


@cache
def _odd() -> frozenset[str]:
    return frozenset(map(fold_word, layouts.words()["other_status"]["odd"]))


def is_odd(word: str) -> bool:
    """Whether a row with this word should not count without a question, such as a replacement."""
    return fold_word(word) in _odd()


@cache
def _bookings() -> frozenset[str]:
    return frozenset(map(fold_word, layouts.words()["other_status"]["bookings"]))


def is_booking(word: str) -> bool:
    """Whether a row of a ledger with this word is no sale, such as a payment received."""
    return fold_word(word) in _bookings()


@cache
def _verdicts() -> Sequence[tuple[frozenset[str], frozenset[str], Mapping[str, bool]]]:
    return [
        (frozenset(map(fold_word, one["good"])), frozenset(map(fold_word, one["bad"])), one)
        for one in layouts.words()["verdict"]
    ]


def verdict_words() -> Sequence[frozenset[str]]:
    """The bad words of each verdict."""
    return [bad for _, bad, _ in _verdicts()]


def gives_back(word: str) -> bool:
    """Whether a code says that money was given back, such as CR or 赤."""
    key = fold_word(word)
    known = layouts.words()["verdict"]
    return any(key in map(fold_word, one["bad"]) for one in known if one.get("back"))


def refusals(heading: str, words: Iterable[str]) -> list[str]:
    """The bad words of a column whose words are all of one verdict: test or live, OK or NG."""
    found = list(words)
    of_cards = speaks_of("paying", heading) or speaks_of("cards", heading)
    for good, bad, rule in _verdicts():
        if of_cards and rule.get("cards"):
            continue
        told = [word for word in found if fold_word(word) in bad]
        ends = not rule.get("both") or 0 < len(told) < len(found)
        if ends and all(fold_word(word) in good | bad for word in found):
            return told
    return []


@cache
def _lists() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["other_status"]["lists"]))


def is_list(heading: str) -> bool:
    """Whether a column holds several words in a cell, such as tags."""
    return fold(heading) in _lists()


def is_open(word: str) -> bool:
    """Whether a word means that something is not done yet."""
    return general().get(fold_word(word)) == "pending"


def is_discount(heading: str) -> bool:
    """Whether a heading is of a discount, a coupon or points used as payment."""
    return not is_harmless(heading) and speaks_of("discount", heading)


def is_harmless(heading: str) -> bool:
    """Whether a heading is of a rule, a score or a name, whatever its other words."""
    return speaks_of("harmless", heading)


@cache
def _paid_on() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["other_status"]["paid_on"]))


def is_paid_on(heading: str) -> bool:
    """Whether a heading is of the day of payment."""
    return fold(heading) in _paid_on()


@cache
def _partial() -> frozenset[str]:
    return frozenset(map(fold_word, layouts.words()["other_status"]["partial"]))


def is_partial(word: str) -> bool:
    """Whether a word means a partial refund."""
    return fold_word(word) in _partial()


def says_no(value: str) -> bool:
    """Whether a flag's value is no; an amount of zero is."""
    text = value.strip().lower()
    return text in layouts.words()["smells"]["no"] or _ZERO.fullmatch(text) is not None


def says_yes(value: str) -> bool:
    """Whether a flag's value is yes."""
    return value.strip().lower() in layouts.words()["smells"]["yes"]
