"""Requests as JSON. Options that are not given have the library's defaults."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import OptionError


def dumps(request: Mapping[str, Any]) -> str:
    """The JSON of a request, without the options that are None.

    Raises:
        OptionError: A value that cannot be written as JSON.
    """
    return _dumps({name: value for name, value in request.items() if value is not None})


def conditions(where: Mapping[str, Any]) -> str:
    """The JSON of a filter. None is a condition: the column has no value.

    Raises:
        OptionError: A value that cannot be written as JSON.
    """
    return _dumps(where)


def _dumps(given: Mapping[str, Any]) -> str:
    import json

    try:
        sent = {name: plain(name, v) for name, v in given.items() if not isinstance(v, Json)}
        text = json.dumps(sent, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise _too_deep("request") from None
    for name, value in given.items():
        if isinstance(value, Json):
            text = f"{text[:-1]}{', ' if len(text) > 2 else ''}{json.dumps(name)}: {value}}}"
    return text


class Json(str):
    """A text that is JSON already."""

    __slots__ = ()


def plain(name: str, value: Any) -> Any:
    """A value for JSON: dates as ISO text, numpy's numbers as Python's."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise OptionError(f"option `{name}`: expected a finite number")
        return value
    if isinstance(value, datetime.datetime):
        midnight = value.tzinfo is None and value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        items = {str(plain(name, key)): plain(name, item) for key, item in value.items()}
        if len(items) < len(value):
            raise OptionError(f"option `{name}`: expected each key once, found two of one text")
        return items
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:
        return plain(name, _scalar(value))
    if isinstance(value, Iterable):
        return [plain(name, item) for item in value]
    if hasattr(value, "__float__"):
        return float(value)
    raise OptionError(
        f"option `{name}`: a value of type {type(value).__name__} is none of an option"
    )


def document(learned: Any) -> Json | None:
    """A document of `learn` as JSON: from the notes of a table, or from a text."""
    import json

    if learned is None:
        return None
    if isinstance(learned, str):
        text = learned if _is_object(learned) else None
    else:
        found = learned
        if not isinstance(learned, Mapping):
            found = getattr(learned, "notes", {}).get("learned")
        text = None
        if isinstance(found, Mapping):
            other = functools.partial(plain, "learned")
            try:
                text = json.dumps(found, ensure_ascii=False, allow_nan=False, default=other)
            except ValueError:
                text = None
            except RecursionError:
                raise _too_deep("learned") from None
    if text is None:
        raise OptionError(
            "option `learned`: expected what `learn` has given, of one date and without `by`"
        )
    return Json(text)


@functools.lru_cache(maxsize=16)
def _is_object(text: str) -> bool:
    """Whether a text is a JSON object. Cached, because a server checks the same few texts
    repeatedly.
    """
    import json

    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
    except RecursionError:
        raise _too_deep("learned") from None


def _too_deep(name: str) -> OptionError:
    return OptionError(f"option `{name}`: expected JSON that is nested less deeply")


def _scalar(value: Any) -> Any:
    """A numpy scalar as a Python value. numpy's dates may have a finer resolution than Python's;
    the text does not.
    """
    if value.dtype.kind == "M":
        return str(value.astype("datetime64[D]"))
    return value.item()


def date(name: str, value: Any) -> str:
    """A civil date as ISO text."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if hasattr(value, "dtype"):
        return str(value.astype("datetime64[D]"))
    raise OptionError(
        f"option `{name}`: expected a date such as 2026-11-21, "
        f"found a value of type {type(value).__name__}"
    )


def as_of(value: Any) -> Any:
    """A date or a list of dates, as ISO text."""
    if value is None or isinstance(value, (str, datetime.date)):
        return value if value is None else date("as_of", value)
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:
        return date("as_of", value)
    if isinstance(value, Iterable):
        return [date("as_of", item) for item in value]
    return date("as_of", value)


def moments(value: Any) -> Any:
    """The `as_of` of events as ISO text: a date, an instant, or a list of these."""
    if value is None or isinstance(value, (str, datetime.date)) or _is_scalar(value):
        return value if value is None else _moment(value)
    if isinstance(value, Iterable):
        return [_moment(item) for item in value]
    return _moment(value)


def _is_scalar(value: Any) -> bool:
    return hasattr(value, "dtype") and getattr(value, "ndim", None) == 0


def _moment(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        # pandas' Timestamps print nanoseconds if they have any; the library has microseconds.
        stamp: Any = value
        if hasattr(stamp, "to_pydatetime"):
            stamp = stamp.floor("us").to_pydatetime()
        return str(stamp.isoformat())
    if _is_scalar(value) and str(value.dtype) not in ("datetime64[D]", "datetime64[M]"):
        return str(value.astype("datetime64[us]"))
    return date("as_of", value)
