"""Spreadsheets: xlsx, xlsm, xlsb, xls and ods, read by python-calamine.

The first sheet, or the one named behind `#`. Numbers are texts of the 15 digits that a spreadsheet
has, dates are dates, and titles above the headings are left out as in CSV.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from .._problem import Problem
from . import heading_line, number_formats, other_sheets, second_tables
from .columns import unique
from .container import Container
from .text_rows import TextRows, float_text


class Workbook(TextRows):
    """One sheet of a spreadsheet."""

    def __init__(self, container: Container, sheet: str) -> None:
        super().__init__()
        self._covers: list[str] = []  # sheets before the one that is read, without orders
        rows, others = self._rows(container, sheet)
        words = [[_text(cell) or "" for cell in row] for row in rows[:60]]
        at = heading_line.find(words)
        if at is None:
            raise Problem(f"the first rows of {container.name}, sheet {self.sheet}, are empty")
        heading_line.refuse_values(words[at], words[at + 1 :], container.name)
        self._of = f"sheet {self.sheet}, row"
        self._note_others(words[at], others, container.name)
        width = max((i for i, word in enumerate(words[at], 1) if word.strip()), default=0)
        self.headings = words[at][:width]
        filled = [
            (number, row)
            for number, row in enumerate(rows[at + 1 :], at + 2)
            if any(cell not in ("", None) for cell in row)
        ]
        self._numbers = [number for number, _ in filled]
        self._container, self._below = container, at + 1
        self._note_hidden(container)
        for place, name in enumerate(unique(self.headings)):
            self._columns[name] = _column([row[place] for _, row in filled])
        self.titles = [word for row in words[:at] for word in row if word.strip()]
        titles = sum(any(word.strip() for word in row) for row in words[:at])
        if titles:
            told: dict[str, object] = {"rows": titles, "file": container.name, "row": at + 1}
            if unit := heading_line.unit_of(words[:at]):
                told["unit"] = unit
            self.notes.append(("preamble", told))

    def _note_hidden(self, container: Container) -> None:
        """Rows that nobody sees, and columns with formulas that have no value."""
        with container.open() as file:
            hidden, bare = number_formats.hidden_and_bare(file, self.sheet, self._below)
        rows = sorted(set(hidden) & set(self._numbers))
        if rows:
            told = {"file": container.name, "sheet": self.sheet, "rows": len(rows), "row": rows[0]}
            self.notes.append(("rows_hidden", told))
        names = unique(self.headings)
        self._formulas = {names[place]: row for place, row in bare.items() if place < len(names)}

    def refuse_formulas(self, names: Sequence[str]) -> None:
        """Refuses columns in which a formula has no value: a program has written it so."""
        for name in names:
            if name in self._formulas:
                raise Problem(
                    f"{self._container.name}, {self._of} {self._formulas[name]}, column {name}: a "
                    "formula without a value",
                    "The program that wrote the file has not computed it: open the file in the "
                    "spreadsheet and save it.",
                )

    def currencies(self, name: str) -> dict[str, str]:
        """The currencies that the cells of a column are formatted as, and a row of each."""
        if name not in self.headings:
            return {}
        place = self.headings.index(name)
        with self._container.open() as file:
            found = number_formats.of_columns(file, self.sheet, self._below).get(place, {})
        return {code: f"{self._of} {row}" for code, row in found.items()}

    def amounts_of(self, sheet: str, name: str) -> pa.Array | None:
        """The amounts of another sheet: the column of this name, else one with a known heading."""
        import python_calamine as calamine

        with self._container.open() as file:
            book = calamine.CalamineWorkbook.from_filelike(file)
            rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        words = [[_text(cell) or "" for cell in row] for row in rows[:60]]
        at = heading_line.find(words)
        amount = "" if at is None else second_tables.amount_of(words[at], name)
        if at is None or not amount:
            return None
        place = words[at].index(amount)
        return _column([row[place] for row in rows[at + 1 :]])

    def _note_others(
        self, headings: list[str], others: dict[str, list[list[Any]]], file: str
    ) -> None:
        """The sheets that are not read; sheets with the same headings contain more of the same."""
        alike = [
            name
            for name, rows in others.items()
            if any([_text(cell) or "" for cell in row] == headings for row in rows[:60])
        ]
        hidden = self._hidden
        apart = [one for one in others if one not in hidden and other_sheets.word_of(one)]
        for name in apart:
            told = {"sheet": self.sheet, "column": name, "others": name, "file": file}
            self.notes.append(("sheet_apart", {**told, "word": other_sheets.word_of(name)}))
        others = {name: rows for name, rows in others.items() if name not in apart}
        alike = [name for name in alike if name not in apart]
        seen = [name for name in others if name not in hidden]
        for code, names in (
            ("sheets_alike", [name for name in seen if name in alike]),
            ("sheets", [name for name in seen if name not in alike]),
            ("sheets_hidden_alike", [name for name in alike if name in hidden]),
            ("sheets_hidden", [name for name in others if name in hidden and name not in alike]),
        ):
            if names and self._covers and code == "sheets":
                code = "sheet_chosen"
            if names:
                values: dict[str, object] = {
                    "sheet": self.sheet,
                    "others": ", ".join(names),
                    "file": file,
                }
                self.notes.append((code, values))

    def _rows(
        self, container: Container, sheet: str
    ) -> tuple[list[list[Any]], dict[str, list[list[Any]]]]:
        try:
            import python_calamine as calamine
        except ImportError:
            raise Problem(
                f"{container.name} is a spreadsheet; reading it needs python-calamine",
                "pip install 'crm-core[report]', or save it as CSV.",
            ) from None
        try:
            with container.open() as file:
                book = calamine.CalamineWorkbook.from_filelike(file)
                names = list(book.sheet_names)
                if sheet and sheet not in names:
                    raise Problem(
                        f'{container.name} has no sheet "{sheet}"',
                        f"It has {', '.join(names)}.",
                    )
                if not names:
                    raise Problem(f"{container.name} has no sheets")
                shown = calamine.SheetVisibleEnum.Visible
                hidden = {one.name for one in book.sheets_metadata if one.visible != shown}
                self._hidden = hidden if len(hidden) < len(names) else set()
                seen = [name for name in names if name not in self._hidden]
                self.sheet = sheet or self._likely(book, seen)
                rows = book.get_sheet_by_name(self.sheet).to_python(skip_empty_area=False)
                others = {
                    name: book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=60)
                    for name in names
                    if name != self.sheet and not sheet
                }
        except (calamine.CalamineError, OSError, ValueError):
            raise Problem(
                f"{container.name} cannot be opened as a spreadsheet",
                "It is protected by a password, damaged, or something else: save it as CSV.",
            ) from None
        return rows, others

    def _likely(self, book: Any, names: list[str]) -> str:
        """The first sheet, or the first that has the headings of orders or events if it has not.

        A workbook may begin with a cover, a summary or an explanation.
        """
        names = sorted(names, key=lambda name: bool(other_sheets.word_of(name)))
        for name in names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=60)
            words = [[_text(cell) or "" for cell in row] for row in rows]
            at = heading_line.find(words)
            known = 0 if at is None else heading_line.of_table(words[at])
            if known >= (2 if name == names[0] else 3):
                self._covers = names[: names.index(name)]
                return name
        return names[0]


def _column(cells: list[Any]) -> pa.Array:
    """Dates where all cells are dates, else texts."""
    filled = [cell for cell in cells if cell not in ("", None)]
    if filled and all(isinstance(cell, datetime.date) for cell in filled):
        moments = [None if cell in ("", None) else _moment(cell) for cell in cells]
        return pa.array(moments, pa.timestamp("us"))
    return pa.array([_text(cell) for cell in cells], pa.string())


def _moment(date: datetime.date) -> datetime.datetime:
    if isinstance(date, datetime.datetime):
        return date
    return datetime.datetime.combine(date, datetime.time())


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return float_text(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell)
