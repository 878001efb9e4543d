"""Columns as codes: one coding of a column, for all checks that look at its distinct values.

To find the distinct texts of a million rows takes longer than a check of them. So while files are
read (`remembered`) the coding of a column is kept, by the memory that the column lies in: Arrow's
columns do not change, and a column that is kept keeps its memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_AT_MOST = 4  # columns: customers, orders, and what a check compares them with


@dataclass(frozen=True)
class Coded:
    """A column as codes.

    Attributes:
        codes: The place of each row's value in `words`, -1 where there is none.
        words: The distinct values, as they first appear.
    """

    codes: npt.NDArray[np.int32]
    words: pa.Array

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows each of the values has."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))


class _OfThread(threading.local):
    known: dict[Any, tuple[pa.ChunkedArray, Coded]] | None = None


_of_thread = _OfThread()


@contextmanager
def remembered() -> Iterator[None]:
    """Within it a column is coded once."""
    before, _of_thread.known = _of_thread.known, {}
    try:
        yield
    finally:
        _of_thread.known = before
        pa.default_memory_pool().release_unused()


def of(column: pa.ChunkedArray) -> Coded:
    """The codes of a column that has none of its own."""
    known = _of_thread.known
    if known is None:
        return _coded(column)
    key = _place(column)
    found = known.pop(key, None) or (column, _coded(column))
    known[key] = found  # the last one used is the last one to go
    if len(known) > _AT_MOST:
        known.pop(next(iter(known)))
    return found[1]


def words(column: pa.ChunkedArray) -> pa.Array:
    """The distinct texts of a column of texts, as they first appear."""
    if pa.types.is_dictionary(column.type):
        return pc.unique(column).cast(pa.string()).drop_null()
    return of(column.cast(pa.string())).words


def _coded(column: pa.ChunkedArray) -> Coded:
    parts = column.dictionary_encode().chunks
    if not parts:
        return Coded(np.zeros(0, np.int32), pa.array([], column.type))
    codes = [
        np.asarray(pc.fill_null(one, -1) if one.null_count else one, np.int32)
        for one in (part.indices for part in parts)
    ]
    whole = codes[0] if len(codes) == 1 else np.concatenate(codes)
    whole.flags.writeable = False  # all who ask get the same one
    return Coded(whole, parts[-1].dictionary)


def _place(column: pa.ChunkedArray) -> Any:
    """Where the values of a column lie."""
    return str(column.type), *(
        (one.offset, len(one), *(None if buffer is None else buffer.address for buffer in of))
        for one in column.chunks
        for of in [one.buffers()]
    )
