"""Can I trust it: what was counted of the file, and how right the forecasts were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..grid import Grid, of
from ..result import Frame
from .parts import Part, Section, Text, Tile, Tiles
from .value import Value
from .voice import Voice

_GOOD = 0.9  # share of the rows that count, below which the light is not green


@dataclass(frozen=True)
class Trust:
    """What was counted, and the forecast of a year ago.

    Attributes:
        reconciliation: The rows of the file by how they were counted, filters and date applied.
        warnings: Warnings of the reading.
        value: The predicted value, with its past.
    """

    reconciliation: Frame
    warnings: int
    value: Value | None

    @property
    def rows(self) -> tuple[int, int]:
        """Rows that count, and rows that could: those outside of a filter are not asked for."""
        by_reason = {row["reason"]: row["rows"] for row in self.reconciliation.rows()}
        counted = by_reason.get("counted", 0) + by_reason.get("guest", 0)
        asked = by_reason.get("total", 0) - by_reason.get("filtered", 0)
        return counted, asked


def show(found: Trust, totals: Sequence[tuple[str, str]], voice: Voice) -> Section:
    """One sentence, the totals of all time, and the reconciliation."""
    counted, asked = found.rows
    share = counted / asked if asked else 0.0
    light = "good" if share >= _GOOD and not found.warnings else "check"
    title = voice(
        f"trust_title_{light}",
        asked=voice.count(asked),
        share=voice.percent(share),
        warnings=found.warnings,
    )
    said = []
    past = found.value.past if found.value is not None else None
    if past is not None:
        key = "trust_forecast_held" if past.held else "trust_forecast_missed"
        said.append(voice(key, error=voice.percent(abs(past.error))))
    if found.warnings:
        said.append(voice("trust_warnings", warnings=found.warnings))
    table: Grid = of(found.reconciliation, voice("trust_rows"), voice.lang, voice.currency)
    parts: list[Part] = [Text(one) for one in said]
    parts.append(Tiles([Tile(name, value) for name, value in totals]))
    parts.append(table)
    return Section("trust", title, voice("trust"), voice("trust_question"), parts)
