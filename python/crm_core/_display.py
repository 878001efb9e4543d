"""Tables for people: text, HTML and Markdown, with money as money and shares in percent."""

from __future__ import annotations

import html
import struct
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._columns import Columns, Field

if TYPE_CHECKING:
    from ._table import Table
    from ._types import Labels

_NONE = "–"
_LEFT = frozenset(("id", "category", "text", "date", "instant", "bool"))
_WIDEST = 40


def text(table: Table, rows: int | None, labels: Labels, width: int) -> str:
    """Aligned columns; those that do not fit into the width are named below."""
    headings, columns, left = _parts(table, rows, labels)
    columns = [[_cut(cell) for cell in column] for column in columns]
    widths = [
        max(map(_width, [heading, *column]), default=0)
        for heading, column in zip(headings, columns, strict=True)
    ]
    shown, used = 0, 0
    while shown < len(widths) and (used + widths[shown] <= width or not shown):
        used += widths[shown] + 2
        shown += 1
    lines = [
        "  ".join(_padded(cell, widths[at], left[at]) for at, cell in enumerate(row)).rstrip()
        for row in [headings[:shown], *zip(*columns[:shown], strict=True)]
    ]
    if more := _more(table, rows):
        lines.append(more)
    if hidden := headings[shown:]:
        lines.append(f"further columns: {', '.join(hidden)}")
    return "\n".join(lines)


def markup(table: Table, rows: int | None, labels: Labels, caption: str) -> str:
    """An HTML table with a caption."""
    headings, columns, left = _parts(table, rows, labels)

    def row(tag: str, cells: Sequence[str]) -> str:
        sides = ["left" if to_left else "right" for to_left in left]
        aligned = [
            f'<{tag} style="text-align:{side}">{html.escape(cell)}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        ]
        return f"<tr>{''.join(aligned)}</tr>"

    body = "".join(row("td", cells) for cells in zip(*columns, strict=True))
    more = _more(table, rows)
    foot = f"<p>{html.escape(more)}</p>" if more else ""
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead>{row('th', headings)}</thead>"
        f"<tbody>{body}</tbody></table>{foot}"
    )


def markdown(table: Table, rows: int | None, labels: Labels) -> str:
    """A table of GitHub's Markdown."""
    headings, columns, left = _parts(table, rows, labels)
    rules = ["---" if to_left else "---:" for to_left in left]
    escaped = [[cell.replace("|", "\\|") for cell in column] for column in columns]
    lines = [headings, rules, *zip(*escaped, strict=True)]
    rows_of_text = [f"| {' | '.join(line)} |" for line in lines]
    more = _more(table, rows)
    return "\n".join([*rows_of_text, *(["", more] if more else [])])


def _parts(
    table: Table, rows: int | None, labels: Labels
) -> tuple[list[str], list[list[str]], list[bool]]:
    """Headings, cells as texts by column, and which columns are set to the left."""
    some = table if rows is None else table.head(rows)
    cells = some.to_dict(labels=labels)
    schema = list(table.schema.values())
    headings = [_heading(name, about) for name, about in zip(cells, schema, strict=True)]
    columns = [
        [_shown(cell, about) for cell in column]
        for column, about in zip(cells.values(), schema, strict=True)
    ]
    return headings, columns, [about["type"] in _LEFT for about in schema]


def _heading(name: str, about: dict[str, Any]) -> str:
    return f"{name} ({about['currency']})" if about["type"] == "money" else name


def _shown(cell: Any, about: dict[str, Any]) -> str:
    """A cell: 56,240 yen, 12.5 %, 1,234 orders, 2026-11-21."""
    kind = about["type"]
    if cell is None:
        return _NONE
    if kind == "money":
        return f"{cell:,.{about['decimals']}f}"
    if kind == "float" and about["unit"] == "share":
        return f"{cell:.1%}"
    if kind == "float":
        return f"{cell:,.4g}" if abs(cell) < 1000 else f"{cell:,.2f}"
    if kind == "int":
        return f"{cell:,}"
    if kind == "instant":
        return str(cell.isoformat(sep=" ", timespec="seconds"))
    return str(cell)


def _more(table: Table, rows: int | None) -> str:
    left_out = 0 if rows is None else len(table) - rows
    return f"and {left_out:,} more rows" if left_out > 0 else ""


def _width(cell: str) -> int:
    """Columns of a terminal: Japanese letters take two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in cell)


def _cut(cell: str) -> str:
    if _width(cell) <= _WIDEST:
        return cell
    kept = ""
    for letter in cell:
        if _width(kept + letter) >= _WIDEST:
            break
        kept += letter
    return f"{kept}…"


def _padded(cell: str, width: int, left: bool) -> str:
    blank = " " * (width - _width(cell))
    return cell + blank if left else blank + cell


def described(table: Table) -> Columns:
    """What is in each column, as a table of texts and counts."""
    rows: list[tuple[str, ...]] = []
    counts: list[tuple[int, int]] = []
    for (name, about), cells in zip(table.schema.items(), table.to_dict().values(), strict=True):
        known = [cell for cell in cells if cell is not None]
        ends = [_shown(end(known), about) if known else _NONE for end in (min, max)]
        number = about["type"] in ("int", "float", "money") and known
        # The mean of whole numbers is none.
        kind = "float" if about["type"] == "int" else about["type"]
        mean = sum(known) / len(known) if number else None
        rows.append(
            (name, about["type"], about["unit"], ends[0],
             _shown(mean, {**about, "type": kind}), ends[1])
        )  # fmt: skip
        counts.append((len(cells) - len(known), len(set(known))))
    texts = [_texts(list(column)) for column in zip(*rows, strict=True)] or [_texts([])] * 6
    numbers = [struct.pack(f"={len(rows)}q", *column) for column in zip(*counts, strict=True)]
    numbers = numbers or [b"", b""]
    headings = (
        ("column", "列"), ("type", "型"), ("unit", "単位"), ("missing", "欠損数"),
        ("distinct", "種類数"), ("least", "最小"), ("mean", "平均"), ("greatest", "最大"),
    )  # fmt: skip
    kinds = ["text"] * 3 + ["int"] * 2 + ["text"] * 3
    fields: list[Field] = [
        (name, kind, "", ja, None, 0) for (name, ja), kind in zip(headings, kinds, strict=True)
    ]
    return Columns(
        len(rows),
        fields,
        [*(codes for codes, _ in texts[:3]), *numbers, *(codes for codes, _ in texts[3:])],
        words=[*(words for _, words in texts[:3]), [], [], *(words for _, words in texts[3:])],
    )


def _texts(cells: list[str]) -> tuple[bytes, list[tuple[str, str, str]]]:
    """A column of texts: places in the list of its words."""
    words = list(dict.fromkeys(cells))
    codes = struct.pack(f"={len(cells)}I", *(words.index(cell) for cell in cells))
    return codes, [(word, word, word) for word in words]
