"""The exceptions that the library raises.

All derive from `CrmError` and from the matching built-in exception. No message contains an id, an
amount or a time of the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class CrmError(Exception):
    """The base class of all errors of this library.

    Attributes:
        code: The family: "schema", "data", "option", "not_fitted", "convergence", "cancelled",
            "out_of_memory", "budget" or "internal".
        column: The column of the error, if there is one.
        row: The row of the error in the caller's order, counted from 0, if there is one.
        hint: What the user can do about it, if the message does not say it already.

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


class ReadingWarning(UserWarning):
    """A doubt about how `read_orders` or `read_events` has read a file, or `Orders` a frame.

    Of the two functions `strict=True` makes an error of it, `known=[...]` a note, and
    `understanding.warnings` keeps it.
    """


def meant(word: object, words: Iterable[str]) -> str | None:
    """The hint for an unknown word, if one of these is near."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), list(words), n=1) if isinstance(word, str) else []
    return f"did you mean `{near[0]}`?" if near else None


@contextmanager
def needed_by(name: str) -> Iterator[None]:
    """Around the import of a package that is no dependency: its absence says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name)
        raise ImportError(f"{name} needs {package}: pip install {package}", name=package) from error


def _rebuilt(kind: type[CrmError], message: str, about: dict[str, Any]) -> CrmError:
    return kind(message, **about)


class SchemaError(CrmError, TypeError):
    """A column is missing, of a wrong type or length, or malformed."""

    _code = "schema"


class DataError(CrmError, ValueError):
    """A row has an invalid value, rows contradict each other, or a sum is too large."""

    _code = "data"


class OptionError(CrmError, ValueError):
    """An option is unknown, out of range, or needs a column that was not given."""

    _code = "option"


class NotFittedError(CrmError):
    """A model was used before it was fitted."""

    _code = "not_fitted"


class ConvergenceError(CrmError):
    """A fit did not converge."""

    _code = "convergence"


class CancelledError(CrmError):
    """The progress callback returned False."""

    _code = "cancelled"


class OutOfMemoryError(CrmError, MemoryError):
    """The system is out of memory, or the caller's budget is exceeded."""

    _code = "out_of_memory"


class VersionError(CrmError):
    """A worker has another version of the library than the process that sent it work."""

    _code = "version"


class InternalError(CrmError):
    """A defect of this library. Please report it."""

    _code = "internal"


# Tracebacks name them as users import them.
for _class in (CrmError, *CrmError.__subclasses__()):
    _class.__module__ = "crm_core"
