"""Commands for the analyses that shops ask for most, with their options by name.

`crm rfm orders.csv --levels 3` is `crm run rfm orders.csv --option levels=3`. Options that are not
here go by `--option`, as those of `crm run` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Short:
    """A command of one analysis.

    Attributes:
        task: The analysis.
        about: What it gives, for the help.
        options: Its options by name, each with its metavar or its words, and its help.
    """

    task: str
    about: str
    options: Mapping[str, tuple[str | tuple[str, ...], str]]


SHORT: Mapping[str, Short] = {
    "clv": Short(
        "clv",
        "the predicted value of each customer, with its models fitted to the orders",
        {"horizon_days": ("N", "days ahead (default 365)")},
    ),
    "rfm": Short(
        "rfm",
        "recency, frequency and money of each customer, with scores and the segment",
        {
            "levels": ("N", "scores from 1 to N (default 5)"),
            "window_days": ("N", "only orders of the last N days (default: all)"),
            "preset": (
                ("uchide_repeat", "uchide_general"),
                "fixed cuts between scores, for yen (default: equal groups)",
            ),
        },
    ),
    "cpm": Short(
        "cpm",
        "the segment of each customer in the portfolio (CPM)",
        {"money": ("AMOUNT", "CPM's money threshold (default: 70,000 yen; in other currencies 7 "
                   "mean orders)")},
    ),
    "cohorts": Short(
        "cohorts",
        "revenue and repeat purchases of each month's new customers over time (LTV)",
        {
            "rows": ("WORD", "day, week, month (default), quarter, year, all, or a column"),
            "step": ("N|WORD", "days from one value to the next (default 30), or week, month, "
                     "quarter, year"),
            "up_to": ("N", "the last of these values, in days or in steps of the calendar"),
        },
    ),
    "f2": Short(
        "repeat_rate",
        "the share of new customers with a second order (F2)",
        {
            "within": ("N", "days in which the order counts (default 90)"),
            "to": ("N", "the number of the order (default 2)"),
        },
    ),
    "forecast": Short(
        "shop_forecast",
        "orders and revenue of the next months, with new customers",
        {"months": ("N", "months ahead (default 12)")},
    ),
    "segments": Short(
        "cpm_segments",
        "customers and revenue of each segment",
        {"of": (("cpm", "rfm"), "the segments of the portfolio (cpm, the default) or of RFM")},
    ),
}  # fmt: skip


def task_of(command: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The analysis of a command and its options, of what was given."""
    short = SHORT[command]
    named = {name: given[name] for name in short.options if given.get(name) is not None}
    if named.pop("of", None) == "rfm":
        return "rfm_segments", named
    return short.task, named
