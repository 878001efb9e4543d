"""The one exception of the command line: a thing the user can put right."""

from __future__ import annotations

from typing import ClassVar

from ._reading.messages import Door, command, written


class Problem(Exception):
    """Something in the file or the options that stops the report.

    The message never holds a customer's id, an amount or a time: it names the column and the row,
    so that the user finds the cell in the file. Headings and words of a status column may be shown.

    Args:
        message: What is wrong; options in it are those of `messages.say`.
        hint: What to do about it.
    """

    #: Whether it is about an option: the command's status is 2 then, else 3.
    of_usage: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)

    def told(self, door: Door) -> tuple[str, str]:
        """The message and the hint, as a door writes them."""
        message, hint = self.args
        return written(message, door), written(hint, door)

    def hinted(self, more: str) -> Problem:
        """The same with more behind the hint."""
        message, hint = self.args
        return type(self)(message, hint + more)

    @property
    def message(self) -> str:
        """The message, for the command."""
        return self.told(command)[0]

    @property
    def hint(self) -> str:
        """The hint, for the command."""
        return self.told(command)[1]

    def __str__(self) -> str:
        return self.message


class Misuse(Problem):
    """An option that cannot be followed, whatever the file holds."""

    of_usage = True
