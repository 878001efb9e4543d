"""Feedback: what customers answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._library import call, frame
from ._table import Table


def survey(
    data: Any,
    *,
    by: str | None = None,
    promoter: float | None = None,
    detractor: float | None = None,
    top: float | None = None,
    scale: Sequence[float] | None = None,
    min_n: int | None = None,
    confidence: float | None = None,
) -> Table:
    """Answers to a survey: mean, top box and net promoter score (アンケート集計・NPS).

    Args:
        data: A frame with a row per answer: score, question if there are several, and the column
            in `by`. A row without a score is no answer.
        by: A column whose values make groups. Default: none.
        promoter: The least score of a promoter (default 9).
        detractor: The greatest score of a detractor (default 6).
        top: The least score of the top box (default 9).
        scale: The least and the greatest score that can be given (default [0, 10]).
        min_n: Groups of fewer answers show only their number (default 10).
        confidence: Confidence level of the intervals (default 0.95).

    Returns:
        One row per question and group: question (if there is such a column), group (with `by`),
        answers, response_rate, mean_score (with mean_score_low and mean_score_high), top_share
        (with top_share_low and top_share_high), promoters, passives, detractors, nps (with nps_low
        and nps_high).

    Raises:
        SchemaError: No column `score`, or not of numbers.
        DataError: A score outside `scale`.
        OptionError: An option is out of range.

    Source:
        Reichheld (2003), *The one number you need to grow*, Harvard Business Review.

    Example:
        >>> answers = {"score": [10] * 60 + [8] * 25 + [3] * 15}
        >>> row = crm.survey(answers)
        >>> float(row["nps"][0]), round(float(row["nps_low"][0]), 4)
        (45.0, 30.4976)
    """
    options = {
        "by": by,
        "promoter": promoter,
        "detractor": detractor,
        "top": top,
        "scale": None if scale is None else list(scale),
        "min_n": min_n,
        "confidence": confidence,
    }
    groups = () if by is None else (by,)
    return call("survey", frame(data, "score", "question", *groups), None, options)
