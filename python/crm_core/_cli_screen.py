"""The terminal of a command: its width, and the progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def screen_of(quiet: bool) -> Console:
    """The screen for tables; without a terminal's width their lines are not wrapped."""
    from rich.console import Console

    console = Console(quiet=quiet)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 160
    return console


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[..., Callable[[float], None]]]:
    """A bar per stage on a terminal's stderr: `stage(key)` gives `advance(share)`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ._report import words

    console = Console(stderr=True)
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
            task = progress.add_task(words.page(key, "en", **values), total=1.0)
            return lambda share: progress.update(task, completed=share)

        yield stage
