"""Ids of customers that differ only by case, width or blanks, and values that mean no customer."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import coded, groups, layouts
from .columns import distinct, is_text, mapped, plain

#: The heading of the customers of orders that have none.
NOBODY = "(no customer)"
#: Different ids, and the rows of each.
RowsOf = tuple[pa.Array, np.ndarray[Any, Any]]
FOLDS = ("email", "case", "number", "none")
_MOSTLY = 0.9
_BRACKETS = (("", ""), ("(", ")"), ("[", "]"), ("<", ">"))  # around a word for nobody
_FEW_IDS = 50  # in a file of more customers one may have the number 0


def with_nobody(table: pa.Table) -> pa.Table:
    """The table with a column of customers that is blank in all rows."""
    return table.append_column(NOBODY, pa.nulls(table.num_rows, pa.string()))


def of_tests(column: pa.ChunkedArray) -> dict[str, int]:
    """How many mail addresses are those of tests, and their rows; nothing if all are, or none."""
    if not is_mail(column):
        return {}
    here = tests_of(column)
    rows = pc.sum(pc.is_in(column.cast(pa.string()), here)).as_py() or 0
    return {"ids": len(here), "rows": rows} if 0 < len(here) * 2 < len(coded.words(column)) else {}


def tests_of(column: pa.ChunkedArray) -> pa.Array:
    """The mail addresses of tests."""
    return pa.array([one for one in coded.words(column).to_pylist() if _of_test(one)], pa.string())


def _of_test(mail: str) -> bool:
    """Whether the name or the host of an address is one for tests."""
    low = mail.lower()
    parts = layouts.words()["other_status"]["test_mails"]
    return any(low.startswith(one) if one.endswith("@") else one in low for one in parts)


def _email(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower() if "@" in text else text


_FOLD: Mapping[str, Callable[[str], str]] = {
    "email": _email,
    "case": plain,
    "number": lambda text: plain_number(text.strip()),
    "none": lambda text: text,
}


def is_mail(column: pa.ChunkedArray) -> bool:
    """Whether a column holds mail addresses."""
    if not is_text(column.type):
        return False
    if not _any(pc.match_substring(column.cast(pa.string()), "@")):
        return False  # a look at every cell is cheaper than the distinct ones
    found = coded.words(column)
    with_sign = pc.sum(pc.match_substring(found, "@")).as_py() or 0
    return len(found) > 0 and with_sign >= _MOSTLY * len(found)


def folded(column: pa.ChunkedArray, how: str) -> tuple[pa.ChunkedArray, int]:
    """The ids written alike, and how many of them became one with another."""
    if how == "none" or not is_text(column.type):
        return column, 0
    one = mapped(column, _FOLD[how])
    return one, len(distinct(column)) - len(distinct(one))


def near(column: pa.ChunkedArray) -> int:
    """How many ids are another one but for case, width and blanks."""
    if not is_text(column.type):
        return 0
    found = coded.words(column)
    if pc.all(pc.string_is_ascii(found)).as_py() is False:
        return len(found) - len({plain(text) for text in found.to_pylist()})
    bare = _plain_ascii(found)
    changed = pc.any(pc.not_equal(bare, found)).as_py()
    return len(found) - int(pc.count_distinct(bare).as_py()) if changed else 0


def _plain_ascii(texts: pa.Array) -> pa.Array:
    """As `plain` does with a text of ASCII."""
    low = pc.ascii_lower(texts)
    blanks = r"[\s\x0b\x1c-\x1f]+"
    some = pc.any(pc.match_substring_regex(low, blanks)).as_py()
    return pc.replace_substring_regex(low, pattern=blanks, replacement="") if some else low


def plain_number(text: str) -> str:
    """An id of digits without zeros before it and a fraction of zero, which programs add."""
    if not (text.isascii() and text[:1].isdigit()):
        return text
    whole = text.removesuffix(".0") if text.endswith(".0") else text
    return whole.lstrip("0") or "0" if whole.isdigit() else text


def near_numbers(column: pa.ChunkedArray) -> int:
    """How many ids are another one but for zeros before it, or a fraction of zero: 007, 7.0."""
    if not is_text(column.type):
        return 0
    texts = column.cast(pa.string())
    # A look at every cell is cheaper than the distinct ones of a million.
    if not _any(pc.or_(pc.starts_with(texts, "0"), pc.ends_with(texts, ".0"))):
        return 0
    words = coded.words(texts)
    numbers = words.filter(pc.match_substring_regex(words, r"^[0-9]+(\.0)?$"))
    # As `plain_number` does.
    bare = pc.replace_substring_regex(numbers, r"^0*([0-9]+?)(\.0)?$", r"\1")
    return len(numbers) - int(pc.count_distinct(bare).as_py())


def _any(here: pa.ChunkedArray) -> bool:
    return bool(pc.any(here).as_py())


def unmarked(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """Ids without what spreadsheets put around them, and how many cells had it."""
    if not is_text(column.type):
        return column, 0
    texts = column.cast(pa.string())
    if not _any(pc.or_(pc.starts_with(texts, "="), pc.starts_with(texts, "'"))):
        return column, 0
    pattern = r"""^(?:="(.*)"|'(\d.*))$"""
    marked = pc.sum(pc.match_substring_regex(coded.words(texts), pattern)).as_py() or 0
    if not marked:
        return column, 0
    return pc.replace_substring_regex(texts, pattern=pattern, replacement=r"\1\2"), marked


def rounded(column: pa.ChunkedArray) -> int:
    """How many ids a spreadsheet has rounded, such as 1.23E+11: several may have become one."""
    if not is_text(column.type):
        return 0
    texts = column.cast(pa.string())
    if not _any(pc.match_substring(texts, "+")):
        return 0
    words = coded.words(texts)
    pattern = r"^\d([.,]\d+)?[Ee]\+\d{1,2}$"
    return int(pc.sum(pc.match_substring_regex(words, pattern)).as_py() or 0)


def placeholder(ids: RowsOf) -> str:
    """The id 0, 0000 or 9999 that has more rows than any other: many shops write it for nobody."""
    words, counts = ids
    nobody = groups.flags(pc.match_substring_regex(words, r"^(0+|9{4,})$"))
    if len(words) < 2 or not np.any(nobody):
        return ""
    found = dict(zip(words.filter(pa.array(nobody)).to_pylist(), counts[nobody], strict=True))
    most = max(found, key=lambda one: (found[one], one))
    return most if np.count_nonzero(counts >= found[most]) == 1 else ""


def zero(ids: RowsOf) -> tuple[str, int, bool]:
    """The id 0 that some rows have, how many, and whether the other ids make it an odd one.

    It is not odd among ids that count on from it, nor in a file of many customers.
    """
    words, counts = ids
    nobody = groups.flags(pc.match_substring_regex(words, r"^0+$"))
    if len(words) < 2 or np.count_nonzero(nobody) != 1:
        return "", 0, False
    at = int(np.argmax(nobody))
    found = words.to_pylist()
    numbers = [int(one) for one in found if one.isascii() and one.isdigit()]
    counted_on = len(numbers) == len(found) and (
        set(numbers) == set(range(len(found)))
        or (len(found) >= 10 and 2 * len(found) > max(numbers))
    )
    return found[at], int(counts[at]), len(found) <= _FEW_IDS and not counted_on


def prevailing(ids: RowsOf) -> int:
    """The rows of an id that has a fifth of all rows and ten times those of any other, else 0."""
    counts = np.sort(ids[1])
    if len(counts) < 3 or counts[-1] < 20:
        return 0
    most, second = int(counts[-1]), int(counts[-2])
    return most if 5 * most >= int(counts.sum()) and most >= 10 * second else 0


def words_in(column: pa.ChunkedArray, rows: pa.ChunkedArray) -> pa.Array:
    """The different texts of a column in some rows, but for case and blanks."""
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string()).filter(rows)))
    return pc.unique(texts.filter(pc.not_equal(texts, ""))).drop_null()


def rows_of_ids(column: pa.ChunkedArray) -> RowsOf:
    """The ids, and how many rows each has."""
    if not is_text(column.type) and not pa.types.is_integer(column.type):
        return pa.array([], pa.string()), np.array([], np.int64)
    found = coded.of(column.cast(pa.string()))
    return found.words, found.counts


def without_guests(
    column: pa.ChunkedArray, values: Sequence[str]
) -> tuple[pa.ChunkedArray, list[str]]:
    """The ids with null for values that mean no account, and the values that were there.

    Args:
        column: The ids, without blanks.
        values: The layout's values.
    """
    if pa.types.is_nested(column.type):
        return column, []
    if not is_text(column.type):
        numbers = [int(one) for one in values if one.isdecimal()]
        if not numbers or not pa.types.is_integer(column.type):
            return column, []
        is_guest = pc.is_in(column, value_set=pa.array(numbers).cast(column.type))
        there = pc.unique(column.filter(is_guest)).drop_null().to_pylist()
        return pc.if_else(is_guest, None, column), [str(one) for one in there]
    known = [*values, *layouts.words()["guests"]["words"]]
    wanted = {f"{a}{plain(one)}{z}" for one in known for a, z in _BRACKETS}
    texts = coded.words(column)
    # Ids of ASCII, which most are, are compared all at once.
    likely = pc.or_(
        pc.or_(pc.invert(pc.string_is_ascii(texts)), pc.match_substring(texts, "@")),
        pc.is_in(_plain_ascii(texts), pa.array(sorted(wanted), pa.string())),
    )
    found = [
        text
        for text in texts.filter(likely).to_pylist()
        if plain(text) in wanted or ("@" in text and _of_nobody(text))
    ]
    if not found:
        return column, []
    is_guest = pc.is_in(column, value_set=pa.array(found, pa.string()))
    return pc.if_else(is_guest, None, column), found


def _of_nobody(address: str) -> bool:
    """Whether a mail address begins as no customer's does, such as guest1@ or no-reply@."""
    name = address.lower().partition("@")[0]
    begins = layouts.words()["guests"]["mail"]
    return any(name.startswith(one) and len(name) <= len(one) + 3 for one in begins)
