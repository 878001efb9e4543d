"""Results as plain lists, for the screen and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._table import Table


@dataclass(frozen=True)
class Frame:
    """A result as lists, with the definition that travels with it.

    Attributes:
        task: The analysis.
        columns: Lists of equal length, by name.
        definition: The request with every default written out; empty for a derived frame.
        hash: Its hash.
        labels: How the words of category columns are shown, by column, word and language.
    """

    task: str
    columns: Mapping[str, list[Any]]
    definition: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""
    labels: Mapping[str, Mapping[str, Mapping[Any, str]]] = field(default_factory=dict)

    @staticmethod
    def of(task: str, table: Table) -> Frame:
        """A result of the library."""
        labels = {name: table.words(name) for name in table.columns}
        return Frame(task, table.to_dict(), table.definition, table.hash or "", labels)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row."""
        return [
            dict(zip(self.columns, row, strict=True))
            for row in zip(*self.columns.values(), strict=True)
        ]

    def label(self, column: str, word: str, lang: str) -> str | None:
        """The library's label of a word of a column; None if the column does not have the word."""
        return self.labels.get(column, {}).get(word, {}).get(lang)
