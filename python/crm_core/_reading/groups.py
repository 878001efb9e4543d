"""Rows by the order, or the product, that they belong to.

Grouping by numpy on small codes takes a fraction of the memory of Arrow's `group_by`, which besides
imports pandas where it is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from . import coded

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]


_FEW = 0.05
_FOR_ONE = 4  # so many alike bear one that is not


@dataclass(frozen=True)
class Values:
    """A column of numbers: exact ones as whole numbers of the column's smallest unit.

    Attributes:
        numbers: `int64`; `float64` of a column of floats, objects where 64 bits are too few.
        valid: Which rows have a value.
        scale: Digits after the point.
    """

    numbers: Numbers
    valid: Flags
    scale: int = 0

    @property
    def floats(self) -> npt.NDArray[np.float64]:
        """The values as floats."""
        floats: npt.NDArray[np.float64] = np.asarray(self.numbers, np.float64)
        return floats / 10.0**self.scale if self.scale else floats


class Groups:
    """The group of each row, as a code.

    Attributes:
        codes: A number from 0 for each row, -1 if the row is in no group.
        size: How many groups there are.
    """

    def __init__(self, codes: npt.NDArray[np.int32], size: int) -> None:
        self.codes = codes
        self.size = size

    @classmethod
    def of(cls, *columns: pa.ChunkedArray) -> Groups:
        """Rows that are equal in all of the columns; rows without the first are in no group."""
        codes, size = _codes(columns[0])
        for column in columns[1:]:
            more, count = _codes(column)
            both = np.where(codes < 0, -1, codes.astype(np.int64) * (count + 1) + more + 1)
            known, at = np.unique(both, return_inverse=True)
            none = int(len(known) > 0 and known[0] < 0)
            codes, size = (at - none).astype(np.int32), len(known) - none
        return cls(codes, size)

    @cached_property
    def known(self) -> Flags:
        """Which rows are of a group."""
        return self.codes >= 0

    @cached_property
    def _alone(self) -> bool:
        """Whether each group has one row."""
        return self.size == int(np.count_nonzero(self.known))

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """How many rows each group has."""
        return np.bincount(self.codes[self.known], minlength=self.size)

    def counts(self, where: Flags) -> npt.NDArray[np.int64]:
        """How many of these rows each group has."""
        return np.bincount(self.codes[where & self.known], minlength=self.size)

    def ends(self, values: Values, where: Flags | None = None) -> tuple[Numbers, Numbers, Flags]:
        """The least and the greatest value of each group, and which groups have one at all."""
        here = values.valid & self.known if where is None else values.valid & self.known & where
        codes, numbers = self.codes[here], values.numbers[here]
        some = np.zeros(self.size, np.bool_)
        some[codes] = True
        low = np.zeros(self.size, numbers.dtype)
        low[codes] = numbers
        high = low.copy()
        if self._alone:
            return low, high, some
        np.minimum.at(low, codes, numbers)
        np.maximum.at(high, codes, numbers)
        return low, high, some

    def sums(self, values: Values) -> Numbers:
        """The sum of each group; 0 if it has no value."""
        here = values.valid & self.known
        out = np.zeros(self.size, values.numbers.dtype)
        np.add.at(out, self.codes[here], values.numbers[here])
        return out

    def firsts(self, where: Flags | None = None) -> npt.NDArray[np.int64]:
        """The first row of each group, or the first of these rows; -1 if there is none."""
        out = np.full(self.size, -1, np.int64)
        at = np.flatnonzero(self.known if where is None else self.known & where)[::-1]
        out[self.codes[at]] = at  # of several the last one written stays
        return out

    def each(self, of_group: Numbers, otherwise: Any) -> Numbers:
        """What a group has, on each of its rows; rows of no group get the other value."""
        if not self.size:
            return np.full(len(self.codes), otherwise, of_group.dtype)
        return np.where(self.known, of_group[self.codes], otherwise)

    def touched(self, where: Flags) -> int:
        """How many groups have one of these rows; a row of no group is one of its own."""
        return int(np.count_nonzero(self.counts(where))) + int(
            np.count_nonzero(where & ~self.known)
        )


def few_of(count: int) -> float:
    """How many of so many may be otherwise where nearly all are alike: one in twenty, and one.

    Every file of a shop has a line that somebody corrected by hand.
    """
    return max(_FEW * count, 1 if count >= _FOR_ONE else 0)


def sharing(first: pa.ChunkedArray, second: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The rows that share their two values with another row; rows without the first do not."""
    codes, size = _codes(first)
    if size == np.count_nonzero(codes >= 0):
        return np.zeros(0, np.int64)  # each first value stands in one row
    more, count = _codes(second)
    both = codes.astype(np.int64) * (count + 1) + more + 1
    known = np.sort(both[codes >= 0])
    twice = known[1:][known[1:] == known[:-1]]
    return np.flatnonzero((codes >= 0) & np.isin(both, np.unique(twice)))


def flags(column: pa.ChunkedArray | pa.Array) -> Flags:
    """A column of true and false; null is false."""
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.bool_)


def valid(column: pa.ChunkedArray | pa.Array) -> Flags:
    """Which rows have a value."""
    if not column.null_count:
        return np.ones(len(column), np.bool_)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def values(column: pa.ChunkedArray) -> Values:
    """A column of integers, decimals or floats."""
    here = valid(column)
    if pa.types.is_decimal(column.type):
        return Values(_units(column), here, column.type.scale)
    filled = pc.fill_null(column, 0) if column.null_count else column
    kind = np.int64 if pa.types.is_integer(column.type) else np.float64
    numbers = np.asarray(filled.to_numpy(), kind)
    if kind is np.float64:
        here = here & ~np.isnan(numbers)
    return Values(numbers, here)


def column(found: Values, kind: pa.DataType) -> pa.ChunkedArray:
    """Values as a column of the type that they had."""
    if not pa.types.is_decimal(kind):
        return pa.chunked_array([pa.array(found.numbers, mask=~found.valid).cast(kind)])
    if found.numbers.dtype == object:
        whole = pa.array(found.numbers.tolist(), pa.decimal128(38, 0))
    else:
        whole = pa.array(found.numbers).cast(pa.decimal128(19, 0))
    units = pa.decimal128(38, found.scale)
    # A decimal of another scale has the same digits: nothing is computed.
    same = pa.Array.from_buffers(units, len(whole), whole.buffers())
    return pa.chunked_array([pc.if_else(pa.array(found.valid), same, None)])


def _codes(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], int]:
    if not pa.types.is_dictionary(column.type):
        found = coded.of(column)
        return found.codes, len(found.words)
    own = column.combine_chunks()
    if isinstance(own, pa.ChunkedArray):
        own = own.combine_chunks()
    words = own.dictionary
    if words.null_count or len(pc.unique(words)) < len(words):  # codes that are no keys
        return _codes(column.cast(words.type))
    at = own.indices
    numbers = pc.fill_null(at, -1) if at.null_count else at
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.int32), len(words)


def _units(column: pa.ChunkedArray) -> Numbers:
    """The digits of decimals, as whole numbers."""
    parts: Sequence[Numbers] = [_digits(chunk) for chunk in column.chunks]
    if not parts:
        return np.zeros(0, np.int64)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _digits(chunk: pa.Array) -> Numbers:
    if not pa.types.is_decimal128(chunk.type):
        chunk = chunk.cast(pa.decimal128(38, chunk.type.scale))
    at = slice(2 * chunk.offset, 2 * (chunk.offset + len(chunk)))
    halves = np.frombuffer(chunk.buffers()[1], np.int64)[at].reshape(-1, 2)
    low, high = halves[:, 0].copy(), halves[:, 1]
    if chunk.null_count:
        low[~np.asarray(chunk.is_valid().to_numpy(zero_copy_only=False))] = 0
    small = high == low >> 63
    if chunk.null_count:
        small |= ~np.asarray(chunk.is_valid().to_numpy(zero_copy_only=False))
    if small.all():
        return low
    return np.array([low % 2**64 + (high << 64) for low, high in halves.tolist()], object)
