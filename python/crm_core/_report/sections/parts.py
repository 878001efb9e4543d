"""What a section consists of, in one language: the page, the terminal and Python show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from ..figures import Series
from ..grid import Grid
from .change import Verdict


@dataclass(frozen=True)
class Text:
    """A sentence or two."""

    kind: ClassVar = "text"
    text: str


@dataclass(frozen=True)
class Point:
    """A conclusion, or a warning."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Points:
    """A list of conclusions."""

    kind: ClassVar = "points"
    points: Sequence[Point]


@dataclass(frozen=True)
class Tile:
    """A number with its change.

    Attributes:
        name: What it is.
        value: The number.
        moved: How it changed, in words.
        verdict: Whether it went up or down.
        small: Its interval, or what the reader has to know.
        line: A small line of the last months.
    """

    name: str
    value: str
    moved: str = ""
    verdict: Verdict = "unclear"
    small: str = ""
    line: Markup | None = None


@dataclass(frozen=True)
class Tiles:
    """Numbers side by side."""

    kind: ClassVar = "tiles"
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Figure:
    """A figure, drawn for a wide screen and for a telephone, its numbers as a table, its title."""

    kind: ClassVar = "figure"
    wide: Markup
    narrow: Markup
    legend: Sequence[Series] = ()
    numbers: Grid | None = None
    title: str = ""


@dataclass(frozen=True)
class Headline:
    """What a section says on the top of the page.

    Attributes:
        text: The sentence.
        weight: The larger, the earlier.
        warning: Whether it is a warning.
    """

    text: str
    weight: float
    warning: bool = False


Part = Text | Points | Tiles | Figure | Grid


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        key: Its name in addresses and files.
        title: The finding.
        name: Its short name, in the contents.
        question: The question that it answers, with the definition.
        parts: What it shows.
        headlines: What it says on the top of the page.
        folded: Whether a reader opens it first; such a section is not printed.
    """

    key: str
    title: str
    name: str
    question: str
    parts: Sequence[Part] = ()
    headlines: Sequence[Headline] = ()
    folded: bool = False

    @property
    def grids(self) -> list[Grid]:
        """The tables, those behind figures among them."""
        found = [one.numbers if isinstance(one, Figure) else one for one in self.parts]
        return [one for one in found if isinstance(one, Grid)]
