"""Which words of a file a message may show.

A cell may hold a customer's name. A word is shown if the library or the user knows it, or if it is
short, of letters or one or two digits only, and stands in several rows. Of other cells the row and
the length are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from . import layouts, statuses
from .columns import cut
from .layouts import fold_word

_FEW_WORDS = 20
_ONE_WORD = re.compile(r"[^\W\d_]{1,20}")
_CODE = re.compile(r"\d{1,2}")
_THREE_WORDS = re.compile(r"[^\W\d_]{1,15}(?:[ _-][^\W\d_]{1,15}){1,2}")


def is_known(word: str) -> bool:
    """Whether the vocabulary has a word."""
    key = fold_word(word)
    return (
        key in statuses.general()
        or statuses.is_odd(word)
        or statuses.is_booking(word)
        or statuses.is_owed("payment", word)
        or statuses.says_yes(word)
        or statuses.says_no(word)
        or any(key in bad for bad in statuses.verdict_words())
        or key in _kinds()
    )


@cache
def _kinds() -> frozenset[str]:
    """The kinds of events."""
    return frozenset(fold_word(one) for some in layouts.words()["kinds"].values() for one in some)


class Said:
    """The words of a column, as a message may show them.

    Args:
        column: The texts.
        row_name: The name of a row in its file.
        own: Words that the user has written.
    """

    def __init__(
        self,
        column: pa.ChunkedArray,
        row_name: Callable[[int], str],
        own: Collection[str] = (),
    ) -> None:
        self._column = column
        self._row_name = row_name
        self._own = {fold_word(word) for word in own}
        found = pc.value_counts(column.cast(pa.string()).drop_null()).to_pylist()
        self._rows = {one["values"]: one["counts"] for one in found}

    def may_show(self, word: str) -> bool:
        """Whether a word is no customer's."""
        if is_known(word) or fold_word(word) in self._own:
            return True
        rows = self._rows.get(word, 0)
        if len(self._rows) > _FEW_WORDS:
            return False
        if _ONE_WORD.fullmatch(word) or _CODE.fullmatch(word):
            return bool(rows >= 2) or len(word) == 1
        return bool(rows >= 5 and _THREE_WORDS.fullmatch(word))

    def __call__(self, word: str) -> str:
        """The word, or the row that it stands in."""
        if self.may_show(word):
            return cut(word)
        at = pc.index(self._column.cast(pa.string()), word).as_py()
        where = f" in {self._row_name(at)}" if at >= 0 else ""
        return f"({len(word)} characters{where})"

    def option(self, word: str, otherwise: str = "WORD") -> str:
        """The word as an option takes it; a placeholder for one that is not shown."""
        return cut(word) if self.may_show(word) else otherwise
