"""Did it work: what campaigns brought, what the channels earned, and the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import figures
from ..grid import Grid
from ..result import Frame
from ..worked import MODELS, Worked
from .parts import Figure, Headline, Part, Section, Text
from .voice import Voice

_CAMPAIGNS = 20  # the last of them are shown
_CHANNELS = 15


def show(found: Worked, notes: Sequence[str], voice: Voice) -> Section:
    """What the log allows.

    Args:
        found: The results.
        notes: What the reader has to know.
        voice: The language.
    """
    parts: list[Part] = [Text(one) for one in notes]
    headlines: list[Headline] = []
    title = voice("worked_title")
    if found.effects is not None and len(found.effects):
        rows = [row for row in found.effects.rows() if row["measure"] == "purchase_rate"]
        revenue = {
            row["campaign"]: row for row in found.effects.rows() if row["measure"] == "revenue"
        }
        rows = rows[-_CAMPAIGNS:]
        mismatched = [str(one) for one in found.effects.notes["sample_ratio_mismatch"]]
        read = [row for row in rows if str(row["campaign"]) not in mismatched]
        title = _title(read, voice) if read else title
        headlines = [Headline(title, 1.1)] if any(_verdict(row) for row in read) else []
        parts += [
            Text(voice("worked_effects_text")),
            _forest(rows, voice),
            _effects(rows, revenue, voice),
        ]
        if mismatched:
            parts.append(Text(voice("worked_mismatch", campaigns=", ".join(mismatched))))
    if found.rates is not None and len(found.rates):
        parts += [Text(voice("worked_rates_text")), _rates(found.rates, voice)]
    if found.experiment is not None and len(found.experiment):
        name = str(found.experiment.notes.get("experiment", ""))
        parts += [
            Text(voice("worked_experiment_text", name=name)),
            _experiment(found.experiment, name, voice),
        ]
    if found.credits is not None and len(found.credits):
        parts += [Text(voice("worked_credits_text")), _credits(found.credits, voice)]
    return Section("worked", title, voice("worked"), voice("worked_question"), parts, headlines)


def _verdict(row: dict[str, Any]) -> str:
    """Up or down where the interval of the difference excludes 0; empty otherwise."""
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return ""
    return "up" if low > 0 else "down" if high < 0 else ""


def _title(rows: Sequence[dict[str, Any]], voice: Voice) -> str:
    better = sum(_verdict(row) == "up" for row in rows)
    worse = sum(_verdict(row) == "down" for row in rows)
    said = {"of": voice.count(len(rows)), "up": voice.count(better), "down": voice.count(worse)}
    if worse:
        return voice("worked_title_mixed", **said)
    return voice("worked_title_up" if better else "worked_title_unclear", **said)


def _forest(rows: Sequence[dict[str, Any]], voice: Voice) -> Figure:
    """Differences with their intervals, a line per campaign."""
    points = [
        figures.Estimate(
            str(row["campaign"]), row["difference"], row["difference_low"], row["difference_high"]
        )
        for row in rows
        if row["difference"] is not None and row["difference_low"] is not None
    ]
    drawn = [
        figures.forest(
            "worked-figure", voice("worked_effects"), voice("worked_effects_text"), points,
            voice.points, narrow,
        )
        for narrow in (False, True)
    ]  # fmt: skip
    return Figure(drawn[0], drawn[1], title=voice("worked_effects"))


def _effects(
    rows: Sequence[dict[str, Any]], revenue: dict[Any, dict[str, Any]], voice: Voice
) -> Grid:
    names = ("campaign", "sent", "held_out", "bought", "bought_held_out", "difference", "extra")
    cells = []
    for row in rows:
        extra = revenue.get(row["campaign"], {})
        cells.append(
            [
                str(row["campaign"]),
                voice.count(row["sent"]),
                voice.count(row["held_out"]),
                voice.percent(row["sent_mean"]),
                voice.percent(row["held_out_mean"]),
                _with_interval(row, "difference", voice.points, voice),
                _with_interval(extra, "extra_total", voice.money, voice),
            ]
        )
    headings = [voice(f"worked_{name}") for name in names]
    return Grid(voice("worked_effects"), headings, cells, [False, *[True] * 6])


def _with_interval(row: dict[str, Any], name: str, shown: Any, voice: Voice) -> str:
    value, low, high = (row.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    if low is None or high is None:
        return f"{shown(value)}"
    return f"{shown(value)} ({voice.interval(shown(low), shown(high))})"


def _rates(rates: Frame, voice: Voice) -> Grid:
    names = ("campaign", "sent", "delivered", "opened", "clicked", "converted", "unsubscribed")
    rows = []
    for row in rates.rows()[-_CAMPAIGNS:]:
        rows.append(
            [
                str(row["campaign"]),
                voice.count(row["sent"]),
                voice.count(row["delivered"]),
                _with_interval(row, "open_rate", voice.percent, voice),
                _with_interval(row, "click_rate", voice.percent, voice),
                _with_interval(row, "conversion_rate", voice.percent, voice),
                _with_interval(row, "unsubscribe_rate", voice.percent, voice),
            ]
        )
    headings = [voice(f"worked_{name}") for name in names]
    return Grid(voice("worked_rates"), headings, rows, [False, *[True] * 6])


def _experiment(experiment: Frame, name: str, voice: Voice) -> Grid:
    names = ("measure", "variant", "people", "mean", "difference", "verdict")
    rows = []
    for row in experiment.rows():
        of_rate = row["measure"] == "purchase_rate"
        money = voice.amount if row["measure"] == "revenue" else lambda value: f"{value:,.3f}"
        shown = voice.percent if of_rate else money
        moved = voice.points if of_rate else money
        rows.append(
            [
                voice("worked_bought") if of_rate else voice.column(row["measure"]),
                str(row["variant"]),
                voice.count(row["n"]),
                shown(row["mean"]),
                _with_interval(row, "difference", moved, voice),
                experiment.label("verdict", row["verdict"], voice.lang) or "–",
            ]
        )
    headings = [voice(f"worked_{name}") for name in names]
    title = voice("worked_experiment", name=name)
    return Grid(title, headings, rows, [False, False, True, True, True, False])


def _credits(credits: Frame, voice: Voice) -> Grid:
    """A row per channel, a column per model: the share of the conversions."""
    of: dict[str, dict[str, float]] = {}
    for row in credits.rows():
        of.setdefault(str(row["channel"]), {})[row["model"]] = row["share"] or 0.0
    channels = sorted(of, key=lambda name: -of[name].get(MODELS[-1], 0.0))[:_CHANNELS]
    rows = [[name, *(voice.percent(of[name].get(model)) for model in MODELS)] for name in channels]
    bars = [[None, *(of[name].get(model) for model in MODELS)] for name in channels]
    headings = [
        voice("worked_channel"),
        *(credits.label("model", model, voice.lang) or model for model in MODELS),
    ]
    return Grid(voice("worked_credits"), headings, rows, [False, *[True] * len(MODELS)], bars=bars)
