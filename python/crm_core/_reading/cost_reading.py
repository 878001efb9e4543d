"""What each channel cost: a table of channel, cost and, if it has one, date."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from .._problem import Problem
from . import dates
from .columns import as_text, numbers, shown
from .headings import listed, matched, names_of
from .settings import Settings
from .source import Source

_NAMES: Mapping[str, Sequence[str]] = {
    "cost": ("費用", "広告費", "コスト", "広告費用", "媒体費", "利用額", "消化金額", "金額",
             "cost", "costs", "spend", "ad spend", "amount spent", "amount", "Kosten", "Coût",
             "Coste", "Costo", "Custo"),
    "date": ("日付", "日", "月", "年月", "対象月", "計上月", "date", "day", "month", "period",
             "Datum", "Monat", "Fecha", "Data"),
}  # fmt: skip


@dataclass(frozen=True)
class Costs:
    """Costs of channels.

    Attributes:
        rows: What `acquisition` takes: a channel, its cost, and the date if the file has dates.
        first: The first date; None without dates.
        last: The last date.
    """

    rows: list[dict[str, object]]
    first: datetime.date | None = None
    last: datetime.date | None = None


def load_costs(path: Path, settings: Settings) -> Costs:
    """Reads a table of costs."""
    source = Source(path, settings.encoding, settings.delimiter)
    names = {"channel": ("媒体", "媒体名", "広告媒体", *names_of("channel"), "name"), **_NAMES}
    chosen = {role: one.value for role, one in matched(source.headings, {}, names).items()}
    for role in ("channel", "cost"):
        if role not in chosen:
            raise Problem(
                f"--costs: no column of {path.name} looks like {role}; the headings are: "
                f"{listed(source.headings)}"
            )
    table = source.read(list(chosen.values()), lambda share: None, False)
    channels = shown(table[chosen["channel"]])
    amounts = numbers(table[chosen["cost"]])
    if channels is None or amounts is None or amounts.null_count:
        raise Problem(f"--costs: {path.name}, column {chosen['cost']}: not a number in each row")
    rows: list[dict[str, object]] = [
        {"channel": channel, "cost": float(amount)}
        for channel, amount in zip(channels.to_pylist(), amounts.to_pylist(), strict=True)
    ]
    if "date" not in chosen:
        return Costs(rows)
    days = _days(table[chosen["date"]], path, chosen["date"], settings)
    for row, day in zip(rows, days, strict=True):
        row["date"] = day.isoformat()
    return Costs(rows, min(days, default=None), max(days, default=None))


def _days(
    column: pa.ChunkedArray, path: Path, name: str, settings: Settings
) -> list[datetime.date]:
    """Days, or the first days of months such as 2026-11."""
    text = as_text(column)
    if text is None:
        found = column.to_pylist()
        return [one.date() if isinstance(one, datetime.datetime) else one for one in found]
    whole = [
        one if one is None or len(one.strip()) > 7 else f"{one.strip().replace('/', '-')}-01"
        for one in text.to_pylist()
    ]
    read = dates.parse(pa.chunked_array([whole], pa.string()), settings.date_format)
    if read.unread or read.wall.null_count:
        raise Problem(f"--costs: {path.name}, column {name}: not a date in each row")
    return [one.date() for one in read.wall.to_pylist()]
