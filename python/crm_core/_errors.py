"""The exceptions that the library raises.

All of them derive from `CrmError`, and from the built-in exception that one would expect beside it.
No message holds an id, an amount or a time of the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class CrmError(Exception):
    """Anything that this library refuses or fails to do.

    Attributes:
        code: The family: "schema", "data", "option", "not_fitted", "convergence", "cancelled",
            "out_of_memory", "budget" or "internal".
        column: The column at fault, where there is one.
        row: The row at fault, counted from 0 in the caller's order, where there is one.
        hint: What can be done about it, where that is more than the message says.

    Example:
        >>> try:
        ...     crm.rfm(orders, levels=1)
        ... except crm.CrmError as error:
        ...     print(error.code)
        option
    """

    code: str
    column: str | None
    row: int | None
    hint: str | None

    _code = "internal"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        column: str | None = None,
        row: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self._code
        self.column = column
        self.row = row
        self.hint = hint
        if hint:
            self.add_note(hint)

    def __reduce__(self) -> tuple[Any, ...]:
        about = {"code": self.code, "column": self.column, "row": self.row, "hint": self.hint}
        return _rebuilt, (type(self), str(self.args[0]), about)


def meant(said: object, words: Iterable[str]) -> str | None:
    """The hint of a word that is none, where one of these is near."""
    from difflib import get_close_matches

    near = get_close_matches(said.lower(), list(words), n=1) if isinstance(said, str) else []
    return f"did you mean `{near[0]}`?" if near else None


def _rebuilt(kind: type[CrmError], message: str, about: dict[str, Any]) -> CrmError:
    return kind(message, **about)


class SchemaError(CrmError, TypeError):
    """A column is missing, of a wrong type or length, or broken."""

    _code = "schema"


class DataError(CrmError, ValueError):
    """A row holds what it must not, rows contradict each other, or a sum is too large."""

    _code = "data"


class OptionError(CrmError, ValueError):
    """An option is unknown, out of range, or needs a column that was not given."""

    _code = "option"


class NotFittedError(CrmError):
    """A model was asked before it was fitted."""

    _code = "not_fitted"


class ConvergenceError(CrmError):
    """A fit found no answer."""

    _code = "convergence"


class CancelledError(CrmError):
    """The progress callback returned False."""

    _code = "cancelled"


class OutOfMemoryError(CrmError, MemoryError):
    """The system or the caller's budget has no more memory."""

    _code = "out_of_memory"


class InternalError(CrmError):
    """A defect of this library. Please report it."""

    _code = "internal"


# Tracebacks name them as users import them.
for _class in (CrmError, *CrmError.__subclasses__()):
    _class.__module__ = "crm_core"
