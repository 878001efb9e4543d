"""Is the shop getting better or worse: the largest moves of all sections, and warnings."""

from __future__ import annotations

from collections.abc import Sequence

from .change import Change
from .parts import Headline, Point, Points, Section
from .voice import Voice

MOST, MOST_WARNINGS = 5, 2


def show(sections: Sequence[Section], changes: Sequence[Change], voice: Voice) -> Section:
    """The headlines of the sections: the revenue, the largest moves, and at least one warning.

    Args:
        sections: The sections below.
        changes: The changes of the main numbers, which the title counts.
        voice: The language.
    """
    chosen = choose([one for section in sections for one in section.headlines])
    points = [Point(one.text, one.warning) for one in chosen]
    verdicts = [one.verdict for one in changes]
    count = {word: verdicts.count(word) for word in ("up", "down", "unclear")}
    key = "conclusions_title"
    if not count["up"] and not count["down"]:
        key = "conclusions_title_flat" if count["unclear"] else "conclusions_title_none"
    title = voice(key, **count)
    return Section(
        "conclusions", title, voice("conclusions"), voice("conclusions_question"), [Points(points)]
    )


def choose(headlines: Sequence[Headline]) -> list[Headline]:
    """At most five: warnings of the first rank lead, then moves by their size, then warnings."""
    ranked = sorted(headlines, key=lambda one: -one.weight)
    warnings = [one for one in ranked if one.warning][:MOST_WARNINGS]
    moves = [one for one in ranked if not one.warning][: MOST - max(len(warnings), 1)]
    return sorted([*moves, *warnings], key=lambda one: -one.weight)
