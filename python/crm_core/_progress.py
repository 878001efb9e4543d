"""The progress that `progress=True` shows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._types import Progress


def shown(progress: Progress | bool | None) -> Progress | None:
    """The function that is called with rows done and rows expected."""
    if isinstance(progress, bool):
        return _print if progress else None
    return progress


def _print(done: int, expected: int) -> None:
    """One line on standard error, which the next one replaces."""
    share = min(done / expected, 1.0) if expected else 1.0
    end = "\n" if done >= expected else ""
    print(f"\r{share:4.0%} of {expected:,} rows", end=end, file=sys.stderr, flush=True)
