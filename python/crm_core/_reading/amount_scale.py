"""What headings and titles say of the unit of amounts: thousands, 万円, cents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from . import layouts
from .layouts import unaccented

_TITLE_AT_MOST = 60  # characters; a longer line is about something else
_SIGN = r"[$€£¥₩₹฿]"
_SIGNS = {
    "thousands": rf"(?<![a-z])[kt] ?{_SIGN}|{_SIGN} ?[kt](?![a-z])|\(k\)|['’]000s?(?!\d)|"
    r"\(0?000s?\)|x ?1[ ,.]?000(?!\d)|(?<![a-z])in 1[.,]?000(?!\d)|r\$ mil(?![a-z])|"
    r"(?<![a-z])bin tl",
    "millions": r"(?<![a-z])m{1,2} ?[$€£]|[$€£] ?m{1,2}(?![a-z])",
}


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    found = {}
    # 百万円 holds 万円.
    for unit in ("more", "millions", "ten_thousands", "thousands", "cents"):
        words = [_pattern(word) for word in layouts.words()["amount_scale"][unit]]
        found[unit] = re.compile("|".join([*words, *filter(None, [_SIGNS.get(unit)])]))
    return found


def _pattern(word: str) -> str:
    """A word with no letter before and behind it; signs of Asia stand within a word."""
    plain = re.escape(_plain(word))
    alone = word[0].isalpha() and word < "\u0e00"
    return rf"(?<![^\W_]){plain}(?![^\W_])" if alone else plain


def scale(heading: str) -> str:
    """The unit of amounts by their heading, or nothing for whole units."""
    text = _plain(heading)
    return next((unit for unit, one in _patterns().items() if one.search(text)), "")


def without(heading: str) -> str:
    """A heading without the unit that it says."""
    unit = scale(heading)
    if not unit:
        return heading
    text = unicodedata.normalize("NFKC", heading).replace("_", " ").strip()
    bare = re.sub(r"\s*[(\[【][^()\[\]【】]*[)\]】]\s*$", "", text)
    if bare != text and not scale(bare):
        return bare
    at = [one for one in _patterns()[unit].finditer(text.lower()) if one.end() >= len(text) - 1]
    return (
        re.sub(r"[\s,:/-]*(?:\b(?:in|en|em|w|в)\b)?[\s(\[]*$", "", text[: at[0].start()])
        if at
        else text
    )


def of_title(cells: Sequence[str]) -> str:
    """The unit that a line above the headings says, such as 単位:千円."""
    for cell in cells:
        unit = scale(cell) if len(cell) <= _TITLE_AT_MOST else ""
        if unit:
            return unit
    return ""


def _plain(text: str) -> str:
    return unaccented(unicodedata.normalize("NFKC", text).lower().replace("_", " "))
