"""How a file was understood, for people: `crm report --check`, `orders.understanding`.

It contains the role of each column and its reason, the meaning of amounts and the sums that were
tried, the columns that were not read and what they look like, and the first order as read. Ids,
names and addresses are left out, because the page is passed around.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from . import ids, words
from .columns import distinct, numbers, shown
from .groups import Flags, Groups
from .headings import Choice
from .layouts import Layout
from .messages import Door, command, python, say, written
from .settings import Loaded, Note

_SAMPLE = 1_000
_FEW = 20


@dataclass(frozen=True)
class Understanding:
    """What was understood of the files.

    Attributes:
        layout: The id of the layout; None if only the headings decided.
        choices: The column of each role, the reason, and the option that changes it.
        warnings: What may be wrong.
        notes: What was done to the data.
        facts: Dates, sums that were tried, unread columns, rows by state, the first order.
    """

    layout: str | None
    choices: Sequence[Choice]
    warnings: Sequence[str]
    notes: Sequence[str]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "layout": self.layout,
            "choices": {
                one.role: {"value": one.value, "why": words.reason(one.reason, one.detail, "en")}
                for one in self.choices
            },
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "facts": dict(self.facts),
        }

    def __repr__(self) -> str:
        lines = [f"! {one}" for one in self.warnings]
        lines += [
            f"{words.column(one.role, 'en'):<14} {one.value}  "
            f"({words.reason(one.reason, one.detail, 'en')})"
            for one in self.choices
        ]
        lines += [f"{name:<14} {value}" for name, value in rows(self.facts, "en", python)]
        lines += [f"· {one}" for one in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        def row(*cells: str) -> str:
            return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"

        warned = "".join(f"<p><strong>{html.escape(one)}</strong></p>" for one in self.warnings)
        chosen = [
            row(
                words.column(one.role, "en"),
                one.value,
                words.reason(one.reason, one.detail, "en"),
            )
            for one in self.choices
        ]
        found = [row(name, value, "") for name, value in rows(self.facts, "en", python)]
        noted = "".join(f"<li>{html.escape(one)}</li>" for one in self.notes)
        return f"{warned}<table>{''.join([*chosen, *found])}</table><ul>{noted}</ul>"


def understanding(loaded: Loaded, door: Door) -> Understanding:
    """The understanding of files that were read.

    Args:
        loaded: What was read.
        door: Writes the options that a sentence names.
    """

    def told(notes: Sequence[Note]) -> list[str]:
        return [words.note(one.code, one.values, "en", door) for one in notes]

    layout: Layout | None = loaded.layout
    return Understanding(
        layout=None if layout is None else layout.id,
        choices=loaded.choices,
        warnings=told(loaded.warnings),
        notes=told(loaded.notes),
        facts=loaded.facts,
    )


def rows(facts: Mapping[str, Any], lang: str, door: Door = command) -> list[tuple[str, str]]:
    """The facts as pairs of subject and text."""
    lines: list[tuple[str, str]] = []

    def add(key: str, value: str) -> None:
        lines.append((words.fact(f"fact_{key}", lang), value))

    if "dates" in facts:
        add("dates", " – ".join(facts["dates"]))
    if facts.get("date_form"):
        add("date_form", str(facts["date_form"]))
    add("zone", facts.get("zone") or words.fact("fact_no_zone", lang, door))
    for one in facts.get("checks", ()):
        add("sum", f"{one['what']}: {one['holds']:,} / {one['of']:,}")
    found = facts.get("ids")
    if found:
        fold = f"{say.id_fold:{found['fold']}}: {found['joined']:,}"
        add("near", f"{found['near']:,} ({written(fold, door)})")
    for meaning, count in facts.get("states", {}).items():
        add("state", f"{words.value(meaning, lang)}: {count['orders']:,} / {count['rows']:,}")
    first = facts.get("first_order")
    if first:
        amounts = ", ".join(first["amounts"])
        state = f", {words.value(first['state'], lang)}" if first["state"] else ""
        add("first", f"{first['date']}, {first['lines']} × [{amounts}] = {first['total']}{state}")
    for name, looks in facts.get("unread", {}).items():
        add("unread", f"{name}: {words.fact(f'looks_{looks}', lang)}")
    return lines


def looks(column: pa.ChunkedArray) -> str:
    """What a column that was not read looks like: a code of the words `looks_...`."""
    if pa.types.is_temporal(column.type):
        return "dates"
    text = shown(column.slice(0, _SAMPLE))
    if text is None:
        return "nested"
    found = distinct(text)
    if not found:
        return "blank"
    if ids.is_mail(text):
        return "mail"
    if all(len(one) >= 8 and one[:4].isdecimal() and one[4] in "-/.年" for one in found):
        return "dates"
    if numbers(text) is not None:
        return "numbers"
    return "words" if len(found) <= _FEW else "texts"


def first_order(
    keys: Groups | None,
    amount: pa.ChunkedArray,
    quantity: pa.ChunkedArray | None,
    kind: str,
    kept: Flags,
) -> tuple[int, list[str], str]:
    """The lines of the first order of the rows that are kept: how many, their amounts, the sum."""
    row = int(np.argmax(kept))
    if keys is None or keys.codes[row] < 0:
        here = pa.array([row], pa.int64())
    else:
        here = pa.array(np.flatnonzero((keys.codes == keys.codes[row]) & kept))
    amounts = [one.as_py() for one in amount.take(here)]
    plain = [one for one in amounts if one is not None]
    if kind == "unit" and quantity is not None:
        pieces = [one.as_py() or 0 for one in quantity.take(here)]
        total = sum((one or 0) * count for one, count in zip(amounts, pieces, strict=True))
        pairs = zip(amounts, pieces, strict=True)
        return (
            len(amounts),
            [f"{_said(one)} × {count}" for one, count in pairs if one],
            _said(total),
        )
    if not plain:
        return len(amounts), [], "0"
    total = plain[0] if kind == "order" else sum(plain)
    return len(amounts), [_said(one) for one in plain], _said(total)


def _said(amount: Any) -> str:
    return f"{round(amount, 4) if isinstance(amount, float) else amount:,}"
