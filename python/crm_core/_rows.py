"""Rows of a table by conditions, and their order."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import OptionError, meant
from ._request import date

if TYPE_CHECKING:
    import numpy as np

    from ._table import Table

    Mask = np.ndarray[Any, np.dtype[np.bool_]]

_NUMBERS = ("int", "float", "money")


def where(table: Table, conditions: Mapping[str, Any]) -> Mask:
    """Which rows fulfil all conditions; a missing cell fulfils only None."""
    import numpy as np

    kept = np.ones(len(table), bool)
    for name, wanted in conditions.items():
        cells = table._list(table._at(name), "en", "float")
        if isinstance(wanted, Mapping):
            for end in wanted:
                if end not in ("from", "to"):
                    raise OptionError(
                        f"condition on `{name}`: expected the keys `from` and `to`",
                        hint=meant(end, ("from", "to")),
                    )
            low = _value(table, name, wanted.get("from"), "from")
            high = _value(table, name, wanted.get("to"), "to")
            fulfilled = [
                cell is not None and (low is None or cell >= low) and (high is None or cell <= high)
                for cell in cells
            ]
        else:
            several = wanted if _is_list(wanted) else [wanted]
            values = {_value(table, name, one, "is") for one in several}
            fulfilled = [cell in values for cell in cells]
        kept &= np.array(fulfilled, bool)
    return kept


def _is_list(value: object) -> bool:
    if isinstance(value, (str, bytes, datetime.date)):
        return False
    return hasattr(value, "__iter__")


def _value(table: Table, name: str, value: Any, of: str) -> Any:
    """A value of a condition as the cells of the column have it."""
    about = table.schema[name]
    kind = about["type"]
    if value is None:
        return None
    if hasattr(value, "item") and kind not in ("date", "instant"):
        value = value.item()
    if kind == "category":
        words = table.words(name)
        if value not in words:
            raise OptionError(
                f"condition on `{name}`: not one of its words: {', '.join(words)}",
                hint=meant(value, words),
            )
    elif kind == "date":
        return datetime.date.fromisoformat(date(name, value))
    elif kind == "instant":
        return _instant(value, table, name, of)
    elif kind in _NUMBERS and (isinstance(value, bool) or not hasattr(value, "__float__")):
        raise OptionError(f"condition on `{name}`: expected a number")
    elif kind == "bool" and not isinstance(value, bool):
        raise OptionError(f"condition on `{name}`: expected true or false")
    elif of != "is" and "text" in (kind, about.get("id_type")) and not isinstance(value, str):
        raise OptionError(f"condition on `{name}`: expected a text")
    return value


def _instant(value: Any, table: Table, name: str, of: str) -> datetime.datetime:
    import zoneinfo

    text = str(value)
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(f"condition on `{name}`: expected a time such as 2026-11-21") from None
    if len(text) == 10 and of == "to":
        moment = datetime.datetime.combine(moment.date(), datetime.time.max)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(table.schema[name]["timezone"]))
    return moment


def order(table: Table, by: Sequence[str], descending: Sequence[bool]) -> np.ndarray[Any, Any]:
    """The places of the rows in the order of columns, ties as they were, missing cells last."""
    import numpy as np

    keys = []
    for name, down in zip(by, descending, strict=True):
        at = table._at(name)
        valid = table._table.valid(at)
        known = np.ones(len(table), bool) if valid is None else np.frombuffer(valid, "u1") == 1
        if table.schema[name]["type"] == "category":
            cells: np.ndarray[Any, Any] = np.frombuffer(table._table.cells(at), "u1")
        else:
            cells = table._numpy(at, "en", "minor")
        # Places among the distinct values, so that descending order keeps ties, too.
        ranks = np.full(len(table), len(table))
        ranks[known] = np.unique(cells[known], return_inverse=True)[1] * (-1 if down else 1)
        keys.append(ranks)
    return np.lexsort(keys[::-1])
