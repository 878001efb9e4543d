"""The one exception of the command line: a thing the user can put right."""

from __future__ import annotations


class Problem(Exception):
    """Something in the file or the options that stops the report.

    The message never holds a customer's id, an amount or a time: it names the column and the row,
    so that the user finds the cell in the file. Headings and words of a status column may be shown.
    """

    def __init__(self, message: str, hint: str = "", usage: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self._usage = usage

    @property
    def of_usage(self) -> bool:
        """Whether it is about an option; a message that begins with one is."""
        return self._usage or self.message.startswith(("--", "crm "))
