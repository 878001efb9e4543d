"""The appendix: concentration, levels, backtests, how the file was read, and the glossary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .. import words as report_words
from ..grid import Grid, of
from ..result import Frame
from .parts import Part, Section, Text
from .voice import Voice

if TYPE_CHECKING:
    from ..findings import Findings

_GLOSSARY = ("new", "repeat", "f2", "active", "churned", "slipping", "due", "left_cart", "ltv")


def show(
    findings: Findings, readings: Sequence[Grid], notes: Sequence[str], voice: Voice
) -> Section:
    """Everything that a reader looks up.

    Args:
        findings: The analyses.
        readings: How the files were read.
        notes: What was done to their data.
        voice: The language.
    """
    parts: list[Part] = []
    if findings.totals.orders:
        parts.append(Text(concentration(findings.deciles, findings.gini, voice)))
        parts.append(_table(findings.deciles, "deciles", voice))
        parts.append(_table(findings.abc, "abc", voice))
        parts.append(_table(findings.rfm_segments, "rfm_segments", voice))
        if len(findings.cycle_levels):
            parts.append(Text(voice("cycle_text")))
            parts.append(_table(findings.cycle_levels, "cycle_levels", voice))
        for key, frame in findings.outlook.items():
            if key != "shop":
                parts.append(Text(voice(f"outlook_{key}_text")))
                parts += [Text(one) for one in missed(key, frame, voice)]
                parts.append(_table(frame, f"outlook_{key}", voice))
    parts += [Text(one) for one in notes]
    parts += readings
    parts.append(
        Grid(
            voice("glossary"),
            [voice("glossary_word"), voice("glossary_meaning")],
            [[voice(f"word_{key}"), voice(f"meaning_{key}")] for key in _GLOSSARY],
            [False, False],
        )
    )
    return Section(
        "appendix",
        voice("appendix"),
        voice("appendix"),
        voice("appendix_question"),
        parts,
        folded=True,
    )


def _table(frame: Frame, key: str, voice: Voice) -> Grid:
    return of(frame, voice(key), voice.lang, voice.currency)


def concentration(deciles: Frame, gini: float | None, voice: Voice) -> str:
    """How much the best customers bring, in a sentence."""
    shares = dict(zip(deciles["decile"], deciles["cumulative_share"], strict=True))
    if gini is None or shares.get(1) is None:
        return voice("no_concentration")
    half = shares.get(5)
    return voice(
        "concentration_said",
        tenth=voice.percent(shares[1]),
        half=voice.percent(half),
        gini=f"{gini:.2f}",
    )


def missed(key: str, frame: Frame, voice: Voice) -> list[str]:
    """Which methods of a tested forecast missed."""
    if key != "forecast_tested":
        return []
    found: list[Mapping[str, object]] = list(frame.notes.get("missed", []))
    return [
        voice(
            "forecast_missed",
            method=frame.label("method", str(one["method"]), voice.lang),
            of=report_words.column(str(one["of"]), voice.lang),
            ratio=f"{one['ratio']:.0%}",
        )
        for one in found
    ]
