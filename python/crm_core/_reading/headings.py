"""Which column of a shop's export is which.

A layout says it, where the file is of one (`layouts`). Elsewhere headings are compared folded
with the lists of `layouts/words.toml`, first come first served within a role. What was chosen, and
why, is shown to the user, and every choice has an option that overrides it. A missing role is an
error that lists the headings present, and proposes what the data look like, or nothing.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from .._problem import Misuse, Problem
from . import amount_scale, layouts, statuses
from .layouts import Layout, fold
from .messages import option, say

REQUIRED = ("customer_id", "ordered_at", "amount")
CATEGORIES = ("product", "category", "channel", "shop")
#: Money beside the amount, which may be the order's or the line's.
MONEY = ("refunded", "discount", "shipping", "tax", "cost")
# Read by general words where no layout is known; the rest only where a layout or the user says so.
_BY_WORDS = (
    *("customer_id", "ordered_at", "amount", "order_id", "status", "quantity", "currency"),
    *("refunded", "cancelled_at"),
)
_KINDS_OF_AMOUNT = ("order", "subtotal", "line", "row", "unit", "price", "item_price")
_CURRENCY_CODES = (
    "JPY",
    "USD",
    "EUR",
    "GBP",
    "AUD",
    "CAD",
    "CHF",
    "CNY",
    "HKD",
    "KRW",
    "SGD",
    "TWD",
    "THB",
    "INR",
    "BRL",
    "MXN",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "NZD",
    *("IDR", "VND", "MYR", "PHP", "ZAR", "ILS", "AED", "SAR", "HUF", "CZK", "RON", "TRY", "RUB"),
    *("UAH", "BGN", "ARS", "CLP", "COP", "PEN", "UYU", "EGP", "NGN", "KES", "PKR", "KZT", "QAR"),
)
_WORDS_TOO = ("PHP", "TRY", "RON", "COP", "PEN")  # codes only where they are written in capitals


@dataclass(frozen=True)
class Choice:
    """One line of the table that the user is shown.

    Attributes:
        role: `customer_id`, `ordered_at`, ..., also settings such as `amount_is` and `currency`.
        value: The heading, or the setting.
        reason: A code of `reason_sentences.REASONS`, with its detail.
        detail: The reason's detail: the name of a shop system, a heading, an encoding.
    """

    role: str
    value: str
    reason: str
    detail: str = ""


def is_japanese(headings: Iterable[str]) -> bool:
    """True when some heading is written in kana, or in kanji that are not Chinese."""
    text = unicodedata.normalize("NFKC", " ".join(headings))
    if re.search(r"[ぁ-んァ-ヶ]", text):
        return True
    return re.search(r"[一-龠]", text) is not None and not _is_chinese(text)


def _is_chinese(text: str) -> bool:
    """Whether a text has words of Chinese, or characters that Japanese does not write."""
    if any(part in text for part in layouts.words()["chinese"]["parts"]):
        return True
    try:
        "".join(re.findall(r"[一-龠]", text)).encode("cp932")
    except UnicodeEncodeError:
        return True
    return False


@cache
def _known() -> frozenset[str]:
    """The headings of the roles of orders, folded."""
    roles = (*_BY_WORDS, *CATEGORIES)
    return frozenset(fold(name) for role in roles for name in names_of(role))


@cache
def _of_layouts() -> frozenset[str]:
    """All headings of the layouts, folded; common words such as "type" are among them."""
    return frozenset(fold(name) for one in layouts.shipped().values() for name in one.headings)


def known_count(headings: Iterable[str]) -> int:
    """How many headings are known: those of roles, and those of the layout that the line is of.

    With the right encoding there are the most.
    """
    folded = [fold(heading) for heading in headings]
    count = sum(one in _known() for one in folded)
    if count < len(folded) and sum(one in _of_layouts() for one in folded) > 1:
        for reads in layouts.ROLES:
            layout = layouts.detect(folded, reads)
            if layout is not None:
                own = set(map(fold, layout.headings))
                count = max(count, sum(one in own or one in _known() for one in folded))
    return count


def names_of(role: str) -> Sequence[str]:
    """The headings of a role of orders in general, by preference."""
    groups = layouts.words()["headings"]
    if role == "amount":
        return [name for kind in _KINDS_OF_AMOUNT for name in groups["amount"][kind]]
    if role in CATEGORIES:
        found: Sequence[str] = groups["further"][role]
        return found
    if role == "customer_id":
        return _persons()
    return groups["orders"].get(role, ())  # type: ignore[no-any-return]


@cache
def _persons() -> Sequence[str]:
    """The headings of customers: numbers, words that may be names, then mail addresses."""
    groups = layouts.words()["headings"]
    bare = set(map(fold, groups["bare"]["words"]))
    parts = tuple(map(fold, groups["mails"]["parts"]))

    def rank(name: str) -> int:
        folded = fold(name)
        return 2 if any(part in folded for part in parts) else int(folded in bare)

    return sorted(groups["orders"]["customer_id"], key=rank)


def choose(
    headings: Sequence[str],
    given: Mapping[str, str | None],
    layout: Layout | None = None,
    filled: Callable[[str, str], bool] = lambda role, heading: True,
    propose: Callable[[str], str | None] = lambda role: None,
) -> dict[str, Choice]:
    """A column for every role that has one.

    Args:
        headings: The file's headings.
        given: What the user said, by role; an empty string turns a role off.
        layout: The layout of the file.
        filled: Whether a column has values for a role. One without goes last.
        propose: The column whose values look like a role's, for the message when there is none.
    """
    if layout is None:
        names = {role: names_of(role) for role in _BY_WORDS}
        # What is not guessed is read where the user names it.
        said = (role for role, column in given.items() if column and role not in CATEGORIES)
        names |= {role: () for role in said if role not in names}
    else:
        # An export of another year may lack a heading of the layout.
        names = {
            role: [*layout.roles.get(role, ()), *(names_of(role) if role in REQUIRED else ())]
            for role in layouts.ROLES[layout.reads]
            if role not in CATEGORIES
        }
        _refuse_absent(headings, given, layout)
    chosen = matched(headings, given, names, layout, filled)
    missing = [role for role in REQUIRED if role not in chosen]
    if missing:
        options = [option(role) for role in missing]
        likely = [propose(role) for role in missing]
        example = [
            option(role, name)
            for role, name in zip(missing, likely, strict=True)
            if name and "@" not in name
        ]
        which = "which column it is" if len(missing) == 1 else "which columns they are"
        # Without two known headings, and a date or an amount below, the first line may be a
        # customer's: one word can be a name or a product.
        shown = known_count(headings) > 1 or any(likely) or any(given.values())
        none = "no heading is known well enough to be shown"
        raise Problem(
            f"no column of the file looks like {' or like '.join(missing)}; "
            + (f"the headings are: {listed(headings)}" if shown else none),
            f"Say {which} with {' and '.join(options)}"
            + (f", for example {' and '.join(example)}." if example else ".")
            + (f' {say.customer_id:""} reads orders of guests only.' * ("customer_id" in missing)),
        )
    if (
        amount_kind(chosen["amount"].value) in ("unit", "price", "item_price")
        and "quantity" not in chosen
        and given.get("amount") is None
        and (layout is None or not layout.amount_is)
    ):
        pieces = propose("quantity")
        raise Problem(
            f'"{chosen["amount"].value}" looks like the price of one piece, and no column '
            f"like a quantity or a total was found",
            f"Name the amount with {say.amount}, or the quantity with {say.quantity}"
            + (f", for example {say.quantity:{pieces}}." if pieces else "."),
        )
    return chosen


def _refuse_absent(
    headings: Sequence[str], given: Mapping[str, str | None], layout: Layout
) -> None:
    """A user's own layout has to be right; of the package's the required roles have to be there."""
    for role, names in layout.roles.items():
        if given.get(role) is not None or layouts.column(names, headings) is not None:
            continue
        if layout.own:
            wanted = " or ".join(f'"{name}"' for name in names)
            close = difflib.get_close_matches(names[0], headings, n=1) if names else []
            raise Problem(
                f"layout {layout.id}: {role} is {wanted}, which the file does not have; the "
                f"headings are: {listed(headings)}",
                f'Did you mean "{close[0]}"?' if close else "",
            )


def further(
    headings: Sequence[str],
    given: Mapping[str, str | None],
    wanted: Iterable[str],
    layout: Layout | None = None,
) -> dict[str, Choice]:
    """Columns of categories: named by the user, or requested by their role.

    Args:
        headings: The file's headings.
        given: What the user said, by role; an empty string turns a role off.
        wanted: Names of columns, roles among them.
        layout: The layout of the file.
    """
    asked = {*wanted, *(role for role, column in given.items() if column)}
    named = layout.roles if layout is not None else {}
    names = {role: [*named.get(role, ()), *names_of(role)] for role in CATEGORIES if role in asked}
    return matched(headings, given, names, layout)


def matched(
    headings: Sequence[str],
    given: Mapping[str, str | None],
    roles: Mapping[str, Sequence[str]],
    layout: Layout | None = None,
    filled: Callable[[str, str], bool] = lambda role, heading: True,
) -> dict[str, Choice]:
    """The user's column, else the first heading of each role that is there and not yet taken."""
    present: dict[str, str] = {}
    for heading in headings:
        present.setdefault(fold(heading), heading)
    # Of amounts with and without tax the former is what the customer pays.
    for heading in sorted(headings, key=lambda one: "税抜" in one):
        present.setdefault(fold(_bare(heading)), heading)
    chosen: dict[str, Choice] = {}
    for role, said in given.items():
        if role in roles and said:
            chosen[role] = Choice(role, find(said, headings, role, Problem), "given")
    for role, names in roles.items():
        if given.get(role) is not None:
            continue
        taken = {choice.value for choice in chosen.values()}
        found = [present[fold(name)] for name in names if fold(name) in present]
        found = [name for name in dict.fromkeys(found) if name not in taken]
        if role == "amount":  # whole units of the currency go before thousands and cents
            found.sort(key=lambda name: amount_scale.scale(name) != "")
        if not found:
            continue
        value = next((name for name in found if filled(role, name)), found[0])
        of_layout = layout is not None and fold(value) in map(fold, layout.roles.get(role, ()))
        name = layout.name if layout is not None and of_layout else ""
        chosen[role] = Choice(role, value, "layout" if of_layout else "heading", name)
        if value != found[0]:
            chosen[role] = Choice(role, value, "first_blank", found[0])
    return {role: chosen[role] for role in roles if role in chosen}


def registered_at(headings: Sequence[str]) -> str | None:
    """The column of a customers' file with the date of registration."""
    return layouts.column(layouts.words()["headings"]["customers"]["registered_at"], headings)


def customer_id(headings: Sequence[str], like: str) -> str:
    """The id column of a customers' file: the orders' heading, else the best known one."""
    found = layouts.column((like, *names_of("customer_id"), "id"), headings)
    if found is not None:
        return found
    raise Problem(
        f"no column of the customers' file looks like customer_id; the headings are: "
        f"{listed(headings)}",
        f'Give the ids the heading they have in the orders\' file, "{like}".',
    )


def find(said: str, headings: Sequence[str], role: str, kind: type[Problem] = Misuse) -> str:
    """The heading that the user named: exactly, or but for case, width and spaces."""
    if said in headings:
        return said
    alike = [heading for heading in headings if fold(heading) == fold(said)]
    if len(alike) == 1:
        return alike[0]
    near = [heading for heading in headings if not statuses.opposite(said, heading)]
    close = difflib.get_close_matches(said, near, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else ""
    raise kind(f'{role}: there is no column "{said}"; the headings are: {listed(headings)}', hint)


@cache
def _goods() -> frozenset[str]:
    return frozenset(map(fold, layouts.words()["headings"]["amount"]["goods"]))


def is_goods(heading: str) -> bool:
    """Whether a heading is of a total of goods before coupons and points."""
    return fold(heading) in _goods()


@cache
def _kinds() -> Mapping[str, str]:
    groups = layouts.words()["headings"]["amount"]
    return {fold(name): kind for kind in _KINDS_OF_AMOUNT[::-1] for name in groups[kind]}


def amount_kind(heading: str) -> str:
    """The kind of an amount by its heading, in the kinds of `words.toml`, or nothing."""
    return _kinds().get(fold(heading)) or _kinds().get(fold(_bare(heading)), "")


def currency_in(heading: str) -> str:
    """A currency that a heading names: `金額(円)`, `amount_usd`, `Total (EUR)`."""
    if re.search(r"[(_\[]円|円[)\]]", unicodedata.normalize("NFKC", heading)):
        return "JPY"
    words = re.split(r"[^A-Za-z]+", heading)
    codes = (word.upper() for word in words if word.isupper() or word.upper() not in _WORDS_TOO)
    return next((code for code in codes if code in _CURRENCY_CODES), "")


def zone_in(heading: str) -> str:
    """The zone that a heading of dates names, such as `Created (UTC)`, or nothing."""
    words = re.split(r"[^a-z]+", layouts.low(heading))
    return "UTC" if {"utc", "gmt"} & {*words} else ""


def currency_beside(amount: str, headings: Sequence[str]) -> str | None:
    """The currency beside an amount within an object: `total.currency` of `total.value`."""
    before, dot, _ = amount.rpartition(".")
    if not dot:
        return None
    known = set(map(fold, names_of("currency")))
    for name in headings:
        outer, _, leaf = name.rpartition(".")
        if outer == before and fold(leaf) in known:
            return name
    return None


def is_code(text: str) -> bool:
    """Whether a text is the code of a currency."""
    return text.upper() in _CURRENCY_CODES


def is_chinese(headings: Iterable[str]) -> bool:
    """Whether the headings are Chinese."""
    return _is_chinese(unicodedata.normalize("NFKC", " ".join(headings)))


def is_currency(heading: str) -> bool:
    """Whether a heading is that of the currency's column."""
    return fold(heading) in set(map(fold, names_of("currency")))


def _bare(heading: str) -> str:
    """A heading without the currency or the word on tax that follows it."""
    text = unicodedata.normalize("NFKC", amount_scale.without(heading)).strip()
    codes = "|".join(_CURRENCY_CODES)
    suffixes = "|".join(sorted(layouts.words()["amount_suffix"]["words"], key=len, reverse=True))
    bare = re.sub(rf"[\s_]*[(\[]?(?:{suffixes}|(?i:{codes}))[)\]]?\s*$", "", text)
    # The sign of a currency, or a zone that `zone_in` knows.
    return re.sub(r"\s*[(\[](?:[$€£¥₹₩฿₫₱₺₽]|UTC|GMT)[)\]]\s*$", "", bare) or text


# A mail or network address, a number of a person or an order, a time in brackets, or a long text.
_VALUE = re.compile(r"@|\d{5}|\d+\.\d+\.\d+\.\d+|\[\d|https?://|.{80}", re.S)


def listed(headings: Sequence[str]) -> str:
    """The headings as a message shows them; those that look like values are only counted."""
    values = [heading for heading in headings if _VALUE.search(heading)]
    headings = [heading for heading in headings if heading not in values]
    if values and len(values) >= len(headings):
        with_mail = sum("@" in heading for heading in values)
        return (
            f"({len(values) + len(headings)} headings, of which {len(values)} look like values, "
            f"{with_mail} of them like mail addresses)"
        )
    shown = ", ".join(f'"{heading}"' for heading in headings[:40])
    return (
        shown + (f" and {len(headings) - 40} more" if len(headings) > 40 else "")
        if headings
        else "(none)"
    ) + (f" and {len(values)} that look like values" if values and headings else "")
