"""How much do new and repeat customers bring: whole months, beside those of the year before."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from .. import figures
from ..figures import Series
from ..grid import Grid
from ..result import Frame
from .change import Change, of_totals
from .parts import Figure, Headline, Section, Text
from .shop import Missing, Shop, Span, a_year_before
from .voice import Voice
from .wall import missing

_SHOWN = 24
_OF_A_PEAK = 6  # months of which the strongest is named


@dataclass(frozen=True)
class Months:
    """Whole months.

    Attributes:
        frame: The table `monthly`, without the month that is not over.
        running: Revenue of the month that is not over; None if the report is of a month's end.
        last: The last whole month.
        year: Revenue of the twelve months up to it, and of the twelve before; None if there are
            fewer.
    """

    frame: Frame
    running: float | None
    last: str
    year: Change | None


def find(shop: Shop) -> Months | Missing:
    """The months, and the sums of two years."""
    table = shop.ask("monthly")
    this = shop.as_of.replace(day=1)
    whole = [shop.whole_month or month < this for month in table["month"]]
    kept = {
        name: [value for value, keep in zip(values, whole, strict=True) if keep]
        for name, values in table.columns.items()
    }
    frame = Frame("monthly", kept)
    if not len(frame):
        return Missing("months", 1, 0)
    running = None if all(whole) else table["revenue"][-1]
    last: datetime.date = frame["month"][-1]
    end = shop.as_of if shop.whole_month else this - datetime.timedelta(1)
    return Months(frame, running, last.isoformat(), _year(shop, frame, end))


def _year(shop: Shop, frame: Frame, end: datetime.date) -> Change | None:
    """Twelve months and the twelve before, from the customers of both."""
    starts = [end.replace(year=end.year - years, day=1) for years in (1, 2)]
    starts = [_next(start) for start in starts]
    if shop.first > starts[1]:
        return None
    spans = [Span(starts[0], end), Span(starts[1], starts[0] - datetime.timedelta(1))]
    values, extra = [], []
    for span in spans:
        of = shop.ask.arrays("summary", span.last, where={"ordered_at": span.condition})["revenue"]
        total = sum(
            revenue
            for month, revenue in zip(frame["month"], frame["revenue"], strict=True)
            if span.first <= month <= span.last
        )
        values.append(of)
        extra.append(total - float(of.sum()))
    return of_totals(values[0], values[1], (extra[0], extra[1]))


def _next(month: datetime.date) -> datetime.date:
    return (month + datetime.timedelta(31)).replace(day=1)


def show(found: Months | Missing, voice: Voice) -> Section:
    """Bars of new and repeat revenue, last year's sum as a line across each."""
    if isinstance(found, Missing):
        return missing("months", found, voice)
    frame = found.frame
    labels = [month.isoformat()[:7] for month in frame["month"]]
    revenue = dict(zip(labels, frame["revenue"], strict=True))
    before = [revenue.get(a_year_before(label)) for label in labels][-_SHOWN:]
    names = [("c-repeat", "repeat", "repeat_revenue"), ("c-new", "new", "new_revenue")]
    if any(frame.columns.get("guest_revenue", [])):
        names.append(("c-guest", "guest", "guest_revenue"))
    series = [
        Series(css, voice(f"months_{key}"), frame[column][-_SHOWN:]) for css, key, column in names
    ]
    title, text = voice("months_figure"), voice("months_question")
    drawn = [
        figures.stacked_bars(
            "months", title, text, labels[-_SHOWN:], series, voice.exact, voice.axis,
            outline=before, narrow=narrow,
        )
        for narrow in (False, True)
    ]  # fmt: skip
    legend = [*series, Series("c-line", voice("months_before"), [])] if any(before) else series
    numbers = _numbers(frame, labels, revenue, voice)
    figure = Figure(drawn[0], drawn[1], legend, numbers, title)
    parts: list[Figure | Text] = [figure]
    said = []
    if len(labels) >= _OF_A_PEAK:
        peak = max(labels[-12:], key=lambda label: revenue[label])
        of = {"month": voice.month(f"{peak}-01"), "amount": voice.money(revenue[peak])}
        said.append(voice("months_peak", months=min(len(labels), 12), **of))
    if found.running is not None:
        said.append(voice("months_running", amount=voice.money(found.running)))
    if said:
        parts.append(Text(("" if voice.lang == "ja" else " ").join(said)))
    return Section(
        "months", _title(found, voice), voice("months"), text, parts, _headlines(found, voice)
    )


def _numbers(frame: Frame, labels: list[str], revenue: dict[str, float], voice: Voice) -> Grid:
    rows = []
    for label, row in zip(labels, frame.rows(), strict=True):
        then = revenue.get(a_year_before(label))
        rows.append(
            [
                label,
                voice.exact(row["revenue"]),
                voice.exact(row["new_revenue"]),
                voice.exact(row["repeat_revenue"]),
                voice.count(row["orders"]),
                voice.count(row["new_customers"]),
                voice.count(row["repeat_customers"]),
                "–" if not then else voice.signed(row["revenue"] / then - 1),
            ]
        )
    names = ("month", "revenue", "new", "repeat", "orders", "new_customers", "repeaters", "change")
    headings = [voice(f"months_{name}") for name in names]
    return Grid(voice("months_figure"), headings, rows[::-1], [False, *[True] * 7])


def _title(found: Months, voice: Voice) -> str:
    month = voice.month(found.last)
    if found.year is None:
        revenue = sum(found.frame["revenue"][-12:])
        count = min(12, len(found.frame))
        key = "months_title_one" if count == 1 else "months_title_alone"
        return voice(key, months=count, month=month, amount=voice.money(revenue))
    change = found.year
    verdict = change.verdict if change.ratio_low is not None else "too_few"
    moved = "" if change.ratio is None else voice.signed(change.ratio)
    repeat = sum(found.frame["repeat_revenue"][-12:]) / change.now if change.now else 0
    return voice(
        f"months_title_{verdict}",
        month=month,
        amount=voice.money(change.now),
        before=voice.money(change.before),
        change=moved,
        repeat=voice.percent(repeat, 0),
    )


def _headlines(found: Months, voice: Voice) -> list[Headline]:
    change = found.year
    if change is None or change.verdict != "down":
        return []
    text = voice(
        "months_said",
        month=voice.month(found.last),
        moved=voice.moved(change, voice("year_before")),
    )
    return [Headline(text, change.weight, True)]
