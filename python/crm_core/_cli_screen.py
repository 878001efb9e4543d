"""The terminal of a command: its width, and the progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import _cli_japanese

if TYPE_CHECKING:
    from rich.console import Console


def screen_of(quiet: bool, beside: bool = False) -> Console:
    """The screen for tables; without a terminal's width their lines are not wrapped.

    Args:
        quiet: Whether nothing is printed.
        beside: Whether standard output is taken, so that texts go to standard error.
    """
    from rich.console import Console

    console = Console(quiet=quiet, stderr=beside)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 160
    return console


@contextmanager
def progress(quiet: bool, lang: str | None) -> Iterator[Callable[..., Callable[[float], None]]]:
    """A bar per stage on a terminal's stderr: `stage(key)` gives `advance(share)`.

    The language is the one that was said, else the terminal's: no file is read yet.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ._report import words

    console = Console(stderr=True)
    lang = lang or ("ja" if _cli_japanese.wanted([]) else "en")
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as progress:

        def stage(key: str, **values: object) -> Callable[[float], None]:
            task = progress.add_task(words.page(key, lang, **values), total=1.0)
            return lambda share: progress.update(task, completed=share)

        yield stage
